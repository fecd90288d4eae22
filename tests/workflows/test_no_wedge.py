"""No input can wedge a case of any procedure (P7; reliability.md finding 1): whatever somebody who reaches Temporal's
port sends, a trace is left, every call that asks for an answer is refused, and the next genuine decision counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from ledger.verify import verify
from models.decisions import Signal
from models.refusals import RefusalCode
from records.verify import verify_records
from tests.support.office import RESEARCH, SERVICES, Office
from tests.support.stories import STORIES, told
from tests.support.temporal import Court, court

BODY = {"step": "examine", "round": 1, "verdict": "approve", "subject": ""}
ANSWER = timedelta(seconds=5)

SEALED: list[tuple[str, str, list[Any]]] = [
    ("no argument", "decide", []),
    ("three arguments", "decide", [1, 2, 3]),
    ("a string", "decide", ["同意"]),
    ("a number", "report", [7]),
    ("null", "resubmit", [None]),
    ("an unknown field", "decide", [{"decision_id": "x", "body": {}, "officer": "head"}]),
    ("wrong types", "withdraw", [{"decision_id": 5, "body": []}]),
    ("an unknown name", "approve-everything", [{"decision_id": "x", "body": BODY}]),
    ("a name without letters", "\u200b", [{"decision_id": "x", "body": BODY}]),
    ("nearly two megabytes", "decide", ["x" * 1_900_000]),
]
"""Sealed with the office's own keys: as a faulty program of ours would send it."""

_PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"decision_id":"head~forged","body":{}}')
RAW: list[tuple[str, list[Payload]]] = [
    ("plain text", [_PLAIN]),
    ("no encoding", [Payload(data=b"\xff\xfe")]),
    ("a ciphertext of nothing", [Payload(metadata={"encoding": b"binary/encrypted"}, data=b"")]),
    ("half a ciphertext", [Payload(metadata={"encoding": b"binary/encrypted", "case": b"\xff"}, data=b"x" * 40)]),
    (
        "an unknown key",
        [Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"?"}, data=b"x" * 40)],
    ),
    ("a hundred payloads", [_PLAIN] * 100),
]
"""As whoever reaches the port sends it."""


async def _raw(client: Client, case_id: str, payloads: list[Payload]) -> None:
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case_id),
            signal_name="decide",
            input=Payloads(payloads=payloads),
        )
    )


async def _foreign(at_court: Court, case_id: str) -> None:
    """A genuine ciphertext of another case, copied bit by bit."""
    codec = at_court.client.data_converter
    [copied] = await codec.encode([Signal(decision_id="examiner~copied", body=BODY)])
    await _raw(at_court.env.client, case_id, [copied])


async def _refused(call: Callable[[], Awaitable[Any]]) -> None:
    with pytest.raises((WorkflowUpdateFailedError, WorkflowQueryFailedError, RPCError)):
        await call()


@pytest.mark.parametrize("name", [name for name in STORIES if "," not in name])
async def test_the_next_decision_counts_whatever_came_before(tmp_path: Path, name: str) -> None:
    story, telling = STORIES[name], told(STORIES[name], tmp_path / "in-order")
    telling.office.database.close()
    office = Office(tmp_path)
    async with court(office) as at_court:
        case_id = await at_court.apply(story.applied(office), story.by)
        handle, stranger = at_court.handle(case_id), at_court.env.client.get_workflow_handle(case_id)
        before = [office.numbers(unit) for unit in (RESEARCH, SERVICES)]
        for _, signal, arguments in SEALED:
            await handle.signal(signal, args=arguments)
        for _, payloads in RAW:
            await _raw(at_court.env.client, case_id, payloads)
        await _foreign(at_court, case_id)
        for update, given in (("decide", [BODY]), ("approve", []), ("docket", [1, 2])):
            await _refused(lambda u=update, a=given: handle.execute_update(u, args=a, rpc_timeout=ANSWER))
            await _refused(lambda u=update, a=given: stranger.execute_update(u, args=a, rpc_timeout=ANSWER))
        await _refused(lambda: handle.query("everything", rpc_timeout=ANSWER))
        await _refused(lambda: stranger.query("receipt", args=[1, 2, 3], rpc_timeout=ANSWER))

        assert [office.numbers(unit) for unit in (RESEARCH, SERVICES)] == before
        office.accepted(await at_court.order(case_id, *telling.commands[0]))
        codes = [trace.code for trace in office.docket(case_id).traces]
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, office.store) == []
    assert set(codes) == {RefusalCode.MALFORMED.value}
    assert len(codes) == len(SEALED) + len(RAW) + 1
    office.database.close()
