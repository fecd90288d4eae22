"""The booklet of 《机构编制管理证》: every fact of the register stands in it, and it grows linearly."""

from __future__ import annotations

import io
import re
import time
import zipfile
from datetime import date

import pytest
from docx import Document
from docx.document import Document as DocumentType
from docx.table import Table
from sqlmodel import Session

from ledger import corrections, entries, exits, postings
from ledger.db import Database
from models.booklet import CertificateBookletContext
from models.certificate import CertificateFacts
from models.enums import DocumentKind, ExitReason, RecordState, Resource, UnitKind
from models.register import Record
from records import certificate
from records.certificate import Maker
from records.render import Renderer
from rules.deadlines import chinese_date
from tests.ledger.test_certificate import ADMIN, CHIEF, D1, D2, D5, appointed, cause, old_unit
from tests.support.ledger import OTHER, UNIT, done, person, seed_unit

KIND = DocumentKind.CERTIFICATE_BOOKLET
MAKER = Maker("示范市委编办", "https://dingbian.example.cn", date(2026, 4, 1), "陈思远")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def page(seq: int, on: date, state: RecordState = RecordState.VALID, unit: str = UNIT) -> Record:
    return Record(
        id=f"r-{unit}-{seq}", series="示编证", year=2026, seq=seq, number=f"示编证〔2026〕{seq}号", kind="certificate",
        title="机构编制管理证登记页", case_id=f"case-{seq}", step="enter", round=1, subject="A", unit=unit,
        issued_on=on, issuer="示范市委编办", officers="{}", code=f"7K3M-9QXT-2H8B-{seq:04d}", context_sealed=b"x",
        template_digest="0" * 64, retention="permanent", state=state.value,
    )  # fmt: skip


@pytest.fixture
def grown(database: Database) -> Database:
    with database.write() as s:
        seed_unit(s, name="示范市数据局")
        seed_unit(s, OTHER, holder=UNIT, name="示范市大数据中心")
        done(postings.authorise(s, UNIT, ADMIN, 5, cause(D1, "quota")))
        done(postings.authorise(s, OTHER, CHIEF, 1, cause(D1, "chief")))
        done(entries.appoint(s, UNIT, [ADMIN, CHIEF], person(1), cause(D1, "one")))
        two = done(entries.appoint(s, UNIT, [ADMIN], person(2), cause(D1, "two")))
        done(corrections.counter(s, UNIT, two.rows[0].seq, cause(D2, "error")))
        wrong = done(postings.authorise(s, UNIT, ADMIN, 3, cause(D2, "wrong")))
        done(corrections.counter(s, UNIT, wrong.rows[0].seq, cause(D2, "right")))
        s.add(page(3, D1))
        s.add(page(4, D2, RecordState.VOID))
        s.add(page(5, date(2026, 4, 9)))
        s.add(page(6, D1, unit=OTHER))
    return database


def facts_of(s: Session, day: date = D5, unit: str = UNIT) -> CertificateFacts:
    found = certificate.facts(s, unit, day)
    assert found is not None
    return found


def opened(data: bytes) -> DocumentType:
    return Document(io.BytesIO(data))


def table_after(document: DocumentType, heading: str, nth: int = 0) -> Table:
    """The first table behind the paragraph of that text (the `nth` of its kind)."""
    seen = -1
    for element in document.element.body:
        if element.tag == f"{W}p" and "".join(element.itertext()).startswith(heading):
            seen += 1
        if element.tag == f"{W}tbl" and seen >= nth:
            return Table(element, document)
    raise AssertionError(heading)


def cells(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def text_of(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name).decode() for name in archive.namelist() if re.match("word/(doc|foot)", name)]
    return re.sub("<[^>]*>", "", "".join(parts))


