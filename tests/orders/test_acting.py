"""代 in a case: who stands in signs with both names, and separation of duties counts both persons."""

from __future__ import annotations

from sqlmodel import select

from docket import cases
from docket.worklist import worklist
from models.decisions import Hold, Officer, Reminder
from models.enums import CommandKind, DocumentKind, State
from models.refusals import RefusalCode
from models.register import Record, StepRow
from records.register import context_of
from tests.removing.leaving import leaver, removal
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ISSUER,
    ORGANISATION,
    ORGANISATION_TWO,
    REGISTRAR,
    Office,
)

from .kinds import REMOVING_STAFF, STAFFING_UP, refused


def standing_in(officer: Officer, principal: Officer) -> Officer:
    """The officer as `docket.substitutions.acting` hands him or her to the API."""
    more = {"roles": principal.roles, "acting_for": principal.id, "acting_for_name": principal.name}
    return officer.model_copy(update=more)


def test_record_and_paper_show_who_signed_and_for_whom(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    for_examiner, for_issuer = standing_in(INSPECTOR, EXAMINER), standing_in(REGISTRAR, ISSUER)
    office.accepted(office.decide(case_id, "examine", for_examiner))
    office.accepted(office.decide(case_id, "issue", for_issuer))
    docket = office.docket(case_id)
    shown = {"examine": "何查（代李静）", "issue": "刘洋（代张伟）"}
    assert {step.step: step.officer for step in docket.steps if step.officer} == shown
    assert {made.step: made.officer for made in docket.decisions} == shown
    with office.database.read() as s:
        slip = s.exec(select(Record).where(Record.kind == DocumentKind.VERIFICATION_SLIP.value)).one()
        assert set(shown.values()) <= set(_texts(context_of(s, slip).model_dump()))
        row = s.exec(select(StepRow).where(StepRow.step == "issue")).one()
        assert (row.officer, row.acting_for, row.acted_as) == ("registrar", "issuer", "establishment")
    [printed] = [record for record in docket.documents if record.kind is DocumentKind.VERIFICATION_SLIP]
    assert shown["issue"] in printed.officers.values()


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def test_an_application_and_a_reminder_show_the_substitute_too(office: Office) -> None:
    colleague = APPLICANT.model_copy(update={"id": "applicant-two", "name": "孙敏"})
    acting = standing_in(colleague, APPLICANT)
    case_id = STAFFING_UP.opened(office, acting)
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(), acting))
    docket = office.docket(case_id)
    assert (docket.applicant, docket.rounds[0].officer) == ("孙敏（代王敏）", "孙敏（代王敏）")
    assert "孙敏（代王敏）催办" in docket.notices[0].text


def test_who_examined_issues_neither_in_person_nor_for_another(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    before = office.numbers()
    refused(office.decide(case_id, "issue", standing_in(EXAMINER, ISSUER)), RefusalCode.TWO_ROLES)
    assert office.numbers() == before
    assert office.docket(case_id).slip is None


def test_nobody_issues_for_the_one_who_examined(office: Office) -> None:
    """The substitute of an examiner carries what the examiner did, whatever role is used."""
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    both = EXAMINER.model_copy(update={"roles": EXAMINER.roles | ISSUER.roles})
    refused(office.decide(case_id, "issue", standing_in(REGISTRAR, both)), RefusalCode.TWO_ROLES)


def test_a_principal_is_bound_by_what_was_done_in_his_or_her_place(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.decide(case_id, "examine", standing_in(INSPECTOR, EXAMINER)))
    both = EXAMINER.model_copy(update={"roles": EXAMINER.roles | ISSUER.roles})
    refused(office.decide(case_id, "issue", both), RefusalCode.TWO_ROLES)
    inspector = INSPECTOR.model_copy(update={"roles": ISSUER.roles})
    refused(office.decide(case_id, "issue", inspector), RefusalCode.TWO_ROLES)
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_a_substitute_who_applied_approves_nothing_and_nor_does_the_principal(office: Office) -> None:
    """ORGANISATION reports a departure by itself: neither of the two approves it."""
    case_id = office.opened(removal(leaver(office)), standing_in(ORGANISATION_TWO, ORGANISATION))
    with office.database.read() as s:
        case = cases.read(s, case_id)
        assert case is not None
        assert cases.applicants(s, case) == {ORGANISATION.id, ORGANISATION_TWO.id}
    third = ORGANISATION.model_copy(update={"id": "organisation-three", "name": "石帆"})
    for officer in (
        ORGANISATION,
        ORGANISATION_TWO,
        standing_in(ORGANISATION_TWO, ORGANISATION),
        standing_in(third, ORGANISATION),
    ):
        refused(REMOVING_STAFF.decide(office, case_id, officer), RefusalCode.SELF_APPROVAL)
    office.accepted(REMOVING_STAFF.decide(office, case_id, third))


def test_an_order_given_in_the_place_of_another_binds_both(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    hold = Hold(reason="核查", second_officer="head-two")
    office.accepted(office.order(case_id, CommandKind.HOLD, hold, standing_in(REGISTRAR, HEAD)))
    office.accepted(office.order(case_id, CommandKind.RELEASE, hold, HEAD))
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    for_issuer = standing_in(REGISTRAR, ISSUER)
    refused(office.decide(case_id, "issue", for_issuer), RefusalCode.TWO_ROLES)
    head = HEAD.model_copy(update={"roles": ISSUER.roles})
    refused(office.decide(case_id, "issue", head), RefusalCode.TWO_ROLES)


def test_the_principal_is_no_second_officer_of_his_substitute(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    acting = standing_in(HEAD_TWO, HEAD)
    for second in (HEAD.id, HEAD_TWO.id):
        body = Hold(reason="核查", second_officer=second)
        refused(office.order(case_id, CommandKind.HOLD, body, acting), RefusalCode.SECOND_OFFICER_REQUIRED)
    assert office.docket(case_id).state is State.ACCEPTED


def test_the_worklist_of_a_substitute_is_the_principals(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    with office.database.read() as s:
        lists = [
            [row.case_id for row in worklist(s, officer, office.now, office.deps.calendar)]
            for officer in (REGISTRAR, EXAMINER, standing_in(REGISTRAR, EXAMINER))
        ]
    assert lists == [[], [case_id], [case_id]]


def test_the_docket_tells_a_substitute_what_he_may_do_in_that_capacity(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)

    def may_examine(viewer: Officer) -> bool:
        return any(each.allowed for each in office.docket(case_id, viewer).may if each.step == "examine")

    assert not may_examine(REGISTRAR)
    assert may_examine(standing_in(REGISTRAR, EXAMINER))
