"""What each decision of 监测预警 does (procedures.md §5; A §四): one rung of the ladder after another, each decided
by a person. Each function answers a refusal, or None when done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from docket import cases, notices, warnings
from docket.cases import StepKey
from models.applications import RectificationApplication, WarningApplication
from models.decisions import Decision, Extension, Officer, Report
from models.docket import Check
from models.enums import Department, Role, State, Step, Verdict, WarningLevel
from models.monitoring import WarningOutcome
from models.refusals import CLAUSES, Refusal, RefusalCode
from rules.deadlines import is_working_day, local_day, working_days_between
from rules.rectification import FARTHEST, faults

from . import acceptance, endings, orders, patience
from . import warning_letters as letters
from .conduct import Conduct
from .turn import Turn

_STEP = {level: Step(level.value) for level in WarningLevel}
_NEXT = {WarningLevel.REMIND: WarningLevel.WARN, WarningLevel.WARN: WarningLevel.INSPECT}
_ASKING = [level.value for level in _NEXT]
"""Rungs that ask the unit for an answer: subjects of its `report` and of the `review` of it."""


def take(turn: Turn, decision: Decision) -> Refusal | None:
    """The effect of an admitted decision."""
    match Step(decision.step):
        case Step.REMIND:
            return remind(turn, decision)
        case Step.WARN:
            return warn(turn, decision)
        case Step.REVIEW:
            return review(turn, decision)
        case Step.INSPECT:
            return inspect(turn, decision)
        case Step.INSPECTION_REPORT:
            return report_inspection(turn, decision)
        case step:
            raise LookupError(f"{step} is no step of early warning")


# --- raised ---------------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    """A monitor's finding, or a warning by hand: the step of its level is opened. One that may not stand ends here,
    without a letter: the unit has heard of nothing."""
    raised = turn.applied(WarningApplication)
    by = acceptance.presented_by(turn)
    checks = _checks(turn, raised, by)
    passed = all(check.passed for check in checks)
    cases.write_checks(turn.s, turn.case.id, turn.case.round, checks, "accepted" if passed else "not-accepted")
    if not passed:
        turn.notes.extend(check.detail for check in checks if not check.passed)
        _close(turn, WarningOutcome.NOT_ACCEPTED, State.NOT_ACCEPTED)
        return
    turn.change(state=State.IN_PROGRESS.value)
    turn.open(_STEP[raised.level], Department.ESTABLISHMENT)


def _checks(turn: Turn, raised: WarningApplication, by: Officer) -> list[Check]:
    inspector = by.department is Department.ESTABLISHMENT and Role.INSPECTOR in by.roles
    checks = [
        _check(RefusalCode.NOT_YOUR_DEPARTMENT, "由监督检查岗提出", "" if inspector else "预警由编办监督检查岗提出"),
        _check(RefusalCode.UNIT_DATA_INVALID, "单位在册", "该单位已撤销" if _gone(turn) else ""),
    ]
    # what the monitors raise was entered with its case; one by hand is entered here, if all else is in order
    other = None
    if all(check.passed for check in checks) and warnings.of_case(turn.s, turn.case.id) is None:
        other = _enter(turn, raised, by)
    checks.append(_check(RefusalCode.ALREADY_WARNED, "无未办结的同类预警", f"见{other}" if other else ""))
    return checks


def _gone(turn: Turn) -> bool:
    abolished_on = turn.unit().abolished_on
    return abolished_on is not None and abolished_on <= turn.today


def _enter(turn: Turn, raised: WarningApplication, by: Officer) -> str | None:
    """Enter the warning; the case number of the open one when there is one."""
    row = turn.case.row
    if warnings.enter(turn.s, row.id, row.unit, raised.indicator, raised.level, by.id, turn.at):
        return None
    return warnings.standing(turn.s, row.unit, raised.indicator) or "另一预警事项"


def _check(code: RefusalCode, label: str, fault: str) -> Check:
    return Check(code=code.value, label=label, clause=CLAUSES[code], passed=not fault, detail=fault)


# --- 1 电话提醒 -------------------------------------------------------------------------------------------------


def remind(turn: Turn, decision: Decision) -> Refusal | None:
    """The call was made and is on record; the unit has until the promised day, or the setting's, to answer."""
    if decision.verdict is Verdict.REJECT:
        return _not_needed(turn, decision)
    call = decision.call
    if call is None:
        return Refusal.of(RefusalCode.INCOMPLETE, "须填写通话记录")
    if local_day(call.called_at) > turn.today:
        return Refusal.of(RefusalCode.INCOMPLETE, "通话时间不得晚于今日")
    days = _days_until(turn, call.promised_by, turn.deps.rulebook.monitoring.answer_days, "承诺期限")
    if isinstance(days, Refusal):
        return days
    turn.finish(decision)
    letters.phone_record(turn, decision.step, call)
    _ask(turn, WarningLevel.REMIND, days)
    return None


# --- 2 书面警示 -------------------------------------------------------------------------------------------------


