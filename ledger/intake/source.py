"""Rows of a workbook or of a folder of CSV files, one at a time."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError

from .columns import IGNORED_SHEETS, SHEETS, spelling
from .guard import MAX_FILE_BYTES, Unsafe, guard
from .workbook import MAX_COLUMNS, Workbook

MAX_ROWS = 300_000
_CSV_FIELD = 40_000
_ENCODINGS = ("utf-8-sig", "gb18030")

Row = tuple[int, tuple[object, ...]]


class Source(Protocol):
    """Sheets in the file's order; `rows` starts at the heading, row 1, and leaves out empty rows."""

    names: list[str]

    def rows(self, name: str) -> Iterator[Row]: ...


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """A workbook (.xlsx) or a folder of CSV files named as the sheets. Raises Unsafe."""
    if path.is_dir():
        yield _CsvFolder(path)
        return
    if not path.is_file():
        raise Unsafe("文件不存在 · no such file")
    if path.suffix.lower() != ".xlsx":
        raise Unsafe("须为 .xlsx 工作簿或 CSV 文件夹 · must be an .xlsx workbook or a folder of CSV files")
    guard(path)
    try:
        book = Workbook(path)
    except (ParseError, DefusedXmlException, zipfile.BadZipFile, zlib.error, KeyError, ValueError):
        raise Unsafe("工作簿无法读取 · unreadable workbook") from None
    try:
        yield _WorkbookSource(book)
    finally:
        book.close()


def _filled(number: int, cells: tuple[object, ...]) -> bool:
    filled = any(cell is not None and cell != "" for cell in cells)
    if filled and number > MAX_ROWS:
        raise Unsafe(f"超过{MAX_ROWS}行 · too many rows")
    return filled


class _WorkbookSource:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.names = [title for title in book.sheets if title not in IGNORED_SHEETS]

    def rows(self, name: str) -> Iterator[Row]:
        return ((number, cells) for number, cells in self._book.rows(name) if _filled(number, cells))


class _CsvFolder:
    def __init__(self, folder: Path) -> None:
        found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".csv"}
        self._files = {name: path for name, path in found.items() if name not in IGNORED_SHEETS}
        for path in self._files.values():
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
                raise Unsafe(
                    f"{path.name}：不是普通文件或超过{MAX_FILE_BYTES >> 20}MB · not a plain file, or too large"
                )
        self.names = list(self._files)

    def rows(self, name: str) -> Iterator[Row]:
        path = self._files[name]
        csv.field_size_limit(_CSV_FIELD)
        try:
            with path.open(encoding=_encoding(path), newline="") as file:
                for number, cells in enumerate(csv.reader(file, strict=True), start=1):
                    if _filled(number, tuple(cells)):
                        yield number, tuple(cells[:MAX_COLUMNS])
        except (csv.Error, UnicodeDecodeError):
            raise Unsafe(f"{path.name}：不是可读的 CSV · not readable as CSV") from None


def _encoding(path: Path) -> str:
    """UTF-8, or what Chinese editions of spreadsheet programs write."""
    for encoding in _ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise Unsafe(f"{path.name}：须为 UTF-8 或 GB18030 编码 · must be UTF-8 or GB18030")


def place_headings(sheet: str, heading: tuple[object, ...]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Position of each column key, and faults (heading, reason): unknown, repeated, missing required."""
    known = {spelling(column.heading): column for column in SHEETS[sheet]}
    places: dict[str, int] = {}
    faults: list[tuple[str, str]] = []
    for index, cell in enumerate(heading):
        if cell is None or str(cell).strip() == "":
            continue
        text = str(cell).strip()[:60]
        column = known.get(spelling(text))
        if column is None:
            faults.append((text, "未知列名 · unknown heading"))
        elif column.key in places:
            faults.append((text, "列名重复 · heading repeated"))
        else:
            places[column.key] = index
    for column in SHEETS[sheet]:
        if column.required and column.key not in places:
            faults.append((column.heading, "缺少必填列 · required column is missing"))
    return places, faults
