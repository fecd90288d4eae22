"""The problem ledger 问题台账 of a rectification, and what readers see of problems, suspensions and exceptions.

Takes the caller's session and never commits. Facts and measures stay sealed in the application.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from ledger import suspensions
from models.applications import AnyApplication, RectificationApplication
from models.decisions import Officer, Report, Scope
from models.docket import ExceptionView, ProblemReport, ProblemView, RoundView, SuspensionView
from models.enums import (
    CommandKind,
    Department,
    ProblemSource,
    ProblemState,
    Procedure,
    Resource,
    State,
    Step,
    StepState,
)
from models.register import Case, Command, ExceptionalAcceptance, ProblemRow, Suspension, table_of
from rules.deadlines import end_of_day
from rules.exceptions import EVERYTHING
from rules.rectification import problem_of

from . import commands
from .cases import CaseFile
from .commands import CommandRow

_case = table_of(Case)
_command = table_of(Command)

_problem = table_of(ProblemRow)
_OPENED = core_select(_problem.c.case_id).where(_problem.c.case_id == _case.c.id).exists()

SUSPENSION = "suspension"
"""What a case was held from when a suspension stopped it."""


# --- the ledger of problems ----------------------------------------------------------------------------------------


def enter(
    s: Session, case: CaseFile, application: RectificationApplication, days: dict[str, date], at: datetime
) -> list[ProblemRow]:
    """Open every problem of the application, due at the end of its day."""
    rows = [
        ProblemRow(
            case_id=case.id,
            no=problem.no,
            unit=case.row.unit,
            kind=problem.kind,
            source=problem.source.value,
            clause=problem.clause,
            opened_at=at,
            due_at=end_of_day(days[problem.no]),
        )
        for problem in application.problems
    ]
    s.add_all(rows)
    s.flush()
    return rows


def of_case(s: Session, case_id: str) -> list[ProblemRow]:
    """Every problem of a case, in the order of its letters."""
    rows = select(ProblemRow).where(ProblemRow.case_id == case_id)
    return list(s.exec(rows.order_by(col(ProblemRow.opened_at), col(ProblemRow.no))))


def one(s: Session, case_id: str, no: str) -> ProblemRow | None:
    return s.get(ProblemRow, (case_id, no))


def open_of_unit(s: Session, unit: str) -> list[ProblemRow]:
    """Problems of a unit that are not closed yet, over all its cases."""
    rows = select(ProblemRow).where(ProblemRow.unit == unit, ProblemRow.state != ProblemState.CLOSED.value)
    return list(s.exec(rows.order_by(col(ProblemRow.due_at), col(ProblemRow.no))))


def save(s: Session, row: ProblemRow) -> None:
    s.add(row)
    s.flush()


# --- what belongs to it ------------------------------------------------------------------------------------------


def accepted_orders(s: Session, case_id: str, kind: CommandKind) -> list[CommandRow]:
    """The accepted commands of a kind, opened, in their order: a step that decides on the n-th finds it here."""
    ids = s.execute(
        core_select(_command.c.id)
        .where(_command.c.case_id == case_id, _command.c.kind == kind.value, _command.c.status == "accepted")
        .order_by(_command.c.seq)
    ).scalars()
    found = (commands.opened(s, identity) for identity in ids)
    return [row for row in found if row is not None]


def held_for_suspension(s: Session, units: list[str]) -> list[tuple[str, str]]:
    """(case, unit) of every case of these units that a suspension stopped."""
    rows = s.execute(
        core_select(_case.c.id, _case.c.unit)
        .where(_case.c.unit.in_(units), _case.c.state == State.HELD.value, _case.c.held_from == SUSPENSION)
        .order_by(_case.c.opened_at, _case.c.id)
    )
    return [(row.id, row.unit) for row in rows]


def exceptions_of(s: Session, case_id: str) -> list[ExceptionalAcceptance]:
    """Exceptional acceptances that were approved in a case, in their order."""
    rows = select(ExceptionalAcceptance).where(ExceptionalAcceptance.case_id == case_id)
    return list(s.exec(rows.order_by(col(ExceptionalAcceptance.from_at), col(ExceptionalAcceptance.id))))


# --- what readers see ------------------------------------------------------------------------------------------------


def problem_views(
    s: Session, case: CaseFile, application: AnyApplication, viewer: Officer, now: datetime
) -> list[ProblemView]:
    """The ledger of a rectification's problems; of another case, or one that was not accepted, nothing."""
    if not isinstance(application, RectificationApplication):
        return []
    said = {problem.no: problem for problem in application.problems}
    reports = _reports(s, case.id)
    waits = {
        problem_of(row.subject): row.due_at
        for row in case.steps
        if row.step == Step.REPORT and row.state == StepState.CURRENT
    }
    views = []
    for row in of_case(s, case.id):
        due_at = waits.get(row.no, row.due_at)  # a hold gives its days to the step first
        views.append(
            ProblemView(
                no=row.no,
                kind=row.kind,
                facts=said[row.no].facts,
                source=source_for(viewer, row.source),
                clause=row.clause,
                measure=said[row.no].measure,
                due_at=due_at,
                overdue=row.state == ProblemState.OPEN and due_at < now and case.state is not State.HELD,
                state=ProblemState(row.state),
                attempt=row.attempt,
                reported_at=row.reported_at,
                closed_at=row.closed_at,
                reports=reports.get(row.no, []),
            )
        )
    return views


