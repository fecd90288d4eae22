"""Applications: every procedure through its form, faults beside the fields, the check, the receipt."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from console.forms import FORMS
from models.decisions import Officer
from models.enums import Procedure, State
from tests.support.console import Browser, Counter, text_of
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    INSPECTOR,
    ORGANISATION,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    SUPERVISOR,
    Office,
)

BASIS = {"basis.meeting": "局党组会议〔2026〕第8次", "basis.date": "2026-02-25", "contact": "王敏 0000-8000000"}
STAFFING = BASIS | {
    "lines.0.resource": "headcount:administrative",
    "lines.0.number": "2",
    "lines.0.way": "examination",
    "lines.0.internal_body": "办公室",
    "lines.0.reason": "补充业务力量",
}
POINTS = {
    f"justification.{point}": "有利于履行职责"
    for point in ("party_leadership", "lawfulness", "development", "soundness", "risks")
}
CHANGE = (
    BASIS
    | POINTS
    | {"title": "关于调整内设机构的请示", "request_no": "示发研〔2026〕18号"}
    | {"kind": "headcount", "changes.0.kind": "headcount", "changes.0.unit": RESEARCH}
    | {"changes.0.resource": "headcount:administrative", "changes.0.before": "10", "changes.0.after": "12"}
)
RECTIFICATION = {
    "unit": RESEARCH,
    "problems.0.no": "1",
    "problems.0.kind": "超编进人",
    "problems.0.facts": "超编1名",
    "problems.0.source": "audit",
    "problems.0.measure": "限期消化",
    "problems.0.due": "2026-06-30",
}
WARNING = {"unit": RESEARCH, "indicator": "high-use", "value": "98%", "threshold": "95%", "facts": "使用率偏高"} | {
    "level": "remind"
}


def a_person(office: Office, unit: str = RESEARCH) -> str:
    with office.database.read() as s:
        found = s.connection().execute(
            text("SELECT person_ref FROM occupancy WHERE unit = :unit ORDER BY id LIMIT 1"), {"unit": unit}
        )
        return str(found.scalar_one())


def removal(office: Office, unit: str = RESEARCH) -> dict[str, str]:
    return {
        "persons.0.person": a_person(office, unit),
        "persons.0.reason": "retirement",
        "persons.0.event_date": "2026-02-27",
        "persons.0.proof_no": "示人退〔2026〕3号",
        "contact": "王敏 0000-8000000",
    }


def hidden(page: httpx.Response) -> dict[str, str]:
    """The fields that the page itself put into its form."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: value for name, value in fields if name != "csrftoken"}


def fault_at(page: httpx.Response, field: str) -> str:
    """What stands beside a field; the field says itself that it is wrong and where the reason is."""
    place = "f-" + re.sub(r"[.:]", "-", field)
    found = re.search(rf'id="{place}-fault">(.*?)</div>', page.text, re.S)
    if found is None:
        return ""
    assert f'href="#{place}"' in page.text
    assert f'id="{place}"' in page.text
    return re.sub(r"<[^>]+>", "", found[1])


async def filled(b: Browser, procedure: str, fields: dict[str, str], do: str, query: str = "") -> httpx.Response:
    """Open the form, fill it in, press a button."""
    page = await b.get(f"/apply/{procedure}{query}")
    assert page.status_code == 200, text_of(page)
    meta = {name: value for name, value in hidden(page).items() if name.startswith("_") or name == "unit"}
    return await b.post(f"/apply/{procedure}", meta | fields | {"_do": do})


async def submitted(b: Browser, procedure: str, fields: dict[str, str], query: str = "") -> httpx.Response:
    """The whole way: form, confirmation, receipt."""
    page = await filled(b, procedure, fields, "review", query)
    assert page.status_code == 200, text_of(page)
    assert "您要提交的内容" in text_of(page), text_of(page)
    answer = await b.post(f"/apply/{procedure}", hidden(page) | {"_do": "submit"})
    assert answer.status_code == 303, text_of(answer)
    return await b.http.get(answer.headers["location"])


async def sent_at_once(b: Browser, procedure: str, fields: dict[str, str]) -> httpx.Response:
    """Past the confirmation, which nobody reaches with an empty field: the receipt of what the gate makes of it."""
    answer = await filled(b, procedure, fields, "submit")
    assert answer.status_code == 303, text_of(answer)
    return await b.http.get(answer.headers["location"])


