"""Which files a register names, so that a copy of the register has all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from models.archives import Rendition
from models.register import Record, table_of
from models.renditions import ENDINGS

from .store import SUFFIX, RecordStore

_record = table_of(Record)
_rendition = table_of(Rendition)
_FILED = select(_record.c.digest).where(_record.c.digest.is_not(None), _record.c.disposed_at.is_(None))
_FORMS = (
    select(_rendition.c.digest, _rendition.c.media_type)
    .join(_record, _record.c.id == _rendition.c.record_id)
    .where(_record.c.disposed_at.is_(None))
)
_TEMPLATES = select(_record.c.template_digest).distinct()


@dataclass(frozen=True, slots=True, order=True)
class NamedFile:
    """A file of the store by its name. `needed`: a document or a rendition; a template is kept where it was used and
    may be missing in a store of an earlier version."""

    digest: str
    ending: str = SUFFIX
    needed: bool = True


def named(s: Session) -> list[NamedFile]:
    """Every file of the register, each once, sorted: documents, renditions, templates. What was destroyed is left
    out."""
    return sorted(set(_named(s)))


def _named(s: Session) -> Iterator[NamedFile]:
    documents = set(s.execute(_FILED).scalars())
    yield from (NamedFile(digest) for digest in documents)
    for row in s.execute(_FORMS):
        yield NamedFile(row.digest, ENDINGS[row.media_type])
    for digest in s.execute(_TEMPLATES).scalars():
        if digest and digest not in documents:
            yield NamedFile(digest, needed=False)


def copy_file(source: RecordStore, target: RecordStore, file: NamedFile) -> int:
    """Bytes copied, checked against the name on both sides; 0 for a template that is not kept. Raises StoreFault."""
    if not file.needed and not source.has(file.digest, file.ending):
        return 0
    data = source.get(file.digest, file.ending)
    target.put(data, file.digest, file.ending)
    return len(data)
