"""Layers between the browser and the pages: the address people really use, the language, and the token of forms."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_admin.security.csrf import CSRFMiddleware

from api.routes.verify import InMemory

from . import words
from .session import BASE

LANGUAGE = "language"
"""The query parameter by which a link changes the language, so that it works without scripts."""
A_YEAR = 365 * 86_400


class BehindTls:
    """With an https `PUBLIC_URL` every request came by https, also when the proxy in front says nothing of it: links
    stay https and every cookie is `Secure`, those of the framework too."""

    def __init__(self, app: ASGIApp, over_tls: bool) -> None:
        self.app = app
        self.over_tls = over_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.over_tls and scope["type"] == "http":
            scope = {**scope, "scheme": "https"}
        await self.app(scope, receive, send)


class LanguageChoice(BaseHTTPMiddleware):
    """`?language=en` is kept in a cookie and taken off the address again."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        wanted = request.query_params.get(LANGUAGE)
        if request.method != "GET" or wanted not in (words.CHINESE, words.ENGLISH):
            return await call_next(request)
        here = request.url.remove_query_params(LANGUAGE)
        path = "/" + here.path.lstrip("/\\")  # never `//elsewhere`
        answer = RedirectResponse(path + (f"?{here.query}" if here.query else ""), 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(words.COOKIE, wanted, max_age=A_YEAR, path="/", samesite="lax", secure=secure)
        return answer


class FormTokens(CSRFMiddleware):
    """The framework's protection of forms, with a refusal in words, a cookie for the console alone, and uploads that
    never touch a disk (the framework's reader would put them there to find the token)."""

    def __init__(self, app: ASGIApp, secret_key: str, refuse: Callable[[Request], Awaitable[Response]]) -> None:
        super().__init__(app, secret_key)
        self._refuse = refuse

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        answer = await super().dispatch(request, call_next)
        if isinstance(answer, PlainTextResponse):  # its refusal; what a page answers comes as a stream
            answer = await self._refuse(request)
            self._give(request, answer)
        elif self._take_back(answer):
            self._give(request, answer)
        return answer

    def _take_back(self, answer: Response) -> bool:
        """Remove the framework's own cookie from the answer; whether there was one."""
        mine = f"{self.cookie_name}=".encode()
        kept = [(name, value) for name, value in answer.raw_headers if name != b"set-cookie" or mine not in value]
        given = len(kept) < len(answer.raw_headers)
        answer.raw_headers[:] = kept
        return given

    def _give(self, request: Request, answer: Response) -> None:
        answer.set_cookie(
            self.cookie_name,
            request.state.csrf_token,
            path=BASE,
            samesite="lax",  # strict: a link from elsewhere would come without it, and the new one spoil open forms
            secure=request.url.scheme == "https",
        )

    async def _get_submitted_token(self, request: Request) -> str | None:
        kind = request.headers.get("content-type", "").lower()
        if self.header_name in request.headers or not kind.startswith("multipart/form-data"):
            return await super()._get_submitted_token(request)
        body = await request.body()  # kept by the base class: the page reads the same bytes again

        async def once() -> AsyncGenerator[bytes, None]:
            yield body

        try:
            form = await InMemory(request.headers, once()).parse()
        except (MultiPartException, ValueError, KeyError, AssertionError):
            return None
        token = form.get(self.field_name)
        await form.close()
        return None if isinstance(token, UploadFile) else token
