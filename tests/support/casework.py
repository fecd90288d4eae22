"""Hands for the page of a case: open it, fill the form that it shows, press a button, read the answer."""

from __future__ import annotations

from typing import Any

import httpx

from models.decisions import Officer
from tests.support.console import Counter, text_of
from tests.support.office import identity_no
from tests.support.pages import form_of

REFERENCE = "示组任〔2026〕5号"


async def acts(counter: Counter, case_id: str, by: Officer, verdict: str = "approve", **typed: Any) -> str:
    """Decide through the page's own form; what the officer reads afterwards. `at` chooses among several steps."""
    at = typed.pop("at", "")
    async with counter.browser(by) as b:
        page = await b.get(f"/cases/{case_id}{at}")
        assert page.status_code == 200, text_of(page)
        form = form_of(page, "/decide")
        answer = await b.post(form.action, form.with_(verdict, **typed))
        assert answer.status_code == 303, text_of(answer)
        shown = await b.http.get(answer.headers["location"])
        return text_of(shown)


async def orders(counter: Counter, case_id: str, by: Officer, order: str, **typed: Any) -> str:
    """Give an order through its form; what the officer reads afterwards."""
    async with counter.browser(by) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), f"/orders/{order}")
        answer = await b.post(form.action, form.with_(**typed))
        assert answer.status_code == 303, text_of(answer)
        return text_of(await b.http.get(answer.headers["location"]))


async def opened_by(counter: Counter, case_id: str, by: Officer, at: str = "", language: str = "zh") -> httpx.Response:
    async with counter.browser(by, language=language) as b:
        return await b.get(f"/cases/{case_id}{at}")


def named(serial: int, **more: Any) -> dict[str, Any]:
    """A person as typed into the form of a slot."""
    return {
        "reference_no": REFERENCE,
        "persons__0__name": f"新人{serial}",
        "persons__0__sex": "male",
        "persons__0__birth_date": "1990-01-01",
        "persons__0__identity_no": identity_no(serial),
    } | more
