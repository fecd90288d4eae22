"""文号登记簿 and 发文登记簿: what became of every number, as a list, as files, and as the book that is printed."""

from __future__ import annotations

import csv
import io
from datetime import date
from html import unescape
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session

from ledger import log
from models.documents import DocumentContext
from models.enums import DocumentKind
from models.register import Record, Series
from records import register
from records.register import Draft
from tests.records.conftest import context_for
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, FINANCE, RESEARCH, SUPERVISOR, Office

FORMULA = '=HYPERLINK("http://x","甲")'


def numbered(s: Session, case: str, series: str = "示编核", on: date = date(2026, 3, 10), **more: Any) -> Record:
    fields: dict[str, Any] = {
        "kind": DocumentKind.VERIFICATION_SLIP,
        "series": series,
        "title": "核定单",
        "case_id": case,
        "step": "issue",
        "round": 1,
        "subject": "",
        "unit": RESEARCH,
        "issued_on": on,
        "issuer": "示范市机构编制委员会办公室",
        "template_digest": "0" * 64,
    }
    return register.prepare(s, Draft(**fields | more), _context)


def _context(number: str, code: str) -> DocumentContext:
    return context_for()(number, code)


@pytest.fixture
def five(office: Office) -> list[Record]:
    """1 void, 2 superseded by 3, 3 destroyed, 4 with a formula for a title; another series and another year beside."""
    with office.database.write() as s:
        rows = [numbered(s, f"c{n}", title=FORMULA if n == 4 else f"公文之{n}") for n in range(1, 5)]
        for place, row in enumerate(rows[1:], 2):
            register.file(s, row.id, f"{place:064x}", 1, office.now)
        register.void(s, rows[0].id, "填写有误", office.now)
        register.supersede(s, rows[1].id, rows[2].id, office.now)
        destroyed = s.get(Record, rows[2].id)
        assert destroyed is not None
        destroyed.disposed_at = office.now
        s.add(destroyed)
        rows.append(numbered(s, "other", series="示编出", title="另一代字"))
        numbered(s, "older", on=date(2025, 12, 31), title="上一年度")
        log.append(s, office.now)
    return rows


COLUMNS = "f_series=示编核&f_year=2026"


async def test_the_register_tells_what_became_of_every_number(counter: Counter, five: list[Record]) -> None:
    async with counter.browser(SUPERVISOR) as b:
        page = text_of(await b.get(f"/numbers/list?{COLUMNS}"))
    for wanted in ("作废原因", "填写有误", "替代文号", "示编核〔2026〕3号", "销毁时间", "2026-03-02"):
        assert wanted in page
    assert "上一年度" not in page
    assert "另一代字" not in page


async def test_it_is_exported_whole_with_every_reason_and_no_formula(counter: Counter, five: list[Record]) -> None:
    async with counter.browser(SUPERVISOR) as b:
        as_csv = await b.get(f"/numbers/export?format=csv&{COLUMNS}")
        as_book = await b.get(f"/numbers/export?format=xlsx&{COLUMNS}")
    table = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(as_book.content)).active
    assert sheet is not None
    cells = [["" if value is None else str(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    assert cells == table
    by_number = {row["文号"]: row for row in (dict(zip(table[0], each, strict=True)) for each in table[1:])}
    assert list(by_number) == [f"示编核〔2026〕{n}号" for n in (4, 3, 2, 1)]
    first, second, third, fourth = (by_number[f"示编核〔2026〕{n}号"] for n in range(1, 5))
    assert (first["状态"], first["作废原因"], first["归档时间"]) == ("作废", "填写有误", "")
    assert (second["状态"], second["替代文号"]) == ("已被替代", "示编核〔2026〕3号")
    assert third["销毁时间"].startswith("2026-03-02")
    assert fourth["标题"] == f"'{FORMULA}"


async def test_the_book_of_a_year_stands_series_by_series_from_its_first_number(
    counter: Counter, office: Office, five: list[Record]
) -> None:
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/numbers/book?year=2026")
        said = unescape(text_of(page))
        assert [said.index(f"示编核〔2026〕{n}号") for n in range(1, 5)] == sorted(
            said.index(f"示编核〔2026〕{n}号") for n in range(1, 5)
        )
        for wanted in ("填写有误", "由示编核〔2026〕3号替代", "2026-03-02已销毁", "共4号", "另一代字", FORMULA):
            assert wanted in said, wanted
        assert "上一年度" not in said
        with office.database.read() as s:
            head = log.head(s)
        assert f"存证日志共{head.size}行" in said
        assert head.root in said
        assert head.record_rows == 5  # three filed, two acts
        one = text_of(await b.get("/numbers/book?year=2026&series=示编出"))
        assert "另一代字" in one
        assert "公文之1" not in one
        assert "本年度没有编号" in text_of(await b.get("/numbers/book?year=2024"))


async def test_a_gap_is_told_in_the_book(counter: Counter, office: Office, five: list[Record]) -> None:
    with office.database.write() as s:
        series = s.get(Series, ("示编核", 2026))
        assert series is not None
        series.last = 6
        s.add(series)
    async with counter.browser(SUPERVISOR) as b:
        assert "缺号，请核查：示编核〔2026〕5号、示编核〔2026〕6号" in text_of(await b.get("/numbers/book?year=2026"))


@pytest.mark.parametrize("asked", ["year=20261", "year=二〇二六", "year=2026&series=" + "长" * 41, "series=%00"])
async def test_an_odd_question_is_refused(counter: Counter, asked: str) -> None:
    async with counter.browser(SUPERVISOR) as b:
        assert (await b.get(f"/numbers/book?{asked}")).status_code in (400, 422)


async def test_the_book_is_for_whom_the_register_is(counter: Counter, five: list[Record]) -> None:
    async with counter.browser() as b:
        answer = await b.get("/numbers/book")
        assert (answer.status_code, "/login" in answer.headers["location"]) == (303, True)
    for officer in (APPLICANT, FINANCE):
        async with counter.browser(officer) as b:
            assert (await b.get("/numbers/book")).status_code == 403
