"""`dingbian backup`: the whole office in one folder while it is at work, verified before it is called a backup.

Temporal first, then the register, then the files that the register names. A workflow that is older than its register
catches up when it is delivered to again, while a register that is older than its workflows would have lost decisions;
and a file that a row names is in the store already, because it is stored before its row is written (decision 0054).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from ledger import copies
from ledger.db import Database, unhurried
from models.audit import Act
from models.ledger import Fault, Verification
from records.copies import copy_file, named
from records.store import FolderStore, RecordStore, StoreFault
from records.verify import verify_records

from . import backup_manifest as manifest
from .anchors import Anchor, heads_now
from .assembly import Parts
from .backup_manifest import REGISTER_FILE, REGISTER_FOLDER, TEMPORAL_FILE, Backup, RecordsPart
from .faults import StartFault
from .noting import noted
from .settings import uses_embedded_temporal
from .verifying import verify_rows

Report = Callable[[str, int, int], None]
_PRIVATE = 0o700
_SPARE = 64 << 20
"""Bytes that must remain free beside what the databases take."""

REGISTER, RECORDS, TEMPORAL = "登记数据库 register", "档案 records", "流程引擎 Temporal"


@dataclass(slots=True)
class _Work:
    parts: Parts
    target: Path
    report: Report
    made: list[str] = field(default_factory=list)
    """Paths of the parts within the target, as they come."""
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Facts:
    heads: Anchor
    revision: str
    found: Verification
    faults: list[Fault]
    records: RecordsPart


def back_up(parts: Parts, target: Path, with_keys: Path | None, report: Report) -> Backup:
    """The backup in the new folder `target`, readable by its owner alone; with `with_keys` the key file as well, in a
    file of its own outside. Faults that verification found stand in the manifest: it is a backup all the same.

    Raises StartFault before anything is written, or when it could not be finished: then the folder has no manifest.
    """
    begun = datetime.now(UTC)
    _check_places(parts, target, with_keys)
    work = _Work(parts, target, report)
    try:
        noted(parts.database, Act.BACKUP, target.name, "另存密钥文件" if with_keys is not None else "")
        temporal_at = _copy_temporal(work)
        taken_at = datetime.now(UTC)
        with _snapshot(work) as session:
            facts = _gathered(work, session, taken_at)
        _copy_rules(work)
        backup = _described(work, facts, begun, taken_at, temporal_at)
        if with_keys is not None:
            copy_keys(parts.settings.keyring_file, with_keys)
        manifest.write(target, backup, parts.keyring)
    except (copies.CopyFault, StoreFault, SQLAlchemyError, OSError) as error:
        detail = str(error) if isinstance(error, copies.CopyFault | StoreFault) else type(error).__name__
        raise StartFault(
            f"备份没有做完（{detail}），{target} 不能用于恢复，请删除 · the backup was not finished; delete the folder"
        ) from None
    return backup


def copy_keys(source: Path, target: Path) -> None:
    """The key file in a new file for its owner alone. Raises FileExistsError."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())


def engine_of(database: Database) -> Literal["sqlite", "postgresql"]:
    return "sqlite" if database.engine.dialect.name == "sqlite" else "postgresql"


# --- where it goes -------------------------------------------------------------------------------------------------


def _check_places(parts: Parts, target: Path, with_keys: Path | None) -> None:
    """Makes the folder. Raises StartFault."""
    settings = parts.settings
    place = target.expanduser().resolve()
    if settings.data_dir in (place, *place.parents):
        raise StartFault(
            f"{target} 在数据目录之内，会与它一同丢失，请另选一处 · inside the data folder: it would be lost with it"
        )
    if with_keys is not None:
        keys = with_keys.expanduser().resolve()
        if place in keys.parents:
            raise StartFault(
                "密钥文件不得与备份放在一处：谁拿到备份谁就能解开 · the keys must not lie in the backup they open"
            )
        if keys.exists():
            raise StartFault(f"{with_keys} 已存在，不覆盖 · already exists and is not replaced")
        if not keys.parent.is_dir():
            raise StartFault(f"没有目录 {keys.parent} · no such folder")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StartFault(f"{target} 已存在且不是空目录，不覆盖 · exists and is not an empty folder")
    try:
        target.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        target.chmod(_PRIVATE)
        free = shutil.disk_usage(target).free
    except OSError as error:
        raise StartFault(f"写不进 {target}：{error.strerror} · cannot write there") from None
    needed = _database_bytes(parts) + _SPARE
    if free < needed:
        raise StartFault(
            f"{target} 所在的磁盘只剩 {free >> 20} MiB，至少需要 {needed >> 20} MiB · not enough space left"
        )


