"""Working days of 2026 as the State Council published them, due moments in Shanghai, validity of slips."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.calendar import office_calendar
from models.rulebook import Calendar, DeadlineRules, Rulebook, SlipRules
from rules.deadlines import (
    SHANGHAI,
    add_months,
    add_working_days,
    chinese_date,
    end_of_day,
    is_working_day,
    local_day,
    provisional,
    slip_valid_until,
    terms,
    working_days_between,
)

PUBLISHED = office_calendar(Rulebook())
LAST_PUBLISHED = max(PUBLISHED.published)


def shanghai(text: str) -> datetime:
    """An aware moment from wall-clock time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- which days count ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-02-13", 1, "2026-02-14"),  # the Saturday before the Spring Festival is a make-up day
        ("2026-02-13", 2, "2026-02-24"),  # then nine days of holiday
        ("2026-02-13", 6, "2026-02-28"),  # the second make-up Saturday
        ("2026-02-13", 7, "2026-03-02"),
        ("2026-02-20", 1, "2026-02-24"),  # received in the middle of the festival
        ("2026-09-18", 1, "2026-09-20"),  # a make-up Sunday before the Mid-Autumn Festival
        ("2026-09-18", 6, "2026-09-28"),
        ("2026-09-30", 1, "2026-10-08"),  # National Day, seven days
        ("2026-09-30", 3, "2026-10-10"),  # and its make-up Saturday
        ("2026-09-30", 4, "2026-10-12"),
        ("2026-03-06", 1, "2026-03-09"),  # an ordinary weekend
    ],
)
def test_holidays_are_passed_over_and_make_up_days_count(start: str, count: int, end: str) -> None:
    day, due = date.fromisoformat(start), date.fromisoformat(end)
    assert add_working_days(day, count, PUBLISHED) == due
    assert working_days_between(day, due, PUBLISHED) == count


def test_backwards_the_same_days_are_passed_over() -> None:
    assert add_working_days(date(2026, 10, 8), -1, PUBLISHED) == date(2026, 9, 30)
    assert add_working_days(date(2026, 2, 24), -1, PUBLISHED) == date(2026, 2, 14)
    assert working_days_between(date(2026, 10, 8), date(2026, 9, 30), PUBLISHED) == -1


def test_no_working_day_is_the_day_itself_even_on_a_holiday() -> None:
    assert add_working_days(date(2026, 10, 1), 0, PUBLISHED) == date(2026, 10, 1)
    assert working_days_between(date(2026, 10, 1), date(2026, 10, 1), PUBLISHED) == 0


# --- whose calendar -----------------------------------------------------------------------------------------------


def test_an_unpublished_year_is_counted_monday_to_friday_and_says_so() -> None:
    opened = shanghai(f"{LAST_PUBLISHED + 1}-09-27T10:00")
    found = terms(opened, 20, PUBLISHED, DeadlineRules())
    assert found.provisional
    weekdays = [n for n in range(1, 29) if (local_day(opened) + timedelta(days=n)).weekday() < 5]
    assert local_day(found.due_at) == local_day(opened) + timedelta(days=weekdays[19])


def test_a_term_that_ends_in_an_unpublished_year_is_provisional_already() -> None:
    opened = shanghai(f"{LAST_PUBLISHED}-12-28T10:00")
    assert terms(opened, 10, PUBLISHED, DeadlineRules()).provisional
    assert not terms(opened, 1, PUBLISHED, DeadlineRules()).provisional
    assert provisional(date(LAST_PUBLISHED, 12, 31), date(LAST_PUBLISHED + 1, 1, 1), PUBLISHED)


def test_the_office_publishes_a_year_in_its_own_rules() -> None:
    year = LAST_PUBLISHED + 1
    own = Rulebook(holidays=[date(year, 10, n) for n in range(1, 8)])
    calendar = office_calendar(own)
    assert year in calendar.published
    assert not terms(shanghai(f"{year}-09-27T10:00"), 20, calendar, DeadlineRules()).provisional
    assert not any(is_working_day(date(year, 10, n), calendar) for n in range(1, 8))


def test_a_single_local_holiday_does_not_publish_a_year() -> None:
    calendar = office_calendar(Rulebook(holidays=[date(LAST_PUBLISHED + 1, 1, 1)]))
    assert calendar.published == PUBLISHED.published


def test_the_office_corrects_the_published_calendar_both_ways() -> None:
    own = office_calendar(Rulebook(holidays=[date(2026, 3, 10), date(2026, 2, 28)], workdays=[date(2026, 10, 2)]))
    assert not is_working_day(date(2026, 3, 10), own)  # a Tuesday of the office's own
    assert not is_working_day(date(2026, 2, 28), own)  # a make-up day that was taken back
    assert is_working_day(date(2026, 10, 2), own)  # a holiday on which the office works
    assert not is_working_day(date(2026, 10, 1), own)


def test_the_version_names_exactly_one_table_of_days() -> None:
    same = office_calendar(Rulebook())
    other = office_calendar(Rulebook(holidays=[date(2026, 3, 10)]))
    assert same.version == PUBLISHED.version
    assert other.version != PUBLISHED.version


