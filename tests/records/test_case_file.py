"""A case that has ended has one case file, which names all that lies in its file, whatever interrupts its making."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from sqlmodel import col, delete, select, update

from activities import case_file, filing
from activities.log import LogActivities
from activities.turn import Turn
from docket import cases
from ledger import log
from models.casefile import CaseFileContext
from models.decisions import Comment, Decision, Revocation, Withdrawal
from models.docket import Desk
from models.enums import CommandKind, DocumentKind, RecordState, Retention, State
from models.proofs import LogHead, LogRun
from models.register import Journal, Record, RoundRow, Series
from records import case_file as facts
from records import register as records
from records import verify
from records.render import FOLDER, Renderer
from records.store import StoreFault
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    ISSUER,
    ORGANISATION,
    SUPERVISOR,
    Office,
    application,
    identity_no,
)

KIND = DocumentKind.CASE_FILE


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


def rejected(office: Office, meeting: str = "局党组会议〔2026〕第9次") -> str:
    """The shortest case that ends."""
    case_id = office.opened(application(meeting=meeting))
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    return case_id


def through(office: Office) -> str:
    """A case that goes all its way, with one decision by the wrong department."""
    case_id = office.opened()
    assert office.decide(case_id, "examine", FINANCE).status == "refused"
    slot = office.issued(case_id)[0]
    office.entered(case_id, slot, 1)
    office.acknowledged(case_id, slot)
    return case_id


def rows_of(office: Office, case_id: str, kind: DocumentKind | None = KIND) -> list[Record]:
    with office.database.read() as s:
        found = select(Record).where(Record.case_id == case_id).order_by(col(Record.seq))
        return [row for row in s.exec(found) if kind is None or row.kind == kind.value]


def the_case_file(office: Office, case_id: str) -> Record:
    [row] = [row for row in rows_of(office, case_id) if row.state == RecordState.VALID.value]
    return row


def text(office: Office, row: Record) -> str:
    made = Document(io.BytesIO(office.store.get(str(row.digest))))
    cells = [cell.text for table in made.tables for line in table.rows for cell in line.cells]
    return "\n".join([*(paragraph.text for paragraph in made.paragraphs), *cells])


def said(office: Office, row: Record) -> CaseFileContext:
    with office.database.read() as s:
        found = records.context_of(s, row)
    assert isinstance(found, CaseFileContext)
    return found


def without_case_files(office: Office) -> None:
    """As if all cases had ended before there were case files."""
    with office.database.write() as s:
        s.connection().execute(delete(Record).where(col(Record.kind) == KIND.value))
        s.connection().execute(delete(Series).where(col(Series.name) == "示编卷"))


def daily(office: Office) -> LogHead:
    return LogActivities(office.deps).append_to_log(LogRun(at=office.now))


# --- when there is one -------------------------------------------------------------------------------------------


def test_a_case_gets_its_case_file_when_it_ends_and_not_before(office: Office) -> None:
    case_id = office.opened()
    slot = office.issued(case_id)[0]
    office.entered(case_id, slot, 1)
    assert rows_of(office, case_id) == []
    office.acknowledged(case_id, slot)
    assert the_case_file(office, case_id).number == "示编卷〔2026〕1号"
    assert the_case_file(office, rejected(office)).number == "示编卷〔2026〕2号"


def _withdrawn(office: Office) -> str:
    case_id = office.opened()
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="不再需要"), APPLICANT))
    return case_id


def _revoked(office: Office) -> str:
    case_id = office.opened()
    office.issued(case_id)
    office.accepted(office.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER))
    return case_id


def _expired(office: Office) -> str:
    case_id = office.opened()
    office.issued(case_id)
    office.later(days=400)
    office.ring(case_id)
    return case_id


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        (through, State.CLOSED),
        (rejected, State.REJECTED),
        (_withdrawn, State.WITHDRAWN),
        (_revoked, State.REVOKED),
        (_expired, State.EXPIRED),
    ],
)
def test_every_way_to_the_end_leads_to_one_that_says_how_it_ended(office: Office, ends: Any, state: State) -> None:
    case_id = ends(office)
    assert office.docket(case_id).state is state
    assert said(office, the_case_file(office, case_id)).outcome == state.label


def test_every_command_that_comes_later_finds_it_there(office: Office) -> None:
    case_id = rejected(office)
    office.order(case_id, CommandKind.COMMENT, Comment(text="补记"), EXAMINER)
    office.ring(case_id)
    office.activities.open_case(office.moment(case_id))
    assert len(rows_of(office, case_id)) == 1


# --- what it says ------------------------------------------------------------------------------------------------


def test_the_file_names_each_document_with_its_whole_digest(office: Office) -> None:
    case_id = _revoked(office)
    row = the_case_file(office, case_id)
    others = [each for each in rows_of(office, case_id, None) if each.kind != KIND.value]
    assert len(others) == 3
    read = facts.read_back(office.store.get(str(row.digest)))
    assert read.documents == {each.number: (RecordState(each.state).label, each.digest) for each in others}
    [void] = [each for each in others if each.state == RecordState.VOID.value]
    assert f"{void.number}作废：{void.void_reason}" in said(office, row).remarks
    assert f"本卷共有文件{len(others)}件（有效2件、作废1件）" in text(office, row)


def test_it_names_applications_and_journal_rows_so_that_they_can_be_compared(office: Office) -> None:
    case_id = through(office)
    row = the_case_file(office, case_id)
    read = facts.read_back(office.store.get(str(row.digest)))
    applications = {each.round: each.application for each in office.docket(case_id).rounds}
    assert read.rounds == {number: facts.application_digest(body, "sm3") for number, body in applications.items()}
    with office.database.read() as s:
        booked = s.exec(select(Journal).where(Journal.case_id == case_id)).all()
        head = s.exec(
            select(Journal).where(Journal.holder == booked[0].holder).order_by(col(Journal.seq).desc())
        ).first()
    assert head is not None
    assert read.rows == {(each.holder, each.seq): each.hash for each in booked}
    assert len(booked) == 2
    seal = said(office, row).seal
    assert (seal.chain_seq, seal.chain_head) == (str(head.seq), head.hash)


def test_it_tells_every_act_with_its_receipt_the_refused_one_too(office: Office) -> None:
    acts = said(office, the_case_file(office, through(office))).acts
    assert [(act.officer, act.what.split()[0], act.verdict) for act in acts[:4]] == [
        ("王敏", "申请", ""),
        ("周涛", "审核", "同意"),
        ("李静", "审核", "同意"),
        ("张伟", "签发核定单", "同意"),
    ]
    assert acts[1].result.startswith("不予采纳：")
    assert "（B 四.1）" in acts[1].result
    assert {act.result for act in acts[2:]} == {"采纳"}
    assert [act.reference_no for act in acts if act.officer == "杨帆"] == ["示组任〔2026〕5号"]


def test_every_field_of_its_context_stands_in_the_file(office: Office) -> None:
    row = the_case_file(office, through(office))
    written = text(office, row)
    frozen = said(office, row)
    for line in [*frozen.documents, *frozen.rounds, *frozen.acts, *frozen.rows]:
        for name, value in line.model_dump().items():
            assert value in written, (type(line).__name__, name)
    for name in ("title", "outcome", "period", "retention", "summary", "remarks", "made_at", "log_size", "log_root"):
        assert getattr(frozen, name) in written, name


def test_no_identity_number_stands_in_it(office: Office) -> None:
    assert identity_no(1) not in text(office, the_case_file(office, through(office)))


def test_it_prints_the_head_of_the_log_and_a_register_that_holds_it_says_so(office: Office) -> None:
    rejected(office)
    head = daily(office)
    office.later(hours=1)
    row = the_case_file(office, rejected(office, "局党组会议〔2026〕第10次"))
    frozen = said(office, row)
    assert (frozen.log_size, frozen.log_root) == (str(head.size), head.root)
    with office.database.read() as s:
        checked = verify.check_file(s, office.store.get(str(row.digest)))
    assert checked.status == "valid"
    assert {(mark.of, mark.agrees) for mark in checked.printed} == {("chain", True), ("log", True)}


def test_it_is_kept_as_long_as_the_longest_kept_of_its_documents(office: Office) -> None:
    assert the_case_file(office, through(office)).retention == Retention.PERMANENT.value
    case_id = rejected(office)
    kept = {each.retention for each in rows_of(office, case_id, None) if each.kind != KIND.value}
    assert kept == {Retention.YEARS_10.value, Retention.YEARS_30.value}
    assert the_case_file(office, case_id).retention == Retention.YEARS_30.value


def test_a_lost_key_does_not_keep_a_case_from_its_case_file(office: Office) -> None:
    case_id = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    office.decide(case_id, "examine", FINANCE)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    without_case_files(office)
    with office.database.write() as s:
        s.connection().execute(update(RoundRow).values(application_sealed=b"\x01\x02k1 gone"))
    assert case_file.settle(office.deps, case_id, office.now)
    row = the_case_file(office, case_id)
    assert [each.digest for each in said(office, row).rounds] == [""]
    assert "无法打开" in text(office, row)


# --- who sees it -------------------------------------------------------------------------------------------------


def test_those_who_oversee_see_it_last_on_the_list_and_the_unit_does_not(office: Office) -> None:
    case_id = through(office)
    assert [each.kind for each in office.docket(case_id, SUPERVISOR).documents][-1] is KIND
    assert KIND in {each.kind for each in office.docket(case_id, EXAMINER).documents}
    for officer in (APPLICANT, FINANCE, ORGANISATION):
        assert KIND not in {each.kind for each in office.docket(case_id, officer).documents}


# --- what interrupts it ------------------------------------------------------------------------------------------


class _Died(Exception):
    pass


def _died(*_arguments: object, **_more: object) -> None:
    raise _Died


@pytest.mark.parametrize(
    ("where", "name"),
    [(case_file, "close"), (facts, "contents"), (case_file, "issue"), (filing, "file_issued"), (records, "file")],
    ids=["before it", "while reading", "while numbering", "numbered", "stored"],
)
def test_a_worker_that_dies_at_any_point_leaves_the_next_one_to_finish(
    office: Office, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    case_id = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    body = Decision.model_validate({"step": "examine", "round": 1, "verdict": "reject", "opinion": "与编制结构不符"})
    command = office.commit(case_id, CommandKind.DECIDE, body, EXAMINER)
    real, left = getattr(where, name), {"times": 1 if name in ("file_issued", "file") else 0}

    def dies(*arguments: Any, **more: Any) -> Any:
        """The refusal notice passes, the case file does not."""
        if left["times"]:
            left["times"] -= 1
            return real(*arguments, **more)
        return _died()

    monkeypatch.setattr(where, name, dies)
    with pytest.raises(_Died):
        office.handle(command, case_id)
    monkeypatch.undo()
    assert office.docket(case_id).state is State.REJECTED
    desk = office.handle(command, case_id)
    assert desk.documents_pending == 0
    assert the_case_file(office, case_id).number == "示编卷〔2026〕1号"
    with office.database.read() as s:
        assert records.gaps(s) == []
        assert verify.verify_records(s, office.store) == []


def test_a_template_that_cannot_be_used_parks_it_under_its_number_until_it_is_mended(
    office: Office, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    for path in FOLDER.glob("*.docx"):
        if path.stem != KIND.value:
            (templates / path.name).write_bytes(path.read_bytes())
    object.__setattr__(office.deps, "renderer", Renderer(templates))
    case_id = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    desk = _decided(office, case_id)
    assert desk.final
    assert desk.documents_pending == 1
    assert desk.wake_at is not None
    [parked] = rows_of(office, case_id)
    assert (parked.state, parked.fault is not None) == (RecordState.NUMBERED.value, True)
    (templates / f"{KIND.value}.docx").write_bytes((FOLDER / f"{KIND.value}.docx").read_bytes())
    office.now = desk.wake_at
    assert office.ring(case_id).documents_pending == 0
    made = the_case_file(office, case_id)
    assert (made.id, made.number) == (parked.id, parked.number)


def test_it_waits_until_the_store_has_taken_the_documents_that_it_lists(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    put = type(office.store).put

    def away(*_arguments: object) -> None:
        raise StoreFault("档案存储不可用 · the store cannot be used")

    monkeypatch.setattr(type(office.store), "put", away)
    desk = _decided(office, case_id)
    assert desk.final
    assert desk.documents_pending == 1
    assert rows_of(office, case_id) == []
    monkeypatch.setattr(type(office.store), "put", put)
    assert office.ring(case_id).documents_pending == 0
    assert len(said(office, the_case_file(office, case_id)).documents) == 2


def _decided(office: Office, case_id: str) -> Desk:
    body = office.decision(case_id, "examine", "reject", opinion="与编制结构不符")
    return office.handle(office.commit(case_id, CommandKind.DECIDE, body, EXAMINER), case_id)


# --- what comes after the end ------------------------------------------------------------------------------------


def test_a_document_that_is_voided_later_leads_to_a_new_case_file_in_place_of_the_old(office: Office) -> None:
    case_id = through(office)
    old = the_case_file(office, case_id)
    notice = next(row for row in rows_of(office, case_id, DocumentKind.ENTRY_NOTICE))
    with office.database.write() as s:
        records.void(s, notice.id, "原单有误", office.now)
    office.later(days=1)
    daily(office)
    new = the_case_file(office, case_id)
    with office.database.read() as s:
        before = s.get(Record, old.id)
        assert before is not None
        assert (before.state, before.superseded_by) == (RecordState.SUPERSEDED.value, new.id)
    assert said(office, new).supersedes == old.number
    assert f"本目录替代{old.number}" in text(office, new)
    assert "作废1件" in said(office, new).summary
    for _ in range(2):
        daily(office)
    assert len(rows_of(office, case_id)) == 2


def test_two_who_make_it_at_once_make_one(office: Office) -> None:
    """Both have looked and found it wanting; the second looks again under the lock of the case."""
    case_id = rejected(office)
    without_case_files(office)
    with office.database.read() as s:
        standing = facts.standing(s, case_id)
    assert standing is not None
    assert standing.wanting
    assert case_file.close(office.deps, case_id, office.now) == 0
    with office.database.write() as s:
        found = cases.load(s, case_id)
        assert found is not None
        assert case_file._issue(Turn(s, office.deps, office.now, found)) == []
    assert len(rows_of(office, case_id)) == 1


# --- catching up -------------------------------------------------------------------------------------------------


def test_the_daily_run_gives_case_files_to_what_ended_without_and_says_so(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    ended = [rejected(office, f"局党组会议〔2026〕第{n}次") for n in range(3)]
    going = office.opened()
    without_case_files(office)
    with caplog.at_level(logging.INFO, "activities.case_file"):
        head = daily(office)
    assert "3 made, 0 cases still wait" in caplog.text
    assert all(the_case_file(office, case_id) for case_id in ended)
    assert rows_of(office, going) == []
    with office.database.read() as s:
        assert log.head(s).size == head.size
        assert log.append(s, office.now + timedelta(days=1)).size == head.size  # the new case files are under this head
    caplog.clear()
    daily(office)
    assert "made" not in caplog.text


def test_it_catches_up_a_bounded_number_and_gives_signs_of_life(office: Office) -> None:
    ended = [rejected(office, f"局党组会议〔2026〕第{n}次") for n in range(4)]
    without_case_files(office)
    beats: list[int] = []
    assert case_file.catch_up(office.deps, office.now, beats.append, most=3).made == 3
    assert beats[-1] == 3
    assert case_file.catch_up(office.deps, office.now, beats.append, most=3).made == 1
    assert all(the_case_file(office, case_id) for case_id in ended)


def test_it_reads_the_register_in_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [rejected(office, f"局党组会议〔2026〕第{n}次") for n in range(4)]
    without_case_files(office)
    monkeypatch.setattr(case_file, "_PAGE", 2)
    assert case_file.catch_up(office.deps, office.now, lambda _: None).made == 4
    assert all(the_case_file(office, case_id) for case_id in ended)


def test_one_that_was_numbered_and_not_filed_is_filed_under_its_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = rejected(office)
    without_case_files(office)
    with monkeypatch.context() as patch:
        patch.setattr(filing, "file_issued", _died)
        with pytest.raises(_Died):
            case_file.close(office.deps, case_id, office.now)
    [numbered] = rows_of(office, case_id)
    assert numbered.state == RecordState.NUMBERED.value
    daily(office)
    assert the_case_file(office, case_id).id == numbered.id


def test_no_numbers_are_spent_while_the_template_cannot_be_used(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case_id = rejected(office)
    without_case_files(office)
    object.__setattr__(office.deps, "renderer", Renderer(tmp_path))
    daily(office)
    assert "the template cannot be used" in caplog.text
    assert rows_of(office, case_id) == []


def test_a_case_that_cannot_be_settled_keeps_no_other_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = sorted(rejected(office, f"局党组会议〔2026〕第{n}次") for n in range(2))
    without_case_files(office)
    real = facts.contents

    def contents(s: Any, case_id: str) -> Any:
        if case_id == bad:
            raise ValueError("spoilt")
        return real(s, case_id)

    monkeypatch.setattr(facts, "contents", contents)
    daily(office)
    assert rows_of(office, bad) == []
    assert the_case_file(office, good)
    assert f"case {bad} could not be settled" in caplog.text
    with office.database.read() as s:
        assert records.gaps(s) == []


@pytest.mark.parametrize("spoilt", [b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_case_file_is_not_read_as_one(spoilt: bytes) -> None:
    with pytest.raises(ValueError, match=r"BadZipFile|KeyError"):
        facts.read_back(spoilt)
