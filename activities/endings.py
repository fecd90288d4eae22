"""Everything that turns a case aside or ends it: return, rejection, withdrawal, revocation, expiry, hold, and
the settling of its state (procedures.md, shared part and §1)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from docket import cases, commands
from ledger import postings, slips, suspensions
from models.applications import StaffingUpApplication
from models.decisions import Decision, Officer
from models.documents import FaultLine, SlotLine
from models.enums import DocumentKind, Resource, SlipState, SlotState, State, Step, StepState, Verdict, Way
from models.refusals import Refusal, RefusalCode
from models.register import Record, Slip
from records import register as records
from rules.deadlines import add_working_days, end_of_day

from . import letters
from .paper import department_name
from .turn import Turn
from .vouchers import slot_line

YIELD_TO_DECISIONS = timedelta(seconds=20)
"""How soon an expiring slip looks again for a decision that was committed in time and is not judged yet."""

YIELDS_AT_MOST = timedelta(hours=24)
"""A decision that has not arrived after this is lost to the slip, not the slip to the decision."""


# --- decided against -------------------------------------------------------------------------------------------


def turned_down(turn: Turn, decision: Decision) -> Refusal | None:
    """Reject or return at examination or issue, before anything was reserved."""
    turn.finish(decision)
    if decision.verdict is Verdict.RETURN:
        _back_to_unit(turn, decision)
    else:
        _refuse(turn, decision)
        close(turn, State.REJECTED)
    return None


def _refuse(turn: Turn, decision: Decision) -> None:
    """A rejection at any step issues the refusal notice."""
    letters.refusal_notice(
        turn,
        decision.step,
        decision.subject,
        act="不予批准",
        acted_by=department_name(turn, turn.officer.department),
        faults=[],
        opinion=decision.opinion or "",
        by=turn.officer.name,
    )


def _back_to_unit(turn: Turn, decision: Decision) -> None:
    """Return for correction: the round's votes stay as history and are void; the clock waits for the unit."""
    fault = FaultLine(label=f"{Step(decision.step).label}意见", detail=decision.opinion or "", clause="")
    to_unit(turn, decision.step, decision.subject, [fault], turn.officer.name)


def to_unit(turn: Turn, step: str, subject: str, faults: list[FaultLine], by: str) -> None:
    """State `returned`, with the correction notice and the day by which the unit should answer."""
    days = turn.deps.rulebook.deadlines.correction
    reply_by = end_of_day(add_working_days(turn.today, days, turn.deps.calendar))
    turn.void(done_too=True)
    letters.correction_notice(turn, step, subject, faults, reply_by, by)
    turn.change(state=State.RETURNED.value, correction_due_at=reply_by)


def returned_after_slip(turn: Turn, decision: Decision) -> Refusal | None:
    """A return once the slip is out voids it with its number; not open after the first posting."""
    if used(turn):
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, "已有人员落编，不能整件退回")
    if turn.application.appointment is None:
        reason = f"第{turn.case.round}轮退回补正"
        refused = void_slip(turn, decision.step, SlipState.VOID, reason, turn.officer)
        if refused is not None:
            return refused
    turn.finish(decision)
    _back_to_unit(turn, decision)
    return None


def slot_rejected(turn: Turn, decision: Decision, codes: list[str]) -> Refusal | None:
    """A rejected person frees the slot (or the pair): RELEASE and the refusal notice."""
    if turn.application.appointment is None:
        released = postings.release(
            turn.s, _slip_id(turn), codes, turn.cause(decision.step, decision.subject), SlipState.EXHAUSTED
        )
        if isinstance(released, Refusal):
            return released
    turn.finish(decision)
    _refuse(turn, decision)
    turn.void(codes)
    cases.forget_person(turn.s, turn.case.id, codes)
    settle(turn, empty=State.REJECTED)
    return None


def next_round(turn: Turn, application: StaffingUpApplication, *, internal: bool = False) -> None:
    """Open round n+1; `internal` keeps the application and only asks the examiner again."""
    if turn.command is None:
        raise LookupError("a round is opened by a command")
    turn.void(done_too=True)
    number = turn.case.round + 1
    body = application.model_dump(mode="json", exclude_none=True)
    commands.add_round(turn.s, turn.case.id, number, turn.command.id, turn.officer, turn.at, body, internal=internal)
    turn.change(round=number, correction_due_at=None)


# --- slips -------------------------------------------------------------------------------------------------------


def _slip_id(turn: Turn) -> str:
    return f"{turn.case.id}-{turn.case.round}"


def slip_of(turn: Turn) -> Slip | None:
    """The slip of the present round, in whatever state."""
    return slips.slip(turn.s, _slip_id(turn))


