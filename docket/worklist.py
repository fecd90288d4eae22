"""What waits for an officer's department and unit, with the working days left (待办); and what was escalated to
the head or to the supervisors because nobody acted in time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, or_, select
from sqlmodel import Session

from models.decisions import Officer
from models.docket import CaseRow
from models.enums import Department, Procedure, Role, State, StepState
from models.register import Case, StepRow, Unit, table_of
from models.rulebook import Calendar
from rules.deadlines import local_day, working_days_between

_case = table_of(Case)
_step = table_of(StepRow)
_unit = table_of(Unit)

LIMIT = 500

_WAITING = (
    select(
        _case.c.id,
        _case.c.no,
        _case.c.procedure,
        _case.c.title,
        _case.c.unit,
        _unit.c.name.label("unit_name"),
        _case.c.state,
        _case.c.opened_at,
        _step.c.step,
        _step.c.subject,
        _step.c.round,
        _step.c.due_at,
        _step.c.department,
        _step.c.escalated_to,
    )
    .join(_case, _case.c.id == _step.c.case_id)
    .join(_unit, _unit.c.code == _case.c.unit)
    .where(_step.c.state == StepState.CURRENT.value)
    .order_by(_step.c.due_at, _case.c.id, _step.c.subject)
    .limit(LIMIT)
)
_RETURNED = (
    select(_case, _unit.c.name.label("unit_name"))
    .join(_unit, _unit.c.code == _case.c.unit)
    .where(_case.c.state == State.RETURNED.value)
    .order_by(_case.c.due_at, _case.c.id)
    .limit(LIMIT)
)


def worklist(s: Session, officer: Officer, now: datetime, calendar: Calendar) -> list[CaseRow]:
    """What was returned to the officer's side, then one row per waiting step, earliest due first. Held cases wait
    for nobody but the head. Who stands in for a colleague sees the colleague's list."""
    returned = s.execute(_RETURNED.where(_applied(officer))).all()
    waiting = s.execute(_WAITING.where(_mine(officer) | _above(officer), _case.c.state != State.HELD.value)).all()
    return [
        *(_row(row, None, "", officer.department, now, calendar) for row in returned),
        *(_row(row, row.step, row.subject, Department(row.department), now, calendar) for row in waiting),
    ]


def _applied(officer: Officer) -> ColumnElement[bool]:
    """The side that corrects: the unit that applied, or the approvers of a department that reported by itself."""
    by_department = _case.c.applied_by == officer.department.value
    if officer.department is Department.UNIT:
        return and_(by_department, _case.c.unit == (officer.unit or ""))
    return by_department if Role.APPROVER in officer.roles else false()


def _mine(officer: Officer) -> ColumnElement[bool]:
    """In SQL, before the limit: the steps of other roles must not crowd out the officer's own."""
    roles = "," + _step.c.roles + ","
    any_role = or_(false(), *(roles.contains(f",{role.value},", autoescape=True) for role in sorted(officer.roles)))
    mine = and_(_step.c.department == officer.department.value, any_role)
    if officer.department is Department.UNIT:  # a unit's own step is the step of the case's unit alone
        return and_(mine, _case.c.unit == (officer.unit or ""))
    return mine


def _above(officer: Officer) -> ColumnElement[bool]:
    """Escalated to the head of the office, and after that to the supervisors."""
    if officer.department is Department.SUPERVISION:
        return _step.c.escalated_to == Department.SUPERVISION.value
    return _step.c.escalated_to.is_not(None) if Role.HEAD in officer.roles else false()


def _row(
    row: Row[Any], step: str | None, subject: str, department: Department, now: datetime, calendar: Calendar
) -> CaseRow:
    values = row._mapping
    due_at: datetime | None = values["due_at"]
    state = State(values["state"])
    return CaseRow(
        case_id=values["id"],
        case_no=values["no"],
        procedure=Procedure(values["procedure"]),
        title=values["title"],
        unit=values["unit"],
        unit_name=values["unit_name"],
        state=state,
        state_label=state.label,
        waiting_on=[department],
        step=step,
        subject=subject,
        round=values["round"],
        due_at=due_at,
        working_days_left=working_days_between(local_day(now), local_day(due_at), calendar) if due_at else None,
        overdue=due_at is not None and due_at < now,
        escalated=values.get("escalated_to") is not None,
        opened_at=values["opened_at"],
    )
