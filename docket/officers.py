"""The register of officers and their bearer tokens: who acts is decided here and never by a body.

Every function takes the caller's open session and never commits (ledger.md rule 12). A token is kept only as
its SM3 digest: whoever reads the database cannot act with what stands there.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from models.audit import Act
from models.decisions import Officer
from models.enums import Department, Role
from models.register import OfficerRow, Trace, table_of
from models.sealing import digest
from models.shape import OFFICER_ID
from models.visits import TokenRow

from . import audit

TOKEN_PREFIX = "dbn_"  # noqa: S105 - a public prefix by which a leaked token is recognised
TOKEN_BYTES = 32
_TOKEN = re.compile(r"dbn_[A-Za-z0-9_-]{43}")
_ID = re.compile(OFFICER_ID)
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})

_officer = table_of(OfficerRow)
_token = table_of(TokenRow)
_trace = table_of(Trace)
_BY_TOKEN = (
    select(_officer, _token.c.expires_at, _token.c.note, _token.c.scope)
    .join(_token, _token.c.officer == _officer.c.id)
    .where(
        _token.c.hash == bindparam("hash"),
        _token.c.revoked_at.is_(None),
        _officer.c.active.is_(True),
        _officer.c.roles != "",
    )
)
READING = "read"
"""The scope of a token that changes nothing."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token stands for, and what it is limited to: nothing when empty, `read`, or operations of the API."""

    officer: Officer
    scope: frozenset[str] = frozenset()


