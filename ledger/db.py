"""The database: engine, session factory, migrations and start-up self-check for SQLite and PostgreSQL.

The one file of the ledger that knows what is particular to an engine (ledger.md rule 10).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlmodel import Session

from ledger.tables import META
from models.sealing import HashName, Keyring

MIGRATIONS = Path(__file__).parent / "migrations"

# WAL + FULL survives loss of power; recursive_triggers, because INSERT OR REPLACE otherwise passes by the
# triggers that keep the journal immutable (reliability.md §1d). busy_timeout first: the others may wait for it.
# 32 MiB of cache hold the random inserts of an opening's indexes: 100,000 persons in two thirds of the time.
SQLITE_PRAGMAS = {
    "busy_timeout": "30000",
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "cache_size": "-32768",
}
_PRAGMA_READS = {
    "busy_timeout": 30000,
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
}
# A statement or a lock that takes longer is a fault to be retried, not a queue to be joined (reliability.md §1d).
_POSTGRES_OPTIONS = "-c statement_timeout=3000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000"
_POOL_SIZE = 20
# Any constants: they serialise migrations of processes that start at the same time, and appends to the log.
_MIGRATION_LOCK = 0x44494E47
_LOG_LOCK = 0x44494E48
_LOG_PATIENCE = "60s"

_IMMUTABLE = ("journal", "log_leaf", "log_node", "log_head")
IMMUTABLE_TRIGGERS = {
    "sqlite": tuple((table, f"{table}_no_{act}") for table in _IMMUTABLE for act in ("update", "delete")),
    "postgresql": tuple((table, f"{table}_immutable") for table in _IMMUTABLE),
}
"""(table, trigger) of everything that is only ever added to."""

_CHECKS = {"account_never_negative", "account_never_exceeded"}


class SelfCheckFailed(Exception):
    """The database is not as the ledger needs it; the text says what is missing."""


def keyring_of(session: Session) -> Keyring:
    keyring = session.info["keyring"]
    assert isinstance(keyring, Keyring)  # noqa: S101 - narrows the untyped info mapping
    return keyring


def hash_of(session: Session) -> HashName:
    name: HashName = session.info["hash"]
    return name


def hold_log(session: Session) -> None:
    """Only this transaction appends to the log until it ends; another one waits. On SQLite there is one writer anyway.

    Statement and lock limits are lifted for the waiting alone: an append of an opening takes some seconds.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "lock_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {limit} = '{_LOG_PATIENCE}'")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOG_LOCK})
        for limit in ("statement_timeout", "lock_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {limit} TO DEFAULT")


class Database:
    """One register. `write()` and `read()` are the only places where a transaction begins or ends.

    `url` is an SQLAlchemy URL (`sqlite:////path/register.db`, `postgresql+psycopg://…`); an SQLite database
    lives in a file, because several connections share it.
    """

    def __init__(self, url: str, keyring: Keyring, hash_name: HashName = "sm3") -> None:
        self.engine: Engine = _sqlite(url) if make_url(url).get_backend_name() == "sqlite" else _postgres(url)
        self._reader = self.engine.execution_options(**_READING[self.engine.dialect.name])
        self._info: dict[Any, Any] = {"keyring": keyring, "hash": hash_name}
        # SQLite lets one writer in and has the others poll with growing pauses: threads of one process queue here
        # instead and go on the moment it is free. Other processes are still waited for by busy_timeout.
        self._queue: AbstractContextManager[Any] = Lock() if self.engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at exit, rolled back on any exception.

        On SQLite it begins IMMEDIATE: a deferred one fails at its first write when another got there before.
        """
        with (
            self._queue,
            Session(self.engine, info=dict(self._info), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot; never commits."""
        with Session(self._reader, info=dict(self._info), expire_on_commit=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the schema to the newest revision; a no-op when it is there. Safe to run from several processes."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            self._introduce(connection)

    def _introduce(self, connection: Connection) -> None:
        """Write once which ledger this is and with which hash its chains are made."""
        known = {row.name for row in connection.execute(META.select())}
        facts = {"ledger_id": uuid.uuid4().hex, "hash": self._info["hash"]}
        missing = [{"name": name, "value": value} for name, value in facts.items() if name not in known]
        if missing:
            connection.execute(META.insert(), missing)

    def self_check(self) -> None:
        """Pragmas, revision, hash, triggers, constraints and the partial index are in place.

        Raises SelfCheckFailed naming everything that is missing.
        """
        with self.engine.connect() as connection:
            missing = [*_pragma_faults(connection), *_schema_faults(connection)]
            if not missing:
                missing = [*_trigger_faults(connection), *self._fact_faults(connection)]
        if missing:
            raise SelfCheckFailed(
                "登记数据库自检未通过：" + "；".join(missing) + " · the register failed its self-check"
            )

    def _fact_faults(self, connection: Connection) -> list[str]:
        stored = connection.execute(META.select().where(META.c.name == "hash")).first()
        if stored is None or stored.value != self._info["hash"]:
            found = "未登记" if stored is None else stored.value
            return [f"杂凑算法应为 {self._info['hash']}，库中为 {found}"]
        return []

    def close(self) -> None:
        self.engine.dispose()


def migration_config() -> Config:
    """Alembic's configuration, built here so that an installed package needs no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


# SQLite: deferred, so that readers never queue behind the writer. PostgreSQL: a read-only snapshot, so that a
# verification of many statements sees one state; no write ever relies on it.
_READING: dict[str, dict[str, Any]] = {
    "sqlite": {"sqlite_begin": "DEFERRED"},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=_POOL_SIZE)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is deferred and comes too late
        cursor = connection.cursor()
        for name, value in SQLITE_PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        how = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {how}")

    return engine


def _postgres(url: str) -> Engine:
    return create_engine(
        url,
        pool_size=_POOL_SIZE,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 2, "options": _POSTGRES_OPTIONS},
    )


def _pragma_faults(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMA_READS}
    return [
        f"PRAGMA {name} 应为 {want}，实为 {found[name]}" for name, want in _PRAGMA_READS.items() if found[name] != want
    ]


def _schema_faults(connection: Connection) -> list[str]:
    newest = ScriptDirectory.from_config(migration_config()).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current != newest:
        return [f"数据库版本为 {current}，应为 {newest}（请先运行迁移）"]
    inspector = inspect(connection)
    checks = {check["name"] for check in inspector.get_check_constraints("account")}
    indexes = {index["name"] for index in inspector.get_indexes("occupancy") if index["unique"]}
    uniques = {unique["name"] for unique in inspector.get_unique_constraints("journal")}
    missing = [f"缺少约束 {name}" for name in sorted(_CHECKS - checks)]
    if "one_headcount_per_person" not in indexes:
        missing.append("缺少唯一索引 one_headcount_per_person")
    if "journal_key_once" not in uniques:
        missing.append("缺少约束 journal_key_once")
    return missing


def _trigger_faults(connection: Connection) -> list[str]:
    dialect = connection.dialect.name
    query = (
        "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
        if dialect == "sqlite"
        else "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE tgenabled IN ('O', 'A') AND pg_table_is_visible(pg_class.oid)"
    )
    present = {(row[0], row[1]) for row in connection.exec_driver_sql(query)}
    return [f"缺少触发器 {name}" for table, name in IMMUTABLE_TRIGGERS[dialect] if (table, name) not in present]
