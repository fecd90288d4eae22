"""Shapes of the transparency log: heads, proofs, and the file that carries proofs to where no database is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from .enums import Labelled
from .sealing import HashName
from .shape import Shape

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, le=2**53)]
Path = Annotated[list[Hash], Field(max_length=64)]


class RowKind(Labelled):
    """What a leaf of the log stands for."""

    JOURNAL = "journal", "台账流水", "row of the journal"
    RECORD = "record", "文件登记", "row of the register of records"
    ACT = "record-act", "登记变动", "what became of a record"


class RowName(Shape):
    """A row by its place in its chain: `chain` is the holder of a journal row, series/year of records and of acts."""

    kind: RowKind
    chain: str
    seq: int


class LogMark(Shape):
    """What has to be kept elsewhere to hold the log to its word: how long it was, and its root."""

    size: Size
    root: Hash


class LogHead(LogMark):
    """The newest head. `at` is None while the log is empty; the rows are those that came with this head, acts on
    records among the rows of records."""

    hash: HashName
    at: datetime | None = None
    journal_rows: int = 0
    record_rows: int = 0


class RowProof(Shape):
    """`leaf` is the canonical text that was hashed: kind, chain, sequence and hash of the row."""

    leaf: str
    index: Size
    path: Path


class InclusionProof(RowProof):
    """That one row stands in the log of this head."""

    leaf_hash: Hash
    head: LogHead


class ConsistencyProof(Shape):
    """That the log of size `second` begins with all of the log of size `first`, unchanged."""

    hash: HashName
    first: LogMark
    second: LogMark
    path: Path


class ProofFile(Shape):
    """Proofs of many rows under one head, checked without the database by `ledger.proofs.proof_faults`."""

    format: Literal["dingbian-log-proof/1"] = "dingbian-log-proof/1"
    ledger_id: str
    head: LogHead
    proofs: list[RowProof]


class LogRun(Shape):
    """Activity input: append what is new as of `at`."""

    at: datetime
