"""The steps of every procedure: who acts, which verdicts are open, what must be said (procedures.md §1 to §5)."""

from __future__ import annotations

from dataclasses import dataclass

from models.enums import Department, Procedure, Role, Step, Verdict


@dataclass(frozen=True, slots=True)
class StepRule:
    """`department` acts; None means that the step says so when it is opened (routing of a person, authority over a
    matter). `needs_reference`: an approval number. `own_task`: the applicant's own duty, no approval."""

    step: Step
    department: Department | None
    roles: frozenset[Role]
    verdicts: frozenset[Verdict]
    needs_reference: bool = False
    own_task: bool = False


_JUDGE = frozenset({Verdict.APPROVE, Verdict.REJECT, Verdict.RETURN})
_YES_OR_NO = frozenset({Verdict.APPROVE, Verdict.REJECT})
_ACKNOWLEDGE = frozenset({Verdict.ACKNOWLEDGE})
_OFFICE = Department.ESTABLISHMENT


def _table(*rules: StepRule) -> dict[str, StepRule]:
    return {rule.step.value: rule for rule in rules}


def _of(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


def _acknowledged(step: Step, department: Department) -> StepRule:
    return StepRule(step, department, _of(Role.APPROVER), _ACKNOWLEDGE)


def _duty(step: Step, department: Department, *roles: Role) -> StepRule:
    return StepRule(step, department, _of(*roles), _ACKNOWLEDGE, own_task=department is Department.UNIT)


STAFFING_UP = _table(
    StepRule(Step.EXAMINE, _OFFICE, _of(Role.EXAMINER), _JUDGE),
    StepRule(Step.ISSUE, _OFFICE, _of(Role.ISSUER), _JUDGE),
    StepRule(Step.APPROVE_PERSONS, None, _of(Role.APPROVER), _JUDGE, needs_reference=True),
    StepRule(Step.APPROVE_EXIT, None, _of(Role.APPROVER), _JUDGE, needs_reference=True),
    StepRule(Step.ENTER, _OFFICE, _of(Role.REGISTRAR), _JUDGE),
    _acknowledged(Step.FINANCE, Department.FINANCE),
    _acknowledged(Step.SOCIAL_INSURANCE, Department.SOCIAL_INSURANCE),
    _acknowledged(Step.PAY, Department.PERSONNEL),
)

REMOVING_STAFF = _table(
    StepRule(Step.APPROVE_EXIT, None, _of(Role.APPROVER), _JUDGE, needs_reference=True),
    StepRule(Step.EXIT, _OFFICE, _of(Role.REGISTRAR), _JUDGE),
    _acknowledged(Step.FINANCE, Department.FINANCE),
    _acknowledged(Step.SOCIAL_INSURANCE, Department.SOCIAL_INSURANCE),
)

ESTABLISHMENT_CHANGE = _table(
    StepRule(Step.EXAMINE, _OFFICE, _of(Role.EXAMINER), _JUDGE),
    StepRule(Step.CONSULT_ORGANISATION, Department.ORGANISATION, _of(Role.APPROVER), _YES_OR_NO),
    StepRule(Step.CONSULT_PERSONNEL, Department.PERSONNEL, _of(Role.APPROVER), _YES_OR_NO),
    StepRule(Step.CONSULT_FINANCE, Department.FINANCE, _of(Role.APPROVER), _YES_OR_NO),
    StepRule(
        Step.DECIDE,
        None,
        _of(Role.APPROVER, Role.HEAD),
        frozenset({Verdict.APPROVE, Verdict.DEFER, Verdict.REJECT, Verdict.RETURN}),
    ),
    StepRule(Step.SIGN, _OFFICE, _of(Role.ISSUER), frozenset({Verdict.APPROVE, Verdict.RETURN})),
    _duty(Step.OBLIGATION_FILING, _OFFICE, Role.REGISTRAR, Role.EXAMINER),
    _duty(Step.OBLIGATION_CONGRESS, _OFFICE, Role.REGISTRAR, Role.EXAMINER),
    _duty(Step.OBLIGATION_CERTIFICATE, _OFFICE, Role.REGISTRAR),
    # of a unit that merged itself away the office's registrar does it
    _duty(Step.OBLIGATION_REGISTRATION, Department.UNIT, Role.APPLICANT, Role.REGISTRAR),
    _duty(Step.OBLIGATION_DISCLOSURE, Department.UNIT, Role.APPLICANT, Role.REGISTRAR),
)

RECTIFICATION = _table(
    StepRule(Step.OPEN, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
    StepRule(Step.REPORT, Department.UNIT, _of(Role.APPLICANT), frozenset(), own_task=True),
    StepRule(Step.EXTEND, _OFFICE, _of(Role.HEAD, Role.ISSUER), _YES_OR_NO),
    StepRule(Step.WARN, _OFFICE, _of(Role.ISSUER), _YES_OR_NO),
    StepRule(Step.PROPOSE_SUSPENSION, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
    StepRule(Step.SUSPEND, None, _of(Role.APPROVER, Role.HEAD), _YES_OR_NO),
    StepRule(Step.EXCEPTIONAL_ACCEPTANCE, Department.COMMISSION, _of(Role.APPROVER), _YES_OR_NO),
    StepRule(Step.SITE_CHECK, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
    StepRule(Step.PROPOSE_LIFTING, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
    StepRule(Step.LIFT, None, _of(Role.APPROVER, Role.HEAD), _YES_OR_NO),
)

EARLY_WARNING = _table(
    StepRule(Step.REMIND, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
    StepRule(Step.REPORT, Department.UNIT, _of(Role.APPLICANT), frozenset(), own_task=True),
    StepRule(Step.WARN, _OFFICE, _of(Role.ISSUER, Role.HEAD), _YES_OR_NO),
    StepRule(Step.INSPECT, _OFFICE, _of(Role.ISSUER, Role.HEAD), _YES_OR_NO),
    StepRule(Step.INSPECTION_REPORT, _OFFICE, _of(Role.INSPECTOR), frozenset({Verdict.APPROVE})),
    StepRule(Step.REVIEW, _OFFICE, _of(Role.INSPECTOR), _YES_OR_NO),
)

STEPS: dict[Procedure, dict[str, StepRule]] = {
    Procedure.STAFFING_UP: STAFFING_UP,
    Procedure.REMOVING_STAFF: REMOVING_STAFF,
    Procedure.ESTABLISHMENT_CHANGE: ESTABLISHMENT_CHANGE,
    Procedure.RECTIFICATION: RECTIFICATION,
    Procedure.EARLY_WARNING: EARLY_WARNING,
}

EX_OFFICIO: dict[Procedure, Role] = {
    Procedure.RECTIFICATION: Role.INSPECTOR,
    Procedure.EARLY_WARNING: Role.INSPECTOR,
}
"""Opened by the office itself: who opens it acts in this role and is not an applicant, who may approve nothing."""

OPINION_REQUIRED = frozenset({Verdict.REJECT, Verdict.RETURN, Verdict.DEFER})
