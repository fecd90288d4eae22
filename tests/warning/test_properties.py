"""Whatever people do on the ladder, in whatever order and however late: the invariants of a warning hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docket import view, warnings
from models.decisions import Officer, Receipt, Report
from models.docket import Docket
from models.enums import CommandKind, Department, Indicator, Role, StepState
from models.register import Holder, OfficerRow, Unit
from rules.deadlines import local_day
from tests.support.office import HEAD, INSPECTOR, INSPECTOR_TWO, ISSUER, START, Office, papers_of
from tests.warning.support import TEAM, call, problem, warning

LEVELS = ("remind", "warn", "inspect")
PAPER = {
    "remind": "phone_record",
    "warn": "warning_letter",
    "inspect": "inspection_notice",
    "inspection-report": "inspection_report",
}
STEPS = (*LEVELS, "inspection-report", "review")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    made = Office(folder)
    yield made
    made.database.close()


serial = itertools.count(1)


def new_unit(office: Office) -> Officer:
    """A unit that nobody has warned, and its officer."""
    number = next(serial)
    code = f"{number:018d}"
    who = Officer(
        id=f"unit-{number}", name="经办", department=Department.UNIT, unit=code, roles=frozenset({Role.APPLICANT})
    )
    with office.database.write() as s:
        s.add(Holder(id=code, name=code))
        s.flush()
        s.add(Unit(code=code, name=f"单位{number}", kind="organ", holder=code, certificate_no=code))
        s.flush()
        row = {"id": who.id, "login": who.id, "name": who.name, "department": "unit", "unit": code}
        s.add(OfficerRow(**row, roles="applicant"))
    return who


moves = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.sampled_from(STEPS), st.sampled_from(["approve", "reject"]), st.booleans()),
        st.tuples(st.just("answer")),
        st.tuples(st.just("wait"), st.integers(0, 30)),
    ),
    min_size=1,
    max_size=14,
)


def said(office: Office, step: str, verdict: str, full: bool) -> dict[str, Any]:
    """What an officer says with a decision; not `full` leaves out what it needs."""
    if verdict == "reject" or not full:
        return {}
    today = local_day(office.now)
    return {
        "remind": call(office),
        "inspect": {"team": TEAM, "visit_on": (today + timedelta(days=1)).isoformat()},
        "inspection-report": {
            "opinion": "已查",
            "found": [problem(due=(today + timedelta(days=60)).isoformat())],
        },
    }.get(step, {})


def decided(office: Office, case_id: str, step: str, verdict: str, full: bool) -> Receipt:
    """By somebody of the right role, on the subject that waits if there is one."""
    by = {"warn": ISSUER, "inspect": HEAD, "review": INSPECTOR_TWO}.get(step, INSPECTOR)
    waiting = [s.subject for s in office.docket(case_id).steps if (s.step, s.state) == (step, StepState.CURRENT)]
    subject = waiting[0] if waiting else ""
    return office.decide(case_id, step, by, verdict, subject=subject, **said(office, step, verdict, full))


def holds(office: Office, docket: Docket, unit: Officer) -> None:
    waiting = [step for step in docket.steps if step.state is StepState.CURRENT]
    assert bool(waiting) != docket.state.final  # somebody is waited for, as long as it goes on
    assert docket.warning is not None
    assert (docket.warning.closed_at is not None) == docket.state.final == (docket.warning.outcome is not None)
    done = [s.step for s in docket.steps if s.state is StepState.DONE and s.verdict == "approve" and s.step in PAPER]
    assert sorted(record.kind.value for record in papers_of(docket)) == sorted(PAPER[step] for step in done)
    assert all(s.officer for s in docket.steps if s.state is StepState.DONE)  # nothing was decided by itself
    said_something = {"remind", "warn", "inspect"} & set(done)
    with office.database.read() as s:
        assert view.may_see(s, docket.case_id, unit) == bool(said_something)
        standing = warnings.standing(s, docket.unit, Indicator.PUBLIC_EVENT)
    assert (standing == docket.case_no) == (not docket.state.final)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(level=st.sampled_from(LEVELS), steps=moves)
def test_a_warning_always_waits_for_somebody_and_speaks_only_by_a_decision(
    office: Office, level: str, steps: list[tuple[Any, ...]]
) -> None:
    office.now = START
    unit = new_unit(office)
    assert unit.unit is not None
    case_id = office.opened(warning(unit=unit.unit, level=level), INSPECTOR)
    for move in steps:
        before = office.docket(case_id)
        if move[0] == "decide":
            _, step, verdict, full = move
            receipt = decided(office, case_id, step, verdict, full)
        elif move[0] == "answer":
            receipt = office.order(case_id, CommandKind.REPORT, Report(text="说明"), unit)
        else:
            office.later(days=move[1])
            office.ring(case_id)
            receipt = None
        after = office.docket(case_id)
        if receipt is not None and receipt.status == "refused":
            assert (after.state, after.steps, after.documents) == (before.state, before.steps, before.documents)
        holds(office, after, unit)
