"""The figures of the supervisors' desk, against an office whose cases stand where we put them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from docket import overview
from ledger import overview as quotas
from models.decisions import Hold
from models.enums import CommandKind, Department, Procedure, Resource, State, UnitKind
from models.overview import Cards, LateCase, Stuck
from models.phrasing import heading
from models.register import Record, table_of
from rules.deadlines import local_day
from tests.rectification import acts
from tests.support.office import (
    EXAMINER,
    HEAD,
    RESEARCH,
    SERVICES,
    Office,
    application,
    authorise,
    line,
)
from tests.warning.support import raised

_record = table_of(Record)


def cards(office: Office) -> Cards:
    with office.database.read() as s:
        return overview.cards(s, office.now, office.deps.calendar, office.rulebook.deadlines)


def late(office: Office) -> list[LateCase]:
    with office.database.read() as s:
        return overview.late_cases(s, office.now, office.deps.calendar, office.rulebook.deadlines)


def stuck(office: Office) -> list[Stuck]:
    with office.database.read() as s:
        return overview.stuck(s, office.now)


def other(office: Office) -> str:
    """An application that is no duplicate of the usual one."""
    return office.opened(application(line("headcount:worker"), meeting="局党组会议〔2026〕第9次"))


def held(office: Office, case_id: str) -> None:
    body = Hold.model_validate({"reason": "等待会议", "second_officer": "head-two"})
    assert office.order(case_id, CommandKind.HOLD, body, HEAD).status == "accepted"


# --- the first line ----------------------------------------------------------------------------------------------


def test_an_empty_office_has_nothing_to_show(office: Office) -> None:
    assert cards(office) == Cards()
    assert late(office) == []
    assert stuck(office) == []


def test_open_cases_are_counted_and_ended_ones_are_not(office: Office) -> None:
    office.opened()
    rejected = other(office)
    office.accepted(office.decide(rejected, "examine", EXAMINER, "reject"))
    assert cards(office).open == 1


def test_on_the_last_day_a_case_is_due_today_and_the_day_after_it_is_overdue(office: Office) -> None:
    office.opened()  # on a Monday, five working days: due the Monday after
    office.later(days=6)
    assert (cards(office).due_today, cards(office).overdue) == (0, 0)
    office.later(days=1)
    assert (cards(office).due_today, cards(office).overdue) == (1, 0)
    office.later(days=1)
    assert (cards(office).due_today, cards(office).overdue) == (0, 1)


def test_a_yellow_card_turns_red_when_the_supervisors_are_to_be_told(office: Office) -> None:
    office.opened()
    office.later(days=8)  # Tuesday: one day late
    assert (cards(office).yellow, cards(office).red) == (1, 0)
    office.later(days=2)  # Thursday, the third working day
    assert (cards(office).yellow, cards(office).red) == (1, 0)
    office.later(days=1)  # Friday: three full working days have passed
    assert (cards(office).yellow, cards(office).red) == (0, 1)
    [case] = late(office)
    assert (case.red, case.working_days) == (True, 4)


def test_a_case_that_was_reported_upwards_carries_a_red_card_at_the_same_moment(office: Office) -> None:
    case_id = office.opened()
    office.later(days=8)
    for _ in range(3):
        office.ring(case_id)
    assert cards(office).red == 0
    office.later(days=3)
    for _ in range(3):
        office.ring(case_id)
    assert cards(office).red == 1
    [climbed] = [each for each in stuck(office) if each.by == "escalated"]
    assert (climbed.case_id, climbed.what, climbed.detail) == (case_id, "examine", "establishment")


def test_a_held_case_is_open_but_not_late(office: Office) -> None:
    case_id = office.opened()
    held(office, case_id)
    office.later(days=30)
    assert (cards(office).open, cards(office).overdue, cards(office).due_today) == (1, 0, 0)


def test_a_slip_is_shown_in_its_last_ten_working_days_and_not_after(office: Office) -> None:
    office.issued(office.opened())  # until 2 September, six months
    assert cards(office).slips_expiring == 0
    office.now = datetime(2026, 8, 18, 9, tzinfo=office.now.tzinfo)
    assert cards(office).slips_expiring == 0
    office.later(days=1)
    assert cards(office).slips_expiring == 1
    office.later(days=20)
    assert cards(office).slips_expiring == 0


def test_warnings_problems_and_suspended_units_are_counted_while_they_stand(office: Office) -> None:
    raised(office)
    rectification = acts.suspended(office, acts.problem("P1"), acts.problem("P2"), unit=RESEARCH)
    shown = cards(office)
    assert (shown.open_warnings, shown.open_problems, shown.suspended_units) == (1, 2, 1)
    acts.put_right(office, rectification, "P1", "P2")
    acts.lifted(office, rectification)
    shown = cards(office)
    assert (shown.open_warnings, shown.open_problems, shown.suspended_units) == (1, 0, 0)


# --- where the cases stand ---------------------------------------------------------------------------------------


def test_a_case_counts_once_at_a_step_however_many_slots_wait_there(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 3)))
    office.issued(case_id)
    other(office)
    with office.database.read() as s:
        loads = {(load.procedure, load.step): (load.cases, load.overdue) for load in overview.step_loads(s, office.now)}
        later = office.now + timedelta(days=60)
        overdue = {load.step: load.overdue for load in overview.step_loads(s, later)}
    staffing = Procedure.STAFFING_UP
    assert loads == {(staffing, "approve-persons"): (1, 0), (staffing, "examine"): (1, 0)}
    assert overdue == {"approve-persons": 1, "examine": 1}


def test_states_are_counted_by_procedure(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    raised(office)
    with office.database.read() as s:
        loads = {(load.procedure, load.state): load.cases for load in overview.state_loads(s)}
    assert loads == {
        (Procedure.STAFFING_UP, State.RETURNED): 1,
        (Procedure.EARLY_WARNING, State.IN_PROGRESS): 1,
    }


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "days_0_1"), (1, "days_0_1"), (2, "days_2_3"), (3, "days_2_3"), (4, "days_4_5"), (5, "days_4_5"),
     (7, "days_4_5"), (8, "days_over_5")],
)  # fmt: skip
def test_open_steps_grow_older_by_working_days(office: Office, days: int, band: str) -> None:
    """Opened on a Monday: after five and six days it is the weekend, after seven the fifth working day."""
    office.opened()
    office.later(days=days)
    with office.database.read() as s:
        [found] = overview.ageing(s, office.now, office.deps.calendar)
    assert (found.step, found.department, found.total) == ("examine", Department.ESTABLISHMENT, 1)
    assert getattr(found, band) == 1
    assert found.overdue == (1 if days == 8 else 0)


def test_the_median_counts_working_days_from_opening_to_decision(office: Office) -> None:
    first, second, third = (
        office.opened(),
        other(office),
        office.opened(application(line("headcount:administrative"), meeting="第10次")),
    )
    for case_id, days in ((first, 0), (second, 1), (third, 3)):
        office.later(days=days)
        office.accepted(office.decide(case_id, "examine", EXAMINER))
    with office.database.read() as s:
        [found] = overview.pace(s, office.now, 90, office.deps.calendar)
        none = overview.pace(s, office.now + timedelta(days=91), 90, office.deps.calendar)
    assert (found.step, found.decided, found.median, found.longest) == ("examine", 3, 1.0, 4)
    assert none == []


def test_weeks_count_what_was_opened_and_closed_in_them(office: Office) -> None:
    case_id = office.opened()
    office.later(days=7)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    with office.database.read() as s:
        found = overview.weeks(s, office.now, 3)
    assert [(each.monday, each.opened, each.closed) for each in found] == [
        (date(2026, 2, 23), 0, 0),
        (date(2026, 3, 2), 1, 0),
        (date(2026, 3, 9), 0, 1),
    ]


# --- what does not go on -----------------------------------------------------------------------------------------


def test_a_command_that_is_not_delivered_is_stuck_after_a_minute(office: Office) -> None:
    case_id = office.apply()
    assert stuck(office) == []
    office.later(minutes=2)
    [found] = stuck(office)
    assert (found.case_id, found.by, found.what) == (case_id, "undelivered", "start")
    office.deliver_outbox()
    assert stuck(office) == []


def test_a_command_that_is_delivered_and_not_judged_is_stuck_after_two_minutes(office: Office) -> None:
    case_id = office.opened()
    office.deliver_outbox()
    command_id = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)
    overview_table = overview._command
    with office.database.write() as s:
        s.execute(update(overview_table).where(overview_table.c.id == command_id).values(delivered_at=office.now))
    office.later(minutes=3)
    [found] = stuck(office)
    assert (found.by, found.what) == ("unjudged", "decide")


def test_a_document_that_could_not_be_made_is_stuck_with_its_reason(office: Office) -> None:
    case_id = office.opened()
    office.deliver_outbox()
    with office.database.write() as s:
        s.execute(
            update(_record)
            .where(_record.c.case_id == case_id)
            .values(state="numbered", fault="模板缺少字段", digest=None)
        )
    [found] = stuck(office)
    assert (found.case_id, found.by, found.detail) == (case_id, "document", "模板缺少字段")
    assert heading(found.what) == "用编申请受理通知书"


def test_a_held_case_and_one_of_a_suspended_unit_are_told_apart(office: Office) -> None:
    case_id = other(office)
    held(office, case_id)
    office.deliver_outbox()
    [found] = stuck(office)
    assert (found.by, found.detail) == ("held", "等待会议")


# --- quota -------------------------------------------------------------------------------------------------------


def test_the_fullest_unit_comes_first_and_the_figures_are_the_ledgers(office: Office) -> None:
    office.issued(office.opened())
    with office.database.read() as s:
        use = quotas.quota_use(s, local_day(office.now))
        posts = quotas.quota_use(s, local_day(office.now), quotas.POSTS)
        worker = quotas.quota_use(s, local_day(office.now), Resource.WORKER.value)
        institutions = quotas.quota_use(s, local_day(office.now), kind=UnitKind.INSTITUTION)
    assert [(each.holder, each.percent) for each in use] == [(SERVICES, 67), (RESEARCH, 58)]
    research = use[1]
    assert (research.authorised, research.occupied, research.reserved, research.vacancy, research.over) == (
        12, 6, 1, 5, 0,
    )  # fmt: skip
    assert [(each.authorised, each.occupied) for each in posts] == [(3, 1)]
    assert [(each.authorised, each.occupied) for each in worker] == [(2, 0)]
    assert [each.holder for each in institutions] == [SERVICES]


def test_months_go_back_from_today_by_the_journal(office: Office) -> None:
    office.now = datetime(2026, 5, 20, 1, tzinfo=office.now.tzinfo)
    with office.database.write() as s:
        authorise(s, office, 3)
    with office.database.read() as s:
        found = quotas.months(s, local_day(office.now))
    assert [(each.last_day, each.authorised, each.occupied) for each in found] == [
        (date(2026, 3, 31), 18, 10),
        (date(2026, 4, 30), 18, 10),
        (date(2026, 5, 20), 21, 10),
    ]


def test_quota_as_of_a_day_is_what_the_ledger_says_of_that_day(office: Office) -> None:
    before = local_day(office.now)
    office.later(days=10)
    with office.database.write() as s:
        authorise(s, office, 2)
    office.issued(office.opened())
    with office.database.read() as s:
        then, now = (quotas.quota_as_of(s, day) for day in (before, local_day(office.now)))
        none = quotas.quota_as_of(s, before - timedelta(days=1))
    line_then, line_now = then.lines[0], now.lines[0]
    assert (line_then.authorised, line_then.reserved, line_then.vacancy) == (10, 0, 4)
    assert (line_now.authorised, line_now.reserved, line_now.vacancy) == (12, 1, 5)
    assert now.holders == 2
    assert none.lines == []


def test_quota_is_paged_by_holder_and_found_by_name(office: Office) -> None:
    day = local_day(office.now)
    with office.database.read() as s:
        first = quotas.quota_as_of(s, day, limit=1)
        second = quotas.quota_as_of(s, day, limit=1, after=first.following or "")
        named = quotas.quota_as_of(s, day, name="服务")
        institutions = quotas.quota_as_of(s, day, kind=UnitKind.INSTITUTION)
        every = quotas.quota_as_of(s, day, limit=None)
    assert {each.holder for each in first.lines} == {RESEARCH}
    assert {each.holder for each in second.lines} == {SERVICES}
    assert second.following is None
    assert {each.holder for each in named.lines} == {SERVICES}
    assert {each.holder for each in institutions.lines} == {SERVICES}
    assert every.lines == [*first.lines, *second.lines]
