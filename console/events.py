"""Server-sent events for pages that are open: the API's stream, for whoever has a session."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from api.deps import runtime_of
from api.door import holder_of
from api.permissions import RULES
from api.routes.events import changes
from docket.officers import is_token, token_hash

from .session import COOKIE


async def watch_events(request: Request) -> Response:
    """`GET /console/events`. Outside the pages' middleware, which would hold a stream back."""
    runtime = runtime_of(request)
    token = request.cookies.get(COOKIE, "")
    runtime.limits.calls.take(token_hash(token))
    held = await holder_of(runtime, token) if is_token(token) else None
    officer = held.officer if held is not None else None
    if officer is None or not RULES["watch_events"].allows(officer):
        return PlainTextResponse("", status_code=401 if officer is None else 403)
    runtime.limits.pages.take(officer.id)
    return StreamingResponse(
        changes(runtime, officer, token), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )
