"""Disposal: an approved, recorded act that takes files and never touches the register of numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from activities import disposing
from activities.cases import CaseActivities
from activities.log import LogActivities
from ledger import log, merkle
from ledger.log_verify import verify_log
from models.archives import DisposalItem, Rendition
from models.disposals import DisposalDecision, NewDisposal, NewHold, Strike
from models.enums import DisposalState, DocumentKind, RecordState, RetentionBar, Verdict
from models.proofs import LogRun, RowKind
from models.refusals import Refusal, RefusalCode
from models.register import Record
from models.sealing import digest
from records import disposal, disposal_view, holds, register, retention
from records.printed import texts
from records.render import FOLDER, Renderer
from records.store import RecordStore, StoreFault
from records.verify import check_code, check_file, verify_numbers, verify_records
from tests.support.disposals import (
    LATER,
    TODAY,
    decided,
    destroyed,
    done,
    executed,
    held,
    items,
    proposed,
    ready,
    refused_case,
    short_lived,
    struck,
    witnessed,
)
from tests.support.office import EXAMINER, HEAD, HEAD_TWO, INSPECTOR, REGISTRAR, Office


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    """An office in 2037 with three ten-year papers of 2026, their cases long ended."""
    made = Office(tmp_path, url=url)
    for _ in range(3):
        refused_case(made)
    made.now = LATER
    yield made
    made.database.close()


def register_of_numbers(office: Office) -> list[tuple[Any, ...]]:
    """Everything of the rows of records that must never change, and the whole log."""
    with office.database.read() as s:
        columns = [name for name in Record.model_fields if name not in ("context_sealed", "disposed_at")]
        rows = [tuple(getattr(row, name) for name in columns) for row in s.exec(select(Record).order_by(Record.id))]
        leaves = s.execute(text("SELECT leaf_index, kind, chain, seq, row_hash FROM log_leaf ORDER BY 1")).all()
    return [*rows, *map(tuple, leaves)]


def code(answer: object) -> RefusalCode:
    assert isinstance(answer, Refusal), answer
    return answer.code


# --- the whole way ------------------------------------------------------------------------------------------------


def test_files_go_and_the_register_of_numbers_stays(office: Office) -> None:
    with office.database.write() as s:
        log.append(s, office.now)
    before = register_of_numbers(office)
    papers = short_lived(office)
    copies = {paper.id: office.store.get(str(paper.digest)) for paper in papers}
    view = destroyed(office)
    assert (view.state, view.listed, view.struck, view.waiting) == (DisposalState.DESTROYED, 3, 0, 0)
    assert view.list_number == "示编销〔2037〕1号"
    after = register_of_numbers(office)
    assert set(before) <= set(after)  # what is new: the list itself
    assert not any(office.store.has(str(paper.digest)) for paper in papers)
    with office.database.read() as s:
        assert verify_records(s, office.store) == []
        assert verify_numbers(s) == []
        assert register.gaps(s) == []
        assert verify_log(s) == []
        for paper in papers:
            _proved(s, paper)
            told = register.get(s, paper.id)
            assert told is not None
            assert (told.state, told.disposed_on, told.disposal_list) == (RecordState.VALID, TODAY, view.list_number)
            row = s.get(Record, paper.id)
            assert row is not None
            assert row.context_sealed == b""
            for checked in (check_code(s, paper.code), check_file(s, copies[paper.id])):
                assert (checked.status, checked.number) == ("valid", paper.number)
                assert (checked.destroyed_on, checked.destroyed_by) == (TODAY, view.list_number)


def test_the_list_says_everything(office: Office) -> None:
    papers = short_lived(office)
    view = ready(office)
    struck(office, view.id, papers[2].id)
    view = witnessed(office, view.id)
    with office.database.read() as s:
        paper = register.get(s, str(view.list_record))
    assert paper is not None
    assert paper.officers == {"提出": REGISTRAR.name, "批准": HEAD.name, "执行": EXAMINER.name, "监销": INSPECTOR.name}
    assert (paper.retention, paper.unit, paper.case_id) == ("permanent", "", "")
    said = _text(office.store.get(str(paper.digest)))
    with office.database.read() as s:
        head = log.head(s)
    for wanted in (
        view.no,
        view.reason,
        "同意按清册销毁",
        "示编办纪〔2037〕1号",
        "2036年12月31日",
        "2037年1月5日",
        *(item.number for item in view.items),
        *(str(each.digest) for each in papers[:2]),
        REGISTRAR.name,
        HEAD.name,
        EXAMINER.name,
        INSPECTOR.name,
        "仍有参考价值",
        f"存证日志共{head.size}行",
        head.root,
    ):
        assert wanted in said, wanted
    assert str(papers[2].digest) not in said
    assert office.store.has(str(papers[2].digest))


def test_both_kinds_of_store_give_their_files_up(url: str, tmp_path: Path, any_store: RecordStore) -> None:
    office = Office(tmp_path, url=url)
    office.deps = replace(office.deps, store=any_store)
    office.activities = CaseActivities(office.deps)
    refused_case(office)
    office.now = LATER
    (paper,) = short_lived(office)
    destroyed(office)
    assert not any_store.has(str(paper.digest))
    assert any_store._read(f"{str(paper.digest)[:2]}/{paper.digest}.parts.json") is None
    with office.database.read() as s:
        assert verify_records(s, any_store) == []
    office.database.close()


def test_renditions_go_with_their_record_and_are_still_known(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    signed = b"%PDF-1.7 signed"
    name = digest(signed, office.store.hash_name)
    office.store.put(signed, name, ".pdf")
    with office.database.write() as s:
        s.add(
            Rendition(
                record_id=paper.id,
                kind="signed",
                media_type="application/pdf",
                digest=name,
                size=len(signed),
                made_at=LATER,
                made_by="head",
                provider="test",
            )
        )
    destroyed(office)
    assert not office.store.has(name, ".pdf")
    with office.database.read() as s:
        assert verify_records(s, office.store) == []
        assert check_file(s, signed).destroyed_on == TODAY
    office.store.put(signed, name, ".pdf")
    with office.database.read() as s:
        assert any(".pdf" in fault.where for fault in verify_records(s, office.store))


def test_bytes_that_another_record_shares_stay(office: Office) -> None:
    first, second, _third = short_lived(office)
    with office.database.write() as s:
        row = s.get(Record, second.id)
        assert row is not None
        row.digest = first.digest
        s.add(row)
    view = proposed(office)
    struck(office, view.id, second.id)
    decided(office, view.id)
    executed(office, view.id)
    witnessed(office, view.id)
    assert office.store.has(str(first.digest))


# --- proposing and striking ---------------------------------------------------------------------------------------


def test_a_proposal_is_frozen_and_leaves_out_what_is_held(office: Office) -> None:
    first, second, third = short_lived(office)
    held(office, first.id)
    view = proposed(office)
    assert [item.record_id for item in view.items] == [second.id, third.id]
    assert (view.no, view.state, view.remaining) == ("销毁2037-00001", DisposalState.PROPOSED, 0)
    assert [item.digest for item in view.items] == [second.digest, third.digest]
    with office.database.write() as s:
        again = disposal.propose(s, NewDisposal(due_before=TODAY, reason="再提"), REGISTRAR, "again", office.now)
    assert code(again) is RefusalCode.NOTHING_TO_DO


def test_a_long_list_is_cut_and_says_how_many_remain(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposal, "MOST_ITEMS", 2)
    view = proposed(office)
    assert (len(view.items), view.remaining) == (2, 1)
    assert len(proposed(office).items) == 1


def test_a_proposal_sent_twice_is_one(office: Office) -> None:
    wanted = NewDisposal(due_before=TODAY, reason="期限届满")
    answers = []
    for body in (wanted, wanted, NewDisposal(due_before=TODAY, reason="另一原因")):
        with office.database.write() as s:
            answers.append(disposal.propose(s, body, REGISTRAR, "one-key", office.now))
    assert done(answers[0]).id == done(answers[1]).id
    assert code(answers[2]) is RefusalCode.KEY_REUSED


def test_nothing_is_listed_before_its_day(office: Office) -> None:
    tomorrow = NewDisposal(due_before=TODAY.replace(day=6), reason="提前")
    with office.database.write() as s:
        assert code(disposal.propose(s, tomorrow, REGISTRAR, "k", office.now)) is RefusalCode.RETENTION_RUNNING
    with office.database.write() as s:
        early = NewDisposal(due_before=TODAY.replace(year=2036), reason="提前")
        assert code(disposal.propose(s, early, REGISTRAR, "k", office.now)) is RefusalCode.NOTHING_TO_DO


def test_only_one_kind_when_one_is_asked_for(office: Office) -> None:
    assert len(proposed(office, kind=DocumentKind.ACCEPTANCE_NOTICE).items) == 3
    with office.database.write() as s:
        wanted = NewDisposal(due_before=TODAY, reason="期满", kind=DocumentKind.PHONE_RECORD)
        assert code(disposal.propose(s, wanted, REGISTRAR, "k", office.now)) is RefusalCode.NOTHING_TO_DO


def test_what_is_struck_can_be_listed_again(office: Office) -> None:
    papers = short_lived(office)
    view = proposed(office)
    now = struck(office, view.id, papers[0].id)
    assert (now.listed, now.struck) == (2, 1)
    assert struck(office, view.id, papers[0].id) == now
    assert [item.struck_by_name for item in now.items if item.struck_reason] == [REGISTRAR.name]
    assert {item.record_id for item in proposed(office).items} == {papers[0].id}
    for paper in papers[1:]:
        now = struck(office, view.id, paper.id)
    assert now.state is DisposalState.DROPPED
    with office.database.write() as s:
        unknown = Strike(record_id="0" * 32, reason="没有")
        assert disposal.strike(s, view.id, unknown, REGISTRAR, office.now) is None
        assert disposal.strike(s, "none", unknown, REGISTRAR, office.now) is None


# --- who --------------------------------------------------------------------------------------------------------


def test_no_step_is_skipped_and_no_hand_takes_two_that_must_differ(office: Office) -> None:
    view = proposed(office)
    said = DisposalDecision(verdict=Verdict.APPROVE, opinion="同意", reference_no="示编办纪〔2037〕1号")
    assert code(disposing.witnessed(office.deps, view.id, INSPECTOR, office.now)) is RefusalCode.NOT_YOUR_TURN
    with office.database.write() as s:
        assert code(disposal.execute(s, view.id, EXAMINER, office.now)) is RefusalCode.NOT_YOUR_TURN
        without = said.model_copy(update={"reference_no": ""})
        assert code(disposal.decide(s, view.id, without, HEAD, office.now)) is RefusalCode.REFERENCE_REQUIRED
        assert code(disposal.decide(s, view.id, said, REGISTRAR, office.now)) is RefusalCode.NOT_YOUR_DEPARTMENT
    decided(office, view.id)
    with office.database.write() as s:
        assert code(disposal.decide(s, view.id, said, HEAD_TWO, office.now)) is RefusalCode.ALREADY_DECIDED
    executed(office, view.id)
    for officer in (EXAMINER, REGISTRAR):
        assert code(disposing.witnessed(office.deps, view.id, officer, office.now)) is RefusalCode.TWO_ROLES
    assert len(short_lived(office)) == 3
    assert all(office.store.has(str(paper.digest)) for paper in short_lived(office))


def test_each_step_can_be_sent_twice(office: Office) -> None:
    view = proposed(office)
    assert decided(office, view.id) == decided(office, view.id)
    assert executed(office, view.id) == executed(office, view.id)
    taken_over = executed(office, view.id, by=REGISTRAR)
    assert taken_over.executed_by == REGISTRAR.id
    first = witnessed(office, view.id)
    office.later(days=1)
    assert witnessed(office, view.id) == first


def test_a_refused_disposal_lets_its_records_go(office: Office) -> None:
    view = proposed(office)
    refused = decided(office, view.id, Verdict.REJECT)
    assert (refused.state, refused.opinion) == (DisposalState.REFUSED, "再留五年")
    assert decided(office, view.id, Verdict.REJECT) == refused
    assert len(proposed(office).items) == 3


# --- the last check ---------------------------------------------------------------------------------------------


def test_a_hold_after_the_approval_stops_its_document_alone(office: Office) -> None:
    first, second, third = short_lived(office)
    view = ready(office)
    held(office, second.id, case=True)
    after = witnessed(office, view.id)
    assert {item.record_id: item.struck_reason for item in after.items} == {
        first.id: None,
        second.id: "停止销毁期间不得销毁",
        third.id: None,
    }
    assert office.store.has(str(second.digest))
    with office.database.read() as s:
        told = register.get(s, second.id)
        assert told is not None
        assert (told.disposed_on, told.held) == (None, True)
        assert verify_records(s, office.store) == []
    assert "停止销毁期间不得销毁" in _list_text(office, after.list_record)


def test_what_was_tampered_with_is_not_destroyed(office: Office) -> None:
    altered, lost, sound = short_lived(office)
    view = ready(office)
    path = office.store.path(str(altered.digest))
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(b"forged")
    office.store.remove(str(lost.digest))
    after = witnessed(office, view.id)
    assert {item.record_id for item in after.items if item.struck_reason is None} == {sound.id}
    with office.database.read() as s:
        assert {fault.where for fault in verify_records(s, office.store)} == {altered.number, lost.number}


def test_when_everything_is_stopped_the_disposal_is_dropped_and_no_number_is_spent(office: Office) -> None:
    view = ready(office)
    for paper in short_lived(office):
        held(office, paper.id)
    after = witnessed(office, view.id)
    assert (after.state, after.list_number, after.struck) == (DisposalState.DROPPED, None, 3)
    with office.database.read() as s:
        assert register.series_page(s, "示编销", 2037) == []


def test_a_case_that_is_open_again_keeps_its_papers(office: Office) -> None:
    view = ready(office)
    with office.database.write() as s:
        s.execute(text("UPDATE case_file SET closed_at = NULL"))
    assert witnessed(office, view.id).state is DisposalState.DROPPED


def test_a_hold_that_is_being_placed_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The witness speaks while the hold is entered and not committed."""
    paper = short_lived(office)[0]
    view = ready(office)
    placed, commit = threading.Event(), threading.Event()

    def hold() -> None:
        with office.database.write() as s:
            wanted = NewHold(reason="调阅", basis="示巡函〔2037〕1号")
            done(holds.place(s, paper.id, wanted, REGISTRAR, "race", office.now))
            placed.set()
            commit.wait(10)

    # SQLite lets one in at a time: there the witness cannot come as far as the records before the hold is committed.
    name = "checked" if office.database.engine.dialect.name == "sqlite" else "_lock_records"
    real = getattr(disposal, name)

    def reached(*args: Any) -> Any:
        commit.set()
        return real(*args)

    monkeypatch.setattr(disposal, name, reached)
    holding = threading.Thread(target=hold)
    holding.start()
    assert placed.wait(10)
    after = witnessed(office, view.id)
    holding.join(10)
    assert [item.record_id for item in after.items if item.struck_reason] == [paper.id]
    assert office.store.has(str(paper.digest))


