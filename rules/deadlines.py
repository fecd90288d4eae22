"""Working days, due moments and slip validity (procedures.md: deadlines in working days).

Day 0 is the day of receipt; a deadline of n working days ends with day n, Asia/Shanghai.
"""

from __future__ import annotations

import calendar as month_lengths
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.decisions import Terms
from models.rulebook import Calendar, DeadlineRules, SlipRules

SHANGHAI = ZoneInfo("Asia/Shanghai")
_END_OF_DAY = time(23, 59, 59)


def local_day(at: datetime) -> date:
    """The calendar day in Asia/Shanghai of an aware moment."""
    return at.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """23:59:59 in Asia/Shanghai, as UTC."""
    return datetime.combine(day, _END_OF_DAY, SHANGHAI).astimezone(UTC)


def is_working_day(day: date, calendar: Calendar) -> bool:
    if day in calendar.workdays:
        return True
    return day.weekday() < 5 and day not in calendar.holidays


def add_working_days(day: date, count: int, calendar: Calendar) -> date:
    """The `count`-th working day after `day` (before it when negative); `day` itself for 0."""
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    while left:
        day += step
        if is_working_day(day, calendar):
            left -= 1
    return day


def working_days_between(start: date, end: date, calendar: Calendar) -> int:
    """Working days after `start` up to and with `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start, calendar)
    span = (end - start).days
    return sum(is_working_day(start + timedelta(days=n), calendar) for n in range(1, span + 1))


def provisional(start: date, end: date, calendar: Calendar) -> bool:
    """True when a year between the two days is not yet published."""
    return any(year not in calendar.published for year in range(start.year, end.year + 1))


def terms(opened_at: datetime, days: int, calendar: Calendar, rules: DeadlineRules) -> Terms:
    """Due moment, reminder moment and the calendar that fixed them."""
    opened_on = local_day(opened_at)
    due_on = add_working_days(opened_on, days, calendar)
    return Terms(
        due_at=end_of_day(due_on),
        remind_at=max(opened_at, remind_at(due_on, calendar, rules)),
        working_days=days,
        calendar_version=calendar.version,
        provisional=provisional(opened_on, due_on, calendar),
        opened_on=opened_on,
    )


def remind_at(due_on: date, calendar: Calendar, rules: DeadlineRules) -> datetime:
    """Nine o'clock of the reminder's day: one in the small hours helps nobody."""
    remind_on = add_working_days(due_on, -rules.remind_before, calendar)
    return datetime.combine(remind_on, time(9), SHANGHAI).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Calendar months; the last day of the month where the day does not exist."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return date(year, month, min(day.day, month_lengths.monthrange(year, month)[1]))


def slip_valid_until(issued_at: datetime, rules: SlipRules) -> datetime:
    """End of the last day on which the slip may be used."""
    issued_on = local_day(issued_at)
    last = add_months(issued_on, rules.validity_months)
    if rules.capped_at_year_end:
        last = min(last, date(issued_on.year, 12, 31))
    return end_of_day(last)


def chinese_date(day: date) -> str:
    """2026年3月1日, without zero-padding (GB/T 9704-2012)."""
    return f"{day.year}年{day.month}月{day.day}日"
