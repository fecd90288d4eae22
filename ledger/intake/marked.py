"""A copy of the imported file with its faults marked, so that they are put right where they stand."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ledger.spreadsheets.escaping import escape_cell
from ledger.spreadsheets.parsing import MAX_COLUMNS
from ledger.spreadsheets.writer import BookWriter, Cell, SheetWriter, Style, Styled
from models.intake import ImportFault

from .cells import harmless
from .columns import FAULT_HEADING, SHEETS, spelling
from .register import Progress, silent
from .source import Source

MARKING = "标注错误 · marking faults"
FAULT_SHEET = "错误清单"
# A spreadsheet program slows to a crawl over many notes; list and last column name every fault in any case.
MAX_NOTES = 2_000
_REPORT_EVERY = 1_000
_FAULT_WIDTH = 60

Marks = dict[int, dict[str, list[str]]]


def marked_path(path: Path) -> Path:
    """NAME.faults.xlsx beside the file (or the folder)."""
    return path.with_name(f"{path.stem if path.is_file() else path.name}.faults.xlsx")


def write_marked(source: Source, faults: list[ImportFault], target: Path, progress: Progress = silent) -> Path:
    """Writes the copy, readable by its owner alone because it holds identity numbers. Returns `target`.

    Its memory is that of the faults, whatever the size of the file.
    """
    marks: dict[str, Marks] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for fault in faults:
        marks[fault.sheet][fault.row][spelling(fault.column)].append(fault.reason)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=".xlsx", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out, BookWriter(out) as book:
            _fault_list(book, faults)
            notes = _Notes()
            for name in (name for name in SHEETS if name in source.names):
                _copy_sheet(book, source, name, marks[name], notes, progress)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _fault_list(book: BookWriter, faults: list[ImportFault]) -> None:
    headings = ("工作表", "行", "列", "原因")
    with book.sheet(FAULT_SHEET, (14, 8, 24, 80), filtered=len(headings)) as sheet:
        sheet.append(Styled(text, Style.HEADING) for text in headings)
        for fault in faults:
            sheet.append(
                [escape_cell(fault.sheet), fault.row or None, escape_cell(fault.column), escape_cell(fault.reason)]
            )


class _Notes:
    """Counts the notes given out over the whole workbook."""

    def __init__(self) -> None:
        self.left = MAX_NOTES

    def take(self, reasons: Iterable[str]) -> str | None:
        if self.left <= 0:
            return None
        self.left -= 1
        return "\n".join(reasons)


class _Copy:
    """One sheet: the rows as they were, and behind the last heading a column that names what is wrong."""

    def __init__(self, headings: tuple[object, ...], marks: Marks, notes: _Notes) -> None:
        self.headings = [spelling(str(cell or "")) for cell in headings]
        earlier = self.headings.index(FAULT_HEADING) if FAULT_HEADING in self.headings else None
        self.last = min(len(self.headings), MAX_COLUMNS) if earlier is None else earlier
        self._marks = marks
        self._notes = notes

    def row(self, number: int, cells: tuple[object, ...]) -> list[Cell]:
        """A fault of no known column marks the first cell."""
        row: list[Cell] = [harmless(cell) for cell in cells]
        marks = self._marks.get(number)
        if self.last < len(row):
            row[self.last] = None if marks or FAULT_HEADING in self.headings else row[self.last]
        if marks is None:
            return row
        row.extend([None] * (self.last + 1 - len(row)))
        for heading, reasons in marks.items():
            index = self.headings.index(heading) if heading in self.headings else 0
            value = row[index]
            row[index] = Styled(
                value.value if isinstance(value, Styled) else value, Style.FAULT, self._notes.take(reasons)
            )
        row[self.last] = "；".join(
            escape_cell(f"{heading}：{reason}" if heading else reason)
            for heading, reasons in marks.items()
            for reason in reasons
        )
        return row


def _copy_sheet(book: BookWriter, source: Source, name: str, marks: Marks, notes: _Notes, progress: Progress) -> None:
    columns = SHEETS[name]
    with book.sheet(name, [*(column.width for column in columns), _FAULT_WIDTH], filtered=len(columns) + 1) as sheet:
        copy: _Copy | None = None
        total = source.count(name)
        progress(f"{MARKING} {name}", 0, total)
        for done, (number, cells) in enumerate(source.rows(name), start=1):
            if copy is None:
                copy = _Copy(cells, marks, notes)
                _headings(sheet, copy, number, cells)
                continue
            sheet.append(copy.row(number, cells), number)
            if done % _REPORT_EVERY == 0:
                progress(f"{MARKING} {name}", done, max(total, done))


def _headings(sheet: SheetWriter, copy: _Copy, number: int, cells: tuple[object, ...]) -> None:
    row = copy.row(number, cells)
    row.extend([None] * (copy.last + 1 - len(row)))
    row[copy.last] = Styled(FAULT_HEADING, Style.HEADING)
    sheet.append(row, number)
