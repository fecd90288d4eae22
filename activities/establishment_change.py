"""What each decision of 机构编制调整 does (procedures.md §3; A §三): examined with an evaluation, countersigned,
decided by the competent body, signed, and what follows. Each function answers a refusal, or None when done."""

from __future__ import annotations

from dataclasses import replace

from docket import changing
from docket.cases import StepKey
from docket.changing import CONSULTED
from ledger import units as register
from models.applications import EstablishmentChangeApplication
from models.changes import Change
from models.decisions import Decision, Officer, Withdrawal
from models.docket import Check
from models.enums import Department, Procedure, State, Step, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from rules.acceptance import Outcome
from rules.authority import Authority, above, body_name, highest
from rules.change_gate import ChangeFacts, authorities, change_gate, factual
from rules.changes import UnitFacts, ending_units, units_named

from . import acceptance, change_papers, endings, letters
from .change_effects import HELD_BY, hold_all, put_into_effect
from .conduct import Conduct
from .facts import gate_facts, pass_by_exception, suspended_now
from .turn import Refused, Turn

_DEPARTMENT = {
    Step.CONSULT_ORGANISATION: Department.ORGANISATION,
    Step.CONSULT_PERSONNEL: Department.PERSONNEL,
    Step.CONSULT_FINANCE: Department.FINANCE,
}
_NOT_AMENDABLE = frozenset({RefusalCode.DUPLICATE, RefusalCode.UNIT_SUSPENDED, RefusalCode.REMOVAL_OVERDUE})
"""Checks of the gate that are not asked again of approved changes: the suspension is, as signing will ask it."""


def take(turn: Turn, decision: Decision) -> Refusal | None:
    """The effect of an admitted decision."""
    match Step(decision.step):
        case Step.EXAMINE:
            return examine(turn, decision)
        case Step.CONSULT_ORGANISATION | Step.CONSULT_PERSONNEL | Step.CONSULT_FINANCE:
            return countersign(turn, decision)
        case Step.DECIDE:
            return decide(turn, decision)
        case Step.SIGN:
            return sign(turn, decision)
        case step if step.value.startswith("obligation-"):
            return fulfil(turn, decision)
        case step:
            raise LookupError(f"{step} is no step of an establishment change")


# --- 2 the gate ----------------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    acceptance.judge(turn, _checks, _accepted)


def _checks(turn: Turn, officer: Officer) -> tuple[Outcome, list[Check]]:
    application = turn.applied(EstablishmentChangeApplication)
    return change_gate(application, _facts(turn, application, officer), turn.deps.rulebook)


def _facts(turn: Turn, application: EstablishmentChangeApplication, officer: Officer) -> ChangeFacts:
    return ChangeFacts(
        gate=gate_facts(turn, officer),
        units=facts_of(turn, application.changes),
        within=register.within(turn.s, turn.case.row.unit),
        today=turn.today,
        asked_by_unit=turn.rehearsal and officer.department is Department.UNIT,
    )


def facts_of(turn: Turn, changes: list[Change]) -> dict[str, UnitFacts]:
    """Every unit that the changes name, as it stands; of units that end also the cases that stand in the way. An
    application for staffing up ends with its unit, everything else must be brought to its end first. A warning that
    the unit was never told of stands there without its number."""
    codes = {code for change in changes for code in units_named(change)} | {turn.case.row.unit}
    unfinished: dict[str, tuple[str, ...]] = {}
    for row in changing.open_cases(turn.s, ending_units(changes), turn.case.id):
        if row.procedure != Procedure.STAFFING_UP.value:
            unfinished[row.unit] = (*unfinished.get(row.unit, ()), row.no if row.told else "")
    return register.facts(turn.s, codes, unfinished)


def _accepted(turn: Turn) -> None:
    turn.open(Step.EXAMINE, Department.ESTABLISHMENT)
    turn.change(state=State.ACCEPTED.value)
    letters.acceptance_notice(turn, turn.case.current()[0].due_at, "批复印发前，不得先行实施所申请的事项。")


# --- 3 examine ----------------------------------------------------------------------------------------------------