def _reports(s: Session, case_id: str) -> dict[str, list[ProblemReport]]:
    """Number → what the unit reported on it, also what is not done yet."""
    found: dict[str, list[ProblemReport]] = {}
    for command in accepted_orders(s, case_id, CommandKind.REPORT):
        for item in Report.model_validate(command.body).items:
            told = ProblemReport(at=command.decided_at, done=item.done, text=item.text, evidence=item.evidence)
            found.setdefault(item.no, []).append(told)
    return found


def _suspension_view(row: Suspension) -> SuspensionView:
    return SuspensionView(
        id=row.id,
        unit=row.unit,
        number=row.number,
        problems=row.problems,
        from_at=row.from_at,
        provisional=row.confirmed_at is None,
        covers_subordinates=row.covers_subordinates,
        lifted_at=row.lifted_at,
        ended_by=row.ended_by,
    )


def exception_views(s: Session, case_id: str) -> list[ExceptionView]:
    return [
        ExceptionView(
            id=row.id,
            unit=row.unit,
            scope=_scope(row.scope),
            number=row.number,
            approver=row.approver,
            from_at=row.from_at,
            until_at=row.until_at,
            ended_at=row.ended_at,
        )
        for row in exceptions_of(s, case_id)
    ]


def _scope(text: str) -> Scope:
    if text == EVERYTHING:
        return Scope(procedures=list(Procedure), resources=list(Resource), matter="全部事项")
    return Scope.model_validate_json(text)


def told(rounds: list[RoundView], viewer: Officer) -> list[RoundView]:
    """The rounds as a viewer may read them: that somebody rang 12310 is told to few (domain.md §2.6)."""
    if viewer.department in _KNOW_THE_SOURCE:
        return rounds
    return [each.model_copy(update={"application": _masked(each.application)}) for each in rounds]


def _masked(application: dict[str, object]) -> dict[str, object]:
    lines = application.get("problems")
    if not isinstance(lines, list):
        return application
    return application | {"problems": [line | {"source": _source_told(line["source"])} for line in lines]}


_KNOW_THE_SOURCE = frozenset(
    {Department.ESTABLISHMENT, Department.COMMISSION, Department.DISCIPLINE, Department.SUPERVISION}
)
"""Who may know that somebody rang 12310; for everybody else it was found by verification (domain.md §2.6)."""


def knows_the_source(viewer: Officer) -> bool:
    return viewer.department in _KNOW_THE_SOURCE


def source_for(viewer: Officer, source: str) -> ProblemSource:
    """How a problem was found, as the viewer may know it."""
    return ProblemSource(source if knows_the_source(viewer) else _source_told(source))


def opened_against_units() -> ColumnElement[bool]:
    """Condition on a case row: a unit sees a rectification only once its problems are opened (a statement over
    `case_file`); what is not accepted stays within the office."""
    return or_(_case.c.procedure != Procedure.RECTIFICATION.value, _OPENED)


def _source_told(source: str) -> str:
    return ProblemSource.VERIFICATION.value if source == ProblemSource.HOTLINE else source


def of_docket(
    s: Session, case: CaseFile, application: AnyApplication, viewer: Officer, now: datetime
) -> dict[str, Any]:
    """What a rectification adds to its docket; of a case that a suspension stopped, what stops it."""
    if case.procedure is not Procedure.RECTIFICATION:
        stopped = case.state is State.HELD and case.row.held_from == SUSPENSION
        standing = suspensions.standing_suspensions(s, case.row.unit, now) if stopped else []
        return {"suspensions": [_suspension_view(row) for row in standing]}
    return {
        "problems": problem_views(s, case, application, viewer, now),
        "suspensions": [_suspension_view(row) for row in suspensions.of_case(s, case.id)],
        "exceptions": exception_views(s, case.id),
    }
