"""A consistent copy of a database while others write to it, and its way back into an empty one.

SQLite by its online backup interface, PostgreSQL by COPY inside one REPEATABLE READ snapshot: no client program is
needed, and none of another version than the server's can be in the way (decision 0054).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection, delete, func, inspect, make_url, select, table, text
from sqlalchemy import column as column_of
from sqlmodel import Session

from ledger.db import Database, lift_limits, migration_config

Progress = Callable[[str, int, int], None]
"""What is done, how much of it, and of how much."""

ENDING = ".copy"
_VERSION_TABLE = "alembic_version"
_STEP_PAGES = 256  # one step is 1 MiB of an ordinary database: small enough for a bar that moves
_CHUNK = 1 << 20


class CopyFault(Exception):
    """A database that cannot be copied, or filled; the text says why, without an address or a row."""


def sqlite_file(url: str) -> Path:
    """The file of an SQLite address. Raises ValueError for another database."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        raise ValueError("not an SQLite file")
    return Path(parts.database)


def copy_sqlite(source: Path, target: Path, told: str, progress: Progress) -> None:
    """The database as of one moment, in the new file `target`, on disk when this returns; writers go on meanwhile.

    The source is held in a read transaction: without one, every write of another process would begin the copy anew,
    and under load it would never end. Raises CopyFault.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    address = f"file:{quote(str(source))}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)) as there,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            there.execute("BEGIN")
            there.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the first read
            there.backup(
                copy, pages=_STEP_PAGES, sleep=0, progress=lambda _, left, total: progress(told, total - left, total)
            )
    except sqlite3.Error as error:
        raise CopyFault(f"{source.name}：{type(error).__name__}") from None
    _on_disk(target)


def revision(connection: Connection) -> str | None:
    """Which schema the database has."""
    return MigrationContext.configure(connection).get_current_revision()


def is_empty(database: Database) -> bool:
    """Whether there is no table at all."""
    with database.engine.connect() as connection:
        return not inspect(connection).get_table_names()


def dump_tables(session: Session, folder: Path, told: str, progress: Progress) -> dict[str, int]:
    """Every table of the session's snapshot (`Database.read` on PostgreSQL) as `folder/NAME.copy`, in COPY's own text
    form, UTF-8; rows by table. `db.unhurried` comes first."""
    connection = session.connection()
    tables = _tables(connection)
    folder.mkdir(mode=0o700)
    rows: dict[str, int] = {}
    for done, (name, columns) in enumerate(tables.items(), start=1):
        statement = _copy(name, columns, "TO STDOUT (FORMAT text, ENCODING 'UTF8')")
        path = folder / f"{name}{ENDING}"
        with path.open("xb") as file, _driver(connection).cursor() as cursor:
            with cursor.copy(statement) as copied:
                for block in copied:
                    file.write(block)
            rows[name] = cursor.rowcount
            file.flush()
            os.fsync(file.fileno())
        progress(told, done, len(tables))
    return rows


def load_tables(connection: Connection, schema: str, folder: Path, told: str, progress: Progress) -> dict[str, int]:
    """Makes the schema of revision `schema` in an empty database and fills it; rows by table. The caller's transaction
    is the whole of it. Raises CopyFault when the dump is not of this schema."""
    lift_limits(connection)
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, schema)
    tables = _tables(connection)
    there = {path.name.removesuffix(ENDING) for path in folder.iterdir() if path.name.endswith(ENDING)}
    if there != set(tables):
        raise CopyFault("、".join(sorted(there ^ set(tables))))
    _emptied(connection, tables)
    rows: dict[str, int] = {}
    for done, (name, columns) in enumerate(tables.items(), start=1):
        rows[name] = _filled(connection, name, columns, folder / f"{name}{ENDING}")
        progress(told, done, len(tables))
    return rows


def _emptied(connection: Connection, tables: dict[str, list[str]]) -> None:
    """Rows that the migrations themselves wrote would stand in the way of the same ones from the dump."""
    for name in reversed(list(tables)):
        if connection.execute(select(func.count()).select_from(table(name))).scalar_one():
            connection.execute(delete(table(name)))


def _filled(connection: Connection, name: str, columns: list[str], path: Path) -> int:
    statement = _copy(name, columns, "FROM STDIN (FORMAT text, ENCODING 'UTF8')")
    with path.open("rb") as file, _driver(connection).cursor() as cursor:
        with cursor.copy(statement) as copied:
            while block := file.read(_CHUNK):
                copied.write(block)
        rows = int(cursor.rowcount)
    for column in columns:
        _sequence_after(connection, name, column)
    return rows


def _sequence_after(connection: Connection, of: str, column: str) -> None:
    """A sequence goes on after the highest value that was copied; a copied row would otherwise get a twin."""
    found = connection.execute(
        text("SELECT pg_get_serial_sequence(:of_table, :of_column)"), {"of_table": f'"{of}"', "of_column": column}
    ).scalar_one()
    if found is not None:
        highest = connection.execute(select(func.max(table(of, column_of(column)).c[column]))).scalar_one()
        connection.execute(
            text("SELECT setval(CAST(:sequence AS regclass), :value, :used)"),
            {"sequence": found, "value": highest or 1, "used": highest is not None},
        )


def _tables(connection: Connection) -> dict[str, list[str]]:
    """Tables and their columns; a table stands after those that its rows point to."""
    inspector = inspect(connection)
    order = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name and name != _VERSION_TABLE]
    return {name: [each["name"] for each in inspector.get_columns(name) if not each.get("computed")] for name in order}


def _copy(name: str, columns: list[str], rest: str) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(each) for each in columns)
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(name), names, sql.SQL(rest))


def _driver(connection: Connection) -> Any:
    """psycopg's own connection, inside the transaction of ours: SQLAlchemy knows no COPY."""
    return connection.connection.driver_connection


def _on_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
