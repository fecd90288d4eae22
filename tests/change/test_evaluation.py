"""What the decider has before it: the evaluation sheet, the objections, the reason why it is the one to decide."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger import postings
from models.documents import EvaluationSheetContext
from models.enums import Department, DocumentKind, Resource, State
from models.ledger import Basis, Cause
from models.refusals import Refusal, RefusalCode
from models.rulebook import AuthorityRow, ChangeRules, Rulebook
from tests.change.acts import (
    MINUTES,
    OWN,
    bodies,
    both_mixed,
    countersigned,
    decided,
    everything,
    headcount,
    in_force,
    merged,
    moved,
    paper,
    placed,
    posts,
    refused,
    renamed,
    request,
    waiting,
)
from tests.rectification import acts as rectifying
from tests.support.office import (
    COMMISSION,
    EXAMINER,
    FINANCE,
    ISSUER,
    ORGANISATION,
    PARTY_COMMITTEE,
    PERSONNEL,
    RESEARCH,
    SERVICES,
    Office,
)


def sheet(office: Office, case_id: str) -> EvaluationSheetContext:
    return EvaluationSheetContext.model_validate(paper(office, DocumentKind.EVALUATION_SHEET, case_id))


def examined(office: Office, *changes: dict[str, object]) -> str:
    case_id = office.opened(request(*(changes or (headcount(),))))
    office.accepted(office.decide(case_id, "examine", EXAMINER, opinion="同意提请审议。"))
    return case_id


def test_the_evaluation_sheet_is_computed_from_the_ledger(office: Office) -> None:
    found = sheet(office, examined(office))
    use = [(row.as_of, row.authorised, row.occupied, row.percent) for row in found.use]
    assert use[-1] == ("2026年3月2日", "12", "6", "50%")
    assert [row.label for row in found.balances][:2] == ["行政编制", "机关工勤编制"]
    assert found.requested[0].text == "示范市发展研究局行政编制由10名调整为12名"
    assert len(found.points) == 5
    assert all(point.answer == "已论证。" for point in found.points)
    assert (found.opinion, found.examined_by) == ("同意提请审议。", "李静")
    assert found.past_changes == []
    assert found.open_problems == []


def test_the_use_of_past_years_is_that_of_their_last_day(office: Office) -> None:
    """Two posts more since the summer of last year: at its end twelve, at the end of the year before ten."""
    day = date(2024, 6, 3)
    basis = Basis(number="示编〔2024〕9号", body="示范市委编委", date=day)
    with office.database.write() as s:
        for resource, delta, on in ((Resource.ADMINISTRATIVE, 2, date(2025, 6, 2)), (Resource.WORKER, 1, day)):
            cause = Cause(case_id="before", step="sign", round=1, effective_on=on, recorded_at=office.now, basis=basis)
            assert not isinstance(postings.authorise(s, RESEARCH, resource, delta, cause), Refusal)
    found = sheet(office, examined(office, headcount(12, 13)))
    figures = {row.as_of: row.authorised for row in found.use}
    assert figures["2024年12月31日"] == "1"  # the opening itself was entered in 2026
    assert figures["2025年12月31日"] == "3"
    assert figures["2026年3月2日"] == "15"
    assert [(row.date, row.number, row.summary) for row in found.past_changes] == [
        ("2024年6月3日", "示编〔2024〕9号", "机关工勤编制+1名"),
        ("2025年6月2日", "示编〔2024〕9号", "行政编制+2名"),
    ]


def test_the_sheet_evaluates_the_units_that_are_changed_and_not_always_the_applicant(office: Office) -> None:
    both_mixed(office)
    in_force(office, headcount(6, 7, SERVICES, "headcount:institution-full"))
    found = sheet(office, examined(office, merged()))
    assert {row.label for row in found.balances if "：" in row.label} == {"示范市公共服务中心：全额拨款事业编制"}
    assert "行政编制" in {row.label for row in found.balances}
    assert {row.as_of for row in found.use} == {"2026年3月2日", "示范市公共服务中心：2026年3月2日"}
    assert [row.summary for row in found.past_changes] == ["示范市公共服务中心：全额拨款事业编制+1名"]
    alone = sheet(office, examined(office, headcount(7, 8, SERVICES, "headcount:institution-full")))
    assert [row.label for row in alone.balances] == ["示范市公共服务中心：全额拨款事业编制"]


def test_the_sheet_has_no_figures_of_a_stranger_to_the_applicant(office: Office) -> None:
    placed(office, RESEARCH, kind="mixed")
    give = moved(1, SERVICES, RESEARCH, resource="headcount:institution-full")
    found = sheet(office, examined(office, give))
    assert not [row.label for row in found.balances if "示范市公共服务中心" in row.label]


def test_past_changes_of_the_register_and_of_the_quota_are_listed(office: Office) -> None:
    in_force(office, posts(), bodies(None, {"name": "法规处"}))
    found = sheet(office, examined(office))
    assert {(row.number, row.summary) for row in found.past_changes} == {
        ("示编〔2026〕1号", "内设机构副职+1名"),
        ("示编〔2026〕1号", "内设机构调整：内设机构由无调整为法规处"),
    }


def test_open_problems_are_listed_and_closed_ones_are_not(office: Office) -> None:
    rectifying.opened(office)
    found = sheet(office, examined(office))
    assert len(found.open_problems) == 1
    assert "期限" in found.open_problems[0]


def test_comparable_units_are_of_the_same_kind_and_rank(office: Office) -> None:
    assert sheet(office, examined(office)).comparable == []
    placed(office, SERVICES, kind="organ")
    [row] = sheet(office, examined(office, posts())).comparable
    assert (row.unit, row.authorised, row.occupied, row.percent) == ("示范市公共服务中心", "6", "4", "67%")


def test_one_objection_goes_to_the_decider_with_its_text_and_ends_nothing(office: Office) -> None:
    case_id = examined(office)
    office.accepted(office.decide(case_id, "consult-finance", FINANCE, "reject", opinion="本年度经费没有着落"))
    office.accepted(office.decide(case_id, "consult-organisation", ORGANISATION))
    last = office.decide(case_id, "consult-personnel", PERSONNEL)
    assert "财政局有异议，随件送审" in last.message
    docket = office.docket(case_id, COMMISSION)
    assert [(each.department, each.opinion) for each in docket.objections] == [
        (Department.FINANCE, "本年度经费没有着落")
    ]
    office.accepted(office.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES))


def test_silence_of_one_department_never_approves(office: Office) -> None:
    case_id = examined(office)
    office.accepted(office.decide(case_id, "consult-finance", FINANCE))
    for _ in range(6):
        office.later(days=10)
        office.ring(case_id)
    assert waiting(office, case_id) == ["consult-organisation", "consult-personnel"]


def test_of_several_changes_the_highest_body_decides_all_and_the_case_says_why(office: Office) -> None:
    case_id = office.opened(request(bodies(None, {"name": "法规处"}), headcount(), renamed(*OWN)))
    countersigned(office, case_id)
    [step] = [each for each in office.docket(case_id).steps if each.state == "current"]
    assert step.department is Department.UPPER
    [check] = [each for each in office.docket(case_id).checks if each.code == RefusalCode.BEYOND_AUTHORITY]
    assert check.passed
    assert "示范市发展研究局更名为示范市发展改革研究局，由示范省机构编制委员会办公室决定" in check.detail
    assert "第九条" in check.detail


def test_an_office_edits_the_matrix(url: str, tmp_path: object) -> None:
    """One row in rules.toml gives the matter to the Party committee."""
    row = AuthorityRow(matter=["headcount"], decides="party-committee", clause="本市规定", obligations=[])  # type: ignore[list-item,arg-type]
    own = Rulebook(change=ChangeRules(authority=[row]))
    office = Office(tmp_path, url=url, rulebook=own)  # type: ignore[arg-type]
    case_id = office.opened(request(headcount()))
    countersigned(office, case_id)
    office.accepted(office.decide(case_id, "decide", PARTY_COMMITTEE, minutes_no=MINUTES))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert office.docket(case_id).state is State.CLOSED  # this row has no duties after the reply
    unset = office.opened(request(posts()))
    assert office.docket(unset).state is State.NOT_ACCEPTED
    office.database.close()


@pytest.mark.parametrize(
    ("amended", "code"),
    [
        ([headcount(9, 11)], RefusalCode.BEFORE_DIFFERS),
        ([headcount(10, 4)], RefusalCode.BELOW_STRENGTH),
        ([headcount(0, 2, resource="headcount:institution-full")], RefusalCode.CATEGORY_MISMATCH),
        ([headcount(10, 11), renamed(*OWN)], RefusalCode.BEYOND_AUTHORITY),
        ([headcount(10, 11), headcount(10, 12)], RefusalCode.INCOMPLETE),
        ([posts()], RefusalCode.INCOMPLETE),
    ],
)
def test_changes_of_the_decider_pass_the_same_checks(
    office: Office, amended: list[dict[str, object]], code: RefusalCode
) -> None:
    case_id = office.opened(request(headcount()))
    countersigned(office, case_id)
    before = everything(office)
    refused(office.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES, changes=amended), code)
    assert everything(office) == before
    office.accepted(office.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES))


def test_a_rejected_matter_ends_with_a_refusal_notice_of_the_body_that_refused(office: Office) -> None:
    case_id = office.opened(request(headcount()))
    countersigned(office, case_id)
    before = everything(office)
    office.accepted(office.decide(case_id, "decide", COMMISSION, "reject", opinion="编制总量已满"))
    assert office.docket(case_id).state is State.REJECTED
    notice = paper(office, DocumentKind.REFUSAL_NOTICE, case_id)
    assert (notice["act"], notice["acted_by"]) == ("不予批准", "示范市机构编制委员会")
    assert notice["opinion"] == "编制总量已满。"
    assert everything(office) == before


def test_the_examiner_is_told_when_the_register_has_moved_on(office: Office) -> None:
    """Approving what the register no longer bears out is refused; returning it is open."""
    first = office.opened(request(headcount()))
    second = office.opened(request(headcount(10, 13), request_no="示发研〔2026〕19号"))
    decided(office, first)
    office.accepted(office.decide(first, "sign", ISSUER))
    refused(office.decide(second, "examine", EXAMINER), RefusalCode.BEFORE_DIFFERS)
    office.accepted(office.decide(second, "examine", EXAMINER, "return", opinion="调整前数字已变化"))


def test_the_deadline_of_a_deferral_is_that_of_the_setting(office: Office) -> None:
    case_id = office.opened(request(headcount()))
    countersigned(office, case_id)
    office.accepted(office.decide(case_id, "decide", COMMISSION, "defer", opinion="再议"))
    [step] = [each for each in office.docket(case_id).steps if each.state == "current"]
    assert step.due_at is not None
    assert step.due_at > office.now + timedelta(days=office.rulebook.change.defer_days)


def test_the_expected_decision_is_shown_at_the_body_that_the_gate_found_competent(office: Office) -> None:
    seen = {}
    for number, change in enumerate((bodies(None, {"name": "法规处"}), headcount(), renamed(*OWN))):
        case_id = office.opened(request(change, request_no=f"示发研〔2026〕{number + 20}号"))
        [ahead] = [step for step in office.docket(case_id).steps if step.step == "decide"]
        assert ahead.state == "expected"
        countersigned(office, case_id)
        [asked] = [step for step in office.docket(case_id).steps if step.step == "decide"]
        assert asked.department is ahead.department
        seen[number] = ahead.department
    assert len(set(seen.values())) > 1