def examine(turn: Turn, decision: Decision) -> Refusal | None:
    """ESTABLISHMENT examines; the evaluation sheet is computed from the ledger, and all three are asked at once. What
    the register no longer bears out goes back to the unit."""
    if decision.verdict is not Verdict.APPROVE:
        return endings.turned_down(turn, decision)
    application = turn.applied(EstablishmentChangeApplication)
    stale = _stale(turn, application, application.changes)
    if stale is not None:
        return stale
    turn.finish(decision)
    change_papers.evaluation_sheet(turn, decision.opinion or "")
    for step in CONSULTED:
        turn.open(step, _DEPARTMENT[step])
    turn.change(state=State.IN_PROGRESS.value)
    return None


# --- 4 countersign ------------------------------------------------------------------------------------------------


def countersign(turn: Turn, decision: Decision) -> Refusal | None:
    """会签, in any order: an objection ends nothing, it goes to the decider with its text."""
    turn.finish(decision)
    asked = {step.value for step in CONSULTED}
    answered = [
        row
        for row in turn.case.steps
        if row.step in asked and row.round == turn.case.round and row.state == StepState.DONE
    ]
    if len(answered) == len(CONSULTED):
        authority = competent_body(turn)
        turn.open(Step.DECIDE, authority.decides)
        turn.notes.append(f"会签完毕，报{authority.body}审议")
        found = changing.objections(turn.s, turn.case)
        if found:
            turn.notes.append("、".join(each.department.label for each in found) + "有异议，随件送审")
    return None


def _stale(turn: Turn, application: EstablishmentChangeApplication, changes: list[Change]) -> Refusal | None:
    """What the register says against the changes today; the applicant reads the receipt."""
    within = register.within(turn.s, turn.case.row.unit)
    found = factual(changes, facts_of(turn, changes), application.absorption_until, turn.today, within)
    return next((Refusal.of(RefusalCode(each.code), each.detail) for each in found if not each.passed), None)


def competent_body(turn: Turn, changes: list[Change] | None = None) -> Authority:
    """By the matrix of authority; the highest body decides the whole case."""
    wanted = changes or turn.applied(EstablishmentChangeApplication).changes
    return highest(authorities(wanted, facts_of(turn, wanted), turn.deps.rulebook))


# --- 5 decide ------------------------------------------------------------------------------------------------------


def decide(turn: Turn, decision: Decision) -> Refusal | None:
    """The competent body approves, approves with changes, defers, returns or rejects."""
    match decision.verdict:
        case Verdict.DEFER:
            return _defer(turn, decision)
        case Verdict.APPROVE:
            return _approve(turn, decision)
        case _:
            return endings.turned_down(turn, decision)


def _defer(turn: Turn, decision: Decision) -> Refusal | None:
    """缓议: the same body takes it up again later; what it said stays in the record."""
    turn.finish(decision)
    times = sum(row.step == Step.DECIDE and row.round == turn.case.round for row in turn.case.steps)
    days = turn.deps.rulebook.change.defer_days
    turn.open(Step.DECIDE, _asked(turn, decision), str(times + 1), days=days)
    turn.notes.append(f"缓议，{days}个工作日内再行审议")
    return None


def _asked(turn: Turn, decision: Decision) -> Department:
    """The body before which the case lies."""
    step = turn.case.find(StepKey(decision.step, decision.round, decision.subject))
    if step is None:
        raise LookupError("a decision on no step")
    return Department(step.department)


def _approve(turn: Turn, decision: Decision) -> Refusal | None:
    if not decision.minutes_no:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "须填写会议纪要号")
    refusal = _amendable(turn, decision) if decision.changes else None
    if refusal is not None:
        return refusal
    turn.finish(decision)
    turn.open(Step.SIGN, Department.ESTABLISHMENT)
    if decision.changes:
        turn.notes.append("修改后批准")
    return None


