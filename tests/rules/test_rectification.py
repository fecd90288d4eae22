"""Subjects, dates and words of rectification, as rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.calendar import office_calendar
from models.applications import Problem
from models.enums import ProblemSource
from models.rulebook import RectificationRules, Rulebook
from rules.deadlines import end_of_day, is_working_day
from rules.rectification import (
    check_subjects,
    days_to_report,
    falls_due,
    faults,
    found_by,
    gate_text,
    new_due,
    other_check,
    overdue_text,
    problem_of,
    remind_moment,
    report_subject,
    sitting_of,
)

CALENDAR = office_calendar(Rulebook())
NUMBERS = st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True)
DAYS = st.dates(date(2026, 1, 5), date(2026, 12, 20))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(NUMBERS, st.integers(0, 40))
def test_a_subject_leads_back_to_its_problem_and_a_check_to_its_pair(no: str, attempt: int) -> None:
    first, second = check_subjects(no, attempt)
    assert {problem_of(first), problem_of(second), problem_of(report_subject(no, attempt))} == {no}
    assert (other_check(first), other_check(second)) == (second, first)
    assert sitting_of(first) == sitting_of(second) == f"{no}.{attempt}"


@given(NUMBERS, NUMBERS, st.integers(0, 9), st.integers(0, 9))
def test_two_steps_of_one_kind_never_share_a_subject(one: str, other: str, m: int, n: int) -> None:
    if (one, m) != (other, n):
        assert report_subject(one, m) != report_subject(other, n)
        assert not set(check_subjects(one, m)) & set(check_subjects(other, n))


@given(MOMENTS, MOMENTS, st.none() | MOMENTS)
def test_a_due_moment_closes_the_gate_once_past_unless_a_person_judged_it(
    due_at: datetime, at: datetime, decided_at: datetime | None
) -> None:
    if falls_due(due_at, at, decided_at):
        assert due_at < at
        assert decided_at is None or decided_at < due_at
    assert not falls_due(due_at, due_at, decided_at)
    assert not falls_due(due_at, at, due_at)


@given(DAYS, st.lists(st.none() | DAYS, max_size=2), st.integers(1, 30))
def test_a_new_date_is_the_earliest_that_was_set_or_a_working_day_ahead(
    today: date, named: list[date | None], days: int
) -> None:
    due = new_due(named, today, CALENDAR, RectificationRules(report_days=days))
    dates = [day for day in named if day]
    if dates:
        assert due == min(dates)
    else:
        assert due > today
        assert is_working_day(due, CALENDAR)


@given(DAYS, st.integers(1, 200), st.integers(0, 30))
def test_the_reminder_comes_before_the_end_of_the_due_day_and_never_before_the_opening(
    opened: date, length: int, before: int
) -> None:
    opened_at, due = end_of_day(opened) - timedelta(hours=12), opened + timedelta(days=length)
    remind_at = remind_moment(opened_at, due, CALENDAR, RectificationRules(remind_before=before))
    assert opened_at <= remind_at < end_of_day(due)
    assert days_to_report(opened, due, CALENDAR) >= 1


@given(DAYS, DAYS)
def test_what_is_not_past_is_not_overdue(due: date, today: date) -> None:
    assert bool(overdue_text(due, today, CALENDAR)) is (due < today)


def test_a_weekend_late_is_late_in_days() -> None:
    assert overdue_text(date(2026, 3, 6), date(2026, 3, 8), CALENDAR) == "已逾期2日"
    assert overdue_text(date(2026, 3, 6), date(2026, 3, 10), CALENDAR) == "已逾期2个工作日"


@pytest.mark.parametrize("no", ["110105199003077832", "11010519900307783X", "A110105199003077832"])
def test_a_number_that_looks_like_a_persons_is_no_number_of_a_problem(no: str) -> None:
    line = Problem(no=no, kind="x", facts="x", source=ProblemSource.AUDIT, measure="x", due=date(2026, 5, 6))
    assert faults([line], date(2026, 3, 2)) == ["问题编号不得使用身份证件号码"]


def test_the_gate_names_number_problems_and_whose_suspension_it_is() -> None:
    day = date(2026, 4, 2)
    assert (
        gate_text("示编停〔2026〕1号", "P1、P2", day, "整改2026-00001")
        == "《暂停受理通知书》（示编停〔2026〕1号）尚未解除（整改2026-00001，问题编号：P1、P2）"
    )
    assert gate_text(None, "P1", day, "整改2026-00001", "示范市发展研究局").startswith(
        "上级单位示范市发展研究局问题尚未整改到位，自2026年4月2日起"
    )


def test_the_ways_of_finding_are_joined_and_a_report_of_somebody_is_not_told() -> None:
    assert found_by([ProblemSource.TOUR, ProblemSource.AUDIT, ProblemSource.TOUR]) == "巡视和审计"
    assert found_by([ProblemSource.HOTLINE]) == "核查"
