"""Decisions that must be refused (domain.md §10): the code, the clause, and that nothing moved in the ledger."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.decisions import Decision, Handle, Hold, Officer, Receipt, Release, Reminder, Revocation
from models.enums import CommandKind, Department, Resource, Role, State
from models.phrasing import heading
from models.refusals import CLAUSES, RefusalCode
from models.register import Suspension
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    Office,
    application,
    identity_no,
    line,
    person,
)


def refused(receipt: Receipt, code: RefusalCode) -> None:
    assert (receipt.status, receipt.code) == ("refused", code), receipt.message
    assert receipt.clause == CLAUSES[code]


def test_the_last_vacancy_goes_to_the_first_slip_and_the_second_case_is_examined_again(office: Office) -> None:
    """Case 2: vacancy exhausted by a concurrent request."""
    first = office.opened(application(line("headcount:administrative", 4), meeting="甲"))
    second = office.opened(application(line("headcount:administrative", 1), meeting="乙"))
    office.accepted(office.decide(first, "examine", EXAMINER))
    office.accepted(office.decide(second, "examine", EXAMINER))
    office.accepted(office.decide(first, "issue", ISSUER))
    before = office.numbers()
    refused(office.decide(second, "issue", ISSUER), RefusalCode.NO_VACANCY)
    assert office.numbers() == before
    docket = office.docket(second)
    assert (docket.state, docket.round) == (State.ACCEPTED, 2)
    assert [step.step for step in docket.steps if step.state == "current"] == ["examine"]
    assert not any(heading(document.title) == "人员编制和领导职数核定单" for document in docket.documents)


def test_at_no_vacancy_only_return_or_reject_is_open_to_the_examiner(office: Office) -> None:
    """Case 1 at examination."""
    first = office.opened(application(line("headcount:administrative", 4), meeting="甲"))
    second = office.opened(application(line("headcount:administrative", 1), meeting="乙"))
    office.issued(first)
    refused(office.decide(second, "examine", EXAMINER), RefusalCode.NO_VACANCY)
    office.accepted(office.decide(second, "examine", EXAMINER, "reject"))
    assert office.docket(second).state is State.REJECTED
    assert "用编申请不予批准告知书" in {heading(document.title) for document in office.docket(second).documents}


def test_the_numbers_of_a_refused_issue_are_given_back(office: Office) -> None:
    """Case 28: no gap, no duplicate."""
    first = office.opened(application(line("headcount:administrative", 4), meeting="甲"))
    second = office.opened(application(line("headcount:administrative", 1), meeting="乙"))
    third = office.opened(application(line("headcount:worker", 1), meeting="丙"))
    office.accepted(office.decide(second, "examine", EXAMINER))
    office.issued(first)
    refused(office.decide(second, "issue", ISSUER), RefusalCode.NO_VACANCY)
    office.issued(third)
    slip = office.docket(third).slip
    assert slip is not None
    assert slip.number == "示编核〔2026〕2号"
    assert slip.slots[0].code == "N202600005"


def test_the_examiner_may_grant_less_but_never_more(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    refused(office.decide(case_id, "examine", EXAMINER, grants=[{"line": 1, "number": 3}]), RefusalCode.OUTSIDE_SLIP)
    refused(office.decide(case_id, "examine", EXAMINER, grants=[{"line": 1, "number": 0}]), RefusalCode.NOTHING_TO_DO)
    office.accepted(office.decide(case_id, "examine", EXAMINER, grants=[{"line": 1, "number": 1}]))
    office.accepted(office.decide(case_id, "issue", ISSUER))
    assert office.balance().reserved == 1


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("wrong check character", {"identity_no": "999999199001010010"}),
        ("another birth date", {"birth_date": "1991-01-01"}),
        ("another sex", {"sex": "female"}),
    ],
)
def test_a_faulty_identity_number_is_refused(office: Office, fault: str, change: dict[str, str]) -> None:
    """Case 8, checksum."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    before = office.numbers()
    refused(office.approve(case_id, slot, 300, **change), RefusalCode.IDENTITY_INVALID)
    assert office.numbers() == before, fault
    office.entered(case_id, slot, 300)  # the step was not used up


