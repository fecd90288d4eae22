"""例外受理 (procedures.md §4): its own approved act with reason, scope, approver and expiry, while the gate is closed.

The gate and RESERVE / AUTHORISE look for one that covers the application (`facts.exception_for`)."""

from __future__ import annotations

from datetime import datetime

from docket import cases, notices, problems
from docket.canonical import canonical
from docket.commands import CommandRow
from ledger import suspensions
from models.decisions import Decision, ExceptionalRequest
from models.enums import CommandKind, Department, Procedure, Step, Verdict
from models.refusals import Refusal, RefusalCode
from models.register import ExceptionalAcceptance, Suspension
from rules.deadlines import end_of_day
from rules.exceptions import covers, resources_of

from . import supervision_letters
from .paper import department_name
from .turn import Turn

SUSPENDED = frozenset({Procedure.STAFFING_UP, Procedure.ESTABLISHMENT_CHANGE})


def request(turn: Turn, body: ExceptionalRequest) -> Refusal | None:
    """By the unit or by the office: the commission is asked."""
    refusal = _may_be_asked(turn, body)
    if refusal is not None:
        return refusal
    count = sum(row.step == Step.EXCEPTIONAL_ACCEPTANCE for row in turn.case.steps) + 1
    turn.open(Step.EXCEPTIONAL_ACCEPTANCE, Department.COMMISSION, str(count))
    return None


def _may_be_asked(turn: Turn, body: ExceptionalRequest) -> Refusal | None:
    standing = _standing(turn)
    if standing is None:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "本整改事项当前没有暂停受理")
    if (body.unit or turn.case.row.unit) not in _reached(turn, standing):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "该单位不在本次暂停受理范围内")
    if not set(body.scope.procedures) <= SUSPENDED:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "只有用编和机构编制调整暂停受理，其他事项无须例外受理")
    if body.until < turn.today:
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, "有效期不得早于今日")
    most = turn.deps.rulebook.rectification.exception_days_maximum
    if (body.until - turn.today).days > most:
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, f"例外受理的有效期不得超过{most}日")
    return None


def decide(turn: Turn, decision: Decision) -> Refusal | None:
    """The commission approves the exception as it was asked for, or not."""
    asked = _request_of(turn, decision.subject)
    body = ExceptionalRequest.model_validate(asked.body)
    if decision.verdict is not Verdict.APPROVE:
        turn.finish(decision)
        _tell(turn, "例外受理申请未获批准", f"{turn.case.id}|exception-refused|{decision.subject}")
        return None
    refusal = _may_be_asked(turn, body)  # meanwhile the gate may have opened, or the term be over
    standing = _standing(turn)
    if refusal is not None or standing is None:
        return refusal
    turn.finish(decision)
    row = ExceptionalAcceptance(
        id=f"{turn.case.id}-x{decision.subject}",
        unit=body.unit or turn.case.row.unit,
        scope=canonical(body.scope.model_dump(mode="json")),
        reason=body.scope.matter,  # in the clear; the reason itself stays sealed in the request and on the paper
        approver=department_name(turn, turn.officer.department),
        from_at=turn.at,
        until_at=end_of_day(body.until),
        case_id=turn.case.id,
    )
    paper = supervision_letters.exceptional_acceptance(turn, decision, asked, turn.unit(row.unit), standing)
    row.number = paper.number
    turn.s.add(row)
    turn.s.flush()
    _wake_covered(turn, row)
    return None


def expire(turn: Turn) -> None:
    """Its timer: what is past its last day has ended, and that is said."""
    for row in _running(turn):
        if row.until_at < turn.at:
            _end(turn, row, turn.at)
            _tell(turn, f"例外受理（{row.number}）已到期失效", f"{row.id}|expired")


def close_all(turn: Turn) -> None:
    """At the end of the case. Where another suspension still binds, the commission's term stands."""
    for row in _running(turn):
        still = suspensions.closed_now(turn.s, row.unit, None, turn.at)
        _end(turn, row, row.until_at if still else turn.at)


def ends(turn: Turn) -> list[datetime]:
    """When the exceptions that run end by themselves."""
    return [row.until_at for row in _running(turn)]


def _end(turn: Turn, row: ExceptionalAcceptance, at: datetime) -> None:
    row.ended_at = at
    turn.s.add(row)
    turn.s.flush()


def _running(turn: Turn) -> list[ExceptionalAcceptance]:
    return [row for row in problems.exceptions_of(turn.s, turn.case.id) if row.ended_at is None]


def _request_of(turn: Turn, subject: str) -> CommandRow:
    """The n-th accepted request is what the n-th step decides."""
    return problems.accepted_orders(turn.s, turn.case.id, CommandKind.EXCEPT)[int(subject) - 1]


def _standing(turn: Turn) -> Suspension | None:
    return next((row for row in suspensions.of_case(turn.s, turn.case.id) if row.lifted_at is None), None)


def _reached(turn: Turn, standing: Suspension) -> list[str]:
    return suspensions.units_below(turn.s, standing.unit) if standing.covers_subordinates else [standing.unit]


def _tell(turn: Turn, what: str, key: str) -> None:
    text = f"{turn.case.row.title}：{what}"
    for department in (Department.UNIT, Department.ESTABLISHMENT):
        notices.notify(turn.s, turn.case.id, turn.at, "exception", department, text, f"{key}|{department}")


def _wake_covered(turn: Turn, row: ExceptionalAcceptance) -> None:
    """Held cases that the exception covers go on; every other one stays held."""
    for case_id, _unit in problems.held_for_suspension(turn.s, [row.unit]):
        held = cases.read(turn.s, case_id)
        if held is not None and covers(row.scope, held.procedure, resources_of(cases.application_of(turn.s, held))):
            turn.wake(case_id, "例外受理")
