"""A forger has this program, and makes everything anew that is made from something else; and there are packages that
are meant to bring whoever checks them to a halt."""

from __future__ import annotations

import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.decisions import Revocation
from models.enums import CommandKind
from models.sealing import digest
from records.archive import Wanted
from records.archive_check import NotAPackage, check_package
from tests.support import forging
from tests.support.disposals import LATER, destroyed, refused_case
from tests.support.forging import (
    Forge,
    dockets_of,
    edit,
    edit_rows,
    of_case,
    packed,
    rebagged,
    rederived,
    rows_of,
    told,
)
from tests.support.office import (
    ISSUER,
    Office,
    application,
)

pytestmark = pytest.mark.xdist_group("forged")  # what they share is made once


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package of 2026: a case that went all its way, one that was revoked, and one whose paper was destroyed in
    2037; and beside it that of a case alone."""
    office = Office(tmp_path_factory.mktemp("office"))
    done = office.opened()
    slot = office.issued(done)[0]
    office.entered(done, slot, 1)
    office.acknowledged(done, slot)
    revoked = office.opened(application(meeting="局党组会议〔2026〕第11次"))
    office.issued(revoked)
    office.accepted(office.order(revoked, CommandKind.REVOKE, Revocation(reason="用编计划调整"), ISSUER))
    refused_case(office)
    office.now = LATER
    destroyed(office)
    folder = tmp_path_factory.mktemp("archive")
    assert packed(office, folder / "2026", Wanted(year=2026)).faults == []
    assert packed(office, folder / "one", Wanted(case_no="用编2026-00001")).faults == []
    yield folder
    office.database.close()


@pytest.fixture
def package(packages: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packages / "2026", tmp_path / "2026"))


@pytest.fixture
def single(packages: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packages / "one", tmp_path / "one"))


def test_what_the_forger_makes_anew_is_what_the_office_made(package: Path) -> None:
    before = {path: path.read_bytes() for path in (package / "data").rglob("*") if path.is_file()}
    rederived(package)
    rebagged(package)
    assert {path: path.read_bytes() for path in (package / "data").rglob("*") if path.is_file()} == before
    assert check_package(package).intact


# --- what adds up, and is not what the office recorded -----------------------------------------------------------


def _without_docket(package: Path) -> None:
    (package / "data" / of_case(package)).unlink()
    edit(package, "package.json", lambda body: body.update(cases=body["cases"] - 1))


def _first_step(docket: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in docket["steps"] if each["decided_at"])


def _docket(change: Callable[[dict[str, Any]], None]) -> Forge:
    return lambda package: edit(package, of_case(package), change)


def _late(docket: dict[str, Any]) -> None:
    receipt = docket["receipts"][-1]
    docket["receipts"].append({**receipt, "decision_id": "later", "at": "2037-01-01T00:00:00Z"})


def _line(package: Path, change: Callable[[dict[str, Any]], None], kind: str) -> None:
    edit_rows(package, lambda rows: change(next(row for row in rows if row["kind"] == kind)))


def _gone(row: dict[str, Any]) -> None:
    row.update(file=None, disposed_on="2037-01-05", disposal_list="示编销〔2037〕1号", renditions=[])


def _fake_disposal(kind: str) -> Forge:
    def forge(package: Path) -> None:
        row = next(row for row in rows_of(package) if row["kind"] == kind and row["file"])
        (package / "data" / row["file"]).unlink()
        _line(package, _gone, kind)
        edit(package, "package.json", lambda body: body.update(files=body["files"] - 1))

    return forge


def _without_list(package: Path) -> None:
    row = next(row for row in rows_of(package) if row["kind"] == "disposal_list")
    (package / "data" / row["file"]).unlink()
    (package / "data" / "metadata" / f"{row['id']}.xml").unlink()
    edit_rows(package, lambda rows: rows.remove(row))
    edit(package, "package.json", lambda body: body.update(files=body["files"] - 1, records=body["records"] - 1))


def _facts(**fields: object) -> Forge:
    return lambda package: edit(package, "package.json", lambda body: body.update(fields))


def _unchained(package: Path) -> None:
    _line(package, lambda row: row.update(hash=None, chain_seq=None, title="改题"), "entry_notice")


def _renamed(row: dict[str, Any]) -> None:
    row["unit_name"] = "假单位"


FORGED: list[tuple[str, str, Forge]] = [
    ("a case is left out", "事项卷缺失", _without_docket),
    ("a docket is unreadable", "事项卷无法读取", _docket(lambda docket: docket.update(rounds=None))),
    ("rounds are numbers", "事项卷无法读取", _docket(lambda docket: docket.update(rounds=[1, 2]))),
    ("the id of a case is a list", "事项卷无法读取", _docket(lambda docket: docket.update(case_id=[1]))),
    ("a verdict", "事项卷与所列摘要不符", _docket(lambda docket: docket["decisions"][0].update(verdict="reject"))),
    ("an officer", "事项卷与所列摘要不符", _docket(lambda docket: docket["decisions"][0].update(officer="李冒名"))),
    ("an opinion", "事项卷与所列摘要不符", _docket(lambda docket: _first_step(docket).update(opinion="不同意"))),
    (
        "a time",
        "事项卷与所列摘要不符",
        _docket(lambda docket: _first_step(docket).update(decided_at="2026-03-02T00:00:00Z")),
    ),
    ("a receipt", "事项卷与所列摘要不符", _docket(lambda docket: docket["receipts"][0].update(status="refused"))),
    ("a receipt is left out", "事项卷与所列摘要不符", _docket(lambda docket: docket["receipts"].pop(0))),
    ("a receipt is added", "立卷以后另有采纳的回执", _docket(_late)),
    ("the applicant", "事项卷与所列摘要不符", _docket(lambda docket: docket.update(applicant="李冒名"))),
    ("a case that never ended", "事项尚未办结", _docket(lambda docket: docket.update(closed_at=None))),
    (
        "the state of a document in the docket",
        "事项卷所记不同",
        _docket(lambda docket: docket["documents"][0].update(state="void")),
    ),
    ("a permanent document is called destroyed", "永久保存的文件不得销毁", _fake_disposal("verification_slip")),
    ("a document is called destroyed that the list does not name", "未列此件", _fake_disposal("refusal_notice")),
    ("the list of a destroyed document is left out", "已销毁而无销毁清册", _without_list),
    ("a filed row out of its chain", "已归档而不在登记链上", _unchained),
    ("a line of another unit", "单位名称与文件所写不符", lambda p: _line(p, _renamed, "entry_notice")),
    ("made before its documents", "制作时间早于包内文件", _facts(made_at="1999-01-01T00:00:00Z")),
    ("no acts", "作废和替代无从核对", _facts(acts=None)),
    ("another year", "不在该年度办结", _facts(year=2025)),
    ("no series", "未列该种类的末号", _facts(series=[])),
    (
        "three hundred million numbers",
        "个号码",
        _facts(series=[{"series": "示编受", "year": 2026, "last": 300_000_000}]),
    ),
]


@pytest.mark.parametrize(("what", "said", "forge"), FORGED, ids=[each[0] for each in FORGED])
def test_what_is_not_bound_to_the_register_is_found(package: Path, what: str, said: str, forge: Forge) -> None:
    started = time.monotonic()
    forge(package)
    try:
        rederived(package)
    except ValueError:
        assert "无法读取" in said, what  # of a docket that cannot be read nothing can be made
    assert any(said in each for each in told(package)), told(package)
    assert time.monotonic() - started < 30


def test_a_package_without_case_files_pinning_acts_says_so(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of before the digest was printed."""
    monkeypatch.setattr("records.case_file._pinned", lambda _statements: None)
    report = check_package(package)
    assert report.intact
    assert sum("没有事项卷摘要" in note for note in report.notes) == len(dockets_of(package))