def _database_bytes(parts: Parts) -> int:
    """Of the files that this machine holds; a PostgreSQL elsewhere is not asked."""
    files = [parts.settings.temporal_database]
    if engine_of(parts.database) == "sqlite":
        files.append(copies.sqlite_file(parts.settings.database_url))
    return sum(each.stat().st_size for each in files if each.exists())


# --- the parts -----------------------------------------------------------------------------------------------------


def _copy_temporal(work: _Work) -> datetime | None:
    """The moment of the snapshot of the embedded server's file; None where Temporal is a cluster of its own."""
    source = work.parts.settings.temporal_database
    if not uses_embedded_temporal() or not source.exists():
        return None
    at = datetime.now(UTC)
    copies.copy_sqlite(source, work.target / TEMPORAL_FILE, TEMPORAL, work.report)
    work.made.append(TEMPORAL_FILE)
    return at


@contextmanager
def _snapshot(work: _Work) -> Iterator[Session]:
    """A session on the register as it stands in the backup: on its copy, or on the snapshot that was dumped."""
    database, settings = work.parts.database, work.parts.settings
    if engine_of(database) == "sqlite":
        copy = work.target / REGISTER_FILE
        copies.copy_sqlite(copies.sqlite_file(settings.database_url), copy, REGISTER, work.report)
        work.made.append(REGISTER_FILE)
        opened = Database(f"sqlite:///{copy}", work.parts.keyring, settings.hash)
        try:
            with opened.read() as session:
                yield session
        finally:
            opened.close()
        return
    with database.read() as session:
        unhurried(session)
        work.tables = copies.dump_tables(session, work.target / REGISTER_FOLDER, REGISTER, work.report)
        work.made += [f"{REGISTER_FOLDER}/{name}{copies.ENDING}" for name in work.tables]
        yield session


def _gathered(work: _Work, session: Session, taken_at: datetime) -> _Facts:
    """Copies the files that the rows name, and verifies rows and copied files."""
    store = FolderStore(work.target / manifest.RECORDS_FOLDER, work.parts.settings.hash)
    records = _copy_records(work, session, store)
    found = verify_rows(session)
    return _Facts(
        heads=heads_now(session, taken_at),
        revision=copies.revision(session.connection()) or "",
        found=found,
        faults=[*found.faults, *verify_records(session, store)],
        records=records,
    )


def _copy_records(work: _Work, session: Session, store: RecordStore) -> RecordsPart:
    """A file that is missing or altered is left out here and told by the verification that follows."""
    wanted = named(session)
    lines, size = [], 0
    for done, file in enumerate(wanted, start=1):
        try:
            copied = copy_file(work.parts.store, store, file)
        except StoreFault:
            copied = 0
        if copied:
            lines.append(f"{file.digest}{file.ending}\n")
            size += copied
        work.report(RECORDS, done, len(wanted))
    (work.target / manifest.RECORDS_LIST).write_text("".join(lines), encoding="ascii")
    work.made.append(manifest.RECORDS_LIST)
    return RecordsPart(files=len(lines), bytes=size)


def _copy_rules(work: _Work) -> None:
    """The rules in force, for whoever sets the office up again; a restore does not touch those that it finds."""
    rules = work.parts.settings.rules_file
    if rules.exists():
        (work.target / manifest.RULES_FILE).write_bytes(rules.read_bytes())
        work.made.append(manifest.RULES_FILE)


def _described(work: _Work, facts: _Facts, begun: datetime, taken_at: datetime, temporal_at: datetime | None) -> Backup:
    name = work.parts.settings.hash
    return Backup(
        version=version("dingbian"),
        ledger_id=facts.heads.ledger_id,
        hash=name,
        engine=engine_of(work.parts.database),
        revision=facts.revision,
        begun_at=begun,
        taken_at=taken_at,
        temporal_at=temporal_at,
        keys=sorted(work.parts.keyring.keys),
        heads=facts.heads,
        holders=facts.found.holders,
        rows=facts.found.rows,
        accounts=facts.found.accounts,
        faults=facts.faults,
        tables=work.tables,
        records=facts.records,
        parts=[manifest.part_of(work.target, path, name) for path in work.made],
    )
