"""The reverse order, what each reason frees, single outcomes, and every way in which a removal turns aside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger import postings
from ledger.occupancy import roster
from ledger.verify import verify
from models.decisions import Receipt, Resubmission, Withdrawal
from models.enums import CommandKind, Department, DocumentKind, ExitReason, Resource, State, StepState
from models.ledger import Basis, Cause
from models.refusals import Refusal, RefusalCode
from rules.deadlines import local_day
from tests.removing.leaving import (
    CHIEF,
    HAPPENED,
    acknowledged,
    approve,
    gone,
    leaver,
    papers,
    refused,
    removal,
)
from tests.support.office import (
    APPLICANT,
    FINANCE,
    ORGANISATION,
    ORGANISATION_TWO,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    identity_no,
    line,
    papers_of,
)

CHIEF_POST = Resource.INTERNAL_CHIEF


def test_a_retirement_goes_from_report_to_closed_case(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    gone(office, case_id)
    assert office.balance().occupied == 5
    assert office.docket(case_id).waiting_on == [Department.FINANCE, Department.SOCIAL_INSURANCE]
    acknowledged(office, case_id)
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert [record.kind for record in papers_of(docket)] == [DocumentKind.EXIT_NOTICE, DocumentKind.CERTIFICATE]
    assert all(record.digest for record in docket.documents)
    with office.database.read() as s:
        assert verify(s).intact


def test_the_office_cannot_remove_before_the_department_has_approved(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    before = office.numbers()
    refused(office.decide(case_id, "exit", REGISTRAR, subject="P1"), RefusalCode.NOT_YOUR_TURN)
    assert office.numbers() == before


def test_finance_is_not_asked_before_the_removal(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    office.accepted(approve(office, case_id))
    early = office.decide(case_id, "finance", FINANCE, "acknowledge", subject="P1")
    refused(early, RefusalCode.NOT_YOUR_TURN)


def test_an_approval_without_its_number_is_refused(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    refused(office.decide(case_id, "approve-exit", ORGANISATION, subject="P1"), RefusalCode.REFERENCE_REQUIRED)


def test_a_person_that_the_application_does_not_name_has_no_step(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    refused(approve(office, case_id, "P2"), RefusalCode.NOT_YOUR_TURN)


def test_the_same_removal_cannot_be_decided_twice(office: Office) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    gone(office, case_id)
    before = office.numbers()
    refused(office.decide(case_id, "exit", REGISTRAR, subject="P1"), RefusalCode.ALREADY_DECIDED)
    assert office.numbers() == before


# --- the reason decides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", ["transfer", "retirement", "death", "resignation", "dismissal", "expulsion", "other"]
)
def test_a_leader_who_leaves_frees_headcount_and_post(office: Office, reason: str) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF, reason)))
    gone(office, case_id)
    assert (office.balance().occupied, office.balance(CHIEF_POST).occupied) == (5, 0)


def test_a_leader_removed_from_the_post_stays_on_the_headcount(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF, "post-removed")))
    gone(office, case_id)
    assert (office.balance().occupied, office.balance(CHIEF_POST).occupied) == (6, 0)
    acknowledged(office, case_id)  # finance and social insurance both: pay and contributions follow the post
    assert office.docket(case_id).state is State.CLOSED
    later = office.opened(removal(leaver(office, CHIEF)))
    gone(office, later)
    assert office.balance().occupied == 5


def test_a_post_in_another_unit_falls_vacant_with_the_headcount_and_that_unit_is_told(office: Office) -> None:
    wanted = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
    second_post = office.opened(application(wanted))
    [slot] = office.issued(second_post)
    named = {"name": "在编200", "birth_date": "1980-05-01", "identity_no": identity_no(200, date(1980, 5, 1))}
    office.entered(second_post, slot, 200, internal_body="综合处", **named)
    office.acknowledged(second_post, slot)
    case_id = office.opened(removal(leaver(office, 200, on=local_day(office.now)), unit=SERVICES), OTHER_APPLICANT)
    shown = {(effect.unit, effect.resource): effect.wanted for effect in office.docket(case_id).ledger}
    assert shown == {(SERVICES, Resource.INSTITUTION_FULL): -1, (RESEARCH, Resource.INTERNAL_DEPUTY): -1}
    gone(office, case_id)  # a leader anywhere is the organisation department's
    assert office.balance(Resource.INSTITUTION_FULL, SERVICES).occupied == 3
    assert office.balance(Resource.INTERNAL_DEPUTY).occupied == 0
    (own,), (other,) = (papers(office, DocumentKind.EXIT_NOTICE, unit) for unit in (SERVICES, RESEARCH))
    assert [row["label"] for row in own["balances"]] == ["全额拨款事业编制"]
    assert [row["label"] for row in other["balances"]] == ["内设机构副职"]


def test_nobody_is_removed_before_it_has_happened(office: Office) -> None:
    ahead = date(2026, 3, 16)
    case_id = office.opened(removal(leaver(office, on=ahead)))
    office.accepted(approve(office, case_id))
    before = office.numbers()
    refused(office.decide(case_id, "exit", REGISTRAR, subject="P1"), RefusalCode.NOT_YET_HAPPENED)
    assert office.numbers() == before
    (waiting,) = [step for step in office.docket(case_id).steps if step.state is StepState.CURRENT]
    assert waiting.due_at is not None
    assert local_day(waiting.due_at) == date(2026, 3, 23)  # five working days from the event on
    office.later(days=14)
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject="P1"))


def test_the_day_off_is_the_day_of_the_event_and_not_of_the_registration(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    gone(office, case_id)
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE)
    assert notice["left_on"] == "2026年2月27日"
    assert notice["issued_on"] == "2026年3月2日"
    with office.database.read() as s:
        days = [len(roster(s, RESEARCH, as_of=HAPPENED - timedelta(days=before))[0]) for before in (1, 0)]
    assert days == [7, 6]  # seats: the day of the event is the first day off


# --- several persons --------------------------------------------------------------------------------------------


def test_several_persons_in_one_case_have_single_outcomes(office: Office) -> None:
    chief = leaver(office, CHIEF, "post-removed")
    case_id = office.opened(removal(leaver(office), chief, leaver(office, 1, "resignation"), leaver(office, 2)))
    gone(office, case_id, "P1")
    assert office.docket(case_id).state is State.IN_PROGRESS
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION, "reject", subject="P3", opinion="服务期未满"))
    again = office.opened(removal(leaver(office, 1)))
    assert office.docket(again).state is State.IN_PROGRESS  # in no other hand, although this case goes on
    gone(office, case_id, "P2")
    acknowledged(office, case_id, "P1")
    office.accepted(approve(office, case_id, "P4"))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "reject", subject="P4", opinion="证明材料不符"))
    assert office.docket(case_id).state is State.ACKNOWLEDGING
    acknowledged(office, case_id, "P2")
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert [each.left for each in docket.leavers] == [True, True, False, False]
    assert (office.balance().occupied, office.balance(CHIEF_POST).occupied) == (5, 0)
    reasons = [(letter["part"], letter["opinion"]) for letter in papers(office, DocumentKind.REFUSAL_NOTICE)]
    assert reasons == [("在编1（辞职）", "服务期未满。"), ("在编2（退休）", "证明材料不符。")]


def test_a_case_in_which_nobody_may_leave_ends_rejected(office: Office) -> None:
    before = office.numbers()
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    for subject in ("P1", "P2"):
        office.accepted(office.decide(case_id, "approve-exit", ORGANISATION, "reject", subject=subject))
    assert office.docket(case_id).state is State.REJECTED
    assert office.numbers() == before
    again = office.opened(removal(leaver(office)))
    assert office.docket(again).state is State.IN_PROGRESS  # in nobody's hand any more


# --- who decides ------------------------------------------------------------------------------------------------


def test_a_department_that_reports_by_itself_lets_another_officer_approve(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)), ORGANISATION)
    refused(approve(office, case_id), RefusalCode.SELF_APPROVAL)
    gone(office, case_id, by=ORGANISATION_TWO)
    assert office.balance().occupied == 5


def test_personnel_reports_what_the_organisation_department_approves(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)), PERSONNEL)
    gone(office, case_id)
    assert office.docket(case_id).state is State.ACKNOWLEDGING


def test_a_case_that_goes_back_goes_to_the_department_that_reported(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, proof_no="")), ORGANISATION)
    assert office.docket(case_id).waiting_on == [Department.ORGANISATION]
    (letter,) = papers(office, DocumentKind.CORRECTION_NOTICE)
    assert letter["unit_name"] == office.rulebook.office.organisation_name
    better = Resubmission(application=removal(leaver(office)))
    theirs = office.order(case_id, CommandKind.RESUBMIT, better, APPLICANT)
    refused(theirs, RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, better, ORGANISATION))
    assert office.docket(case_id).state is State.IN_PROGRESS


# --- turned aside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["approve-exit", "exit"])
def test_the_whole_case_goes_back_as_long_as_nobody_has_left(office: Office, step: str) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    office.accepted(approve(office, case_id))
    by, subject = (ORGANISATION, "P2") if step == "approve-exit" else (REGISTRAR, "P1")
    office.accepted(office.decide(case_id, step, by, "return", subject=subject, opinion="请补充证明"))
    docket = office.docket(case_id)
    assert docket.state is State.RETURNED
    assert all(each.state is StepState.VOID for each in docket.steps)
    better = Resubmission(application=removal(leaver(office, 1), leaver(office)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, better, APPLICANT))
    vote = {"subject": "P2", "reference_no": "示组干〔2026〕11号", "round": 1}
    refused(office.decide(case_id, "approve-exit", ORGANISATION, **vote), RefusalCode.STALE_ROUND)
    gone(office, case_id, "P1")
    assert [each.left for each in office.docket(case_id).leavers] == [True, False]
    assert office.docket(case_id).leavers[0].name == "在编1"


def test_nothing_goes_back_once_somebody_has_left(office: Office) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    gone(office, case_id)
    back = office.decide(case_id, "approve-exit", ORGANISATION, "return", subject="P2")
    refused(back, RefusalCode.VERDICT_NOT_OPEN)
    assert office.docket(case_id).state is State.IN_PROGRESS


def withdrawn(office: Office, case_id: str) -> Receipt:
    return office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT)


def test_a_unit_withdraws_those_who_have_not_left(office: Office) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1), leaver(office, 2, on=date(2026, 6, 1))))
    gone(office, case_id)
    office.accepted(approve(office, case_id, "P3"))  # approved, but not before June
    office.accepted(withdrawn(office, case_id))
    assert office.docket(case_id).state is State.ACKNOWLEDGING
    acknowledged(office, case_id)
    assert office.docket(case_id).state is State.CLOSED
    assert office.balance().occupied == 5
    assert office.docket(office.opened(removal(leaver(office, 1), leaver(office, 2)))).state is State.IN_PROGRESS


def test_a_whole_case_is_withdrawn(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    office.accepted(withdrawn(office, case_id))
    assert office.docket(case_id).state is State.WITHDRAWN
    returned = office.opened(removal(leaver(office, proof_no="")))
    office.accepted(withdrawn(office, returned))
    assert office.docket(returned).state is State.WITHDRAWN


def test_an_approved_removal_that_has_happened_cannot_be_withdrawn(office: Office) -> None:
    """Else a unit could open its gate for staffing up by taking back what everybody knows."""
    case_id = office.opened(removal(leaver(office, on=HAPPENED)))
    office.accepted(approve(office, case_id))
    refused(withdrawn(office, case_id), RefusalCode.NOTHING_TO_DO)
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "reject", subject="P1", opinion="未实际离岗"))
    assert office.docket(case_id).state is State.REJECTED


def test_whoever_was_removed_otherwise_meanwhile_is_neither_approved_nor_removed(office: Office) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    office.accepted(approve(office, case_id, "P2"))
    day = local_day(office.now)
    with office.database.write() as s:
        for number, person in enumerate(each.person for each in office.docket(case_id).leavers):
            basis = Basis(number="示编〔2026〕9号", body="示范市委编办", date=day)
            cause = Cause(
                case_id=f"else-{number}", step="exit", round=1, effective_on=day, recorded_at=office.now, basis=basis
            )
            assert not isinstance(
                postings.leave(s, RESEARCH, person, "headcount", ExitReason.RETIREMENT, cause), Refusal
            )
    before = office.numbers()
    refused(approve(office, case_id), RefusalCode.NOT_POSTED)
    refused(office.decide(case_id, "exit", REGISTRAR, subject="P2"), RefusalCode.NOT_POSTED)
    assert office.numbers() == before
