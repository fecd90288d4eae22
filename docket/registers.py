"""The registers as lists: what each list shows, who sees which rows, and pages of them. Only reads.

Lists are shaped in SQL. A page lies within the first MOST rows and nothing is counted beyond them: deep pages and
exact counts are what makes a list of a million rows slow, and nobody turns to page 4,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, literal, or_, select
from sqlmodel import Session

from ledger import suspensions
from models.decisions import Officer
from models.enums import Department, ProblemState, Role, SlotState, State
from models.register import (
    Account,
    Case,
    Holder,
    InternalBody,
    Journal,
    Occupancy,
    OfficerRow,
    Person,
    ProblemRow,
    Record,
    Slip,
    SlotRow,
    Suspension,
    Unit,
    table_of,
)
from models.visits import AuditRow, Disclosure
from records import retention

from .view import INTERNAL, OVERSEEING

MOST = 10_000
"""Rows of a list that can be paged through; what is beyond is found by a filter, or exported."""
HELD, KEPT_NO_MORE = "held", "disposed"
"""What may stand beside a record's retention class: a hold stops its disposal; it was destroyed."""
KEY_DIGITS = 9
"""Of a number that may be a key: more do not fit an INTEGER of PostgreSQL."""
UNITS_BY_INDEX = 40
"""Up to so many units a list is read unit by unit; more are found faster by walking the list in its order."""

_unit = table_of(Unit)
_body = table_of(InternalBody)
_account = table_of(Account)
_holder = table_of(Holder)
_journal = table_of(Journal)
_person = table_of(Person)
_occupancy = table_of(Occupancy)
_slip = table_of(Slip)
_slot = table_of(SlotRow)
_case = table_of(Case)
_record = table_of(Record)
_officer = table_of(OfficerRow)
_suspension = table_of(Suspension)
_problem = table_of(ProblemRow)
_disclosure = table_of(Disclosure)
_audit = table_of(AuditRow)
_parent = _unit.alias("parent")
_heir = _unit.alias("heir")

Condition = ColumnElement[bool]
Shown = SimpleNamespace
"""A row of a list: its columns by name."""


@dataclass(frozen=True)
class Listing:
    """A register as a list. `keys` name one row; `order` is that of a list nobody has sorted: total, and served by
    an index where there are many rows."""

    source: FromClause
    keys: tuple[ColumnElement[Any], ...]
    columns: Mapping[str, ColumnElement[Any]]
    order: tuple[ColumnElement[Any], ...]
    hidden: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    """Read with each row and shown nowhere as it is: what links and masks are made of."""

    def key_of(self, row: Shown) -> str:
        return "|".join(str(getattr(row, f"key{place}")) for place in range(len(self.keys)))

    def ordered(self, order: Sequence[ColumnElement[Any]]) -> tuple[ColumnElement[Any], ...]:
        return tuple(order) or self.order

    def at(self, key: str) -> Condition | None:
        """The condition of one row; None when `key` cannot be one."""
        parts = key.rsplit("|", len(self.keys) - 1) if len(self.keys) > 1 else [key]
        if len(parts) != len(self.keys):
            return None
        values: list[object] = []
        for column, part in zip(self.keys, parts, strict=True):
            if column.type.python_type is int:
                if not part.isascii() or not part.isdigit() or len(part) > KEY_DIGITS:
                    return None
                values.append(int(part))
            else:
                values.append(part)
        return and_(*(column == value for column, value in zip(self.keys, values, strict=True)))

    def selected(self) -> Select[Any]:
        named = [column.label(name) for name, column in {**self.columns, **self.hidden}.items()]
        keys = [column.label(f"key{place}") for place, column in enumerate(self.keys)]
        return select(*named, *keys).select_from(self.source)


def page(
    s: Session, listing: Listing, where: Sequence[Condition], order: Sequence[ColumnElement[Any]], skip: int, limit: int
) -> list[Shown]:
    """Rows `skip` to `skip + limit` of the list, none beyond MOST."""
    if skip >= MOST:
        return []
    wanted = listing.selected().where(*where).order_by(*listing.ordered(order))
    rows = s.execute(wanted.offset(skip).limit(min(limit, MOST - skip)))
    return [Shown(**row._mapping) for row in rows]


