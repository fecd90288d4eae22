"""What a reader may do now on a case, and why not: on steps the admission that will judge the decision, for orders
the states in which activities.orders takes them and the same separation of duties."""

from __future__ import annotations

from models.decisions import Decision, Officer
from models.docket import Permission
from models.enums import CommandKind, Department, Role, State, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from rules.admission import CaseFacts, StepFacts, admit, separated
from rules.steps import STAFFING_UP

NOT_HELD_FROM = (State.HELD, State.RETURNED, State.SUBMITTED)
SUSPENSION = "suspension"


def permissions(viewer: Officer, case: CaseFacts, unit: str, held_from: str | None = None) -> list[Permission]:
    """One entry per step that waits, and one per order that the viewer's department could give.

    `held_from` is the state to which a held case returns, or `suspension`, which only its lifting ends.
    """
    waiting = [step for step in case.steps if step.state is StepState.CURRENT]
    return [*(_on_step(viewer, case, step) for step in waiting), *_orders(viewer, case, unit, held_from)]


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


def _orders(viewer: Officer, case: CaseFacts, unit: str, held_from: str | None) -> list[Permission]:
    held = case.state is State.HELD
    if viewer.department is Department.UNIT and viewer.unit == unit and Role.APPLICANT in viewer.roles:
        unused = case.state is not State.ACKNOWLEDGING  # else every post is filled
        return [
            _order(CommandKind.RESUBMIT, case.state is State.RETURNED, case),
            _order(CommandKind.WITHDRAW, not case.state.final and not held and unused, case),
            _order(CommandKind.REMIND, not case.state.final and not held and _waits(case), case),
        ]
    if viewer.department is not Department.ESTABLISHMENT:
        return []
    allowed: list[Permission] = []
    if may_revoke := viewer.roles & {Role.ISSUER, Role.HEAD}:
        slip_out = case.state in (State.SLIP_ISSUED, State.ENTERED)
        allowed.append(_order(CommandKind.REVOKE, slip_out, case, separated(viewer, may_revoke, case)))
    if Role.HEAD in viewer.roles:
        may_hold = not case.state.final and case.state not in NOT_HELD_FROM
        two_hats = separated(viewer, frozenset({Role.HEAD}), case)
        allowed.append(_order(CommandKind.HOLD, may_hold, case, two_hats))
        allowed.append(_order(CommandKind.RELEASE, held and held_from != SUSPENSION, case, two_hats))
    return allowed


def _waits(case: CaseFacts) -> bool:
    return any(step.state is StepState.CURRENT for step in case.steps)


def _order(kind: CommandKind, open_now: bool, case: CaseFacts, refusal: Refusal | None = None) -> Permission:
    if open_now:
        return Permission(action=kind, allowed=refusal is None, why_not=refusal)
    code = RefusalCode.CLOSED if case.state.final else RefusalCode.NOT_YOUR_TURN
    return Permission(action=kind, allowed=False, why_not=Refusal.of(code, f"当前状态为“{case.state.label}”"))
