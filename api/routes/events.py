"""Server-sent events: which of the caller's cases changed. A hint to read again, never the content itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from docket import view, worklist
from models.decisions import Officer
from models.docket import CaseRow

from ..deps import Caller, Runtime, Work
from ..door import bearer_token, holder_of, router
from ..problems import ProblemError

routes = router("events")

WATCHED = 200  # newest cases watched, besides all that wait for the caller
STREAM_SECONDS = 600  # a client reconnects by itself; a stream must not outlive what it was opened for
SILENCE_SECONDS = 15.0  # a comment this often keeps proxies from closing the connection


@routes.get(
    "/events",
    operation_id="watch_events",
    summary="变更事件 · changes",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def watch_events(request: Request, runtime: Work, officer: Caller) -> StreamingResponse:
    """`event: case`，内容为 {case_id, state, round, waiting_on, overdue}。Sent when a case of yours changes."""
    runtime.limits.streams.take(officer.id)
    return StreamingResponse(
        changes(runtime, officer, bearer_token(request) or ""),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def changes(
    runtime: Runtime, officer: Officer, token: str, stream_seconds: float = STREAM_SECONDS
) -> AsyncIterator[str]:
    """Events as text, until the time is over or the token no longer holds."""
    ends = spoke = time.monotonic()
    ends += stream_seconds
    known = await run_in_threadpool(_seen, runtime, officer)
    yield ": 已连接 connected\nretry: 3000\n\n"
    while time.monotonic() < ends:
        await asyncio.sleep(runtime.event_seconds)
        if not await _holds(runtime, token):
            return
        now_seen = await run_in_threadpool(_seen, runtime, officer)
        changed = [fact for case_id, fact in now_seen.items() if known.get(case_id) != fact]
        known = now_seen
        for fact in changed:
            yield f"event: case\ndata: {fact}\n\n"
        if changed:
            spoke = time.monotonic()
        elif time.monotonic() - spoke > SILENCE_SECONDS:
            spoke = time.monotonic()
            yield ": 在线 alive\n\n"


async def _holds(runtime: Runtime, token: str) -> bool:
    try:
        return await holder_of(runtime, token) is not None
    except ProblemError:  # nobody can say so now; the client comes again
        return False


def _seen(runtime: Runtime, officer: Officer) -> dict[str, str]:
    """What the caller may see now, as the line that would be sent for each case."""
    now = runtime.clock()
    with runtime.database.read() as s:
        page = view.case_list(s, view.Filters(limit=WATCHED), officer, now, runtime.calendar)
        waiting = worklist.worklist(s, officer, now, runtime.calendar)
    return {row.case_id: _fact(row) for row in [*waiting, *page.items]}


def _fact(row: CaseRow) -> str:
    fact = {
        "case_id": row.case_id,
        "state": row.state.value,
        "round": row.round,
        "waiting_on": [department.value for department in row.waiting_on],
        "overdue": row.overdue,
    }
    return json.dumps(fact, separators=(",", ":"))
