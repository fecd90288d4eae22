"""What the selects of the forms offer: names of the vocabulary, units and bodies of the register."""

from __future__ import annotations

from models.enums import (
    ChangeKind,
    ExitReason,
    Indicator,
    Level,
    ProblemSource,
    Resource,
    UnitKind,
    WarningLevel,
    Way,
)

from ..words import _, label
from .base import options
from .changing import POINTS
from .sheet import Sheet

Options = list[tuple[str, str]]
Grouped = list[tuple[str, Options]]


def resources(sheet: Sheet) -> Grouped:
    """What the unit has a quota of, with what is vacant of it, then everything else."""
    held = [each.resource for each in sheet.balances]

    def shown(resource: Resource) -> str:
        return _("%(resource)s（空余%(n)d）") % {"resource": label(resource), "n": sheet.vacancy(resource) or 0}

    return [
        (_("编制"), [(each.value, shown(each)) for each in held if each.is_headcount]),
        (_("领导职数"), [(each.value, shown(each)) for each in held if each.is_post]),
        (_("没有核定的"), options(each for each in Resource if each not in held)),
    ]


def all_resources() -> Options:
    return options(Resource)


def headcounts() -> Options:
    return options(each for each in Resource if each.is_headcount)


def posts() -> Options:
    return options(each for each in Resource if each.is_post)


def ways() -> Options:
    return options(Way)


def reasons() -> Options:
    return options(ExitReason)


def sources() -> Options:
    return options(ProblemSource)


def indicators() -> Options:
    return options(Indicator)


def levels() -> Options:
    return options(WarningLevel)


def levels_of_government() -> Options:
    return options(Level)


def kinds() -> Options:
    return options(ChangeKind)


def unit_kinds() -> Options:
    return options(UnitKind)


def points() -> tuple[str, ...]:
    return POINTS


def bodies(sheet: Sheet, chosen: str) -> Options:
    """The unit's internal bodies; also one that was chosen and is none of them, so that it is not lost in silence."""
    known = sheet.bodies("")
    return [(name, name) for name in ([*known, chosen] if chosen and chosen not in known else known)]


def bodies_and_new(sheet: Sheet, unit: str) -> Options:
    return [(sheet.new_body, _("新设内设机构")), *((name, name) for name in sheet.bodies(unit))]


def units(sheet: Sheet, chosen: str) -> Options:
    """The unit and those below it; also one from elsewhere that was chosen before."""
    known = dict(sheet.units)
    if chosen and chosen not in known:
        known[chosen] = sheet.names.get(chosen, chosen)
    return list(known.items())
