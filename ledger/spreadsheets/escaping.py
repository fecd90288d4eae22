"""Text that a spreadsheet program would take for a formula, made harmless (CSV injection, OWASP)."""

from __future__ import annotations

FORMULA_LEAD = ("=", "+", "-", "@", "\t", "\r")
"""What an import refuses at the beginning of a cell."""
# East Asian editions take the full-width signs for the same; a line feed hides a sign behind it.
_ESCAPED_LEAD = (*FORMULA_LEAD, "\n", "＝", "＋", "－", "＠")


def escape_cell(text: str) -> str:
    """`text` for an exported cell: a leading character that starts a formula is preceded by an apostrophe."""
    return "'" + text if text.startswith(_ESCAPED_LEAD) else text
