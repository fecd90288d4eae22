"""The register of units and internal bodies: what it says for a change, and what a signed reply makes of it.

Every field that changes leaves a `unit_change` row with the reply that it rests on (B §二.2; procedures.md §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, distinct, func, update
from sqlalchemy import select as select_core
from sqlmodel import Session, col, select

from ledger import balances, suspensions
from ledger.chain import LedgerFault
from ledger.tables import OCCUPANCY, SLIP, SLOT
from models.changes import Body, EstablishUnit
from models.enums import ChangeKind, Level, SlotState, UnitKind
from models.register import Holder, InternalBody, Occupancy, Slip, SlotRow, Unit, UnitChange
from rules.changes import BodyFacts, UnitFacts, body_text

_HERE = (OCCUPANCY.c.unit == bindparam("unit_code"), OCCUPANCY.c.left_on.is_(None))
_PEOPLE = select_core(func.count(distinct(OCCUPANCY.c.person_ref))).where(*_HERE)
_SITTING = (
    select_core(OCCUPANCY.c.internal_body, func.count(distinct(OCCUPANCY.c.person_ref)))
    .where(*_HERE, OCCUPANCY.c.internal_body.is_not(None))
    .group_by(OCCUPANCY.c.internal_body)
)
_OPEN_POSTS = (SLIP.c.unit == bindparam("unit_code"), SLOT.c.state == SlotState.OPEN.value)
_PROMISED = (
    select_core(SLOT.c.internal_body, func.count())
    .join(SLIP, SLIP.c.id == SLOT.c.slip_id)
    .where(*_OPEN_POSTS, SLOT.c.internal_body.is_not(None))
    .group_by(SLOT.c.internal_body)
)


@dataclass(frozen=True, slots=True)
class Warrant:
    """On what a change of the register rests: the case, its reply, and the days."""

    case_id: str
    basis_no: str
    effective_on: date
    recorded_at: datetime


def facts(
    s: Session, codes: Iterable[str], unfinished: dict[str, tuple[str, ...]] | None = None
) -> dict[str, UnitFacts]:
    """The units that exist among `codes`; `unfinished` by code are case numbers that the caller knows."""
    s.flush()
    rows = s.exec(select(Unit).where(col(Unit.code).in_(set(codes)))).all()
    return {row.code: _facts(s, row, (unfinished or {}).get(row.code, ())) for row in rows}


def _facts(s: Session, row: Unit, unfinished: tuple[str, ...]) -> UnitFacts:
    here = {"unit_code": row.code}
    connection = s.connection()
    inside = {found[0]: int(found[1]) for found in connection.execute(_SITTING, here)}
    promised = {found[0]: int(found[1]) for found in connection.execute(_PROMISED, here)}
    bodies = s.exec(select(InternalBody).where(col(InternalBody.unit) == row.code)).all()
    together = select(Unit.code).where(col(Unit.holder) == row.holder, col(Unit.code) != row.code)
    shares = s.exec(together.where(col(Unit.abolished_on).is_(None)).order_by(Unit.code)).all()
    below = select(Unit.code, Unit.name).where(col(Unit.parent) == row.code, col(Unit.abolished_on).is_(None))
    found = balances.balances(s, row.code)
    # persons who are counted and not named in the register are people all the same
    named = int(connection.execute(_PEOPLE, here).scalar_one())
    counted = sum(each.occupied for each in found if each.resource.is_headcount)
    return UnitFacts(
        code=row.code,
        name=row.name,
        kind=UnitKind(row.kind),
        rank=row.rank,
        level=Level(row.level) if row.level else None,
        parent=row.parent,
        other_names=row.other_names or "",
        abolished_on=row.abolished_on,
        people=named if shares else max(named, counted),
        balances={each.resource: each for each in found},
        bodies={
            body.name: BodyFacts(
                body.rank,
                body.chief_posts,
                body.deputy_posts,
                inside.get(body.name, 0),
                promised.get(body.name, 0),
            )
            for body in bodies
        },
        shares=tuple(shares),
        children={child[0]: child[1] for child in s.exec(below.order_by(Unit.name))},
        above=suspensions.units_above(s, row.code),
        unfinished=unfinished,
    )


def within(s: Session, code: str) -> frozenset[str]:
    """The unit and all units below it."""
    return frozenset(suspensions.units_below(s, code))


def sharing(s: Session, code: str) -> list[str]:
    """The other units that work under the same quota 合署办公, those that ended left out."""
    unit = _unit(s, code)
    others = select(Unit.code).where(col(Unit.holder) == unit.holder, col(Unit.code) != code)
    return list(s.exec(others.where(col(Unit.abolished_on).is_(None)).order_by(col(Unit.code))))


def children(s: Session, codes: Sequence[str]) -> list[str]:
    """Units directly below these."""
    return list(s.exec(select(Unit.code).where(col(Unit.parent).in_(codes)).order_by(col(Unit.code))))


# --- what a reply does -----------------------------------------------------------------------------------------------


def establish(s: Session, change: EstablishUnit, certificate_no: str, place: str | None, warrant: Warrant) -> Unit:
    """A new unit with a holder of its own; its quotas are authorised by the caller."""
    s.add(Holder(id=change.code, name=change.name))
    s.flush()
    unit = Unit(
        code=change.code,
        name=change.name,
        kind=change.unit_kind.value,
        place=place,
        rank=change.rank,
        nature=change.nature,
        parent=change.parent,
        holder=change.code,
        certificate_no=certificate_no,
        basis_no=warrant.basis_no,
        basis_date=warrant.effective_on,
    )
    s.add(unit)
    s.flush()
    _note(s, change.code, ChangeKind.ESTABLISH, "设立", "", change.name, warrant)
    return unit


def alter(s: Session, code: str, kind: ChangeKind, field: str, after: str | None, warrant: Warrant) -> None:
    """One field of a unit: `name`, `rank`, `parent` or `other_names`."""
    unit = _unit(s, code)
    before = getattr(unit, field)
    setattr(unit, field, after or None)
    s.add(unit)
    s.flush()
    _note(s, code, kind, field, before or "", after or "", warrant)


def end(s: Session, code: str, kind: ChangeKind, warrant: Warrant, into: str | None = None) -> None:
    """Abolished, or merged into another unit, which takes over what is below it."""
    unit = _unit(s, code)
    unit.abolished_on = warrant.effective_on
    unit.merged_into = into
    s.add(unit)
    s.flush()
    _note(s, code, kind, "abolished_on", "", warrant.effective_on.isoformat(), warrant)
    if into is not None:
        if code in suspensions.units_above(s, into):  # it takes over who stood between them as well
            alter(s, into, kind, "parent", unit.parent, warrant)
        for child in s.exec(select(Unit).where(col(Unit.parent) == code, col(Unit.code) != into)).all():
            alter(s, child.code, kind, "parent", into, warrant)


def add_body(s: Session, unit: str, body: Body, warrant: Warrant) -> None:
    s.add(
        InternalBody(
            unit=unit, name=body.name, rank=body.rank, chief_posts=body.chief_posts, deputy_posts=body.deputy_posts
        )
    )
    s.flush()
    _note(s, unit, ChangeKind.INTERNAL_BODIES, "内设机构", "", body_text(body), warrant)


def alter_body(s: Session, unit: str, name: str, after: Body, warrant: Warrant) -> None:
    """Renamed, re-ranked or with other posts; who sits in it and who is meant for it goes along. What `after` leaves
    out stays."""
    row = _body(s, unit, name)
    before = _as_text(row)
    row.name = after.name
    row.rank = after.rank if after.rank is not None else row.rank
    row.chief_posts = after.chief_posts if after.chief_posts is not None else row.chief_posts
    row.deputy_posts = after.deputy_posts if after.deputy_posts is not None else row.deputy_posts
    s.add(row)
    s.flush()
    _reseat(s, unit, name, after.name)
    _note(s, unit, ChangeKind.INTERNAL_BODIES, "内设机构", before, _as_text(row), warrant)


def remove_body(s: Session, unit: str, name: str, warrant: Warrant) -> None:
    row = _body(s, unit, name)
    before = _as_text(row)
    s.delete(row)
    s.flush()
    _note(s, unit, ChangeKind.INTERNAL_BODIES, "内设机构", before, "", warrant)


def move_bodies(s: Session, source: str, into: str, warrant: Warrant) -> dict[str, str]:
    """Internal bodies of a merged unit; of two of one name the incoming one says where it comes from. Former name →
    name there: who moves sits in the latter, while the merged unit's own register goes on to tell the former."""
    moved = {}
    taken = set(s.exec(select(InternalBody.name).where(col(InternalBody.unit) == into)).all())
    from_name = _unit(s, source).name
    for row in s.exec(select(InternalBody).where(col(InternalBody.unit) == source)).all():
        name = row.name
        while name in taken:
            name = f"{name}（原{from_name}）"
        taken.add(name)
        moved[row.name] = name
        _note(s, source, ChangeKind.MERGE, "内设机构", _as_text(row), "", warrant)
        row.unit, row.name = into, name
        s.add(row)
        s.flush()
        _note(s, into, ChangeKind.MERGE, "内设机构", "", _as_text(row), warrant)
    return moved


