"""Verification of the transparency log: leaves against the rows as they are now, nodes against their children, heads
against the tree, and the whole against a head that was kept elsewhere.

Each stored node is compared with what its stored children give, so an alteration shows at its own place and not in
everything above it. The log cannot see that its end was cut off together with its heads: that takes `outside`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select
from sqlmodel import Session

from ledger import merkle
from ledger.db import hash_of
from ledger.log import BATCH, NotLogged, consistency, leaf_hash
from ledger.tables import JOURNAL, LOG_HEAD, LOG_LEAF, LOG_NODE, RECORD, RECORD_ACT
from models.ledger import Fault
from models.proofs import LogMark, RowKind
from models.sealing import HashName

_JOURNAL, _RECORD, _ACT = RowKind.JOURNAL.value, RowKind.RECORD.value, RowKind.ACT.value
_YEAR_DIGITS = 4
_KINDS = [kind.value for kind in RowKind]

_LEAVES = (
    select(LOG_LEAF, JOURNAL.c.hash.label("present"))
    .outerjoin(
        JOURNAL,
        and_(
            LOG_LEAF.c.kind == RowKind.JOURNAL.value,
            JOURNAL.c.holder == LOG_LEAF.c.chain,
            JOURNAL.c.seq == LOG_LEAF.c.seq,
        ),
    )
    .where(LOG_LEAF.c.leaf_index > bindparam("after"))
    .order_by(LOG_LEAF.c.leaf_index)
    .limit(BATCH)
)
_RECORDS = select(RECORD.c.chain_seq, RECORD.c.hash).where(
    RECORD.c.series == bindparam("of_series"),
    RECORD.c.year == bindparam("of_year"),
    RECORD.c.chain_seq.between(bindparam("low"), bindparam("high")),
)
_ACTS = select(RECORD_ACT.c.seq, RECORD_ACT.c.hash).where(
    RECORD_ACT.c.series == bindparam("of_series"),
    RECORD_ACT.c.year == bindparam("of_year"),
    RECORD_ACT.c.seq.between(bindparam("low"), bindparam("high")),
)
_NODES = select(LOG_NODE.c.node_index, LOG_NODE.c.hash).where(
    LOG_NODE.c.level == bindparam("of_level"),
    LOG_NODE.c.node_index >= bindparam("low"),
    LOG_NODE.c.node_index < bindparam("high"),
)
_EXTENT = (
    select(LOG_NODE.c.level, func.min(LOG_NODE.c.node_index).label("low"), func.max(LOG_NODE.c.node_index).label("top"))
    .group_by(LOG_NODE.c.level)
    .order_by(LOG_NODE.c.level)
)
_HEADS = select(LOG_HEAD).order_by(LOG_HEAD.c.size)


def verify_log(s: Session, outside: LogMark | None = None) -> list[Fault]:
    """Every fault of the log, located by row, leaves or head; empty when intact. `outside`: a head kept elsewhere."""
    s.flush()
    walk = _Walk(s)
    faults = [*walk.faults(), *_beyond(s, walk.size)]
    if outside is not None:
        faults += _against(s, outside, walk.size)
    return faults


def place(first: int, last: int | None = None) -> str:
    """How leaves of the log are named in a fault, e.g. 存证日志#5 or 存证日志#4–7."""
    return f"存证日志#{first}" if last is None or last == first else f"存证日志#{first}–{last}"


