"""`dingbian restore`: a backup into an empty place, and the proof that what stands there is what was backed up.

Everything is compared before anything is written, and again afterwards; the result is a record of the test for the
file of the office (GB/T 22239, L3-CES1-29). A restore that was not finished leaves a mark, and nothing starts on it.
"""

from __future__ import annotations

import getpass
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from docket.reconciling import deliver_again
from ledger import copies
from ledger.db import Database, SelfCheckFailed, migration_config, unhurried
from models.audit import Act
from models.ledger import Fault
from models.register import Command, table_of
from models.sealing import Keyring, same
from models.shape import Shape
from records.copies import NamedFile, copy_file
from records.store import SUFFIX, FolderStore, RecordStore, StoreFault, open_store
from records.verify import verify_records

from . import backup_manifest as manifest
from .anchors import Anchor, heads_now, record_faults
from .backup import RECORDS, REGISTER, TEMPORAL, copy_keys
from .backup_manifest import REGISTER_FILE, REGISTER_FOLDER, TEMPORAL_FILE, Backup
from .checks import LEDGER_ID_FILE, UNFINISHED_FILE
from .embedded import DataFolderLock
from .faults import StartFault
from .keyring import load_keyring
from .noting import noted
from .settings import Settings, uses_embedded_temporal
from .verifying import verify_rows

Report = Callable[[str, int, int], None]
RECORD_NAME = "restore-test"
_MARGIN = timedelta(minutes=1)
"""Commands that were delivered this long before Temporal's snapshot are delivered again, too: two clocks, and a moment
between Temporal's commit and ours. Again is harmless, too seldom is not."""

_command = table_of(Command)


