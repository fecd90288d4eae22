"""May this decision be taken now, by this officer? (procedures.md, shared part; domain.md §12)

The answer is a refusal or None. Officer and department come from the committed row, never from a body.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.decisions import Decision, Officer
from models.enums import Department, Procedure, Role, State, StepState, Verdict
from models.refusals import Refusal, RefusalCode

from .steps import OPINION_REQUIRED, STEPS, StepRule

DUTY = "obligation-"
"""Beginning of the steps that a reply lays upon somebody."""


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step as it stands in the register."""

    step: str
    round: int
    subject: str
    department: Department
    state: StepState


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What admission must know of a case: its steps, who applied, and who acted as what before."""

    state: State
    round: int
    steps: list[StepFacts]
    applicants: frozenset[str]
    acts: dict[str, frozenset[tuple[Department, Role]]] = field(default_factory=dict)
    slip_gone: RefusalCode | None = None
    known_subjects: frozenset[str] = frozenset()
    procedure: Procedure = Procedure.STAFFING_UP
    unit: str = ""
    recused: frozenset[str] = frozenset()


def admit(decision: Decision, officer: Officer, case: CaseFacts) -> Refusal | None:
    """None when the decision may be taken; otherwise why not."""
    if case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    rule = STEPS[case.procedure].get(decision.step)
    if rule is None or not rule.verdicts:
        return Refusal.of(RefusalCode.MALFORMED, "没有这一环节")
    if case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    return (
        _taking_part(officer, case)
        or _right_department(decision, officer, rule, case)
        or (None if rule.own_task else separated(officer, rule.roles & officer.roles, case))
        or _right_time(decision, case)
        or _well_said(decision, rule)
    )


def _found(decision: Decision, case: CaseFacts) -> StepFacts | None:
    for step in case.steps:
        if (step.step, step.round, step.subject) == (decision.step, decision.round, decision.subject):
            return step
    return None


def departments_for(decision: Decision, rule: StepRule, case: CaseFacts) -> frozenset[Department]:
    """Fixed by the step, unless its duty was opened for another; or by the routing of the slot. A new leader fills a
    headcount slot and a post slot at once: approving the pair belongs to the post's department (leaders are
    ORGANISATION's)."""
    if rule.department is not None:
        duty = _found(decision, case) if decision.step.startswith(DUTY) else None
        return frozenset({duty.department if duty else rule.department})
    if case.procedure is not Procedure.STAFFING_UP:
        found = _found(decision, case)
        same_step = {step.department for step in case.steps if step.step == decision.step}
        return frozenset({found.department}) if found else frozenset(same_step or Department)
    subjects = {decision.subject}
    if decision.verdict is Verdict.APPROVE:
        posts = {person.post_slot for person in decision.persons or [] if person.post_slot}
        known = {step.subject for step in case.steps if step.step == decision.step}
        subjects = posts & known or subjects
    routed = {step.department for step in case.steps if step.step == decision.step and step.subject in subjects}
    return frozenset(routed) or frozenset({Department.ORGANISATION, Department.PERSONNEL})


def _right_department(decision: Decision, officer: Officer, rule: StepRule, case: CaseFacts) -> Refusal | None:
    allowed = departments_for(decision, rule, case)
    if officer.department not in allowed:
        names = "、".join(department.label for department in sorted(allowed))
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, f"该环节由{names}办理")
    if officer.department is Department.UNIT and officer.unit != case.unit:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "该环节由本单位经办人办理")
    if not rule.roles & officer.roles:
        names = "、".join(role.label for role in sorted(rule.roles))
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, f"该环节须由{names}岗办理")
    return None


def separated(officer: Officer, roles: frozenset[Role], case: CaseFacts) -> Refusal | None:
    """Applicant is never an approver; one officer never acts for two departments or in two roles of one case."""
    if case.applicants & {officer.id, officer.acting_for}:
        return Refusal.of(RefusalCode.SELF_APPROVAL)
    if recused := _taking_part(officer, case):
        return recused
    now = {(officer.department, role) for role in roles}
    before = case.acts.get(officer.id, frozenset())
    if officer.acting_for:  # who stands in for a colleague carries what that colleague did, too
        before |= case.acts.get(officer.acting_for, frozenset())
    if before and not before & now:
        done = "、".join(f"{department.label}{role.label}" for department, role in sorted(before))
        return Refusal.of(RefusalCode.TWO_ROLES, f"您在本事项中已以“{done}”身份办理")
    return None


def _taking_part(officer: Officer, case: CaseFacts) -> Refusal | None:
    """回避: neither in person nor through anybody who stands in for a colleague."""
    if case.recused & {officer.id, officer.acting_for}:
        return Refusal.of(RefusalCode.RECUSED)
    return None


def _right_time(decision: Decision, case: CaseFacts) -> Refusal | None:
    found = _found(decision, case)
    if found is not None and found.state is StepState.CURRENT:
        return None
    if decision.round < case.round or (found is not None and found.state is StepState.VOID and case.slip_gone is None):
        return Refusal.of(RefusalCode.STALE_ROUND, f"当前为第{case.round}轮")
    if found is not None and found.state is StepState.DONE:
        return Refusal.of(RefusalCode.ALREADY_DECIDED)
    if found is not None and case.slip_gone is not None:
        return Refusal.of(case.slip_gone)
    if decision.subject and case.known_subjects and decision.subject not in case.known_subjects:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "该编号不在核定单内")
    return Refusal.of(RefusalCode.NOT_YOUR_TURN)


def _well_said(decision: Decision, rule: StepRule) -> Refusal | None:
    if decision.verdict not in rule.verdicts:
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, f"该环节不能作“{decision.verdict.label}”")
    if decision.verdict in OPINION_REQUIRED and not decision.opinion:
        return Refusal.of(RefusalCode.OPINION_REQUIRED)
    if rule.needs_reference and decision.verdict == "approve" and not decision.reference_no:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED)
    return None
