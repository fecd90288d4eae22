"""What a reader may do now on a case, and why not: on steps the admission that will judge the decision, for orders
the states in which activities.orders and the procedures take them and the same separation of duties."""

from __future__ import annotations

from dataclasses import dataclass

from models.decisions import Decision, Officer
from models.docket import Permission
from models.enums import CommandKind, Department, Procedure, Role, State, Step, StepState, Verdict
from models.refusals import Refusal, RefusalCode
from rules.admission import CaseFacts, StepFacts, admit, separated
from rules.steps import STEPS

from .cases import CaseFile

NOT_HELD_FROM = (State.HELD, State.RETURNED, State.SUBMITTED)
SUSPENSION = "suspension"
WITHDRAWABLE = (Procedure.STAFFING_UP, Procedure.REMOVING_STAFF, Procedure.ESTABLISHMENT_CHANGE)
ANSWERED = (Procedure.RECTIFICATION, Procedure.EARLY_WARNING)
"""Procedures in which the unit reports."""
ONLY_READ = (Department.SUPERVISION, Department.DISCIPLINE, Department.ADMINISTRATION)


@dataclass(frozen=True, slots=True)
class Side:
    """Whose case it is: the unit, and the department that applied.

    `held_from` is the state to which a held case returns, or `suspension`, which only its lifting ends.
    """

    unit: str
    applied_by: Department = Department.UNIT
    held_from: str | None = None

    @classmethod
    def of(cls, case: CaseFile) -> Side:
        row = case.row
        return cls(row.unit, Department(row.applied_by), row.held_from)

    def speaks_for_unit(self, viewer: Officer) -> bool:
        return viewer.department is Department.UNIT and viewer.unit == self.unit and Role.APPLICANT in viewer.roles

    def applied(self, viewer: Officer) -> bool:
        """Any applicant of the unit; any approver of a department that reported by itself."""
        if self.applied_by is Department.UNIT:
            return self.speaks_for_unit(viewer)
        return viewer.department is self.applied_by and Role.APPROVER in viewer.roles


def permissions(viewer: Officer, case: CaseFacts, side: Side) -> list[Permission]:
    """One entry per step that waits, and one per order that the viewer's department could give."""
    waiting = [step for step in case.steps if step.state is StepState.CURRENT]
    asked = [step for step in waiting if STEPS[case.procedure][step.step].verdicts]  # the others answer with a report
    return [*(_on_step(viewer, case, step) for step in asked), *_orders(viewer, case, side, waiting)]


def _on_step(viewer: Officer, case: CaseFacts, step: StepFacts) -> Permission:
    rule = STEPS[case.procedure][step.step]
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


def _orders(viewer: Officer, case: CaseFacts, side: Side, waiting: list[StepFacts]) -> list[Permission]:
    if viewer.department in ONLY_READ:
        return []
    return [
        *_of_applicant(viewer, case, side),
        *_of_unit(viewer, case, side, waiting),
        *_of_all(viewer, case, side, waiting),
        *_of_office(viewer, case, side),
    ]


def _of_applicant(viewer: Officer, case: CaseFacts, side: Side) -> list[Permission]:
    if case.procedure not in WITHDRAWABLE or not side.applied(viewer):
        return []
    going = not case.state.final and case.state is not State.HELD
    unused = case.state is not State.ACKNOWLEDGING  # else everything that was asked for is done
    return [
        _order(CommandKind.RESUBMIT, case.state is State.RETURNED, case),
        _order(CommandKind.WITHDRAW, going and unused, case),
    ]


def _of_unit(viewer: Officer, case: CaseFacts, side: Side, waiting: list[StepFacts]) -> list[Permission]:
    """What the unit answers with: its report, and, where it is being rectified, the request for an exception."""
    going = not case.state.final and case.state is not State.HELD
    found: list[Permission] = []
    if case.procedure in ANSWERED and side.speaks_for_unit(viewer):
        awaited = any(step.step == Step.REPORT for step in waiting)
        found.append(_order(CommandKind.REPORT, going and awaited, case))
    if case.procedure is Procedure.RECTIFICATION and (
        side.speaks_for_unit(viewer) or viewer.department is Department.ESTABLISHMENT
    ):
        found.append(_order(CommandKind.EXCEPT, going and case.state is State.SUSPENDED, case))
    return found


def _of_all(viewer: Officer, case: CaseFacts, side: Side, waiting: list[StepFacts]) -> list[Permission]:
    """催办, 批注 and 抄送 are open to every side of a case, more time to whoever is waited for."""
    going = not case.state.final and case.state is not State.HELD
    found = [
        *_extension(viewer, case, side, waiting),
        _order(CommandKind.REMIND, going and any(not _own(viewer, case, step) for step in waiting), case),
        _order(CommandKind.COMMENT, not case.state.final, case),
    ]
    if viewer.department is not Department.UNIT:
        found.append(_order(CommandKind.COPY, not case.state.final, case))
    return found


def _own(viewer: Officer, case: CaseFacts, step: StepFacts) -> bool:
    """A step that the viewer could act on himself: nobody reminds himself."""
    roles = STEPS[case.procedure][step.step].roles
    return viewer.department is step.department and bool(roles & viewer.roles)


def _extension(viewer: Officer, case: CaseFacts, side: Side, waiting: list[StepFacts]) -> list[Permission]:
    """For a step of one's own, or any as the head. A unit asks for more time only while it is being rectified: there
    the request is decided, elsewhere an extension is the office's to give."""
    unit = viewer.department is Department.UNIT
    rectified = case.procedure is Procedure.RECTIFICATION
    if unit and not (side.speaks_for_unit(viewer) and rectified):
        return []
    rules = STEPS[case.procedure]
    if rectified and not unit:  # the day by which a problem is put right only the unit asks to move
        waiting = [step for step in waiting if step.step != Step.REPORT]
    own = any(step.department is viewer.department and rules[step.step].roles & viewer.roles for step in waiting)
    head = viewer.department is Department.ESTABLISHMENT and Role.HEAD in viewer.roles
    if not own and not head:
        return []
    return [_order(CommandKind.EXTEND, not case.state.final and bool(waiting), case)]


def _of_office(viewer: Officer, case: CaseFacts, side: Side) -> list[Permission]:
    if viewer.department is not Department.ESTABLISHMENT:
        return []
    allowed: list[Permission] = []
    may_revoke = viewer.roles & {Role.ISSUER, Role.HEAD}
    if may_revoke and case.procedure is Procedure.STAFFING_UP:
        slip_out = case.state in (State.SLIP_ISSUED, State.ENTERED)
        allowed.append(_order(CommandKind.REVOKE, slip_out, case, separated(viewer, may_revoke, case)))
    if Role.HEAD in viewer.roles:
        may_hold = not case.state.final and case.state not in NOT_HELD_FROM
        may_release = case.state is State.HELD and side.held_from != SUSPENSION
        two_hats = separated(viewer, frozenset({Role.HEAD}), case)
        allowed.append(_order(CommandKind.HOLD, may_hold, case, two_hats))
        allowed.append(_order(CommandKind.RELEASE, may_release, case, two_hats))
    return allowed


def _order(kind: CommandKind, open_now: bool, case: CaseFacts, refusal: Refusal | None = None) -> Permission:
    if open_now:
        return Permission(action=kind, allowed=refusal is None, why_not=refusal)
    code = RefusalCode.CLOSED if case.state.final else RefusalCode.NOT_YOUR_TURN
    return Permission(action=kind, allowed=False, why_not=Refusal.of(code, f"当前状态为“{case.state.label}”"))
