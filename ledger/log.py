"""The transparency log: one RFC 6962 tree over the rows of all chains (ledger.md rule 7).

Every row of the journal and every filed record becomes a leaf once, by the name of its place and its own hash; as that
hash covers the row before, a leaf proves its row through the chain. `append` runs daily and before every anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, bindparam, cast, func, inspect, select, tuple_
from sqlmodel import Session

from ledger import merkle
from ledger.chain import LedgerFault, canonical
from ledger.db import hash_of, hold_log
from ledger.merkle import Place
from ledger.tables import HOLDER, JOURNAL, LOG_HEAD, LOG_LEAF, LOG_NODE, META, RECORD, RECORD_ACT, SERIES
from models.faults import NotDone
from models.proofs import ConsistencyProof, InclusionProof, LogHead, LogMark, ProofFile, RowKind, RowName, RowProof
from models.sealing import HashName

BATCH = 4096
"""Rows read, hashed and written at a time: memory stays bounded and no statement comes near its time limit."""

_ASKED_AT_ONCE = 500
"""Values in one IN (…)."""

Progress = Callable[[int], None]


class NotLogged(LookupError):
    """The row does not stand in the log, or the log was never of that size."""


class LogFault(LedgerFault, NotDone):
    """The log is not what its newest head says: nothing is built upon it before somebody has looked."""


class _Row(NamedTuple):
    kind: str
    chain: str
    seq: int
    row_hash: str


_JOURNAL, _RECORD, _ACT = RowKind.JOURNAL.value, RowKind.RECORD.value, RowKind.ACT.value
_NEWEST = select(LOG_HEAD).order_by(LOG_HEAD.c.size.desc()).limit(1)
_LEDGER_ID = select(META.c.value).where(META.c.name == "ledger_id")


def _logged(kind: str, chain: Any) -> Any:
    """The last sequence of a chain that is in the log; rows enter in order, so all before it are there too."""
    last = select(func.max(LOG_LEAF.c.seq)).where(LOG_LEAF.c.kind == kind, LOG_LEAF.c.chain == chain)
    return func.coalesce(last.scalar_subquery(), 0)


_HOLDER_LOGGED = _logged(_JOURNAL, HOLDER.c.id)
_HOLDERS_BEHIND = select(HOLDER.c.id.label("chain"), _HOLDER_LOGGED.label("logged")).where(
    HOLDER.c.head_seq > _HOLDER_LOGGED
)
_SERIES_CHAIN = SERIES.c.name + "/" + cast(SERIES.c.year, String)
_FILED = func.coalesce(
    select(func.max(RECORD.c.chain_seq))
    .where(RECORD.c.series == SERIES.c.name, RECORD.c.year == SERIES.c.year)
    .scalar_subquery(),
    0,
)
_SERIES_LOGGED = _logged(_RECORD, _SERIES_CHAIN)
_SERIES_BEHIND = select(SERIES.c.name, SERIES.c.year, _SERIES_LOGGED.label("logged")).where(_FILED > _SERIES_LOGGED)

_ACTS_LOGGED = _logged(_ACT, _SERIES_CHAIN)
_ACTED = func.coalesce(
    select(func.max(RECORD_ACT.c.seq))
    .where(RECORD_ACT.c.series == SERIES.c.name, RECORD_ACT.c.year == SERIES.c.year)
    .scalar_subquery(),
    0,
)
_ACTS_BEHIND = select(SERIES.c.name, SERIES.c.year, _ACTS_LOGGED.label("logged")).where(_ACTED > _ACTS_LOGGED)

_NEW_JOURNAL = (
    select(JOURNAL.c.seq, JOURNAL.c.hash)
    .where(JOURNAL.c.holder == bindparam("of_chain"), JOURNAL.c.seq > bindparam("after"))
    .order_by(JOURNAL.c.seq)
    .limit(BATCH)
)
_NEW_RECORDS = (
    select(RECORD.c.chain_seq.label("seq"), RECORD.c.hash)
    .where(
        RECORD.c.series == bindparam("of_series"),
        RECORD.c.year == bindparam("of_year"),
        RECORD.c.chain_seq > bindparam("after"),
    )
    .order_by(RECORD.c.chain_seq)
    .limit(BATCH)
)
_NEW_ACTS = (
    select(RECORD_ACT.c.seq, RECORD_ACT.c.hash)
    .where(
        RECORD_ACT.c.series == bindparam("of_series"),
        RECORD_ACT.c.year == bindparam("of_year"),
        RECORD_ACT.c.seq > bindparam("after"),
    )
    .order_by(RECORD_ACT.c.seq)
    .limit(BATCH)
)
_ADD_LEAVES, _ADD_NODES, _ADD_HEAD = LOG_LEAF.insert(), LOG_NODE.insert(), LOG_HEAD.insert()
_ROW = (LOG_LEAF.c.kind, LOG_LEAF.c.chain, LOG_LEAF.c.seq)
_LEAVES_OF = select(LOG_LEAF).where(tuple_(*_ROW).in_(bindparam("rows", expanding=True)))
_LEAVES_AT = select(LOG_LEAF).where(LOG_LEAF.c.leaf_index.in_(bindparam("indexes", expanding=True)))
_NODES_AT = select(LOG_NODE.c.node_index, LOG_NODE.c.hash).where(
    LOG_NODE.c.level == bindparam("of_level", type_=Integer),
    LOG_NODE.c.node_index.in_(bindparam("indexes", expanding=True)),
)


def leaf_text(kind: str, chain: str, seq: int, row_hash: str) -> str:
    """What a leaf hashes: canonical JSON of the row's place and of its own hash."""
    return canonical({"kind": kind, "chain": chain, "seq": seq, "hash": row_hash}).decode()


def leaf_hash(row: Any, name: HashName) -> bytes:
    """Of anything with kind, chain, seq and row_hash."""
    return merkle.leaf_hash(leaf_text(row.kind, row.chain, row.seq, row.row_hash).encode(), name)


# --- appending ----------------------------------------------------------------------------------------------


def append(s: Session, at: datetime, progress: Progress | None = None) -> LogHead:
    """Every row that is not in the log yet, journal first, then records, then acts on them, each sorted by chain and
    sequence; then a new head.

    With nothing new the head stays as it is. `progress` hears the size after each batch. Raises LogFault when the
    stored tree does not lead to its head.
    """
    s.flush()
    hold_log(s)
    name, before = hash_of(s), head(s)
    frontier = _frontier(s, before, name)
    counted = {_JOURNAL: 0, _RECORD: 0, _ACT: 0}
    rows = _new_rows(s)
    while batch := list(islice(rows, BATCH)):
        _add(s, frontier, batch)
        for row in batch:
            counted[row.kind] += 1
        if progress is not None:
            progress(frontier.size)
    if frontier.size == before.size:
        return before
    made = {
        "size": frontier.size,
        "root": frontier.root().hex(),
        "at": at,
        "journal_rows": counted[_JOURNAL],
        "record_rows": counted[_RECORD] + counted[_ACT],
    }
    s.connection().execute(_ADD_HEAD, made)
    return LogHead(hash=name, **made)


def _frontier(s: Session, before: LogHead, name: HashName) -> merkle.Frontier:
    try:
        peaks = merkle.cover(0, before.size)
        nodes = _reader(s)(set(peaks))
        frontier = merkle.Frontier(before.size, [nodes[place] for place in peaks], name)
    except (KeyError, ValueError):
        frontier = None
    if frontier is None or frontier.root().hex() != before.root:
        raise LogFault("存证日志与其头不符，未追加；请运行 dingbian verify · the log does not match its head")
    return frontier


def _add(s: Session, frontier: merkle.Frontier, batch: Sequence[_Row]) -> None:
    leaves, nodes = [], []
    for row in batch:
        leaves.append({"leaf_index": frontier.size, **row._asdict()})
        for (level, index), node in frontier.add(leaf_hash(row, frontier.name)):
            nodes.append({"level": level, "node_index": index, "hash": node.hex()})
    connection = s.connection()
    connection.execute(_ADD_LEAVES, leaves)
    if nodes:
        connection.execute(_ADD_NODES, nodes)


def _new_rows(s: Session) -> Iterator[_Row]:
    """Chains are sorted here: two databases may have two opinions on the order of texts."""
    connection = s.connection()
    for holder in sorted(connection.execute(_HOLDERS_BEHIND).all(), key=lambda each: str(each.chain)):
        yield from _new_of(s, _JOURNAL, holder.chain, holder.logged, _NEW_JOURNAL, {"of_chain": holder.chain})
    for kind, behind, wanted in ((_RECORD, _SERIES_BEHIND, _NEW_RECORDS), (_ACT, _ACTS_BEHIND, _NEW_ACTS)):
        for series in sorted(connection.execute(behind).all(), key=lambda each: (each.name, each.year)):
            where = {"of_series": series.name, "of_year": series.year}
            yield from _new_of(s, kind, f"{series.name}/{series.year}", series.logged, wanted, where)


def _new_of(
    s: Session, kind: str, chain: str, after: int, wanted: Any, where: Mapping[str, str | int]
) -> Iterator[_Row]:
    while True:
        page = s.connection().execute(wanted, {**where, "after": after}).all()
        for row in page:
            yield _Row(kind, chain, row.seq, row.hash)
        if len(page) < BATCH:
            return
        after = page[-1].seq


