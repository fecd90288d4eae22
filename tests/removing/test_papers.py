"""What the papers of a removal say: 出编通知单 and the certificate page, of a case of its own and of a transfer."""

from __future__ import annotations

from datetime import date

from ledger import postings
from models.enums import DocumentKind, Resource, Sex
from models.ledger import Basis, Cause, PersonEntry
from models.refusals import Refusal
from models.register import Unit
from rules.deadlines import local_day
from tests.removing.leaving import CHIEF, LATE, gone, leaver, papers, removal
from tests.staffing.test_papers import files, text_of
from tests.support.office import (
    ORGANISATION,
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

TWIN = "119999000000000999"


def test_the_notice_lists_only_the_accounts_that_moved(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF)))
    gone(office, case_id)
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE)
    assert notice["freed"] == "行政编制、内设机构正职"
    assert [(row["label"], row["occupied"], row["vacancy"]) for row in notice["balances"]] == [
        ("行政编制", "5", "5"),
        ("内设机构正职", "0", "1"),
    ]
    assert (notice["person_name"], notice["reason"], notice["destination"]) == ("在编100", "退休", "无")
    assert (notice["approved_by"], notice["approval_no"]) == ("中共示范市委组织部", "示组干〔2026〕11号")
    assert notice["identity_masked"] == "999999**********" + identity_no(CHIEF, date(1980, 5, 1))[-2:]


def test_no_file_of_a_removal_holds_the_identity_number_or_the_day_of_birth(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF), leaver(office, 1)))
    gone(office, case_id)
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION, "reject", subject="P2"))
    born = date(1980, 5, 1)
    secrets = [identity_no(CHIEF, born), identity_no(1, born), "1980年5月1日", "1980-05-01", "19800501"]
    made = files(office)
    assert set(made) == {"exit_notice", "certificate", "refusal_notice"}
    for data in (data for papers_of_kind in made.values() for _, data in papers_of_kind):
        text = text_of(data)
        assert [secret for secret in secrets if secret in text] == []
    assert "决定对其中在编1（退休）不予批准" in text_of(made["refusal_notice"][0][1])


def test_no_title_of_a_removal_names_a_person_or_why_he_left(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF), leaver(office, 1)))
    gone(office, case_id)
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION, "reject", subject="P2"))
    titles = {document.kind: document.title for document in office.docket(case_id).documents}
    assert titles == {
        DocumentKind.EXIT_NOTICE: "出编通知单〔示范市发展研究局，行政编制、内设机构正职〕",
        DocumentKind.CERTIFICATE: "机构编制管理证登记页〔示范市发展研究局，出编登记，行政编制、内设机构正职〕",
        DocumentKind.REFUSAL_NOTICE: "出编申请不予批准告知书〔示范市发展研究局，2人〕",
    }


def test_a_removal_from_a_post_frees_the_post_alone(office: Office) -> None:
    gone(office, office.opened(removal(leaver(office, CHIEF, "post-removed"))))
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE)
    assert (notice["reason"], notice["freed"]) == ("免去领导职务", "内设机构正职")
    (page,) = papers(office, DocumentKind.CERTIFICATE)
    assert [row["label"] for row in page["changes"]] == ["内设机构正职"]


def test_a_late_report_is_noted_on_the_notice_and_on_the_receipt(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE)))
    gone(office, case_id)
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE)
    assert notice["reason"] == "退休（逾期2个工作日报送）"
    assert "逾期2个工作日报送" in office.docket(case_id).receipts[-1].message


def test_the_certificate_has_a_row_for_every_seat_with_both_days(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF)))
    gone(office, case_id)
    (page,) = papers(office, DocumentKind.CERTIFICATE)
    assert page["page_no"] == "第1页"
    assert [(row["label"], row["entered_on"], row["left_on"], row["reason"]) for row in page["changes"]] == [
        ("行政编制", "2015年7月1日", "2026年2月27日", "退休"),
        ("内设机构正职", "2015年7月1日", "2026年2月27日", "退休"),
    ]


def test_only_the_registrar_signs_and_no_slip_is_named(office: Office) -> None:
    case_id = office.opened(removal(leaver(office)))
    gone(office, case_id)
    (notice, _page) = office.docket(case_id).documents
    assert notice.officers == {"经办": REGISTRAR.name}


def test_every_person_has_a_notice_of_his_own(office: Office) -> None:
    case_id = office.opened(removal(leaver(office), leaver(office, 1)))
    gone(office, case_id, "P1")
    gone(office, case_id, "P2")
    assert [notice["person_name"] for notice in papers(office, DocumentKind.EXIT_NOTICE)] == ["在编0", "在编1"]
    assert [page["page_no"] for page in papers(office, DocumentKind.CERTIFICATE)] == ["第1页", "第2页"]


def test_a_transfer_gives_the_releasing_unit_its_notice_and_a_page_of_its_certificate(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    born = date(1980, 5, 1)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": identity_no(200, born)}
    office.accepted(office.approve(case_id, slot, 200, **named))
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE, SERVICES)
    assert [row["label"] for row in notice["balances"]] == ["全额拨款事业编制"]
    assert (notice["reason"], notice["destination"]) == ("调出", "示范市发展研究局")
    (page,) = papers(office, DocumentKind.CERTIFICATE, SERVICES)
    (row,) = page["changes"]
    assert (row["person_name"], row["left_on"], row["reason"]) == ("在编200", "2026年3月2日", "调出")
    assert page["unit_code"] == SERVICES
    (own,) = papers(office, DocumentKind.CERTIFICATE, RESEARCH)
    assert own["changes"][0]["left_on"] == ""


def test_a_transfer_under_one_quota_lists_on_each_notice_what_moved_there(office: Office) -> None:
    """合署办公: both units draw on the same accounts."""
    day = local_day(office.now)
    basis = Basis(number="示编〔2026〕2号", body="示范市委编委", date=day)
    cause = Cause(case_id="seat", step="enter", round=1, effective_on=day, recorded_at=office.now, basis=basis)
    born = date(1990, 1, 1)
    entry = PersonEntry(name="新人300", sex=Sex.MALE, birth_date=born, identity_no=identity_no(300))
    with office.database.write() as s:
        s.add(Unit(code=TWIN, name="示范市研究中心", kind="organ", holder=RESEARCH, certificate_no="示编证000009"))
        s.flush()
        assert not isinstance(postings.appoint(s, TWIN, [Resource.WORKER], entry, cause), Refusal)
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    (notice,) = papers(office, DocumentKind.EXIT_NOTICE, TWIN)
    assert [(row["label"], row["occupied"]) for row in notice["balances"]] == [("机关工勤编制", "0")]


def test_a_refusal_to_an_institution_rests_on_the_local_rule(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, 200), unit=SERVICES), OTHER_APPLICANT)
    office.accepted(office.decide(case_id, "approve-exit", PERSONNEL, "reject", subject="P1"))
    (letter,) = papers(office, DocumentKind.REFUSAL_NOTICE, SERVICES)
    assert letter["basis"] == office.rulebook.office.local_rule
    assert (letter["matter"], letter["acted_by"]) == ("出编申请", "示范市人力资源和社会保障局")
