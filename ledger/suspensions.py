"""What closes the gate of a unit, and what opens it by exception (procedures.md, suspension of acceptance)."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import CTE, Select, and_, bindparam, literal, or_, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from ledger.books import Books
from ledger.tables import EXCEPTION, SUSPENSION, UNIT
from models.register import ExceptionalAcceptance, Suspension

# A parent of a parent of …: deeper than any real line of authority, and an end for a line that bites its tail.
_DEEPEST = 20
_ALWAYS = datetime(9000, 1, 1, tzinfo=UTC)
"""After the beginning of every suspension."""


def _line(column: str, parent_first: bool) -> CTE:
    """The unit named by bind `column` and its line upwards (`parent_first`) or downwards, with distances."""
    start = select(UNIT.c.code, UNIT.c.parent, literal(0).label("distance")).where(UNIT.c.code == bindparam(column))
    line = start.cte("line", recursive=True)
    link = UNIT.c.code == line.c.parent if parent_first else UNIT.c.parent == line.c.code
    step = select(UNIT.c.code, UNIT.c.parent, line.c.distance + 1).join(line, link)
    return line.union(step.where(line.c.distance < _DEEPEST))


def _binding() -> Select[tuple[str]]:
    line = _line("unit_code", parent_first=True)
    reaches = or_(line.c.distance == 0, SUSPENSION.c.covers_subordinates.is_(true()))
    return select(SUSPENSION.c.id).join(line, and_(SUSPENSION.c.unit == line.c.code, reaches))


# A suspension that does not hold what was under way binds only what was applied for after it began.
_UNLIFTED = (
    _binding()
    .where(
        SUSPENSION.c.lifted_at.is_(None),
        or_(SUSPENSION.c.holds_under_way.is_(true()), SUSPENSION.c.from_at <= bindparam("applied")),
    )
    .limit(1)
)
_STANDING = _binding().where(
    SUSPENSION.c.from_at <= bindparam("moment"),
    or_(SUSPENSION.c.lifted_at.is_(None), SUSPENSION.c.lifted_at > bindparam("moment")),
)
_NOW = (
    EXCEPTION.c.from_at <= bindparam("moment"),
    EXCEPTION.c.until_at >= bindparam("moment"),
    or_(EXCEPTION.c.ended_at.is_(None), EXCEPTION.c.ended_at > bindparam("moment")),
)
_IN_FORCE = select(EXCEPTION.c.id).where(EXCEPTION.c.unit == bindparam("unit_code"), *_NOW)
# A matter that was excepted for a unit may be carried out on those below it as well: it names them itself.
_excepted = _line("unit_code", parent_first=True)
_NAMED_IN_FORCE = (
    select(EXCEPTION.c.id)
    .join(_excepted, EXCEPTION.c.unit == _excepted.c.code)
    .where(EXCEPTION.c.id == bindparam("exception"), *_NOW)
)
_below = _line("unit_code", parent_first=False)
_HOLDERS_BELOW = select(UNIT.c.holder).join(_below, UNIT.c.code == _below.c.code).distinct()
_line_up = _line("unit_code", parent_first=True)
_UNITS_ABOVE = select(_line_up.c.code).where(_line_up.c.distance > 0).order_by(_line_up.c.distance)
_UNITS_BELOW = select(_below.c.code).distinct().order_by(_below.c.code)


def closed_now(s: Session, unit: str, exception: str | None, at: datetime, applied_at: datetime | None = None) -> bool:
    """Whether new reservations of the unit stop, judged inside the caller's transaction.

    A suspension binds from the instant it commits and until its lifting commits, whatever moment it names: a
    decision taken just before must not slip past it (reliability.md P10). `exception` opens it if in force `at`.
    `applied_at`, when an accepted application came in, lets it pass a later suspension that holds no case under way.
    """
    connection = s.connection()
    applied = {"unit_code": unit, "applied": applied_at or _ALWAYS}
    if connection.execute(_UNLIFTED, applied).first() is None:
        return False
    if exception is None:
        return True
    named = {"unit_code": unit, "moment": at, "exception": exception}
    return connection.execute(_NAMED_IN_FORCE, named).first() is None


def standing_suspensions(s: Session, unit: str, at: datetime) -> list[Suspension]:
    """Suspensions that hold for the unit at `at`: its own, and a parent's that covers subordinates."""
    ids = s.connection().execute(_STANDING, {"unit_code": unit, "moment": at}).scalars().all()
    if not ids:
        return []
    rows = select_rows(Suspension).where(col(Suspension.id).in_(ids))
    return list(s.exec(rows.order_by(col(Suspension.from_at), col(Suspension.id))))


def exceptions_in_force(s: Session, unit: str, at: datetime) -> list[ExceptionalAcceptance]:
    """The exceptional acceptances of the unit that are in force at `at`, the longest first."""
    ids = s.connection().execute(_IN_FORCE, {"unit_code": unit, "moment": at}).scalars().all()
    if not ids:
        return []
    rows = select_rows(ExceptionalAcceptance).where(col(ExceptionalAcceptance.id).in_(ids))
    return list(s.exec(rows.order_by(col(ExceptionalAcceptance.until_at).desc(), col(ExceptionalAcceptance.id))))


def exception(s: Session, exception_id: str | None) -> ExceptionalAcceptance | None:
    return s.get(ExceptionalAcceptance, exception_id) if exception_id else None


def hold_exceptions(s: Session, unit: str) -> None:
    """Two cases that would both use the last application of an exception are judged one after the other."""
    s.execute(select(EXCEPTION.c.id).where(EXCEPTION.c.unit == unit).order_by(EXCEPTION.c.id).with_for_update()).all()


def units_below(s: Session, unit: str) -> list[str]:
    """The unit itself and every unit below it."""
    return list(s.connection().execute(_UNITS_BELOW, {"unit_code": unit}).scalars())


def units_above(s: Session, unit: str) -> tuple[str, ...]:
    """The line of units above it, the nearest first."""
    return tuple(dict.fromkeys(s.connection().execute(_UNITS_ABOVE, {"unit_code": unit}).scalars()))


def of_case(s: Session, case_id: str) -> list[Suspension]:
    """Every suspension that a case brought about, the earliest first."""
    rows = select_rows(Suspension).where(Suspension.case_id == case_id)
    return list(s.exec(rows.order_by(col(Suspension.from_at), col(Suspension.id))))


def suspend(s: Session, suspension: Suspension) -> None:
    """Write a suspension behind the locks that a RESERVE of any covered unit takes.

    Without them PostgreSQL would let a reservation that looked a moment before commit a moment after.
    """
    _lock_line(s, suspension.unit)
    s.add(suspension)
    s.flush()


def end(s: Session, suspension: Suspension, at: datetime, ended_by: str) -> None:
    """Lift a suspension (`lifted`, `not-confirmed`), behind the same locks: whoever was held a moment before is then
    seen by the caller, who wakes it."""
    _lock_line(s, suspension.unit)
    suspension.lifted_at = at
    suspension.ended_by = ended_by
    s.add(suspension)
    s.flush()


def hold_line(s: Session, unit: str) -> None:
    """The locks that a posting of the unit or of one below it takes, before anything else of them is read."""
    _lock_line(s, unit)


def _lock_line(s: Session, unit: str) -> None:
    reached = s.connection().execute(_HOLDERS_BELOW, {"unit_code": unit}).scalars().all()
    Books.of_holders(s, reached)
