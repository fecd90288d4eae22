"""No input can wedge a case of any procedure (P7; reliability.md finding 1): whatever somebody who reaches Temporal's
port sends, a trace is left, every call that asks for an answer is refused, and the next genuine decision counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError

from activities.procedures import CONDUCT
from activities.turn import Turn
from docket import commands, officers
from docket.desk import LOOK_AGAIN
from docket.relay import Relay
from ledger.verify import verify
from models.decisions import Comment, Decision, Signal
from models.enums import CommandKind, Procedure
from models.refusals import Refusal, RefusalCode
from models.shape import COMMAND_ID_LENGTH, KEY_LENGTH, OFFICER_ID_LENGTH
from records.verify import verify_records
from runtime.client import Temporal
from runtime.settings import load_settings
from tests.support.office import EXAMINER, HEAD, ISSUER, RESEARCH, SERVICES, Office, keyring
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
ODD_NAMES = ["a\x00b", "\x00", "\u202e", "\ufffe", "\x1b[2J", "字" * 300]
"""Names of signals, which stand in the register's trace and are nobody's ciphertext."""


async def _raw(client: Client, case_id: str, payloads: list[Payload], name: str = "decide") -> None:
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case_id),
            signal_name=name,
            input=Payloads(payloads=payloads),
        )
    )


async def _foreign(at_court: Court, case_id: str) -> None:
    """A genuine ciphertext of another case, copied bit by bit."""
    other = at_court.client.data_converter.with_context(
        WorkflowSerializationContext(namespace=at_court.client.namespace, workflow_id=uuid.uuid4().hex)
    )
    [copied] = await other.encode([Signal(decision_id="examiner~copied", body=BODY)])
    assert copied.metadata["case"] not in (b"-", case_id.encode())
    await _raw(at_court.env.client, case_id, [copied])


async def _refused(call: Callable[[], Awaitable[Any]]) -> None:
    with pytest.raises((WorkflowUpdateFailedError, WorkflowQueryFailedError, RPCError)):
        await call()


@pytest.mark.parametrize("name", [name for name in STORIES if "," not in name])
async def test_the_next_decision_counts_whatever_came_before(url: str, tmp_path: Path, name: str) -> None:
    story, telling = STORIES[name], told(STORIES[name], tmp_path / "in-order")
    telling.office.database.close()
    office = Office(tmp_path, url=url)
    async with court(office) as at_court:
        case_id = await at_court.apply(story.applied(office), story.by)
        handle, stranger = at_court.handle(case_id), at_court.env.client.get_workflow_handle(case_id)
        before = [office.numbers(unit) for unit in (RESEARCH, SERVICES)]
        for _, signal, arguments in SEALED:
            await handle.signal(signal, args=arguments)
        for _, payloads in RAW:
            await _raw(at_court.env.client, case_id, payloads)
        await _foreign(at_court, case_id)
        for signal in ODD_NAMES:
            await _raw(at_court.env.client, case_id, [_PLAIN], signal)
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
    assert len(codes) == len(SEALED) + len(RAW) + 1 + len(ODD_NAMES)
    office.database.close()


async def test_the_longest_officer_and_the_longest_key_fit_the_signal(url: str, tmp_path: Path) -> None:
    """Whatever was committed arrives, through the outbox and the product's own client."""
    office = Office(tmp_path, url=url)
    longest = EXAMINER.model_copy(update={"id": "e" * OFFICER_ID_LENGTH})
    with office.database.write() as s:
        officers.add_officer(
            s,
            id=longest.id,
            login="longest",
            name=longest.name,
            department=longest.department,
            roles=longest.roles,
        )
    async with court(office) as at_court:
        case_id = await at_court.apply()
        with office.database.write() as s:
            for each in commands.undelivered(s):
                commands.delivered(s, each.command_id, office.now)
        key = "k" * KEY_LENGTH
        decision = office.decision(case_id, "examine")
        waiting = office.commit(case_id, CommandKind.DECIDE, decision, longest, key)
        assert len(waiting) == COMMAND_ID_LENGTH
        relay = Relay(
            office.database, Temporal(load_settings(data_dir=tmp_path), keyring(), client=at_court.client).deliver
        )
        assert await relay.sweep() == (1, 0)
        receipt = await at_court.receipt(waiting)
        assert (receipt.status, receipt.decision_id) == ("accepted", key)
        office.accepted(await at_court.decide(case_id, "issue", ISSUER))
    office.database.close()


async def test_a_decision_over_which_the_program_fails_holds_up_no_other(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, url=url)
    conduct = CONDUCT[Procedure.STAFFING_UP]

    def failing(_turn: Turn, _decision: Decision) -> Refusal | None:
        raise OverflowError("date value out of range")

    async with court(office) as at_court:
        case_id = await at_court.apply()
        monkeypatch.setitem(CONDUCT, Procedure.STAFFING_UP, replace(conduct, take=failing))
        office.now = await at_court.env.get_current_time()
        failed = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)
        await at_court.signal(failed, case_id)
        office.accepted(await at_court.order(case_id, CommandKind.COMMENT, Comment(text="请核"), HEAD))
        monkeypatch.undo()  # the corrected version
        await at_court.env.sleep(LOOK_AGAIN)
        assert (await at_court.receipt(failed)).status == "accepted"
        office.accepted(await at_court.decide(case_id, "issue", ISSUER))
    office.database.close()
