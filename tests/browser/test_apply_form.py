"""The form of an application in the browser: what is typed meanwhile, and a draft that cannot be kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import City

HIDE = """() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""The page goes into the background, which saves the draft at once."""


def begun(city: City, login: str = "applicant", path: str = "/apply/staffing-up") -> Page:
    page = city.at(login)
    assert city.visit(page, path) == 200
    return page


def test_what_is_typed_while_a_row_is_added_stays(city: City) -> None:
    page = begun(city)
    page.fill("#f-lines-0-reason", "以前写的")

    def slow(route: Route) -> None:
        # the request is on its way: somebody goes on typing
        page.fill("#f-remark", "途中写的")
        page.locator("#f-lines-0-reason").press_sequentially("，途中补的")
        route.continue_()

    page.route("**/apply/staffing-up", slow, times=1)
    page.get_by_role("button", name="增加一行").click()
    expect(page.locator("#f-lines-1-reason")).to_be_visible()
    expect(page.locator("#f-lines-0-reason")).to_have_value("以前写的，途中补的")
    expect(page.locator("#f-lines-0-reason")).to_be_focused()
    expect(page.locator("#f-remark")).to_have_value("途中写的")


def test_what_is_typed_in_a_row_below_one_that_is_dropped_goes_up_with_it(city: City) -> None:
    page = begun(city)
    page.get_by_role("button", name="增加一行").click()
    page.fill("#f-lines-0-reason", "第一行")
    page.fill("#f-lines-1-reason", "第二行")

    def slow(route: Route) -> None:
        page.locator("#f-lines-1-reason").press_sequentially("的原因")
        page.locator("#f-lines-0-reason").press_sequentially("不要了")
        route.continue_()

    page.route("**/apply/staffing-up", slow, times=1)
    page.get_by_role("button", name="删除第1行").click()
    expect(page.locator("#f-lines-1-reason")).to_have_count(0)
    expect(page.locator("#f-lines-0-reason")).to_have_value("第二行的原因")


def away(route: Route) -> None:
    route.abort()


def to_sign_in(route: Route) -> None:
    route.fulfill(status=303, headers={"location": "/console/login"})


def too_long(route: Route) -> None:
    route.fulfill(status=413, content_type="application/problem+json", body="{}")


@pytest.mark.parametrize(
    ("answer", "words"),
    [(away, "连不上系统"), (to_sign_in, "登录已过期"), (too_long, "内容太长")],
    ids=["away", "signed-out", "too-long"],
)
def test_a_draft_that_was_not_kept_says_so_and_is_kept_later(
    city: City, answer: Callable[[Route], None], words: str
) -> None:
    page = begun(city)
    page.fill("#f-remark", "不能丢的话")
    page.route("**/staffing-up/draft", answer, times=1)
    page.evaluate(HIDE)
    expect(page.locator("#saved")).to_contain_text("草稿没有保存：" + words)
    city.watch_of(page).faults[:] = [each for each in city.watch_of(page).faults if "413" not in each]
    page.evaluate(HIDE)  # nothing was typed since, and it is tried again
    expect(page.locator("#saved")).to_contain_text("草稿已于")


def test_a_long_draft_is_kept_too(city: City) -> None:
    page = begun(city)
    page.fill("#f-remark", "长" * 4000)
    page.fill("#f-lines-0-reason", "长" * 4000)  # 72,000 bytes in a form, more than a browser sends behind a page
    page.evaluate(HIDE)
    expect(page.locator("#saved")).to_contain_text("草稿已于")


def test_going_back_from_the_next_page_brings_back_what_was_typed(city: City) -> None:
    page = begun(city)
    page.fill("#f-remark", "退一步还在")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("#summary, #confirm-form").first).to_be_visible()  # an answer to the form, with its faults
    page.go_back()
    expect(page.locator("#f-remark")).to_have_value("退一步还在")
    page.fill("#f-remark", "再改一次")
    for _ in range(2):
        page.get_by_role("button", name="下一步").click()
        expect(page.locator("#summary")).to_be_visible()
    page.go_back()
    expect(page.locator("#f-remark")).to_have_value("再改一次")
    city.watch_of(page).faults[:] = [each for each in city.watch_of(page).faults if "422" not in each]


def test_the_other_language_keeps_what_was_typed(city: City) -> None:
    page = begun(city)
    page.fill("#f-remark", "换了语言还在")
    page.get_by_role("link", name="English").first.click()
    expect(page.get_by_role("link", name="中文").first).to_be_visible()
    expect(page.locator("#f-remark")).to_have_value("换了语言还在")
    assert "draft=" in page.url


def test_an_untouched_form_in_the_other_language_makes_no_draft(city: City) -> None:
    page = begun(city)
    page.get_by_role("link", name="English").first.click()
    expect(page.get_by_role("link", name="中文").first).to_be_visible()
    assert "draft=" not in page.url
