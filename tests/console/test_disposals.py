"""档案处置: what is due, holds, and a disposal from proposal to witness, as people meet it in the console."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest

from api.permissions import OVERSIGHT
from console.permissions import PAGES
from models.decisions import Officer
from models.enums import DisposalState
from models.register import Record
from records import disposal_view, holds
from tests.support.console import Browser, Counter, text_of
from tests.support.disposals import (
    LATER,
    destroyed,
    held,
    proposed,
    ready,
    refused_case,
    short_lived,
    struck,
)
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ORGANISATION,
    REGISTRAR,
    SUPERVISOR,
    Office,
)


@pytest.fixture
def papers(office: Office) -> list[Record]:
    """Three ten-year papers of 2026, seen in 2037."""
    for _ in range(3):
        refused_case(office)
    office.now = LATER
    return short_lived(office)


def state(office: Office, identity: str) -> DisposalState:
    with office.database.read() as s:
        view = disposal_view.get(s, identity)
    assert view is not None
    return view.state


async def said(b: Browser, answer: httpx.Response) -> str:
    """The page to which a form led, in words."""
    assert answer.status_code == 303, answer.text
    return text_of(await b.http.get(answer.headers["location"]))


# --- who ----------------------------------------------------------------------------------------------------------


async def test_nobody_signed_in_sees_nothing(counter: Counter) -> None:
    async with counter.browser() as b:
        for path in ("/disposals", f"/disposals/{uuid.uuid4()}", f"/disposals/{uuid.uuid4()}/witness"):
            page = await b.get(path)
            assert page.status_code in (302, 303, 401), path


@pytest.mark.parametrize("officer", [APPLICANT, FINANCE, ORGANISATION])
async def test_others_may_not_open_it(counter: Counter, papers: list[Record], officer: Officer) -> None:
    async with counter.browser(officer) as b:
        assert (await b.get("/disposals")).status_code == 403
        assert (await b.post(f"/disposals/holds/{papers[0].id}", {"reason": "要", "basis": "函"})).status_code == 403
        assert "/console/disposals" not in (await b.get("/records/list")).text


def test_the_page_is_for_those_who_oversee() -> None:
    assert dict(PAGES["disposals"].who) == dict(OVERSIGHT)


async def test_a_supervisor_reads_and_is_offered_nothing(
    counter: Counter, office: Office, papers: list[Record]
) -> None:
    view = ready(office)
    async with counter.browser(SUPERVISOR) as b:
        due = await b.get("/disposals")
        one = await b.get(f"/disposals/{view.id}")
        record = await b.get(f"/records/{papers[0].id}")
        for path in ("strike", "decision", "execution", "witness"):
            assert (await b.post(f"/disposals/{view.id}/{path}", {"seen": "yes"})).status_code == 403
    assert "提出销毁" not in text_of(due)
    assert re.findall(r'<form[^>]*action="[^"]*/disposals/', one.text + record.text) == []
    assert state(office, view.id) is DisposalState.EXECUTING


# --- what is due, and holds ---------------------------------------------------------------------------------------


async def test_what_is_due_is_listed_with_what_stops_it(counter: Counter, office: Office, papers: list[Record]) -> None:
    held(office, papers[0].id)
    async with counter.browser(REGISTRAR) as b:
        page = await b.get("/disposals")
        none = await b.get("/disposals?due_before=2036-12-31")
        every = await b.get("/disposals?everything=1")
        other = await b.get("/disposals?kind=phone_record")
        for odd in ("due_before=x", "kind=nonsense", "cursor=~", "cursor=%00", "tab=nowhere"):
            assert (await b.get(f"/disposals?{odd}")).status_code in (200, 400, 422), odd
    shown = text_of(page)
    for paper in papers:
        assert paper.number in shown
    assert "停止销毁" in shown
    assert "可以列入" in shown
    assert "可以列入的有2件" in shown
    assert "没有保管期限届满的文件" in text_of(none)
    assert "保管期限未满" in text_of(every)
    assert papers[0].number not in text_of(other)


async def test_a_hold_is_placed_and_lifted_on_the_page_of_the_record(
    counter: Counter, office: Office, papers: list[Record]
) -> None:
    paper = papers[0]
    form = {"key": "k", "scope": "case", "reason": "巡察组调阅", "basis": "示巡函〔2036〕3号"}
    async with counter.browser(REGISTRAR) as b:
        page = await said(b, await b.post(f"/disposals/holds/{paper.id}", form))
        assert "已停止销毁" in page
        assert "示巡函〔2036〕3号" in page
        assert "本事项全部文件" in page
        await b.post(f"/disposals/holds/{paper.id}", form)  # the same form again is the same hold
        register = text_of(await b.get("/records/list"))
        assert "停止销毁" in register
        held_only = await b.get("/records/list?f_held=1")
        assert paper.number in held_only.text
        assert papers[1].number not in held_only.text
    with office.database.read() as s:
        (hold,) = holds.on_record(s, paper.id)
    async with counter.browser(HEAD) as b:
        assert "示巡函〔2036〕3号" in text_of(await b.get("/disposals?tab=holds"))
        page = await said(
            b, await b.post(f"/disposals/holds/{hold.id}/lifting", {"reason": "结束", "record_id": paper.id})
        )
        assert "停止销毁已解除" in page
        assert hold.reason not in text_of(await b.get("/disposals?tab=holds"))
        assert "结束" in text_of(await b.get("/disposals?tab=holds&all=1"))


async def test_whoever_placed_a_hold_is_not_offered_to_lift_it(
    counter: Counter, office: Office, papers: list[Record]
) -> None:
    hold = held(office, papers[0].id, by=HEAD)
    async with counter.browser(HEAD) as b:
        page = await b.get(f"/records/{papers[0].id}")
        assert f"{uuid.UUID(hold.id)}/lifting" not in page.text
        assert "须由另一名主任解除" in text_of(page)
        assert "不得自行解除" in await said(b, await b.post(f"/disposals/holds/{hold.id}/lifting", {"reason": "算了"}))
    async with counter.browser(HEAD_TWO) as b:
        assert "lifting" in (await b.get(f"/records/{papers[0].id}")).text


async def test_a_unit_learns_that_its_paper_is_held_and_not_why(
    counter: Counter, office: Office, papers: list[Record]
) -> None:
    held(office, papers[0].id)
    async with counter.browser(APPLICANT) as b:
        shown = text_of(await b.get(f"/records/{papers[0].id}"))
    assert "停止销毁" in shown
    assert "10年" in shown
    assert "至2036-12-31" in shown
    assert "巡察" not in shown


async def test_an_empty_form_is_told_and_enters_nothing(counter: Counter, office: Office, papers: list[Record]) -> None:
    async with counter.browser(REGISTRAR) as b:
        page = await said(b, await b.post(f"/disposals/holds/{papers[0].id}", {"scope": "record", "reason": " "}))
    assert "没有登记" in page
    with office.database.read() as s:
        assert holds.on_record(s, papers[0].id) == []


# --- a disposal ---------------------------------------------------------------------------------------------------


async def test_the_whole_way(counter: Counter, office: Office, papers: list[Record]) -> None:
    async with counter.browser(REGISTRAR) as b:
        form = {"key": "p", "due_before": "2037-01-05", "kind": "", "reason": "期限届满，没有继续保存的价值"}
        answer = await b.post("/disposals/propose", form)
        page = await said(b, answer)
        assert "销毁2037-00001已提出，列入3件" in page
        here = answer.headers["location"].partition("/console")[2]
        assert "待编办主任审批" in page
        assert 'name="verdict"' not in (await b.get(here)).text
        one = await b.get(f"{here}?strike={papers[2].id}")
        assert "剔除原因" in text_of(one)
        page = await said(b, await b.post(f"{here}/strike", {"record_id": papers[2].id, "reason": "仍有参考价值"}))
        assert "仍有参考价值" in page
    async with counter.browser(HEAD) as b:
        assert "由我执行" not in text_of(await b.get(here))
        page = await said(b, await b.post(f"{here}/decision", {"verdict": "approve", "opinion": "同意"}))
        assert "批准文号" in page  # refused: approval needs its number
        approve = {"verdict": "approve", "opinion": "同意", "reference_no": "示编办纪〔2037〕1号"}
        assert "待执行人登记" in await said(b, await b.post(f"{here}/decision", approve))
    async with counter.browser(EXAMINER) as b:
        assert "待监销人在场确认" in await said(b, await b.post(f"{here}/execution", {}))
        assert "核对清册" not in text_of(await b.get(here))
        assert (await b.get(f"{here}/witness")).status_code == 303
    async with counter.browser(INSPECTOR) as b:
        confirm = await b.get(f"{here}/witness")
        shown = text_of(confirm)
        for words in ("将销毁2件文件", "不能恢复", papers[0].number, REGISTRAR.name, HEAD.name, EXAMINER.name):
            assert words in shown, words
        page = await said(b, await b.post(f"{here}/witness", {}))
        assert "请勾选已在场核对" in page
        assert all(office.store.has(str(paper.digest)) for paper in papers)
        page = await said(b, await b.post(f"{here}/witness", {"seen": "yes"}))
        assert "已销毁2件，《文件销毁清册》示编销〔2037〕1号已归档" in page
        assert "示编销〔2037〕1号" in text_of(await b.get("/disposals?tab=acts"))
        assert "没有销毁事项" in text_of(await b.get("/disposals?tab=acts&state=proposed"))
    assert [office.store.has(str(paper.digest)) for paper in papers] == [False, False, True]


async def test_a_destroyed_record_has_a_page_and_no_file(
    counter: Counter, office: Office, papers: list[Record]
) -> None:
    destroyed(office)
    paper = papers[0]
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/records/{paper.id}")
        shown = text_of(page)
        assert page.status_code == 200
        assert "2037-01-05按《文件销毁清册》示编销〔2037〕1号销毁" in shown
        assert "下载原件" not in shown
        assert "data-fetch" not in page.text
        assert (await b.get(f"/records/{paper.id}/file")).status_code == 410
        assert "已销毁" in text_of(await b.get("/records/list?f_disposed=1"))
        assert (await b.get(f"/verify?code={paper.code}")).status_code == 200
        assert "示编销〔2037〕1号" in text_of(await b.get(f"/verify?code={paper.code}"))


async def test_what_was_interrupted_is_gone_on_with(
    counter: Counter, office: Office, papers: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    view = ready(office)

    class Crash(BaseException):
        pass

    def crash(*_args: object) -> bool:
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(office.store, "remove", crash)
        with pytest.raises(Crash):
            counter.runtime.dispose(view.id, INSPECTOR)  # type: ignore[misc]
    async with counter.browser(INSPECTOR) as b:
        page = await b.get(f"/disposals/{view.id}")
        assert "还有3件文件未能移出存储" in text_of(page)
        assert "未办完" in text_of(await b.get("/disposals?tab=acts"))
        done = await said(b, await b.post(f"/disposals/{view.id}/witness", {"again": "1"}))
    assert "接着办" not in done
    assert not any(office.store.has(str(paper.digest)) for paper in papers)


async def test_a_hold_in_the_last_minute_is_told(counter: Counter, office: Office, papers: list[Record]) -> None:
    view = ready(office)
    async with counter.browser(INSPECTOR) as b:
        await b.get(f"/disposals/{view.id}/witness")
        for paper in papers:
            held(office, paper.id)
        page = await said(b, await b.post(f"/disposals/{view.id}/witness", {"seen": "yes"}))
    assert "没有销毁任何文件" in page
    assert "停止销毁期间不得销毁" in page
    assert state(office, view.id) is DisposalState.DROPPED


async def test_a_refusal_says_why_and_keeps_the_page(counter: Counter, office: Office, papers: list[Record]) -> None:
    view = proposed(office)
    struck(office, view.id, papers[0].id)
    async with counter.browser(EXAMINER) as b:
        assert "尚未轮到" in await said(b, await b.post(f"/disposals/{view.id}/execution", {}))
        assert (await b.get(f"/disposals/{uuid.uuid4()}")).status_code == 404
        form = {"key": "x", "due_before": "2030-01-01", "reason": "提前"}
        assert "没有保管期限届满" in await said(b, await b.post("/disposals/propose", form))


async def test_the_pages_are_in_english_too(counter: Counter, office: Office, papers: list[Record]) -> None:
    view = ready(office)
    async with counter.browser(INSPECTOR, language="en") as b:
        for path, words in (
            ("", "Disposal of records"),
            (f"/{view.id}", "Waits for a witness"),
            (f"/{view.id}/witness", "3 records will be destroyed"),
        ):
            assert words in text_of(await b.get(f"/disposals{path}")), path
