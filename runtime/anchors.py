"""`dingbian anchor`: all chain heads and the head of the transparency log in one small file that is kept elsewhere, and
the comparison with it later.

A chain cannot see that its end was cut off: a register restored from an older copy verifies. Only a head that
was kept outside shows it (reliability.md finding 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, func, select

from ledger import log
from models.ledger import Fault
from models.packages import RecordLine
from models.proofs import LogMark, ProofFile
from models.register import Holder, Meta, Record


class Head(BaseModel):
    model_config = ConfigDict(extra="forbid")
    chain: str
    seq: int
    hash: str


class Anchor(BaseModel):
    """The heads of every holder's journal, of every series of records, and of the log over all of them, at one moment.

    A file of an earlier version has no head of the log.
    """

    model_config = ConfigDict(extra="forbid")
    ledger_id: str
    hash: str
    at: datetime
    journals: list[Head]
    records: list[Head]
    log: LogMark | None = None

    @classmethod
    def of_proofs(cls, proofs: ProofFile, lines: Sequence[RecordLine]) -> Anchor:
        """What an archive package, kept by others, holds the register to: the head of its log and, of every series in
        it, the last record."""
        last: dict[str, Head] = {}
        for line in lines:
            if line.chain_seq is None or line.hash is None:
                continue
            chain = f"{line.series}/{line.year}"
            if chain not in last or last[chain].seq < line.chain_seq:
                last[chain] = Head(chain=chain, seq=line.chain_seq, hash=line.hash)
        return cls(
            ledger_id=proofs.ledger_id,
            hash=proofs.head.hash,
            at=proofs.head.at or datetime.fromtimestamp(0, UTC),
            journals=[],
            records=[last[chain] for chain in sorted(last)],
            log=LogMark(size=proofs.head.size, root=proofs.head.root),
        )


def take_anchor(session: Session, at: datetime | None = None) -> Anchor:
    """Appends to the log what is new, so that its head stands for the heads beside it. Raises `log.LogFault`."""
    at = at or datetime.now(UTC)
    log.append(session, at)
    return heads_now(session, at)


def heads_now(session: Session, at: datetime) -> Anchor:
    """All heads as they stand; nothing is written, so rows that came since the last append are not in the log's."""
    newest = log.head(session)
    facts = {row.name: row.value for row in session.exec(select(Meta))}
    holders = session.exec(select(Holder).order_by(col(Holder.id)))
    return Anchor(
        ledger_id=facts.get("ledger_id", ""),
        hash=facts.get("hash", ""),
        at=at,
        journals=[Head(chain=row.id, seq=row.head_seq, hash=row.head_hash) for row in holders],
        records=_record_heads(session),
        log=LogMark(size=newest.size, root=newest.root),
    )


def journal_heads(anchor: Anchor) -> dict[str, tuple[int, str]]:
    """As `ledger.verify.verify` takes them."""
    return {head.chain: (head.seq, head.hash) for head in anchor.journals if head.seq > 0}


def record_faults(session: Session, anchor: Anchor) -> list[Fault]:
    """Anchored records that the register no longer holds, or holds otherwise; an anchor of another register."""
    meta = session.get(Meta, "ledger_id")
    if meta is None or meta.value != anchor.ledger_id:
        return [Fault(where="ledger_id", what="存证文件属于另一登记数据库 · the anchor is of another register")]
    return [
        Fault(
            where=f"{head.chain}#{head.seq}", what="已存证的文件缺失或被改动 · an anchored record is missing or altered"
        )
        for head in anchor.records
        if _record_hash(session, head) != head.hash
    ]


def _record_hash(session: Session, head: Head) -> str | None:
    series, _, year = head.chain.rpartition("/")
    wanted = select(Record.hash).where(Record.series == series, Record.year == int(year), Record.chain_seq == head.seq)
    return session.exec(wanted).one_or_none()


def _record_heads(session: Session) -> list[Head]:
    """The last filed record of each series and year."""
    last = select(Record.series, Record.year, func.max(col(Record.chain_seq))).group_by(Record.series, col(Record.year))
    heads = []
    for series, year, seq in session.exec(last.order_by(Record.series, col(Record.year))):
        if seq is not None:
            head = Head(chain=f"{series}/{year}", seq=seq, hash="")
            heads.append(head.model_copy(update={"hash": _record_hash(session, head) or ""}))
    return heads
