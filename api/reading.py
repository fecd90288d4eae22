"""Small reads of the register that no other room offers; Core statements, shaped for the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from docket import reconciling, unit_page
from ledger import log, suspensions
from ledger.reconciling import log_behind
from models.archives import RecordAct
from models.decisions import Officer
from models.enums import DocumentKind, Level, Procedure, State, StepState, UnitKind
from models.proofs import RowKind
from models.reconciliation import DifferenceKind, Reconciled
from models.register import Case, Command, InternalBody, Record, StepRow, Unit, table_of

from .metrics import Gauge
from .shapes import BodyRow, OpenProblem, UnitPage, UnitRow, UnitView

_case = table_of(Case)
_command = table_of(Command)
_step = table_of(StepRow)
_unit = table_of(Unit)
_body = table_of(InternalBody)
_record = table_of(Record)
_act = table_of(RecordAct)


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
        return s.execute(wanted).first() is not None
    series, _, year = chain.rpartition("/")
    place = {"series": series, "year": int(year if year.isdecimal() else 0)}
    wanted = select(_record.c.id).where(_record.c.unit == unit)
    if kind is RowKind.ACT:
        wanted = wanted.join(_act, _act.c.record_id == _record.c.id).where(_act.c.seq == seq)
        wanted = wanted.where(*(_act.c[name] == value for name, value in place.items()))
    else:
        wanted = wanted.where(_record.c.chain_seq == seq, *(_record.c[name] == value for name, value in place.items()))
    return s.execute(wanted).first() is not None


def filed_records(s: Session) -> int:
    """How many records have their file."""
    counted = s.execute(select(func.count()).select_from(_record).where(_record.c.digest.is_not(None)))
    return int(counted.scalar_one())


def gauges(s: Session, now: datetime) -> dict[str, Gauge]:
    """Figures of the register for the metrics page: what is where, what waits and how long, and what does not agree."""
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
    waits = s.execute(
        select(_step.c.step, func.count().label("number"), func.min(_step.c.opened_at).label("oldest"))
        .where(_step.c.state == StepState.CURRENT.value)
        .group_by(_step.c.step)
    ).all()
    last = reconciling.latest(s)
    head = log.head(s)
    return {
        "cases": Gauge("事项数，按状态 · cases by state", "state", {state: float(count) for state, count in states}),
        "outbox_undelivered": _bare("尚未送达流程引擎的指令数 · commands to be delivered", waiting),
        "outbox_oldest_seconds": _bare("最早一条未送达指令已等待的秒数 · age of the oldest", _age(oldest, now)),
        "commands_unjudged": _bare("尚无回执的指令数 · commands without a receipt", unjudged),
        "steps_overdue": _bare("已逾期的环节数 · steps past their day", overdue),
        "steps_waiting": Gauge(
            "等待办理的环节数 · steps that wait", "step", {row.step: float(row.number) for row in waits}
        ),
        "steps_oldest_seconds": Gauge(
            "各环节等待最久的秒数 · age of the oldest by step",
            "step",
            {row.step: _age(row.oldest, now) for row in waits},
        ),
        "records_unfiled": _bare("已编号待归档的文件数 · numbered and not filed", unfiled),
        "reconciliation_differences": Gauge(
            "最近一次核对待人处理的差异 · differences that wait for a person", "kind", _left(last)
        ),
        "reconciliation_age_seconds": _bare("距最近一次核对的秒数 · since the last reconciliation", _age_of(last, now)),
        "log_leaves": _bare("存证日志的叶数 · leaves of the transparency log", head.size),
        "log_behind": _bare(
            "有行等待存证超过两夜为 1 · 1 while rows have waited for the log for two nights",
            float(next(log_behind(s, now), None) is not None),
        ),
        "log_age_seconds": _bare("距最近一次追加的秒数 · since the last append", _age(head.at, now)),
    }


def _bare(help: str, value: float) -> Gauge:
    return Gauge(help, "", {"": float(value)})


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _age_of(last: Reconciled | None, now: datetime) -> float:
    """Minus one before the first run: an alarm on a large age must not be silent about a small one that never was."""
    return _age(last.at, now) if last else -1.0


def _left(last: Reconciled | None) -> dict[str, float]:
    """Every kind has its line, zero too, so that an alarm has something to look at."""
    waiting = last.waiting if last else {}
    return {kind.value: float(waiting.get(kind, 0)) for kind in DifferenceKind}