# --- what is made from something else ----------------------------------------------------------------------------


def _metadata(package: Path) -> None:
    for path in sorted((package / "data" / "metadata").glob("*.xml")):
        forging.write(package, f"metadata/{path.name}", path.read_text("utf-8").replace("示范", "假冒"))


def _page(old: str, new: str) -> Forge:
    def forge(package: Path) -> None:
        text = (package / "data" / "index.html").read_text("utf-8")
        assert old in text
        forging.write(package, "index.html", text.replace(old, new))

    return forge


DERIVED: list[tuple[str, str, Forge]] = [
    ("the table of numbers", "registers/numbers.csv", lambda p: forging.write(p, "registers/numbers.csv", "x")),
    ("the page", "index.html", _page("已办结", "已撤销")),
    ("metadata", "元数据与登记不符", _metadata),
    ("the schema", "archive.xsd", lambda p: forging.write(p, "metadata/archive.xsd", "<a/>")),
    ("a file of nowhere", "登记之外的文件", lambda p: forging.write(p, "evil.js", "x")),
    ("a report that is none", "report/checks.json", lambda p: forging.write(p, "report/checks.json", "[]")),
]


@pytest.mark.parametrize(("what", "said", "forge"), DERIVED, ids=[each[0] for each in DERIVED])
def test_what_is_made_from_the_registers_is_what_they_make(package: Path, what: str, said: str, forge: Forge) -> None:
    forge(package)
    assert any(said in each for each in told(package)), what


