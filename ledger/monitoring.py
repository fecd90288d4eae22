"""The whole register as the monitors see it: a few statements for all units, never one per unit."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, func, or_, select, union
from sqlmodel import Session

from models.enums import EntryKind, Resource
from models.register import UnitChange, table_of
from models.rulebook import MonitoringRules
from rules.arithmetic import Figures
from rules.deadlines import local_day
from rules.monitors import AccountFacts, DayMove, Snapshot, since_for_changes, since_for_vacancy

from .tables import ACCOUNT, DEPARTURE, HOLDER, JOURNAL, UNIT

_unit_change = table_of(UnitChange)

_UNITS = (
    select(UNIT.c.code, UNIT.c.holder)
    .where(or_(UNIT.c.abolished_on.is_(None), UNIT.c.abolished_on > bindparam("today")))
    .order_by(UNIT.c.code)
)
_ACCOUNTS = select(ACCOUNT).order_by(ACCOUNT.c.holder, ACCOUNT.c.resource)
_is_opening = JOURNAL.c.kind == EntryKind.OPENING.value
_vacated = JOURNAL.c.d_authorised - JOURNAL.c.d_occupied - JOURNAL.c.d_reserved - JOURNAL.c.d_set_aside
_MOVES = (
    select(
        JOURNAL.c.account,
        JOURNAL.c.effective_on,
        func.sum(JOURNAL.c.d_authorised).label("authorised"),
        func.sum(_vacated).label("vacancy"),
        func.max(case((_is_opening, 1), else_=0)).label("opened"),
    )
    .where(JOURNAL.c.effective_on > bindparam("since"), JOURNAL.c.resource.like("headcount:%"))
    .group_by(JOURNAL.c.account, JOURNAL.c.effective_on)
)
_LAST_ROWS = select(HOLDER.c.id, JOURNAL.c.recorded_at).join(
    JOURNAL, and_(JOURNAL.c.holder == HOLDER.c.id, JOURNAL.c.seq == HOLDER.c.head_seq)
)
_LAST_CHANGES = select(_unit_change.c.unit, func.max(_unit_change.c.recorded_at).label("recorded_at")).group_by(
    _unit_change.c.unit
)
# One matter may write many rows, in the journal and in the register of units: what counts is its case.
_MATTERS = union(
    select(JOURNAL.c.unit, JOURNAL.c.case_id).where(
        JOURNAL.c.kind == EntryKind.AUTHORISE.value,
        JOURNAL.c.effective_on >= bindparam("since"),
        JOURNAL.c.effective_on <= bindparam("today"),
    ),
    select(_unit_change.c.unit, _unit_change.c.case_id).where(
        _unit_change.c.effective_on >= bindparam("since"), _unit_change.c.effective_on <= bindparam("today")
    ),
)
_OVERDUE = (
    select(DEPARTURE.c.unit, func.count().label("number"), func.min(DEPARTURE.c.due_at).label("oldest"))
    .where(DEPARTURE.c.settled_at.is_(None), DEPARTURE.c.due_at < bindparam("moment"))
    .group_by(DEPARTURE.c.unit)
)


@dataclass(slots=True)
class _Register:
    """Everything that was read, by the key that it is looked up with."""

    accounts: dict[str, list[AccountFacts]] = field(default_factory=lambda: defaultdict(list))
    last: dict[str, datetime] = field(default_factory=dict)
    matters: Counter[str] = field(default_factory=Counter)
    overdue: dict[str, Row[Any]] = field(default_factory=dict)


def snapshots(s: Session, at: datetime, rules: MonitoringRules) -> list[Snapshot]:
    """Every unit that stands, in the order of codes; what units share stands with the first of them: the one whose
    code names the holder, else the one with the lowest code."""
    s.flush()
    today = local_day(at)
    read = _read(s, at, today, rules)
    units = s.connection().execute(_UNITS, {"today": today}).all()
    first: dict[str, str] = {}
    for unit in units:
        if unit.holder not in first or unit.code == unit.holder:
            first[unit.holder] = unit.code
    changed = {row.unit: row.recorded_at for row in s.connection().execute(_LAST_CHANGES)}
    found = []
    for unit in units:
        leads = first[unit.holder] == unit.code
        entries = [read.last.get(unit.holder), changed.get(unit.code)] if leads else []
        last = max((moment for moment in entries if moment is not None), default=None)
        overdue = read.overdue.get(unit.code)
        found.append(
            Snapshot(
                unit=unit.code,
                accounts=tuple(read.accounts.get(unit.holder, ())) if leads else (),
                matters=read.matters[unit.code],
                overdue=overdue.number if overdue else 0,
                overdue_since=local_day(overdue.oldest) if overdue else None,
                recorded_on=local_day(last) if last else None,
            )
        )
    return found


def _read(s: Session, at: datetime, today: date, rules: MonitoringRules) -> _Register:
    read = _Register()
    connection = s.connection()
    moves: dict[str, list[DayMove]] = defaultdict(list)
    young: set[str] = set()
    for row in connection.execute(_MOVES, {"since": since_for_vacancy(today, rules)}):
        moves[row.account].append(DayMove(row.effective_on, int(row.authorised), int(row.vacancy)))
        if row.opened:
            young.add(row.account)
    for row in connection.execute(_ACCOUNTS):
        figures = Figures(row.authorised, row.occupied, row.reserved, row.set_aside, row.tolerated_over)
        read.accounts[row.holder].append(
            AccountFacts(
                resource=Resource(row.resource),
                figures=figures,
                absorb_until=row.absorb_until,
                moves=tuple(moves.get(row.id, ())),
                young=row.id in young,
            )
        )
    read.last = {row.id: row.recorded_at for row in connection.execute(_LAST_ROWS)}
    bounds = {"since": since_for_changes(today, rules), "today": today}
    read.matters = Counter(row.unit for row in connection.execute(_MATTERS, bounds))
    read.overdue = {row.unit: row for row in connection.execute(_OVERDUE, {"moment": at})}
    return read
