"""The page of an official record: who sees it, what it says, its pictures and its file."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from console.permissions import PAGES as PERMITTED
from console.views.record import Pictures
from models.docket import RecordView
from models.enums import DocumentKind, RenditionKind
from models.register import Record
from models.renditions import PDF, RenditionView
from models.sealing import digest
from records import preview
from records.signed import SigningFault
from runtime.renditions import Shelf
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, FINANCE, OTHER_APPLICANT, REGISTRAR, SUPERVISOR, Office
from tests.support.signing import plain_pdf

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

    def pdf(document: bytes, beat: object = None) -> bytes:
        seen.append(document)
        return b"%PDF-1.6 of " + document[:40] + document[-40:]

    monkeypatch.setattr(preview, "to_pdf", pdf)
    monkeypatch.setattr(preview, "pages_of", lambda _pdf: PAGES)
    monkeypatch.setattr(preview, "provider", lambda: "LibreOffice 7.4.7.2")
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
    def missing(document: bytes, beat: object = None) -> bytes:
        raise preview.PreviewUnavailable("not installed")

    monkeypatch.setattr(preview, "to_pdf", missing)
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


async def test_the_page_lists_the_forms_with_their_digests(
    counter: Counter, filed: Record, converted: list[bytes]
) -> None:
    async with counter.browser(EXAMINER) as b:
        before = text_of(await b.get(f"/records/{filed.id}"))
        pdf = (await b.get(f"/records/{filed.id}/pdf")).content
        shown = text_of(await b.get(f"/records/{filed.id}"))
    assert digest(pdf) not in before
    for said in ("文件形式", "原件", str(filed.digest), digest(pdf), "LibreOffice 7.4.7.2", "没有设置签章服务"):
        assert said in shown
    async with counter.browser(EXAMINER, language="en") as b:
        english = text_of(await b.get(f"/records/{filed.id}"))
    assert "Forms of the document" in english
    assert "No signing provider is set up here" in english


async def test_the_registrar_sends_a_record_to_be_signed(
    counter: Counter, office: Office, filed: Record, converted: list[bytes]
) -> None:
    sealed, faults = plain_pdf(b"sealed"), [SigningFault("timeout", "签章超时 · signing took too long")]

    def sign(record: RecordView, made_by: str, *, again: bool = False) -> RenditionView:
        if faults:
            raise faults.pop()
        shelf = Shelf(office.database, office.store, lambda: office.now)
        return shelf.keep(record.id, RenditionKind.SIGNED, PDF, sealed, made_by, "seal", again=again)

    counter.runtime.sign = sign
    for officer in (EXAMINER, APPLICANT, SUPERVISOR):
        async with counter.browser(officer) as b:
            assert "送签章" not in text_of(await b.get(f"/records/{filed.id}"))
            assert (await b.post(f"/records/{filed.id}/signature", {})).status_code == 403
    async with counter.browser(REGISTRAR) as b:
        assert "送签章" in text_of(await b.get(f"/records/{filed.id}"))
        assert (await b.http.post(f"/console/records/{filed.id}/signature")).status_code == 403  # without the token
        refused = await b.post(f"/records/{filed.id}/signature", {}, follow_redirects=True)
        assert "签章超时" in text_of(refused)
        done = text_of(await b.post(f"/records/{filed.id}/signature", {}, follow_redirects=True))
        assert "签章件已存下" in done
        assert digest(sealed) in done
        assert "送签章" not in done
        assert (await b.get(f"/records/{filed.id}/signed")).content == sealed
    async with counter.browser(OTHER_APPLICANT) as b:
        for part in ("signed", "pdf"):
            assert (await b.get(f"/records/{filed.id}/{part}")).status_code == 404
    async with counter.browser() as b:
        upload = {"file": ("a.pdf", sealed, PDF)}
        told = await b.http.post("/console/verify", files=upload, data={"csrftoken": await b.token()})
        assert "有效" in text_of(told)
        assert "签章件" in text_of(told)
        assert filed.number in text_of(told)


async def test_a_void_record_is_not_offered_for_signing(counter: Counter, office: Office, filed: Record) -> None:
    counter.runtime.sign = lambda *_, **__: (_ for _ in ()).throw(AssertionError("not to be asked"))
    _changed(office, filed.id, state="void", void_reason="填写有误")
    async with counter.browser(REGISTRAR) as b:
        assert "送签章" not in text_of(await b.get(f"/records/{filed.id}"))


def test_the_pictures_that_were_not_looked_at_longest_are_forgotten() -> None:
    kept = Pictures(most=2)
    kept.put("a", [b"1"])
    kept.put("b", [b"2"])
    assert kept.get("a") == [b"1"]
    kept.put("c", [b"3"])
    assert kept.get("b") is None
    assert kept.get("a") == [b"1"]
