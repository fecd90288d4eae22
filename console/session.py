"""Who has signed in: a session is an opaque token of the register of officers, in a cookie that no script reads.

Signing out revokes the token, so a copied cookie is worth nothing afterwards. Every sign-in makes a new one, so a
cookie that somebody planted before never becomes a session.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Runtime
from api.door import CODEC_COOKIE
from api.middleware import PREFIX
from api.permissions import RULES
from docket import officers, sign_in, substitutions
from models.decisions import Officer
from rules.deadlines import local_day

from .door import SignedIn

BASE = "/console"
COOKIE = "dingbian_session"
ACTING_COOKIE = "dingbian_acting"
"""The login of the colleague for whom the officer acts now. It grants nothing: the register is asked each time."""
CODEC_PATH = f"{PREFIX}/codec"
SESSION_HOURS = 10
"""A working day: whoever forgets to sign out is out by the evening."""
SESSION = timedelta(hours=SESSION_HOURS)


def found(runtime: Runtime, token: str, acting_for: str = "") -> SignedIn | None:
    """Whose session it is, as the register stands now. Without a substitution in force the officer is himself, and
    `officer` is None: what was sent in the colleague's name must not happen in one's own."""
    at = runtime.clock()
    with runtime.database.read() as s:
        person = officers.officer_of_token(s, token, at, sign_in.SESSION_NOTE)
        if person is None:
            return None
        today = local_day(at)
        colleagues = substitutions.principals(s, person, today)
        officer = substitutions.acting(s, person, acting_for, today) if acting_for else person
    return SignedIn(
        username=person.shown,
        officer=officer,
        person=person,
        token=token,
        may_act_for=tuple((colleague.login, colleague.name) for colleague in colleagues),
    )


def start(s: Session, runtime: Runtime, officer: Officer) -> str:
    """A new session of the officer; its token, which is kept only as a digest."""
    return sign_in.succeed(s, officer, runtime.clock(), SESSION)


def begin(answer: Response, runtime: Runtime, officer: Officer, token: str) -> None:
    """Set the cookies of a new session, for those who may read sealed payloads that of the codec endpoint too."""
    _set(answer, runtime, COOKIE, token, BASE, "lax")  # strict would sign out whoever follows a link from a letter
    forget_acting(answer)
    if RULES["codec_decode"].allows(officer):
        _set(answer, runtime, CODEC_COOKIE, token, CODEC_PATH, "strict")


def end(answer: Response) -> None:
    """Take the cookies of a session back; the token is revoked by `ended`."""
    answer.delete_cookie(COOKIE, path=BASE, httponly=True)
    answer.delete_cookie(CODEC_COOKIE, path=CODEC_PATH, httponly=True)
    forget_acting(answer)


def ended(runtime: Runtime, token: str) -> None:
    with runtime.database.write() as s:
        sign_in.sign_out(s, token, runtime.clock())


def act_for(answer: Response, runtime: Runtime, login: str) -> None:
    answer.set_cookie(
        ACTING_COOKIE, quote(login), path=BASE, httponly=True, samesite="lax", secure=runtime.settings.over_tls
    )


def forget_acting(answer: Response) -> None:
    answer.delete_cookie(ACTING_COOKIE, path=BASE, httponly=True)


def acting_for(request: Request) -> str:
    return unquote(request.cookies.get(ACTING_COOKIE, ""))


def own_path(wanted: str | None) -> str:
    """`wanted` when it is a page of the console, else the first page: an address from elsewhere may not lead people
    away after they signed in."""
    home = f"{BASE}/"
    if not wanted or len(wanted) > 2000 or "\\" in wanted or not wanted.isprintable():
        return home
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return home
    if parts.scheme or parts.netloc or not parts.path.startswith(home) or "//" in parts.path:
        return home
    door = parts.path.removeprefix(BASE)
    return home if door.startswith(("/login", "/logout", "/sign-in")) else wanted


def _set(answer: Response, runtime: Runtime, name: str, token: str, path: str, same_site: str) -> None:
    answer.set_cookie(
        name,
        token,
        max_age=SESSION_HOURS * 3600,
        path=path,
        httponly=True,
        samesite="strict" if same_site == "strict" else "lax",
        secure=runtime.settings.over_tls,
    )
