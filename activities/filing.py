"""After the commit: render from the frozen context alone, store, then file in a second transaction."""

from __future__ import annotations

from datetime import datetime

from models.enums import DocumentKind
from models.sealing import digest
from records import register as records
from records.render import TemplateFault
from records.store import StoreFault

from .deps import Deps


def file_pending(deps: Deps, case_id: str, at: datetime) -> int:
    """Make every numbered document of a case; how many could not be made. Their numbers and the posting stay."""
    with deps.database.read() as s:
        waiting = [
            (record.id, DocumentKind(record.kind), record.template_digest, records.context_of(s, record))
            for record in records.pending(s, case_id)
        ]
        hash_name = s.info["hash"]
    made: list[tuple[str, str, int]] = []
    failed: list[tuple[str, str]] = []
    for record_id, kind, template, context in waiting:
        try:
            data = deps.renderer.render(kind, context, template)
            name = digest(data, hash_name)
            deps.store.put(data, name)
        except (TemplateFault, StoreFault, OSError) as fault:
            failed.append((record_id, f"{type(fault).__name__}: {fault}"))
        else:
            made.append((record_id, name, len(data)))
    with deps.database.write() as s:
        for record_id, name, size in made:
            records.file(s, record_id, name, size, at)
        for record_id, text in failed:
            records.fault(s, record_id, text)
    return len(failed)
