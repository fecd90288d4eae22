"""Backup while the office works, and the proof of its restore (promise P27), on both engines."""

from __future__ import annotations

import base64
import errno
import io
import json
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, update

import cli
from docket import audit, commands
from ledger.db import Database
from models.audit import Act
from models.enums import State
from models.register import Command, Journal, table_of
from models.sealing import Keyring, SealingKey
from runtime.anchors import take_anchor
from runtime.assembly import assembled
from runtime.backup import back_up
from runtime.backup_manifest import MANIFEST, RECORDS_LIST, REGISTER_FILE, SEAL, digest_of
from runtime.backup_restore import BackupDamaged, RestoreTest, page, restore
from runtime.checks import UNFINISHED_FILE
from runtime.faults import StartFault
from runtime.keyring import add_key
from runtime.settings import load_settings
from runtime.verifying import verify_all, verify_rows
from tests.support.engines import fresh_database
from tests.support.office import RESEARCH, identity_no, keyring
from tests.support.sites import WRITERS, Load, Site, closed_case, quiet, site_of, write_keys

pytestmark = pytest.mark.xdist_group("backup")  # what they share is made once

COMMAND = table_of(Command)


@pytest.fixture
def site(url: str, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "office").mkdir()
    (tmp_path / "restored").mkdir()
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    with fresh_database(engine, tmp_path / "restored") as other:
        made = site_of(url, other, tmp_path)
        yield made
        made.office.database.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """On SQLite alone: what has nothing to do with the engine."""
    (tmp_path / "office").mkdir()
    folder = tmp_path / "restored"
    made = site_of(f"sqlite:///{tmp_path / 'office' / 'dingbian.db'}", f"sqlite:///{folder / 'dingbian.db'}", tmp_path)
    yield made
    made.office.database.close()


# --- under load ----------------------------------------------------------------------------------------------------


def journal_rows(database: Database) -> int:
    with database.read() as s:
        return int(s.execute(select(func.count()).select_from(table_of(Journal))).scalar_one())


def test_a_backup_under_load_restores_and_is_proved(site: Site) -> None:
    """P27; L3-CES1-29. What was acknowledged before the backup began is in it, and it verifies as of one moment."""
    closed_case(site.office)
    opening = journal_rows(site.office.database)
    with Load(site.office) as load:
        before = load.wait_for(20)
        backup = site.backed_up()
        after = load.wait_for(load.acknowledged + WRITERS)
    assert load.trouble == []
    assert backup.faults == []
    assert before <= backup.rows - opening <= load.acknowledged
    assert after > before
    test = site.restored()
    assert test.passed, test.faults
    assert (test.rows, test.holders) == (backup.rows, 2)
    with assembled(site.empty.model_copy(update={"keyring_file": site.keys})) as parts:
        assert journal_rows(parts.database) == backup.rows


def test_a_case_begun_before_the_backup_is_finished_after_the_restore(site: Site) -> None:
    """Sequences of the database are restored too: no row and no number of the next case meets one that was given."""
    first = closed_case(site.office, 1)
    case_id = site.office.opened()
    slot = site.office.issued(case_id)[0]
    site.office.entered(case_id, slot, 2)
    site.backed_up()
    assert site.restored().passed
    with site.there() as office:
        office.acknowledged(case_id, slot)
        assert office.docket(case_id).state is State.CLOSED
        next_one = closed_case(office, 3)
        numbers = [each.number for case in (first, case_id, next_one) for each in office.docket(case).documents]
        assert len(numbers) == len(set(numbers))
        with office.database.read() as s:
            assert verify_rows(s).intact


