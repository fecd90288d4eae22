"""The page of a case while its line to the office is refused: it says so quietly, and goes on when it can."""

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