def _reseat(s: Session, unit: str, before: str, after: str) -> None:
    """People keep their body under its new name, and so do the posts of slips that are still open."""
    if before != after:
        valid = select(col(Slip.id)).where(col(Slip.unit) == unit)
        s.exec(
            update(SlotRow)
            .where(col(SlotRow.slip_id).in_(valid), col(SlotRow.internal_body) == before)
            .where(col(SlotRow.state) == SlotState.OPEN.value)
            .values(internal_body=after)
        )
        s.exec(
            update(Occupancy)
            .where(col(Occupancy.unit) == unit, col(Occupancy.internal_body) == before)
            .where(col(Occupancy.left_on).is_(None))
            .values(internal_body=after)
        )


def changes_since(s: Session, unit: str, since: date) -> list[UnitChange]:
    """What changed in the register of the unit from that day on, the latest first."""
    wanted = select(UnitChange).where(col(UnitChange.unit) == unit, col(UnitChange.effective_on) >= since)
    return list(s.exec(wanted.order_by(col(UnitChange.effective_on).desc(), col(UnitChange.id).desc())))


def _unit(s: Session, code: str) -> Unit:
    unit = s.get(Unit, code)
    if unit is None:
        raise LedgerFault("no such unit")
    return unit


def _body(s: Session, unit: str, name: str) -> InternalBody:
    row = s.exec(select(InternalBody).where(col(InternalBody.unit) == unit, col(InternalBody.name) == name)).first()
    if row is None:
        raise LedgerFault("no such internal body")
    return row


def _as_text(row: InternalBody) -> str:
    return body_text(Body(name=row.name, rank=row.rank, chief_posts=row.chief_posts, deputy_posts=row.deputy_posts))


def _note(s: Session, unit: str, kind: ChangeKind, field: str, before: str, after: str, warrant: Warrant) -> None:
    s.add(
        UnitChange(
            unit=unit,
            case_id=warrant.case_id,
            kind=kind.value,
            field=field,
            before=before,
            after=after,
            effective_on=warrant.effective_on,
            basis_no=warrant.basis_no,
            recorded_at=warrant.recorded_at,
        )
    )
    s.flush()
