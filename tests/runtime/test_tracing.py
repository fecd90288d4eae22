"""Traces are off, or they are asked for; what they say of a fault is that there was one."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.types import Message, Receive, Scope, Send

from runtime import tracing as module
from runtime.faults import StartFault
from runtime.settings import Settings, load_settings
from runtime.tracing import Traced, Tracing, tracing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, traces="http://127.0.0.1:4318/")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(settings: Settings, spans: InMemorySpanExporter) -> Tracing:
    made = tracing(settings, "api", spans)
    assert made is not None
    return made


async def asked(app: Traced, **scope: object) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None:
        pass

    await app({"type": "http", "method": "GET", "path": "/api/v1/units/119999", **scope}, receive, send)


def answering(status: int) -> object:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})

    return app


def test_without_a_collector_there_are_no_traces(tmp_path: Path) -> None:
    assert tracing(load_settings(data_dir=tmp_path), "api") is None


@pytest.mark.parametrize("bad", ["collector:4317", "http://user:secret@collector:4318", "http://collector/?key=x"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(StartFault, match="DINGBIAN_TRACES") as fault:
        load_settings(data_dir=tmp_path, traces=bad)
    assert "secret" not in str(fault.value)


def test_missing_packages_are_said_with_how_to_get_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MISSING", ImportError("no", name="opentelemetry.sdk"))
    with pytest.raises(StartFault, match=r"opentelemetry\.sdk is not installed"):
        tracing(settings, "api")


async def test_a_request_is_named_after_its_operation_and_not_after_its_path(
    traced: Tracing, spans: InMemorySpanExporter
) -> None:
    await asked(Traced(answering(200), traced))  # type: ignore[arg-type]
    await asked(Traced(answering(503), traced), path="/console/cases/x")  # type: ignore[arg-type]
    traced.close()
    plain, failed = spans.get_finished_spans()
    assert (plain.name, dict(plain.attributes or {})) == (
        "other",
        {"http.response.status_code": 200, "http.request.method": "GET"},
    )
    assert (failed.name, failed.status.status_code) == ("console", StatusCode.ERROR)


async def test_what_a_caller_says_of_a_trace_is_not_taken(traced: Tracing, spans: InMemorySpanExporter) -> None:
    foreign = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await asked(Traced(answering(200), traced), headers=[(b"traceparent", foreign)])  # type: ignore[arg-type]
    traced.close()
    [span] = spans.get_finished_spans()
    assert span.parent is None
    assert f"{span.context.trace_id:032x}" not in foreign.decode()


async def test_the_text_of_a_fault_never_leaves(traced: Tracing, spans: InMemorySpanExporter) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("王小明 11010519491231002X")

    with pytest.raises(ValueError, match="王小明"):
        await asked(Traced(failing, traced))
    with (
        pytest.raises(ValueError, match="王小明"),
        traced.transaction(),
        traced.tracer.start_as_current_span("inner"),
    ):
        raise ValueError("王小明 11010519491231002X")
    traced.close()
    found = spans.get_finished_spans()
    assert len(found) == 3
    for span in found:
        assert (span.events, span.status.description) == ((), None)
        assert "王小明" not in span.to_json()
    assert any(span.status.status_code is StatusCode.ERROR for span in found)