def test_a_hold_that_comes_during_the_last_step_is_told_that_it_is_late(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = short_lived(office)[0]
    view = ready(office)
    answers: list[object] = []
    asked = threading.Event()

    def hold() -> None:
        asked.set()
        with office.database.write() as s:
            wanted = NewHold(reason="调阅", basis="示巡函〔2037〕1号")
            answers.append(holds.place(s, paper.id, wanted, REGISTRAR, "race", office.now))

    holding = threading.Thread(target=hold)
    real = disposal.prepare_list

    def in_the_middle(*args: Any, **more: Any) -> Record:
        holding.start()
        assert asked.wait(10)
        return real(*args, **more)

    monkeypatch.setattr(disposal, "prepare_list", in_the_middle)
    after = witnessed(office, view.id)
    holding.join(10)
    assert code(answers[0]) is RefusalCode.RECORD_DISPOSED
    assert after.struck == 0


# --- crashes ------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("place", ["log", "witness", "render", "put", "file", "first", "second", "noted"])
def test_a_crash_anywhere_is_gone_on_from(office: Office, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    papers = short_lived(office)
    view = ready(office)
    with monkeypatch.context() as broken:
        _break(office, broken, place)
        with pytest.raises(Crash):
            disposing.witnessed(office.deps, view.id, INSPECTOR, office.now)
    with office.database.read() as s:
        told = disposal_view.get(s, view.id)
    assert told is not None
    before_commit = place in ("log", "witness")
    assert (told.state is DisposalState.EXECUTING) == before_commit
    if before_commit or place in ("render", "put", "file"):
        assert all(office.store.has(str(paper.digest)) for paper in papers)  # nothing goes before the list is filed
    office.later(hours=1)
    after = witnessed(office, view.id)
    assert (after.state, after.waiting, after.list_filed) == (DisposalState.DESTROYED, 0, True)
    assert not any(office.store.has(str(paper.digest)) for paper in papers)
    with office.database.read() as s:
        assert len(register.series_page(s, "示编销", 2037)) == 1
        assert verify_records(s, office.store) == []
        assert disposal.unfinished(s) == []


def _break(office: Office, broken: pytest.MonkeyPatch, place: str) -> None:
    def crash(*_args: object, **_more: object) -> None:
        raise Crash(place)

    calls = {"n": 0}
    real_remove = office.store.remove
    real_witness = disposal.witness

    def remove(name: str, ending: str = ".docx") -> bool:
        calls["n"] += 1
        if calls["n"] == 2:
            raise Crash(place)
        return real_remove(name, ending)

    def witness(*args: Any, **more: Any) -> Refusal | None:
        real_witness(*args, **more)
        raise Crash(place)

    match place:
        case "log":
            broken.setattr(disposing.log, "append", crash)
        case "witness":
            broken.setattr(disposing.disposal, "witness", witness)
        case "render":
            broken.setattr(Renderer, "render", crash)
        case "put":
            broken.setattr(office.store, "put", crash)
        case "file":
            broken.setattr(disposing.filing.records, "file", crash)
        case "first":
            broken.setattr(office.store, "remove", crash)
        case "second":
            broken.setattr(office.store, "remove", remove)
        case "noted":
            broken.setattr(disposing.disposal, "removed", crash)


def test_the_daily_run_of_the_log_finishes_what_was_interrupted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = short_lived(office)
    view = ready(office)
    with monkeypatch.context() as broken:
        _break(office, broken, "second")
        with pytest.raises(Crash):
            disposing.witnessed(office.deps, view.id, INSPECTOR, office.now)
    with office.database.read() as s:
        assert {fault.what.partition(" · ")[0] for fault in verify_records(s, office.store)} == {
            "已销毁的文件仍在存储中"
        }
    LogActivities(office.deps).append_to_log(LogRun(at=office.now))
    assert not any(office.store.has(str(paper.digest)) for paper in papers)
    with office.database.read() as s:
        assert verify_records(s, office.store) == []


def test_a_store_that_keeps_a_file_is_told_and_keeps_no_other_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = short_lived(office)
    view = ready(office)
    real = office.store.remove

    def stubborn(name: str, ending: str = ".docx") -> bool:
        if name == papers[0].digest:
            raise StoreFault(f"{name}: 存储拒绝删除")
        return real(name, ending)

    with monkeypatch.context() as locked:
        locked.setattr(office.store, "remove", stubborn)
        after = witnessed(office, view.id)
    assert (after.state, after.waiting) == (DisposalState.DESTROYED, 1)
    assert [item.record_id for item in items(office, view.id) if item.removed_at is None] == [papers[0].id]
    assert witnessed(office, view.id).waiting == 0


def test_without_its_template_nothing_is_removed_and_the_number_waits(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    deps = office.deps
    office.deps = replace(deps, renderer=Renderer(folder=folder))
    papers = short_lived(office)
    view = ready(office)
    after = witnessed(office, view.id)
    assert (after.state, after.list_filed, after.waiting) == (DisposalState.DESTROYED, False, 3)
    assert all(office.store.has(str(paper.digest)) for paper in papers)
    name = f"{DocumentKind.DISPOSAL_LIST.value}.docx"
    (folder / name).write_bytes((FOLDER / name).read_bytes())
    mended = witnessed(office, view.id)
    assert (mended.list_filed, mended.waiting, mended.list_number) == (True, 0, after.list_number)


# --- what verification finds -------------------------------------------------------------------------------------


def test_a_file_put_back_is_found(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    copy = office.store.get(str(paper.digest))
    destroyed(office)
    office.store.put(copy, str(paper.digest))
    assert _faults(office) == {(paper.number, "已销毁的文件仍在存储中")}


def test_a_file_missing_without_a_disposal_is_missing(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    office.store.remove(str(paper.digest))
    assert {where for where, _what in _faults(office)} == {paper.number}


def test_a_lost_file_cannot_be_called_destroyed(office: Office) -> None:
    """By whoever can write to the register: not by a mark, nor by a line on an act whose list does not name it."""
    lost, *_others = short_lived(office)
    office.store.remove(str(lost.digest))
    with office.database.write() as s:
        s.execute(text("UPDATE record SET disposed_at = :at WHERE id = :id"), {"at": LATER, "id": lost.id})
    assert _faults(office) == {(lost.number, "标为已销毁而没有销毁清册")}
    view = destroyed(office)
    with office.database.write() as s:
        s.add(DisposalItem(disposal=view.id, record_id=lost.id, digest=str(lost.digest), open=False, removed_at=LATER))
    assert _faults(office) == {(lost.number, f"{view.no}的清册上没有此件")}


def test_a_destroyed_record_that_is_unmarked_is_found(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    view = destroyed(office)
    with office.database.write() as s:
        s.execute(text("UPDATE record SET disposed_at = NULL WHERE id = :id"), {"id": paper.id})
    assert (paper.number, f"与{view.no}的清册不符") in _faults(office)


# --- reading ------------------------------------------------------------------------------------------------------


def test_disposals_are_paged_and_narrowed(office: Office) -> None:
    made = []
    for paper in short_lived(office):
        view = proposed(office)
        for other in view.items:
            if other.record_id != paper.id:
                struck(office, view.id, other.record_id)
        made.append(view.id)
        office.later(minutes=1)
    decided(office, made[0])
    with office.database.read() as s:
        first = disposal_view.page(s, state=None, cursor=None, limit=2)
        rest = disposal_view.page(s, state=None, cursor=first.next, limit=2)
        waiting = disposal_view.page(s, state=DisposalState.PROPOSED, cursor=None, limit=9)
    assert [row.id for row in [*first.items, *rest.items]] == made[::-1]
    assert [row.id for row in waiting.items] == made[:0:-1]
    assert (rest.items[0].decided_by_name, rest.items[0].listed, rest.items[0].struck) == (HEAD.name, 1, 2)


def test_destroyed_records_are_no_longer_due(office: Office) -> None:
    destroyed(office)
    with office.database.read() as s:
        page = retention.page(s, TODAY, kind=None, everything=True, cursor=None, limit=100)
    assert {row.bar for row in page.items} <= {RetentionBar.NOT_DUE, RetentionBar.PERMANENT}


def _proved(s: Session, paper: Record) -> None:
    """The row of a destroyed record still stands in the log."""
    proof = log.inclusion(s, RowKind.RECORD, f"{paper.series}/{paper.year}", int(paper.chain_seq or 0))
    assert paper.hash is not None
    assert paper.hash in proof.leaf
    leaf, root = bytes.fromhex(proof.leaf_hash), bytes.fromhex(proof.head.root)
    path = [bytes.fromhex(each) for each in proof.path]
    assert merkle.verify_inclusion(leaf, proof.index, proof.head.size, path, root, proof.head.hash)


def _faults(office: Office) -> set[tuple[str, str]]:
    with office.database.read() as s:
        return {(fault.where, fault.what.partition(" · ")[0]) for fault in verify_records(s, office.store)}


def _list_text(office: Office, record_id: str | None) -> str:
    with office.database.read() as s:
        row = s.get(Record, record_id)
    assert row is not None
    return _text(office.store.get(str(row.digest)))


def _text(document: bytes) -> str:
    return "".join(texts(document))
