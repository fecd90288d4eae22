"""P22: a document that cannot be made waits for a person with its number and the posting safe, and goes on with the
same number when the cause is mended. For every kind of document that activities issue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.cases import CaseActivities
from docket import overview
from docket.desk import desk as lay_desk
from models.documents import DocumentContext
from models.enums import DocumentKind, RecordState, Resource
from models.register import Record
from records.register import context_of
from records.render import FOLDER, Renderer, TemplateFault
from records.store import FolderStore, StoreFault
from records.verify import check_code, verify_records
from tests.support.office import EXAMINER, ISSUER, Office
from tests.support.papers import ISSUE, NUMBERED, Spoiling, own_templates, records_of

Spoil = Callable[[Path], None]


def _another_kind(path: Path) -> None:
    other = DocumentKind.PHONE_RECORD if path.stem != DocumentKind.PHONE_RECORD.value else DocumentKind.ENTRY_NOTICE
    path.write_bytes((FOLDER / f"{other.value}.docx").read_bytes())


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))


def _unreadable(path: Path) -> None:
    """Nobody may read it: a folder in its place is refused by the system to root as well."""
    path.unlink()
    path.mkdir()


def _rewritten(path: Path, data: bytes) -> None:
    path.write_bytes(data)


SPOILT: dict[str, Spoil] = {
    "missing": Path.unlink,
    "one byte flipped": _flipped,
    "unreadable": _unreadable,
    "another kind's": _another_kind,
    "cut off": lambda path: _rewritten(path, path.read_bytes()[:-200]),
    "empty": lambda path: _rewritten(path, b""),
}


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


def with_hands(office: Office, **deps: Any) -> None:
    """The office works with another renderer or store."""
    office.deps = replace(office.deps, **deps)
    office.activities = CaseActivities(office.deps)


def contexts(office: Office, rows: list[Record]) -> dict[str, DocumentContext]:
    with office.database.read() as s:
        return {row.number: context_of(s, row) for row in rows}


def journal(office: Office) -> dict[str, tuple[int, int, int]]:
    return office.numbers()


def parked(office: Office, case_id: str) -> list[Record]:
    return [row for row in records_of(office, case_id) if row.state == RecordState.NUMBERED.value]


def pending(office: Office, case_id: str) -> int:
    """How many documents the desk of the case still waits for."""
    with office.database.write() as s:
        turn = office.activities._turn(s, case_id, office.moment(case_id))
        return lay_desk(s, turn.case, office.now, office.deps.office).documents_pending


def test_every_kind_with_a_number_is_tried() -> None:
    """All but the list of a disposal, which is numbered by no case: tests/records/disposal."""
    assert set(NUMBERED) - set(ISSUE) <= {DocumentKind.DISPOSAL_LIST}


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("kind", ISSUE, ids=lambda kind: kind.value)
def test_a_spoilt_template_parks_the_document_with_its_number_and_mended_goes_on(
    office: Office, tmp_path: Path, kind: DocumentKind, how: str
) -> None:
    spoiling = Spoiling(own_templates(tmp_path), kind, SPOILT[how])
    with_hands(office, renderer=spoiling)
    case_id = ISSUE[kind](office)
    waiting = parked(office, case_id)
    assert {row.kind for row in waiting} == {kind.value}
    assert all(row.template_digest or row is not waiting[0] for row in waiting)  # the first was sound at its numbering
    posted, said = journal(office), contexts(office, waiting)
    others = {row.number: row.digest for row in records_of(office, case_id) if row.kind != kind.value}
    assert all(others.values())  # nothing else is lost

    told(office, case_id, kind, waiting)
    for _ in range(2):  # trying again does not help and does no harm
        office.later(minutes=6)
        assert office.ring(case_id).documents_pending == len(waiting)
    assert [row.number for row in parked(office, case_id)] == [row.number for row in waiting]

    spoiling.mend()
    office.later(minutes=6)
    assert office.ring(case_id).documents_pending == 0
    rows = {row.number: row for row in records_of(office, case_id)}
    for before in waiting:
        after = rows[before.number]
        assert (after.state, after.fault, after.code) == (RecordState.VALID.value, None, before.code)
        assert said[before.number] == contexts(office, [after])[before.number]
        assert office.store.get(str(after.digest)) == spoiling.render(kind, said[before.number])
    assert {number: row.digest for number, row in rows.items() if number in others} == others
    assert journal(office) == posted
    with office.database.read() as s:
        assert verify_records(s, office.store) == []
        assert not [each for each in overview.stuck(s, office.now) if each.by == "document"]


def told(office: Office, case_id: str, kind: DocumentKind, waiting: list[Record]) -> None:
    """The case shows that a file is not made, the supervisors' desk why, in words; the public knows no such paper."""
    shown = {view.number: view for view in office.docket(case_id).documents}
    assert all(shown[row.number].delayed and shown[row.number].digest is None for row in waiting)
    with office.database.read() as s:
        found = [each for each in overview.stuck(s, office.now) if each.by == "document"]
        assert [each.case_id for each in found] == [case_id]
        assert "模板" in found[0].detail
        assert not any(word in found[0].detail for word in ("Fault", "Error:", "Traceback", str(office.folder)))
        assert all(check_code(s, row.code).status == "unknown" for row in waiting)


