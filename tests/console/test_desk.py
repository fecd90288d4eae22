"""监督台 in the browser: whose it is, that its figures are those of the lists behind them, and what it costs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event, update
from sqlmodel import select

from console.views.desk import KEPT
from models.decisions import Officer
from models.enums import Department, Procedure
from models.register import Case, Holder, Suspension, table_of
from rules.deadlines import local_day
from tests.rectification import acts
from tests.support.console import AtOnce, Browser, Counter, text_of
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    ORGANISATION,
    RESEARCH,
    SERVICES,
    SUPERVISOR,
    Office,
    application,
    line,
)
from tests.warning.support import raised

_case, _holder = table_of(Case), table_of(Holder)
MOST_STATEMENTS = 30


def cards_of(page: httpx.Response) -> dict[str, tuple[int, str]]:
    """Name of each card → its number and where it leads."""
    found = re.findall(
        r'desk-card-\w+" href="([^"]+)">.*?desk-card-name">([^<]+)<.*?desk-card-number">(\d+)<', page.text, re.S
    )
    return {name: (int(number), href.replace("&amp;", "&")) for href, name, number in found}


async def lines_behind(b: Browser, href: str) -> int:
    """How many rows the list behind a link shows."""
    answer = await b.http.get(href)
    assert answer.status_code == 200, href
    body = re.search(r"<tbody.*?</tbody>", answer.text, re.S)
    return len(re.findall(r"<tr\b", body.group(0))) if body else 0


def charts_of(page: httpx.Response) -> dict[str, Any]:
    found = re.findall(r'data-chart="chart-(\w+)">(.*?)</script>', page.text, re.S)
    return {name: json.loads(text) for name, text in found}


@contextmanager
def counted(office: Office) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(statement)

    engine = office.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def busy(office: Office) -> None:
    """Cases in every place that a card counts."""
    raised(office)
    acts.opened(office, acts.problem("P1"), unit=SERVICES)
    office.opened(application(line("headcount:worker"), meeting="局党组会议〔2026〕第9次"))
    office.issued(office.opened())
    office.deliver_outbox()


# --- whose it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/desk", "/desk/quota", "/desk/quota.csv"])
@pytest.mark.parametrize("officer", [APPLICANT, FINANCE, ORGANISATION])
async def test_it_is_closed_to_units_and_to_departments_without_oversight(
    counter: Counter, officer: Officer, path: str
) -> None:
    async with counter.browser(officer) as b:
        assert (await b.get(path)).status_code == 403
    async with counter.browser() as b:
        assert (await b.get(path)).status_code == 303


@pytest.mark.parametrize("officer", [SUPERVISOR, EXAMINER, COMMISSION])
async def test_it_is_open_to_oversight(counter: Counter, officer: Officer) -> None:
    async with counter.browser(officer) as b:
        page = await b.get("/desk")
    assert page.status_code == 200
    assert page.text.count("<h1") - page.text.count('<h1 class="navbar-brand') == 1


# --- figures -----------------------------------------------------------------------------------------------------


async def test_every_number_is_that_of_the_list_behind_it(counter: Counter, office: Office) -> None:
    busy(office)
    acts.past_due(office, acts.opened(office, acts.problem("P9"), unit=RESEARCH))
    async with counter.browser(SUPERVISOR) as b:
        cards = cards_of(await b.get("/desk"))
        assert cards["在办"][0] == 5
        assert cards["未办结预警"][0] == 1
        assert cards["未销号问题"][0] == 2
        assert cards["正在暂停受理"][0] == 1
        assert cards["已超期"][0] > 0
        for name, (number, href) in cards.items():
            if href.startswith("#"):
                continue
            assert await lines_behind(b, href) == number, name


async def test_what_is_due_today_and_slips_about_to_expire_lead_to_their_lists(
    counter: Counter, office: Office
) -> None:
    office.issued(office.opened())
    office.now = office.now.replace(month=8, day=31)
    office.opened(application(line("headcount:worker"), meeting="局党组会议〔2026〕第9次"))
    office.later(days=2)
    with office.database.write() as s:  # as if the examiner had been given until today
        s.execute(update(_case).where(_case.c.no == "用编2026-00002").values(due_at=office.now.replace(hour=15)))
    async with counter.browser(SUPERVISOR) as b:
        cards = cards_of(await b.get("/desk"))
        assert cards["今日到期"][0] == 1
        assert cards["核定单即将到期"][0] == 1
        assert await lines_behind(b, cards["今日到期"][1]) == 1
        assert await lines_behind(b, cards["核定单即将到期"][1]) == 1


async def test_the_heat_map_counts_cases_by_step_and_leads_to_them(counter: Counter, office: Office) -> None:
    busy(office)
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/desk")
        links = re.findall(r'<th scope="row">([^<]+)</th><td class="text-end"><a href="([^"]+)">(\d+)</a>', page.text)
        assert {name: int(number) for name, _href, number in links} == {
            "审核": 1,
            "人员审批": 1,
            "报告整改情况": 1,
            "电话提醒": 1,
        }
        for name, href, number in links:
            assert await lines_behind(b, href.replace("&amp;", "&")) == int(number), name
    assert page.text.count('class="procedure-diagram"') == len(Procedure)


async def test_the_longest_overdue_cases_are_named_with_their_card(counter: Counter, office: Office) -> None:
    office.opened()
    office.later(days=8)
    office.opened(application(line("headcount:worker"), meeting="局党组会议〔2026〕第9次"))
    async with counter.browser(SUPERVISOR) as b:
        yellow = text_of(await b.get("/desk"))
    office.later(days=30)
    async with counter.browser(SUPERVISOR) as b:
        red = text_of(await b.get("/desk"))
    assert "黄牌1件，红牌0件" in yellow
    assert "黄牌 用编2026-00001" in yellow
    assert "红牌 用编2026-00001" in red


async def test_a_stuck_case_says_why_and_the_engine_is_shown_only_to_those_who_may_open_it(
    counter: Counter, office: Office
) -> None:
    case_id = office.apply()
    office.later(minutes=5)
    assert isinstance(counter.runtime.temporal, AtOnce)
    counter.runtime.temporal.away = True
    async with counter.browser(SUPERVISOR) as b:
        supervisor = await b.get("/desk")
    async with counter.browser(EXAMINER) as b:
        examiner = await b.get("/desk")
    for page in (supervisor, examiner):
        assert "“申请”已登记，流程引擎不可用，尚未送达" in text_of(page)
        assert "流程引擎：不可用" in text_of(page)
        assert f"/console/cases/{case_id}" in page.text
    engine = f"{counter.runtime.settings.ui_url}/namespaces/default/workflows/{case_id}"
    assert engine in supervisor.text
    assert engine not in examiner.text


# --- charts ------------------------------------------------------------------------------------------------------


async def test_every_chart_has_its_numbers_as_a_table_too(counter: Counter, office: Office) -> None:
    busy(office)
    async with counter.browser(HEAD) as b:
        page = await b.get("/desk")
    charts = charts_of(page)
    assert set(charts) == {"ageing", "pace", "quota", "weeks", "months"}
    assert page.text.count("<details>\n                                    <summary>用表格看<span") == 5
    shown = text_of(page)
    for chart in charts.values():
        for series in chart["series"]:
            assert len(series["data"]) == len(chart["categories"])
    assert "示范市公共服务中心 6 4 0 0 2 0 67%" in shown
    assert [series["data"] for series in charts["quota"]["series"]] == [[4, 6], [0, 1], [0, 0], [2, 5], [0, 0]]


async def test_the_charts_are_narrowed_by_class_and_kind_and_refuse_what_does_not_exist(
    counter: Counter, office: Office
) -> None:
    async with counter.browser(SUPERVISOR) as b:
        posts = charts_of(await b.get("/desk?class=post&days=365"))
        institutions = charts_of(await b.get("/desk?kind=institution"))
        for wrong in ("class=gold", "days=7", "kind=club"):
            assert (await b.get(f"/desk?{wrong}")).status_code == 400
    assert posts["quota"]["categories"] == ["示范市发展研究局"]
    assert institutions["quota"]["categories"] == ["示范市公共服务中心"]


async def test_trends_are_kept_for_some_minutes_and_the_page_says_since_when(counter: Counter, office: Office) -> None:
    async with counter.browser(SUPERVISOR) as b:
        first = await b.get("/desk")
        office.opened()
        office.later(minutes=1)
        second = await b.get("/desk")
        office.now += KEPT
        third = await b.get("/desk")
    assert cards_of(second)["在办"][0] == 1, "figures are of now"
    opened = [charts_of(page)["weeks"]["series"][0]["data"][-1] for page in (first, second, third)]
    assert opened == [0, 0, 1]
    assert "截至 09:00" in text_of(second)
    assert "截至 09:06" in text_of(third)


async def test_a_page_costs_the_same_few_statements_however_many_cases_there_are(
    counter: Counter, office: Office
) -> None:
    async with counter.browser(SUPERVISOR) as b:
        await b.get("/desk")
        with counted(office) as few:
            await b.get("/desk?days=365")
        busy(office)
        with counted(office) as many:
            await b.get("/desk?days=365&class=post")
    assert len(few) == len(many)
    assert len(many) <= MOST_STATEMENTS


# --- quota as of a day -------------------------------------------------------------------------------------------


async def test_quota_is_shown_as_of_the_day_that_was_asked_for(counter: Counter, office: Office) -> None:
    opened = local_day(office.now)
    office.later(days=40)
    office.issued(office.opened())
    async with counter.browser(SUPERVISOR) as b:
        now = text_of(await b.get("/desk/quota"))
        then = text_of(await b.get(f"/desk/quota?as_of={opened}"))
        wrong = await b.get("/desk/quota?as_of=2026-02-30")
    assert "截至2026年4月11日" in now
    assert "行政编制 10 6 1 0 3 0" in now
    assert "截至2026年3月2日" in then
    assert "行政编制 10 6 0 0 4 0" in then
    assert wrong.status_code == 400


async def test_the_export_has_every_unit_and_no_formula(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        s.execute(update(_holder).where(_holder.c.id == SERVICES).values(name="=HYPERLINK(1)"))
    async with counter.browser(SUPERVISOR) as b:
        answer = await b.get("/desk/quota.csv?as_of=2026-03-02")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["截至2026年3月2日"]
    assert rows[1] == ["单位", "类别", "核定", "实有", "在途", "预留", "空余", "超编"]
    assert ["示范市发展研究局", "行政编制", "10", "6", "0", "0", "4", "0"] in rows
    assert {row[0] for row in rows[2:]} == {"示范市发展研究局", "'=HYPERLINK(1)"}


async def test_the_export_of_quotas_counts_as_every_export(counter: Counter) -> None:
    async with counter.browser(SUPERVISOR) as b:
        answers = [await b.get("/desk/quota.csv") for _ in range(11)]
        assert [each.status_code for each in answers] == [200] * 10 + [429]
        assert (await b.get("/quotas/export?format=csv")).status_code == 429
    assert answers[0].headers["cache-control"] == "private, no-store"


async def test_suspensions_are_counted_as_their_list_shows_them(counter: Counter, office: Office) -> None:
    acts.past_due(office, acts.opened(office, acts.problem("P9"), unit=RESEARCH))
    with office.database.write() as s:
        first = s.exec(select(Suspension)).one()
        again = first.model_dump(exclude={"id", "number"}) | {"from_at": office.now + timedelta(days=3)}
        s.add(Suspension(id="again", number="示编停〔2026〕99号", **again))
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/desk")
        number, href = cards_of(page)["正在暂停受理"]
        assert number == await lines_behind(b, href) == 2
    assert "涉及1个单位" in text_of(page)


async def test_a_failed_refresh_has_its_words(counter: Counter) -> None:
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/desk")
        script = await b.get("/static/console/desk.js")
    assert 'role="status"' in page.text.partition('id="desk-refreshed"')[2][:80]
    assert 'data-failed="未能刷新，显示的是较早的数据"' in page.text
    assert "dataset.failed" in script.text


# --- the reader's language ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/desk", "/desk/quota"])
async def test_in_english_no_word_of_ours_is_left_in_chinese(counter: Counter, office: Office, path: str) -> None:
    busy(office)
    office.apply(application(line("headcount:worker"), meeting="局党组会议〔2026〕第19次"))
    office.later(days=30)
    async with counter.browser(SUPERVISOR, language="en") as b:
        page = await b.get(path)
    main = page.text[page.text.index('class="page-body') :]
    main = re.sub(r"<(td|th scope=\"row\w*)\b.*?</t[dh]>|<script.*?</script>", " ", main, flags=re.S)  # data stay
    assert re.findall(r"[\u4e00-\u9fff]+", main) == []


async def test_the_departments_of_oversight_are_those_of_the_api(counter: Counter) -> None:
    oversight = {Department.ESTABLISHMENT, Department.COMMISSION, Department.DISCIPLINE, Department.SUPERVISION}
    for department in Department:
        someone = SUPERVISOR.model_copy(update={"department": department, "roles": frozenset()})
        page = next(view for view in counter.site._views if getattr(view, "name", "") == "desk")
        request = type("R", (), {"state": type("S", (), {})()})()
        request.state.admin_user = type("U", (), {"officer": someone, "person": someone})()
        assert page.is_accessible(request) == (department in oversight)
