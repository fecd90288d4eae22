"""Migration, pragmas, start-up self-check."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import Session, SQLModel

from ledger.db import SQLITE_PRAGMAS, Database, SelfCheckFailed, hash_of, keyring_of
from ledger.verify import verify
from models import register
from models.enums import Resource
from tests.support.ledger import UNIT, done, make_database, make_keyring, reserve_one, seed_unit


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    assert register.Journal.__tablename__ in SQLModel.metadata.tables
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_check_constraints_are_those_of_the_models(database: Database) -> None:
    """Alembic does not compare CHECK constraints."""
    with database.engine.connect() as connection:
        present = {check["name"] for check in inspect(connection).get_check_constraints("account")}
    assert present == {"account_never_negative", "account_never_exceeded"}


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={Resource.WORKER: 1})
        before = s.get(register.Meta, "ledger_id")
    database.migrate()
    database.self_check()
    with database.read() as s:
        assert s.get(register.Meta, "ledger_id") == before
        assert verify(s).intact


def test_two_processes_may_migrate_at_once(url: str) -> None:
    databases = [Database(url, make_keyring()) for _ in range(2)]
    threads = [threading.Thread(target=database.migrate) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.self_check()
        database.close()


def test_sqlite_runs_with_every_pragma(sqlite: Database) -> None:
    with sqlite.engine.connect() as connection:
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in SQLITE_PRAGMAS}
    assert found == {
        "journal_mode": "wal",
        "synchronous": "2",
        "foreign_keys": "1",
        "recursive_triggers": "1",
        "busy_timeout": "30000",
        "cache_size": "-32768",
    }


def test_the_self_check_says_what_is_missing(sqlite: Database) -> None:
    with sqlite.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
    with pytest.raises(SelfCheckFailed, match="journal_no_delete"):
        sqlite.self_check()


def test_the_self_check_refuses_an_empty_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}", make_keyring())
    with pytest.raises(SelfCheckFailed, match="请先运行迁移"):
        database.self_check()
    database.close()


def test_a_ledger_keeps_the_hash_it_began_with(sqlite: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'register.db'}", make_keyring(), "sha256")
    with pytest.raises(SelfCheckFailed, match="sm3"):
        other.self_check()
    other.close()


def test_a_ledger_may_be_chained_with_sha256(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'other.db'}", make_keyring(), "sha256")
    database.migrate()
    database.self_check()
    with database.write() as s:
        seed_unit(s, accounts={Resource.ADMINISTRATIVE: 1})
        done(reserve_one(s, "a"))
        assert verify(s).intact
    database.close()


def test_every_session_carries_keyring_and_hash(database: Database) -> None:
    def carried(s: Session) -> tuple[str, str]:
        return keyring_of(s).current, hash_of(s)

    with database.write() as writer:
        assert carried(writer) == ("k1", "sm3")
    with database.read() as reader:
        assert carried(reader) == ("k1", "sm3")


def test_a_reading_session_never_commits(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL refuses the write at once")
    with database.read() as s:
        s.add(register.Holder(id=UNIT, name="x"))
        s.flush()
    with database.read() as s:
        assert s.get(register.Holder, UNIT) is None


def test_a_database_of_a_strange_path_migrates(tmp_path: Path) -> None:
    folder = tmp_path / "100% 编制"
    folder.mkdir()
    database = make_database(folder)
    database.self_check()
    database.close()
