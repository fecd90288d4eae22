"""Single cells: what an import accepts and how an export is made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime

from ledger.spreadsheets.escaping import FORMULA_LEAD, escape_cell
from ledger.spreadsheets.parsing import FORMULA
from models.shape import UNSAFE_TEXT, plain_text

from .columns import Column, Form, shown, spelling

LARGEST_COUNT = 99_999
_DAY = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_WHOLE = re.compile(r"[0-9]{1,9}(?:\.0+)?")
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"})
# Beyond 15 digits a spreadsheet number has lost its last digits: the original cannot be recovered.
_EXACT = 10**15
_REMEMBERED = 5_000

Value = str | int | date | None


class Unfit(ValueError):
    """The cell cannot be taken; the text says why."""


def harmless(value: object) -> str | int | float | date | None:
    """Any cell value of a foreign workbook in a form that may be written into a copy."""
    if value is None or isinstance(value, (int, float, date)):
        return value
    return escape_cell(UNSAFE_TEXT.sub("\ufffd", str(value))[:32_000])


def reader_of(column: Column) -> Callable[[object], Value]:
    """`read_cell` for one column, which remembers what it read: most texts and days of a roster stand in many rows."""
    known: dict[object, Value] = {}

    def read(value: object) -> Value:
        if type(value) is not str and type(value) is not date:
            return read_cell(column, value)
        if value in known:
            return known[value]
        found = read_cell(column, value)
        if len(known) < _REMEMBERED:
            known[value] = found
        return found

    return read


def read_cell(column: Column, value: object) -> Value:
    """The value of one cell, or None when empty. Raises Unfit."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if value is FORMULA:
        raise Unfit("不得使用公式 · formulas are not accepted")
    if isinstance(value, bool):
        raise Unfit("不得为逻辑值 · must not be TRUE or FALSE")
    if not isinstance(value, (str, int, float, date)):
        raise Unfit("应为文本、整数或日期 · must be text, a number or a date")
    match column.form:
        case Form.COUNT:
            return _count(value)
        case Form.DAY:
            return _day(value)
        case Form.CODE:
            return unicodedata.normalize("NFKC", _text(value, column.limit)).upper()
        case Form.CHOICE:
            return _choice(column, _text(value, column.limit))
        case _:
            return _text(value, column.limit)


def _refuse_formula(text: str) -> None:
    if text.startswith(FORMULA_LEAD):
        raise Unfit(f"不得以“{text[0]!r}”开头（公式） · must not start like a formula".replace("'", ""))
    if text in _ERRORS:
        raise Unfit("单元格为错误值 · the cell holds a spreadsheet error")


def _text(value: str | float | date, limit: int) -> str:
    if isinstance(value, date):
        raise Unfit("应为文本，不是日期 · must be text, not a date")
    if isinstance(value, (int, float)):
        if not abs(value) < _EXACT:  # also catches not-a-number
            raise Unfit("数字过长已失真，须用文本格式 · number too long, format the cell as text")
        value = str(int(value)) if value == int(value) else str(value)
    _refuse_formula(value)
    if "\n" in value:
        raise Unfit("不得换行 · must be one line")
    try:
        text = plain_text(value).strip()
    except ValueError as fault:
        raise Unfit(str(fault)) from None
    if len(text) > limit:
        raise Unfit(f"超过{limit}字 · longer than {limit} characters")
    return text


def _count(value: str | float | date) -> int:
    if isinstance(value, date):
        raise Unfit("应为整数，不是日期 · must be a whole number, not a date")
    if isinstance(value, str):
        text = unicodedata.normalize("NFKC", value).strip()
        if re.fullmatch(r"-[0-9]+(?:\.0+)?", text):
            raise Unfit("不得为负数 · must not be negative")
        _refuse_formula(text)
        if not _WHOLE.fullmatch(text):
            raise Unfit("应为整数 · must be a whole number")
        value = float(text)
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise Unfit("应为整数 · must be a whole number")
    if value < 0:
        raise Unfit("不得为负数 · must not be negative")
    if value > LARGEST_COUNT:
        raise Unfit(f"不得大于{LARGEST_COUNT} · must not exceed {LARGEST_COUNT}")
    return int(value)


def _day(value: str | float | date) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else str(value)
    _refuse_formula(text)
    found = _DAY.fullmatch(text)
    if not found:
        raise Unfit("日期应为 yyyy-mm-dd · date must be yyyy-mm-dd")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        raise Unfit("没有这一天 · no such date") from None


def _choice(column: Column, text: str) -> str:
    found = (column.choices or {}).get(spelling(text))
    if found is None:
        raise Unfit(f"“{shown(text[:30])}”不在选项中 · not one of the choices")
    return found
