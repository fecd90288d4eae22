"""Real units with the numbers that public pages state for them (`published_units.csv`). Blank = not stated.

Numbers are taken as they stand; what a page leaves unsplit stays unsplit, and one quota for two bodies stays one.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from ledger.intake.entries import BodyEntry, UnitEntry
from models.enums import Resource, UnitKind
from models.ledger import OpeningAccount

from .codes import certificate_no, unit_code

PUBLISHED = Path(__file__).with_name("published_units.csv")

REMARK = "编制职数为公开数，人员为合成数据；代码、证号为虚构 · published numbers, synthetic persons"
_QUOTAS = {
    "admin_quota": Resource.ADMINISTRATIVE,
    "political_legal_quota": Resource.POLITICAL_LEGAL,
    "logistics_quota": Resource.WORKER,
    "public_institution_quota": Resource.INSTITUTION_FULL,
}
_FUNDING_UNSTATED = "公开页未载明经费形式，按全额拨款登记"
_UNSPLIT = re.compile(r"(厅局级|处级)领导职数(\d+)\(未分正副\)")
_UNSPLIT_RESOURCE = {"厅局级": Resource.UNIT_UNSPLIT, "处级": Resource.INTERNAL_UNSPLIT}
_SECOND_NAME = re.compile(r"^(?P<name>[^((]+)[((](?P<other>.+)[))]$")
# Bodies of the Party and of discipline stand outside the stated number of internal bodies.
_OUTSIDE = frozenset({"机关党委", "机关纪委"})

# Stated on the county's page in words and not in the table: 行政 12 实有 6, 事业 8 实有 8.
OCCUPIED = {
    "曹县编制委员会办公室": {Resource.ADMINISTRATIVE: 6, Resource.INSTITUTION_FULL: 8},
}
# Stated in words (nature column): managed by, or placed in, 市农委.
_PARENTS = {"重庆市农业综合开发办公室": "重庆市农业委员会", "重庆市农机管理办公室": "重庆市农业委员会"}


@dataclass(slots=True)
class Registered:
    """Units with their bodies and accounts; `occupied` holds the strengths that are themselves published."""

    units: list[UnitEntry] = field(default_factory=list)
    bodies: list[BodyEntry] = field(default_factory=list)
    accounts: list[OpeningAccount] = field(default_factory=list)
    occupied: dict[tuple[str, Resource], int] = field(default_factory=dict)


def published() -> Registered:
    """Every row of the file; codes follow from the place in the file and never change."""
    found = Registered()
    codes: dict[str, str] = {}
    serial = 0
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = row["unit"].split("、")
            kind = UnitKind.MIXED if row["admin_quota"] and row["public_institution_quota"] else UnitKind.ORGAN
            holder = unit_code(serial + 1, kind)
            for name in names:
                serial += 1
                codes[name] = unit_code(serial, kind)
                found.units.append(_unit(row, name, kind, serial, holder, codes.get(_PARENTS.get(name, ""))))
            found.bodies.extend(_bodies(holder, row["internal_bodies"]))
            found.accounts.extend(_accounts(holder, row, joint=len(names) > 1))
            for resource, number in OCCUPIED.get(row["unit"], {}).items():
                found.occupied[holder, resource] = number
    return found


def _unit(row: dict[str, str], name: str, kind: UnitKind, serial: int, holder: str, parent: str | None) -> UnitEntry:
    return UnitEntry(
        code=unit_code(serial, kind),
        name=name,
        kind=kind.value,
        holder=holder,
        certificate_no=certificate_no(serial),
        place=row["place"],
        rank=row["rank"] or None,
        nature=row["nature"] or None,
        parent=parent,
        basis_no=row["doc_no"] or None,
        source=row["source"].strip() or None,
        remark=REMARK,
    )


def _bodies(unit: str, listed: str) -> list[BodyEntry]:
    """`办公室(公共机构节能工作处)`: the name in brackets is a second name or function, kept as such."""
    bodies = []
    for text in filter(None, (part.strip() for part in listed.split(";"))):
        second = _SECOND_NAME.match(text)
        name = second["name"] if second else text
        status = "outside" if name in _OUTSIDE else "counted"
        bodies.append(BodyEntry(unit=unit, name=name, other_name=second["other"] if second else None, status=status))
    return bodies


def _accounts(unit: str, row: dict[str, str], *, joint: bool) -> list[OpeningAccount]:
    shared = "合署办公，两机构共用；" if joint else ""
    accounts = []
    for column, resource in _QUOTAS.items():
        if row[column]:
            funding = _FUNDING_UNSTATED if resource is Resource.INSTITUTION_FULL else ""
            note = f"{shared}{funding}".rstrip("；")
            accounts.append(OpeningAccount(unit=unit, resource=resource, authorised=int(row[column]), note=note))
    for level, number in _UNSPLIT.findall(row["other_leader_posts"]):
        note = f"{shared}{level}领导职数{number}（未分正副）"
        resource = _UNSPLIT_RESOURCE[level]
        accounts.append(OpeningAccount(unit=unit, resource=resource, authorised=int(number), note=note))
    return accounts
