"""The way in and out: the sign-in page by password or by the identity provider, signing out, and the door of the site.

Which of the two it is, the settings say; who the officer is and what he or she may do, the register alone.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp
from starlette_admin.auth import AdminUser, AuthMiddleware, BaseAuthProvider
from starlette_admin.flash import flash, get_flashed_messages

from api.deps import Runtime, address_of, runtime_of
from api.door import note_refusal
from api.problems import ProblemError
from docket import officers
from models.decisions import Officer
from models.identity import names_a_person

from . import session
from .door import SignedIn, signed_in
from .guards import Refuse
from .oidc import NotConfirmed, Provider, forget_flow
from .passwords import NotAdmitted, admitted
from .session import BASE
from .words import _, said

logger = logging.getLogger("dingbian.console")

OPEN = frozenset({"login", "static", "oidc_start", "oidc_callback"})
"""Names of routes for whoever has not signed in; a page may say so too (`login_not_required`)."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignIn(BaseAuthProvider):
    def __init__(self, runtime: Runtime, secret_key: str, refuse: Refuse) -> None:
        super().__init__()
        self._refuse = refuse
        self._provider = Provider(runtime.settings, secret_key) if runtime.settings.oidc else None

    async def authenticate(self, request: Request) -> AdminUser | None:
        token = request.cookies.get(session.COOKIE)
        if not token:
            return None
        return await run_in_threadpool(session.found, runtime_of(request), token, session.acting_for(request))

    def get_middleware(self) -> Middleware:
        return Middleware(Door, provider=self, refuse=self._refuse)

    def get_routes(self, templates: Jinja2Templates) -> list[Route]:
        self._templates = templates
        routes = [
            Route("/login", self._page, methods=["GET"], name="login"),
            Route("/logout", self._sign_out, methods=["POST"], name="logout"),
        ]
        if self._provider is None:
            return [*routes, Route("/login", self._by_password, methods=["POST"], name="login")]
        return [
            *routes,
            Route("/sign-in/start", self._to_provider, methods=["POST"], name="oidc_start"),
            Route("/sign-in/callback", self._from_provider, methods=["GET"], name="oidc_callback"),
        ]

    # --- pages -----------------------------------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        wanted = session.own_path(request.query_params.get("next"))
        if signed_in(request) is not None:
            return RedirectResponse(wanted, 303)
        return self._show(request, wanted, signed_out="out" in request.query_params)

    def _show(self, request: Request, wanted: str, status: int = 200, **more: Any) -> Response:
        settings = runtime_of(request).settings
        context = {
            "title": _("登录"),
            "next": wanted,
            "provider": settings.oidc,
            "production": settings.production,
            "flashed_messages": get_flashed_messages(request),
        }
        return self._templates.TemplateResponse(request, "login.html", context | more, status_code=status)

    async def _by_password(self, request: Request) -> Response:
        form = await request.form()
        login, password = str(form.get("username") or ""), str(form.get("password") or "")
        wanted = session.own_path(str(form.get("next") or ""))
        runtime = runtime_of(request)
        try:
            runtime.limits.sign_ins.take(address_of(request))
            officer, token = await admitted(runtime, login, password)
        except NotAdmitted as error:
            return self._show(request, wanted, 429 if error.wait else 401, error=error.said, login=_shown(login))
        except ProblemError as error:
            refused = {"error": said(error.problem.detail), "login": _shown(login)}
            answer = self._show(request, wanted, error.status_code, **refused)
            answer.headers.update(error.headers or {})
            return answer
        return _admitted(runtime, officer, token, wanted)

    async def _to_provider(self, request: Request) -> Response:
        form = await request.form()
        wanted = session.own_path(str(form.get("next") or ""))
        runtime = runtime_of(request)
        try:
            runtime.limits.sign_ins.take(address_of(request))
            return await self._oidc.leave(request, wanted)
        except NotConfirmed as error:
            logger.error("oidc: %s on the way to the provider", error)
            return self._show(request, wanted, 503, error=_("统一身份认证暂时不可用，请稍后再试"))
        except ProblemError as error:
            return self._show(request, wanted, error.status_code, error=said(error.problem.detail))

    async def _from_provider(self, request: Request) -> Response:
        runtime = runtime_of(request)
        try:
            login, wanted = await self._oidc.login_of(request)
        except NotConfirmed as error:
            logger.warning("oidc: %s, nobody was confirmed", error)
            await self._note_refusal(request, "统一身份认证没有确认 · nobody was confirmed")
            answer = self._show(request, f"{BASE}/", 403, error=_("统一身份认证没有确认您的身份，请重新登录"))
        else:
            found = await run_in_threadpool(_of_login, runtime, login)
            if found is not None:
                answer = _admitted(runtime, *found, session.own_path(wanted))
            else:
                await self._note_refusal(request, "统一身份认证的登录名未登记 · the provider's login is nobody's here")
                said_no = _("您已通过统一身份认证，但尚未登记为本系统的经办人，请与系统管理员联系")
                answer = self._show(request, f"{BASE}/", 403, error=said_no)
        forget_flow(answer)
        return answer

    async def _note_refusal(self, request: Request, why: str) -> None:
        await run_in_threadpool(note_refusal, runtime_of(request), address_of(request), why)

    async def _sign_out(self, request: Request) -> Response:
        user = signed_in(request)
        if user is not None:
            await run_in_threadpool(session.ended, runtime_of(request), user.token)
        answer = RedirectResponse(f"{BASE}/login?out=1", 303)
        session.end(answer)
        return answer

    @property
    def _oidc(self) -> Provider:
        if self._provider is None:
            raise RuntimeError("no identity provider was set")
        return self._provider


