"""The sheets of an import as the checks and the marked copy see them, and where each column stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.spreadsheets.reader import ChildTables, open_tables
from ledger.spreadsheets.tables import Row

from .columns import FAULT_HEADING, IGNORED_SHEETS, SHEETS, shown, spelling

NOT_READ = ""
"""The key under which `place_headings` puts the column that a marked copy adds."""


class Source:
    """Sheets in the file's order; `rows` starts at the heading, row 1, and leaves out empty rows."""

    def __init__(self, tables: ChildTables) -> None:
        self._tables = tables
        self.names = [name for name in tables.names if name not in IGNORED_SHEETS]

    def count(self, name: str) -> int:
        """How many rows to expect, 0 where that is not known."""
        return self._tables.count(name)

    def rows(self, name: str) -> Iterator[Row]:
        return self._tables.rows(name)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """A workbook (.xlsx) or a folder of CSV files named as the sheets. Raises Unsafe, also while rows are read."""
    with open_tables(path) as tables:
        yield Source(tables)


def place_headings(sheet: str, heading: tuple[object, ...]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Position of each column key, and faults (heading, reason): unknown, repeated, missing required."""
    known = {spelling(column.heading): column for column in SHEETS[sheet]}
    places: dict[str, int] = {}
    faults: list[tuple[str, str]] = []
    for index, cell in enumerate(heading):
        if cell is None or str(cell).strip() == "":
            continue
        name = spelling(str(cell))
        column = known.get(name)
        key = NOT_READ if name == FAULT_HEADING else column.key if column else None
        text = shown(str(cell).strip())
        if key is None:
            faults.append((text, "未知列名 · unknown heading"))
        elif key in places:
            faults.append((text, "列名重复 · heading repeated"))
        else:
            places[key] = index
    for column in SHEETS[sheet]:
        if column.required and column.key not in places:
            faults.append((column.heading, "缺少必填列 · required column is missing"))
    return places, faults
