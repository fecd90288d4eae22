"""What people do at the console, as they do it: by the words on the screen."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, expect

from rules.deadlines import local_day
from tests.support.browser import City
from tests.support.office import identity_no
from tests.support.temporal import utc_now

GATE_SECONDS = 30.0
_meetings = itertools.count(1)
_persons = itertools.count(300)

Fields = Mapping[str, str]


def today() -> date:
    return local_day(utc_now())


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def fill(where: Locator | Page, fields: Fields) -> None:
    """Each control by its label; a select by the text of its option, or by what it begins with."""
    for label, value in fields.items():
        control = where.get_by_label(label).first
        if control.evaluate("each => each.tagName") == "SELECT":
            wanted = re.compile("^" + re.escape(value))
            option = control.locator("option").filter(has_text=wanted).first
            control.select_option(option.get_attribute("value"))
        else:
            control.fill(value)


def somebody() -> dict[str, str]:
    """A made-up person, as the form of an approval asks for one."""
    serial, born = next(_persons), date(1990, 1, 1)
    return {
        "姓名": f"新人{serial}",
        "性别": "男",
        "出生日期": born.isoformat(),
        "身份证件号码": identity_no(serial, born),
    }


def opened_from_worklist(city: City, page: Page, case_no: str) -> None:
    """The officer's own list, and from there the case by a click on its number."""
    city.visit(page, "/worklist")
    page.get_by_role("link", name=case_no).first.click()
    expect(page.locator("#case-no")).to_have_text(case_no)


def press(page: Page, verb: str, fields: Fields | None = None) -> None:
    """Fill the decision box and press one of its buttons; the question that follows stays open."""
    box = page.locator(".case-box")
    fill(box, fields or {})
    box.get_by_role("button", name=verb, exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def confirm(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="确认", exact=True).click()


def decide(page: Page, verb: str, fields: Fields | None = None) -> None:
    """Decide by clicking; returns when the page says that the decision counts."""
    press(page, verb, fields)
    confirm(page)
    expect(answers(page).filter(has_text=accepted(verb)).first).to_be_visible()


def accepted(verb: str) -> re.Pattern[str]:
    """A page that answers later also says of whom."""
    return re.compile(rf"{re.escape(verb)}( · [^：]*)?：采纳")


def answers(page: Page) -> Locator:
    """Where the page says what an act came to: at once, or where it said that it was being judged."""
    return page.locator("#alertContainer, [data-judged]")


def takes_from_worklist(city: City, login: str, case_no: str, verb: str, fields: Fields | None = None) -> Page:
    """One officer's turn: from the list into the case and through the decision box. The window stays open."""
    page = city.at(login)
    opened_from_worklist(city, page, case_no)
    decide(page, verb, fields)
    return page


# --- cases that a test only needs to be there: through the HTTP API, as any client would open them ----------------


def meeting() -> str:
    """Its own each time: the gate refuses the same application twice."""
    return f"局党组会议〔{today().year}〕第{next(_meetings)}次"


def line(resource: str = "headcount:administrative", way: str = "examination", **more: Any) -> dict[str, Any]:
    return {"resource": resource, "number": 1, "way": way, "reason": "补充业务力量"} | more


def staffing_up(city: City, *lines: dict[str, Any], login: str = "applicant") -> dict[str, Any]:
    """An application that has passed the gate: {case_id, case_no, …}."""
    body = {
        "unit": city.accounts[login]["unit"],
        "lines": list(lines) or [line()],
        "basis": {"meeting": meeting(), "date": today().isoformat()},
        "contact": "王示申 0000-8000000",
    }
    key, end = f"browser-{next(_meetings)}", time.monotonic() + GATE_SECONDS
    while True:
        answer = city.post(login, "/applications/staffing-up", key, body)
        assert answer.status_code == 201, answer.text
        opened: dict[str, Any] = answer.json()
        if opened["state"] == "accepted":
            return opened
        assert opened["state"] == "submitted", opened
        assert time.monotonic() < end, "the gate never speaks"
