"""Entries: 落编 of a slip's slots, and appointment by a higher body (ledger.md rules 1, 2, 4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from ledger import persons
from ledger.books import AccountState, AnyRow, Books, Marks, Request, full, unknown_unit
from ledger.chain import LedgerFault
from ledger.slips import lock_slip, open_slots, set_state, settle, slip_of_codes
from ledger.tables import OCCUPANCY
from models.enums import EntryKind, Resource, SlipState, SlotState
from models.ledger import Cause, PersonEntry, Posting
from models.refusals import Refusal, RefusalCode
from rules.arithmetic import Movement
from rules.identity import identity_fault

_SEAT = OCCUPANCY.insert()
_GONE = {
    SlipState.EXPIRED.value: RefusalCode.SLIP_EXPIRED,
    SlipState.REVOKED.value: RefusalCode.SLIP_REVOKED,
    SlipState.VOID.value: RefusalCode.SLIP_REVOKED,
}
OUTSIDE = Refusal.of(RefusalCode.OUTSIDE_SLIP, "编号不在同一份核定单内")


def post(s: Session, codes: list[str], person: PersonEntry, cause: Cause) -> Posting | Refusal:
    """POST one person on one or two open slots of a slip: a headcount, a leader post, or both.

    A leader post alone needs a person who is on a headcount. The posting of a valid slip stays allowed on an
    over-quota account. When the last slot is used the slip is exhausted.
    """
    slip_id = slip_of_codes(s, codes)
    locked = lock_slip(s, slip_id) if slip_id else None
    if locked is None:
        return OUTSIDE
    slip, all_slots = locked
    books = Books.of_holders(s, [slip.holder])
    request = Request(s, cause, EntryKind.POST, ["post", sorted(codes), person.model_dump(mode="json")])
    answer = request.answered(s)
    if answer is not None:
        return answer
    slots = [slot for slot in all_slots if slot.code in codes]
    resources = [Resource(slot.resource) for slot in slots]
    known = persons.find(s, person.identity_no)
    refusal = (
        identity_refusal(person)
        or sides_refusal(resources)
        or slots_refusal(slip, slots, cause)
        or placement_refusal(s, known, resources, slip.unit)
    )
    if refusal is not None:
        return refusal
    take_slots(s, books, request, slip, slots, person)
    return books.close()


def appoint(s: Session, unit: str, resources: list[Resource], person: PersonEntry, cause: Cause) -> Posting | Refusal:
    """APPOINT by a higher body: its document (`cause.basis`) stands in place of a slip, vacancy or not.

    What goes over quota is tolerated and recorded as such. The account itself must exist.
    """
    books = Books.of_unit(s, unit)
    if books is None:
        return unknown_unit()
    payload = ["appoint", unit, sorted(resources), person.model_dump(mode="json")]
    request = Request(s, cause, EntryKind.APPOINT, payload)
    answer = request.answered(s)
    if answer is not None:
        return answer
    if cause.basis is None:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "上级任命须有任命文号、机关和日期")
    known = persons.find(s, person.identity_no)
    refusal = identity_refusal(person) or sides_refusal(resources) or placement_refusal(s, known, resources, unit)
    if refusal is not None:
        return refusal
    missing = [resource for resource in resources if resource not in books.only.accounts]
    if missing:
        return Refusal.of(full(missing[0]), f"该单位没有{missing[0].label}")
    ref = persons.enter(s, person)
    for resource in sorted(resources):
        account = books.only.accounts[resource]
        marks = Marks(person_ref=ref)
        seq = books.move(request, account, Movement(occupied=1), unit, marks=marks, tolerate=True)
        if seq is None:
            raise LedgerFault("an appointment cannot be refused by the count")
        seat(s, cause, person, ref, unit, account, seq)
    return books.close()


def identity_refusal(person: PersonEntry) -> Refusal | None:
    fault = identity_fault(person.identity_no, person.birth_date, person.sex)
    return None if fault is None else Refusal.of(RefusalCode.IDENTITY_INVALID, fault)


def sides_refusal(resources: Sequence[Resource]) -> Refusal | None:
    """One posting is at most one headcount and at most one leader post of one person."""
    posts = sum(resource.is_post for resource in resources)
    if not resources or posts > 1 or len(resources) - posts > 1:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "一人至多使用一个编制和一个领导职数")
    return None


def slots_refusal(slip: AnyRow, slots: Sequence[AnyRow], cause: Cause) -> Refusal | None:
    """Every slot is open and the slip is valid at the recorded time."""
    if any(slot.state == SlotState.USED.value for slot in slots):
        return Refusal.of(RefusalCode.SLIP_USED)
    if slip.state in _GONE:
        return Refusal.of(_GONE[slip.state])
    if any(slot.state == SlotState.RELEASED.value for slot in slots):
        return Refusal.of(RefusalCode.SLIP_REVOKED, "该编号已释放")
    if slip.valid_until < cause.presented_at:
        return Refusal.of(RefusalCode.SLIP_EXPIRED)
    return None


def placement_refusal(s: Session, person_ref: str | None, resources: Sequence[Resource], unit: str) -> Refusal | None:
    """One headcount per person in the region; a leader post only for somebody who has or gets one."""
    headcount = persons.headcount_of(persons.seats(s, person_ref)) if person_ref else None
    if any(resource.is_headcount for resource in resources):
        if headcount is None:
            return None
        where = "本单位" if headcount.unit == unit else "其他单位，须先出编或办理调动"
        return Refusal.of(RefusalCode.ALREADY_POSTED, f"已在编于{where}")
    if headcount is None:
        return Refusal.of(RefusalCode.NOT_POSTED, "任领导职务须先在编")
    return None


def take_slots(
    s: Session,
    books: Books,
    request: Request,
    slip: AnyRow,
    slots: Sequence[AnyRow],
    person: PersonEntry,
    kind: EntryKind = EntryKind.POST,
    transfer_id: str | None = None,
) -> None:
    """Use open slots for `person`: reserved becomes occupied, slot by slot, headcount first.

    Raises LedgerFault when the account holds fewer reservations than its slots say.
    """
    ref = persons.enter(s, person)
    for slot in sorted(slots, key=lambda each: str(each.resource)):
        resource = Resource(slot.resource)
        account = books.books[slip.holder].accounts[resource]
        marks = Marks(slip_id=slip.id, slot=slot.code, person_ref=ref, transfer_id=transfer_id)
        movement = Movement(occupied=1, reserved=-1)
        seq = books.move(request, account, movement, slip.unit, kind=kind, marks=marks)
        if seq is None:
            raise LedgerFault("fewer reservations than open slots")
        settle(s, slot.code, SlotState.USED, books.key_of(account.holder, seq))
        seat(s, request.cause, person, ref, slip.unit, account, seq, slot)
    if open_slots(s, slip.id) == 0:
        set_state(s, slip.id, SlipState.EXHAUSTED)


def seat(
    s: Session,
    cause: Cause,
    person: PersonEntry,
    ref: str,
    unit: str,
    account: AccountState,
    seq: int,
    slot: AnyRow | None = None,
) -> None:
    """The occupancy that row `seq` of the account's holder brings about, on a slip's slot or without one."""
    planned_body = slot.internal_body if slot else None
    s.connection().execute(
        _SEAT,
        {
            "person_ref": ref,
            "unit": unit,
            "account": account.id,
            "resource": account.resource.value,
            "side": persons.side_of(account.resource),
            "internal_body": person.internal_body or planned_body,
            "position": person.position,
            "entered_on": cause.effective_on,
            "entered_holder": account.holder,
            "entered_seq": seq,
            "basis_no": cause.basis.number if cause.basis else None,
            "slot": slot.code if slot else None,
        },
    )
