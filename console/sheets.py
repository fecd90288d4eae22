"""Workbooks and CSV of registers: row by row, so that a hundred thousand rows need little memory, and safe cells.

Every cell is text or a number; what a spreadsheet would take for a formula gets a quote before it.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from openpyxl import Workbook
from starlette_admin.export.helpers import escape_formula

Value = str | int | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_UTF8_MARK = "\ufeff"  # without it Excel reads Chinese in CSV as something else


def workbook(title: str, headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """One sheet named `title`, headers first."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append([safe(each) for each in headers])
    for row in rows:
        sheet.append([safe(each) for each in row])
    with tempfile.TemporaryDirectory(prefix="dingbian-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        book.save(path)
        return path.read_bytes()


def comma_separated(headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    out = io.StringIO()
    out.write(_UTF8_MARK)
    writer = csv.writer(out)
    writer.writerow([safe(each) for each in headers])
    for row in rows:
        writer.writerow([safe(each) for each in row])
    return out.getvalue().encode()


def safe(value: Value) -> str | int | None:
    return escape_formula(value) if isinstance(value, str) else value
