"""The register of warnings: one open per unit and indicator, and what a unit may know of it (procedures.md §5).

Every function takes the caller's session and never commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.docket import WarningView
from models.enums import Indicator, Procedure, State, StepState, WarningLevel
from models.monitoring import WarningOutcome
from models.register import Case, StepRow, WarningRow, table_of

_warning = table_of(WarningRow)
_case = table_of(Case)
_step = table_of(StepRow)

MONITOR_ID = "system-monitor"
"""Who raises what the monitors find: no account, so nobody can act as it."""

_INSERT = insert(_warning)
_OF_CASE = select(_warning).where(_warning.c.case_id == bindparam("case_id"))
_STANDING = (
    select(_case.c.no)
    .join(_warning, _warning.c.case_id == _case.c.id)
    .where(
        _warning.c.unit == bindparam("at_unit"),
        _warning.c.indicator == bindparam("at_indicator"),
        _warning.c.closed_at.is_(None),
    )
)
_ALL_STANDING = select(_warning.c.unit, _warning.c.indicator).where(_warning.c.closed_at.is_(None))
_CLOSED_SINCE = select(_warning.c.unit, _warning.c.indicator).where(_warning.c.closed_at >= bindparam("since"))
_RAISED_AT = (
    select(func.count())
    .select_from(_warning)
    .where(_warning.c.opened_at == bindparam("at"), _warning.c.raised_by == bindparam("raised_by"))
)
_TOLD = select(_warning.c.case_id).where(_warning.c.case_id == _case.c.id, _warning.c.told_at.is_not(None)).exists()
_FINAL = [state.value for state in State if state.final]
_COUNTED_OF_STEPS = (
    select(_step.c.case_id.label("case_id"))
    .join(_case, _case.c.id == _step.c.case_id)
    .where(
        _step.c.state == StepState.CURRENT.value,
        _step.c.provisional.is_(True),
        _step.c.calendar_version != bindparam("version"),
        _case.c.state.not_in(_FINAL),
    )
)
_COUNTED_OF_CORRECTIONS = select(_case.c.id.label("case_id")).where(
    _case.c.state == State.RETURNED.value,
    _case.c.correction_provisional.is_(True),
    _case.c.correction_calendar != bindparam("version"),
)
_counted = union(_COUNTED_OF_STEPS, _COUNTED_OF_CORRECTIONS).subquery()
_COUNTED_ANEW = select(_counted.c.case_id).order_by(_counted.c.case_id).limit(bindparam("limit"))


def enter(
    s: Session,
    case_id: str,
    unit: str,
    indicator: Indicator,
    level: WarningLevel,
    raised_by: str,
    at: datetime,
) -> bool:
    """Enter the warning of a case; False, and nothing written, when another one of the same unit and indicator is
    open. The unique index is what decides between two at once."""
    row = {
        "case_id": case_id,
        "unit": unit,
        "indicator": indicator.value,
        "level": level.value,
        "raised_by": raised_by,
        "opened_at": at,
    }
    if standing(s, unit, indicator) is not None:
        return False
    try:
        with s.begin_nested():
            s.execute(_INSERT, row)
    except IntegrityError:
        return False
    return True


def of_case(s: Session, case_id: str) -> Row[Any] | None:
    return s.execute(_OF_CASE, {"case_id": case_id}).one_or_none()


def standing(s: Session, unit: str, indicator: Indicator) -> str | None:
    """The case number of the open warning, if there is one."""
    number: str | None = s.execute(_STANDING, {"at_unit": unit, "at_indicator": indicator.value}).scalar()
    return number


def all_standing(s: Session) -> set[tuple[str, str]]:
    """(unit, indicator) of every open warning."""
    return {(row.unit, row.indicator) for row in s.execute(_ALL_STANDING)}


def closed_since(s: Session, since: datetime) -> set[tuple[str, str]]:
    """(unit, indicator) of every warning that was closed at or after that moment."""
    return {(row.unit, row.indicator) for row in s.execute(_CLOSED_SINCE, {"since": since})}


def raised_at(s: Session, at: datetime, raised_by: str) -> int:
    """How many warnings one run has raised, earlier attempts included."""
    return int(s.execute(_RAISED_AT, {"at": at, "raised_by": raised_by}).scalar_one())


def change(s: Session, case_id: str, **values: object) -> None:
    """Set columns of the case's warning."""
    s.execute(update(_warning).where(_warning.c.case_id == case_id).values(**values))


def told(s: Session, case_id: str, at: datetime) -> None:
    """From now on the unit knows of the warning; the first time counts."""
    change(s, case_id, told_at=func.coalesce(_warning.c.told_at, at))


def shown_to_units() -> ColumnElement[bool]:
    """Condition on a case row: a unit sees a warning only after it was told (a statement over `case_file`)."""
    return or_(_case.c.procedure != Procedure.EARLY_WARNING.value, _TOLD)


def view_of(s: Session, case_id: str) -> WarningView | None:
    """The warning as readers of its docket see it."""
    row = of_case(s, case_id)
    if row is None:
        return None
    number = None
    if row.handed_to:
        number = s.execute(select(_case.c.no).where(_case.c.id == row.handed_to)).scalar()
    return WarningView(
        indicator=Indicator(row.indicator),
        level=WarningLevel(row.level),
        raised_by_monitor=row.raised_by == MONITOR_ID,
        opened_at=row.opened_at,
        told_at=row.told_at,
        reply_due_at=row.reply_due_at,
        replied_at=row.replied_at,
        closed_at=row.closed_at,
        outcome=WarningOutcome(row.outcome).label if row.outcome else None,
        handed_to=row.handed_to,
        handed_to_no=number,
    )


def waiting_for_calendar(s: Session, version: str, limit: int) -> list[str]:
    """Cases with a deadline that was counted over a year not published then, by another calendar than `version`."""
    return list(s.execute(_COUNTED_ANEW, {"version": version, "limit": limit}).scalars())
