"""The demonstration on a machine that is slow: its decisions are committed and judged later."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from runtime import demo
from runtime.demo import DemoFault, _Drive

EXAMINER = {"login": "examiner", "token": "t", "department": "establishment", "roles": ["examiner"], "unit": None}
EXAMINE = {"step": "examine", "round": 1, "verdict": "approve"}


class Slow:
    """An API that answers 202 for a while; `sent` are the keys and bodies that it got."""

    def __init__(self, late: int) -> None:
        self.late = late
        self.sent: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((request.headers["Idempotency-Key"], json.loads(request.content)))
        if len(self.sent) <= self.late:
            return httpx.Response(202, json={"receipt": None})
        return httpx.Response(200, json={"receipt": {"status": "accepted"}})


def drive(api: Slow) -> _Drive:
    http = httpx.Client(transport=httpx.MockTransport(api), base_url="http://api.test")
    return _Drive(http, [EXAMINER], lambda _: None, pay=False)


def test_a_decision_that_is_judged_later_is_asked_for_again_under_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its receipt is not read from the docket: a unit does not see what departments are told."""
    monkeypatch.setattr(demo, "_PAUSE", 0)
    api = Slow(late=2)
    assert drive(api)._judged(EXAMINER, EXAMINE) == {"status": "accepted"}
    assert api.sent == [api.sent[0]] * 3


def test_a_decision_that_is_never_judged_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(demo, "_PAUSE", 0)
    with pytest.raises(DemoFault, match="the decision waits to be judged"):
        drive(Slow(late=10_000))._judged(EXAMINER, EXAMINE)
