"""Who has signed in: a session is an opaque token of the register of officers, in a cookie that no script reads.

The password is checked against argon2 (RFC 9106). Signing out revokes the token, so a copied cookie is worth nothing
afterwards.
"""

from __future__ import annotations

from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.auth import AdminUser, AuthProvider
from starlette_admin.exceptions import LoginFailed
from starlette_admin.helpers import index_url, safe_redirect_url

from api.deps import Runtime, runtime_of
from docket import officers
from models.decisions import Officer

from .door import SignedIn, signed_in
from .words import _

COOKIE = "dingbian_session"
SESSION_HOURS = 10
"""A working day: whoever forgets to sign out is out by the evening."""
NOTE = "console"

_hasher = PasswordHasher()


class Password(AuthProvider):
    """Sign-in by login and password, for the embedded profile."""

    async def authenticate(self, request: Request) -> AdminUser | None:
        token = request.cookies.get(COOKIE)
        if not token:
            return None
        return await run_in_threadpool(_found, runtime_of(request), token)

    async def login(self, username: str, password: str, remember_me: bool, request: Request) -> Response | None:
        runtime = runtime_of(request)
        token = await run_in_threadpool(_admitted, runtime, username, password)
        if token is None:
            raise LoginFailed(_("登录名或密码不正确"))
        fallback = index_url(request)
        wanted = safe_redirect_url(request.query_params.get("next") or fallback, request, fallback)
        answer = RedirectResponse(wanted, status_code=303)
        set_session(answer, runtime, token)
        return answer

    async def logout(self, request: Request) -> Response | None:
        user = signed_in(request)
        runtime = runtime_of(request)
        if user is not None:
            await run_in_threadpool(_ended, runtime, user.token)
        answer = RedirectResponse(request.url_for(request.app.state.ROUTE_NAME + ":login"), status_code=303)
        answer.delete_cookie(COOKIE, path="/console")
        return answer


def set_session(answer: Response, runtime: Runtime, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_HOURS * 3600,
        path="/console",
        httponly=True,
        samesite="lax",  # strict would sign out whoever follows a link from a letter
        secure=runtime.settings.public_url.startswith("https://"),
    )


def _found(runtime: Runtime, token: str) -> SignedIn | None:
    with runtime.database.read() as s:
        officer = officers.officer_of_token(s, token, runtime.clock())
    return SignedIn(username=officer.shown, officer=officer, token=token) if officer is not None else None


def _admitted(runtime: Runtime, login: str, password: str) -> str | None:
    with runtime.database.read() as s:
        row = officers.find_by_login(s, login)
        known = officers.officer_of(row) if row is not None else None
        hashed = row.password_hash if row is not None else None
    if known is None or not _matches(hashed, password):
        return None
    with runtime.database.write() as s:
        return start(s, runtime, known)


def _matches(hashed: str | None, password: str) -> bool:
    if hashed is None:
        return False
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def start(s: Session, runtime: Runtime, officer: Officer) -> str:
    """A new session of the officer; its token, which is kept only as a digest."""
    at = runtime.clock()
    return officers.issue_token(s, officer.id, at, expires_at=at + timedelta(hours=SESSION_HOURS), note=NOTE)


def _ended(runtime: Runtime, token: str) -> None:
    with runtime.database.write() as s:
        officers.revoke_token(s, token, runtime.clock())
