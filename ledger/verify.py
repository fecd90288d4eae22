"""Verification: every chain recomputed, every balance rebuilt, slots and occupancies counted (ledger.md rule 6).

A chain cannot see its own rolling back: a database restored older is caught only by heads kept elsewhere, which are
handed in as `anchors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Select, and_, bindparam, func, select
from sqlmodel import Session

from ledger.balances import rebuild
from ledger.books import AnyRow, balance, figures_of
from ledger.chain import GENESIS, row_hash
from ledger.db import hash_of
from ledger.tables import ACCOUNT, HOLDER, JOURNAL, LOG_LEAF, OCCUPANCY, SLIP, SLOT
from models.enums import EntryKind, Resource, SlipState, SlotState
from models.ledger import Balance, ChainCheck, Fault, Verification
from models.proofs import RowKind
from models.sealing import same

_COUNTS = ("authorised", "occupied", "reserved", "set_aside", "tolerated_over")
_ENTRIES = [kind.value for kind in (EntryKind.OPENING, EntryKind.POST, EntryKind.APPOINT, EntryKind.TRANSFER_IN)]

_HOLDERS = select(HOLDER).order_by(HOLDER.c.id)
_CHAIN = select(JOURNAL).where(JOURNAL.c.holder == bindparam("holder_id")).order_by(JOURNAL.c.seq)
_ORPHANS = (
    select(JOURNAL.c.holder, JOURNAL.c.seq)
    .outerjoin(HOLDER, HOLDER.c.id == JOURNAL.c.holder)
    .where(HOLDER.c.id.is_(None))
    .order_by(JOURNAL.c.holder, JOURNAL.c.seq)
)
_MISPLACED = (
    select(JOURNAL.c.holder, JOURNAL.c.seq)
    .outerjoin(ACCOUNT, ACCOUNT.c.id == JOURNAL.c.account)
    .where(ACCOUNT.c.id.is_(None) | (ACCOUNT.c.holder != JOURNAL.c.holder) | (ACCOUNT.c.resource != JOURNAL.c.resource))
    .order_by(JOURNAL.c.holder, JOURNAL.c.seq)
)
_ACCOUNTS = select(ACCOUNT).order_by(ACCOUNT.c.id)
_HOLDER = select(HOLDER).where(HOLDER.c.id == bindparam("holder_id"))
_ACCOUNTS_OF = _ACCOUNTS.where(ACCOUNT.c.holder == bindparam("holder_id"))
_SUMS_OF = (
    select(
        JOURNAL.c.account,
        func.sum(JOURNAL.c.d_authorised).label("authorised"),
        func.sum(JOURNAL.c.d_occupied).label("occupied"),
        func.sum(JOURNAL.c.d_reserved).label("reserved"),
        func.sum(JOURNAL.c.d_set_aside).label("set_aside"),
        func.sum(JOURNAL.c.d_tolerated).label("tolerated_over"),
    )
    .where(JOURNAL.c.holder == bindparam("holder_id"))
    .group_by(JOURNAL.c.account)
)
_LOGGED_OF = (
    select(LOG_LEAF.c.seq, LOG_LEAF.c.row_hash, JOURNAL.c.hash.label("present"))
    .outerjoin(JOURNAL, and_(JOURNAL.c.holder == LOG_LEAF.c.chain, JOURNAL.c.seq == LOG_LEAF.c.seq))
    .where(LOG_LEAF.c.kind == RowKind.JOURNAL.value, LOG_LEAF.c.chain == bindparam("holder_id"))
    .order_by(LOG_LEAF.c.seq)
)
_OPEN_SLOTS = (
    select(SLOT.c.account, func.count().label("number"))
    .where(SLOT.c.state == SlotState.OPEN.value)
    .group_by(SLOT.c.account)
)
_NAMED = (
    select(OCCUPANCY.c.account, func.count().label("number"))
    .where(OCCUPANCY.c.left_on.is_(None))
    .group_by(OCCUPANCY.c.account)
)
_STRANDED = (
    select(SLOT.c.code)
    .join(SLIP, SLIP.c.id == SLOT.c.slip_id)
    .where(SLOT.c.state == SlotState.OPEN.value, SLIP.c.state != SlipState.VALID.value)
    .order_by(SLOT.c.code)
)
_OF_ROW = and_(
    OCCUPANCY.c.entered_holder == JOURNAL.c.holder,
    OCCUPANCY.c.entered_seq == JOURNAL.c.seq,
    OCCUPANCY.c.account == JOURNAL.c.account,
    OCCUPANCY.c.person_ref == JOURNAL.c.person_ref,
)
_UNFOUNDED = (
    select(OCCUPANCY.c.id)
    .outerjoin(JOURNAL, and_(_OF_ROW, JOURNAL.c.kind.in_(_ENTRIES)))
    .where(JOURNAL.c.seq.is_(None))
    .order_by(OCCUPANCY.c.id)
)
_UNSEATED = (
    select(JOURNAL.c.holder, JOURNAL.c.seq)
    .outerjoin(OCCUPANCY, _OF_ROW)
    .where(JOURNAL.c.kind.in_(_ENTRIES), JOURNAL.c.person_ref.is_not(None), OCCUPANCY.c.id.is_(None))
    .order_by(JOURNAL.c.holder, JOURNAL.c.seq)
)


def verify(s: Session, anchors: Mapping[str, tuple[int, str]] | None = None) -> Verification:
    """Everything that can be checked, every fault located by holder and sequence, account, slot or occupancy.

    `anchors`: (sequence, hash) per holder, kept elsewhere. `difference` is the sum of absolute differences between
    the accounts and the balances rebuilt from the journal.
    """
    s.flush()
    connection = s.connection()
    holders = connection.execute(_HOLDERS).all()
    faults: list[Fault] = []
    heads: dict[str, str] = {}
    rows = 0
    for holder in holders:
        seen, found = _chain(s, holder, (anchors or {}).get(holder.id))
        rows += seen
        faults += found
        heads[holder.id] = holder.head_hash
    faults += [
        Fault(where=holder, what="存证中有此链，库中没有 · anchored chain is missing")
        for holder in sorted(set(anchors or {}) - set(heads))
    ]
    difference, accounts, account_faults = _accounts(s)
    faults += [*account_faults, *_strays(s)]
    return Verification(
        holders=len(holders), rows=rows, accounts=accounts, difference=difference, faults=faults, heads=heads
    )


def agreement(s: Session) -> list[Fault]:
    """Balances against journal, slots and occupancies, and rows of one table that have no counterpart in another:
    what `verify` compares, without recomputing the chains."""
    s.flush()
    return [*_accounts(s)[2], *_strays(s)]


def verify_chain(s: Session, holder: str) -> ChainCheck:
    """One holder's chain: row by row, its balances against the accounts, its rows against the transparency log.

    A chain that was rewritten throughout follows on everywhere: only what was kept beside it tells. Nothing kept
    elsewhere is compared (`verify`, `anchors`). Raises LookupError on an unknown holder.
    """
    s.flush()
    row = s.connection().execute(_HOLDER, {"holder_id": holder}).one_or_none()
    if row is None:
        raise LookupError("no such holder")
    seen, faults = _chain(s, row, None)
    accounts, unequal = _balances_of(s, holder)
    logged, altered = _logged_of(s, holder)
    return ChainCheck(rows=seen, faults=faults, accounts=accounts, unequal=unequal, logged=logged, unlike_log=altered)


def _balances_of(s: Session, holder: str) -> tuple[int, dict[str, int]]:
    """How many accounts, and by resource how far each differs from the sum of the holder's own rows. An account that
    only rows name stands by its id."""
    connection = s.connection()
    sums = {row.account: row for row in connection.execute(_SUMS_OF, {"holder_id": holder})}
    accounts = connection.execute(_ACCOUNTS_OF, {"holder_id": holder}).all()
    found: dict[str, int] = {}
    for row in accounts:
        summed = sums.pop(row.id, None)
        found[row.resource] = sum(
            abs(int(getattr(row, name)) - (int(getattr(summed, name)) if summed else 0)) for name in _COUNTS
        )
    found |= {account: max(1, sum(abs(int(getattr(row, name))) for name in _COUNTS)) for account, row in sums.items()}
    return len(accounts), {name: off for name, off in found.items() if off}


def _logged_of(s: Session, holder: str) -> tuple[int, list[Fault]]:
    """The last row of the chain that the log took, and the rows that are not what it took."""
    last, faults = 0, []
    for row in s.connection().execute(_LOGGED_OF, {"holder_id": holder}):
        last = row.seq
        if row.present is None:
            faults.append(
                Fault(where=place(holder, row.seq), what="存证日志中有此行，台账中没有 · gone since it was logged")
            )
        elif not same(row.present, row.row_hash):
            faults.append(Fault(where=place(holder, row.seq), what="与存证日志不符 · altered since it was logged"))
    return last, faults


def place(holder: str, seq: int) -> str:
    """How a journal row is named in a fault."""
    return f"{holder}#{seq}"


def _chain(s: Session, holder: AnyRow, anchor: tuple[int, str] | None) -> tuple[int, list[Fault]]:
    """Rows seen and faults of one chain. After a fault it goes on from what is stored, to locate the next one."""
    name = hash_of(s)
    faults: list[Fault] = []
    seen, previous, expected, anchored = 0, GENESIS, 1, anchor is None
    for row in s.connection().execute(_CHAIN, {"holder_id": holder.id}).mappings():
        seen += 1
        where = place(holder.id, row["seq"])
        if row["seq"] != expected:
            faults.append(Fault(where=place(holder.id, expected), what=f"缺行至 {row['seq'] - 1} · rows are missing"))
        if not same(row["prev_hash"], previous):
            faults.append(Fault(where=where, what="与前一行不相接 · does not follow the row before"))
        if not same(row_hash(dict(row), name), row["hash"]):
            faults.append(Fault(where=where, what="内容与杂凑不符 · content does not match its hash"))
        anchored = anchored or (row["seq"], row["hash"]) == anchor
        previous, expected = row["hash"], row["seq"] + 1
    last = expected - 1
    if last < holder.head_seq:
        faults.append(
            Fault(where=place(holder.id, expected), what=f"链尾缺行至 {holder.head_seq} · the tail is cut off")
        )
    elif last > holder.head_seq:
        faults.append(Fault(where=place(holder.id, holder.head_seq + 1), what="链头之后另有行 · rows beyond the head"))
    elif not same(previous, holder.head_hash):
        faults.append(Fault(where=place(holder.id, last), what="链头杂凑不符 · head does not match"))
    if anchor is not None and not anchored:
        faults.append(Fault(where=place(holder.id, anchor[0]), what="与存证不符 · does not match the anchored head"))
    return seen, faults


def _accounts(s: Session) -> tuple[int, int, list[Fault]]:
    """(difference, number of accounts, faults) of accounts against journal, slots and occupancies."""
    connection = s.connection()
    rebuilt = rebuild(s)
    open_slots = _counted(s, _OPEN_SLOTS)
    named = _counted(s, _NAMED)
    difference, faults = 0, []
    rows = connection.execute(_ACCOUNTS).all()
    for row in rows:
        stored = balance(row.id, row.holder, Resource(row.resource), figures_of(row), row.note)
        off = _difference(stored, rebuilt.get(row.id))
        difference += off
        if off:
            faults.append(Fault(where=row.id, what=f"余额与台账相差 {off} · balance differs from the journal"))
        if row.reserved != open_slots.get(row.id, 0):
            what = f"在途 {row.reserved}，未使用编号 {open_slots.get(row.id, 0)} · reserved differs from open slots"
            faults.append(Fault(where=row.id, what=what))
        if named.get(row.id, 0) > row.occupied:
            what = f"实有 {row.occupied}，实名 {named[row.id]} · more persons than occupied"
            faults.append(Fault(where=row.id, what=what))
    return difference, len(rows), faults


def _difference(stored: Balance, rebuilt: Balance | None) -> int:
    return sum(abs(getattr(stored, name) - (getattr(rebuilt, name) if rebuilt else 0)) for name in _COUNTS)


def _counted(s: Session, query: Select[str, int]) -> dict[str, int]:
    return {row.account: row.number for row in s.connection().execute(query)}


def _strays(s: Session) -> Iterator[Fault]:
    """Rows of one table that have no counterpart in another."""
    connection = s.connection()
    for row in connection.execute(_ORPHANS):
        yield Fault(where=place(row.holder, row.seq), what="没有该链 · chain without a holder")
    for row in connection.execute(_MISPLACED):
        yield Fault(where=place(row.holder, row.seq), what="与账户不符 · does not belong to its account")
    for code in connection.execute(_STRANDED).scalars():
        yield Fault(where=code, what="核定单已失效而编号未释放 · open slot of a slip that is not valid")
    for number in connection.execute(_UNFOUNDED).scalars():
        yield Fault(where=f"occupancy#{number}", what="占编没有台账行 · occupancy without its journal row")
    for row in connection.execute(_UNSEATED):
        yield Fault(where=place(row.holder, row.seq), what="入编没有占编记录 · entry without its occupancy")
