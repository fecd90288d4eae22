"""A unit that ends while a higher body's appointments to it are under way: who is in stays, nobody follows."""

from __future__ import annotations

from models.enums import Resource, State
from models.refusals import RefusalCode
from tests.change.acts import below, in_force, intact, merged, placed, refused, unit_of, waiting
from tests.support.office import (
    EXAMINER,
    OTHER_APPLICANT,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    line,
    person,
)


def appointed(office: Office) -> str:
    """Two people whom the province appoints to the service centre; the office has examined it."""
    below(office, kind="mixed")
    placed(office, RESEARCH, kind="mixed")
    document = {"document_no": "省任〔2026〕3号", "body": "示范省委组织部", "date": "2026-02-20"}
    wanted = line("headcount:institution-full", 2, way="appointed-above")
    case_id = office.opened(application(wanted, unit=SERVICES, appointment=document), OTHER_APPLICANT)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    return case_id


def test_nobody_is_appointed_to_a_unit_that_is_merged_away(office: Office) -> None:
    case_id = appointed(office)
    in_force(office, merged())
    docket = office.docket(case_id)
    assert (docket.state, waiting(office, case_id)) == (State.REJECTED, [])
    entry = office.decide(case_id, "enter", REGISTRAR, subject="A1", persons=[person("A1", 300)])
    refused(entry, RefusalCode.CLOSED)
    assert unit_of(office, SERVICES).merged_into is not None
    intact(office)


def test_who_was_appointed_before_the_merger_goes_along_and_the_other_place_is_gone(office: Office) -> None:
    case_id = appointed(office)
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject="A1", persons=[person("A1", 300)]))
    in_force(office, merged())
    assert office.balance(Resource.INSTITUTION_FULL, RESEARCH).occupied == 5
    docket = office.docket(case_id)
    assert docket.state is State.ACKNOWLEDGING
    assert waiting(office, case_id) == ["finance", "social-insurance"]
    late = office.decide(case_id, "enter", REGISTRAR, subject="A2", persons=[person("A2", 301)])
    assert late.status == "refused"
    intact(office)
