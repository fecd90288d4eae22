"""待办: what waits for whom, and for how many working days still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

import docket.worklist
from docket.worklist import worklist
from models.decisions import Hold, Officer
from models.docket import CaseRow
from models.enums import CommandKind, Department, Role, State
from models.register import StepRow
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    SUPERVISOR,
    Office,
    application,
    line,
)


def waiting_for(office: Office, officer: Officer) -> list[CaseRow]:
    with office.database.read() as s:
        return worklist(s, officer, office.now, office.deps.calendar)


def steps(office: Office, officer: Officer) -> list[tuple[str | None, str]]:
    return [(row.step, row.subject) for row in waiting_for(office, officer)]


def test_a_new_case_waits_for_the_examiner_and_for_nobody_else(office: Office) -> None:
    case_id = office.opened()
    [row] = waiting_for(office, EXAMINER)
    assert (row.case_id, row.step, row.state) == (case_id, "examine", State.ACCEPTED)
    assert (row.waiting_on, row.working_days_left, row.overdue) == ([Department.ESTABLISHMENT], 5, False)
    assert (row.case_no, row.unit_name) == ("用编2026-00001", "示范市发展研究局")
    others = (ISSUER, REGISTRAR, ORGANISATION, PERSONNEL, FINANCE, INSURANCE, APPLICANT, SUPERVISOR, HEAD)
    assert all(waiting_for(office, officer) == [] for officer in others)


def test_each_department_sees_its_own_slots(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2), line("headcount:worker")))
    first, second, worker = office.issued(case_id)
    assert steps(office, ORGANISATION) == [("approve-persons", first), ("approve-persons", second)]
    assert steps(office, PERSONNEL) == [("approve-persons", worker)]
    office.accepted(office.approve(case_id, first, 300))
    assert steps(office, ORGANISATION) == [("approve-persons", second)]
    assert steps(office, REGISTRAR) == [("enter", first)]
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=first))
    assert (steps(office, FINANCE), steps(office, INSURANCE)) == ([("finance", first)], [("social-insurance", first)])


def test_the_earliest_due_stands_first(office: Office) -> None:
    early = office.opened(application(meeting="甲"))
    office.later(days=2)
    late = office.opened(application(meeting="乙"))
    assert [row.case_id for row in waiting_for(office, EXAMINER)] == [early, late]
    assert [row.working_days_left for row in waiting_for(office, EXAMINER)] == [3, 5]


def test_the_days_left_pass_over_holidays_and_go_below_zero(office: Office) -> None:
    office.now = datetime(2026, 9, 29, 1, 0, tzinfo=UTC)
    office.opened()  # due on Monday 12 October: a whole week lies idle, a Saturday is worked
    left = []
    for day in (29, 30):
        office.now = datetime(2026, 9, day, 1, 0, tzinfo=UTC)
        left += [row.working_days_left for row in waiting_for(office, EXAMINER)]
    for day in (1, 7, 8, 10, 12, 13):
        office.now = datetime(2026, 10, day, 1, 0, tzinfo=UTC)
        left += [row.working_days_left for row in waiting_for(office, EXAMINER)]
    assert left == [5, 4, 4, 4, 3, 1, 0, -1]
    [row] = waiting_for(office, EXAMINER)
    assert row.overdue


def test_a_returned_case_waits_for_its_own_unit(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    [row] = waiting_for(office, APPLICANT)
    assert (row.case_id, row.waiting_on, row.working_days_left) == (case_id, [Department.UNIT], 10)
    assert waiting_for(office, OTHER_APPLICANT) == []
    assert waiting_for(office, EXAMINER) == []


def test_a_held_case_is_on_nobody_s_list_until_it_is_released(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查举报", second_officer="issuer"), HEAD))
    assert waiting_for(office, EXAMINER) == []


def test_a_case_that_has_ended_is_on_nobody_s_list(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    assert [waiting_for(office, officer) for officer in (EXAMINER, ISSUER, APPLICANT)] == [[], [], []]


def test_an_officer_with_two_roles_sees_the_work_of_both(office: Office) -> None:
    both = Officer(
        id="both", name="二职", department=Department.ESTABLISHMENT, roles=frozenset({Role.EXAMINER, Role.ISSUER})
    )
    first = office.opened(application(meeting="甲"))
    second = office.opened(application(meeting="乙"))
    office.accepted(office.decide(first, "examine", EXAMINER))
    assert {(row.case_id, row.step) for row in waiting_for(office, both)} == {(first, "issue"), (second, "examine")}


def test_what_nobody_does_climbs_to_the_head_and_then_to_the_supervisors(office: Office) -> None:
    case_id = office.opened()
    office.later(days=8)  # a day late
    for _ in range(2):
        office.ring(case_id)
    [row] = waiting_for(office, HEAD)
    assert (row.case_id, row.escalated, row.overdue) == (case_id, True, True)
    assert waiting_for(office, SUPERVISOR) == []
    office.later(days=8)
    office.ring(case_id)
    assert [row.case_id for row in waiting_for(office, SUPERVISOR)] == [case_id]
    assert [row.case_id for row in waiting_for(office, EXAMINER)] == [case_id]


def test_the_steps_of_other_roles_do_not_crowd_out_an_officer_s_own(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docket.worklist, "_WAITING", docket.worklist._WAITING.limit(3))
    own = office.opened(application(meeting="甲"))
    office.accepted(office.decide(own, "examine", EXAMINER))
    with office.database.write() as s:
        issue = s.exec(select(StepRow).where(StepRow.step == "issue")).one().model_dump()
        for n in range(4):
            earlier = {"step": "examine", "round": 2, "subject": f"{n}", "roles": "examiner"}
            s.add(StepRow(**issue | earlier | {"due_at": issue["due_at"] - timedelta(days=1)}))
    assert steps(office, ISSUER) == [("issue", "")]
    assert len(steps(office, EXAMINER)) == 3


def test_a_role_whose_name_is_part_of_another_s_is_not_taken_for_it(office: Office) -> None:
    case_id = office.opened()
    with office.database.write() as s:
        step = s.exec(select(StepRow).where(StepRow.case_id == case_id)).one()
        step.roles = "not-an-examiner,examiner-of-ours"
        s.add(step)
    assert steps(office, EXAMINER) == []


def test_a_step_of_the_unit_waits_for_that_unit_alone(office: Office) -> None:
    """As the report on rectification and the registration of a changed unit do."""
    case_id = office.opened()
    with office.database.write() as s:
        step = s.exec(select(StepRow).where(StepRow.case_id == case_id)).one()
        step.department, step.roles = Department.UNIT.value, Role.APPLICANT.value
        s.add(step)
    assert [row.case_id for row in waiting_for(office, APPLICANT)] == [case_id]
    assert waiting_for(office, OTHER_APPLICANT) == []
    assert waiting_for(office, EXAMINER) == []
