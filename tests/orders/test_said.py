"""批注 and 抄送: said on a case, deciding nothing, and read by those whom it concerns."""

from __future__ import annotations

from sqlmodel import select

from models.decisions import Comment, Copy, Hold, Release, Withdrawal
from models.enums import CommandKind, Department, State
from models.refusals import RefusalCode
from models.register import Notice
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    ORGANISATION,
    SUPERVISOR,
    Office,
)

from .kinds import STAFFING_UP, Kind, allowed, every_kind, refused

INTERNAL = Comment(text="请核对上年度空余数")
MEANT_FOR_UNIT = Comment(text="请补报花名册", to_unit=True)


@every_kind
def test_a_comment_stands_in_the_docket_and_changes_nothing_else(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    before = office.docket(case_id)
    office.accepted(office.order(case_id, CommandKind.COMMENT, INTERNAL, kind.first))
    after = office.docket(case_id)
    [said] = after.comments
    assert (said.officer, said.department, said.text) == (kind.first.name, kind.first.department, INTERNAL.text)
    assert said.at == office.now
    unchanged = {"state", "round", "steps", "decisions", "waiting_on", "due_at", "ledger", "documents", "notices"}
    assert after.model_dump(include=unchanged) == before.model_dump(include=unchanged)
    office.accepted(kind.decide(office, case_id))  # who commented has not acted in a role


def test_who_commented_may_still_decide_and_hold(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.order(case_id, CommandKind.COMMENT, INTERNAL, HEAD))
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))


@every_kind
def test_a_unit_reads_its_own_comments_and_those_meant_for_it(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    for body, by in ((INTERNAL, EXAMINER), (MEANT_FOR_UNIT, EXAMINER), (Comment(text="已补报"), APPLICANT)):
        office.accepted(office.order(case_id, CommandKind.COMMENT, body, by))
    texts = [INTERNAL.text, MEANT_FOR_UNIT.text, "已补报"]
    assert [said.text for said in office.docket(case_id, ORGANISATION).comments] == texts
    assert [said.text for said in office.docket(case_id, SUPERVISOR).comments] == texts
    assert [said.text for said in office.docket(case_id, APPLICANT).comments] == texts[1:]


@every_kind
def test_a_comment_is_taken_on_a_held_and_on_a_returned_case_and_not_on_a_closed_one(
    office: Office, kind: Kind
) -> None:
    case_id = kind.opened(office)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    office.accepted(office.order(case_id, CommandKind.COMMENT, INTERNAL, EXAMINER))
    assert office.docket(case_id).state is State.HELD
    office.accepted(office.order(case_id, CommandKind.RELEASE, Release(reason="查清", second_officer="head-two"), HEAD))
    office.accepted(kind.decide(office, case_id, verdict="return"))
    office.accepted(office.order(case_id, CommandKind.COMMENT, INTERNAL, EXAMINER))
    assert office.docket(case_id).state is State.RETURNED
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="不办"), APPLICANT))
    before = office.docket(case_id).comments
    refused(office.order(case_id, CommandKind.COMMENT, INTERNAL, EXAMINER), RefusalCode.CLOSED)
    refused(office.order(case_id, CommandKind.COPY, Copy(departments=[Department.FINANCE]), HEAD), RefusalCode.CLOSED)
    assert office.docket(case_id).comments == before
    assert not allowed(office, case_id, EXAMINER) & {CommandKind.COMMENT, CommandKind.COPY}


@every_kind
def test_copies_tell_departments_and_ask_nothing_of_them(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    waiting = office.docket(case_id).waiting_on
    body = Copy(departments=[Department.FINANCE, Department.SOCIAL_INSURANCE, Department.FINANCE], note="请知悉")
    office.accepted(office.order(case_id, CommandKind.COPY, body, kind.first))
    docket = office.docket(case_id)
    told = [(notice.kind, notice.department) for notice in docket.notices]
    assert told == [("copy", Department.FINANCE), ("copy", Department.SOCIAL_INSURANCE)]
    assert docket.waiting_on == waiting
    assert allowed(office, case_id, FINANCE) == {CommandKind.REMIND, CommandKind.COMMENT, CommandKind.COPY}
    assert [said.text for said in docket.comments] == ["抄送财政局、社保经办机构：请知悉"]


def test_what_was_noted_on_a_copy_stands_in_no_notice_and_a_unit_sees_only_its_own_copy(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    for department in (Department.FINANCE, Department.UNIT):
        body = Copy(departments=[department], note="张三的事")
        office.accepted(office.order(case_id, CommandKind.COPY, body, EXAMINER))
    with office.database.read() as s:
        assert all("张三" not in text for text in s.exec(select(Notice.text)))
    mine = office.docket(case_id, APPLICANT)
    assert [notice.department for notice in mine.notices] == [Department.UNIT]
    assert [said.text for said in mine.comments] == ["抄送用编单位：张三的事"]


def test_administrators_are_sent_no_copy_and_a_unit_sends_none(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    body = Copy(departments=[Department.FINANCE, Department.ADMINISTRATION])
    refused(office.order(case_id, CommandKind.COPY, body, HEAD), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(
        office.order(case_id, CommandKind.COPY, Copy(departments=[Department.FINANCE]), APPLICANT),
        RefusalCode.NOT_YOUR_DEPARTMENT,
    )
    assert office.docket(case_id).notices == []
