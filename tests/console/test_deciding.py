"""Deciding through the page's own forms: every procedure, and what is refused with words."""

from __future__ import annotations

from typing import Any

from models.decisions import Resubmission
from models.enums import CommandKind, Resource, State
from tests.support.casework import acts, named, opened_by, orders
from tests.support.console import Counter, text_of
from tests.support.matters import change, leaving, people, problems, warning
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    SUPERVISOR,
    Office,
    application,
    identity_no,
    line,
)
from tests.support.pages import form_of, has_form


async def test_staffing_up_is_walked_through_its_forms_to_the_end(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    assert "审核同意：采纳" in await acts(counter, case_id, EXAMINER, grants__1__number="1", opinion="有空余编制。")
    page = await opened_by(counter, case_id, ISSUER)
    assert "核发核定单，占用行政编制1名，有效期6个月" in form_of(page, "/decide").consequences["approve"]
    assert "签发核定单：采纳" in await acts(counter, case_id, ISSUER)
    assert "批准人员：采纳" in await acts(counter, case_id, ORGANISATION, **named(1))
    assert "准予落编：采纳" in await acts(counter, case_id, REGISTRAR)
    assert "办理回执：采纳" in await acts(counter, case_id, FINANCE, "acknowledge", reference_no="示财〔2026〕1号")
    assert "已办结" in await acts(counter, case_id, INSURANCE, "acknowledge")
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert office.balance().occupied == 7
    page = await opened_by(counter, case_id, SUPERVISOR)
    assert "新人1" in text_of(page)
    assert identity_no(1) not in page.text


async def test_a_new_leader_takes_headcount_and_post_with_one_form(counter: Counter, office: Office) -> None:
    post = line("post:internal-deputy", 1, "leader-appointment", internal_body="综合处")
    case_id = office.opened(application(line("headcount:administrative"), post))
    headcount, deputy = office.issued(case_id)
    page = await opened_by(counter, case_id, ORGANISATION)
    assert "本事项还有1项等您办理" in text_of(page)
    at = f"?step=approve-persons&subject={headcount}"
    told = await acts(
        counter,
        case_id,
        ORGANISATION,
        at=at,
        **named(2, persons__0__post_slot=deputy, persons__0__internal_body="综合处"),
    )
    assert "批准人员：采纳" in told
    assert "准予落编：采纳" in await acts(counter, case_id, REGISTRAR)
    assert office.balance(Resource.INTERNAL_DEPUTY).occupied == 1


async def test_what_is_missing_is_said_beside_the_field_and_what_was_typed_stays(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    office.issued(case_id)
    async with counter.browser(ORGANISATION) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        sent = form.with_("approve", persons__0__name="新人3", persons__0__identity_no="12", persons__0__sex="male")
        page = await b.post(form.action, sent)
        assert page.status_code == 422
        said = text_of(page)
        assert "请改正标出的各项" in said
        assert "应为18位，末位可为大写X" in said
        assert 'id="decide-reference_no-error">必填' in page.text
        again = form_of(page, "/decide")
        assert again.values["persons.0.name"] == "新人3"
        assert again.values["persons.0.sex"] == "male"
        assert office.docket(case_id).decisions[-1].step == "issue"  # nothing was committed
        typed = {name: value for name, value in named(3).items() if name != "persons__0__name"}
        answer = await b.post(again.action, again.with_("approve", **typed))
        assert answer.status_code == 303


async def test_a_wrong_identity_number_is_marked_at_its_field(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.issued(case_id)
    wrong = identity_no(1)[:-1] + ("0" if identity_no(1)[-1] != "0" else "1")
    async with counter.browser(ORGANISATION) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        page = await b.post(form.action, form.with_("approve", **named(1) | {"persons__0__identity_no": wrong}))
    assert page.status_code == 409
    assert 'id="decide-persons-0-identity_no-error"' in page.text


async def test_a_refused_form_comes_back_with_reason_clause_and_what_was_typed(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    office.issued(case_id)
    async with counter.browser(ORGANISATION) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        wrong = named(4, persons__0__sex="female")
        page = await b.post(form.action, form.with_("approve", **wrong))
        assert page.status_code == 409
        assert "不予采纳：身份证件号码有误：身份证件号码与性别不一致" in text_of(page)
        assert "B 二.2" in text_of(page)
        again = form_of(page, "/decide")
        assert again.values["persons.0.name"] == "新人4"
        answer = await b.post(again.action, again.with_("approve", persons__0__sex="male"))
        assert answer.status_code == 303
        stale = form.with_("approve", **named(4))  # called back in the browser, with the key of the refused one
        told = await b.post(form.action, stale)
        assert told.status_code == 409
        assert "该表单已经提交过，这次所填的内容没有登记" in text_of(told)


async def test_an_opinion_is_needed_to_return_or_reject(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        page = await b.post(form.action, form.with_("return"))
    assert page.status_code == 422
    assert 'id="decide-opinion-error">必填' in page.text
    assert office.docket(case_id).decisions == []


async def test_a_double_click_commits_once(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        for _ in range(2):
            answer = await b.post(form.action, form.with_("approve", opinion="同意"))
            assert answer.status_code == 303
            assert "审核同意：采纳" in text_of(await b.http.get(answer.headers["location"]))
    docket = office.docket(case_id)
    assert len(docket.decisions) == 1
    assert len(docket.receipts) == 2  # of the application, and of the decision


async def test_another_verdict_with_a_used_form_is_no_decision_and_is_said(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        assert (await b.post(form.action, form.with_("approve"))).status_code == 303
        page = await b.post(form.action, form.with_("reject", opinion="数字有误"))  # called back, and changed
        assert page.status_code == 409
        said = text_of(page)
        assert "这次所填的内容没有登记" in said
        assert "不同意：采纳" not in said
    [decision] = office.docket(case_id).decisions
    assert decision.verdict == "approve"


async def test_another_comment_with_a_used_form_stays_in_the_form_and_is_sent_deliberately(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/comment")
        await b.post(form.action, form.with_(text="第一条"))
        page = await b.post(form.action, form.with_(text="第二条"))
        assert page.status_code == 409
        assert "这次所填的内容没有登记" in text_of(page)
        assert [each.text for each in office.docket(case_id).comments] == ["第一条"]
        again = form_of(page, "/orders/comment")
        assert again.values["text"] == "第二条"
        assert again.values["key"] != form.values["key"]
        assert (await b.post(again.action, again.with_())).status_code == 303
    assert [each.text for each in office.docket(case_id).comments] == ["第一条", "第二条"]


async def test_the_key_of_another_case_commits_nothing(counter: Counter, office: Office) -> None:
    first, second = office.opened(), office.opened(application(meeting="乙会"))
    async with counter.browser(EXAMINER) as b:
        form = form_of(await b.get(f"/cases/{first}"), "/decide")
        sent = form.with_("approve")
        await b.post(form.action, sent)
        page = await b.post(f"/cases/{second}/decide", sent)
    assert page.status_code == 409
    assert office.docket(second).decisions == []


async def test_a_report_sent_twice_is_one_although_its_form_is_gone(counter: Counter, office: Office) -> None:
    case_id = office.opened(problems(), by=INSPECTOR)
    async with counter.browser(APPLICANT) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/orders/report")
        sent = form.with_(items__0__done="yes", items__0__text="已摘除")
        for _ in range(2):
            answer = await b.post(form.action, sent)
            assert answer.status_code == 303
            assert "报告：采纳" in text_of(await b.http.get(answer.headers["location"]))
    assert len(office.docket(case_id).problems[0].reports) == 1


async def test_a_person_with_a_post_sent_twice_is_one(counter: Counter, office: Office) -> None:
    post = line("post:internal-deputy", 1, "leader-appointment", internal_body="综合处")
    case_id = office.opened(application(line("headcount:administrative"), post))
    headcount, deputy = office.issued(case_id)
    async with counter.browser(ORGANISATION) as b:
        page = await b.get(f"/cases/{case_id}?step=approve-persons&subject={headcount}")
        form = form_of(page, "/decide")
        sent = form.with_("approve", **named(2, persons__0__post_slot=deputy, persons__0__internal_body="综合处"))
        for _ in range(2):
            answer = await b.post(form.action, sent)
            assert answer.status_code == 303, text_of(answer)
            assert "批准人员：采纳" in text_of(await b.http.get(answer.headers["location"]))


async def test_a_wrong_department_has_no_box_and_a_forged_form_is_refused_with_words(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    mine = form_of(await opened_by(counter, case_id, EXAMINER), "/decide")
    async with counter.browser(FINANCE) as b:
        page = await b.get(f"/cases/{case_id}")
        assert not has_form(page, "/decide")
        assert "由编办（审核）办理" in text_of(page)
        assert "B 四.1" in text_of(page)
        answer = await b.post(mine.action, mine.with_("approve"))
        assert answer.status_code == 303
        assert "不予采纳。不属于本部门办理" in text_of(await b.http.get(answer.headers["location"]))
    async with counter.browser(SUPERVISOR) as b:
        answer = await b.post(mine.action, mine.with_("approve"))
        assert answer.status_code == 403
        assert "您的部门或角色不能办理此项" in text_of(answer)
    assert office.docket(case_id).decisions == []


async def test_who_applied_may_not_approve(counter: Counter, office: Office) -> None:
    formerly = APPLICANT.model_copy(update={"id": EXAMINER.id})  # applied for the unit, and then came to the office
    case_id = office.opened(by=formerly)
    mine = form_of(await opened_by(counter, office.opened(application(meeting="乙会")), EXAMINER), "/decide")
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/cases/{case_id}")
        assert not has_form(page, "/decide")
        assert "申请人不得审批" in text_of(page)
        forged = f"/cases/{case_id}/decide"
        answer = await b.post(forged, mine.with_("approve"))
        assert "不予采纳。申请人不得审批" in text_of(await b.http.get(answer.headers["location"]))


async def test_a_form_of_a_round_that_has_passed_is_refused_with_words(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    form = form_of(await opened_by(counter, case_id, EXAMINER), "/decide")
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    office.accepted(
        office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=application(remark="已补正")), APPLICANT)
    )
    async with counter.browser(EXAMINER) as b:
        answer = await b.post(form.action, form.with_("approve"))
        assert answer.status_code == 303
        assert "不予采纳。该轮次已失效：当前为第2轮" in text_of(await b.http.get(answer.headers["location"]))
    assert [step.round for step in office.docket(case_id).steps if step.state.value == "current"] == [2]


# --- the other procedures ------------------------------------------------------------------------------------------


async def test_removing_staff_goes_person_by_person(counter: Counter, office: Office) -> None:
    case_id = office.opened(leaving(*people(office)[:2]))
    for subject, left in (("P1", "等您办理：出编核批"), ("P2", "此事项现在不等您办理")):
        at = f"?step=approve-exit&subject={subject}"
        told = await acts(counter, case_id, ORGANISATION, at=at, reference_no="示组退〔2026〕1号")
        assert "批准出编：采纳" in told
        assert left in told
    before = office.balance().occupied
    assert "准予出编：采纳" in await acts(counter, case_id, REGISTRAR, at="?step=exit&subject=P1")
    told = await acts(counter, case_id, REGISTRAR, "reject", at="?step=exit&subject=P2", opinion="退休手续未办")
    assert "不予出编：采纳" in told
    assert office.balance().occupied == before - 1
    await acts(counter, case_id, FINANCE, "acknowledge")
    assert "已办结" in await acts(counter, case_id, INSURANCE, "acknowledge")


async def test_a_change_is_countersigned_amended_and_signed(counter: Counter, office: Office) -> None:
    case_id = office.opened(change(after=4))
    await acts(counter, case_id, EXAMINER, opinion="拟同意")
    await acts(counter, case_id, ORGANISATION)
    await acts(counter, case_id, PERSONNEL)
    assert "有异议：采纳" in await acts(counter, case_id, FINANCE, "reject", opinion="经费须自行消化")
    page = await opened_by(counter, case_id, COMMISSION)
    assert "会签异议" in text_of(page)
    assert "经费须自行消化" in text_of(page)
    told = await acts(counter, case_id, COMMISSION, minutes_no="示编纪〔2026〕4号", amend__0__after="3")
    assert "审议通过：采纳" in told
    assert "修改后批准的内容" in told
    assert "签发批复：采纳" in await acts(counter, case_id, ISSUER)
    assert office.balance(Resource.INTERNAL_DEPUTY).authorised == 3
    assert (
        "报上级备案" in text_of(await opened_by(counter, case_id, REGISTRAR))
        or office.docket(case_id).state is not None
    )


async def test_striking_out_every_change_is_no_approval(counter: Counter, office: Office) -> None:
    case_id = office.opened(change())
    for by, step in (
        (EXAMINER, "examine"),
        (ORGANISATION, "consult-organisation"),
        (PERSONNEL, "consult-personnel"),
        (FINANCE, "consult-finance"),
    ):
        office.accepted(office.decide(case_id, step, by))
    async with counter.browser(COMMISSION) as b:
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        sent = form.with_("approve", minutes_no="示编纪〔2026〕4号")
        del sent["amend.0.keep"]
        page = await b.post(form.action, sent)
        assert page.status_code == 422
        assert "至少批准一项" in text_of(page)
        assert "缓议：采纳" in await acts(counter, case_id, COMMISSION, "defer", opinion="下次会议再议")


async def test_a_rectification_is_reported_and_verified_by_two(counter: Counter, office: Office) -> None:
    case_id = office.opened(problems(), by=INSPECTOR)
    told = await orders(counter, case_id, APPLICANT, "report", items__0__done="yes", items__0__text="已摘除")
    assert "报告：采纳" in told
    assert "单位报告（已整改）" in told
    await acts(counter, case_id, INSPECTOR, at="?step=site-check&subject=1.1.1", opinion="现场已摘除")
    async with counter.browser(INSPECTOR) as b:  # the second finding is another inspector's
        form = form_of(await b.get(f"/cases/{case_id}"), "/decide")
        page = await b.post(form.action, form.with_("approve", opinion="同上"))
        assert "须由两名不同的检查人验收" in text_of(page)
    told = await acts(counter, case_id, INSPECTOR_TWO, "reject", opinion="另有一牌", due="2026-06-30")
    assert "验收不合格：采纳" in told
    assert "2026-06-30" in told


async def test_a_suspension_is_decided_and_lifted(counter: Counter, office: Office) -> None:
    case_id = office.opened(problems(), by=INSPECTOR)
    office.now = office.docket(case_id).problems[0].due_at
    office.later(days=1)
    office.ring(case_id)
    assert "先行暂停，待有权机关决定" in text_of(await opened_by(counter, case_id, APPLICANT))
    assert "签发警示函：采纳" in await acts(counter, case_id, ISSUER)
    assert "建议暂停受理：采纳" in await acts(counter, case_id, INSPECTOR, opinion="建议暂停")
    assert "决定暂停受理：采纳" in await acts(counter, case_id, COMMISSION, minutes_no="示编纪〔2026〕3号")
    await _excepted(counter, case_id)
    await orders(counter, case_id, APPLICANT, "report", items__0__done="yes", items__0__text="已摘除")
    for place, by in (("1", INSPECTOR), ("2", INSPECTOR_TWO)):
        await acts(counter, case_id, by, at=f"?step=site-check&subject=1.1.{place}", opinion="现场已摘除")
    await acts(counter, case_id, INSPECTOR)
    assert "恢复受理" in await acts(counter, case_id, COMMISSION)
    assert office.docket(case_id).state is State.LIFTED


async def _excepted(counter: Counter, case_id: str) -> None:
    asked: dict[str, Any] = {
        "scope__procedures": ["staffing-up"],
        "scope__matter": "安置军队转业干部1名",
        "reason": "任务有期限",
        "until": "2026-06-30",
    }
    await orders(counter, case_id, APPLICANT, "except", **asked)
    told = await acts(counter, case_id, COMMISSION)
    assert "同意例外受理：采纳" in told
    assert "安置军队转业干部1名" in told


async def test_a_warning_is_called_answered_and_reviewed(counter: Counter, office: Office) -> None:
    case_id = office.opened(warning("remind"), by=INSPECTOR)
    call = {"call__callee": "王主任", "call__called_at": "2026-03-02T08:30", "call__answer": "即予核实"}
    assert "登记电话提醒：采纳" in await acts(counter, case_id, INSPECTOR, **call)
    assert "报告：采纳" in await orders(counter, case_id, APPLICANT, "report", text="已核实，属误传。")
    told = await acts(counter, case_id, INSPECTOR, "reject", opinion="答复不实")
    assert "提请下一级预警：采纳" in told
    assert "签发警示函：采纳" in await acts(counter, case_id, HEAD, reply_by="2026-03-20")


async def test_an_inspection_hands_its_problems_over(counter: Counter, office: Office) -> None:
    case_id = office.opened(warning("inspect"), by=INSPECTOR)
    await acts(counter, case_id, HEAD, team="何查\n郭查", visit_on="2026-03-03")
    office.later(days=1)
    found = {
        "no": "1", "kind": "擅自加挂牌子", "facts": "门前另挂一牌", "source": "supervision", "measure": "摘除",
        "due": "2026-06-30",
    }  # fmt: skip
    typed = {f"found__1__{name}": value for name, value in found.items()}  # the first row stays empty
    told = await acts(counter, case_id, INSPECTOR, opinion="情况属实。", **typed)
    assert "提交督查报告：采纳" in told
    assert "移交整改" in told
    handed = office.docket(case_id).warning
    assert handed is not None
    assert handed.handed_to_no
