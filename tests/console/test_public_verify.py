"""The public page: anybody may ask whether a paper is genuine, and learns nothing else."""

from __future__ import annotations

import re
import tempfile
from datetime import date

import pytest

from api.limits import Buckets
from api.middleware import UPLOAD_BYTES, limit_of
from api.routes.verify_page import verdict_page
from models.documents import RecordCheck
from models.register import Record
from models.sealing import digest
from records import verify
from tests.support.console import Counter, text_of
from tests.support.office import EXAMINER, RESEARCH, Office

CODE = "7K3M-9QXT-2H8B-0001"
FILE = b"PK\x03\x04 not really a document"


def add(office: Office, state: str = "valid", seq: int = 1, superseded_by: str | None = None) -> None:
    case_id = office.opened()
    named = digest(FILE + bytes([seq]))
    office.store.put(FILE + bytes([seq]), named)
    with office.database.write() as s:
        s.add(
            Record(
                id=f"record-{seq}", series="测试", year=2026, seq=seq, number=f"测试〔2026〕{seq}号",
                kind="verification_slip", title="人员编制和领导职数核定单", case_id=case_id, step="issue", round=seq,
                subject="", unit=RESEARCH, issued_on=date(2026, 3, 3), issuer="示范市委编办", officers="{}",
                code=f"7K3M-9QXT-2H8B-{seq:04d}", context_sealed=b"", template_digest="0" * 64, retention="permanent",
                digest=named, size=len(FILE) + 1, state=state,
                superseded_by=superseded_by, chain_seq=seq, prev_hash="", hash="x",
                void_reason="x" if state == "void" else None,
            )
        )  # fmt: skip


async def test_a_code_is_answered_in_big_words_and_without_personal_data(counter: Counter, office: Office) -> None:
    add(office)
    async with counter.browser() as b:
        for typed in (CODE, "7k3m9qxt2h8b0001", " 7K3M 9QXT 2H8B 0001 "):
            page = await b.get("/verify", params={"code": typed})
            assert page.status_code == 200
            assert re.search(r'is-valid" role="status"><strong>有效</strong>', page.text)
            for fact in ("测试〔2026〕1号", "核定单", "2026-03-03", "示范市委编办"):
                assert fact in text_of(page)
            assert text_of(page).count("人员编制和领导职数核定单") == 1  # its kind, and not its title as well
            assert RESEARCH not in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("state", "word", "english"), [("void", "作废", "Void"), ("superseded", "已被替代", "Superseded")]
)
async def test_a_paper_that_no_longer_holds_says_so_in_both_languages(
    counter: Counter, office: Office, state: str, word: str, english: str
) -> None:
    add(office, "valid", 2)
    add(office, state, 1, superseded_by="record-2" if state == "superseded" else None)
    async with counter.browser() as b, counter.browser(language="en") as reader:
        page = await b.get(f"/verify?code={CODE}")
        assert f"<strong>{word}</strong>" in page.text
        assert "is-valid" not in page.text
        assert ("测试〔2026〕2号" in page.text) is (state == "superseded")
        assert f"<strong>{english}</strong>" in (await reader.get(f"/verify?code={CODE}")).text


async def test_a_file_is_compared_and_never_kept(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_disk(*_: object, **__: object) -> None:
        raise AssertionError("an upload must not reach a disk")

    add(office)
    async with counter.browser() as b:
        await b.token()
        monkeypatch.setattr(tempfile, "_TemporaryFileWrapper", to_disk)
        monkeypatch.setattr(tempfile, "TemporaryFile", to_disk)
        for data, word in ((FILE + b"\x01", "有效"), (b"x" * 3_000_000, "查无此件")):
            page = await b.post("/verify", {}, files={"file": ("核定单.docx", data)})
            assert page.status_code == 200
            assert f"<strong>{word}</strong>" in page.text
            assert page.headers["referrer-policy"] == "no-referrer"


async def test_what_cannot_be_verified_is_said_on_the_same_page(counter: Counter) -> None:
    async with counter.browser() as b:
        for code in ("' or 1=1", "é", "a" * 41, "<script>"):
            page = await b.get("/verify", params={"code": code})
            assert page.status_code == 422
            assert "核验编码只有字母、数字和连接号" in text_of(page)
            assert "<script>'" not in page.text
        assert "查无此件" in text_of(await b.get("/verify?code=0000"))
        empty = await b.post("/verify", {}, files={"file": ("", b"")})
        assert empty.status_code == 422
        other = await b.post("/verify", {"file": "text"})
        assert other.status_code == 415
        large = await b.post("/verify", {}, files={"file": ("x", b"x" * (verify.MAX_UPLOAD + 1))})
        assert large.status_code == 413
        assert "内容过大" in text_of(large)


async def test_the_consoles_upload_may_be_as_large_as_the_apis(counter: Counter) -> None:
    assert limit_of("/console/verify") == limit_of("/api/v1/verify")
    async with counter.browser() as b:
        beyond = await b.http.post("/console/verify", content=b"x" * (UPLOAD_BYTES + 70_000))
        assert beyond.status_code == 413
        assert "内容过大" in text_of(beyond)


async def test_an_upload_wants_the_forms_token(counter: Counter) -> None:
    async with counter.browser() as b:
        answer = await b.http.post("/console/verify", files={"file": ("x", FILE)})
        assert answer.status_code == 403
        assert "页面已过期" in text_of(answer)


async def test_an_address_that_asks_too_often_waits(counter: Counter) -> None:
    counter.runtime.limits.verify = Buckets(burst=2, per_second=0.5, clock=lambda: 0.0)
    async with counter.browser() as b:
        answers = [await b.get("/verify?code=0000") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "2"
        assert "请稍候再试" in text_of(answers[2])
        assert (await b.post("/verify", {}, files={"file": ("x", b"x")})).status_code == 429
        assert (await b.get("/verify")).status_code == 200  # the empty form costs nothing


async def test_guests_have_no_menu_but_a_language_that_needs_no_script(counter: Counter) -> None:
    async with counter.browser() as b:
        page = await b.get("/verify")
        assert "<aside" not in page.text
        led = await b.get(f"/verify?code={CODE}&language=en")
        assert (led.status_code, led.headers["location"]) == (303, f"/console/verify?code={CODE}")
        assert "Verify a document" in text_of(await b.http.get(led.headers["location"]))
        away = await b.http.get("/console//evil.test/?language=zh")
        assert not away.headers["location"].startswith("//")
    async with counter.browser(EXAMINER) as b:
        assert "<aside" in (await b.get("/verify")).text


def test_the_page_behind_the_qr_code_leads_to_the_upload() -> None:
    shown = bytes(verdict_page(CODE, RecordCheck(status="unknown")).body).decode()
    assert 'href="/console/verify"' in shown
