"""`make screenshots`: the pictures of docs/console.md, from the sample data. Not collected by `make test`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runtime.demo import run_demo
from tests.browser.acts import fill, line, meeting, opened_from_worklist, press, staffing_up, today
from tests.support.browser import DESKTOP, PHONE, City

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
TALLEST = 1250
MOST_BYTES = 204_800


@pytest.fixture(scope="module")
def busy(whole_city: City) -> dict[str, str]:
    """An office in the middle of its day: one case closed, some waiting for one or the other. Name → case number."""
    city = whole_city
    closed = run_demo(city.settings, city.settings.api_url, lambda _: None)
    seat = line("post:internal-deputy", "leader-appointment", internal_body="规划处", reason="配备副处长")
    fresh = staffing_up(city, line(internal_body="规划处"), seat)
    centre = staffing_up(city, line("headcount:institution-full", "public-hiring"), login="applicant-centre")
    examined = staffing_up(city, line())
    body = {"step": "examine", "round": 1, "verdict": "approve", "opinion": "编制空余，同意。"}
    assert city.post("examiner", f"/cases/{examined['case_id']}/decisions", "examined", body).status_code == 200
    warned = {
        "unit": city.get("supervisor", "/units", q="示范市信息服务中心")["items"][0]["code"],
        "indicator": "over-quota",
        "value": "110%",
        "threshold": "100%",
        "facts": "实有22名，核定20名。",
        "level": "remind",
    }
    assert city.post("inspector", "/warnings", "warned", warned).status_code == 201
    return {"closed": closed.case_id, "fresh": fresh["case_no"], "centre": centre["case_no"]}


def take(page: Page, name: str, height: int | None = None) -> None:
    """The page as tall as it is, as far as a reader would scroll; small enough for a repository."""
    width = page.viewport_size["width"] if page.viewport_size else DESKTOP[0]
    page.evaluate("() => document.fonts.ready")
    tall = int(page.evaluate("() => document.scrollingElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": min(tall, height or TALLEST)})
    page.evaluate("() => document.activeElement && document.activeElement.blur()")
    path = SCREENS / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size <= MOST_BYTES, f"{path}: {path.stat().st_size} bytes"


def test_sign_in_and_verification(city: City, busy: dict[str, str]) -> None:
    page = city.at(None)
    city.visit(page, "/login")
    take(page, "sign-in")
    documents = city.get("supervisor", f"/cases/{busy['closed']}")["documents"]
    city.visit(page, f"/verify?code={documents[-1]['code']}")
    take(page, "verify")


def test_an_application(city: City, busy: dict[str, str]) -> None:
    page = city.at("applicant")
    city.visit(page, "/apply")
    take(page, "apply")
    city.visit(page, "/apply/staffing-up")
    fill(page, {"编制或职数": "行政编制", "人数": "2", "进入方式": "公务员考录", "用编原因": "补充业务力量"})
    fill(page, {"会议名称": meeting(), "会议日期": today().isoformat(), "联系人": "王示申 0000-8000000"})
    page.get_by_role("button", name="提交前检查").click()
    expect(page.get_by_role("heading", name="提交前检查的结果")).to_be_visible()
    take(page, "apply-form")
    page.get_by_role("button", name="下一步：核对并提交").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("核对并提交")
    take(page, "apply-confirm")
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("提交回执")
    take(page, "apply-receipt")


@pytest.mark.parametrize(("size", "name"), [(DESKTOP, "worklist"), (PHONE, "worklist-phone")])
def test_the_worklist(city: City, busy: dict[str, str], size: tuple[int, int], name: str) -> None:
    page = city.at("examiner", size=size)
    city.visit(page, "/worklist")
    take(page, name, size[1])


def test_a_case(city: City, busy: dict[str, str]) -> None:
    page = city.at("examiner")
    opened_from_worklist(city, page, busy["fresh"])
    take(page, "case", 880)
    press(page, "审核同意", {"意见": "编制空余，同意。"})
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    page.screenshot(path=SCREENS / "case-confirm.png", animations="disabled")


def test_a_case_in_english(city: City, busy: dict[str, str]) -> None:
    page = city.at("supervisor", "en")
    city.visit(page, f"/cases/{busy['closed']}")
    take(page, "case-english", 1000)


def test_the_desk(city: City, busy: dict[str, str]) -> None:
    page = city.at("supervisor")
    city.visit(page, "/desk")
    expect(page.locator(".desk-chart svg").first).to_be_visible()
    take(page, "desk")


def test_registers(city: City, busy: dict[str, str]) -> None:
    page = city.at("supervisor")
    city.visit(page, "/units/list")
    take(page, "units", DESKTOP[1])
    unit = city.accounts["applicant"]["unit"]
    city.visit(page, f"/units/detail?pk={unit}")
    take(page, "unit")
    documents = city.get("supervisor", f"/cases/{busy['closed']}")["documents"]
    slip = next(each for each in documents if each["kind"] == "verification_slip")
    city.visit(page, f"/records/{slip['id']}")
    expect(page.locator("main img").first).to_be_visible(timeout=60_000)  # drawn when first asked for
    take(page, "record", 780)
