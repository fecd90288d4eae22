"""A decision that is registered and not judged yet: the page of its case says so to those who may see the case."""

from __future__ import annotations

from models.enums import CommandKind
from tests.support.casework import opened_by
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, FINANCE, ISSUER, Office

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
