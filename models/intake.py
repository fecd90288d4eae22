"""What an import says: each fault located by sheet, row and column (interface.md, Import)."""

from __future__ import annotations

from .shape import Shape


class ImportFault(Shape):
    """One reason why nothing was imported. `row` counts as the spreadsheet shows it (heading is 1); 0 = whole sheet."""

    sheet: str
    row: int
    column: str
    reason: str


class ImportReport(Shape):
    """Counts are what the file holds; they stand in the register only when `imported`."""

    units: int = 0
    bodies: int = 0
    accounts: int = 0
    persons: int = 0
    faults: list[ImportFault] = []
    imported: bool = False
    faults_file: str | None = None
