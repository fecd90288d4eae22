"""Pure ASGI layers around everything: headers, CORS of the codec endpoint, size limits, the last resort."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from docket.audit import ADDRESS
from models.lasting import place

from .problems import ProblemError, response, route_of

logger = logging.getLogger("dingbian.api")

PREFIX = "/api/v1"
MIB = 1024 * 1024
BODY_BYTES = MIB
UPLOAD_BYTES = 20 * MIB
CODEC_BYTES = 8 * MIB
"""One page of a case's history in the Temporal UI comes as one call."""
CONSOLE = "/console/"
CONSOLE_UPLOAD = "/console/verify"
"""The same upload, by a form."""
CONSOLE_FORMS = "/console/apply/"
FORM_BYTES = 4 * MIB
"""The longest application that the models accept, in a form: a Chinese character is nine bytes there."""
_ENVELOPE_BYTES = 64 * 1024
"""What multipart adds around a file."""

CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy that lets nothing in; a page adds its own style to it."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": CLOSED,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def limit_of(path: str) -> int:
    """How many bytes a body may have, by path."""
    if path in (f"{PREFIX}/verify", CONSOLE_UPLOAD):
        return UPLOAD_BYTES + _ENVELOPE_BYTES
    if path.startswith(f"{PREFIX}/codec/"):
        return CODEC_BYTES
    if path.startswith(CONSOLE_FORMS):
        return FORM_BYTES
    return BODY_BYTES


def _too_large(limit: int) -> ProblemError:
    # The rest of the body is not read, so the connection cannot be used again.
    return ProblemError("too-large", f"至多 {limit} 字节 · at most {limit} bytes", headers={"Connection": "close"})


def _refusal(scope: Scope, limit: int) -> Response:
    """A plain page for whoever sent a form, a problem for everybody else: a program, a script of a page."""
    error = _too_large(limit)
    wanted = Headers(scope=scope).get("accept", "")
    if not scope["path"].startswith(CONSOLE) or ("json" in wanted and "text/html" not in wanted):
        return response(error)
    said = f"{error.problem.title}：{error.problem.detail}"
    back = "请用浏览器的“后退”回到填写的页面，删减内容后再试 · go back in the browser, shorten the text, try again"
    link = f'<a href="{CONSOLE_UPLOAD}">返回 · back</a>' if scope["path"] == CONSOLE_UPLOAD else back
    body = f"<h1>{said}</h1><p>{link}</p>"
    page = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{said}</title></head><body>{body}</body>'
    )
    return HTMLResponse(page + "</html>", error.status_code, error.headers)


class CallersAddress:
    """Lets the audit know from where a call comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        known = ADDRESS.set(str(client[0]) if client else "")
        try:
            await self.app(scope, receive, send)
        finally:
            ADDRESS.reset(known)


_HSTS = "max-age=31536000"
"""A year, for this host alone: what else the office's domain serves is not ours to bind."""


class SecurityHeaders:
    """Sets what is not set: an answer that knows better (a cacheable one) says so itself. Over TLS a browser is told
    never to come without it again (ASVS 5.0 3.4.1)."""

    def __init__(self, app: ASGIApp, over_tls: bool = False) -> None:
        self.app = app
        self.headers = _HEADERS | ({"Strict-Transport-Security": _HSTS} if over_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sending)


class CodecCors:
    """CORS for the Temporal UI, on the codec endpoint only; everything else has none."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.with_cors = CORSMiddleware(
            app,
            allow_origins=[origin] if origin else [],
            allow_methods=["POST"],
            allow_headers=["authorization", "content-type", "x-namespace"],
            allow_credentials=True,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_codec = scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/codec/")
        await (self.with_cors if of_codec else self.app)(scope, receive, send)


class BodyLimit:
    """Counts the bytes that really arrive; Content-Length only lets it refuse sooner."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and (len(announced) > 12 or int(announced) > limit):
            await _refusal(scope, limit)(scope, receive, send)
            return
        arrived = 0
        started = False

        async def receiving() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise _too_large(limit)
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            # what was read too far is answered here, whatever the inside makes of a body that broke off
            if started or arrived <= limit:
                started = True
                await send(message)

        try:
            await self.app(scope, receiving, sending)
        except Exception:
            if started or arrived <= limit:
                raise
        if arrived > limit and not started:
            await _refusal(scope, limit)(scope, receive, send)


class LastResort:
    """What nobody caught becomes a plain 500, logged by type and place: messages of exceptions quote values."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ProblemError as error:
            if not started:
                await response(error)(scope, receive, send)
        except Exception as error:
            logger.error(
                "unhandled %s in %s %s at %s", type(error).__name__, scope["method"], route_of(scope), place(error)
            )
            if not started:
                await response(ProblemError("internal"))(scope, receive, send)
