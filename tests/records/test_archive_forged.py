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
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from activities.turn import Turn
from docket import view
from ledger import log
from models.decisions import Revocation
from models.docket import Docket, RecordView
from models.enums import CommandKind
from models.packages import PackageReport, RecordLine
from models.register import Person, Unit
from models.sealing import digest
from records.archive import Keeper, Wanted, write_package
from records.archive_cases import OF_ITS_DAY, unlike
from records.archive_check import NotAPackage, check_package
from records.case_acts import ARCHIVIST, UNPINNED, acts_digest, docket_digest, pinned
from tests.rectification import acts as rectifying
from tests.removing.leaving import leaver, removal
from tests.support import forging
from tests.support.disposals import LATER, destroyed, refused_case
from tests.support.forging import dockets_of, edit, edit_rows, rebagged, rederived, rows_of
from tests.support.office import (
    FINANCE,
    INSPECTOR,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    Office,
    application,
)
from tests.warning import support as warning

KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian")
Forge = Callable[[Path], None]


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
    assert _packed(office, folder / "2026", Wanted(year=2026)).faults == []
    assert _packed(office, folder / "one", Wanted(case_no="用编2026-00001")).faults == []
    yield folder
    office.database.close()


def _packed(office: Office, folder: Path, wanted: Wanted) -> PackageReport:
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        return write_package(s, office.store, folder, wanted, KEEPER, office.now, office.deps.calendar)


@pytest.fixture
def package(packages: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packages / "2026", tmp_path / "2026"))


@pytest.fixture
def single(packages: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packages / "one", tmp_path / "one"))


def _told(package: Path) -> list[str]:
    """(check) where: what of every fault, under a bag that was made anew."""
    rebagged(package)
    return [f"{fault.where}：{fault.what}" for fault in check_package(package).faults]


def _of_case(package: Path, number: str = "用编2026-00001") -> str:
    return next(name for name in dockets_of(package) if number in name)


def test_what_the_forger_makes_anew_is_what_the_office_made(package: Path) -> None:
    before = {path: path.read_bytes() for path in (package / "data").rglob("*") if path.is_file()}
    rederived(package)
    rebagged(package)
    assert {path: path.read_bytes() for path in (package / "data").rglob("*") if path.is_file()} == before
    assert check_package(package).intact


# --- what adds up, and is not what the office recorded -----------------------------------------------------------


def _without_docket(package: Path) -> None:
    (package / "data" / _of_case(package)).unlink()
    edit(package, "package.json", lambda body: body.update(cases=body["cases"] - 1))


def _first_step(docket: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in docket["steps"] if each["decided_at"])


def _docket(change: Callable[[dict[str, Any]], None]) -> Forge:
    return lambda package: edit(package, _of_case(package), change)


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
    assert any(said in each for each in _told(package)), _told(package)
    assert time.monotonic() - started < 30