def only_case(office: Office) -> Any:
    with office.database.read() as s:
        case_id = s.connection().execute(text("SELECT id FROM case_file")).scalar_one()
    return office.docket(str(case_id))


# --- every procedure -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("procedure", "officer", "state"),
    [
        ("staffing-up", APPLICANT, State.ACCEPTED),
        ("removing-staff", APPLICANT, State.IN_PROGRESS),
        ("establishment-change", APPLICANT, State.ACCEPTED),
        ("rectification", INSPECTOR, State.IN_PROGRESS),
        ("early-warning", INSPECTOR, State.IN_PROGRESS),
    ],
)
async def test_every_procedure_is_applied_for_by_its_form_and_passes_the_gate(
    counter: Counter, office: Office, procedure: str, officer: Officer, state: State
) -> None:
    fields = {
        "staffing-up": STAFFING,
        "removing-staff": removal(office),
        "establishment-change": CHANGE,
        "rectification": RECTIFICATION,
        "early-warning": WARNING,
    }[procedure]
    async with counter.browser(officer) as b:
        receipt = await submitted(b, procedure, fields)
    docket = only_case(office)
    assert (docket.procedure, docket.state) == (Procedure(procedure), state)
    assert docket.case_no in text_of(receipt)
    assert "接下来" in text_of(receipt)
    assert docket.case_id not in text_of(receipt)


async def test_the_application_holds_what_was_typed(counter: Counter, office: Office) -> None:
    more = {
        "lines.1.resource": "headcount:worker",
        "lines.1.number": "1",
        "lines.1.way": "public-hiring",
        "lines.1.internal_body": "",
        "lines.1.reason": "第一行\r\n第二行",
        "attachments.0.title": "会议纪要",
        "attachments.0.digest": "ab" * 32,
        "remark": "请尽快",
    }
    async with counter.browser(APPLICANT) as b:
        await submitted(b, "staffing-up", STAFFING | more)
    application = only_case(office).rounds[0].application
    assert application["unit"] == RESEARCH
    assert [line["reason"] for line in application["lines"]] == ["补充业务力量", "第一行\n第二行"]
    assert application["attachments"] == [{"title": "会议纪要", "digest": "ab" * 32}]


async def test_organisation_reports_a_departure_of_a_unit_that_it_looks_up(counter: Counter, office: Office) -> None:
    async with counter.browser(ORGANISATION) as b:
        page = await filled(b, "removing-staff", {"_unit_q": "公共服务"}, "search")
        assert "示范市公共服务中心" in text_of(page)
        page = await b.post("/apply/removing-staff", hidden(page) | {"_do": f"unit:{SERVICES}"})
        page = await b.post("/apply/removing-staff", hidden(page) | {"_q": "在编201", "_do": "search:people"})
        reference = re.search(r'value="person:([^"]+)"', page.text)
        assert reference is not None
        page = await b.post("/apply/removing-staff", hidden(page) | {"_do": f"person:{reference[1]}"})
        assert "在编201" in text_of(page)
        more = {name: value for name, value in removal(office, SERVICES).items() if not name.endswith(".person")}
        page = await b.post("/apply/removing-staff", hidden(page) | more | {"_do": "review"})
        assert "在编201，退休，2026-02-27" in text_of(page)
        answer = await b.post("/apply/removing-staff", hidden(page) | {"_do": "submit"})
    assert answer.status_code == 303
    assert only_case(office).state is State.IN_PROGRESS


# --- faults beside the fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("procedure", "officer", "wrong", "field", "words"),
    [
        ("staffing-up", APPLICANT, {"lines.0.resource": ""}, "lines.0.resource", "请选择"),
        ("staffing-up", APPLICANT, {"lines.0.number": "三"}, "lines.0.number", "请填写整数"),
        ("staffing-up", APPLICANT, {"lines.0.number": "0"}, "lines.0.number", "须大于或等于 1"),
        ("staffing-up", APPLICANT, {"basis.date": ""}, "basis.date", "请填写"),
        ("staffing-up", APPLICANT, {"attachments.0.title": "纪要", "attachments.0.digest": "x"},
         "attachments.0.digest", "应为64位十六进制字符"),
        ("removing-staff", APPLICANT, {"persons.0.event_date": "昨天"}, "persons.0.event_date", "请填写日期"),
        ("removing-staff", APPLICANT, {"persons.0.reason": ""}, "persons.0.reason", "请选择"),
        ("establishment-change", APPLICANT, {"changes.0.after": "多"}, "changes.0.after", "请填写整数"),
        ("establishment-change", APPLICANT, {"changes.0.kind": ""}, "changes.0.kind", "请选择"),
        ("rectification", INSPECTOR, {"problems.0.no": "1.2"}, "problems.0.no", "只用字母、数字和连字符"),
        ("rectification", INSPECTOR, {"unit": ""}, "unit", "请选择"),
        ("early-warning", INSPECTOR, {"facts": ""}, "facts", "请填写"),
    ],
)  # fmt: skip
async def test_a_fault_of_the_form_stands_beside_its_field(
    counter: Counter, office: Office, procedure: str, officer: Officer, wrong: dict[str, str], field: str, words: str
) -> None:
    right = {
        "staffing-up": STAFFING,
        "removing-staff": removal(office),
        "establishment-change": CHANGE,
        "rectification": RECTIFICATION,
        "early-warning": WARNING,
    }[procedure]
    async with counter.browser(officer) as b:
        page = await filled(b, procedure, right | wrong, "review")
    assert page.status_code == 422
    assert words in fault_at(page, field)
    for name, value in (right | wrong).items():
        assert value in page.text or (field == "changes.0.kind" and name.startswith("changes."))  # is kept


