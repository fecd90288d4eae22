"""Return with differences, withdrawal, hold and release: the same for every procedure (procedures.md, shared part)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from docket.worklist import worklist
from models.decisions import Hold, Officer, Release, Resubmission, Withdrawal
from models.enums import CommandKind, Department, DocumentKind, State, StepState
from models.refusals import RefusalCode
from tests.removing.leaving import leaver, removal
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    HEAD_TWO,
    ISSUER,
    ORGANISATION,
    ORGANISATION_TWO,
    OTHER_APPLICANT,
    PERSONNEL,
    Office,
    application,
)

from .kinds import REMOVING_STAFF, Kind, allowed, every_kind, refused

COLLEAGUE = ORGANISATION.model_copy(update={"id": "organisation-three", "name": "石帆"})


def waits_for(office: Office, officer: Officer) -> list[str]:
    with office.database.read() as s:
        return [row.case_id for row in worklist(s, officer, office.now, office.deps.calendar)]


# --- return, differences, the clock of the unit -------------------------------------------------------------------


@every_kind
def test_a_returned_case_waits_for_its_unit_and_comes_back_as_a_round_with_its_differences(
    office: Office, kind: Kind
) -> None:
    case_id = kind.opened(office)
    office.accepted(kind.decide(office, case_id, verdict="return"))
    docket = office.docket(case_id)
    assert (docket.state, docket.waiting_on) == (State.RETURNED, [Department.UNIT])
    assert DocumentKind.CORRECTION_NOTICE in {record.kind for record in docket.documents}
    assert waits_for(office, APPLICANT) == [case_id]
    assert waits_for(office, kind.first) == []
    assert CommandKind.RESUBMIT in allowed(office, case_id, APPLICANT)

    body = Resubmission(application=kind.another(office))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, APPLICANT))
    docket = office.docket(case_id)
    assert docket.round == 2
    assert [len(each.differences) for each in docket.rounds] == [0, 1]
    assert {step.state for step in docket.steps if step.round == 1} == {StepState.VOID}
    assert waits_for(office, kind.first) == [case_id]


@every_kind
def test_the_clock_of_the_office_stands_while_the_unit_corrects(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    office.later(days=1)
    office.accepted(kind.decide(office, case_id, verdict="return"))
    first_due = next(step.due_at for step in office.docket(case_id).steps if step.round == 1)
    assert first_due is not None
    office.now = first_due + timedelta(days=3)  # the office would be late by now
    docket = office.docket(case_id)
    assert docket.due_at is not None
    assert not any(step.overdue for step in docket.steps)
    office.ring(case_id)
    assert not any(notice.kind == "escalation" for notice in office.docket(case_id).notices)
    body = Resubmission(application=kind.another(office))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, APPLICANT))
    waiting = [step for step in office.docket(case_id).steps if step.state is StepState.CURRENT]
    assert waiting
    assert all(step.since == office.now and not step.overdue for step in waiting)


@every_kind
def test_only_the_side_that_applied_corrects_and_only_what_was_returned(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    body = Resubmission(application=kind.another(office))
    before = office.docket(case_id).rounds
    refused(office.order(case_id, CommandKind.RESUBMIT, body, APPLICANT), RefusalCode.NOT_YOUR_TURN)
    office.accepted(kind.decide(office, case_id, verdict="return"))
    refused(office.order(case_id, CommandKind.RESUBMIT, body, OTHER_APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(office.order(case_id, CommandKind.RESUBMIT, body, kind.first), RefusalCode.NOT_YOUR_DEPARTMENT)
    assert office.docket(case_id).rounds == before


def test_a_correction_is_an_application_of_the_same_procedure(office: Office) -> None:
    case_id = REMOVING_STAFF.opened(office)
    office.accepted(REMOVING_STAFF.decide(office, case_id, verdict="return"))
    other = Resubmission(application=application())
    refused(office.order(case_id, CommandKind.RESUBMIT, other, APPLICANT), RefusalCode.MALFORMED)
    assert office.docket(case_id).state is State.RETURNED


def test_what_a_department_reported_goes_back_to_its_approvers(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)), ORGANISATION)
    office.accepted(REMOVING_STAFF.decide(office, case_id, ORGANISATION_TWO, "return"))
    assert office.docket(case_id).waiting_on == [Department.ORGANISATION]
    assert waits_for(office, ORGANISATION) == waits_for(office, ORGANISATION_TWO) == [case_id]
    assert waits_for(office, APPLICANT) == waits_for(office, PERSONNEL) == []
    assert CommandKind.RESUBMIT in allowed(office, case_id, ORGANISATION) & allowed(office, case_id, ORGANISATION_TWO)
    assert CommandKind.RESUBMIT not in allowed(office, case_id, PERSONNEL) | allowed(office, case_id, APPLICANT)
    body = Resubmission(application=removal(leaver(office, proof_no="示退〔2026〕9号")))
    refused(office.order(case_id, CommandKind.RESUBMIT, body, APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(office.order(case_id, CommandKind.RESUBMIT, body, PERSONNEL), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, ORGANISATION))
    assert office.docket(case_id).round == 2


def test_a_report_that_a_substitute_made_is_corrected_by_the_principal_or_a_colleague(office: Office) -> None:
    more = {"acting_for": ORGANISATION.id, "acting_for_name": ORGANISATION.name}
    body = Resubmission(application=removal(leaver(office)))
    for corrected_by in (ORGANISATION, COLLEAGUE):
        case_id = office.opened(removal(leaver(office)), ORGANISATION_TWO.model_copy(update=more))
        office.accepted(REMOVING_STAFF.decide(office, case_id, COLLEAGUE, "return"))
        office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, corrected_by))
        assert office.docket(case_id).state is State.IN_PROGRESS
        office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="计划调整"), COLLEAGUE))
        assert office.docket(case_id).state is State.WITHDRAWN


def test_whoever_submitted_a_round_of_a_departments_report_approves_none_of_it(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)), ORGANISATION)
    office.accepted(REMOVING_STAFF.decide(office, case_id, ORGANISATION_TWO, "return"))
    body = Resubmission(application=removal(leaver(office, proof_no="示退〔2026〕9号")))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, ORGANISATION_TWO))
    for submitter in (ORGANISATION, ORGANISATION_TWO):
        refused(REMOVING_STAFF.decide(office, case_id, submitter), RefusalCode.SELF_APPROVAL)
    office.accepted(REMOVING_STAFF.decide(office, case_id, COLLEAGUE))


# --- withdrawal ---------------------------------------------------------------------------------------------------


@every_kind
def test_a_case_is_withdrawn_by_the_side_that_applied_and_by_nobody_else(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    before = office.numbers()
    body = Withdrawal(reason="计划调整")
    for stranger in (OTHER_APPLICANT, kind.first, HEAD):
        refused(office.order(case_id, CommandKind.WITHDRAW, body, stranger), RefusalCode.NOT_YOUR_DEPARTMENT)
    assert not any(CommandKind.WITHDRAW in allowed(office, case_id, other) for other in (kind.first, HEAD))
    assert CommandKind.WITHDRAW in allowed(office, case_id, APPLICANT)
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, body, APPLICANT))
    docket = office.docket(case_id)
    assert (docket.state, docket.waiting_on) == (State.WITHDRAWN, [])
    assert office.numbers() == before
    assert waits_for(office, kind.first) == []


@every_kind
def test_a_returned_case_may_be_withdrawn_and_a_held_one_not(office: Office, kind: Kind) -> None:
    held = kind.opened(office)
    office.accepted(office.order(held, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    refused(office.order(held, CommandKind.WITHDRAW, Withdrawal(reason="不办了"), APPLICANT), RefusalCode.HELD)
    office.accepted(office.order(held, CommandKind.RELEASE, Release(reason="查清", second_officer="head-two"), HEAD))
    office.accepted(kind.decide(office, held, verdict="return"))
    office.accepted(office.order(held, CommandKind.WITHDRAW, Withdrawal(reason="不办了"), APPLICANT))
    assert office.docket(held).state is State.WITHDRAWN


# --- hold and release ---------------------------------------------------------------------------------------------


@every_kind
def test_the_head_holds_a_case_and_releases_it_with_the_days_given_back(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    [due] = [step.due_at for step in office.docket(case_id).steps if step.state is StepState.CURRENT]
    state = office.docket(case_id).state
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    docket = office.docket(case_id)
    assert (docket.state, docket.due_at) == (State.HELD, None)
    assert "核查" in docket.headline
    refused(kind.decide(office, case_id), RefusalCode.HELD)
    assert waits_for(office, kind.first) == []
    office.later(days=7)  # five working days
    body = Release(reason="已查清", second_officer="head-two")
    office.accepted(office.order(case_id, CommandKind.RELEASE, body, HEAD))
    docket = office.docket(case_id)
    assert docket.state is state
    [after] = [step.due_at for step in docket.steps if step.state is StepState.CURRENT]
    assert due is not None
    assert after is not None
    assert after - due == timedelta(days=7)
    office.accepted(kind.decide(office, case_id))


@every_kind
def test_the_second_officer_is_named_told_and_on_record(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    office.accepted(office.order(case_id, CommandKind.RELEASE, Release(reason="查清", second_officer="head"), HEAD_TWO))
    docket = office.docket(case_id)
    told = [(each.kind, each.department, each.text) for each in docket.notices if each.kind in ("hold", "release")]
    assert [(what, where) for what, where, _ in told] == [
        ("hold", Department.ESTABLISHMENT),
        ("release", Department.ESTABLISHMENT),
    ]
    assert "陈强会同林强暂缓办理" in told[0][2]
    assert "林强会同陈强恢复办理" in told[1][2]
    assert [(each.officer, each.text) for each in docket.comments] == [
        ("陈强", "暂缓：核查"),
        ("林强", "恢复办理：查清"),
    ]
    assert office.docket(case_id, APPLICANT).comments == docket.comments  # the unit may know why its case stood still


@pytest.mark.parametrize("second", ["head", "nobody", "organisation"])
@every_kind
def test_a_hold_without_a_real_second_officer_is_refused(office: Office, kind: Kind, second: str) -> None:
    case_id = kind.opened(office)
    before = office.docket(case_id)
    body = Hold(reason="核查", second_officer=second)
    refused(office.order(case_id, CommandKind.HOLD, body, HEAD), RefusalCode.SECOND_OFFICER_REQUIRED)
    after = office.docket(case_id)
    assert (after.state, after.notices, after.comments) == (before.state, before.notices, before.comments)


@every_kind
def test_only_a_head_who_did_nothing_else_in_the_case_holds_it(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    body = Hold(reason="核查", second_officer="head-two")
    for officer in (EXAMINER, ISSUER, ORGANISATION, APPLICANT):
        refused(office.order(case_id, CommandKind.HOLD, body, officer), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(
        office.order(case_id, CommandKind.RELEASE, Release(reason="-", second_officer="head-two"), HEAD),
        RefusalCode.NOTHING_TO_DO,
    )
    assert office.docket(case_id).state is not State.HELD
