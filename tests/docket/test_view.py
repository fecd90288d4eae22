"""The docket as its readers see it: differences of rounds, what comes next, who may do what and why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docket import view
from docket.view import Filters, differences
from models.applications import StaffingUpApplication
from models.decisions import Copy, Hold, Officer, Release, Reminder, Resubmission, Withdrawal
from models.docket import Difference, Docket, Permission
from models.enums import CommandKind, Department, DocumentKind, Resource, Role, State, StepState
from models.refusals import RefusalCode
from models.register import Case
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    SERVICES,
    SUPERVISOR,
    Office,
    application,
    identity_no,
    line,
)

ADMINISTRATOR = Officer(
    id="admin", name="管理员", department=Department.ADMINISTRATION, roles=frozenset({Role.SYSTEM_ADMIN})
)


def expected(docket: Docket) -> list[tuple[str, str]]:
    return [(step.step, step.subject) for step in docket.steps if step.state is StepState.EXPECTED]


def may(docket: Docket, action: CommandKind = CommandKind.DECIDE) -> list[Permission]:
    return [permission for permission in docket.may if permission.action is action]


# --- differences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": "旧"}, {"a": "新"}, [("/a", "旧", "新")]),
        ({}, {"a": "新"}, [("/a", "", "新")]),
        ({"a": "旧"}, {}, [("/a", "旧", "")]),
        ({"l": [{"n": 1}]}, {"l": [{"n": 2}]}, [("/l/0/n", "1", "2")]),
        ({"l": []}, {"l": ["加"]}, [("/l/0", "", "加")]),
        ({"l": [1, 2]}, {"l": [1]}, [("/l/1", "2", "")]),
        ({"a": {"b": 1}}, {"a": "全换"}, [("/a", '{"b": 1}', "全换")]),
        ({"b": True, "a": 1}, {"b": False, "a": 2}, [("/a", "1", "2"), ("/b", "true", "false")]),
    ],
)
def test_differences_are_told_by_path_in_a_fixed_order(before: Any, after: Any, found: list[tuple[str, ...]]) -> None:
    assert [(d.path, d.before, d.after) for d in differences(before, after)] == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_nothing_differs_from_itself_and_the_way_back_is_the_mirror(one: Any, two: Any) -> None:
    assert differences(one, one) == []
    there, back = differences(one, two), differences(two, one)
    assert back == [Difference(path=d.path, before=d.after, after=d.before) for d in there]


@given(JSON, JSON)
def test_two_bodies_without_a_difference_say_the_same(one: Any, two: Any) -> None:
    """Empty fields apart: what is not there and what is null are one."""
    if not differences(one, two):
        assert _bare(one) == _bare(two)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner is not None} or None
    if isinstance(value, list):
        bare = [_bare(inner) for inner in value]
        while bare and bare[-1] is None:
            bare.pop()
        return bare or None
    return value


def test_every_round_keeps_its_text_and_shows_what_changed(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    better = application(line("headcount:administrative", 2, reason="补充两名"), contact="李 0000-8000001")
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=better), APPLICANT))
    first, second = office.docket(case_id).rounds
    assert first.differences == []
    changed = [(d.path, d.before, d.after) for d in second.differences]
    assert changed == [
        ("/contact", "王敏 0000-8000000", "李 0000-8000001"),
        ("/lines/0/number", "1", "2"),
        ("/lines/0/reason", "补充业务力量", "补充两名"),
    ]
    assert StaffingUpApplication.model_validate(second.application) == better


# --- what comes next ----------------------------------------------------------------------------------------------


def test_the_whole_way_ahead_is_shown_from_the_start(office: Office) -> None:
    case_id = office.opened()
    ahead = ["issue", "approve-persons", "enter", "finance", "social-insurance"]
    assert expected(office.docket(case_id)) == [(step, "") for step in ahead]


def test_with_the_slip_the_way_ahead_is_shown_slot_by_slot(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative"), line("headcount:worker")))
    first, worker = office.issued(case_id)
    docket = office.docket(case_id)
    assert expected(docket) == [
        (step, slot) for step in ("enter", "finance", "social-insurance") for slot in (first, worker)
    ]
    office.entered(case_id, first, 300)
    later = office.docket(case_id)
    assert expected(later) == [(step, worker) for step in ("enter", "finance", "social-insurance")]
    waiting = {(step.step, step.subject) for step in later.steps if step.state is StepState.CURRENT}
    assert waiting == {("finance", first), ("social-insurance", first), ("approve-persons", worker)}


def test_nothing_is_expected_of_a_case_that_has_ended(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    docket = office.docket(case_id)
    assert expected(docket) == []
    assert docket.waiting_on == []
    assert [effect.wanted for effect in docket.ledger] == [0]


def test_the_ledger_is_shown_before_and_after(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    asked = office.docket(case_id).ledger[0]
    assert (asked.wanted, asked.vacancy_before, asked.vacancy_after) == (2, 4, 2)
    assert (asked.occupied_after, asked.reserved_after) == (6, 2), "what is asked for would be under way"
    first, second = office.issued(case_id)
    assert office.docket(case_id).ledger == [asked], "the slip books what was shown"
    office.entered(case_id, first, 300)
    [half] = office.docket(case_id).ledger
    assert (half.occupied_after, half.reserved_after, half.vacancy_after) == (7, 1, 2)
    office.entered(case_id, second, 301)
    [whole] = office.docket(case_id).ledger
    assert (whole.occupied_after, whole.reserved_after, whole.vacancy_after) == (8, 0, 2)
    assert (whole.occupied_before, whole.vacancy_before) == (asked.occupied_before, asked.vacancy_before)


def test_a_corrected_case_is_called_after_what_it_asks_for_now(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 3)))
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return", opinion="请按空余申报"))
    corrected = Resubmission(application=application(line("headcount:administrative", 1)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, corrected, APPLICANT))
    assert "1名" in office.docket(case_id).title
    assert "3名" not in office.docket(case_id).title


def test_the_slip_names_who_fills_which_slot(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.accepted(office.approve(case_id, first, 300))
    slip = office.docket(case_id).slip
    assert slip is not None
    assert [(slot.code, slot.person) for slot in slip.slots] == [(first, "新人300"), (second, None)]
    assert [slot.department for slot in slip.slots] == [Department.ORGANISATION] * 2


# --- who may do what ----------------------------------------------------------------------------------------------


def test_the_examiner_may_examine_with_three_verdicts(office: Office) -> None:
    case_id = office.opened()
    [permission] = may(office.docket(case_id, EXAMINER))
    assert (permission.allowed, permission.step) == (True, "examine")
    assert sorted(permission.verdicts) == ["approve", "reject", "return"]


@pytest.mark.parametrize(
    ("viewer", "code"),
    [
        (FINANCE, RefusalCode.NOT_YOUR_DEPARTMENT),
        (ISSUER, RefusalCode.NOT_YOUR_DEPARTMENT),
        (SUPERVISOR, RefusalCode.NOT_YOUR_DEPARTMENT),
        (
            Officer(
                id=APPLICANT.id, name="王敏", department=Department.ESTABLISHMENT, roles=frozenset({Role.EXAMINER})
            ),
            RefusalCode.SELF_APPROVAL,
        ),
    ],
    ids=["another department", "another role", "a supervisor", "the applicant"],
)
def test_everybody_else_is_told_why_not(office: Office, viewer: Officer, code: RefusalCode) -> None:
    case_id = office.opened()
    [permission] = may(office.docket(case_id, viewer))
    assert (permission.allowed, permission.verdicts) == (False, [])
    assert permission.why_not is not None
    assert permission.why_not.code is code


def test_who_examined_is_told_that_somebody_else_must_issue(office: Office) -> None:
    both = Officer(
        id="both", name="二职", department=Department.ESTABLISHMENT, roles=frozenset({Role.EXAMINER, Role.ISSUER})
    )
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", both))
    [permission] = may(office.docket(case_id, both))
    assert permission.why_not is not None
    assert permission.why_not.code is RefusalCode.TWO_ROLES
    assert may(office.docket(case_id, ISSUER))[0].allowed


def test_what_the_docket_allows_is_what_the_activity_accepts(office: Office) -> None:
    """At every stage of a case, for every officer and every waiting step."""
    case_id = office.opened()
    stages = [
        lambda: office.accepted(office.decide(case_id, "examine", EXAMINER)),
        lambda: office.accepted(office.decide(case_id, "issue", ISSUER)),
        lambda: office.accepted(office.approve(case_id, slot(), 300)),
        lambda: office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot())),
    ]

    def slot() -> str:
        slip = office.docket(case_id).slip
        assert slip is not None
        return slip.slots[0].code

    for stage in [*stages, None]:
        allowed = {
            (viewer.department, permission.step)
            for viewer in EVERYBODY
            if viewer is not OTHER_APPLICANT
            for permission in may(office.docket(case_id, viewer))
            if permission.allowed
        }
        waiting = {step.step for step in office.docket(case_id).steps if step.state is StepState.CURRENT}
        assert {step for _department, step in allowed} == waiting
        assert len(allowed) == len(waiting), "one department of the cast for each step"
        if stage is not None:
            stage()


def test_the_head_may_hold_and_only_the_unit_may_withdraw(office: Office) -> None:
    case_id = office.opened()
    assert [(p.action, p.allowed) for p in office.docket(case_id, HEAD).may if p.action is CommandKind.HOLD] == [
        (CommandKind.HOLD, True)
    ]
    assert may(office.docket(case_id, APPLICANT), CommandKind.WITHDRAW)[0].allowed
    assert may(office.docket(case_id, EXAMINER), CommandKind.WITHDRAW) == []
    resubmit = may(office.docket(case_id, APPLICANT), CommandKind.RESUBMIT)[0]
    assert resubmit.why_not is not None
    assert "已受理" in resubmit.why_not.message


def _held(office: Office, case_id: str) -> None:
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="issuer"), HEAD))


def _suspended(office: Office, case_id: str) -> None:
    _held(office, case_id)
    with office.database.write() as s:
        case = s.get(Case, case_id)
        assert case is not None
        case.held_from = "suspension"
        s.add(case)


@pytest.mark.parametrize(
    "stage",
    [
        lambda _office, _case: None,
        lambda office, case: office.accepted(office.decide(case, "examine", EXAMINER, "return")),
        lambda office, case: office.accepted(office.decide(case, "examine", EXAMINER, "reject")),
        lambda office, case: office.issued(case),
        _held,
        _suspended,
    ],
    ids=["accepted", "returned", "rejected", "slip issued", "held", "held by a suspension"],
)
@pytest.mark.parametrize(
    ("order", "body", "by"),
    [
        (CommandKind.HOLD, Hold(reason="核查", second_officer="issuer"), HEAD),
        (CommandKind.RELEASE, Release(reason="查清", second_officer="issuer"), HEAD),
        (CommandKind.REMIND, Reminder(), APPLICANT),
    ],
    ids=["hold", "release", "remind"],
)
def test_an_order_that_the_docket_allows_is_one_that_the_activity_takes(
    office: Office, order: CommandKind, body: Any, by: Officer, stage: Callable[[Office, str], None]
) -> None:
    case_id = office.opened()
    stage(office, case_id)
    [permission] = may(office.docket(case_id, by), order)
    assert permission.allowed == (office.order(case_id, order, body, by).status == "accepted")


# --- who sees what ------------------------------------------------------------------------------------------------


def test_a_unit_sees_its_own_cases_and_no_other(office: Office) -> None:
    own = office.opened()
    other = office.opened(
        application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES), by=OTHER_APPLICANT
    )
    with office.database.read() as s:
        now, calendar = office.now, office.deps.calendar
        assert view.docket(s, other, APPLICANT, now, calendar) is None
        assert view.docket(s, own, APPLICANT, now, calendar) is not None
        listed = {
            viewer.id: {row.case_id for row in view.case_list(s, Filters(), viewer, now, calendar).items}
            for viewer in (APPLICANT, OTHER_APPLICANT, FINANCE, SUPERVISOR, ADMINISTRATOR)
        }
        assert [view.may_see(s, other, viewer) for viewer in (APPLICANT, ADMINISTRATOR, SUPERVISOR)] == [
            False, False, True,
        ]  # fmt: skip
    both = {own, other}
    assert listed == {
        "applicant": {own}, "other-applicant": {other}, "finance": both, "supervisor": both, "admin": set(),
    }  # fmt: skip


def test_an_administrator_sees_no_case(office: Office) -> None:
    case_id = office.opened()
    with office.database.read() as s:
        assert view.docket(s, case_id, ADMINISTRATOR, office.now, office.deps.calendar) is None


def test_a_docket_never_shows_an_identity_number_outside_the_application(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    text = json.dumps(office.docket(case_id).model_dump(mode="json"), ensure_ascii=False)
    assert "新人300" in text
    assert "99999919900101" not in text


def test_decisions_and_receipts_stand_in_the_order_of_the_commands(office: Office) -> None:
    case_id = office.opened()
    office.decide(case_id, "issue", ISSUER)  # too early
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300, by=ORGANISATION))
    docket = office.docket(case_id)
    assert [(d.step, d.officer, d.verdict) for d in docket.decisions] == [
        ("examine", "李静", "approve"), ("issue", "张伟", "approve"), ("approve-persons", "杨帆", "approve"),
    ]  # fmt: skip
    assert [receipt.code for receipt in docket.receipts] == [None, RefusalCode.NOT_YOUR_TURN, None, None, None]


def test_a_unit_reads_the_receipts_of_its_own_officers_alone(office: Office) -> None:
    case_id = office.opened()
    copied = Copy(departments=[Department.DISCIPLINE], note="x")
    office.accepted(office.order(case_id, CommandKind.COPY, copied, HEAD))
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="x"), OTHER_APPLICANT)
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="不再需要"), APPLICANT))
    every = office.docket(case_id)
    mine = office.docket(case_id, APPLICANT).receipts
    assert len(every.receipts) == 5
    assert mine == [every.receipts[0], every.receipts[4]]
    assert office.docket(case_id, PERSONNEL).receipts == every.receipts


def test_a_unit_reads_the_notices_to_it_and_its_own_reminders_alone(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT))
    office.later(days=3)
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(), HEAD))
    office.later(days=30)
    for _ in range(3):
        office.ring(case_id)
    kinds = {notice.kind for notice in office.docket(case_id).notices}
    assert {"by-hand", "reminder", "escalation"} <= kinds
    [told] = office.docket(case_id, APPLICANT).notices
    assert (told.kind, told.text.startswith(f"{APPLICANT.name}催办")) == ("by-hand", True)
    assert office.docket(case_id, PERSONNEL).notices == office.docket(case_id).notices


def test_lists_are_narrowed_and_paged_without_a_gap(office: Office) -> None:
    cases = []
    for n in range(5):
        cases.append(office.opened(application(meeting=f"第{n}次")))
        office.later(minutes=1)
    office.issued(cases[0])
    now, calendar = office.now, office.deps.calendar
    with office.database.read() as s:
        seen: list[str] = []
        cursor = None
        while True:
            page = view.case_list(s, Filters(cursor=cursor, limit=2), SUPERVISOR, now, calendar)
            seen += [row.case_id for row in page.items]
            cursor = page.next
            if cursor is None:
                break
        waiting = view.case_list(s, Filters(waiting_on=Department.ORGANISATION), SUPERVISOR, now, calendar)
        accepted = view.case_list(s, Filters(state=State.ACCEPTED), SUPERVISOR, now, calendar)
        by_number = view.case_list(s, Filters(q="用编2026-00003"), SUPERVISOR, now, calendar)
        wildcard = view.case_list(s, Filters(q="%"), SUPERVISOR, now, calendar)
    assert seen == cases[::-1]
    assert [row.case_id for row in waiting.items] == [cases[0]]
    assert [row.case_id for row in accepted.items] == cases[:0:-1]
    assert [row.case_id for row in by_number.items] == [cases[2]]
    assert wildcard.items == [], "what is typed is text, never a pattern"


def test_leader_posts_and_headcount_are_shown_as_two_accounts(office: Office) -> None:
    deputy = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
    case_id = office.opened(application(line("headcount:administrative", internal_body="综合处"), deputy))
    effects = {effect.resource: effect.wanted for effect in office.docket(case_id).ledger}
    assert effects == {Resource.ADMINISTRATIVE: 1, Resource.INTERNAL_DEPUTY: 1}


def test_each_unit_of_a_transfer_sees_its_own_notice_and_not_the_other_s(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    born = date(1980, 5, 1)
    number = identity_no(200, born)
    office.accepted(office.approve(case_id, slot, 200, name="在编200", birth_date=born.isoformat(), identity_no=number))
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    notices = {DocumentKind.ENTRY_NOTICE, DocumentKind.EXIT_NOTICE}
    everything = office.docket(case_id).documents
    assert notices <= {record.kind for record in everything}
    received = {record.kind for record in office.docket(case_id, APPLICANT).documents}
    assert notices & received == {DocumentKind.ENTRY_NOTICE}
    released = [record.kind for record in everything if view.may_see_record(record, OTHER_APPLICANT)]
    assert released == [DocumentKind.EXIT_NOTICE, DocumentKind.CERTIFICATE]
    assert not any(view.may_see_record(record, ADMINISTRATOR) for record in everything)


def listed(office: Office, overdue: bool) -> set[str]:
    with office.database.read() as s:
        page = view.case_list(s, Filters(overdue=overdue), SUPERVISOR, office.now, office.deps.calendar)
    assert all(row.overdue is overdue for row in page.items)
    return {row.case_id for row in page.items}


def test_every_case_is_either_overdue_or_not(office: Office) -> None:
    undated, late = office.apply(application(meeting="甲")), office.opened(application(meeting="乙"))
    assert listed(office, overdue=False) == {undated, late}
    office.later(days=30)
    assert (listed(office, overdue=True), listed(office, overdue=False)) == ({late}, {undated})


def test_a_held_case_is_not_overdue_however_long_it_is_held(office: Office) -> None:
    case_id = office.opened()
    _held(office, case_id)
    office.later(days=60)
    docket = office.docket(case_id)
    assert not docket.overdue
    assert not any(step.overdue for step in docket.steps)
    assert listed(office, overdue=False) == {case_id}