@pytest.mark.parametrize(
    "put",
    [
        '<img src="http://evil.example/x.png">',
        "<iframe></iframe>",
        '<p onclick="x()">x</p>',
        '<a href="javascript:x()">x</a>',
        '<a href="//evil.example/">x</a>',
        '<a href="%2e%2e/x">x</a>',
        '<meta http-equiv="refresh" content="0">',
        "<style>p { background: url(http://evil.example) }</style>",
        "<!-- x -->",
        "<svg></svg>",
        '<p style="color:red">x</p>',
    ],
)
def test_the_page_may_hold_nothing_that_loads_or_runs_even_when_it_is_said_to_be_older(package: Path, put: str) -> None:
    _page("</body>", f"{put}</body>")(package)
    rebagged(package)
    report = check_package(package, older=True)
    assert {fault.where for fault in report.of("security")} == {"index.html"}


def test_older_pages_are_a_note_where_somebody_says_so_and_a_fault_where_not(package: Path) -> None:
    _page("四性检测", "四项检测")(package)
    rebagged(package)
    [fault] = check_package(package).faults
    assert "--older" in fault.what
    report = check_package(package, older=True)
    assert report.intact
    assert len(report.notes) == 1


# --- what is meant to bring the check to a halt ------------------------------------------------------------------


def _first_file(value: str) -> Forge:
    def forge(package: Path) -> None:
        rows = rows_of(package)
        rows[0]["file"] = value
        forging.write(package, forging.RECORDS, "".join(json.dumps(row) + "\n" for row in rows))

    return forge


def _link(target: str, name: str) -> Forge:
    return lambda package: (package / "data" / name).symlink_to(target)


def _pipe(name: str) -> Forge:
    def forge(package: Path) -> None:
        (package / "data" / name).unlink(missing_ok=True)
        os.mkfifo(package / "data" / name)

    return forge


def _tag(name: str, data: bytes) -> Forge:
    def forge(package: Path) -> None:
        (package / name).unlink(missing_ok=True)
        (package / name).write_bytes(data)

    return forge


def _bomb(package: Path) -> None:
    row = next(row for row in rows_of(package) if row["kind"] == "case_file")
    with zipfile.ZipFile(package / "data" / row["file"]) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            with archive.open(name, "w") as part:
                part.write(data)
                for _ in range(200 if name == "word/document.xml" else 0):
                    part.write(b" " * 1_000_000)
    forging.write(package, row["file"], out.getvalue())
    edit_rows(
        package,
        lambda rows: next(each for each in rows if each["id"] == row["id"]).update(
            digest=digest(out.getvalue(), "sm3"), size=len(out.getvalue())
        ),
    )


