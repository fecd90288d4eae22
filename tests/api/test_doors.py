"""Who may knock where (P8; OWASP API1, API5; ASVS 8.2): role × operation, every operation of the document."""

from __future__ import annotations

import os

import pytest
from fastapi import APIRouter

from api import examples
from api.door import Door
from api.limits import Buckets
from api.openapi import APPLICATIONS, AT_ONCE
from api.permissions import RULES
from models.decisions import Officer
from models.enums import Department, Role

from .conftest import CAST, UNIT_A, UNIT_B, Desk, problem
from .matrix import BODIES, PAGE, filled, knock, observed, operations, page_of

ADMINISTRATORS = {"system_admin", "security_admin", "audit_admin"}
READERS = set(CAST) - ADMINISTRATORS
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
    "recuse": DECIDERS,
    "list_case_records": READERS,
    "read_case_package": OVERSIGHT,
    "read_worklist": READERS,
    "list_substitutions": READERS | ADMINISTRATORS,
    "grant_substitution": DECIDERS | {"security_admin"},
    "end_substitution": DECIDERS | {"security_admin"},
    "list_officers": ADMINISTRATORS | {"auditor"},
    "enter_officer": {"system_admin"},
    "change_officer": {"system_admin"},
    "set_officer_active": {"system_admin"},
    "set_officer_password": {"system_admin"},
    "grant_roles": {"security_admin"},
    "list_audit": {"audit_admin", "auditor"},
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
    "read_record_signed": READERS,
    "sign_record": {"head"},
    "list_retention": OVERSIGHT,
    "place_hold": OFFICE,
    "lift_hold": {"head"},
    "list_holds": OVERSIGHT,
    "propose_disposal": {"examiner"},
    "list_disposals": OVERSIGHT,
    "read_disposal": OVERSIGHT,
    "strike_disposal": {"examiner", "head"},
    "decide_disposal": {"head"},
    "execute_disposal": {"examiner"},
    "witness_disposal": {"examiner", "inspector"},
    "verify_code": None,
    "verify_file": None,
    "verify_ledger": OVERSIGHT | ADMINISTRATORS,
    "read_reconciliation": OVERSIGHT | ADMINISTRATORS,
    "read_log_head": READERS | ADMINISTRATORS,
    "read_log_proof": READERS,
    "read_log_consistency": READERS | ADMINISTRATORS,
    "watch_events": READERS,
    "health_live": None,
    "health_ready": None,
    "read_metrics": None,
    "codec_decode": {"head", "supervisor", "auditor"},
    "codec_encode": {"head", "supervisor", "auditor"},
}


async def test_every_operation_of_the_document_stands_in_this_table(desk: Desk) -> None:
    assert set(operations()) == set(MAY)
    assert set(RULES) == set(MAY) | {"read_openapi", "read_reference"}


def test_a_route_without_a_rule_cannot_be_made() -> None:
    with pytest.raises(LookupError, match="no rule"):
        APIRouter(route_class=Door).add_api_route("/x", lambda: None, operation_id="forgotten")


PROTECTED = [name for name, may in MAY.items() if may is not None]
NOT_TOKENS = ("Bearer dbn_" + "A" * 43, "Bearer x", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "Bearer ", "bearer")


async def test_anonymous_callers_and_bad_tokens_get_401_everywhere(desk: Desk) -> None:
    desk.runtime.limits.strangers = Buckets(burst=10_000, per_second=1.0)
    every = operations()
    for name in PROTECTED:
        answer = await knock(desk, name, None)
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        method, path = every[name]
        for value in NOT_TOKENS:
            problem(await desk.call(method, filled(path), headers={"Authorization": value}), 401, "unauthenticated")


async def test_an_operation_is_open_to_those_who_may_and_to_nobody_else(desk: Desk) -> None:
    for name in PROTECTED:
        if name == "watch_events":  # a stream does not end; its rule is that of every reader
            continue
        may = MAY[name] or set()
        for who in CAST:
            answer = await knock(desk, name, who)
            if who not in may:
                problem(answer, 403, "forbidden")
                continue
            assert answer.status_code != 401, (name, who)
            told = answer.json().get("code") if answer.status_code == 403 else None
            assert told in (None, "not-your-unit"), (name, who)


def test_an_auditor_and_an_administrator_write_nothing_on_a_case() -> None:
    """P9 at the door; the database refuses their commands as well (tests/ledger/test_separation.py)."""
    of_accounts = {"enter_officer", "change_officer", "set_officer_active", "set_officer_password", "grant_roles"}
    arranging = {"grant_substitution", "end_substitution"}
    writes = {name for name, rule in RULES.items() if rule.write}
    for department in Department:
        auditor = Officer(id="x", name="x", department=department, unit="u", roles=frozenset({Role.AUDITOR}))
        assert not [name for name in writes if RULES[name].allows(auditor)]
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        keeper = Officer(id="x", name="x", department=Department.ADMINISTRATION, roles=frozenset({role}))
        assert {name for name in writes if RULES[name].allows(keeper)} <= of_accounts | arranging


async def test_the_page_of_permissions_shows_what_really_happens(desk: Desk) -> None:
    """P8: role × operation × object, asked of the API and not of its table; an operation without a row fails."""
    shown = page_of(await observed(desk))
    if os.environ.get("WRITE_PAGES"):
        PAGE.write_text(shown, "utf-8")
    assert PAGE.read_text("utf-8") == shown, "WRITE_PAGES=1 pytest tests/api/test_doors.py -k page"


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
