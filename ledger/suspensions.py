"""What closes the gate of a unit, and what opens it by exception (procedures.md, suspension of acceptance)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CTE, Select, and_, bindparam, literal, or_, select, true
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from ledger.books import Books
from ledger.tables import DEPARTURE, EXCEPTION, SUSPENSION, UNIT
from models.register import Departure, ExceptionalAcceptance, Suspension

# A parent of a parent of …: deeper than any real line of authority, and an end for a line that bites its tail.
_DEEPEST = 20


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


_UNLIFTED = _binding().where(SUSPENSION.c.lifted_at.is_(None)).limit(1)
_STANDING = _binding().where(
    SUSPENSION.c.from_at <= bindparam("moment"),
    or_(SUSPENSION.c.lifted_at.is_(None), SUSPENSION.c.lifted_at > bindparam("moment")),
)
_IN_FORCE = select(EXCEPTION.c.id).where(
    EXCEPTION.c.unit == bindparam("unit_code"),
    EXCEPTION.c.from_at <= bindparam("moment"),
    EXCEPTION.c.until_at >= bindparam("moment"),
)
_NAMED_IN_FORCE = _IN_FORCE.where(EXCEPTION.c.id == bindparam("exception"))
_below = _line("unit_code", parent_first=False)
_HOLDERS_BELOW = select(UNIT.c.holder).join(_below, UNIT.c.code == _below.c.code).distinct()
_OVERDUE = (
    select(DEPARTURE)
    .where(
        DEPARTURE.c.unit == bindparam("unit_code"),
        DEPARTURE.c.settled_at.is_(None),
        DEPARTURE.c.due_at < bindparam("moment"),
    )
    .order_by(DEPARTURE.c.due_at, DEPARTURE.c.id)
)
_SETTLE_DEPARTURES = (
    DEPARTURE.update()
    .where(
        DEPARTURE.c.unit == bindparam("unit_code"),
        DEPARTURE.c.person_ref == bindparam("person"),
        DEPARTURE.c.settled_at.is_(None),
    )
    .values(settled_at=bindparam("moment"))
)


def closed_now(s: Session, unit: str, exception: str | None, at: datetime) -> bool:
    """Whether new reservations of the unit stop, judged inside the caller's transaction.

    A suspension binds from the instant it commits and until its lifting commits, whatever moment it names: a
    decision taken just before must not slip past it (reliability.md P10). `exception` opens it if in force `at`.
    """
    connection = s.connection()
    if connection.execute(_UNLIFTED, {"unit_code": unit}).first() is None:
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


def exception_in_force(s: Session, unit: str, at: datetime) -> ExceptionalAcceptance | None:
    """The exceptional acceptance of the unit that is in force at `at`, the longest if there are several."""
    ids = s.connection().execute(_IN_FORCE, {"unit_code": unit, "moment": at}).scalars().all()
    if not ids:
        return None
    rows = select_rows(ExceptionalAcceptance).where(col(ExceptionalAcceptance.id).in_(ids))
    return s.exec(rows.order_by(col(ExceptionalAcceptance.until_at).desc(), col(ExceptionalAcceptance.id))).first()


def overdue_departures(s: Session, unit: str, at: datetime) -> list[Departure]:
    """Known departures of the unit that are past due and not removed yet."""
    rows = s.execute(_OVERDUE, {"unit_code": unit, "moment": at})
    return [Departure(**row._mapping) for row in rows]


def settle_departures(s: Session, unit: str, person_ref: str, at: datetime) -> None:
    """A removal that is posted is no longer overdue."""
    s.connection().execute(_SETTLE_DEPARTURES, {"unit_code": unit, "person": person_ref, "moment": at})


def suspend(s: Session, suspension: Suspension) -> None:
    """Write a suspension behind the locks that a RESERVE of any covered unit takes.

    Without them PostgreSQL would let a reservation that looked a moment before commit a moment after.
    """
    reached = s.connection().execute(_HOLDERS_BELOW, {"unit_code": suspension.unit}).scalars().all()
    Books.of_holders(s, reached)
    s.add(suspension)
    s.flush()
