"""What admission and the gate must know, read from the register in the open transaction."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from docket import cases
from ledger import balances, slips, suspensions
from models.decisions import Decision, Officer
from models.enums import CommandKind, Department, Role, SlipState, StepState, UnitKind
from models.refusals import RefusalCode
from models.register import InternalBody, table_of
from rules.acceptance import GateFacts
from rules.admission import CaseFacts, StepFacts
from rules.deadlines import chinese_date, local_day

from . import endings
from .turn import Turn

ORDER_ROLES: dict[CommandKind, frozenset[Role]] = {
    CommandKind.REVOKE: frozenset({Role.ISSUER, Role.HEAD}),
    CommandKind.HOLD: frozenset({Role.HEAD}),
    CommandKind.RELEASE: frozenset({Role.HEAD}),
}
"""Who in the establishment office may give which order."""

_body = table_of(InternalBody)
_BODIES = select(_body.c.name).where(_body.c.unit == bindparam("unit_code"))
_GONE = {
    SlipState.EXPIRED.value: RefusalCode.SLIP_EXPIRED,
    SlipState.REVOKED.value: RefusalCode.SLIP_REVOKED,
    SlipState.VOID.value: RefusalCode.SLIP_REVOKED,
    SlipState.EXHAUSTED.value: RefusalCode.SLIP_USED,
}


def admission_facts(turn: Turn, decision: Decision | None = None) -> CaseFacts:
    """The case as admission sees it: steps of all rounds, applicants, earlier acts, what became of the slip."""
    case = turn.case
    slip = endings.slip_of(turn) if decision is not None and decision.subject else None
    codes = frozenset(slot.code for slot in slips.slots_of(turn.s, slip.id)) if slip else frozenset[str]()
    return CaseFacts(
        state=case.state,
        round=case.round,
        steps=[
            StepFacts(row.step, row.round, row.subject, Department(row.department), StepState(row.state))
            for row in case.steps
        ],
        applicants=frozenset(row.officer for row in cases.rounds(turn.s, case.id) if not row.internal),
        acts=acts(turn),
        slip_gone=_GONE.get(slip.state) if slip else None,
        known_subjects=codes,
    )


def acts(turn: Turn) -> dict[str, frozenset[tuple[Department, Role]]]:
    """Officer → what he or she acted as in this case: decisions on steps, and orders of the office."""
    done = dict(cases.acts(turn.case))
    for officer, kind in cases.orders_given(turn.s, turn.case.id):
        roles = {(Department.ESTABLISHMENT, role) for role in ORDER_ROLES[kind]}
        # whoever acted before may have used either role of the order: the one that he or she acted in counts
        done[officer] = (done.get(officer, frozenset()) & roles) or frozenset(roles) | done.get(officer, frozenset())
    return done


def gate_facts(turn: Turn, officer: Officer) -> GateFacts:
    """What the register says about the unit at the moment of acceptance."""
    unit = turn.unit()
    bodies = turn.s.execute(_BODIES, {"unit_code": unit.code}).scalars().all()
    exception = suspensions.exception_in_force(turn.s, unit.code, turn.at)
    standing = suspensions.standing_suspensions(turn.s, unit.code, turn.at)
    return GateFacts(
        unit_kind=UnitKind(unit.kind),
        unit_fault=unit.data_fault,
        officer_acts_for_unit=officer.department is Department.UNIT
        and officer.unit == unit.code
        and Role.APPLICANT in officer.roles,
        internal_bodies=frozenset(bodies),
        today=turn.today,
        balances={balance.resource: balance for balance in balances.balances(turn.s, unit.code)},
        suspensions=[f"{s.number or s.id}（问题{s.problems}）" if s.problems else s.number or s.id for s in standing],
        exception=exception.id if exception else None,
        overdue_removals=[
            f"减员事项{departure.id}，应于{chinese_date(local_day(departure.due_at))}前报送"
            for departure in suspensions.overdue_departures(turn.s, unit.code, turn.at)
        ],
        duplicates=cases.duplicates(turn.s, turn.case),
    )
