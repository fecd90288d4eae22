"""Everybody's day, from the application to the filed document, by clicking what the screen offers."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.acts import (
    confirm,
    decide,
    fill,
    in_days,
    meeting,
    opened_from_worklist,
    press,
    somebody,
    staffing_up,
    takes_from_worklist,
    today,
)
from tests.support.browser import City, violations


def applied(city: City) -> tuple[Page, str]:
    """The unit asks for one administrative post and one worker, after a check; its window and the case number."""
    page = city.at("applicant")
    city.visit(page, "/apply")
    page.get_by_role("link", name=re.compile("开始填写.*用编")).click()
    expect(page.get_by_role("heading", name="示范市发展研究局")).to_be_visible()  # the quotas are at hand
    fill(page, {"编制或职数": "行政编制", "人数": "1", "进入方式": "公务员考录", "用编原因": "补充业务力量"})
    page.get_by_role("button", name="增加一行").click()
    second = page.get_by_role("group", name="第2行")
    fill(second, {"编制或职数": "机关工勤编制", "人数": "1", "进入方式": "退役士兵安置", "用编原因": "安置退役士兵"})
    fill(page, {"会议名称": meeting(), "会议日期": today().isoformat(), "联系人": "王示申 0000-8000000"})
    page.get_by_role("button", name="提交前检查").click()
    expect(page.get_by_role("heading", name="提交前检查的结果")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="下一步：核对并提交").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("核对并提交")
    assert violations(page) == []
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("提交回执")
    assert violations(page) == []
    number = page.locator(".apply-number").inner_text()
    assert re.fullmatch(r"用编\d{4}-\d{5}", number)
    return page, number


def test_a_unit_applies_and_five_departments_decide_while_the_supervisor_looks_on(city: City) -> None:
    unit, number = applied(city)
    unit.get_by_role("link", name="查看事项").click()
    supervisor = city.at("supervisor")
    city.visit(supervisor, "/desk")
    city.visit(supervisor, f"/worklist?tab=all&q={number}")
    supervisor.get_by_role("link", name=number).click()
    progress = supervisor.locator("#progress")

    examiner = city.at("examiner")
    opened_from_worklist(city, examiner, number)
    decide(examiner, "审核同意", {"意见": "编制空余，同意。"})
    expect(progress).to_contain_text("编制空余，同意。")  # without a reload

    issuer = city.at("issuer")
    opened_from_worklist(city, issuer, number)
    press(issuer, "签发核定单")
    expect(issuer.get_by_role("dialog")).to_contain_text("占用行政编制1名、机关工勤编制1名")
    confirm(issuer)
    expect(supervisor.locator("#slip")).to_be_visible()

    for login, opinion in (("organisation", "示组干〔2026〕8号"), ("personnel", "示人社〔2026〕9号")):
        page = city.at(login)
        opened_from_worklist(city, page, number)
        decide(page, "批准人员", {"批准文号": opinion} | somebody())
        expect(progress).to_contain_text(opinion)

    registrar = city.at("registrar")
    opened_from_worklist(city, registrar, number)
    for _ in range(2):  # the second person of the same case is offered next
        expect(registrar.locator("#case-no")).to_have_text(number)
        decide(registrar, "准予落编")

    for login in ("finance", "social-insurance"):
        page = city.at(login)
        opened_from_worklist(city, page, number)
        for _ in range(2):
            expect(page.locator("#case-no")).to_have_text(number)
            decide(page, "办理回执")

    expect(supervisor.locator(".case-header")).to_contain_text("办结")
    expect(unit.locator(".case-header")).to_contain_text("办结")
    assert city.get("supervisor", f"/cases?q={number}")["items"][0]["state"] == "closed"


def test_a_document_is_opened_and_anybody_verifies_it_by_its_code(city: City) -> None:
    case = staffing_up(city)
    page = city.at("applicant")
    city.visit(page, f"/cases/{case['case_id']}")
    row = page.locator("#documents tbody tr").first
    code = row.locator(".case-code").inner_text()
    row.get_by_role("link", name="预览").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("受理通知")
    expect(page.locator(".register-code")).to_have_text(code)
    assert violations(page) == []

    passer_by = city.at(None)
    city.visit(passer_by, "/verify")
    fill(passer_by, {"核验编码": code})
    passer_by.get_by_role("button", name="核验编码").click()
    expect(passer_by.locator(".console-verdict")).to_contain_text("有效")
    assert violations(passer_by) == []
    expect(passer_by.get_by_role("main")).not_to_contain_text("王示申")


def test_a_retired_member_of_staff_leaves_by_clicks(city: City) -> None:
    page = city.at("applicant-centre")
    city.visit(page, "/apply/removing-staff")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("group", name="查到的人员").get_by_role("button").last.click()
    expect(page.get_by_label("出编原因")).to_be_visible()
    fill(page, {"出编原因": "退休", "减员日期": today().isoformat(), "证明材料文号": "示退〔2026〕3号"})
    fill(page, {"联系人": "李示申 0000-8000001"})
    page.get_by_role("button", name="下一步：核对并提交").click()
    page.get_by_role("button", name="确认提交").click()
    number = page.locator(".apply-number").inner_text()
    assert number.startswith("出编")
    page.get_by_role("link", name="查看事项").click()
    takes_from_worklist(city, "personnel", number, "批准出编", {"批准文号": "示人社〔2026〕12号"})
    for login, verb in (("registrar", "准予出编"), ("finance", "办理回执"), ("social-insurance", "办理回执")):
        takes_from_worklist(city, login, number, verb)
    expect(page.locator(".case-header")).to_contain_text("已办结")


def test_a_rectification_is_opened_and_the_unit_is_warned_by_clicks(city: City) -> None:
    page = city.at("inspector")
    city.visit(page, "/apply/rectification")
    fill(page, {"被整改单位": "信息"})
    page.get_by_role("button", name="查找").click()
    page.get_by_role("group", name="查到的单位").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="示范市信息服务中心")).to_be_visible()
    fill(page, {"问题编号": "1", "问题类别": "超编进人", "发现来源": "督查", "问题事实": "超出核定数进人。"})
    fill(page, {"整改要求": "制定消化方案。", "整改期限": in_days(40)})
    page.get_by_role("button", name="下一步：核对并提交").click()
    page.get_by_role("button", name=re.compile("提交$")).first.click()
    number = page.locator(".apply-number").inner_text()
    issuer = takes_from_worklist(city, "issuer", number, "签发警示函", {"意见": "限期整改。"})
    city.visit(issuer, f"/worklist?tab=all&q={number}")
    issuer.get_by_role("link", name=number).click()
    expect(issuer.locator("#documents")).to_contain_text("警示函")
