"""When a record's retention period 保管期限 ends (国家档案局令8号 and the office's 保管期限表, domain.md §7.1).

永久 never ends; 30年 and 10年 count from 1 January of the year after formation. A record of a case is formed when the
case ends, as a case file is filed by the year in which its matter was closed, or with its own issue when that is
later (a notice issued after the end); a record of no case with its issue. While its case is open no period runs.
"""

from __future__ import annotations

from datetime import date

from models.enums import Retention

YEARS: dict[Retention, int] = {Retention.YEARS_30: 30, Retention.YEARS_10: 10}


def ends_on(retention: Retention, issued_on: date, *, of_case: bool, case_ended_on: date | None) -> date | None:
    """The last day of the period, always a 31 December; None when it never ends or has not begun."""
    years = YEARS.get(retention)
    if years is None or (of_case and case_ended_on is None):
        return None
    formed = max(issued_on, case_ended_on) if of_case and case_ended_on is not None else issued_on
    return date(formed.year + years, 12, 31)


def formed_before(day: date) -> dict[Retention, date]:
    """By class: a record formed before this day has a period that ended before `day`. None of it is earlier than
    year 1, before which nothing was formed."""
    return {retention: date(max(1, day.year - years), 1, 1) for retention, years in YEARS.items()}
