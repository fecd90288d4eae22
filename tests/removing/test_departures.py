"""A known removal that is overdue closes the unit's gate for staffing up, until LEAVE or until it holds no longer."""

from __future__ import annotations

from datetime import date

import pytest

from models.decisions import Officer, Resubmission, Withdrawal
from models.enums import CommandKind, State
from models.refusals import RefusalCode
from models.register import Departure
from tests.removing.leaving import (
    CHIEF,
    HAPPENED,
    LAST_IN_TIME,
    LATE,
    approve,
    gone,
    leaver,
    open_departures,
    refused,
    removal,
)
from tests.support.office import (
    APPLICANT,
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
)

APPROVED = [(RESEARCH, "approved-exit", "retirement")]
DISAPPROVED = [(RESEARCH, "disapproved", "retirement")]
REPORTED = [(RESEARCH, "reported", "retirement")]


def gate(office: Office, meeting: str) -> list[RefusalCode]:
    """What the gate answers to an application for staff."""
    docket = office.docket(office.opened(application(meeting=meeting)))
    assert (docket.state is State.NOT_ACCEPTED) == bool(docket.refusals)
    return [refusal.code for refusal in docket.refusals]


def test_an_approved_exit_without_removal_closes_the_gate_when_it_is_overdue(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LAST_IN_TIME)))
    assert open_departures(office) == []  # asked for is not yet known
    office.accepted(approve(office, case_id))
    assert open_departures(office) == APPROVED
    assert gate(office, "甲") == []
    office.later(days=1)
    assert gate(office, "乙") == [RefusalCode.REMOVAL_OVERDUE]
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject="P1"))
    assert open_departures(office) == []
    assert gate(office, "丙") == []


def test_the_letter_says_which_removal_is_overdue(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)))
    office.accepted(approve(office, case_id))
    (refusal,) = office.docket(office.opened()).refusals
    assert f"{office.docket(case_id).case_no}-1-P1，应于2026年2月27日前报送" in refusal.message


@pytest.mark.parametrize("by", [ORGANISATION, PERSONNEL])
def test_what_a_department_reports_is_known_at_once(office: Office, by: object) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)), by)  # type: ignore[arg-type]
    assert open_departures(office) == REPORTED
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]
    office.accepted(approve(office, case_id, by=ORGANISATION_TWO))
    assert open_departures(office) == APPROVED  # one departure, brought up to date
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject="P1"))
    assert gate(office, "乙") == []


def test_a_form_that_is_not_in_order_makes_nothing_known(office: Office) -> None:
    office.opened(removal(leaver(office, on=LATE, proof_no="")), ORGANISATION)
    office.opened(removal(leaver(office, 200, on=LATE)), ORGANISATION)
    assert open_departures(office) == []


@pytest.mark.parametrize("step", ["approve-exit", "exit"])
def test_a_rejected_removal_is_known_no_longer(office: Office, step: str) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE), leaver(office, 1, on=LATE)), PERSONNEL)
    by = ORGANISATION if step == "approve-exit" else REGISTRAR
    if step == "exit":
        office.accepted(approve(office, case_id))
    office.accepted(office.decide(case_id, step, by, "reject", subject="P1"))
    assert open_departures(office) == REPORTED  # the other person's
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]


def test_a_return_of_what_has_not_happened_yet_voids_what_its_approval_made_known(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=date(2026, 3, 20))))
    office.accepted(approve(office, case_id))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "return", subject="P1"))
    assert open_departures(office) == []


def test_a_return_leaves_known_what_the_department_itself_reported(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE), leaver(office, 1, on=LATE)), ORGANISATION)
    office.accepted(approve(office, case_id, by=ORGANISATION_TWO))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "return", subject="P1"))
    assert open_departures(office) == DISAPPROVED + REPORTED
    corrected = Resubmission(application=removal(leaver(office, 1, on=HAPPENED)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, corrected, ORGANISATION))
    assert open_departures(office) == DISAPPROVED + REPORTED
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]  # of the one whose exit was approved


def test_a_returned_report_that_was_never_approved_is_overdue_no_more_with_its_new_day(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)), ORGANISATION)
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION_TWO, "return", subject="P1"))
    corrected = Resubmission(application=removal(leaver(office, on=HAPPENED)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, corrected, ORGANISATION))
    assert open_departures(office) == REPORTED
    assert gate(office, "甲") == []