@pytest.mark.parametrize(
    ("procedure", "officer", "wrong", "field", "words"),
    [
        ("staffing-up", APPLICANT, {"lines.0.reason": ""}, "lines.0.reason", "未填写用编原因"),
        ("staffing-up", APPLICANT, {"contact": ""}, "contact", "未填写联系人"),
        ("staffing-up", APPLICANT, {"basis.meeting": "", "basis.date": ""}, "basis.meeting", "未填写领导班子"),
        ("staffing-up", APPLICANT, {"basis.date": "2027-01-01"}, "basis.date", "晚于今日"),
        ("staffing-up", APPLICANT, {"lines.0.resource": "headcount:institution-full"}, "lines.0.resource", "不适用于"),
        ("staffing-up", APPLICANT, {"lines.0.way": "appointed-above"}, "lines.0.way", "未填写任命文件"),
        ("staffing-up", APPLICANT, {"lines.0.resource": "post:internal-chief"}, "lines.0.number", "空余0名"),
        ("removing-staff", APPLICANT, {"persons.0.proof_no": ""}, "persons.0.proof_no", "未填写证明材料文号"),
        ("removing-staff", APPLICANT, {"persons.0.reason": "transfer"}, "persons.0.destination", "未填写去向"),
        ("removing-staff", APPLICANT, {"persons.0.reason": "post-removed"}, "persons.0.reason", "未担任"),
        ("removing-staff", APPLICANT, {"persons.0.event_date": "2025-01-06"}, "persons.0.event_date", "逾期"),
        ("establishment-change", APPLICANT, {"title": ""}, "title", "未填写请示标题"),
        ("establishment-change", APPLICANT, {"justification.risks": ""}, "justification.risks", "五项论证未填写"),
        ("establishment-change", APPLICANT, {"kind": "rename"}, "kind", "没有一项属于"),
        ("establishment-change", APPLICANT, {"changes.0.after": "10"}, "changes.0.after", "调整前后相同"),
        ("establishment-change", APPLICANT, {"changes.0.after": "3"}, "absorption_until", "须写明消化期"),
        ("rectification", INSPECTOR, {"problems.0.due": "2026-01-05"}, "problems.0.due", "须晚于今日"),
    ],
)
async def test_what_the_gate_would_find_stands_beside_its_field(
    counter: Counter, office: Office, procedure: str, officer: Officer, wrong: dict[str, str], field: str, words: str
) -> None:
    right = {
        "staffing-up": STAFFING,
        "removing-staff": removal(office),
        "establishment-change": CHANGE,
        "rectification": RECTIFICATION,
    }[procedure]
    async with counter.browser(officer) as b:
        page = await filled(b, procedure, right | wrong, "check")
    assert words in fault_at(page, field)
    with office.database.read() as s:
        assert s.connection().execute(text("SELECT count(*) FROM case_file")).scalar_one() == 0