HOSTILE: list[tuple[str, str, bool, Forge]] = [
    ("deep JSON in a docket", "cases/", True, lambda p: forging.write(p, of_case(p), "[" * 200_000)),
    ("deep JSON in the proofs", "存证文件", True, lambda p: forging.write(p, "proofs/log.json", '{"a":' * 100_000)),
    ("NUL in a name", "文件缺失", True, _first_file("documents/a\x00b")),
    ("a name of 5,000 characters", "文件缺失", True, _first_file("documents/" + "a" * 5_000)),
    ("half a character in a name", "records.jsonl:1", True, _first_file("documents/\ud800")),
    ("a name outside", "文件缺失", True, _first_file("../../../../../etc/passwd")),
    ("a link out", "documents/x.docx", True, _link("/etc/passwd", "documents/x.docx")),
    ("a link to everything", "root", True, _link("/", "root")),
    ("a link to itself", "cases/loop.json", False, _link("loop.json", "cases/loop.json")),
    ("a pipe for a docket", "cases/f.json", False, _pipe("cases/f.json")),
    ("a pipe for the journal", "journal.jsonl", False, _pipe("registers/journal.jsonl")),
    ("a pipe for the proofs", "proofs/log.json", False, _pipe("proofs/log.json")),
    ("fetch.txt", "fetch.txt", False, _tag("fetch.txt", b"file:///etc/passwd 10 data/zz\n")),
    ("an unknown tag file", "notes.txt", False, _tag("notes.txt", b"x")),
    ("binary bagit.txt", "bagit.txt", False, _tag("bagit.txt", b"\xff\xfe\x00" * 10)),
    ("a binary manifest", "manifest-sha256.txt", False, _tag("manifest-sha256.txt", b"\xff" * 100)),
    ("binary bag-info.txt", "bag-info.txt", False, _tag("bag-info.txt", b"\xff\xff:\x00")),
    ("rows of another shape", "records.jsonl:2", True, lambda p: forging.write(p, forging.RECORDS, "null\n[]\n{}\n")),
    ("a row without end", "行太长", True, lambda p: forging.write(p, forging.RECORDS, b"x" * 3_000_000)),
    ("a document that unpacks to 200 MB", "文件打不开", True, _bomb),
    ("rows twice", "登记行重复", True, lambda p: edit_rows(p, lambda rows: rows.extend(rows[:1]))),
    ("an odd kind", "records.jsonl:1", True, lambda p: edit_rows(p, lambda rows: rows[0].update(kind="bogus"))),
]


@pytest.mark.parametrize(("what", "said", "bag", "forge"), HOSTILE, ids=[each[0] for each in HOSTILE])
def test_what_is_meant_to_stop_the_check_is_a_fault_with_its_place(
    package: Path, what: str, said: str, bag: bool, forge: Forge
) -> None:
    started = time.monotonic()
    forge(package)
    if bag:
        rebagged(package)
    faults = check_package(package).faults
    assert any(said in fault.where or said in fault.what for fault in faults), (what, faults)
    assert all(fault.where.isprintable() for fault in faults)
    assert time.monotonic() - started < 30


def test_facts_without_end_are_no_package(package: Path) -> None:
    forging.write(package, "package.json", "[" * 200_000)
    with pytest.raises(NotAPackage):
        check_package(package)


def test_what_nobody_thought_of_ends_one_part_and_hides_no_other(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TypeError("nobody thought of it")

    monkeypatch.setattr("records.archive_rows.numbers", broken)
    (package / "data" / "registers" / "numbers.csv").unlink()
    rebagged(package)
    told = {(fault.check, fault.where) for fault in check_package(package).faults}
    assert told == {("usability", "records.jsonl"), ("integrity", "registers/numbers.csv")}


# --- the package of one case -------------------------------------------------------------------------------------


def test_a_list_by_which_a_document_of_another_year_was_destroyed_is_in_the_package(package: Path) -> None:
    row = next(row for row in rows_of(package) if row["kind"] == "disposal_list")
    assert row["year"] == 2037
    assert (package / "data" / row["file"]).is_file()


def test_the_digest_of_the_bag_is_that_of_its_first_manifest(single: Path) -> None:
    before = check_package(single).manifest
    assert len(before) == 64
    forging.write(single, "report/checks.json", json.dumps({"package_id": "another"}))
    rebagged(single)
    after = check_package(single)
    assert after.intact  # what it says of its making is information
    assert after.manifest != before
