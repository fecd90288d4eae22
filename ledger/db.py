"""The database: engine, session factory, migrations and start-up self-check for SQLite and PostgreSQL.

The one file of the ledger that knows what is particular to an engine (ledger.md rule 10).
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlmodel import Session

from ledger.definitions import definition_faults
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
# Every connection asks for these itself, whatever the server's or the role's own are (reliability.md §1d). A statement
# or a lock that takes longer is a fault to be retried, not a queue to be joined; a commit that is answered is on disk.
POSTGRES_SETTINGS = {
    "statement_timeout": "3s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
}
_POSTGRES_ENCODING = "UTF8"
_POSTGRES_OLDEST = 150000  # server_version_num; 15 and 18 are the ones that were run
# A server that vanished behind a cut line is noticed in seconds, and not by the system's two hours.
_POSTGRES_LINE = {
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_POOL_SIZE = 20
# Any constants: they serialise migrations of processes that start at the same time, and appends to the log.
_MIGRATION_LOCK = 0x44494E47
_LOG_LOCK = 0x44494E48
_LOG_PATIENCE = "60s"

IMMUTABLE_TABLES = ("journal", "log_leaf", "log_node", "log_head", "record_act", "audit", "recusal")
IMMUTABLE_TRIGGERS = {
    "sqlite": tuple((table, f"{table}_no_{act}") for table in IMMUTABLE_TABLES for act in ("update", "delete")),
    "postgresql": tuple((table, f"{table}_immutable") for table in IMMUTABLE_TABLES),
}
"""(table, trigger) of everything that is only ever added to."""

SEPARATING_TRIGGERS = {
    "sqlite": (
        ("officer", "officer_separate_insert"),
        ("officer", "officer_separate_update"),
        ("command", "command_not_of_administrators"),
    ),
    "postgresql": (("command", "command_not_of_administrators"),),
}
"""三员分立: no account mixes an administrator's or auditor's role with another, and none of them acts on a case (P9).
On PostgreSQL the accounts are held by the constraint `officer_separate`."""

_CHECKS = {"account_never_negative", "account_never_exceeded"}


class InUse(Exception):
    """Somebody else has the database open."""


class SelfCheckFailed(Exception):
    """The database is not as the ledger needs it; the text says what is missing."""


def keyring_of(session: Session) -> Keyring:
    keyring = session.info["keyring"]
    assert isinstance(keyring, Keyring)  # noqa: S101 - narrows the untyped info mapping
    return keyring


def hash_of(session: Session) -> HashName:
    name: HashName = session.info["hash"]
    return name


def unhurried(session: Session) -> None:
    """This transaction may take as long as it must: it reads whole tables, or a file of the store after every row.

    On PostgreSQL the limits of ordinary work are lifted for it; without this the server ends a transaction that pauses
    for more than some seconds, and a verification over a slow store would never come to its end.
    """
    lift_limits(session.connection())


def lift_limits(connection: Connection) -> None:
    """As `unhurried`, where there is no session."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {limit} = 0")


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
        self._url = url
        self.engine: Engine = _sqlite(url) if make_url(url).get_backend_name() == "sqlite" else _postgres(url)
        self._reader = self.engine.execution_options(**_READING[self.engine.dialect.name])
        self._info: dict[Any, Any] = {"keyring": keyring, "hash": hash_name}
        # SQLite lets one writer in and has the others poll with growing pauses: threads of one process queue here
        # instead and go on the moment it is free. Other processes are still waited for by busy_timeout.
        self._queue: AbstractContextManager[Any] = Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        self.span: Callable[[], AbstractContextManager[Any]] = nullcontext
        """What a writing transaction stands in: a span of a trace, where there are traces."""
        self.observe: Callable[[str, float], None] | None = None
        """Told how long each write waited for its turn and how long it worked (`waiting`, `working`; seconds)."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at exit, rolled back on any exception.

        On SQLite it begins IMMEDIATE: a deferred one fails at its first write when another got there before.
        """
        asked = begun = time.perf_counter()
        try:
            with (
                self.span(),
                self._queue,
                Session(self.engine, info=dict(self._info), expire_on_commit=False) as session,
                session.begin(),
            ):
                session.connection()  # SQLite's BEGIN IMMEDIATE waits here, and not in the first statement
                begun = time.perf_counter()
                yield session
        finally:
            if self.observe is not None:
                self.observe("waiting", begun - asked)
                self.observe("working", time.perf_counter() - begun)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot; never commits."""
        with Session(self._reader, info=dict(self._info), expire_on_commit=False) as session:
            yield session

    @contextmanager
    def alone(self) -> Iterator[Session]:
        """One transaction while nobody else has the database open, nor can open it until its end. Raises InUse."""
        self.engine.dispose()  # what this process keeps open would stand in its own way
        engine = _sqlite(self._url, alone=True) if self.engine.dialect.name == "sqlite" else self.engine
        try:
            with Session(engine, info=dict(self._info), expire_on_commit=False) as session, session.begin():
                _hold_alone(session)
                yield session
        except OperationalError as error:
            raise InUse(type(error.orig).__name__) from None
        finally:
            engine.dispose()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; a no-op when it is there. Safe to run from several processes."""
        with self.engine.begin() as connection:
            lift_limits(connection)
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            self._introduce(connection)

    def _introduce(self, connection: Connection) -> None:
        """Write once which ledger this is and with which hash its chains are made."""
        known = {row.name for row in connection.execute(META.select())}
        mark = self._info["keyring"].index_mark
        facts = {"ledger_id": uuid.uuid4().hex, "hash": self._info["hash"], "index_mark": mark}
        missing = [{"name": name, "value": value} for name, value in facts.items() if name not in known]
        if missing:
            connection.execute(META.insert(), missing)

    def self_check(self) -> None:
        """Pragmas, revision, hash, triggers, constraints and the partial index are in place.

        Raises SelfCheckFailed naming everything that is missing.
        """
        missing = [fault for faults in self.shortcomings().values() for fault in faults]
        if missing:
            raise SelfCheckFailed(
                "登记数据库自检未通过：" + "；".join(missing) + " · the register failed its self-check"
            )

    def shortcomings(self) -> dict[str, list[str]]:
        """What each part of the self-check found: `settings` of the connection, `schema`, `definitions` of constraints
        and triggers, `facts`. After a wrong schema nothing further is looked at."""
        with self.engine.connect() as connection:
            found = {"settings": _setting_faults(connection), "schema": _schema_faults(connection)}
            if found["schema"]:
                return found
            definitions = [*_trigger_faults(connection), *definition_faults(connection)]
            return found | {"definitions": definitions, "facts": self._fact_faults(connection)}

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


