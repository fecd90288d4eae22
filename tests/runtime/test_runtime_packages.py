"""`dingbian export --year` and `dingbian verify PATH` as an archivist types them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cli
from tests.support.engines import needs_file
from tests.support.office import Office, keyring

pytestmark = needs_file

Call = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One case, closed."""
    made = Office(tmp_path_factory.mktemp("closed"))
    case_id = made.opened()
    slot = made.issued(case_id)[0]
    made.entered(case_id, slot, 1)
    made.acknowledged(case_id, slot)
    yield made
    made.database.close()


@pytest.fixture
def call(office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """(exit status, standard output) of a command in that office's folder, with that office's keys."""
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(office.folder))
    monkeypatch.setattr("runtime.assembly.load_keyring", lambda *_: keyring())
    (office.folder / "keyring.json").touch()

    def called(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["dingbian", *arguments])
        status = cli.run_command()
        return status, capsys.readouterr().out

    return called


def test_a_years_package_is_written_and_verifies_where_nothing_else_is(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "2026"
    status, said = call("export", str(package), "--year", "2026")
    assert status == 0
    assert "真实性" in said
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(tmp_path / "nothing"))
    status, said = call("verify", str(package), "--json")
    assert status == 0
    assert json.loads(said)["intact"] is True


def test_a_changed_package_ends_with_a_finding(call: Call, tmp_path: Path) -> None:
    package = tmp_path / "2026"
    call("export", str(package), "--year", "2026")
    document = sorted((package / "data" / "documents").rglob("*.docx"))[0]
    document.write_bytes(document.read_bytes() + b" ")
    assert call("verify", str(package))[0] == 1


def test_a_copy_of_the_register_verifies_without_its_key_and_shows_what_was_changed(
    office: Office, call: Call, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with sqlite3.connect(office.folder / "dingbian.db") as register, sqlite3.connect(copy) as target:
        register.backup(target)
    status, said = call("verify", str(copy), "--json")
    assert (status, json.loads(said)["intact"]) == (0, True)
    with sqlite3.connect(copy) as changed:
        changed.execute("UPDATE account SET occupied = occupied + 1 WHERE resource = 'headcount:worker'")
    assert call("verify", str(copy))[0] == 1


def test_one_document_is_told_genuine_or_altered(office: Office, call: Call, tmp_path: Path) -> None:
    digest = next(office.store.digests())
    place = office.store.path(digest)
    assert place is not None
    mine = tmp_path / "mine.docx"
    shutil.copy(place, mine)
    status, said = call("verify", str(mine), "--json")
    assert (status, json.loads(said)["status"]) == (0, "valid")
    mine.chmod(0o644)
    mine.write_bytes(mine.read_bytes() + b" ")
    status, said = call("verify", str(mine), "--json")
    assert (status, json.loads(said)["status"]) == (1, "altered")


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "nowhere"),
        ("verify", "."),
        ("export", "x", "--year", "2026", "--case", "用编2026-00001"),
        ("export", "x", "--case", "用编1999-00001"),
    ],
)
def test_a_wrong_call_says_what_to_do_and_writes_nothing(
    arguments: tuple[str, ...], call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []
