"""What a document prints about the register: the row of its unit's chain that it stands on, and a head of the
transparency log. A register that does not hold it was rewritten, or is an older copy.

Read from the text of the file, so that it can be compared where nothing is known of the document but its paper.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger import log
from ledger.chain import GENESIS, row_hash
from ledger.tables import JOURNAL, UNIT
from models.documents import PrintedMark
from models.packing import DAMAGED
from models.sealing import HashName, same

_MAX_MEMBERS, _MAX_UNPACKED, _PIECE = 200, 20_000_000, 4096
_TEXT_PARTS = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")
_TAG = re.compile(r"<[^<>]*>")  # not even `<` again: a file of nothing but `<` would be gone over once for each

_ROW = re.compile(r"台账链第(\d{1,12})行")
_HEAD = re.compile(r"链尾摘要[：:\s]{0,4}([0-9a-f]{64})(?![0-9a-f])")
_LOG_SIZE = re.compile(r"存证日志[^0-9]{0,12}(\d{1,15})[行叶]")
_LOG_ROOT = re.compile(r"日志头[^0-9a-f]{0,12}([0-9a-f]{64})(?![0-9a-f])")
_EXTRACT = re.compile(r"/api/v1/units/([0-9A-Z]{18})/certificate/facts")

_UNIT_ROW = (
    select(JOURNAL)
    .join(UNIT, UNIT.c.holder == JOURNAL.c.holder)
    .where(UNIT.c.code == bindparam("unit_code"), JOURNAL.c.seq == bindparam("of_seq"))
)
_ANY_ROW = select(JOURNAL).where(JOURNAL.c.seq == bindparam("of_seq"), JOURNAL.c.hash == bindparam("of_hash")).limit(1)
_UNIT_KNOWN = select(UNIT.c.code).where(UNIT.c.code == bindparam("unit_code"))


@dataclass(frozen=True, slots=True)
class Printed:
    """`rows` and `heads` are those of a chain, `sizes` and `roots` of the log: one each, unless somebody altered it.
    `extract` is the unit of a certificate as of a day."""

    rows: frozenset[int]
    heads: frozenset[str]
    sizes: frozenset[int]
    roots: frozenset[str]
    extract: str | None


def texts(data: bytes) -> Iterator[str]:
    """The text of body, headers and footers of a Word file, without its tags; nothing when it cannot be read. Never
    more than a bounded part of what an archive unpacks to.

    A part that was spoilt tells what can still be read of it, and the others tell theirs: a document of which one byte
    fell over is an altered document and not an unknown one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_MEMBERS:
                return
            left = _MAX_UNPACKED
            for info in infos:
                if not _TEXT_PARTS.fullmatch(info.filename):
                    continue
                part = b"".join(_pieces(archive, info, left))
                left -= len(part)
                if left < 0:
                    return
                yield _TAG.sub("", part.decode("utf-8", "replace").replace("</w:p>", "\n"))
    except (OSError, *DAMAGED):
        return


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """Up to `most` bytes and a piece more. The size in the directory is a claim of the sender: what counts is what
    comes out."""
    del info.CRC  # unchecked: whether the file is ours is asked of its digest
    try:
        with archive.open(info) as member:
            while most >= 0 and (piece := member.read(_PIECE)):
                most -= len(piece)
                yield piece
    except (OSError, *DAMAGED):
        return


def printed(parts: list[str]) -> Printed:
    """What all parts of a document say together."""

    def found(pattern: re.Pattern[str]) -> list[str]:
        return [each for part in parts for each in pattern.findall(part)]

    units = sorted(set(found(_EXTRACT)))
    return Printed(
        rows=frozenset(int(each) for each in found(_ROW)),
        heads=frozenset(found(_HEAD)),
        sizes=frozenset(int(each) for each in found(_LOG_SIZE)),
        roots=frozenset(found(_LOG_ROOT)),
        extract=units[0] if len(units) == 1 else None,
    )


def compared(
    s: Session, said: Printed, unit: str | None, name: HashName, *, thorough: bool = False
) -> list[PrintedMark]:
    """Each mark that the document bears, against this register. `unit` is whose document it is; without one, a chain
    is looked for among all only when `thorough`: that reads the whole journal."""
    marks = []
    if said.rows and said.heads:
        marks.append(_chain(s, said, unit, name, thorough=thorough))
    if said.sizes and said.roots:
        marks.append(_log(s, said))
    return marks


def _chain(s: Session, said: Printed, unit: str | None, name: HashName, *, thorough: bool) -> PrintedMark:
    seq, head = min(said.rows), min(said.heads)
    told = PrintedMark(of="chain", place=seq, hash=head)
    if len(said.rows) > 1 or len(said.heads) > 1:
        return told.model_copy(update={"agrees": False})
    if seq == 0:  # before the first row
        return told.model_copy(update={"agrees": same(head, GENESIS)})
    if unit is not None and s.connection().execute(_UNIT_KNOWN, {"unit_code": unit}).first() is not None:
        row = s.connection().execute(_UNIT_ROW, {"unit_code": unit, "of_seq": seq}).mappings().first()
    elif thorough:
        row = s.connection().execute(_ANY_ROW, {"of_seq": seq, "of_hash": head}).mappings().first()
    else:
        return told
    # the row as it is now, not only the hash beside it
    held = row is not None and same(row["hash"], head) and same(row_hash(dict(row), name), head)
    return told.model_copy(update={"agrees": held})


def _log(s: Session, said: Printed) -> PrintedMark:
    size, root = min(said.sizes), min(said.roots)
    told = PrintedMark(of="log", place=size, hash=root)
    if len(said.sizes) > 1 or len(said.roots) > 1 or not log.kept(s):
        return told.model_copy(update={"agrees": False})
    try:
        held = same(log.consistency(s, size).first.root, root)
    except (log.NotLogged, LookupError, ValueError):
        held = False  # longer than the log is now, or a log with holes
    return told.model_copy(update={"agrees": held})
