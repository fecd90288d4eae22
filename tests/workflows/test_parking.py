"""What this program fails over is parked for a person, and nothing that comes after it waits (P7): the activities
themselves, on both engines. With the key of a case lost: tests/runtime/test_keys.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError
from sqlmodel import select

from activities.procedures import CONDUCT
from activities.turn import Turn
from docket import commands, reconciling
from docket.desk import LOOK_AGAIN
from docket.notices import of_case
from docket.relay import settle
from ledger.verify import verify
from models.decisions import Comment, Decision, Handle, PhoneCall, Unreadable, Withdrawal
from models.enums import CommandKind, Procedure, Role, State
from models.failpoints import FailpointHit
from models.lasting import RACES, lasting
from models.refusals import Refusal, RefusalCode
from models.register import Command
from tests.support.office import APPLICANT, EXAMINER, HEAD, INSPECTOR, ISSUER, Office
from tests.warning.support import call, raised

POISON = "毒"
NAMES = ("a\x00b", "\x00", "\u202e同意", "\ufeff", "a\x1b[2Jb")
_ENGINE = sqlite3.DatabaseError("x")
LASTING: list[Exception] = [
    ZeroDivisionError("x"),
    OverflowError("date value out of range"),
    ValueError("x"),
    KeyError("x"),
    TypeError("x"),
    AssertionError("x"),
    DataError("UPDATE", {}, _ENGINE),
    StatementError("(builtins.OverflowError)", "UPDATE", {}, OverflowError("x")),
]
PASSING: list[Exception] = [
    OperationalError("UPDATE", {}, _ENGINE),
    IntegrityError("UPDATE", {}, _ENGINE),
    ConnectionError("x"),
    TimeoutError("x"),
    FailpointHit("activity.committed"),
]


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Staffing-up fails over decisions whose opinion is POISON, in the middle of judging."""

    def of(fault: Exception) -> None:
        conduct = CONDUCT[Procedure.STAFFING_UP]

        def take(turn: Turn, decision: Decision) -> Refusal | None:
            if decision.opinion == POISON:
                turn.change(headline="halfway")
                raise fault
            return conduct.take(turn, decision)

        monkeypatch.setitem(CONDUCT, Procedure.STAFFING_UP, replace(conduct, take=take))

    return of


def poison(office: Office, case_id: str) -> str:
    return office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine", opinion=POISON), EXAMINER)


def row_of(office: Office, command_id: str) -> Command:
    with office.database.read() as s:
        return s.exec(select(Command).where(Command.id == command_id)).one()


def parked_notices(office: Office, case_id: str) -> list[Any]:
    with office.database.read() as s:
        return [each for each in of_case(s, case_id) if each.kind == "parked"]


