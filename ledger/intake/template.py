"""An empty import workbook: headings, dropdowns, notes, and an example row that an import leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from .columns import EXAMPLE, SHEETS, Column, Form

_HEADING_FONT = Font(bold=True, color="FFFFFFFF")
_EXAMPLE_FONT = Font(italic=True, color="FF808080")
_HEADING_FILL = PatternFill("solid", start_color="FF7A1F1F", end_color="FF7A1F1F")
_OPTIONAL_FILL = PatternFill("solid", start_color="FF5B6770", end_color="FF5B6770")
_FORMATS = {Form.CODE: "@", Form.TEXT: "@", Form.CHOICE: "@", Form.DAY: "yyyy-mm-dd", Form.COUNT: "0"}
_OPTIONS = "选项"
_LAST_ROW = 1_048_576
_FORM_NOTES = {
    Form.TEXT: "文本",
    Form.CODE: "文本，半角",
    Form.COUNT: "非负整数",
    Form.DAY: "日期 yyyy-mm-dd",
    Form.CHOICE: "从下拉列表选",
}


def template(path: Path) -> Path:
    """Writes the template to `path` and returns it. It holds no data, so it can be filled in as it is."""
    book = Workbook()
    book.remove(book.active)
    options = _OptionSheet()
    for name, columns in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.row_dimensions[1].height = 30
        for index, column in enumerate(columns, start=1):
            _heading(sheet, index, column)
            if column.options:
                _dropdown(sheet, index, column, options)
            example = sheet.cell(row=2, column=index, value=_example(index, column))
            example.font = _EXAMPLE_FONT
            example.number_format = "@"
    options.write(book)
    book.save(path)
    return path


def heading_text(column: Column) -> str:
    """Required columns carry an asterisk."""
    return f"*{column.heading}" if column.required else column.heading


def _heading(sheet: Any, index: int, column: Column) -> None:
    cell = sheet.cell(row=1, column=index, value=heading_text(column))
    cell.font = _HEADING_FONT
    cell.fill = _HEADING_FILL if column.required else _OPTIONAL_FILL
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    cell.comment = Comment(_note(column), "定编", width=300, height=110)
    letter = get_column_letter(index)
    sheet.column_dimensions[letter].width = column.width
    sheet.column_dimensions[letter].number_format = _FORMATS[column.form]


def _example(index: int, column: Column) -> str | None:
    return f"{EXAMPLE} {column.example}" if index == 1 else column.example or None


def _note(column: Column) -> str:
    lines = [f"{'必填' if column.required else '选填'}；{_FORM_NOTES[column.form]}"]
    if column.example:
        lines.append(f"示例：{column.example}")
    if column.note:
        lines.append(column.note)
    return "\n".join(lines)


class _OptionSheet:
    """The lists behind the dropdowns: a list written into the cell rule itself may hold 255 characters only."""

    def __init__(self) -> None:
        self._lists: list[tuple[str, ...]] = []

    def reference(self, options: tuple[str, ...]) -> str:
        if options not in self._lists:
            self._lists.append(options)
        letter = get_column_letter(self._lists.index(options) + 1)
        return f"={_OPTIONS}!${letter}$1:${letter}${len(options)}"

    def write(self, book: Workbook) -> None:
        sheet = book.create_sheet(_OPTIONS)
        sheet.sheet_state = "hidden"
        for index, options in enumerate(self._lists, start=1):
            for row, option in enumerate(options, start=1):
                sheet.cell(row=row, column=index, value=option)


def _dropdown(sheet: Any, index: int, column: Column, options: _OptionSheet) -> None:
    rule = DataValidation(type="list", formula1=options.reference(column.options), allow_blank=not column.required)
    rule.error = "请从下拉列表选择"
    rule.errorTitle = column.heading
    letter = get_column_letter(index)
    rule.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.add_data_validation(rule)
