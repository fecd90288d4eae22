"""Accounts of officers, kept by two: the system administrator enters and stops them, the security administrator grants
roles, and neither can do the other's part (三员分立; GB/T 22239 L3-CES1-08; ASVS 8.2.1).

Nobody alone makes an officer who decides. An account begins without a role and opens nothing; and whatever the system
administrator does that could put another hand on an account, such as a password, another login or department, takes
its roles away until the security administrator grants them again.

Every function takes the caller's open session and never commits; each act is audited in the same transaction. `by` is
the administrator, or the name of an operator at the machine.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from models.accounts import AccountFault, Activity, NewOfficer, OfficerChange, OfficerView, RolesGrant
from models.audit import Act
from models.decisions import Officer
from models.enums import Department, Role
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow, Unit, table_of
from models.visits import SignInFailure, TokenRow

from . import audit, substitutions
from .officers import ADMINISTRATORS, check_account, roles_of, roles_text

LISTED = 1_000

_officer = table_of(OfficerRow)
_token = table_of(TokenRow)
_failure = table_of(SignInFailure)

Done = OfficerView | list[AccountFault] | None
"""The account as it is now; the faults of what was asked for; None when there is no such account."""


def listed(s: Session, after: str | None = None, limit: int = 200) -> list[OfficerView]:
    """Accounts by login, from the one after `after`."""
    chosen = select_rows(OfficerRow).order_by(col(OfficerRow.login)).limit(min(limit, LISTED))
    if after is not None:
        chosen = chosen.where(col(OfficerRow.login) > after)
    return [_view(row) for row in s.exec(chosen)]


def named(s: Session, login: str) -> OfficerRow | None:
    """The account with this login, whether or not it may act."""
    return s.exec(select_rows(OfficerRow).where(col(OfficerRow.login) == login)).one_or_none()


def found(s: Session, officer_id: str) -> OfficerView | None:
    row = s.get(OfficerRow, officer_id)
    return _view(row) if row is not None else None


def enter(
    s: Session, wanted: NewOfficer, by: Officer | str, key: str, at: datetime
) -> OfficerView | list[AccountFault] | Refusal:
    """A new account without a role, its id drawn once and for ever. The same key and content is the same one."""
    maker = by if isinstance(by, str) else by.id
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"officer|{maker}~{key}").hex
    row = s.get(OfficerRow, identity)
    if row is not None:
        same = (row.login, row.name, row.department, row.unit) == (
            wanted.login,
            wanted.name,
            wanted.department.value,
            wanted.unit,
        )
        return _view(row) if same else Refusal.of(RefusalCode.KEY_REUSED)
    faults = _faults(s, wanted.login, wanted.department, wanted.unit)
    if faults:
        return faults
    row = OfficerRow(
        id=identity,
        login=wanted.login,
        name=wanted.name,
        department=wanted.department.value,
        unit=wanted.unit,
        roles="",
    )
    s.add(row)
    s.flush()
    audit.note(s, Act.OFFICER_ENTERED, at, by, about=identity, detail=_named(row))
    return _view(row)


def change(s: Session, officer_id: str, wanted: OfficerChange, by: Officer | str, at: datetime) -> Done:
    """Another name keeps the roles; another login, department or unit withdraws them."""
    row = s.get(OfficerRow, officer_id, with_for_update=True)
    if row is None:
        return None
    login = wanted.login or row.login
    department = wanted.department or Department(row.department)
    unit = (wanted.unit or row.unit) if department is Department.UNIT else wanted.unit
    faults = _faults(s, login, department, unit, of=row)
    if faults:
        return faults
    moved = (login, department.value, unit) != (row.login, row.department, row.unit)
    if moved and (fault := _last_of_its_kind(s, row)):
        return [fault]
    before = _named(row)
    if moved:
        hand_over(s, row, by, at, "登录名、部门或单位已变更 · moved")
    row.login, row.department, row.unit = login, department.value, unit
    row.name = wanted.name or row.name
    s.add(row)
    s.flush()
    if _named(row) != before:
        audit.note(s, Act.OFFICER_CHANGED, at, by, about=row.id, detail=f"{before} → {_named(row)}")
    return _view(row)


def grant(s: Session, officer_id: str, wanted: RolesGrant, by: Officer | str, at: datetime) -> Done:
    """The roles of an account from now on; it counts at its next call (ASVS 8.3.2)."""
    row = s.get(OfficerRow, officer_id, with_for_update=True)
    if row is None:
        return None
    roles = frozenset(wanted.roles)
    if roles:
        try:
            check_account(row.login, Department(row.department), row.unit, roles)
        except ValueError as fault:
            return [AccountFault(field="roles", reason=str(fault))]
    lost = roles_of(row.roles) - roles
    if lost & ADMINISTRATORS and (kept := _last_of_its_kind(s, row)):
        return [kept]
    if roles == roles_of(row.roles):
        return _view(row)
    row.roles = roles_text(roles)
    s.add(row)
    s.flush()
    act = Act.ROLES_GRANTED if roles else Act.ROLES_WITHDRAWN
    audit.note(s, act, at, by, about=row.id, detail=f"{row.login}：{_labels(roles) or '–'}；{wanted.reason}")
    return _view(row)


def set_active(s: Session, officer_id: str, wanted: Activity, by: Officer | str, at: datetime) -> Done:
    """Stop an account, with its sessions and tokens, or let it be used again, without roles."""
    row = s.get(OfficerRow, officer_id, with_for_update=True)
    if row is None:
        return None
    if row.active == wanted.active:
        return _view(row)
    if not wanted.active and (fault := _last_of_its_kind(s, row)):
        return [fault]
    if wanted.active:
        hand_over(s, row, by, at, "重新启用 · resumed")
    else:
        _end_tokens(s, row.id, at)
    row.active = wanted.active
    s.add(row)
    s.flush()
    act = Act.OFFICER_RESUMED if wanted.active else Act.OFFICER_STOPPED
    audit.note(s, act, at, by, about=row.id, detail=f"{row.login}；{wanted.reason}")
    return _view(row)


def set_password(s: Session, officer_id: str, password_hash: str, by: Officer | str, at: datetime) -> Done:
    """A password made by another: sessions and tokens end, failed tries are forgotten, and the roles are withdrawn."""
    row = s.get(OfficerRow, officer_id, with_for_update=True)
    if row is None:
        return None
    if fault := _last_of_its_kind(s, row):
        return [fault]
    row.password_hash = password_hash
    hand_over(s, row, by, at, "密码由他人设定 · the password was set by another")
    s.execute(delete(_failure).where(_failure.c.officer == row.id))
    audit.note(s, Act.PASSWORD, at, by, about=row.id, detail=row.login)
    return _view(row)


def vacant(s: Session, role: Role) -> bool:
    """Whether nobody who may act holds this administrator's role: an installation begins so."""
    held = select(_officer.c.id).where(_officer.c.active.is_(True), _officer.c.roles == role.value)
    return s.execute(held.limit(1)).first() is None


