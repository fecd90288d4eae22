"""The public page: no sign-in, no personal data, a bounded cost (documents.md 6)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator

import pytest

from api.limits import Buckets
from api.middleware import UPLOAD_BYTES
from api.routes.verify_page import verdict_page, wants_page
from models.documents import RecordCheck
from models.enums import DocumentKind
from records import verify

from .conftest import Desk, problem
from .test_reading import FILE, add_record


async def test_a_code_tells_what_the_record_is_and_no_more(desk: Desk) -> None:
    case_id = desk.opened_case()
    add_record(desk, case_id)
    for typed in ("7K3M-9QXT-2H8B-0001", "7k3m9qxt2h8b0001", "7K3M 9QXT 2H8B 0001"):
        answer = await desk.get(f"/verify/{typed}")
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["number"]) == ("valid", "示编核〔2026〕1号")
        assert case_id not in answer.text
    assert (await desk.get("/verify/0000-0000-0000-0000")).json()["status"] == "unknown"


async def test_a_browser_gets_a_page_with_the_same_facts_and_nothing_from_elsewhere(desk: Desk) -> None:
    case_id = desk.opened_case()
    add_record(desk, case_id)
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = await desk.get("/verify/7K3M-9QXT-2H8B-0001", headers=browser)
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    facts = (await desk.get("/verify/7K3M-9QXT-2H8B-0001")).json()
    for wanted in ("有效", facts["number"], facts["title"], facts["issued_on"], facts["issuer"], "核定单"):
        assert wanted in answer.text
    for barred in (case_id, "<script", "http://", "https://", "src=", "url("):
        assert barred not in answer.text
    unknown = await desk.get("/verify/0000-0000-0000-0000", headers=browser)
    assert "查无此件" in unknown.text


@pytest.mark.parametrize(
    ("status", "word"),
    [("valid", "有效"), ("void", "作废"), ("superseded", "已被替代"), ("altered", "已改动"), ("unknown", "查无此件")],
)
def test_the_page_says_every_state_in_words(status: str, word: str) -> None:
    shown = bytes(verdict_page("<b>", RecordCheck.model_validate({"status": status, "title": "<i>"})).body).decode()
    assert f">{word} · " in shown
    assert "&lt;b&gt;" in shown
    assert "<i>" not in shown


@pytest.mark.parametrize(("title", "rows"), [("批复", 0), ("关于同意设立农村经济管理科的批复", 1)])
def test_kind_and_title_are_shown_once(title: str, rows: int) -> None:
    found = RecordCheck.model_validate({"status": "valid", "kind": DocumentKind.CHANGE_REPLY, "title": title})
    shown = bytes(verdict_page("7K3M", found).body).decode()
    assert (shown.count("文件种类"), shown.count("标题"), shown.count(title)) == (1, rows, 1)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("text/html", True),
        ("TEXT/HTML; q=0.9, */*;q=0.1", True),
    ],
)
def test_a_page_is_for_those_who_ask_for_one(accept: str, page: bool) -> None:
    assert wants_page(accept) is page


@pytest.mark.parametrize("code", ["%00", "é", "a" * 41, "..%2f", "'--", "%20%20;"])
async def test_an_odd_code_is_a_problem(desk: Desk, code: str) -> None:
    answer = await desk.get(f"/verify/{code}")
    problem(answer, answer.status_code, "not-found" if answer.status_code == 404 else "invalid")


async def test_an_upload_is_compared_and_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_disk(*_: object, **__: object) -> None:
        raise AssertionError("an upload must not reach a disk")

    add_record(desk, desk.opened_case())
    monkeypatch.setattr(tempfile, "_TemporaryFileWrapper", to_disk)
    monkeypatch.setattr(tempfile, "TemporaryFile", to_disk)
    same = await desk.post("/verify", files={"file": ("核定单.docx", FILE)})
    assert (same.status_code, same.json()["status"]) == (200, "valid")
    large = await desk.post("/verify", files={"file": ("x.docx", b"x" * 3_000_000)})
    assert (large.status_code, large.json()["status"]) == (200, "unknown")


async def test_odd_uploads_are_problems(desk: Desk) -> None:
    problem(await desk.post("/verify", json={"file": "x"}), 415, "unsupported-media-type")
    problem(await desk.post("/verify", content=b"x"), 415, "unsupported-media-type")
    problem(await desk.post("/verify", files={"other": b"x"}), 422, "invalid")
    problem(await desk.post("/verify", data={"file": "text"}, files={"x": b""}), 422, "invalid")
    problem(await desk.post("/verify", files=[("file", b"x"), ("file", b"y")]), 400, "malformed-upload")
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: nothing\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b; charset=nonsense",
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--',
        ),
    ):
        answer = await desk.post("/verify", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 422), (kind, answer.text)
        problem(answer, answer.status_code, answer.json()["code"])


async def test_a_large_upload_is_refused_while_it_arrives(desk: Desk) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(UPLOAD_BYTES // 65_536 + 2):
            yield b"x" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    problem(await desk.post("/verify", content=parts(), headers=headers), 413, "too-large")
    beyond = await desk.post("/verify", files={"file": ("x", b"x" * (verify.MAX_UPLOAD + 1))})
    problem(beyond, 413, "too-large")


async def test_an_address_is_slowed_down_and_another_is_not(desk: Desk) -> None:
    now = [0.0]
    desk.runtime.limits.verify = Buckets(burst=2, per_second=0.5, clock=lambda: now[0])
    answers = [(await desk.get("/verify/0000-0000-0000-0000")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    problem(answers[2], 429, "too-many-requests")
    assert answers[2].headers["retry-after"] == "2"
    problem(await desk.post("/verify", files={"file": b"x"}), 429, "too-many-requests")
    desk.runtime.limits.verify.take("198.51.100.7")
    now[0] = 2.0
    assert (await desk.get("/verify/0000-0000-0000-0000")).status_code == 200
