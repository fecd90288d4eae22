"""One trace from the request to the ledger, sent to a real receiver, with nothing of a person in it (P16)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from temporalio.worker import Replayer, Worker

from activities.registry import build_activities
from models.enums import State
from runtime.client import connected
from runtime.plugin import dingbian_plugin
from runtime.tracing import Traced, Tracing, tracing
from tests.support.office import application, keyring
from tests.support.town import Town
from workflows.registry import WORKFLOWS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

ALLOWED = {
    "http.request.method", "http.response.status_code",
    "temporalWorkflowID", "temporalRunID", "temporalActivityID", "temporalUpdateID",
}  # fmt: skip
WANTED = ("apply_staffing_up", "StartWorkflow:StaffingUp", "RunWorkflow:StaffingUp", "RunActivity:", "ledger.write")


class Collector:
    """An OTLP/HTTP receiver on loopback: what was sent to it, as protobuf and as it came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    serving = threading.Thread(target=made.server.serve_forever, daemon=True)
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(tmp_path)
    await made.start_temporal()
    try:
        yield made
    finally:
        await made.http.aclose()
        await asyncio.to_thread(made.embedded.stop)


def watched(town: Town, traced: Tracing) -> None:
    """The same town, its API, its client and its register traced."""
    town.temporal._traced, town.temporal._client = traced, None
    town.office.database.span = traced.transaction
    transport = town.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.app = Traced(transport.app, traced)


async def test_a_request_its_workflow_and_the_ledger_stand_in_one_trace(town: Town, collector: Collector) -> None:
    settings = town.settings.model_copy(update={"traces": collector.address})
    traced = tracing(settings, "test")
    assert traced is not None
    watched(town, traced)
    client = await connected(settings, keyring(), traced=traced)
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue="dingbian",
            workflows=WORKFLOWS,
            activities=build_activities(town.office.deps),
            activity_executor=threads,
        ):
            answer = await town.post("/applications/staffing-up", "applicant", "apply-1", application())
            case_id = answer.json()["case_id"]
            await town.reaches(case_id, State.ACCEPTED)
            await town.decide(case_id, "examiner", "examine", opinion="秘密意见甲乙丙")
            await town.http.get("/cases/nobody-knows?q=110105194912310021")
            history = await client.get_workflow_handle(case_id).fetch_history()
    await asyncio.to_thread(traced.close)

    spans = collector.spans
    [request] = [span for span in spans if span.name == "apply_staffing_up"]
    one = [span for span in spans if span.trace_id == request.trace_id]
    for wanted in WANTED:
        assert [span for span in one if span.name.startswith(wanted)], wanted
    assert {span.span_id for span in one} >= {span.parent_span_id for span in one if span.parent_span_id}
    _names_nobody(spans, collector.bodies, town)
    # The same code without any tracing replays what was recorded with it: no command depends on a trace.
    await Replayer(
        workflows=WORKFLOWS, plugins=[dingbian_plugin(keyring())], namespace=client.namespace
    ).replay_workflow(history)


def _names_nobody(spans: list[Span], bodies: list[bytes], town: Town) -> None:
    assert {attribute.key for span in spans for attribute in span.attributes} <= ALLOWED
    assert not [span for span in spans if span.events or span.links or span.status.message]
    sent = b"".join(bodies)
    for said in ("秘密意见甲乙丙", "王敏", "0000-8000000", "1949", "局党组", *town.tokens.values(), "SELECT", "INSERT"):
        assert said.encode() not in sent, said


async def test_a_collector_that_is_away_costs_an_answer_nothing(town: Town) -> None:
    traced = tracing(town.settings.model_copy(update={"traces": "http://127.0.0.1:1"}), "test")
    assert traced is not None
    watched(town, traced)
    begun = time.monotonic()
    answer = await town.post("/applications/staffing-up", "applicant", "apply-1", application())
    assert answer.status_code == 201
    assert time.monotonic() - begun < 5
    traced.provider.force_flush(1)
