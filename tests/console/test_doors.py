"""Default deny: a page without a rule cannot be made, and what is not open to an officer is not shown to him."""

from __future__ import annotations

import pytest
from starlette_admin.views import CustomView

from console.door import Page
from console.views.verify import Verify
from tests.support.console import Counter, text_of
from tests.support.office import EXAMINER


async def test_who_has_not_signed_in_is_led_to_the_sign_in_page(counter: Counter) -> None:
    async with counter.browser() as b:
        answer = await b.get("/")
        assert answer.status_code == 303
        assert "/console/login" in answer.headers["location"]


async def test_a_page_that_does_not_exist_says_so_in_the_readers_language(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/nowhere")
    assert page.status_code == 404
    assert "没有这个页面" in text_of(page)


async def test_a_form_without_its_token_is_refused(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        answer = await b.http.post("/console/logout", data={})
    assert answer.status_code == 403


def test_a_page_without_a_rule_cannot_be_made() -> None:
    class Nameless(Page):
        name = "nameless"

    with pytest.raises(LookupError, match="nameless"):
        Nameless()


def test_every_page_of_the_site_passes_the_door(counter: Counter) -> None:
    outside = [
        view for view in counter.site._views if isinstance(view, CustomView) and not isinstance(view, Page | Verify)
    ]
    assert outside == []
