"""`dingbian verify FILE|PACKAGE|DATABASE` where there is nothing else: no settings, no key, another folder; and every
byte class of a document and of each file of a package flipped is found and located."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from records.archive import Wanted
from records.archive_check import check_package
from records.verify import check_file
from runtime.anchors import Anchor, take_anchor
from runtime.packaging import packed
from runtime.verifying import verify_package
from tests.support.engines import needs_file
from tests.support.office import Office, application

pytestmark = [needs_file, pytest.mark.xdist_group("offline")]  # what they share is made once

CLI = Path(__file__).parents[2] / "cli.py"


@dataclass
class Kept:
    """What leaves an office: a package, copies of its register, an anchor, and one of its documents."""

    office: Office
    package: Path
    older: Path
    newer: Path
    anchor: Path
    paper: Path


def _copied(office: Office, target: Path) -> Path:
    with closing(sqlite3.connect(office.folder / "dingbian.db")) as now, closing(sqlite3.connect(target)) as then:
        now.backup(then)
    return target


def _closed(office: Office, meeting: str, serial: int) -> None:
    case_id = office.opened(application(meeting=meeting))
    (slot,) = office.issued(case_id)
    office.entered(case_id, slot, serial)
    office.acknowledged(case_id, slot)


def _silent(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    office = Office(folder)
    _closed(office, "甲", 1)
    older = _copied(office, folder / "older.db")
    _closed(office, "乙", 2)
    report = packed(office.deps, folder / "package", Wanted(year=2026), office.now, _silent)
    assert report.faults == []
    with office.database.write() as s:
        (folder / "anchor.json").write_text(take_anchor(s).model_dump_json(), encoding="utf-8")
    newer = _copied(office, folder / "newer.db")
    paper = sorted((folder / "package" / "data" / "documents").rglob("*核定单.docx"))[-1]
    yield Kept(office, folder / "package", older, newer, folder / "anchor.json", paper)
    office.database.close()


def dingbian(*arguments: str | Path, at: Path) -> tuple[int, str]:
    """(exit status, all that was said) of the command in its own process: an empty environment, another folder."""
    done = subprocess.run(
        [sys.executable, str(CLI), *map(str, arguments)],
        cwd=at,
        env={"PATH": os.environ["PATH"], "HOME": str(at), "PYTHONPATH": str(CLI.parent), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def sums(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else [folder]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    made = tmp_path / "nowhere"
    made.mkdir()
    return made


def test_a_package_proves_itself_on_a_machine_that_has_nothing_else(kept: Kept, nowhere: Path) -> None:
    status, said = dingbian("verify", kept.package, at=nowhere)
    assert (status, list(nowhere.iterdir())) == (0, [])
    for check in ("真实性", "完整性", "可用性", "安全性"):
        assert check in said
    status, said = dingbian("verify", kept.package, "--json", at=nowhere)
    assert (status, json.loads(said)["intact"]) == (0, True)


def test_a_copy_of_the_register_is_verified_and_not_changed_by_it(kept: Kept, nowhere: Path, tmp_path: Path) -> None:
    alone = tmp_path / "disc"
    alone.mkdir()
    copy = Path(shutil.copy(kept.newer, alone / "register.db"))
    copy.chmod(0o444)
    alone.chmod(0o555)
    before = sums(copy)
    status, said = dingbian("verify", copy, at=nowhere)
    assert (status, "核验无误" in said) == (0, True)
    assert sums(copy) == before
    assert sorted(path.name for path in alone.iterdir()) == ["register.db"]  # nothing was written beside it
    alone.chmod(0o755)
    assert list(nowhere.iterdir()) == []


def test_a_document_is_compared_with_a_package_or_a_copy(kept: Kept, nowhere: Path, tmp_path: Path) -> None:
    for against in (kept.package, kept.newer):
        status, said = dingbian("verify", kept.paper, "--against", against, "--json", at=nowhere)
        assert (status, json.loads(said)["status"]) == (0, "valid"), said
    altered = tmp_path / "altered.docx"
    altered.write_bytes(kept.paper.read_bytes() + b" ")
    for against in (kept.package, kept.newer):
        status, said = dingbian("verify", altered, "--against", against, at=nowhere)
        assert (status, "已改动" in said) == (1, True)
    assert list(nowhere.iterdir()) == []


def test_an_older_copy_is_found_by_an_anchor_a_package_or_a_document(kept: Kept, nowhere: Path) -> None:
    assert dingbian("verify", kept.older, at=nowhere)[0] == 0  # by itself it fits
    for anchor in (kept.anchor, kept.package):
        status, said = dingbian("verify", kept.older, "--anchor", anchor, at=nowhere)
        assert (status, "存证日志#" in said) == (1, True), said
        assert dingbian("verify", kept.newer, "--anchor", anchor, at=nowhere)[0] == 0
    status, said = dingbian("verify", kept.paper, "--against", kept.older, at=nowhere)
    assert (status, "登记中没有" in said, "查无此件" in said) == (1, True, True)


def test_a_document_alone_asks_for_a_register_in_words(kept: Kept, nowhere: Path) -> None:
    status, said = dingbian("verify", kept.paper, at=nowhere)
    assert status == 2
    assert "--against" in said
    assert "Traceback" not in said
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "nothing"),
        ("verify", "."),
        ("verify", "--against", "."),
        ("verify", ".", "--against", "."),
        ("verify", "text.txt", "--against", "text.txt"),
        ("verify", "broken.db"),
        ("verify", "other.db"),
        ("verify", "other.db", "--anchor", "text.txt"),
    ],
)
def test_a_wrong_call_is_told_in_words_and_has_status_2(arguments: tuple[str, ...], nowhere: Path) -> None:
    (nowhere / "text.txt").write_text("字")
    (nowhere / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with closing(sqlite3.connect(nowhere / "other.db")) as other:
        other.execute("CREATE TABLE x (y)")
        other.commit()
    status, said = dingbian(*arguments, at=nowhere)
    assert status == 2, said
    assert "Traceback" not in said
    assert "✗" in said
    assert sorted(path.name for path in nowhere.iterdir()) == ["broken.db", "other.db", "text.txt"]


def test_a_package_against_an_anchor(kept: Kept) -> None:
    taken = Anchor.model_validate_json(kept.anchor.read_bytes())
    assert verify_package(kept.package, taken).faults == []
    forged = taken.model_copy(update={"records": [taken.records[0].model_copy(update={"hash": "0" * 64})]})
    [fault] = verify_package(kept.package, forged).faults
    assert fault.where == f"{taken.records[0].chain}#{taken.records[0].seq}"
    [fault] = verify_package(kept.package, taken.model_copy(update={"ledger_id": "x"})).faults
    assert "另一登记数据库" in fault.what


# --- byte classes of a document -----------------------------------------------------------------------------------


def _classes(data: bytes) -> dict[str, int]:
    """A byte of every class of a zip archive: of each member its local header, name, sum and data; of the directory
    each entry's sum and name; and the end."""
    found: dict[str, int] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            at = info.header_offset
            name, extra = struct.unpack("<HH", data[at + 26 : at + 30])
            found[f"{info.filename}: local signature"] = at
            found[f"{info.filename}: method"] = at + 8
            found[f"{info.filename}: sum"] = at + 14
            found[f"{info.filename}: name"] = at + 30
            found[f"{info.filename}: first byte"] = at + 30 + name + extra
            found[f"{info.filename}: middle"] = at + 30 + name + extra + info.compress_size // 2
            found[f"{info.filename}: last byte"] = at + 30 + name + extra + info.compress_size - 1
        directory = archive.start_dir
    found["directory: signature"] = directory
    found["directory: sum"] = directory + 16
    found["directory: offset"] = directory + 42
    found["directory: name"] = directory + 46
    end = data.rindex(b"PK\x05\x06")
    found |= {"end: signature": end, "end: count": end + 10, "end: offset": end + 16, "end: comment length": end + 20}
    return found


