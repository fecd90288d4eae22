"""The steps of staffing up: who acts, which verdicts are open, what must be said (procedures.md §1)."""

from __future__ import annotations

from dataclasses import dataclass

from models.enums import Department, Role, Step, Verdict


@dataclass(frozen=True, slots=True)
class StepRule:
    """`departments` may act; None means that the slot's routing decides. `needs_reference`: an approval number."""

    step: Step
    department: Department | None
    roles: frozenset[Role]
    verdicts: frozenset[Verdict]
    needs_reference: bool = False


_JUDGE = frozenset({Verdict.APPROVE, Verdict.REJECT, Verdict.RETURN})
_ACKNOWLEDGE = frozenset({Verdict.ACKNOWLEDGE})

STAFFING_UP: dict[str, StepRule] = {
    rule.step.value: rule
    for rule in (
        StepRule(Step.EXAMINE, Department.ESTABLISHMENT, frozenset({Role.EXAMINER}), _JUDGE),
        StepRule(Step.ISSUE, Department.ESTABLISHMENT, frozenset({Role.ISSUER}), _JUDGE),
        StepRule(Step.APPROVE_PERSONS, None, frozenset({Role.APPROVER}), _JUDGE, needs_reference=True),
        StepRule(Step.APPROVE_EXIT, None, frozenset({Role.APPROVER}), _JUDGE, needs_reference=True),
        StepRule(
            Step.ENTER,
            Department.ESTABLISHMENT,
            frozenset({Role.REGISTRAR}),
            frozenset({Verdict.APPROVE, Verdict.REJECT, Verdict.RETURN}),
        ),
        StepRule(Step.FINANCE, Department.FINANCE, frozenset({Role.APPROVER}), _ACKNOWLEDGE),
        StepRule(Step.SOCIAL_INSURANCE, Department.SOCIAL_INSURANCE, frozenset({Role.APPROVER}), _ACKNOWLEDGE),
        StepRule(Step.PAY, Department.PERSONNEL, frozenset({Role.APPROVER}), _ACKNOWLEDGE),
    )
}

OPINION_REQUIRED = frozenset({Verdict.REJECT, Verdict.RETURN})