class _Walk:
    """One pass over the leaves in their order, with all that has to be remembered on the way."""

    def __init__(self, s: Session) -> None:
        self._s = s
        self._name: HashName = hash_of(s)
        self._heads: Sequence[Row[Any]] = s.connection().execute(_HEADS).all()
        self._head = 0  # which of the heads comes next
        self._peaks: list[bytes] | None = []  # stored roots at the edge; None once a leaf is missing
        self._last_of: dict[tuple[str, str], int] = {}  # (kind, chain) → last sequence seen
        self._counted = dict.fromkeys(_KINDS, 0)  # since the last head
        self._before: tuple[object, ...] | None = None  # where the last leaf stands in the order of its head
        self._wrong_heads: list[int] = []
        self.size = 0

    def faults(self) -> Iterator[Fault]:
        after = -(2**31)  # a leaf before the first is a fault, too
        while page := self._s.connection().execute(_LEAVES, {"after": after}).all():
            present = self._present(page)
            nodes = self._stored(page[0].leaf_index, page[-1].leaf_index + 1)
            for leaf in page:
                yield from self._leaf(leaf, present.get((leaf.kind, leaf.chain, leaf.seq)), nodes)
            after = page[-1].leaf_index
        yield from self._ends()

    # --- a leaf ---

    def _leaf(self, leaf: Row[Any], present: str | None, nodes: dict[merkle.Place, str]) -> Iterator[Fault]:
        if leaf.leaf_index != self.size:
            yield Fault(
                where=place(self.size, leaf.leaf_index - 1), what="日志缺叶，此后的树无法核对 · leaves are missing"
            )
            self._peaks = None
        where = f"{leaf.chain}#{leaf.seq}"
        if present is None:
            yield Fault(where=where, what=f"已入日志（第 {leaf.leaf_index} 叶）的行不见了 · a logged row is missing")
        elif present != leaf.row_hash:
            what = f"与入日志（第 {leaf.leaf_index} 叶）时不同 · differs from what the log took"
            yield Fault(where=where, what=what)
        yield from self._order(leaf, where)
        if self._peaks is not None:
            yield from self._grow(leaf, self._peaks, nodes)
        self.size = leaf.leaf_index + 1
        if leaf.kind in self._counted:
            self._counted[leaf.kind] += 1
        yield from self._reached()

    def _order(self, leaf: Row[Any], where: str) -> Iterator[Fault]:
        """Rows of a chain one after the other; within one head sorted by kind, chain and sequence."""
        chain = (leaf.kind, leaf.chain)
        expected = self._last_of.get(chain, 0) + 1
        if leaf.kind not in self._counted:
            yield Fault(where=place(leaf.leaf_index), what="不明种类的叶 · a leaf of no known kind")
        elif leaf.seq != expected:
            what = f"入日志的次序不对，应为第 {expected} 行 · the log took it out of order"
            yield Fault(where=where, what=what)
        self._last_of[chain] = max(leaf.seq, expected - 1)
        rank = (_KINDS.index(leaf.kind) if leaf.kind in _KINDS else -1, *_sortable(leaf.kind, leaf.chain), leaf.seq)
        if self._before is not None and rank < self._before and leaf.seq == expected:
            yield Fault(where=place(leaf.leaf_index), what="叶的次序被改动 · leaves are not in their order")
        self._before = rank

    def _grow(self, leaf: Row[Any], peaks: list[bytes], nodes: dict[merkle.Place, str]) -> Iterator[Fault]:
        level, index, node = 0, leaf.leaf_index, leaf_hash(leaf, self._name)
        while index & 1:
            level, index, made = level + 1, index >> 1, merkle.node_hash(peaks.pop(), node, self._name)
            stored = nodes.get((level, index))
            if stored != made.hex():
                what = (
                    "节点缺失 · a node is missing"
                    if stored is None
                    else "节点与其下不符 · a node does not fit its leaves"
                )
                yield Fault(where=place(index << level, ((index + 1) << level) - 1), what=f"第 {level} 层{what}")
            node = _bytes(stored) or made
        peaks.append(node)

    # --- a head ---

    def _reached(self) -> Iterator[Fault]:
        while self._head < len(self._heads) and self._heads[self._head].size <= self.size:
            head = self._heads[self._head]
            counted = self._counted[_JOURNAL], self._counted[_RECORD] + self._counted[_ACT]
            if head.size != self.size or (head.journal_rows, head.record_rows) != counted:
                yield Fault(where=_head_place(head.size), what="头所记的行数不符 · counts of the head do not match")
            known = head.size == self.size and self._peaks is not None
            if known and merkle.fold(self._peaks or [], self._name).hex() != head.root:
                self._wrong_heads.append(head.size)
            self._head += 1
            self._counted = dict.fromkeys(_KINDS, 0)
            self._before = None

    def _ends(self) -> Iterator[Fault]:
        if self._wrong_heads:
            first, more = self._wrong_heads[0], len(self._wrong_heads) - 1
            known = max((head.size for head in self._heads if head.size < first), default=0)
            what = f"根与第 {known}–{first - 1} 叶不符（此后另有 {more} 个头不符） · the root does not match its leaves"
            yield Fault(where=_head_place(first), what=what)
        newest = self._heads[-1].size if self._heads else 0
        if self.size < newest:
            yield Fault(where=place(self.size, newest - 1), what="日志尾部缺叶 · the tail of the log is cut off")
        if self.size > newest:
            yield Fault(where=place(newest, self.size - 1), what="最新的头之后另有叶 · leaves beyond the newest head")

    # --- what a page needs ---

    def _present(self, page: Sequence[Row[Any]]) -> dict[tuple[str, str, int], str]:
        """The hashes of the rows as they are now."""
        found = {(leaf.kind, leaf.chain, leaf.seq): leaf.present for leaf in page if leaf.present is not None}
        wanted: dict[tuple[str, str], list[int]] = {}
        for leaf in page:
            if leaf.kind in (_RECORD, _ACT):
                wanted.setdefault((leaf.kind, leaf.chain), []).append(leaf.seq)
        for (kind, chain), places in wanted.items():
            series, year = _series_of(chain)
            where = {"of_series": series, "of_year": year, "low": min(places), "high": max(places)}
            for seq, row_hash in self._s.connection().execute(_RECORDS if kind == _RECORD else _ACTS, where):
                if row_hash is not None:
                    found[kind, chain, seq] = row_hash
        return found

    def _stored(self, start: int, end: int) -> dict[merkle.Place, str]:
        """The nodes that leaves [start, end) complete."""
        found: dict[merkle.Place, str] = {}
        for level in range(1, end.bit_length()):
            where = {"of_level": level, "low": start >> level, "high": end >> level}
            if where["low"] == where["high"]:
                continue
            for node in self._s.connection().execute(_NODES, where):
                found[level, node.node_index] = node.hash
        return found


def _beyond(s: Session, size: int) -> Iterator[Fault]:
    """Nodes over leaves that there are not: remains of a log that was longer, or forged."""
    for row in s.connection().execute(_EXTENT):
        if row.level < 1 or row.low < 0 or row.top >= size >> row.level:
            what = f"第 {row.level} 层有多余的节点 · nodes beyond the leaves"
            yield Fault(where=place(size), what=what)


def _against(s: Session, outside: LogMark, size: int) -> Iterator[Fault]:
    """The same proof of consistency that a stranger would ask for."""
    if outside.size > size:
        what = f"存证时有 {outside.size} 叶，现缺：被换成旧副本或截尾 · older than the head that was kept elsewhere"
        yield Fault(where=place(size, outside.size - 1), what=what)
        return
    try:
        proof = consistency(s, outside.size)
    except (NotLogged, LookupError, ValueError):
        yield Fault(
            where=_head_place(outside.size), what="无法证明与存证相接 · cannot be proved from the anchored head"
        )
        return
    path = [bytes.fromhex(step) for step in proof.path]
    roots = bytes.fromhex(outside.root), bytes.fromhex(proof.second.root)
    if not merkle.verify_consistency(outside.size, proof.second.size, *roots, path, proof.hash):
        what = f"前 {outside.size} 叶与存证不一致 · does not begin with what was anchored"
        yield Fault(where=_head_place(outside.size), what=what)


def _head_place(size: int) -> str:
    return f"存证日志头#{size}"


def _sortable(kind: str, chain: str) -> tuple[object, ...]:
    return (chain,) if kind == _JOURNAL else _series_of(chain)


def _series_of(chain: str) -> tuple[str, int]:
    series, _, year = chain.rpartition("/")
    return series, int(year) if year.isdecimal() and len(year) <= _YEAR_DIGITS else 0


def _bytes(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        return None
