"""What a reader may do now on a case, and why not: the same admission that will judge the command."""

from __future__ import annotations

from models.decisions import Decision, Officer
from models.docket import Permission
from models.enums import CommandKind, Department, Role, State, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from rules.admission import CaseFacts, StepFacts, admit
from rules.steps import STAFFING_UP


def permissions(viewer: Officer, case: CaseFacts, unit: str) -> list[Permission]:
    """One entry per step that waits, and one per order that the viewer's department could give."""
    waiting = [step for step in case.steps if step.state is StepState.CURRENT]
    return [*(_on_step(viewer, case, step) for step in waiting), *_orders(viewer, case, unit)]


def _on_step(viewer: Officer, case: CaseFacts, step: StepFacts) -> Permission:
    rule = STAFFING_UP[step.step]
    verdicts = sorted(rule.verdicts)
    probe = Decision(
        step=step.step,
        round=step.round,
        subject=step.subject,
        verdict=Verdict.ACKNOWLEDGE if Verdict.ACKNOWLEDGE in rule.verdicts else Verdict.APPROVE,
        opinion="-",
        reference_no="-",
    )
    why_not = admit(probe, viewer, case)
    return Permission(
        action=CommandKind.DECIDE,
        step=step.step,
        subject=step.subject,
        verdicts=verdicts if why_not is None else [],
        allowed=why_not is None,
        why_not=why_not,
    )


def _orders(viewer: Officer, case: CaseFacts, unit: str) -> list[Permission]:
    if viewer.department is Department.UNIT and viewer.unit == unit and Role.APPLICANT in viewer.roles:
        return [
            _order(CommandKind.RESUBMIT, case.state is State.RETURNED, case),
            _order(CommandKind.WITHDRAW, not case.state.final, case),
            _order(CommandKind.REMIND, not case.state.final, case),
        ]
    if viewer.department is not Department.ESTABLISHMENT:
        return []
    allowed: list[Permission] = []
    if viewer.roles & {Role.ISSUER, Role.HEAD}:
        slip_out = case.state in (State.SLIP_ISSUED, State.ENTERED)
        allowed.append(_order(CommandKind.REVOKE, slip_out, case))
    if Role.HEAD in viewer.roles:
        allowed.append(_order(CommandKind.HOLD, not case.state.final and case.state is not State.HELD, case))
        allowed.append(_order(CommandKind.RELEASE, case.state is State.HELD, case))
    return allowed


def _order(kind: CommandKind, open_now: bool, case: CaseFacts) -> Permission:
    if open_now:
        return Permission(action=kind, allowed=True)
    code = RefusalCode.CLOSED if case.state.final else RefusalCode.NOT_YOUR_TURN
    return Permission(action=kind, allowed=False, why_not=Refusal.of(code, f"当前状态为“{case.state.label}”"))
