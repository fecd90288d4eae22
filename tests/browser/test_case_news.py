"""The page of a case while its line to the office is refused: it says so quietly, and goes on when it can; and while
something that was sent is not judged yet, until its answer is there."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.acts import staffing_up
from tests.support.browser import City

EVENTS = "**/console/events"


def test_a_page_that_hears_nothing_says_so_and_tries_again(city: City) -> None:
    case = staffing_up(city)
    page = city.at("supervisor")
    page.clock.install()
    tries: list[str] = []

    def cut(route: Route) -> None:
        tries.append(route.request.url)
        route.abort()

    page.route(EVENTS, cut)
    city.visit(page, f"/cases/{case['case_id']}")
    stale = page.locator("#case-stale")
    expect(stale).to_have_text("页面不会自动更新，请刷新。")
    expect(stale).to_be_visible()
    for _ in range(50):
        page.clock.run_for(2_000)
        page.wait_for_timeout(30)
    assert 4 <= len(tries) <= 8  # each pause is twice the one before; every three seconds would be thirty
    page.unroute(EVENTS)
    page.clock.run_for(300_000)
    expect(stale).to_be_hidden()


def test_a_refusal_that_comes_later_is_told_where_the_notice_stood(city: City) -> None:
    case = staffing_up(city)
    path, body = f"/cases/{case['case_id']}", {"step": "examine", "round": 1, "verdict": "approve"}
    for key in ("first-of-two", "second-of-two"):
        city.post("examiner", f"{path}/decisions", key, body)
    page = city.at("examiner")

    def not_judged_yet(route: Route) -> None:
        shown, judged = route.fetch(), 'data-receipt="second-of-two"'
        assert judged in shown.text()
        waits = '<div data-pending="second-of-two">已登记，系统正在处理</div><div class="case-grid">'
        text = shown.text().replace(judged, "").replace('<div class="case-grid">', waits)
        route.fulfill(response=shown, body=text)

    page.route(f"**{path}", not_judged_yet, times=1)
    page.clock.install()
    city.visit(page, path)
    expect(page.locator("[data-pending]")).to_be_visible()
    expect(page.locator("#case-refused")).to_be_hidden()
    page.clock.run_for(4_000)
    expect(page.locator("#case-refused")).to_contain_text("不予采纳：")
    expect(page.locator("#case-refused")).to_contain_text("该环节已作决定")
    expect(page.locator("[data-pending]")).to_have_count(0)
