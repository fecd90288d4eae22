"""What the gate refuses, with every fault named at once and nothing moved (domain.md §10: 3, 5, 6, 9, 11, 33, 34, 35)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger import departures
from ledger.occupancy import standing
from models.applications import Justification
from models.enums import DocumentKind, ExitReason, Level, State
from models.ledger import Departure
from models.refusals import RefusalCode
from models.register import Suspension
from models.rulebook import AuthorityRow, ChangeRules, Rulebook
from tests.change.acts import (
    NEW,
    OTHER,
    POINTS,
    Json,
    abolished,
    accepted,
    applicant_of,
    authorised,
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
    request,
    unit_of,
)
from tests.removing.leaving import leaver, removal
from tests.staffing.test_papers import only
from tests.support.office import OTHER_APPLICANT, RESEARCH, SERVICES, Office, identity_no

QUESTIONS = {name: field.description for name, field in Justification.model_fields.items()}


# --- beyond authority ------------------------------------------------------------------------------------------------


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
    told = refused_at_the_gate(office, moved(2, to_level="city"))
    assert RefusalCode.BEYOND_AUTHORITY in told


def test_a_merger_across_levels_does_not_carry_administrative_headcount_along(office: Office) -> None:
    both_mixed(office)
    in_force(office, moved(2))
    placed(office, SERVICES, level=Level.COUNTY.value)
    told = refused_at_the_gate(office, merged())
    assert "国务院机构编制管理机关" in told[RefusalCode.BEYOND_AUTHORITY]


def with_table(office: Office, *rows: AuthorityRow) -> None:
    rulebook = Rulebook(change=ChangeRules(authority=list(rows)))
    object.__setattr__(office.deps, "rulebook", rulebook)


def test_a_row_of_the_table_may_refuse_instead_of_sending_up(office: Office) -> None:
    with_table(
        office,
        AuthorityRow(matter=["posts"], decides="upper", body="示范省委编办", beyond="refuse", clause="《示范省规定》第三条"),
    )
    told = refused_at_the_gate(office, posts())
    assert told == {
        RefusalCode.BEYOND_AUTHORITY: "示范市发展研究局内设机构副职由2名调整为3名，应由示范省委编办决定（《示范省规定》第三条）"
    }


def test_a_matter_that_no_row_fits_is_nobodys_here(office: Office) -> None:
    with_table(office, AuthorityRow(matter=["headcount"], decides="commission", clause="x"))
    told = refused_at_the_gate(office, posts())
    upper = office.rulebook.office.upper_name
    assert told[RefusalCode.BEYOND_AUTHORITY].endswith(
        f"应由{upper}决定（审批权限表没有规定本事项由本级决定）"
    )


# --- ends ----------------------------------------------------------------------------------------------------------


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


def test_a_body_with_people_in_it_is_not_abolished(office: Office) -> None:
    from tests.change.test_kinds import seat

    seat(office, "综合处")
    told = refused_at_the_gate(office, bodies({"name": "综合处"}, None))
    assert told == {RefusalCode.STILL_OCCUPIED: "内设机构综合处仍有人员1名"}


def test_a_unit_under_a_common_quota_is_not_merged_into_a_third_one(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    told = refused_at_the_gate(office, merged(NEW))
    assert told == {RefusalCode.STILL_OCCUPIED: "示范市数据中心与其他机构合署办公，须先分立"}


# --- below strength ------------------------------------------------------------------------------------------------


def test_a_cut_below_strength_needs_an_absorption_term(office: Office) -> None:
    told = refused_at_the_gate(office, headcount(10, 4))
    assert told == {
        RefusalCode.BELOW_STRENGTH: "示范市发展研究局行政编制核减为4名，已用6名，须写明消化期"
    }
    assert office.docket(_last(office)).state is State.RETURNED


def test_reserved_posts_count_as_used_when_a_quota_is_cut(office: Office) -> None:
    office.issued(office.opened())
    told = refused_at_the_gate(office, headcount(10, 6))
    assert "核减为6名，已用7名" in told[RefusalCode.BELOW_STRENGTH]


def test_a_cut_with_a_term_is_tolerated_and_lets_nobody_in(office: Office) -> None:
    case_id = in_force(office, headcount(10, 4), absorption_until="2028-12-31")
    assert office.balance().tolerated_over == 2
    assert office.numbers()["headcount:administrative"] == (6, 0, -2)
    staffing = office.opened()
    assert [each.code for each in office.docket(staffing).refusals] == [RefusalCode.NO_VACANCY]
    said = paper(office, DocumentKind.CHANGE_REPLY, case_id)["absorption"]
    assert said == "超出调整后编制职数的示范市发展研究局行政编制2名，在2028年12月31日前通过自然减员消化，期间只出不进。"


def test_a_term_that_has_passed_is_none(office: Office) -> None:
    told = refused_at_the_gate(office, headcount(10, 4), absorption_until="2026-03-02")
    assert told[RefusalCode.INCOMPLETE] == "消化期须晚于今日"
    assert RefusalCode.BELOW_STRENGTH in told


def test_nothing_is_cut_below_nothing_with_any_term(office: Office) -> None:
    both_mixed(office)
    told = refused_at_the_gate(office, moved(11), absorption_until="2028-12-31")
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市发展研究局核定行政编制10名，不足以核减11名"}


def test_several_cuts_of_one_quota_are_reckoned_together(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    told = refused_at_the_gate(office, moved(3), moved(3, target=NEW))
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市发展研究局行政编制核减为4名，已用6名，须写明消化期"}


def test_a_merger_into_less_than_its_people_needs_a_term(office: Office) -> None:
    both_mixed(office)
    placed(office, RESEARCH, kind="mixed")
    in_force(office, headcount(6, 3, SERVICES, "headcount:institution-full"), absorption_until="2028-12-31")
    told = refused_at_the_gate(office, merged())
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市发展研究局合并后全额拨款事业编制超出1名，须写明消化期"}


# --- category ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (headcount(0, 2, resource="headcount:institution-full"), "全额拨款事业编制不适用于示范市发展研究局（机关）"),
        (
            established(quotas=[{"resource": "headcount:administrative", "number": 2}]),
            "行政编制不适用于示范市数据中心（事业单位）",
        ),
        (moved(2, RESEARCH, SERVICES), "行政编制不适用于示范市公共服务中心（事业单位）"),
    ],
)
def test_categories_do_not_mix(office: Office, change: Json, said: str) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    assert refused_at_the_gate(office, change)[RefusalCode.CATEGORY_MISMATCH] == said


def test_institution_headcount_does_not_merge_into_an_organ(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    told = refused_at_the_gate(office, merged())
    assert told == {RefusalCode.CATEGORY_MISMATCH: "全额拨款事业编制不适用于示范市发展研究局（机关）"}


# --- form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", POINTS)
def test_each_point_of_the_justification_is_answered(office: Office, point: str) -> None:
    told = refused_at_the_gate(office, justification=dict.fromkeys(set(POINTS) - {point}, "已论证。"))
    assert told == {RefusalCode.INCOMPLETE: f"五项论证未填写“{QUESTIONS[point]}”"}


def test_all_faults_are_told_at_once(office: Office) -> None:
    told = refused_at_the_gate(office, posts(), title="", request_no="", contact="", justification={}, basis=None)
    assert told[RefusalCode.INCOMPLETE].count("未填写") == 8
    assert told[RefusalCode.NO_COLLECTIVE_DECISION] == "未填写领导班子集体研究的会议名称和日期"


def test_the_main_matter_is_among_the_changes(office: Office) -> None:
    told = refused_at_the_gate(office, posts(), kind="合并")
    assert told == {RefusalCode.INCOMPLETE: "没有一项属于“合并”"}


FORMS: list[tuple[Json, str]] = [
    (established(unit=NEW[:-1] + "0"), "统一社会信用代码校验不通过"),
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


@pytest.mark.parametrize(("change", "said"), FORMS, ids=[said for _, said in FORMS])
def test_a_change_is_well_formed(office: Office, change: Json, said: str) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    told = refused_at_the_gate(office, change)
    assert f"第1项{said}" in told[RefusalCode.INCOMPLETE]


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


@pytest.mark.parametrize(("changes", "said"), TWICE, ids=[said for _, said in TWICE])
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


# --- before and after ----------------------------------------------------------------------------------------------

DIFFERENT: list[tuple[Json, str]] = [
    (posts(3, 4), "内设机构副职登记为2名，请示写为3名"),
    (headcount(0, 4, resource="headcount:worker"), "机关工勤编制登记为2名，请示写为0名"),
    (renamed(RESEARCH, "发展研究局", "甲局"), "名称登记为示范市发展研究局，请示写为发展研究局"),
    ({"kind": "rerank", "unit": RESEARCH, "before": "副处级", "after": "正处级"}, "规格登记为正处级，请示写为副处级"),
    (
        {"kind": "resubordinate", "unit": SERVICES, "before": None, "after": OTHER},
        "隶属登记为示范市发展研究局，请示写为本级",
    ),
    ({"kind": "extra-name", "unit": RESEARCH, "before": "甲", "after": "乙"}, "加挂的牌子登记为无，请示写为甲"),
    (bodies(None, {"name": "综合处"}), "内设机构综合处登记为已设，请示写为未设"),
    (bodies({"name": "法规处"}, None), "内设机构法规处登记为未设，请示写为已设"),
    (bodies({"name": "综合处"}, {"name": "办公室"}), "内设机构办公室登记为已设，请示写为未设"),
    (
        bodies({"name": "综合处", "deputy_posts": 1}, {"name": "综合处", "deputy_posts": 2}),
        "综合处副职职数登记为None，请示写为1",
    ),
    (established(SERVICES), f"统一社会信用代码{SERVICES}已登记为示范市公共服务中心"),
]


@pytest.mark.parametrize(("change", "said"), DIFFERENT, ids=[said for _, said in DIFFERENT])
def test_what_is_said_to_stand_in_the_register_stands_there(office: Office, change: Json, said: str) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    in_force(office, established(OTHER, "分中心", parent=RESEARCH))
    told = refused_at_the_gate(office, change)
    assert said.replace("None", "无") in told[RefusalCode.BEFORE_DIFFERS]


# --- whose ----------------------------------------------------------------------------------------------------------


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


def test_another_units_officer_does_not_apply(office: Office) -> None:
    case_id = office.opened(request(), by=OTHER_APPLICANT)
    assert office.docket(case_id).state is State.NOT_ACCEPTED
    assert office.docket(case_id).refusals[0].code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_an_abolished_unit_changes_no_more(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    in_force(office, established(parent=RESEARCH))
    in_force(office, abolished(NEW))
    told = refused_at_the_gate(office, renamed(NEW, "示范市数据中心", "甲"))
    assert told == {RefusalCode.UNIT_DATA_INVALID: "示范市数据中心已于2026年3月2日撤销"}
    own = office.opened(request(headcount(0, 1, NEW, "headcount:institution-full"), unit=NEW), by=applicant_of(NEW))
    [fault] = [each for each in office.docket(own).refusals if each.code is RefusalCode.UNIT_DATA_INVALID]
    assert "示范市数据中心已于2026年3月2日撤销" in fault.message


# --- the shared checks -----------------------------------------------------------------------------------------------


def test_the_same_application_is_not_made_twice(office: Office) -> None:
    first = accepted(office, posts())
    assert refused_at_the_gate(office, posts()) == {RefusalCode.DUPLICATE: office.docket(first).case_no}


def suspended(office: Office, unit: str = RESEARCH) -> None:
    with office.database.write() as s:
        s.add(
            Suspension(
                id=f"s-{unit}",
                unit=unit,
                case_id="x",
                number="示编停〔2026〕1号",
                problems="P1",
                from_at=office.now - timedelta(days=1),
            )
        )


def test_a_suspended_unit_is_not_heard_unless_it_only_gives_back(office: Office) -> None:
    suspended(office)
    assert "示编停〔2026〕1号" in refused_at_the_gate(office, posts())[RefusalCode.UNIT_SUSPENDED]
    in_force(office, headcount(10, 8))
    assert authorised(office, RESEARCH)["headcount:administrative"] == 8


def test_an_overdue_removal_stops_a_change(office: Office) -> None:
    with office.database.write() as s:
        where = standing(s, identity_no(0, date(1980, 5, 1)))
        assert where is not None
        departures.record(
            s,
            Departure(
                unit=RESEARCH,
                person_ref=where.person_ref,
                reason=ExitReason.RETIREMENT,
                event_date=date(2026, 1, 5),
                source="x",
                due_at=datetime(2026, 1, 20, tzinfo=UTC),
            ),
        )
    assert RefusalCode.REMOVAL_OVERDUE in refused_at_the_gate(office)


def test_a_collective_decision_of_tomorrow_is_none(office: Office) -> None:
    told = refused_at_the_gate(office, basis={"meeting": "局党组会议", "date": "2026-03-03"})
    assert told == {RefusalCode.NO_COLLECTIVE_DECISION: "领导班子集体研究的日期晚于今日"}


def test_a_returned_application_comes_again_and_the_differences_are_shown(office: Office) -> None:
    from models.decisions import Resubmission
    from models.enums import CommandKind
    from tests.support.office import APPLICANT

    case_id = office.opened(request(posts(3, 4)))
    assert office.docket(case_id).state is State.RETURNED
    better = Resubmission(application=request(posts(2, 4)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, better, APPLICANT))
    docket = office.docket(case_id)
    assert (docket.state, docket.round) == (State.ACCEPTED, 2)
    assert [(d.before, d.after) for d in docket.rounds[1].differences] == [("3", "2")]


def _last(office: Office) -> str:
    with office.database.read() as s:
        from sqlmodel import select

        from models.register import Case

        return s.exec(select(Case.id).order_by(Case.serial.desc())).first() or ""


_Act = Callable[..., Any]
assert unit_of and _Act
