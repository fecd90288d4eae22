"""Applications against odd senders: fields that no form has, bodies that are too long, forms that were sent already."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from api.limits import Buckets
from api.middleware import FORM_BYTES, limit_of
from console.forms import FORMS
from docket import drafts
from models.decisions import Officer
from models.enums import Procedure, State
from tests.console.test_apply import (
    CHANGE,
    RECTIFICATION,
    STAFFING,
    WARNING,
    a_person,
    fault_at,
    filled,
    hidden,
    only_case,
    removal,
)
from tests.console.test_apply_keeping import kept
from tests.support.console import Browser, Counter, text_of
from tests.support.office import APPLICANT, INSPECTOR, RESEARCH, SERVICES, Office, application

OFFICERS = {Procedure.RECTIFICATION: INSPECTOR, Procedure.EARLY_WARNING: INSPECTOR}
JUDGING = ("check", "review", "submit", "save")
OPEN = (
    "refresh", "edit", "search:people", "search", "person:", "person:x", "unit:x", "unit:\x00", "add:", "add:lines",
    "add:x", "drop:", "drop:lines:0", "drop:lines:²", "drop:lines:-1", "zzz", "",
)  # fmt: skip
ODD: list[dict[str, str]] = [
    {"lines": "x", "lines.0.number": "1"},
    {"lines.0": "x", "lines.0.number": "1"},
    {"lines.².number": "1"},
    {"lines.0.number": "²"},
    {"lines.0.number": "٣"},
    {"lines.0.number": "9" * 5000},
    {"lines.0.number.x": "1"},
    {"lines." + "9" * 5000 + ".number": "1"},
    {"lines.-1.number": "1"},
    {"changes": "x", "changes.0": "x", "changes.0.kind": "zzz"},
    {"changes.0.kind": "headcount", "changes.0.resource": "x", "changes.0.unit": RESEARCH},
    {"changes.7.kind": "establish", "changes.7.quota-headcount:administrative": "²", "changes.7.quota-x": "1"},
    {"changes.9.kind": "merge", "changes.9.units": ",".join(str(n) for n in range(3000))},
    {"changes.3.kind": "internal-bodies", "changes.3.body": "综合处", "changes.3.after-chief_posts": "x"},
    {"persons": "x", "persons.²": "x", "persons.0.person": "x"},
    {"problems": "x", "problems.².no": "x", "problems.0.no": "["},
    {"basis": "x", "basis.date": "y"},
    {"basis.²": "y", "basis.0": "y", "basis.0.date": "y"},
    {"justification": "x", "justification.risks": "y", "justification.²": "y"},
    {"attachments": "y", "attachments.0": "y", "attachments.0.digest": "z"},
    {"appointment.date": "99999-99-99", "appointment": "x"},
    {"a.b.c.d": "1", "a": "2", "": "3", ".": "4", "..": "5", "x" * 5000: "6"},
    {"contact": "\x00", "remark": "\x00", "unit": "\x00", "lines.0.reason": "\x00"},
    {"_q": "\x00", "_unit_q": "%\x00"},
    {"_draft": "zz", "_key": "\x00"},
    {"_case": "zzz"},
    {"_case": "\x00"},
    {"remark": "长" * 300_000},
    {"indicator": "z", "value": "²", "level": "z"},
]


def right(office: Office, procedure: Procedure) -> dict[str, str]:
    return {
        Procedure.STAFFING_UP: STAFFING,
        Procedure.REMOVING_STAFF: removal(office),
        Procedure.ESTABLISHMENT_CHANGE: CHANGE,
        Procedure.RECTIFICATION: RECTIFICATION,
        Procedure.EARLY_WARNING: WARNING,
    }[procedure]


def without_limits(counter: Counter) -> None:
    """So that every request is judged, not only the first few."""
    for name in ("writes", "applications", "rehearsals"):
        setattr(counter.runtime.limits, name, Buckets(burst=10_000, per_second=1.0, clock=lambda: 0.0))


# --- odd fields --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", FORMS, ids=lambda each: each.value)
@pytest.mark.parametrize("verb", JUDGING)
async def test_no_field_that_can_be_sent_breaks_a_form(
    counter: Counter, office: Office, procedure: Procedure, verb: str
) -> None:
    without_limits(counter)
    async with counter.browser(OFFICERS.get(procedure, APPLICANT)) as b:
        for odd in ODD:
            await answered(b, procedure, right(office, procedure) | odd | {"_do": verb})


@pytest.mark.parametrize("procedure", FORMS, ids=lambda each: each.value)
async def test_no_button_breaks_a_form_with_odd_fields(counter: Counter, office: Office, procedure: Procedure) -> None:
    without_limits(counter)
    every: dict[str, str] = {}
    for odd in ODD:
        every |= {name: value for name, value in odd.items() if name not in ("_case", "remark")}
    async with counter.browser(OFFICERS.get(procedure, APPLICANT)) as b:
        for verb in (*OPEN, *JUDGING):
            await answered(b, procedure, right(office, procedure) | every | {"_do": verb})
            await answered(b, procedure, {"_do": verb})


async def answered(b: Browser, procedure: Procedure, form: dict[str, str]) -> None:
    """The page and the saving in the background both answer in words."""
    for path in ("", "/draft"):
        page = await b.post(f"/apply/{procedure.value}{path}", form)
        assert page.status_code < 500, (form, text_of(page)[-200:])
        assert page.status_code != 429
        if page.status_code >= 400:
            assert any("\u4e00" <= each <= "\u9fff" for each in text_of(page)), form


@pytest.mark.parametrize("path", ["?draft=%00", "?case=%00", "?unit=%00", "?draft=x", "?case=x", "/receipt/%00"])
async def test_no_address_breaks_a_form(counter: Counter, path: str) -> None:
    async with counter.browser(APPLICANT) as b:
        assert (await b.get(f"/apply/staffing-up{path}")).status_code < 500
        assert (await b.post("/apply/staffing-up/draft/x/delete", {})).status_code == 404


async def test_fields_that_the_form_does_not_have_are_not_kept(counter: Counter, office: Office) -> None:
    odd = {"lines.0.x": "1", "lines.1000.number": "1", "lines": "x", "persons.0.person": a_person(office), "z": "1"}
    async with counter.browser(APPLICANT) as b:
        await filled(b, "staffing-up", STAFFING | odd, "save")
    (row,) = kept(office)
    with office.database.read() as s:
        found = drafts.opened(s, row.id, APPLICANT.id)
    assert found is not None
    assert found[1] == STAFFING | {"unit": RESEARCH}


async def test_every_field_of_every_page_is_known_to_its_form(counter: Counter, office: Office) -> None:
    """Or what is typed there would be lost."""
    kinds = ["establish", "abolish", "merge", "rename", "rerank", "resubordinate", "extra-name", "headcount", "posts"]
    rows = [{"kind": each, "unit": RESEARCH} for each in [*kinds, "reallocate"]]
    rows.append({"kind": "internal-bodies", "unit": RESEARCH, "body": "综合处"})
    change = {f"changes.{n}.{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    asked: list[tuple[Officer, Procedure, dict[str, str]]] = [(APPLICANT, Procedure.ESTABLISHMENT_CHANGE, change)]
    asked += [(OFFICERS.get(each, APPLICANT), each, right(office, each)) for each in FORMS]
    for officer, procedure, fields in asked:
        async with counter.browser(officer) as b:
            page = await filled(b, procedure.value, fields | {"attachments.0.title": "纪要"}, "refresh")
        form = page.text.partition('id="apply-form"')[2].partition("</form>")[0]
        names = set(re.findall(r'<(?:input|select|textarea)[^>]*? name="([^"]+)"', form))
        names = {name for name in names if not name.startswith("_") and name != "csrftoken"}
        assert len(names) > 4
        assert [name for name in sorted(names) if not FORMS[procedure].known(name)] == []


# --- bodies that are too long --------------------------------------------------------------------------------------


async def test_a_form_carries_what_the_models_take(counter: Counter, office: Office) -> None:
    problem = {name.partition(".0.")[2]: value for name, value in RECTIFICATION.items() if ".0." in name}
    long = problem | {"facts": "实" * 4000, "measure": "限" * 4000, "clause": "条" * 200}
    fields = {f"problems.{n}.{name}": value for n in range(50) for name, value in (long | {"no": str(n + 1)}).items()}
    async with counter.browser(INSPECTOR) as b:
        saved = await b.post("/apply/rectification/draft", fields | {"unit": RESEARCH, "_draft": "a" * 32})
        assert saved.status_code == 200, saved.text
        page = await b.post("/apply/rectification", fields | {"unit": RESEARCH, "_do": "review"})
    assert page.status_code == 200
    assert "您要提交的内容" in text_of(page)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_long_is_refused_in_words_at_a_form(counter: Counter, announced: bool) -> None:
    assert limit_of("/console/apply/staffing-up") == FORM_BYTES
    async with counter.browser(APPLICANT) as b:
        for path in ("/console/apply/staffing-up", "/console/account/acting"):
            page = await long_post(b, path, announced, "text/html,*/*")
            assert page.status_code == 413
            assert page.headers["content-type"].startswith("text/html")
            assert "内容过大" in text_of(page)
            fetched = await long_post(b, path, True, "application/json")
            assert fetched.headers["content-type"].startswith("application/problem+json")


async def long_post(b: Browser, path: str, announced: bool, accept: str) -> httpx.Response:
    body: Any = b"remark=" + b"x" * FORM_BYTES

    async def pieces() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    headers = {"accept": accept, "content-type": "application/x-www-form-urlencoded", "x-csrftoken": await b.token()}
    return await b.http.post(path, content=body if announced else pieces(), headers=headers)


async def test_whoever_is_signed_out_is_not_told_that_the_draft_was_kept(counter: Counter, office: Office) -> None:
    async with counter.browser() as b:
        answer = await b.post("/apply/staffing-up/draft", STAFFING, headers={"accept": "application/json"})
    assert answer.status_code in (303, 401)
    assert kept(office) == []


async def test_the_page_holds_what_it_says_when_a_draft_cannot_be_kept(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await b.get("/apply/staffing-up")
    for reason in ("not-saved", "too-large", "signed-out", "expired", "away", "failed"):
        assert f'data-{reason}="' in page.text
    assert "草稿没有保存：" in page.text


# --- sent already --------------------------------------------------------------------------------------------------


async def test_a_double_click_on_a_correction_comes_to_the_same_receipt(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(contact=""))
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "review", f"?case={case_id}")
        first = await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
        second = await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
        assert (first.status_code, second.status_code) == (303, 303)
        assert first.headers["location"] == second.headers["location"]
        receipt = await b.http.get(second.headers["location"])
        assert "这份申请已经提交" in text_of(receipt)
    assert office.docket(case_id).round == 2


async def test_an_old_window_does_not_bring_a_sent_draft_back(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "review")
        form = hidden(page)
        await b.post("/apply/staffing-up", form | {"_do": "submit"})
        late = await b.post("/apply/staffing-up/draft", form)
        assert late.status_code == 409
        assert "已经提交，见回执" in late.json()["said"]
        pressed = await b.post("/apply/staffing-up", form | {"_do": "save"})
        assert pressed.status_code == 303
        assert only_case(office).case_no in text_of(await b.http.get(pressed.headers["location"]))
    assert kept(office) == []


async def test_an_old_window_of_a_correction_does_not_bring_its_draft_back(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(contact=""))
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING, "review", f"?case={case_id}")
        await b.post("/apply/staffing-up", hidden(page) | {"_do": "submit"})
        late = await b.post("/apply/staffing-up/draft", hidden(page))
    assert late.status_code == 409
    assert "已经提交，见回执" in late.json()["said"]
    assert kept(office) == []


async def test_a_draft_opened_again_is_sent_under_the_same_key(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        saved = await filled(b, "staffing-up", STAFFING, "save")
        first = await b.http.get(saved.headers["location"])
        again = await b.http.get(saved.headers["location"])
        assert hidden(first)["_key"] == hidden(again)["_key"]
        for page in (first, again):
            sent = await b.post("/apply/staffing-up", hidden(page) | STAFFING | {"_do": "submit"})
            assert sent.status_code == 303
    assert only_case(office).state is State.ACCEPTED


# --- figures of others ---------------------------------------------------------------------------------------------


async def test_the_check_does_not_tell_what_another_unit_has_to_spare(counter: Counter, office: Office) -> None:
    row = {"kind": "reallocate", "resource": "headcount:administrative", "from_unit": SERVICES, "to_unit": RESEARCH}
    fields = {name: value for name, value in CHANGE.items() if not name.startswith("changes.")} | {"kind": row["kind"]}
    fields |= {f"changes.0.{name}": value for name, value in row.items()}
    said = set()
    async with counter.browser(APPLICANT) as b:
        for number in ("1", "2", "3", "500"):
            page = await filled(b, "establishment-change", fields | {"changes.0.number": number}, "check")
            shown = text_of(page).partition("提交前检查的结果")[2].partition("全部检查和条款")[0]
            said.add(shown)
    assert len(said) == 1
    (only,) = said
    assert "示范市公共服务中心能否调出，由编办核实" in only
    assert "能预先检查的都通过了" in only
    assert "有1项涉及其他单位的数字，提交后由编办核实" in only
    assert "检查通过，现在提交将予受理" not in only


# --- words ---------------------------------------------------------------------------------------------------------


async def test_a_reader_of_english_is_answered_in_english(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT, language="en") as b:
        page = await b.get("/apply/staffing-up")
        form = hidden(page) | STAFFING
        await b.post("/apply/staffing-up", form | {"_do": "submit"})
        late = await b.post("/apply/staffing-up/draft", form)
        other = await b.post("/apply/staffing-up/draft", {"_draft": "b" * 32, "remark": "x"} | ballast())
    assert late.json()["said"] == "already submitted, see its receipt; no draft was kept"
    assert other.json()["said"] == "too large to be kept as a draft"


def ballast() -> dict[str, str]:
    return {f"lines.{number}.reason": "x" * 15_000 for number in range(50)}


async def test_a_fault_at_the_door_is_read_in_the_readers_language(counter: Counter, office: Office) -> None:
    async with counter.browser(INSPECTOR, language="en") as b:
        page = await filled(b, "early-warning", WARNING | {"unit": "119999000000000999"}, "review")
    assert fault_at(page, "unit").endswith("not in the register")


async def test_what_is_typed_is_not_asked_to_be_chosen(counter: Counter) -> None:
    async with counter.browser(INSPECTOR) as b:
        page = await filled(
            b, "rectification", RECTIFICATION | {"problems.0.kind": "", "problems.0.source": ""}, "review"
        )
    assert fault_at(page, "problems.0.kind").endswith("请填写")
    assert fault_at(page, "problems.0.source").endswith("请选择")


# --- a returned case with a draft ----------------------------------------------------------------------------------


async def test_faults_stand_beside_rows_that_are_as_they_were_judged_and_no_others(
    counter: Counter, office: Office
) -> None:
    lines = [
        {"resource": "headcount:administrative", "number": 1, "way": "examination"},
        {"resource": "headcount:worker", "number": 1, "way": "examination"},
    ]
    case_id = office.opened(application(*lines, contact=""))
    async with counter.browser(APPLICANT) as b:
        page = await b.get(f"/apply/staffing-up?case={case_id}")
        typed = hidden(page) | {
            f"lines.{number}.{name}": str(value) for number, line in enumerate(lines) for name, value in line.items()
        }
        assert "所报第2项" in fault_at(page, "lines.1.reason")
        await b.post("/apply/staffing-up", typed | {"lines.1.number": "2", "contact": "王敏", "_do": "save"})
        page = await b.get(f"/apply/staffing-up?case={case_id}")
    assert "所报第1项未填写用编原因" in fault_at(page, "lines.0.reason")
    assert fault_at(page, "lines.1.reason") == fault_at(page, "contact") == ""
    assert "所报第2项未填写用编原因" in text_of(page)
    assert "未填写联系人" in text_of(page)
