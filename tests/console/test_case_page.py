"""The page of a case: what everybody reads on it, what a unit does not, and what is missing or foreign."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette_admin import i18n

from console.casework.asked import changed
from console.casework.sheet import marks, veiled
from console.catalogues import is_chinese
from docket.view import differences
from models.decisions import Comment, Hold, Resubmission
from models.enums import CommandKind, Procedure
from models.sealing import Keyring, SealingKey
from tests.support.casework import opened_by
from tests.support.console import Counter, text_of
from tests.support.matters import change, leaving, people, problems, warning
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ISSUER,
    OTHER_APPLICANT,
    SUPERVISOR,
    Office,
    application,
    identity_no,
    keyring,
    line,
)
from tests.support.pages import forms_of


@pytest.fixture(autouse=True)
def chinese() -> None:
    i18n.set_locale("zh")


async def test_a_case_that_is_missing_or_foreign_is_not_found(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    for path, who in (("nothing", EXAMINER), (case_id, OTHER_APPLICANT)):
        page = await opened_by(counter, path, who)
        assert page.status_code == 404
        assert "没有这个事项，或您无权查看" in text_of(page)


async def test_who_has_not_signed_in_sees_no_case(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser() as b:
        answer = await b.get(f"/cases/{case_id}")
        assert answer.status_code == 303
        assert "/console/login" in answer.headers["location"]
        assert (await b.post(f"/cases/{case_id}/decide", {})).status_code == 303


async def test_a_page_whose_key_is_lost_says_so_and_what_to_do(
    counter: Counter, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    case_id = office.opened()
    other = SealingKey("other", "aes-256-gcm", bytes(range(32)))
    office.database._info["keyring"] = Keyring({other.key_id: other}, other.key_id, keyring().index_key)
    page = await opened_by(counter, case_id, EXAMINER)
    assert page.status_code == 503
    assert "封存的内容现在打不开" in text_of(page)
    assert "请告知系统管理员运行 dingbian check" in text_of(page)
    assert "sealed content cannot be opened in a page of /cases/{case_id}" in caplog.text
    office.database._info["keyring"] = keyring()
    assert (await opened_by(counter, case_id, EXAMINER)).status_code == 200


async def test_the_page_says_what_is_asked_what_it_does_and_how_it_went(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    said = text_of(await opened_by(counter, case_id, SUPERVISOR))
    for words in (
        "用编2026-00001",
        "还有5个工作日",
        "等待 编办（审核）",
        "公务员考录",
        "局党组会议〔2026〕第8次",
        "增加2",  # 实有, for who cannot see the arrow
        "减少2",
        "全部通过",
        "示编受〔2026〕1号",
        "审核 办理中",
        "签发核定单 预计",
        "用编落编流程图",
    ):
        assert words in said


async def test_after_the_examination_the_ledger_shows_what_is_proposed(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    office.accepted(office.decide(case_id, "examine", EXAMINER, grants=[{"line": 1, "number": 1}]))
    said = text_of(await opened_by(counter, case_id, SUPERVISOR))
    assert "0 → 改为 1 ▲1 增加1" in said  # 在途
    assert "第1行1名" in said


async def test_no_identifier_of_the_machine_and_no_second_heading_is_on_the_page(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    page = await opened_by(counter, case_id, EXAMINER)
    assert case_id not in text_of(page)
    assert page.text.count("<h1") == 1
    assert " on" not in {match[:3] for match in re.findall(r" on[a-z]+=", page.text)}  # no inline handlers
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))


async def test_every_control_of_every_form_has_a_label(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    page = await opened_by(counter, case_id, EXAMINER)
    labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page.text))
    controls = re.findall(
        r'<(?:input|select|textarea)\b(?![^>]*type="(?:hidden|checkbox)")[^>]*\bid="([^"]+)"', page.text
    )
    assert controls
    assert set(controls) <= labelled


async def test_a_correction_shows_what_differs_from_the_round_before(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return", opinion="请核减"))
    page = await opened_by(counter, case_id, APPLICANT)
    assert "等您补正" in text_of(page)
    assert f"/console/apply/staffing-up?case={case_id}" in page.text
    corrected = Resubmission(application=application(line("headcount:administrative", 1, internal_body="综合处")))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, corrected, APPLICANT))
    said = text_of(await opened_by(counter, case_id, EXAMINER))
    assert "第1行 数量 2 → 改为 1" in said
    assert "第1行 内设机构 新增 综合处" in said
    assert "以前各轮的申请（1）" in said
    assert "请核减" in said
    assert "此环节已失效，不再办理" in said


MATTERS: dict[Procedure, tuple[Callable[[Office], Any], list[str]]] = {
    Procedure.REMOVING_STAFF: (lambda office: leaving(people(office)[0]), ["申请出编的人员", "退休", "尚未出编"]),
    Procedure.ESTABLISHMENT_CHANGE: (lambda office: change(), ["职数增减", "内设机构副职", "2 → 改为 3", "科学合理"]),
    Procedure.RECTIFICATION: (lambda office: problems(), ["擅自加挂牌子", "摘除", "整改中", "12310举报"]),
    Procedure.EARLY_WARNING: (lambda office: warning("remind"), ["监测指标", "媒体反映有人长期不在岗。"]),
}


@pytest.mark.parametrize("procedure", MATTERS)
async def test_every_procedure_says_what_it_is_about(counter: Counter, office: Office, procedure: Procedure) -> None:
    make, wanted = MATTERS[procedure]
    inspected = procedure in (Procedure.RECTIFICATION, Procedure.EARLY_WARNING)
    case_id = office.opened(make(office), by=INSPECTOR if inspected else APPLICANT)
    said = text_of(await opened_by(counter, case_id, SUPERVISOR))
    for words in wanted:
        assert words in said
    english = text_of(await opened_by(counter, case_id, SUPERVISOR, language="en"))
    assert "Progress" in english


async def test_a_unit_does_not_read_what_the_departments_tell_each_other(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    for text, to_unit in (("内部：请从严", False), ("请补充说明", True)):
        office.accepted(office.order(case_id, CommandKind.COMMENT, Comment(text=text, to_unit=to_unit), EXAMINER))
    unit = await opened_by(counter, case_id, APPLICANT)
    assert "内部：请从严" not in unit.text
    assert "请补充说明" in unit.text
    assert "内部：请从严" in (await opened_by(counter, case_id, SUPERVISOR)).text
    rectified = office.opened(problems(), by=INSPECTOR)
    assert "12310" not in (await opened_by(counter, rectified, APPLICANT)).text
    unheard = office.opened(warning("remind"), by=INSPECTOR)
    assert (await opened_by(counter, unheard, APPLICANT)).status_code == 404


async def test_the_page_is_there_in_english(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    page = await opened_by(counter, case_id, EXAMINER, language="en")
    said = text_of(page)
    assert "Waiting for you: examine" in said
    assert "Effect on the ledger" in said
    assert "administrative headcount" in said
    chinese = {"等您办理", "办理过程", "对台账的影响", "受理检查", "其他操作", "必填"}
    assert not [words for words in chinese if words in said]


async def test_a_part_is_the_page_without_its_frame(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    part = await opened_by(counter, case_id, EXAMINER, "?part=1")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "<script" not in part.text
    assert any(form.action.endswith("/decide") for form in forms_of(part))


async def test_what_reads_as_an_identity_number_is_veiled(counter: Counter, office: Office) -> None:
    number = identity_no(7)
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "approve", opinion=f"拟用人员{number}"))
    page = await opened_by(counter, case_id, SUPERVISOR)
    assert number not in page.text
    assert "999999********" in page.text
    assert veiled("119999000000000198") == "119999000000000198"  # a unit's code is none


async def test_what_somebody_typed_is_no_markup(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", reason="<script>alert(1)</script>")))
    page = await opened_by(counter, case_id, EXAMINER)
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_differences_are_said_in_words() -> None:
    before = {"lines": [{"resource": "headcount:administrative", "number": 2}], "contact": "甲"}
    after = {
        "lines": [
            {"resource": "headcount:worker", "number": 2},
            {"resource": "post:unit-deputy", "number": 1, "reason": "空缺"},
        ],
        "contact": "乙",
    }
    said = [(each.where, each.before, each.after) for each in changed(differences(before, after), before, after, {})]
    assert ("第1行 编制或职数", "行政编制", "机关工勤编制") in said
    assert ("联系人", "甲", "乙") in said
    assert ("第2行", "", "编制或职数 单位领导副职、数量 1、原因 空缺") in said


def test_a_person_who_was_replaced_is_not_shown_by_reference() -> None:
    before, after = ({"persons": [{"person": person}]} for person in ("3f2a", "77bc"))
    found = changed(differences(before, after), before, after, {})
    assert found[0].where == "第1人 人员"
    assert "77bc" not in found[0].after


LIKE_JSON = ["[", "{", "[1", "[2026]5号", "[见附件二] 已补充说明", "[1]", '{"name": "甲"}', "null", "0"]
"""What somebody may well write, or write by chance, and a reader of JSON would take for something else."""


@pytest.mark.parametrize("remark", LIKE_JSON)
async def test_a_correction_may_say_anything(counter: Counter, office: Office, remark: str) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    corrected = Resubmission(application=application(remark=remark))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, corrected, APPLICANT))
    for reader in (APPLICANT, EXAMINER, SUPERVISOR):
        page = await opened_by(counter, case_id, reader)
        assert page.status_code == 200
        assert f"备注 新增 {remark}" in html.unescape(text_of(page))


def test_text_that_reads_like_a_list_stays_text_and_a_list_is_said() -> None:
    before = {"remark": "[1]", "basis": None, "changes": [{"units": ["A", "B"], "after": "旧名"}]}
    after = {
        "remark": '{"a": 1}',
        "basis": {"meeting": "局务会", "date": "2026-02-25"},
        "changes": [{"units": None, "after": {"name": "综合处", "chief_posts": 1}}],
    }
    said = [
        (each.where, each.before, each.after)
        for each in changed(differences(before, after), before, after, {"A": "甲单位", "B": "乙单位"})
    ]
    assert ("备注", "[1]", '{"a": 1}') in said
    assert ("集体研究", "", "会议 局务会、日期 2026-02-25") in said
    assert ("第1项调整 单位", "甲单位；乙单位", "") in said
    assert ("第1项调整 调整后", "旧名", "名称 综合处、正职职数 1") in said


async def test_a_unit_does_not_read_the_proposed_number_before_the_slip(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    office.accepted(office.decide(case_id, "examine", EXAMINER, grants=[{"line": 1, "number": 1}]))
    said = text_of(await opened_by(counter, case_id, APPLICANT))
    assert "拟核数" not in said
    assert "第1行1名" not in said
    assert "0 → 改为 2 ▲2 增加2" in said  # what was asked for
    assert "第1行1名" in text_of(await opened_by(counter, case_id, ISSUER))
    office.accepted(office.decide(case_id, "issue", ISSUER))
    said = text_of(await opened_by(counter, case_id, APPLICANT))
    assert "拟核数 第1行1名" in said


async def test_where_a_case_stands_is_said_in_the_reader_s_language(counter: Counter, office: Office) -> None:
    case_id = office.opened()

    async def headline(language: str) -> str:
        page = await opened_by(counter, case_id, EXAMINER, language=language)
        found = re.search(r'class="case-headline[^>]*>([^<]*)<', page.text)
        assert found is not None
        return html.unescape(found[1])

    assert await headline("zh") == "已受理，等待编办“审核”，期限2026年3月9日"
    assert await headline("en") == "accepted, waiting for establishment office “examine”, due 2026-03-09"
    hold = Hold(reason="等待上级批复", second_officer=HEAD_TWO.id)
    office.accepted(office.order(case_id, CommandKind.HOLD, hold, HEAD))
    assert await headline("en") == "held, 等待上级批复"
    office.accepted(office.order(case_id, CommandKind.RELEASE, Hold(reason="已批复", second_officer=HEAD_TWO.id), HEAD))
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="无空余编制"))
    assert await headline("en") == "rejected"


async def test_checks_on_the_english_page_are_named_in_english_and_cite_in_chinese(
    counter: Counter, office: Office
) -> None:
    page = await opened_by(counter, office.opened(), EXAMINER, language="en")
    checks = re.findall(r'<li class="case-check .*?</li>', page.text, re.S)
    assert len(checks) == 11
    assert "<span>The officer acts for the unit</span>" in checks[0]
    for check in checks:
        cited = re.findall(r'<span class="[^"]*" lang="zh">.*?</span>', check, re.S)
        assert cited
        rest = check
        for each in cited:
            rest = rest.replace(each, "")
        assert not is_chinese(rest)


def test_the_picture_has_a_mark_for_every_step_that_is_known(office: Office) -> None:
    case_id = office.opened()
    drawn = marks(office.docket(case_id))
    assert drawn["examine"].state == "current"
    assert drawn["issue"].state == "expected"
    assert drawn["gate"].state == drawn["apply"].state == "done"


async def test_a_step_that_is_half_done_is_not_shown_as_done(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, _second = office.issued(case_id)
    office.entered(case_id, first, 300)
    i18n.set_locale("zh")
    mark = marks(office.docket(case_id))["enter"]
    assert (mark.state, mark.count) == ("current", 1)
