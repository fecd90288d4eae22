"""Addresses that no database takes and moments beyond the calendar are refused as any other mistake (P24), on both
engines: SQLite keeps what PostgreSQL does not."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from tests.support.office import RESEARCH
from tests.support.whole import Whole, staffed

CANARY = "不得外泄"


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Whole]:
    made = staffed(tmp_path, url)
    yield made
    made.office.database.close()


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


FIRST, LAST = "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"
ODD = [
    ("head", "/cases?cursor=" + cursor("0001-01-01T00:00:00+14:00|x")),
    ("head", "/cases?cursor=" + cursor("9999-12-31T23:59:59-14:00|x")),
    ("head", "/cases?cursor=" + cursor("2026-03-02T01:00:00+00:00|a\x00b")),
    ("head", "/cases?cursor=" + cursor("2026-03-02T01:00:00|x")),
    ("head", "/cases?cursor=" + cursor("2026-03-02T01:00:00+00:00|")),
    ("head", "/cases?q=%00"),
    ("head", "/cases/%00"),
    ("head", "/holds?cursor=" + FIRST + "~x"),
    ("head", "/holds?cursor=2026-03-02T01:00:00%2B00:00~a%00b"),
    ("head", "/disposals?cursor=" + LAST + "~x"),
    ("head", "/disposals?cursor=2026-03-02T01:00:00%2B00:00~%00"),
    ("head", "/retention?cursor=0001-01-01~x"),
    ("head", "/retention?cursor=2026-03-02~a%00b"),
    ("audit-admin", "/audit?since=" + FIRST),
    ("audit-admin", "/audit?until=" + LAST),
    ("audit-admin", "/audit?by=%00"),
    ("audit-admin", "/audit?by=a%00"),
    ("system-admin", "/officers?after=%00"),
    ("system-admin", "/officers?nothing-of-ours=%00"),
]


async def test_what_no_database_takes_is_refused_in_words(office: Whole) -> None:
    async with _http(office) as http:
        for login, path in ODD:
            answer = await http.get(path, headers=office.header_of(login))
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), path
        headers = office.header_of("system-admin") | {"Idempotency-Key": "k"}
        for of in ("a%00b", "%00", "a%1fb", "a" * 101):
            answer = await http.post(f"/officers/{of}/activity", headers=headers, json={"active": False, "reason": "x"})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), of


async def test_a_stranger_is_told_to_sign_in_whatever_the_address_holds(office: Whole) -> None:
    async with _http(office) as http:
        for _, path in ODD:
            assert (await http.get(path)).status_code == 401


async def test_a_value_that_no_column_takes_is_refused_and_logged_without_it(
    office: Whole, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The last net, under fields that should have had bounds. A broken constraint is a fault of ours."""
    inner = OverflowError(CANARY)
    for fault, status in (
        (DataError("SELECT", {"x": CANARY}, inner), 422),
        (StatementError(CANARY, "SELECT", {"x": CANARY}, inner), 422),
        (IntegrityError("SELECT", {"x": CANARY}, inner), 500),
    ):

        def broken(*_: object, raised: Exception = fault) -> None:
            raise raised

        monkeypatch.setattr("api.reading.unit", broken)
        caplog.clear()
        async with _http(office) as http:
            answer = await http.get(f"/units/{RESEARCH}", headers=office.header_of("head"))
        assert answer.status_code == status
        assert CANARY not in answer.text + caplog.text
        assert [each.levelno for each in caplog.records if each.name == "dingbian.api"] == [logging.ERROR]


def _http(office: Whole) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=office.counter.app, client=("192.0.2.9", 5))
    return httpx.AsyncClient(transport=transport, base_url="http://office.test/api/v1")
