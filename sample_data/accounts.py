"""Demo accounts: one officer per step and per reader, with secrets made anew in every installation."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlmodel import Session, col, select

from docket.officers import add_officer, issue_token, officer_of_token
from models.enums import Department, Role
from models.register import OfficerRow, Unit
from models.visits import TokenRow

from .published import published
from .training import RESEARCH_BUREAU, SERVICE_CENTRE

FILE_NAME = "demo-accounts.json"
_NOTE = "demo"
_PASSWORD_BYTES = 9
# OWASP's least profile: the passwords are 72 random bits and a first start should not wait for two dozen of them.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_COUNTY_OFFICE = "曹县编制委员会办公室"


@dataclass(frozen=True, slots=True)
class DemoOfficer:
    """One officer. Names are synthetic; the same person never stands in two departments or two roles of a case."""

    login: str
    name: str
    department: Department
    roles: tuple[Role, ...]
    unit: str | None = None

    @property
    def id(self) -> str:
        return f"demo-{self.login}"


def demo_officers() -> list[DemoOfficer]:
    """Every step of interface.md (Names in bodies), three units, supervisor, auditor, three administrators."""
    county = next(unit.code for unit in published().units if unit.name == _COUNTY_OFFICE)
    office = Department.ESTABLISHMENT
    return [
        DemoOfficer("applicant", "王示申", Department.UNIT, (Role.APPLICANT,), RESEARCH_BUREAU),
        DemoOfficer("applicant-centre", "李示申", Department.UNIT, (Role.APPLICANT,), SERVICE_CENTRE),
        DemoOfficer("applicant-county", "张示申", Department.UNIT, (Role.APPLICANT,), county),
        DemoOfficer("examiner", "陈示审", office, (Role.EXAMINER,)),
        DemoOfficer("issuer", "刘示签", office, (Role.ISSUER,)),
        DemoOfficer("registrar", "杨示册", office, (Role.REGISTRAR,)),
        DemoOfficer("inspector", "赵示督", office, (Role.INSPECTOR,)),
        DemoOfficer("inspector-second", "黄示督", office, (Role.INSPECTOR,)),
        DemoOfficer("head", "周示任", office, (Role.HEAD,)),
        DemoOfficer("head-second", "吴示任", office, (Role.HEAD,)),
        DemoOfficer("organisation", "徐示组", Department.ORGANISATION, (Role.APPROVER,)),
        DemoOfficer("organisation-second", "谢示组", Department.ORGANISATION, (Role.APPROVER,)),
        DemoOfficer("personnel", "孙示人", Department.PERSONNEL, (Role.APPROVER,)),
        DemoOfficer("pay", "胡示资", Department.PERSONNEL, (Role.APPROVER,)),
        DemoOfficer("finance", "朱示财", Department.FINANCE, (Role.APPROVER,)),
        DemoOfficer("social-insurance", "高示保", Department.SOCIAL_INSURANCE, (Role.APPROVER,)),
        DemoOfficer("commission", "林示编", Department.COMMISSION, (Role.APPROVER,)),
        DemoOfficer("party-committee", "何示党", Department.PARTY_COMMITTEE, (Role.APPROVER,)),
        DemoOfficer("upper", "郭示上", Department.UPPER, (Role.APPROVER,)),
        DemoOfficer("supervisor", "马示监", Department.SUPERVISION, (Role.SUPERVISOR,)),
        DemoOfficer("auditor", "罗示计", Department.SUPERVISION, (Role.AUDITOR,)),
        DemoOfficer("system-admin", "梁示统", Department.ADMINISTRATION, (Role.SYSTEM_ADMIN,)),
        DemoOfficer("security-admin", "宋示安", Department.ADMINISTRATION, (Role.SECURITY_ADMIN,)),
        DemoOfficer("audit-admin", "郑示审", Department.ADMINISTRATION, (Role.AUDIT_ADMIN,)),
    ]


def create_demo_accounts(session: Session, data_dir: Path) -> list[dict[str, Any]]:
    """The accounts as DATA_DIR/demo-accounts.json lists them; needs the sample units in the register.

    Idempotent: as long as every listed token still works, the file is returned as it is. Otherwise passwords and
    tokens are made anew, the old demo tokens are revoked and the file (mode 0600) is replaced.
    """
    now = datetime.now(UTC)
    path = data_dir / FILE_NAME
    listed = _still_good(session, path, now)
    if listed is not None:
        return listed
    accounts = [_account(session, officer, now) for officer in demo_officers()]
    session.flush()
    _write_privately(path, accounts)
    return accounts


def _still_good(session: Session, path: Path, now: datetime) -> list[dict[str, Any]] | None:
    try:
        listed: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        tokens = {str(account["login"]): str(account["token"]) for account in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    officers = demo_officers()
    if set(tokens) != {officer.login for officer in officers}:
        return None
    for officer in officers:
        known = officer_of_token(session, tokens[officer.login], now)
        if known is None or known.id != officer.id:
            return None
    return listed


def _account(session: Session, officer: DemoOfficer, now: datetime) -> dict[str, Any]:
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = _HASHER.hash(password)
    row = session.get(OfficerRow, officer.id)
    if row is None:
        unit = officer.unit
        if unit is not None and session.get(Unit, unit) is None:
            raise ValueError("示例数据尚未载入 · the sample data are not loaded")
        add_officer(
            session,
            id=officer.id,
            login=officer.login,
            name=officer.name,
            department=officer.department,
            unit=unit,
            roles=officer.roles,
            password_hash=hashed,
            demo=True,
        )
    else:
        row.password_hash = hashed
        _revoke(session, officer.id, now)
    token = issue_token(session, officer.id, now, note=_NOTE)
    account: dict[str, Any] = {
        "login": officer.login,
        "password": password,
        "token": token,
        "name": officer.name,
        "department": officer.department.value,
        "roles": [role.value for role in officer.roles],
    }
    if officer.unit is not None:
        account["unit"] = officer.unit
    return account


def _revoke(session: Session, officer: str, now: datetime) -> None:
    standing = select(TokenRow).where(
        col(TokenRow.officer) == officer, col(TokenRow.note) == _NOTE, col(TokenRow.revoked_at).is_(None)
    )
    for token in session.exec(standing):
        token.revoked_at = now


def _write_privately(path: Path, accounts: list[dict[str, Any]]) -> None:
    """Never readable by others, not even for a moment, and never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(accounts, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