def test_every_fact_of_the_register_stands_in_the_document(grown: Database, renderer: Renderer) -> None:
    with grown.read() as s:
        found = facts_of(s)
    document = opened(renderer.render(KIND, certificate.context(found, MAKER)))
    quotas = cells(table_after(document, "核定与变更"))
    assert quotas[0][:3] == ["行次", "日期", "编制（职数）"]
    assert [row[0] for row in quotas[1:]] == [str(each.seq) for each in found.quotas if each.resource is ADMIN]
    assert [(row[3], row[4], row[5]) for row in quotas[1:]] == [
        ("核定", "+5", "5"),
        ("核定", "+3", "8"),
        (f"冲正第{found.quotas[-1].corrects}行", "-3", "5"),
    ]
    assert quotas[1][1] == chinese_date(D1)
    assert quotas[1][6] == "示编发〔2026〕1号\n示范市委编委"
    posts = cells(table_after(document, "核定与变更", 1))
    assert posts[1][2:6] == ["内设机构正职", "核定（示范市大数据中心）", "+1", "1"]
    assert cells(table_after(document, "编制（截至"))[1] == ["行政编制", "5", "1", "0", "0", "4"]
    assert cells(table_after(document, "领导职数（截至"))[1] == ["内设机构正职", "1", "1", "0", "0", "0"]
    people = cells(table_after(document, "人员落（出）编登记"))[1:]
    assert people == [
        ["1", "张三1\n男", f"1990年5月\n{found.persons[0].identity_masked}", "行政编制\n—", "四级主任科员",
         f"{chinese_date(D1)}\n示编发〔2026〕1号", "\n"],
        ["2", "张三1\n男", f"1990年5月\n{found.persons[0].identity_masked}", "内设机构正职\n—", "四级主任科员",
         f"{chinese_date(D1)}\n示编发〔2026〕1号", "\n"],
        ["3", "张三2\n男", f"1990年5月\n{found.persons[2].identity_masked}", "行政编制\n—", "四级主任科员",
         f"{chinese_date(D1)}\n示编发〔2026〕1号", "\n登记有误，已冲正"],
    ]  # fmt: skip
    pages = cells(table_after(document, "已发编号页"))[1:]
    assert pages == [
        ["1", "示编证〔2026〕3号", chinese_date(D1), "7K3M-9QXT-2H8B-0003", "有效"],
        ["2", "示编证〔2026〕4号", chinese_date(D2), "7K3M-9QXT-2H8B-0004", "作废"],
    ]
    basics = {row[0]: row[3] for row in cells(table_after(document, "机构基本情况"))}
    assert basics["单位名称"] == "示范市数据局"
    assert basics["共用编制"] == "示范市大数据中心"


def test_the_sequence_the_head_and_the_day_are_printed_and_no_number_is(grown: Database, renderer: Renderer) -> None:
    with grown.read() as s:
        found = facts_of(s, D1)
    context = certificate.context(found, MAKER)
    assert (context.number, context.case_no, context.seal.code) == ("", "", "")
    text = text_of(renderer.render(KIND, context))
    assert f"本件为截至{chinese_date(D1)}的摘录，编号页以登记为准" in text
    assert f"台账链第{found.chain_seq}行" in text
    assert text.count(found.chain_head) == 2  # on every page at the foot, and in the record of checks
    assert f"https://dingbian.example.cn/api/v1/units/{UNIT}/certificate/facts?as_of=2026-03-02" in text
    assert "打印：陈思远" in text
    assert "示编证〔2026〕4号" not in text


def test_only_masked_numbers_are_printed(grown: Database, renderer: Renderer) -> None:
    with grown.read() as s:
        found = facts_of(s)
    text = text_of(renderer.render(KIND, certificate.context(found, MAKER)))
    assert re.findall(r"[0-9]{17}[0-9X]", text.replace(UNIT, "").replace(found.chain_head, "")) == []
    assert re.findall(r"[0-9]{6}\*{10}[0-9X]{2}", text)


