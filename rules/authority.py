"""Who decides which change: the matrix of authority 审批权限, a table that an office edits (domain.md §1.2).

The first row that fits decides. A matter that no row fits is beyond the local authority: unset means denied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.changes import (
    AbolishUnit,
    Change,
    EstablishUnit,
    MergeUnits,
    PostsChanged,
    QuotaChanged,
    Reallocated,
    Reranked,
    Resubordinated,
)
from models.enums import ChangeKind, Department, Level, Resource, Step, UnitKind
from models.rulebook import DECIDING, AuthorityRow, ChangeRules, Rulebook

from .changes import UnitFacts, units_named


@dataclass(frozen=True, slots=True)
class Matter:
    """What the matrix looks at: kinds and ranks of the units concerned, resources, direction, levels."""

    kind: ChangeKind
    objects: frozenset[UnitKind]
    ranks: frozenset[str]
    resources: frozenset[Resource]
    increase: bool | None
    across_levels: bool


@dataclass(frozen=True, slots=True)
class Authority:
    """The competent body of one change. `refused`: it is beyond us and is not sent up either."""

    decides: Department
    body: str
    clause: str
    refused: bool
    obligations: tuple[Step, ...]


def competent(change: Change, units: dict[str, UnitFacts], rulebook: Rulebook) -> Authority:
    """The body that may decide `change`; the highest named row for the units that it touches."""
    matter = matter_of(change, units, rulebook.office.level)
    for row in rulebook.change.authority:
        if _fits(row, matter, rulebook.change):
            body = row.body or body_name(row.decides, rulebook)
            refused = row.decides is Department.UPPER and row.beyond == "refuse"
            return Authority(row.decides, body, row.clause, refused, tuple(row.obligations))
    unset = "审批权限表没有规定本事项由本级决定"
    return Authority(Department.UPPER, body_name(Department.UPPER, rulebook), unset, True, ())


def highest(found: Iterable[Authority]) -> Authority:
    """Of several changes in one case the highest body decides all; the duties of all are due."""
    authorities = list(found)
    top = max(authorities, key=lambda each: DECIDING.index(each.decides))
    duties = dict.fromkeys(step for each in authorities for step in each.obligations)
    return Authority(top.decides, top.body, top.clause, any(a.refused for a in authorities), tuple(duties))


def above(one: Department, other: Department) -> bool:
    """Whether one body stands above another."""
    return DECIDING.index(one) > DECIDING.index(other)


def body_name(department: Department, rulebook: Rulebook) -> str:
    office = rulebook.office
    return {
        Department.ESTABLISHMENT: office.name,
        Department.COMMISSION: office.commission_name,
        Department.PARTY_COMMITTEE: office.party_committee_name,
        Department.UPPER: office.upper_name,
    }.get(department, department.label)


def matter_of(change: Change, units: dict[str, UnitFacts], own: Level) -> Matter:
    known = [units[code] for code in _concerned(change) if code in units]
    objects = {unit.kind for unit in known}
    ranks = {unit.rank for unit in known if unit.rank}
    if isinstance(change, EstablishUnit):
        objects, ranks = {change.unit_kind}, {change.rank}
    if isinstance(change, Reranked):
        ranks |= {change.before, change.after}
    resources, increase = _direction(change, units)
    return Matter(
        kind=ChangeKind(change.kind),
        objects=frozenset(objects),
        ranks=frozenset(ranks),
        resources=resources,
        increase=increase,
        across_levels=len(_levels(change, units, own)) > 1,
    )


def _concerned(change: Change) -> list[str]:
    """The units that change; a supervising unit that is only named decides nothing about the body."""
    return [change.unit] if isinstance(change, Resubordinated) else units_named(change)


def _direction(change: Change, units: dict[str, UnitFacts]) -> tuple[frozenset[Resource], bool | None]:
    match change:
        case QuotaChanged() | PostsChanged():
            return frozenset({change.resource}), change.after > change.before
        case Reallocated():
            return frozenset({change.resource}), None
        case EstablishUnit():
            return frozenset(quota.resource for quota in change.quotas), True
        case MergeUnits():
            moved = [units[code].balances.items() for code in change.units if code in units]
            return frozenset(resource for each in moved for resource, b in each if b.authorised), False
        case AbolishUnit():
            return frozenset(), False
        case _:
            return frozenset(), None


def _levels(change: Change, units: dict[str, UnitFacts], own: Level) -> set[Level]:
    """Levels between which a change moves something."""
    match change:
        case Reallocated():
            return set(levels_of(change, units, own))
        case MergeUnits():
            return {units[code].level or own for code in units_named(change) if code in units}
        case _:
            return set()


def levels_of(change: Reallocated, units: dict[str, UnitFacts], own: Level) -> tuple[Level, Level]:
    """Level of the giving and of the receiving side: that of the register, where nothing stands the office's own;
    what the application says counts only for a side that the register does not have."""

    def side(code: str | None, said: Level | None) -> Level:
        known = units.get(code) if code else None
        return (known.level or own) if known else (said or own)

    return side(change.from_unit, change.from_level), side(change.to_unit, change.to_level)


def _fits(row: AuthorityRow, matter: Matter, rules: ChangeRules) -> bool:
    return (
        matter.kind in row.matter
        and (not row.objects or bool(matter.objects & set(row.objects)))
        and (not row.resources or bool(matter.resources & set(row.resources)))
        and (row.rank_from is None or any(_at_least(rank, row.rank_from, rules) for rank in matter.ranks))
        and (not row.across_levels or matter.across_levels)
        and (row.increase is None or row.increase is matter.increase)
    )


def _at_least(rank: str, least: str, rules: ChangeRules) -> bool:
    """Ranks stand in the settings from the highest down. One that is not listed reaches every height: what the
    office has not placed goes to the higher body, never past it."""
    order = {name: place for place, name in enumerate(rules.ranks)}
    return order.get(rank, -1) <= order[least]