def add_officer(
    s: Session,
    *,
    id: str,
    login: str,
    name: str,
    department: Department,
    unit: str | None = None,
    roles: Collection[Role],
    password_hash: str | None = None,
    demo: bool = False,
) -> Officer:
    """Enter an officer. Raises ValueError when the account itself would break separation of duties.

    An officer of a unit names the unit and nobody else does; the three administrators are three persons and
    decide nothing (procedures.md, separation of duties; GB/T 22239 三员分立).
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"{login}: 编号不得含空白、~ 或 | · an id has no blanks, ~ or |")
    kept = frozenset(Role(role) for role in roles)
    check_account(login, Department(department), unit, kept)
    s.add(
        OfficerRow(
            id=id,
            login=login,
            name=name,
            department=Department(department).value,
            unit=unit,
            roles=roles_text(kept),
            password_hash=password_hash,
            demo=demo,
        )
    )
    s.flush()
    return Officer(id=id, name=name, department=Department(department), unit=unit, roles=kept)


def check_account(login: str, department: Department, unit: str | None, roles: frozenset[Role]) -> None:
    """Raises ValueError, Chinese first, when an account with these roles would break separation of duties. The database
    holds administrators and auditors to it as well (migration 0007)."""
    if not roles:
        raise ValueError(f"{login}: 至少一个角色 · at least one role")
    if (department is Department.UNIT) != (unit is not None):
        raise ValueError(f"{login}: 用编单位人员须且仅其须写明单位 · a unit, for officers of a unit and only them")
    administers = roles & ADMINISTRATORS
    if len(administers) > 1:
        raise ValueError(f"{login}: 系统、安全、审计管理员不得兼任 · one administrator role per account")
    if administers and (roles != administers or department is not Department.ADMINISTRATION):
        raise ValueError(f"{login}: 管理员不得兼任业务角色 · an administrator holds no other role")
    if department is Department.ADMINISTRATION and not administers:
        raise ValueError(f"{login}: 系统管理只设三类管理员 · the administration has administrators alone")
    if Role.AUDITOR in roles and len(roles) > 1:
        raise ValueError(f"{login}: 审计人员不得兼任其他角色 · an auditor holds no other role")
    if Role.AUDITOR in roles and department in (Department.UNIT, Department.ADMINISTRATION):
        raise ValueError(f"{login}: 用编单位和系统管理不设审计角色 · no auditor of a unit or of the administration")


def find_by_login(s: Session, login: str) -> OfficerRow | None:
    """The row of an officer who may act, with the password hash, for a login page; None when there is none. Who is
    not active, or was not granted any role yet, may not (ASVS 8.3.2: a change counts at once)."""
    row = s.exec(select_rows(OfficerRow).where(col(OfficerRow.login) == login)).one_or_none()
    return row if row is not None and row.active and row.roles else None


def officer_of(row: OfficerRow) -> Officer:
    """The officer as the rest of the application knows one."""
    return Officer(
        id=row.id, name=row.name, department=Department(row.department), unit=row.unit, roles=roles_of(row.roles)
    )


def issue_token(
    s: Session,
    officer_id: str,
    at: datetime,
    *,
    expires_at: datetime | None = None,
    note: str = "",
    scope: Collection[str] = (),
) -> str:
    """A new token, shown this once, limited to `scope` if there is one. Raises ValueError when there is no such
    officer."""
    if s.get(OfficerRow, officer_id) is None:
        raise ValueError("没有这名经办人 · no such officer")
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    limited = ",".join(sorted(set(scope)))
    s.add(
        TokenRow(
            hash=token_hash(token), officer=officer_id, issued_at=at, expires_at=expires_at, note=note, scope=limited
        )
    )
    s.flush()
    return token


def revoke_token(s: Session, token: str, at: datetime) -> bool:
    """Ends a token at once; False when it is not known. Revoking again keeps the first moment."""
    row = s.get(TokenRow, token_hash(token))
    if row is None:
        return False
    if row.revoked_at is None:
        row.revoked_at = at
        s.add(row)
        s.flush()
    return True


def is_token(text: str) -> bool:
    """Whether a text is spelt as a token of ours is, whoever holds it."""
    return _TOKEN.fullmatch(text) is not None


def holder_of_token(s: Session, token: str, now: datetime, note: str | None = None) -> Holder | None:
    """Who holds the token now, and what it is limited to: None when unknown, expired or revoked, or when the officer
    may not act any more; with `note` only a token that was issued with it, such as that of a session."""
    if not is_token(token):
        return None
    row = s.execute(_BY_TOKEN, {"hash": token_hash(token)}).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if note is not None and row.note != note:
        return None
    officer = Officer(
        id=row.id, name=row.name, department=Department(row.department), unit=row.unit, roles=roles_of(row.roles)
    )
    return Holder(officer, frozenset(filter(None, row.scope.split(","))))


def officer_of_token(s: Session, token: str, now: datetime, note: str | None = None) -> Officer | None:
    """Who holds the token now, whatever it is limited to."""
    held = holder_of_token(s, token, now, note)
    return held.officer if held is not None else None


def note_disclosure(s: Session, officer: Officer, case_ids: Collection[str], at: datetime, what: str) -> None:
    """A trace that an officer had sealed payloads of these cases opened: one row per officer, case and hour.

    It is written before anything is shown, so what could not be noted is not shown.
    """
    for case_id in sorted(case_ids):
        key = f"disclosure|{officer.id}|{case_id}|{at:%Y%m%d%H}"
        if s.execute(select(_trace.c.id).where(_trace.c.key == key)).first() is None:
            text = f"{what}：{officer.shown}"
            s.execute(insert(_trace).values(case_id=case_id, at=at, what=text, code="disclosure", key=key))
    named = "、".join(sorted(case_ids)[:10])
    audit.note(s, Act.CODEC, at, officer, about=named, detail=f"{what}，事项 {len(case_ids)} 件")


def token_hash(token: str) -> str:
    """What stands in the register for a token."""
    # Always SM3, whatever the ledger's hash is set to: a changed setting must not lock everybody out.
    return digest(token.encode(), "sm3")


def roles_text(roles: frozenset[Role]) -> str:
    return ",".join(sorted(role.value for role in roles))


def roles_of(text: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in text.split(",") if role)
