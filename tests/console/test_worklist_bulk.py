"""批量办理: one decision for several cases of one step, each judged by itself, none committed twice."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, func, select, update

from models.decisions import Officer
from models.enums import CommandKind, Procedure, Role, State, Step, Verdict
from models.register import Command, OfficerRow
from rules.bulk import verdicts_together
from tests.support.console import Browser, Counter, text_of
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    Office,
    application,
    line,
)


def several(office: Office, number: int) -> list[str]:
    return [office.opened(application(meeting=f"第{n}次")) for n in range(number)]


def picks(page: httpx.Response) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'name="pick" value="([^"]+)"', page.text)]


def items(page: httpx.Response) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'name="item" value="([^"]+)"', page.text)]


async def confirmed(b: Browser, chosen: list[str], verdict: str, opinion: str = "") -> httpx.Response:
    return await b.post("/worklist/bulk/confirm", {"pick": chosen, "verdict": verdict, "opinion": opinion})


async def decided(b: Browser, page: httpx.Response, verdict: str, opinion: str = "") -> httpx.Response:
    return await b.post("/worklist/bulk/decide", {"item": items(page), "verdict": verdict, "opinion": opinion})


def decisions(office: Office) -> int:
    with office.database.read() as s:
        rows = select(func.count()).select_from(Command).where(col(Command.kind) == CommandKind.DECIDE.value)
        return int(s.exec(rows).one())


async def test_three_cases_are_examined_with_one_decision(counter: Counter, office: Office) -> None:
    ids = several(office, 3)
    async with counter.browser(EXAMINER) as b:
        chosen = picks(await b.get("/worklist"))
        assert len(chosen) == 3
        first = await b.post("/worklist/bulk", {"pick": chosen})
        assert "对所选3件作出同一决定" in text_of(first)
        page = await confirmed(b, chosen, "approve", "符合规定")
        said = text_of(page)
        assert "3件均按申请数全额核定" in said
        assert all(f"用编2026-0000{n}" in said for n in (1, 2, 3))
        assert decisions(office) == 0
        result = text_of(await decided(b, page, "approve", "符合规定"))
    assert "采纳3件" in result
    for case_id in ids:
        docket = office.docket(case_id)
        assert (docket.state, docket.decisions[0].opinion) == (State.IN_PROGRESS, "符合规定")


async def test_one_that_is_refused_does_not_stop_the_others(counter: Counter, office: Office) -> None:
    ids = several(office, 3)
    async with counter.browser(EXAMINER) as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        office.accepted(office.decide(ids[1], "examine", EXAMINER))  # a colleague was quicker
        result = await decided(b, page, "approve")
    text = text_of(result)
    assert re.search("采纳2件，\\s*不予采纳1件", text)
    assert "该环节已作决定 A 三（审批程序）" in text
    assert [office.docket(case_id).state for case_id in ids] == [State.IN_PROGRESS] * 3


async def test_whoever_applied_is_refused_with_the_clause(counter: Counter, office: Office) -> None:
    """A form that was filled in by hand: the list would not have offered the case."""
    [case_id] = several(office, 1)
    moved = APPLICANT.model_copy(update={"department": EXAMINER.department, "roles": EXAMINER.roles, "unit": None})
    _moved(office, moved)
    async with counter.browser(moved) as b:
        assert picks(await b.get("/worklist")) == []
        answer = await b.post(
            "/worklist/bulk/decide", {"item": [f"key-1|{case_id}|examine|1|"], "verdict": "approve", "opinion": ""}
        )
    text = text_of(answer)
    assert "不予采纳1件" in text
    assert str(office.docket(case_id).receipts[-1].clause) in text
    assert office.docket(case_id).state is State.ACCEPTED


def _moved(office: Office, officer: Officer) -> None:
    """The officer has changed to another department."""
    with office.database.write() as s:
        s.execute(
            update(OfficerRow)
            .where(col(OfficerRow.id) == officer.id)
            .values(department=officer.department.value, unit=None, roles=",".join(officer.roles))
        )


async def test_a_second_click_commits_nothing_and_shows_the_same(counter: Counter, office: Office) -> None:
    several(office, 2)
    async with counter.browser(EXAMINER) as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        first = text_of(await decided(b, page, "approve"))
        again = text_of(await decided(b, page, "approve"))
    assert first == again
    assert decisions(office) == 2


async def test_the_same_form_with_another_verdict_is_refused(counter: Counter, office: Office) -> None:
    several(office, 1)
    async with counter.browser(EXAMINER) as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        await decided(b, page, "approve")
        text = text_of(await decided(b, page, "reject", "改变主意"))
    assert "不予采纳1件" in text
    assert decisions(office) == 1


async def test_different_steps_are_refused_in_words(counter: Counter, office: Office) -> None:
    first, _second = several(office, 2)
    both = EXAMINER.model_copy(update={"roles": frozenset({Role.EXAMINER, Role.ISSUER})})
    office.accepted(office.decide(first, "examine", EXAMINER))
    _moved(office, both.model_copy(update={"id": ISSUER.id}))
    async with counter.browser(ISSUER) as b:
        chosen = picks(await b.get("/worklist"))
        assert len(chosen) == 2
        for path in ("/worklist/bulk", "/worklist/bulk/confirm"):
            page = await b.post(path, {"pick": chosen, "verdict": "approve"})
            assert page.status_code == 422
            assert "不在同一环节" in text_of(page)
    assert decisions(office) == 1


async def test_steps_that_name_a_person_are_decided_one_by_one(counter: Counter, office: Office) -> None:
    [case_id] = several(office, 1)
    [slot] = office.issued(case_id)
    async with counter.browser(ORGANISATION) as b:
        assert picks(await b.get("/worklist")) == []
        page = await b.post("/worklist/bulk", {"pick": [f"{case_id}|approve-persons|1|{slot}"]})
    assert page.status_code == 422
    assert "须逐件填写内容" in text_of(page)


async def test_acknowledgements_of_two_posts_of_one_case_are_given_together(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    for serial, slot in enumerate(office.issued(case_id), 300):
        office.entered(case_id, slot, serial)
    for officer in (FINANCE, INSURANCE):
        async with counter.browser(officer) as b:
            chosen = picks(await b.get("/worklist"))
            assert len(chosen) == 2
            page = await confirmed(b, chosen, "acknowledge")
            assert "采纳2件" in text_of(await decided(b, page, "acknowledge"))
    assert office.docket(case_id).state is State.CLOSED


@pytest.mark.parametrize("verdict", ["reject", "return"])
async def test_a_reason_is_asked_for_where_one_is_needed(counter: Counter, office: Office, verdict: str) -> None:
    several(office, 2)
    async with counter.browser(EXAMINER) as b:
        chosen = picks(await b.get("/worklist"))
        page = await confirmed(b, chosen, verdict, "  ")
        assert page.status_code == 422
        assert "须写明理由" in text_of(page)
        assert f'value="{verdict}" required checked' in page.text
        result = text_of(await decided(b, await confirmed(b, chosen, verdict, "依据不足"), verdict, "依据不足"))
    assert "采纳2件" in result


async def test_nothing_chosen_and_too_many_are_said(counter: Counter, office: Office) -> None:
    async with counter.browser(EXAMINER) as b:
        none = await b.post("/worklist/bulk", {})
        many = await b.post("/worklist/bulk", {"pick": [f"c{n}|examine|1|" for n in range(51)]})
        gone = await b.post("/worklist/bulk", {"pick": ["c1|examine|1|"]})
        odd = await b.post("/worklist/bulk", {"pick": ["c1"]})
        empty = await b.post("/worklist/bulk/decide", {"verdict": "approve"})
        keyless = await b.post("/worklist/bulk/decide", {"item": ["|c1|examine|1|"], "verdict": "approve"})
    assert "没有选中事项" in text_of(none)
    assert "至多批量办理50件" in text_of(many)
    assert "已不再等待您办理" in text_of(gone)
    assert [page.status_code for page in (odd, empty, keyless)] == [400, 400, 400]


async def test_a_case_of_nobody_is_refused_and_the_rest_goes_on(counter: Counter, office: Office) -> None:
    several(office, 1)
    async with counter.browser(EXAMINER) as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        form = {"item": ["key-9|nowhere|examine|1|", *items(page)], "verdict": "approve", "opinion": ""}
        text = text_of(await b.post("/worklist/bulk/decide", form))
    assert "采纳1件" in text
    assert "无权查看的事项" in text


async def test_while_the_engine_is_away_decisions_are_kept(
    tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(office, 2)
    counter = Counter(tmp_path, office)
    counter.runtime.watch_seconds = 0.0

    async def away(*_arguments: Any) -> bool:
        return False

    monkeypatch.setattr(type(counter.app.state.messenger), "deliver", away)
    async with counter.browser(EXAMINER) as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        text = text_of(await decided(b, page, "approve"))
        done = text_of(await b.get("/worklist?tab=done"))
    assert "已登记待处理2件" in text
    assert "已登记，待处理" in done
    assert decisions(office) == 2


async def test_who_reloads_a_form_s_page_is_led_to_the_list(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        for path in ("/worklist/bulk", "/worklist/bulk/confirm", "/worklist/bulk/decide"):
            answer = await b.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].endswith("/console/worklist")


async def test_the_pages_read_in_english(counter: Counter, office: Office) -> None:
    several(office, 1)
    async with counter.browser(EXAMINER, language="en") as b:
        page = await confirmed(b, picks(await b.get("/worklist")), "approve")
        assert "Check and submit" in text_of(page)
        assert "accepted: 1" in text_of(await decided(b, page, "approve"))


def test_only_steps_that_want_nothing_but_a_verdict_are_decided_together() -> None:
    together = {
        (procedure, step) for procedure in Procedure for step in Step if verdicts_together(procedure, step.value)
    }
    assert (Procedure.STAFFING_UP, Step.FINANCE) in together
    assert (Procedure.ESTABLISHMENT_CHANGE, Step.CONSULT_FINANCE) in together
    one_by_one = {Step.APPROVE_PERSONS, Step.APPROVE_EXIT, Step.ENTER, Step.EXIT, Step.DECIDE, Step.SIGN, Step.SUSPEND}
    assert not {step for _, step in together} & one_by_one
    assert verdicts_together(Procedure.STAFFING_UP, "finance") == [Verdict.ACKNOWLEDGE]
