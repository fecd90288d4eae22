"""The slip of a staffing-up case: open, used, voided, expired, and the state that follows (procedures.md §1)."""

from __future__ import annotations

from sqlmodel import col, select

from docket import cases
from ledger import postings, slips
from models.applications import StaffingUpApplication
from models.decisions import Decision, Officer
from models.documents import SlotLine
from models.enums import DocumentKind, Resource, SlipState, SlotState, State, Step, StepState, Verdict, Way
from models.refusals import Refusal, RefusalCode
from models.register import Record, Slip
from records import register as records

from . import endings, letters, patience
from .endings import close, go_on
from .turn import Turn
from .vouchers import slot_line


def slip_id(turn: Turn) -> str:
    return f"{turn.case.id}-{turn.case.round}"


def slip_of(turn: Turn) -> Slip | None:
    """The slip of the present round, in whatever state."""
    return slips.slip(turn.s, slip_id(turn))


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
        letters.revocation_notice(turn, step, slip, lines, reason, by.shown if by else duty)
    if not used(turn):
        _void_record(turn, slip.number, reason)
    return None


def _void_record(turn: Turn, number: str, reason: str) -> None:
    record = turn.s.exec(
        select(Record).where(col(Record.number) == number, col(Record.kind) == DocumentKind.VERIFICATION_SLIP.value)
    ).one()
    records.void(turn.s, record.id, reason, turn.at)


def returned_after_slip(turn: Turn, decision: Decision) -> Refusal | None:
    """A return once the slip is out voids it with its number; not open after the first posting."""
    if used(turn):
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, "已有人员落编，不能整件退回")
    if turn.applied(StaffingUpApplication).appointment is None:
        reason = f"{Step(decision.step).label}时退回补正"
        refused = void_slip(turn, decision.step, SlipState.VOID, reason, turn.officer)
        if refused is not None:
            return refused
    turn.finish(decision)
    endings.back_to_unit(turn, decision)
    return None


def slot_rejected(turn: Turn, decision: Decision, codes: list[str]) -> Refusal | None:
    """A rejected person frees the slot (or the pair): RELEASE and the refusal notice."""
    if turn.applied(StaffingUpApplication).appointment is None:
        released = postings.release(
            turn.s, slip_id(turn), codes, turn.cause(decision.step, decision.subject), SlipState.EXHAUSTED
        )
        if isinstance(released, Refusal):
            return released
    turn.finish(decision)
    endings.refuse(turn, decision, _named(turn, codes))
    turn.void(codes)
    cases.forget_person(turn.s, turn.case.id, codes)
    settle(turn, empty=State.REJECTED)
    return None


def _named(turn: Turn, codes: list[str]) -> str:
    """The slots of a rejection, as a letter names them; an appointment has persons in its order and no codes."""
    if turn.applied(StaffingUpApplication).appointment is not None:
        return "、".join(f"第{code[1:]}名" for code in codes) + "任命人员"
    return f"用编编号{'、'.join(codes)}所报人员"


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
        go_on(turn, State.ENTERED if posted else State.SLIP_ISSUED)
    elif waiting:
        go_on(turn, State.ACKNOWLEDGING)
    else:
        close(turn, State.CLOSED if posted else empty)


def end_appointment(turn: Turn, empty: State) -> Refusal | None:
    """Without a slip: the entries that were not made are no longer wanted."""
    waiting = [step.subject for step in turn.case.current() if step.step == Step.ENTER]
    if not waiting:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有未落编的人员")
    turn.void(waiting)
    settle(turn, empty=empty)
    return None


def expire_slip(turn: Turn) -> bool:
    """Release what is unused once the slip is past its day. Expiry yields: False while a committed decision of
    the case still waits to be judged (procedures.md §1)."""
    slip = slip_of(turn)
    if slip is None:
        return True
    patient = turn.at <= slip.valid_until + patience.AT_MOST
    if patient and cases.waiting_decisions(turn.s, turn.case.id, slip.valid_until):
        return False
    if void_slip(turn, "expire", SlipState.EXPIRED, "逾期未使用", None) is None:
        settle(turn, empty=State.EXPIRED)
    return True
