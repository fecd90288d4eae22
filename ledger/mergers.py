"""Mergers and ends of units: people, quotas and accounts go over, or are struck, in one posting (ledger.md rules 1, 5).

A merger is rows of the closed list: AUTHORISE on both sides, and for every person TRANSFER_OUT and TRANSFER_IN that
name one transfer id. Slips are released before; headcount is neither made nor lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ledger.books import AccountState, AnyRow, Book, Books, Marks, Request, holder_of, unknown_unit
from ledger.chain import LedgerFault
from ledger.tables import OCCUPANCY, UNIT
from models.enums import EntryKind, ExitReason, Resource
from models.ledger import Cause, Posting
from models.refusals import Refusal, RefusalCode
from rules.arithmetic import Movement

_SITTING = (
    select(OCCUPANCY)
    .where(OCCUPANCY.c.unit == bindparam("unit_code"), OCCUPANCY.c.left_on.is_(None))
    .order_by(OCCUPANCY.c.side, OCCUPANCY.c.id)
)
_UNSEAT = (
    update(OCCUPANCY)
    .where(OCCUPANCY.c.id == bindparam("seat"), OCCUPANCY.c.left_on.is_(None))
    .values(left_on=bindparam("day"), left_seq=bindparam("row_seq"), exit_reason=ExitReason.TRANSFER.value)
)
_SEAT = OCCUPANCY.insert()
_TOGETHER = select(UNIT.c.code).where(
    UNIT.c.holder == bindparam("holder_id"), UNIT.c.code != bindparam("unit_code"), UNIT.c.abolished_on.is_(None)
)


def hold_units(s: Session, units: Sequence[str]) -> None:
    """Lock the holders and accounts of several units, in sorted order, before numbers are taken."""
    if s.connection().dialect.name != "sqlite":
        Books.of_holders(s, {holder for unit in units if (holder := holder_of(s, unit)) is not None})


def absorb(
    s: Session,
    source: str,
    into: str,
    cause: Cause,
    until: date | None = None,
    bodies: Mapping[str, str] = MappingProxyType({}),
) -> Posting | Refusal:
    """Everything of `source` goes over to `into`: quotas, reserves, people. Its slips must be released already.
    `bodies` are the internal bodies that have another name there.

    Refuses with OVER_QUOTA when both together are over quota and no absorption term `until` is given. Units under
    one quota 合署办公 share their accounts: only the people change their unit, each with a row out and a row in.
    """
    from_holder, to_holder = holder_of(s, source), holder_of(s, into)
    if from_holder is None or to_holder is None:
        return unknown_unit()
    books = Books.of_holders(s, {from_holder, to_holder})
    request = Request(s, cause, EntryKind.AUTHORISE, ["absorb", source, into, until], f"merge-{source}")
    answer = request.answered(s)
    if answer is not None:
        return answer
    if cause.basis is None:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "合并须有批准文号、批准机关和批准日期")
    giving, taking = books.books[from_holder], books.books[to_holder]
    seats = s.connection().execute(_SITTING, {"unit_code": source}).all()
    if from_holder == to_holder:
        for resource in sorted(giving.accounts):
            _Move(s, books, request, source, into, resource, until, bodies).rehouse(giving, seats)
        return books.close()
    if any(account.now.reserved for account in giving.accounts.values()):
        return Refusal.of(RefusalCode.LEDGER_CONFLICT, "被合并机构仍有未用的核定单")
    for resource in sorted(giving.accounts):
        refusal = _Move(s, books, request, source, into, resource, until, bodies).run(giving, taking, seats)
        if refusal is not None:
            return refusal
    return books.close()


class _Move:
    """One account of the merged unit into the same account of the other."""

    def __init__(
        self,
        s: Session,
        books: Books,
        request: Request,
        source: str,
        into: str,
        resource: Resource,
        until: date | None,
        bodies: Mapping[str, str],
    ) -> None:
        self._s = s
        self._bodies = bodies
        self._books = books
        self._request = request
        self._source = source
        self._into = into
        self._resource = resource
        self._until = until

    def run(self, giving: Book, taking: Book, seats: Sequence[AnyRow]) -> Refusal | None:
        old = giving.accounts[self._resource]
        new = taking.accounts.get(self._resource) or self._books.open(taking, self._resource)
        authorised, set_aside, people = old.now.authorised, old.now.set_aside, old.now.occupied
        over = max(0, new.now.used + people + set_aside - new.now.authorised - authorised)
        if over and self._until is None:
            return Refusal.of(RefusalCode.OVER_QUOTA, f"合并后{self._resource.label}超出{over}名，须明确消化期")
        self._row(old, Movement(set_aside=-set_aside), EntryKind.SET_ASIDE, self._source)
        # room for everybody first, so that no one is entered beyond the quota; what it was too much is taken back
        # with the absorption term, and that row alone raises the tolerance (ledger.md rule 2)
        self._row(new, Movement(authorised=authorised + over), EntryKind.AUTHORISE, self._into)
        mine = [seat for seat in seats if seat.resource == self._resource.value]
        for seat in mine:
            self._carry(old, new, seat)
        unnamed = people - len(mine)
        if unnamed:
            self._row(old, Movement(occupied=-unnamed), EntryKind.TRANSFER_OUT, self._source, self._unnamed())
            self._row(new, Movement(occupied=unnamed), EntryKind.TRANSFER_IN, self._into, self._unnamed())
        self._row(new, Movement(set_aside=set_aside), EntryKind.SET_ASIDE, self._into)
        self._row(old, Movement(authorised=-authorised), EntryKind.AUTHORISE, self._source)
        if over and self._until is not None:
            self._row(new, Movement(authorised=-over), EntryKind.AUTHORISE, self._into, tolerate=True)
            self._books.absorb_until(new, self._until)
        return None

    def rehouse(self, book: Book, seats: Sequence[AnyRow]) -> None:
        """Under one quota people stay on the account and change the unit. Room for what it is over, as above."""
        account = book.accounts[self._resource]
        mine = [seat for seat in seats if seat.resource == self._resource.value]
        room = Movement(authorised=account.now.over if mine else 0)
        self._row(account, room, EntryKind.AUTHORISE, self._into)
        for seat in mine:
            self._carry(account, account, seat)
        self._row(account, room.reversed(), EntryKind.AUTHORISE, self._into, tolerate=True)

    def _unnamed(self) -> Marks:
        return Marks(transfer_id=f"{self._request.cause.case_id}-{self._source}-{self._resource.value}")

    def _carry(self, old: AccountState, new: AccountState, seat: AnyRow) -> None:
        """One person's seat, ended here and begun there in the same place."""
        day = self._request.cause.effective_on
        marks = Marks(person_ref=seat.person_ref, transfer_id=f"{self._request.cause.case_id}-{seat.id}")
        out = self._row(old, Movement(occupied=-1), EntryKind.TRANSFER_OUT, self._source, marks)
        connection = self._s.connection()
        if connection.execute(_UNSEAT, {"seat": seat.id, "day": day, "row_seq": out}).rowcount != 1:
            raise LedgerFault("occupancy ended twice")
        entered = self._row(new, Movement(occupied=1), EntryKind.TRANSFER_IN, self._into, marks)
        basis = self._request.cause.basis
        connection.execute(
            _SEAT,
            {
                "person_ref": seat.person_ref,
                "unit": self._into,
                "account": new.id,
                "resource": seat.resource,
                "side": seat.side,
                "internal_body": self._bodies.get(seat.internal_body, seat.internal_body),
                "position": seat.position,
                "entered_on": day,
                "entered_holder": new.holder,
                "entered_seq": entered,
                "basis_no": basis.number if basis else None,
                "slot": None,
            },
        )

    def _row(
        self,
        account: AccountState,
        wanted: Movement,
        kind: EntryKind,
        unit: str,
        marks: Marks | None = None,
        *,
        tolerate: bool = False,
    ) -> int | None:
        """One row; none where nothing moves. Raises LedgerFault where the account refuses what was reckoned."""
        if wanted == Movement():
            return None
        seq = self._books.move(
            self._request, account, wanted, unit, kind=kind, marks=marks or Marks(), tolerate=tolerate
        )
        if seq is None:
            raise LedgerFault("a merger that was reckoned does not fit")
        return seq


