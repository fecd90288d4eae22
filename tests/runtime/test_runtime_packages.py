"""`dingbian export --year` and `dingbian verify PATH` as an archivist types them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cli
from docket import audit
from models.audit import Act
from records.archive_derived import PAGE
from tests.support import forging
from tests.support.engines import needs_file
from tests.support.office import Office, keyring

pytestmark = needs_file


def digest_of(package: Path) -> str:
    """What `export` shows and a keeper writes down."""
    return hashlib.sha256((package / "manifest-sha256.txt").read_bytes()).hexdigest()


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


def test_what_left_the_office_stands_in_the_audit_with_its_digest(office: Office, call: Call, tmp_path: Path) -> None:
    package = tmp_path / "2026"
    assert call("export", str(package), "--year", "2026")[0] == 0
    assert call("export", str(tmp_path / "register.xlsx"))[0] == 0
    with office.database.read() as s:
        register, packed = audit.entries(s, act=Act.EXPORT).items[:2]
    assert (packed.about, packed.detail.split()) == ("2026", ["档案包", digest_of(package)])
    assert register.about == "register.xlsx"
    assert register.officer_name.startswith("命令行")


def test_the_digest_that_export_showed_tells_this_package_from_another(call: Call, tmp_path: Path) -> None:
    package = tmp_path / "2026"
    call("export", str(package), "--year", "2026")
    shown = digest_of(package)
    assert call("verify", str(package), "--digest", shown.upper())[0] == 0
    status, said = call("verify", str(package), "--digest", "0" * 64, "--json")
    assert status == 1
    told = json.loads(said)
    assert (told["intact"], told["manifest"]) == (False, shown)
    assert [fault["where"] for fault in told["faults"]] == ["manifest-sha256.txt"]


def test_what_only_an_earlier_version_may_lack_is_a_fault_until_it_is_called_older(call: Call, tmp_path: Path) -> None:
    """The page of a package looked otherwise before, and so does one that a forger made: somebody has to say which."""
    package = tmp_path / "2026"
    call("export", str(package), "--year", "2026")
    forging.write(package, PAGE, (package / "data" / PAGE).read_text("utf-8").replace("</body>", "<p>1</p></body>"))
    forging.rebagged(package)
    status, said = call("verify", str(package), "--json")
    assert status == 1
    assert "--older" in said
    status, said = call("verify", str(package), "--older", "--json")
    told = json.loads(said)
    assert (status, told["intact"]) == (0, True), told
    assert [note.partition("：")[0] for note in told["notes"][1:]] == [PAGE]


def test_without_anything_kept_elsewhere_it_says_what_is_not_proved(call: Call, tmp_path: Path) -> None:
    """Whoever has this program can make a whole package anew, and nothing in it tells."""
    package = tmp_path / "2026"
    status, said = call("export", str(package), "--year", "2026")
    assert "只证明包内自洽" not in said
    status, said = call("verify", str(package))
    assert status == 0
    assert "只证明包内自洽；请与移交清单所载封包摘要核对" in said
    assert "只证明包内自洽" in json.loads(call("verify", str(package), "--json")[1])["notes"][0]
    assert "只证明包内自洽" not in call("verify", str(package), "--digest", digest_of(package))[1]


def test_metadata_name_the_bodies_as_documents_do(call: Call, tmp_path: Path) -> None:
    package = tmp_path / "2026"
    call("export", str(package), "--year", "2026")
    texts = [path.read_text("utf-8") for path in (package / "data" / "metadata").glob("*.xml")]
    assert any("<机构>中共示范市委组织部</机构>" in text for text in texts)
    assert not any(f"<机构>{short}</机构>" in text for text in texts for short in ("编办", "组织部", "财政局"))


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
        ("verify", "--older"),
        ("verify", "--digest", "0" * 64),
    ],
)
def test_a_wrong_call_says_what_to_do_and_writes_nothing(
    arguments: tuple[str, ...], call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []
