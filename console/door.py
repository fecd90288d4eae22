"""The door of every page: a session cookie instead of a bearer token, and default deny.

A page is a `Page` with a name; a name without a row in `console.permissions` cannot even be made. Who signed in is
found anew at each request, so a session that was ended, an officer who left and a substitution that is over count at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.auth import AdminUser
from starlette_admin.views import CustomView

from api.deps import Runtime, runtime_of
from api.permissions import Rule
from api.problems import ProblemError
from models.decisions import Officer

from .permissions import PAGES
from .words import _

T = TypeVar("T")


@dataclass
class SignedIn(AdminUser):
    """Who looks at the page: the officer, perhaps standing in for a colleague, and the session's token.

    `person` is who signed in; `officer` is that person in the capacity in which he or she acts now.
    """

    officer: Officer | None = None
    person: Officer | None = None
    token: str = ""
    may_act_for: tuple[tuple[str, str], ...] = ()
    """(login, name) of the colleagues for whom the officer may act today."""


def signed_in(request: Request) -> SignedIn | None:
    return cast("SignedIn | None", getattr(request.state, "admin_user", None))


def officer_of(request: Request) -> Officer:
    """The officer who has signed in; raises ProblemError 401 on a page without sign-in."""
    user = signed_in(request)
    if user is None or user.officer is None:
        raise ProblemError("unauthenticated", "请先登录 · sign in first")
    return user.officer


def person_of(request: Request) -> Officer:
    """Who has signed in, whomever he or she stands in for; raises ProblemError 401 on a page without sign-in."""
    user = signed_in(request)
    if user is None or user.person is None:
        raise ProblemError("unauthenticated", "请先登录 · sign in first")
    return user.person


def may_open(request: Request, page: str) -> bool:
    user = signed_in(request)
    return user is not None and user.officer is not None and passes(PAGES[page], user.officer)


def passes(rule: Rule, officer: Officer) -> bool:
    """Whether a rule lets the officer in as he or she acts now: what is to be done in person is closed to a
    substitute."""
    return rule.allows(officer) and (rule.acting or officer.acting_for is None)


async def reading(request: Request, read: Callable[[Session, Runtime], T]) -> T:
    """`read(session, runtime)` in one read transaction, in a thread."""
    runtime = runtime_of(request)

    def run() -> T:
        with runtime.database.read() as s:
            return read(s, runtime)

    return await run_in_threadpool(run)


class Page(CustomView):
    """A page of the console. Subclasses set `name` (its row in PAGES), `path`, `menu_label`, `icon`.

    Routes are methods decorated with `starlette_admin.routing.route`; every one of them is refused to an officer to
    whom the page is not open. `add_to_menu = False` for pages that one comes to from another.
    """

    name: str = ""

    def __init__(self) -> None:
        if self.name not in PAGES:
            raise LookupError(f"{type(self).__name__}: page {self.name!r} has no rule in console.permissions")
        super().__init__(menu_label=self.menu_label, path=self.path, add_to_menu=self.add_to_menu)

    def is_accessible(self, request: Request) -> bool:
        return may_open(request, self.name)

    def is_active(self, request: Request) -> bool:
        here = request.scope["root_path"] + self.path
        path = request.scope["path"]
        return bool(path == here or path.startswith(here.rstrip("/") + "/"))

    def title(self, request: Request) -> str:
        return _(str(self.menu_label))

    def render(
        self, request: Request, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> Response:
        """A template of `console/templates` inside the layout, with flash messages."""
        if self._admin is None:
            raise RuntimeError("the page is not part of a site")
        values = {"title": self.title(request)} | dict(context or {})
        return self._admin._template_response(request, template, values, status)
