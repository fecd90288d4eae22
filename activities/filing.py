"""After the commit: render from the frozen context alone, store, then file in a second transaction."""

from __future__ import annotations

from datetime import datetime

from models.enums import DocumentKind
from models.sealing import digest
from records import register as records
from records.render import TemplateFault
from records.store import StoreFault

from .deps import Deps
from .turn import Issued


def file_issued(deps: Deps, issued: list[Issued], at: datetime) -> int:
    """Make the files of numbered documents; how many could not be made. Their numbers and the posting stay."""
    made: list[tuple[str, str, int]] = []
    failed: list[tuple[str, str]] = []
    for document in issued:
        try:
            data = deps.renderer.render(document.kind, document.context, document.template_digest)
            name = digest(data, deps.store.hash_name)
            deps.store.put(data, name)
        except (TemplateFault, StoreFault, OSError) as fault:
            failed.append((document.record_id, f"{type(fault).__name__}: {fault}"))
        else:
            made.append((document.record_id, name, len(data)))
    with deps.database.write() as s:
        for record_id, name, size in made:
            records.file(s, record_id, name, size, at)
        for record_id, text in failed:
            records.fault(s, record_id, text)
    return len(failed)


def left_over(deps: Deps, case_id: str) -> list[Issued]:
    """Documents that an earlier attempt numbered and did not file: opened from their frozen contexts."""
    with deps.database.read() as s:
        return [
            Issued(record.id, DocumentKind(record.kind), record.template_digest, records.context_of(s, record))
            for record in records.pending(s, case_id)
        ]