def every(
    s: Session, listing: Listing, where: Sequence[Condition], order: Sequence[ColumnElement[Any]], limit: int
) -> Iterator[list[Shown]]:
    """The list in portions, for an export; one row more than `limit` says that there are too many."""
    wanted = listing.selected().where(*where).order_by(*listing.ordered(order)).limit(limit + 1)
    for rows in s.execute(wanted.execution_options(yield_per=2_000)).partitions():
        yield [Shown(**row._mapping) for row in rows]


def count(s: Session, listing: Listing, where: Sequence[Condition]) -> int:
    """How many rows; one more than MOST stands for more."""
    some = select(literal(1)).select_from(listing.source).where(*where).limit(MOST + 1).subquery()
    return int(s.execute(select(func.count()).select_from(some)).scalar_one())


def one(s: Session, listing: Listing, where: Sequence[Condition], key: str) -> Shown | None:
    """The row of that key if it is among those that `where` lets through."""
    at = listing.at(key)
    if at is None:
        return None
    row = s.execute(listing.selected().where(*where, at)).one_or_none()
    return Shown(**row._mapping) if row is not None else None


# --- conditions -----------------------------------------------------------------------------------------------


def begins(s: Session, column: ColumnElement[Any], text: str) -> Condition:
    """`column` begins with `text`: as a range on SQLite, whose LIKE cannot use an index."""
    if s.get_bind().dialect.name == "sqlite":
        return and_(column >= text, column < text + "\U0010ffff")
    return column.startswith(text, autoescape=True)


def of_units(s: Session, column: ColumnElement[Any], name: str) -> Condition:
    """Rows of the units whose name contains `name`."""
    codes = list(s.execute(select(_unit.c.code).where(_unit.c.name.contains(name, autoescape=True))).scalars())
    return column.in_(codes) if len(codes) <= UNITS_BY_INDEX else column.concat("").in_(codes)


def own_unit(officer: Officer, column: ColumnElement[Any]) -> list[Condition]:
    """Officers of a unit see their own; every other department sees the whole register."""
    return [column == (officer.unit or "")] if officer.department is Department.UNIT else []


def own_holder(officer: Officer, column: ColumnElement[Any]) -> list[Condition]:
    """Units under one quota (合署办公) see one set of accounts and one chain."""
    if officer.department is not Department.UNIT:
        return []
    return [column.in_(select(_unit.c.holder).where(_unit.c.code == (officer.unit or "")))]


def records_of(officer: Officer) -> list[Condition]:
    """`docket.view.may_see_record` as a condition."""
    if officer.department is Department.ADMINISTRATION:
        return [literal(value=False)]
    internal = _record.c.kind.in_([kind.value for kind in INTERNAL])
    if officer.department is Department.UNIT:
        return [*own_unit(officer, _record.c.unit), ~internal]
    free = officer.department in OVERSEEING or Role.AUDITOR in officer.roles
    return [] if free else [~internal]


def suspensions_of(s: Session, officer: Officer, now: datetime) -> list[Condition]:
    """A unit sees its own suspensions, and of those above it the ones that stop it."""
    if officer.department is not Department.UNIT:
        return []
    standing = [row.id for row in suspensions.standing_suspensions(s, officer.unit or "", now)]
    return [or_(_suspension.c.unit == (officer.unit or ""), _suspension.c.id.in_(standing))]


def seated(as_of: date | None) -> list[Condition]:
    """Occupancies that hold now, or that held on a day; the day of leaving is the first day off."""
    left = _occupancy.c.left_on
    if as_of is None:
        return [left.is_(None)]
    return [_occupancy.c.entered_on <= as_of, or_(left.is_(None), left > as_of)]


def with_name(s: Session, text: str) -> Condition:
    """Occupancies of persons whose name begins so."""
    found = select(_person.c.ref).where(begins(s, _person.c.name, text))
    return _occupancy.c.person_ref.in_(found)


def seen_person(s: Session, text: str) -> Condition:
    """Disclosures about persons whose name begins so."""
    return _disclosure.c.person_ref.in_(select(_person.c.ref).where(begins(s, _person.c.name, text)))