def _hold_alone(session: Session) -> None:
    """On SQLite the way it was opened says it; on PostgreSQL others are counted and the door is shut behind them."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")
        unhurried(session)
        others = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).scalar_one()
        if others:
            raise InUse(f"{others} connections")


def _sqlite(url: str, *, alone: bool = False) -> Engine:
    """`alone`: the file is locked for everybody else, which is refused while anybody has it open."""
    engine = create_engine(
        url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=_POOL_SIZE, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is deferred and comes too late
        cursor = connection.cursor()
        for name, value in SQLITE_PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        if alone:
            cursor.execute("PRAGMA busy_timeout=2000")
            cursor.execute("PRAGMA locking_mode=EXCLUSIVE")
        cursor.close()

    if not alone:
        _keep_to_the_file(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        how = "EXCLUSIVE" if alone else connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {how}")

    return engine


def _keep_to_the_file(engine: Engine) -> None:
    """A register that is moved away or put back from a backup under a working process: a connection that is open still
    writes into the file that nobody will ever read again, and a new one makes an empty file in its place. So each use
    looks whether its file is the one that the path names, and a path once used is never made anew."""
    path = engine.url.database
    if not path or path == ":memory:":
        return
    file, seen = Path(path), False

    @event.listens_for(engine, "do_connect")
    def there(_dialect: Any, _record: Any, _arguments: Any, _options: Any) -> None:
        if seen and not file.exists():
            raise sqlite3.OperationalError("the register's file is gone")

    @event.listens_for(engine, "connect")
    def remember(_connection: Any, record: Any) -> None:
        nonlocal seen
        record.info["file"], seen = _identity(file), True

    @event.listens_for(engine, "checkout")
    def same(_connection: Any, record: Any, _proxy: Any) -> None:
        if _identity(file) != record.info["file"]:
            raise DisconnectionError("the register's file is another one")


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _postgres(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POOL_SIZE,
        pool_pre_ping=True,
        hide_parameters=True,  # a failed statement is logged; what it carried is not (P16)
        isolation_level="READ COMMITTED",
        connect_args={
            **_POSTGRES_LINE,
            "options": _postgres_options(url),
            # What `pg_stat_activity` shows, unless the address or PGAPPNAME says something else.
            "fallback_application_name": f"dingbian {os.getpid()}@{socket.gethostname()}",
        },
    )

    @event.listens_for(engine, "handle_error")
    def say_less(context: ExceptionContext) -> None:
        """The server's own words quote the row that it refused (P16): state and constraint say what happened."""
        told = getattr(context.original_exception, "diag", None)
        if told is None or told.sqlstate is None:
            return
        words = " ".join(filter(None, ("SQLSTATE", told.sqlstate, told.table_name, told.constraint_name)))
        context.original_exception.args = (words,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (words,)

    return engine


def _postgres_options(url: str) -> str:
    """Ours after those of the address, so that ours hold. A value has its spaces escaped, as libpq wants them."""
    asked = make_url(url).query.get("options", ())
    own = (f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in POSTGRES_SETTINGS.items())
    return " ".join([asked] if isinstance(asked, str) else asked) + " " + " ".join(own)


def _setting_faults(connection: Connection) -> list[str]:
    """What this connection should be set to and is not: a pooler between us and the server may have dropped it."""
    return _pragma_faults(connection) if connection.dialect.name == "sqlite" else _postgres_faults(connection)


def _postgres_faults(connection: Connection) -> list[str]:
    found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in POSTGRES_SETTINGS}
    faults = [
        f"连接参数 {name} 应为 {want}，实为 {found[name]}"
        for name, want in POSTGRES_SETTINGS.items()
        if found[name] != want
    ]
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != _POSTGRES_ENCODING:
        faults.append(f"数据库编码应为 {_POSTGRES_ENCODING}，实为 {encoding}")
    version = int(str(connection.exec_driver_sql("SHOW server_version_num").scalar()))
    if version < _POSTGRES_OLDEST:
        faults.append(f"PostgreSQL 版本应不低于 {_POSTGRES_OLDEST // 10_000}，实为 {version // 10_000}")
    return faults


def _pragma_faults(connection: Connection) -> list[str]:
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
    if connection.dialect.name == "postgresql":
        of_officers = {check["name"] for check in inspector.get_check_constraints("officer")}
        missing += [] if "officer_separate" in of_officers else ["缺少约束 officer_separate"]
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
    wanted = IMMUTABLE_TRIGGERS[dialect] + SEPARATING_TRIGGERS[dialect]
    return [f"缺少触发器 {name}" for table, name in wanted if (table, name) not in present]