def warn(turn: Turn, decision: Decision) -> Refusal | None:
    """The letter goes out with the day by which the unit answers in writing."""
    if decision.verdict is Verdict.REJECT:
        return _not_needed(turn, decision)
    if decision.reply_by is not None and decision.reply_by <= turn.today:
        return Refusal.of(RefusalCode.INCOMPLETE, "书面回复期限须在今日之后")
    days = _days_until(turn, decision.reply_by, turn.deps.rulebook.monitoring.reply_days, "书面回复期限")
    if isinstance(days, Refusal):
        return days
    turn.finish(decision)
    reply_by = _ask(turn, WarningLevel.WARN, days)
    letters.warning_letter(turn, decision.step, decision.reply_by or local_day(reply_by))
    return None


def _ask(turn: Turn, level: WarningLevel, days: int) -> datetime:
    """The unit knows now, and its answer is awaited; when it is due. What it was asked before is past."""
    turn.void(_ASKING)
    turn.open(Step.REPORT, Department.UNIT, level.value, days=days)
    warnings.told(turn.s, turn.case.id, turn.at)
    warnings.change(turn.s, turn.case.id, level=level.value, replied_at=None)
    due_at = _set_alarm(turn)
    if due_at is None:
        raise LookupError("an answer that is not awaited")
    return due_at


def report(turn: Turn, body: Report) -> Refusal | None:
    """The unit answers. Somebody reviews it: an inspector, or whoever already has the next rung to decide."""
    awaited = _awaited(turn)
    if awaited is None:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "当前没有需要答复的事项")
    if not body.text:
        return Refusal.of(RefusalCode.INCOMPLETE, "须填写书面答复")
    answer = Decision(
        step=awaited.step,
        round=awaited.round,
        subject=awaited.subject,
        verdict=Verdict.ACKNOWLEDGE,
        opinion=body.text,
    )
    turn.finish(answer)
    warnings.change(turn.s, turn.case.id, replied_at=turn.at)
    turn.change(alarm_at=None)
    if _proposed(turn, awaited) is None:
        turn.open(Step.REVIEW, Department.ESTABLISHMENT, awaited.subject)
    else:
        _tell_head(turn, "answered", awaited, f"{turn.case.row.title}：单位已答复，请在决定下一级预警时一并考虑")
    turn.notes.append("答复已登记")
    return None


def review(turn: Turn, decision: Decision) -> Refusal | None:
    """The answer settles the matter, or the next rung is proposed; a person decides that too."""
    turn.finish(decision)
    if decision.verdict is Verdict.APPROVE:
        _close(turn, WarningOutcome.SETTLED)
    else:
        turn.open(_STEP[_NEXT[WarningLevel(decision.subject)]], Department.ESTABLISHMENT)
    return None


# --- 3 实地督查 -------------------------------------------------------------------------------------------------


def inspect(turn: Turn, decision: Decision) -> Refusal | None:
    """The inspection is ordered: a day, and a team that is large enough."""
    if decision.verdict is Verdict.REJECT:
        return _not_needed(turn, decision)
    least = turn.deps.rulebook.monitoring.team_at_least
    team = list(dict.fromkeys(decision.team or []))
    if len(team) < least:
        return Refusal.of(RefusalCode.INCOMPLETE, f"督查组不得少于{least}人，且须为不同的人")
    if decision.visit_on is None:
        return Refusal.of(RefusalCode.INCOMPLETE, "须填写实地督查日期")
    days = _days_until(turn, decision.visit_on, 0, "实地督查日期")
    if isinstance(days, Refusal):
        return days
    turn.finish(decision)
    turn.void(_ASKING)
    letters.inspection_notice(turn, decision.step, team, decision.visit_on, decision.materials or "")
    days += turn.deps.rulebook.deadlines.days_for(Step.INSPECTION_REPORT.value)
    turn.open(Step.INSPECTION_REPORT, Department.ESTABLISHMENT, days=days)
    warnings.told(turn.s, turn.case.id, turn.at)
    warnings.change(turn.s, turn.case.id, level=WarningLevel.INSPECT.value)
    _set_alarm(turn)
    return None


def report_inspection(turn: Turn, decision: Decision) -> Refusal | None:
    """The report; the problems that were found become a rectification case."""
    ordered = turn.case.find(StepKey(Step.INSPECT.value, turn.case.round))
    if ordered is None:
        raise LookupError("a report without an inspection")
    detail = cases.detail_of(turn.s, ordered)
    visit_on = date.fromisoformat(detail["visit_on"])
    found = decision.found or []
    refused = _unreportable(turn, decision, visit_on)
    if refused is not None:
        return refused
    turn.finish(decision)
    team = list(dict.fromkeys(detail["team"]))
    letters.inspection_report(turn, ordered, visit_on, team, decision.opinion or "", found)
    if not found:
        _close(turn, WarningOutcome.NO_PROBLEM)
        return None
    application = RectificationApplication(unit=turn.case.row.unit, problems=found, warning_no=turn.case.row.no)
    handed = turn.start(application, turn.officer, f"handed-over-{turn.case.id}")
    if isinstance(handed, Refusal):
        raise LookupError("the key of a handing over belongs to one warning")
    warnings.change(turn.s, turn.case.id, handed_to=handed.case_id)
    turn.notes.append(f"已移交，见{handed.case_no}")
    _close(turn, WarningOutcome.HANDED_OVER)
    return None


