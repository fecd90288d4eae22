"""Disposal: an approved, recorded act that takes files and never touches the register of numbers."""

from __future__ import annotations

import pytest

from activities import disposing
from ledger import log
from ledger.log_verify import verify_log
from models.archives import Rendition
from models.disposals import DisposalDecision, NewDisposal, Strike
from models.enums import DisposalState, DocumentKind, RecordState, RetentionBar, Verdict
from models.refusals import RefusalCode
from models.register import Record
from models.sealing import digest
from records import disposal, disposal_view, register, retention
from records.verify import check_code, check_file, verify_numbers, verify_records
from tests.support.disposals import (
    LATER,
    TODAY,
    decided,
    destroyed,
    done,
    executed,
    held,
    proposed,
    ready,
    short_lived,
    struck,
    witnessed,
)
from tests.support.office import EXAMINER, HEAD, HEAD_TWO, INSPECTOR, REGISTRAR, Office

from .looking import code, proved, register_of_numbers, text_of

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
            proved(s, paper)
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
    said = text_of(office.store.get(str(paper.digest)))
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
