"""What no page, file or database can take is refused once for every page, in words: addresses, cookies, forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from starlette.routing import Route

from console.site import READING
from console.views.registers import ALL
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, RESEARCH, SUPERVISOR, Office

SAID = "网址中有不能识别的字符"
KEYS = [str(each.key) for each in ALL]
ADDRESSES = [
    "/worklist?q=%s", "/worklist?tab=all&unit=a%s", "/desk/quota?q=%s", "/desk/quota?after=%s", "/units/list?q=%s",
    "/units/export?format=csv&q=%s", "/records/list?f_unit=%s", "/numbers/list?f_series=%s", "/units/detail?pk=%s",
    "/problems/detail?pk=%s|1", "/units/tree?parent=%s", "/cases/%s", "/journal/chain/%s", "/verify?code=%s",
    "/login?next=%s", "/records/detail?pk=%s", "/nowhere/%s",
]  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES)
async def test_control_characters_in_an_address_are_refused_in_words(counter: Counter, path: str) -> None:
    async with counter.browser(SUPERVISOR) as b:
        for character in ("%00", "%0B", "%C2%85"):
            page = await b.get(path.replace("%s", character))
            assert page.status_code == 400, character
            assert SAID in text_of(page)
            assert "Content-Security-Policy" in page.headers


async def test_who_has_not_signed_in_is_refused_in_words_too(counter: Counter) -> None:
    async with counter.browser(language="en") as b:
        page = await b.get("/login?next=%00")
    assert page.status_code == 400
    assert "the address holds characters that cannot be" in text_of(page)


async def test_names_in_an_address_pass(counter: Counter) -> None:
    async with counter.browser(SUPERVISOR) as b:
        for said in ("示范市 发展研究局", "𠮷野家", "Ä é ß", "100%", "a\\b"):
            page = await b.get(f"/units/list?q={quote(said)}")
            assert page.status_code == 200, said


async def test_a_number_that_no_key_can_be_is_not_found(counter: Counter) -> None:
    reason = {"reason": "核对社保参保信息"}
    async with counter.browser(SUPERVISOR) as b:
        for number in ("9999999999", "9" * 30):
            assert (await b.get(f"/roster/detail?pk={number}")).status_code == 404
            assert (await b.get(f"/journal/detail?pk={RESEARCH}|{number}")).status_code == 404
            assert (await b.post(f"/roster/{number}/identity", reason)).status_code == 404
        assert (await b.get(f"/roster/{'9' * 5000}/identity")).status_code == 400


@pytest.mark.parametrize("number", ["9999999999", "9" * 30, "9" * 5000, "", "x"])
async def test_a_bulk_selection_with_a_round_that_cannot_be_is_refused(
    counter: Counter, office: Office, number: str
) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        answer = await b.post("/worklist/bulk", {"pick": f"{case_id}|examine|{number}|"})
    assert answer.status_code == 400


async def test_a_cookie_with_a_character_that_cannot_be_kept_is_refused(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        b.http.cookies.set("dingbian_acting", "%00", path="/console")
        assert (await b.get("/worklist")).status_code == 400


@pytest.mark.parametrize(
    "path", ["/roster/1/identity", "/account/acting", "/worklist/bulk", "/apply/removing-staff", "/login"]
)
async def test_a_form_with_what_nothing_can_keep_is_refused_in_words(counter: Counter, path: str) -> None:
    async with counter.browser(APPLICANT) as b:
        for data in ({"reason": "核对\x00信息"}, {"na\x00me": "x"}):
            answer = await b.post(path, data)
            assert answer.status_code == 400
            assert "填写的内容中有不能保存的字符" in text_of(answer)
        with_header = await b.http.post(
            f"/console{path}", data={"reason": "\x00"}, headers={"X-CSRFToken": await b.token()}
        )
        assert with_header.status_code == 400


async def test_an_upload_with_what_nothing_can_keep_is_refused(counter: Counter) -> None:
    async with counter.browser() as b:
        answer = await b.post("/verify", {"code": "a\x00b"}, files={"file": ("a.docx", b"\x00\x01")})
        kept = await b.post("/verify", {}, files={"file": ("a.docx", b"\x00\x01")})
    assert answer.status_code == 400
    assert "填写的内容中有不能保存的字符" in text_of(answer)
    assert kept.status_code == 200, "a file is bytes, and may hold any"


async def test_a_body_that_comes_in_parts_reaches_the_page_whole(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        body = f"csrftoken={quote(await b.token())}&reason=%E6%A0%B8".encode()

        async def parts() -> AsyncIterator[bytes]:
            for at in range(0, len(body), 7):
                yield body[at : at + 7]

        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await b.http.post("/console/roster/1/identity", content=parts(), headers=headers)
    assert answer.status_code == 422
    assert "请把事由写清楚" in text_of(answer)


async def test_line_breaks_and_tabs_of_a_text_reach_the_page(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        answer = await b.post("/roster/1/identity", {"reason": "核对社保\r\n参保\t信息"})
    assert answer.status_code == 422
    assert "事由含有不允许的字符" in text_of(answer)


# --- what the framework would write -------------------------------------------------------------------------------

WRITES = [
    "/_api/{key}/action", "/_api/{key}/action?name=delete&pks=1", "/_api/{key}/action?name=export&all=1",
    "/_api/{key}/row-action", "/_api/{key}/row-action?name=delete&pk=1", "/_api/{key}/import",
    "/_api/{key}/inline-edit?pk=1&field=name", "/_api/{key}/inline-edit/row?pk=1",
    "/_api/{key}/relation-lookup?q=x", "/{key}/create", "/{key}/edit?pk=1", "/{key}/import", "/_files/x/y",
]  # fmt: skip


@pytest.mark.parametrize("key", [*KEYS, "nothing"])
async def test_of_a_register_the_framework_writes_imports_and_looks_up_nothing(counter: Counter, key: str) -> None:
    for officer in (SUPERVISOR, APPLICANT):
        async with counter.browser(officer) as b:
            for path in WRITES:
                at = path.replace("{key}", key)
                assert (await b.get(at)).status_code == 404, at
                answer = await b.post(at, {"name": "x"})
                assert answer.status_code == 404, at
                assert "没有这个页面" in text_of(answer)


def test_no_other_route_of_the_framework_is_answered(counter: Counter) -> None:
    core = [route for route in counter.site._collect_core_routes() if isinstance(route, Route)]
    assert {route.name for route in core if route.endpoint.__name__ != "_nowhere"} == READING


# --- addresses that take forms alone ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/cases/{case}/decide", "/cases/{case}"),
        ("/cases/{case}/orders/urge?x=1", "/cases/{case}"),
        ("/apply/staffing-up/draft", "/apply/staffing-up"),
        ("/account/acting", "/account"),
        ("/logout", "/"),
    ],
)
async def test_an_address_that_only_takes_forms_leads_to_the_page_above_it(
    counter: Counter, office: Office, address: str, page: str
) -> None:
    case_id = office.opened()
    async with counter.browser(APPLICANT) as b:
        answer = await b.get(address.replace("{case}", case_id))
    assert answer.status_code == 303
    assert answer.headers["location"] == "http://office.test/console" + page.replace("{case}", case_id)


async def test_the_language_link_after_a_form_that_was_not_taken_leads_to_the_page_of_the_case(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        answer = await b.post(f"/cases/{case_id}/decide", {"step": "nothing"})
        assert answer.status_code == 422
        links = set(re.findall(r'href="([^"]*language=en)"', answer.text))
        assert links == {f"http://office.test/console/cases/{case_id}?language=en"}
        kept = await b.get("/worklist?tab=all")
        assert 'href="http://office.test/console/worklist?tab=all&amp;language=en"' in kept.text


async def test_another_method_is_refused_in_words_and_as_no_fault_of_ours(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    async with counter.browser(EXAMINER) as b:
        headers = {"x-csrftoken": await b.token()}
        answer = await b.http.put(f"/console/cases/{case_id}/decide", headers=headers)
    assert answer.status_code == 405
    assert "这个地址只接收表单" in text_of(answer)
    assert "系统内部错误" not in text_of(answer)