def with_role(role: str) -> Condition:
    """Officers who hold the role; the roles stand in one text, divided by commas."""
    return literal(",").concat(_officer.c.roles).concat(",").contains(f",{role},", autoescape=True)


def of_cases(s: Session, column: ColumnElement[Any], number: str) -> Condition:
    """Rows of the cases whose number begins so."""
    return column.in_(select(_case.c.id).where(begins(s, _case.c.no, number)))


def of_holders(name: str) -> Condition:
    """Accounts of the holders whose name, or the name of one of their units, contains `name`."""
    units = select(_unit.c.holder).where(_unit.c.name.contains(name, autoescape=True))
    return or_(_holder.c.name.contains(name, autoescape=True), _account.c.holder.in_(units))


def late_problems(now: datetime) -> Condition:
    """Problems that should have been put right; while their case is held nobody is waited for."""
    open_now = _problem.c.state == ProblemState.OPEN.value
    return and_(open_now, _problem.c.due_at < now, _case.c.state != State.HELD.value)


def unconfirmed() -> Condition:
    """Suspensions that began by rule and that nobody has confirmed yet."""
    return and_(_suspension.c.confirmed_at.is_(None), _suspension.c.lifted_at.is_(None))


# --- the lists ------------------------------------------------------------------------------------------------

OVER = _account.c.occupied + _account.c.reserved + _account.c.set_aside - _account.c.authorised
"""How many are more than authorised; below zero what is free."""
_open_slots = (
    select(func.count())
    .where(_slot.c.slip_id == _slip.c.id, _slot.c.state == SlotState.OPEN.value)
    .correlate(_slip)
    .scalar_subquery()
)
_all_slots = select(func.count()).where(_slot.c.slip_id == _slip.c.id).correlate(_slip).scalar_subquery()
_first_unit = (
    select(_unit.c.holder, func.min(_unit.c.code).label("code")).group_by(_unit.c.holder).subquery("first_unit")
)

