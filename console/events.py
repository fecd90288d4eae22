"""Server-sent events for pages that are open: the API's stream, for whoever has a session."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from api.deps import runtime_of
from api.door import officer_with
from api.permissions import RULES
from api.routes.events import changes

from .session import COOKIE


async def watch_events(request: Request) -> Response:
    """`GET /console/events`. Outside the pages' middleware, which would hold a stream back."""
    runtime = runtime_of(request)
    token = request.cookies.get(COOKIE, "")
    officer = await run_in_threadpool(officer_with, runtime, token)
    if officer is None or not RULES["watch_events"].allows(officer):
        return PlainTextResponse("", status_code=401 if officer is None else 403)
    runtime.limits.pages.take(officer.id)
    return StreamingResponse(
        changes(runtime, officer, token), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )
