"""What each decision of 出编 does (procedures.md §2; B §三.2, §五.2): ledger, steps and documents of one step, in
the one transaction that the activity has opened. Each function answers a refusal, or None when done.

Every person has a single outcome: P1, P2 … are the subjects of their steps, in the order of the application.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from docket import cases
from docket.cases import StepKey
from ledger import departures, postings
from ledger.mergers import hold_units
from ledger.occupancy import hold, index_of, person_of, seats_of
from models.applications import Leaver, RemovingStaffApplication
from models.decisions import Decision, Officer, Withdrawal
from models.docket import Check
from models.enums import Department, Role, State, Step, StepState, Verdict
from models.ledger import Basis, Posting, Seated
from models.refusals import Refusal, RefusalCode
from models.register import Departure
from rules.acceptance import Outcome
from rules.deadlines import chinese_date, end_of_day, local_day, working_days_between
from rules.removal import PersonFacts, RemovalFacts, approving, due_on, freed, gate, late_notes, side_of, subject_of

from . import acceptance, endings, letters, vouchers
from .conduct import Conduct
from .paper import department_name
from .turn import Turn
from .vouchers import Approval, Hands, Left

_REPORTERS = (Department.ORGANISATION, Department.PERSONNEL)


def take(turn: Turn, decision: Decision) -> Refusal | None:
    """The effect of an admitted decision."""
    match Step(decision.step):
        case Step.APPROVE_EXIT | Step.EXIT if decision.verdict is Verdict.REJECT:
            return _person_rejected(turn, decision)
        case Step.APPROVE_EXIT | Step.EXIT if decision.verdict is Verdict.RETURN:
            return _returned(turn, decision)
        case Step.APPROVE_EXIT:
            return approve_exit(turn, decision)
        case Step.EXIT:
            return remove(turn, decision)
        case Step.FINANCE | Step.SOCIAL_INSURANCE:
            return acknowledge(turn, decision)
        case step:
            raise LookupError(f"{step} is no step of removing staff")


# --- 1 the form ---------------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    """Only the form is checked: the department approves before the office receives the case."""
    acceptance.judge(turn, _checks, _accepted)
    if turn.case.state is State.NOT_ACCEPTED:
        departures.drop(turn.s, turn.case.id, turn.at)


def _checks(turn: Turn, officer: Officer) -> tuple[Outcome, list[Check]]:
    application = turn.applied(RemovingStaffApplication)
    # the unit before the persons, as a posting does: a merger in hand at once must not move the seats that are read
    hold_units(turn.s, [turn.case.row.unit])
    hold(turn.s, [leaver.person for leaver in application.persons])
    facts = RemovalFacts(
        may_report=_may_report(turn, officer),
        # the unit's days go on while it corrects: what counts is when this round was handed in
        reported_on=local_day(turn.command.decided_at if turn.command else turn.case.row.opened_at),
        persons=[_person_facts(turn, leaver) for leaver in application.persons],
        duplicates=cases.duplicates(turn.s, turn.case),
    )
    outcome, checks = gate(application, facts, turn.deps.rulebook.removal, turn.deps.calendar)
    turn.notes += [f"{subject}{note}" for subject, note in late_notes(checks).items()]
    return outcome, checks


def _may_report(turn: Turn, officer: Officer) -> bool:
    if officer.department in _REPORTERS:
        return Role.APPROVER in officer.roles
    own = officer.department is Department.UNIT and officer.unit == turn.case.row.unit
    return own and Role.APPLICANT in officer.roles


def _person_facts(turn: Turn, leaver: Leaver) -> PersonFacts:
    index = index_of(turn.s, leaver.person)
    if index is None:
        return PersonFacts()
    in_hand = cases.elsewhere_in_hand(turn.s, turn.case.id, index) is not None
    return PersonFacts(seats_of(turn.s, leaver.person), in_hand)


def _accepted(turn: Turn) -> None:
    departures.drop(turn.s, turn.case.id, turn.at)  # of an earlier round: this one says it anew
    gone = departures.disapproved(turn.s, turn.case.id)
    for number, leaver in enumerate(turn.applied(RemovingStaffApplication).persons, 1):
        subject = subject_of(number)
        department = approving(_leaving(turn, leaver))
        turn.open(Step.APPROVE_EXIT, department, subject, person_index=index_of(turn.s, leaver.person))
        if turn.case.row.applied_by != Department.UNIT.value and leaver.person not in gone:
            _make_known(turn, subject, leaver, departures.REPORTED)
    turn.change(state=State.IN_PROGRESS.value)


def _make_known(turn: Turn, subject: str, leaver: Leaver, source: str) -> None:
    """A departure that is known closes the unit's gate for staffing up when it is overdue."""
    last = due_on(leaver.event_date, turn.deps.rulebook.removal, turn.deps.calendar)
    departures.know(
        turn.s,
        Departure(
            id=f"{turn.case.row.no}-{turn.case.round}-{subject}",
            unit=turn.case.row.unit,
            person_ref=leaver.person,
            reason=leaver.reason.value,
            source=source,
            event_on=leaver.event_date,
            due_at=end_of_day(last),
            case_id=turn.case.id,
        ),
    )


