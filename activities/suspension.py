"""暂停受理 (procedures.md §4, 2, 3 and 6): the gate closes by rule when a problem is not put right in time, a person
confirms, and it opens when every problem is closed. Silence keeps it closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from docket import cases, notices, problems
from ledger import suspensions
from models.decisions import Decision
from models.enums import Department, ProblemState, State, Step, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from models.register import ProblemRow, Suspension
from rules.rectification import LISTED, falls_due, listed, numbered, problem_of

from . import endings, exceptions, patience, supervision_letters
from .turn import Turn

LIFTED = "lifted"
NOT_CONFIRMED = "not-confirmed"
COPIED = (Department.ORGANISATION, Department.PERSONNEL, Department.FINANCE)


# --- 2 at due ------------------------------------------------------------------------------------------------------


def look(turn: Turn) -> None:
    """At due with a problem still open the gate closes provisionally, by rule. One that was reported in time waits
    for its inspectors: their delay does not close the unit's gate. Nor does that of the engine."""
    late = [row for row in overdue_steps(turn) if not patience.yields(turn, row.due_at)]
    numbers = {problem_of(row.subject) for row in late}
    overdue = [row for row in problems.of_case(turn.s, turn.case.id) if row.no in numbers]
    if not overdue:
        return
    standing = standing_of(turn)
    if standing is None:
        close_gate(turn, overdue)
    else:
        _add_to(turn, standing, overdue)


def overdue_steps(turn: Turn) -> list[Row[Any]]:
    """Reports that are late and not yet the ground of a suspension: what the gate is still to be closed for. A
    decision not to suspend spares the problems that it was about, and no other."""
    past = suspensions.of_case(turn.s, turn.case.id)
    standing = _standing(past)
    named = standing.problems.split(LISTED) if standing is not None else []
    spared: dict[str, datetime] = {}
    for row in past:
        if row.lifted_at is not None:
            spared |= {no: max(row.lifted_at, spared.get(no, row.lifted_at)) for no in row.problems.split(LISTED)}
    return [
        row
        for row in turn.case.current()
        if row.step == Step.REPORT
        and problem_of(row.subject) not in named
        and falls_due(row.due_at, turn.at, spared.get(problem_of(row.subject)))
    ]


def close_gate(turn: Turn, rows: list[ProblemRow]) -> None:
    """From this instant nothing new of the unit is accepted; the draft letter waits at `warn` for a signer."""
    rules = turn.deps.rulebook.rectification
    count = len(suspensions.of_case(turn.s, turn.case.id)) + 1
    numbers = listed(row.no for row in rows)
    suspensions.suspend(
        turn.s,
        Suspension(
            id=f"{turn.case.id}-{count}",
            unit=turn.case.row.unit,
            case_id=turn.case.id,
            problems=numbers,
            from_at=turn.at,
            covers_subordinates=rules.covers_subordinates,
            holds_under_way=rules.holds_cases_under_way,
        ),
    )
    turn.open(Step.WARN, Department.ESTABLISHMENT, numbered(count))
    endings.go_on(turn, State.SUSPENDED)
    text = f"{turn.case.row.title}：问题{numbers}尚未整改到位，机构编制事项申请先行暂停受理"
    key = f"{turn.case.id}|closed|{count}"
    notices.notify(turn.s, turn.case.id, turn.at, "suspension", Department.UNIT, text, key)


def _add_to(turn: Turn, standing: Suspension, overdue: list[ProblemRow]) -> None:
    """A further problem falls due while the gate is closed: it stands among the grounds from now on."""
    more = [row.no for row in overdue]
    standing.problems = listed([*standing.problems.split(LISTED), *more])
    turn.s.add(standing)
    turn.s.flush()
    text = f"{turn.case.row.title}：问题{listed(more)}也已到期，列入暂停受理事由"
    key = f"{standing.id}|{listed(more)}|{turn.at.isoformat()}"
    for department in (Department.UNIT, Department.ESTABLISHMENT):
        notices.notify(turn.s, turn.case.id, turn.at, "suspension", department, text, f"{key}|{department}")


# --- 3 a person decides ----------------------------------------------------------------------------------------------


def warn(turn: Turn, decision: Decision) -> Refusal | None:
    """The issuer signs the 书面警示函, or leaves it; the gate stays closed and the decision is asked for either way."""
    standing = _asked(turn)
    turn.finish(decision)
    if decision.verdict is Verdict.APPROVE:
        supervision_letters.warning_letter(turn, decision, standing)
    turn.open(Step.PROPOSE_SUSPENSION, Department.ESTABLISHMENT, decision.subject)
    return None


def propose(turn: Turn, decision: Decision) -> Refusal | None:
    """The office proposes to suspend, or not to, with its opinion; the competent body decides."""
    turn.finish(decision)
    turn.open(Step.SUSPEND, turn.deps.rulebook.rectification.decided_by, decision.subject)
    return None


