"""Parts and tables of a Word file that may be of anybody's making: never more than a bounded part of what it unpacks
to, and every way in which it can be broken is a ValueError."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from lxml import etree

from models.packing import DAMAGED

NO_WORD_FILE = (*DAMAGED, AttributeError)
"""What one changed byte of a .docx may raise in whoever reads it: as of every zip, or in the types of its parts."""

MAX_PARTS, MAX_UNPACKED = 500, 64 * 1024 * 1024

_BODY = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SECURE = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)

Table = list[list[str]]


def parts_of(data: bytes, only: str | None = None) -> dict[str, bytes]:
    """Name → bytes of every part, or of `only` that one. Raises ValueError."""
    found: dict[str, bytes] = {}
    left = MAX_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_PARTS:
                raise ValueError("too many parts")
            for info in infos:
                if only is not None and info.filename != only:
                    continue
                with archive.open(info) as member:
                    # the size in the directory is a claim of the sender: what counts is what comes out
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ValueError("unpacks to too much")
                found[info.filename] = content
    except (OSError, KeyError, *NO_WORD_FILE) as fault:
        raise ValueError(f"{type(fault).__name__}") from fault
    return found


def tables_of(data: bytes) -> list[Table]:
    """The tables of the body: rows of texts of cells. Raises ValueError."""
    try:
        tree = etree.fromstring(parts_of(data, _BODY)[_BODY], _SECURE)
    except (KeyError, etree.XMLSyntaxError) as fault:
        raise ValueError(f"{type(fault).__name__}") from fault
    return [_rows_of(table) for table in tree.iter(f"{_W}tbl")]


def _rows_of(table: Any) -> Table:
    return [["".join(cell.itertext()) for cell in row.iterfind(f"{_W}tc")] for row in table.iterfind(f"{_W}tr")]
