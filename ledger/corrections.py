"""Corrections: a counter-row that names the row it corrects (ledger.md rule 6). Nothing is ever changed or removed.

A counter-row takes the effective date of the row that it corrects, so that an as-of query shows what is known now.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger import persons
from ledger.books import AnyRow, Books, Marks, Request, full
from ledger.chain import LedgerFault
from ledger.slips import lock_slip, set_state, unsettle
from ledger.tables import JOURNAL, OCCUPANCY
from models.enums import EntryKind, Resource, SlipState, SlotState
from models.ledger import Cause, Posting
from models.refusals import Refusal, RefusalCode
from rules.arithmetic import Movement

_ENTRIES = {EntryKind.OPENING, EntryKind.POST, EntryKind.APPOINT, EntryKind.TRANSFER_IN}
_EXITS = {EntryKind.LEAVE, EntryKind.TRANSFER_OUT}
_QUOTA = {EntryKind.AUTHORISE, EntryKind.SET_ASIDE}
_LIVE = {SlipState.VALID.value, SlipState.EXHAUSTED.value}
CORRECTED = "counter"

_ROW = select(JOURNAL).where(JOURNAL.c.holder == bindparam("row_holder"), JOURNAL.c.seq == bindparam("row_seq"))
_TRANSFER = select(JOURNAL).where(
    JOURNAL.c.case_id == bindparam("case"), JOURNAL.c.transfer_id == bindparam("transfer"), JOURNAL.c.corrects.is_(None)
)
_CORRECTION = select(JOURNAL.c.seq).where(
    JOURNAL.c.holder == bindparam("row_holder"), JOURNAL.c.corrects == bindparam("row_seq")
)
_ENTERED = select(OCCUPANCY).where(
    OCCUPANCY.c.person_ref == bindparam("person"),
    OCCUPANCY.c.entered_holder == bindparam("row_holder"),
    OCCUPANCY.c.entered_seq == bindparam("row_seq"),
)
_LEFT = select(OCCUPANCY).where(
    OCCUPANCY.c.person_ref == bindparam("person"),
    OCCUPANCY.c.account == bindparam("row_account"),
    OCCUPANCY.c.left_seq == bindparam("row_seq"),
)
_END = (
    OCCUPANCY.update()
    .where(OCCUPANCY.c.id == bindparam("seat"))
    .values(left_on=OCCUPANCY.c.entered_on, left_seq=bindparam("row_seq"), exit_reason=CORRECTED)
)
_RESUME = (
    OCCUPANCY.update().where(OCCUPANCY.c.id == bindparam("seat")).values(left_on=None, left_seq=None, exit_reason=None)
)


def counter(s: Session, holder: str, seq: int, cause: Cause) -> Posting | Refusal:
    """COUNTER the row (`holder`, `seq`); a row of a transfer is corrected together with the whole transfer.

    The person goes back to where the row found them, a used slot is open again while its slip lives. Refuses with
    LEDGER_CONFLICT when later rows rest on this one, when it is corrected already, or for RESERVE, RELEASE and
    COUNTER (a slip is voided and applied for anew); with NO_VACANCY, LEADER_POSTS_FULL or OVER_QUOTA by the count.
    """
    row = s.connection().execute(_ROW, {"row_holder": holder, "row_seq": seq}).first()
    if row is None:
        return _conflict("没有该台账行")
    rows = _together(s, row)
    slips = {slip: lock_slip(s, slip) for slip in sorted({each.slip_id for each in rows if each.slip_id})}
    live = {slip for slip, locked in slips.items() if locked is not None and locked[0].state in _LIVE}
    books = Books.of_holders(s, {each.holder for each in rows})
    for ref in sorted({each.person_ref for each in rows if each.person_ref}):
        persons.lock(s, ref)
    request = Request(s, cause, EntryKind.COUNTER, ["counter", holder, seq])
    answer = request.answered(s)
    if answer is not None:
        return answer
    refusal = _refused(s, rows)
    if refusal is not None:
        return refusal
    seqs = []
    for each in rows:
        counter_seq = _reverse(books, request, each, live)
        if counter_seq is None:
            return _no_room(each)
        seqs.append(counter_seq)
    for each, counter_seq in zip(rows, seqs, strict=True):
        _restore(s, books, each, counter_seq, live)
    return books.close()


def _together(s: Session, row: AnyRow) -> list[AnyRow]:
    """Entries before exits: a person leaves the wrong place before returning to the right one."""
    if row.transfer_id is None or row.corrects is not None:
        return [row]
    rows = s.connection().execute(_TRANSFER, {"case": row.case_id, "transfer": row.transfer_id}).all()
    return sorted(rows, key=lambda each: (each.kind != EntryKind.TRANSFER_IN.value, each.holder, each.seq))


def _refused(s: Session, rows: Sequence[AnyRow]) -> Refusal | None:
    if any(EntryKind(row.kind) not in _ENTRIES | _EXITS | _QUOTA for row in rows):
        return _conflict("核发、释放和冲正不得再冲正，应作废核定单后重新办理")
    for row in rows:
        if s.connection().execute(_CORRECTION, {"row_holder": row.holder, "row_seq": row.seq}).first() is not None:
            return _conflict("该行已冲正")
    for ref in sorted({row.person_ref for row in rows if row.person_ref}):
        refusal = _person_refused(s, ref, [row for row in rows if row.person_ref == ref])
        if refusal is not None:
            return refusal
    return None


def _person_refused(s: Session, ref: str, rows: Sequence[AnyRow]) -> Refusal | None:
    """Whether the person would stand rightly afterwards: one headcount at most, and no post without it."""
    held = {seat.id: seat.side for seat in persons.seats(s, ref)}
    for row in rows:
        seat = _occupancy(s, row)
        if EntryKind(row.kind) in _ENTRIES:
            if held.pop(seat.id, None) is None:
                return _conflict("该人员其后已出编，不得直接冲正入编")
        else:
            held[seat.id] = seat.side
    headcounts = sum(side == persons.HEADCOUNT for side in held.values())
    if headcounts > 1:
        return Refusal.of(RefusalCode.ALREADY_POSTED, "该人员其后已另行在编")
    if held and headcounts == 0:
        return _conflict("该人员尚有领导职务，须先冲正")
    return None


def _occupancy(s: Session, row: AnyRow) -> AnyRow:
    by_entry = EntryKind(row.kind) in _ENTRIES
    named = {"person": row.person_ref, "row_seq": row.seq}
    found = (
        s.connection().execute(_ENTERED, {**named, "row_holder": row.holder}).first()
        if by_entry
        else s.connection().execute(_LEFT, {**named, "row_account": row.account}).first()
    )
    if found is None:
        raise LedgerFault("a journal row without its occupancy")
    return found


def _reverse(books: Books, request: Request, row: AnyRow, live: set[str]) -> int | None:
    reserved = -row.d_reserved if row.slip_id is None or row.slip_id in live else 0
    movement = Movement(-row.d_authorised, -row.d_occupied, reserved, -row.d_set_aside, -row.d_tolerated)
    account = books.books[row.holder].accounts[Resource(row.resource)]
    marks = Marks(row.slip_id, row.slot, row.person_ref, row.seq, row.transfer_id)
    return books.move(request, account, movement, row.unit, marks=marks, effective_on=row.effective_on)


def _no_room(row: AnyRow) -> Refusal:
    if EntryKind(row.kind) in _EXITS:
        return Refusal.of(full(Resource(row.resource)), "空余已另行使用")
    return Refusal.of(RefusalCode.OVER_QUOTA, "冲正后超出核定数")


def _restore(s: Session, books: Books, row: AnyRow, counter_seq: int, live: set[str]) -> None:
    if row.person_ref is None:
        return
    seat = _occupancy(s, row)
    if EntryKind(row.kind) in _EXITS:
        s.connection().execute(_RESUME, {"seat": seat.id})
        return
    s.connection().execute(_END, {"seat": seat.id, "row_seq": counter_seq})
    if row.slot is None:
        return
    if row.slip_id in live:
        unsettle(s, row.slot, SlotState.OPEN, None)
        set_state(s, row.slip_id, SlipState.VALID)
    else:
        unsettle(s, row.slot, SlotState.RELEASED, books.key_of(row.holder, counter_seq))


def _conflict(detail: str) -> Refusal:
    return Refusal.of(RefusalCode.LEDGER_CONFLICT, detail)
