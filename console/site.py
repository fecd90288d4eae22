"""The site: starlette-admin with our templates, words, headers and pages, mounted in the API's process."""

from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette_admin.base import BaseAdmin
from starlette_admin.i18n import I18nConfig, TimezoneConfig
from starlette_admin.views import BaseView

from api.deps import Runtime
from api.problems import route_of, unreadable
from models.sealing import Unsealable

from . import words
from .addresses import page_address, readable
from .armour import Hardened, PageHeaders, csp_nonce, policy
from .door import may_open, signed_in
from .events import watch_events
from .guards import AddressCheck, BehindTls, FormTokens, LanguageChoice
from .sign_in import SignIn
from .views import PAGES_OF_THE_SITE, Home
from .words import _

logger = logging.getLogger("dingbian.console")

HERE = Path(__file__).parent
BASE = "/console"
VERSION = "9"
"""Of our own files: a browser that kept the former ones asks again."""
ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
NO_SUCH_METHOD = 405
READING = frozenset({"list", "detail"})
"""Of the framework's routes for a register. The others write, import, look up or serve files: registers are read only.
Its templates name them, so they stay, and answer that there is no such page."""


class Site(BaseAdmin):
    """`mount(app, runtime)` makes one per application."""

    def __init__(self, runtime: Runtime) -> None:
        words.install()
        secret_key = runtime.keyring.keyed_hash(b"console|cookies")
        over_tls = runtime.settings.over_tls
        super().__init__(
            title="定编 · Dingbian",
            base_url=BASE,
            route_name="console",
            templates_dir=str(HERE / "templates"),
            static_dir=str(HERE / "static"),
            index_view=Home(),
            auth_provider=SignIn(runtime, secret_key, self._render_error),
            secret_key=secret_key,
            middlewares=[
                Middleware(BehindTls, over_tls=over_tls),
                Middleware(PageHeaders),
                Middleware(LanguageChoice),
            ],
            i18n_config=I18nConfig(
                default_locale=words.CHINESE,
                language_cookie_name=words.COOKIE,
                language_header_name=None,
                language_switcher=[words.CHINESE, words.ENGLISH],
            ),
            timezone_config=TimezoneConfig(
                default_timezone="Asia/Shanghai", timezone_cookie_name=None, use_user_locale_timezone=False
            ),
        )

    def _setup_templates(self) -> None:
        super()._setup_templates()
        env = self.templates.env
        if env.loader is None:
            raise RuntimeError("the framework gave no templates")
        env.loader = Hardened(env.loader)
        env.globals.update(csp_nonce=csp_nonce, may_open=may_open, signed_in=signed_in, console_version=VERSION)
        env.globals.update(page_address=page_address)
        env.filters.update(words.FILTERS)

    def _init_csrf(self) -> None:
        if self.secret_key is None:
            raise RuntimeError("forms need a secret key")
        self.middlewares.append(Middleware(AddressCheck, refuse=self._render_error))
        self.middlewares.append(
            Middleware(FormTokens, secret_key=self.secret_key, expired=self._expired, refuse=self._render_error)
        )

    def _collect_core_routes(self) -> list[Route]:
        return [
            route if route.name in READING else Route(route.path, _nowhere, methods=ANY_METHOD, name=route.name)
            for route in super()._collect_core_routes()
        ]

    async def _expired(self, request: Request) -> Response:
        """For a form whose token is missing or not the browser's: it stood open too long, or is not ours."""
        return self._template_response(request, "console/expired.html", {"title": _("页面已过期")}, 403)

    async def _render_error(self, request: Request, exc: Exception | None = None) -> Response:
        """A page that says what is wrong and what to do; a fault of ours says nothing of its inside."""
        fault = exc if isinstance(exc, HTTPException) else HTTPException(500)
        if fault.status_code == NO_SUCH_METHOD and request.method == "GET":
            return RedirectResponse(readable(request), 303)  # it takes forms alone: its page is above it
        context = {"exc": fault, "problem": getattr(fault, "problem", None)}
        answer = self._template_response(request, "error.html", context, fault.status_code)
        answer.headers.update(fault.headers or {})
        # A fault of ours is answered outside the pages' middleware, where the API's policy would strip the page bare.
        answer.headers["Content-Security-Policy"] = policy(csp_nonce())
        return answer

    async def _render_unreadable(self, request: Request, exc: Exception) -> Response:
        logger.error("sealed content cannot be opened in a page of %s", route_of(request.scope))
        return await self._render_error(request, unreadable())


def mount(app: FastAPI, runtime: Runtime) -> Site:
    """The console under `/console`, with what its pages need from the API's state; `/` leads to it."""
    site = Site(runtime)
    for view in PAGES_OF_THE_SITE:
        site.add_view(_made(view))
    site.mount_to(app)
    # Before the API's routes: its own `/` leads to its reference, and a page looks up some forty addresses by name,
    # which would each be asked of every operation of the API first.
    routes = app.router.routes
    routes.insert(0, routes.pop())
    routes.insert(0, Route(f"{BASE}/events", watch_events, methods=["GET"], include_in_schema=False))
    for path in ("/", BASE):
        routes.insert(0, Route(path, _to_console, methods=["GET"], include_in_schema=False))
    site.app.state.runtime = runtime
    site.app.state.messenger = app.state.messenger
    site.app.add_exception_handler(Unsealable, site._render_unreadable)
    site.app.add_exception_handler(Exception, site._render_error)
    return site


def _made(view: type[BaseView] | BaseView) -> BaseView:
    return view if isinstance(view, BaseView) else view()


async def _nowhere(request: Request) -> Response:
    raise HTTPException(404)


def _to_console(request: Request) -> RedirectResponse:
    return RedirectResponse(f"{BASE}/")
