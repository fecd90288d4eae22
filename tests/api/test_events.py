"""Server-sent events: a hint that a case of the caller's changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from api.limits import Buckets
from api.routes.events import changes
from docket import officers
from models.enums import State
from models.register import Case

from .conftest import NOW, Desk, problem


def close(desk: Desk, case_id: str) -> None:
    with desk.database.write() as s:
        case = s.get(Case, case_id)
        assert case is not None
        case.state = State.CLOSED.value
        s.add(case)


def stream(desk: Desk, who: str) -> AsyncIterator[str]:
    return changes(desk.runtime, desk.cast[who], desk.tokens[who], stream_seconds=20)


async def test_a_change_is_told_to_those_who_may_see_the_case(desk: Desk) -> None:
    case_id = desk.opened_case()
    own, foreign = stream(desk, "applicant"), stream(desk, "neighbour")
    assert (await anext(own)).startswith(": 已连接")
    assert (await anext(foreign)).startswith(": 已连接")
    close(desk, case_id)
    event = await anext(own)
    name, data = event.strip().split("\n")
    assert name == "event: case"
    assert json.loads(data.removeprefix("data: ")) == {
        "case_id": case_id,
        "state": "closed",
        "round": 1,
        "waiting_on": [],
        "overdue": False,
    }
    with desk.database.write() as s:
        officers.revoke_token(s, desk.tokens["neighbour"], NOW)
    assert [event async for event in foreign] == []  # the stream ended with the token and told nothing


async def test_a_stream_ends_when_its_time_is_over(desk: Desk) -> None:
    told = [event async for event in changes(desk.runtime, desk.cast["head"], desk.tokens["head"], stream_seconds=0.03)]
    assert told == [": 已连接 connected\nretry: 3000\n\n"]


async def test_streams_are_counted_per_officer(desk: Desk) -> None:
    desk.runtime.limits.streams = Buckets(burst=0, per_second=0.001)
    problem(await desk.get("/events", by="head"), 429, "too-many-requests")
