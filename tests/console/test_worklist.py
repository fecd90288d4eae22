"""待办: tabs with counts, rows in words, filters and pages in the address, empty states."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from docket import desks
from docket.officers import add_officer
from models.decisions import Copy, Officer, Resubmission
from models.enums import CommandKind, Department, Role
from tests.support.console import Counter, text_of
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    SERVICES,
    SUPERVISOR,
    Office,
    application,
    line,
)


def numbers(text: str) -> list[str]:
    """Case numbers that a reader sees, in their order."""
    return list(dict.fromkeys(re.findall(r"用编2026-\d{5}", text)))


async def test_an_examiner_finds_the_case_in_words_with_a_link(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/worklist")
    text = text_of(page)
    assert page.status_code == 200
    assert f"/console/cases/{case_id}?from=worklist" in page.text
    for words in ("用编2026-00001", "示范市发展研究局", "用编落编", "审核", "已受理", "编办", "还有5个工作日"):
        assert words in text
    assert case_id not in text


async def test_without_work_the_page_says_so_and_where_to_look(counter: Counter) -> None:
    async with counter.browser(FINANCE) as b:
        text = text_of(await b.get("/worklist"))
        narrowed = text_of(await b.get("/worklist?q=没有"))
    assert "没有等待您办理的事项" in text
    assert "没有符合条件的事项" in narrowed


async def test_each_tab_carries_its_count(counter: Counter, office: Office) -> None:
    first = office.opened()
    office.opened(application(meeting="乙"))
    office.accepted(office.decide(first, "examine", EXAMINER))
    office.accepted(office.order(first, CommandKind.COPY, Copy(departments=[Department.ESTABLISHMENT]), EXAMINER))
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/worklist")
    counted = dict(re.findall(r'data-count="([a-z]+)">(\d+)', page.text))
    assert counted == {"mine": "1", "department": "2", "started": "0", "done": "1", "copied": "1", "all": "2"}


async def test_the_tabs_show_what_their_names_say(counter: Counter, office: Office) -> None:
    first = office.opened()
    office.later(minutes=1)
    office.opened(application(meeting="乙"))
    office.accepted(office.decide(first, "examine", EXAMINER))
    async with counter.browser(EXAMINER) as b:
        seen = {tab: numbers(text_of(await b.get(f"/worklist?tab={tab}"))) for tab in ("mine", "done", "all")}
        done = text_of(await b.get("/worklist?tab=done"))
    assert seen == {
        "mine": ["用编2026-00002"],
        "done": ["用编2026-00001"],
        "all": ["用编2026-00001", "用编2026-00002"],
    }
    assert "审核：同意" in done


async def test_a_unit_sees_its_own_cases_only(counter: Counter, office: Office) -> None:
    office.opened()
    office.opened(application(line("headcount:institution-full"), unit=SERVICES), OTHER_APPLICANT)
    async with counter.browser(APPLICANT) as b:
        for tab in ("mine", "department", "started", "done", "copied", "all"):
            assert "用编2026-00002" not in text_of(await b.get(f"/worklist?tab={tab}"))
        assert numbers(text_of(await b.get("/worklist?tab=started"))) == ["用编2026-00001"]


async def test_a_returned_case_is_new_on_its_unit_s_list(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    async with counter.browser(APPLICANT) as b:
        text = text_of(await b.get("/worklist"))
    assert "新" in text
    assert "补正后重报" in text
    assert "退回补正" in text


async def test_what_is_late_is_said_in_words_and_climbs_to_the_head(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.later(days=8)
    for _ in range(2):
        office.ring(case_id)
    async with counter.browser(HEAD) as b:
        text = text_of(await b.get("/worklist"))
    assert "超期1个工作日" in text
    assert "已上报" in text


async def test_posts_are_named_with_their_kind(counter: Counter, office: Office) -> None:
    [slot] = office.issued(office.opened())
    async with counter.browser(ORGANISATION) as b:
        text = text_of(await b.get("/worklist"))
    assert f"{slot} 行政编制" in text
    assert "人员审批" in text


async def test_supervisors_begin_with_everything(counter: Counter, office: Office) -> None:
    office.opened()
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/worklist")
    assert numbers(text_of(page)) == ["用编2026-00001"]
    assert re.findall('data-count="([a-z]+)"', page.text) == ["mine", "copied", "all"]


async def test_administrators_are_refused(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        administrator = add_officer(
            s, id="admin", login="admin", name="管理", department=Department.ADMINISTRATION, roles={Role.SYSTEM_ADMIN}
        )
    async with counter.browser(administrator) as b:
        assert (await b.get("/worklist")).status_code == 403


async def test_filters_stay_in_the_form_and_work_together(counter: Counter, office: Office) -> None:
    office.opened()
    office.opened(application(line("headcount:institution-full"), unit=SERVICES), OTHER_APPLICANT)
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/worklist?tab=all&unit=公共服务&procedure=staffing-up&step=examine&state=accepted&q=00002")
        late = await b.get("/worklist?overdue=1")
    assert numbers(text_of(page)) == ["用编2026-00002"]
    assert 'value="公共服务"' in page.text
    assert '<option value="staffing-up" selected>' in page.text
    assert "符合条件的有1件" in text_of(page)
    assert numbers(text_of(late)) == []


@pytest.mark.parametrize("query", ["state=x", "after=x", "step=y", "procedure=1"])
async def test_an_address_that_means_nothing_is_refused_in_words(counter: Counter, query: str) -> None:
    async with counter.browser(EXAMINER) as b:
        assert (await b.get(f"/worklist?{query}")).status_code == 400
        assert (await b.get("/worklist?tab=x")).status_code == 404


async def test_the_second_page_goes_on_where_the_first_ended(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "PAGE", 2)
    for n in range(3):
        office.opened(application(meeting=f"{n}"))
        office.later(minutes=1)
    async with counter.browser(EXAMINER) as b:
        first = await b.get("/worklist?tab=all&q=用编")
        [following] = re.findall(r'rel="next" href="http://office.test/console([^"]+)"', first.text)
        second = await b.get(following.replace("&amp;", "&"))
    assert "q=" in following
    assert numbers(text_of(first)) == ["用编2026-00001", "用编2026-00002"]
    assert numbers(text_of(second)) == ["用编2026-00003"]
    assert "回到第一页" in text_of(second)


async def test_the_page_reads_in_english(counter: Counter, office: Office) -> None:
    office.opened()
    async with counter.browser(EXAMINER, language="en") as b:
        for tab in ("mine", "department", "started", "done", "copied", "all"):
            page = await b.get(f"/worklist?tab={tab}")
            body = page.text.split('class="page-wrapper"')[1]
            shown = re.sub(r"<(script|template)\b.*?</\1>", "", body, flags=re.S)
            shown = re.sub("示范市发展研究局[^<]*|用编2026", "", shown)  # titles, names and numbers stay as they are
            chinese = re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<[^>]+>", " ", shown))
            assert chinese == [], (tab, chinese)
        text = text_of(await b.get("/worklist"))
    assert "My tasks" in text or "my tasks" in text


async def test_fifty_rows_cost_no_more_statements_than_one(counter: Counter, office: Office) -> None:
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    async def cost(officer: Officer, tab: str) -> int:
        async with counter.browser(officer) as b:
            await b.get("/worklist")
            seen.clear()
            event.listen(office.database.engine, "before_cursor_execute", note)
            page = await b.get(f"/worklist?tab={tab}")
            event.remove(office.database.engine, "before_cursor_execute", note)
        assert page.status_code == 200
        return len(seen)

    office.opened()
    asked = [(EXAMINER, "mine"), (HEAD, "department"), (SUPERVISOR, "all"), (APPLICANT, "started"), (ISSUER, "done")]
    before = [await cost(*each) for each in asked]
    for n in range(50):
        office.opened(application(meeting=f"{n}"))
    assert [await cost(*each) for each in asked] == before
    assert max(before) <= 10


async def test_of_a_long_list_the_count_stops(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "COUNTED", 2)
    for n in range(3):
        office.opened(application(meeting=f"{n}"))
    async with counter.browser(EXAMINER) as b:
        assert 'data-count="mine">1+<' in (await b.get("/worklist")).text


async def test_a_round_after_the_first_is_marked(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    again = Resubmission(application=application(meeting="丙"))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, again, APPLICANT))
    async with counter.browser(EXAMINER) as b:
        assert "第2轮" in text_of(await b.get("/worklist"))