@pytest.mark.parametrize("by", [APPLICANT, ORGANISATION_TWO])
def test_a_return_after_the_approval_opens_the_gate_for_nobody_who_is_gone(office: Office, by: Officer) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)), by)
    office.accepted(approve(office, case_id))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "return", subject="P1"))
    assert open_departures(office) == DISAPPROVED
    back = Withdrawal(reason="情况有变")
    refused(office.order(case_id, CommandKind.WITHDRAW, back, by), RefusalCode.NOTHING_TO_DO)
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]
    again = Resubmission(application=removal(leaver(office, on=date(2026, 3, 20)), leaver(office, 1)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, again, by))
    assert gate(office, "乙") == [RefusalCode.REMOVAL_OVERDUE]  # another day counts when it is approved
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, back, by))  # the other person
    assert [s.subject for s in office.docket(case_id).steps if s.state == "current"] == ["P1"]
    refused(office.order(case_id, CommandKind.WITHDRAW, back, by), RefusalCode.NOTHING_TO_DO)
    office.accepted(approve(office, case_id))
    assert open_departures(office) == APPROVED
    assert gate(office, "丙") == []


@pytest.mark.parametrize("left_out", ["another case", "not accepted"])
def test_who_is_gone_stays_known_when_the_unit_leaves_him_out_until_the_exit_is_denied(
    office: Office, left_out: str
) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)))
    office.accepted(approve(office, case_id))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, "return", subject="P1"))
    other = leaver(office, 200 if left_out == "not accepted" else 1)
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=removal(other)), APPLICANT))
    if left_out == "another case":
        office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT))
    assert office.docket(case_id).state.final
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]
    anew = office.opened(removal(leaver(office)))
    office.accepted(office.decide(anew, "approve-exit", ORGANISATION, "reject", subject="P1"))
    assert open_departures(office) == []
    assert gate(office, "乙") == []


def test_a_withdrawn_report_is_known_no_longer(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)), ORGANISATION)
    mine = Withdrawal(reason="情况有变")
    refused(office.order(case_id, CommandKind.WITHDRAW, mine, APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, mine, ORGANISATION))
    assert open_departures(office) == []


def test_a_round_that_is_not_accepted_ends_what_the_case_made_known(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)), ORGANISATION)
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION_TWO, "return", subject="P1"))
    stranger = Resubmission(application=removal(leaver(office, 200)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, stranger, ORGANISATION))
    assert office.docket(case_id).state is State.NOT_ACCEPTED
    assert open_departures(office) == []


def test_a_removal_from_a_post_settles_only_what_is_known_of_the_post(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF, "post-removed", on=LATE)))
    office.accepted(approve(office, case_id))
    assert open_departures(office) == [(RESEARCH, "approved-exit", "post-removed")]
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject="P1"))
    assert gate(office, "乙") == []


def test_a_removal_from_a_post_leaves_known_that_the_person_retires(office: Office) -> None:
    cross_check(office, leaver(office, CHIEF)["person"], RESEARCH)
    gone(office, office.opened(removal(leaver(office, CHIEF, "post-removed"))))
    assert open_departures(office) == [(RESEARCH, "cross-check", "transfer")]


def test_a_removal_settles_what_is_known_in_the_other_unit_of_a_post(office: Office) -> None:
    posted = office.opened(application(line("post:internal-deputy", way="leader-appointment", internal_body="综合处")))
    [slot] = office.issued(posted)
    born = date(1980, 5, 1)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": identity_no(200, born)}
    office.entered(posted, slot, 200, internal_body="综合处", **named)
    person = leaver(office, 200, on=date(2026, 3, 2))
    cross_check(office, person["person"], RESEARCH)
    gone(office, office.opened(removal(person, unit=SERVICES), OTHER_APPLICANT))
    assert open_departures(office) == []


def test_a_transfer_settles_what_is_known_of_the_departure(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    born = date(1980, 5, 1)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": identity_no(200, born)}
    office.accepted(office.approve(case_id, slot, 200, **named))
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    cross_check(office, leaver(office, 200)["person"], SERVICES)
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    assert open_departures(office) == []


def cross_check(office: Office, person: str, unit: str) -> None:
    """A difference that no case made known."""
    with office.database.write() as s:
        s.add(
            Departure(
                id="june", unit=unit, person_ref=person, reason="transfer", source="cross-check", event_on=LATE,
                due_at=office.now,
            )
        )  # fmt: skip
    assert open_departures(office) == [(unit, "cross-check", "transfer")]


def test_a_removal_settles_what_a_cross_check_found(office: Office) -> None:
    cross_check(office, leaver(office)["person"], RESEARCH)
    office.later(days=1)
    assert gate(office, "甲") == [RefusalCode.REMOVAL_OVERDUE]
    gone(office, office.opened(removal(leaver(office))))
    assert gate(office, "乙") == []
