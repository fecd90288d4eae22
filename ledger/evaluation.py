"""What the evaluation sheet of a change is computed from: use of quota over time, past authorisations, comparable
units (procedures.md §3.3; 《地方各级人民政府机构设置和编制管理条例》第二十四条)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, bindparam, func, select
from sqlmodel import Session

from ledger.balances import balances
from ledger.tables import ACCOUNT, JOURNAL, UNIT
from models.enums import EntryKind, Resource

_HEADCOUNT = ACCOUNT.c.resource.startswith("headcount:")
_COMPARABLE = (
    select(
        UNIT.c.name,
        UNIT.c.rank,
        func.coalesce(func.sum(ACCOUNT.c.authorised), 0).label("authorised"),
        func.coalesce(func.sum(ACCOUNT.c.occupied), 0).label("occupied"),
    )
    .join(ACCOUNT, and_(ACCOUNT.c.holder == UNIT.c.holder, _HEADCOUNT))
    .where(
        UNIT.c.kind == bindparam("unit_kind"),
        UNIT.c.rank == bindparam("unit_rank"),
        UNIT.c.code != bindparam("unit_code"),
        UNIT.c.abolished_on.is_(None),
    )
    .group_by(UNIT.c.code, UNIT.c.name, UNIT.c.rank)
    .order_by(func.abs(func.sum(ACCOUNT.c.authorised) - bindparam("size")), UNIT.c.code)
    .limit(bindparam("most"))
)
_AUTHORISED = (
    select(
        JOURNAL.c.effective_on,
        JOURNAL.c.basis_no,
        JOURNAL.c.resource,
        func.sum(JOURNAL.c.d_authorised).label("delta"),
    )
    .join(UNIT, UNIT.c.holder == JOURNAL.c.holder)
    .where(
        UNIT.c.code == bindparam("unit_code"),
        JOURNAL.c.kind == EntryKind.AUTHORISE.value,
        JOURNAL.c.effective_on >= bindparam("since"),
    )
    .group_by(JOURNAL.c.effective_on, JOURNAL.c.basis_no, JOURNAL.c.resource)
    .order_by(JOURNAL.c.effective_on.desc(), JOURNAL.c.resource)
)


@dataclass(frozen=True, slots=True)
class Use:
    """核定 and 实有 of all headcount on one day."""

    day: date
    authorised: int
    occupied: int


@dataclass(frozen=True, slots=True)
class Authorised:
    """One past change of 核定."""

    day: date
    number: str
    resource: Resource
    delta: int


@dataclass(frozen=True, slots=True)
class Comparable:
    name: str
    rank: str
    authorised: int
    occupied: int


def use_over_time(s: Session, unit: str, days: list[date]) -> list[Use]:
    """As known now; a day before the first row of the unit is left out."""
    found = []
    for day in days:
        counted = [each for each in balances(s, unit, as_of=day) if each.resource.is_headcount]
        if counted:
            found.append(Use(day, sum(b.authorised for b in counted), sum(b.occupied for b in counted)))
    return found


def authorised_since(s: Session, unit: str, since: date) -> list[Authorised]:
    rows = s.connection().execute(_AUTHORISED, {"unit_code": unit, "since": since})
    return [Authorised(row.effective_on, row.basis_no or "", Resource(row.resource), int(row.delta)) for row in rows]


def comparable(s: Session, unit: str, kind: str, rank: str | None, most: int) -> list[Comparable]:
    """Units of the same kind and rank, those of nearest size first."""
    if rank is None:
        return []
    size = sum(each.authorised for each in balances(s, unit) if each.resource.is_headcount)
    wanted = {"unit_kind": kind, "unit_rank": rank, "unit_code": unit, "size": size, "most": most}
    rows = s.connection().execute(_COMPARABLE, wanted)
    return [Comparable(row.name, row.rank, int(row.authorised), int(row.occupied)) for row in rows]
