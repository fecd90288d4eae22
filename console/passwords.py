"""Sign-in by password: argon2 (RFC 9106), the same work for whoever does not exist, a bound on tries."""

from __future__ import annotations

import secrets
from functools import cache

from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.deps import Runtime
from docket import sign_in
from models.decisions import Officer

from . import session
from .words import _, moment

LONGEST_LOGIN, LONGEST_PASSWORD = 100, 1_000

_hasher = PasswordHasher()


class NotAdmitted(Exception):
    """Nobody is let in; the text says what to do, and never whether a login exists."""

    def __init__(self, said: str, *, wait: bool = False) -> None:
        super().__init__(said)
        self.said = said
        self.wait = wait


async def admitted(runtime: Runtime, login: str, password: str) -> tuple[Officer, str]:
    """The officer with this login and password, and the token of a new session. Raises NotAdmitted."""
    login = login.strip()
    if not login or not password:
        raise NotAdmitted(_("请填写登录名和密码"))
    if len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD or not login.isprintable():
        login = ""  # nobody's, and the same work
    return await to_thread.run_sync(_admitted, runtime, login, password, limiter=runtime.limits.passwords_at_once)


def _admitted(runtime: Runtime, login: str, password: str) -> tuple[Officer, str]:
    with runtime.database.write() as s:
        attempt = sign_in.begin(s, login, runtime.clock())
    right = _matches(attempt.password_hash, password)  # of a locked account too: the answer takes the same time
    if attempt.locked_until is not None:
        said = _("登录失败次数过多，账号已暂时锁定，请在 %(moment)s 以后再试")
        raise NotAdmitted(said % {"moment": moment(attempt.locked_until)}, wait=True)
    if not right or attempt.officer is None:
        with runtime.database.write() as s:
            sign_in.failed(s, attempt.officer, runtime.clock())
        raise NotAdmitted(_("登录名或密码不正确"))
    with runtime.database.write() as s:
        return attempt.officer, session.start(s, runtime, attempt.officer)


def _matches(hashed: str | None, password: str) -> bool:
    try:
        return _hasher.verify(hashed or _nobodys(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has: what is compared when there is none."""
    return _hasher.hash(secrets.token_urlsafe())
