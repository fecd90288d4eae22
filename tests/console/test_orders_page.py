"""Orders given from the page of a case: what each brings about, and who is not offered it."""

from __future__ import annotations

import asyncio
from typing import Any

from models.decisions import Officer
from models.enums import State
from tests.support.casework import acts, opened_by, orders
from tests.support.console import Counter, text_of
from tests.support.matters import problems, warning
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ISSUER,
    SUPERVISOR,
    Office,
    application,
)
from tests.support.pages import form_of, has_form


async def test_the_applicant_withdraws_with_a_reason(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(APPLICANT) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/withdraw")
        page = await b.post(form.action, form.with_())
        assert page.status_code == 422
        assert 'id="withdraw-reason-error">必填' in page.text
    assert "撤回申请：采纳" in await orders(counter, case_id, APPLICANT, "withdraw", reason="另行安排")
    assert office.docket(case_id).state is State.WITHDRAWN


async def test_a_head_holds_and_releases_with_a_second_officer(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    typed = {"reason": "等待上级批复", "second_officer": HEAD_TWO.id}
    assert "暂缓办理：采纳" in await orders(counter, case_id, HEAD, "hold", **typed)
    said = text_of(await opened_by(counter, case_id, EXAMINER))
    assert "暂停计时" in said
    assert "事项暂缓办理中" in said
    assert not has_form(await opened_by(counter, case_id, EXAMINER), "/decide")
    assert "恢复办理：采纳" in await orders(counter, case_id, HEAD, "release", **typed)
    assert has_form(await opened_by(counter, case_id, EXAMINER), "/decide")


async def test_who_waits_may_extend_remind_comment_and_copy(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    told = await orders(counter, case_id, EXAMINER, "extend", working_days="3", reason="需实地核实")
    assert "延长期限：采纳" in told
    assert "2026-03-12" in told
    assert "批注：采纳" in await orders(counter, case_id, EXAMINER, "comment", text="请一并核对", to_unit=["yes"])
    assert "请一并核对" in text_of(await opened_by(counter, case_id, APPLICANT))
    told = await orders(counter, case_id, EXAMINER, "copy", departments=["finance", "social-insurance"], note="请知悉")
    assert "已抄送财政局、社保经办机构" in told
    assert "催办：采纳" in await orders(counter, case_id, APPLICANT, "remind", note="请尽快")


async def test_a_refused_order_comes_back_with_its_reason(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    await orders(counter, case_id, APPLICANT, "remind")
    async with counter.browser(APPLICANT) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/remind")
        page = await b.post(form.action, form.with_(note="再催"))
        assert page.status_code == 409
        assert "催办过于频繁：24小时内只能催办一次" in text_of(page)
        assert form_of(page, "/orders/remind").values["note"] == "再催"
    assert "催办过于频繁" in text_of(await opened_by(counter, case_id, APPLICANT))  # among the refused receipts


async def test_a_slip_is_revoked_by_the_issuer(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.issued(case_id)
    assert "作废核定单：采纳" in await orders(counter, case_id, ISSUER, "revoke", reason="编制另有安排")
    assert office.docket(case_id).state is State.REVOKED
    said = text_of(await opened_by(counter, case_id, SUPERVISOR))
    assert "此事项已结束" in said
    assert "已撤销" in said


async def test_a_unit_asks_for_more_time_and_the_head_decides(counter: Counter, office: Office) -> None:
    case_id = office.opened(problems(), by=INSPECTOR)
    told = await orders(counter, case_id, APPLICANT, "extend", working_days="5", reason="施工未完")
    assert "延长期限：采纳" in told
    assert "同意延期：采纳" in await acts(counter, case_id, HEAD)


async def test_what_is_not_possible_now_is_said_with_its_reason(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    page = await opened_by(counter, case_id, ISSUER)
    assert not has_form(page, "/orders/revoke")
    assert "作废核定单 ：尚未轮到该环节：当前状态为“已受理” 依据：B 五.1（办理次序）" in text_of(page)
    assert not has_form(await opened_by(counter, case_id, SUPERVISOR), "/orders/comment")


async def test_a_forged_order_is_refused(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(FINANCE) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/comment")
        for order, status in (("hold", 403), ("wake", 404), ("start", 404), ("resubmit", 404)):
            answer = await b.post(
                f"/cases/{case_id}/orders/{order}", form.values | {"reason": "x", "second_officer": "y"}
            )
            assert answer.status_code == status, order
    assert office.docket(case_id).state is State.ACCEPTED


async def test_two_identical_orders_at_once_are_one(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/comment")
        sent = form.with_(text="只说一次")
        await b.token()
        answers = await asyncio.gather(*(b.post(form.action, sent) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
    assert [said.text for said in office.docket(case_id).comments] == ["只说一次"]


async def test_from_the_worklist_the_next_case_opens_after_a_decision(counter: Counter, office: Office) -> None:
    first, second = office.opened(), office.opened(application(meeting="乙会"))
    location = await _decided(counter, first, EXAMINER, "?from=worklist")
    assert f"/cases/{second}" in location
    assert "from=worklist" in location
    assert (await _decided(counter, second, EXAMINER, "?from=worklist")).endswith("/console/worklist")


async def test_from_elsewhere_one_stays_with_the_case(counter: Counter, office: Office) -> None:
    first, _second = office.opened(), office.opened(application(meeting="乙会"))
    assert (await _decided(counter, first, EXAMINER, "")).endswith(f"/cases/{first}")


async def _decided(counter: Counter, case_id: str, by: Officer, at: str) -> str:
    async with counter.browser(by) as b:
        form = form_of(await b.get(f"/cases/{case_id}{at}"), "/decide")
        answer = await b.post(form.action, form.with_("approve"))
        assert answer.status_code == 303
        return str(answer.headers["location"])


async def test_without_a_receipt_the_page_says_that_it_is_being_processed(counter: Counter, office: Office) -> None:
    case_id = office.opened(warning("remind"), by=INSPECTOR)
    counter.runtime.watch_seconds = 0.0

    async def away(_delivery: Any) -> str:
        return "delivered"

    counter.runtime.temporal.deliver = away  # type: ignore[method-assign,assignment]
    async with counter.browser(INSPECTOR) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/comment")
        answer = await b.post(form.action, form.with_(text="记一笔"))
        assert "您的“批注”已登记，系统正在处理" in text_of(await b.http.get(answer.headers["location"]))
