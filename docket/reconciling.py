"""What a reconciliation reads of cases and outbox, how it schedules what is safe, and where its results are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlmodel import Session

from models.decisions import Officer
from models.enums import CommandKind, Department, RecordState, State
from models.reconciliation import Reconciled
from models.register import Case, Command, Record, table_of
from models.runs import ReconciliationRow
from models.shape import UNSAFE_TEXT
from rules.reconciliation import CaseFact, CommandFact

from . import commands

RECONCILER = Officer(id="system-reconciliation", name="核对", department=Department.ESTABLISHMENT)
"""Who tells a workflow to look at the register. No account; it can decide nothing."""

CHUNK = 500
MOST_UNJUDGED = 1000
"""Waiting commands that one run looks at; the next run finds the others."""

_case = table_of(Case)
_command = table_of(Command)
_record = table_of(Record)
_run = table_of(ReconciliationRow)
_FINAL = [state.value for state in State if state.final]

_UNJUDGED = (
    select(
        _command.c.id,
        _command.c.case_id,
        _case.c.no,
        _command.c.decided_at,
        _command.c.delivered_at,
        _command.c.attempts,
    )
    .join(_case, _case.c.id == _command.c.case_id)
    .where(_command.c.handled_at.is_(None))
    .order_by(_command.c.decided_at, _command.c.id)
    .limit(MOST_UNJUDGED)
)
_START = (
    select(_command.c.id, _command.c.case_id, _command.c.delivered_at)
    .where(_command.c.kind == CommandKind.START.value)
    .subquery()
)
_UNFILED = exists().where(_record.c.case_id == _case.c.id, _record.c.state == RecordState.NUMBERED.value)
_FACTS = select(
    _case.c.id,
    _case.c.no,
    _case.c.state,
    _case.c.closed_at,
    _START.c.id.label("start"),
    _START.c.delivered_at.label("arrived_at"),
    _UNFILED.label("unfiled"),
).outerjoin(_START, _START.c.case_id == _case.c.id)
_AT_WORK = _FACTS.where(_case.c.state.not_in(_FINAL) | _UNFILED)
_LATEST = select(_run.c.result).order_by(_run.c.id.desc())


def unjudged(s: Session) -> list[CommandFact]:
    """Commands without a receipt, the longest waiting first."""
    return [
        CommandFact(row.id, row.case_id, row.no, row.decided_at, row.delivered_at, row.attempts)
        for row in s.execute(_UNJUDGED)
    ]


def at_work(s: Session) -> list[CaseFact]:
    """Cases that need a workflow: all that are open, and those that ended and have documents still to be filed."""
    return [_fact(row) for row in s.execute(_AT_WORK)]


def cases_named(s: Session, ids: Collection[str]) -> Iterator[CaseFact]:
    """Those of `ids` that the register has."""
    wanted = sorted(each for each in ids if not UNSAFE_TEXT.search(each))  # others are a stranger's
    for start in range(0, len(wanted), CHUNK):
        page = _FACTS.where(_case.c.id.in_(wanted[start : start + CHUNK]))
        yield from (_fact(row) for row in s.execute(page))


def _fact(row: Any) -> CaseFact:
    final = State(row.state).final
    return CaseFact(row.id, row.no, final, row.closed_at, row.start, row.arrived_at, bool(row.unfiled))


def deliver_again(s: Session, ids: Collection[str]) -> None:
    """The relay takes these commands up again. Harmless: what was judged answers with its receipt, and a workflow
    that runs already is joined."""
    s.execute(update(_command).where(_command.c.id.in_(list(ids))).values(delivered_at=None))


def tell(s: Session, case_ids: Collection[str], at: datetime) -> None:
    """Have the workflows of these cases look at the register; once per run and case."""
    for case_id in case_ids:
        commands.wake(s, case_id, RECONCILER, f"reconcile-{at:%Y%m%d%H%M%S}-{case_id[:32]}", at, "核对")


def keep(s: Session, done: Reconciled) -> None:
    s.execute(
        insert(_run).values(
            at=done.at,
            engine=done.engine,
            total=done.total,
            repaired=done.repaired,
            result=done.model_dump(mode="json"),
        )
    )


def latest(s: Session) -> Reconciled | None:
    """The last run; None before the first."""
    row = s.execute(_LATEST.limit(1)).first()
    return None if row is None else Reconciled.model_validate(row.result)


def runs(s: Session, limit: int = 20) -> list[Reconciled]:
    """The last runs, the newest first."""
    return [Reconciled.model_validate(row.result) for row in s.execute(_LATEST.limit(limit))]


def ever(s: Session) -> int:
    """How many runs there were."""
    return int(s.execute(select(func.count()).select_from(_run)).scalar_one())
