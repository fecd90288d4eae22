"""Is this document genuine? By code, by upload, and the whole register against the store (documents.md 6).

Answers to the public hold no personal data, no case and no unit (RecordCheck).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from sqlmodel import Session, col, select

from models.docket import RecordView
from models.documents import RecordCheck
from models.enums import RecordState
from models.ledger import Fault
from models.register import Record, Series
from models.sealing import HashName, digest

from .numbering import TALLY
from .register import CODE_PATTERN, GENESIS, by_code, by_digest, row_hash
from .store import RecordStore, StoreFault

MAX_UPLOAD = 5_000_000
_MAX_MEMBERS, _MAX_UNPACKED = 200, 20_000_000
_TEXT_PARTS = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")
_TAG = re.compile(r"<[^>]*>")
_UNKNOWN = RecordCheck(status="unknown")
_STATUS = {RecordState.VALID: "valid", RecordState.VOID: "void", RecordState.SUPERSEDED: "superseded"}


def check_code(s: Session, code: str) -> RecordCheck:
    """What the register says about a verification code. A number without a filed document is unknown."""
    found = by_code(s, code)
    return _UNKNOWN if found is None else _told(s, found)


def check_file(s: Session, data: bytes) -> RecordCheck:
    """What the register says about a file: its own record's state, altered when it carries the code of a
    record but is not that record's file, unknown otherwise. Raises ValueError beyond MAX_UPLOAD bytes."""
    if len(data) > MAX_UPLOAD:
        raise ValueError(f"文件超过 {MAX_UPLOAD} 字节 · file is too large")
    found = by_digest(s, digest(data, _hash_name(s)))
    if found is not None:
        return _told(s, found)
    for code in _codes(data):
        named = by_code(s, code)
        if named is not None and named.digest is not None:
            return _told(s, named, "altered")
    return _UNKNOWN


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
        if store is not None:
            yield from _files(rows, store)


def _told(s: Session, record: RecordView, status: str | None = None) -> RecordCheck:
    if status is None:
        status = _STATUS.get(record.state, "unknown")
    if status == "unknown":
        return _UNKNOWN
    successor = s.get(Record, record.superseded_by) if record.superseded_by else None
    return RecordCheck.model_validate(
        {
            "status": status,
            "number": record.number,
            "kind": record.kind,
            "title": record.title,
            "issued_on": record.issued_on,
            "issuer": record.issuer,
            "superseded_by": None if successor is None else successor.number,
        }
    )


def _codes(data: bytes) -> Iterator[str]:
    """Codes that stand in the text of an uploaded .docx. Never parses XML, never unpacks beyond the limit."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_MEMBERS:
                return
            left = _MAX_UNPACKED
            for info in infos:
                if not _TEXT_PARTS.fullmatch(info.filename):
                    continue
                with archive.open(info) as member:
                    # The size in the directory is a claim of the sender: what counts is what comes out.
                    part = member.read(left + 1)
                left -= len(part)
                if left < 0:
                    return
                yield from CODE_PATTERN.findall(_TAG.sub("", part.decode("utf-8", "replace")))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        return


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
        if row.digest is None:
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
