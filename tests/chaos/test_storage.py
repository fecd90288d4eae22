"""Storage that fails under the register and the records (P19): a writer that does not let go, a file that is moved away
or put back from a backup, a disk that is full. 503 in words, nothing half-done, and no restart afterwards.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from ledger import db
from ledger.verify import verify
from models.register import Case, Journal, Record
from records.verify import verify_records
from tests.support.engines import needs_file
from tests.support.office import APPLICANT, EXAMINER, ISSUER, Office, application
from tests.support.town import Town

from .disk import full, mounted, unmounted

pytestmark = needs_file

DISK = "16m"
"""Small enough to be filled at once, large enough for a register that works."""


def town_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """An office behind its API on SQLite; Temporal is not needed for what is committed."""
    monkeypatch.setitem(db.SQLITE_PRAGMAS, "busy_timeout", "200")  # an office waits half a minute
    town = Town(folder)
    assert town.office.database.engine.dialect.name == "sqlite"
    return town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("TEST_ENGINE", "sqlite")
    made = town_in(tmp_path, monkeypatch)
    yield made
    made.office.database.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own. Where mounting is not permitted the test is skipped, and `max_page_count` below stands in."""
    place = tmp_path / "disk"
    if not mounted(place, DISK):
        pytest.skip("此处不允许挂载磁盘 · mounting is not permitted here")
    try:
        yield place
    finally:
        unmounted(place)


async def refused_for_a_while(town: Town, key: str) -> None:
    """503 in words, with a time to come again, and nothing of it in the register."""
    before = counted(town.office)
    answer = await town.post("/applications/staffing-up", APPLICANT.id, key, application())
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away"), answer.text
    assert answer.headers["retry-after"]
    assert "数据库暂时不可用" in answer.json()["title"]
    assert "sqlite" not in answer.text.lower()
    if before is not None:
        assert counted(town.office) == before


async def taken(town: Town, key: str) -> str:
    answer = await town.post("/applications/staffing-up", APPLICANT.id, key, application(meeting=key))
    assert answer.status_code == 201, answer.text
    case_id: str = answer.json()["case_id"]
    with town.office.database.read() as s:
        assert verify(s).intact
    return case_id


def counted(office: Office) -> tuple[int, int, int]:
    with office.database.read() as s:
        cases, rows, records = (
            s.exec(select(func.count()).select_from(table)).one() for table in (Case, Journal, Record)
        )
    return cases, rows, records


async def test_a_writer_that_does_not_let_go_is_said_and_forgotten(town: Town) -> None:
    """Another program holds the register's lock for longer than anybody waits."""
    with closing(sqlite3.connect(town.settings.data_dir / "dingbian.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await refused_for_a_while(town, "held")
        ready = await town.http.get("/health/ready")
        assert ready.json()["parts"]["database"]["well"] is True, "who only reads does not wait for a writer"
        other.execute("ROLLBACK")
    await taken(town, "held")


async def test_a_register_that_is_moved_away_is_missed_at_once_and_found_again(town: Town, tmp_path: Path) -> None:
    """An open file outlives its name: without a look at every use, decisions would be acknowledged into a file that
    nobody will read (the orphan of reliability.md P26)."""
    file = town.settings.data_dir / "dingbian.db"
    await taken(town, "before")
    away = tmp_path / "away"
    away.mkdir()
    for each in _files(file):
        each.rename(away / each.name)
    for _ in range(2):
        answer = await town.post("/applications/staffing-up", APPLICANT.id, "gone", application(meeting="gone"))
        assert (answer.status_code, answer.json()["code"]) == (503, "database-away"), answer.text
    assert (await town.http.get("/health/ready")).status_code == 503
    assert not file.exists(), "no empty register in its place"
    for each in away.iterdir():
        each.rename(file.with_name(each.name))
    await taken(town, "gone")
    assert counted(town.office)[0] == 2


async def test_a_register_put_back_from_a_backup_is_the_one_that_is_used(town: Town, tmp_path: Path) -> None:
    file = town.settings.data_dir / "dingbian.db"
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        live.backup(backup)
    await taken(town, "lost-by-the-restore")
    for each in _files(file):
        each.unlink()
    shutil.copy(tmp_path / "backup.db", file)
    case_id = await taken(town, "after")
    with town.office.database.read() as s:
        assert s.exec(select(Case.id)).all() == [case_id]
    with closing(sqlite3.connect(file)) as seen:
        assert seen.execute("SELECT id FROM case_file").fetchall() == [(case_id,)], "it stands in the file of that name"


def _files(file: Path) -> list[Path]:
    return [
        each for each in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")) if each.exists()
    ]


async def test_a_full_disk_is_said_and_forgotten(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = town_in(disk, monkeypatch)
    case_id = await taken(town, "before")
    with full(disk):
        await refused_for_a_while(town, "full")
        answer = await town.decide(case_id, EXAMINER.id, "examine")
        assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    await taken(town, "full")
    assert (await town.decide(case_id, EXAMINER.id, "examine")).is_success
    assert counted(town.office)[0] == 2
    town.office.database.close()


def test_a_full_disk_of_records_parks_the_document_with_its_number(disk: Path, tmp_path: Path) -> None:
    """The posting and the number stand; the file is made when there is room again, under the same number."""
    office = Office(tmp_path)
    office.store.root.mkdir(parents=True, exist_ok=True)
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    shutil.rmtree(office.store.root)
    office.store.root.symlink_to(disk, target_is_directory=True)
    with full(disk):
        office.accepted(office.decide(case_id, "issue", ISSUER))
        assert office.balance().reserved == 1
        with office.database.read() as s:
            [parked] = s.exec(select(Record).where(col(Record.digest).is_(None))).all()
        assert parked.fault
        assert not [
            each for each in disk.rglob("*") if each.is_file() and each.name != "ballast" and each.stat().st_size
        ]
    office.later(minutes=6)
    office.ring(case_id)
    with office.database.read() as s:
        filed = s.get(Record, parked.id)
        assert filed is not None
        assert (filed.number, filed.fault) == (parked.number, None)
        assert filed.digest
        assert [fault for fault in verify_records(s, office.store) if parked.number in str(fault)] == []
    office.database.close()


async def test_a_register_that_may_not_grow_is_said_and_forgotten(town: Town) -> None:
    """SQLITE_FULL without a disk of its own: it runs where mounting is not permitted too."""
    case_id = await taken(town, "before")
    with town.office.database.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
    pages = sqlite3.connect(town.settings.data_dir / "dingbian.db").execute("PRAGMA page_count").fetchone()[0]

    def limited(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    db.event.listen(town.office.database.engine, "connect", limited)
    town.office.database.engine.dispose()
    grew = [await _status(town, f"more-{n}") for n in range(40)]
    assert 503 in grew
    assert counted(town.office)[0] == 1 + grew.count(201)
    db.event.remove(town.office.database.engine, "connect", limited)
    town.office.database.engine.dispose()
    await taken(town, "afterwards")
    assert (await town.decide(case_id, EXAMINER.id, "examine")).is_success


async def _status(town: Town, key: str) -> int:
    answer = await town.post("/applications/staffing-up", APPLICANT.id, key, application(meeting=key))
    return answer.status_code