# --- reading ------------------------------------------------------------------------------------------------


def kept(s: Session) -> bool:
    """Whether the register has a log at all: a copy made by an earlier version has none."""
    return inspect(s.connection()).has_table(LOG_HEAD.name)


def head(s: Session, by: datetime | None = None) -> LogHead:
    """The newest head, or the newest that there was at the moment `by`; of an empty log the empty tree's."""
    name = hash_of(s)
    wanted = _NEWEST if by is None else _NEWEST.where(LOG_HEAD.c.at <= by)
    row = s.connection().execute(wanted).first()
    if row is None:
        return LogHead(size=0, root=merkle.empty_root(name).hex(), hash=name)
    return LogHead(hash=name, **row._mapping)


def inclusion(s: Session, kind: RowKind, chain: str, seq: int) -> InclusionProof:
    """That the row stands in the log of the newest head. Raises NotLogged while it does not."""
    now = head(s)
    [proof] = _row_proofs(s, [RowName(kind=kind, chain=chain, seq=seq)], now)
    hashed = merkle.leaf_hash(proof.leaf.encode(), now.hash).hex()
    return InclusionProof(**proof.model_dump(), leaf_hash=hashed, head=now)


def consistency(s: Session, first: int, second: int | None = None) -> ConsistencyProof:
    """That the log of `second` leaves (now, unless said) begins with that of `first`. Raises NotLogged beyond it."""
    now = head(s)
    second = now.size if second is None else second
    if not 0 <= first <= second <= now.size:
        raise NotLogged(f"{first}–{second}")
    read, name = _reader(s), now.hash
    path = merkle.consistency_path(first, second, read, name)
    return ConsistencyProof(
        hash=name,
        first=LogMark(size=first, root=merkle.root_at(first, read, name).hex()),
        second=LogMark(size=second, root=merkle.root_at(second, read, name).hex()),
        path=[step.hex() for step in path],
    )


def proof_file(s: Session, rows: Sequence[RowName]) -> dict[str, Any]:
    """Proofs of the rows under the newest head, as JSON for an archive package (`models.proofs.ProofFile`).

    Raises NotLogged when a row is not in the log: `append` first.
    """
    now = head(s)
    proofs = [
        proof
        for start in range(0, len(rows), _ASKED_AT_ONCE)
        for proof in _row_proofs(s, rows[start : start + _ASKED_AT_ONCE], now)
    ]
    ledger_id = s.connection().execute(_LEDGER_ID).scalar_one()
    return ProofFile(ledger_id=ledger_id, head=now, proofs=proofs).model_dump(mode="json")


def _row_proofs(s: Session, rows: Sequence[RowName], now: LogHead) -> list[RowProof]:
    """In the order of `rows`; at most _ASKED_AT_ONCE of them."""
    keys = [(row.kind.value, row.chain, row.seq) for row in rows]
    found = {(leaf.kind, leaf.chain, leaf.seq): leaf for leaf in s.connection().execute(_LEAVES_OF, {"rows": keys})}
    missing = [key for key in keys if key not in found or found[key].leaf_index >= now.size]
    if missing:
        _kind, chain, seq = missing[0]
        raise NotLogged(f"{chain}#{seq}")
    leaves = [found[key] for key in keys]
    paths = merkle.inclusion_paths([leaf.leaf_index for leaf in leaves], now.size, _reader(s), now.hash)
    return [
        RowProof(
            leaf=leaf_text(leaf.kind, leaf.chain, leaf.seq, leaf.row_hash),
            index=leaf.leaf_index,
            path=[step.hex() for step in path],
        )
        for leaf, path in zip(leaves, paths, strict=True)
    ]


def _reader(s: Session) -> merkle.Read:
    """Reads nodes by place, leaves by hashing them; what is missing is missing in the answer."""
    name = hash_of(s)

    def read(places: set[Place]) -> dict[Place, bytes]:
        by_level: dict[int, list[int]] = {}
        for level, index in sorted(places):
            by_level.setdefault(level, []).append(index)
        found: dict[Place, bytes] = {}
        for level, indexes in by_level.items():
            for start in range(0, len(indexes), _ASKED_AT_ONCE):
                some = indexes[start : start + _ASKED_AT_ONCE]
                if level == 0:
                    for leaf in s.connection().execute(_LEAVES_AT, {"indexes": some}):
                        found[0, leaf.leaf_index] = leaf_hash(leaf, name)
                else:
                    for node in s.connection().execute(_NODES_AT, {"of_level": level, "indexes": some}):
                        found[level, node.node_index] = bytes.fromhex(node.hash)
        return found

    return read