def _leaver(turn: Turn, subject: str) -> Leaver:
    return turn.applied(RemovingStaffApplication).persons[int(subject[1:]) - 1]


def _leaving(turn: Turn, leaver: Leaver) -> list[Seated]:
    return freed(seats_of(turn.s, leaver.person), turn.case.row.unit, leaver.reason)


# --- 2 approve exit ----------------------------------------------------------------------------------------------


def approve_exit(turn: Turn, decision: Decision) -> Refusal | None:
    """ORGANISATION or PERSONNEL approves first; from here the office has the case, and the removal is known."""
    leaver = _leaver(turn, decision.subject)
    if not _leaving(turn, leaver):
        return Refusal.of(RefusalCode.NOT_POSTED, "该人员已不在该单位")
    turn.finish(decision)
    _make_known(turn, decision.subject, leaver, departures.APPROVED_EXIT)
    turn.open(Step.EXIT, Department.ESTABLISHMENT, decision.subject, days=_days_to_remove(turn, leaver))
    return None


def _days_to_remove(turn: Turn, leaver: Leaver) -> int:
    """The registrar's days begin when the event has happened: before it nobody can be removed."""
    ahead = max(0, working_days_between(turn.today, leaver.event_date, turn.deps.calendar))
    return ahead + turn.deps.rulebook.deadlines.days_for(Step.EXIT.value)


# --- 3 remove ----------------------------------------------------------------------------------------------------


def remove(turn: Turn, decision: Decision) -> Refusal | None:
    """出编, person by person: LEAVE by reason, the exit notice and the certificate page."""
    leaver = _leaver(turn, decision.subject)
    if turn.today < leaver.event_date:
        return Refusal.of(RefusalCode.NOT_YET_HAPPENED, f"减员日期为{chinese_date(leaver.event_date)}")
    approval = _approval(turn, decision.subject)
    seats = _leaving(turn, leaver)
    posted = _leave(turn, decision, leaver, seats, approval)
    if isinstance(posted, Refusal):
        return posted
    note = late_notes(_stored_checks(turn)).get(decision.subject, "")
    left = Left(
        person=person_of(turn.s, leaver.person),
        seats=seats,
        accounts=posted.after,
        reason=leaver.reason.label,
        destination=leaver.destination or "",
        left_on=leaver.event_date,
        approval=approval,
        proof=leaver.proof_no,
        note=note,
    )
    _papers(turn, decision.subject, left)
    turn.notes += [note] if note else []
    turn.finish(decision)
    cases.forget_person(turn.s, turn.case.id, [decision.subject])
    # a leader's pay and contributions follow the post: who is only relieved of it is acknowledged by both as well
    turn.open(Step.FINANCE, Department.FINANCE, decision.subject)
    turn.open(Step.SOCIAL_INSURANCE, Department.SOCIAL_INSURANCE, decision.subject)
    _settle(turn)
    return None


def _leave(
    turn: Turn, decision: Decision, leaver: Leaver, seats: list[Seated], approval: Approval
) -> Posting | Refusal:
    basis = Basis(number=approval.number, body=approval.body, date=approval.on)
    cause = turn.cause(Step.EXIT.value, decision.subject, basis)
    # who left before a merger carried the seat over leaves the ledger on the day of the merger: the account that the
    # seat came to cannot lose it earlier. The papers and the register of departures have the true day
    effective_on = max([leaver.event_date, *(seat.entered_on for seat in seats)])
    cause = cause.model_copy(update={"effective_on": effective_on})
    unit = turn.case.row.unit
    return postings.leave(turn.s, unit, leaver.person, side_of(leaver.reason), leaver.reason, cause)


def _approval(turn: Turn, subject: str) -> Approval:
    step = _step(turn, Step.APPROVE_EXIT, subject)
    return Approval(
        body=department_name(turn, Department(step.acted_as or step.department)),
        number=step.reference_no or "",
        on=local_day(step.decided_at),
    )


def _step(turn: Turn, step: Step, subject: str) -> Row[Any]:
    found = turn.case.find(StepKey(step.value, turn.case.round, subject))
    if found is None:
        raise LookupError(f"{step.value} {subject} was never opened")
    return found


def _stored_checks(turn: Turn) -> list[Check]:
    row = cases.rounds(turn.s, turn.case.id)[-1]
    return [Check.model_validate(check) for check in json.loads(row.checks)]


