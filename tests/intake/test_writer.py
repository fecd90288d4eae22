"""Workbooks of our own, read back by openpyxl, which refuses what is not in order."""

from __future__ import annotations

import re
import tempfile
import zipfile
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from ledger.spreadsheets.reader import open_tables
from ledger.spreadsheets.writer import MOST_ROWS, BookWriter, Cell, Style, Styled


def written(path: Path, rows: list[list[Cell]], **options: int) -> Path:
    with (
        path.open("wb") as out,
        BookWriter(out) as book,
        book.sheet("表 <&\"'>", (10, 20), **options) as sheet,
    ):
        for row in rows:
            sheet.append(row)
    return path


def test_values_come_back_as_they_were(tmp_path: Path) -> None:
    row: list[Cell] = ["文 <&> 本", "  两端空格 ", "换\n行", 3, -2.5, True, date(2020, 3, 1), None, "=1", "x" * 40_000]
    book = load_workbook(written(tmp_path / "x.xlsx", [["头"], row]))
    assert book.sheetnames == ["表 <&\"'>"]
    sheet = book.worksheets[0]
    found = [cell.value for cell in sheet[2]]
    assert found[:6] == row[:6]
    assert found[6].date() == date(2020, 3, 1)
    assert sheet["G2"].number_format == "yyyy\\-mm\\-dd"
    assert found[7] is None
    assert (found[8], len(found[9])) == ("=1", 32_767)
    assert sheet["I2"].data_type == "f" or sheet["I2"].value == "=1"
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["B"].width == 20


def test_a_text_is_never_a_formula_in_the_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(written(tmp_path / "x.xlsx", [["=1+1"]])) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")


def test_what_xml_cannot_hold_is_shown_as_a_box(tmp_path: Path) -> None:
    book = load_workbook(written(tmp_path / "x.xlsx", [["a\x00b\x0bc\ud800d\ufffe"]]))
    assert book.worksheets[0]["A1"].value == "a□b□c□d□"


def test_days_before_the_leap_day_that_never_was_are_text(tmp_path: Path) -> None:
    days: list[Cell] = [date(1900, 2, 28), date(1900, 3, 1), date(1, 1, 1)]
    sheet = load_workbook(written(tmp_path / "x.xlsx", [days])).worksheets[0]
    assert sheet["A1"].value == "1900-02-28"
    assert sheet["B1"].value.date() == date(1900, 3, 1)
    assert sheet["C1"].value == "0001-01-01"


def test_marks_notes_and_filter(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [
        [Styled("头", Style.HEADING), "二"],
        [Styled("错", Style.FAULT, "为何 <错>\n第二行"), Styled(date(2020, 1, 1), Style.FAULT, "日")],
        [Styled(None, Style.FAULT)],
    ]
    path = written(tmp_path / "x.xlsx", rows, filtered=2)
    sheet = load_workbook(path).worksheets[0]
    assert sheet["A1"].font.b
    assert [sheet[cell].fill.start_color.rgb for cell in ("A2", "B2", "A3")] == ["FFFFC7CE"] * 3
    assert sheet["A2"].comment.text == "为何 <错>\n第二行"
    assert sheet["B2"].comment.text == "日"
    assert sheet["B2"].value.date() == date(2020, 1, 1)
    assert sheet["A2"].number_format == "@"
    assert sheet.auto_filter.ref == "A1:B3"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))  # noqa: S314 - our own
        drawing = archive.read("xl/drawings/vmlDrawing1.vml").decode()
    assert re.findall(r"<x:Row>(\d+)</x:Row><x:Column>(\d+)</x:Column>", drawing) == [("1", "0"), ("1", "1")]


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_text_comes_back(texts: list[str]) -> None:
    kept = [re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "□", text) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        sheet = load_workbook(written(Path(folder) / "x.xlsx", [["头", *texts, "尾"]])).worksheets[0]
        found = [cell.value or "" for cell in sheet[1]]
    # Line ends are one to XML, as they are to a spreadsheet.
    assert found == ["头", *kept, "尾"]


def test_a_row_beyond_what_a_sheet_holds_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "x.xlsx").open("wb") as out, BookWriter(out) as book, book.sheet("表") as sheet:
        sheet.append(["最后"], MOST_ROWS)
        with pytest.raises(ValueError, match="1,048,576"):
            sheet.append(["再"])
    assert load_workbook(tmp_path / "x.xlsx").worksheets[0].max_row == MOST_ROWS


def test_what_the_writer_writes_the_reader_takes(tmp_path: Path) -> None:
    row: list[Cell] = ["文", 1, 2.5, date(2020, 3, 1), None, False]
    with open_tables(written(tmp_path / "x.xlsx", [row])) as tables:
        [(_, cells)] = tables.rows(tables.names[0])
    assert cells == tuple(row)


@pytest.mark.filterwarnings("error")
def test_a_book_that_is_broken_off_is_no_workbook_and_tells_the_first_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with (
        pytest.raises(KeyError, match="first"),
        path.open("wb") as out,
        BookWriter(out) as book,
        book.sheet("表"),
    ):
        raise KeyError("first")
    with zipfile.ZipFile(path) as archive:
        assert "xl/workbook.xml" not in archive.namelist()
