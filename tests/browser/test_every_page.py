"""Every page of the menu, as each role sees it: accessible, fitting, small, whole in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from console.catalogues import is_chinese, messages
from models import enums
from models.enums import Labelled
from tests.browser.acts import staffing_up
from tests.support.browser import DESKTOP, PHONE, City, fits, violations

MOST_BYTES = 1_000_000
LOGINS = ("supervisor", "applicant", "examiner", "inspector", "finance", "system-admin", "audit-admin")
"""Between them they see every page; each looks at what those before have not."""
WITHOUT_SIGN_IN = ("/login", "/verify", "/verify?code=0000-0000-0000-0000")

DATA = {kind.label for kind in enums.DocumentKind} | {"主任"}
"""Titles of documents and of persons stand in the register as they were written."""

TEXTS = """() => {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const within = walker.currentNode.parentElement.closest("script, style, template, [lang=zh]");
        if (!within) found.add(walker.currentNode.textContent.trim());
    }
    for (const each of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
        for (const name of ["aria-label", "placeholder", "title"]) found.add((each.getAttribute(name) || "").trim());
    }
    return [...found, document.title];
}"""


def menu(city: City, page: Page) -> list[str]:
    """The pages that the menu and the account menu lead to."""
    page.goto(f"{city.base}/")
    links = page.eval_on_selector_all("aside a[href], header a[href]", "found => found.map(each => each.pathname)")
    return sorted({str(link).removeprefix("/console") for link in links if "/console/" in link} - {"/"})


def interface_words() -> set[str]:
    """What the console itself says in Chinese, as opposed to what is in the register."""
    vocabulary = {
        member.label
        for kind in vars(enums).values()
        if isinstance(kind, type) and issubclass(kind, Labelled) and kind is not Labelled
        for member in kind
    }
    return (vocabulary | {text for text in messages() if is_chinese(text)}) - DATA


@pytest.fixture(scope="package")
def toured() -> set[str]:
    """The pages that somebody has looked at already."""
    return set()


@pytest.fixture
def case(city: City) -> str:
    return f"/cases/{staffing_up(city)['case_id']}"


def everything(city: City, page: Page, login: str, case: str) -> list[str]:
    own = [f"/apply/{procedure.value}" for procedure in enums.Procedure] if login in ("applicant", "inspector") else []
    return [*menu(city, page), *own, case]


def inside(page: Page) -> list[str]:
    """Where the first row of a list leads."""
    links = page.eval_on_selector_all("main tbody a[href]", "found => found.map(each => each.pathname + each.search)")
    return [str(link).removeprefix("/console") for link in links if "/console/" in link][:1]


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_is_accessible_small_and_fits(city: City, login: str, case: str, toured: set[str]) -> None:
    page = city.at(login)
    faults: list[str] = []
    waiting = everything(city, page, login, case)
    while waiting:
        path = waiting.pop(0)
        if path in toured or city.visit(page, path) >= 400:
            continue
        toured.add(path)
        faults += looked_at(city, page)
        if path.endswith("/list"):
            waiting += inside(page)
    assert not faults, "\n".join(faults)


def test_the_pages_without_sign_in_are_accessible_small_and_fit(city: City) -> None:
    page = city.at(None)
    faults: list[str] = []
    for path in WITHOUT_SIGN_IN:
        city.visit(page, path)
        faults += looked_at(city, page)
    assert not faults, "\n".join(faults)


def looked_at(city: City, page: Page) -> list[str]:
    found = violations(page)
    for width, height in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": height})
        if not fits(page):
            found.append(f"{page.url}: wider than {width} pixels")
    return found


def test_no_page_costs_a_megabyte_with_an_empty_cache(city: City) -> None:
    heavy = {}
    for login, path in (("supervisor", "/desk"), ("supervisor", "/roster/list"), ("examiner", "/worklist")):
        page = city.at(login)
        city.visit(page, path)
        page.wait_for_load_state("load")
        spent = city.watch_of(page).bytes
        assert spent > 0
        if spent > MOST_BYTES:
            heavy[path] = spent
    assert heavy == {}


@pytest.mark.parametrize("login", ["supervisor", "applicant", "inspector"])
def test_an_english_page_says_nothing_of_its_own_in_chinese(city: City, login: str, case: str) -> None:
    page, ours = city.at(login, "en"), interface_words()
    left: list[str] = []
    for path in everything(city, page, login, case):
        if city.visit(page, path) < 400:
            left += [f"{path}: {text}" for text in page.evaluate(TEXTS) if text in ours]
    assert not left, "\n".join(left)


def test_the_language_is_changed_by_the_control_at_the_top(city: City) -> None:
    page = city.at("examiner")
    city.visit(page, "/worklist")
    page.get_by_role("banner").get_by_role("link", name="English").click()
    page.get_by_role("heading", level=1, name="Worklist").wait_for()
    assert page.locator("html").get_attribute("lang") == "en"
    city.visit(page, "/account")  # and stays
    page.get_by_role("banner").get_by_role("link", name="中文").click()
    page.get_by_role("heading", level=1, name="账号").wait_for()