def test_somebody_posted_elsewhere_cannot_be_posted_again(office: Office) -> None:
    """Case 8, already posted: serial 1 stands on this unit's headcount, serial 200 on the other unit's."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    born = date(1980, 5, 1)
    for serial in (1, 200):
        named = {"name": f"在编{serial}", "birth_date": born.isoformat(), "identity_no": identity_no(serial, born)}
        refused(office.approve(case_id, slot, serial, **named), RefusalCode.ALREADY_POSTED)


def test_somebody_posted_between_approval_and_entry_is_refused_at_entry(office: Office) -> None:
    one = office.opened(application(meeting="甲"))
    [slot] = office.issued(one)
    office.accepted(office.approve(one, slot, 300))
    two = office.opened(application(meeting="乙"))
    [other] = office.issued(two)
    refused(office.approve(two, other, 300), RefusalCode.DUPLICATE)
    office.accepted(office.decide(one, "enter", REGISTRAR, subject=slot))
    refused(office.approve(two, other, 300), RefusalCode.ALREADY_POSTED)


def test_an_expired_slip_cannot_be_used(office: Office) -> None:
    """Case 14, expired."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    office.later(days=200)
    before = office.numbers()
    refused(office.decide(case_id, "enter", REGISTRAR, subject=slot), RefusalCode.SLIP_EXPIRED)
    assert office.numbers() == before
    office.ring(case_id)
    assert office.docket(case_id).state is State.EXPIRED
    refused(office.decide(case_id, "enter", REGISTRAR, subject=slot), RefusalCode.CLOSED)


def test_a_revoked_slip_cannot_be_used(office: Office) -> None:
    """Case 14, revoked: one slot was used, so the case goes on."""
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.entered(case_id, first, 300)
    office.accepted(office.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER))
    refused(office.approve(case_id, second, 301), RefusalCode.SLIP_REVOKED)


def test_a_used_slot_cannot_be_used_twice(office: Office) -> None:
    """Case 14, used."""
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, _second = office.issued(case_id)
    office.entered(case_id, first, 300)
    refused(office.decide(case_id, "enter", REGISTRAR, subject=first), RefusalCode.ALREADY_DECIDED)
    refused(office.approve(case_id, first, 301), RefusalCode.ALREADY_DECIDED)


def test_approving_more_or_other_than_the_slip_is_refused(office: Office) -> None:
    """Case 15."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    two = [person(slot, 300), person(slot, 301)]
    refused(
        office.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=two, reference_no="x"),
        RefusalCode.OUTSIDE_SLIP,
    )
    foreign = [person("N202699999", 300)]
    refused(
        office.decide(
            case_id, "approve-persons", ORGANISATION, subject="N202699999", persons=foreign, reference_no="x"
        ),
        RefusalCode.OUTSIDE_SLIP,
    )
    with_post = office.approve(case_id, slot, 300, post_slot="N202699998")
    refused(with_post, RefusalCode.OUTSIDE_SLIP)


def test_a_person_outside_the_structure_of_the_slip_is_refused(office: Office) -> None:
    """Case 16."""
    case_id = office.opened(application(line("headcount:administrative", internal_body="综合处")))
    [slot] = office.issued(case_id)
    refused(office.approve(case_id, slot, 300, internal_body="办公室"), RefusalCode.OUTSIDE_SLIP)
    office.accepted(office.approve(case_id, slot, 300, internal_body="综合处"))


def test_another_person_than_the_approved_one_cannot_be_entered(office: Office) -> None:
    """Case 16 at entry."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    other = office.decide(case_id, "enter", REGISTRAR, subject=slot, persons=[person(slot, 301)])
    refused(other, RefusalCode.OUTSIDE_SLIP)


def test_entry_before_the_personnel_approval_is_refused(office: Office) -> None:
    """Case 17 (B §四.3)."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    before = office.numbers()
    refused(office.decide(case_id, "enter", REGISTRAR, subject=slot), RefusalCode.NOT_YOUR_TURN)
    assert office.numbers() == before


def test_finance_before_the_entry_is_not_in_turn(office: Office) -> None:
    """Case 21: too early, and open again under a new id once the entry is made."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    refused(office.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot), RefusalCode.NOT_YOUR_TURN)
    office.entered(case_id, slot, 300)
    office.accepted(office.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot))


def test_the_applicant_never_approves(office: Office) -> None:
    """Case 23: the same officer who applied, now in the establishment office."""
    moved = Officer(
        id=APPLICANT.id, name=APPLICANT.name, department=Department.ESTABLISHMENT, roles=frozenset({Role.EXAMINER})
    )
    case_id = office.opened()
    refused(office.decide(case_id, "examine", moved), RefusalCode.SELF_APPROVAL)


