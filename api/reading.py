"""Small reads of the register that no other room offers; Core statements, shaped for the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from docket import unit_page
from ledger import suspensions
from models.decisions import Officer
from models.enums import DocumentKind, Level, Procedure, State, StepState, UnitKind
from models.proofs import RowKind
from models.register import Case, Command, InternalBody, Record, StepRow, Unit, table_of

from .shapes import BodyRow, OpenProblem, UnitPage, UnitRow, UnitView

_case = table_of(Case)
_command = table_of(Command)
_step = table_of(StepRow)
_unit = table_of(Unit)
_body = table_of(InternalBody)
_record = table_of(Record)


def state_of(s: Session, case_id: str) -> State:
    return State(s.execute(select(_case.c.state).where(_case.c.id == case_id)).scalar_one())


def procedure_of(s: Session, case_id: str) -> Procedure:
    return Procedure(s.execute(select(_case.c.procedure).where(_case.c.id == case_id)).scalar_one())


def abolished_on(s: Session, code: str) -> date | None:
    day: date | None = s.execute(select(_unit.c.abolished_on).where(_unit.c.code == code)).scalar()
    return day


def unit_exists(s: Session, code: str) -> bool:
    return s.execute(select(_unit.c.code).where(_unit.c.code == code)).first() is not None


def units(
    s: Session, *, own: str | None, kind: UnitKind | None, parent: str | None, q: str | None, after: str, limit: int
) -> UnitPage:
    """A page of units in order of code; `own` narrows it to one unit."""
    wanted = select(_unit).where(_unit.c.code > after).order_by(_unit.c.code).limit(limit + 1)
    if own is not None:
        wanted = wanted.where(_unit.c.code == own)
    if kind is not None:
        wanted = wanted.where(_unit.c.kind == kind.value)
    if parent is not None:
        wanted = wanted.where(_unit.c.parent == parent)
    if q:
        wanted = wanted.where(_unit.c.name.contains(q, autoescape=True))
    rows = s.execute(wanted).all()
    items = [UnitRow(**_unit_fields(row)) for row in rows[:limit]]
    return UnitPage(items=items, next=items[-1].code if len(rows) > limit else None)


def unit(s: Session, code: str, now: datetime, viewer: Officer) -> UnitView | None:
    """A unit as the viewer may know it: how a problem was found is not told to everybody."""
    row = s.execute(select(_unit).where(_unit.c.code == code)).one_or_none()
    if row is None:
        return None
    sharing = select(_unit.c.code).where(_unit.c.holder == row.holder, _unit.c.code != code).order_by(_unit.c.code)
    below = select(_unit.c.code).where(_unit.c.parent == code).order_by(_unit.c.code)
    bodies = s.execute(select(_body).where(_body.c.unit == code).order_by(_body.c.id)).all()
    return UnitView(
        **_unit_fields(row),
        relation=row.relation,
        basis_no=row.basis_no,
        basis_date=row.basis_date,
        remark=row.remark,
        data_fault=row.data_fault,
        suspended=bool(suspensions.standing_suspensions(s, code, now)),
        co_users=list(s.execute(sharing).scalars()),
        subordinates=list(s.execute(below).scalars()),
        bodies=[_body_row(body) for body in bodies],
        problems=_problems(s, code, now, viewer),
    )


def _problems(s: Session, code: str, now: datetime, viewer: Officer) -> list[OpenProblem]:
    return [OpenProblem(**asdict(each)) for each in unit_page.open_problems(s, code, viewer, now)]


def _unit_fields(row: Row[Any]) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "short_name": row.short_name,
        "kind": UnitKind(row.kind),
        "kind_label": UnitKind(row.kind).label,
        "place": row.place,
        "rank": row.rank,
        "nature": row.nature,
        "parent": row.parent,
        "certificate_no": row.certificate_no,
        "abolished_on": row.abolished_on,
        "merged_into": row.merged_into,
        "other_names": row.other_names,
        "level": Level(row.level) if row.level else None,
    }


def _body_row(row: Row[Any]) -> BodyRow:
    return BodyRow(
        name=row.name,
        other_name=row.other_name,
        rank=row.rank,
        chief_posts=row.chief_posts,
        deputy_posts=row.deputy_posts,
        status=row.status,
    )


def certificates(s: Session, code: str, limit: int = 20) -> Sequence[str]:
    """Ids of the unit's certificate extracts, newest first."""
    return (
        s.execute(
            select(_record.c.id)
            .where(_record.c.unit == code, _record.c.kind == DocumentKind.CERTIFICATE.value)
            .order_by(_record.c.year.desc(), _record.c.seq.desc())
            .limit(limit)
        )
        .scalars()
        .all()
    )


def row_of_unit(s: Session, unit: str, kind: RowKind, chain: str, seq: int) -> bool:
    """Whether a row of the log is the unit's own: of its holder's chain, or a document to it."""
    if kind is RowKind.JOURNAL:
        wanted = select(_unit.c.code).where(_unit.c.code == unit, _unit.c.holder == chain)
    else:
        series, _, year = chain.rpartition("/")
        wanted = select(_record.c.id).where(
            _record.c.series == series,
            _record.c.year == int(year if year.isdecimal() else 0),
            _record.c.chain_seq == seq,
            _record.c.unit == unit,
        )
    return s.execute(wanted).first() is not None


def filed_records(s: Session) -> int:
    """How many records have their file."""
    counted = s.execute(select(func.count()).select_from(_record).where(_record.c.digest.is_not(None)))
    return int(counted.scalar_one())


def gauges(s: Session, now: datetime) -> dict[str, dict[str, float]]:
    """Counts for the metrics page: cases by state, steps overdue, outbox depth and age of its oldest row."""
    states = s.execute(select(_case.c.state, func.count()).group_by(_case.c.state)).all()
    waiting, oldest = s.execute(
        select(func.count(), func.min(_command.c.decided_at)).where(_command.c.delivered_at.is_(None))
    ).one()
    unjudged = s.execute(select(func.count()).select_from(_command).where(_command.c.handled_at.is_(None))).scalar_one()
    overdue = s.execute(
        select(func.count())
        .select_from(_step)
        .join(_case, _case.c.id == _step.c.case_id)
        .where(_step.c.state == StepState.CURRENT.value, _step.c.due_at < now, _case.c.state != State.HELD.value)
    ).scalar_one()
    unfiled = s.execute(select(func.count()).select_from(_record).where(_record.c.state == "numbered")).scalar_one()
    return {
        "cases": {state: float(count) for state, count in states},
        "outbox_undelivered": {"": float(waiting)},
        "outbox_oldest_seconds": {"": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0},
        "commands_unjudged": {"": float(unjudged)},
        "steps_overdue": {"": float(overdue)},
        "records_unfiled": {"": float(unfiled)},
    }
