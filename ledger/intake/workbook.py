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
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol
from xml.parsers import expat

from defusedxml.ElementTree import fromstring
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from .guard import Unsafe

MAX_SHEETS = 50
MAX_STRINGS = 2_000_000
MAX_CELL_TEXT = 32_767
MAX_CELLS_PER_ROW = 16_384
# Cells since the last row that held anything: a sheet of formatted nothing is not read to its end.
MAX_EMPTY_CELLS = 250_000
# Parts that are read as a whole: workbook, relations, styles.
MAX_PART_BYTES = 4 << 20
# Cells further right are not looked at.
MAX_COLUMNS = 64
_CHUNK = 1 << 16
_LETTERS = 26

Cells = tuple[object, ...]


class _Formula:
    """Stands in a cell that is computed: whatever result was stored with it is not taken."""

    def __repr__(self) -> str:
        return "=…"


FORMULA: Final = _Formula()


class Workbook:
    """Sheets of a guarded archive by title. Raises Unsafe where the archive is not what it seems."""

    def __init__(self, path: Path) -> None:
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

    def _shared_strings(self, part: str | None) -> list[str]:
        if part is None:
            return []
        handler = _Strings()
        for _ in self._parse(part, handler):
            pass
        return handler.strings

    def rows(self, title: str) -> Iterator[tuple[int, Cells]]:
        """(row number, cells) in the order of the file, without empty rows."""
        handler = _Sheet(self._strings, self._dates, self._epoch)
        for _ in self._parse(self.sheets[title], handler):
            yield from handler.take()
        yield from handler.take()

    def _parse(self, part: str, handler: _Handler) -> Iterator[None]:
        """Feeds the part to expat and pauses after each chunk."""
        parser = expat.ParserCreate(namespace_separator=" ")
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
            raise Unsafe("工作表无法读取 · unreadable sheet") from None


def _refuse_doctype(*_: object) -> None:
    raise Unsafe("含有文档类型或实体声明 · document type or entity declaration")


@lru_cache(maxsize=1024)
def _local(name: str) -> str:
    """The name without its namespace: transitional and strict workbooks differ in nothing else here."""
    return name.rsplit("}", 1)[-1].rsplit(" ", 1)[-1]


class _Handler(Protocol):
    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


class _Text:
    """Collects character data between start and end of one value, up to a limit."""

    __slots__ = ("_length", "_parts", "open")

    def __init__(self) -> None:
        self.open = False
        self.clear()

    def clear(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, data: str) -> None:
        if self.open:
            self._length += len(data)
            if self._length > MAX_CELL_TEXT:
                raise Unsafe("单元格内容过长 · a cell is too long")
            self._parts.append(data)

    def __str__(self) -> str:
        return "".join(self._parts)


class _Strings:
    """sharedStrings.xml: the runs of a rich text joined, phonetic readings left out."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._text = _Text()
        self._phonetic = False
        self.text = self._text.add

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if name == "t":
            self._text.open = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        name = _local(name)
        if name == "t":
            self._text.open = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            if len(self.strings) >= MAX_STRINGS:
                raise Unsafe("共享字符串过多 · too many strings")
            self.strings.append(str(self._text))
            self._text.clear()


class _Sheet:
    """One worksheet: finished rows wait in `_ready` until they are taken."""

    def __init__(self, strings: list[str], dates: frozenset[int], epoch: datetime) -> None:
        self._strings = strings
        self._dates = dates
        self._epoch = epoch
        self._ready: list[tuple[int, Cells]] = []
        self._row = 0
        self._cells: list[object] = []
        self._column = -1
        self._kind = "n"
        self._style = 0
        self._formula = False
        self._phonetic = False
        self._in_row = 0
        self._empty = 0
        self._text = _Text()
        self.text = self._text.add

    def take(self) -> list[tuple[int, Cells]]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "v":
                self._text.open = True
            case "t":
                self._text.open = not self._phonetic
            case "c":
                self._count()
                self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
                self._kind = attributes.get("t", "n")
                self._style = int(attributes.get("s", "0"))
                self._formula = False
                self._text.clear()
            case "f":
                self._formula = True
            case "rPh":
                self._phonetic = True
            case "row":
                number = int(attributes.get("r", self._row + 1))
                if number <= self._row:
                    raise Unsafe("工作表行号错乱 · rows are out of order")
                self._row, self._column, self._cells, self._in_row = number, -1, [], 0

    def end(self, name: str) -> None:
        match _local(name):
            case "v" | "t":
                self._text.open = False
            case "c":
                self._keep()
            case "rPh":
                self._phonetic = False
            case "row":
                if any(cell is not None for cell in self._cells):
                    self._ready.append((self._row, tuple(self._cells)))
                    self._empty = 0

    def _count(self) -> None:
        self._in_row += 1
        self._empty += 1
        if self._in_row > MAX_CELLS_PER_ROW or self._empty > MAX_EMPTY_CELLS:
            raise Unsafe("空白单元格过多，请删除多余的行和列 · too many empty cells, delete surplus rows and columns")

    def _keep(self) -> None:
        value: object = FORMULA if self._formula else self._value(str(self._text))
        if value is None or not 0 <= self._column < MAX_COLUMNS:
            return
        self._cells.extend([None] * (self._column + 1 - len(self._cells)))
        self._cells[self._column] = value

    def _value(self, text: str) -> object:
        if text == "":
            return None
        match self._kind:
            case "s":
                return self._strings[int(text)] or None
            case "n":
                return self._number(text)
            case "b":
                return text == "1"
            case "d":
                return datetime.fromisoformat(text)
            case _:
                return text

    def _number(self, text: str) -> object:
        number = float(text)
        if self._style not in self._dates:
            return int(number) if number.is_integer() else number
        try:
            return from_excel(number, self._epoch)
        except (OverflowError, ValueError):
            return "#VALUE!"


def _column(reference: str) -> int:
    """0-based column of `AB12`."""
    place = 0
    for sign in reference[:4]:
        if not "A" <= sign <= "Z":
            break
        place = place * _LETTERS + ord(sign) - ord("A") + 1
    return place - 1
