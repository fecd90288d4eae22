"""代: who stands in for whom, from which day to which, in which procedures.

A substitution adds a capacity, never an identity: the officer keeps his or her own id and name on record and paper,
and department, unit and roles are those of the colleague. It cannot be passed on, because those roles are read from
the colleague's own row and never from another substitution. Administrators and auditors have none (三员分立).

Every function takes the caller's open session and never commits (ledger.md rule 12).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, insert, or_, select, true, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from models.audit import Act
from models.decisions import Officer
from models.enums import Department, Procedure, Role
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow, table_of
from models.sessions import Colleague
from models.substitutions import NewSubstitution, SubstitutionFault, SubstitutionView
from models.visits import Substitution
from rules.deadlines import local_day

from . import audit
from .officers import ADMINISTRATORS, find_by_login, officer_of

_substitution = table_of(Substitution)
_principal = table_of(OfficerRow).alias("principal_officer")
_substitute = table_of(OfficerRow).alias("substitute_officer")

NEVER = ADMINISTRATORS | {Role.AUDITOR}
"""Roles that nobody else may use for their holder."""

LISTED = 500

_COVERING = (
    select(_substitution.c.procedures)
    .join(_principal, _principal.c.id == _substitution.c.principal)
    .where(
        _substitution.c.principal == bindparam("at_principal"),
        _substitution.c.substitute == bindparam("at_substitute"),
        _substitution.c.from_on <= bindparam("day"),
        _substitution.c.until_on >= bindparam("day"),
        _substitution.c.ended_at.is_(None),
        _principal.c.active.is_(True),
    )
)
_PRINCIPALS = (
    select(_principal.c.login, _principal.c.name, _principal.c.department, _principal.c.unit, _principal.c.roles)
    .join(_substitution, _substitution.c.principal == _principal.c.id)
    .where(
        _substitution.c.substitute == bindparam("at_substitute"),
        _substitution.c.from_on <= bindparam("day"),
        _substitution.c.until_on >= bindparam("day"),
        _substitution.c.ended_at.is_(None),
        _principal.c.active.is_(True),
    )
    .distinct()
    .order_by(_principal.c.name, _principal.c.login)
)
_VIEW = (
    select(
        _substitution,
        _principal.c.login.label("principal_login"),
        _principal.c.name.label("principal_name"),
        _principal.c.department.label("department"),
        _principal.c.unit.label("unit"),
        _substitute.c.login.label("substitute_login"),
        _substitute.c.name.label("substitute_name"),
    )
    .join(_principal, _principal.c.id == _substitution.c.principal)
    .join(_substitute, _substitute.c.id == _substitution.c.substitute)
    .order_by(_substitution.c.from_on.desc(), _substitution.c.id)
    .limit(LISTED)
)


# --- granting ----------------------------------------------------------------------------------------------------


def may_arrange(officer: Officer, principal: Officer) -> bool:
    """For oneself; for a colleague by a head of the same department and unit; for anybody by a security administrator:
    a substitution lends roles, and who keeps the accounts must not be who grants them (docs/decisions/0049). Nobody
    who stands in for another arranges anything."""
    if officer.acting_for is not None:
        return False
    if officer.id == principal.id:
        return True
    if officer.department is Department.ADMINISTRATION:
        return Role.SECURITY_ADMIN in officer.roles
    same = (officer.department, officer.unit) == (principal.department, principal.unit)
    return same and Role.HEAD in officer.roles


def grant(
    s: Session, wanted: NewSubstitution, by: Officer, key: str, at: datetime, hand: str | None = None
) -> SubstitutionView | list[SubstitutionFault] | Refusal:
    """Enter a substitution; the same officer, key and content is the same one. Faults name their fields; a refusal
    says that it is not this officer's to arrange, or that the key was used for other content. `hand`: who did it in
    the officer's place at the machine, for the audit."""
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"substitution|{by.id}~{key}").hex
    principal = by if wanted.principal is None else _active(s, wanted.principal)
    if principal is None:
        return [SubstitutionFault(field="principal", reason="没有这名经办人 · no such officer")]
    if not may_arrange(by, principal):
        return Refusal.of(RefusalCode.NO_SUBSTITUTION, "只能由本人、本部门负责人或安全管理员安排代行")
    substitute = _active(s, wanted.substitute)
    if substitute is None:
        return [SubstitutionFault(field="substitute", reason="没有这名经办人 · no such officer")]
    values = {
        "principal": principal.id,
        "substitute": substitute.id,
        "from_on": wanted.from_on,
        "until_on": wanted.until_on,
        "procedures": ",".join(sorted(set(wanted.procedures))),
        "reason": wanted.reason,
    }
    found = s.execute(_VIEW.where(_substitution.c.id == identity)).one_or_none()
    if found is not None:
        unchanged = all(getattr(found, name) == value for name, value in values.items())
        return _view(found, at) if unchanged else Refusal.of(RefusalCode.KEY_REUSED)
    faults = _faults(wanted, principal, substitute, local_day(at))
    if faults:
        return faults
    s.execute(insert(_substitution).values(id=identity, granted_by=by.id, granted_at=at, **values))
    until = f"{substitute.name} 代 {principal.name}，{wanted.from_on} 至 {wanted.until_on}"
    audit.note(s, Act.SUBSTITUTION_GRANTED, at, hand or by, about=identity, detail=until)
    return _view(s.execute(_VIEW.where(_substitution.c.id == identity)).one(), at)


