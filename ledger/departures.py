"""Known departures that are not removed yet: what closes a unit's gate for staffing up once it is overdue.

Known means approved, or entered by ORGANISATION or PERSONNEL, or found by a cross-check; never guessed from age
(procedures.md, shared part).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from ledger.tables import DEPARTURE
from models.enums import ExitReason
from models.register import Departure

REPORTED = "reported"
"""Entered by the organisation or personnel department itself."""

APPROVED_EXIT = "approved-exit"
"""The department has approved the exit; only the removal is missing."""

DISAPPROVED = "disapproved"
"""The exit was approved and its day has come, and the case went back: the person is gone in fact, so the departure
stays known until LEAVE, or until the department does not approve it."""

_OVERDUE = (
    select(DEPARTURE)
    .where(
        DEPARTURE.c.unit == bindparam("unit_code"),
        DEPARTURE.c.settled_at.is_(None),
        DEPARTURE.c.due_at < bindparam("moment"),
    )
    .order_by(DEPARTURE.c.due_at, DEPARTURE.c.id)
)
_SETTLE = (
    update(DEPARTURE)
    .where(
        DEPARTURE.c.unit.in_(bindparam("units", expanding=True)),
        DEPARTURE.c.person_ref == bindparam("person"),
        DEPARTURE.c.settled_at.is_(None),
    )
    .values(settled_at=bindparam("moment"))
)
_SETTLE_POSTS = _SETTLE.where(DEPARTURE.c.reason == ExitReason.POST_REMOVED.value)


def overdue(s: Session, unit: str, at: datetime) -> list[Departure]:
    """Known departures of the unit that are past due and not removed yet."""
    rows = s.execute(_OVERDUE, {"unit_code": unit, "moment": at})
    return [Departure(**row._mapping) for row in rows]


def know(s: Session, departure: Departure) -> None:
    """Enter a departure, or bring the one that the same case made known of the person up to date."""
    found = s.exec(
        select_rows(Departure).where(
            col(Departure.case_id) == departure.case_id,
            col(Departure.person_ref) == departure.person_ref,
            col(Departure.settled_at).is_(None),
        )
    ).first()
    if found is None:
        s.add(departure)
    else:
        found.reason, found.source = departure.reason, departure.source
        found.event_on, found.due_at = departure.event_on, departure.due_at
        s.add(found)
    s.flush()


def settle(s: Session, units: Iterable[str], person_ref: str, at: datetime, *, posts_only: bool = False) -> None:
    """A removal that is posted is no longer overdue; one of leader posts settles only what is known of posts."""
    statement = _SETTLE_POSTS if posts_only else _SETTLE
    s.connection().execute(statement, {"units": sorted(set(units)), "person": person_ref, "moment": at})


def drop(s: Session, case_id: str, at: datetime, person_ref: str | None = None) -> None:
    """What the case made known, of one person or of all, holds no longer: withdrawn, or sent back. What was approved
    and has happened is not taken back with it."""
    where = [DEPARTURE.c.case_id == case_id, DEPARTURE.c.settled_at.is_(None), DEPARTURE.c.source != DISAPPROVED]
    if person_ref is not None:
        where.append(DEPARTURE.c.person_ref == person_ref)
    s.execute(update(DEPARTURE).where(*where).values(settled_at=at))


def deny(s: Session, case_id: str, unit: str, person_ref: str, at: datetime) -> None:
    """The exit of a person is not approved: what this case made known of it holds no longer, nor what an earlier
    one left behind as disapproved."""
    drop(s, case_id, at, person_ref)
    s.execute(
        update(DEPARTURE)
        .where(
            DEPARTURE.c.unit == unit,
            DEPARTURE.c.person_ref == person_ref,
            DEPARTURE.c.source == DISAPPROVED,
            DEPARTURE.c.settled_at.is_(None),
        )
        .values(settled_at=at)
    )


def disapprove(s: Session, case_id: str, today: date) -> None:
    """The approvals of the case are void: what has happened by then stays known, the rest as it was reported."""
    void = update(DEPARTURE).where(
        DEPARTURE.c.case_id == case_id, DEPARTURE.c.settled_at.is_(None), DEPARTURE.c.source == APPROVED_EXIT
    )
    s.execute(void.where(DEPARTURE.c.event_on <= today).values(source=DISAPPROVED))
    s.execute(void.where(DEPARTURE.c.event_on > today).values(source=REPORTED))


def disapproved(s: Session, case_id: str) -> frozenset[str]:
    """The persons of a case whose exit was approved and has happened, and whose approval is void."""
    rows = s.execute(
        select(DEPARTURE.c.person_ref).where(
            DEPARTURE.c.case_id == case_id, DEPARTURE.c.settled_at.is_(None), DEPARTURE.c.source == DISAPPROVED
        )
    )
    return frozenset(rows.scalars())