def strike(s: Session, unit: str, cause: Cause) -> Posting | Refusal:
    """The quota of an abolished unit is struck. Nobody may be counted on it; what is kept back is given up. A quota
    that it shares 合署办公 stays with those that are left."""
    books = Books.of_unit(s, unit)
    if books is None:
        return unknown_unit()
    request = Request(s, cause, EntryKind.AUTHORISE, ["strike", unit], f"strike-{unit}")
    answer = request.answered(s)
    if answer is not None:
        return answer
    if cause.basis is None:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "撤销须有批准文号、批准机关和批准日期")
    sharing = {"holder_id": books.only.holder, "unit_code": unit}
    if s.connection().execute(_TOGETHER, sharing).first() is not None:
        return books.close()
    for resource in sorted(books.only.accounts):
        account = books.only.accounts[resource]
        if account.now.occupied or account.now.reserved:
            return Refusal.of(RefusalCode.STILL_OCCUPIED, f"{resource.label}实有{account.now.occupied}名")
        if account.now.set_aside:
            movement = Movement(set_aside=-account.now.set_aside)
            books.move(request, account, movement, unit, kind=EntryKind.SET_ASIDE)
        if account.now.authorised:
            books.move(request, account, Movement(authorised=-account.now.authorised), unit)
    return books.close()
