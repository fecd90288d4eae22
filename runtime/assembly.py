"""The parts that worker, API and commands share, put together once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from activities.calendar import office_calendar
from ledger.db import Database
from models import failpoints
from models.rulebook import Calendar, Rulebook
from models.sealing import Keyring
from records.store import RecordStore, open_store

from .checks import check_algorithms, check_finished, check_register
from .faults import Away, StartFault
from .keyring import load_keyring
from .settings import Settings, check_profile, load_rulebook, make_data_folder


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    keyring: Keyring
    database: Database
    store: RecordStore
    rulebook: Rulebook
    calendar: Calendar


@contextmanager
def assembled(settings: Settings, *, migrate: bool = False) -> Iterator[Parts]:
    """All parts, checked; closed at exit. Raises StartFault with what the operator must put right, Away when the
    database does not answer.

    `migrate` brings the schema up first: only `up`, `migrate` and `import` do, so that two processes of
    different versions never change it behind each other's back.
    """
    check_profile(settings)
    check_algorithms()
    check_finished(settings)
    _arm(settings)
    if not migrate and not settings.keyring_file.exists():
        # A mistyped folder must not be furnished with a key and an empty register.
        raise StartFault(
            f"{settings.data_dir} 尚未初始化，请先运行 `dingbian up` 或 `dingbian migrate` · "
            "the data folder is new; run `dingbian up` or `dingbian migrate` first"
        )
    if migrate:
        make_data_folder(settings.data_dir)
    keyring = load_keyring(settings.keyring_file, settings.cipher, settings.profile)
    rulebook = load_rulebook(settings)
    database = _open_database(settings, keyring, migrate=migrate)
    try:
        yield Parts(
            settings=settings,
            keyring=keyring,
            database=database,
            store=_open_records(settings),
            rulebook=rulebook,
            calendar=office_calendar(rulebook),
        )
    finally:
        database.close()


def _arm(settings: Settings) -> None:
    try:
        failpoints.arm(settings.failpoints, settings.failpoints_seed)
    except ValueError as error:
        raise StartFault(f"设置 DINGBIAN_FAILPOINTS 有误：{error}") from None


def _open_database(settings: Settings, keyring: Keyring, *, migrate: bool) -> Database:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        database = Database(settings.database_url, keyring, settings.hash)
        if migrate:
            database.migrate()
        check_register(settings, database)
    except SQLAlchemyError as error:
        # The text of the error holds the address and may hold a password.
        raise away_or_wrong(error)(
            f"连接不上登记数据库（{type(error).__name__}），请核对 DINGBIAN_DATABASE_URL · "
            "cannot use the register's database; check DINGBIAN_DATABASE_URL"
        ) from None
    return database


def away_or_wrong(error: SQLAlchemyError) -> type[StartFault]:
    """A server that does not answer, a lock and a full disk pass; a file that cannot be opened stays what it is."""
    return Away if isinstance(error, OperationalError) and "unable to open" not in str(error.orig) else StartFault


def _open_records(settings: Settings) -> RecordStore:
    try:
        return open_store(settings.records_url, settings.hash)
    except (ValueError, OSError) as error:
        raise StartFault(f"设置 DINGBIAN_RECORDS_URL 有误：{error} · setting DINGBIAN_RECORDS_URL") from None