# --- moments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-02T00:00:00", "2026-03-03"),
        ("2026-03-02T23:59:59", "2026-03-03"),  # the last second of the day is still that day
        ("2026-03-03T00:00:00", "2026-03-04"),
        ("2026-03-07T12:00:00", "2026-03-09"),  # received on a Saturday
    ],
)
def test_a_term_ends_with_the_last_second_of_its_day_in_shanghai(received: str, due: str) -> None:
    found = terms(shanghai(received), 1, PUBLISHED, DeadlineRules())
    assert found.due_at == shanghai(f"{due}T23:59:59")
    assert found.due_at.tzinfo is UTC
    assert local_day(found.due_at + timedelta(seconds=1)) == date.fromisoformat(due) + timedelta(days=1)


def test_the_day_of_receipt_is_the_day_in_shanghai_wherever_the_clock_stands() -> None:
    evening_in_utc = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # half past midnight of 3 March in Shanghai
    assert local_day(evening_in_utc) == date(2026, 3, 3)
    assert terms(evening_in_utc, 1, PUBLISHED, DeadlineRules()).opened_on == date(2026, 3, 3)


def test_the_reminder_comes_at_nine_two_working_days_before() -> None:
    found = terms(shanghai("2026-09-29T10:00"), 5, PUBLISHED, DeadlineRules(remind_before=2))
    assert found.due_at == shanghai("2026-10-12T23:59:59")
    assert found.remind_at == shanghai("2026-10-09T09:00")


def test_a_reminder_never_lies_before_the_receipt() -> None:
    received = shanghai("2026-03-02T15:00")
    assert terms(received, 1, PUBLISHED, DeadlineRules(remind_before=5)).remind_at == received


# --- slips --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "months", "last"),
    [
        ("2026-03-02T09:00", 6, "2026-09-02"),
        ("2026-08-31T09:00", 6, "2027-02-28"),  # the day does not exist: the last of the month
        ("2027-08-31T09:00", 6, "2028-02-29"),  # a leap year
        ("2026-10-31T09:00", 1, "2026-11-30"),
        ("2026-12-31T09:00", 2, "2027-02-28"),
        ("2026-01-31T23:30", 1, "2026-02-28"),
        ("2024-02-29T09:00", 12, "2025-02-28"),
        ("2026-12-01T09:00", 1, "2027-01-01"),
    ],
)
def test_a_slip_is_valid_to_the_end_of_a_day_calendar_months_later(issued: str, months: int, last: str) -> None:
    until = slip_valid_until(shanghai(issued), SlipRules(validity_months=months))
    assert until == shanghai(f"{last}T23:59:59")


@pytest.mark.parametrize(
    ("issued", "last"),
    [("2026-03-02T09:00", "2026-09-02"), ("2026-08-31T09:00", "2026-12-31"), ("2026-12-31T23:00", "2026-12-31")],
)
def test_capped_at_the_year_end_it_never_reaches_into_the_next_year(issued: str, last: str) -> None:
    until = slip_valid_until(shanghai(issued), SlipRules(capped_at_year_end=True))
    assert until == shanghai(f"{last}T23:59:59")


def test_the_year_of_the_cap_is_the_year_in_shanghai() -> None:
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # already 2027 in Shanghai
    assert slip_valid_until(new_year, SlipRules(capped_at_year_end=True)) == shanghai("2027-07-01T23:59:59")


def test_dates_are_written_without_padding() -> None:
    assert chinese_date(date(2026, 3, 1)) == "2026年3月1日"


# --- properties ---------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))
COUNTS = st.integers(0, 120)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """The published calendar, or one of any days at all."""
    if draw(st.booleans()):
        return PUBLISHED
    holidays, workdays = draw(st.frozensets(DAYS, max_size=40)), draw(st.frozensets(DAYS, max_size=40))
    return Calendar(version="drawn", published=frozenset({2026}), holidays=holidays - workdays, workdays=workdays)


@given(DAYS, COUNTS, calendars())
def test_counting_undoes_adding(day: date, count: int, calendar: Calendar) -> None:
    due = add_working_days(day, count, calendar)
    assert working_days_between(day, due, calendar) == count
    assert count == 0 or is_working_day(due, calendar)


@given(DAYS, COUNTS, calendars())
def test_adding_undoes_counting_from_a_working_day(day: date, count: int, calendar: Calendar) -> None:
    due = add_working_days(day, count, calendar)
    if is_working_day(day, calendar):
        assert add_working_days(due, -count, calendar) == day
        assert working_days_between(due, day, calendar) == -count


@given(DAYS, DAYS, calendars())
def test_the_count_is_of_opposite_sign_in_the_other_direction(one: date, two: date, calendar: Calendar) -> None:
    assert working_days_between(one, two, calendar) == -working_days_between(two, one, calendar)


@given(DAYS, COUNTS, COUNTS, calendars())
def test_terms_add_up(day: date, first: int, second: int, calendar: Calendar) -> None:
    in_two = add_working_days(add_working_days(day, first, calendar), second, calendar)
    assert in_two == add_working_days(day, first + second, calendar)


@given(DAYS, st.integers(1, 36))
def test_months_keep_the_day_or_take_the_last_of_the_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(DAYS)
def test_the_end_of_a_day_belongs_to_that_day(day: date) -> None:
    assert local_day(end_of_day(day)) == day
