"""What is refused and moves nothing: beyond authority, ends that strand somebody, forms that cannot be carried out
(domain.md §10: 11, 33, 34, 35)."""

from __future__ import annotations

import pytest

from models.enums import DocumentKind, Level, State
from models.refusals import RefusalCode
from models.rulebook import AuthorityRow, ChangeRules, Rulebook
from tests.change.acts import (
    NEW,
    OTHER,
    Json,
    abolished,
    accepted,
    bodies,
    both_mixed,
    established,
    headcount,
    in_force,
    merged,
    moved,
    paper,
    placed,
    posts,
    refused_at_the_gate,
    renamed,
)
from tests.removing.leaving import leaver, removal
from tests.staffing.test_papers import only
from tests.support.office import OTHER_APPLICANT, RESEARCH, SERVICES, Office

WRONG = NEW[:-1] + ("0" if NEW[-1] == "1" else "1")


# --- beyond authority --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        moved(2, None, RESEARCH, from_level="省"),
        moved(2, RESEARCH, None, to_level="county"),
        moved(1, None, RESEARCH, resource="headcount:worker", from_level="county"),
    ],
)
def test_administrative_headcount_never_crosses_levels_and_the_competent_body_is_named(
    office: Office, change: Json
) -> None:
    told = refused_at_the_gate(office, change)
    assert "国务院机构编制管理机关" in told[RefusalCode.BEYOND_AUTHORITY]
    assert "《地方各级人民政府机构设置和编制管理条例》第十八条" in told[RefusalCode.BEYOND_AUTHORITY]
    assert "跨层级" in told[RefusalCode.BEYOND_AUTHORITY]
    letter = only(office, DocumentKind.REFUSAL_NOTICE)
    assert "应由国务院机构编制管理机关决定" in letter
    assert "管理条例》第十八条" in letter


def test_what_the_application_says_of_a_level_does_not_hide_what_the_register_says(office: Office) -> None:
    both_mixed(office)
    placed(office, SERVICES, level=Level.COUNTY.value)
    assert RefusalCode.BEYOND_AUTHORITY in refused_at_the_gate(office, moved(2, to_level="city"))


def test_a_merger_across_levels_does_not_carry_administrative_headcount_along(office: Office) -> None:
    both_mixed(office)
    in_force(office, moved(2))
    placed(office, SERVICES, level=Level.COUNTY.value)
    told = refused_at_the_gate(office, merged())
    assert "国务院机构编制管理机关" in told[RefusalCode.BEYOND_AUTHORITY]


def with_table(office: Office, *rows: AuthorityRow) -> None:
    object.__setattr__(office.deps, "rulebook", Rulebook(change=ChangeRules(authority=list(rows))))


def test_a_row_of_the_table_may_refuse_instead_of_sending_up(office: Office) -> None:
    row = {"matter": ["posts"], "decides": "upper", "body": "省委编办", "beyond": "refuse", "clause": "《规定》第三条"}
    with_table(office, AuthorityRow.model_validate(row))
    told = refused_at_the_gate(office, posts())
    said = "示范市发展研究局内设机构副职由2名调整为3名，应由省委编办决定（《规定》第三条）"
    assert told == {RefusalCode.BEYOND_AUTHORITY: said}


def test_a_matter_that_no_row_fits_is_nobodys_here(office: Office) -> None:
    row = {"matter": ["headcount"], "decides": "commission", "clause": "x"}
    with_table(office, AuthorityRow.model_validate(row))
    told = refused_at_the_gate(office, posts())
    upper = office.rulebook.office.upper_name
    assert told[RefusalCode.BEYOND_AUTHORITY].endswith(f"应由{upper}决定（审批权限表没有规定本事项由本级决定）")


# --- ends --------------------------------------------------------------------------------------------------------


