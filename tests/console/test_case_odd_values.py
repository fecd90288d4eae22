"""Whatever is sent to the pages of cases and of the worklist, the answer is a page in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from api.limits import Buckets
from console.casework.orders import ORDERS
from models.decisions import Officer
from models.enums import CommandKind, Procedure, Step, Verdict
from tests.support.casework import named
from tests.support.console import Counter, text_of
from tests.support.matters import change, leaving, people, problems, warning
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    HEAD,
    INSPECTOR,
    ORGANISATION,
    Office,
    application,
)

LONG = "9" * 5000
ODD = ["", "-1", "x", "\x00", "²", "٣", "[", LONG, "字" * 5000, str(10**30), "0001-01-01", "9999-12-31",
       "0001-01-01T00:00", "9999-12-31T23:59", "\u202e"]  # fmt: skip


@pytest.fixture(autouse=True)
def no_limits(counter: Counter) -> None:
    counter.runtime.limits.writes = Buckets(burst=100_000, per_second=1.0)


def in_words(page: httpx.Response, sent: object) -> None:
    assert page.status_code < 500, (sent, text_of(page))
    assert page.status_code == 303 or text_of(page).strip(), sent


async def test_a_decision_with_odd_values(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    base = {"step": "examine", "subject": "", "round": "1", "verdict": "return", "key": ""}  # an opinion is missing
    names = [*base, "grants.1.number", "grants", "found", "found.", f"found.{LONG}", "found.0.no", "from", "opinion"]
    async with counter.browser(EXAMINER) as b:
        for name in names:
            for value in ODD:
                in_words(await b.post(f"/cases/{case_id}/decide", base | {name: value}), (name, value[:20]))


@pytest.mark.parametrize("procedure", Procedure)
async def test_any_step_with_any_verdict(counter: Counter, office: Office, procedure: Procedure) -> None:
    case_id = opened(office, procedure)
    async with counter.browser(HEAD) as b:
        for step in Step:
            for verdict, subject in ((Verdict.APPROVE, ""), (Verdict.RETURN, "1"), (Verdict.REJECT, "x" * 5000)):
                sent = {"step": step.value, "verdict": verdict.value, "round": "1", "subject": subject}
                page = await b.post(f"/cases/{case_id}/decide", sent | {"opinion": "意见"})
                in_words(page, (sent["step"], sent["verdict"], subject[:3]))


def opened(office: Office, procedure: Procedure) -> str:
    make: dict[Procedure, Callable[[], Any]] = {
        Procedure.STAFFING_UP: application,
        Procedure.REMOVING_STAFF: lambda: leaving(people(office)[0]),
        Procedure.ESTABLISHMENT_CHANGE: change,
        Procedure.RECTIFICATION: problems,
        Procedure.EARLY_WARNING: lambda: warning("remind"),
    }
    inspected = procedure in (Procedure.RECTIFICATION, Procedure.EARLY_WARNING)
    return office.opened(make[procedure](), by=INSPECTOR if inspected else APPLICANT)


CALL = {"call.callee": "王主任", "call.called_at": "2026-03-02T08:30", "call.answer": "即予核实"}
FORMS: list[tuple[Procedure, str, Officer, str, dict[str, str]]] = [
    (Procedure.EARLY_WARNING, "remind", INSPECTOR, "", CALL | {"call.promised_by": "2026-03-09"}),
    (Procedure.REMOVING_STAFF, "approve-exit", ORGANISATION, "P1", {"reference_no": "示组〔2026〕1号"}),
    (Procedure.ESTABLISHMENT_CHANGE, "decide", COMMISSION, "", {"minutes_no": "1", "amend.0.keep": "yes"}),
]


@pytest.mark.parametrize(("procedure", "step", "by", "subject", "fields"), FORMS, ids=[form[1] for form in FORMS])
async def test_a_form_with_odd_values(
    counter: Counter, office: Office, procedure: Procedure, step: str, by: Officer, subject: str, fields: dict[str, str]
) -> None:
    case_id = opened(office, procedure)
    async with counter.browser(by) as b:
        for name in [*fields, "amend.0.after", "amend.9.keep"]:
            for value in ODD:
                sent = {"step": step, "subject": subject, "round": "1", "verdict": "approve"} | fields | {name: value}
                in_words(await b.post(f"/cases/{case_id}/decide", sent), (name, value[:20]))


async def test_a_person_with_odd_values(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    good = {name.replace("__", "."): value for name, value in named(1).items()}
    async with counter.browser(ORGANISATION) as b:
        for name in [*good, "persons.0.slot", "persons.0.post_slot", "persons.0.position", "subject"]:
            for value in ODD:
                sent = {"step": "approve-persons", "subject": slot, "round": "1", "verdict": "approve"} | good
                in_words(await b.post(f"/cases/{case_id}/decide", sent | {name: value}), (name, value[:20]))


ORDER_FIELDS = ("text", "reason", "note", "step", "working_days", "second_officer", "departments", "until", "unit",
                "scope.cases", "scope.matter", "scope.procedures", "items.0.no", "items.0.done", "items.²")  # fmt: skip


@pytest.mark.parametrize("kind", [*(kind.value for kind in CommandKind), "x", "²"])
async def test_an_order_with_odd_values(counter: Counter, office: Office, kind: str) -> None:
    case_id = office.opened()
    good = {"reason": "理由", "text": "文字", "note": "附言", "step": "examine|", "working_days": "1"}
    async with counter.browser(HEAD) as b:
        in_words(await b.post(f"/cases/{case_id}/orders/{kind}", {}), kind)
        for value in ODD if kind in ORDERS else []:
            page = await b.post(f"/cases/{case_id}/orders/{kind}", dict.fromkeys(ORDER_FIELDS, value))
            in_words(page, (kind, value[:20]))
            for name in {"extend": ["step", "working_days"], "remind": ["step"]}.get(kind, []):
                page = await b.post(f"/cases/{case_id}/orders/{kind}", good | {name: value})
                in_words(page, (kind, name, value[:20]))


async def test_a_bulk_with_odd_values(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    places = [*ODD, *(f"{case_id}|examine|{value}|" for value in ODD), *(f"{case_id}|examine|1|{v}" for v in ODD),
              *(f"{value}|examine|1|" for value in ODD), *(f"{case_id}|{value}|1|" for value in ODD)]  # fmt: skip
    async with counter.browser(EXAMINER) as b:
        for path, field, key in (("", "pick", ""), ("/confirm", "pick", ""), ("/decide", "item", "key-1|")):
            for place in places:
                sent = {field: key + place, "verdict": "return", "opinion": ""}
                in_words(await b.post(f"/worklist/bulk{path}", sent), (path, place[:60]))
            for value in ODD[1:]:
                for name in ("opinion", "verdict"):
                    sent = {field: f"{key}{case_id}|examine|1|", "verdict": "reject", "opinion": ""} | {name: value}
                    if (name, path) == ("opinion", "/decide") and len(value) < 4000:
                        sent["verdict"] = "x"  # the case is still wanted
                    in_words(await b.post(f"/worklist/bulk{path}", sent), (path, name, value[:20]))
        page = await b.post(
            "/worklist/bulk/decide",
            {"item": f"key-1|{case_id}|examine|1|", "verdict": "return", "opinion": "x" * 4001},
        )
        assert page.status_code == 400
    assert office.docket(case_id).decisions == []


async def test_addresses_with_odd_values(counter: Counter, office: Office) -> None:
    case_id = office.opened()
    listed = ("tab", "procedure", "state", "step", "unit", "q", "overdue", "due_today", "open", "after", "from")
    asked = {"/worklist": listed, f"/cases/{case_id}": ("step", "subject", "part", "from")}
    async with counter.browser(EXAMINER) as b:
        for path, names in asked.items():
            for name in names:
                for value in ODD:
                    in_words(await b.get(f"{path}?{name}={quote(value)}"), (path, name, value[:20]))
        for value in ODD[1:]:
            in_words(await b.get(f"/cases/{quote(value, safe='')}"), value[:20])


async def test_marks_that_nobody_sees_do_not_spoil_a_search(counter: Counter, office: Office) -> None:
    office.opened()
    pasted = "\u200b用编2026-00001\ufeff"
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/worklist?q={quote(pasted)}")
    assert "示范市发展研究局" in text_of(page)
