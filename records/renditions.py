"""Renditions of records: rows of the register and files of the store, beside the original and never in its place.

Functions take the caller's session and never commit. The file is put into the store before its row is kept, so that
a row never names a file that is not there; a file without a row is nobody's claim.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from models.archives import Rendition
from models.docket import RecordView
from models.enums import RecordState, RenditionKind
from models.ledger import Fault
from models.register import Record, table_of
from models.renditions import RenditionView

from .retention import told
from .store import RecordStore, StoreFault

_RENDITION = table_of(Rendition)
_RECORD = table_of(Record)


class RenditionRefused(Exception):
    """The rendition cannot be kept: unknown or unfiled record, or a file that already stands for something else."""


def of_record(s: Session, record_id: str) -> list[RenditionView]:
    """All renditions of a record, the oldest first."""
    rows = s.exec(select(Rendition).where(Rendition.record_id == record_id).order_by(col(Rendition.id)))
    return [_view(row) for row in rows]


def of_kind(s: Session, record_id: str, kind: RenditionKind) -> RenditionView | None:
    """The newest rendition of a kind, or None."""
    wanted = (
        select(Rendition)
        .where(Rendition.record_id == record_id, Rendition.kind == kind.value)
        .order_by(col(Rendition.id).desc())
    )
    row = s.exec(wanted).first()
    return None if row is None else _view(row)


def endings(s: Session, record_id: str) -> list[tuple[str, str]]:
    """(digest, ending) of every file that a record's renditions have in the store: what a disposal removes."""
    return [(each.digest, each.ending) for each in of_record(s, record_id)]


def keep(s: Session, wanted: RenditionView, *, again: bool = False) -> RenditionView:
    """Enter a rendition whose file is in the store; the answer is the one that counts.

    A record has one PDF, and one signed copy unless `again` asks for another: whoever comes second is given the
    first's, and removes its own file. Raises RenditionRefused.
    """
    record = s.execute(core_select(_RECORD).where(_RECORD.c.id == wanted.record_id).with_for_update()).one_or_none()
    if record is None or record.digest is None or record.disposed_at is not None:
        raise RenditionRefused(f"{wanted.record_id}: 没有归档的文件 · no filed document")
    if wanted.kind is RenditionKind.PDF or not again:
        found = of_kind(s, wanted.record_id, wanted.kind)
        if found is not None:
            return found
    taken = s.execute(core_select(_RENDITION.c.id).where(_RENDITION.c.digest == wanted.digest)).first()
    if taken is not None or s.execute(core_select(_RECORD.c.id).where(_RECORD.c.digest == wanted.digest)).first():
        raise RenditionRefused(f"{wanted.digest}: 此文件已作他用 · the file already stands for something else")
    s.add(Rendition(**wanted.model_dump() | {"kind": wanted.kind.value}))
    s.flush()
    return wanted


def by_digest(s: Session, digest: str) -> tuple[RecordView, RenditionView] | None:
    """The record and the rendition that a file is, by the file's digest."""
    row = s.exec(select(Rendition).where(Rendition.digest == digest)).first()
    record = None if row is None else s.get(Record, row.record_id)
    return None if row is None or record is None else (told(s, [record])[0], _view(row))


def faults(s: Session, store: RecordStore) -> Iterator[Fault]:
    """Renditions whose file is missing, altered or of another size. Those of destroyed records are gone with them
    (`records.disposal_check`)."""
    rows = (
        core_select(_RENDITION, _RECORD.c.number)
        .join(_RECORD, _RECORD.c.id == _RENDITION.c.record_id)
        .where(_RECORD.c.disposed_at.is_(None))
    )
    for row in s.execute(rows.order_by(_RENDITION.c.id)):
        found = _view(row)
        where = f"{row.number}（{found.kind.label}）"
        try:
            data = store.get(found.digest, found.ending)
        except StoreFault as error:
            yield Fault(where=where, what=str(error))
            continue
        if len(data) != found.size:
            yield Fault(where=where, what="字节数不符 · size differs")


def without_pdf(s: Session, record_ids: list[str]) -> list[str]:
    """Those of the filed records that have no PDF yet, in the order given."""
    has: set[str] = set()
    for start in range(0, len(record_ids), 500):
        page = record_ids[start : start + 500]
        wanted = core_select(_RENDITION.c.record_id).where(
            _RENDITION.c.record_id.in_(page), _RENDITION.c.kind == RenditionKind.PDF.value
        )
        has |= set(s.execute(wanted).scalars())
    return [each for each in record_ids if each not in has]


def of_numbers(s: Session, numbers: list[str]) -> dict[str, RecordView]:
    """Records by their number as printed; numbers that nobody has are left out."""
    rows = s.exec(select(Record).where(col(Record.number).in_(numbers)))
    return {row.number: RecordView.of(row) for row in rows}


def unsigned(s: Session, year: int | None = None) -> list[RecordView]:
    """Valid records that have no signed copy, of one year or of all, in the order of their numbers."""
    signed = core_select(_RENDITION.c.record_id).where(_RENDITION.c.kind == RenditionKind.SIGNED.value)
    wanted = select(Record).where(
        Record.state == RecordState.VALID.value, col(Record.digest).is_not(None), col(Record.id).not_in(signed)
    )
    if year is not None:
        wanted = wanted.where(Record.year == year)
    rows = s.exec(wanted.order_by(col(Record.year), col(Record.series), col(Record.seq)))
    return [RecordView.of(row) for row in rows]


def _view(row: object) -> RenditionView:
    return RenditionView.model_validate({name: getattr(row, name) for name in RenditionView.model_fields})
