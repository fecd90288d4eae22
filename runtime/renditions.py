"""PDF of records, made once and kept: composed for the API, the console and the commands.

The API may compose nothing of this: it is handed a `PdfMaker` (`Runtime.pdf`), as it is handed a rehearsal.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from ledger.db import Database
from models.docket import RecordView
from models.enums import RenditionKind
from models.renditions import PDF, RenditionView
from models.sealing import digest
from records import preview, register, renditions
from records.libreoffice import Beat
from records.renditions import RenditionRefused
from records.store import RecordStore, StoreFault

BATCH = 20
"""Documents of one start of LibreOffice: the start costs as much as some ten of them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where renditions are kept: file first, row after, and nothing left of what does not count."""

    database: Database
    store: RecordStore
    clock: Callable[[], datetime]

    def keep(
        self,
        record_id: str,
        kind: RenditionKind,
        media_type: str,
        data: bytes,
        made_by: str,
        provider: str,
        *,
        again: bool = False,
    ) -> RenditionView:
        """The rendition that counts: this one, or the one that was there before.

        Raises StoreFault, RenditionRefused.
        """
        wanted = RenditionView(
            record_id=record_id,
            kind=kind,
            media_type=media_type,
            digest=digest(data, self.store.hash_name),
            size=len(data),
            made_at=self.clock(),
            made_by=made_by,
            provider=provider,
        )
        self.store.put(data, wanted.digest, wanted.ending)
        try:
            with self.database.write() as s:
                found = renditions.keep(s, wanted, again=again)
        except (RenditionRefused, SQLAlchemyError):
            self._take_back(wanted)
            raise
        if found.digest != wanted.digest:
            self._take_back(wanted)
        return found

    def _take_back(self, wanted: RenditionView) -> None:
        """Remove a file that no row names; one that is left by a fault is nobody's claim."""
        with contextlib.suppress(SQLAlchemyError, StoreFault):
            with self.database.read() as s:
                named = renditions.by_digest(s, wanted.digest) or register.by_digest(s, wanted.digest)
            if named is None:
                self.store.remove(wanted.digest, wanted.ending)

    def of_kind(self, record: RecordView, kind: RenditionKind) -> RenditionView | None:
        with self.database.read() as s:
            return renditions.of_kind(s, record.id, kind)


@dataclass(frozen=True, slots=True)
class PdfMaker:
    """`make(record, made_by)`: the PDF/A of a filed record, kept at its first making."""

    shelf: Shelf

    def __call__(self, record: RecordView, made_by: str, beat: Beat | None = None) -> bytes:
        """Raises PreviewUnavailable without LibreOffice; StoreFault when original or kept PDF are missing or altered.
        A PDF that cannot be kept just now is handed out all the same: reading needs no room in the store."""
        kept = self.shelf.of_kind(record, RenditionKind.PDF)
        if kept is not None:
            return self.shelf.store.get(kept.digest, kept.ending)
        made = preview.to_pdf(self.shelf.store.get(str(record.digest)), beat=beat)
        try:
            found = self._keep(record.id, made, made_by)
            return self.shelf.store.get(found.digest, found.ending)
        except (StoreFault, RenditionRefused) as fault:
            _log.warning("PDF of record %s was not kept: %s", record.id, type(fault).__name__)
            return made

    def make_all(
        self, records: Sequence[tuple[str, str]], made_by: str, report: Callable[[str, int, int], None]
    ) -> int:
        """Keep the PDF of every filed record, (id, digest), that has none, `BATCH` by one start of LibreOffice; how
        many were made.

        Raises PreviewUnavailable, StoreFault, RenditionRefused; what was made before stays kept.
        """
        digests = dict(records)
        with self.shelf.database.read() as s:
            wanted = renditions.without_pdf(s, list(digests))
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]

            def beat(done: int, before: int = start) -> None:
                report("生成 PDF · PDF", before + done, len(wanted))

            documents = [self.shelf.store.get(digests[each]) for each in batch]
            for each, made in zip(batch, preview.to_pdfs(documents, beat=beat), strict=True):
                self._keep(each, made, made_by)
        return len(wanted)

    def _keep(self, record_id: str, made: bytes, made_by: str) -> RenditionView:
        return self.shelf.keep(record_id, RenditionKind.PDF, PDF, made, made_by, preview.provider())
