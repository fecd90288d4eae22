"""An archive package proves its cases by itself, and shows whatever was changed in it."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import bagit
import pytest
from sqlmodel import col, delete, select

from docket import view
from ledger import log
from models.decisions import Revocation
from models.enums import CommandKind, DocumentKind, State
from models.packages import CheckName, PackageReport
from models.register import Record, Series
from records.archive import Keeper, PackageRefused, Wanted, write_package
from records.archive_check import NotAPackage, check_package
from records.case_file import read_back
from records.zipping import assemble, pack
from runtime.packaging import packed as packed_with
from tests.support.forging import dockets_of, edit, rebagged, rederived
from tests.support.office import EXAMINER, ISSUER, SUPERVISOR, Office, application, identity_no

pytestmark = pytest.mark.xdist_group("archive")  # what they share is made once

KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian 0.3.0")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One case closed with all its documents, one rejected, one revoked, one still under way."""
    made = Office(tmp_path_factory.mktemp("office"))
    done = made.opened()
    slot = made.issued(done)[0]
    made.entered(done, slot, 1)
    made.acknowledged(done, slot)
    turned_down = made.opened(application(meeting="局党组会议〔2026〕第9次"))
    made.accepted(made.decide(turned_down, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    revoked = made.opened(application(meeting="局党组会议〔2026〕第11次"))
    made.issued(revoked)
    made.accepted(made.order(revoked, CommandKind.REVOKE, Revocation(reason="用编计划调整"), ISSUER))
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
    assert facts["cases"] == 3
    assert facts["files"] == len(list((packed / "data" / "documents").rglob("*.docx"))) > 4
    assert facts["journal_rows"] >= 2
    assert all(series["last"] > 0 for series in facts["series"])


def test_other_programs_call_it_a_valid_bag(packed: Path) -> None:
    assert bagit.Bag(str(packed)).is_valid()


def test_the_package_is_checked_without_register_and_store(packed: Path) -> None:
    found = check_package(packed)
    assert found.faults == []
    assert all(found.examined[check] > 0 for check in ("authenticity", "integrity", "usability", "security"))


def test_every_case_in_it_has_its_case_file(packed: Path) -> None:
    lines = _lines(packed)
    closed = {json.loads(path.read_text("utf-8"))["case_id"] for path in (packed / "data" / "cases").glob("*.json")}
    own = [line for line in lines if line["kind"] == "case_file"]
    assert len(closed) == 3
    assert {line["case_id"] for line in own} == closed
    for line in own:
        named = read_back((packed / "data" / line["file"]).read_bytes()).documents
        held = {each["number"]: each["digest"] for each in lines if each["case_id"] == line["case_id"]}
        assert {number: digest for number, (_state, digest) in named.items()} | {line["number"]: line["digest"]} == held
    assert json.loads((packed / "data" / "package.json").read_text("utf-8"))["case_files"] == 3


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
    rebagged(package)


SPOILED: list[tuple[str, CheckName, Callable[[Path], None]]] = [
    ("a document is altered", "authenticity", lambda p: _spoil(_first(p, "*.docx"), lambda b: b + b" ")),
    ("a document is missing", "integrity", lambda p: _first(p, "*.docx").unlink()),
    ("a number is taken out of the register", "integrity", lambda p: _drop_line(p, "records.jsonl")),
    ("a row of the register is altered", "authenticity", lambda p: _edit(p, "records.jsonl", "title", "批复")),
    ("a void number is made valid", "authenticity", lambda p: _revive(p)),
    ("an act is cut off", "integrity", lambda p: _spoil(p / "data/registers/acts.jsonl", lambda _b: b"")),
    ("an act is altered", "authenticity", lambda p: _edit(p, "acts.jsonl", "detail", "另有原因")),
    ("a row of the journal is altered", "authenticity", lambda p: _edit(p, "journal.jsonl", "d_reserved", 7)),
    ("a row of the journal is cut off", "integrity", lambda p: _drop_line(p, "journal.jsonl")),
    ("the proofs are of another log", "authenticity", lambda p: _spoil(p / "data/proofs/log.json", _other_root)),
    ("the proof of a row is left out", "authenticity", lambda p: _spoil(p / "data/proofs/log.json", _fewer_proofs)),
    ("a docket is missing", "integrity", lambda p: _first(p, "cases/*.json").unlink()),
    ("metadata are missing", "integrity", lambda p: _first(p, "metadata/*.xml").unlink()),
    ("metadata say too much", "usability", lambda p: _spoil(_first(p, "metadata/*.xml"), _another_element)),
    ("a docket names an identity number", "security", lambda p: _spoil(_first(p, "cases/*.json"), _identity)),
    ("a cell of a table names somebody", "security", lambda p: _spoil(_first(p, "*核〔*.docx"), _cell)),
    ("a script is put into the page", "security", lambda p: _spoil(p / "data" / "index.html", _script)),
    ("a document of nowhere is added", "integrity", lambda p: _stranger(p)),
]


def _revive(package: Path) -> None:
    """State and reason are not of the chained row, and the bag is made anew: the act alone still tells."""
    path = package / "data" / "registers" / "records.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    void = next(row for row in rows if row["state"] == "void")
    void |= {"state": "valid" if void["digest"] else "numbered", "void_reason": None}
    _spoil(path, lambda _b: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def _another_element(data: bytes) -> bytes:
    return data.replace("</电子文件>".encode(), "<密级>公开</密级></电子文件>".encode())


def _identity(data: bytes) -> bytes:
    return data.replace(b'"headline"', f'"somebody": "{identity_no(3)}", "headline"'.encode())


def _cell(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    name, number = "word/document.xml", identity_no(3)
    runs = f"<w:t>{number[:9]}</w:t></w:r><w:r><w:t>{number[9:]}</w:t>".encode()
    cell = parts[name].index(b"<w:tc>")
    start = parts[name].index(b"<w:t>" if b"<w:t>" in parts[name][cell:] else b"<w:t ", cell)
    end = parts[name].index(b"</w:t>", start) + len(b"</w:t>")
    parts[name] = parts[name][:start] + runs + parts[name][end:]
    return assemble([pack(each, content, 6) for each, content in parts.items()])


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


# --- what only the case file tells ------------------------------------------------------------------------------


def _lines(package: Path, name: str = "records.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (package / "data" / "registers" / name).read_text("utf-8").splitlines()]


def _without(package: Path, name: str, gone: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Take rows out of a register of the package."""
    rows = _lines(package, name)
    kept = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows if not gone(row))
    _spoil(package / "data" / "registers" / name, lambda _: kept)
    return [row for row in rows if gone(row)]


def _fewer(package: Path, **counts: int) -> None:
    """The package says of itself that it holds so many fewer."""

    def change(data: bytes) -> bytes:
        body = json.loads(data)
        return json.dumps({**body, **{name: body[name] - less for name, less in counts.items()}}).encode()

    _spoil(package / "data" / "package.json", change)


def _named(docket: dict[str, Any], number: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in docket["documents"] if each["number"] == number)
    return found


def _taken_out(package: Path, kind: str) -> str:
    """A document taken out with all its traces; its number."""
    [row] = _without(package, "records.jsonl", lambda row: row["kind"] == kind)
    for name in (row["file"], f"metadata/{row['id']}.xml"):
        (package / "data" / name).unlink()
    _fewer(package, records=1, files=1, case_files=int(kind == "case_file"))
    for name in dockets_of(package):
        edit(package, name, lambda docket: docket["documents"].remove(_named(docket, row["number"])))
    rederived(package)
    return str(row["number"])


@pytest.fixture
def single(office: Office, tmp_path: Path) -> Path:
    """The package of the case that went all its way: no series in it is whole, so that no gap of one can tell."""
    with office.database.read() as s:
        page = view.case_list(s, view.Filters(state=State.CLOSED), SUPERVISOR, office.now, office.deps.calendar)
    folder = tmp_path / "single"
    assert write(office, folder, Wanted(case_no=page.items[0].case_no)).intact
    return folder


def _told(package: Path) -> list[tuple[str, str, str]]:
    _rebag(package)
    return [(fault.check, fault.where, fault.what) for fault in check_package(package).faults]


def test_a_document_that_was_taken_out_with_all_its_traces_is_missed_by_name(single: Path) -> None:
    number = _taken_out(single, "entry_notice")
    [(check, where, what)] = _told(single)
    assert (check, where) == ("integrity", number)
    assert "列有此件，包内没有" in what


def test_a_case_file_that_was_taken_out_with_all_its_traces_is_missed(single: Path) -> None:
    _taken_out(single, "case_file")
    [(check, where, what)] = _told(single)
    assert (check, what[:10]) == ("integrity", "应有一份有效的卷内文")
    assert where == next((single / "data" / "cases").iterdir()).stem


def test_a_journal_row_that_was_taken_out_is_missed_by_its_place(single: Path) -> None:
    last = _lines(single, "journal.jsonl")[-1]
    _without(single, "journal.jsonl", lambda row: row == last)
    _fewer(single, journal_rows=1)
    rederived(single)
    [(check, where, what)] = _told(single)
    assert (check, where) == ("integrity", f"{last['holder']}#{last['seq']}")
    assert "所列不符" in what


def test_an_application_that_was_altered_in_the_docket_is_found_by_its_digest(single: Path) -> None:
    _spoil(_first(single, "cases/*.json"), lambda data: data.replace("局党组会议".encode(), "局长办公会".encode()))
    of_application, of_docket = _told(single)
    assert {of_application[0], of_docket[0]} == {"integrity"}
    assert "第 1 轮申请与所列摘要不符" in of_application[2]
    assert "事项卷与所列摘要不符" in of_docket[2]


def test_a_document_that_no_case_file_lists_is_found(office: Office, tmp_path: Path) -> None:
    """A case file of before its last document, as when a document was added and the making interrupted."""
    case_id = _case_with_one_more(office)
    found = write(office, tmp_path / "more", Wanted(case_no=office.docket(case_id).case_no))
    assert [(each.check, each.what.partition(" ")[2]) for each in found.faults] == [
        ("authenticity", "· filed, and not in the chain"),
        ("integrity", "未列此件 · not listed in the case file"),
    ]
    with office.database.write() as s:  # a package of the year is made of this office elsewhere
        s.connection().execute(delete(Record).where(col(Record.id) == "0" * 32))


def _case_with_one_more(office: Office) -> str:
    with office.database.write() as s:
        row = s.exec(select(Record).where(Record.kind == DocumentKind.ENTRY_NOTICE.value)).one()
        odd = {"id": "0" * 32, "seq": 99, "number": "示编入〔2026〕99号", "subject": "more", "code": "more"}
        more = {name: getattr(row, name) for name in Record.model_fields} | odd | {"chain_seq": None, "hash": None}
        s.add(Record(**more))
        return row.case_id


def test_a_package_of_before_there_were_case_files_is_asked_for_them_unless_it_is_said_to_be_older(
    single: Path,
) -> None:
    _taken_out(single, "case_file")

    def older(data: bytes) -> bytes:
        body = json.loads(data)
        return json.dumps({name: value for name, value in body.items() if name != "case_files"}).encode()

    _spoil(single / "data" / "package.json", older)
    rederived(single)
    _rebag(single)
    [fault] = check_package(single).faults
    assert (fault.check, fault.where) == ("integrity", "case_files")
    assert "--older" in fault.what
    told = check_package(single, older=True)
    assert told.intact
    assert [note.partition("：")[0] for note in told.notes] == ["case_files"]


def test_cases_that_ended_without_a_case_file_get_it_before_they_are_packed(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(2):
        case_id = office.opened(application(meeting=f"局党组会议〔2026〕第{number}次"))
        office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    with office.database.write() as s:
        s.connection().execute(delete(Record).where(col(Record.kind) == "case_file"))
        s.connection().execute(delete(Series).where(col(Series.name) == "示编卷"))
    without = write(office, tmp_path / "without", Wanted(year=2026))
    assert {fault.what[:10] for fault in without.faults} == {"应有一份有效的卷内文"}
    assert len(without.faults) == 2
    found = packed_by(office, tmp_path / "with")
    assert found.intact
    assert json.loads((tmp_path / "with" / "data" / "package.json").read_text("utf-8"))["case_files"] == 2
    office.database.close()


def packed_by(office: Office, folder: Path) -> PackageReport:
    return packed_with(office.deps, folder, Wanted(year=2026), office.now, lambda *_: None)


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


def test_a_byte_changed_anywhere_in_a_document_is_a_finding_and_no_crash(package: Path) -> None:
    """In the packed text as well as in the list of parts: what reads the file may stumble in many ways."""
    document = _first(package, "documents/*/*核定单.docx")
    sound = document.read_bytes()
    number = document.name.partition(" ")[0]
    document.chmod(0o644)
    for place in range(7, len(sound), len(sound) // 60):
        document.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert any(number in fault.where for fault in check_package(package).faults), place