# --- a fault of this program ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: type(fault).__name__)
def test_a_command_over_which_the_program_fails_is_parked_and_what_comes_after_it_is_judged(
    office: Office, poisoned: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    case_id = office.opened()
    poisoned(fault)
    failed = poison(office, case_id)
    desk = office.handle(failed, case_id)
    assert (desk.receipt, desk.state, desk.wake_at) == (None, State.ACCEPTED, office.now + LOOK_AGAIN)
    row = row_of(office, failed)
    assert (row.status, row.handled_at) == (commands.FAULTY, None)  # acknowledged: neither answered nor refused
    [told] = parked_notices(office, case_id)
    assert (told.role, POISON in told.text) == (Role.HEAD.value, False)

    note = office.handle(office.commit(case_id, CommandKind.COMMENT, Comment(text="请核"), HEAD), case_id)
    assert note.receipt is not None
    assert note.receipt.status == "accepted"
    assert note.wake_at == office.now + LOOK_AGAIN
    office.later(minutes=5)
    assert office.ring(case_id).wake_at == office.now + LOOK_AGAIN
    assert len(parked_notices(office, case_id)) == 1

    monkeypatch.undo()  # the corrected version
    office.later(minutes=5)
    assert [each.step for each in office.ring(case_id).open] == ["issue"]
    answer = row_of(office, failed)
    assert (answer.status, answer.handled_at) == ("accepted", office.now)
    office.accepted(office.decide(case_id, "issue", ISSUER))
    with office.database.read() as s:
        assert verify(s).intact


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: type(fault).__name__)
def test_a_fault_that_may_pass_is_raised_so_that_it_is_tried_again(
    office: Office, poisoned: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    case_id = office.opened()
    poisoned(fault)
    failed = poison(office, case_id)
    with pytest.raises(type(fault)):
        office.handle(failed, case_id)
    assert row_of(office, failed).status is None
    assert parked_notices(office, case_id) == []
    monkeypatch.undo()
    receipt = office.handle(failed, case_id).receipt
    assert receipt is not None
    assert receipt.status == "accepted"


def test_a_constraint_that_is_broken_at_every_try_was_not_broken_by_a_race() -> None:
    broken = IntegrityError("INSERT", {}, _ENGINE)
    assert [lasting(broken, tries) for tries in (1, RACES - 1, RACES)] == [False, False, True]
    assert not lasting(OperationalError("INSERT", {}, _ENGINE), 1000)


def test_a_later_decision_on_the_same_step_counts_and_the_parked_one_is_answered(
    office: Office, poisoned: Callable[[Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = office.opened()
    poisoned(ZeroDivisionError("x"))
    failed = poison(office, case_id)
    office.handle(failed, case_id)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    monkeypatch.undo()
    office.later(minutes=5)
    office.ring(case_id)
    assert row_of(office, failed).status == "refused"
    assert row_of(office, failed).message
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_what_is_parked_in_a_case_that_ends_is_answered_as_closed(
    office: Office, poisoned: Callable[[Exception], None]
) -> None:
    """The reconciliation delivers it again, and the workflow has ended."""
    case_id = office.opened()
    poisoned(ZeroDivisionError("x"))
    failed = poison(office, case_id)
    office.handle(failed, case_id)
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="计划调整"), APPLICANT))
    with office.database.write() as s:
        reconciling.deliver_again(s, [each.id for each in reconciling.unjudged(s) if each.id == failed])
        again = next(each for each in commands.undelivered(s) if each.command_id == failed)
    assert settle(office.database, again, "closed", office.now)
    assert (row_of(office, failed).status, row_of(office, failed).code) == ("refused", RefusalCode.CLOSED)


def test_a_parked_command_does_not_stop_the_clock_of_its_case(
    office: Office, poisoned: Callable[[Exception], None]
) -> None:
    case_id = office.opened()
    poisoned(ZeroDivisionError("x"))
    office.handle(poison(office, case_id), case_id)
    office.later(days=20)
    office.ring(case_id)
    with office.database.read() as s:
        assert "reminder" in {each.kind for each in of_case(s, case_id)}


def test_a_gate_that_fails_waits_for_the_corrected_version(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_turn: Turn) -> None:
        raise KeyError("x")

    conduct = CONDUCT[Procedure.STAFFING_UP]
    monkeypatch.setitem(CONDUCT, Procedure.STAFFING_UP, replace(conduct, begin=failing))
    case_id = office.apply()
    for desk in (office.activities.open_case(office.moment(case_id)), office.ring(case_id)):
        assert (desk.state, desk.wake_at) == (State.SUBMITTED, office.now + LOOK_AGAIN)
    monkeypatch.undo()
    assert office.ring(case_id).state is State.ACCEPTED
    office.issued(case_id)


def test_a_clock_that_fails_lets_commands_be_judged(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_turn: Turn) -> None:
        raise OverflowError("x")

    case_id = office.opened()
    conduct = CONDUCT[Procedure.STAFFING_UP]
    monkeypatch.setitem(CONDUCT, Procedure.STAFFING_UP, replace(conduct, ring=failing))
    assert office.ring(case_id).wake_at == office.now + LOOK_AGAIN
    assert len(parked_notices(office, case_id)) == 1
    office.issued(case_id)


def test_a_case_that_this_register_does_not_have_is_asked_for_again(office: Office) -> None:
    """A register restored from an older copy: reconciliation, not parking, brings it back."""
    case_id = office.opened()
    with pytest.raises(LookupError):
        office.ring(f"{case_id[:-1]}x")


# --- text of strangers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_signal_of_any_name_leaves_a_trace_that_can_be_shown(office: Office, name: str) -> None:
    case_id = office.opened()
    unread = Unreadable(case_id=case_id, name=name, nth=1, reason="没有这种信号", at=office.now)
    assert office.activities.note_unreadable(unread).state is State.ACCEPTED
    [trace] = office.docket(case_id).traces
    assert trace.code == RefusalCode.MALFORMED
    assert "\ufffd" in trace.what
    assert name not in trace.what
    office.accepted(office.decide(case_id, "examine", EXAMINER))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_signal_with_an_id_of_any_characters_is_an_unknown_one(office: Office, name: str) -> None:
    case_id = office.opened()
    body: dict[str, object] = {"step": name, name: [name]}
    forged = Handle(case_id=case_id, name="decide", decision_id=f"examiner~{name}", body=body, at=office.now)
    assert office.activities.handle_command(forged).receipt is None
    [trace] = office.docket(case_id).traces
    assert trace.code == RefusalCode.UNAUTHENTICATED_DECISION
    assert parked_notices(office, case_id) == []
    office.accepted(office.decide(case_id, "examine", EXAMINER))


# --- rows of an earlier version ------------------------------------------------------------------------------------


def test_a_call_at_the_edge_of_time_that_was_committed_before_is_refused_and_the_next_one_counts(
    office: Office,
) -> None:
    case_id = raised(office)
    good = office.decision(case_id, "remind", **call(office))
    assert good.call is not None
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        odd = PhoneCall.model_construct(**(good.call.model_dump() | {"called_at": datetime.fromisoformat(edge)}))
        body = good.model_copy(update={"call": odd})
        receipt = office.order(case_id, CommandKind.DECIDE, body, INSPECTOR)
        assert (receipt.status, receipt.code) == ("refused", RefusalCode.MALFORMED)
    office.accepted(office.order(case_id, CommandKind.DECIDE, good, INSPECTOR))