@pytest.mark.both
def test_one_officer_never_acts_in_two_roles_of_one_case(office: Office) -> None:
    """Case 23: examiner and issuer; holds for whoever has both roles."""
    both = Officer(
        id="both",
        name="二职",
        department=Department.ESTABLISHMENT,
        roles=frozenset({Role.EXAMINER, Role.ISSUER, Role.HEAD}),
    )
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", both))
    refused(office.decide(case_id, "issue", both), RefusalCode.TWO_ROLES)
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_the_same_decision_delivered_twice_is_one_decision(office: Office) -> None:
    """Case 24."""
    case_id = office.opened()
    body = office.decision(case_id, "examine")
    command = office.commit(case_id, CommandKind.DECIDE, body, EXAMINER, key="once")
    first = office.handle(command, case_id).receipt
    second = office.handle(command, case_id).receipt
    assert first == second
    assert first is not None
    assert len([step for step in office.docket(case_id).steps if step.step == "examine"]) == 1


def test_a_late_decision_on_a_closed_case_is_answered_and_changes_nothing(office: Office) -> None:
    """Case 25."""
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    refused(office.decide(case_id, "examine", EXAMINER), RefusalCode.CLOSED)
    assert office.docket(case_id).state is State.REJECTED


@pytest.mark.both
def test_a_decision_of_another_department_is_refused(office: Office) -> None:
    """Case 26; routing: the worker slot belongs to PERSONNEL, the administrative one to ORGANISATION."""
    case_id = office.opened(application(line("headcount:administrative"), line("headcount:worker")))
    refused(office.decide(case_id, "examine", FINANCE), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(office.decide(case_id, "examine", REGISTRAR), RefusalCode.NOT_YOUR_DEPARTMENT)
    admin, worker = office.issued(case_id)
    refused(office.approve(case_id, admin, 300, by=PERSONNEL), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(office.approve(case_id, worker, 300, by=ORGANISATION), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.approve(case_id, worker, 300, by=PERSONNEL))


def test_a_decision_for_another_round_is_stale(office: Office) -> None:
    first = office.opened(application(line("headcount:administrative", 4), meeting="甲"))
    second = office.opened(application(line("headcount:administrative", 1), meeting="乙"))
    office.accepted(office.decide(second, "examine", EXAMINER))
    office.issued(first)
    refused(office.decide(second, "issue", ISSUER), RefusalCode.NO_VACANCY)
    refused(office.decide(second, "issue", ISSUER, round=1), RefusalCode.STALE_ROUND)
    refused(office.decide(second, "examine", EXAMINER, round=3), RefusalCode.NOT_YOUR_TURN)


def test_reject_and_return_need_an_opinion_and_approval_a_reference_number(office: Office) -> None:
    case_id = office.opened()
    body = Decision.model_validate({"step": "examine", "round": 1, "verdict": "reject"})
    refused(office.order(case_id, CommandKind.DECIDE, body, EXAMINER), RefusalCode.OPINION_REQUIRED)
    [slot] = office.issued(case_id)
    bare = office.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=[person(slot, 300)])
    refused(bare, RefusalCode.REFERENCE_REQUIRED)


@pytest.mark.both
def test_a_signal_that_does_not_match_its_row_leaves_a_trace_and_uses_up_nothing(office: Office) -> None:
    """Forged id, altered content, wrong name, another case's row."""
    case_id = office.opened(application(meeting="甲"))
    other = office.opened(application(meeting="乙"))
    body = office.decision(case_id, "examine")
    command = office.commit(case_id, CommandKind.DECIDE, body, EXAMINER)
    genuine = body.model_dump(mode="json", exclude_none=True)
    forged = [
        Handle(case_id=case_id, name="decide", decision_id="examiner~nowhere", body=genuine, at=office.now),
        Handle(
            case_id=case_id, name="decide", decision_id=command, body=genuine | {"verdict": "reject"}, at=office.now
        ),
        Handle(case_id=case_id, name="withdraw", decision_id=command, body=genuine, at=office.now),
        Handle(case_id=other, name="decide", decision_id=command, body=genuine, at=office.now),
    ]
    for signal in forged:
        assert office.activities.handle_command(signal).receipt is None
    traces = office.docket(case_id).traces + office.docket(other).traces
    assert [trace.code for trace in traces] == ["unauthenticated-decision"] * 4
    receipt = office.handle(command, case_id).receipt
    assert receipt is not None
    office.accepted(receipt)


def test_a_rejected_person_frees_the_slot_and_ends_the_case_in_writing(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.decide(case_id, "approve-persons", ORGANISATION, "reject", subject=slot))
    docket = office.docket(case_id)
    assert docket.state is State.REJECTED
    assert office.balance().reserved == 0
    assert "用编申请不予批准告知书" in {heading(document.title) for document in docket.documents}


def test_a_return_after_the_slip_voids_it_with_its_number(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.decide(case_id, "approve-persons", ORGANISATION, "return", subject=slot))
    docket = office.docket(case_id)
    assert docket.state is State.RETURNED
    assert office.balance().reserved == 0
    states = {heading(document.title): document.state.value for document in docket.documents}
    assert states["人员编制和领导职数核定单"] == "void"
    assert {"核定单作废通知书", "用编申请补正通知书"} <= set(states)


def test_a_new_leader_fills_a_headcount_slot_and_a_post_slot_with_one_notice(office: Office) -> None:
    deputy = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
    case_id = office.opened(application(line("headcount:administrative", internal_body="综合处"), deputy))
    headcount, post = office.issued(case_id)
    office.entered(case_id, headcount, 300, post_slot=post, internal_body="综合处", position="综合处副处长")
    docket = office.docket(case_id)
    assert docket.state is State.ACKNOWLEDGING
    assert (office.balance().occupied, office.balance(Resource.INTERNAL_DEPUTY).occupied) == (7, 1)
    assert len([d for d in docket.documents if heading(d.title) == "入编通知单"]) == 1
    office.acknowledged(case_id, headcount)
    assert office.docket(case_id).state is State.CLOSED


def test_a_transfer_inside_the_region_posts_both_sides_at_once(office: Office) -> None:
    born = date(1980, 5, 1)
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": identity_no(200, born)}
    office.accepted(office.approve(case_id, slot, 200, **named))
    refused(office.decide(case_id, "enter", REGISTRAR, subject=slot), RefusalCode.NOT_YOUR_TURN)
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    services = "129999000000000270"
    before = office.balance(Resource.INSTITUTION_FULL, services).occupied
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    assert office.balance(Resource.INSTITUTION_FULL, services).occupied == before - 1
    assert office.balance().occupied == 7
    assert {"入编通知单", "出编通知单"} <= {heading(document.title) for document in office.docket(case_id).documents}


def test_an_appointment_by_a_higher_body_is_filed_after_the_fact_and_may_exceed_the_quota(office: Office) -> None:
    body = application(
        line("headcount:administrative", way="appointed-above"),
        basis=None,
        appointment={"document_no": "省委任〔2026〕9号", "body": "省委组织部", "date": "2026-02-20"},
    )
    full = office.opened(application(line("headcount:administrative", 4), meeting="甲"))
    office.issued(full)
    case_id = office.opened(body)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject="A1", persons=[person("A1", 310)]))
    assert office.balance().vacancy == -1
    office.acknowledged(case_id, "A1")
    assert office.docket(case_id).state is State.CLOSED


