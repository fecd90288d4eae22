"""Who sits where: a person's standing in the region, and the roster of a unit with masked identity numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlmodel import Session

from ledger import persons
from ledger.books import AnyRow
from ledger.db import keyring_of
from ledger.tables import ACCOUNT, JOURNAL, OCCUPANCY, PERSON
from models.enums import Resource, Sex
from models.ledger import PersonEntry, RosterRow, Seated, Standing

_ROSTER = (
    select(OCCUPANCY, PERSON.c.name, PERSON.c.sex, PERSON.c.identity_sealed)
    .join(PERSON, PERSON.c.ref == OCCUPANCY.c.person_ref)
    .where(OCCUPANCY.c.unit == bindparam("unit_code"), OCCUPANCY.c.id > bindparam("after_id"))
    .order_by(OCCUPANCY.c.id)
    .limit(bindparam("page_size"))
)
_NOW = _ROSTER.where(OCCUPANCY.c.left_on.is_(None))
_AS_OF = _ROSTER.where(
    OCCUPANCY.c.entered_on <= bindparam("day"),
    or_(OCCUPANCY.c.left_on.is_(None), OCCUPANCY.c.left_on > bindparam("day")),
)
_PLACE = (
    select(OCCUPANCY.c.position, OCCUPANCY.c.internal_body)
    .where(OCCUPANCY.c.person_ref == bindparam("person"), OCCUPANCY.c.left_on.is_(None))
    .order_by(OCCUPANCY.c.side, OCCUPANCY.c.id)
)
_SEATS = (
    select(
        OCCUPANCY.c.id,
        OCCUPANCY.c.unit,
        OCCUPANCY.c.resource,
        OCCUPANCY.c.internal_body,
        OCCUPANCY.c.position,
        OCCUPANCY.c.entered_on,
        OCCUPANCY.c.basis_no,
    )
    .where(OCCUPANCY.c.person_ref == bindparam("person"), OCCUPANCY.c.left_on.is_(None))
    .order_by(OCCUPANCY.c.side, OCCUPANCY.c.id)
)
_came, _went = JOURNAL.alias("came"), JOURNAL.alias("went")
_MOVES = (
    select(
        OCCUPANCY.c.id,
        OCCUPANCY.c.entered_on,
        OCCUPANCY.c.slot,
        _came.c.transfer_id.label("came_by"),
        _went.c.transfer_id.label("went_by"),
    )
    .join(ACCOUNT, ACCOUNT.c.id == OCCUPANCY.c.account)
    .join(_came, and_(_came.c.holder == OCCUPANCY.c.entered_holder, _came.c.seq == OCCUPANCY.c.entered_seq))
    .outerjoin(_went, and_(_went.c.holder == ACCOUNT.c.holder, _went.c.seq == OCCUPANCY.c.left_seq))
    .where(OCCUPANCY.c.person_ref == bindparam("person"))
)
_INDEX = select(PERSON.c.identity_index).where(PERSON.c.ref == bindparam("person"))
_SEATED = (
    select(JOURNAL.c.recorded_at)
    .join(
        OCCUPANCY,
        and_(JOURNAL.c.holder == OCCUPANCY.c.entered_holder, JOURNAL.c.seq == OCCUPANCY.c.entered_seq),
    )
    .where(
        OCCUPANCY.c.person_ref == bindparam("person"),
        OCCUPANCY.c.left_on.is_(None),
        OCCUPANCY.c.side == persons.HEADCOUNT,
    )
)


def seated_at(s: Session, person_ref: str) -> datetime | None:
    """When the person's present headcount was recorded; None when he or she is on none."""
    moment: datetime | None = s.execute(_SEATED, {"person": person_ref}).scalar()
    return moment


def seats_of(s: Session, person_ref: str) -> list[Seated]:
    """Every place that the person holds now, the headcount before the posts."""
    s.flush()
    earlier = _before_mergers(s, person_ref)
    rows = s.connection().execute(_SEATS, {"person": person_ref}).mappings()
    return [Seated(**{name: row[name] for name in row if name != "id"}, since=earlier.get(row["id"])) for row in rows]


