"""Every address of the console that takes a form, as its routes name them, answers every odd body without a fault of
its own, to whoever sends it (P24; ASVS 5.0 2.2.1, 16.5.4). A new form is asked as soon as it has its route."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from models.decisions import Officer
from tests.support.console import Browser
from tests.support.office import APPLICANT, HEAD
from tests.support.whole import Whole, furnished

CANARY = "410105199001010011"
OFFICERS = (APPLICANT, HEAD)
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_SCRIPT = "<script>alert(7)</script>"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    made = furnished(tmp_path_factory.mktemp("whole"))
    yield made
    made.office.database.close()


def addresses(whole: Whole) -> list[str]:
    """Every address that takes POST, with values that exist."""
    known = {**whole.somewhere, "unit": whole.somewhere["code"], "key": "units", "order": "hold", "seat": "1", "n": "1",
             "procedure": "staffing-up", "draft_id": "1", "storage": "x", "path": "x"}  # fmt: skip
    routes = [r for r in whole.counter.site.app.routes if isinstance(r, Route) and r.methods and "POST" in r.methods]
    return [_PARAMETER.sub(lambda found: known[found[1]], route.path) for route in routes]


FORMS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "unknown fields": {CANARY: CANARY, "x.y.z": "1", "[": "]"},
    "every name a list": {
        name: ["a", "b"] for name in ("verdict", "step", "round", "reason", "subject", "key", "case")
    },
    "numbers that are none": {"round": "²", "step": "9" * 5_000, "verdict": "-1", "key": "1e999", "due_before": "²"},
    "markup": dict.fromkeys(("reason", "opinion", "q", "login", "basis", "principal", "next"), _SCRIPT),
    "a surrogate": {"reason": "a\udc80".encode("utf-8", "surrogatepass")},
    "NUL": {"reason": "a\x00b", "login": "\x00", "password": "\x00"},
    "controls": {"reason": "a\x07\x0b\u202eb", "login": "\u200b", "case_id": "\n"},
    "many fields": {f"f{n}": "1" for n in range(1_500)},
}
RAW: dict[str, tuple[str, bytes]] = {
    "json for a form": ("application/json", b'{"csrftoken": NaN}'),
    "a form cut short": ("application/x-www-form-urlencoded", b"a=%"),
    "not utf-8": ("application/x-www-form-urlencoded; charset=utf-16", b"a=%ff%fe&\xff=\xfe"),
    "multipart without a boundary": ("multipart/form-data", b"--x\r\n"),
    "multipart cut short": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a"),
    "no type": ("", b"a=b"),
}  # fmt: skip


async def answers(b: Browser, path: str) -> AsyncIterator[tuple[str, httpx.Response]]:
    token = await b.token()
    for what, data in FORMS.items():
        yield what, await b.http.post(f"/console{path}", data=data | {"csrftoken": token})
    for what, (kind, body) in RAW.items():
        headers = {"X-CSRFToken": token} | ({"Content-Type": kind} if kind else {})
        yield what, await b.http.post(f"/console{path}", content=body, headers=headers)


@pytest.mark.parametrize("officer", [None, *OFFICERS], ids=lambda each: each.id if each else "nobody")
async def test_no_form_breaks_whatever_is_sent_to_it(whole: Whole, officer: Officer | None) -> None:
    asked = addresses(whole)
    assert len(asked) > 20
    for path in asked:
        if path == "/logout":
            continue  # signs the browser out; test_sign_in.py has it
        async with whole.counter.browser(officer) as b:
            async for what, answer in answers(b, path):
                assert answer.status_code < 500, f"{path}, {what}: {answer.status_code}"
                assert _SCRIPT not in answer.text, f"{path}, {what}"
                assert answer.headers["x-content-type-options"] == "nosniff"
