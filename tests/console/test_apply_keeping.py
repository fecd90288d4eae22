"""Drafts, and the correction of an application that was sent back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from docket import drafts
from models.enums import State
from models.sealing import Unsealable
from tests.console.test_apply import STAFFING, fault_at, filled, hidden, removal, sent_at_once, submitted
from tests.support.console import Counter, text_of
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    ORGANISATION,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    Office,
    application,
)

SECRET = "只有本人知道的原因"


def kept(office: Office) -> list[Any]:
    with office.database.read() as s:
        return list(s.connection().execute(text("SELECT * FROM draft")))


# --- drafts ----------------------------------------------------------------------------------------------------------


async def test_an_unfinished_form_is_kept_and_found_again_as_it_was(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        answer = await filled(b, "staffing-up", {"lines.0.reason": SECRET, "lines.0.number": "很多"}, "save")
        assert answer.status_code == 303
        page = await b.http.get(answer.headers["location"])
        assert SECRET in page.text
        assert "很多" in page.text
        assert "草稿已于2026-03-02 09:00保存" in text_of(page)
        listed = await b.get("/apply")
    assert "示范市发展研究局用编申请" in text_of(listed)
    assert "2026-03-02 09:00" in text_of(listed)


async def test_an_empty_form_offers_what_was_begun_of_its_kind(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        assert 'id="begun"' not in (await b.get("/apply/staffing-up")).text
        await filled(b, "staffing-up", {"lines.0.reason": SECRET}, "save")
        (row,) = kept(office)
        empty = await b.get("/apply/staffing-up")
        assert f"/console/apply/staffing-up?draft={row.id}" in empty.text
        assert SECRET not in empty.text
        for path in ("/apply/removing-staff", f"/apply/staffing-up?draft={row.id}"):
            assert 'id="begun"' not in (await b.get(path)).text
    async with counter.browser(OTHER_APPLICANT) as b:
        assert row.id not in (await b.get("/apply/staffing-up")).text


async def test_a_draft_is_sealed_in_the_table(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        await filled(b, "staffing-up", {"lines.0.reason": SECRET}, "save")
    (row,) = kept(office)
    assert SECRET.encode() not in row.form_sealed
    assert all(SECRET not in str(value) for value in row)
    with office.database.write() as s:
        s.connection().execute(text("UPDATE draft SET id = 'ffffffffffffffffffffffffffffffff'"))
    with office.database.read() as s, pytest.raises(Unsealable):
        drafts.opened(s, "f" * 32, APPLICANT.id)


async def test_nobody_else_reads_changes_or_deletes_a_draft(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        await filled(b, "staffing-up", {"lines.0.reason": SECRET}, "save")
    (row,) = kept(office)
    async with counter.browser(OTHER_APPLICANT) as b:
        assert (await b.get(f"/apply/staffing-up?draft={row.id}")).status_code == 404
        stolen = await b.post("/apply/staffing-up/draft", STAFFING | {"_draft": row.id})
        assert stolen.status_code == 404
        assert (await b.post(f"/apply/staffing-up/draft/{row.id}/delete", {})).status_code == 404
        assert "用编申请" not in text_of(await b.get("/apply"))
    assert kept(office) == [row]


async def test_the_page_saves_by_itself_and_the_last_window_stays(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await b.get("/apply/staffing-up")
        meta = {name: value for name, value in hidden(page).items() if name.startswith("_")}
        first = await b.post("/apply/staffing-up/draft", meta | {"lines.0.reason": "第一窗口"})
        office.later(minutes=5)
        second = await b.post("/apply/staffing-up/draft", meta | {"lines.0.reason": "第二窗口"})
        assert "09:00" in first.json()["said"]
        assert "09:05" in second.json()["said"]
        page = await b.get(f"/apply/staffing-up?draft={meta['_draft']}")
    assert "第二窗口" in page.text
    assert len(kept(office)) == 1


async def test_a_draft_is_gone_once_it_is_submitted_or_deleted(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        answer = await filled(b, "staffing-up", STAFFING, "save")
        query = "?" + answer.headers["location"].partition("?")[2]
        await submitted(b, "staffing-up", STAFFING, query)
        assert kept(office) == []
        await filled(b, "removing-staff", removal(office), "save")
        (row,) = kept(office)
        await b.post(f"/apply/removing-staff/draft/{row.id}/delete", {})
    assert kept(office) == []


async def test_the_title_of_a_draft_holds_nothing_that_was_typed(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        await filled(b, "establishment-change", {"title": "关于999999199001010016的请示"}, "save")
    (row,) = kept(office)
    assert row.title == "示范市发展研究局机构编制调整申请"


async def test_an_officer_keeps_so_many_drafts_and_is_told(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        for number in range(drafts.LISTED + 1):
            answer = await b.post("/apply/staffing-up/draft", {"_draft": f"{number:032x}", "contact": "王敏"})
    assert answer.status_code == 422
    assert "草稿已满50份" in answer.json()["said"]
    assert len(kept(office)) == drafts.LISTED


# --- correction ------------------------------------------------------------------------------------------------------


async def test_a_correction_shows_every_fault_beside_its_field_and_opens_round_two(
    counter: Counter, office: Office
) -> None:
    case_id = office.opened(application({"resource": "headcount:administrative", "number": 1, "way": "examination"},
                                        contact="", meeting=""))  # fmt: skip
    async with counter.browser(APPLICANT) as b:
        assert "待补正的申请" in text_of(await b.get("/apply"))
        page = await b.get(f"/apply/staffing-up?case={case_id}")
        assert fault_at(page, "contact") == "有误：未填写联系人"
        assert "所报第1项未填写用编原因" in fault_at(page, "lines.0.reason")
        assert "未填写领导班子" in fault_at(page, "basis.meeting")
        assert re.search(r'value="headcount:administrative" selected', page.text)
        receipt = await submitted(b, "staffing-up", STAFFING, f"?case={case_id}")
    docket = office.docket(case_id)
    assert (docket.round, docket.state) == (2, State.ACCEPTED)
    assert "第2轮" in text_of(receipt)


async def test_the_opinion_of_who_sent_it_back_is_shown(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return", opinion="请说明岗位要求"))
    async with counter.browser(APPLICANT) as b:
        page = text_of(await b.get(f"/apply/staffing-up?case={case_id}"))
    assert "李静的意见： 请说明岗位要求" in page


async def test_the_check_of_a_correction_is_that_of_the_next_round(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(contact=""))
    async with counter.browser(APPLICANT) as b:
        page = await filled(b, "staffing-up", STAFFING | {"lines.0.reason": ""}, "check", f"?case={case_id}")
        assert "未填写用编原因" in fault_at(page, "lines.0.reason")
        assert fault_at(page, "contact") == ""
    assert office.docket(case_id).round == 1


async def test_a_draft_of_a_correction_is_found_from_its_case(counter: Counter, office: Office) -> None:
    case_id = office.opened(application(contact=""))
    async with counter.browser(APPLICANT) as b:
        await filled(b, "staffing-up", STAFFING | {"remark": SECRET}, "save", f"?case={case_id}")
        page = await b.get(f"/apply/staffing-up?case={case_id}")
        assert SECRET in page.text
        assert "未填写联系人" not in fault_at(page, "lines.0.reason")
        await submitted(b, "staffing-up", STAFFING, f"?case={case_id}")
    assert kept(office) == []


async def test_only_the_side_that_applied_corrects_and_only_what_was_returned(counter: Counter, office: Office) -> None:
    returned, accepted = office.opened(application(contact="")), office.opened(application(meeting="另一次会议"))
    async with counter.browser(OTHER_APPLICANT) as b:
        assert (await b.get(f"/apply/staffing-up?case={returned}")).status_code == 404
    async with counter.browser(APPLICANT) as b:
        assert (await b.get(f"/apply/staffing-up?case={accepted}")).status_code == 403
        assert (await b.get(f"/apply/removing-staff?case={returned}")).status_code == 404
        sent = await b.post("/apply/staffing-up", STAFFING | {"_case": accepted, "_do": "submit"})
    assert sent.status_code == 403


async def test_a_department_corrects_what_it_reported(counter: Counter, office: Office) -> None:
    fields = removal(office, SERVICES) | {"unit": SERVICES, "persons.0.proof_no": ""}
    async with counter.browser(ORGANISATION) as b:
        await sent_at_once(b, "removing-staff", fields)
        with office.database.read() as s:
            case_id = str(s.connection().execute(text("SELECT id FROM case_file")).scalar_one())
        assert office.docket(case_id).state is State.RETURNED
        page = await b.get(f"/apply/removing-staff?case={case_id}")
        assert "未填写证明材料文号" in fault_at(page, "persons.0.proof_no")
        await submitted(b, "removing-staff", fields | {"persons.0.proof_no": "示人退〔2026〕3号"}, f"?case={case_id}")
    assert (office.docket(case_id).round, office.docket(case_id).state) == (2, State.IN_PROGRESS)
    assert office.docket(case_id).unit == SERVICES != RESEARCH