@pytest.mark.parametrize(
    ("kind", "title", "shade"),
    [
        (UnitKind.ORGAN, "党政群机关", "FF0000"),
        (UnitKind.MIXED, "党政群机关", "FF0000"),
        (UnitKind.CIVIL_SERVICE_LIKE, "事业单位", "1F3F8F"),
        (UnitKind.INSTITUTION, "事业单位", "1F3F8F"),
    ],
)
def test_the_cover_is_red_for_organs_and_blue_for_institutions(
    grown: Database, renderer: Renderer, kind: UnitKind, title: str, shade: str
) -> None:
    with grown.read() as s:
        found = facts_of(s)
    unit = found.unit.model_copy(update={"kind": kind, "kind_label": kind.label})
    context = certificate.context(found.model_copy(update={"unit": unit}), MAKER)
    document = opened(renderer.render(KIND, context))
    cover = [each for each in document.paragraphs if each.text == "机构编制管理证"]
    assert len(cover) == 1
    assert str(cover[0].style.font.color.rgb) == shade  # type: ignore[union-attr]
    assert [each.text for each in document.paragraphs if each.text == f"（{title}）"]


def test_headings_repeat_and_rows_do_not_split(renderer: Renderer, grown: Database) -> None:
    with grown.read() as s:
        document = opened(renderer.render(KIND, certificate.context(facts_of(s), MAKER)))
    for heading in ("机构变更登记", "内设机构及职数", "核定与变更", "人员落（出）编登记", "已发编号页"):
        first, *others = table_after(document, heading)._tbl.tr_lst
        assert first.find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in (first, *others))


def test_the_same_facts_give_the_same_bytes(grown: Database) -> None:
    with grown.read() as s:
        once, again = (Renderer().render(KIND, certificate.context(facts_of(s), MAKER)) for _ in range(2))
    assert once == again


def test_a_unit_of_twenty_years_is_gathered_and_rendered_in_seconds(database: Database, renderer: Renderer) -> None:
    with database.write() as s:
        old_unit(s, 2500)
        for seq in range(1, 1001):
            s.add(page(seq, D1))
    with database.read() as s:
        begun = time.perf_counter()
        data = renderer.render(KIND, certificate.context(facts_of(s), MAKER))
        seconds = time.perf_counter() - begun
    assert seconds < 5
    document = opened(data)
    assert len(table_after(document, "人员落（出）编登记").rows) == 2501
    assert len(table_after(document, "已发编号页").rows) == 1001


def test_rendering_is_linear(renderer: Renderer, database: Database) -> None:
    with database.write() as s:
        old_unit(s, 500)
    with database.read() as s:
        context = certificate.context(facts_of(s), MAKER)
    spent = {}
    for times in (1, 10):
        many = context.model_copy(update={"persons": context.persons * times})
        assert isinstance(many, CertificateBookletContext)
        spent[times] = min(_seconds(renderer, many) for _ in range(3))
    assert spent[10] < 20 * spent[1]


def _seconds(renderer: Renderer, context: CertificateBookletContext) -> float:
    begun = time.perf_counter()
    renderer.render(KIND, context)
    return time.perf_counter() - begun


def test_a_unit_with_nothing_but_a_chain_has_a_whole_booklet(database: Database, renderer: Renderer) -> None:
    with database.write() as s:
        seed_unit(s)
        done(postings.authorise(s, UNIT, Resource.WORKER, 1, cause(D1, "one")))
    with database.read() as s:
        text = text_of(renderer.render(KIND, certificate.context(facts_of(s), MAKER)))
    for said in ("建账以来没有变更。", "没有登记内设机构。", "没有核定领导职数。", "截至该日没有发出编号页。"):
        assert said in text


def test_an_exit_prints_its_day_and_reason(database: Database, renderer: Renderer) -> None:
    with database.write() as s:
        seed_unit(s, accounts={ADMIN: 2})
        ref = appointed(s, person(1), D1, ADMIN)
        done(exits.leave(s, UNIT, ref, "both", ExitReason.RETIREMENT, cause(D2, "leave")))
    with database.read() as s:
        document = opened(renderer.render(KIND, certificate.context(facts_of(s), MAKER)))
    assert cells(table_after(document, "人员落（出）编登记"))[1][-1] == f"{chinese_date(D2)}\n退休"
