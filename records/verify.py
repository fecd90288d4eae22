"""Is this document genuine? By code, by upload, and the whole register against the store (documents.md 6).

Answers to the public hold no personal data, no case and no unit (RecordCheck).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.docket import RecordView
from models.documents import PrintedMark, RecordCheck
from models.enums import DocumentKind, RecordState
from models.ledger import Fault
from models.phrasing import heading
from models.register import Record, Series
from models.sealing import HashName, digest

from . import acts, disposal_check, renditions
from .extract_check import agrees
from .numbering import TALLY
from .printed import compared, printed, texts
from .register import CODE_PATTERN, GENESIS, by_code, by_digest, row_hash
from .render import Renderer
from .store import RecordStore, StoreFault

MAX_UPLOAD = 5_000_000
MOST_CODES = 200
_UNKNOWN = RecordCheck(status="unknown")
_STATUS = {RecordState.VALID: "valid", RecordState.VOID: "void", RecordState.SUPERSEDED: "superseded"}
_LATEST = {RecordState.VALID.value: "valid", RecordState.VOID.value: "void"}


def check_code(s: Session, code: str) -> RecordCheck:
    """What the register says about a verification code. A number without a filed document is unknown."""
    found = by_code(s, code)
    return _UNKNOWN if found is None else _told(s, found)


@dataclass(frozen=True, slots=True)
class Press:
    """What an extract is written with once more, to compare it: costly, so not for the public."""

    renderer: Renderer
    issuer: str


def check_file(s: Session, data: bytes, *, thorough: bool = False, press: Press | None = None) -> RecordCheck:
    """What the register says about a file: its own record's state, altered when it carries the code of a
    record but is not that record's file, unknown otherwise; and whether the register holds what the file prints of
    chain and log. `thorough` looks for the chain of an unknown file, too (`printed.compared`). The content of an
    extract is compared with a `press` alone.

    Raises ValueError beyond MAX_UPLOAD bytes.
    """
    if len(data) > MAX_UPLOAD:
        raise ValueError(f"文件超过 {MAX_UPLOAD} 字节 · file is too large")
    name = _hash_name(s)
    found = by_digest(s, digest(data, name))
    parts = list(texts(data))
    said = printed(parts)
    if found is not None:
        return _with_marks(_told(s, found), compared(s, said, found.unit, name))
    formed = renditions.by_digest(s, digest(data, name))
    if formed is not None:
        record, rendition = formed
        told = _told(s, record).model_copy(update={"rendition": rendition.kind})
        return _with_marks(told, compared(s, said, record.unit, name))
    marks = compared(s, said, said.extract, name, thorough=thorough)
    if said.extract is not None and marks:  # before the codes: it names the numbered pages of its unit
        content = None if press is None else agrees(s, parts, press.renderer, press.issuer)
        return RecordCheck(status="extract", kind=DocumentKind.CERTIFICATE_BOOKLET, printed=marks, content=content)
    named = _first_named(s, parts)
    if named is not None:
        return _told(s, named, "altered")
    return _with_marks(_UNKNOWN, marks if thorough else [])


def _first_named(s: Session, parts: list[str]) -> RecordView | None:
    """The filed record whose code stands first in the text. A document of ours bears its own code and perhaps a few
    more: of a file that is full of them nothing is asked."""
    codes = list(dict.fromkeys(code for part in parts for code in CODE_PATTERN.findall(part)))
    if not codes or len(codes) > MOST_CODES:
        return None
    rows = s.exec(select(Record).where(col(Record.code).in_(codes), col(Record.digest).is_not(None)))
    found = {row.code: row for row in rows}
    first = next((code for code in codes if code in found), None)
    return None if first is None else RecordView.of(found[first])


def verify_records(s: Session, store: RecordStore) -> list[Fault]:
    """Faults of the register: gaps in numbers, broken chains, files missing or altered. Empty when intact."""
    return [*_register_faults(s, store)]


def verify_numbers(s: Session) -> list[Fault]:
    """The register of numbers alone, where its files are not at hand: gaps, broken chains, altered rows."""
    return [*_register_faults(s, None)]


def _register_faults(s: Session, store: RecordStore | None) -> Iterator[Fault]:
    documents = select(Series).where(~col(Series.name).startswith(TALLY))
    for series in s.exec(documents.order_by(col(Series.name), col(Series.year))):
        rows = list(
            s.exec(
                select(Record)
                .where(Record.series == series.name, Record.year == series.year)
                .order_by(col(Record.seq))
                .execution_options(populate_existing=True)
            )
        )
        where = f"{series.name}〔{series.year}〕"
        yield from _numbers(where, rows, series.last)
        yield from _chain(where, rows, _hash_name(s))
        yield from acts.faults(s, series.name, series.year, rows, _hash_name(s))
        if store is not None:
            yield from _files(rows, store)
    if store is not None:
        yield from renditions.faults(s, store)
    yield from disposal_check.faults(s, store)


def _with_marks(told: RecordCheck, marks: list[PrintedMark]) -> RecordCheck:
    return told.model_copy(update={"printed": marks})


def _told(s: Session, record: RecordView, status: str | None = None) -> RecordCheck:
    if status is None:
        status = _STATUS.get(record.state, "unknown")
    if status == "unknown":
        return _UNKNOWN
    successors = _successors(s, record)
    last = successors[-1] if len(successors) > 1 else None
    return RecordCheck.model_validate(
        {
            "status": status,
            "number": record.number,
            "kind": record.kind,
            "title": heading(record.title),
            "issued_on": record.issued_on,
            "issuer": record.issuer,
            "superseded_by": successors[0].number if successors else None,
            "latest": last.number if last else None,
            "latest_status": _LATEST.get(last.state, "unknown") if last else None,
            "destroyed_on": record.disposed_on,
            "destroyed_by": record.disposal_list,
        }
    )


def _successors(s: Session, record: RecordView) -> list[Record]:
    """Whatever took its place, one after the other; a row that leads back to one already named ends it."""
    found: list[Record] = []
    seen, following = {record.id}, record.superseded_by
    while following is not None and following not in seen:
        seen.add(following)
        row = s.get(Record, following)
        if row is None:
            break
        found.append(row)
        following = row.superseded_by
    return found


def _numbers(where: str, rows: list[Record], last: int) -> Iterator[Fault]:
    expected = set(range(1, last + 1))
    seen = {row.seq for row in rows}
    for seq in sorted(expected - seen):
        yield Fault(where=f"{where}{seq}号", what="号码缺失 · number is missing")
    for seq in sorted(seen - expected):
        yield Fault(where=f"{where}{seq}号", what="号码超出登记 · number beyond the series")
    for row in rows:
        if row.state == RecordState.VOID.value and not row.void_reason:
            yield Fault(where=row.number, what="作废未写原因 · void without a reason")


def _chain(where: str, rows: list[Record], algorithm: HashName) -> Iterator[Fault]:
    filed = sorted((row for row in rows if row.digest is not None), key=lambda row: row.chain_seq or 0)
    before = GENESIS
    for place, row in enumerate(filed, start=1):
        if row.chain_seq != place or row.prev_hash != before:
            yield Fault(where=row.number, what="登记链断开 · chain is broken here")
        if row.hash is None or row.hash != row_hash(row, algorithm):
            yield Fault(where=row.number, what="登记行被改动 · row was altered")
        before = row.hash or ""
    for row in rows:
        if row.digest is None and row.state in (RecordState.VALID.value, RecordState.SUPERSEDED.value):
            yield Fault(where=row.number, what="未归档却标为有效 · marked valid without a file")


def _files(rows: list[Record], store: RecordStore) -> Iterator[Fault]:
    for row in rows:
        if row.digest is None or row.disposed_at is not None:  # what was destroyed: `disposal_check`
            continue
        try:
            data = store.get(row.digest)
        except StoreFault as error:
            yield Fault(where=row.number, what=str(error))
            continue
        if len(data) != row.size:
            yield Fault(where=row.number, what="字节数不符 · size differs")


def _hash_name(s: Session) -> HashName:
    name: HashName = s.info.get("hash", "sm3")
    return name
