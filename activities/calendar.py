"""The working-day calendar: State Council holidays and make-up days from a kept library, corrected by the
office's own table in rules.toml."""

from __future__ import annotations

import hashlib
from datetime import date

import chinese_calendar

from models.rulebook import Calendar, Rulebook


def office_calendar(rulebook: Rulebook) -> Calendar:
    """Holidays and make-up working days, published years, and a version that names exactly this table."""
    holidays = set(chinese_calendar.holidays) | set(rulebook.holidays)
    workdays = set(chinese_calendar.workdays) | set(rulebook.workdays)
    holidays -= set(rulebook.workdays)
    workdays -= set(rulebook.holidays)
    # a year is published when the library or the office lists its National Day: early January days of the
    # next year are listed one year ahead
    published = {day.year for day in holidays if (day.month, day.day) == (10, 1)}
    return Calendar(
        version=_version(holidays, workdays),
        published=frozenset(published),
        holidays=frozenset(holidays),
        workdays=frozenset(workdays),
    )


def _version(holidays: set[date], workdays: set[date]) -> str:
    text = (
        ",".join(day.isoformat() for day in sorted(holidays)) + "|" + ",".join(d.isoformat() for d in sorted(workdays))
    )
    return f"cn-{max(holidays).year}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
