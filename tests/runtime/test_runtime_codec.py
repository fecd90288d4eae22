"""What Temporal keeps is sealed, bound to its case, and nothing that cannot be opened can wedge a case."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from models.decisions import Signal, StartCase
from models.sealing import Keyring, SealingKey
from runtime.codec import NO_CASE, SealingCodec, case_of, is_quarantined
from runtime.settings import Settings
from tests.runtime.conftest import ToyWorker
from tests.runtime.toy import ToyCase, ToyLeak
from tests.runtime.toy_forgetful import ToyForgetful

RING = Keyring({"k1": SealingKey("k1", "sm4-gcm", bytes(range(16)))}, "k1", bytes(32))
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data='"王小明 11010519491231002X"'.encode())


def in_case(case: str, namespace: str = "default") -> SealingCodec:
    return SealingCodec(RING).with_context(WorkflowSerializationContext(namespace=namespace, workflow_id=case))


async def test_a_sealed_payload_opens_only_in_its_own_case_and_namespace() -> None:
    [sealed] = await in_case("case-a").encode([PLAIN])
    assert "王小明".encode() not in sealed.SerializeToString()
    assert sealed.metadata["encoding"] == b"binary/encrypted"
    assert sealed.metadata["encryption-key-id"] == b"k1"
    assert case_of(sealed) == "case-a"
    assert await in_case("case-a").decode([sealed]) == [PLAIN]
    for elsewhere in (in_case("case-b"), in_case("case-a", "other")):
        [opened] = await elsewhere.decode([sealed])
        assert is_quarantined(opened)
        assert not opened.data


async def test_renaming_the_case_in_the_metadata_does_not_open_it_elsewhere() -> None:
    [sealed] = await in_case("case-a").encode([PLAIN])
    sealed.metadata["case"] = b"case-b"
    [opened] = await in_case("case-b").decode([sealed])
    assert is_quarantined(opened)


@pytest.mark.parametrize(
    "strange",
    [
        PLAIN,
        Payload(),
        Payload(metadata={"encoding": b"binary/encrypted"}),
        Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"\xff\xfe", "case": b"\xff"}),
        Payload(
            metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"k1", "case": b"case-a"}, data=b"x" * 40
        ),
        Payload(metadata={"encoding": b"binary/quarantined"}),
    ],
)
async def test_whatever_cannot_be_opened_is_quarantined_and_never_raised(strange: Payload) -> None:
    [opened] = await in_case("case-a").decode([strange])
    assert is_quarantined(opened)


async def test_an_activity_of_a_case_shares_the_seal_of_the_case_and_one_without_a_case_does_not() -> None:
    def activity(case: str | None) -> ActivitySerializationContext:
        return ActivitySerializationContext(
            namespace="default",
            activity_id="1",
            activity_type="t",
            activity_task_queue="q",
            workflow_id=case,
            workflow_type="w",
            is_local=False,
        )

    [sealed] = await SealingCodec(RING).with_context(activity("case-a")).encode([PLAIN])
    assert await in_case("case-a").decode([sealed]) == [PLAIN]
    [alone] = await SealingCodec(RING).with_context(activity(None)).encode([PLAIN])
    assert case_of(alone) == NO_CASE
    assert is_quarantined((await in_case("case-a").decode([alone]))[0])


async def test_the_codec_endpoint_opens_by_the_case_in_the_metadata_and_shows_the_rest_as_it_came() -> None:
    [sealed] = await in_case("case-a").encode([PLAIN])
    altered = Payload()
    altered.CopyFrom(sealed)
    altered.data = altered.data[:-1] + bytes([altered.data[-1] ^ 1])
    assert SealingCodec(RING).decode_for_endpoint([sealed, PLAIN, altered]) == [PLAIN, PLAIN, altered]


async def test_what_an_old_key_sealed_stays_readable_after_rotation() -> None:
    [sealed] = await in_case("case-a").encode([PLAIN])
    newer = Keyring({**RING.keys, "k2": SealingKey("k2", "aes-256-gcm", bytes(32))}, "k2", bytes(32))
    rotated = SealingCodec(newer, case="case-a")
    assert await rotated.decode([sealed]) == [PLAIN]
    [again] = await rotated.encode([PLAIN])
    assert again.metadata["encryption-key-id"] == b"k2"
    assert is_quarantined((await in_case("case-a").decode([again]))[0])


def stored_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("temporal.db*")))


async def leak(client: Client, queue: str, canary: str, toy_worker: ToyWorker) -> WorkflowFailureError:
    """Runs the workflow that puts `canary` everywhere, and returns how it failed."""
    async with toy_worker(client, queue):
        handle = await client.start_workflow(
            ToyLeak.run,
            canary,
            id=f"leak-{uuid.uuid4()}",
            task_queue=queue,
            memo={"first": canary},
            static_summary=f"summary {canary}",
            static_details=f"static {canary}",
        )
        await handle.signal(ToyLeak.say, canary)
        assert await handle.query(ToyLeak.heard) == canary
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        return failure.value


@pytest.mark.e2e
async def test_the_server_keeps_nothing_in_clear(
    server: Settings, client: Client, toy_worker: ToyWorker, tmp_path: Path
) -> None:
    canary = f"王小明{uuid.uuid4().hex}"
    failure = await leak(client, "leak-sealed", canary, toy_worker)
    assert isinstance(failure.cause, ApplicationError)
    assert canary in failure.cause.message  # whoever may read it, reads it
    assert canary.encode() not in stored_bytes(server.data_dir)
    assert canary[3:].encode() not in stored_bytes(server.data_dir)

    # The same without the codec is found, so the search above can fail.
    clear = f"clear{uuid.uuid4().hex}"
    plain = await Client.connect(f"127.0.0.1:{server.temporal_port}", data_converter=pydantic_data_converter)
    await leak(plain, "leak-clear", clear, toy_worker)
    assert stored_bytes(server.data_dir).count(clear.encode()) > 10


@pytest.mark.e2e
async def test_forged_and_copied_signals_are_refused_and_the_case_goes_on(
    server: Settings, client: Client, toy_worker: ToyWorker
) -> None:
    run = uuid.uuid4().hex
    stranger = await Client.connect(f"127.0.0.1:{server.temporal_port}", data_converter=pydantic_data_converter)
    async with toy_worker(client, "forged"):
        victim, other = [
            await client.start_workflow(
                ToyCase.run, StartCase(case_id=f"{name}-{run}"), id=f"{name}-{run}", task_queue="forged"
            )
            for name in ("victim", "other")
        ]
        await stranger.get_workflow_handle(victim.id).signal("decide", Signal(decision_id="forged", body={}))
        await stranger.get_workflow_handle(victim.id).signal("decide", args=["too", "many", "arguments"])
        await other.signal("decide", Signal(decision_id="genuine", body={}))
        assert await other.query(ToyCase.seen_so_far) == ["decide:genuine"]  # so it has left the buffer for the history
        await send_raw(client, victim.id, await first_signal(client, other.id))
        await victim.signal("withdraw", Signal(decision_id="good", body={}))
        assert await victim.result() == ["refused", "refused", "refused", "withdraw:good"]
        await other.signal("withdraw", Signal(decision_id="end", body={}))
        assert await other.result() == ["decide:genuine", "withdraw:end"]


async def first_signal(client: Client, case: str) -> Payloads:
    async for event in client.get_workflow_handle(case).fetch_history_events():
        if event.HasField("workflow_execution_signaled_event_attributes"):
            return event.workflow_execution_signaled_event_attributes.input
    raise AssertionError("no signal in the history")


async def send_raw(client: Client, case: str, payloads: Payloads) -> None:
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case),
            signal_name="decide",
            input=payloads,
            request_id=str(uuid.uuid4()),
        )
    )


async def test_a_forgotten_pass_through_import_is_refused_when_the_worker_starts(client: Client) -> None:
    with pytest.raises(RuntimeError, match="Failed validating workflow ToyForgetful"):
        Worker(client, task_queue="forgetful", workflows=[ToyForgetful])
