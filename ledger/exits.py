"""Exits: 出编 of a headcount with every post, or of leader posts only (ledger.md rule 5)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger import departures, persons
from ledger.books import Books, Marks, Request, holder_of, unknown_unit
from ledger.chain import LedgerFault
from ledger.persons import HEADCOUNT, POST, Seat
from ledger.tables import OCCUPANCY
from models.enums import EntryKind, ExitReason, Resource
from models.ledger import Cause, Posting, Side
from models.refusals import Refusal, RefusalCode
from rules.arithmetic import Movement

_UNSEAT = (
    OCCUPANCY.update()
    .where(OCCUPANCY.c.id == bindparam("seat"), OCCUPANCY.c.left_on.is_(None))
    .values(left_on=bindparam("day"), left_seq=bindparam("row_seq"), exit_reason=bindparam("why"))
)
_POSITION = select(OCCUPANCY.c.position).where(OCCUPANCY.c.id.in_(bindparam("seats", expanding=True)))
_RELIEVE = (
    OCCUPANCY.update()
    .where(
        OCCUPANCY.c.person_ref == bindparam("person"),
        OCCUPANCY.c.unit == bindparam("of_unit"),
        OCCUPANCY.c.side == HEADCOUNT,
        OCCUPANCY.c.left_on.is_(None),
        OCCUPANCY.c.position.in_(bindparam("titles", expanding=True)),
    )
    .values(position=None)
)


def leave(s: Session, unit: str, person_ref: str, side: Side, reason: ExitReason, cause: Cause) -> Posting | Refusal:
    """LEAVE: `post` frees the person's leader posts in this unit; `headcount` and `both` free the headcount here
    and every post anywhere, because nobody keeps a post without a headcount.

    免去领导职务 frees posts only. What is known of the departure is settled in every unit that is left: all of it
    with the headcount, with posts alone what is known of posts.
    """
    own = holder_of(s, unit)
    if own is None:
        return unknown_unit()
    before_locks = persons.seats(s, person_ref)
    books = Books.of_holders(s, {own, *(seat.holder for seat in before_locks)})
    persons.lock(s, person_ref)
    request = Request(s, cause, EntryKind.LEAVE, ["leave", unit, person_ref, side, reason])
    answer = request.answered(s)
    if answer is not None:
        return answer
    if reason is ExitReason.POST_REMOVED and side != POST:
        return Refusal.of(RefusalCode.LEDGER_CONFLICT, "免去领导职务只释放领导职数")
    held = persons.seats(s, person_ref)
    leaving = _posts_here(held, unit) if side == POST else _everything(held, unit)
    if not leaving:
        return Refusal.of(RefusalCode.NOT_POSTED)
    refusal = dates_refusal(leaving, cause)
    if refusal is not None:
        return refusal
    vacate(s, books, request, leaving, person_ref, reason)
    if side == POST:
        _relieve(s, unit, person_ref, leaving)
    units = {unit, *(seat.unit for seat in leaving)}
    departures.settle(s, units, person_ref, cause.recorded_at, posts_only=side == POST)
    return books.close()


def _relieve(s: Session, unit: str, person_ref: str, left: Sequence[Seat]) -> None:
    """Who was relieved of a post no longer bears its title on the headcount."""
    connection = s.connection()
    titles = connection.execute(_POSITION, {"seats": [seat.id for seat in left]}).scalars().all()
    named = {"person": person_ref, "of_unit": unit, "titles": [title for title in titles if title]}
    connection.execute(_RELIEVE, named)


def _posts_here(held: Sequence[Seat], unit: str) -> list[Seat]:
    return [seat for seat in held if seat.side == POST and seat.unit == unit]


def _everything(held: Sequence[Seat], unit: str) -> list[Seat]:
    here = any(seat.side == HEADCOUNT and seat.unit == unit for seat in held)
    return list(held) if here else []


def dates_refusal(leaving: Sequence[Seat], cause: Cause) -> Refusal | None:
    if any(seat.entered_on > cause.effective_on for seat in leaving):
        return Refusal.of(RefusalCode.LEDGER_CONFLICT, "出编日期早于入编日期")
    return None


def vacate(
    s: Session,
    books: Books,
    request: Request,
    leaving: Sequence[Seat],
    person_ref: str,
    reason: ExitReason,
    transfer_id: str | None = None,
) -> None:
    """One row and one ended occupancy per seat; a tolerated over-quota shrinks with each.

    Raises LedgerFault when a seat is not where it was before the locks, or its account counts nobody.
    """
    for seat in leaving:
        book = books.books.get(seat.holder)
        if book is None:
            raise LedgerFault("the person moved while the holders were being locked")
        account = book.accounts[Resource(seat.resource)]
        marks = Marks(person_ref=person_ref, transfer_id=transfer_id)
        seq = books.move(request, account, Movement(occupied=-1), seat.unit, marks=marks)
        if seq is None:
            raise LedgerFault("an account with a person on it counts none")
        end = {"seat": seat.id, "day": request.cause.effective_on, "row_seq": seq, "why": reason.value}
        if s.connection().execute(_UNSEAT, end).rowcount != 1:
            raise LedgerFault("occupancy ended twice")
