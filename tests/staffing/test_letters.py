"""What the letters of a staffing-up say of the matter, as the head of an office reads them."""

from __future__ import annotations

from datetime import date

from ledger import postings
from models.decisions import Resubmission, Withdrawal
from models.enums import CommandKind, DocumentKind, Resource
from models.ledger import Basis, Cause
from models.refusals import Refusal
from models.rulebook import OfficeRules
from tests.change.acts import paper, posts, request
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    ORGANISATION,
    OTHER_APPLICANT,
    SERVICES,
    Office,
    application,
    line,
)

DUTY = OfficeRules().duty_officer


def test_lines_of_one_resource_are_counted_together_in_the_title(office: Office) -> None:
    admin = "headcount:administrative"
    case_id = office.opened(application(line(admin, 2), line(admin, 1, "military"), line("headcount:worker")))
    assert office.docket(case_id).title == "示范市发展研究局用编申请（行政编制3名、机关工勤编制1名）"


def test_a_change_is_cited_by_the_title_of_its_request(office: Office) -> None:
    case_id = office.opened(request(posts()))
    assert paper(office, DocumentKind.ACCEPTANCE_NOTICE, case_id)["application_title"] == "关于调整机构编制的请示"


def test_no_letter_speaks_of_a_negative_vacancy(office: Office) -> None:
    wanted = line("headcount:institution-full", 1, "public-hiring")
    over = application(wanted, unit=SERVICES, meeting="中心党支部会议〔2026〕第3次")
    today = date(2026, 3, 2)
    basis = Basis(number="示编〔2026〕1号", body="示范市机构编制委员会", date=today)
    cause = Cause(case_id="cut", step="cut", round=1, effective_on=today, recorded_at=office.now, basis=basis)
    with office.database.write() as s:
        resource, until = Resource.INSTITUTION_FULL, date(2027, 3, 1)
        cut = postings.authorise(s, SERVICES, resource, -4, cause, absorb_until=until)
    assert not isinstance(cut, Refusal)
    case_id = office.opened(over, OTHER_APPLICANT)
    [fault] = paper(office, DocumentKind.REFUSAL_NOTICE, case_id)["faults"]
    assert fault["detail"] == "所报第1项全额拨款事业编制已超出核定数2名，没有空余"


def test_a_correction_is_told_with_both_days(office: Office) -> None:
    case_id = office.opened(application(basis=None))
    office.later(days=3)
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=application()), APPLICANT))
    assert paper(office, DocumentKind.CORRECTION_NOTICE, case_id)["submitted_on"] == "2026年3月2日"
    accepted = paper(office, DocumentKind.ACCEPTANCE_NOTICE, case_id)
    assert accepted["submitted_on"] == "2026年3月2日提交、2026年3月5日补正"


def test_the_office_signs_what_others_have_decided(office: Office) -> None:
    """A withdrawal, and a department's return: the contact is who examined the case, beside the office's telephone."""
    withdrawn = office.opened(application())
    office.issued(withdrawn)
    office.accepted(office.order(withdrawn, CommandKind.WITHDRAW, Withdrawal(reason="不再进人"), APPLICANT))
    void = paper(office, DocumentKind.REVOCATION_NOTICE, withdrawn)
    assert (void["handled_by"], void["reason"]) == (EXAMINER.name, "用编单位撤回，不再进人")

    returned = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    [slot] = office.issued(returned)
    office.accepted(office.decide(returned, "approve-persons", ORGANISATION, "return", subject=slot))
    assert paper(office, DocumentKind.CORRECTION_NOTICE, returned)["handled_by"] == EXAMINER.name
    void = paper(office, DocumentKind.REVOCATION_NOTICE, returned)
    assert (void["handled_by"], void["reason"]) == (EXAMINER.name, "人员审批时退回补正")


def test_before_anybody_examined_the_person_of_the_gate_is_the_contact(office: Office) -> None:
    case_id = office.opened(application(basis=None))
    assert paper(office, DocumentKind.CORRECTION_NOTICE, case_id)["handled_by"] == DUTY


def test_an_officer_of_the_office_stays_the_contact_of_his_own_decision(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="职责已划转"))
    assert paper(office, DocumentKind.REFUSAL_NOTICE, case_id)["handled_by"] == EXAMINER.name


def test_a_refused_person_is_not_a_refused_application(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.accepted(office.decide(case_id, "approve-persons", ORGANISATION, "reject", subject=second))
    refusal = paper(office, DocumentKind.REFUSAL_NOTICE, case_id)
    assert refusal["part"] == f"用编编号{second}所报人员"
    office.entered(case_id, first, 1)


def test_an_appointment_promises_no_slip(office: Office) -> None:
    appointment = {"document_no": "示委干〔2026〕3号", "body": "中共示范市委员会", "date": "2026-02-26"}
    wanted = line("headcount:administrative", way="appointed-above")
    case_id = office.opened(application(wanted, appointment=appointment))
    assert "不另发核定单" in paper(office, DocumentKind.ACCEPTANCE_NOTICE, case_id)["reminder"]
