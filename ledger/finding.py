"""Finding units and persons by what somebody types; a few rows, never a whole register.

Every function takes the caller's open session and only reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from models.enums import Resource
from models.register import Unit, table_of
from models.shape import Shape

from .tables import OCCUPANCY, PERSON

MOST = 20

_unit = table_of(Unit)

_NAMED = select(_unit.c.code, _unit.c.name).where(_unit.c.code.in_(bindparam("codes", expanding=True)))
_CODED = select(_unit.c.code, _unit.c.name).where(
    _unit.c.name.in_(bindparam("names", expanding=True)), _unit.c.abolished_on.is_(None)
)
_STANDING = select(_unit.c.code, _unit.c.name).where(_unit.c.abolished_on.is_(None)).order_by(_unit.c.code).limit(MOST)
_SEATS = (
    select(
        OCCUPANCY.c.person_ref,
        OCCUPANCY.c.resource,
        OCCUPANCY.c.internal_body,
        OCCUPANCY.c.position,
        OCCUPANCY.c.entered_on,
        PERSON.c.name,
    )
    .join(PERSON, PERSON.c.ref == OCCUPANCY.c.person_ref)
    .where(
        OCCUPANCY.c.unit == bindparam("at_unit"),
        OCCUPANCY.c.left_on.is_(None),
        OCCUPANCY.c.person_ref.in_(bindparam("refs", expanding=True)),
    )
    .order_by(OCCUPANCY.c.side, OCCUPANCY.c.id)
)


class UnitFound(Shape):
    code: str
    name: str


class PersonFound(Shape):
    """Somebody who sits in the unit now: without a number of identity, which nobody needs to choose."""

    person: str
    name: str
    headcount: Resource | None = None
    posts: list[Resource] = []
    internal_body: str | None = None
    position: str | None = None
    since: date


def names(s: Session, codes: Iterable[str]) -> dict[str, str]:
    """Code → name of the units that exist among `codes`."""
    rows = s.connection().execute(_NAMED, {"codes": sorted(set(codes))}).all()
    return {row.code: row.name for row in rows}


def codes(s: Session, named: Iterable[str]) -> dict[str, str]:
    """Name → code of the standing units that are called so; a name that two units have says neither."""
    rows = s.connection().execute(_CODED, {"names": sorted({name for name in named if name})}).all()
    counted = Counter(row.name for row in rows)
    return {row.name: row.code for row in rows if counted[row.name] == 1}


def units(s: Session, typed: str) -> list[UnitFound]:
    """Standing units whose name holds the text or whose code begins with it; an exact name alone."""
    if not typed:
        return []
    exact = s.connection().execute(_STANDING.where(_unit.c.name == typed)).all()
    by_code = _unit.c.code.startswith(typed.upper(), autoescape=True)
    by_name = _unit.c.name.contains(typed, autoescape=True)
    rows = exact or s.connection().execute(_STANDING.where(by_code | by_name)).all()
    return [UnitFound(code=row.code, name=row.name) for row in rows]


def people(s: Session, unit: str, typed: str) -> list[PersonFound]:
    """Persons who sit in the unit, by part of the name, post or internal body; the first of all for an empty text."""
    seats = select(OCCUPANCY.c.person_ref).join(PERSON, PERSON.c.ref == OCCUPANCY.c.person_ref)
    seats = seats.where(OCCUPANCY.c.unit == unit, OCCUPANCY.c.left_on.is_(None))
    if typed:
        columns = (PERSON.c.name, OCCUPANCY.c.position, OCCUPANCY.c.internal_body)
        like = [column.contains(typed, autoescape=True) for column in columns]
        seats = seats.where(like[0] | like[1] | like[2])
    refs = s.connection().execute(seats.group_by(OCCUPANCY.c.person_ref).order_by(OCCUPANCY.c.person_ref).limit(MOST))
    return list(seated(s, unit, refs.scalars().all()).values())


def seated(s: Session, unit: str, refs: Iterable[str]) -> dict[str, PersonFound]:
    """Reference → person, of those who sit in the unit."""
    wanted = sorted({ref for ref in refs if ref})
    rows = s.connection().execute(_SEATS, {"at_unit": unit, "refs": wanted}).all() if wanted else []
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.person_ref, []).append(row)
    return {ref: _person(ref, held) for ref, held in grouped.items()}


def _person(ref: str, held: list[Any]) -> PersonFound:
    resources = [Resource(row.resource) for row in held]
    return PersonFound(
        person=ref,
        name=held[0].name,
        headcount=next((each for each in resources if each.is_headcount), None),
        posts=[each for each in resources if each.is_post],
        internal_body=next((row.internal_body for row in held if row.internal_body), None),
        position=next((row.position for row in held if row.position), None),
        since=min(row.entered_on for row in held),
    )
