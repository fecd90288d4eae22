"""What the page of a unit shows: its facts, quotas of a day, bodies, problems, suspensions, cases, the tree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from ledger import balances, suspensions
from models.decisions import Officer
from models.docket import CaseRow
from models.enums import ProblemSource, ProblemState, UnitKind
from models.ledger import Balance
from models.register import Account, Case, InternalBody, ProblemRow, Unit, table_of
from models.rulebook import Calendar

from .problems import source_for
from .view import Filters, case_list

_unit = table_of(Unit)
_body = table_of(InternalBody)
_account = table_of(Account)
_case = table_of(Case)
_problem = table_of(ProblemRow)
_below = _unit.alias("below")

MOST_BRANCHES = 200
MOST_CASES = 10
_DEEPEST = 20


@dataclass(frozen=True)
class Named:
    code: str
    name: str


@dataclass(frozen=True)
class Branch:
    """A unit of the tree and how many stand directly under it."""

    code: str
    name: str
    kind: UnitKind
    gone: date | None
    below: int


@dataclass(frozen=True)
class Quota:
    """An account on the day asked for, with how far it is over; all counts are posts."""

    balance: Balance
    note: str
    absorb_until: date | None

    @property
    def free(self) -> int:
        return max(0, self.balance.vacancy)

    @property
    def over(self) -> int:
        return max(0, -self.balance.vacancy)

    def share(self, number: int) -> float:
        """Per cent of what the bar stands for: the authorised number, or what is filled when that is more."""
        whole = max(1, self.balance.authorised, self.balance.authorised - self.balance.vacancy)
        return round(100 * number / whole, 2)


@dataclass(frozen=True)
class Problem:
    case_id: str
    case_no: str
    no: str
    kind: str
    source: ProblemSource
    state: ProblemState
    due_at: datetime
    overdue: bool


@dataclass(frozen=True)
class Suspended:
    unit: Named
    number: str | None
    from_at: datetime
    provisional: bool


@dataclass(frozen=True)
class UnitPage:
    facts: dict[str, Any]
    as_of: date | None
    quotas: list[Quota]
    shares_with: list[Named]
    above: list[Named]
    branches: list[Branch]
    bodies: list[dict[str, Any]]
    problems: list[Problem]
    suspensions: list[Suspended]
    cases: list[CaseRow]


def of(s: Session, code: str, viewer: Officer, now: datetime, as_of: date | None, calendar: Calendar) -> UnitPage:
    """The page of a unit that the viewer may see. Raises LookupError when there is none."""
    row = s.execute(select(_unit).where(_unit.c.code == code)).one_or_none()
    if row is None:
        raise LookupError("no such unit")
    sharing = select(_unit.c.code, _unit.c.name).where(_unit.c.holder == row.holder, _unit.c.code != code)
    bodies = s.execute(select(_body).where(_body.c.unit == code).order_by(_body.c.id))
    return UnitPage(
        facts=dict(row._mapping) | {"heir": name_of(s, row.merged_into)},
        as_of=as_of,
        quotas=_quotas(s, row, as_of),
        shares_with=[Named(each.code, each.name) for each in s.execute(sharing.order_by(_unit.c.code))],
        above=_above(s, row.parent),
        branches=branches(s, code, None),
        bodies=[dict(each._mapping) for each in bodies],
        problems=open_problems(s, code, viewer, now),
        suspensions=_suspensions(s, code, now),
        cases=case_list(s, Filters(unit=code, limit=MOST_CASES), viewer, now, calendar).items,
    )


def name_of(s: Session, code: str | None) -> str:
    if code is None:
        return ""
    return str(s.execute(select(_unit.c.name).where(_unit.c.code == code)).scalar() or "")


def branches(s: Session, parent: str | None, own: str | None) -> list[Branch]:
    """The units directly under `parent` (the roots without one), in order of code; `own` narrows it to one unit."""
    under = select(func.count()).select_from(_below).where(_below.c.parent == _unit.c.code).scalar_subquery()
    rows = select(_unit.c.code, _unit.c.name, _unit.c.kind, _unit.c.abolished_on, under.label("below"))
    if own is not None:
        rows = rows.where(_unit.c.code == own)
    else:
        rows = rows.where(_unit.c.parent == parent if parent is not None else _unit.c.parent.is_(None))
    found = s.execute(rows.order_by(_unit.c.code).limit(MOST_BRANCHES))
    return [Branch(each.code, each.name, UnitKind(each.kind), each.abolished_on, each.below) for each in found]


def _above(s: Session, parent: str | None) -> list[Named]:
    """The line upwards, the highest first."""
    line: list[Named] = []
    while parent is not None and len(line) < _DEEPEST:
        row = s.execute(select(_unit.c.code, _unit.c.name, _unit.c.parent).where(_unit.c.code == parent)).one_or_none()
        if row is None or any(each.code == row.code for each in line):
            break
        line.insert(0, Named(row.code, row.name))
        parent = row.parent
    return line


def _quotas(s: Session, unit: Row[Any], as_of: date | None) -> list[Quota]:
    told = {row.id: row for row in s.execute(select(_account).where(_account.c.holder == unit.holder))}
    return [
        Quota(each, told[each.account].note, told[each.account].absorb_until if as_of is None else None)
        for each in balances.balances(s, unit.code, as_of)
    ]


def open_problems(s: Session, code: str, viewer: Officer, now: datetime) -> list[Problem]:
    """What is still to be put right, earliest due first, as the viewer may know it."""
    rows = s.execute(
        select(_problem, _case.c.no.label("case_no"))
        .join(_case, _case.c.id == _problem.c.case_id)
        .where(_problem.c.unit == code, _problem.c.state != ProblemState.CLOSED.value)
        .order_by(_problem.c.due_at, _problem.c.case_id, _problem.c.no)
    )
    return [
        Problem(
            case_id=row.case_id,
            case_no=row.case_no,
            no=row.no,
            kind=row.kind,
            source=source_for(viewer, row.source),
            state=ProblemState(row.state),
            due_at=row.due_at,
            overdue=row.due_at < now,
        )
        for row in rows
    ]


def _suspensions(s: Session, code: str, now: datetime) -> list[Suspended]:
    return [
        Suspended(Named(row.unit, name_of(s, row.unit)), row.number, row.from_at, row.confirmed_at is None)
        for row in suspensions.standing_suspensions(s, code, now)
    ]


def holder_of(s: Session, code: str) -> str | None:
    holder: str | None = s.execute(select(_unit.c.holder).where(_unit.c.code == code)).scalar()
    return holder


def case_no(s: Session, case_id: str) -> str | None:
    number: str | None = s.execute(select(_case.c.no).where(_case.c.id == case_id)).scalar()
    return number