def _active(s: Session, login: str) -> Officer | None:
    row = find_by_login(s, login)
    return officer_of(row) if row is not None else None


def _faults(wanted: NewSubstitution, principal: Officer, substitute: Officer, today: date) -> list[SubstitutionFault]:
    faults: list[tuple[str, str]] = []
    if substitute.id == principal.id:
        faults.append(("substitute", "不能代行本人 · nobody stands in for himself"))
    elif (substitute.department, substitute.unit) != (principal.department, principal.unit):
        faults.append(("substitute", "须为同一部门（单位）的经办人 · must be of the same department and unit"))
    if (principal.roles | substitute.roles) & NEVER:
        faults.append(("principal", "管理员和审计人员不得代行 · not for administrators and auditors"))
    if wanted.from_on < today:
        faults.append(("from_on", "不得早于今日 · not before today"))
    if wanted.until_on < wanted.from_on:
        faults.append(("until_on", "不得早于开始日期 · not before the first day"))
    return [SubstitutionFault(field=field, reason=reason) for field, reason in faults]


def end(s: Session, identity: str, by: Officer, at: datetime) -> SubstitutionView | Refusal | None:
    """End a substitution now: by either of the two, by whoever granted it, or by whoever could arrange it. Ending
    again keeps the first moment. None: there is none that this officer may know of."""
    found = s.execute(_VIEW.where(_substitution.c.id == identity)).one_or_none()
    if found is None or not _may_read(by, found):
        return None
    row = s.exec(select_rows(OfficerRow).where(col(OfficerRow.id) == found.principal)).one()
    theirs = by.id in (found.principal, found.substitute, found.granted_by)
    if by.acting_for is not None or not (theirs or may_arrange(by, officer_of(row))):
        return Refusal.of(RefusalCode.NO_SUBSTITUTION, "只能由当事人、授权人或本部门负责人终止代行")
    s.execute(
        update(_substitution)
        .where(_substitution.c.id == identity, _substitution.c.ended_at.is_(None))
        .values(ended_at=at)
    )
    if found.ended_at is None:
        audit.note(s, Act.SUBSTITUTION_ENDED, at, by, about=identity)
    return _view(s.execute(_VIEW.where(_substitution.c.id == identity)).one(), at)


def end_received(s: Session, officer_id: str, by: Officer | str, at: datetime) -> None:
    """End what an officer was given by others: another hand may act by that account from now on."""
    standing = and_(
        _substitution.c.substitute == officer_id,
        _substitution.c.ended_at.is_(None),
        _substitution.c.until_on >= local_day(at),
    )
    for identity in s.execute(select(_substitution.c.id).where(standing)).scalars().all():
        s.execute(update(_substitution).where(_substitution.c.id == identity).values(ended_at=at))
        audit.note(s, Act.SUBSTITUTION_ENDED, at, by, about=identity)


# --- acting ------------------------------------------------------------------------------------------------------


def in_force(s: Session, principal: str, substitute: str, day: date, procedure: Procedure | None = None) -> bool:
    """Whether `substitute` stands in for `principal` on `day`, in this procedure (in any when None)."""
    rows = s.execute(_COVERING, {"at_principal": principal, "at_substitute": substitute, "day": day})
    scopes = [_procedures(row.procedures) for row in rows]
    return any(procedure is None or not scope or procedure in scope for scope in scopes)


