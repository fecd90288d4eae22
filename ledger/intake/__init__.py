"""Import of workbooks: the opening of the register (interface.md, Import)."""

from __future__ import annotations

from ledger.spreadsheets.escaping import escape_cell

from .run import import_file
from .template import template

__all__ = ["escape_cell", "import_file", "template"]