def _unreportable(turn: Turn, decision: Decision, visit_on: date) -> Refusal | None:
    if turn.today < visit_on:
        return Refusal.of(RefusalCode.NOT_YOUR_TURN, "实地督查日期未到")
    if not decision.opinion:
        return Refusal.of(RefusalCode.INCOMPLETE, "须填写督查报告")
    wrong = faults(decision.found or [], turn.today)  # what a rectification would not be opened with
    if wrong:
        return Refusal.of(RefusalCode.INCOMPLETE, "；".join(wrong))
    if decision.found and _gone(turn):
        return Refusal.of(RefusalCode.UNIT_DATA_INVALID, "该单位已撤销，不能移交整改")
    return None


# --- time -----------------------------------------------------------------------------------------------------


def ring(turn: Turn) -> datetime | None:
    """An answer that did not come by its day: the next rung waits for a person as a proposal, and the head is told.
    The unit may still answer."""
    awaited = _awaited(turn)
    if awaited is None or turn.case.state is State.HELD or awaited.due_at >= turn.at:
        _set_alarm(turn)
        return None
    if patience.yields(turn, awaited.due_at):
        again = turn.at + patience.LOOK_AGAIN
        turn.change(alarm_at=again)
        return again
    if _proposed(turn, awaited) is None:
        step = _STEP[_NEXT[WarningLevel(awaited.subject)]]
        turn.open(step, Department.ESTABLISHMENT)
        _tell_head(turn, "proposal", awaited, f"{turn.case.row.title}：逾期未答复，建议“{step.label}”，请决定")
    _set_alarm(turn)
    return None


def extend(turn: Turn, body: Extension) -> Refusal | None:
    """The office gives more time; the unit's own day it cannot move itself."""
    if turn.officer.department is not Department.ESTABLISHMENT:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "延期由编办决定")
    refused = orders.extend(turn, body)
    if refused is None:
        _set_alarm(turn)
    return refused


def _set_alarm(turn: Turn) -> datetime | None:
    """Wake when the awaited answer is late; when it is due. Nothing to wake for while the case is held, or once the
    next rung stands as a proposal."""
    awaited = _awaited(turn)
    idle = awaited is None or turn.case.state is State.HELD or _proposed(turn, awaited) is not None
    alarm_at = None if idle or awaited is None else awaited.due_at + timedelta(seconds=1)
    if turn.case.row.alarm_at != alarm_at:
        turn.change(alarm_at=alarm_at)
    due_at: datetime | None = awaited.due_at if awaited is not None else None
    if due_at is not None:
        warnings.change(turn.s, turn.case.id, reply_due_at=due_at)
    return due_at


def _awaited(turn: Turn) -> Row[Any] | None:
    """The unit's answer that is waited for."""
    return next((row for row in turn.case.current() if row.step == Step.REPORT.value), None)


def _proposed(turn: Turn, awaited: Row[Any]) -> Row[Any] | None:
    """The rung above the one that asked, if it is open already."""
    following = _STEP[_NEXT[WarningLevel(awaited.subject)]]
    return turn.case.find(StepKey(following.value, turn.case.round))


def _days_until(turn: Turn, day: date | None, otherwise: int, what: str) -> int | Refusal:
    """Working days to a day that an officer names; one that is no working day ends with the next one."""
    if day is None:
        return otherwise
    if day < turn.today:
        return Refusal.of(RefusalCode.INCOMPLETE, f"{what}不得早于今日")
    if day - turn.today > FARTHEST:
        return Refusal.of(RefusalCode.INCOMPLETE, f"{what}不得晚于一年")
    calendar = turn.deps.calendar
    days = working_days_between(turn.today, day, calendar)
    return max(1, days if is_working_day(day, calendar) else days + 1)


# --- the end --------------------------------------------------------------------------------------------------


def _not_needed(turn: Turn, decision: Decision) -> Refusal | None:
    """A person decides, with reasons, that this rung is not called for: the warning ends."""
    turn.finish(decision)
    _close(turn, WarningOutcome.NOT_NEEDED)
    return None


def _close(turn: Turn, outcome: WarningOutcome, state: State = State.CLOSED) -> None:
    warnings.change(turn.s, turn.case.id, closed_at=turn.at, outcome=outcome.value)
    endings.close(turn, state)


def _tell_head(turn: Turn, kind: str, asked: Row[Any], text: str) -> None:
    key = f"{turn.case.id}|{kind}|{asked.round}|{asked.subject}"
    notices.notify(turn.s, turn.case.id, turn.at, kind, Department.ESTABLISHMENT, text, key, Role.HEAD.value)


CONDUCT = Conduct(begin=begin, take=take, report=report, extend=extend, ring=ring)
