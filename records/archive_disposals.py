"""Destroyed documents in an archive package: a number without its document is believed only when the list by which it
was destroyed lies in the package, too, and names the number with the digest that its chained row gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.enums import DocumentKind, RecordState, Retention
from models.packages import RecordLine
from models.sealing import same

from .archive_findings import Findings
from .unpacking import tables_of

_HEADINGS = ["序号", "文号", "题名"]


def named_lists(lines: Sequence[RecordLine]) -> set[str]:
    """Numbers of the lists that the lines name."""
    return {line.disposal_list for line in lines if line.disposal_list}


def listed(data: bytes) -> dict[str, str]:
    """Number → digest as a 《文件销毁清册》 says itself: two rows for each document. Raises ValueError."""
    found: dict[str, str] = {}
    for rows in tables_of(data):
        if rows and rows[0][:3] == _HEADINGS:
            pairs = zip(rows[2::2], rows[3::2], strict=True)
            found |= {above[1].strip(): below[1].strip() for above, below in pairs if len(above) > 1 < len(below)}
    return found


def disposals(lines: Sequence[RecordLine], read: Callable[[RecordLine], bytes | None], found: Findings) -> None:
    """`read` gives the bytes of a line's document when they have its digest."""
    gone = [line for line in lines if line.disposed_on is not None or line.disposal_list is not None]
    said: dict[str, dict[str, str] | None] = {}
    by_number = {line.number: line for line in lines if line.kind == DocumentKind.DISPOSAL_LIST.value}
    for line in gone:
        found.look("integrity")
        if line.digest is None or line.file is not None or line.renditions:
            found.fault(
                "integrity", line.number, "标为已销毁，却另有文件 · marked as destroyed, and there is a document"
            )
        if line.retention == Retention.PERMANENT.value:
            found.fault("integrity", line.number, "永久保存的文件不得销毁 · kept for ever, and marked as destroyed")
        name = line.disposal_list or ""
        own = by_number.get(name)
        if own is None or line.disposed_on is None:
            found.fault("integrity", line.number, "已销毁而无销毁清册文号 · destroyed by no list of this package")
            continue
        if name not in said:
            said[name] = _read_list(own, read)
        names = said[name]
        if names is None:
            found.fault("integrity", line.number, f"{name}不能作证 · the list cannot be read, or is not valid")
        elif not same(names.get(line.number, ""), line.digest or "—"):
            found.fault("integrity", line.number, f"{name}未列此件或所列摘要不同 · not what the list names")


def _read_list(own: RecordLine, read: Callable[[RecordLine], bytes | None]) -> dict[str, str] | None:
    data = read(own) if own.state == RecordState.VALID.value and own.hash is not None else None
    try:
        return None if data is None else listed(data)
    except ValueError:
        return None
