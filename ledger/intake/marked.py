"""A copy of the imported file with its faults marked, so that they are put right where they stand."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from models.intake import ImportFault

from .cells import escape_cell, harmless
from .columns import SHEETS, spelling
from .register import Progress, silent
from .source import Source
from .workbook import MAX_COLUMNS

MARKING = "标注错误 · marking faults"
FAULT_SHEET = "错误清单"
# A spreadsheet program slows to a crawl over many notes; the list names every fault in any case.
MAX_COMMENTS = 2_000
_RED = PatternFill("solid", start_color="FFFFC7CE", end_color="FFFFC7CE")
_BOLD = Font(bold=True)
_TEXT_FORMAT = "@"
_REPORT_EVERY = 5_000

Marks = dict[str, dict[int, dict[str, list[str]]]]


def marked_path(path: Path) -> Path:
    """NAME.faults.xlsx beside the file (or the folder)."""
    return path.with_name(f"{path.stem if path.is_file() else path.name}.faults.xlsx")


def write_marked(source: Source, faults: list[ImportFault], target: Path, progress: Progress = silent) -> Path:
    """Writes the copy, readable by its owner alone because it holds identity numbers. Returns `target`."""
    marks: Marks = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for fault in faults:
        marks[fault.sheet][fault.row][spelling(fault.column)].append(fault.reason)
    book = Workbook(write_only=True)
    _fault_list(book, faults)
    comments = _Comments()
    for name in (name for name in SHEETS if name in source.names):
        _copy_sheet(book, source, name, marks[name], comments, progress)
    _save_privately(book, target)
    return target


def _save_privately(book: Workbook, target: Path) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=".xlsx", dir=target.parent)
    os.close(handle)
    try:
        book.save(temporary)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _fault_list(book: Workbook, faults: list[ImportFault]) -> None:
    sheet = book.create_sheet(FAULT_SHEET)
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCD", (14, 8, 24, 80), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_styled(sheet, text, font=_BOLD) for text in ("工作表", "行", "列", "原因")])
    for fault in faults:
        sheet.append(
            [escape_cell(fault.sheet), fault.row or None, escape_cell(fault.column), escape_cell(fault.reason)]
        )


class _Comments:
    """Counts the notes given out over the whole workbook."""

    def __init__(self) -> None:
        self.left = MAX_COMMENTS

    def take(self, reasons: Iterable[str]) -> Comment | None:
        if self.left <= 0:
            return None
        self.left -= 1
        return Comment("\n".join(reasons), "定编", width=320, height=90)


def _styled(sheet: Any, value: object, *, fill: PatternFill | None = None, font: Font | None = None) -> Any:
    cell = WriteOnlyCell(sheet, harmless(value))
    if fill is not None:
        cell.fill = fill
    if font is not None:
        cell.font = font
    return cell


def _copy_sheet(
    book: Workbook,
    source: Source,
    name: str,
    marks: dict[int, dict[str, list[str]]],
    comments: _Comments,
    progress: Progress,
) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for index, column in enumerate(SHEETS[name]):
        sheet.column_dimensions[_letter(index)].width = column.width
    headings: list[str] = []
    written = 0
    for number, cells in source.rows(name):
        for _ in range(written + 1, number):
            sheet.append([])
        if not headings:
            headings = [spelling(str(cell or "")) for cell in cells]
        sheet.append(_marked_row(sheet, cells, headings, marks.get(number, {}), comments))
        written = number
        if number % _REPORT_EVERY == 0:
            progress(f"{MARKING} {name}", number, 0)


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _marked_row(
    sheet: Any, cells: tuple[object, ...], headings: list[str], marks: dict[str, list[str]], comments: _Comments
) -> list[Any]:
    """The row as it was; a fault of no known column marks the first cell."""
    width = max((i for i, cell in enumerate(cells, start=1) if cell not in (None, "")), default=1)
    row: list[Any] = [harmless(cell) for cell in cells[:width]]
    for heading, reasons in marks.items():
        index = headings.index(heading) if heading in headings[:MAX_COLUMNS] else 0
        row.extend([None] * (index + 1 - len(row)))
        value = cells[index] if index < len(cells) else None
        cell = _styled(sheet, value, fill=_RED)
        if isinstance(value, str):
            cell.number_format = _TEXT_FORMAT
        note = comments.take(reasons)
        if note is not None:
            cell.comment = note
        row[index] = cell
    return row
