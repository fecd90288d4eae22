"""A decision that is registered and not judged yet: the page of its case says so to those who may see the case."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from models.enums import CommandKind
from models.register import Command
from tests.support.casework import opened_by
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, FINANCE, ISSUER, Office
from tests.support.pages import form_of

OWN = "您的“审核同意”已登记，系统正在处理"
ANOTHERS = "“审核”的一项决定已登记，系统正在处理"
BOX = "这一环节已有一项决定登记待处理"


def registered(office: Office) -> tuple[str, str]:
    """The case, and the examiner's decision on it that waits."""
    case_id = office.opened()
    return case_id, office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)


async def test_after_a_reload_the_page_still_says_that_the_decision_is_registered(
    counter: Counter, office: Office
) -> None:
    case_id, command = registered(office)
    page = text_of(await opened_by(counter, case_id, EXAMINER))
    assert page.count(OWN) == 1
    assert BOX in page
    office.handle(command, case_id)
    judged = text_of(await opened_by(counter, case_id, EXAMINER))
    assert "已登记，系统正在处理" not in judged


async def test_others_read_the_step_and_not_the_act(counter: Counter, office: Office) -> None:
    case_id, command = registered(office)
    for officer in (ISSUER, FINANCE, APPLICANT):
        page = await opened_by(counter, case_id, officer)
        assert ANOTHERS in text_of(page)
        assert "审核同意" not in text_of(page).partition("流程图")[0]
        assert command.partition("~")[2] not in page.text


async def test_a_refusal_that_came_later_is_found_by_the_key_of_what_was_sent(counter: Counter, office: Office) -> None:
    case_id, _first = registered(office)
    again = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine", "reject"), EXAMINER)
    key = again.partition("~")[2]
    assert f'data-pending="{key}"' in (await opened_by(counter, case_id, EXAMINER)).text
    office.handle(_first, case_id)
    office.handle(again, case_id)
    page = (await opened_by(counter, case_id, EXAMINER)).text
    assert f'data-receipt="{key}"' in page
    assert "data-pending" not in page


async def test_what_is_registered_is_said_in_english(counter: Counter, office: Office) -> None:
    case_id, _command = registered(office)
    page = text_of(await opened_by(counter, case_id, EXAMINER, language="en"))
    assert "is registered and being processed; the result will be shown on this page" in page


async def test_what_was_judged_before_its_page_came_is_told_by_the_page(counter: Counter, office: Office) -> None:
    """The form was answered while nothing was judged, and the page came a moment later: whoever sent it must read what
    became of it, and nobody else."""
    case_id = office.opened()
    counter.runtime.watch_seconds = 0.0

    async def late(_delivery: Any) -> str:
        return "delivered"

    counter.runtime.temporal.deliver = late  # type: ignore[method-assign,assignment]
    async with counter.browser(EXAMINER) as b:
        forms = [form_of(await b.get(f"/cases/{case_id}"), "/decide") for _window in range(2)]
        sent = [("approve", forms[0], {}), ("reject", forms[1], {"opinion": "不符合"})]
        answers = [await b.post(form.action, form.with_(verdict, **more)) for verdict, form, more in sent]
        places = [str(answer.headers["location"]) for answer in answers]
        assert "“审核同意”已登记，系统正在处理" in text_of(await b.http.get(places[0]))
        keys = [parse_qs(urlsplit(place).query)["sent"][0] for place in places]
        for key in keys:
            office.handle(f"{EXAMINER.id}~{key}", case_id)
        told = [("审核同意：采纳", "success"), ("不同意：不予采纳。该环节已作决定", "danger")]
        for place, key, (words, level) in zip(places, keys, told, strict=True):
            page = await b.http.get(place)
            assert words in text_of(page)
            assert f'<div class="alert alert-{level} py-2 mb-2"' in page.text
            assert f'data-judged="{key}"' in page.text
    async with counter.browser(ISSUER) as b:
        assert "data-judged" not in (await b.http.get(places[0])).text


async def test_the_key_of_an_application_is_no_act_on_its_case(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    with office.database.read() as s:
        [start] = s.exec(select(Command.id)).all()
    page = await opened_by(counter, case_id, APPLICANT, f"?sent={start.partition('~')[2]}")
    assert page.status_code == 200
    assert "data-judged" not in page.text


@pytest.mark.parametrize("key", ["", "nobody-sent-this", "<b>", "x" * 500, "a b"])
async def test_a_key_in_the_address_that_is_none_tells_nothing(counter: Counter, office: Office, key: str) -> None:
    case_id, _command = registered(office)
    page = await opened_by(counter, case_id, EXAMINER, f"?sent={key}")
    assert page.status_code == 200
    assert "data-judged" not in page.text
