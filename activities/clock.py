"""What happens by itself at workflow time: reminders, escalation, slip expiry, a lifted suspension.

Silence never approves: nothing here decides a step.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from docket import cases, notices
from models.enums import Department, Role, State, Step
from rules.deadlines import add_working_days, end_of_day, local_day, provisional

from . import endings
from .conduct import Conduct
from .facts import pass_by_exception, suspended_now
from .turn import Turn


def ring(turn: Turn, conduct: Conduct) -> datetime | None:
    """Do all that is due at `turn.at`. A moment is returned when the procedure must be looked at again, because an
    expiry yields."""
    if turn.case.state.final:
        return None
    again = conduct.ring(turn)
    if again is not None:
        return again
    if turn.case.state is State.HELD:
        _look_for_lifting(turn)
        return None
    _recount(turn)
    for row in turn.case.current():
        _ladder(turn, row)
    turn.touched()
    if turn.case.state is State.RETURNED:
        _correction_overdue(turn)
    return None


def _look_for_lifting(turn: Turn) -> None:
    if turn.case.row.held_from != "suspension":
        return
    if not suspended_now(turn):
        pass_by_exception(turn)
        endings.resume(turn)


def _recount(turn: Turn) -> None:
    """A deadline that was counted over a year not yet published is counted again once the calendar has it."""
    for row in turn.case.current():
        if cases.outdated(row, turn.deps.office):
            cases.recount_step(turn.s, row, turn.deps.office)
            turn.touched()
    if turn.case.state is State.RETURNED:
        _recount_correction(turn)


def _recount_correction(turn: Turn) -> None:
    """The unit's own days: never fewer than the letter gave it."""
    row, calendar = turn.case.row, turn.deps.calendar
    if not row.correction_provisional or row.correction_calendar == calendar.version:
        return
    last = add_working_days(row.correction_from, turn.deps.rulebook.deadlines.correction, calendar)
    turn.change(
        correction_due_at=max(row.correction_due_at, end_of_day(last)),
        correction_calendar=calendar.version,
        correction_provisional=provisional(row.correction_from, last, calendar),
    )


def _ladder(turn: Turn, row: Row[Any]) -> None:
    """Reminder before the due day, then the head, then the supervisors."""
    rules = turn.deps.rulebook.deadlines
    due_on = local_day(row.due_at)
    label = Step(row.step).label
    key = f"{row.case_id}|{row.step}|{row.round}|{row.subject}|{row.due_at.isoformat()}"
    if row.reminded_at is None:
        if row.remind_at <= turn.at:
            text = f"即将到期：{turn.case.row.title}“{label}”"
            notices.notify(turn.s, row.case_id, turn.at, "reminder", Department(row.department), text, f"{key}|remind")
            cases.mark_step(turn.s, row, reminded_at=turn.at)
        return
    after = rules.escalate_head_after
    head_at = end_of_day(add_working_days(due_on, after, turn.deps.calendar))
    above_at = end_of_day(add_working_days(due_on, after + rules.escalate_supervisors_after, turn.deps.calendar))
    if row.escalated_at is None and head_at < turn.at:
        text = f"已逾期：{turn.case.row.title}“{label}”"
        notices.notify(
            turn.s, row.case_id, turn.at, "escalation", Department.ESTABLISHMENT, text, f"{key}|head", Role.HEAD.value
        )
        cases.mark_step(turn.s, row, escalated_at=turn.at, escalated_to=Department.ESTABLISHMENT.value)
    elif row.escalated_to == Department.ESTABLISHMENT.value and above_at < turn.at:
        text = f"逾期未办，报监督：{turn.case.row.title}“{label}”"
        notices.notify(turn.s, row.case_id, turn.at, "escalation", Department.SUPERVISION, text, f"{key}|supervision")
        cases.mark_step(turn.s, row, escalated_to=Department.SUPERVISION.value)


def _correction_overdue(turn: Turn) -> None:
    due_at = turn.case.row.correction_due_at
    if due_at is not None and due_at < turn.at:
        text = f"补正期限已过：{turn.case.row.title}"
        key = notices.correction_key(turn.case)
        notices.notify(turn.s, turn.case.id, turn.at, "reminder", Department(turn.case.row.applied_by), text, key)