UNITS = Listing(
    source=_unit.outerjoin(_parent, _parent.c.code == _unit.c.parent),
    keys=(_unit.c.code,),
    columns={
        "name": _unit.c.name,
        "kind": _unit.c.kind,
        "level": _unit.c.level,
        "rank": _unit.c.rank,
        "parent_name": _parent.c.name,
        "certificate_no": _unit.c.certificate_no,
        "abolished_on": _unit.c.abolished_on,
        "data_fault": _unit.c.data_fault,
        "code": _unit.c.code,
    },
    hidden={"parent": _unit.c.parent, "holder": _unit.c.holder},
    order=(_unit.c.code,),
)
BODIES = Listing(
    source=_body.join(_unit, _unit.c.code == _body.c.unit),
    keys=(_body.c.id,),
    columns={
        "unit_name": _unit.c.name,
        "name": _body.c.name,
        "other_name": _body.c.other_name,
        "rank": _body.c.rank,
        "chief_posts": _body.c.chief_posts,
        "deputy_posts": _body.c.deputy_posts,
        "status": _body.c.status,
    },
    hidden={"unit": _body.c.unit},
    order=(_body.c.unit, _body.c.id),
)
QUOTAS = Listing(
    source=_account.join(_holder, _holder.c.id == _account.c.holder).outerjoin(
        _first_unit, _first_unit.c.holder == _account.c.holder
    ),
    keys=(_account.c.id,),
    columns={
        "unit_name": _holder.c.name,
        "resource": _account.c.resource,
        "authorised": _account.c.authorised,
        "occupied": _account.c.occupied,
        "reserved": _account.c.reserved,
        "set_aside": _account.c.set_aside,
        "free": -OVER,
        "absorb_until": _account.c.absorb_until,
        "note": _account.c.note,
    },
    hidden={"unit": _first_unit.c.code, "holder": _account.c.holder},
    order=(_holder.c.name, _account.c.id),
)
ROSTER = Listing(
    source=_occupancy.join(_person, _person.c.ref == _occupancy.c.person_ref).outerjoin(
        _unit, _unit.c.code == _occupancy.c.unit
    ),
    keys=(_occupancy.c.id,),
    columns={
        "name": _person.c.name,
        "sex": _person.c.sex,
        "identity": _person.c.identity_sealed,
        "unit_name": _unit.c.name,
        "internal_body": _occupancy.c.internal_body,
        "position": _occupancy.c.position,
        "resource": _occupancy.c.resource,
        "entered_on": _occupancy.c.entered_on,
        "basis_no": _occupancy.c.basis_no,
        "left_on": _occupancy.c.left_on,
        "exit_reason": _occupancy.c.exit_reason,
    },
    hidden={"unit": _occupancy.c.unit, "person_ref": _occupancy.c.person_ref},
    order=(_occupancy.c.unit, _occupancy.c.left_on, _occupancy.c.id),
)
JOURNAL = Listing(
    source=_journal.outerjoin(_unit, _unit.c.code == _journal.c.unit)
    .outerjoin(_case, _case.c.id == _journal.c.case_id)
    .outerjoin(_holder, _holder.c.id == _journal.c.holder),
    keys=(_journal.c.holder, _journal.c.seq),
    columns={
        "recorded_at": _journal.c.recorded_at,
        "unit_name": _unit.c.name,
        "seq": _journal.c.seq,
        "kind": _journal.c.kind,
        "resource": _journal.c.resource,
        "changes": _journal.c.d_authorised,
        "effective_on": _journal.c.effective_on,
        "case_no": _case.c.no,
        "basis_no": _journal.c.basis_no,
        "corrects": _journal.c.corrects,
        "hash": _journal.c.hash,
    },
    hidden={
        "d_authorised": _journal.c.d_authorised,
        "d_occupied": _journal.c.d_occupied,
        "d_reserved": _journal.c.d_reserved,
        "d_set_aside": _journal.c.d_set_aside,
        "d_tolerated": _journal.c.d_tolerated,
        "unit": _journal.c.unit,
        "holder": _journal.c.holder,
        "holder_name": _holder.c.name,
        "head_seq": _holder.c.head_seq,
        "prev_hash": _journal.c.prev_hash,
        "case_id": _case.c.id,
        "basis_body": _journal.c.basis_body,
        "basis_date": _journal.c.basis_date,
        "slot": _journal.c.slot,
    },
    order=(_journal.c.recorded_at.desc(), _journal.c.holder.desc(), _journal.c.seq.desc()),
)
SLIPS = Listing(
    source=_slip.outerjoin(_unit, _unit.c.code == _slip.c.unit).outerjoin(_case, _case.c.id == _slip.c.case_id),
    keys=(_slip.c.id,),
    columns={
        "number": _slip.c.number,
        "unit_name": _unit.c.name,
        "case_no": _case.c.no,
        "issued_at": _slip.c.issued_at,
        "valid_until": _slip.c.valid_until,
        "state": _slip.c.state,
        "slots": _all_slots,
        "open_slots": _open_slots,
    },
    hidden={"unit": _slip.c.unit, "case_id": _case.c.id},
    order=(_slip.c.issued_at.desc(), _slip.c.id),
)
PROBLEMS = Listing(
    source=_problem.outerjoin(_unit, _unit.c.code == _problem.c.unit).join(_case, _case.c.id == _problem.c.case_id),
    keys=(_problem.c.case_id, _problem.c.no),
    columns={
        "case_no": _case.c.no,
        "no": _problem.c.no,
        "unit_name": _unit.c.name,
        "kind": _problem.c.kind,
        "source": _problem.c.source,
        "state": _problem.c.state,
        "due_at": _problem.c.due_at,
        "opened_at": _problem.c.opened_at,
        "reported_at": _problem.c.reported_at,
        "closed_at": _problem.c.closed_at,
        "attempt": _problem.c.attempt,
        "clause": _problem.c.clause,
    },
    hidden={"unit": _problem.c.unit, "case_id": _case.c.id, "case_state": _case.c.state},
    order=(_problem.c.due_at, _problem.c.case_id, _problem.c.no),
)
SUSPENSIONS = Listing(
    source=_suspension.outerjoin(_unit, _unit.c.code == _suspension.c.unit).outerjoin(
        _case, _case.c.id == _suspension.c.case_id
    ),
    keys=(_suspension.c.id,),
    columns={
        "unit_name": _unit.c.name,
        "number": _suspension.c.number,
        "from_at": _suspension.c.from_at,
        "confirmed_at": _suspension.c.confirmed_at,
        "lifted_at": _suspension.c.lifted_at,
        "ended_by": _suspension.c.ended_by,
        "covers_subordinates": _suspension.c.covers_subordinates,
        "problems": _suspension.c.problems,
        "case_no": _case.c.no,
    },
    hidden={"unit": _suspension.c.unit, "case_id": _case.c.id},
    order=(_suspension.c.from_at.desc(), _suspension.c.id),
)
_KEEPING = case((_record.c.disposed_at.is_not(None), KEPT_NO_MORE), (retention.held(), HELD), else_=None)
_RECORDS = _record.outerjoin(_unit, _unit.c.code == _record.c.unit).outerjoin(_case, _case.c.id == _record.c.case_id)
RECORDS = Listing(
    source=_RECORDS,
    keys=(_record.c.id,),
    columns={
        "number": _record.c.number,
        "kind": _record.c.kind,
        "title": _record.c.title,
        "unit_name": _unit.c.name,
        "issued_on": _record.c.issued_on,
        "issuer": _record.c.issuer,
        "state": _record.c.state,
        "retention": _record.c.retention,
        "keeping": _KEEPING,
        "case_no": _case.c.no,
    },
    hidden={"unit": _record.c.unit, "case_id": _case.c.id},
    order=(_record.c.issued_on.desc(), _record.c.series, _record.c.seq.desc(), _record.c.id),
)
_successor = _record.alias("successor")
NUMBERS = Listing(
    source=_RECORDS.outerjoin(_successor, _successor.c.id == _record.c.superseded_by),
    keys=(_record.c.id,),
    columns={
        "series": _record.c.series,
        "year": _record.c.year,
        "seq": _record.c.seq,
        "number": _record.c.number,
        "kind": _record.c.kind,
        "title": _record.c.title,
        "state": _record.c.state,
        "void_reason": _record.c.void_reason,
        "successor": _successor.c.number,
        "issued_on": _record.c.issued_on,
        "filed_at": _record.c.filed_at,
        "disposed_at": _record.c.disposed_at,
    },
    hidden={"unit": _record.c.unit, "unit_name": _unit.c.name},
    order=(_record.c.series.desc(), _record.c.year.desc(), _record.c.seq.desc()),
)
OFFICERS = Listing(
    source=_officer.outerjoin(_unit, _unit.c.code == _officer.c.unit),
    keys=(_officer.c.id,),
    columns={
        "name": _officer.c.name,
        "login": _officer.c.login,
        "department": _officer.c.department,
        "unit_name": _unit.c.name,
        "roles": _officer.c.roles,
        "active": _officer.c.active,
    },
    hidden={"unit": _officer.c.unit},
    order=(_officer.c.department, _officer.c.login),
)
DISCLOSURES = Listing(
    source=_disclosure.outerjoin(_person, _person.c.ref == _disclosure.c.person_ref).outerjoin(
        _unit, _unit.c.code == _disclosure.c.unit
    ),
    keys=(_disclosure.c.id,),
    columns={
        "at": _disclosure.c.at,
        "officer_name": _disclosure.c.officer_name,
        "department": _disclosure.c.department,
        "person_name": _person.c.name,
        "unit_name": _unit.c.name,
        "reason": _disclosure.c.reason,
    },
    hidden={"unit": _disclosure.c.unit},
    order=(_disclosure.c.at.desc(), _disclosure.c.id.desc()),
)
AUDIT = Listing(
    source=_audit,
    keys=(_audit.c.id,),
    columns={
        "at": _audit.c.at,
        "act": _audit.c.act,
        "outcome": _audit.c.outcome,
        "officer_name": _audit.c.officer_name,
        "department": _audit.c.department,
        "about": _audit.c.about,
        "detail": _audit.c.detail,
        "address": _audit.c.address,
    },
    hidden={"unit": literal(None)},
    order=(_audit.c.id.desc(),),
)
