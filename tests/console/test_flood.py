"""P25 at the console: pages are counted as the API's calls are, before the register is asked, and a flood of them keeps
nobody else waiting."""

from __future__ import annotations

from typing import Any

import pytest

from api.limits import Buckets
from tests.support.console import Counter, text_of
from tests.support.office import EXAMINER, ISSUER

WAIT = "请稍候再试"


async def test_a_session_that_asks_too_much_is_told_to_wait_before_the_register_is_asked(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.runtime.limits.calls = Buckets(burst=3, per_second=0.001)

    def never() -> Any:
        raise AssertionError("the register was asked")

    async with counter.browser(EXAMINER) as b, counter.browser(ISSUER) as other:
        for _ in range(3):
            assert (await b.get("/worklist")).status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr(counter.runtime.database, "read", never)
            page = await b.get("/worklist")
        assert page.status_code == 429
        assert WAIT in text_of(page)
        assert int(page.headers["retry-after"]) >= 1
        assert (await b.get("/events")).status_code == 429
        assert (await other.get("/worklist")).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/worklist", "/static/console.css"])
async def test_who_has_no_session_is_counted_by_address(counter: Counter, path: str) -> None:
    counter.runtime.limits.passers_by = Buckets(burst=2, per_second=0.001)
    async with counter.browser() as b, counter.browser(EXAMINER) as signed_in:
        answers = [(await b.get(path)).status_code for _ in range(4)]
        assert answers[2:] == [429, 429]
        assert 429 not in answers[:2]
        assert (await signed_in.get("/worklist")).status_code == 200  # of the same address


async def test_invented_sessions_are_counted_by_address_too(counter: Counter) -> None:
    """Each of them is another session, so that none of them alone would ever be too many."""
    counter.runtime.limits.passers_by = Buckets(burst=5, per_second=0.001)
    answers = []
    for number in range(8):
        async with counter.browser() as b:
            b.http.cookies.set("dingbian_session", f"dbn_{number:043d}", path="/console")
            answers.append((await b.get("/worklist")).status_code)
    assert answers == [303] * 5 + [429] * 3