@pytest.mark.both
@pytest.mark.parametrize("how", SPOILT)
def test_a_template_spoilt_before_the_decision_hinders_no_decision(office: Office, tmp_path: Path, how: str) -> None:
    """The number is given without a template; the one that makes the file counts."""
    folder = own_templates(tmp_path)
    place = folder / "verification_slip.docx"
    sound = place.read_bytes()
    SPOILT[how](place)
    with_hands(office, renderer=Renderer(folder))
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.accepted(office.decide(case_id, "issue", ISSUER))
    assert office.balance(Resource.ADMINISTRATIVE).reserved == 1
    [waiting] = parked(office, case_id)
    if place.is_dir():
        place.rmdir()
    place.write_bytes(sound)
    office.later(minutes=6)
    assert office.ring(case_id).documents_pending == 0
    [filed] = [row for row in records_of(office, case_id) if row.id == waiting.id]
    assert (filed.number, filed.template_digest) == (
        waiting.number,
        Renderer().template_digest(DocumentKind(filed.kind)),
    )


class Away(FolderStore):
    """A store that cannot be reached until it is back."""

    back = False

    def put(self, data: bytes, digest: str, ending: str = ".docx") -> None:
        if not self.back:
            raise StoreFault(f"{digest}: 档案存储不可用 · the store cannot be used")
        super().put(data, digest, ending)


@pytest.mark.parametrize(
    "kind", [kind for kind in ISSUE if kind is not DocumentKind.CASE_FILE], ids=lambda kind: kind.value
)  # a case file is numbered when the others are filed: tests/records/test_case_file.py
def test_a_store_that_is_away_parks_every_document_and_takes_them_all_when_it_is_back(
    office: Office, tmp_path: Path, kind: DocumentKind
) -> None:
    away = Away(tmp_path / "away")
    with_hands(office, store=away)
    case_id = ISSUE[kind](office)
    numbered = records_of(office, case_id)
    waiting = parked(office, case_id)
    assert kind.value in {row.kind for row in waiting}
    voided = [row for row in numbered if row not in waiting]  # the slip of a revocation will never have a file
    assert all((row.state, bool(row.void_reason)) == (RecordState.VOID.value, True) for row in voided)
    assert all(row.fault and "档案存储不可用" in row.fault for row in waiting)
    assert pending(office, case_id) == len(waiting)
    posted = journal(office)
    away.back = True
    assert office.ring(case_id).documents_pending == 0
    after = [row for row in records_of(office, case_id) if row.kind != DocumentKind.CASE_FILE.value]
    assert [row.number for row in after] == [row.number for row in numbered]
    filed = {row.id for row in waiting}
    assert all(row.digest and row.state != RecordState.NUMBERED.value for row in after if row.id in filed)
    assert journal(office) == posted
    with office.database.read() as s:
        assert verify_records(s, away) == []


def test_a_full_disk_parks_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderStore, "_write", full)
    case_id = office.opened()
    [waiting] = parked(office, case_id)
    assert "No space left on device" in str(waiting.fault)
    monkeypatch.undo()
    assert office.ring(case_id).documents_pending == 0


def test_a_template_that_is_kept_under_its_digest_makes_the_document_all_the_same(
    office: Office, tmp_path: Path
) -> None:
    """As a worker is composed: the template of the day of the number is in the store, whatever became of the file."""
    folder, keep = own_templates(tmp_path), FolderStore(tmp_path / "kept")

    class Kept(Renderer):
        def template_digest(self, kind: DocumentKind) -> str:
            found = super().template_digest(kind)
            _another_kind(folder / f"{kind.value}.docx")
            return found

    with_hands(office, renderer=Kept(folder, keep=keep))
    case_id = office.opened()
    assert parked(office, case_id) == []
    [row] = records_of(office, case_id)
    assert keep.get(row.template_digest) == (FOLDER / f"{row.kind}.docx").read_bytes()


def test_any_flipped_byte_of_a_template_is_a_template_fault_or_changes_nothing(tmp_path: Path) -> None:
    """Every 37th byte of a template, and each of its first and last: never another kind of error, which would stop
    the case instead of parking it."""
    kind = DocumentKind.ACCEPTANCE_NOTICE
    place = tmp_path / f"{kind.value}.docx"
    sound = (FOLDER / place.name).read_bytes()
    genuine = Renderer().template_digest(kind)
    for at in sorted({*range(0, len(sound), 37), *range(60), *range(len(sound) - 120, len(sound))}):
        spoilt = bytearray(sound)
        spoilt[at] ^= 0xFF
        place.write_bytes(bytes(spoilt))
        try:
            found = Renderer(tmp_path).template_digest(kind)
        except TemplateFault:
            continue
        assert found != genuine, at
