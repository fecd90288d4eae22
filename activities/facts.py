"""What admission and the gate must know, read from the register in the open transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from docket import cases, recusals
from docket.acts import acts
from docket.changing import approved_changes
from ledger import balances, departures, slips, suspensions
from models.applications import AnyApplication, EstablishmentChangeApplication
from models.decisions import Decision, Officer
from models.enums import Department, Procedure, Role, SlipState, StepState, UnitKind
from models.refusals import RefusalCode
from models.register import ExceptionalAcceptance, InternalBody, Suspension, Unit, table_of
from rules.acceptance import GateFacts
from rules.admission import CaseFacts, StepFacts
from rules.change_gate import gaining
from rules.deadlines import chinese_date, local_day
from rules.exceptions import covers, only_takes_back, resources_of, uses_of
from rules.rectification import gate_text

from . import slip as slips_of_case
from .turn import Turn

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
    asks_for_slot = case.procedure is Procedure.STAFFING_UP and decision is not None and decision.subject
    slip = slips_of_case.slip_of(turn) if asks_for_slot else None
    codes = frozenset(slot.code for slot in slips.slots_of(turn.s, slip.id)) if slip else frozenset[str]()
    return CaseFacts(
        state=case.state,
        round=case.round,
        steps=[
            StepFacts(row.step, row.round, row.subject, Department(row.department), StepState(row.state))
            for row in case.steps
        ],
        applicants=cases.applicants(turn.s, case),
        acts=acts(turn.s, case),
        slip_gone=_GONE.get(slip.state) if slip else None,
        known_subjects=codes,
        procedure=case.procedure,
        unit=case.row.unit,
        recused=recusals.of_case(turn.s, case.row.id),
    )


def gate_facts(turn: Turn, officer: Officer) -> GateFacts:
    """What the register says about the unit at the moment of acceptance."""
    unit = turn.unit()
    bodies = turn.s.execute(_BODIES, {"unit_code": unit.code}).scalars().all()
    standing = _standing(turn)
    return GateFacts(
        unit_kind=UnitKind(unit.kind),
        unit_fault=fault_of(unit),
        officer_acts_for_unit=officer.department is Department.UNIT
        and officer.unit == unit.code
        and Role.APPLICANT in officer.roles,
        internal_bodies=frozenset(bodies),
        today=turn.today,
        balances={balance.resource: balance for balance in balances.balances(turn.s, unit.code)},
        suspensions=[_gate_text(turn, row) for row in standing],
        exception=_exception_shown(turn) if standing else None,
        overdue_removals=[
            f"减员事项{departure.id}，应于{chinese_date(local_day(departure.due_at))}前报送"
            for departure in departures.overdue(turn.s, unit.code, turn.at)
        ],
        duplicates=cases.duplicates(turn.s, turn.case),
    )


def _standing(turn: Turn) -> list[Suspension]:
    """Suspensions that stand against an application: of its unit, and of every unit that it would give something to
    count, so that no suspended unit is served by the application of another."""
    application = application_as_approved(turn)
    if only_takes_back(application):
        return []
    found = [
        row for unit in _gaining(turn, application) for row in suspensions.standing_suspensions(turn.s, unit, turn.at)
    ]
    return list({row.id: row for row in found}.values())


def fault_of(unit: Unit) -> str | None:
    """Why the register's entry of a unit lets nothing be applied for: a fault of its data, or its end."""
    if unit.abolished_on is not None:
        return f"该单位已于{chinese_date(unit.abolished_on)}撤销"
    return unit.data_fault


def _gate_text(turn: Turn, row: Suspension) -> str:
    """A suspension as the refusal letter names it; one of another unit with that unit."""
    own = turn.case.row.unit
    over = row.unit in suspensions.units_above(turn.s, own)
    above = turn.unit(row.unit).name if over else ""
    below = "" if over or row.unit == own else f"所涉单位{turn.unit(row.unit).name}"
    if below and row.unit not in suspensions.units_below(turn.s, own):
        return f"{below}已被暂停受理"  # whose problems they are, it is not for this applicant to know
    opened = cases.read(turn.s, row.case_id)
    case_no = opened.row.no if opened is not None else row.case_id
    return below + gate_text(row.number, row.problems, local_day(row.from_at), case_no, above)


