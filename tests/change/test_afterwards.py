"""What a reply leaves to be done, and by whom."""

from __future__ import annotations

from datetime import date

from sqlmodel import select

from models.enums import Department, DocumentKind, State
from models.refusals import RefusalCode
from models.register import Account
from tests.change.acts import (
    applicant_of,
    both_mixed,
    headcount,
    in_force,
    merged,
    paper,
    placed,
    refused,
    request,
    signed,
)
from tests.support.office import APPLICANT, OTHER_APPLICANT, REGISTRAR, RESEARCH, SERVICES, Office


def merged_away(office: Office) -> str:
    """The centre, which stands over the bureau, goes into it on its own application."""
    both_mixed(office)
    placed(office, SERVICES, parent=None)
    placed(office, RESEARCH, parent=SERVICES)
    case_id = office.opened(request(merged(SERVICES, into=RESEARCH), unit=SERVICES), by=OTHER_APPLICANT)
    signed(office, case_id)
    return case_id


def test_the_office_fulfils_the_duties_of_a_unit_that_merged_itself_away(office: Office) -> None:
    case_id = merged_away(office)
    steps = [step for step in office.docket(case_id).steps if step.state == "current"]
    assert {step.department for step in steps} == {Department.ESTABLISHMENT}
    assert not [said for said in paper(office, DocumentKind.CHANGE_REPLY, case_id)["obligations"] if "你单位" in said]
    for step in steps:
        office.accepted(office.decide(case_id, step.step, REGISTRAR, "acknowledge", reference_no="示编备〔2026〕7号"))
    assert office.docket(case_id).state is State.CLOSED


def test_the_office_does_not_fulfil_the_duties_of_a_unit_that_lives(office: Office) -> None:
    both_mixed(office)
    case_id = in_force(office, merged())
    waiting = {step.step: step.department for step in office.docket(case_id).steps if step.state == "current"}
    assert waiting["obligation-disclosure"] is Department.UNIT
    before = office.docket(case_id).steps
    for by in (REGISTRAR, applicant_of(SERVICES)):
        said = office.decide(case_id, "obligation-disclosure", by, "acknowledge")
        refused(said, RefusalCode.NOT_YOUR_DEPARTMENT)
    assert office.docket(case_id).steps == before
    office.accepted(office.decide(case_id, "obligation-disclosure", APPLICANT, "acknowledge"))


def test_a_term_is_noted_only_where_somebody_is_over_quota(office: Office) -> None:
    in_force(office, headcount(10, 9), absorption_until="2028-12-31")
    assert term_of(office) is None
    in_force(office, headcount(9, 5), absorption_until="2028-12-31", request_no="示发研〔2026〕19号")
    assert term_of(office) == date(2028, 12, 31)


def term_of(office: Office) -> date | None:
    with office.database.read() as s:
        [row] = s.exec(
            select(Account).where(Account.holder == RESEARCH, Account.resource == "headcount:administrative")
        ).all()
        return row.absorb_until
