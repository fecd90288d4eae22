"""A large synthetic region, for measurements: straight into a register, or as an import workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from ledger.db import Database
from ledger.intake.columns import ACCOUNTS, BODIES, PERSONS, SHEETS, UNITS
from ledger.intake.entries import BodyEntry, Opening, UnitEntry
from ledger.intake.register import Progress, silent, write_opening
from ledger.intake.template import heading_text
from models.enums import Resource, UnitKind
from models.ledger import OpeningAccount, OpeningPerson

from .codes import IdentityNumbers, certificate_no, unit_code
from .load import SampleSummary, opening_cause
from .published import Registered
from .roster import SEED, roster
from .training import BASIS, PLACE, REMARK

PERSONS_PER_UNIT = 100
_HEADROOM = 8
# Far from the serial numbers of the sample, so that both fit into one register.
_FIRST_SERIAL = 500_000
# The sample's roster uses the low sequence numbers of a birth day.
_FIRST_IDENTITY = 100
_LEADERS = {Resource.UNIT_CHIEF: 1, Resource.UNIT_DEPUTY: 3, Resource.INTERNAL_CHIEF: 5, Resource.INTERNAL_DEPUTY: 6}
_BODIES = ("办公室", "综合科", "业务一科", "业务二科", "监督科")


def region(persons: int) -> Registered:
    """Units of 100 persons each, organs and institutions in turn, with exactly `persons` persons together."""
    found = Registered()
    left, serial = persons, _FIRST_SERIAL
    while left > 0:
        number = min(PERSONS_PER_UNIT, left)
        left -= number
        serial += 1
        _add_unit(found, serial, number)
    return found


def _add_unit(found: Registered, serial: int, number: int) -> None:
    kind = UnitKind.ORGAN if serial % 2 else UnitKind.INSTITUTION
    code = unit_code(serial, kind)
    found.units.append(
        UnitEntry(
            code=code,
            name=f"示范第{serial - _FIRST_SERIAL}{'局' if kind is UnitKind.ORGAN else '中心'}",
            kind=kind.value,
            holder=code,
            certificate_no=certificate_no(serial),
            place=PLACE,
            remark=REMARK,
        )
    )
    found.bodies.extend(BodyEntry(code, name, None, "正科级", 1, 2) for name in _BODIES)
    resource = Resource.ADMINISTRATIVE if kind is UnitKind.ORGAN else Resource.INSTITUTION_FULL
    found.accounts.append(
        OpeningAccount(unit=code, resource=resource, authorised=number + _HEADROOM, note=REMARK, basis=BASIS)
    )
    found.occupied[code, resource] = number
    for post, quota in _LEADERS.items():
        found.accounts.append(OpeningAccount(unit=code, resource=post, authorised=quota, note=REMARK, basis=BASIS))


def persons_of(registered: Registered) -> Iterator[OpeningPerson]:
    return roster(registered, IdentityNumbers(_FIRST_IDENTITY), SEED + 1)


def generate(database: Database, persons: int = 100_000, *, progress: Progress | None = None) -> SampleSummary:
    """Opens the region in one transaction; raises where it stands already (the codes are always the same)."""
    found = region(persons)
    opening = Opening(found.units, found.bodies, found.accounts, persons_of(found), persons)
    with database.write() as session:
        write_opening(session, opening, opening_cause(f"big-{persons}"), progress or silent)
    return SampleSummary(len(found.units), len(found.bodies), len(found.accounts), persons)


def write_workbook(path: Path, persons: int = 100_000) -> Path:
    """The same region as a sound import workbook."""
    found = region(persons)
    book = Workbook(write_only=True)
    _sheet(book, UNITS, (_unit_cells(unit) for unit in found.units))
    _sheet(book, BODIES, (_body_cells(body) for body in found.bodies))
    _sheet(book, ACCOUNTS, (_account_cells(account) for account in found.accounts))
    _sheet(book, PERSONS, (_person_cells(person) for person in persons_of(found)))
    book.save(path)
    return path


def _sheet(book: Workbook, name: str, rows: Iterator[dict[str, Any]]) -> None:
    sheet = book.create_sheet(name)
    columns = SHEETS[name]
    sheet.append([heading_text(column) for column in columns])
    for row in rows:
        sheet.append([row.get(column.key) for column in columns])


def _unit_cells(unit: UnitEntry) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": UnitKind(unit.kind).label,
        "place": unit.place,
        "certificate_no": unit.certificate_no,
        "remark": unit.remark,
    }


def _body_cells(body: BodyEntry) -> dict[str, Any]:
    return {
        "unit": body.unit,
        "name": body.name,
        "rank": body.rank,
        "chief_posts": body.chief_posts,
        "deputy_posts": body.deputy_posts,
    }


def _account_cells(account: OpeningAccount) -> dict[str, Any]:
    cells = {"unit": account.unit, "resource": account.resource.label, "authorised": account.authorised}
    if account.basis is None:
        return cells
    basis = account.basis
    return cells | {"basis_no": basis.number, "basis_body": basis.body, "basis_date": basis.date}


def _person_cells(entry: OpeningPerson) -> dict[str, Any]:
    person = entry.person
    return {
        "unit": entry.unit,
        "name": person.name,
        "sex": person.sex.label,
        "birth_date": person.birth_date,
        "identity_no": person.identity_no,
        "headcount": entry.headcount.label if entry.headcount else None,
        "post": entry.post.label if entry.post else None,
        "internal_body": person.internal_body,
        "position": person.position,
        "entered_on": entry.entered_on,
        "basis_no": entry.basis_no,
    }
