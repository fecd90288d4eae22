"""OpenTelemetry traces, off unless `DINGBIAN_TRACES` names a collector: a request, its delivery, the workflow's tasks,
its activities and the writing transactions of the ledger in one trace.

A span says which operation, which case (an opaque id), how long, and whether it failed. Nothing else: no path, no
query, no body, no SQL, no text of an exception, because each of these may hold what a person typed. The trace's id
travels in Temporal's headers, in clear, and never enters what a workflow decides by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import StartFault
from .settings import Settings

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
    from temporalio.contrib.opentelemetry import TracingInterceptor
except ImportError as missing:  # the extra `tracing` is not installed: told when traces are asked for
    _MISSING: ImportError | None = missing
    if not TYPE_CHECKING:
        SpanExporter = object
else:
    _MISSING = None

EXPORT_SECONDS = 5
_NAME = "dingbian"
_FAULT = 500


class Silent(SpanExporter):
    """Hands spans on without events, links and the text of their status: an exception's message may hold anything."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _bare(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


@dataclass(frozen=True, slots=True)
class Tracing:
    """One process's tracer and what uses it; `close` sends what is still here."""

    provider: TracerProvider
    tracer: Tracer
    interceptor: TracingInterceptor

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """For `Database.span`: one writing transaction."""
        with self.tracer.start_as_current_span("ledger.write", record_exception=False, set_status_on_exception=False):
            yield

    def close(self) -> None:
        self.provider.shutdown()


def tracing(settings: Settings, service: str, exporter: SpanExporter | None = None) -> Tracing | None:
    """None where no collector is named. `exporter` is the tests' own. Raises StartFault without the packages."""
    if not settings.traces:
        return None
    if _MISSING is not None:
        raise StartFault(
            "设置了 DINGBIAN_TRACES，但没有安装追踪所需的包，请运行 pip install 'dingbian[tracing]' · "
            f"traces are asked for and {_MISSING.name} is not installed: install the extra `tracing`"
        )
    resource = Resource.create({"service.name": f"dingbian-{service}", "service.version": version("dingbian")})
    provider = TracerProvider(resource=resource, span_limits=SpanLimits(max_events=0, max_links=0))
    inner = exporter or OTLPSpanExporter(endpoint=f"{settings.traces}/v1/traces", timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(Silent(inner)))
    tracer = provider.get_tracer(_NAME, version("dingbian"))
    return Tracing(provider, tracer, TracingInterceptor(tracer))


class Traced:
    """The outermost layer of the API: a span for every request, named after its operation. What a caller says of a
    trace of its own is not taken: the outside decides neither the id nor whether there is a trace."""

    def __init__(self, app: ASGIApp, traced: Tracing) -> None:
        self._app = app
        self._tracer = traced.tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._tracer.start_as_current_span(
            "request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=True
        ) as span:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    span.set_attribute("http.request.method", scope["method"])
                    span.update_name(_operation(scope))
                    if message["status"] >= _FAULT:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, sending)


def _operation(scope: Scope) -> str:
    named = getattr(scope.get("route"), "operation_id", None)
    if isinstance(named, str):
        return named
    return "console" if str(scope["path"]).startswith("/console") else "other"
