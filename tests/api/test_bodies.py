"""Any body gets a defined answer: a problem, never 500, never an echo (P24, P16; reliability.md finding 7)."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api import examples
from api.middleware import BODY_BYTES
from api.strict import parse
from models.sealing import Unsealable

from .conftest import NOBODY, Desk, problem

CANARY = "张三丰410105199001010011"
GOOD = json.dumps(examples.APPLICATION)
DEEP = '{"a":' * 5_000 + "1" + "}" * 5_000


def changed(**fields: Any) -> bytes:
    return json.dumps({**examples.APPLICATION, **fields}).encode()


def line(**fields: Any) -> bytes:
    return changed(lines=[{**examples.APPLICATION["lines"][0], **fields}])


ODD: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "invalid"),
    "null": (b"null", 422, "invalid"),
    "not json": (CANARY.encode(), 400, "malformed-json"),
    "cut short": (GOOD[:-5].encode(), 400, "malformed-json"),
    "a list": (b"[1]", 422, "invalid"),
    "NaN": (line(number=float("nan")), 400, "malformed-json"),
    "Infinity": (line(number=float("inf")), 400, "malformed-json"),
    "-Infinity": (b'{"a": -Infinity}', 400, "malformed-json"),
    "1e999": (b'{"a": 1e999}', 400, "malformed-json"),
    "lone surrogate": (b'{"contact": "a\\ud800b"}', 400, "malformed-json"),
    "surrogate in a key": (b'{"\\udfff": 1}', 400, "malformed-json"),
    "NUL": (b'{"contact": "a\\u0000b"}', 400, "malformed-json"),
    "utf-16": (GOOD.encode("utf-16"), 400, "malformed-json"),
    "utf-8 with a mark": (b"\xef\xbb\xbf" + GOOD.encode(), 400, "malformed-json"),
    "gbk": ('{"contact": "王敏"}'.encode("gbk"), 400, "malformed-json"),
    "duplicate keys": (b'{"unit": "a", "unit": "b"}', 400, "malformed-json"),
    "duplicate keys inside": (b'{"lines": [{"a": 1, "a": 2}]}', 400, "malformed-json"),
    "deep": (DEEP.encode(), 400, "malformed-json"),
    "deep list": (b"[" * 100_000, 400, "malformed-json"),
    "6,000 digits": (b'{"a": ' + b"9" * 6_000 + b"}", 400, "malformed-json"),
    "negative number": (line(number=-1), 422, "invalid"),
    "no posts": (line(number=0), 422, "invalid"),
    "a number as text": (line(number="2"), 422, "invalid"),
    "half a post": (line(number=1.5), 422, "invalid"),
    "true as a number": (line(number=True), 422, "invalid"),
    "full-width digits": (line(number="２"), 422, "invalid"),
    "unknown resource": (line(resource=CANARY), 422, "invalid"),
    "unknown field": (changed(**{CANARY: 1}), 422, "invalid"),
    "a control character": (changed(contact=f"{CANARY}\u0007"), 422, "invalid"),
    "a bidi mark": (changed(contact=f"{CANARY}\u202e"), 422, "invalid"),
    "two lines": (changed(contact=f"{CANARY}\n2"), 422, "invalid"),
    "too long": (changed(contact=CANARY * 100), 422, "invalid"),
    "no lines": (changed(lines=[]), 422, "invalid"),
    "a bad date": (changed(basis={"meeting": "m", "date": CANARY}), 422, "invalid"),
    "malformed unit": (changed(unit=CANARY), 422, "invalid"),
    "unknown unit": (changed(unit=NOBODY), 422, "unknown-unit"),
}


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_body_is_answered_with_a_problem_that_does_not_repeat_it(desk: Desk, name: str) -> None:
    body, status, code = ODD[name]
    headers = {"Content-Type": "application/json"}
    answer = await desk.post("/applications/staffing-up", by="applicant", key="odd", content=body, headers=headers)
    problem(answer, status, code)
    assert "张三丰" not in answer.text
    assert "410105" not in answer.text
    assert len(answer.content) < 4_000
    assert desk.temporal.deliveries == []


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "application/jsonp",
    ],
)
async def test_another_content_type_is_refused(desk: Desk, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = await desk.post(
        "/applications/staffing-up", by="applicant", key="k", content=GOOD.encode(), headers=headers
    )
    problem(answer, 415, "unsupported-media-type")


async def test_a_compressed_body_is_refused(desk: Desk) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await desk.post("/applications/staffing-up", by="applicant", key="k", content=b"x", headers=headers)
    problem(answer, 415, "unsupported-media-type")


async def test_ten_megabytes_are_refused_announced_or_not(desk: Desk) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    for content in (b" " * (10 * 1024 * 1024), parts()):
        answer = await desk.post("/applications/staffing-up", by="applicant", key="k", content=content, headers=headers)
        problem(answer, 413, "too-large")


async def test_the_largest_body_is_read(desk: Desk) -> None:
    body = GOOD.encode() + b" " * (BODY_BYTES - len(GOOD))
    headers = {"Content-Type": "application/json"}
    answer = await desk.post("/applications/staffing-up", by="applicant", key="k", content=body, headers=headers)
    assert answer.status_code == 201


async def test_a_fault_names_its_field(desk: Desk) -> None:
    body = {**examples.APPLICATION, "lines": [{**examples.APPLICATION["lines"][0], "number": 0, "way": "x"}], "zz": 1}
    answer = await desk.post("/applications/staffing-up", by="applicant", key="k", json=body)
    errors = {error["field"]: error["reason"] for error in problem(answer, 422, "invalid")["errors"]}
    assert errors["lines.0.number"] == "须大于或等于 1 · must be at least 1"
    assert errors["lines.0.way"].startswith("只能是 'examination'")
    assert errors["?"] == "没有这一项 · unknown field"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("contcat", " → contact?"),
        ("persons", " → persons?"),  # ours, and not of this body
        ("zhangsanfeng", ""),
        ("Contact", ""),
        ("<b>", ""),
        ("王小明", ""),
        ("a" * 42, ""),
        ("zz\n", ""),
        ("id410105199001010011", ""),
    ],
)
async def test_an_unknown_field_is_not_repeated_but_told_what_it_may_have_meant(
    desk: Desk, sent: str, meant: str
) -> None:
    body = {**examples.APPLICATION, sent: 1}
    answer = await desk.post("/applications/staffing-up", by="applicant", key="k", json=body)
    said = {"field": "?", "reason": f"没有这一项 · unknown field{meant}"}
    assert problem(answer, 422, "invalid")["errors"] == [said]


async def test_text_that_a_document_can_hold_is_taken_as_typed(desk: Desk) -> None:
    contact = "𠮷田 <b>&{{ 7*7 }}' OR 1=1 --"
    answer = await desk.post(
        "/applications/staffing-up", by="applicant", key="k", json={**examples.APPLICATION, "contact": contact}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/cases?limit=0",
        "/cases?limit=9999",
        "/cases?state=nothing",
        "/cases?q=%00",
        "/cases?q=" + "a" * 500,
        "/cases?cursor=%F0%9F",
        "/cases?unit=%E5%BC%A0",
        "/units/11990000000000001A/balances?as_of=0001-01-01",
        "/units/11990000000000001A/balances?known_at=2026-01-01T00:00:00",
        "/units/11990000000000001A/balances?known_at=9999-12-31T23:59:59-23:59",
        "/units/11990000000000001A/roster?after=-1",
        "/units/11990000000000001A/journal?after=99999999999999999999",
        "/records?series=示编核&year=99999",
        "/records?year=2026",
        "/units/%00",
        "/cases/%00",
        "/cases/" + "a" * 65,
    ],
)
async def test_an_odd_address_is_answered_with_a_problem(desk: Desk, path: str) -> None:
    answer = await desk.get(path, by="head")
    assert answer.status_code in (404, 422), answer.text
    problem(answer, answer.status_code, "not-found" if answer.status_code == 404 else "invalid")


async def test_missing_pages_and_methods_are_problems_too(desk: Desk) -> None:
    problem(await desk.get("/nowhere"), 404, "not-found")
    answer = await desk.call("DELETE", "/cases")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_an_unforeseen_fault_is_a_plain_500_and_the_log_holds_no_values(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr("api.reading.unit", broken)
    with caplog.at_level(logging.ERROR):
        answer = await desk.get("/units/11990000000000001A", by="head")
    assert "ValueError" not in problem(answer, 500, "internal").values()
    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    assert "unhandled ValueError in GET /api/v1/units/{code}" in caplog.text


async def test_what_cannot_be_unsealed_is_a_clear_503_that_names_nothing_sealed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise Unsealable(CANARY)

    monkeypatch.setattr("api.reading.unit", broken)
    answer = await desk.get("/units/11990000000000001A", by="head")
    assert "dingbian check" in problem(answer, 503, "sealed-unreadable")["detail"]
    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    assert "sealed content cannot be opened in GET /api/v1/units/{code}" in caplog.text


async def test_a_lost_database_is_a_clear_503(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OperationalError("SELECT 1", {"name": CANARY}, Exception("disk I/O error"))

    monkeypatch.setattr("api.reading.unit", broken)
    answer = await desk.get("/units/11990000000000001A", by="head")
    problem(answer, 503, "database-away")
    assert CANARY not in answer.text
    assert answer.headers["retry-after"] == "2"


def test_strict_json_reads_what_is_json() -> None:
    assert parse('{"a": [1, -2.5e3, true, null, "𠮷\\ud842\\udfb7"]}'.encode()) == {
        "a": [1, -2500.0, True, None, "𠮷𠮷"]
    }
