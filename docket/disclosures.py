"""Identity numbers shown in full: written down first, then opened. Never commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from ledger import occupancy
from models.audit import Act
from models.decisions import Officer
from models.register import Occupancy, table_of
from models.visits import Disclosure

from . import audit

_occupancy = table_of(Occupancy)
_SEAT = select(_occupancy.c.person_ref, _occupancy.c.unit)


def record(s: Session, seat: int, officer: Officer, reason: str, at: datetime) -> None:
    """Write down that the officer has the number of the person on this seat shown. Raises LookupError."""
    row = s.execute(_SEAT.where(_occupancy.c.id == seat)).one_or_none()
    if row is None:
        raise LookupError("no such seat")
    s.add(
        Disclosure(
            at=at,
            officer=officer.id,
            officer_name=officer.shown,
            department=officer.department.value,
            person_ref=row.person_ref,
            unit=row.unit,
            reason=reason,
        )
    )
    s.flush()
    audit.note(s, Act.DISCLOSURE, at, officer, about=row.person_ref)


def number_of(s: Session, seat: int) -> str:
    """The identity number in full; only after `record` has been committed. Raises LookupError, Unsealable."""
    row = s.execute(_SEAT.where(_occupancy.c.id == seat)).one_or_none()
    if row is None:
        raise LookupError("no such seat")
    return occupancy.person_of(s, row.person_ref).identity_no
