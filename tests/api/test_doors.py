"""Who may knock where (P8; OWASP API1, API5; ASVS 8.2): role × operation, every operation of the document."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter

from api import examples
from api.door import Door
from api.openapi import APPLICATIONS, AT_ONCE
from api.permissions import RULES

from .conftest import CAST, UNIT_A, UNIT_B, Desk, problem

READERS = set(CAST) - {"system_admin"}
DECIDERS = READERS - {"supervisor", "auditor"}
OFFICE = {"examiner", "inspector", "head"}
OVERSIGHT = OFFICE | {"commissioner", "supervisor", "auditor"}
ORGANISERS = {"organiser", "organiser_two"}
APPLICANTS = {"applicant", "neighbour"}
REPORTERS = APPLICANTS | ORGANISERS | {"personnel"}
NAMES = REPORTERS | OFFICE | {"supervisor", "auditor"}

# Written by hand beside api.permissions, so that a slip of the pen there is seen here. None: public.
MAY: dict[str, set[str] | None] = {
    "apply_staffing_up": APPLICANTS,
    "apply_removing_staff": REPORTERS,
    "apply_establishment_change": APPLICANTS,
    "open_rectification": {"inspector"},
    "raise_warning": {"inspector"},
    "list_cases": READERS,
    "read_case": READERS,
    "decide": DECIDERS,
    "resubmit": REPORTERS,
    "withdraw": REPORTERS,
    "revoke": OFFICE,
    "extend": DECIDERS,
    "hold": {"head"},
    "release": {"head"},
    "remind": DECIDERS,
    "report": APPLICANTS,
    "request_exception": APPLICANTS | OFFICE,
    "comment": DECIDERS,
    "copy": DECIDERS - APPLICANTS,
    "list_case_records": READERS,
    "read_worklist": READERS,
    "list_substitutions": READERS | {"system_admin"},
    "grant_substitution": DECIDERS | {"system_admin"},
    "end_substitution": DECIDERS | {"system_admin"},
    "list_units": READERS,
    "read_unit": READERS,
    "read_balances": READERS,
    "read_roster": NAMES,
    "read_journal": READERS,
    "read_certificate": NAMES | {"treasurer", "insurer"},
    "read_certificate_facts": NAMES | {"treasurer", "insurer"},
    "read_certificate_extract": NAMES | {"treasurer", "insurer"},
    "list_records": OVERSIGHT,
    "read_record": READERS,
    "read_record_file": READERS,
    "read_record_pdf": READERS,
    "verify_code": None,
    "verify_file": None,
    "verify_ledger": OVERSIGHT | {"system_admin"},
    "read_log_head": READERS | {"system_admin"},
    "read_log_proof": READERS,
    "read_log_consistency": READERS | {"system_admin"},
    "watch_events": READERS,
    "health_live": None,
    "health_ready": None,
    "read_metrics": None,
    "codec_decode": {"head", "supervisor", "auditor"},
    "codec_encode": {"head", "supervisor", "auditor"},
}

BODIES: dict[str, dict[str, Any]] = {
    "apply_staffing_up": examples.APPLICATION,
    "apply_removing_staff": examples.REMOVAL,
    "apply_establishment_change": examples.CHANGE,
    "open_rectification": examples.RECTIFICATION,
    "raise_warning": examples.WARNING,
    "decide": examples.EXAMINE,
    "resubmit": {"application": examples.APPLICATION},
    "withdraw": {"reason": "计划调整"},
    "revoke": {"reason": "政策调整"},
    "extend": examples.EXTENSION,
    "hold": examples.HOLD,
    "release": examples.HOLD,
    "remind": {"note": "请尽快办理"},
    "report": examples.REPORT,
    "request_exception": examples.EXCEPTION,
    "comment": examples.COMMENT,
    "copy": examples.COPY,
    "grant_substitution": examples.SUBSTITUTION,
    "codec_decode": {"payloads": []},
    "codec_encode": {"payloads": []},
}


QUERIES = {
    "/records": "?series=示编核&year=2026",
    "/ledger/log/proof": f"?kind=journal&chain={UNIT_A}&seq=1",
    "/ledger/log/consistency": "?first=0",
}
"""What an operation cannot be asked without."""


def operations(desk: Desk) -> dict[str, tuple[str, str]]:
    """operation id → method and path, read from the OpenAPI document."""
    return {
        operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in desk.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def filled(path: str, case_id: str = "nocase", unit: str = UNIT_A) -> str:
    path = path.replace("{case_id}", case_id).replace("{code}", unit).replace("{record_id}", "norecord")
    path = path.replace("{substitution_id}", "0" * 32)
    return path + QUERIES.get(path, "")


async def knock(desk: Desk, name: str, by: str | None, **where: str) -> Any:
    method, path = operations(desk)[name]
    body = {"json": BODIES[name]} if name in BODIES else {}
    key = f"knock-{by}" if RULES[name].write else None
    return await desk.call(method, filled(path, **where), by=by, key=key, **body)


async def test_every_operation_of_the_document_stands_in_this_table(desk: Desk) -> None:
    assert set(operations(desk)) == set(MAY)
    assert set(RULES) == set(MAY) | {"read_openapi", "read_reference"}


def test_a_route_without_a_rule_cannot_be_made() -> None:
    with pytest.raises(LookupError, match="no rule"):
        APIRouter(route_class=Door).add_api_route("/x", lambda: None, operation_id="forgotten")


@pytest.mark.parametrize("name", [name for name, may in MAY.items() if may is not None])
async def test_anonymous_callers_and_bad_tokens_get_401(desk: Desk, name: str) -> None:
    answer = await knock(desk, name, None)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    method, path = operations(desk)[name]
    for value in ("Bearer dbn_" + "A" * 43, "Bearer x", "Basic dXNlcjpwYXNz", "Bearer ", "bearer"):
        problem(await desk.call(method, filled(path), headers={"Authorization": value}), 401, "unauthenticated")


@pytest.mark.parametrize("name", [name for name, may in MAY.items() if may is not None and name != "watch_events"])
async def test_an_operation_is_open_to_those_who_may_and_to_nobody_else(desk: Desk, name: str) -> None:
    may = MAY[name] or set()
    for who in CAST:
        answer = await knock(desk, name, who)
        if who in may:
            assert answer.status_code != 401
            told = answer.json().get("code") if answer.status_code == 403 else None
            assert told in (None, "not-your-unit"), who
        else:
            problem(answer, 403, "forbidden")


@pytest.mark.parametrize("name", [name for name in BODIES if name in APPLICATIONS and "neighbour" in (MAY[name] or ())])
async def test_a_unit_applies_for_itself_alone(desk: Desk, name: str) -> None:
    problem(await knock(desk, name, "neighbour"), 403, "not-your-unit")
    assert (await knock(desk, name, "applicant")).status_code == 201


@pytest.mark.parametrize(
    "name", [name for name in BODIES if name not in AT_ONCE and RULES[name].write and "neighbour" in (MAY[name] or ())]
)
async def test_a_foreign_case_is_as_good_as_none_for_a_writer(desk: Desk, name: str) -> None:
    case_id = desk.opened_case()
    before = len(desk.rows(case_id))
    foreign = problem(await knock(desk, name, "neighbour", case_id=case_id), 404, "not-found")
    missing = problem(await knock(desk, name, "neighbour", case_id="0" * 32), 404, "not-found")
    assert foreign == missing
    assert len(desk.rows(case_id)) == before


@pytest.mark.parametrize("name", ["read_case", "list_case_records"])
async def test_a_foreign_case_is_as_good_as_none_for_a_reader(desk: Desk, name: str) -> None:
    case_id = desk.opened_case()
    assert (await knock(desk, name, "applicant", case_id=case_id)).status_code == 200
    problem(await knock(desk, name, "neighbour", case_id=case_id), 404, "not-found")


@pytest.mark.parametrize("name", ["read_unit", "read_balances", "read_roster", "read_journal", "read_certificate"])
async def test_a_foreign_unit_is_as_good_as_none(desk: Desk, name: str) -> None:
    assert (await knock(desk, name, "applicant", unit=UNIT_A)).status_code == 200
    foreign = problem(await knock(desk, name, "applicant", unit=UNIT_B), 404, "not-found")
    missing = problem(await knock(desk, name, "applicant", unit="11990000000000009X"), 404, "not-found")
    assert foreign == missing
    assert (await knock(desk, name, "examiner", unit=UNIT_B)).status_code == 200
    problem(await knock(desk, name, "examiner", unit="11990000000000009X"), 404, "not-found")


async def test_officers_of_a_unit_list_their_own_unit_only(desk: Desk) -> None:
    own = (await desk.get("/units", by="applicant")).json()["items"]
    assert [unit["code"] for unit in own] == [UNIT_A]
    every = (await desk.get("/units", by="treasurer")).json()["items"]
    assert [unit["code"] for unit in every] == [UNIT_A, UNIT_B]


async def test_writes_need_an_idempotency_key(desk: Desk) -> None:
    for key in (None, "", "-", "a" * 101, "键", "a b"):
        headers = {} if key is None else {"Idempotency-Key": key.encode()}
        answer = await desk.post(
            "/applications/staffing-up", by="applicant", headers=headers, json=examples.APPLICATION
        )
        problem(answer, 400, "idempotency-key-required")


async def test_every_answer_carries_the_security_headers(desk: Desk) -> None:
    for path in ("/health/live", "/cases", "/nowhere", "/openapi.json"):
        headers = (await desk.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
