"""The context of 《卷内文件目录》 with 卷内备考表: what lies in the file of a case that has ended."""

from __future__ import annotations

from typing import ClassVar

from .paper import DocumentContext
from .phrasing import Phrase, Sentence
from .shape import Shape


class FiledLine(Shape):
    """One document, in the columns of DA/T 22's 归档文件目录. `date` as that standard writes it, 20260302; `digest` in
    full, empty under a number that was voided before its file was made."""

    place: str
    number: str
    responsible: str
    title: str
    date: str
    state: str
    digest: str
    remark: Phrase = ""


class RoundLine(Shape):
    """One round's application, by the digest of its canonical JSON."""

    round: str
    at: str
    officer: str
    digest: str


class ActLine(Shape):
    """One command that somebody gave, and its receipt; refused ones too. Names of officers, never identity numbers."""

    place: str
    at: str
    department: str
    officer: str
    what: str
    verdict: str
    result: str
    reference_no: str = ""


class RowLine(Shape):
    """One row of the journal that the case wrote."""

    chain: str
    seq: str
    kind: str
    account: str
    delta: str
    hash: str


class CaseFileContext(DocumentContext):
    """《卷内文件目录》 (sheet). `period` from the application to the end; `supersedes` the number of the earlier case
    file, or empty; `docket` the docket as it stood when this was made, as JSON; `docket_digest` is
    `records.case_acts.docket_digest` of it, over the first `acts_receipts` receipts: all empty where the case cannot be
    opened and in what was frozen earlier, when nothing was printed, or `acts_digest`; `log_*` the head of the
    transparency log (RFC 6962) as it stood when this was made."""

    UNPRINTED: ClassVar[frozenset[str]] = frozenset({"docket"})

    procedure: str
    title: str
    outcome: str
    period: str
    retention: str
    supersedes: str
    algorithm: str
    documents: list[FiledLine]
    rounds: list[RoundLine]
    acts: list[ActLine]
    docket: str = ""
    docket_digest: str = ""
    acts_digest: str = ""
    acts_receipts: str = ""
    rows: list[RowLine]
    summary: Sentence
    remarks: Sentence
    made_at: str
    log_at: str
    log_size: str
    log_root: str
