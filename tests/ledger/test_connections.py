"""Settings of every connection on both engines, and what the self-check says of a missing one (reliability.md §1d)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from ledger import db
from ledger.db import POSTGRES_SETTINGS, Database, SelfCheckFailed
from ledger.verify import verify
from models.enums import Resource
from models.register import Holder
from tests.support.engines import fresh_database
from tests.support.ledger import UNIT, done, make_keyring, migrated, reserve_one, seed_unit
from tests.support.postgres import administration, need_postgres


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A migrated register on PostgreSQL."""
    need_postgres()
    with fresh_database("postgresql", tmp_path, migrated) as made:
        yield made


@pytest.fixture
def postgres(address: str) -> Iterator[Database]:
    made = Database(address, make_keyring())
    yield made
    made.close()


def shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar())


def test_every_connection_to_postgresql_has_every_setting(postgres: Database) -> None:
    with postgres.write() as writer, postgres.read() as reader:  # two connections of the pool
        for session in (writer, reader):
            found = {name: shown(session.connection(), name) for name in POSTGRES_SETTINGS}
            assert found == POSTGRES_SETTINGS
        assert shown(writer.connection(), "transaction_isolation") == "read committed"
        assert shown(writer.connection(), "transaction_read_only") == "off"
        assert shown(reader.connection(), "transaction_isolation") == "repeatable read"
        assert shown(reader.connection(), "transaction_read_only") == "on"
    postgres.self_check()


def test_the_server_knows_which_process_a_connection_belongs_to(postgres: Database, address: str) -> None:
    with postgres.read() as s:
        assert shown(s.connection(), "application_name").startswith(f"dingbian {os.getpid()}@")
    named = Database(f"{address}&application_name=worker-2", make_keyring())
    with named.read() as s:
        assert shown(s.connection(), "application_name") == "worker-2"
    named.close()


def test_weaker_settings_of_server_role_or_address_do_not_hold(address: str) -> None:
    name = make_url(address).database
    with administration() as connection:
        for setting, value in {"synchronous_commit": "off", "statement_timeout": "0", "lock_timeout": "0"}.items():
            connection.execute(text(f'ALTER DATABASE "{name}" SET {setting} = {value}'))
        connection.execute(text(f"""ALTER DATABASE "{name}" SET default_transaction_isolation = 'serializable'"""))
    database = Database(f"{address}&options=-c%20lock_timeout=0%20-c%20search_path=public", make_keyring())
    with database.write() as s:
        assert {each: shown(s.connection(), each) for each in POSTGRES_SETTINGS} == POSTGRES_SETTINGS
        assert shown(s.connection(), "search_path") == "public"  # what an address asks for besides is kept
    database.close()


@pytest.mark.parametrize("setting", POSTGRES_SETTINGS)
def test_the_self_check_names_a_setting_that_a_connection_lacks(
    address: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler that drops what a connection asks for."""
    wanted = dict(POSTGRES_SETTINGS)
    other = {"synchronous_commit": "off", "default_transaction_isolation": "serializable"}.get(setting, "0")
    monkeypatch.setitem(db.POSTGRES_SETTINGS, setting, other)
    database = Database(address, make_keyring())
    database.engine.connect().close()  # in the pool, with the wrong setting
    monkeypatch.setitem(db.POSTGRES_SETTINGS, setting, wanted[setting])
    with pytest.raises(SelfCheckFailed, match=f"连接参数 {setting} 应为 {wanted[setting]}，实为 {other}"):
        database.self_check()
    database.close()


@pytest.mark.parametrize("pragma", ["journal_mode", "synchronous", "foreign_keys", "recursive_triggers"])
def test_the_self_check_names_a_pragma_that_a_connection_lacks(
    sqlite: Database, tmp_path: Path, pragma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"journal_mode": "DELETE", "synchronous": "NORMAL"}.get(pragma, "OFF")
    sqlite.close()
    monkeypatch.setitem(db.SQLITE_PRAGMAS, pragma, other)
    database = Database(f"sqlite:///{tmp_path / 'register.db'}", make_keyring())
    with pytest.raises(SelfCheckFailed, match=f"PRAGMA {pragma} 应为"):
        database.self_check()
    database.close()


def test_a_statement_that_takes_too_long_is_a_fault_and_not_a_queue(postgres: Database) -> None:
    began = time.monotonic()
    with pytest.raises(DBAPIError) as found, postgres.write() as s:
        s.connection().execute(text("SELECT pg_sleep(30)"))
    assert type(found.value.orig).__name__ == "QueryCanceled"
    assert 2.5 < time.monotonic() - began < 20
    with postgres.write() as s:
        assert s.connection().execute(text("SELECT 1")).scalar() == 1


def test_a_lock_that_is_held_too_long_is_a_fault_and_nothing_is_half_done(postgres: Database) -> None:
    with postgres.write() as s:
        seed_unit(s, accounts={Resource.ADMINISTRATIVE: 1})
    with postgres.write() as holding:
        done(reserve_one(holding, "a"))
        with pytest.raises(DBAPIError) as found, postgres.write() as waiting:
            reserve_one(waiting, "b")
    assert type(found.value.orig).__name__ == "LockNotAvailable"
    with postgres.write() as s:
        assert verify(s).intact


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registers of this test ask the server for less patience than the tests do and offices have."""
    monkeypatch.setitem(POSTGRES_SETTINGS, "idle_in_transaction_session_timeout", "1s")


@pytest.mark.usefixtures("impatient")
def test_a_transaction_left_open_by_a_stuck_process_lets_go_of_its_locks(postgres: Database) -> None:
    """The server ends it, so that one process cannot stop an office."""
    with postgres.write() as s:
        s.add(Holder(id=UNIT, name="甲"))

    def get_stuck() -> None:
        with postgres.write() as s:
            s.connection().execute(text("UPDATE holder SET name = '乙'"))
            _until_ended(s.connection())
            s.connection().execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        get_stuck()
    with postgres.write() as s:
        held = s.get(Holder, UNIT)
        assert held is not None
        assert held.name == "甲"


def _until_ended(connection: Connection) -> None:
    """Wait, without a word on that connection, until the server has ended it."""
    pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    end = time.monotonic() + 30
    with administration() as server:
        query = text("SELECT 1 FROM pg_stat_activity WHERE pid = :pid")
        while server.execute(query, {"pid": pid}).first() is not None:
            assert time.monotonic() < end, "the server let an idle transaction live"
            server.execute(text("SELECT pg_sleep(0.1)"))


def test_a_connection_that_the_server_ended_is_replaced_without_anybody_noticing(postgres: Database) -> None:
    """P19's everyday case: the server was restarted while a connection lay in the pool (`pool_pre_ping`)."""
    with postgres.read() as s:
        pid = s.connection().execute(text("SELECT pg_backend_pid()")).scalar()
    with administration() as server:
        assert server.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid}).scalar()
    with postgres.write() as s:
        seed_unit(s, accounts={Resource.ADMINISTRATIVE: 1})
    with postgres.read() as s:
        assert verify(s).intact


def test_two_processes_get_the_same_settings(address: str) -> None:
    """What is set is set by the code that makes the connection, and not by whoever ran first."""
    asked = (
        "import sys; from ledger.db import Database; from tests.support.ledger import make_keyring; "
        "database = Database(sys.argv[1], make_keyring()); database.self_check(); database.close()"
    )
    done = subprocess.run([sys.executable, "-c", asked, address], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
