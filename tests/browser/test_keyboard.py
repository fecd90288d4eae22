"""A day's work without a mouse."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import accepted, answers, staffing_up
from tests.support.browser import City

MOST_STOPS = 60


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached within {MOST_STOPS} stops")


def test_an_officer_signs_in_opens_a_case_and_decides_by_keyboard_alone(city: City) -> None:
    case = staffing_up(city)
    context, _ = city.window()
    page = context.new_page()
    city.visit(page, "/login")
    if not page.locator("#username").evaluate("each => each === document.activeElement"):
        tab_to(page, page.locator("#username"))
    page.keyboard.type("examiner")
    tab_to(page, page.locator("#password"))
    page.keyboard.type(city.accounts["examiner"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/worklist")

    page.keyboard.press("Tab")  # the first stop leads past the menu
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name=case["case_no"]))
    page.keyboard.press("Enter")
    expect(page.locator("#case-no")).to_have_text(case["case_no"])

    tab_to(page, page.get_by_role("button", name="审核同意", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="确认", exact=True)).to_be_focused()
    page.keyboard.press("Escape")  # a second thought
    expect(page.get_by_role("button", name="审核同意", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(answers(page).filter(has_text=accepted("审核同意")).first).to_be_visible()