def _amendable(turn: Turn, decision: Decision) -> Refusal | None:
    """Approved with changes: they pass the gate's checks of content, and lie within what this body may decide."""
    amended = decision.changes or []
    application = turn.applied(EstablishmentChangeApplication).model_copy(update={"changes": amended})
    facts = _facts(turn, application, acceptance.presented_by_unit(turn))
    _, checks = change_gate(application, facts, turn.deps.rulebook)
    for each in checks:
        if not each.passed and RefusalCode(each.code) not in _NOT_AMENDABLE:
            return Refusal.of(RefusalCode(each.code), each.detail)
    if suspended_now(turn, application):
        return Refusal.of(RefusalCode.UNIT_SUSPENDED, "修改后的内容不得先行批准")
    wanted = competent_body(turn, amended)
    if above(wanted.decides, _asked(turn, decision)):
        return Refusal.of(RefusalCode.BEYOND_AUTHORITY, f"修改后的内容应由{wanted.body}决定")
    return None


# --- 6 sign --------------------------------------------------------------------------------------------------------


def sign(turn: Turn, decision: Decision) -> Refusal | None:
    """The issuer signs: ledger, register of units and 批复 in one transaction, or nothing of it."""
    if decision.verdict is Verdict.RETURN:
        return endings.turned_down(turn, decision)
    application = turn.applied(EstablishmentChangeApplication)
    changes = changing.approved_changes(turn.s, turn.case, application)
    hold_all(turn, changes)  # what is read from here on stays as it is until the commit
    pass_by_exception(turn)
    if suspended_now(turn):
        return _not_signed(turn, Refusal.of(RefusalCode.UNIT_SUSPENDED))
    stale = _stale(turn, application, changes)
    if stale is not None:
        return _not_signed(turn, stale)
    authority = _decided_by(turn, competent_body(turn, changes))
    if isinstance(authority, Refusal):
        return _not_signed(turn, authority)
    try:
        with turn.s.begin_nested():  # a refused posting gives the number of the reply back
            put_into_effect(turn, changes, facts_of(turn, changes), authority)
    except Refused as refused:
        return _not_signed(turn, refused.refusal)
    turn.finish(decision)
    for step in authority.obligations:
        turn.open(step, change_papers.duty_of(step, ended=turn.case.row.unit in ending_units(changes)))
    if authority.obligations:
        turn.change(state=State.ACKNOWLEDGING.value)
    else:
        endings.close(turn, State.CLOSED)
    return None


def _decided_by(turn: Turn, competent: Authority) -> Authority | Refusal:
    """The reply names who decided. Table or register may have changed since: what now belongs to a higher body is
    not signed, what now would belong to a lower one stays decided."""
    decided = changing.decision_of(turn.case)
    if decided is None:
        raise LookupError("a reply without a decision")
    body = Department(decided.department)
    if competent.refused or above(competent.decides, body):
        return Refusal.of(RefusalCode.BEYOND_AUTHORITY, f"现应由{competent.body}决定（{competent.clause}）")
    if body is competent.decides:
        return competent
    return replace(competent, decides=body, body=body_name(body, turn.deps.rulebook))


def _not_signed(turn: Turn, refusal: Refusal) -> Refusal:
    """Suspended meanwhile: the case is held. The register has moved meanwhile: a new internal round at examination."""
    if refusal.code is RefusalCode.UNIT_SUSPENDED:
        endings.hold(turn, HELD_BY, "单位已被暂停受理")
    else:
        endings.next_round(turn, turn.application, internal=True)
        turn.open(Step.EXAMINE, Department.ESTABLISHMENT)
        turn.change(state=State.ACCEPTED.value)
    return refusal


# --- 7 obligations --------------------------------------------------------------------------------------------------


def fulfil(turn: Turn, decision: Decision) -> Refusal | None:
    """备案, certificate, registration, disclosure: each acknowledged by whose duty it is."""
    turn.finish(decision)
    if not turn.case.current():
        endings.close(turn, State.CLOSED)
    return None


# --- turned aside ---------------------------------------------------------------------------------------------------


def withdraw(turn: Turn, _body: Withdrawal) -> Refusal | None:
    """Until the reply is signed."""
    if turn.case.state is State.ACKNOWLEDGING:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "批复已经印发，不能撤回")
    endings.close(turn, State.WITHDRAWN)
    return None


CONDUCT = Conduct(begin=begin, take=take, withdraw=withdraw)