def applied_at(turn: Turn) -> datetime:
    """When the present application came in: a round that the office opened for itself is no new application."""
    outside = [row.submitted_at for row in cases.rounds(turn.s, turn.case.id) if not row.internal]
    moment: datetime = outside[-1]
    return moment


def application_as_approved(turn: Turn) -> AnyApplication:
    """The application with what the competent body made of it: what was asked for at first no longer counts."""
    application = turn.application
    if isinstance(application, EstablishmentChangeApplication):
        changes = approved_changes(turn.s, turn.case, application)
        return application.model_copy(update={"changes": changes})
    return application


def _gaining(turn: Turn, application: AnyApplication) -> list[str]:
    """The unit of the case, then every unit that the application would give something to count."""
    changes = application.changes if isinstance(application, EstablishmentChangeApplication) else []
    return list(dict.fromkeys([turn.case.row.unit, *gaining(changes)]))


def suspended_now(turn: Turn, proposed: AnyApplication | None = None) -> bool:
    """Whether a suspension stops this case now, as RESERVE and AUTHORISE will judge it: by what stands in the
    register, not by the clocks of two cases; what a rectification itself needs is never stopped. `proposed` is what
    the case would come to, if not what is approved so far."""
    application = proposed or application_as_approved(turn)
    if only_takes_back(application):
        return False
    found = _covering(turn, application)
    return _stopped(turn, application, found.id if found is not None else None)


def _stopped(turn: Turn, application: AnyApplication, exception: str | None) -> bool:
    since = applied_at(turn)
    units = _gaining(turn, application)
    return any(suspensions.closed_now(turn.s, unit, exception, _decided_at(turn), since) for unit in units)


def _decided_at(turn: Turn) -> datetime:
    """When what happens now was decided: a decision of an exception's last day counts when it is handled after it."""
    return turn.command.decided_at if turn.command is not None else turn.at


def exception_for(turn: Turn) -> str | None:
    """The id of an exceptional acceptance in force that covers this case, judged by its scope."""
    found = _covering(turn, application_as_approved(turn))
    return found.id if found is not None else None


def _exception_shown(turn: Turn) -> str | None:
    """Its number, as the gate names it."""
    found = _covering(turn, application_as_approved(turn))
    return (found.number or found.id) if found is not None else None


def _covering(turn: Turn, application: AnyApplication) -> ExceptionalAcceptance | None:
    """The one that this case has passed under already, else one in force that covers it and is not used up."""
    resources = resources_of(application)
    found = suspensions.exceptions_in_force(turn.s, turn.case.row.unit, _decided_at(turn))
    fitting = [each for each in found if covers(each.scope, turn.case.procedure, resources)]
    claimed = turn.case.row.exception_id
    return next((each for each in fitting if each.id == claimed or not _used_up(turn, each)), None)


def _used_up(turn: Turn, exception: ExceptionalAcceptance) -> bool:
    most = uses_of(exception.scope)
    return most is not None and cases.passed_under(turn.s, exception.id, turn.case.id) >= most


def pass_by_exception(turn: Turn) -> str | None:
    """A case of a suspended unit that goes on does so under one exceptional acceptance, and uses one application of
    it up; its number, or None when no suspension stands in the way."""
    application = application_as_approved(turn)
    if only_takes_back(application) or not _stopped(turn, application, None):
        return None
    suspensions.hold_exceptions(turn.s, turn.case.row.unit)
    found = _covering(turn, application)
    if found is None:
        return None
    if turn.case.row.exception_id != found.id:
        turn.change(exception_id=found.id)
        turn.notes.append(f"例外受理：{found.number or found.id}")
    return found.number or found.id