def test_files_and_keys_are_for_their_owner_alone_and_no_key_lies_in_the_backup(here: Site, tmp_path: Path) -> None:
    closed_case(here.office)
    apart = tmp_path / "apart.json"
    here.backed_up(with_keys=apart)
    assert here.target.stat().st_mode & 0o777 == 0o700
    assert apart.stat().st_mode & 0o777 == 0o600
    assert apart.read_bytes() == here.keys.read_bytes()
    secrets = [b"keyring", base64.b64encode(bytes(range(16))), bytes(range(16)), base64.b64encode(bytes(range(32)))]
    for path in (each for each in here.target.rglob("*") if each.is_file() and each.suffix != ".docx"):
        assert not [each for each in secrets if each in path.read_bytes()], path
    assert here.restored(keys=apart).passed


def test_an_older_copy_holds_no_identity_number_in_clear(here: Site) -> None:
    """Neither the backup nor what is restored from it: register, documents and Temporal's file."""
    closed_case(here.office)
    here.backed_up()
    here.restored()
    files = [path for root in (here.target, here.empty.data_dir) for path in root.rglob("*") if path.is_file()]
    stored = [path.read_bytes() for path in files]
    stored += [part for data in stored if data.startswith(b"PK") for part in unpacked(data)]
    assert any("新人1".encode() in each for each in stored), "the bytes are the right ones"
    number = identity_no(1)
    assert [path for path, each in zip(files, stored, strict=False) if number.encode() in each] == []
    assert not any(number.encode() in each or number.encode().hex().encode() in each for each in stored)