def decide(turn: Turn, decision: Decision) -> Refusal | None:
    """The competent body confirms, or decides with reasons not to suspend."""
    standing = _asked(turn)
    turn.finish(decision)
    if decision.verdict is Verdict.APPROVE:
        standing.confirmed_at = turn.at
        standing.number = supervision_letters.suspension_notice(turn, decision, standing).number
        turn.s.add(standing)
        turn.s.flush()
        _copy(turn, f"《暂停受理通知书》{standing.number}", f"{standing.id}|copy")
        return None
    suspensions.end(turn.s, standing, turn.at, NOT_CONFIRMED)
    endings.go_on(turn, State.IN_PROGRESS)
    text = f"{turn.case.row.title}：经研究决定不暂停受理，整改继续进行"
    notices.notify(turn.s, turn.case.id, turn.at, "suspension", Department.UNIT, text, f"{standing.id}|not-confirmed")
    _wake_held(turn, standing)
    return None


# --- 6 all closed --------------------------------------------------------------------------------------------------


def verified(turn: Turn) -> None:
    """After a problem was closed: the last one ends the case, or leads to the lifting of what stands."""
    if any(row.state != ProblemState.CLOSED for row in problems.of_case(turn.s, turn.case.id)):
        return
    if _standing(suspensions.of_case(turn.s, turn.case.id)) is None:
        end_case(turn, State.CLOSED)
        return
    undecided = (Step.WARN, Step.PROPOSE_SUSPENSION, Step.SUSPEND)  # nothing is left to confirm
    for row in turn.case.current():
        if row.step in undecided:
            cases.mark_step(turn.s, row, state=StepState.VOID.value)
    turn.touched()
    turn.open(Step.PROPOSE_LIFTING, Department.ESTABLISHMENT)


def propose_lifting(turn: Turn, decision: Decision) -> Refusal | None:
    """The office proposes to lift, or not to, with its opinion; decided as the suspension was."""
    turn.finish(decision)
    turn.open(Step.LIFT, turn.deps.rulebook.rectification.decided_by, decision.subject)
    return None


def lift(turn: Turn, decision: Decision) -> Refusal | None:
    """The gate opens when no other suspension of the unit stands."""
    left = [row.no for row in problems.of_case(turn.s, turn.case.id) if row.state != ProblemState.CLOSED]
    if left and decision.verdict is Verdict.APPROVE:
        return Refusal.of(RefusalCode.PROBLEM_OPEN, f"问题{listed(left)}")
    standing = _asked(turn)
    turn.finish(decision)
    if decision.verdict is not Verdict.APPROVE:
        again = sum(row.step == Step.PROPOSE_LIFTING for row in turn.case.steps) + 1
        turn.open(Step.PROPOSE_LIFTING, Department.ESTABLISHMENT, numbered(again))
        return None
    suspensions.end(turn.s, standing, turn.at, LIFTED)
    others = suspensions.standing_suspensions(turn.s, standing.unit, turn.at)
    number = supervision_letters.resumption_notice(turn, decision, standing, others).number
    _copy(turn, f"《恢复受理通知书》{number}", f"{standing.id}|lifted")
    _wake_held(turn, standing)
    end_case(turn, State.LIFTED)
    return None


def end_case(turn: Turn, state: State) -> None:
    exceptions.close_all(turn)
    endings.close(turn, state)


# --- parts ---------------------------------------------------------------------------------------------------------


def standing_of(turn: Turn) -> Suspension | None:
    """The suspension of this case that stands now; there is one at most."""
    return _standing(suspensions.of_case(turn.s, turn.case.id))


def _standing(rows: list[Suspension]) -> Suspension | None:
    return next((row for row in rows if row.lifted_at is None), None)


def _asked(turn: Turn) -> Suspension:
    standing = standing_of(turn)
    if standing is None:
        raise LookupError("a step about a suspension that does not stand")
    return standing


def _copy(turn: Turn, paper: str, key: str) -> None:
    """抄送 组织、人社、财政: told, and asked for nothing. The unit in charge stands on the paper."""
    text = f"抄送：{turn.case.row.title}，{paper}"
    for department in COPIED:
        notices.notify(turn.s, turn.case.id, turn.at, "copy", department, text, f"{key}|{department}")


def _wake_held(turn: Turn, ended: Suspension) -> None:
    """Cases that this suspension stopped and no other one stops now."""
    units = suspensions.units_below(turn.s, ended.unit) if ended.covers_subordinates else [ended.unit]
    held = problems.held_for_suspension(turn.s, units)
    free = {unit: not suspensions.closed_now(turn.s, unit, None, turn.at) for unit in {unit for _, unit in held}}
    for case_id, unit in held:
        if free[unit]:
            turn.wake(case_id, "恢复受理")


def due_moments(turn: Turn) -> list[datetime]:
    """The due moments of the problems that are not reported."""
    return [row.due_at for row in turn.case.current() if row.step == Step.REPORT]
