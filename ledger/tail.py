"""The end of the ledger, looked at before a process works on it: the last rows, every head, and the head of the log.

`ledger.verify` recomputes everything and takes as long as the ledger is; this takes as long as one page of it, whatever
the ledger's size, and finds what a crash, a copy or a hand has done to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from ledger import log
from ledger.chain import GENESIS, row_hash
from ledger.db import hash_of
from ledger.tables import HOLDER, JOURNAL, LOG_LEAF
from ledger.verify import place
from models.ledger import Fault
from models.proofs import LogMark, RowKind
from models.sealing import same

ROWS = 500
"""Rows of the journal that are recomputed: some 20 ms."""

_LAST = select(JOURNAL).order_by(JOURNAL.c.recorded_at.desc(), JOURNAL.c.holder, JOURNAL.c.seq.desc())
_BEFORE = select(JOURNAL.c.hash).where(JOURNAL.c.holder == bindparam("of_holder"), JOURNAL.c.seq == bindparam("at_seq"))
_TOP = select(func.max(JOURNAL.c.seq)).where(JOURNAL.c.holder == HOLDER.c.id).correlate(HOLDER).scalar_subquery()
_HEADS = (
    select(HOLDER.c.id, HOLDER.c.head_seq, HOLDER.c.head_hash, JOURNAL.c.hash, func.coalesce(_TOP, 0).label("top"))
    .outerjoin(JOURNAL, (JOURNAL.c.holder == HOLDER.c.id) & (JOURNAL.c.seq == HOLDER.c.head_seq))
    .where(
        (HOLDER.c.head_seq != func.coalesce(_TOP, 0)) | (func.coalesce(JOURNAL.c.hash, GENESIS) != HOLDER.c.head_hash)
    )
    .order_by(HOLDER.c.id)
)
_LOGGED = (
    select(LOG_LEAF.c.chain, LOG_LEAF.c.seq, LOG_LEAF.c.row_hash, JOURNAL.c.hash)
    .outerjoin(JOURNAL, (JOURNAL.c.holder == LOG_LEAF.c.chain) & (JOURNAL.c.seq == LOG_LEAF.c.seq))
    .where(LOG_LEAF.c.kind == RowKind.JOURNAL.value)
    .order_by(LOG_LEAF.c.leaf_index.desc())
)


def tail_faults(s: Session, rows: int = ROWS) -> list[Fault]:
    """Faults of the last `rows` rows, of the head of every chain, and of the log's; located, empty when intact."""
    return [*_chains(s, rows), *_heads(s), *_log(s, rows)]


def older_than(s: Session, seen: LogMark) -> bool:
    """Whether the register does not hold a head of the log that was seen before: it is an older copy, or rewritten."""
    try:
        proof = log.consistency(s, seen.size)
    except log.NotLogged:
        return True
    return not same(proof.first.root, seen.root)


def _chains(s: Session, rows: int) -> Iterator[Fault]:
    name = hash_of(s)
    found = [dict(row) for row in s.connection().execute(_LAST.limit(rows)).mappings()]
    found.sort(key=lambda row: (row["holder"], row["seq"]))
    for holder, group in groupby(found, key=lambda row: row["holder"]):
        before: dict[str, Any] | None = None
        for row in group:
            where = place(holder, row["seq"])
            if not same(row_hash(row, name), row["hash"]):
                yield Fault(where=where, what="内容与杂凑不符 · content does not match its hash")
            followed = before["hash"] if before and before["seq"] == row["seq"] - 1 else _hash_before(s, row)
            if followed is None or not same(row["prev_hash"], followed):
                yield Fault(where=where, what="与前一行不相接 · does not follow the row before")
            before = row


def _hash_before(s: Session, row: dict[str, Any]) -> str | None:
    if row["seq"] == 1:
        return GENESIS
    found: str | None = (
        s.connection().execute(_BEFORE, {"of_holder": row["holder"], "at_seq": row["seq"] - 1}).scalar_one_or_none()
    )
    return found


def _heads(s: Session) -> Iterator[Fault]:
    for row in s.connection().execute(_HEADS):
        if row.top < row.head_seq:
            yield Fault(where=place(row.id, row.top + 1), what=f"链尾缺行至 {row.head_seq} · the tail is cut off")
        else:
            yield Fault(where=place(row.id, row.head_seq), what="链头与台账不符 · the head is not the last row's")


def _log(s: Session, rows: int) -> Iterator[Fault]:
    """The stored tree leads to its head, and what it took last is still what the journal says."""
    try:
        head = log.head(s)
        leads = same(log.consistency(s, head.size).second.root, head.root)
    except (log.NotLogged, LookupError, ValueError):  # a stored hash that is none is a ValueError
        leads = False
    if not leads:
        yield Fault(where="存证日志头", what="日志的树与其头不符 · the log does not lead to its head")
    for row in s.connection().execute(_LOGGED.limit(rows)):
        if row.hash is None or not same(row.hash, row.row_hash):
            yield Fault(where=place(row.chain, row.seq), what="与存证日志不符 · altered since it was logged")
