"""Anybody deciding anything in any order on a case of several leavers: nobody leaves twice, nothing leaks."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import balances
from ledger.verify import verify
from models.decisions import Decision, Officer, Receipt, Withdrawal
from models.enums import CommandKind, Resource, State, StepState, Verdict
from models.register import Holder
from records.verify import verify_records
from tests.removing.leaving import CHIEF, HAPPENED, LATE, leaver, open_departures, removal
from tests.staffing.test_properties import template
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    FINANCE,
    INSURANCE,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    START,
    Office,
)

RIGHTFUL = {"approve-exit": ORGANISATION, "exit": REGISTRAR, "finance": FINANCE, "social-insurance": INSURANCE}
PEOPLE = (0, 1, CHIEF)
REASONS = ("retirement", "resignation", "post-removed")
GO_ON, TRY, WITHDRAW, WAIT = "go on", "try", "withdraw", "wait"
MOVES = st.tuples(
    st.sampled_from([GO_ON, GO_ON, GO_ON, TRY, WITHDRAW, WAIT]),
    st.integers(0, 20),
    st.sampled_from([Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT, Verdict.RETURN]),
    st.sampled_from(EVERYBODY),
    st.sampled_from(list(RIGHTFUL)),
)
Move = tuple[str, int, Verdict, Officer, str]


def an_office(folder: str) -> Office:
    for name in ("dingbian.db", "dingbian.db-wal"):
        source = Path(template().name) / name
        if source.exists():
            shutil.copy(source, Path(folder) / name)
    return Office(Path(folder), now=START)


def moved(office: Office) -> list[object]:
    """What a refusal must not move."""
    with office.database.read() as s:
        holder = s.get(Holder, RESEARCH)
        assert holder is not None
        return [holder.head_seq, holder.head_hash, *balances.balances(s, RESEARCH), open_departures(office)]


def decided(office: Office, case_id: str, step: str, subject: str, verdict: Verdict, by: Officer) -> Receipt:
    said: dict[str, Any] = {"opinion": "不符合要求", "reference_no": "示组干〔2026〕11号"}
    number = office.docket(case_id).round
    body = Decision(step=step, round=number, subject=subject, verdict=verdict, **said)
    return office.order(case_id, CommandKind.DECIDE, body, by)


def act(office: Office, case_id: str, move: Move) -> Receipt | None:
    what, place, verdict, by, step = move
    waiting = [each for each in office.docket(case_id).steps if each.state is StepState.CURRENT]
    match what:
        case "go on" if waiting:
            each = waiting[place % len(waiting)]
            own_task = each.step in ("finance", "social-insurance")
            said = Verdict.ACKNOWLEDGE if own_task else verdict
            return decided(office, case_id, each.step, each.subject, said, RIGHTFUL[each.step])
        case "try":
            return decided(office, case_id, step, f"P{place % 5}", verdict, by)
        case "withdraw":
            rightful = APPLICANT if place % 2 else by
            return office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), rightful)
        case _:
            office.later(days=place % 3)
            office.ring(case_id)
            return None


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    reasons=st.tuples(st.sampled_from(REASONS[:2]), st.sampled_from(REASONS[:2]), st.sampled_from(REASONS)),
    events=st.lists(st.sampled_from([LATE, HAPPENED, date(2026, 3, 3)]), min_size=3, max_size=3),
    moves=st.lists(MOVES, min_size=6, max_size=16),
)
def test_whatever_is_tried_everybody_leaves_at_most_once(
    reasons: tuple[str, ...], events: list[date], moves: list[Move]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = an_office(folder)
        start = office.numbers()
        people = zip(PEOPLE, reasons, events, strict=True)
        case_id = office.opened(removal(*(leaver(office, n, reason, on) for n, reason, on in people)))
        for move in moves:
            before = moved(office)
            receipt = act(office, case_id, move)
            if receipt is not None and receipt.status == "refused":
                assert moved(office) == before, receipt
            the_promises_hold(office, case_id, start)
        with office.database.read() as s:
            assert verify_records(s, office.store) == []
        office.database.close()


def the_promises_hold(office: Office, case_id: str, start: dict[str, tuple[int, int, int]]) -> None:
    docket = office.docket(case_id)
    freed: Counter[Resource] = Counter()
    for each in docket.leavers:
        freed.update(each.frees if each.left else [])
    for resource, (occupied, reserved, vacancy) in office.numbers().items():
        gone = freed[Resource(resource)]
        assert (occupied + gone, reserved, vacancy - gone) == start[resource]
    with office.database.read() as s:
        assert verify(s).intact
    current = [step for step in docket.steps if step.state is StepState.CURRENT]
    assert bool(current) == (not docket.state.final and docket.state is not State.RETURNED)
    assert (docket.state is State.CLOSED) <= any(each.left for each in docket.leavers)
    approved = {step.subject for step in current if step.step == "exit"}
    known = [source for _, source, _ in open_departures(office)]
    assert known.count("approved-exit") == len(approved)  # known: approved, and not removed yet
    assert set(known) <= {"approved-exit", "disapproved"}  # or gone in fact when the approval became void