async def test_the_check_names_the_clause_and_says_what_submitting_would_come_to(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        returned = text_of(await filled(b, "staffing-up", STAFFING | {"contact": ""}, "check"))
        refused = text_of(
            await filled(b, "staffing-up", STAFFING | {"lines.0.resource": "headcount:political-legal"}, "check")
        )
        good = text_of(await filled(b, "staffing-up", STAFFING, "check"))
    assert "现在提交将被退回补正" in returned
    assert "B 五.1" in returned
    assert "现在提交将不予受理" in refused
    assert "检查通过，现在提交将予受理" in good


async def test_who_submits_against_the_check_is_returned_and_told_why(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        receipt = text_of(await sent_at_once(b, "staffing-up", STAFFING | {"contact": "", "lines.0.reason": ""}))
    assert only_case(office).state is State.RETURNED
    assert "退回补正" in receipt
    assert "未填写联系人；所报第1项未填写用编原因" in receipt
    assert "B 五.1" in receipt
    assert "现在补正" in receipt


async def test_what_is_not_accepted_says_so_with_its_clause(counter: Counter, office: Office) -> None:
    wrong = {"lines.0.resource": "headcount:institution-full"}
    async with counter.browser(APPLICANT) as b:
        receipt = text_of(await submitted(b, "staffing-up", STAFFING | wrong))
    assert only_case(office).state is State.NOT_ACCEPTED
    assert "不予受理" in receipt
    assert "B 二.2（编制类别）" in receipt


def marked(page: httpx.Response) -> set[str]:
    """Fields that the page marks as needed, and that have a control."""
    controls = re.findall(r"<(?:input|select|textarea)[^>]*>", page.text.partition('id="apply-form"')[2])
    needed = {re.search(r'name="([^"]+)"', each)[1] for each in controls if 'aria-required="true"' in each}  # type: ignore[index]
    found = 'class="form-label required" for="f-unit"' in page.text
    return needed | ({"unit"} if found else set())


def place_of(name: str) -> str:
    return "f-" + re.sub(r"[.:]", "-", name)


KINDS = ["establish", "abolish", "merge", "rename", "rerank", "resubordinate", "extra-name", "internal-bodies"]
KINDS += ["headcount", "posts", "reallocate"]


@pytest.mark.parametrize("verb", ["review", "check"])
@pytest.mark.parametrize(
    ("procedure", "officer", "typed"),
    [
        ("staffing-up", APPLICANT, {}),
        ("staffing-up", APPLICANT, {"lines.0.number": "", "lines.0.internal_body": "办公室"}),
        ("staffing-up", APPLICANT, {"lines.0.resource": "post:internal-chief"}),
        ("staffing-up", APPLICANT, {"lines.0.way": "appointed-above"}),
        ("staffing-up", APPLICANT, {"attachments.0.title": "纪要"}),
        ("removing-staff", APPLICANT, {}),
        ("removing-staff", APPLICANT, {"persons.0.reason": "transfer"}),
        ("removing-staff", ORGANISATION, {}),
        ("establishment-change", APPLICANT, {}),
        *(("establishment-change", APPLICANT, {"changes.0.kind": kind}) for kind in KINDS),
        ("rectification", INSPECTOR, {}),
        ("rectification", INSPECTOR, {"problems.0.no": "", "problems.0.clause": "第三条"}),
        ("early-warning", INSPECTOR, {"level": "remind"}),
    ],
)
async def test_every_field_that_is_marked_and_empty_is_a_fault_at_the_first_press(
    counter: Counter, procedure: str, officer: Officer, typed: dict[str, str], verb: str
) -> None:
    form = FORMS[Procedure(procedure)].blank() | typed
    async with counter.browser(officer) as b:
        page = await filled(b, procedure, form, verb)
    assert page.status_code == 422
    places = {place_of(name) for name in marked(page) - {name for name, value in form.items() if value}}
    if typed.get("changes.0.kind") == "merge":
        places.add("f-changes-0-units")  # ticks, whose legend is marked
    if "persons.0.reason" in typed:
        places.add("f-persons-0-person")  # who is found and chosen
    assert len(places) >= 1
    assert sorted(re.findall(r'id="(f-[^"]+)-fault"', page.text)) == sorted(places)
    summary = dict(re.findall(r'<li><a href="#(f-[^"]+)">([^<]*)</a>', page.text))
    assert places <= set(summary)
    assert set(summary) - places <= {"f-persons"}  # nobody was chosen at all
    assert "查看" not in summary.values()
    assert all(f'id="{place}"' in page.text for place in summary)


async def test_empty_and_wrong_fields_are_told_together(counter: Counter) -> None:
    wrong = {"lines.0.number": "三", "contact": "", "lines.0.reason": ""}
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING | wrong, "review")
    assert "请填写整数" in fault_at(page, "lines.0.number")
    assert "请填写" in fault_at(page, "contact")
    assert "请填写" in fault_at(page, "lines.0.reason")
    assert "有3处需要改正" in text_of(page)


# --- more than is vacant ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["check", "review"])
async def test_more_than_is_vacant_is_passed_with_a_warning(counter: Counter, verb: str) -> None:
    two = {f"lines.1.{name.rpartition('.')[2]}": value for name, value in STAFFING.items() if name.startswith("lines")}
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING | {"lines.0.number": "9"}, verb)
        assert "申请9名，现空余4名，审核时可能核减" in text_of(page)
        assert "检查通过，现在提交将予受理" in text_of(page)
        assert fault_at(page, "lines.0.number") == ""
        together = text_of(await filled(b, "staffing-up", STAFFING | two | {"lines.1.number": "3"}, verb))
        assert "申请5名，现空余4名" in together
        enough = text_of(await filled(b, "staffing-up", STAFFING | {"lines.0.number": "4"}, verb))
        assert "审核时可能核减" not in enough
        none = STAFFING | {"lines.0.resource": "post:internal-chief"}
        assert "审核时可能核减" not in text_of(await filled(b, "staffing-up", none, verb))