def acting(s: Session, officer: Officer, login: str, day: date) -> Officer | None:
    """The officer in the capacity of the colleague named by `login`; None when no substitution is in force on that
    day. Which procedures it reaches is asked again when the procedure is known: `reaches`."""
    row = find_by_login(s, login)
    if row is None or officer.acting_for is not None or not in_force(s, row.id, officer.id, day):
        return None
    colleague = officer_of(row)
    if (colleague.department, colleague.unit) != (officer.department, officer.unit) or colleague.roles & NEVER:
        return None  # either account was changed since the substitution was granted
    return officer.model_copy(
        update={"roles": colleague.roles, "acting_for": colleague.id, "acting_for_name": colleague.name}
    )


def principals(s: Session, officer: Officer, day: date) -> list[Colleague]:
    """For whom the officer may act on that day, by name: everybody of whom `acting` would hold."""
    rows = s.execute(_PRINCIPALS, {"at_substitute": officer.id, "day": day}).all()
    return [
        Colleague(login=row.login, name=row.name)
        for row in rows
        if (row.department, row.unit) == (officer.department.value, officer.unit) and not _roles(row.roles) & NEVER
    ]


def colleagues(s: Session, officer: Officer) -> list[Colleague]:
    """Who may stand in for the officer, and for whom the officer may: the same department and unit, by name."""
    unit = _principal.c.unit.is_(None) if officer.unit is None else _principal.c.unit == officer.unit
    rows = s.execute(
        select(_principal.c.login, _principal.c.name, _principal.c.roles)
        .where(_principal.c.department == officer.department.value, unit, _principal.c.active.is_(True))
        .where(_principal.c.id != officer.id)
        .order_by(_principal.c.name, _principal.c.login)
        .limit(LISTED)
    )
    return [Colleague(login=row.login, name=row.name) for row in rows if not _roles(row.roles) & NEVER]


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in text.split(",") if role)


def reaches(s: Session, officer: Officer, procedure: Procedure, at: datetime) -> bool:
    """Whether the capacity in which an officer calls holds for this procedure at the moment of commit.

    It is asked once, in the transaction that commits the command. A substitution that ends between commit and
    judgement still counts, as a decision counts from its commit (docs/decisions/0010): it was in force when signed.
    """
    if officer.acting_for is None:
        return True
    return in_force(s, officer.acting_for, officer.id, local_day(at), procedure)


def scope(s: Session, officer: Officer, at: datetime) -> frozenset[Procedure]:
    """The procedures in which an officer can act in the capacity in which he or she calls: those of `reaches`."""
    if officer.acting_for is None:
        return frozenset(Procedure)
    known = {"at_principal": officer.acting_for, "at_substitute": officer.id, "day": local_day(at)}
    scopes = [_procedures(row.procedures) for row in s.execute(_COVERING, known)]
    return frozenset(procedure for each in scopes for procedure in each or Procedure)


# --- reading -----------------------------------------------------------------------------------------------------


def visible(s: Session, viewer: Officer, at: datetime) -> list[SubstitutionView]:
    """The latest first. One's own, as either side; heads of a department see theirs; heads of the establishment
    office, supervisors, auditors and administrators see all."""
    return [_view(row, at) for row in s.execute(_VIEW.where(_seen_by(viewer)))]


def _seen_by(viewer: Officer) -> ColumnElement[bool]:
    if _sees_all(viewer):
        return true()
    own = or_(_substitution.c.principal == viewer.id, _substitution.c.substitute == viewer.id)
    if Role.HEAD not in viewer.roles:
        return own
    unit = _principal.c.unit.is_(None) if viewer.unit is None else _principal.c.unit == viewer.unit
    return or_(own, and_(_principal.c.department == viewer.department.value, unit))


def _sees_all(viewer: Officer) -> bool:
    head = viewer.department is Department.ESTABLISHMENT and Role.HEAD in viewer.roles
    return head or viewer.department in (Department.SUPERVISION, Department.ADMINISTRATION)


def _may_read(viewer: Officer, row: Row[Any]) -> bool:
    same = (row.department, row.unit) == (viewer.department.value, viewer.unit) and Role.HEAD in viewer.roles
    return _sees_all(viewer) or same or viewer.id in (row.principal, row.substitute, row.granted_by)


def _procedures(text: str) -> list[Procedure]:
    return [Procedure(code) for code in text.split(",") if code]


def _view(row: Row[Any], at: datetime) -> SubstitutionView:
    today = local_day(at)
    return SubstitutionView(
        id=row.id,
        principal=row.principal_login,
        principal_name=row.principal_name,
        substitute=row.substitute_login,
        substitute_name=row.substitute_name,
        from_on=row.from_on,
        until_on=row.until_on,
        procedures=_procedures(row.procedures),
        reason=row.reason,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        ended_at=row.ended_at,
        in_force=row.ended_at is None and row.from_on <= today <= row.until_on,
    )
