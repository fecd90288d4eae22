"""After the commit: render from the frozen context alone, store, then file in a second transaction."""

from __future__ import annotations

from datetime import datetime

from models.enums import DocumentKind
from models.failpoints import hit
from models.sealing import Unsealable, digest
from records import register as records
from records.render import TemplateFault, TextFault
from records.store import StoreFault

from .deps import Deps
from .turn import Issued


def file_issued(deps: Deps, issued: list[Issued], at: datetime) -> int:
    """Make the files of numbered documents; how many could not be made. Their numbers and the posting stay."""
    made: list[tuple[str, str, str, int]] = []
    failed: list[tuple[str, str]] = []
    for document in sorted(issued, key=lambda each: each.kind.value):  # one order of series for every filer
        try:
            template = document.template_digest or deps.renderer.template_digest(document.kind)
            data = deps.renderer.render(document.kind, document.context, template)
            hit("filing.rendered", document.record_id)
            name = digest(data, deps.store.hash_name)
            deps.store.put(data, name)
            hit("filing.stored", document.record_id)
        except (TemplateFault, TextFault, StoreFault, OSError) as fault:
            failed.append((document.record_id, _said(fault)))
        else:
            made.append((document.record_id, template, name, len(data)))
    with deps.database.write() as s:
        for record_id, template, name, size in made:
            records.file(s, record_id, name, size, at, template_digest=template)
        for record_id, text in failed:
            records.fault(s, record_id, text)
    for record_id, *_ in made:
        hit("filing.filed", record_id)
    return len(failed)


def _said(fault: TemplateFault | TextFault | StoreFault | OSError) -> str:
    """Why a file could not be made, for whoever is to mend it: words, and no path of this machine."""
    match fault:
        case TemplateFault():
            return f"模板：{fault} · the template"
        case TextFault():
            return f"内容：{fault} · a value"
        case StoreFault():
            return f"档案存储：{fault} · the store"
    return f"读写文件失败：{fault.strerror or type(fault).__name__} · a file could not be read or written"


def left_over(deps: Deps, case_id: str) -> tuple[list[Issued], int]:
    """Documents that an earlier attempt numbered and did not file, opened from their frozen contexts; and how many
    of them cannot be opened (a lost key, an altered row): those are marked for a person, never retried blindly."""
    found: list[Issued] = []
    unopened: list[str] = []
    with deps.database.read() as s:
        for record in records.pending(s, case_id):
            try:
                context = records.context_of(s, record)
            except Unsealable:
                unopened.append(record.id)
            else:
                found.append(Issued(record.id, DocumentKind(record.kind), record.template_digest, context))
    if unopened:
        with deps.database.write() as s:
            for record_id in unopened:
                records.fault(s, record_id, "内容无法打开：密钥缺失或已被改动 · the frozen context cannot be opened")
    return found, len(unopened)
