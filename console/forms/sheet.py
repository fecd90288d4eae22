"""What lies beside a form: the unit's quotas, internal bodies and what stands in the way, and what was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from api import reading
from api.permissions import may_see_unit, reads_all_units
from api.shapes import UnitView
from ledger import balances, departures, finding, suspensions
from ledger import units as register
from ledger.finding import PersonFound, UnitFound
from models.decisions import Officer
from models.enums import Department, Procedure, Resource
from models.ledger import Balance
from models.register import Departure, Suspension
from rules.changes import UnitFacts

from .changing import NEW_BODY
from .typed import SEVERAL, Typed, rows

WITHIN_MOST = 300
"""Units of one's own line that a list offers; more are named by code."""


@dataclass(slots=True)
class Sheet:
    """Everything a form shows besides what was typed; all of it the officer may see."""

    unit: UnitView | None = None
    balances: Sequence[Balance] = ()
    suspensions: Sequence[Suspension] = ()
    overdue: Sequence[Departure] = ()
    units: dict[str, str] = field(default_factory=dict)
    # of any unit, also one that is not the officer's: name and code are public (the 统一社会信用代码 of every organ and
    # institution is published), and a move or a merger must be able to name the other side
    names: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    facts: dict[str, UnitFacts] = field(default_factory=dict)
    people: dict[str, PersonFound] = field(default_factory=dict)
    found_people: Sequence[PersonFound] | None = None
    found_units: Sequence[UnitFound] | None = None
    today: date | None = None

    def vacancy(self, resource: Resource) -> int | None:
        return next((each.vacancy for each in self.balances if each.resource is resource), None)

    def bodies(self, code: str) -> list[str]:
        """Names of the internal bodies of a unit of the line."""
        if self.unit is not None and code in ("", self.unit.code):
            return [body.name for body in self.unit.bodies]
        return sorted(self.facts[code].bodies) if code in self.facts else []

    @property
    def new_body(self) -> str:
        return NEW_BODY


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked for with the form's own search fields; None when nothing was."""

    unit: str | None = None
    person: str | None = None


def lay(
    s: Session, procedure: Procedure, officer: Officer, typed: Typed, looked: Looked, now: datetime, today: date
) -> Sheet:
    """The sheet for what was typed so far. Of a unit that is not the officer's to see nothing is laid out."""
    sheet = Sheet(today=today)
    code = typed.get("unit", "")
    if looked.unit is not None and reads_all_units(officer):
        sheet.found_units = finding.units(s, looked.unit)
    if not code or not may_see_unit(officer, code):
        return sheet
    sheet.unit = reading.unit(s, code, now, officer)
    if sheet.unit is None:
        return sheet
    sheet.balances = balances.balances(s, code)
    sheet.suspensions = suspensions.standing_suspensions(s, code, now)
    sheet.overdue = departures.overdue(s, code, now)
    if procedure is Procedure.REMOVING_STAFF:
        _people(s, sheet, code, typed, looked)
    if procedure is Procedure.ESTABLISHMENT_CHANGE:
        _line(s, sheet, code, typed)
    return sheet


def _people(s: Session, sheet: Sheet, code: str, typed: Typed, looked: Looked) -> None:
    sheet.people = finding.seated(s, code, [row.get("person", "") for row in rows(typed, "persons")])
    if looked.person is not None:
        sheet.found_people = finding.people(s, code, looked.person)


def _line(s: Session, sheet: Sheet, code: str, typed: Typed) -> None:
    """The units that may be named: the unit and those below it; facts of those that are."""
    line = register.within(s, code)
    sheet.units = finding.names(s, sorted(line)[:WITHIN_MOST])
    named: set[str] = set()
    for row in rows(typed, "changes"):
        for name in ("unit", "into", "parent", "before", "after", "from_unit", "to_unit", "units"):
            named |= set(row.get(name, "").split(SEVERAL))
    sheet.codes = finding.codes(s, named)
    named |= set(sheet.codes.values())
    sheet.names = finding.names(s, named) | sheet.units
    sheet.facts = register.facts(s, named & line)


def own_unit(officer: Officer) -> str | None:
    """The one unit that the officer may apply for; None for those who say which."""
    return officer.unit if officer.department is Department.UNIT else None
