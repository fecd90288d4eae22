"""Standing in for a colleague at the console: what the substitution does not reach is read, not offered."""

from __future__ import annotations

import html
import re

from docket import substitutions
from models.enums import Procedure
from models.substitutions import NewSubstitution, SubstitutionView
from tests.support.console import Browser, Counter, text_of
from tests.support.matters import change
from tests.support.office import EXAMINER, ISSUER, Office, application
from tests.support.pages import form_of, forms_of, has_form


def granted(office: Office, *procedures: Procedure) -> None:
    """The issuer stands in for the examiner."""
    wanted = NewSubstitution(
        substitute=ISSUER.id, from_on="2026-03-02", until_on="2026-03-04", reason="出差学习", procedures=procedures
    )
    with office.database.write() as s:
        assert isinstance(substitutions.grant(s, wanted, EXAMINER, "k", office.now), SubstitutionView)


async def acting(b: Browser) -> Browser:
    assert (await b.post("/account/acting", {"login": EXAMINER.id})).status_code == 303
    return b


async def test_outside_the_substitution_nothing_is_offered_and_why_is_said(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    granted(office, Procedure.ESTABLISHMENT_CHANGE)
    async with counter.browser(EXAMINER) as b:
        mine = form_of(await b.get(f"/cases/{case_id}"), "/decide")
    async with counter.browser(ISSUER) as b:
        page = await (await acting(b)).get(f"/cases/{case_id}")
        said = text_of(page)
        assert not has_form(page, "/decide")
        assert not [form for form in forms_of(page) if "/orders/" in form.action]
        assert "您代行的授权不包括“用编落编”，只能查看，不能办理" in said
        refused = await b.post(mine.action, mine.with_("approve"))
        assert refused.status_code == 403
        assert "代行授权不包括该程序" in text_of(refused)
    assert office.docket(case_id).decisions == []


async def test_inside_the_substitution_the_case_is_decided(counter: Counter, office: Office) -> None:
    case_id = office.opened(change())
    granted(office, Procedure.ESTABLISHMENT_CHANGE)
    async with counter.browser(ISSUER) as b:
        page = await (await acting(b)).get(f"/cases/{case_id}")
        assert "代行范围不包括此事项" not in text_of(page)
        form = form_of(page, "/decide")
        assert (await b.post(form.action, form.with_("approve"))).status_code == 303
    assert [each.step for each in office.docket(case_id).decisions] == ["examine"]


async def test_the_list_and_a_bulk_decision_hold_what_the_substitution_reaches(
    counter: Counter, office: Office
) -> None:
    for n in range(2):
        office.opened(application(meeting=f"第{n}次"))
    changed = office.opened(change())
    granted(office, Procedure.ESTABLISHMENT_CHANGE)
    async with counter.browser(EXAMINER) as b:
        chosen = [html.unescape(each) for each in _picks((await b.get("/worklist")).text)]
        assert len(chosen) == 2
    async with counter.browser(ISSUER) as b:
        page = await (await acting(b)).get("/worklist")
        assert re.findall(r'data-count="(mine|department)">(\d+)', page.text) == [("mine", "1"), ("department", "1")]
        assert office.docket(changed).case_no in text_of(page)
        assert _picks(page.text) == []
        stopped = await b.post("/worklist/bulk/confirm", {"pick": chosen, "verdict": "approve", "opinion": ""})
        assert stopped.status_code == 422
        forged = {"item": [f"key-{n}|{each}" for n, each in enumerate(chosen)], "verdict": "approve", "opinion": ""}
        told = await b.post("/worklist/bulk/decide", forged)
        assert "不予采纳2件" in text_of(told)
        assert "代行授权不包括该程序" in text_of(told)


async def test_a_bulk_decision_is_taken_in_substitution(counter: Counter, office: Office) -> None:
    ids = [office.opened(application(meeting=f"第{n}次")) for n in range(2)]
    granted(office)
    async with counter.browser(ISSUER) as b:
        chosen = [html.unescape(each) for each in _picks((await (await acting(b)).get("/worklist")).text)]
        page = await b.post("/worklist/bulk/confirm", {"pick": chosen, "verdict": "approve", "opinion": ""})
        items = [html.unescape(each) for each in re.findall(r'name="item" value="([^"]+)"', page.text)]
        told = await b.post("/worklist/bulk/decide", {"item": items, "verdict": "approve", "opinion": ""})
        assert "采纳2件" in text_of(told)
    assert all(ISSUER.name in str(office.docket(each).steps[0].officer) for each in ids)


def _picks(text: str) -> list[str]:
    return re.findall(r'name="pick" value="([^"]+)"', text)
