"""Who may take which step of a disposal 销毁, and in which order: four eyes twice over.

Proposed 提出, approved 批准 by the head, carried out 执行 by one officer before another 监销. Whoever approves neither
proposed nor carries out nor witnesses; the witness has had no hand in it before (domain.md §12: 经办≠审核≠签发). Every
step is taken in person: a substitution reaches procedures (docs/decisions/0022), and a disposal is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.decisions import Officer
from models.enums import Department, DisposalState, Role
from models.refusals import Refusal, RefusalCode

PROPOSERS = frozenset({Role.REGISTRAR, Role.EXAMINER})
EXECUTORS = frozenset({Role.REGISTRAR, Role.EXAMINER})
WITNESSES = frozenset({Role.REGISTRAR, Role.EXAMINER, Role.INSPECTOR, Role.ISSUER})
STRIKERS = PROPOSERS | {Role.HEAD}
HOLDERS = frozenset({Role.HEAD, Role.REGISTRAR, Role.EXAMINER, Role.INSPECTOR})
"""Whoever learns that records are needed may stop their disposal: a hold destroys nothing and decides nothing."""
LIFTERS = frozenset({Role.HEAD})
DECIDERS = frozenset({Role.HEAD})


@dataclass(frozen=True, slots=True)
class Act:
    """A disposal as it stands: who took which step (officer ids)."""

    state: DisposalState
    proposed_by: str
    decided_by: str | None = None
    executed_by: str | None = None


def entitled(officer: Officer, roles: frozenset[Role]) -> Refusal | None:
    """An officer of the establishment office in one of these roles, in person."""
    if officer.acting_for is not None:
        return Refusal.of(RefusalCode.NO_SUBSTITUTION, "档案处置须本人办理，不得代行")
    if officer.department is not Department.ESTABLISHMENT or not roles & officer.roles:
        names = "、".join(role.label for role in sorted(roles))
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, f"由{Department.ESTABLISHMENT.label}的{names}岗办理")
    return None


def may_strike(officer: Officer, act: Act) -> Refusal | None:
    """As long as nothing is destroyed: less on a list than was approved hurts nobody."""
    return entitled(officer, STRIKERS) or (None if act.state.open else _not_now(act))


def may_decide(officer: Officer, act: Act) -> Refusal | None:
    refused = entitled(officer, DECIDERS)
    if refused is not None:
        return refused
    if act.state is not DisposalState.PROPOSED:
        return _not_now(act)
    if officer.id == act.proposed_by:
        return Refusal.of(RefusalCode.SELF_APPROVAL, "提出人不得批准")
    return None


def may_execute(officer: Officer, act: Act) -> Refusal | None:
    """Until the witness has spoken another officer may take it over."""
    refused = entitled(officer, EXECUTORS)
    if refused is not None:
        return refused
    if act.state not in (DisposalState.APPROVED, DisposalState.EXECUTING):
        return _not_now(act, DisposalState.PROPOSED)
    if officer.id == act.decided_by:
        return Refusal.of(RefusalCode.TWO_ROLES, "批准人不得执行")
    return None


def may_witness(officer: Officer, act: Act) -> Refusal | None:
    refused = entitled(officer, WITNESSES)
    if refused is not None:
        return refused
    if act.state is not DisposalState.EXECUTING:
        return _not_now(act, DisposalState.PROPOSED, DisposalState.APPROVED)
    had_a_hand = {act.proposed_by: "提出人", act.decided_by: "批准人", act.executed_by: "执行人"}
    if officer.id in had_a_hand:
        return Refusal.of(RefusalCode.TWO_ROLES, f"{had_a_hand[officer.id]}不得监销")
    return None


def may_hold(officer: Officer) -> Refusal | None:
    return entitled(officer, HOLDERS)


def may_lift(officer: Officer, placed_by: str) -> Refusal | None:
    """The head, and never whoever placed it: a hold is not undone by one person alone."""
    refused = entitled(officer, LIFTERS)
    if refused is not None:
        return refused
    if officer.id == placed_by:
        return Refusal.of(RefusalCode.TWO_ROLES, "设置人不得自行解除")
    return None


def _not_now(act: Act, *early: DisposalState) -> Refusal:
    """Too soon in the states `early`, too late in all others."""
    if act.state in early:
        return Refusal.of(RefusalCode.NOT_YOUR_TURN, f"该销毁{act.state.label}")
    return Refusal.of(RefusalCode.ALREADY_DECIDED, f"该销毁{act.state.label}")
