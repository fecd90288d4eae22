"""Every self-check of reliability.md §4.4 finds what it is for; those that must, stop a process."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

import cli
from ledger import db, log
from ledger.db import Database, SelfCheckFailed
from ledger.tail import tail_faults
from models import failpoints
from models.sealing import digest
from records.render import FOLDER
from runtime import checks, self_checks
from runtime.assembly import assembled
from runtime.faults import StartFault
from runtime.self_checks import SEEN_FILE, Check, NotTold, all_checks, before_work, listening_at, template_digests
from runtime.settings import Settings, load_settings
from tests.support.engines import needs_file
from tests.support.office import START, Office, keyring
from tests.support.sites import write_keys

NAMES = {
    "profile", "debug", "folder", "algorithms", "keys", "temporal", "records", "database", "settings", "schema",
    "definitions", "identity", "tail", "head", "templates", "clock",
}  # fmt: skip


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "office"
    folder.mkdir(mode=0o700)
    made = Office(folder, url=url)
    yield made
    made.database.close()


@pytest.fixture
def settings(office: Office, url: str, tmp_path: Path) -> Settings:
    keys = write_keys(tmp_path / "keys.json", keyring())
    return load_settings(data_dir=office.folder, database_url=url, keyring_file=keys, temporal_port=1)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Settings]:
    """On SQLite: for what has nothing to do with the engine."""
    folder = tmp_path / "office"
    folder.mkdir(mode=0o700)
    made = Office(folder)
    yield load_settings(
        data_dir=folder,
        database_url=str(made.database.engine.url.render_as_string(hide_password=False)),
        keyring_file=write_keys(tmp_path / "keys.json", keyring()),
        temporal_port=1,
    )
    made.database.close()


def found(settings: Settings) -> dict[str, Check]:
    return {each.name: each for each in all_checks(settings)}


def failed(settings: Settings) -> dict[str, str]:
    return {name: each.says for name, each in found(settings).items() if each.passed is False}


def changed(office: Office, *statements: str) -> None:
    """Done to the database by a hand that may do anything; triggers are put aside as that hand would."""
    with office.database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)


def journal_changed(office: Office, statement: str) -> None:
    if office.database.engine.dialect.name == "sqlite":
        with office.database.engine.begin() as connection:
            rows = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
            triggers = connection.exec_driver_sql(rows).all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql(statement)
            for _, made in triggers:
                connection.exec_driver_sql(made)
        return
    changed(office, statement)


def test_a_sound_office_passes_every_check_and_each_has_its_line(office: Office, settings: Settings) -> None:
    with assembled(settings) as parts:
        self_checks.register_templates(parts.database, settings)
        before_work(parts)
    told = found(settings)
    assert set(told) == NAMES
    assert failed(settings) == {}
    where = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    assert told["clock"].passed is (None if where == "sqlite" else True)
    assert told["templates"].passed is True


def test_checks_make_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "mistyped")
    told = found(settings)
    assert {name for name, each in told.items() if each.passed is False} == {"folder", "keys", "records"}
    assert told["tail"].passed is None
    assert not settings.data_dir.exists()


def test_settings_that_production_refuses_are_told(plain: Settings) -> None:
    production = plain.model_copy(update={"profile": "production"})
    assert "TEMPORAL_ADDRESS" in failed(production)["profile"]


@pytest.mark.parametrize("name", ["TEMPORAL_DEBUG", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE"])
def test_debugging_is_told(plain: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert name in failed(plain)["debug"]


def test_armed_failpoints_are_told(plain: Settings) -> None:
    failpoints.arm("api.committed=raise%1", 1)
    try:
        assert "DINGBIAN_FAILPOINTS" in failed(plain)["debug"]
    finally:
        failpoints.arm("")
    assert "debug" not in failed(plain)


def test_a_folder_that_everybody_reads_or_that_is_full_is_told(
    plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.data_dir.chmod(0o755)
    assert "chmod o-rwx" in failed(plain)["folder"]
    plain.data_dir.chmod(0o700)
    monkeypatch.setattr(self_checks, "LEAST_FREE", 1 << 60)
    assert "磁盘只剩" in failed(plain)["folder"]


def test_a_wrong_answer_of_the_algorithms_stops_everything(plain: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_SM3_OF_ABC", digest(b"abd"))
    assert "密码算法自检未通过" in failed(plain)["algorithms"]
    with pytest.raises(StartFault, match="密码算法自检未通过"), assembled(plain):
        pass


def test_a_wrong_answer_of_sm4_gcm_stops_everything(plain: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_RFC_8998_EXTRA", b"other")
    assert "密码算法自检未通过" in failed(plain)["algorithms"]


def test_a_key_file_that_others_read_is_told(plain: Settings) -> None:
    plain.keyring_file.chmod(0o644)
    told = found(plain)
    assert "chmod 600" in told["keys"].says
    assert (told["keys"].passed, told["tail"].passed) == (False, None)


def test_a_store_that_is_not_there_is_told(plain: Settings) -> None:
    shutil.rmtree(plain.records_url)
    assert "没有档案目录" in failed(plain)["records"]


def test_a_database_that_does_not_answer_is_told_without_its_address(plain: Settings) -> None:
    away = plain.model_copy(update={"database_url": "postgresql+psycopg://office:geheim@127.0.0.1:1/none"})
    said = failed(away)
    assert "没有应答" in said["database"]
    assert "geheim" not in json.dumps(said)


# --- the schema ----------------------------------------------------------------------------------------------------


def test_another_revision_is_told_and_what_rests_on_it_is_not_looked_at(office: Office, settings: Settings) -> None:
    changed(office, "UPDATE alembic_version SET version_num = '0001'")
    told = found(settings)
    assert told["schema"].passed is False
    assert {told[name].passed for name in ("definitions", "identity", "tail", "head", "templates")} == {None}


@needs_file
def test_a_pragma_that_is_another_stops_a_process(plain: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(db.SQLITE_PRAGMAS, "synchronous", "NORMAL")
    assert "PRAGMA synchronous 应为 2，实为 1" in failed(plain)["settings"]
    with pytest.raises(StartFault, match="synchronous"), assembled(plain):
        pass


WEAKER = {
    "sqlite": (
        "DROP TRIGGER journal_no_update",
        "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT 1; END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    ),
}


def test_a_trigger_that_no_longer_refuses_stops_a_process(office: Office, settings: Settings) -> None:
    changed(office, *WEAKER[office.database.engine.dialect.name])
    assert "触发器 journal_" in failed(settings)["definitions"]
    with pytest.raises(StartFault, match="触发器 journal_"), assembled(settings):
        pass


def test_a_trigger_for_some_rows_only_stops_a_process(office: Office) -> None:
    if office.database.engine.dialect.name != "sqlite":
        pytest.skip("there it refuses statements, not rows")
    changed(
        office,
        "DROP TRIGGER journal_no_delete",
        "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal WHEN OLD.seq > 100 "
        "BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    with pytest.raises(SelfCheckFailed, match="journal_no_delete 的内容被改动"):
        office.database.self_check()


def test_a_constraint_that_was_weakened_under_its_old_name_stops_a_process(office: Office) -> None:
    """P1: the CHECK is the last guard of the quota."""
    rule = "occupied + reserved + set_aside <= authorised + tolerated_over"
    if office.database.engine.dialect.name == "sqlite":
        changed(
            office,
            "PRAGMA writable_schema = ON",
            f"UPDATE sqlite_master SET sql = replace(sql, '{rule}', '{rule} + 1') WHERE name = 'account'",  # noqa: S608
        )
        office.database.close()
    else:
        changed(
            office,
            "ALTER TABLE account DROP CONSTRAINT account_never_exceeded",
            f"ALTER TABLE account ADD CONSTRAINT account_never_exceeded CHECK ({rule} + 1)",
        )
    with pytest.raises(SelfCheckFailed, match="account_never_exceeded 的内容被改动"):
        office.database.self_check()


def test_a_unique_index_that_holds_fewer_rows_stops_a_process(office: Office) -> None:
    changed(
        office,
        "DROP INDEX one_headcount_per_person",
        "CREATE UNIQUE INDEX one_headcount_per_person ON occupancy (person_ref) "
        "WHERE left_on IS NULL AND side = 'none'",
    )
    with pytest.raises(SelfCheckFailed, match="one_headcount_per_person 的内容被改动"):
        office.database.self_check()


def test_another_register_in_the_folder_is_told(plain: Settings) -> None:
    with assembled(plain):
        pass
    (plain.data_dir / checks.LEDGER_ID_FILE).write_text("f" * 32 + "\n")
    assert "属于另一登记数据库" in failed(plain)["identity"]


# --- the end of the ledger -----------------------------------------------------------------------------------------


TAMPERED = {
    "content": "UPDATE journal SET d_occupied = d_occupied + 1 WHERE seq = (SELECT max(seq) FROM journal)",
    "hash": "UPDATE journal SET hash = prev_hash WHERE seq = (SELECT max(seq) FROM journal)",
    "truncated": "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    "missing": "DELETE FROM journal WHERE seq = 3",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_broken_end_of_the_ledger_stops_a_process(office: Office, settings: Settings, how: str) -> None:
    """P14, before any work. What only looks at the register, as `dingbian verify` does, still opens it."""
    changed(office, "DELETE FROM occupancy")
    journal_changed(office, TAMPERED[how])
    assert "#" in failed(settings)["tail"]
    with assembled(settings) as parts, pytest.raises(StartFault, match="台账末尾核验未通过"):
        before_work(parts)


def test_a_head_that_was_put_back_is_told(office: Office, settings: Settings) -> None:
    changed(office, "UPDATE holder SET head_seq = head_seq - 1")
    assert "链头与台账不符" in failed(settings)["tail"]


def test_a_log_that_does_not_lead_to_its_head_is_told(office: Office, settings: Settings) -> None:
    with office.database.write() as s:
        log.append(s, START)
    if office.database.engine.dialect.name == "sqlite":
        changed(office, "DROP TRIGGER log_head_no_update")
    changed(office, "UPDATE log_head SET root = 'f'")
    with office.database.read() as s:
        assert any(each.where == "存证日志头" for each in tail_faults(s))


def test_rows_before_the_end_are_left_to_verify(office: Office) -> None:
    """The check takes as long as a page of the ledger, not as the ledger."""
    office.opened()
    with office.database.read() as s:
        assert tail_faults(s, rows=2) == []


def test_a_register_older_than_the_head_seen_before_is_told_and_work_goes_on(
    office: Office, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """An older copy verifies perfectly (reliability.md finding 10): what was seen is remembered outside of it."""
    if office.database.engine.dialect.name != "sqlite":
        pytest.skip("the copy is made of a file")
    with office.database.write() as s:
        log.append(s, START)
    older = office.folder.parent / "older.db"
    with closing(sqlite3.connect(settings.database_url[10:])) as now, closing(sqlite3.connect(older)) as copy:
        now.backup(copy)
    case_id = office.opened()
    office.issued(case_id)
    with office.database.write() as s:
        log.append(s, START + timedelta(days=1))
    with assembled(settings) as parts:
        before_work(parts)
    office.database.close()
    shutil.copyfile(older, settings.database_url[10:])
    assert "可能是旧副本" in failed(settings)["head"]
    assert "tail" not in failed(settings)
    with assembled(settings) as parts, caplog.at_level(logging.ERROR, "dingbian.checks"):
        before_work(parts)
    assert "可能是旧副本" in caplog.text
    assert "可能是旧副本" in failed(settings)["head"], "the evidence is not overwritten by the older head"
    (settings.data_dir / SEEN_FILE).unlink()
    assert "head" not in failed(settings)


# --- templates, clocks, ports --------------------------------------------------------------------------------------


def test_a_template_that_was_changed_is_told_until_it_is_registered(
    plain: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for path in FOLDER.glob("*.docx"):
        shutil.copy(path, folder)
    monkeypatch.setattr(self_checks, "template_digests", lambda given: template_digests(given, folder))
    with assembled(plain) as parts:
        self_checks.enter_templates(parts.database, plain)
        assert "templates" not in failed(plain)
        with (folder / "entry_notice.docx").open("ab") as file:
            file.write(b"\0")
        (folder / "warning_letter.docx").unlink()
        assert "entry_notice.docx、warning_letter.docx" in failed(plain)["templates"]
        self_checks.enter_templates(parts.database, plain)  # the same version of the program: not by itself
        assert "templates" in failed(plain)
        with caplog.at_level(logging.ERROR, "dingbian.checks"):
            before_work(parts)
        assert "entry_notice.docx" in caplog.text
        self_checks.register_templates(parts.database, plain)
    assert "templates" not in failed(plain)


def test_a_new_version_of_the_program_registers_its_own_templates(
    plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with assembled(plain) as parts:
        monkeypatch.setattr(self_checks, "version", lambda _: "0.0.1")
        monkeypatch.setattr(self_checks, "template_digests", lambda _: {"entry_notice": "0" * 64})
        self_checks.enter_templates(parts.database, plain)
        monkeypatch.undo()
        self_checks.enter_templates(parts.database, plain)
    assert "templates" not in failed(plain)


def test_clocks_that_are_apart_are_told(office: Office, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    if office.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no clock of its own")
    monkeypatch.setattr(self_checks, "seconds_apart", lambda _: -90.0)
    assert "相差 -90 秒" in failed(settings)["clock"]


def test_temporal_that_listens_beyond_loopback_is_told(plain: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_checks, "listening_at", lambda _: [ip_address("127.0.0.1"), ip_address("192.0.2.1")])
    assert "192.0.2.1" in failed(plain)["temporal"]
    monkeypatch.setattr(self_checks, "listening_at", lambda _: [ip_address("127.0.0.1")])
    assert "temporal" not in failed(plain)


def test_listeners_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    lines = [
        "  sl  local_address rem_address   st",
        "   0: 0100007F:1C41 00000000:0000 0A",
        "   1: 010200C0:1C41 00000000:0000 0A",
        "   2: 0100007F:1C41 0100007F:9999 01",
        "   3: 00000000:1C42 00000000:0000 0A",
        "   4: 0000000000000000FFFF00000100007F:1C41 00000000000000000000000000000000:0000 0A",
        "   5: 00000000000000000000000001000000:1C41 00000000000000000000000000000000:0000 0A",
    ]
    table.write_text("\n".join(lines) + "\n")
    assert [str(each) for each in listening_at(7233, (table,))] == ["127.0.0.1", "192.0.2.1", "127.0.0.1", "::1"]
    with pytest.raises(NotTold):
        listening_at(7233, (tmp_path / "none",))


def test_an_external_temporal_is_not_looked_for(plain: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    assert found(plain)["temporal"].passed is None


# --- as typed ------------------------------------------------------------------------------------------------------

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def called(*arguments: str) -> tuple[int, str]:
        for name in ("data_dir", "database_url", "keyring_file"):
            monkeypatch.setenv(f"DINGBIAN_{name.upper()}", str(getattr(settings, name)))
        monkeypatch.setattr(sys, "argv", ["dingbian", *arguments])
        status = cli.run_command()
        return status, capsys.readouterr().out

    return called


def test_check_as_typed(office: Office, call: Call) -> None:
    status, said = call("check", "--register-templates")
    assert status == 0
    assert "约束与触发器" in said
    changed(office, "UPDATE holder SET head_seq = head_seq - 1")
    status, said = call("check", "--json")
    assert status == 1
    assert {each["name"] for each in json.loads(said)} == NAMES
    assert [each["name"] for each in json.loads(said) if each["passed"] is False] == ["tail"]


def test_the_database_is_let_go_of(plain: Settings) -> None:
    opened: list[Database] = []
    made = Database.close

    def closed(self: Database) -> None:
        opened.append(self)
        made(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "close", closed)
        found(plain)
    assert len(opened) == 1