class BackupDamaged(Exception):
    """The backup is not what it was; nothing was written. `faults` name every part."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            f"备份已损坏，共 {len(faults)} 处，没有恢复任何内容 · the backup is damaged; nothing was restored"
        )
        self.faults = faults


class RestoreTest(Shape):
    """What is kept of a restore: from what, into what, what was compared, and whether it holds."""

    passed: bool
    at: datetime
    seconds: float
    by: str
    machine: str
    source: str
    target: str
    backup: Literal["dingbian-backup/1"]
    backup_version: str
    backup_taken_at: datetime
    ledger_id: str
    engine: str
    parts: int
    holders: int
    rows: int
    accounts: int
    records: int
    log_size: int
    log_root: str
    temporal: Literal["restored", "external", "none"]
    delivered_again: int
    known_faults: list[Fault]
    faults: list[Fault]


@dataclass(slots=True)
class _Work:
    settings: Settings
    source: Path
    backup: Backup
    keyring: Keyring
    report: Report
    store: RecordStore


def restore(settings: Settings, source: Path, keys: Path | None, anchor: Anchor | None, report: Report) -> RestoreTest:
    """Restores into an empty data folder and an empty database. `anchor`: heads kept elsewhere, compared as well.

    Raises StartFault when the place or the keys do not fit, BackupDamaged when the backup does not; nothing is written
    then. What is restored and does not verify is marked, and no process starts on it.
    """
    begun = time.monotonic()
    backup = manifest.read(source)
    keyring = _keys(settings, keys)
    manifest.check_seal(source, backup, keyring)
    _check_fit(settings, backup)
    with DataFolderLock(settings.data_dir):
        _check_empty(settings, keyring, keys)
        work = _Work(settings, source, backup, keyring, report, _empty_store(settings))
        if damaged := [*manifest.damage(source, backup), *_damaged_records(work)]:
            raise BackupDamaged(damaged)
        (settings.data_dir / UNFINISHED_FILE).touch(mode=0o600)
        try:
            temporal = _bring_back(work, keys)
            test = _proved(work, anchor, temporal, begun)
            _keep(settings.data_dir, test)
        except (copies.CopyFault, StoreFault, SelfCheckFailed, SQLAlchemyError, OSError) as error:
            detail = type(error).__name__ if isinstance(error, SQLAlchemyError | OSError) else str(error)
            raise StartFault(
                f"恢复没有做完（{detail}），{settings.data_dir} 不能使用，请删除后重来 · "
                "the restore was not finished; delete the folder and begin again"
            ) from None
        if test.passed:
            (settings.data_dir / UNFINISHED_FILE).unlink()
    return test


# --- before --------------------------------------------------------------------------------------------------------


def _keys(settings: Settings, keys: Path | None) -> Keyring:
    """The given key file, else that of the settings. Raises StartFault; a new one is never made here."""
    path = keys or settings.keyring_file
    if not path.exists():
        raise StartFault(
            f"没有密钥文件 {path}；没有当时的密钥，备份中的密文打不开。请用 --keys 指明另处保存的密钥文件 · "
            "no key file: without the keys of that time nothing sealed opens; name the one kept elsewhere with --keys"
        )
    if keys is not None and settings.keyring_file.exists():
        raise StartFault(
            f"密钥文件 {settings.keyring_file} 已存在，不覆盖；用它则不写 --keys · a key file is there already"
        )
    return load_keyring(path, settings.cipher, settings.profile)


def _check_fit(settings: Settings, backup: Backup) -> None:
    engine = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    if engine != backup.engine:
        raise StartFault(
            f"备份是 {backup.engine} 的，DINGBIAN_DATABASE_URL 是 {engine} 的 · the backup is of another database"
        )
    if settings.hash != backup.hash:
        raise StartFault(f"备份按 {backup.hash} 建立，请设 DINGBIAN_HASH={backup.hash} · set DINGBIAN_HASH")
    try:
        known = ScriptDirectory.from_config(migration_config()).get_revision(backup.revision)
    except CommandError:
        known = None
    if known is None:
        raise StartFault(
            f"备份由更新的版本（{backup.version}，数据库 {backup.revision}）做成，请用该版本恢复 · "
            "made by a newer version; restore it with that version"
        )


def _check_empty(settings: Settings, keyring: Keyring, keys: Path | None) -> None:
    """Nothing is ever restored over something: not even over what another restore left."""
    allowed = {".lock"} | (set() if keys else {settings.keyring_file.name})
    found = sorted(each.name for each in settings.data_dir.iterdir() if each.name not in allowed and _holds(each))
    if found:
        raise StartFault(
            f"数据目录 {settings.data_dir} 不是空的（{'、'.join(found[:5])}），不在其上恢复，"
            "请用 DINGBIAN_DATA_DIR 指定空目录 · the data folder is not empty; set DINGBIAN_DATA_DIR to an empty one"
        )
    if settings.database_url.startswith("sqlite"):
        if copies.sqlite_file(settings.database_url).exists():
            raise StartFault("登记数据库文件已存在，不覆盖 · the register's file exists and is not replaced")
        return
    database = Database(settings.database_url, keyring, settings.hash)
    try:
        empty = copies.is_empty(database)
    except SQLAlchemyError as error:
        raise StartFault(
            f"连接不上登记数据库（{type(error).__name__}），请核对 DINGBIAN_DATABASE_URL · cannot use the database"
        ) from None
    finally:
        database.close()
    if not empty:
        raise StartFault("登记数据库不是空的，请新建一个数据库 · the database is not empty; make a new one")


def _holds(path: Path) -> bool:
    """Anything but an empty folder, such as the one that a store makes for itself."""
    return not path.is_dir() or any(path.iterdir())


def _empty_store(settings: Settings) -> RecordStore:
    try:
        store = open_store(settings.records_url, settings.hash)
        first = next(iter(store.digests()), None)
    except (ValueError, OSError, StoreFault) as error:
        raise StartFault(f"档案存储不能使用：{error} · cannot use the records store") from None
    if first is not None:
        raise StartFault("档案存储中已有文件，不在其上恢复 · the records store is not empty")
    return store


def _damaged_records(work: _Work) -> Iterable[Fault]:
    """Files of the list that are missing from the backup or are not what their name says."""
    store = FolderStore(work.source / manifest.RECORDS_FOLDER, work.backup.hash)
    wanted = _listed(work)
    if len(wanted) != work.backup.records.files:
        yield Fault(where=manifest.RECORDS_LIST, what="份数与备份时不同 · another number of files than backed up")
    for done, file in enumerate(wanted, start=1):
        try:
            store.get(file.digest, file.ending)
        except StoreFault as error:
            yield Fault(where=f"{manifest.RECORDS_FOLDER}/{file.digest[:16]}…{file.ending}", what=str(error))
        work.report("核对备份 checking the backup", done, len(wanted))


def _listed(work: _Work) -> list[NamedFile]:
    """A list that is missing or altered is a damaged part, and told as such."""
    try:
        names = (work.source / manifest.RECORDS_LIST).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
    return [NamedFile(name[:64], name[64:] or SUFFIX) for name in names]


# --- bringing back -------------------------------------------------------------------------------------------------


def _bring_back(work: _Work, keys: Path | None) -> Literal["restored", "external", "none"]:
    """Files, Temporal, keys, register, in this order: a register that is there has everything that it names."""
    settings = work.settings
    copied = FolderStore(work.source / manifest.RECORDS_FOLDER, work.backup.hash)
    files = _listed(work)
    for done, file in enumerate(files, start=1):
        copy_file(copied, work.store, file)
        work.report(RECORDS, done, len(files))
    temporal = _temporal_back(work)
    if keys is not None:
        copy_keys(keys, settings.keyring_file)
    (settings.data_dir / LEDGER_ID_FILE).write_text(work.backup.ledger_id + "\n")
    if work.backup.engine == "sqlite":
        target = copies.sqlite_file(settings.database_url)
        copies.copy_sqlite(work.source / REGISTER_FILE, target, REGISTER, work.report)
    else:
        database = Database(settings.database_url, work.keyring, settings.hash)
        try:
            folder = work.source / REGISTER_FOLDER
            with database.engine.begin() as connection:
                copies.load_tables(connection, work.backup.revision, folder, REGISTER, work.report)
        finally:
            database.close()
    return temporal


def _temporal_back(work: _Work) -> Literal["restored", "external", "none"]:
    if not uses_embedded_temporal():
        return "external"
    if work.backup.temporal_at is None:
        return "none"
    copies.copy_sqlite(work.source / TEMPORAL_FILE, work.settings.temporal_database, TEMPORAL, work.report)
    return "restored"


# --- proving it ----------------------------------------------------------------------------------------------------


def _proved(
    work: _Work, anchor: Anchor | None, temporal: Literal["restored", "external", "none"], begun: float
) -> RestoreTest:
    """Everything verified on what now stands there, and compared with what the manifest says of it."""
    settings, backup = work.settings, work.backup
    database = Database(settings.database_url, work.keyring, settings.hash)
    try:
        database.migrate()
        database.self_check()
        with database.read() as session:
            unhurried(session)
            found = verify_rows(session, backup.heads)
            faults = [*found.faults, *verify_records(session, work.store), *_unlike(session, backup)]
            if anchor is not None:
                faults += [*_beyond(verify_rows(session, anchor).faults, faults), *record_faults(session, anchor)]
        again = _deliver_again(database, backup) if temporal == "restored" else 0
        noted(database, Act.RESTORE, work.source.name, f"备份于 {backup.taken_at:%Y-%m-%d %H:%M}Z")
    finally:
        database.close()
    new = _beyond(faults, backup.faults)
    return RestoreTest(
        passed=not new,
        at=datetime.now(UTC),
        seconds=round(time.monotonic() - begun, 1),
        by=getpass.getuser(),
        machine=platform.node(),
        source=str(work.source.resolve()),
        target=str(settings.data_dir),
        backup=backup.format,
        backup_version=backup.version,
        backup_taken_at=backup.taken_at,
        ledger_id=backup.ledger_id,
        engine=backup.engine,
        parts=len(backup.parts),
        holders=found.holders,
        rows=found.rows,
        accounts=found.accounts,
        records=backup.records.files,
        log_size=found.log_size,
        log_root=found.log_root,
        temporal=temporal,
        delivered_again=again,
        known_faults=backup.faults,
        faults=new,
    )


def _beyond(found: Iterable[Fault], known: Iterable[Fault]) -> list[Fault]:
    """Those that were not known before, each once."""
    before = {(each.where, each.what) for each in known}
    return list({(each.where, each.what): each for each in found if (each.where, each.what) not in before}.values())


def _unlike(session: Session, backup: Backup) -> Iterable[Fault]:
    """Heads that are not those of the manifest: an anchor tells what is missing, this also what came in addition."""
    now, then = heads_now(session, backup.taken_at), backup.heads
    if now.ledger_id != then.ledger_id:
        yield Fault(where="ledger_id", what="恢复的是另一登记数据库 · another register was restored")
    for of_now, of_then in ((now.journals, then.journals), (now.records, then.records)):
        there = {head.chain: (head.seq, head.hash) for head in of_now}
        kept = {head.chain: (head.seq, head.hash) for head in of_then}
        for chain in sorted(there.keys() | kept.keys()):
            if there.get(chain) != kept.get(chain):
                yield Fault(where=chain, what="链头与备份清单不符 · the head is not that of the manifest")
    if now.log is None or then.log is None or now.log.size != then.log.size or not same(now.log.root, then.log.root):
        yield Fault(where="存证日志头", what="与备份清单不符 · not the head of the manifest")


def _deliver_again(database: Database, backup: Backup) -> int:
    """Temporal's copy is a little older than the register's: what was delivered in between is not in it."""
    if backup.temporal_at is None:
        return 0
    with database.write() as session:
        since = backup.temporal_at - _MARGIN
        ids = list(session.execute(select(_command.c.id).where(_command.c.delivered_at >= since)).scalars())
        if ids:
            deliver_again(session, ids)
    return len(ids)


# --- the record of the test ----------------------------------------------------------------------------------------


def _keep(folder: Path, test: RestoreTest) -> None:
    """As data and as a page to print, in the restored folder, never over an older one."""
    stem = f"{RECORD_NAME}-{test.at:%Y%m%dT%H%M%SZ}"
    for name, content in ((f"{stem}.json", test.model_dump_json(indent=1)), (f"{stem}.md", page(test))):
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content + "\n")


_TEMPORAL = {
    "restored": "一并恢复 · restored",
    "external": "外部集群，不在备份中 · an external cluster, not in the backup",
    "none": "备份中没有，事项由登记数据库重新开始 · none in the backup; cases start again from the register",
}


def page(test: RestoreTest) -> str:
    """恢复测试记录, in Chinese and English, as Markdown."""
    rows = [
        ("结论 result", "通过 passed" if test.passed else "未通过 failed"),
        ("时间 at", f"{test.at.isoformat(timespec='seconds')}，{test.seconds} s"),
        ("操作 by", f"{test.by}@{test.machine}"),
        (
            "备份 backup",
            f"{test.source}（{test.backup_taken_at.isoformat(timespec='seconds')}，{test.backup_version}）",
        ),
        ("恢复到 restored to", f"{test.target}（{test.engine}）"),
        ("登记数据库 ledger id", test.ledger_id),
        ("备份各部分 parts compared", str(test.parts)),
        ("台账 journal", f"{test.holders} 链 {test.rows} 行 {test.accounts} 户 · chains, rows, accounts"),
        ("档案 files", str(test.records)),
        ("存证日志 log", f"{test.log_size} {test.log_root}"),
        ("流程引擎 Temporal", _TEMPORAL[test.temporal]),
        ("重新送达 delivered again", str(test.delivered_again)),
        ("备份时已知的问题 known before", str(len(test.known_faults))),
        ("新发现的问题 found", str(len(test.faults))),
    ]
    lines = ["# 恢复测试记录 · Record of a restore test", "", "| 项目 item | 内容 |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    lines += [f"\n- {each.where}：{each.what}" for each in test.faults]
    return "\n".join([*lines, "", "测试人签字 signed: ________________　复核 reviewed: ________________"])
