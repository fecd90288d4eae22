"""Renditions in an archive package: signed copies always, PDF/A where they were asked for; and the check of them.

The record is the .docx, whose digest its chain proves. What stands in `renditions/` is beside it: its digest is the
register's word, a signed copy besides carries its provider's signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session

from models.archives import Rendition
from models.enums import RenditionKind
from models.packages import CheckName, RecordLine, RenditionLine
from models.register import table_of
from models.renditions import ENDINGS, PDF
from models.sealing import HashName, digest, same

from .signed import SigningFault, compare, kind_of
from .store import RecordStore

FOLDER = "renditions"
_KINDS = frozenset(kind.value for kind in RenditionKind)
_PAGE = 500
_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*$")
_TABLE = re.compile(rb"xref\b|\d+\s+\d+\s+obj\b")
_PDF_A = b"pdfaid:part>2"
_ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")

_rendition = table_of(Rendition)


def with_renditions(s: Session, lines: Sequence[RecordLine], *, pdf: bool) -> list[RecordLine]:
    """The lines, each with its renditions and where they stand in the package."""
    kinds = [kind.value for kind in RenditionKind if pdf or kind is not RenditionKind.PDF]
    found: dict[str, list[RenditionLine]] = {}
    by_id = {line.id: line for line in lines if line.file is not None}
    ids = list(by_id)
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        wanted = select(_rendition).where(_rendition.c.record_id.in_(page), _rendition.c.kind.in_(kinds))
        for row in s.execute(wanted.order_by(_rendition.c.id)):
            own = found.setdefault(row.record_id, [])
            values = {name: getattr(row, name) for name in RenditionLine.model_fields if name != "file"}
            own.append(RenditionLine(**values, file=_place(by_id[row.record_id], row.kind, row.media_type, own)))
    return [line.model_copy(update={"renditions": found.get(line.id, [])}) for line in lines]


def _place(line: RecordLine, kind: str, media_type: str, before: Sequence[RenditionLine]) -> str:
    """`renditions/CASE/NUMBER KIND.pdf`, and `NUMBER KIND 签章件.pdf`, `签章件2.pdf` for signed copies."""
    stem = f"{FOLDER}/{str(line.file).removeprefix('documents/').removesuffix('.docx')}"
    if kind == RenditionKind.SIGNED.value:
        signed = sum(each.kind == kind for each in before) + 1
        stem += f" {RenditionKind.SIGNED.label}{signed if signed > 1 else ''}"
    return stem + ENDINGS[media_type]


def write_renditions(
    store: RecordStore, target: Path, lines: Sequence[RecordLine], progress: Callable[[str, int, int], None]
) -> int:
    """The files as they are kept, each checked against its digest by the store; how many."""
    wanted = [each for line in lines for each in line.renditions]
    for done, each in enumerate(wanted, start=1):
        place = target / each.file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(store.get(each.digest, ENDINGS[each.media_type]))
        progress("PDF、签章件 · renditions", done, len(wanted))
    return len(wanted)


def rendition_faults(
    lines: Sequence[RecordLine],
    count: int,
    name: HashName,
    read: Callable[[str], bytes | None],
    note: Callable[[str], None],
) -> Iterator[tuple[CheckName, str, str]]:
    """(check, where, what) of each fault. `read` gives the bytes of a file of the package, or None; `note` is told
    what could not be compared."""
    for line in lines:
        before: list[RenditionLine] = []
        for each in line.renditions:
            if each.kind not in _KINDS or each.media_type not in ENDINGS or line.file is None:
                yield "usability", line.number, "所列其他形式无法读取 · its rendition cannot be read"
                continue
            if each.file != _place(line, each.kind, each.media_type, before):
                yield "integrity", line.number, "文件不在应在的位置 · the rendition is not where it belongs"
            before.append(each)
            data = read(each.file)
            if data is None:
                yield "integrity", line.number, f"文件缺失 · {each.file} is missing"
                continue
            if not same(digest(data, name), each.digest) or len(data) != each.size:
                yield "authenticity", line.number, f"{_label(each)}与登记的摘要不符 · the rendition was altered"
            unfit = list(_content(each, data))
            if not any(check == "usability" for check, _what in unfit):
                unfit += _says(line, each, data, read(line.file), note)
            yield from ((check, line.number, f"{_label(each)}{what}") for check, what in unfit)
    if count != sum(len(line.renditions) for line in lines):
        yield "integrity", FOLDER, "数量与说明不符 · another number than the package says"


def _content(each: RenditionLine, data: bytes) -> Iterator[tuple[CheckName, str]]:
    if kind_of(data) != each.media_type or (each.media_type == PDF and not opens(data)):
        yield "usability", "打不开 · cannot be opened"
    elif each.kind == RenditionKind.PDF.value:
        if _PDF_A not in data:
            yield "usability", "不是 PDF/A · is not PDF/A"
        if any(mark in data for mark in _ACTIVE):
            yield "security", "含脚本或附件 · holds a script or an attachment"


def _says(
    line: RecordLine, each: RenditionLine, data: bytes, original: bytes | None, note: Callable[[str], None]
) -> Iterator[tuple[CheckName, str]]:
    """Rows of renditions are not chained: what binds one to its record is that it says the same."""
    if original is None:
        return  # told where documents are
    try:
        compare(data, each.media_type, original, line.code)
    except SigningFault as fault:
        if fault.code == "not-comparable":
            note("未安装 poppler-utils，PDF 的内容没有与原件比对 · PDF were not compared with their documents")
        else:
            yield "authenticity", "内容与原件不一致 · does not say what the document says"


def opens(data: bytes) -> bool:
    """Whether a PDF is whole: its end names where its table of objects stands, and one stands there (ISO 32000-1,
    7.5). Its pages are not drawn."""
    end = _END.search(data[-1_024:])
    return data.startswith(b"%PDF-") and end is not None and bool(_TABLE.match(data, int(end.group(1))))


def _label(each: RenditionLine) -> str:
    return RenditionKind(each.kind).label
