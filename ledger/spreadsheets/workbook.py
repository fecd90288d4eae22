"""A streaming reader of .xlsx sheets: values only, constant memory per row, no document types, no entities.

openpyxl's read-only mode builds an element per cell, reads a sheet twice when it states no dimension, and keeps
the emptied elements; a hostile sheet of 2 MB then takes gigabytes. expat here hands over one row at a time, and
rows, cells and text are counted as they come. Structure per ECMA-376 part 1, §18.2–18.4.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from defusedxml.ElementTree import fromstring
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from .guard import Unsafe, guard
from .parsing import Cells, Handler, SheetParser, StringsParser, StringTable

MAX_SHEETS = 50
# Parts that are read as a whole: workbook, relations, styles.
MAX_PART_BYTES = 4 << 20
_CHUNK = 1 << 16


class Workbook:
    """Sheets of an archive by title, guarded first. Raises Unsafe where the archive is not what it seems."""

    def __init__(self, path: Path) -> None:
        self._counted = guard(path)
        self._archive = zipfile.ZipFile(path)
        try:
            self._open()
        except BaseException:
            self._archive.close()
            raise

    def close(self) -> None:
        self._archive.close()

    def _open(self) -> None:
        main = self._main_part()
        root = fromstring(self._small(main))
        targets = self._relations(main)
        self.sheets: dict[str, str] = {}
        for sheet in root.iter():
            if _local(sheet.tag) == "sheet":
                relation = next((value for key, value in sheet.attrib.items() if _local(key) == "id"), "")
                self.sheets[sheet.get("name", "").strip()] = targets.get(relation, ("", ""))[1]
        if len(self.sheets) > MAX_SHEETS:
            raise Unsafe("工作表过多 · too many sheets")
        mac = any(_local(node.tag) == "workbookPr" and node.get("date1904") in ("1", "true") for node in root.iter())
        self._epoch = CALENDAR_MAC_1904 if mac else CALENDAR_WINDOWS_1900
        parts = dict(targets.values())
        self._dates = self._date_styles(parts.get("styles"))
        self._strings = self._shared_strings(parts.get("sharedStrings"))

    def _small(self, name: str) -> bytes:
        try:
            info = self._archive.getinfo(name)
        except KeyError:
            raise Unsafe("工作簿缺少部件 · a part of the workbook is missing") from None
        if info.file_size > MAX_PART_BYTES:
            raise Unsafe("工作簿部件过大 · part too large")
        return self._archive.read(info)

    def _main_part(self) -> str:
        for kind, target in self._relations("").values():
            if kind == "officeDocument":
                return target
        raise Unsafe("不是 .xlsx 工作簿 · not an .xlsx workbook")

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id → (last word of its type, part name)."""
        folder, name = posixpath.split(part)
        listed = fromstring(self._small(posixpath.join(folder, "_rels", f"{name}.rels")))
        found = {}
        for relation in listed:
            target = relation.get("Target", "")
            resolved = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            kind = relation.get("Type", "").rsplit("/", 1)[-1]
            found[relation.get("Id", "")] = (kind, posixpath.normpath(resolved))
        return found

    def _date_styles(self, part: str | None) -> frozenset[int]:
        """Positions in cellXfs whose number format shows a date: a date is stored as a number of days."""
        if part is None:
            return frozenset()
        root = fromstring(self._small(part))
        formats = dict(BUILTIN_FORMATS)
        styles: list[int] = []
        for node in root:
            if _local(node.tag) == "numFmts":
                formats.update({int(child.get("numFmtId", "0")): child.get("formatCode", "") for child in node})
            elif _local(node.tag) == "cellXfs":
                styles = [int(child.get("numFmtId", "0")) for child in node]
        return frozenset(place for place, code in enumerate(styles) if is_date_format(formats.get(code)))

    def _shared_strings(self, part: str | None) -> StringTable:
        handler = StringsParser()
        if part is not None:
            for _ in self._parse(part, handler):
                pass
        return handler.strings

    def count(self, title: str) -> int:
        """Rows of the sheet as counted in passing, empty ones among them; 0 where they could not be counted."""
        return self._counted.get(self.sheets[title], 0)

    def rows(self, title: str) -> Iterator[tuple[int, Cells]]:
        """(row number, cells) in the order of the file, without empty rows."""
        handler = SheetParser(self._strings, self._dates, self._epoch)
        for _ in self._parse(self.sheets[title], handler):
            yield from handler.take()
        yield from handler.take()

    def _parse(self, part: str, handler: Handler) -> Iterator[None]:
        """Feeds the part to expat and pauses after each chunk."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.EntityDeclHandler = _refuse_doctype
        try:
            with self._archive.open(part) as source:
                while chunk := source.read(_CHUNK):
                    parser.Parse(chunk, False)
                    yield
            parser.Parse(b"", True)
        except (KeyError, expat.ExpatError, zipfile.BadZipFile, zlib.error, ValueError, IndexError, OverflowError):
            raise Unsafe("工作表无法读取，请用表格软件重新另存 · unreadable sheet, save the workbook again") from None


def _refuse_doctype(*_: object) -> None:
    raise Unsafe("含有文档类型或实体声明 · document type or entity declaration")


@lru_cache(maxsize=1024)
def _local(name: str) -> str:
    """The name without its namespace: transitional and strict workbooks differ in nothing else here."""
    return name.rsplit("}", 1)[-1].rsplit(" ", 1)[-1]
