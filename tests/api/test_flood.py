"""P25: a flood of one token is told 429 early, neither eats a case's budget of signals nor keeps others waiting, and
what is remembered of callers is bounded (OWASP API4; ASVS 2.4.1)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from api.courier import watch
from api.limits import MOST_CALLERS, Buckets
from api.problems import ProblemError
from docket import commands
from docket.relay import Relay
from models.decisions import Receipt
from tests.support.engines import ENGINES

from .conftest import Desk, problem

POSTS = 12_000
TEMPORALS_LIMIT = 10_000
"""Signals that one execution takes (reliability.md §1a)."""
AT_ONCE = 8
DECISION_SECONDS = 20.0
"""Two seconds for which an answer waits for its receipt, and a machine that is busy with other tests besides."""
COMMENT = {"text": "请尽快办理"}


async def test_a_flood_is_told_429_early_and_the_case_stays_decidable(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.worker = desk.judge
    desk.runtime.watch_seconds = 2.0
    relay = Relay(desk.database, desk.temporal.deliver)
    delivering = asyncio.create_task(relay.run())
    under_way = asyncio.Event()
    taken: list[int] = []
    headers = {"Authorization": f"Bearer {desk.tokens['applicant']}"}

    async def post(number: int) -> None:
        answer = await desk.client.post(
            f"/api/v1/cases/{case_id}/comments",
            headers=headers | {"Idempotency-Key": f"flood-{number}"},
            json=COMMENT,
        )
        taken.append(answer.status_code)
        if len(taken) == POSTS // 4:
            under_way.set()

    async def flood(first: int) -> None:
        for number in range(first, POSTS, AT_ONCE):
            await post(number)

    began = time.monotonic()
    floods = [asyncio.create_task(flood(first)) for first in range(AT_ONCE)]
    await under_way.wait()
    asked = time.monotonic()
    body = {"step": "examine", "round": 1, "verdict": "approve", "opinion": "同意"}
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="decision", json=body)
    assert answer.status_code in (200, 202), answer.text
    assert time.monotonic() - asked < DECISION_SECONDS
    assert len(taken) < POSTS, "the decision was taken while the flood went on"
    receipt = await watch(lambda: _receipt(desk), DECISION_SECONDS)
    assert receipt is not None
    assert receipt.status == "accepted"
    await asyncio.gather(*floods)
    seconds = time.monotonic() - began
    assert await watch(lambda: _all_delivered(desk, case_id), DECISION_SECONDS)
    relay.stop()
    await delivering

    assert set(taken) <= {200, 202, 429}
    passed = POSTS - taken.count(429)
    assert 429 in taken[:400]  # early: before anything is worn out
    budget = 240 + seconds * 1.0 + AT_ONCE
    assert passed <= budget
    rows = desk.rows(case_id)
    signals = [each for each in desk.temporal.deliveries if each.case_id == case_id]
    assert len(rows) == passed + 2  # with the application and the decision
    assert len(signals) <= 2 * (budget + 1) < TEMPORALS_LIMIT  # API and relay may both bring one: at least once


def _receipt(desk: Desk) -> Receipt | None:
    with desk.database.read() as s:
        return commands.receipt(s, desk.cast["examiner"].id, "decision")


def _all_delivered(desk: Desk, case_id: str) -> bool | None:
    return True if all(row.delivered_at is not None for row in desk.rows(case_id)) else None


async def test_a_token_that_is_refused_for_its_rate_is_not_even_looked_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.runtime.limits.calls = Buckets(burst=3, per_second=0.001)
    for _ in range(3):
        assert (await desk.get("/worklist", by="examiner")).status_code == 200

    def never() -> Any:
        raise AssertionError("the register was asked")

    with monkeypatch.context() as patched:
        patched.setattr(desk.database, "read", never)
        answer = await desk.get("/worklist", by="examiner")
    problem(answer, 429, "too-many-requests")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await desk.get("/worklist", by="head")).status_code == 200


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_flood_over_many_cases_is_one_flood(desk: Desk) -> None:
    """A new case id is no new bucket for whoever writes."""
    desk.runtime.limits.calls = Buckets(burst=50, per_second=0.001)
    answers = [
        (await desk.post(f"/cases/{n:032x}/comments", by="applicant", key="k", json=COMMENT)).status_code
        for n in range(60)
    ]
    assert answers == [404] * 50 + [429] * 10


async def test_guessed_tokens_are_bounded_by_address_and_harm_nobody_behind_it(desk: Desk) -> None:
    desk.runtime.limits.strangers = Buckets(burst=5, per_second=0.001)
    answers = [
        (await desk.get("/worklist", headers={"Authorization": f"Bearer dbn_{n:043d}"})).status_code for n in range(8)
    ]
    assert answers == [401] * 5 + [429] * 3
    assert (await desk.get("/worklist", by="examiner")).status_code == 200  # of the same address


@pytest.mark.parametrize("path", ["/health/ready", "/metrics", "/openapi.json", "/verify/7K3M-9QXT-2H8B-4WZD"])
async def test_public_pages_are_bounded_by_address(desk: Desk, path: str) -> None:
    desk.runtime.limits.passers_by = Buckets(burst=2, per_second=0.001)
    answers = [(await desk.get(path)).status_code for _ in range(4)]
    assert answers == [200, 200, 429, 429] or answers == [404, 404, 429, 429]
    assert (await desk.get("/worklist", by="examiner")).status_code == 200


def test_what_is_remembered_of_callers_is_bounded() -> None:
    """And whoever is forgotten begins anew, which a flood of names cannot use: each of them costs a call."""
    now = [0.0]
    buckets = Buckets(burst=1, per_second=0.001, clock=lambda: now[0])
    for n in range(3 * MOST_CALLERS):
        buckets.take(str(n))
    assert buckets.known == MOST_CALLERS
    with pytest.raises(ProblemError):
        buckets.take(str(3 * MOST_CALLERS - 1))
