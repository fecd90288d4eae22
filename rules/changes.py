"""An establishment change in words, and the units that it names (procedures.md §3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from models.changes import (
    AbolishUnit,
    Body,
    Change,
    EstablishUnit,
    ExtraName,
    InternalBodies,
    MergeUnits,
    PostsChanged,
    QuotaChanged,
    Reallocated,
    Renamed,
    Reranked,
    Resubordinated,
)
from models.enums import Level, Resource, UnitKind
from models.ledger import Balance


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """An internal body as the register has it, how many people sit in it, and how many open posts of slips are
    meant for it."""

    rank: str | None
    chief_posts: int | None
    deputy_posts: int | None
    people: int = 0
    promised: int = 0


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit as the register has it. `shares` names the other living units under its quota 合署办公, `children` (code →
    name) the living units below it, `above` the line of units over it; `unfinished` the open cases other than the
    present one that only their own procedure can end."""

    code: str
    name: str
    kind: UnitKind
    rank: str | None = None
    level: Level | None = None
    parent: str | None = None
    other_names: str = ""
    abolished_on: date | None = None
    people: int = 0
    balances: dict[Resource, Balance] = field(default_factory=dict)
    bodies: dict[str, BodyFacts] = field(default_factory=dict)
    shares: tuple[str, ...] = ()
    children: dict[str, str] = field(default_factory=dict)
    above: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


def planned(changes: list[Change], units: dict[str, UnitFacts]) -> dict[str, UnitFacts]:
    """`units` with those that the changes set up, so that others of the same case can be put into or under them."""
    new = {
        change.code: UnitFacts(change.code, change.name, change.unit_kind, change.rank, parent=change.parent)
        for change in changes
        if isinstance(change, EstablishUnit) and change.code not in units
    }
    return new | units


def ending_units(changes: list[Change]) -> dict[str, str | None]:
    """Units that are no more when the changes take effect, each with the unit that it goes into."""
    merged = {code: change.into for change in changes if isinstance(change, MergeUnits) for code in change.units}
    return merged | {change.unit: None for change in changes if isinstance(change, AbolishUnit)}


def loops(changes: list[Change], units: dict[str, UnitFacts]) -> list[str]:
    """Units that would stand under themselves once all changes are made, in the order in which they are made: new
    units, moves, mergers. `units` as registered, each with the line above it."""
    parents: dict[str, str | None] = {}
    for unit in units.values():
        line = (unit.code, *unit.above)
        parents |= dict(pairwise(line)) | dict.fromkeys(unit.children, unit.code)
    parents |= {change.code: change.parent for change in changes if isinstance(change, EstablishUnit)}
    parents |= {change.unit: change.after for change in changes if isinstance(change, Resubordinated)}
    for merger in [change for change in changes if isinstance(change, MergeUnits)]:
        for source in merger.units:
            if source in line_above(merger.into, parents):  # it takes over who stood between them as well
                parents[merger.into] = parents.get(source)
            under = [code for code, parent in parents.items() if parent == source and code != merger.into]
            parents |= dict.fromkeys(under, merger.into)
            parents.pop(source, None)
    return [code for code in parents if code in line_above(code, parents)]


def line_above(code: str, parents: dict[str, str | None]) -> list[str]:
    """The units over one, the nearest first; a line that bites its tail ends where it comes round."""
    line: list[str] = []
    above = parents.get(code)
    while above is not None and above not in line:
        line.append(above)
        above = parents.get(above)
    return line


def units_named(change: Change) -> list[str]:
    """Codes of the units that a change is about, the first being its own."""
    match change:
        case EstablishUnit():
            return [change.code] + ([change.parent] if change.parent else [])
        case MergeUnits():
            return [change.into, *change.units]
        case Reallocated():
            return [code for code in (change.from_unit, change.to_unit) if code]
        case Resubordinated():
            return [change.unit] + [code for code in (change.before, change.after) if code]
        case _:
            return [change.unit]


def described(change: Change, names: dict[str, str]) -> str:
    """A finished phrase without a full stop; `names` by code, an unknown code stands for itself."""

    def name(code: str | None) -> str:
        return names.get(code, code) if code else "本级"

    match change:
        case EstablishUnit():
            quotas = "、".join(f"{quota.resource.label}{quota.number}名" for quota in change.quotas)
            return f"设立{change.name}，{change.unit_kind.label}，{change.rank}" + (f"，核定{quotas}" if quotas else "")
        case AbolishUnit():
            return f"撤销{name(change.unit)}"
        case MergeUnits():
            merged = "、".join(name(code) for code in change.units)
            renamed = f"，更名为{change.after_name}" if change.after_name else ""
            return f"将{merged}并入{name(change.into)}{renamed}"
        case Renamed():
            return f"{change.before}更名为{change.after}"
        case Reranked():
            return f"{name(change.unit)}规格由{change.before}调整为{change.after}"
        case Resubordinated():
            return f"{name(change.unit)}由{name(change.before)}所属调整为{name(change.after)}所属"
        case ExtraName():
            return (
                f"{name(change.unit)}加挂{change.after}牌子"
                if change.after
                else f"{name(change.unit)}不再加挂{change.before}牌子"
            )
        case InternalBodies():
            return f"{name(change.unit)}{_bodies(change.before, change.after)}"
        case QuotaChanged() | PostsChanged():
            return f"{name(change.unit)}{change.resource.label}由{change.before}名调整为{change.after}名"
        case Reallocated():
            source = name(change.from_unit) if change.from_unit else _level(change.from_level)
            target = name(change.to_unit) if change.to_unit else _level(change.to_level)
            return f"从{source}调剂{change.resource.label}{change.number}名至{target}"


def _level(level: Level | None) -> str:
    if level is None:
        return "本级"
    return level.label if level is Level.CENTRE else f"{level.label}级"


def _bodies(before: Body | None, after: Body | None) -> str:
    if before is None and after is not None:
        return f"设立内设机构{body_text(after)}"
    if after is None and before is not None:
        return f"撤销内设机构{before.name}"
    if before is None or after is None:
        return "内设机构不变"
    return f"内设机构{body_text(before)}调整为{body_text(after)}"


def body_text(body: Body) -> str:
    posts = []
    if body.chief_posts:
        posts.append(f"正职{body.chief_posts}名")
    if body.deputy_posts:
        posts.append(f"副职{body.deputy_posts}名")
    inside = "、".join([*([body.rank] if body.rank else []), *posts])
    return f"{body.name}（{inside}）" if inside else body.name
