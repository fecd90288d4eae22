"""The page of an official record: who sees it, what it says, its pictures and its file."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from console.permissions import PAGES as PERMITTED
from console.views.record import Pictures
from models.enums import DocumentKind
from models.register import Record
from records import preview
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, FINANCE, OTHER_APPLICANT, SUPERVISOR, Office

PAGES = [b"\x89PNG one", b"\x89PNG two"]


@pytest.fixture
def filed(office: Office) -> Record:
    """The verification slip of a case, in the store."""
    case_id = office.opened()
    office.issued(case_id)
    with office.database.read() as s:
        rows = s.exec(select(Record).where(Record.case_id == case_id, Record.kind == "verification_slip"))
        return rows.one()


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was converted: no test waits for LibreOffice."""
    seen: list[bytes] = []

    def pictures(document: bytes) -> list[bytes]:
        seen.append(document)
        return PAGES

    monkeypatch.setattr(preview, "to_pngs", pictures)
    return seen


def _changed(office: Office, identity: str, **fields: object) -> None:
    with office.database.write() as s:
        row = s.get(Record, identity)
        assert row is not None
        for name, value in fields.items():
            setattr(row, name, value)
        s.add(row)


async def test_the_page_says_what_the_record_is(counter: Counter, filed: Record) -> None:
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/records/{filed.id}")
    shown = text_of(page)
    assert page.status_code == 200
    for said in (filed.number, filed.title, filed.issuer, filed.code, "有效", str(filed.digest), "下载原件"):
        assert said in shown
    assert filed.id not in shown
    assert page.text.count("<svg") >= 1
    assert "用编2026-00001" in shown


async def test_the_registers_address_of_a_row_leads_to_the_page(counter: Counter, filed: Record) -> None:
    async with counter.browser(EXAMINER) as b:
        listed = await b.get("/records/list")
        assert f"/console/records/{filed.id}" in listed.text
        answer = await b.get("/records/detail", params={"pk": filed.id})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(f"/console/records/{filed.id}")
        assert (await b.get("/records/detail?pk=../../etc")).status_code == 404


@pytest.mark.parametrize("part", ["", "/file", "/preview", "/pages/1.png"])
async def test_an_officer_of_another_unit_finds_no_such_record(
    counter: Counter, filed: Record, converted: list[bytes], part: str
) -> None:
    async with counter.browser(EXAMINER) as b:  # the pictures are kept now
        assert (await b.get(f"/records/{filed.id}/preview")).status_code == 200
    async with counter.browser(OTHER_APPLICANT) as b:
        assert (await b.get(f"/records/{filed.id}{part}")).status_code == 404
        assert (await b.get(f"/records/{'0' * 32}{part}")).status_code == 404
    async with counter.browser(APPLICANT) as b:
        assert (await b.get(f"/records/{filed.id}{part}")).status_code == 200
    async with counter.browser() as b:
        assert (await b.get(f"/records/{filed.id}{part}")).status_code == 303


async def test_the_offices_own_notes_are_not_for_units_nor_for_finance(
    counter: Counter, office: Office, filed: Record
) -> None:
    _changed(office, filed.id, kind="phone_record")
    for officer, status in ((APPLICANT, 404), (FINANCE, 404), (EXAMINER, 200), (SUPERVISOR, 200)):
        async with counter.browser(officer) as b:
            assert (await b.get(f"/records/{filed.id}")).status_code == status
            listed = await b.get("/records/list")
            assert (filed.number in listed.text) is (status == 200)


async def test_the_file_is_the_one_that_was_filed(counter: Counter, office: Office, filed: Record) -> None:
    async with counter.browser(EXAMINER) as b:
        answer = await b.get(f"/records/{filed.id}/file")
    assert answer.content == office.store.get(str(filed.digest))
    assert "no-store" in answer.headers["cache-control"]
    assert "attachment" in answer.headers["content-disposition"]


