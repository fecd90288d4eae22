"""Rows of a workbook or of a folder of CSV files, one at a time. Runs in the child that `reader` starts."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from .guard import MAX_FILE_BYTES, Unsafe
from .parsing import MAX_COLUMNS, Cells
from .workbook import Workbook

MAX_ROWS = 300_000
MAX_CSV_FILES = 50
_CSV_FIELD = 40_000
_ENCODINGS = ("utf-8-sig", "gb18030")

Row = tuple[int, Cells]


class Tables(Protocol):
    """Tables in the file's order. `count` is how many rows to expect, 0 where that is not known; `rows` leaves out
    empty ones and counts from 1 as a spreadsheet does."""

    names: list[str]

    def count(self, name: str) -> int: ...

    def rows(self, name: str) -> Iterator[Row]: ...


def read_tables(path: Path) -> Tables:
    """A workbook (.xlsx) or a folder of CSV files. Raises Unsafe."""
    if path.is_dir():
        return _CsvFolder(path)
    if not path.is_file():
        raise Unsafe("文件不存在，或不是普通文件 · no such plain file")
    if path.suffix.lower() != ".xlsx":
        raise Unsafe("须为 .xlsx 工作簿或 CSV 文件夹 · must be an .xlsx workbook or a folder of CSV files")
    try:
        return _Workbook(Workbook(path))
    except (ParseError, DefusedXmlException, zipfile.BadZipFile, zlib.error, KeyError, ValueError):
        raise Unsafe("工作簿无法读取，请用表格软件重新另存 · unreadable workbook, save it again") from None


def _filled(name: str, number: int, cells: Cells | list[str]) -> bool:
    filled = any(cell is not None and cell != "" for cell in cells)
    if filled and number > MAX_ROWS:
        raise Unsafe(f"“{name[:30]}”超过{MAX_ROWS}行，请分机构分批导入 · too many rows, import in parts")
    return filled


class _Workbook:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.names = list(book.sheets)

    def count(self, name: str) -> int:
        return self._book.count(name)

    def rows(self, name: str) -> Iterator[Row]:
        try:
            for number, cells in self._book.rows(name):
                if _filled(name, number, cells):
                    yield number, cells
        except Unsafe as unsafe:
            raise Unsafe(f"“{name[:30]}”：{unsafe}") from None


class _CsvFolder:
    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".csv"}
        if len(self._files) > MAX_CSV_FILES:
            raise Unsafe("CSV 文件过多 · too many CSV files")
        for path in self._files.values():
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
                raise Unsafe(
                    f"{path.name}：不是普通文件或超过{MAX_FILE_BYTES >> 20}MB · not a plain file, or too large"
                )
        self.names = list(self._files)

    def count(self, name: str) -> int:
        return 0

    def rows(self, name: str) -> Iterator[Row]:
        path = self._files[name]
        csv.field_size_limit(_CSV_FIELD)
        number = 0
        try:
            with path.open(encoding=_encoding(path), newline="") as file:
                for number, cells in enumerate(csv.reader(file, strict=True), start=1):
                    if _filled(name, number, cells):
                        yield number, _kept(path, number, cells)
        except (csv.Error, UnicodeDecodeError):
            reason = "不是可读的 CSV，请检查引号和过长的内容"
            raise Unsafe(f"{path.name} 第{number + 1}行：{reason} · not readable as CSV") from None


def _kept(path: Path, number: int, cells: list[str]) -> Cells:
    """A workbook's far columns are left out as they are read; here they are cut, and what would be lost is told."""
    if any(cells[MAX_COLUMNS:]):
        raise Unsafe(f"{path.name} 第{number}行：超过{MAX_COLUMNS}列 · too many columns")
    return tuple(cells[:MAX_COLUMNS])


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
