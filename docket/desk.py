"""The desk: what an activity tells the workflow after each act, and the case row tells the lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Row, bindparam, literal_column, select, union_all, update
from sqlmodel import Session

from models.decisions import Receipt
from models.docket import Desk, OpenStep
from models.enums import Department, SlipState, State, Step
from models.register import Case, Command, Record, Slip, table_of
from rules.deadlines import add_working_days, chinese_date, end_of_day, local_day

from .cases import CaseFile, Office
from .commands import FAULTY, PARKED
from .notices import correction_reminded

_case = table_of(Case)
_slip = table_of(Slip)
_record = table_of(Record)
_command = table_of(Command)

_VALID_SLIP = select(_slip.c.id, _slip.c.number, _slip.c.valid_until, _slip.c.round).where(
    _slip.c.case_id == bindparam("case_id"), _slip.c.state == SlipState.VALID.value
)
_PENDING: CompoundSelect[Any] = union_all(
    select(literal_column("0").label("parked")).where(
        _record.c.case_id == bindparam("case_id"), _record.c.state == "numbered"
    ),
    select(literal_column("1")).where(
        _command.c.case_id == bindparam("case_id"),
        _command.c.status.in_((PARKED, FAULTY)),
        _command.c.handled_at.is_(None),
    ),
)
LOOK_AGAIN = timedelta(minutes=5)
"""How soon what was parked is tried again: a key that is back should not wait for long, and a case that waits for weeks
must not fill its history."""
_DESK = (
    update(_case)
    .where(_case.c.id == bindparam("at_case"))
    .values(
        waiting_on=bindparam("new_waiting"),
        due_at=bindparam("new_due"),
        overdue=bindparam("new_overdue"),
        headline=bindparam("new_headline"),
    )
)


def desk(s: Session, case: CaseFile, at: datetime, office: Office, receipt: Receipt | None = None) -> Desk:
    """The whole of what the workflow may know now; also projected onto the case row for lists."""
    case_id = case.id
    current = case.current()
    waiting = sorted({Department(row.department) for row in current})
    if case.state is State.RETURNED:
        waiting = [Department(case.row.applied_by)]
    due = case.row.correction_due_at if case.state is State.RETURNED else min((r.due_at for r in current), default=None)
    if case.state is State.HELD:
        waiting, due = [Department.ESTABLISHMENT], None  # its clock stands
    overdue = due is not None and due < at
    waits = s.execute(_PENDING, {"case_id": case_id}).scalars().all()
    wake_at = _wake_at(s, case, current, at, office)
    if any(waits):
        wake_at = min(wake_at or at + LOOK_AGAIN, at + LOOK_AGAIN)
    headline = _headline(case, current, due)
    s.execute(
        _DESK,
        {
            "at_case": case_id,
            "new_waiting": ",".join(waiting),
            "new_due": due,
            "new_overdue": overdue,
            "new_headline": headline,
        },
    )
    return Desk(
        case_id=case_id,
        state=case.state,
        round=case.round,
        open=[
            OpenStep(
                step=row.step,
                round=row.round,
                subject=row.subject,
                department=Department(row.department),
                due_at=row.due_at,
            )
            for row in current
        ],
        wake_at=wake_at,
        waiting_on=waiting,
        due_at=due,
        overdue=overdue,
        documents_pending=len(waits) - sum(waits),
        headline=headline,
        receipt=receipt,
    )


def _headline(case: CaseFile, current: list[Row[Any]], due: datetime | None) -> str:
    """Where the case stands, in one Chinese sentence without personal data."""
    if case.state.final:
        return f"{case.row.no} {case.state.label}"
    if case.state is State.RETURNED:
        until = f"，请于{chinese_date(local_day(due))}前补正" if due else ""
        return f"{case.row.no} 已退回申请单位补正{until}"
    if case.state is State.HELD:
        return f"{case.row.no} 暂缓办理：{case.row.held_reason or ''}"
    parts: dict[tuple[str, str], int] = {}
    for row in current:
        parts[(row.department, row.step)] = parts.get((row.department, row.step), 0) + 1
    waits = "；".join(
        f"{Department(department).label}“{Step(step).label}”" + (f"{count}项" if count > 1 else "")
        for (department, step), count in parts.items()
    )
    until = f"，期限{chinese_date(local_day(due))}" if due else ""
    return f"{case.row.no} {case.state.label}，等待{waits}{until}" if waits else f"{case.row.no} {case.state.label}"


def _wake_at(s: Session, case: CaseFile, current: list[Row[Any]], at: datetime, office: Office) -> datetime | None:
    """The earliest moment at which something happens by itself; None when nothing will."""
    moments: list[datetime] = []
    if case.state.final:
        return None
    if case.state is State.HELD:
        # a suspension may be lifted by another procedure: look again each working day
        if case.row.held_from == "suspension":
            moments.append(end_of_day(add_working_days(local_day(at), 1, office.calendar)))
        moments.extend(_expiry(s, case))
        if case.row.alarm_at is not None:
            moments.append(case.row.alarm_at)
        return min(moments, default=None)
    for row in current:
        moments.extend(moment for moment in _step_moments(row, office) if moment is not None)
    moments.extend(_expiry(s, case))
    if case.row.alarm_at is not None:
        moments.append(case.row.alarm_at)
    if case.state is State.RETURNED and case.row.correction_due_at and not correction_reminded(s, case):
        moments.append(case.row.correction_due_at + timedelta(seconds=1))
    return min(moments, default=None)


def _expiry(s: Session, case: CaseFile) -> list[datetime]:
    """The moment after the last day of the valid slip; a hold does not stop it."""
    slip = s.execute(_VALID_SLIP, {"case_id": case.id}).first()
    return [slip.valid_until + timedelta(seconds=1)] if slip is not None else []


def _step_moments(row: Row[Any], office: Office) -> list[datetime | None]:
    rules = office.rulebook.deadlines
    due_on = local_day(row.due_at)
    if row.reminded_at is None:
        return [row.remind_at]
    if row.escalated_at is None:
        return [end_of_day(add_working_days(due_on, rules.escalate_head_after, office.calendar)) + timedelta(seconds=1)]
    if row.escalated_to == Department.ESTABLISHMENT.value:
        after = rules.escalate_head_after + rules.escalate_supervisors_after
        return [end_of_day(add_working_days(due_on, after, office.calendar)) + timedelta(seconds=1)]
    return [None]
