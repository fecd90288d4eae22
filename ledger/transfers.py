"""Transfer inside the region: OUT of one unit and IN to another in one transaction (ledger.md rule 5)."""

from __future__ import annotations

from sqlmodel import Session

from ledger import departures, persons
from ledger.books import Books, Request
from ledger.entries import OUTSIDE, identity_refusal, sides_refusal, slots_refusal, take_slots
from ledger.exits import dates_refusal, vacate
from ledger.slips import lock_slip, slip_of_codes
from models.enums import EntryKind, ExitReason, Resource
from models.ledger import Cause, PersonEntry, Posting
from models.refusals import Refusal, RefusalCode


def transfer(
    s: Session,
    codes: list[str],
    person: PersonEntry,
    transfer_id: str,
    cause: Cause,
    out_reason: ExitReason = ExitReason.TRANSFER,
) -> Posting | Refusal:
    """TRANSFER_OUT of the releasing unit's headcount and posts, then TRANSFER_IN on the slots of the receiving slip.

    Every row names `transfer_id`; neither chain names the other's hash. One of the slots is a headcount.
    """
    slip_id = slip_of_codes(s, codes)
    locked = lock_slip(s, slip_id) if slip_id else None
    if locked is None:
        return OUTSIDE
    slip, all_slots = locked
    seen = persons.peek(s, person.identity_no)
    from_holders = {seat.holder for seat in persons.seats(s, seen)} if seen else set()
    books = Books.of_holders(s, {slip.holder, *from_holders})
    payload = ["transfer", sorted(codes), person.model_dump(mode="json"), transfer_id, out_reason]
    request = Request(s, cause, EntryKind.TRANSFER_OUT, payload)
    answer = request.answered(s)
    if answer is not None:
        return answer
    slots = [slot for slot in all_slots if slot.code in codes]
    resources = [Resource(slot.resource) for slot in slots]
    refusal = identity_refusal(person) or sides_refusal(resources) or slots_refusal(slip, slots, cause)
    if refusal is not None:
        return refusal
    if not any(resource.is_headcount for resource in resources):
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "调入须使用编制")
    known = persons.find(s, person.identity_no)
    held = persons.seats(s, known) if known else []
    headcount = persons.headcount_of(held)
    if known is None or headcount is None:
        return Refusal.of(RefusalCode.NOT_POSTED, "没有可调出的编制")
    if headcount.unit == slip.unit:
        return Refusal.of(RefusalCode.ALREADY_POSTED, "已在编于本单位")
    leaving = [seat for seat in held if seat.unit == headcount.unit]
    refusal = dates_refusal(leaving, cause)
    if refusal is not None:
        return refusal
    vacate(s, books, request, leaving, known, out_reason, transfer_id)
    take_slots(s, books, request, slip, slots, person, EntryKind.TRANSFER_IN, transfer_id)
    departures.settle(s, [headcount.unit], known, cause.recorded_at)
    return books.close()
