"""Holds, withdrawals, revocations, expiries and rejections in each other's way: nothing stays open for ever, nobody
decides what is another's, and a person is never in two places."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger import postings
from ledger.occupancy import person_of, standing
from models.decisions import Extension, Handle, Hold, Officer, Reminder, Resubmission, Revocation, Withdrawal
from models.enums import CommandKind, Department, ExitReason, Resource, Role, State
from models.ledger import Basis, Cause
from models.phrasing import heading
from models.refusals import Refusal, RefusalCode
from models.register import ExceptionalAcceptance, Suspension
from records.store import StoreFault
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    identity_no,
    line,
    person,
)

DEPUTY = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
HELD = Hold(reason="核查举报", second_officer="issuer")


def test_a_department_cannot_turn_down_a_slot_that_is_not_its_own(office: Office) -> None:
    case_id = office.opened(application(line("headcount:worker"), DEPUTY))
    worker, post = office.issued(case_id)
    named = [person(post, 300, post_slot=worker)]
    for verdict in ("reject", "return"):
        receipt = office.decide(case_id, "approve-persons", PERSONNEL, verdict, subject=post, persons=named)
        assert receipt.code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_a_leader_post_in_a_pair_belongs_to_the_organisation_department(office: Office) -> None:
    case_id = office.opened(application(line("headcount:worker"), DEPUTY))
    worker, post = office.issued(case_id)
    refused = office.approve(case_id, worker, 300, by=PERSONNEL, post_slot=post, internal_body="综合处")
    assert refused.code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.approve(case_id, worker, 300, by=ORGANISATION, post_slot=post, internal_body="综合处"))


def test_of_two_equal_applications_the_earlier_one_is_accepted(office: Office) -> None:
    first, second = office.apply(), office.apply()
    for case_id in (second, first):
        office.activities.open_case(office.moment(case_id))
    assert office.docket(first).state is State.ACCEPTED
    assert office.docket(second).state is State.NOT_ACCEPTED


def test_a_collective_decision_of_tomorrow_is_no_decision(office: Office) -> None:
    case_id = office.opened(application(basis={"meeting": "局党组会议", "date": "2027-03-12"}))
    docket = office.docket(case_id)
    assert (docket.state, docket.refusals[0].code) == (State.RETURNED, RefusalCode.NO_COLLECTIVE_DECISION)


def test_a_registered_person_is_not_renamed_in_passing(office: Office) -> None:
    born = date(1980, 5, 1)
    case_id = office.opened(application(DEPUTY))
    [slot] = office.issued(case_id)
    known = {"birth_date": born.isoformat(), "identity_no": identity_no(0, born), "internal_body": "综合处"}
    refused = office.approve(case_id, slot, 0, name="张冠李戴", **known)
    assert refused.code is RefusalCode.IDENTITY_INVALID
    office.accepted(office.approve(case_id, slot, 0, name="在编0", **known))


def test_a_transfer_takes_the_person_only_from_the_unit_that_let_go(office: Office) -> None:
    """Approved to leave the service centre, then moved to the bureau by another act before the entry."""
    born = date(1980, 5, 1)
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": identity_no(200, born)}
    office.accepted(office.approve(case_id, slot, 200, **named))
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    office.later(days=1)
    with office.database.write() as s:
        known = standing(s, identity_no(200, born))
        assert known is not None
        day = office.now.date()
        basis = Basis(number="省委任〔2026〕9号", body="省委组织部", date=day)
        cause = Cause(case_id="x", step="x", round=1, effective_on=day, recorded_at=office.now, basis=basis)
        left = postings.leave(s, SERVICES, known.person_ref, "headcount", ExitReason.TRANSFER, cause)
        moved = postings.appoint(s, RESEARCH, [Resource.ADMINISTRATIVE], person_of(s, known.person_ref), cause)
        assert not isinstance(left, Refusal)
        assert not isinstance(moved, Refusal)
    before = office.numbers()
    assert office.decide(case_id, "enter", REGISTRAR, subject=slot).code is RefusalCode.NOT_POSTED
    assert office.numbers() == before


def test_only_its_release_ends_a_hold(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, _second = office.issued(case_id)
    office.entered(case_id, first, 300)
    office.accepted(office.order(case_id, CommandKind.HOLD, HELD, HEAD))
    withdrawn = office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="x"), APPLICANT)
    revoked = office.order(case_id, CommandKind.REVOKE, Revocation(reason="x"), ISSUER)
    reminded = office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT)
    assert {withdrawn.code, revoked.code, reminded.code} == {RefusalCode.HELD}
    assert office.docket(case_id).state is State.HELD


def test_a_slip_expires_also_while_its_case_is_held(office: Office) -> None:
    case_id = office.opened()
    office.issued(case_id)
    office.accepted(office.order(case_id, CommandKind.HOLD, HELD, HEAD))
    office.later(days=200)
    office.ring(case_id)
    assert office.balance().reserved == 0
    assert office.docket(case_id).state is State.EXPIRED


def test_a_case_held_for_suspension_looks_again_tomorrow_and_not_every_second(office: Office) -> None:
    case_id = _held_for_suspension(office)
    for _ in range(5):
        office.later(days=10)
        desk = office.ring(case_id)
        assert desk.wake_at is not None
        assert desk.wake_at > office.now + timedelta(hours=1)


def test_a_case_held_for_suspension_goes_on_under_an_exceptional_acceptance(office: Office) -> None:
    case_id = _held_for_suspension(office)
    until = office.now + timedelta(days=30)
    with office.database.write() as s:
        s.add(
            ExceptionalAcceptance(
                id="ex",
                unit=RESEARCH,
                scope="*",
                reason="急需",
                approver="编委主任",
                from_at=office.now,
                until_at=until,
            )
        )
    office.later(days=2)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_the_unit_is_reminded_of_its_correction_also_after_an_overdue_step(office: Office) -> None:
    case_id = office.opened()
    office.later(days=30)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    office.later(days=30)
    office.ring(case_id)
    assert "unit" in {notice.department for notice in office.docket(case_id).notices}


def test_a_person_whose_slot_was_revoked_may_be_approved_elsewhere(office: Office) -> None:
    one = office.opened(application(line("headcount:administrative", 2), meeting="甲"))
    first, second = office.issued(one)
    office.entered(one, first, 300)
    office.accepted(office.approve(one, second, 301))
    office.accepted(office.order(one, CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER))
    two = office.opened(application(meeting="乙"))
    [other] = office.issued(two)
    office.accepted(office.approve(two, other, 301))


def test_a_person_rejected_at_entry_may_be_approved_on_another_slot(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.accepted(office.approve(case_id, first, 300))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, "reject", subject=first))
    office.accepted(office.approve(case_id, second, 300))


@pytest.mark.parametrize("kind", [CommandKind.REVOKE, CommandKind.HOLD])
def test_orders_keep_the_separation_of_duties_too(office: Office, kind: CommandKind) -> None:
    both = Officer(
        id="both", name="二职", department=Department.ESTABLISHMENT, roles=frozenset({Role.EXAMINER, Role.HEAD})
    )
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", both))
    office.accepted(office.decide(case_id, "issue", ISSUER))
    body = Revocation(reason="x") if kind is CommandKind.REVOKE else HELD
    assert office.order(case_id, kind, body, both).code is RefusalCode.TWO_ROLES


def test_the_rest_of_an_appointment_can_be_withdrawn(office: Office) -> None:
    body = application(
        line("headcount:administrative", 2, way="appointed-above"),
        basis=None,
        appointment={"document_no": "省委任〔2026〕9号", "body": "省委组织部", "date": "2026-02-20"},
    )
    case_id = office.opened(body)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject="A1", persons=[person("A1", 310)]))
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="只任一人"), APPLICANT))
    office.acknowledged(case_id, "A1")
    assert office.docket(case_id).state is State.CLOSED


def test_extensions_have_a_maximum_and_a_lapsed_deadline_is_extended_from_today(office: Office) -> None:
    case_id = office.opened()
    office.later(days=60)
    body = Extension(step="examine", working_days=5, reason="需实地核查")
    office.accepted(office.order(case_id, CommandKind.EXTEND, body, EXAMINER))
    due = office.docket(case_id).due_at
    assert due is not None
    assert due > office.now
    beyond = Extension(step="examine", working_days=16, reason="仍需核查")
    assert office.order(case_id, CommandKind.EXTEND, beyond, EXAMINER).code is RefusalCode.VERDICT_NOT_OPEN


def test_a_return_is_not_open_after_the_first_posting(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.entered(case_id, first, 300)
    receipt = office.decide(case_id, "approve-persons", ORGANISATION, "return", subject=second)
    assert receipt.code is RefusalCode.VERDICT_NOT_OPEN
    assert office.balance(Resource.ADMINISTRATIVE).reserved == 1


def test_a_correction_cannot_change_the_unit(office: Office) -> None:
    case_id = office.opened(application(basis=None))
    other = Resubmission(application=application(unit="129999000000000270"))
    assert office.order(case_id, CommandKind.RESUBMIT, other, APPLICANT).code is RefusalCode.OUTSIDE_SLIP


def test_forged_signals_leave_a_bounded_number_of_traces(office: Office) -> None:
    case_id = office.opened()
    for number in range(130):
        forged = Handle(case_id=case_id, name="decide", decision_id=f"x~{number}", body={}, at=office.now)
        office.activities.handle_command(forged)
    assert len(office.docket(case_id).traces) == 100


def test_age_is_a_hint_in_the_receipt_and_never_a_refusal(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    born = date(1960, 1, 1)
    receipt = office.approve(case_id, slot, 7, birth_date=born.isoformat(), identity_no=identity_no(7, born))
    office.accepted(receipt)
    assert "66周岁" in receipt.message


def test_a_document_that_cannot_be_stored_is_made_later_with_the_same_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))

    def full(*_: object) -> None:
        raise StoreFault("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(office.deps.store, "put", full)
        office.accepted(office.decide(case_id, "issue", ISSUER))
        pending = [d for d in office.docket(case_id).documents if d.digest is None]
        assert [document.number for document in pending] == ["示编核〔2026〕1号"]
        assert office.balance().reserved == 1
    assert office.ring(case_id).documents_pending == 0
    [slip] = [d for d in office.docket(case_id).documents if heading(d.title) == "人员编制和领导职数核定单"]
    assert (slip.number, slip.state) == ("示编核〔2026〕1号", "valid")


def _held_for_suspension(office: Office) -> str:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    with office.database.write() as s:
        s.add(Suspension(id="sus", unit=RESEARCH, case_id="r", from_at=office.now - timedelta(hours=1)))
    assert office.decide(case_id, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    return case_id
