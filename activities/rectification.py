"""What each decision of 整改—暂停受理 does (procedures.md §4; A §三): problems opened, reported, verified on site and
closed. When the gate closes and opens is in `suspension`, who may pass meanwhile in `exceptions`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from docket import cases, commands, problems
from docket.cases import StepKey
from ledger import suspensions
from models.applications import RectificationApplication
from models.decisions import Decision, ExceptionalRequest, Extension, ProblemCheck, Report, ReportItem
from models.enums import CommandKind, Department, ProblemState, Role, State, Step, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from models.register import ProblemRow
from rules.acceptance import Outcome
from rules.deadlines import chinese_date, end_of_day, local_day
from rules.rectification import (
    FARTHEST,
    check_subjects,
    days_to_report,
    due_on,
    new_due,
    opening_checks,
    other_check,
    problem_of,
    remind_moment,
    report_subject,
    sitting_of,
)

from . import endings, exceptions, orders, patience, supervision_letters, suspension
from .acceptance import presented_by
from .conduct import Conduct
from .turn import Turn

_MOMENT = timedelta(seconds=1)
"""After the end of a day: a due day is kept up to its last second."""

_LOOK_AGAIN = timedelta(days=1)
"""A held case whose due day has passed: its clock stands, and its release need not wait longer than this."""


# --- 1 open --------------------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    """An inspector opens a set of problems: the ledger, the 整改通知书, and one report per problem by its due day."""
    application, opener = turn.applied(RectificationApplication), presented_by(turn)
    suspensions.hold_line(turn.s, turn.case.row.unit)  # a merger signed at the same moment is before or after this
    gone = turn.unit().abolished_on
    presented_on = local_day(turn.case.row.opened_at)  # when its start was committed; it may have come a day late
    duplicates = cases.duplicates(turn.s, turn.case)
    checks = opening_checks(application, opener, turn.today, presented_on, gone, duplicates)
    failed = [check for check in checks if not check.passed]
    outcome = Outcome.NOT_ACCEPTED if failed else Outcome.ACCEPTED
    cases.write_checks(turn.s, turn.case.id, turn.case.round, checks, outcome.value)
    if failed:  # a fault of the office itself: said in docket and receipt, and nothing goes to the unit
        turn.notes.extend(f"{RefusalCode(check.code).label}：{check.detail}" for check in failed)
        endings.close(turn, State.NOT_ACCEPTED)
        return
    _record_opening(turn)
    days = {line.no: due_on(line.due, turn.today, presented_on) for line in application.problems}
    rows = problems.enter(turn.s, turn.case, application, days, turn.at)
    supervision_letters.rectification_notice(turn, rows, opener.shown)
    for row in rows:
        _open_report(turn, row)
    turn.change(state=State.IN_PROGRESS.value)
    if turn.deps.rulebook.rectification.suspend_at == "discovery":
        suspension.close_gate(turn, rows)
    _set_alarm(turn)


def _record_opening(turn: Turn) -> None:
    """The step `open` is the application itself, decided by who opened it."""
    turn.open(Step.OPEN, Department.ESTABLISHMENT, days=1)
    command = commands.opened(turn.s, cases.rounds(turn.s, turn.case.id)[-1].command_id)
    if command is None:
        raise LookupError("a round without its command")
    done = Decision(step=Step.OPEN.value, round=turn.case.round, verdict=Verdict.APPROVE)
    key = StepKey(Step.OPEN.value, turn.case.round)
    cases.finish_step(turn.s, turn.case, key, command.id, command.officer, done, turn.at)
    turn.touched()


def _open_report(turn: Turn, row: ProblemRow) -> None:
    """The unit's own step, due at the end of the problem's day (also of a holiday), reminded as the setting says."""
    due = local_day(row.due_at)
    subject = report_subject(row.no, row.attempt)
    turn.open(Step.REPORT, Department.UNIT, subject, days=days_to_report(turn.today, due, turn.deps.calendar))
    _fix_due(turn, subject, due)


def _fix_due(turn: Turn, subject: str, due: date) -> None:
    step = turn.case.find(StepKey(Step.REPORT.value, turn.case.round, subject))
    if step is None:
        raise LookupError("a problem without its report step")
    remind_at = remind_moment(turn.at, due, turn.deps.calendar, turn.deps.rulebook.rectification)
    # a calendar day is not counted over working days: no later calendar moves it
    cases.mark_step(turn.s, step, due_at=end_of_day(due), remind_at=remind_at, provisional=False)
    turn.touched()


# --- decisions -----------------------------------------------------------------------------------------------------


def take(turn: Turn, decision: Decision) -> Refusal | None:
    """The effect of an admitted decision."""
    refusal = _act(turn, decision)
    _set_alarm(turn)
    return refusal


def _act(turn: Turn, decision: Decision) -> Refusal | None:
    match Step(decision.step):
        case Step.WARN:
            return suspension.warn(turn, decision)
        case Step.PROPOSE_SUSPENSION:
            return suspension.propose(turn, decision)
        case Step.SUSPEND:
            return suspension.decide(turn, decision)
        case Step.EXTEND:
            return decide_extension(turn, decision)
        case Step.SITE_CHECK:
            return check_on_site(turn, decision)
        case Step.EXCEPTIONAL_ACCEPTANCE:
            return exceptions.decide(turn, decision)
        case Step.PROPOSE_LIFTING:
            return suspension.propose_lifting(turn, decision)
        case Step.LIFT:
            return suspension.lift(turn, decision)
        case step:
            raise LookupError(f"{step} is not decided in a rectification")


# --- 4 report, more time -----------------------------------------------------------------------------------------


def report(turn: Turn, body: Report) -> Refusal | None:
    """The unit reports item by item, also late. What is not done is recorded and stays open."""
    rows = {row.no: row for row in problems.of_case(turn.s, turn.case.id)}
    refusal = _unreportable(body.items, rows)
    if refusal is not None:
        return refusal
    for item in body.items:
        if item.done:
            _reported(turn, rows[item.no], item)
    _set_alarm(turn)
    return None


def _unreportable(items: list[ReportItem], rows: dict[str, ProblemRow]) -> Refusal | None:
    numbers = [item.no for item in items]
    if not numbers:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "请逐项报告整改情况")
    if len(set(numbers)) < len(numbers):
        return Refusal.of(RefusalCode.MALFORMED, "同一问题在一次报告中只能列一项")
    for no in numbers:
        if no not in rows:
            return Refusal.of(RefusalCode.MALFORMED, f"本事项没有编号为{no}的问题")
        if rows[no].state != ProblemState.OPEN:
            return Refusal.of(RefusalCode.ALREADY_DECIDED, f"问题{no}{ProblemState(rows[no].state).label}")
    return None


def _reported(turn: Turn, row: ProblemRow, item: ReportItem) -> None:
    subject = report_subject(row.no, row.attempt)
    said = Decision(
        step=Step.REPORT.value, round=turn.case.round, subject=subject, verdict=Verdict.ACKNOWLEDGE, opinion=item.text
    )
    turn.finish(said)
    for step in turn.case.current():  # more time is no longer a question
        if step.step == Step.EXTEND and problem_of(step.subject) == row.no:
            cases.mark_step(turn.s, step, state=StepState.VOID.value)
            turn.touched()
    row.attempt += 1
    row.state = ProblemState.REPORTED.value
    row.reported_at = turn.at
    problems.save(turn.s, row)
    for subject in check_subjects(row.no, row.attempt):
        turn.open(Step.SITE_CHECK, Department.ESTABLISHMENT, subject)


def extend(turn: Turn, body: Extension) -> Refusal | None:
    """The unit asks for more time for a problem, and a person decides; the office extends its own steps itself."""
    if body.step != Step.REPORT:
        return orders.extend(turn, body)
    officer = turn.officer
    of_unit = officer.department is Department.UNIT and officer.unit == turn.case.row.unit
    if not of_unit or Role.APPLICANT not in officer.roles:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "整改期限由被整改单位经办人申请延长")
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    steps = turn.case.current()
    row = problems.one(turn.s, turn.case.id, problem_of(body.subject))
    if row is None or not any((step.step, step.subject) == (Step.REPORT, body.subject) for step in steps):
        return Refusal.of(RefusalCode.NOT_YOUR_TURN, "该问题当前不在整改期内")
    if any(step.step == Step.EXTEND and problem_of(step.subject) == row.no for step in steps):
        return Refusal.of(RefusalCode.DUPLICATE, "该问题的延期申请尚未批复")
    maximum = turn.deps.rulebook.rectification.extension_maximum
    if row.extended_days + body.working_days > maximum:
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, f"整改延期累计不得超过{maximum}个工作日")
    asked = sum(step.step == Step.EXTEND and problem_of(step.subject) == row.no for step in turn.case.steps)
    turn.open(Step.EXTEND, Department.ESTABLISHMENT, f"{row.no}.{asked + 1}")
    return None


def decide_extension(turn: Turn, decision: Decision) -> Refusal | None:
    """Approved, the problem gets so many working days more; a gate that is closed already stays closed."""
    no, _, nth = decision.subject.partition(".")
    row = problems.one(turn.s, turn.case.id, no)
    if row is None:
        raise LookupError("an extension of a problem that is not there")
    turn.finish(decision)
    if decision.verdict is not Verdict.APPROVE:
        return None
    asked = [
        Extension.model_validate(command.body)
        for command in problems.accepted_orders(turn.s, turn.case.id, CommandKind.EXTEND)
    ]
    wanted = [body for body in asked if body.step == Step.REPORT and problem_of(body.subject) == no][int(nth) - 1]
    step = turn.case.find(StepKey(Step.REPORT.value, turn.case.round, report_subject(no, row.attempt)))
    if step is None:
        raise LookupError("a problem without its report step")
    decided_on = local_day(turn.command.decided_at) if turn.command else turn.today
    cases.extend_step(turn.s, step, wanted.working_days, turn.deps.office, since=decided_on)
    turn.touched()
    _follow_step(turn, row)
    row.extended_days += wanted.working_days
    problems.save(turn.s, row)
    turn.notes.append(f"问题{no}的整改期限延至{chinese_date(local_day(row.due_at))}")
    return None


def _follow_step(turn: Turn, row: ProblemRow) -> None:
    """The report step's moved due day becomes the problem's, with its own reminder."""
    subject = report_subject(row.no, row.attempt)
    step = turn.case.find(StepKey(Step.REPORT.value, turn.case.round, subject))
    if step is None or step.state != StepState.CURRENT or step.due_at == row.due_at:
        return
    row.due_at = step.due_at
    problems.save(turn.s, row)
    _fix_due(turn, subject, local_day(step.due_at))


# --- 5 verify on site --------------------------------------------------------------------------------------------


def check_on_site(turn: Turn, decision: Decision) -> Refusal | None:
    """Two different inspectors, each for himself: both passed closes the problem 销号, else it stays open."""
    first = turn.case.find(StepKey(decision.step, decision.round, other_check(decision.subject)))
    if first is None:
        raise LookupError("a verification of one inspector alone")
    officer = turn.officer
    if first.state == StepState.DONE and {officer.id, officer.acting_for} & {first.officer, first.acting_for} - {None}:
        return Refusal.of(RefusalCode.SAME_INSPECTOR)
    refusal = _unclear(turn, decision)
    if refusal is not None:
        return refusal
    turn.finish(decision)
    sitting = [
        row
        for row in turn.case.steps
        if row.step == Step.SITE_CHECK and sitting_of(row.subject) == sitting_of(decision.subject)
    ]
    if all(row.state == StepState.DONE for row in sitting):
        _settle(turn, sorted(sitting, key=lambda row: str(row.subject)))
    return None


def _unclear(turn: Turn, decision: Decision) -> Refusal | None:
    """A finding may be written out; then it is that of this problem and says what the verdict says."""
    if decision.problems is None:
        return None
    passed = decision.verdict is Verdict.APPROVE
    if [found.no for found in decision.problems] != [problem_of(decision.subject)]:
        return Refusal.of(RefusalCode.MALFORMED, "每次验收只填写该环节所对应的一个问题")
    [found] = decision.problems
    if found.passed is not passed:
        return Refusal.of(RefusalCode.MALFORMED, "验收结论与决定不一致")
    if found.due is not None and (passed or found.due <= turn.today):
        return Refusal.of(RefusalCode.MALFORMED, "新的整改期限只用于不合格的问题，且须晚于今日")
    if found.due is not None and found.due - turn.today > FARTHEST:
        return Refusal.of(RefusalCode.MALFORMED, "新的整改期限不得晚于一年")
    return None


def _settle(turn: Turn, checks: list[Row[Any]]) -> None:
    """Both have been on site: the sheet, and what follows for the problem."""
    row = problems.one(turn.s, turn.case.id, problem_of(checks[0].subject))
    if row is None:
        raise LookupError("a verification of a problem that is not there")
    if all(check.verdict == Verdict.APPROVE for check in checks):
        supervision_letters.site_check_record(turn, row, checks, "")
        row.state = ProblemState.CLOSED.value
        row.closed_at = turn.at
        row.closed_by = ",".join(check.officer for check in checks)
        problems.save(turn.s, row)
        turn.notes.append(f"问题{row.no}销号")
        suspension.verified(turn)
        return
    rules = turn.deps.rulebook.rectification
    due = new_due((_new_date(turn, check) for check in checks), turn.today, turn.deps.calendar, rules)
    supervision_letters.site_check_record(turn, row, checks, chinese_date(due))
    row.state = ProblemState.OPEN.value
    row.due_at = end_of_day(due)
    problems.save(turn.s, row)
    _open_report(turn, row)
    turn.notes.append(f"问题{row.no}继续挂号，期限{chinese_date(due)}")


def _new_date(turn: Turn, check: Row[Any]) -> date | None:
    found = [ProblemCheck.model_validate(each) for each in cases.detail_of(turn.s, check).get("problems", [])]
    return found[0].due if found else None


# --- by itself -------------------------------------------------------------------------------------------------------


def request_exception(turn: Turn, body: ExceptionalRequest) -> Refusal | None:
    return exceptions.request(turn, body)


def ring(turn: Turn) -> datetime | None:
    """Due days and expiries. Reminders are the steps' own. A held case's clock stands; its exceptions end all the
    same. A moment is answered while the gate yields."""
    exceptions.expire(turn)
    if turn.case.state is not State.HELD:
        for row in problems.of_case(turn.s, turn.case.id):
            _follow_step(turn, row)  # the days that a hold took were given back to the step
        suspension.look(turn)
    _set_alarm(turn)
    yielding = turn.case.state is not State.HELD and suspension.overdue_steps(turn)
    return turn.at + patience.LOOK_AGAIN if yielding else None


def _set_alarm(turn: Turn) -> None:
    """The case's own next moment, for its desk."""
    if turn.case.state.final:
        return
    dues = suspension.due_moments(turn)
    moments = [moment + _MOMENT for moment in (*dues, *exceptions.ends(turn)) if moment >= turn.at]
    if turn.case.state is State.HELD:
        moments.extend([turn.at + _LOOK_AGAIN] if any(due < turn.at for due in dues) else [])
    elif suspension.overdue_steps(turn):  # the gate yields to what came in time, or closes with the next ring
        moments.append(turn.at + patience.LOOK_AGAIN)
    turn.change(alarm_at=min(moments, default=None))


CONDUCT = Conduct(
    begin=begin,
    take=take,
    report=report,
    extend=extend,
    request_exception=request_exception,
    ring=ring,
)
