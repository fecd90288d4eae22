"""Deciding at the case page: what is refused, and what happens once although it was asked twice."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.acts import answers, confirm, decide, opened_from_worklist, press, staffing_up
from tests.support.browser import City, violations


def test_a_unit_never_sees_the_case_of_another(city: City) -> None:
    case = staffing_up(city)
    page = city.at("applicant-centre")
    assert city.visit(page, f"/cases/{case['case_id']}") == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert case["case_no"] not in page.content()


def test_a_department_whose_turn_it_is_not_has_no_decision_box_and_reads_why(city: City) -> None:
    case = staffing_up(city)
    page = city.at("finance")
    assert city.visit(page, f"/cases/{case['case_id']}") == 200
    expect(page.get_by_role("heading", name="此事项现在不等您办理")).to_be_visible()
    expect(page.locator(".case-waiting")).to_contain_text("不属于本部门办理")
    expect(page.locator(".case-buttons")).to_have_count(0)


def test_who_examined_does_not_issue_and_reads_why(city: City) -> None:
    case = staffing_up(city)
    page = city.at("examiner")
    opened_from_worklist(city, page, case["case_no"])
    decide(page, "审核同意")
    city.visit(page, f"/cases/{case['case_id']}")
    expect(page.locator(".case-waiting")).to_contain_text("签发")
    expect(page.locator(".case-buttons")).to_have_count(0)


def test_of_two_open_windows_the_second_decision_is_refused_in_words(city: City) -> None:
    case = staffing_up(city)
    first, second = city.at("examiner"), city.at("examiner")
    for page in (first, second):
        city.visit(page, f"/cases/{case['case_id']}")
    press(second, "审核同意")
    decide(first, "审核同意")
    confirm(second)
    expect(answers(second).filter(has_text="不予采纳").first).to_be_visible()


def test_a_double_click_is_one_decision(city: City) -> None:
    case = staffing_up(city)
    page = city.at("examiner")
    city.visit(page, f"/cases/{case['case_id']}")
    press(page, "审核同意")
    page.get_by_role("dialog").get_by_role("button", name="确认", exact=True).dblclick()
    expect(answers(page).filter(has_text="审核同意：采纳").first).to_be_visible()
    docket = city.get("supervisor", f"/cases/{case['case_id']}")
    # of the application, and of one decision
    assert [receipt["message"].partition("；")[0] for receipt in docket["receipts"]] == ["已受理", "已记录 · recorded"]


def test_without_an_opinion_nothing_is_returned(city: City) -> None:
    case = staffing_up(city)
    page = city.at("examiner")
    city.visit(page, f"/cases/{case['case_id']}")
    page.locator(".case-box").get_by_role("button", name="退回补正", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_label("意见")).to_be_focused()


def test_several_cases_are_examined_at_once_and_each_has_its_result(city: City) -> None:
    numbers = [staffing_up(city)["case_no"] for _ in range(2)]
    page = city.at("examiner")
    city.visit(page, "/worklist")
    for number in numbers:
        page.locator("tr", has_text=number).get_by_role("checkbox").check()
    page.get_by_role("button", name="批量办理").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("审核")
    assert violations(page) == []
    page.get_by_role("radio", name="同意", exact=True).check()
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("核对后提交")
    assert violations(page) == []
    page.get_by_role("button", name="提交2件决定").click()
    for number in numbers:
        expect(page.locator("tr", has_text=number)).to_contain_text("采纳")
        expect(page.locator("tr", has_text=number)).not_to_contain_text("不予采纳")
    assert violations(page) == []
