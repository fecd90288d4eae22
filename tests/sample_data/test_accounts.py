"""Demo accounts: every step has its officer, and every installation its own secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlmodel import col, select

from docket.officers import officer_of_token
from ledger.db import Database
from models.enums import Department, Role
from models.register import OfficerRow
from models.rulebook import Rulebook
from models.visits import TokenRow
from sample_data.accounts import FILE_NAME, create_demo_accounts, demo_officers
from sample_data.load import load_sample
from sample_data.training import RESEARCH_BUREAU, SERVICE_CENTRE


@pytest.fixture
def loaded(database: Database) -> Database:
    load_sample(database, Rulebook())
    return database


def test_the_file_is_private_and_its_secrets_work(loaded: Database, tmp_path: Path) -> None:
    with loaded.write() as session:
        accounts = create_demo_accounts(session, tmp_path / "data")
    path = tmp_path / "data" / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == accounts
    with loaded.read() as session:
        for account in accounts:
            assert set(account) - {"unit"} == {"login", "password", "token", "name", "department", "roles"}
            assert ("unit" in account) == (account["department"] == "unit")
            officer = officer_of_token(session, account["token"], datetime.now(UTC))
            assert officer is not None
            assert (officer.name, officer.department, officer.unit) == (
                account["name"],
                account["department"],
                account.get("unit"),
            )
            row = session.get(OfficerRow, officer.id)
            assert row is not None
            assert row.demo
            assert str(row.password_hash).startswith("$argon2id$")
        first = session.exec(select(OfficerRow).where(OfficerRow.login == accounts[0]["login"])).one()
        assert PasswordHasher().verify(str(first.password_hash), accounts[0]["password"])
        assert account["token"] not in str(session.exec(select(TokenRow)).all())


def test_every_step_has_its_officer() -> None:
    held = {(officer.department, role) for officer in demo_officers() for role in officer.roles}
    establishment = Department.ESTABLISHMENT
    assert held >= {
        (Department.UNIT, Role.APPLICANT),
        *((establishment, role) for role in (Role.EXAMINER, Role.ISSUER, Role.REGISTRAR, Role.INSPECTOR, Role.HEAD)),
        (Department.ORGANISATION, Role.APPROVER),
        (Department.PERSONNEL, Role.APPROVER),
        (Department.FINANCE, Role.APPROVER),
        (Department.SOCIAL_INSURANCE, Role.APPROVER),
        (Department.COMMISSION, Role.APPROVER),
        (Department.PARTY_COMMITTEE, Role.APPROVER),
        (Department.UPPER, Role.APPROVER),
        (Department.SUPERVISION, Role.SUPERVISOR),
        (Department.SUPERVISION, Role.AUDITOR),
        (Department.ADMINISTRATION, Role.SYSTEM_ADMIN),
        (Department.ADMINISTRATION, Role.SECURITY_ADMIN),
        (Department.ADMINISTRATION, Role.AUDIT_ADMIN),
    }
    units = {officer.unit for officer in demo_officers()} - {None}
    assert {RESEARCH_BUREAU, SERVICE_CENTRE} < units
    assert len(units) == 3
    assert sum(Role.INSPECTOR in officer.roles for officer in demo_officers()) == 2
    assert sum(Role.HEAD in officer.roles for officer in demo_officers()) == 2


def test_a_second_start_keeps_the_accounts(loaded: Database, tmp_path: Path) -> None:
    with loaded.write() as session:
        first = create_demo_accounts(session, tmp_path)
    with loaded.write() as session:
        assert create_demo_accounts(session, tmp_path) == first


def test_a_lost_file_makes_new_secrets_and_ends_the_old(loaded: Database, tmp_path: Path) -> None:
    with loaded.write() as session:
        first = create_demo_accounts(session, tmp_path)
    (tmp_path / FILE_NAME).unlink()
    with loaded.write() as session:
        second = create_demo_accounts(session, tmp_path)
    now = datetime.now(UTC)
    with loaded.read() as session:
        assert officer_of_token(session, first[0]["token"], now) is None
        assert officer_of_token(session, second[0]["token"], now) is not None
        assert len(session.exec(select(TokenRow).where(col(TokenRow.revoked_at).is_(None))).all()) == len(second)
    assert {account["password"] for account in first}.isdisjoint(account["password"] for account in second)


def test_accounts_without_the_sample_units_are_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="示例数据"), database.write() as session:
        create_demo_accounts(session, tmp_path)
    assert not (tmp_path / FILE_NAME).exists()
