"""Single cells, and the table in the documentation."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.intake import escape_cell
from ledger.intake.cells import Unfit, read_cell
from ledger.intake.columns import SHEETS, Column, Form
from ledger.intake.numbers import unit_code_fault

DAY = Column("day", "日期", Form.DAY)
COUNT = Column("count", "数", Form.COUNT)
TEXT = Column("text", "文", Form.TEXT)
CODE = Column("code", "号", Form.CODE)


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "\r"])
def test_an_exported_cell_starts_no_formula(lead: str) -> None:
    assert escape_cell(f"{lead}cmd") == f"'{lead}cmd"


@given(st.text())
def test_an_escaped_cell_is_harmless_and_a_harmless_one_unchanged(text: str) -> None:
    escaped = escape_cell(text)
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert escaped.removeprefix("'") == text.removeprefix("'") or escaped == text


@pytest.mark.parametrize(
    "value",
    [
        "2020-03-01",
        "2020/3/1",
        "2020.03.01",
        "2020年3月1日",
        "20200301",
        20200301,
        "２０２０-０３-０１",
        datetime(2020, 3, 1, 8),  # noqa: DTZ001 - a spreadsheet knows no time zone
        date(2020, 3, 1),
    ],
)
def test_days_are_read_as_officials_write_them(value: object) -> None:
    assert read_cell(DAY, value) == date(2020, 3, 1)


@pytest.mark.parametrize("value", ["3/1/2020", "2020-3", 43891, "昨天", "2020-02-30", 1.5, float("nan")])
def test_other_days_are_not_guessed(value: object) -> None:
    with pytest.raises(Unfit):
        read_cell(DAY, value)


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), (3.0, 3), ("3", 3), ("３", 3), ("3.0", 3), (0, 0), (None, None), (" ", None)]
)
def test_counts(value: object, number: int | None) -> None:
    assert read_cell(COUNT, value) == number


@pytest.mark.parametrize(
    "value", [-1, "-1", 1.5, "1.5", "1e3", True, float("nan"), float("inf"), 10**9, date(2020, 1, 1), "=1"]
)
def test_what_is_no_count(value: object) -> None:
    with pytest.raises(Unfit):
        read_cell(COUNT, value)


@given(
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.dates(), st.datetimes(), st.times())
)
def test_no_cell_value_breaks_the_reader(value: object) -> None:
    for columns in SHEETS.values():
        for column in columns:
            with contextlib.suppress(Unfit):
                read_cell(column, value)


def test_codes_are_read_half_width_and_upper_case() -> None:
    assert read_cell(CODE, " ９９９９９９19781130103ｘ ") == "99999919781130103X"


def test_texts_are_composed() -> None:
    assert read_cell(TEXT, "e\u0301") == "\u00e9"


@pytest.mark.parametrize(
    ("code", "sound"),
    [
        ("91350100M000100Y43", True),
        ("91350100M000100Y44", False),
        ("91350100M000100Y4", False),
        ("91350100M000100I43", False),
        ("９1350100M000100Y43", False),
    ],
)
def test_credit_codes(code: str, sound: bool) -> None:
    assert (unit_code_fault(code) is None) is sound


def test_the_documentation_names_every_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "import.md").read_text(encoding="utf-8")
    for sheet, columns in SHEETS.items():
        section = text.split(f"### {sheet}\n", 1)[1].split("\n##", 1)[0]
        rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")][1:]
        assert rows == [f"{column.heading}{' *' if column.required else ''}" for column in columns]
