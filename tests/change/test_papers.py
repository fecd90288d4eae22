"""《批复》: what it says, in whose name, and that it prints the ledger as it stands after its own rows."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from models.documents import ChangeReplyContext
from models.enums import DocumentKind
from models.register import Holder
from tests.change.acts import (
    NEW,
    OWN,
    abolished,
    bodies,
    both_mixed,
    empty_unit,
    established,
    failed,
    headcount,
    in_force,
    paper,
    posts,
    renamed,
    request,
)
from tests.support.office import RESEARCH, SERVICES, Office, identity_no


def reply(office: Office, case_id: str) -> ChangeReplyContext:
    return ChangeReplyContext.model_validate(paper(office, DocumentKind.CHANGE_REPLY, case_id))


def test_the_reply_prints_the_chain_as_its_own_rows_left_it(office: Office) -> None:
    found = reply(office, in_force(office, headcount(), posts()))
    with office.database.read() as s:
        holder = s.get(Holder, RESEARCH)
        assert holder is not None
        assert (found.seal.chain_seq, found.seal.chain_head) == (str(holder.head_seq), holder.head_hash)


def test_the_reply_answers_the_request_with_figures_before_and_after(office: Office) -> None:
    changes = (headcount(), posts(), bodies(None, {"name": "法规处", "rank": "正科级", "chief_posts": 1}))
    found = reply(office, in_force(office, *changes))
    assert (found.request_no, found.request_title) == ("示发研〔2026〕18号", "关于调整机构编制的请示")
    assert found.addressee == "示范市发展研究局"
    assert [(row.label, row.before, row.after, row.delta) for row in found.quotas] == [
        ("行政编制", "10", "12", "+2"),
        ("内设机构副职", "2", "3", "+1"),
    ]
    assert [(row.before, row.after) for row in found.bodies] == [("无", "法规处（正科级、正职1名）")]
    assert found.minutes_no == "示编纪〔2026〕4号"
    assert found.absorption == ""
    assert "第十四条" in found.clause


@pytest.mark.parametrize(
    ("change", "issuer", "series", "decided_by"),
    [
        (
            bodies(None, {"name": "法规处"}),
            "示范市机构编制委员会办公室",
            "示编办〔2026〕1号",
            "示范市机构编制委员会办公室",
        ),
        (headcount(), "示范市机构编制委员会", "示编〔2026〕1号", "示范市机构编制委员会"),
        (renamed(*OWN), "示范市机构编制委员会", "示编〔2026〕1号", "示范省机构编制委员会办公室"),
    ],
)
def test_the_issuer_and_the_number_are_those_of_who_decided(
    office: Office, change: dict[str, object], issuer: str, series: str, decided_by: str
) -> None:
    found = reply(office, in_force(office, change))
    assert (found.issuer, found.number, found.decided_by) == (issuer, series, decided_by)
    assert found.title.replace("\n", "").startswith(f"{issuer}关于同意")


def test_the_absorption_term_is_told_where_somebody_is_over_quota(office: Office) -> None:
    found = reply(office, in_force(office, headcount(10, 4), absorption_until="2026-12-31"))
    assert found.absorption.startswith("超出调整后编制职数的示范市发展研究局行政编制2名，在2026年12月31日前")


def test_each_duty_stands_in_the_reply_with_its_day(office: Office) -> None:
    found = reply(office, in_force(office, headcount()))
    assert found.obligations == [
        "示范市机构编制委员会办公室于2026年3月23日前办理《机构编制管理证》变更",
        "你单位于2026年3月30日前公开机构编制事项（涉及国家秘密的除外）",
    ]


def test_the_title_of_a_reply_names_the_unit_that_is_changed(office: Office) -> None:
    both_mixed(office)
    empty_unit(office)
    case_id = in_force(office, abolished(NEW))
    found = reply(office, case_id)
    assert found.title.endswith("关于同意撤销示范市档案整理中心的批复")
    assert found.copies_to.endswith("，示范市档案整理中心")
    assert office.docket(case_id).title.startswith("示范市发展研究局关于撤销机构的申请（")
    said = [line.partition("日前")[2] for line in found.obligations]
    assert "收回被撤并机构的《机构编制管理证》" in said
    assert "办理事业单位法人注销登记" in said


def test_the_title_of_several_changes_names_the_units_that_they_change(office: Office) -> None:
    both_mixed(office)
    own = reply(office, in_force(office, headcount(), posts()))
    assert own.title.endswith("关于同意调整示范市发展研究局机构编制事项的批复".replace("局机", "局\n机"))
    found = reply(office, in_force(office, headcount(12, 13), posts(0, 1, SERVICES, "post:internal-chief")))
    assert found.title.endswith("关于同意调整示范市发展研究局\n和示范市公共服务中心机构编制事项的批复")
    assert found.copies_to.endswith("，示范市公共服务中心")


def test_the_register_keeps_a_reply_under_the_title_that_it_prints(office: Office) -> None:
    case_id = in_force(office, renamed(*OWN))
    titles = {document.kind: document.title for document in office.docket(case_id).documents}
    printed = "示范市机构编制委员会关于同意示范市发展研究局更名为示范市发展改革研究局的批复"
    assert titles[DocumentKind.CHANGE_REPLY] == reply(office, case_id).title.replace("\n", "") == printed
    assert titles[DocumentKind.ACCEPTANCE_NOTICE] == "机构编制调整申请受理通知书〔示范市发展研究局，机构更名申请〕"
    assert titles[DocumentKind.EVALUATION_SHEET] == "机构编制评估表〔示范市发展研究局，机构更名申请〕"


def test_a_new_unit_is_given_its_certificate(office: Office) -> None:
    found = reply(office, in_force(office, established()))
    assert found.title.endswith("关于同意设立示范市数据中心的批复")
    assert any(said.endswith("前核发《机构编制管理证》") for said in found.obligations)
    assert any(said.endswith("办理事业单位法人设立登记") for said in found.obligations)


@pytest.mark.parametrize("field", ["title", "request_no"])
def test_an_identity_number_in_the_clear_lines_of_a_request_is_refused(field: str) -> None:
    """At the door, before anything is kept: the lines of an application that rest in clear take none."""
    number = identity_no(7, date(1980, 5, 1))
    with pytest.raises(ValidationError) as told:
        request(headcount(), **{field: f"关于{number}的请示"})
    assert [(fault["loc"], "不得填写身份证件号码" in fault["msg"]) for fault in told.value.errors()] == [
        ((field,), True)
    ]


def test_the_code_of_a_unit_may_stand_in_the_title_of_a_request(office: Office) -> None:
    assert failed(office, office.opened(request(headcount(), title=f"关于{NEW}的请示"))) == {}