# --- opened by the office ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("procedure", "fields", "said"),
    [
        ("rectification", RECTIFICATION, "提交后即登记立项，不能撤回"),
        ("early-warning", WARNING, "提交后即登记预警，不能撤回"),
    ],
)
async def test_what_the_office_opens_by_itself_is_not_said_to_be_accepted(
    counter: Counter, office: Office, procedure: str, fields: dict[str, str], said: str
) -> None:
    async with counter.browser(INSPECTOR) as b:
        check = text_of(await filled(b, procedure, fields, "check"))
        confirm = text_of(await filled(b, procedure, fields, "review"))
        receipt = await submitted(b, procedure, fields)
    for page in (check, confirm):
        assert "检查通过，现在提交即予立项" in page
        assert "受理" not in page.partition("全部检查和条款")[0].partition("提交前检查的结果")[2]
    assert said in confirm
    assert "可以撤回" not in confirm
    shown = text_of(receipt)
    assert not re.search(r"(报告整改情况|研判) (1|remind)\b", shown)
    assert "问题1" in shown if procedure == "rectification" else "电话提醒" in shown
    documents = [each for each in only_case(office).documents if each.digest]
    assert all(f"/console/records/{each.id}" in receipt.text for each in documents)
    assert "文书" not in shown


# --- doors -----------------------------------------------------------------------------------------------------------


async def test_a_double_click_is_one_case(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "review")
        first = await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
        second = await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
    assert first.headers["location"] == second.headers["location"]
    assert only_case(office).case_no == "用编2026-00001"


async def test_a_key_used_for_something_else_is_said_and_changed(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "review")
        await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
        other = hidden(page) | {"lines.0.number": "1"}
        refused = await b.post("/apply/staffing-up", other | {"_do": "submit"})
        assert refused.status_code == 409
        assert "同一编号内容不同" in text_of(refused)
        assert hidden(refused)["_key"] != hidden(page)["_key"]


