"""出编 as pure rules: what a reason frees, who approves, from which day on a report is late."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from activities.calendar import office_calendar
from models.enums import Department, ExitReason, Resource
from models.ledger import Seated
from models.rulebook import RemovalRules, Rulebook
from rules.deadlines import is_working_day, working_days_between
from rules.removal import approving, days_late, due_on, freed, side_of

CALENDAR = office_calendar(Rulebook())
TEN = RemovalRules(report_days=10)
HERE, THERE = "119999000000000198", "129999000000000270"
POSTS = [resource for resource in Resource if resource.is_post]
HEADCOUNTS = [resource for resource in Resource if resource.is_headcount]
DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31))
REASONS = st.sampled_from(list(ExitReason))


def seat(resource: Resource, unit: str = HERE) -> Seated:
    return Seated(unit=unit, resource=resource, entered_on=date(2015, 7, 1))


@st.composite
def seats(draw: st.DrawFn) -> list[Seated]:
    """One headcount at most, and posts here and there."""
    units = st.sampled_from([HERE, THERE])
    headcount = draw(st.none() | st.builds(seat, st.sampled_from(HEADCOUNTS), units))
    posts = draw(st.lists(st.builds(seat, st.sampled_from(POSTS), units), max_size=3))
    return [*([headcount] if headcount else []), *posts]


def test_removal_from_a_post_frees_posts_and_every_other_reason_the_headcount() -> None:
    assert {reason for reason in ExitReason if side_of(reason) == "post"} == {ExitReason.POST_REMOVED}
    held = [seat(Resource.ADMINISTRATIVE), seat(Resource.INTERNAL_CHIEF), seat(Resource.INTERNAL_DEPUTY, THERE)]
    assert freed(held, HERE, ExitReason.POST_REMOVED) == [held[1]]
    assert freed(held, HERE, ExitReason.RETIREMENT) == held
    assert freed(held, THERE, ExitReason.POST_REMOVED) == [held[2]]
    assert freed(held, THERE, ExitReason.RETIREMENT) == []


@given(seats(), REASONS)
def test_the_headcount_is_freed_with_everything_or_not_at_all(held: list[Seated], reason: ExitReason) -> None:
    leaving = freed(held, HERE, reason)
    if any(each.resource.is_headcount for each in leaving):
        assert reason is not ExitReason.POST_REMOVED
        assert leaving == held
    else:
        assert reason is ExitReason.POST_REMOVED or leaving == []
        assert all(each.unit == HERE for each in leaving)


@given(seats(), REASONS)
def test_a_leader_is_never_approved_by_the_personnel_department(held: list[Seated], reason: ExitReason) -> None:
    leaving = freed(held, HERE, reason)
    if any(each.resource.is_post for each in leaving):
        assert approving(leaving) is Department.ORGANISATION


def test_staff_of_institutions_and_workers_are_the_personnel_department_s() -> None:
    for resource in (Resource.WORKER, Resource.INSTITUTION_FULL, Resource.INSTITUTION_SELF):
        assert approving([seat(resource)]) is Department.PERSONNEL
    for resource in (Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.CIVIL_SERVICE_LIKE):
        assert approving([seat(resource)]) is Department.ORGANISATION


def test_ten_working_days_over_the_spring_festival() -> None:
    event = date(2026, 2, 10)
    assert due_on(event, TEN, CALENDAR) == date(2026, 3, 2)
    assert [days_late(event, date(2026, 3, day), TEN, CALENDAR) for day in (1, 2, 3, 4)] == [0, 0, 1, 2]


def test_a_report_on_a_day_off_after_the_last_day_is_late_by_one() -> None:
    event = date(2026, 3, 6)
    assert due_on(event, TEN, CALENDAR) == date(2026, 3, 20)  # a Friday
    assert [days_late(event, date(2026, 3, day), TEN, CALENDAR) for day in (20, 21, 22, 23, 24)] == [0, 1, 1, 1, 2]


@given(DAYS, DAYS, st.integers(1, 30))
def test_late_is_exactly_after_the_last_day_and_never_shrinks(event: date, reported: date, days: int) -> None:
    rules = RemovalRules(report_days=days)
    last = due_on(event, rules, CALENDAR)
    late = days_late(event, reported, rules, CALENDAR)
    assert (late > 0) == (reported > last)
    assert days_late(event, reported + timedelta(days=1), rules, CALENDAR) >= late
    assert is_working_day(last, CALENDAR)
    if late > 1:
        assert late == working_days_between(last, reported, CALENDAR)
        assert working_days_between(event, reported, CALENDAR) == days + late
