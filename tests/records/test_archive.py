"""An archive package proves its cases by itself, and shows whatever was changed in it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import bagit
import pytest

from docket import view
from ledger import log
from models.packages import CheckName, PackageReport
from records.archive import Keeper, PackageRefused, Wanted, write_package
from records.archive_check import NotAPackage, check_package
from tests.support.office import EXAMINER, SUPERVISOR, Office, application, identity_no

KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian 0.3.0")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One case closed with all its documents, one rejected, one still under way."""
    made = Office(tmp_path_factory.mktemp("office"))
    done = made.opened()
    slot = made.issued(done)[0]
    made.entered(done, slot, 1)
    made.acknowledged(done, slot)
    turned_down = made.opened(application(meeting="局党组会议〔2026〕第9次"))
    made.accepted(made.decide(turned_down, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    made.opened(application(meeting="局党组会议〔2026〕第10次"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def packed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "2026"
    found = write(office, folder, Wanted(year=2026))
    assert found.faults == []
    return folder


@pytest.fixture
def package(packed: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(packed, tmp_path / "2026"))


def write(office: Office, folder: Path, wanted: Wanted) -> PackageReport:
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        return write_package(s, office.store, folder, wanted, KEEPER, office.now, office.deps.calendar)


def test_the_package_of_a_year_holds_what_ended_in_it(packed: Path, office: Office) -> None:
    facts = json.loads((packed / "data" / "package.json").read_text("utf-8"))
    assert facts["cases"] == 2
    assert facts["files"] == len(list((packed / "data" / "documents").rglob("*.docx"))) > 4
    assert facts["journal_rows"] >= 2
    assert all(series["last"] > 0 for series in facts["series"])


def test_other_programs_call_it_a_valid_bag(packed: Path) -> None:
    assert bagit.Bag(str(packed)).is_valid()


def test_the_package_is_checked_without_register_and_store(packed: Path) -> None:
    found = check_package(packed)
    assert found.faults == []
    assert all(found.examined[check] > 0 for check in ("authenticity", "integrity", "usability", "security"))


def test_its_page_names_every_case_and_document_and_runs_nothing(packed: Path) -> None:
    page = (packed / "data" / "index.html").read_text("utf-8")
    assert "<script" not in page
    for case in (packed / "data" / "cases").glob("*.json"):
        assert json.loads(case.read_text("utf-8"))["case_no"] in page
    for target in re.findall(r'href="([^"#]+)"', page):
        assert (packed / "data" / unquote(target)).is_file(), target


def test_no_identity_number_is_in_it(packed: Path) -> None:
    number = identity_no(1)
    for path in packed.rglob("*"):
        if path.is_file():
            assert number.encode() not in path.read_bytes(), path


def _spoil(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.chmod(0o644)
    path.write_bytes(change(path.read_bytes()))


def _first(package: Path, pattern: str) -> Path:
    return sorted((package / "data").rglob(pattern))[0]


def _rebag(package: Path) -> None:
    """What a forger does who knows the bag: its sums are made anew."""
    bagit.Bag(str(package)).save(manifests=True)


SPOILED: list[tuple[str, CheckName, Callable[[Path], None]]] = [
    ("a document is altered", "authenticity", lambda p: _spoil(_first(p, "*.docx"), lambda b: b + b" ")),
    ("a document is missing", "integrity", lambda p: _first(p, "*.docx").unlink()),
    ("a number is taken out of the register", "integrity", lambda p: _drop_line(p, "records.jsonl")),
    ("a row of the register is altered", "authenticity", lambda p: _edit(p, "records.jsonl", "title", "批复")),
    ("a row of the journal is altered", "authenticity", lambda p: _edit(p, "journal.jsonl", "d_reserved", 7)),
    ("a row of the journal is cut off", "integrity", lambda p: _drop_line(p, "journal.jsonl")),
    ("the proofs are of another log", "authenticity", lambda p: _spoil(p / "data/proofs/log.json", _other_root)),
    ("the proof of a row is left out", "authenticity", lambda p: _spoil(p / "data/proofs/log.json", _fewer_proofs)),
    ("a docket is missing", "integrity", lambda p: _first(p, "cases/*.json").unlink()),
    ("metadata are missing", "integrity", lambda p: _first(p, "metadata/*.xml").unlink()),
    ("metadata say too much", "usability", lambda p: _spoil(_first(p, "metadata/*.xml"), _another_element)),
    ("a docket names an identity number", "security", lambda p: _spoil(_first(p, "cases/*.json"), _identity)),
    ("a script is put into the page", "security", lambda p: _spoil(p / "data" / "index.html", _script)),
    ("a document of nowhere is added", "integrity", lambda p: _stranger(p)),
]


def _another_element(data: bytes) -> bytes:
    return data.replace("</电子文件>".encode(), "<密级>公开</密级></电子文件>".encode())


def _identity(data: bytes) -> bytes:
    return data.replace(b'"headline"', f'"somebody": "{identity_no(3)}", "headline"'.encode())


def _other_root(data: bytes) -> bytes:
    body = json.loads(data)
    body["head"]["root"] = "0" * 64
    return json.dumps(body).encode()


def _fewer_proofs(data: bytes) -> bytes:
    body = json.loads(data)
    body["proofs"] = body["proofs"][1:]
    return json.dumps(body, ensure_ascii=False).encode()


def _script(data: bytes) -> bytes:
    return data.replace(b"</body>", b"<script>alert(1)</script></body>")


def _stranger(package: Path) -> None:
    place = _first(package, "*.docx")
    (place.parent / "示编核〔2026〕99号.docx").write_bytes(place.read_bytes())


def _drop_line(package: Path, name: str) -> None:
    _spoil(package / "data" / "registers" / name, lambda data: b"".join(data.splitlines(keepends=True)[:-1]))


def _edit(package: Path, name: str, field: str, value: object) -> None:
    def change(data: bytes) -> bytes:
        lines = data.splitlines()
        row = json.loads(lines[0])
        row[field] = value
        return b"\n".join([json.dumps(row, ensure_ascii=False).encode(), *lines[1:]]) + b"\n"

    _spoil(package / "data" / "registers" / name, change)


@pytest.mark.parametrize(("what", "check", "spoil"), SPOILED, ids=[each[0] for each in SPOILED])
def test_what_was_changed_is_found_even_when_the_sums_of_the_bag_were_made_anew(
    package: Path, what: str, check: CheckName, spoil: Callable[[Path], None]
) -> None:
    spoil(package)
    assert not check_package(package).intact
    _rebag(package)
    found = check_package(package)
    assert found.of(check), [fault.what for fault in found.faults]


def test_the_package_of_one_case_holds_that_case(office: Office, tmp_path: Path) -> None:
    number = _number(office, ended=True)
    found = write(office, tmp_path / "one", Wanted(case_no=number))
    assert found.intact
    assert [p.stem for p in (tmp_path / "one" / "data" / "cases").iterdir()] == [number]
    assert check_package(tmp_path / "one").intact


def _number(office: Office, *, ended: bool) -> str:
    with office.database.read() as s:
        page = view.case_list(s, view.Filters(), SUPERVISOR, office.now, office.deps.calendar)
    return next(row.case_no for row in page.items if row.state.final is ended)


def test_a_case_that_has_not_ended_and_one_that_does_not_exist_are_refused(office: Office, tmp_path: Path) -> None:
    going = _number(office, ended=False)
    for number, word in ((going, "尚未办结"), ("用编1999-00001", "没有事项")):
        with pytest.raises(PackageRefused, match=word):
            write(office, tmp_path / "refused", Wanted(case_no=number))
        assert not (tmp_path / "refused").exists()


def test_nothing_is_overwritten(office: Office, package: Path) -> None:
    with pytest.raises(PackageRefused, match="不覆盖"):
        write(office, package, Wanted(year=2026))


def test_a_folder_that_is_no_package_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(NotAPackage):
        check_package(tmp_path)