def used(turn: Turn) -> int:
    """How many posts of this case are posted, over all rounds and also without a slip."""
    return sum(
        step.step == Step.ENTER and step.state == StepState.DONE and step.verdict == Verdict.APPROVE
        for step in turn.case.steps
    )


def void_slip(turn: Turn, step: str, state: SlipState, reason: str, by: Officer | None) -> Refusal | None:
    """Release the unused slots and say so in writing; the number stays in the register as 作废 when nothing of
    the slip was used."""
    slip = slip_of(turn)
    if slip is None or slip.state != SlipState.VALID.value:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有有效的核定单")
    unused = [slot for slot in slips.slots_of(turn.s, slip.id) if slot.state == SlotState.OPEN.value]
    if not unused:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定单已全部使用")
    lines: list[SlotLine] = [
        slot_line(turn, slot.code, Resource(slot.resource), Way(slot.way).label, slot.internal_body) for slot in unused
    ]
    codes = [slot.code for slot in unused]
    released = postings.release(turn.s, slip.id, codes, turn.cause(step, slip.number), state)
    if isinstance(released, Refusal):
        return released
    turn.void(codes)
    cases.forget_person(turn.s, turn.case.id, codes)
    if state is not SlipState.EXPIRED:
        duty = turn.deps.rulebook.office.duty_officer
        letters.revocation_notice(turn, step, slip, lines, reason, by.name if by else duty)
    if not used(turn):
        _void_record(turn, slip.number, reason)
    return None


def _void_record(turn: Turn, number: str, reason: str) -> None:
    record = turn.s.exec(
        select(Record).where(col(Record.number) == number, col(Record.kind) == DocumentKind.VERIFICATION_SLIP.value)
    ).one()
    records.void(turn.s, record.id, reason)


def exception_in_force(turn: Turn) -> str | None:
    found = suspensions.exception_in_force(turn.s, turn.case.row.unit, turn.at)
    return found.id if found else None


# --- settling ------------------------------------------------------------------------------------------------------


def settle(turn: Turn, *, empty: State = State.REJECTED) -> None:
    """The state that follows from slots and steps; `empty` is the end when nothing at all was posted."""
    slip = slip_of(turn)
    open_slots = 0
    if slip is not None and slip.state == SlipState.VALID.value:
        open_slots = sum(slot.state == SlotState.OPEN.value for slot in slips.slots_of(turn.s, slip.id))
    waiting = turn.case.current()
    entering = open_slots or sum(step.step == Step.ENTER for step in waiting)
    posted = used(turn)
    if entering:
        _go_on(turn, State.ENTERED if posted else State.SLIP_ISSUED)
    elif waiting:
        _go_on(turn, State.ACKNOWLEDGING)
    else:
        close(turn, State.CLOSED if posted else empty)


def _go_on(turn: Turn, state: State) -> None:
    """The new state, or for a held case the one to go back to: nothing but its release ends a hold."""
    if turn.case.state is State.HELD:
        turn.change(held_from=state.value)
    else:
        turn.change(state=state.value)


def end_appointment(turn: Turn, empty: State) -> Refusal | None:
    """Without a slip: the entries that were not made are no longer wanted."""
    waiting = [step.subject for step in turn.case.current() if step.step == Step.ENTER]
    if not waiting:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有未落编的人员")
    turn.void(waiting)
    settle(turn, empty=empty)
    return None


def close(turn: Turn, state: State) -> None:
    """The end of the case: nothing waits any more."""
    turn.void()
    turn.change(state=state.value, closed_at=turn.at, correction_due_at=None, held_from=None, held_reason=None)


# --- hold ----------------------------------------------------------------------------------------------------------


def hold(turn: Turn, held_from: str, reason: str) -> None:
    """`held_from` is the state to go back to, or `suspension` when another procedure will lift it."""
    turn.change(state=State.HELD.value, held_from=held_from, held_reason=reason, held_at=turn.at)


def resume(turn: Turn) -> None:
    """Go on where the case stood, with the working days that the hold took given back."""
    before = turn.case.row.held_from
    since = turn.case.row.held_at
    cases.shift_deadlines(turn.s, turn.case, since, turn.at, turn.deps.office)
    turn.touched()
    state = State.IN_PROGRESS.value if before == "suspension" else before
    turn.change(state=state, held_from=None, held_reason=None, held_at=None)


def expire_slip(turn: Turn) -> bool:
    """Release what is unused once the slip is past its day. Expiry yields: False while a committed decision of
    the case still waits to be judged (procedures.md §1)."""
    slip = slip_of(turn)
    if slip is None:
        return True
    patient = turn.at <= slip.valid_until + YIELDS_AT_MOST
    if patient and cases.waiting_decisions(turn.s, turn.case.id, slip.valid_until):
        return False
    if void_slip(turn, "expire", SlipState.EXPIRED, "逾期未使用", None) is None:
        settle(turn, empty=State.EXPIRED)
    return True