def _shown(login: str) -> str:
    """What was typed is offered again for a slip of the hand; whoever typed an identity number types anew (P16)."""
    return "" if names_a_person(login) else login


def _admitted(runtime: Runtime, officer: Officer, token: str, wanted: str) -> Response:
    answer = RedirectResponse(wanted, 303)
    session.begin(answer, runtime, officer, token)
    return answer


def _of_login(runtime: Runtime, login: str) -> tuple[Officer, str] | None:
    with runtime.database.write() as s:
        row = officers.find_by_login(s, login)
        if row is None:
            return None
        officer = officers.officer_of(row)
        return officer, session.start(s, runtime, officer)


class Door(AuthMiddleware):
    """Default deny: a route that is not marked open leads whoever has not signed in to the sign-in page, and back to
    the page that was asked for."""

    def __init__(self, app: ASGIApp, provider: BaseAuthProvider, refuse: Refuse) -> None:
        super().__init__(app, provider)
        self._refuse = refuse

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            user = await self._counted(request)
        except ProblemError as error:
            return await self._refuse(request, error)
        request.state.is_anonymous = user is None
        if isinstance(user, SignedIn):
            return await self._let_in(request, user, call_next)
        if _is_open(_route_of(request)):
            return await call_next(request)
        wanted = urlencode({"next": session.own_path(_page_of(request))})
        return RedirectResponse(f"{BASE}/login?{wanted}", 303)

    async def _counted(self, request: Request) -> AdminUser | None:
        """Who looks, counted as the API counts its callers: a session before the register is asked whose it is, and
        whoever has none by address. A flood of pages must not keep cases waiting (P25)."""
        limits, token = runtime_of(request).limits, request.cookies.get(session.COOKIE)
        if token:
            limits.calls.take(officers.token_hash(token))
        user = await self.provider.authenticate(request)
        if user is None:
            limits.passers_by.take(address_of(request))
        return user

    async def _let_in(self, request: Request, user: SignedIn, call_next: RequestResponseEndpoint) -> Response:
        over = user.officer is None
        request.state.admin_user = replace(user, officer=user.person) if over else user
        if not over:
            return await call_next(request)
        flash(request, _("代行授权已经终止，现在以您本人的身份办理"), "warning")
        # What was sent in the colleague's name must not happen in one's own.
        answer = await call_next(request) if request.method in SAFE else RedirectResponse(_page_of(request), 303)
        session.forget_acting(answer)
        return answer


def _route_of(request: Request) -> BaseRoute | None:
    for route in request.scope["app"].routes:
        if route.matches(request.scope)[0] is Match.FULL:
            found: BaseRoute = route
            return found
    return None


def _is_open(route: BaseRoute | None) -> bool:
    if getattr(route, "name", None) in OPEN:
        return True
    return bool(getattr(getattr(route, "endpoint", None), "_login_not_required", False))


def _page_of(request: Request) -> str:
    """The page that the reader looks at: of a form that was sent, the page that it stood on."""
    if request.method in SAFE:
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.url.netloc:
        return f"{BASE}/"
    return session.own_path(parts.path + (f"?{parts.query}" if parts.query else ""))