def unpacked(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return [parts.read(name) for name in parts.namelist()]


def test_the_restored_folder_starts_holds_every_document_and_the_record_of_the_test(here: Site) -> None:
    """L3-CES1-29: the record of the restore test stands in the folder, as data and as a page to sign."""
    case_id = closed_case(here.office)
    here.backed_up()
    test = here.restored()
    assert (test.records, test.temporal) == (len(here.office.docket(case_id).documents), "restored")
    folder = here.empty.data_dir
    [data] = folder.glob("restore-test-*.json")
    assert RestoreTest.model_validate_json(data.read_bytes()) == test
    [printed] = folder.glob("restore-test-*.md")
    assert printed.read_text().strip() == page(test).strip()
    assert "通过 passed" in printed.read_text()
    assert not (folder / UNFINISHED_FILE).exists()
    with assembled(here.empty) as parts:
        assert verify_all(parts).intact
        assert [parts.store.get(each.digest) for each in here.office.docket(case_id).documents if each.digest]
    assert (folder / "temporal.db").stat().st_size == (here.settings.temporal_database).stat().st_size


def test_who_took_a_backup_and_who_restored_it_stand_in_the_audit(here: Site) -> None:
    """The backup tells of itself: its row was written before the register was copied."""
    here.backed_up()
    here.restored()
    with here.there() as office, office.database.read() as s:
        restored, taken = audit.entries(s).items[:2]
    assert [taken.act, restored.act] == [Act.BACKUP, Act.RESTORE]
    assert (taken.about, restored.about) == (here.target.name, here.target.name)
    assert taken.officer_name.startswith("命令行")


def test_commands_delivered_since_temporals_snapshot_are_delivered_again(here: Site) -> None:
    """Temporal is copied first: what reached it afterwards is delivered in the register, and must go out again."""
    case_id = here.office.apply()
    here.office.deliver_outbox()
    with here.office.database.write() as s:
        s.execute(update(COMMAND).values(delivered_at=datetime.now(UTC)))
    here.backed_up()
    assert here.restored().delivered_again == 1
    with here.there() as office, office.database.read() as s:
        assert [each.case_id for each in commands.undelivered(s)] == [case_id]


def test_without_temporals_file_nothing_is_delivered_again(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    here.office.apply()
    here.office.deliver_outbox()
    assert here.backed_up().temporal_at is None
    test = here.restored()
    assert (test.passed, test.temporal, test.delivered_again) == (True, "external", 0)
    assert not here.empty.temporal_database.exists()


def test_a_backup_of_a_register_without_temporal_begins_its_cases_anew(here: Site) -> None:
    here.settings.temporal_database.unlink()
    here.backed_up()
    assert here.restored().temporal == "none"


# --- damage --------------------------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def a_record(folder: Path) -> Path:
    return sorted((folder / "records").rglob("*.docx"))[0]


PARTS: dict[str, Callable[[Path], Path]] = {
    "register": lambda folder: folder / REGISTER_FILE,
    "temporal": lambda folder: folder / "temporal.db",
    "record": a_record,
    "list": lambda folder: folder / RECORDS_LIST,
    "rules": lambda folder: folder / "rules.toml",
}
WAYS: dict[str, Callable[[Path], None]] = {"altered": flip, "missing": Path.unlink}


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An office on SQLite with one closed case, and its backup."""
    folder = tmp_path_factory.mktemp("once")
    (folder / "office").mkdir()
    (folder / "restored").mkdir()
    restored = f"sqlite:///{folder / 'restored' / 'dingbian.db'}"
    made = site_of(f"sqlite:///{folder / 'office' / 'dingbian.db'}", restored, folder)
    closed_case(made.office)
    made.backed_up()
    made.office.database.close()
    return made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", PARTS)
def test_damage_of_every_part_is_found_before_anything_is_restored(
    made_once: Site, tmp_path: Path, part: str, way: str
) -> None:
    source, empty = tmp_path / "backup", load_settings(data_dir=tmp_path / "restored")
    shutil.copytree(made_once.target, source)
    damaged = PARTS[part](source)
    WAYS[way](damaged)
    with pytest.raises(BackupDamaged) as found:
        restore(empty, source, made_once.keys, None, quiet)
    named = {each.where for each in found.value.faults}
    assert any(damaged.name[:16] in where for where in named), named
    assert [each.name for each in empty.data_dir.rglob("*") if each.is_file()] == [".lock"]


def test_a_damaged_table_of_postgresql_is_found_and_one_that_is_missing(site: Site) -> None:
    site.backed_up()
    folder = site.target / "register"
    if not folder.is_dir():
        pytest.skip("SQLite's register is one file")
    flip(folder / "unit.copy")
    (folder / "journal.copy").unlink()
    with pytest.raises(BackupDamaged) as found:
        site.restored()
    assert {each.where for each in found.value.faults} == {"register/unit.copy", "register/journal.copy"}


def test_a_file_that_was_added_is_found(here: Site) -> None:
    here.backed_up()
    (here.target / "register.db-wal").write_bytes(b"pages of somebody else")
    with pytest.raises(BackupDamaged) as found:
        here.restored()
    assert [each.where for each in found.value.faults] == ["register.db-wal"]


def test_an_altered_manifest_is_found_even_with_its_digests_made_right(here: Site) -> None:
    """Who alters register and manifest together has no key to seal the manifest with."""
    here.backed_up()
    with closing(sqlite3.connect(here.target / REGISTER_FILE)) as register, register:
        register.execute("UPDATE unit SET name = '另一单位'")
    manifest = json.loads((here.target / MANIFEST).read_text())
    for part in manifest["parts"]:
        part["size"] = (here.target / part["path"]).stat().st_size
        part["digest"] = digest_of(here.target / part["path"], "sm3")
    (here.target / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(StartFault, match="在备份之后被改动"):
        here.restored()


@pytest.mark.parametrize("name", [MANIFEST, SEAL])
def test_a_backup_that_was_not_finished_is_none(here: Site, name: str) -> None:
    here.backed_up()
    (here.target / name).unlink()
    with pytest.raises(StartFault, match=r"没有 manifest\.json|缺失或已损坏"):
        here.restored()


def test_what_was_altered_in_the_office_is_said_by_the_backup_and_known_to_the_restore(here: Site) -> None:
    case_id = closed_case(here.office)
    record = here.office.docket(case_id).documents[0]
    assert record.digest is not None
    lost = here.office.store.path(record.digest)
    assert lost is not None
    lost.unlink()
    backup = here.backed_up()
    assert [each.where for each in backup.faults] == [record.number]
    test = here.restored()
    assert test.passed
    assert [each.where for each in test.known_faults] == [record.number]


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_missing_keyring_is_said_and_none_is_made(here: Site) -> None:
    here.backed_up()
    here.keys.unlink()
    with pytest.raises(StartFault, match=r"没有密钥文件.*--keys"):
        restore(here.empty, here.target, None, None, quiet)
    assert not here.empty.data_dir.exists()


@pytest.mark.parametrize("what", ["another key", "same name", "index key"])
def test_a_wrong_keyring_is_said(here: Site, tmp_path: Path, what: str) -> None:
    here.backed_up()
    right = keyring()
    other = SealingKey("sm4-test" if what == "same name" else "sm4-other", "sm4-gcm", b"o" * 16)
    wrong = Keyring({other.key_id: other}, other.key_id, right.index_key)
    if what == "index key":
        wrong = Keyring(right.keys, right.current, b"o" * 32)
    with pytest.raises(StartFault, match=r"密钥与备份不符.*sm4-test"):
        here.restored(keys=write_keys(tmp_path / "wrong.json", wrong))
    assert not here.empty.data_dir.exists()


def test_a_keyring_that_was_rotated_since_restores_an_older_backup(here: Site) -> None:
    here.backed_up()
    add_key(here.keys, "sm4-gcm")
    assert here.restored().passed


def test_keys_that_lie_there_already_are_used_and_never_replaced(here: Site) -> None:
    here.backed_up()
    here.empty.data_dir.mkdir()
    here.empty.keyring_file.write_bytes(here.keys.read_bytes())
    here.empty.keyring_file.chmod(0o600)
    with pytest.raises(StartFault, match="不覆盖"):
        here.restored()
    assert restore(here.empty, here.target, None, None, quiet).passed


# --- places --------------------------------------------------------------------------------------------------------


def test_nothing_is_restored_over_anything(site: Site) -> None:
    site.backed_up()
    (site.empty.data_dir / "something").touch()
    with pytest.raises(StartFault, match=r"不是空的.*something"):
        site.restored()
    (site.empty.data_dir / "something").unlink()
    assert site.restored().passed
    with pytest.raises(StartFault, match="不是空的"):
        restore(site.empty, site.target, None, None, quiet)
    other = load_settings(data_dir=site.empty.data_dir.parent / "third", database_url=site.empty.database_url)
    with pytest.raises(StartFault, match=r"登记数据库.*(不是空的|已存在)"):
        restore(other, site.target, site.keys, None, quiet)


def test_a_store_that_holds_files_is_not_restored_into(here: Site, tmp_path: Path) -> None:
    closed_case(here.office)
    here.backed_up()
    full = here.empty.model_copy(update={"records_url": str(here.office.folder / "records")})
    with pytest.raises(StartFault, match="档案存储中已有文件"):
        restore(full, here.target, here.keys, None, quiet)


def test_a_backup_goes_only_where_it_is_of_use(here: Site, tmp_path: Path) -> None:
    with assembled(here.settings) as parts:
        with pytest.raises(StartFault, match="在数据目录之内"):
            back_up(parts, here.office.folder / "backup", None, quiet)
        with pytest.raises(StartFault, match="不得与备份放在一处"):
            back_up(parts, here.target, here.target / "keys.json", quiet)
        with pytest.raises(StartFault, match="不覆盖"):
            back_up(parts, here.target, here.keys, quiet)
        here.target.mkdir()
        (here.target / "older").touch()
        with pytest.raises(StartFault, match="不是空目录"):
            back_up(parts, here.target, None, quiet)


def test_a_full_disk_is_said_before_anything_is_written(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(StartFault, match="只剩 1 MiB"):
        here.backed_up()
    assert not any(here.target.iterdir())


def test_a_backup_that_breaks_off_has_no_manifest(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    closed_case(here.office)
    monkeypatch.setattr("runtime.backup.copy_file", full)
    with pytest.raises(StartFault, match="备份没有做完"):
        here.backed_up()
    assert not (here.target / MANIFEST).exists()


@pytest.mark.parametrize(
    ("others", "said"),
    [({"hash": "sha256"}, "DINGBIAN_HASH=sm3"), ({"database_url": "postgresql+psycopg://x@127.0.0.1:1/x"}, "sqlite")],
    ids=["hash", "engine"],
)
def test_settings_that_do_not_fit_the_backup_are_said(here: Site, others: dict[str, str], said: str) -> None:
    here.backed_up()
    with pytest.raises(StartFault, match=said):
        restore(here.empty.model_copy(update=others), here.target, here.keys, None, quiet)


def test_a_backup_of_a_newer_version_is_said(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.copies.revision", lambda _connection: "9999")
    here.backed_up()
    with pytest.raises(StartFault, match="更新的版本"):
        here.restored()


# --- what a restore may not hide -----------------------------------------------------------------------------------


def test_a_head_kept_elsewhere_shows_what_the_backup_is_too_old_for(here: Site) -> None:
    """Reliability finding 10: an older copy verifies perfectly; only what was kept outside tells what it lacks."""
    here.backed_up()
    closed_case(here.office)
    with here.office.database.write() as s:
        later = take_anchor(s)
    test = here.restored(anchor=later)
    assert not test.passed
    assert any(each.where.startswith(RESEARCH) for each in test.faults)
    assert "未通过 failed" in page(test)
    assert (here.empty.data_dir / UNFINISHED_FILE).exists()
    with pytest.raises(StartFault, match="没有完成或未通过核验"), assembled(here.empty):
        pass


def test_a_restore_that_breaks_off_leaves_a_folder_that_nothing_starts_on(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.backed_up()
    monkeypatch.setattr("runtime.backup_restore.verify_records", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O")))
    with pytest.raises(StartFault, match="恢复没有做完"):
        here.restored()
    with pytest.raises(StartFault, match="没有完成或未通过核验"), assembled(here.empty, migrate=True):
        pass


# --- as typed ------------------------------------------------------------------------------------------------------


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(here: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def called(folder: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("DINGBIAN_DATA_DIR", str(folder))
        monkeypatch.setattr(sys, "argv", ["dingbian", *arguments])
        status = cli.run_command()
        said = capsys.readouterr()
        return status, said.out, said.err

    here.office.folder.joinpath("keyring.json").write_bytes(here.keys.read_bytes())
    here.office.folder.joinpath("keyring.json").chmod(0o600)
    return called


def test_backup_and_restore_as_typed(here: Site, call: Call, tmp_path: Path) -> None:
    closed_case(here.office)
    status, said, _ = call(here.office.folder, "backup", str(here.target), "--with-keys", str(tmp_path / "apart"))
    assert status == 0
    assert "备份未加密" in said
    status, said, _ = call(here.empty.data_dir, "restore", str(here.target), "--keys", str(tmp_path / "apart"))
    assert status == 0
    assert "dingbian reconcile" in said
    assert call(here.empty.data_dir, "verify")[0] == 0


def test_facts_and_findings_as_json_and_status(here: Site, call: Call) -> None:
    closed_case(here.office)
    status, said, _ = call(here.office.folder, "backup", str(here.target), "--json")
    assert status == 0
    facts = json.loads(said)
    assert (facts["engine"], facts["faults"]) == ("sqlite", [])
    flip(here.target / REGISTER_FILE)
    status, said, _ = call(here.empty.data_dir, "restore", str(here.target), "--keys", str(here.keys), "--json")
    assert status == 1
    assert [each["where"] for each in json.loads(said)["damaged"]] == [REGISTER_FILE]
    status, _, told = call(here.empty.data_dir, "restore", str(here.target))
    assert status == 2
    assert "--keys" in told