def test_a_unit_with_people_on_it_is_not_abolished(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    told = refused_at_the_gate(office, abolished())
    assert told == {RefusalCode.STILL_OCCUPIED: "示范市公共服务中心仍有在编人员4名，须先出编或者合并"}


def test_a_unit_with_units_below_it_is_not_abolished(office: Office) -> None:
    in_force(office, established(parent=RESEARCH))
    in_force(office, established(OTHER, "分中心", parent=NEW))
    told = refused_at_the_gate(office, abolished(NEW))
    assert told == {RefusalCode.STILL_OCCUPIED: "示范市数据中心仍有所属单位分中心"}


def test_a_unit_with_unfinished_cases_is_neither_abolished_nor_merged(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    placed(office, RESEARCH, kind="mixed")
    leaving = office.opened(removal(leaver(office, 200), unit=SERVICES), by=OTHER_APPLICANT)
    number = office.docket(leaving).case_no
    for change in (abolished(), merged()):
        told = refused_at_the_gate(office, change)
        assert f"示范市公共服务中心有未办结的事项：{number}" in told[RefusalCode.STILL_OCCUPIED]


def test_a_unit_under_a_common_quota_is_not_merged_into_a_third_one(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    told = refused_at_the_gate(office, merged(NEW))
    assert told == {RefusalCode.STILL_OCCUPIED: "示范市数据中心与其他机构合署办公，须先分立"}


# --- below strength ----------------------------------------------------------------------------------------------


def test_a_cut_with_a_term_is_tolerated_and_lets_nobody_in(office: Office) -> None:
    case_id = in_force(office, headcount(10, 4), absorption_until="2028-12-31")
    assert office.balance().tolerated_over == 2
    assert office.numbers()["headcount:administrative"] == (6, 0, -2)
    staffing = office.opened()
    assert office.docket(staffing).state is State.NOT_ACCEPTED
    assert [each.code for each in office.docket(staffing).refusals] == [RefusalCode.NO_VACANCY]
    said = paper(office, DocumentKind.CHANGE_REPLY, case_id)["absorption"]
    assert said == "超出调整后编制职数的示范市发展研究局行政编制2名，在2028年12月31日前通过自然减员消化，期间只出不进。"


def test_several_cuts_of_one_quota_are_reckoned_together(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    told = refused_at_the_gate(office, moved(3), moved(3, target=NEW))
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市发展研究局行政编制核减为4名，已用6名，须写明消化期"}


def test_a_merger_into_less_than_its_people_needs_a_term(office: Office) -> None:
    both_mixed(office)
    in_force(office, headcount(6, 3, SERVICES, "headcount:institution-full"), absorption_until="2028-12-31")
    told = refused_at_the_gate(office, merged())
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市发展研究局合并后全额拨款事业编制超出1名，须写明消化期"}


# --- form --------------------------------------------------------------------------------------------------------

FORMS: list[tuple[Json, str]] = [
    (established(unit=WRONG), "统一社会信用代码校验不通过"),
    (established(parent=OTHER), f"登记中没有单位{OTHER}"),
    (merged(SERVICES, into=SERVICES), "不能并入自身"),
    (bodies(), "没有写明内设机构"),
    (headcount(resource="post:internal-chief"), "编制增减只用于编制"),
    (posts(resource="headcount:administrative"), "职数增减只用于领导职数"),
    (posts(2, 2), "调整前后相同"),
    (moved(resource="post:internal-chief"), "编制调剂只用于编制"),
    (moved(source=None, target=None), "须写明调出或者调入单位"),
    (moved(source=RESEARCH, target=RESEARCH), "调出与调入为同一单位"),
    (moved(source=None, target=RESEARCH), "须写明另一方的单位或者层级"),
    ({"kind": "resubordinate", "unit": RESEARCH, "after": RESEARCH}, "不能隶属于自身或者所属单位"),
    ({"kind": "resubordinate", "unit": RESEARCH, "after": SERVICES}, "不能隶属于自身或者所属单位"),
    ({"kind": "extra-name", "unit": RESEARCH}, "调整前后相同"),
    (abolished(OTHER), f"登记中没有单位{OTHER}"),
]


@pytest.mark.parametrize(("change", "said"), FORMS)
def test_a_change_is_well_formed(office: Office, change: Json, said: str) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    assert f"第1项{said}" in refused_at_the_gate(office, change)[RefusalCode.INCOMPLETE]


TWICE: list[tuple[list[Json], str]] = [
    ([posts(2, 3), posts(2, 4)], "示范市发展研究局的内设机构副职"),
    ([headcount(10, 12), moved(1)], "示范市发展研究局的行政编制"),
    ([moved(1), moved(2)], "从示范市发展研究局调剂行政编制1名至示范市公共服务中心"),
    ([bodies(None, {"name": "法规处"}), bodies(None, {"name": "法规处"})], "示范市发展研究局的内设机构法规处"),
    (
        [bodies({"name": "综合处"}, {"name": "法规处"}), bodies({"name": "办公室"}, {"name": "法规处"})],
        "示范市发展研究局的内设机构法规处",
    ),
    ([renamed(), renamed(after="另一名称")], "示范市公共服务中心的更名"),
    ([merged(), abolished()], "示范市公共服务中心的撤并"),
    ([merged(after_name="甲局"), renamed(RESEARCH, "示范市发展研究局", "乙局")], "示范市发展研究局的更名"),
    ([established(), established()], f"{NEW}的设立"),
]


@pytest.mark.parametrize(("changes", "said"), TWICE)
def test_the_same_thing_is_not_listed_twice(office: Office, changes: list[Json], said: str) -> None:
    both_mixed(office)
    assert f"{said}列了不止一次" in refused_at_the_gate(office, *changes)[RefusalCode.INCOMPLETE]


@pytest.mark.parametrize(
    "change",
    [
        established(parent=SERVICES),
        {"kind": "resubordinate", "unit": OTHER, "before": RESEARCH, "after": SERVICES},
        moved(1),
        merged(OTHER, into=SERVICES),
    ],
)
def test_nothing_is_put_into_a_unit_that_ends_in_the_same_case(office: Office, change: Json) -> None:
    both_mixed(office)
    in_force(office, established(OTHER, "分中心", parent=RESEARCH, unit_kind="mixed"))
    told = refused_at_the_gate(office, merged(), change)
    assert "第2项所指示范市公共服务中心将同时撤并" in told[RefusalCode.INCOMPLETE]


DIFFERENT: list[tuple[Json, str]] = [
    ({"kind": "extra-name", "unit": RESEARCH, "before": "甲", "after": "乙"}, "加挂的牌子登记为无，请示写为甲"),
    (bodies(None, {"name": "综合处"}), "内设机构综合处登记为已设，请示写为未设"),
    (bodies({"name": "法规处"}, None), "内设机构法规处登记为未设，请示写为已设"),
    (bodies({"name": "综合处"}, {"name": "办公室"}), "内设机构办公室登记为已设，请示写为未设"),
    (
        bodies({"name": "综合处", "deputy_posts": 1}, {"name": "综合处", "deputy_posts": 2}),
        "综合处副职职数登记为无，请示写为1",
    ),
    (established(SERVICES), f"统一社会信用代码{SERVICES}已登记为示范市公共服务中心"),
]


@pytest.mark.parametrize(("change", "said"), DIFFERENT)
def test_what_is_said_to_stand_in_the_register_stands_there(office: Office, change: Json, said: str) -> None:
    assert said in refused_at_the_gate(office, change)[RefusalCode.BEFORE_DIFFERS]


# --- whose -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [renamed(), abolished(), merged(), established(parent=SERVICES)])
def test_nobody_changes_a_unit_that_is_not_his_own_or_below_it(office: Office, change: Json) -> None:
    told = refused_at_the_gate(office, change)
    assert told[RefusalCode.NOT_YOUR_DEPARTMENT] == "第1项涉及示范市公共服务中心，不属于本单位及所属单位"


def test_of_a_move_one_side_is_the_applicants(office: Office) -> None:
    both_mixed(office)
    placed(office, SERVICES, parent=None)
    in_force(office, established(OTHER, "分中心", parent=RESEARCH, unit_kind="mixed"))
    accepted(office, moved(1, RESEARCH, SERVICES))
    placed(office, OTHER, parent=None)
    told = refused_at_the_gate(office, moved(1, OTHER, SERVICES, resource="headcount:institution-full"))
    assert told[RefusalCode.NOT_YOUR_DEPARTMENT] == (
        "第1项涉及分中心，不属于本单位及所属单位；第1项涉及示范市公共服务中心，不属于本单位及所属单位"
    )
