"""What only the case file says of a case, of every procedure: no part of a docket in a package can be changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from activities.turn import Turn
from docket import view
from models.docket import Docket, RecordView
from models.packages import RecordLine
from models.register import Person, Unit
from records.archive import Wanted
from records.archive_cases import OF_ITS_DAY, unlike
from records.archive_check import check_package
from records.case_acts import ARCHIVIST, UNPINNED, acts_digest, docket_digest, pinned
from tests.rectification import acts as rectifying
from tests.removing.leaving import leaver, removal
from tests.support.disposals import refused_case
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
    FINANCE,
    INSPECTOR,
    INSURANCE,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    Office,
)
from tests.warning import support as warning


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
    assert packed(office, folder, Wanted(year=2026)).faults == []
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
        edit(package, of_case(package, docket["case_no"]), change)

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
    report = packed(office, package, Wanted(year=2026))
    office.database.close()
    assert report.faults == []
    assert sum("为旧式" in note for note in report.notes) == 1
    edit(package, dockets_of(package)[0], lambda docket: docket["decisions"][0].update(officer="李冒名"))
    rederived(package)
    assert any("办理内容与所列摘要不符" in each for each in told(package))