async def test_an_applicant_cannot_name_another_unit(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        await submitted(b, "staffing-up", STAFFING | {"unit": SERVICES})
    assert only_case(office).unit == RESEARCH


async def test_a_person_of_another_unit_is_not_shown_and_not_taken(counter: Counter, office: Office) -> None:
    async with counter.browser(OTHER_APPLICANT) as b:
        page = await filled(b, "removing-staff", removal(office, RESEARCH), "check")
    assert "不在本单位编制内" in fault_at(page, "persons.0.person")
    assert "在编0" not in text_of(page)


@pytest.mark.parametrize("officer", [EXAMINER, SUPERVISOR, INSPECTOR])
async def test_a_procedure_that_is_not_ones_own_is_refused_in_words(counter: Counter, officer: Officer) -> None:
    async with counter.browser(officer) as b:
        page = await b.get("/apply/staffing-up")
        sent = await b.post("/apply/staffing-up", STAFFING | {"_do": "submit"})
    assert page.status_code == sent.status_code == 403


async def test_a_procedure_that_does_not_exist_is_not_found(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        assert (await b.get("/apply/nonsense")).status_code == 404


async def test_a_receipt_of_another_unit_is_not_found(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(OTHER_APPLICANT) as b:
        assert (await b.get(f"/apply/staffing-up/receipt/{case_id}")).status_code == 404


async def test_the_choice_shows_only_what_is_open_to_the_officer(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        unit = text_of(await b.get("/apply"))
    async with counter.browser(INSPECTOR) as b:
        inspector = text_of(await b.get("/apply"))
    assert "用编落编" in unit
    assert "整改 检查发现" not in unit
    assert "监测预警" in inspector
    assert "用编落编" not in inspector


# --- rows and what lies beside ---------------------------------------------------------------------------------------


async def test_rows_are_added_and_removed_by_the_buttons_alone(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "add:lines")
        assert 'id="f-lines-1-resource" name="lines.1.resource"' in page.text
        assert re.search(r'name="lines\.1\.resource"[^>]*data-focus', page.text)
        page = await filled(b, "staffing-up", STAFFING | {"lines.1.reason": "第二行的原因"}, "drop:lines:0")
    assert "第二行的原因" in page.text
    assert "补充业务力量" not in page.text
    assert "lines.1." not in page.text


async def test_quotas_bodies_and_what_stands_in_the_way_are_at_hand(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        page = text_of(await b.get("/apply/staffing-up"))
    assert "行政编制 10 6 0 0 4" in page
    assert "行政编制（空余4）" in page
    assert "综合处" in page


async def test_before_is_filled_from_the_register(counter: Counter) -> None:
    chosen = {"changes.0.kind": "rename", "changes.0.unit": RESEARCH}
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "establishment-change", chosen, "refresh")
        assert hidden(page)["changes.0.before"] == "示范市发展研究局"
        body = {"changes.0.kind": "internal-bodies", "changes.0.unit": RESEARCH, "changes.0.body": "综合处"}
        page = await filled(b, "establishment-change", body, "refresh")
        assert hidden(page)["changes.0.before-name"] == "综合处"
        assert re.search(r'name="changes\.0\.after-name"[^>]*value="综合处"', page.text)


ONE_OF_EACH: list[dict[str, str]] = [
    {"kind": "establish", "code": "12999900000000035T", "name": "示范市数据中心", "unit_kind": "institution",
     "rank": "正科级", "parent": RESEARCH, "quota-headcount:institution-full": "5"},
    {"kind": "abolish", "unit": RESEARCH},
    {"kind": "merge", "units": RESEARCH, "into": SERVICES, "after_name": "示范市服务局"},
    {"kind": "rename", "unit": RESEARCH, "after": "示范市发展改革局"},
    {"kind": "rerank", "unit": RESEARCH, "after": "副厅级"},
    {"kind": "resubordinate", "unit": RESEARCH, "after": "示范市公共服务中心"},
    {"kind": "extra-name", "unit": RESEARCH, "after": "示范市改革办公室"},
    {"kind": "internal-bodies", "unit": RESEARCH, "body": "+", "after-name": "数据处", "after-chief_posts": "1"},
    {"kind": "internal-bodies", "unit": RESEARCH, "body": "综合处", "abolished": "yes"},
    {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:worker", "after": "3"},
    {"kind": "posts", "unit": RESEARCH, "resource": "post:internal-chief", "after": "2"},
    {"kind": "reallocate", "resource": "headcount:administrative", "number": "1", "from_unit": RESEARCH,
     "to_unit": "示范市公共服务中心"},
]  # fmt: skip


@pytest.mark.parametrize("row", ONE_OF_EACH, ids=lambda row: row["kind"])
async def test_every_kind_of_change_reaches_the_gate(counter: Counter, office: Office, row: dict[str, str]) -> None:
    fields = {name: value for name, value in CHANGE.items() if not name.startswith("changes.")}
    fields |= {f"changes.0.{name}": value for name, value in row.items()} | {"kind": row["kind"]}
    async with counter.browser(APPLICANT) as b:
        await submitted(b, "establishment-change", fields)
        docket = only_case(office)
        assert "before-differs" not in [check.code for check in docket.checks if not check.passed]
        assert "incomplete" not in [check.code for check in docket.checks if not check.passed]


# --- English ---------------------------------------------------------------------------------------------------------


async def test_the_forms_speak_english(counter: Counter) -> None:
    async with counter.browser(APPLICANT, language="en") as b:
        for procedure in ("staffing-up", "removing-staff", "establishment-change"):
            page = await b.get(f"/apply/{procedure}")
            form = page.text.partition('id="apply"')[2]
            labels = re.findall(r"<(?:label|legend|h2|h3|button|th|p)[^>]*>(.*?)</", form, re.S)
            chinese = [
                each for each in labels if re.search("[\u4e00-\u9fff]", re.sub("示范市[^<]*|办公室|综合处", "", each))
            ]
            assert chinese == []
