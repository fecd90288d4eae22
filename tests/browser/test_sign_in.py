"""Signing in, by mouse and by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.browser import City


def test_an_officer_signs_in_and_stands_before_the_worklist(city: City) -> None:
    context, _ = city.window()
    page = city.sign_in(context.new_page(), "examiner")
    assert page.url.endswith("/console/worklist")


def test_a_wrong_password_is_refused_in_words(city: City) -> None:
    context, _ = city.window()
    page = context.new_page()
    city.visit(page, "/login")
    page.fill("#username", "examiner")
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不正确")
