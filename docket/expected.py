"""The steps that are expected next if nothing is rejected: by procedure, those that this round has not opened yet."""

from __future__ import annotations

from models.applications import AnyApplication, RemovingStaffApplication, StaffingUpApplication, WarningApplication
from models.docket import Check, SlipView, StepView
from models.enums import Department, Procedure, SlotState, State, Step, StepState, WarningLevel
from models.refusals import RefusalCode
from rules.removal import subject_of
from rules.steps import STAFFING_UP, STEPS

from .cases import CaseFile

_STAFFING = (Step.EXAMINE, Step.ISSUE, Step.APPROVE_PERSONS, Step.ENTER, Step.FINANCE, Step.SOCIAL_INSURANCE)

_REMOVAL = (Step.APPROVE_EXIT, Step.EXIT, Step.FINANCE, Step.SOCIAL_INSURANCE)

_ORDER: dict[Procedure, tuple[Step, ...]] = {
    Procedure.ESTABLISHMENT_CHANGE: (
        Step.EXAMINE,
        Step.CONSULT_ORGANISATION,
        Step.CONSULT_PERSONNEL,
        Step.CONSULT_FINANCE,
        Step.DECIDE,
        Step.SIGN,
    )
}
"""The usual order of the other procedures, one step of each kind."""


def expected(
    case: CaseFile, slip: SlipView | None, application: AnyApplication, checks: list[Check] | None = None
) -> list[StepView]:
    """`checks` are those of the gate, which found who is competent."""
    if case.state.final:
        return []
    if isinstance(application, StaffingUpApplication):
        return _of_staffing(case, slip, application.appointment is not None)
    if isinstance(application, RemovingStaffApplication):
        return _of_removal(case, application)
    if isinstance(application, WarningApplication):
        return _of_warning(case, application.level)
    if case.procedure is Procedure.RECTIFICATION:
        return _of_rectification(case)
    opened = {row.step for row in case.steps if row.round == case.round}
    order = _ORDER.get(case.procedure, ())
    decider = _decider(case, checks or [])
    return [
        _view(case, step, "", decider if step is Step.DECIDE else None) for step in order if step.value not in opened
    ]


def _decider(case: CaseFile, checks: list[Check]) -> Department:
    """Before whom the case lay, else whom the gate found competent by the matrix of authority; usually the
    commission."""
    asked = [Department(row.department) for row in case.steps if row.step == Step.DECIDE]
    authority = RefusalCode.BEYOND_AUTHORITY
    found = [Department(each.subject) for each in checks if each.code == authority and each.passed and each.subject]
    return (asked or found or [Department.COMMISSION])[-1]


def _of_staffing(case: CaseFile, slip: SlipView | None, appointed: bool) -> list[StepView]:
    opened = {(row.step, row.subject) for row in case.steps if row.round == case.round}
    subjects = [slot.code for slot in slip.slots if slot.state is SlotState.OPEN] if slip else [""]
    if appointed:  # its places are known once examined; the higher body's document stands for slip and approval
        subjects = sorted({row.subject for row in case.steps if row.step == Step.ENTER}) or [""]
    views = []
    for step in _STAFFING:
        if appointed and step in (Step.ISSUE, Step.APPROVE_PERSONS):
            continue
        per_slot = step not in (Step.EXAMINE, Step.ISSUE)
        for subject in subjects if per_slot else [""]:
            if (step.value, subject) not in opened and not (not per_slot and slip):
                routed = STAFFING_UP[step.value].department or _routed(slip, subject)
                views.append(_view(case, step, subject, routed))
    return views


def _of_rectification(case: CaseFile) -> list[StepView]:
    """Verification after the reports; while the gate is closed also its confirmation and its lifting. Whoever was
    asked before is asked again, the commission unless it was delegated."""
    waiting = [Step(row.step) for row in case.current()]
    coming: list[Step] = []
    if Step.WARN in waiting:
        coming.append(Step.PROPOSE_SUSPENSION)
    if {Step.WARN, Step.PROPOSE_SUSPENSION} & set(waiting):
        coming.append(Step.SUSPEND)
    if Step.REPORT in waiting:
        coming.append(Step.SITE_CHECK)
    if State.SUSPENDED in (case.state, case.row.held_from):
        coming += [step for step in (Step.PROPOSE_LIFTING, Step.LIFT) if not {step, Step.LIFT} & set(waiting)]
    asked = [Department(row.department) for row in case.steps if row.step in (Step.SUSPEND, Step.LIFT)]
    decider = asked[-1] if asked else Department.COMMISSION
    return [_view(case, step, "", decider if step in (Step.SUSPEND, Step.LIFT) else None) for step in coming]


def _of_removal(case: CaseFile, application: RemovingStaffApplication) -> list[StepView]:
    """Person by person; who was rejected or has withdrawn has nothing left to wait for."""
    steps = {(row.step, row.subject): row for row in case.steps if row.round == case.round}
    waiting = {row.subject for row in case.current()}
    views = []
    for number in range(1, len(application.persons) + 1):
        subject = subject_of(number)
        if not steps or subject in waiting:
            views += [_view(case, step, subject, None) for step in _REMOVAL if (step.value, subject) not in steps]
    return sorted(views, key=lambda view: _REMOVAL.index(Step(view.step)))


def _of_warning(case: CaseFile, begun: WarningLevel) -> list[StepView]:
    """From the highest rung that was opened: said, answered, reviewed; or inspected and reported on."""
    opened = {(row.step, row.subject) for row in case.steps if row.round == case.round}
    rung = next((level for level in reversed(WarningLevel) if (level.value, "") in opened), begun)
    if rung is WarningLevel.INSPECT:
        ahead = [(Step.INSPECT, ""), (Step.INSPECTION_REPORT, "")]
    else:
        ahead = [(Step(rung.value), ""), (Step.REPORT, rung.value), (Step.REVIEW, rung.value)]
    return [_view(case, step, subject, None) for step, subject in ahead if (step.value, subject) not in opened]


def _view(case: CaseFile, step: Step, subject: str, department: Department | None) -> StepView:
    rule = STEPS[case.procedure][step.value]
    return StepView(
        step=step.value,
        label=step.label,
        round=case.round,
        subject=subject,
        department=department or rule.department or Department.ORGANISATION,
        roles=sorted(rule.roles),
        state=StepState.EXPECTED,
    )


def _routed(slip: SlipView | None, subject: str) -> Department:
    for slot in slip.slots if slip else []:
        if slot.code == subject:
            return slot.department
    return Department.ORGANISATION