async def test_pages_are_shown_with_words_and_converted_once(
    counter: Counter, filed: Record, converted: list[bytes]
) -> None:
    async with counter.browser(EXAMINER) as b:
        part = await b.get(f"/records/{filed.id}/preview")
        assert part.text.count("<img") == 2
        assert f"{filed.number} 第1页，共2页" in part.text
        picture = await b.get(f"/records/{filed.id}/pages/2.png")
        assert picture.content == PAGES[1]
        assert picture.headers["content-type"] == "image/png"
        assert (await b.get(f"/records/{filed.id}/pages/3.png")).status_code == 404
    async with counter.browser(SUPERVISOR) as b:
        await b.get(f"/records/{filed.id}/preview")
    assert len(converted) == 1


async def test_without_libreoffice_the_page_says_so_and_offers_the_document(
    counter: Counter, filed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(document: bytes) -> list[bytes]:
        raise preview.PreviewUnavailable("not installed")

    monkeypatch.setattr(preview, "to_pngs", missing)
    async with counter.browser(EXAMINER) as b:
        part = await b.get(f"/records/{filed.id}/preview")
        assert part.status_code == 200
        assert "下载原件" in text_of(part)
        assert (await b.get(f"/records/{filed.id}/pages/1.png")).status_code == 503


async def test_a_void_number_and_a_superseded_record_say_so(counter: Counter, office: Office, filed: Record) -> None:
    _changed(office, filed.id, state="void", void_reason="填写有误")
    async with counter.browser(EXAMINER) as b:
        shown = text_of(await b.get(f"/records/{filed.id}"))
    assert "本文号已作废" in shown
    assert "填写有误" in shown
    with office.database.write() as s:
        other = _successor(s, filed)
    _changed(office, filed.id, state="superseded", superseded_by=other)
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/records/{filed.id}")
        assert f"/console/records/{other}" in page.text
        assert "本文已被替代" in text_of(page)
        assert 'rel="next"' in page.text
    async with counter.browser(APPLICANT) as b:
        assert 'rel="next"' not in (await b.get(f"/records/{filed.id}")).text


async def test_a_neighbour_that_one_may_not_see_is_not_named(
    counter: Counter, office: Office, filed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMITTED, "numbers", PERMITTED["records"])
    with office.database.write() as s:
        other = _successor(s, filed)
    async with counter.browser(APPLICANT) as b:
        assert 'rel="next"' in (await b.get(f"/records/{filed.id}")).text
        _changed(office, other, kind=DocumentKind.PHONE_RECORD.value)
        page = await b.get(f"/records/{filed.id}")
    assert page.status_code == 200
    assert 'rel="next"' not in page.text
    async with counter.browser(SUPERVISOR) as b:
        assert 'rel="next"' in (await b.get(f"/records/{filed.id}")).text


def _successor(s: Session, former: Record) -> str:
    identity = "f" * 32
    fields = former.model_dump() | {
        "id": identity,
        "seq": former.seq + 1,
        "number": f"{former.series}〔{former.year}〕{former.seq + 1}号",
        "subject": "again",
        "code": "0000-0000-0000-0000",
        "issued_on": date(2026, 3, 3),
        "chain_seq": None,
        "state": "valid",
    }
    s.add(Record(**fields))
    return identity


async def test_what_has_no_file_says_why(counter: Counter, office: Office, filed: Record) -> None:
    _changed(office, filed.id, digest=None, size=None, state="numbered")
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/records/{filed.id}")
        assert "文件正在生成" in text_of(page)
        assert "下载原件" not in text_of(page)
        assert (await b.get(f"/records/{filed.id}/file")).status_code == 409


def test_the_pictures_that_were_not_looked_at_longest_are_forgotten() -> None:
    kept = Pictures(most=2)
    kept.put("a", [b"1"])
    kept.put("b", [b"2"])
    assert kept.get("a") == [b"1"]
    kept.put("c", [b"3"])
    assert kept.get("b") is None
    assert kept.get("a") == [b"1"]
