"""What a reconciliation reads of records: numbers, documents that were not filed, and files by their names alone.

Bytes are not read here: that is `records.verify`, and takes as long as the store is large.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session

from models.enums import RecordState
from models.reconciliation import Difference, DifferenceKind
from models.register import Case, Record, table_of

from . import register
from .store import RecordStore

MOST_GAPS = 100
MOST_STRAYS = 100
PAGE = 500

_case = table_of(Case)
_record = table_of(Record)

_UNFILED = (
    select(_record.c.number, _record.c.fault, _record.c.case_id, _case.c.no)
    .outerjoin(_case, _case.c.id == _record.c.case_id)
    .where(_record.c.state == RecordState.NUMBERED.value)
    .order_by(_record.c.series, _record.c.year, _record.c.seq)
)
_KEPT = (_record.c.digest.is_not(None), _record.c.disposed_at.is_(None))
_FILED = select(_record.c.digest).where(*_KEPT).execution_options(yield_per=5000)
_NAMED = select(_record.c.number, _record.c.case_id, _record.c.filed_at).where(*_KEPT).order_by(_record.c.number)
_TEMPLATES = select(_record.c.template_digest).distinct()
_DISPOSED = select(_record.c.digest).where(_record.c.digest.is_not(None), _record.c.disposed_at.is_not(None))


def unfiled(s: Session) -> Iterator[Difference]:
    """Numbered documents that could not be made, with what hindered it. One without a fault is in hand: its workflow
    files it, and a workflow that is missing is told as such."""
    for row in s.execute(_UNFILED.where(_record.c.fault.is_not(None))):
        case_id = row.case_id if row.no else None
        yield Difference(kind=DifferenceKind.UNFILED, where=row.number, case_id=case_id, detail=row.fault)


def numbers(s: Session) -> Iterator[Difference]:
    """Numbers that were given and stand nowhere."""
    for number in register.gaps(s, MOST_GAPS):
        yield Difference(kind=DifferenceKind.NUMBER_GAP, where=number)


def files(s: Session, store: RecordStore, there: set[str]) -> Iterator[Difference]:
    """Filed documents that are not in the store, and stored files that no row names. `there` are the names in the
    store, listed before the session's snapshot began: what came between the two looks is looked up. Raises
    StoreFault."""
    filed = set(s.execute(_FILED).scalars())  # names alone: a hundred thousand rows would hold the interpreter up
    missing = [digest for digest in sorted(filed - there) if not store.has(digest)]
    for start in range(0, len(missing), PAGE):
        for row in s.execute(_NAMED.where(_record.c.digest.in_(missing[start : start + PAGE]))):
            yield Difference(
                kind=DifferenceKind.MISSING_FILE, where=row.number, case_id=row.case_id, since=row.filed_at
            )
    known = {*filed, *s.execute(_TEMPLATES).scalars(), *s.execute(_DISPOSED).scalars()}
    if s.execute(_UNFILED).first() is not None:
        return  # a file is stored a moment before its row is filed: perhaps it is that one
    for digest in sorted(there - known)[:MOST_STRAYS]:
        if not _is_template(store.get(digest)):
            yield Difference(kind=DifferenceKind.STRAY_FILE, where=f"{digest[:16]}….docx")


def _is_template(data: bytes) -> bool:
    """Templates are kept beside the records; one that no record was numbered with is no stranger either."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return b"{{" in archive.read("word/document.xml")
    except (zipfile.BadZipFile, KeyError):
        return False
