"""The register of persons: identity number and birth date sealed, found by a keyed blind index (ledger.md rule 11)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ledger.db import keyring_of
from ledger.tables import OCCUPANCY, PERSON
from models.enums import Resource, Sex
from models.ledger import PersonEntry
from models.sealing import canonical_identity

_FIND = (
    select(PERSON.c.ref, PERSON.c.name)
    .where(PERSON.c.identity_index == bindparam("index"))
    .with_for_update(key_share=True)
)
_PEEK = select(PERSON.c.ref).where(PERSON.c.identity_index == bindparam("index"))
_LOCK = select(PERSON.c.ref).where(PERSON.c.ref == bindparam("person")).with_for_update(key_share=True)
_INSERT = PERSON.insert()
_RENAME = update(PERSON).where(PERSON.c.ref == bindparam("person")).values(name=bindparam("new_name"))
_ACTIVE = (
    select(
        OCCUPANCY.c.id,
        OCCUPANCY.c.unit,
        OCCUPANCY.c.account,
        OCCUPANCY.c.resource,
        OCCUPANCY.c.side,
        OCCUPANCY.c.entered_on,
        OCCUPANCY.c.entered_holder,
        OCCUPANCY.c.entered_seq,
    )
    .where(OCCUPANCY.c.person_ref == bindparam("person"), OCCUPANCY.c.left_on.is_(None))
    .order_by(OCCUPANCY.c.id)
)
_READ = select(PERSON).where(PERSON.c.ref == bindparam("person"))

HEADCOUNT = "headcount"
POST = "post"


@dataclass(frozen=True, slots=True)
class Seat:
    """An occupancy that has not ended. `side` headcount | post; `holder` and `entered_seq` name its journal row."""

    id: int
    unit: str
    account: str
    resource: Resource
    side: str
    entered_on: date
    holder: str
    entered_seq: int


def peek(s: Session, identity_no: str) -> str | None:
    """The reference of a known person, not locked: to learn which holders must be locked before the person."""
    ref: str | None = s.connection().execute(_PEEK, {"index": keyring_of(s).blind_index(identity_no)}).scalar()
    return ref


def find(s: Session, identity_no: str) -> str | None:
    """The reference of a known person, locked until the transaction ends."""
    row = s.connection().execute(_FIND, {"index": keyring_of(s).blind_index(identity_no)}).first()
    return None if row is None else row.ref


def lock(s: Session, person_ref: str) -> bool:
    return s.connection().execute(_LOCK, {"person": person_ref}).first() is not None


def enter(s: Session, person: PersonEntry) -> str:
    """The reference of `person`, entered if new; a changed name is taken over."""
    row = s.connection().execute(_FIND, {"index": keyring_of(s).blind_index(person.identity_no)}).first()
    if row is None:
        fields = sealed(s, person)
        s.connection().execute(_INSERT, fields)
        return str(fields["ref"])
    if row.name != person.name:
        s.connection().execute(_RENAME, {"person": row.ref, "new_name": person.name})
    return str(row.ref)


def sealed(s: Session, person: PersonEntry) -> dict[str, str | bytes]:
    """The row of a new person under a fresh, meaningless reference."""
    keyring = keyring_of(s)
    ref = uuid.uuid4().hex
    number = canonical_identity(person.identity_no)
    return {
        "ref": ref,
        "name": person.name,
        "sex": person.sex.value,
        "identity_sealed": keyring.seal_column(number, "person", "identity_sealed", ref),
        "birth_sealed": keyring.seal_column(person.birth_date.isoformat(), "person", "birth_sealed", ref),
        "identity_index": keyring.blind_index(number),
    }


def seats(s: Session, person_ref: str) -> list[Seat]:
    """Where the person sits now, oldest first."""
    rows = s.connection().execute(_ACTIVE, {"person": person_ref})
    return [
        Seat(
            row.id,
            row.unit,
            row.account,
            Resource(row.resource),
            row.side,
            row.entered_on,
            row.entered_holder,
            row.entered_seq,
        )
        for row in rows
    ]


def headcount_of(held: list[Seat]) -> Seat | None:
    return next((seat for seat in held if seat.side == HEADCOUNT), None)


def side_of(resource: Resource) -> str:
    return POST if resource.is_post else HEADCOUNT


def opened(s: Session, person_ref: str) -> PersonEntry:
    """The person with identity data in clear. Raises LookupError, or Unsealable when the row was altered."""
    row = s.connection().execute(_READ, {"person": person_ref}).first()
    if row is None:
        raise LookupError("no such person")
    keyring = keyring_of(s)
    return PersonEntry(
        name=row.name,
        sex=Sex(row.sex),
        birth_date=date.fromisoformat(keyring.open_column(row.birth_sealed, "person", "birth_sealed", row.ref)),
        identity_no=keyring.open_column(row.identity_sealed, "person", "identity_sealed", row.ref),
    )
