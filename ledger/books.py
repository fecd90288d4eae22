"""The writing side that every posting shares: lock, recognise a repeated key, draft rows, write them.

Holders are locked first, in sorted order, and every account of a holder after it: two postings can then neither
deadlock nor see a vacancy that the other is spending. A slip is locked before its holders, a person after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select
from sqlmodel import Session

from ledger.chain import LedgerFault, append, canonical, row_hash
from ledger.db import hash_of, keyring_of
from ledger.tables import ACCOUNT, HOLDER, JOURNAL, UNIT
from models.enums import EntryKind, Resource
from models.ledger import Balance, Basis, Cause, JournalRef, Posting
from models.refusals import Refusal, RefusalCode
from models.sealing import HashName
from rules.arithmetic import Figures, Movement, held_within, may_reserve, tolerating

AnyRow = Row[*tuple[Any, ...]]

_HOLDER_OF = select(UNIT.c.holder).where(UNIT.c.code == bindparam("unit_code"))
_LOCK_UNIT = (
    select(HOLDER.c.id, HOLDER.c.head_seq, HOLDER.c.head_hash)
    .join(UNIT, UNIT.c.holder == HOLDER.c.id)
    .where(UNIT.c.code == bindparam("unit_code"))
    .with_for_update(of=HOLDER, key_share=True)
)
_LOCK_HOLDER = (
    select(HOLDER.c.id, HOLDER.c.head_seq, HOLDER.c.head_hash)
    .where(HOLDER.c.id == bindparam("holder_id"))
    .with_for_update(key_share=True)
)
_LOCK_ACCOUNTS = (
    select(ACCOUNT)
    .where(ACCOUNT.c.holder == bindparam("holder_id"))
    .order_by(ACCOUNT.c.id)
    .with_for_update(key_share=True)
)
_MOVED = {
    "authorised": ACCOUNT.c.authorised + bindparam("d_authorised"),
    "occupied": ACCOUNT.c.occupied + bindparam("d_occupied"),
    "reserved": ACCOUNT.c.reserved + bindparam("d_reserved"),
    "set_aside": ACCOUNT.c.set_aside + bindparam("d_set_aside"),
    "tolerated_over": ACCOUNT.c.tolerated_over + bindparam("d_tolerated"),
}
_MOVE = ACCOUNT.update().where(ACCOUNT.c.id == bindparam("account_id")).values(_MOVED)
# The vacancy stands in the statement itself: whatever was read before, this cannot spend what is not there.
_RESERVE = (
    ACCOUNT.update()
    .where(
        ACCOUNT.c.id == bindparam("account_id"),
        ACCOUNT.c.occupied + ACCOUNT.c.reserved + ACCOUNT.c.set_aside + bindparam("d_reserved") <= ACCOUNT.c.authorised,
    )
    .values(reserved=ACCOUNT.c.reserved + bindparam("d_reserved"))
)
_ABSORB = ACCOUNT.update().where(ACCOUNT.c.id == bindparam("account_id")).values(absorb_until=bindparam("until"))
_OPEN_ACCOUNT = ACCOUNT.insert()
_BY_KEY = select(JOURNAL.c.payload_hash).where(JOURNAL.c.key == bindparam("row_key"))
_ROWS_OF = (
    select(
        JOURNAL.c.holder,
        JOURNAL.c.seq,
        JOURNAL.c.hash,
        JOURNAL.c.kind,
        JOURNAL.c.account,
        JOURNAL.c.resource,
        ACCOUNT.c.note,
    )
    .join(ACCOUNT, ACCOUNT.c.id == JOURNAL.c.account)
    .where(JOURNAL.c.case_id == bindparam("case"), JOURNAL.c.payload_hash == bindparam("payload"))
    .order_by(JOURNAL.c.holder, JOURNAL.c.seq)
)
_SUMS = (
    func.sum(JOURNAL.c.d_authorised).label("authorised"),
    func.sum(JOURNAL.c.d_occupied).label("occupied"),
    func.sum(JOURNAL.c.d_reserved).label("reserved"),
    func.sum(JOURNAL.c.d_set_aside).label("set_aside"),
    func.sum(JOURNAL.c.d_tolerated).label("tolerated_over"),
)
_UNTIL = select(*_SUMS).where(JOURNAL.c.account == bindparam("account_id"), JOURNAL.c.seq <= bindparam("seq"))


def account_id(holder: str, resource: Resource) -> str:
    return f"{holder}|{resource.value}"


def full(resource: Resource) -> RefusalCode:
    return RefusalCode.LEADER_POSTS_FULL if resource.is_post else RefusalCode.NO_VACANCY


def unknown_unit() -> Refusal:
    return Refusal.of(RefusalCode.UNIT_DATA_INVALID, "登记中没有该单位")


@dataclass(slots=True)
class AccountState:
    """One locked account: as found, and as moved so far in this posting."""

    id: str
    holder: str
    resource: Resource
    note: str
    found: Figures
    now: Figures

    def balance(self, figures: Figures) -> Balance:
        return balance(self.id, self.holder, self.resource, figures, self.note)


def balance(account: str, holder: str, resource: Resource, figures: Figures, note: str) -> Balance:
    """A Balance of counts that come from integer columns: built without validation, for the hot path."""
    return Balance.model_construct(
        account=account,
        holder=holder,
        resource=resource,
        authorised=figures.authorised,
        occupied=figures.occupied,
        reserved=figures.reserved,
        set_aside=figures.set_aside,
        tolerated_over=figures.tolerated_over,
        note=note,
    )


def figures_of(row: AnyRow) -> Figures:
    return Figures(
        int(row.authorised or 0),
        int(row.occupied or 0),
        int(row.reserved or 0),
        int(row.set_aside or 0),
        int(row.tolerated_over or 0),
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """What a row names besides its account and counts."""

    slip_id: str | None = None
    slot: str | None = None
    person_ref: str | None = None
    corrects: int | None = None
    transfer_id: str | None = None


_NO_MARKS = Marks()


class Request:
    """One posting's idempotency: its key, and the keyed hash of everything it asks for.

    `recorded_at` is left out, because a retry may come with a later clock.
    """

    def __init__(self, s: Session, cause: Cause, kind: EntryKind, payload: object, part: str = "") -> None:
        self.cause = cause
        self.kind = kind
        self.part = part
        self.key = cause.key(kind, part)
        basis = cause.basis.model_dump(mode="json") if cause.basis else None
        content = {"key": self.key, "effective_on": cause.effective_on, "basis": basis, "payload": payload}
        self.payload_hash = keyring_of(s).keyed_hash(canonical(content))

    def answered(self, s: Session) -> Posting | Refusal | None:
        """The first answer again, the refusal of a reused key, or None for a new key.

        To be asked only after the locks are held: before, a twin's answer may not be visible yet.
        """
        connection = s.connection()
        found = connection.execute(_BY_KEY, {"row_key": self.key}).scalar()
        if found is None:
            return None
        if found != self.payload_hash:
            return Refusal.of(RefusalCode.KEY_REUSED)
        return _first_answer(connection, self.cause.case_id, self.payload_hash)


def _first_answer(connection: Connection, case_id: str, payload_hash: str) -> Posting:
    """Rows of a posting with its accounts before and after, rebuilt from the chain up to those rows."""
    rows = connection.execute(_ROWS_OF, {"case": case_id, "payload": payload_hash}).all()
    spans: dict[str, tuple[AnyRow, int, int]] = {}
    for row in rows:
        first = spans[row.account][1] if row.account in spans else row.seq
        spans[row.account] = (row, first, row.seq)
    before: list[Balance] = []
    after: list[Balance] = []
    for account, (row, first, last) in sorted(spans.items()):
        for side, seq in ((before, first - 1), (after, last)):
            figures = figures_of(connection.execute(_UNTIL, {"account_id": account, "seq": seq}).one())
            side.append(balance(account, row.holder, Resource(row.resource), figures, row.note))
    return Posting(rows=[_ref(row) for row in rows], before=before, after=after, existing=True)


def _ref(row: AnyRow) -> JournalRef:
    return JournalRef(holder=row.holder, seq=row.seq, hash=row.hash, kind=EntryKind(row.kind), account=row.account)


@dataclass(slots=True)
class Book:
    """One holder, locked: head of its chain, its accounts, and the rows drafted so far."""

    holder: str
    seq: int
    hash: str
    accounts: dict[Resource, AccountState]
    rows: list[dict[str, Any]] = field(default_factory=list)


class Books:
    """All holders of one posting. Rows are drafted in memory and written by `close`; a refusal writes nothing."""

    def __init__(self, s: Session, books: dict[str, Book]) -> None:
        self._connection = s.connection()
        self._hash_name: HashName = hash_of(s)
        self._drafted: dict[EntryKind, int] = {}
        self.books = books

    @classmethod
    def of_unit(cls, s: Session, unit: str) -> Books | None:
        """The book of the unit's holder, or None for an unknown unit."""
        s.flush()
        row = s.connection().execute(_LOCK_UNIT, {"unit_code": unit}).first()
        return None if row is None else cls(s, {row.id: _book(s, row)})

    @classmethod
    def of_holders(cls, s: Session, holders: Iterable[str]) -> Books:
        """The books of several holders, locked in sorted order. Raises LedgerFault on an unknown one."""
        s.flush()
        books = {}
        for holder in sorted(set(holders)):
            row = s.connection().execute(_LOCK_HOLDER, {"holder_id": holder}).first()
            if row is None:
                raise LedgerFault("unknown holder")
            books[holder] = _book(s, row)
        return cls(s, books)

    @property
    def only(self) -> Book:
        (book,) = self.books.values()
        return book

    def open(self, book: Book, resource: Resource, note: str = "") -> AccountState:
        """A new, empty account."""
        state = AccountState(account_id(book.holder, resource), book.holder, resource, note, Figures(), Figures())
        fields = {"authorised": 0, "occupied": 0, "reserved": 0, "set_aside": 0, "tolerated_over": 0}
        self._connection.execute(
            _OPEN_ACCOUNT,
            {"id": state.id, "holder": book.holder, "resource": resource.value, "note": note, **fields},
        )
        book.accounts[resource] = state
        return state

    def absorb_until(self, account: AccountState, until: date) -> None:
        """Note the absorption term 消化期 of an over-quota account."""
        self._connection.execute(_ABSORB, {"account_id": account.id, "until": until})

    def move(
        self,
        request: Request,
        account: AccountState,
        wanted: Movement,
        unit: str,
        *,
        kind: EntryKind | None = None,
        marks: Marks = _NO_MARKS,
        tolerate: bool = False,
        basis: Basis | None = None,
        effective_on: date | None = None,
    ) -> int | None:
        """Draft one row; its sequence, or None when the account may not move so and nothing was drafted.

        `tolerate`: the row raises the tolerance as far as it needs (OPENING, APPOINT, AUTHORISE with a term).
        """
        kind = kind or request.kind
        if kind is EntryKind.RESERVE and not may_reserve(account.now, wanted.reserved):
            return None
        movement = tolerating(account.now, wanted) if tolerate else held_within(account.now, wanted)
        if movement is None:
            return None
        account.now = account.now.moved(movement)
        row = self._draft(request, account, movement, unit, kind)
        named = basis or request.cause.basis
        row["effective_on"] = effective_on or request.cause.effective_on
        row["basis_no"] = named.number if named else None
        row["basis_body"] = named.body if named else None
        row["basis_date"] = named.date if named else None
        row["slip_id"] = marks.slip_id
        row["slot"] = marks.slot
        row["person_ref"] = marks.person_ref
        row["corrects"] = marks.corrects
        row["transfer_id"] = marks.transfer_id
        row["hash"] = row_hash(row, self._hash_name)
        self.books[account.holder].rows.append(row)
        return int(row["seq"])

    def _draft(
        self, request: Request, account: AccountState, movement: Movement, unit: str, kind: EntryKind
    ) -> dict[str, Any]:
        book = self.books[account.holder]
        cause = request.cause
        return {
            "holder": book.holder,
            "seq": book.seq + len(book.rows) + 1,
            "recorded_at": cause.recorded_at.astimezone(UTC),
            "kind": kind.value,
            "account": account.id,
            "resource": account.resource.value,
            "unit": unit,
            "d_authorised": movement.authorised,
            "d_occupied": movement.occupied,
            "d_reserved": movement.reserved,
            "d_set_aside": movement.set_aside,
            "d_tolerated": movement.tolerated_over,
            "case_id": cause.case_id,
            "step": cause.step,
            "round": cause.round,
            "subject": cause.subject,
            "key": self._next_key(request, kind),
            "payload_hash": request.payload_hash,
            "prev_hash": book.rows[-1]["hash"] if book.rows else book.hash,
        }

    def _next_key(self, request: Request, kind: EntryKind) -> str:
        """The first row of a kind bears the posting's own key, so that a repetition always meets it."""
        number = self._drafted.get(kind, 0) + 1
        self._drafted[kind] = number
        return request.cause.key(kind, request.part if number == 1 else f"{request.part}+{number}")

    def key_of(self, holder: str, seq: int) -> str:
        """The key of a row drafted in this posting."""
        book = self.books[holder]
        key: str = book.rows[seq - book.seq - 1]["key"]
        return key

    def close(self) -> Posting:
        """Write accounts, rows and heads; the answer with touched accounts sorted by id.

        Raises LedgerFault when an account or a head moved in spite of the locks.
        """
        touched: list[AccountState] = []
        refs: list[JournalRef] = []
        for book in self.books.values():
            if not book.rows:
                continue
            named = {row["account"] for row in book.rows}
            changed = [state for state in book.accounts.values() if state.id in named]
            for state in changed:
                self._settle(state)
            append(self._connection, book.holder, book.seq, book.rows)
            touched += changed
            refs += [_reference(row) for row in book.rows]
        touched.sort(key=lambda state: state.id)
        return Posting.model_construct(
            rows=refs,
            before=[state.balance(state.found) for state in touched],
            after=[state.balance(state.now) for state in touched],
            existing=False,
        )

    def _settle(self, state: AccountState) -> None:
        found, now = state.found, state.now
        changes = {
            "account_id": state.id,
            "d_authorised": now.authorised - found.authorised,
            "d_occupied": now.occupied - found.occupied,
            "d_reserved": now.reserved - found.reserved,
            "d_set_aside": now.set_aside - found.set_aside,
            "d_tolerated": now.tolerated_over - found.tolerated_over,
        }
        reserving = set(self._drafted) == {EntryKind.RESERVE}
        if reserving:
            changes = {"account_id": state.id, "d_reserved": changes["d_reserved"]}
        if self._connection.execute(_RESERVE if reserving else _MOVE, changes).rowcount != 1:
            raise LedgerFault("account moved while it was locked")


def _reference(row: dict[str, Any]) -> JournalRef:
    return JournalRef.model_construct(
        holder=row["holder"], seq=row["seq"], hash=row["hash"], kind=EntryKind(row["kind"]), account=row["account"]
    )


def _book(s: Session, holder: AnyRow) -> Book:
    accounts = {}
    for row in s.connection().execute(_LOCK_ACCOUNTS, {"holder_id": holder.id}):
        figures = figures_of(row)
        state = AccountState(row.id, row.holder, Resource(row.resource), row.note, figures, figures)
        accounts[state.resource] = state
    return Book(holder.id, holder.head_seq, holder.head_hash, accounts)


def holder_of(s: Session, unit: str) -> str | None:
    """The holder whose accounts and chain the unit uses."""
    holder: str | None = s.connection().execute(_HOLDER_OF, {"unit_code": unit}).scalar()
    return holder
