"""Whoever reaches Temporal's port can send a signal; none can decide, and none can wedge a case (P7, P8)."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.client import Client

from docket import commands
from models.decisions import Signal
from models.enums import CommandKind, State
from models.refusals import RefusalCode
from tests.support.office import EXAMINER, FINANCE
from tests.support.temporal import Court

GENUINE_SHAPE = {"step": "examine", "round": 1, "verdict": "approve", "subject": ""}

MALFORMED: list[tuple[str, str, list[Any]]] = [
    ("no argument", "decide", []),
    ("too many arguments", "decide", [1, 2, 3]),
    ("a string", "decide", ["同意"]),
    ("a number", "decide", [7]),
    ("null", "decide", [None]),
    ("unknown fields", "decide", [{"decision_id": "x", "body": {}, "officer": "head"}]),
    ("wrong types", "decide", [{"decision_id": 5, "body": []}]),
    ("an unknown signal", "approve-everything", [{"decision_id": "x", "body": GENUINE_SHAPE}]),
    ("a huge body", "decide", ["x" * 1_900_000]),
    ("deep nesting", "decide", [eval("[" * 90 + "]" * 90)]),  # noqa: S307 - a literal made of brackets
]


@pytest.mark.parametrize(("what", "name", "arguments"), MALFORMED, ids=[row[0] for row in MALFORMED])
async def test_a_malformed_signal_leaves_a_trace_and_the_case_stays_decidable(
    at_court: Court, what: str, name: str, arguments: list[Any]
) -> None:
    case_id = await at_court.apply()
    await at_court.handle(case_id).signal(name, args=arguments)
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    docket = at_court.office.docket(case_id)
    assert docket.state is State.IN_PROGRESS, what
    assert [trace.code for trace in docket.traces] == [RefusalCode.MALFORMED.value]


async def test_a_plaintext_signal_of_a_stranger_is_quarantined(at_court: Court) -> None:
    case_id = await at_court.apply()
    stranger: Client = at_court.env.client  # no codec: what it writes is not sealed
    forged = Signal(decision_id="examiner~forged", body=GENUINE_SHAPE)
    await stranger.get_workflow_handle(case_id).signal("decide", forged.model_dump())
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    assert [trace.code for trace in at_court.office.docket(case_id).traces] == [RefusalCode.MALFORMED.value]


async def test_a_decision_without_a_committed_row_counts_for_nothing(at_court: Court) -> None:
    case_id = await at_court.apply()
    forged = Signal(decision_id="examiner~forged", body=GENUINE_SHAPE)
    await at_court.handle(case_id).signal("decide", forged)
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    docket = at_court.office.docket(case_id)
    assert [trace.code for trace in docket.traces] == [RefusalCode.UNAUTHENTICATED_DECISION.value]
    assert len([step for step in docket.steps if step.step == "examine" and step.officer]) == 1


async def test_an_altered_decision_does_not_use_up_the_genuine_one(at_court: Court) -> None:
    case_id = await at_court.apply()
    body = at_court.office.decision(case_id, "examine")
    command = at_court.office.commit(case_id, CommandKind.DECIDE, body, EXAMINER)
    altered = body.model_dump(mode="json", exclude_none=True) | {"verdict": "reject", "opinion": "改"}
    await at_court.handle(case_id).signal("decide", Signal(decision_id=command, body=altered))
    await at_court.signal(command, case_id)
    at_court.office.accepted(await at_court.receipt(command))
    assert at_court.office.docket(case_id).state is State.IN_PROGRESS


async def test_a_committed_row_of_another_department_is_refused_with_a_receipt(at_court: Court) -> None:
    case_id = await at_court.apply()
    receipt = await at_court.decide(case_id, "examine", FINANCE)
    assert (receipt.status, receipt.code) == ("refused", RefusalCode.NOT_YOUR_DEPARTMENT)
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))


async def test_a_signal_sent_twice_is_one_decision(at_court: Court) -> None:
    case_id = await at_court.apply()
    command = at_court.office.commit(
        case_id, CommandKind.DECIDE, at_court.office.decision(case_id, "examine"), EXAMINER
    )
    for _ in range(3):
        await at_court.signal(command, case_id)
    at_court.office.accepted(await at_court.receipt(command))
    await at_court.desk(case_id, lambda desk: desk.state == "in-progress")
    with at_court.office.database.read() as s:
        row = commands.opened(s, command)
    assert row is not None
    assert row.receipt is not None
    assert not at_court.office.docket(case_id).traces


async def test_traces_of_a_flood_are_bounded(at_court: Court) -> None:
    case_id = await at_court.apply()
    for _ in range(120):
        await at_court.handle(case_id).signal("decide", "x")
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    assert len(at_court.office.docket(case_id).traces) == 100
