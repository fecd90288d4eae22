"""PostgreSQL keeps what is only ever added to from the application itself (P9, ledger.md rule 9): the roles of
deploy/postgres-roles.sql."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlmodel import select

from ledger import log
from ledger.db import IMMUTABLE_TRIGGERS, Database
from ledger.grants import grant_use
from ledger.log_verify import verify_log
from ledger.verify import verify
from models.enums import State
from models.register import Journal
from records.verify import verify_records
from tests.support.engines import fresh_database
from tests.support.office import Office, application, keyring
from tests.support.postgres import ROOT, locked, need_postgres

SCRIPT = ROOT / "deploy" / "postgres-roles.sql"
PASSWORD = "only-for-tests"
IMMUTABLE = [table for table, _trigger in IMMUTABLE_TRIGGERS["postgresql"]]


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role, password=PASSWORD).render_as_string(hide_password=False)


def run_script(url: str) -> None:
    """As the administrator would with psql. Roles belong to the server: tests must not make them at the same time."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with locked(), engine.connect() as connection:
        connection.connection.cursor().execute(SCRIPT.read_text())
        for role in ("dingbian_owner", "dingbian_app"):
            connection.execute(text(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'"))


@pytest.fixture(scope="module", params=["migrate --program-account", "the script again"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A register that the owner migrated after the script; the application's role is granted its use either way."""
    need_postgres()
    with fresh_database("postgresql", tmp_path_factory.mktemp("roles")) as made:
        run_script(made)
        owner = Database(as_role(made, "dingbian_owner"), keyring())
        owner.migrate()
        if request.param == "the script again":
            run_script(made)
        else:
            with owner.engine.begin() as connection:
                grant_use(connection, "dingbian_app")
        owner.close()
        yield made


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    """An office that works as the application's role, from its first morning on."""
    made = Office(tmp_path, url=as_role(url, "dingbian_app"))
    yield made
    made.database.close()


def closed_case(office: Office, number: int = 1) -> str:
    case_id = office.opened(application(meeting=f"第{number}次"))
    (slot,) = office.issued(case_id)
    office.entered(case_id, slot, 300 + number)
    office.acknowledged(case_id, slot)
    return case_id


def test_the_application_role_does_everything_an_office_does(office: Office) -> None:
    office.database.self_check()
    office.database.migrate()  # nothing to do: `dingbian import` runs as this role
    case_id = closed_case(office)
    office.deliver_outbox()  # whatever the case told others
    assert office.docket(case_id).state is State.CLOSED
    with office.database.write() as s:
        assert log.append(s, office.now).size > 0
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_log(s) == []
        assert verify_records(s, office.store) == []
        assert s.connection().execute(text("SELECT current_user")).scalar() == "dingbian_app"


@pytest.mark.parametrize("table", IMMUTABLE)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "DROP TRIGGER {table}_immutable ON {table}",
        "CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DROP TABLE {table} CASCADE",
        "ALTER TABLE {table} OWNER TO dingbian_app",
    ],
    ids=lambda statement: " ".join(statement.split()[:2]),
)
def test_what_is_only_added_to_is_denied_by_the_server_itself(url: str, table: str, statement: str) -> None:
    database = Database(as_role(url, "dingbian_app"), keyring())
    with database.write() as s:
        s.connection().execute(text(f"GRANT ALL ON {table} TO dingbian_app"))  # a warning, and nothing is granted
    with database.read() as s:
        column = s.connection().execute(_A_COLUMN, {"table": table}).scalar()
        assert _privileges(s.connection(), table) == {"SELECT", "INSERT"}
    with pytest.raises(ProgrammingError) as found, database.write() as s:
        s.connection().execute(text(statement.format(table=table, column=column)))
    assert found.value.orig is not None
    assert type(found.value.orig).__name__ == "InsufficientPrivilege"
    database.close()


_A_COLUMN = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table ORDER BY 1 LIMIT 1")


def _privileges(connection: Connection, table: str) -> set[str]:
    query = text(
        "SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p "
        "WHERE has_table_privilege(:table, p)"
    )
    return set(connection.execute(query, {"table": table}).scalars())


def test_the_application_role_makes_nothing_and_switches_nothing_off(url: str) -> None:
    database = Database(as_role(url, "dingbian_app"), keyring())
    for statement in (
        "CREATE TABLE beside (a int)",
        "CREATE FUNCTION beside() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA beside",
        "CREATE TEMP TABLE beside (a int)",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET ROLE dingbian_owner",
        "ALTER TABLE officer DROP CONSTRAINT officer_separate",
    ):
        with pytest.raises(DBAPIError) as found, database.write() as s:
            s.connection().execute(text(statement))
        assert type(found.value.orig).__name__ == "InsufficientPrivilege", statement
    database.close()


def test_a_table_of_a_later_migration_is_closed_until_the_script_is_run_again(url: str) -> None:
    with _connected(as_role(url, "dingbian_owner")) as owner:
        owner.execute(text("CREATE TABLE later (id serial PRIMARY KEY, a int)"))
    with _connected(as_role(url, "dingbian_app")) as app:
        app.execute(text("INSERT INTO later (a) VALUES (1)"))
        assert _privileges(app, "later") == {"SELECT", "INSERT"}
    run_script(url)
    with _connected(as_role(url, "dingbian_app")) as app:
        assert _privileges(app, "later") == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    with _connected(as_role(url, "dingbian_owner")) as owner:
        owner.execute(text("DROP TABLE later"))


def test_a_register_that_the_administrator_migrated_is_handed_to_the_owner(tmp_path: Path) -> None:
    """An office that began with one role changes over by running the script."""
    need_postgres()
    with fresh_database("postgresql", tmp_path) as made:
        first = Office(tmp_path / "before", url=made)
        closed_case(first)
        with first.database.read() as s:
            rows = len(s.exec(select(Journal)).all())
        first.database.close()
        run_script(made)
        after = Office(tmp_path / "before", url=as_role(made, "dingbian_app"))
        after._keys = itertools.count(100)  # or its commands would be repetitions of those before
        closed_case(after, 2)
        with after.database.read() as s:
            assert verify(s).intact
            assert len(s.exec(select(Journal)).all()) > rows
            owners = text(
                "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'i')"
            )
            assert set(s.connection().execute(owners).scalars()) == {"dingbian_owner"}
        after.database.close()


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
