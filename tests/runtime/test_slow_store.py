"""Whatever reads every file inside one transaction may take as long as the store does.

On PostgreSQL a transaction that pauses is ended by the server (`idle_in_transaction_session_timeout`); the files of an
office in a slow object store make such a pause after every row.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.exc import DBAPIError

from api.deps import Runtime
from api.routes.ledger import verify_ledger
from ledger import db
from ledger.db import Database
from records.archive import Wanted
from records.store import FolderStore, RecordStore
from runtime.assembly import Parts
from runtime.exporting import export_register
from runtime.packaging import packed
from runtime.verifying import verify_all
from tests.support.engines import fresh_database
from tests.support.office import EXAMINER, HEAD, Office, furnished, keyring
from tests.support.postgres import need_postgres

PATIENCE_MS = 200
LONGER_S = 0.8


class SlowStore(FolderStore):
    """The first file takes longer than the server waits."""

    slow = True

    def get(self, digest: str, ending: str = ".docx") -> bytes:
        if self.slow:
            self.slow = False
            threading.Event().wait(LONGER_S)
        return super().get(digest, ending)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two cases that were rejected, their documents filed and their case files made, on PostgreSQL."""
    need_postgres()
    folder = tmp_path_factory.mktemp("slow")
    with fresh_database("postgresql", folder, furnished) as url:
        made = Office(folder, url=url)
        for _ in range(2):
            case_id = made.opened()
            made.accepted(made.decide(case_id, "examine", EXAMINER, "reject"))
        packed(made.deps, folder / "before", Wanted(year=2026), made.now, _silent)
        yield made
        made.database.close()


@pytest.fixture
def hasty(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same register through connections that are ended soon."""
    monkeypatch.setitem(db.POSTGRES_SETTINGS, "idle_in_transaction_session_timeout", f"{PATIENCE_MS}ms")
    made = Database(str(office.url), keyring())
    yield made
    made.close()


def _silent(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


def slow(office: Office) -> RecordStore:
    return SlowStore(office.folder / "records")


def test_a_transaction_that_reads_from_it_without_asking_for_time_is_ended(office: Office, hasty: Database) -> None:
    """The others would pass for nothing if the server did not do this."""
    with hasty.read() as s:
        s.connection().exec_driver_sql("SELECT 1")
        slow(office).get(_any(office))
        with pytest.raises(DBAPIError, match="25P03"):
            s.connection().exec_driver_sql("SELECT 1")


def _any(office: Office) -> str:
    return next(iter(FolderStore(office.folder / "records").digests()))


def test_dingbian_verify_comes_to_its_end(office: Office, hasty: Database) -> None:
    found = verify_all(cast("Parts", SimpleNamespace(database=hasty, store=slow(office))))
    assert found.intact
    assert found.records


def test_the_verification_of_the_api_comes_to_its_end(office: Office, hasty: Database) -> None:
    calls: Any = SimpleNamespace(take=lambda _caller: None)
    runtime = SimpleNamespace(database=hasty, store=slow(office), limits=SimpleNamespace(audits=calls))
    found = verify_ledger(cast("Runtime", runtime), HEAD)
    assert found.intact
    assert found.records


def test_an_archive_package_comes_to_its_end(office: Office, hasty: Database, tmp_path: Path) -> None:
    deps = replace(office.deps, database=hasty, store=slow(office))
    report = packed(deps, tmp_path / "package", Wanted(year=2026), office.now, _silent)
    assert report.intact
    assert report.examined


def test_an_export_of_the_register_comes_to_its_end_however_slow_the_disk(hasty: Database, tmp_path: Path) -> None:
    paused: list[str] = []

    def progress(what: str, _done: int, _of: int) -> None:
        if not paused:
            threading.Event().wait(LONGER_S)
        paused.append(what)

    assert sum(export_register(hasty, tmp_path / "export", progress).values())
    assert paused