def _before_mergers(s: Session, person_ref: str) -> dict[int, date]:
    """Seat → the day of the entry that it goes back to, of those that a merger carried over: a row in without a slot
    that names the same transfer id as the row out of the seat before it (ledger/mergers.py)."""
    moves = {row.id: row for row in s.connection().execute(_MOVES, {"person": person_ref})}
    left = {row.went_by: row for row in moves.values() if row.went_by is not None}
    found: dict[int, date] = {}
    for seat, row in moves.items():
        first = row
        while first.slot is None and first.came_by is not None and first.came_by in left:
            first = left[first.came_by]
        if first is not row:
            found[seat] = first.entered_on
    return found


def hold(s: Session, person_refs: Iterable[str]) -> None:
    """Lock these persons until the transaction ends, in one order for everybody: two cases that look at once whether
    somebody is in another's hand must not both be told no."""
    for ref in sorted(set(person_refs)):
        persons.lock(s, ref)


def index_of(s: Session, person_ref: str) -> str | None:
    """The blind index under which cases find the person; None when the register does not know the reference."""
    index: str | None = s.connection().execute(_INDEX, {"person": person_ref}).scalar()
    return index


def standing(s: Session, identity_no: str) -> Standing | None:
    """Where the person of this identity number sits now; None when the register does not know the person."""
    s.flush()
    ref = persons.peek(s, identity_no)
    if ref is None:
        return None
    held = persons.seats(s, ref)
    headcount = persons.headcount_of(held)
    return Standing(
        person_ref=ref,
        headcount_unit=headcount.unit if headcount else None,
        headcount_account=headcount.account if headcount else None,
        headcount_resource=headcount.resource if headcount else None,
        post_units=[seat.unit for seat in held if seat.side == persons.POST],
    )


def roster(
    s: Session, unit: str, as_of: date | None = None, after: int = 0, limit: int = 100
) -> tuple[list[RosterRow], int | None]:
    """A page of occupancies of the unit and the `after` of the next page, None at the end.

    Without `as_of` those that have not ended; with it those that held on that day, as known now. The day of
    leaving is the first day off.
    """
    s.flush()
    page = {"unit_code": unit, "after_id": after, "page_size": limit + 1}
    query = _NOW if as_of is None else _AS_OF
    rows = s.connection().execute(query, page if as_of is None else {**page, "day": as_of}).all()
    shown = rows[:limit]
    return [_roster_row(s, row) for row in shown], shown[-1].id if len(rows) > limit else None


def _roster_row(s: Session, row: AnyRow) -> RosterRow:
    number = keyring_of(s).open_column(row.identity_sealed, "person", "identity_sealed", row.person_ref)
    return RosterRow(
        person_ref=row.person_ref,
        name=row.name,
        sex=Sex(row.sex),
        identity_masked=mask(number),
        resource=Resource(row.resource),
        internal_body=row.internal_body,
        position=row.position,
        entered_on=row.entered_on,
        left_on=row.left_on,
        exit_reason=row.exit_reason,
        basis_no=row.basis_no,
        slot=row.slot,
    )


def mask(identity_no: str) -> str:
    """First 6 and last 2 characters; a text too short to hide anything that way is hidden whole."""
    if len(identity_no) < 16:
        return "*" * len(identity_no)
    return identity_no[:6] + "*" * (len(identity_no) - 8) + identity_no[-2:]


def person_of(s: Session, person_ref: str) -> PersonEntry:
    """The person with identity data in clear, and the place held now (of the headcount before the posts).

    Raises LookupError when there is no such person, Unsealable when the row was altered.
    """
    s.flush()
    person = persons.opened(s, person_ref)
    place = s.connection().execute(_PLACE, {"person": person_ref}).first()
    if place is None:
        return person
    return person.model_copy(update={"position": place.position, "internal_body": place.internal_body})
