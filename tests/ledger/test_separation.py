"""三员分立 as the database holds it, whatever a program believes (P9; GB/T 22239 L3-CES1-08, 12 to 15): no account
mixes an administrator's or an auditor's role with another, none of them gives a command, and what was audited stays."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from docket import audit
from docket.officers import check_account, roles_text
from ledger.db import Database, SelfCheckFailed
from ledger.grants import grant_use, statements
from models.audit import Act
from models.enums import Department, Role
from models.register import OfficerRow

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ADMINISTRATORS = {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN}


def separate(department: Department, roles: frozenset[Role]) -> bool:
    """The rule in a reader's words, written apart from the constraint."""
    if not roles:
        return True
    if roles & ADMINISTRATORS or department is Department.ADMINISTRATION:
        return len(roles) == 1 and roles < ADMINISTRATORS and department is Department.ADMINISTRATION
    return Role.AUDITOR not in roles or (len(roles) == 1 and department is not Department.UNIT)


class _Undone(Exception):
    """Takes an example's row back."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(department=st.sampled_from(Department), roles=st.frozensets(st.sampled_from(Role), max_size=4))
def test_no_account_ever_mixes_what_is_to_be_apart(
    database: Database, department: Department, roles: frozenset[Role]
) -> None:
    """P9: any grant at all, written straight into the table, by insert and by update."""
    row = {"id": "x", "login": "x", "name": "x", "department": department.value, "roles": roles_text(roles)}
    insert = text(
        "INSERT INTO officer (id, login, name, department, roles, active, demo) "
        "VALUES (:id, :login, :name, :department, :roles, TRUE, FALSE)"
    )
    update = text("UPDATE officer SET department = :department, roles = :roles WHERE id = 'x'")
    for blank in (False, True):
        taken = True
        try:
            with database.write() as s:
                s.execute(insert, row | ({"department": "finance", "roles": ""} if blank else {}))
                if blank:
                    s.execute(update, {"department": department.value, "roles": roles_text(roles)})
                raise _Undone
        except IntegrityError:
            taken = False
        except _Undone:
            pass
        assert taken == separate(department, roles)


@settings(max_examples=200, deadline=None)
@given(department=st.sampled_from(Department), roles=st.frozensets(st.sampled_from(Role), min_size=1, max_size=4))
def test_the_program_refuses_in_words_what_the_database_refuses(department: Department, roles: frozenset[Role]) -> None:
    unit = "11990000000000001A" if department is Department.UNIT else None
    if separate(department, roles):
        check_account("x", department, unit, roles)
        return
    with pytest.raises(ValueError, match=" · "):
        check_account("x", department, unit, roles)


@pytest.mark.parametrize(
    ("department", "roles"),
    [
        ("administration", "system-admin"),
        ("finance", "security-admin"),
        ("establishment", "auditor"),
        ("administration", ""),
    ],
)
def test_no_administrator_and_no_auditor_gives_a_command(database: Database, department: str, roles: str) -> None:
    """None of the three decides: the outbox does not take their rows."""
    command = text(
        "INSERT INTO command (id, case_id, seq, kind, key, officer, officer_name, department, roles, decided_at, "
        "body_sealed, body_hash, attempts) VALUES ('c', 'case', 1, 'decide', 'k', 'o', 'n', :department, :roles, "
        ":at, :body, 'h', 0)"
    )
    values = {"department": department, "roles": roles, "at": AT, "body": b""}
    with pytest.raises(IntegrityError, match=r"give no commands|23001"), database.write() as s:
        s.execute(command, values)


CHANGES = {
    "sqlite": [
        "UPDATE audit SET officer_name = 'y'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (id, at, act, outcome, officer_name) SELECT id, at, act, outcome, 'y' FROM audit",
    ],
    "postgresql": ["UPDATE audit SET officer_name = 'y'", "DELETE FROM audit", "TRUNCATE audit"],
}


def test_what_was_audited_is_never_changed_or_deleted(database: Database) -> None:
    """GB/T 22239 L3-CES1-14; ASVS 16.4.2. Not even by the account that owns the tables."""
    with database.write() as s:
        audit.note(s, Act.SIGN_IN, AT, "x")
    for statement in CHANGES[database.engine.dialect.name]:
        with pytest.raises(IntegrityError, match=r"immutable|23001"), database.write() as s:
            s.execute(text(statement))
        with database.read() as s:
            assert [entry.officer_name for entry in audit.entries(s).items] == ["x"], statement


def test_the_self_check_notices_that_somebody_took_the_guard_away(database: Database) -> None:
    sqlite = database.engine.dialect.name == "sqlite"
    drops = {
        "audit_no_delete" if sqlite else "audit_immutable": "DROP TRIGGER {}" + ("" if sqlite else " ON audit"),
        "officer_separate_update" if sqlite else "officer_separate": (
            "DROP TRIGGER {}" if sqlite else "ALTER TABLE officer DROP CONSTRAINT {}"
        ),
    }
    for name, drop in drops.items():
        with database.engine.begin() as connection:
            connection.execute(text(drop.format(name)))
        with pytest.raises(SelfCheckFailed, match=name):
            database.self_check()


def test_an_officer_without_a_role_is_an_account_that_waits(database: Database) -> None:
    with database.write() as s:
        s.add(OfficerRow(id="x", login="x", name="x", department="administration", roles=""))


def test_the_programs_account_only_adds_and_takes_no_guard_away(database: Database) -> None:
    """P9 on PostgreSQL: UPDATE, DELETE and TRUNCATE of journal and audit are denied to the account that the program
    runs as, and so is everything by which an owner could silence them."""
    engine = database.engine
    if engine.dialect.name != "postgresql":
        with pytest.raises(ValueError, match="PostgreSQL"), engine.begin() as connection:
            grant_use(connection, "program")
        return
    role = f"program_{uuid.uuid4().hex[:12]}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")
        grant_use(connection, role)
        grant_use(connection, role)
    try:
        with database.write() as s:
            s.execute(text(f"SET LOCAL ROLE {role}"))
            audit.note(s, Act.SIGN_IN, AT, "x")
            s.execute(text("UPDATE officer SET name = name"))
        denied = [f"{act} {table}" for table in ("audit", "journal") for act in ("DELETE FROM", "TRUNCATE")]
        denied += ["UPDATE audit SET officer_name = 'y'", "UPDATE journal SET case_id = 'y'"]
        denied += [
            "ALTER TABLE audit DISABLE TRIGGER ALL",
            "DROP TABLE audit",
            "SET LOCAL session_replication_role = replica",
        ]
        denied += ["UPDATE alembic_version SET version_num = '0001'"]
        for statement in denied:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner|42501"):
                _as(database, role, statement)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def _as(database: Database, role: str, statement: str) -> None:
    with database.write() as s:
        s.execute(text(f"SET LOCAL ROLE {role}"))
        s.execute(text(statement))


@pytest.mark.parametrize("name", ["", "Public", "a; DROP TABLE audit", "a-b", "ä"])
def test_an_account_is_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="账号名"):
        statements(name)
