"""What must hold before a process works on a register."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.db import Database
from runtime.assembly import assembled
from runtime.checks import check_algorithms
from runtime.faults import StartFault
from runtime.first_start import prepare
from runtime.keyring import create_key_file
from runtime.logs import scrub
from runtime.settings import Settings, load_settings
from tests.support.place import PUBLIC_URL, rules_of_a_real_place


def settings_in(folder: Path, **others: object) -> Settings:
    return load_settings(data_dir=folder, **others)


def make(settings: Settings) -> None:
    with assembled(settings, migrate=True):
        pass


def test_the_algorithms_give_their_known_answers() -> None:
    check_algorithms()


def test_a_new_folder_is_furnished_only_by_a_first_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "mistyped")
    with pytest.raises(StartFault, match="dingbian up"), assembled(settings):
        pass
    assert not settings.data_dir.exists()
    make(settings)
    with assembled(settings) as parts:
        assert parts.rulebook.version
        assert parts.calendar.published


def test_another_hash_than_the_registers_is_refused_with_the_right_setting(tmp_path: Path) -> None:
    make(settings_in(tmp_path))
    with pytest.raises(StartFault, match="set DINGBIAN_HASH=sm3"), assembled(settings_in(tmp_path, hash="sha256")):
        pass


def test_a_data_folder_does_not_work_with_another_register(tmp_path: Path) -> None:
    one = settings_in(tmp_path / "one")
    make(one)
    make(settings_in(tmp_path / "two", keyring_file=one.keyring_file))
    foreign = settings_in(tmp_path / "one", database_url=f"sqlite:///{tmp_path / 'two' / 'dingbian.db'}")
    with pytest.raises(StartFault, match="DINGBIAN_DATABASE_URL"), assembled(foreign):
        pass


def test_a_register_that_was_not_migrated_is_refused(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    create_key_file(settings.keyring_file, "sm4-gcm", "embedded")
    with pytest.raises(StartFault, match="迁移"), assembled(settings):
        pass


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database_url="postgresql+psycopg://office:geheim@127.0.0.1:1/none")
    with pytest.raises(StartFault) as fault, assembled(settings, migrate=True):
        pass
    assert "geheim" not in str(fault.value)
    assert "DINGBIAN_DATABASE_URL" in str(fault.value)


def test_an_unsupported_records_address_is_said(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, records_url="ftp://records")
    with pytest.raises(StartFault, match="DINGBIAN_RECORDS_URL"), assembled(settings, migrate=True):
        pass


def test_production_refuses_a_register_with_demo_officers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = settings_in(tmp_path)
    assert prepare(embedded)
    embedded.demo_accounts_file.unlink()
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    proper = tmp_path / "proper.json"
    proper.write_text(embedded.keyring_file.read_text().replace('"embedded"', '"production"'))
    proper.chmod(0o600)
    rules = rules_of_a_real_place(tmp_path)
    production = settings_in(
        tmp_path, profile="production", keyring_file=proper, rules_file=rules, public_url=PUBLIC_URL
    )
    with pytest.raises(StartFault, match="演示账号"), assembled(production):
        pass


def test_sample_data_come_once_and_never_beside_an_offices_own(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = prepare(settings)
    assert {"applicant", "examiner", "issuer", "auditor"} <= {account["login"] for account in first}
    assert prepare(settings) == first
    with assembled(settings) as parts, parts.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM meta WHERE name = 'sample_data'")
    assert prepare(settings) == []


def test_identity_numbers_are_struck_out_of_logs() -> None:
    assert scrub("王小明 11010519491231002X 已登记") == "王小明 110105************ 已登记"
    assert scrub("1234567890123456789012") == "1234567890123456789012"


def test_the_database_is_closed_when_the_parts_are_given_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    make(settings)
    with assembled(settings) as parts:
        database: Database = parts.database
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
