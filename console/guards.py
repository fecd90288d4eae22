"""Layers between the browser and the pages: the address people really use, what no page can take, the language, and
the token of forms."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from urllib.parse import unquote

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_admin.security.csrf import CSRFMiddleware

from api.door import asked
from api.problems import ProblemError
from api.routes.verify import InMemory
from api.strict import UNKEEPABLE

from . import words
from .session import BASE

LANGUAGE = "language"
"""The query parameter by which a link changes the language, so that it works without scripts."""
A_YEAR = 365 * 86_400
LONGEST_PATH = 1000
"""Characters: no address of ours is longer, and a number of more digits than Python reads cannot hide in one."""
_NOT_IN_ADDRESS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Refuse = Callable[[Request, ProblemError], Awaitable[Response]]


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


class AddressCheck:
    """Refuses addresses and cookies with characters that no page, file or database can take: once, for every page."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self.app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _fit(scope):
            problem = ProblemError(
                "bad-request", "网址中有不能识别的字符 · the address holds characters that cannot be"
            )
            answer = await self._refuse(Request(scope, receive), problem)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _fit(scope: Scope) -> bool:
    path, query = str(scope["path"]), asked(scope)
    cookies = unquote(Headers(scope=scope).get("cookie", ""))
    bad_address = _NOT_IN_ADDRESS.search(path) or _NOT_IN_ADDRESS.search(query)
    return len(path) <= LONGEST_PATH and not bad_address and not UNKEEPABLE.search(cookies)


class _Unkeepable(Exception):
    """A form with characters that nothing can keep. Other control characters are for the pages, which name the field
    that has them."""


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
        answer.set_cookie(words.COOKIE, wanted, max_age=A_YEAR, path="/", httponly=True, samesite="lax", secure=secure)
        return answer


class FormTokens(CSRFMiddleware):
    """The framework's protection of forms, with a refusal in words, a cookie for the console alone, and uploads that
    never touch a disk (the framework's reader would put them there to find the token). As every form is read here,
    characters that nothing can keep are refused here too."""

    def __init__(
        self,
        app: ASGIApp,
        secret_key: str,
        expired: Callable[[Request], Awaitable[Response]],
        refuse: Refuse,
    ) -> None:
        super().__init__(app, secret_key)
        self._expired = expired
        self._refuse = refuse

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            answer = await super().dispatch(request, call_next)
        except _Unkeepable:
            what = (
                "填写的内容中有不能保存的字符，请删去后再提交 · what was entered holds characters that cannot be kept"
            )
            return await self._refuse(request, ProblemError("bad-request", what))
        if isinstance(answer, PlainTextResponse):  # its refusal; what a page answers comes as a stream
            answer = await self._expired(request)
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
        form: FormData | None = None
        if kind.startswith("multipart/form-data"):
            form = await self._uploaded(request)
        elif "application/x-www-form-urlencoded" in kind:
            await request.body()  # kept by the base class: the page reads the same bytes again
            form = await request.form()
        token = None
        if form is not None:
            token, fit = form.get(self.field_name), all(map(_keepable, form.multi_items()))
            await form.close()
            if not fit:
                raise _Unkeepable
        if self.header_name in request.headers:
            return request.headers[self.header_name]
        return None if isinstance(token, UploadFile) else token

    @staticmethod
    async def _uploaded(request: Request) -> FormData | None:
        body = await request.body()

        async def once() -> AsyncGenerator[bytes, None]:
            yield body

        try:
            return await InMemory(request.headers, once()).parse()
        except (MultiPartException, ValueError, KeyError, AssertionError):
            return None


def _keepable(field: tuple[str, str | UploadFile]) -> bool:
    name, value = field
    said = (value.filename or "") if isinstance(value, UploadFile) else value
    return not UNKEEPABLE.search(name) and not UNKEEPABLE.search(said)