def test_a_flipped_byte_of_every_class_of_a_document_is_found(kept: Kept) -> None:
    """By upload, and in the store, where the altered part is named wherever its bytes can tell."""
    data = kept.paper.read_bytes()
    name = next(each for each in kept.office.store.digests() if kept.office.store.get(each) == data)
    found = _classes(data)
    assert len(found) > 60
    for what, at in found.items():
        flipped = bytearray(data)
        flipped[at] ^= 0x01
        with kept.office.database.read() as s:
            assert check_file(s, bytes(flipped)).status in ("altered", "unknown"), what
        parts = kept.office.store.altered_parts(name, bytes(flipped))
        member = what.partition(": ")[0]
        if what.endswith("middle"):
            assert parts in ([member], []), (what, parts)
            assert parts or not _opens(bytes(flipped)), what


def _opens(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return bool(archive.namelist())
    except zipfile.BadZipFile:
        return False


# --- each kind of file of a package -------------------------------------------------------------------------------

KINDS = ("docx", "json", "jsonl", "xml", "csv", "html", "xsd")


def _flip(path: Path, at: Callable[[int], int]) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[at(len(data))] ^= 0x01
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_in_each_kind_of_file_of_a_package_names_the_file(
    kept: Kept, tmp_path: Path, kind: str, where: str
) -> None:
    package = Path(shutil.copytree(kept.package, tmp_path / "package"))
    at: dict[str, Callable[[int], int]] = {
        "first": lambda _size: 0,
        "middle": lambda size: size // 2,
        "last": lambda size: size - 1,
    }
    path = next(each for each in sorted((package / "data").rglob(f"*.{kind}")) if each.stat().st_size)
    assert path.name != "package.json"
    _flip(path, at[where])
    faults = check_package(package).faults
    assert any(str(path.relative_to(package)) in fault.where or path.name in fault.where for fault in faults), faults


@pytest.mark.parametrize(
    "name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt"]
)
def test_a_flipped_byte_in_each_file_of_the_bag_is_found(kept: Kept, tmp_path: Path, name: str) -> None:
    package = Path(shutil.copytree(kept.package, tmp_path / "package"))
    _flip(package / name, lambda size: size // 2)
    found = check_package(package)
    assert not found.intact
    assert found.of("integrity")


def test_two_documents_of_a_package_in_each_other_s_place(kept: Kept, tmp_path: Path) -> None:
    package = Path(shutil.copytree(kept.package, tmp_path / "package"))
    one, two = sorted((package / "data" / "documents").rglob("*.docx"))[:2]
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)
    told = {fault.where for fault in check_package(package).of("authenticity")}
    assert {each.stem.split(" ")[0] for each in (one, two)} <= told