def test_a_suspension_that_comes_between_holds_the_case_before_the_slip(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    with office.database.write() as s:
        s.add(Suspension(id="sus", unit=RESEARCH, case_id="r", from_at=office.now - timedelta(hours=1)))
    before = office.numbers()
    refused(office.decide(case_id, "issue", ISSUER), RefusalCode.UNIT_SUSPENDED)
    assert office.docket(case_id).state is State.HELD
    assert office.numbers() == before
    with office.database.write() as s:
        found = s.get(Suspension, "sus")
        assert found is not None
        found.lifted_at = office.now + timedelta(hours=1)
        s.add(found)
    office.later(days=2)
    office.ring(case_id)
    assert office.docket(case_id).state is State.IN_PROGRESS
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_the_head_holds_and_releases_one_case_with_a_second_officer(office: Office) -> None:
    case_id = office.opened()
    alone = office.order(case_id, CommandKind.HOLD, Hold(reason="核查举报", second_officer=HEAD.id), HEAD)
    refused(alone, RefusalCode.SECOND_OFFICER_REQUIRED)
    due = office.docket(case_id).due_at
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查举报", second_officer="issuer"), HEAD))
    refused(office.decide(case_id, "examine", EXAMINER), RefusalCode.HELD)
    assert office.docket(case_id).due_at is None  # its clock stands
    office.later(days=7)
    back = Release(reason="举报不实", second_officer="issuer")
    office.accepted(office.order(case_id, CommandKind.RELEASE, back, HEAD))
    later = office.docket(case_id).due_at
    assert due is not None
    assert later is not None
    assert later - due == timedelta(days=7)
    office.accepted(office.decide(case_id, "examine", EXAMINER))


def test_a_reminder_by_hand_is_limited(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT))
    refused(office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT), RefusalCode.TOO_SOON)


def test_expiry_yields_to_a_committed_decision_that_waits(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    office.later(days=184, hours=14)  # the last hour of the last day
    enter = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "enter", subject=slot), REGISTRAR)
    office.later(hours=10)
    desk = office.ring(case_id)
    assert desk.state is State.SLIP_ISSUED
    assert desk.wake_at is not None
    receipt = office.handle(enter, case_id).receipt
    assert receipt is not None
    office.accepted(receipt)  # committed in time: it counts, however late it is handled
    office.ring(case_id)
    assert office.docket(case_id).state is State.ACKNOWLEDGING