def test_a_package_without_case_files_pinning_acts_says_so(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of before the digest was printed."""
    monkeypatch.setattr("records.case_file._pinned", lambda _statements: None)
    report = check_package(package)
    assert report.intact
    assert sum("没有事项卷摘要" in note for note in report.notes) == len(dockets_of(package))


# --- what only the case file says, of every procedure -------------------------------------------------------------


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package of 2026 of an office whose unit was renamed after its first case: staff entered and left, a
    rectification with a suspension and an exception, a warning."""
    office = Office(tmp_path_factory.mktemp("every"))
    entering = office.opened()
    slot = office.issued(entering)[0]
    office.entered(entering, slot, 1)
    office.acknowledged(entering, slot)
    _renamed_unit(office, "示范市综合研究院")
    going = office.opened(removal(leaver(office, on=date(2015, 7, 1))))
    office.accepted(office.decide(going, "approve-exit", ORGANISATION, subject="P1", reference_no="示组干〔2026〕11号"))
    office.accepted(office.decide(going, "exit", REGISTRAR, subject="P1"))
    office.accepted(office.decide(going, "finance", FINANCE, "acknowledge", subject="P1"))
    office.accepted(office.decide(going, "social-insurance", INSURANCE, "acknowledge", subject="P1"))
    warned = warning.reminded(office)
    warning.answered(office, warned)
    office.accepted(office.decide(warned, "review", INSPECTOR, subject="remind"))
    stopped = rectifying.suspended(office)
    rectifying.excepted(office, stopped)
    rectifying.put_right(office, stopped)
    rectifying.lifted(office, stopped)
    _renamed_unit(office, "示范市发展研究院")
    _renamed_person(office)
    folder = tmp_path_factory.mktemp("archive") / "every"
    assert _packed(office, folder, Wanted(year=2026)).faults == []
    yield folder
    office.database.close()


def _renamed_unit(office: Office, name: str) -> None:
    with office.database.write() as s:
        unit = s.get(Unit, RESEARCH)
        assert unit is not None
        unit.name = name
        s.add(unit)


def _renamed_person(office: Office) -> None:
    """As when somebody who has left comes back under another name."""
    with office.database.write() as s:
        for each in s.exec(select(Person)):
            each.name = "另一姓名"
            s.add(each)


@pytest.fixture
def copy(every: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(every, tmp_path / "every"))


def _dockets(package: Path, procedure: str) -> list[dict[str, Any]]:
    found = [json.loads((package / "data" / name).read_text("utf-8")) for name in dockets_of(package)]
    return [docket for docket in found if docket["procedure"] == procedure]


def _in(procedure: str, change: Callable[[dict[str, Any]], None]) -> Forge:
    def forge(package: Path) -> None:
        [docket] = _dockets(package, procedure)
        edit(package, _of_case(package, docket["case_no"]), change)

    return forge


def _lawless(check: dict[str, Any]) -> None:
    check.update(passed=False, detail="编造")


def _of_staff(field: str, **values: object) -> Forge:
    return _in("staffing-up", lambda docket: docket["documents"][0].update({field: values["to"]}))


def _other_unit(package: Path) -> None:
    """In every line and every docket, so that all agree."""
    old = _dockets(package, "staffing-up")[0]["unit_name"]

    def lines(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["unit_name"] = row["unit_name"].replace(old, "示范市假冒局")

    for name in dockets_of(package):
        edit(package, name, lambda docket: docket.update(unit_name=docket["unit_name"].replace(old, "示范市假冒局")))
    edit_rows(package, lines)


STAFF, RECTIFY, LEAVE, WARN = "staffing-up", "rectification", "removing-staff", "early-warning"
PINNED, TOLD = "的事项卷与所列摘要不符", "事项卷所记不同"
IN_DOCKETS: list[tuple[str, str, Forge]] = [
    ("who was approved", PINNED, _in(STAFF, lambda d: d["slip"]["slots"][0].update(person="李冒名"))),
    ("文号 of the approval", PINNED, _in(STAFF, lambda d: d["slip"]["slots"][0].update(reference_no="示组干99号"))),
    ("checks of the gate", PINNED, _in(STAFF, lambda d: _lawless(d["checks"][0]))),
    ("figures of the ledger", PINNED, _in(STAFF, lambda d: d["ledger"][0].update(authorised=999))),
    ("a headline", PINNED, _in(STAFF, lambda d: d.update(headline="已撤销"))),
    ("a day when a step was due", PINNED, _in(STAFF, lambda d: d["steps"][0].update(due_at="2030-01-01T00:00:00Z"))),
    ("a report of the unit", PINNED, _in(RECTIFY, lambda d: d["problems"][0]["reports"][0].update(text="予以保留"))),
    ("its evidence", PINNED, _in(RECTIFY, lambda d: d["problems"][0]["reports"][0].update(evidence="无"))),
    ("facts of a problem", PINNED, _in(RECTIFY, lambda d: d["problems"][0].update(facts="经查无此事"))),
    (
        "the end of a suspension",
        PINNED,
        _in(RECTIFY, lambda d: d["suspensions"][0].update(lifted_at="2026-07-09T00:00:00Z")),
    ),
    ("an exception's scope", PINNED, _in(RECTIFY, lambda d: d["exceptions"][0]["scope"].update(cases=20))),
    (
        "an exception's end",
        PINNED,
        _in(RECTIFY, lambda d: d["exceptions"][0].update(until_at="2099-01-01T00:00:00Z")),
    ),
    ("who left", PINNED, _in(LEAVE, lambda d: d["leavers"][0].update(name="李冒名"))),
    ("why somebody left", PINNED, _in(LEAVE, lambda d: d["leavers"][0].update(reason="resignation", late=True))),
    ("what became of a warning", PINNED, _in(WARN, lambda d: d["warning"].update(outcome="未答复", replied_at=None))),
    ("the rung of a warning", PINNED, _in(WARN, lambda d: d["warning"].update(level="inspect"))),
    ("officers of a document", TOLD, _of_staff("officers", to={"handled_by": "李冒名"})),
    ("its day", TOLD, _of_staff("issued_on", to="2025-01-01")),
    ("its issuer", TOLD, _of_staff("issuer", to="某某局")),
    ("how long it is kept", TOLD, _of_staff("retention", to="30-years")),
    ("until when it is kept", TOLD, _of_staff("retention_until", to="2027-12-31")),
    ("its code", TOLD, _of_staff("code", to="AAAA-AAAA")),
    ("whom it is made out to", TOLD, _of_staff("unit", to="129999000000000270")),
    ("the unit's name everywhere: a document", "单位名称与文件所写不符", _other_unit),
    ("the unit's name everywhere: the case", "的单位名称与所列不符", _other_unit),
]


@pytest.mark.parametrize(("what", "said", "forge"), IN_DOCKETS, ids=[each[0] for each in IN_DOCKETS])
def test_no_part_of_a_docket_can_be_changed(copy: Path, what: str, said: str, forge: Forge) -> None:
    forge(copy)
    rederived(copy)
    rebagged(copy)
    faults = [fault for fault in check_package(copy).faults if said in fault.what]
    assert faults, what
    assert all("〔2026〕" in fault.where for fault in faults)  # the number of a document or of the case file


def test_papers_bear_the_name_that_the_unit_had_and_persons_theirs(every: Path) -> None:
    names = {docket["case_no"]: docket["unit_name"] for docket in map(_read, sorted(every.glob("data/cases/*.json")))}
    [entering] = _dockets(every, STAFF)
    assert names[entering["case_no"]] not in ("示范市综合研究院", "示范市发展研究院")
    assert sorted(set(names.values()) - {names[entering["case_no"]]}) == ["示范市综合研究院"]
    for row in rows_of(every):
        assert row["unit_name"] == names[row["case_no"]], row["number"]
    [left] = _dockets(every, LEAVE)
    assert left["leavers"][0]["name"] != "另一姓名"


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_every_field_of_a_docket_is_pinned_or_named(every: Path) -> None:
    """A new field of the docket is covered without anybody's thinking of it; one that is to be left out must be named,
    and then there must be something else that checks it."""

    class Longer(Docket):
        more: str = ""

    known: set[str] = set()
    for path in every.glob("data/cases/*.json"):
        docket = Docket.model_validate(_read(path))
        covered = pinned(docket, len(docket.receipts))
        filled = docket.model_dump(exclude_defaults=True).keys()
        assert filled - covered.keys() == filled & UNPINNED
        known |= covered.keys()
        for name in filled & covered.keys() - {"receipts"}:  # whole, with all that is in it
            assert covered[name] == docket.model_dump(exclude_defaults=True)[name], name
        longer = Longer.model_validate(_read(path))
        assert docket_digest(longer, 1, "sm3") == docket_digest(docket, 1, "sm3")  # of before there was such a field
        assert docket_digest(longer.model_copy(update={"more": "x"}), 1, "sm3") != docket_digest(docket, 1, "sm3")
    assert {"documents", "may"} == UNPINNED
    assert {"slip", "leavers", "problems", "suspensions", "warning", "checks", "exceptions", "ledger"} <= known


def test_every_field_of_a_dockets_document_is_compared_with_its_line(every: Path) -> None:
    """But for what is named; a new field of `RecordView` that no line has fails here."""
    rows = {row["number"]: RecordLine.model_validate(row) for row in rows_of(every)}
    [docket] = [Docket.model_validate(each) for each in _dockets(every, STAFF)]
    for record in docket.documents:
        for name in RecordView.model_fields.keys() - OF_ITS_DAY:
            other = record.model_copy(update={name: "another"})
            assert unlike(other, rows[record.number], docket) == [name]


def test_what_was_filed_with_the_older_digest_still_verifies_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case files of before pinned the acts alone, of the docket as it is read now."""

    def older(turn: Turn) -> dict[str, str]:
        docket = view.docket(turn.s, turn.case.id, ARCHIVIST, turn.at, turn.deps.calendar)
        assert docket is not None
        count = len(docket.receipts)
        return {"acts_digest": acts_digest(docket, count, "sm3"), "acts_receipts": str(count)}

    monkeypatch.setattr("activities.case_file._pinned", older)
    folder = tmp_path / "office"
    folder.mkdir()
    office = Office(folder)
    refused_case(office)
    package = tmp_path / "2026"
    report = _packed(office, package, Wanted(year=2026))
    office.database.close()
    assert report.faults == []
    assert sum("为旧式" in note for note in report.notes) == 1
    edit(package, dockets_of(package)[0], lambda docket: docket["decisions"][0].update(officer="李冒名"))
    rederived(package)
    assert any("办理内容与所列摘要不符" in each for each in _told(package))


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
    assert any(said in each for each in _told(package)), what


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
    ("deep JSON in a docket", "cases/", True, lambda p: forging.write(p, _of_case(p), "[" * 200_000)),
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