def _faults(
    s: Session, login: str, department: Department, unit: str | None, of: OfficerRow | None = None
) -> list[AccountFault]:
    faults: list[tuple[str, str]] = []
    others = select(_officer.c.id).where(_officer.c.login == login)
    if of is not None:
        others = others.where(_officer.c.id != of.id)
    if s.execute(others).first() is not None:
        faults.append(("login", "登录名已有 · this login exists"))
    if (department is Department.UNIT) != (unit is not None):
        faults.append(("unit", "用编单位人员须且仅其须写明单位 · a unit, for officers of a unit and only them"))
    elif unit is not None and s.get(Unit, unit) is None:
        faults.append(("unit", "没有这个单位 · unknown unit"))
    return [AccountFault(field=field, reason=reason) for field, reason in faults]


def _last_of_its_kind(s: Session, row: OfficerRow) -> AccountFault | None:
    """The last administrator of a kind stays: without one of each nobody could enter, grant or look any more."""
    mine = roles_of(row.roles) & ADMINISTRATORS
    if not mine or not row.active:
        return None
    others = select(_officer.c.id).where(
        _officer.c.roles == row.roles, _officer.c.active.is_(True), _officer.c.id != row.id
    )
    if s.execute(others.limit(1)).first() is not None:
        return None
    return AccountFault(
        field="officer", reason=f"须先另有一名{_labels(mine)} · there must be another administrator of this kind first"
    )


def hand_over(s: Session, row: OfficerRow, by: Officer | str, at: datetime, why: str) -> None:
    """Another hand may act by this account: sessions and tokens end, and so does what others gave it to do in their
    place; roles are to be granted again."""
    _end_tokens(s, row.id, at)
    substitutions.end_received(s, row.id, by, at)
    if row.roles:
        audit.note(s, Act.ROLES_WITHDRAWN, at, by, about=row.id, detail=f"{row.login}；{why}")
    row.roles = ""
    s.add(row)
    s.flush()


def _end_tokens(s: Session, officer_id: str, at: datetime) -> None:
    standing = or_(_token.c.expires_at.is_(None), _token.c.expires_at > at)
    s.execute(
        update(_token)
        .where(_token.c.officer == officer_id, _token.c.revoked_at.is_(None), standing)
        .values(revoked_at=at)
    )


def _named(row: OfficerRow) -> str:
    where = Department(row.department).label + (f" {row.unit}" if row.unit else "")
    return f"{row.login} {row.name}（{where}）"


def _labels(roles: frozenset[Role]) -> str:
    return "、".join(sorted(role.label for role in roles))


def _view(row: OfficerRow) -> OfficerView:
    return OfficerView(
        id=row.id,
        login=row.login,
        name=row.name,
        department=Department(row.department),
        unit=row.unit,
        roles=sorted(roles_of(row.roles)),
        active=row.active,
        waits=row.active and not row.roles,
    )
