"""Sign-ins at the console: tries are counted before the password is looked at, and sessions are listed and ended.

A try is counted first and cleared by success, so that many tries at once count as many. Every function takes the
caller's open session and never commits (ledger.md rule 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session

from models.audit import Act, Outcome
from models.decisions import Officer
from models.register import OfficerRow, Unit, table_of
from models.sessions import Profile, SessionView
from models.visits import SignInFailure, TokenRow

from . import audit
from .officers import find_by_login, issue_token, officer_of, officer_of_token, revoke_token, token_hash

SESSION_NOTE = "console"
"""How a session is told from a token that somebody was given for a program."""

FREE_TRIES = 5
FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=8)
FORGOTTEN_AFTER = timedelta(days=1)
"""A slip of the hand on Monday does not count towards a lock on Tuesday."""
MOST_SESSIONS = 100

_failure = table_of(SignInFailure)
_token = table_of(TokenRow)
_officer = table_of(OfficerRow)
_unit = table_of(Unit)
_LOCKED_UNTIL = select(_failure.c.locked_until).where(_failure.c.officer == bindparam("of_officer"))
_PROFILE = (
    select(_officer.c.login, _unit.c.name)
    .outerjoin(_unit, _unit.c.code == _officer.c.unit)
    .where(_officer.c.id == bindparam("of_officer"))
)


@dataclass(frozen=True, slots=True)
class Try:
    """What a try with a login comes upon: nobody, a locked account, or an account whose password is to be compared."""

    officer: Officer | None = None
    password_hash: str | None = None
    locked_until: datetime | None = None


def begin(s: Session, login: str, at: datetime) -> Try:
    """Count one try. The fifth locks the account for a quarter of an hour, each further one for twice as long."""
    row = find_by_login(s, login)
    if row is None:
        return Try()
    connection = s.connection()
    values = {"of_officer": row.id, "now": at, "forgotten": at - FORGOTTEN_AFTER}
    tries = connection.execute(_counting(connection.dialect.name), values).scalar_one_or_none()
    if tries is None:
        audit.note(s, Act.SIGN_IN, at, officer_of(row), detail="账号已锁定 · locked", outcome=Outcome.REFUSED)
        return Try(locked_until=s.execute(_LOCKED_UNTIL, {"of_officer": row.id}).scalar_one())
    if tries >= FREE_TRIES:
        lock = min(FIRST_LOCK * 2 ** min(tries - FREE_TRIES, 10), LONGEST_LOCK)
        s.execute(update(_failure).where(_failure.c.officer == row.id).values(locked_until=at + lock))
    return Try(officer=officer_of(row), password_hash=row.password_hash)


@cache
def _counting(dialect: str) -> ReturningInsert[Any]:
    """One more try, by one statement so that none is lost; no row while the account is locked."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    now = bindparam("now", type_=_failure.c.last_at.type)
    forgotten = bindparam("forgotten", type_=_failure.c.last_at.type)
    return (
        insert(_failure)
        .values(officer=bindparam("of_officer"), failures=1, last_at=now)
        .on_conflict_do_update(
            index_elements=["officer"],
            set_={
                "failures": case((_failure.c.last_at < forgotten, 1), else_=_failure.c.failures + 1),
                "last_at": now,
                "locked_until": None,
            },
            where=or_(_failure.c.locked_until.is_(None), _failure.c.locked_until <= now),
        )
        .returning(_failure.c.failures)
    )


def failed(s: Session, officer: Officer | None, at: datetime, why: str = "登录名或密码不正确 · wrong") -> None:
    """A try that let nobody in goes into the audit; of a login that nobody has, not even what was typed: people type
    passwords there."""
    who = officer if officer is not None else "未知登录名 · unknown login"
    audit.note(s, Act.SIGN_IN, at, who, detail=why, outcome=Outcome.REFUSED)


def succeed(s: Session, officer: Officer, at: datetime, lasts: timedelta) -> str:
    """Forget the tries and begin a session; its token, which is kept only as a digest."""
    audit.note(s, Act.SIGN_IN, at, officer)
    s.execute(delete(_failure).where(_failure.c.officer == officer.id))
    return issue_token(s, officer.id, at, expires_at=at + lasts, note=SESSION_NOTE)


def sign_out(s: Session, token: str, at: datetime) -> None:
    """End the session of this token; nothing when it has ended already."""
    officer = officer_of_token(s, token, at, SESSION_NOTE)
    if officer is not None:
        audit.note(s, Act.SIGN_OUT, at, officer)
    revoke_token(s, token, at)


def set_password(s: Session, row: OfficerRow, password_hash: str, at: datetime, by: str) -> None:
    """A new password, set by an operator at the machine: former sessions end and failed tries are forgotten."""
    row.password_hash = password_hash
    s.add(row)
    s.flush()
    audit.note(s, Act.PASSWORD, at, by, about=row.id, detail=row.login)
    s.execute(delete(_failure).where(_failure.c.officer == row.id))
    end_sessions(s, row.id, at)


def sessions(s: Session, officer_id: str, at: datetime, token: str = "") -> list[SessionView]:
    """Sessions of the officer that still hold, the latest first; that of `token` is marked."""
    rows = s.execute(
        select(_token.c.hash, _token.c.issued_at, _token.c.expires_at)
        .where(*_held(officer_id, at))
        .order_by(_token.c.issued_at.desc(), _token.c.hash)
        .limit(MOST_SESSIONS)
    )
    mine = token_hash(token)
    return [SessionView(started_at=row.issued_at, expires_at=row.expires_at, current=row.hash == mine) for row in rows]


def end_sessions(s: Session, officer_id: str, at: datetime, *, keep: str = "") -> None:
    """End every session of the officer, but for the one with the token `keep`. Other tokens stay."""
    held = [*_held(officer_id, at), _token.c.hash != token_hash(keep)]
    s.execute(update(_token).where(*held).values(revoked_at=at))


def profile(s: Session, officer_id: str) -> Profile:
    row = s.execute(_PROFILE, {"of_officer": officer_id}).one()
    return Profile(login=row.login, unit_name=row.name)


def _held(officer_id: str, at: datetime) -> list[Any]:
    return [
        _token.c.officer == officer_id,
        _token.c.note == SESSION_NOTE,
        _token.c.revoked_at.is_(None),
        or_(_token.c.expires_at.is_(None), _token.c.expires_at > at),
    ]
