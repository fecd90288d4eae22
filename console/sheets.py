"""Workbooks and CSV of registers: row by row, so that a hundred thousand rows need little memory, and safe cells.

Every cell is text or a number; what a spreadsheet would take for a formula gets a quote before it, and a character that
its format forbids is shown as □.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

from openpyxl import Workbook
from starlette_admin.export.helpers import escape_formula

Value = str | int | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold, and so no workbook."""
_UTF8_MARK = "\ufeff"  # without it Excel reads Chinese in CSV as something else


def workbook(title: str, headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """One sheet named `title`, headers first."""
    rows = iter(rows)
    first = list(islice(rows, 1))  # a list that is refused is refused before the book is begun
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append([safe(each) for each in headers])
    try:
        for row in chain(first, rows):
            sheet.append([safe(each) for each in row])
    except BaseException:
        sheet.close()
        sheet._writer.cleanup()  # its rows lie in a file that only saving the book would remove
        raise
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
    return escape_formula(_FORBIDDEN.sub("□", value)) if isinstance(value, str) else value