def _papers(turn: Turn, subject: str, left: Left) -> None:
    """For the unit, and for every other one where a post falls vacant with the headcount."""
    hands = Hands(handled=turn.officer.shown, examined="", issued="")
    units = dict.fromkeys([turn.case.row.unit, *(seat.unit for seat in left.seats)])
    for number, code in enumerate(units):
        filed_under = f"{subject}.{number}" if number else subject
        vouchers.exit_papers(turn, filed_under, turn.unit(code), left, hands)


# --- 4 acknowledge -----------------------------------------------------------------------------------------------


def acknowledge(turn: Turn, decision: Decision) -> Refusal | None:
    """FINANCE ∥ SOCIAL_INSURANCE acknowledge the reduction, in any order."""
    turn.finish(decision)
    _settle(turn)
    return None


# --- turned aside ------------------------------------------------------------------------------------------------


def _gone(turn: Turn) -> bool:
    """Whether anybody has been removed by this case."""
    return any(
        step.step == Step.EXIT and step.state == StepState.DONE and step.verdict == Verdict.APPROVE
        for step in turn.case.steps
    )


def _waiting(turn: Turn) -> list[Row[Any]]:
    """The steps of those who are still on the way out."""
    return [step for step in turn.case.current() if step.step in (Step.APPROVE_EXIT, Step.EXIT)]


def _settle(turn: Turn, *, empty: State = State.REJECTED) -> None:
    """The state that follows; `empty` is the end when nobody at all was removed."""
    if _waiting(turn):
        endings.go_on(turn, State.IN_PROGRESS)
    elif turn.case.current():
        endings.go_on(turn, State.ACKNOWLEDGING)
    else:
        endings.close(turn, State.CLOSED if _gone(turn) else empty)


def _let_go(turn: Turn, subjects: list[str]) -> None:
    """These persons stay: nothing is known of their departure any more, and another case may take them in hand."""
    cases.forget_person(turn.s, turn.case.id, subjects)
    for subject in subjects:
        departures.drop(turn.s, turn.case.id, turn.at, _leaver(turn, subject).person)


def _person_rejected(turn: Turn, decision: Decision) -> Refusal | None:
    """One person's outcome, with the refusal notice; the others go on."""
    leaver = _leaver(turn, decision.subject)
    turn.finish(decision)
    letters.refusal_notice(
        turn,
        decision.step,
        decision.subject,
        act="不予批准",
        acted_by=department_name(turn, turn.officer.department),
        faults=[],
        opinion=decision.opinion or "",
        by=turn.officer.shown,
        part=f"{person_of(turn.s, leaver.person).name}（{leaver.reason.label}）",
    )
    _let_go(turn, [decision.subject])
    departures.deny(turn.s, turn.case.id, turn.case.row.unit, leaver.person, turn.at)
    _settle(turn)
    return None


def _returned(turn: Turn, decision: Decision) -> Refusal | None:
    """The whole case goes back, as long as nobody has left; approvals are void, a department's own report stands.
    Whose approved exit has happened stays known: the gate does not open because a paper goes back."""
    if _gone(turn):
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, "已有人员出编，不能整件退回")
    turn.finish(decision)
    departures.disapprove(turn.s, turn.case.id, turn.today)
    if turn.case.row.applied_by == Department.UNIT.value:
        departures.drop(turn.s, turn.case.id, turn.at)
    endings.back_to_unit(turn, decision)
    return None


def withdraw(turn: Turn, _body: Withdrawal) -> Refusal | None:
    """Whoever has not left yet, except where the exit is approved and the event has happened: such a person is gone
    in fact, and a withdrawal would open the gate that the missing removal closes. The registrar decides on those."""
    late = Refusal.of(RefusalCode.NOTHING_TO_DO, "已出编，或者已核批且减员已发生，不能撤回")
    gone = departures.disapproved(turn.s, turn.case.id)
    if turn.case.state in (State.SUBMITTED, State.RETURNED):
        if gone:
            return late
        departures.drop(turn.s, turn.case.id, turn.at)
        endings.close(turn, State.WITHDRAWN)
        return None
    due = {step.subject for step in _waiting(turn) if _happened(turn, step, gone)}
    free = [step.subject for step in _waiting(turn) if step.subject not in due]
    if not free:
        return late
    turn.void(free)
    _let_go(turn, free)
    turn.notes.append("撤回" + "、".join(free))
    _settle(turn, empty=State.WITHDRAWN)
    return None


def _happened(turn: Turn, step: Row[Any], gone: frozenset[str]) -> bool:
    """Whether the exit of a step's person is approved, now or in an earlier round, and has happened."""
    leaver = _leaver(turn, step.subject)
    return leaver.person in gone or (step.step == Step.EXIT and leaver.event_date <= turn.today)


CONDUCT = Conduct(begin=begin, take=take, withdraw=withdraw)
