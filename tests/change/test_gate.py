"""The gate of establishment change: each refusal by its name, and none of them changes anything (domain.md §10)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger import departures
from models.applications import EstablishmentChangeApplication
from models.decisions import ExceptionalRequest, Resubmission, Scope
from models.enums import CommandKind, DocumentKind, Procedure, State
from models.refusals import CLAUSES, RefusalCode
from models.register import Departure
from rules.deadlines import local_day
from tests.change.acts import (
    NEW,
    OWN,
    authorised,
    below,
    bodies,
    empty_unit,
    established,
    everything,
    failed,
    fulfilled,
    headcount,
    in_force,
    merged,
    moved,
    paper,
    placed,
    posts,
    renamed,
    request,
)
from tests.rectification.acts import suspended
from tests.removing.leaving import leaver, ref, removal
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    INSPECTOR,
    ORGANISATION,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    Office,
    papers_of,
)

YEAR_END = "2026-12-31"
FUNDED = "headcount:institution-full"
BELOW = "示范市发展研究局行政编制核减为4名，已用6名，须写明消化期"


def judged(office: Office, body: EstablishmentChangeApplication, state: State, *codes: RefusalCode) -> dict[str, str]:
    """The gate answers with this state for these reasons, in writing, and nothing moves; code → detail."""
    before = everything(office)
    case_id = office.opened(body)
    docket = office.docket(case_id)
    found = failed(office, case_id)
    assert (docket.state, set(found)) == (state, {code.value for code in codes}), found
    [notice] = papers_of(docket)
    returned = state is State.RETURNED
    assert notice.kind is (DocumentKind.CORRECTION_NOTICE if returned else DocumentKind.REFUSAL_NOTICE)
    assert notice.digest
    assert everything(office) == before
    return found


def returned(office: Office, body: EstablishmentChangeApplication, *codes: RefusalCode) -> dict[str, str]:
    return judged(office, body, State.RETURNED, *codes)


def not_accepted(office: Office, body: EstablishmentChangeApplication, *codes: RefusalCode) -> dict[str, str]:
    return judged(office, body, State.NOT_ACCEPTED, *codes)


# --- who and what --------------------------------------------------------------------------------------------------


def test_an_application_that_lacks_nothing_is_accepted_with_its_notice(office: Office) -> None:
    case_id = office.opened(request(headcount()))
    docket = office.docket(case_id)
    assert (docket.state, failed(office, case_id)) == (State.ACCEPTED, {})
    assert [record.kind for record in docket.documents] == [DocumentKind.ACCEPTANCE_NOTICE]
    assert [step.step for step in docket.steps if step.state == "current"] == ["examine"]


def test_every_missing_point_of_the_five_is_named_at_once(office: Office) -> None:
    body = request(headcount(), justification={"development": "适应", "soundness": "合理"})
    found = returned(office, body, RefusalCode.INCOMPLETE)
    detail = found[RefusalCode.INCOMPLETE]
    assert "坚持和加强党的全面领导" in detail
    assert "党章党规和法律法规" in detail
    assert "风险分析" in detail
    assert "经济社会发展" not in detail


def test_title_number_and_contact_are_asked_for(office: Office) -> None:
    found = returned(office, request(headcount(), title="", request_no="", contact=""), RefusalCode.INCOMPLETE)
    assert found[RefusalCode.INCOMPLETE] == "未填写请示标题；未填写请示文号；未填写联系人"


@pytest.mark.parametrize(
    "basis", [None, {"meeting": "", "date": "2026-02-25"}, {"meeting": "会", "date": "2026-03-03"}]
)
def test_no_collective_decision(office: Office, basis: dict[str, str] | None) -> None:
    returned(office, request(headcount(), basis=basis), RefusalCode.NO_COLLECTIVE_DECISION)


def test_somebody_elses_officer_cannot_apply_for_the_unit(office: Office) -> None:
    case_id = office.opened(request(headcount()), OTHER_APPLICANT)
    assert office.docket(case_id).state is State.NOT_ACCEPTED
    assert RefusalCode.NOT_YOUR_DEPARTMENT in failed(office, case_id)


def test_a_unit_applies_for_its_subordinates_and_for_no_stranger(office: Office) -> None:
    more = headcount(6, 7, unit=SERVICES, resource="headcount:institution-full")
    found = not_accepted(office, request(more), RefusalCode.NOT_YOUR_DEPARTMENT)
    assert "示范市公共服务中心，不属于本单位及所属单位" in found[RefusalCode.NOT_YOUR_DEPARTMENT]
    below(office)
    assert office.docket(office.opened(request(more))).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ([headcount(unit=NEW)], f"登记中没有单位{NEW}"),
        ([headcount(), headcount(10, 13)], "行政编制列了不止一次"),
        ([headcount(10, 10)], "调整前后相同"),
        ([headcount(resource="post:internal-chief", before=1)], "编制增减只用于编制"),
        ([posts(resource="headcount:worker")], "职数增减只用于领导职数"),
        ([bodies()], "没有写明内设机构"),
        ([merged(RESEARCH)], "不能并入自身"),
        ([established("129999000000000271")], "统一社会信用代码校验不通过"),
        ([moved(1, RESEARCH, None)], "须写明另一方的单位或者层级"),
        ([moved(1, RESEARCH, RESEARCH)], "同一单位"),
        ([established(parent=SERVICES), merged()], "示范市公共服务中心将同时撤并"),
    ],
)
def test_what_is_not_well_formed_is_returned(office: Office, changes: list[dict[str, Any]], fault: str) -> None:
    below(office)
    case_id = office.opened(request(*changes))
    assert office.docket(case_id).state is State.RETURNED
    assert fault in failed(office, case_id)[RefusalCode.INCOMPLETE]


def test_the_main_matter_is_among_the_changes(office: Office) -> None:
    found = returned(office, request(headcount(), kind="posts"), RefusalCode.INCOMPLETE)
    assert found[RefusalCode.INCOMPLETE] == "没有一项属于“职数增减”"


# --- standing of the unit --------------------------------------------------------------------------------------------


def test_a_unit_with_faulty_data_corrects_them_first(office: Office) -> None:
    placed(office, RESEARCH, data_fault="统一社会信用代码未赋码")
    returned(office, request(headcount()), RefusalCode.UNIT_DATA_INVALID)


def test_a_suspended_unit_is_not_accepted_but_may_still_cut_and_abolish(office: Office) -> None:
    suspended(office)
    not_accepted(office, request(headcount()), RefusalCode.UNIT_SUSPENDED)
    rectifying = request(posts(2, 1), bodies({"name": "综合处"}))
    assert office.docket(office.opened(rectifying)).state is State.ACCEPTED


def test_an_overdue_removal_closes_the_gate(office: Office) -> None:
    with office.database.write() as s:
        departures.know(
            s,
            Departure(
                id="D1",
                unit=RESEARCH,
                person_ref=ref(office, 0),
                reason="retirement",
                source=departures.REPORTED,
                event_on=date(2026, 1, 5),
                due_at=office.now - timedelta(days=3),
            ),
        )
    not_accepted(office, request(headcount()), RefusalCode.REMOVAL_OVERDUE)


def test_the_same_application_twice_is_a_duplicate(office: Office) -> None:
    office.opened(request(headcount()))
    not_accepted(office, request(headcount()), RefusalCode.DUPLICATE)


# --- category and authority ------------------------------------------------------------------------------------------


def test_a_category_that_the_kind_of_unit_may_not_hold(office: Office) -> None:
    wrong = headcount(0, 2, resource="headcount:institution-full")
    found = not_accepted(office, request(wrong), RefusalCode.CATEGORY_MISMATCH)
    assert found[RefusalCode.CATEGORY_MISMATCH] == "全额拨款事业编制不适用于示范市发展研究局（机关）"


def test_the_quotas_of_a_new_unit_fit_its_kind(office: Office) -> None:
    wrong = established(quotas=[{"resource": "headcount:administrative", "number": 3}])
    not_accepted(office, request(wrong), RefusalCode.CATEGORY_MISMATCH)


def test_a_merger_does_not_mix_categories(office: Office) -> None:
    below(office)
    found = not_accepted(office, request(merged()), RefusalCode.CATEGORY_MISMATCH)
    assert "全额拨款事业编制不适用于示范市发展研究局" in found[RefusalCode.CATEGORY_MISMATCH]


def test_a_move_of_administrative_headcount_across_levels_names_the_competent_body(office: Office) -> None:
    across = moved(1, None, RESEARCH, from_level="county")
    found = not_accepted(office, request(across), RefusalCode.BEYOND_AUTHORITY)
    detail = found[RefusalCode.BEYOND_AUTHORITY]
    assert "跨层级" in detail
    assert "国务院机构编制管理机关" in detail
    assert "《地方各级人民政府机构设置和编制管理条例》第十八条" in detail


def test_the_refusal_cites_the_clause_of_the_ordinance_in_its_letter(office: Office) -> None:
    across = moved(1, None, RESEARCH, from_level="county")
    notice = paper(office, DocumentKind.REFUSAL_NOTICE, office.opened(request(across)))
    assert notice["act"] == "不予受理"
    assert any("国务院机构编制管理机关" in fault["detail"] for fault in notice["faults"])
    assert notice["way_forward"] == "上列事项请按规定程序报有权决定的上述机关审批；有异议的，可以书面提出。"


def test_a_register_level_is_believed_before_the_applicants_word(office: Office) -> None:
    below(office, level="county", kind="organ")
    across = moved(1, RESEARCH, SERVICES, from_level="city", to_level="city")
    not_accepted(office, request(across), RefusalCode.BEYOND_AUTHORITY)


# --- the register ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (headcount(9, 11), "行政编制登记为10名，请示写为9名"),
        (posts(1, 3), "内设机构副职登记为2名，请示写为1名"),
        (renamed(RESEARCH, "示范市发展局", OWN[2]), "名称登记为示范市发展研究局，请示写为示范市发展局"),
        (
            {"kind": "rerank", "unit": RESEARCH, "before": "副处级", "after": "副厅级"},
            "规格登记为正处级，请示写为副处级",
        ),
        (
            {"kind": "resubordinate", "unit": SERVICES, "before": None, "after": RESEARCH},
            "隶属登记为示范市发展研究局，请示写为本级",
        ),
        (
            {"kind": "extra-name", "unit": RESEARCH, "before": "示范市统计局", "after": "示范市数据局"},
            "加挂的牌子登记为无，请示写为示范市统计局",
        ),
        (bodies({"name": "法规处"}, {"name": "政策处"}), "内设机构法规处登记为未设，请示写为已设"),
        (bodies(None, {"name": "综合处"}), "内设机构综合处登记为已设，请示写为未设"),
        (bodies({"name": "办公室"}, {"name": "综合处"}), "内设机构综合处登记为已设，请示写为未设"),
    ],
)
def test_before_differs_from_the_register(office: Office, change: dict[str, Any], said: str) -> None:
    below(office)
    own = RESEARCH
    found = returned(office, request(change, unit=own), RefusalCode.BEFORE_DIFFERS)
    assert said in found[RefusalCode.BEFORE_DIFFERS]


def test_a_code_that_is_registered_already_is_not_set_up_again(office: Office) -> None:
    below(office)
    found = returned(office, request(established(SERVICES)), RefusalCode.BEFORE_DIFFERS)
    assert "已登记为示范市公共服务中心" in found[RefusalCode.BEFORE_DIFFERS]


def test_a_unit_with_people_on_it_is_not_abolished(office: Office) -> None:
    below(office)
    found = not_accepted(office, request({"kind": "abolish", "unit": SERVICES}), RefusalCode.STILL_OCCUPIED)
    assert found[RefusalCode.STILL_OCCUPIED] == "示范市公共服务中心仍有在编人员4名，须先出编或者合并"


def test_a_unit_with_subordinates_is_not_abolished_alone(office: Office) -> None:
    below(office)
    empty_unit(office)
    placed(office, SERVICES, parent=NEW)
    abolish = {"kind": "abolish", "unit": NEW}
    found = not_accepted(office, request(abolish), RefusalCode.STILL_OCCUPIED)
    assert "仍有所属单位示范市公共服务中心" in found[RefusalCode.STILL_OCCUPIED]
    moved = {"kind": "resubordinate", "unit": SERVICES, "before": NEW, "after": RESEARCH}
    assert office.docket(office.opened(request(abolish, moved))).state is State.ACCEPTED


def test_a_unit_whose_removals_are_under_way_is_not_merged(office: Office) -> None:
    """Only the removing case can end itself; it is named."""
    below(office)
    placed(office, RESEARCH, kind="mixed")
    case_id = office.opened(removal(leaver(office, 200), unit=SERVICES), OTHER_APPLICANT)
    number = office.docket(case_id).case_no
    found = not_accepted(office, request(merged()), RefusalCode.STILL_OCCUPIED)
    assert found[RefusalCode.STILL_OCCUPIED] == f"示范市公共服务中心有未办结的事项：{number}"


def test_an_internal_body_with_people_in_it_is_not_abolished(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.entered(case_id, slot, 300, internal_body="综合处")
    found = not_accepted(office, request(bodies({"name": "综合处"})), RefusalCode.STILL_OCCUPIED)
    assert found[RefusalCode.STILL_OCCUPIED] == "内设机构综合处仍有人员1名"


def test_reducing_below_strength_needs_an_absorption_term(office: Office) -> None:
    case_id = office.opened(request(headcount(10, 4)))
    assert failed(office, case_id) == {RefusalCode.BELOW_STRENGTH: BELOW}
    with_term = Resubmission(application=request(headcount(10, 4), absorption_until=YEAR_END))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, with_term, APPLICANT))
    assert (office.docket(case_id).state, failed(office, case_id)) == (State.ACCEPTED, {})


def test_a_reserved_post_counts_as_strength(office: Office) -> None:
    """A slip that is out is a promise: the quota is not reduced under it without a term."""
    office.issued(office.opened())
    returned(office, request(headcount(10, 6)), RefusalCode.BELOW_STRENGTH)


def test_nothing_is_taken_that_is_not_there_even_with_a_term(office: Office) -> None:
    below(office)
    empty_unit(office)
    too_much = moved(9, SERVICES, NEW, resource=FUNDED)
    found = returned(office, request(too_much, absorption_until=YEAR_END), RefusalCode.BELOW_STRENGTH)
    assert "不足以核减9名" in found[RefusalCode.BELOW_STRENGTH]


def test_one_reduction_is_not_hidden_behind_another_ones_gift(office: Office) -> None:
    """Taking five and giving five back in one case would still pass through a state below strength."""
    below(office)
    empty_unit(office)
    changes = [
        moved(5, SERVICES, NEW, resource=FUNDED),
        moved(5, RESEARCH, SERVICES, resource=FUNDED),
    ]
    found = returned(office, request(*changes), RefusalCode.BELOW_STRENGTH)
    assert "核减为1名，已用4名" in found[RefusalCode.BELOW_STRENGTH]


def test_an_absorption_term_lies_ahead(office: Office) -> None:
    found = failed(office, office.opened(request(headcount(10, 4), absorption_until="2026-03-02")))
    assert found[RefusalCode.INCOMPLETE] == "消化期须晚于今日"


def test_an_abolished_unit_is_named_with_its_day(office: Office) -> None:
    below(office)
    placed(office, SERVICES, abolished_on=date(2026, 1, 5))
    more = headcount(6, 7, unit=SERVICES, resource="headcount:institution-full")
    found = returned(office, request(more), RefusalCode.UNIT_DATA_INVALID)
    assert "示范市公共服务中心已于2026年1月5日撤销" in found[RefusalCode.UNIT_DATA_INVALID]


def test_all_faults_stand_in_one_notice(office: Office) -> None:
    body = request(headcount(9, 3), contact="", basis=None)
    codes = (
        RefusalCode.INCOMPLETE,
        RefusalCode.NO_COLLECTIVE_DECISION,
        RefusalCode.BEFORE_DIFFERS,
        RefusalCode.BELOW_STRENGTH,
    )
    returned(office, body, *codes)
    case_id = office.opened(request(headcount(9, 3), contact="", basis=None, request_no="示发研〔2026〕19号"))
    notice = paper(office, DocumentKind.CORRECTION_NOTICE, case_id)
    assert [fault["label"] for fault in notice["faults"]] == [code.label for code in codes]


def test_every_refusal_carries_its_clause(office: Office) -> None:
    case_id = office.opened(request(headcount(9, 3)))
    for check in office.docket(case_id).checks:
        assert check.clause == CLAUSES[RefusalCode(check.code)]


def test_a_closed_case_is_no_duplicate(office: Office) -> None:
    case_id = in_force(office, headcount())
    fulfilled(office, case_id)
    assert office.docket(case_id).state is State.CLOSED
    again = request(headcount(12, 13))
    assert office.docket(office.opened(again)).state is State.ACCEPTED


def test_officers_of_the_office_do_not_apply(office: Office) -> None:
    for by in (EXAMINER, ORGANISATION, INSPECTOR):
        case_id = office.opened(request(headcount()), by)
        assert RefusalCode.NOT_YOUR_DEPARTMENT in failed(office, case_id)
    assert office.docket(office.opened(request(headcount()), APPLICANT)).state is State.ACCEPTED


def test_a_suspended_unit_is_not_served_by_the_application_of_another(office: Office) -> None:
    """The bureau asks for its suspended subordinate; for itself it may still ask."""
    below(office)
    suspended(office, unit=SERVICES)
    more = headcount(6, 7, unit=SERVICES, resource=FUNDED)
    found = not_accepted(office, request(more), RefusalCode.UNIT_SUSPENDED)
    assert "所涉单位示范市公共服务中心" in found[RefusalCode.UNIT_SUSPENDED]
    assert office.docket(office.opened(request(posts()))).state is State.ACCEPTED


def test_an_exception_for_the_applicant_carries_a_matter_of_its_subordinate_to_the_end(office: Office) -> None:
    below(office)
    rectification = suspended(office)
    scope = Scope(procedures=[Procedure.ESTABLISHMENT_CHANGE], matter="公共服务中心增编")
    wanted = ExceptionalRequest(scope=scope, reason="换届在即", until=local_day(office.now) + timedelta(days=30))
    office.accepted(office.order(rectification, CommandKind.EXCEPT, wanted, APPLICANT))
    office.accepted(office.decide(rectification, "exceptional-acceptance", COMMISSION, subject="1"))
    in_force(office, headcount(6, 7, unit=SERVICES, resource=FUNDED))
    assert authorised(office, SERVICES)[FUNDED] == 7
