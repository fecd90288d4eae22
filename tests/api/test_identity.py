"""Who calls: JWTs of the organisation's provider beside our own tokens, each held to its rules (RFC 7519, RFC 8725,
RFC 9068; ASVS 9.1.1 to 9.2.4), against a provider that is a process of its own."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.limits import Buckets
from api.oidc import ASK_AGAIN, CLOCKS_APART, KEYS_FRESH, KEYS_KEPT, Vouching, is_jwt
from docket import audit, officers
from models.audit import Act, Outcome
from models.register import OfficerRow
from runtime.settings import Settings
from tests.support import oidc_provider
from tests.support.engines import ENGINES
from tests.support.oidc_provider import AUDIENCE, CLIENT_ID, Provider

from .conftest import NOW, Desk, problem

ELSEWHERE = "https://elsewhere.test"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.tell("examiner")
    running.rotate("one")
    return running


@pytest.fixture
def ticks() -> list[float]:
    """The monotonic clock of the keys: a test moves it."""
    return [1_000.0]


@pytest.fixture
def office(desk: Desk, provider: Provider, ticks: list[float]) -> Desk:
    _vouching(desk, provider, ticks)
    return desk


def _vouching(desk: Desk, provider: Provider, ticks: list[float], **more: str) -> None:
    settings = Settings(
        data_dir=desk.runtime.settings.data_dir,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_audience=AUDIENCE,
        **more,  # type: ignore[arg-type]
    )
    desk.runtime.vouching = Vouching(settings, ticks=lambda: ticks[0])


async def ask(desk: Desk, token: str) -> Any:
    return await desk.get("/worklist", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the name; providers still use it
@pytest.mark.parametrize(("algorithm", "kid"), [("RS256", "one"), ("ES256", "one-ec"), ("EdDSA", "one-ed")])
async def test_a_token_of_the_provider_stands_for_the_officer_of_the_register(
    office: Desk, provider: Provider, algorithm: str, kid: str
) -> None:
    token = provider.minted(header={"alg": algorithm, "kid": kid})
    assert (await ask(office, token)).status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    problem(await office.get("/audit", headers=headers), 403, "forbidden")  # roles are the register's, not the token's
    assert provider.minted({"roles": ["audit-admin"]}).count(".") == 2
    wished = {"Authorization": f"Bearer {provider.minted({'roles': ['audit-admin'], 'department': 'administration'})}"}
    problem(await office.get("/audit", headers=wished), 403, "forbidden")


NOW_SECONDS = int(time.time())
FORGED: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": ELSEWHERE}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another"}},
    "an ID token of the console": {"claims": {"aud": CLIENT_ID}},
    "no audience": {"claims": {"aud": None}},
    "expired": {"claims": {"iat": NOW_SECONDS - 3_000, "exp": NOW_SECONDS - CLOCKS_APART - 5}},
    "without an end": {"claims": {"exp": None}},
    "an end that is no number": {"claims": {"exp": "tomorrow"}},
    "for years": {"claims": {"exp": NOW_SECONDS + 10 * 365 * 86_400}},
    "not yet": {"claims": {"nbf": NOW_SECONDS + 3_600}},
    "issued tomorrow": {"claims": {"iat": NOW_SECONDS + 86_400, "exp": NOW_SECONDS + 90_000}},
    "without an issue": {"claims": {"iat": None}},
    "without a subject": {"claims": {"sub": None}},
    "no login": {"claims": {"preferred_username": None}},
    "a login that is no text": {"claims": {"preferred_username": ["examiner"]}},
    "a login that is empty": {"claims": {"preferred_username": ""}},
    "a stranger": {"claims": {"preferred_username": "stranger"}},
    "a foreign key": {"by": "foreign"},
    "a foreign key under another id": {"by": "foreign", "header": {"kid": "two"}},
    "no signature": {"header": {"alg": "none", "kid": None}},
    "an HMAC by the public key": {"header": {"alg": "HS256"}, "by": "secret"},
    "an HMAC without a key id": {"header": {"alg": "HS256", "kid": None}, "by": "secret"},
    "a key of another kind": {"header": {"alg": "RS256", "kid": "one-ec"}},
    "no key id where there are several": {"header": {"kid": None}},
    "a logout token": {"header": {"typ": "logout+jwt"}},
    "a critical header that nobody knows": {"header": {"crit": ["exp-by"], "exp-by": 1}},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_what_does_not_hold_is_nobody(office: Desk, provider: Provider, forged: dict[str, Any]) -> None:
    """And the answer repeats nothing of it."""
    token = provider.minted(**forged)
    answer = await ask(office, token)
    problem(answer, 401, "unauthenticated")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert token[:20] not in answer.text
    assert (await ask(office, provider.minted())).status_code == 200  # the good one beside it still counts


async def test_a_token_of_the_provider_that_does_not_hold_stands_in_the_audit_as_far_as_one_address_may_fill_it(
    office: Desk, provider: Provider
) -> None:
    office.runtime.limits.refusals = Buckets(burst=2, per_second=0.001)
    stranger = provider.minted({"preferred_username": "stranger"})
    for token in (stranger, *(provider.minted(**FORGED["a logout token"]) for _ in range(4))):
        problem(await ask(office, token), 401, "unauthenticated")
    with office.database.read() as s:
        told = audit.entries(s, act=Act.SIGN_IN).items
    assert [(row.outcome, row.address) for row in told] == [(Outcome.REFUSED, "192.0.2.1")] * 2
    assert "stranger" not in str(told)


async def test_a_changed_claim_breaks_the_signature(office: Desk, provider: Provider) -> None:
    head, body, signature = provider.minted({"preferred_username": "examiner"}).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["preferred_username"] = "head"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    problem(await ask(office, f"{head}.{changed}.{signature}"), 401, "unauthenticated")
    problem(await ask(office, f"{head}.{body}.{signature[:-4]}AAAA"), 401, "unauthenticated")


@pytest.mark.parametrize(
    "token", ["a.b.c", "....", "e30.e30.e30", "W10.e30.AAAA", "é.b.c", "a" * 9_000, "bnVsbA.e30.A"]
)
async def test_what_is_no_token_at_all_is_nobody(office: Desk, token: str) -> None:
    answer = await office.get("/worklist", headers={"Authorization": f"Bearer {token}".encode()})
    problem(answer, 401, "unauthenticated")


async def test_clocks_may_differ_by_a_minute(office: Desk, provider: Provider) -> None:
    now = int(time.time())
    late = provider.minted({"iat": now - 300, "exp": now - CLOCKS_APART + 20})
    early = provider.minted({"iat": now + CLOCKS_APART - 20, "nbf": now + CLOCKS_APART - 20, "exp": now + 300})
    assert [(await ask(office, token)).status_code for token in (late, early)] == [200, 200]


async def test_an_officer_who_was_stopped_or_has_no_role_is_nobody_at_once(office: Desk, provider: Provider) -> None:
    """ASVS 8.3.2: the token holds, the officer does not."""
    token = provider.minted()
    assert (await ask(office, token)).status_code == 200
    for change in ({"active": False}, {"roles": ""}):
        with office.database.write() as s:
            row = s.get(OfficerRow, "o-examiner")
            assert row is not None
            before = {name: getattr(row, name) for name in change}
            for name, value in change.items():
                setattr(row, name, value)
            s.add(row)
        problem(await ask(office, token), 401, "unauthenticated")
        with office.database.write() as s:
            row = s.get(OfficerRow, "o-examiner")
            assert row is not None
            for name, value in before.items():
                setattr(row, name, value)
            s.add(row)
    assert (await ask(office, token)).status_code == 200


async def test_only_the_clients_that_are_named_may_ask(desk: Desk, provider: Provider, ticks: list[float]) -> None:
    _vouching(desk, provider, ticks, oidc_clients="the-roster-program, another")
    assert (await ask(desk, provider.minted())).status_code == 200
    assert (await ask(desk, provider.minted({"azp": None, "client_id": "another"}))).status_code == 200
    for claims in ({"azp": "a-third"}, {"azp": None}, {"azp": "a-third", "client_id": "another"}):
        problem(await ask(desk, provider.minted(claims)), 401, "unauthenticated")


# --- keys --------------------------------------------------------------------------------------------------------


async def test_keys_are_asked_for_once_and_again_when_they_rotate(
    office: Desk, provider: Provider, ticks: list[float]
) -> None:
    before = provider.fetched
    for _ in range(5):
        assert (await ask(office, provider.minted())).status_code == 200
    assert provider.fetched == before + 1
    old = provider.minted()
    provider.rotate("two")
    ticks[0] += ASK_AGAIN
    assert (await ask(office, provider.minted(header={"kid": "two"}))).status_code == 200
    assert provider.fetched == before + 2
    problem(await ask(office, old), 401, "unauthenticated")  # the provider has withdrawn that key


async def test_a_withdrawn_key_counts_for_ten_minutes_at_most(
    office: Desk, provider: Provider, ticks: list[float]
) -> None:
    old = provider.minted()
    assert (await ask(office, old)).status_code == 200
    provider.rotate("two")
    ticks[0] += KEYS_FRESH + 1
    problem(await ask(office, old), 401, "unauthenticated")


async def test_invented_key_ids_do_not_make_us_flood_the_provider(office: Desk, provider: Provider) -> None:
    assert (await ask(office, provider.minted())).status_code == 200
    before = provider.fetched
    for n in range(20):
        problem(await ask(office, provider.minted(header={"kid": f"invented-{n}"})), 401, "unauthenticated")
    assert provider.fetched == before


async def test_while_the_provider_is_away_its_keys_count_for_a_day_and_our_tokens_for_ever(
    office: Desk, provider: Provider, ticks: list[float]
) -> None:
    token = provider.minted({"exp": int(time.time()) + 3_600})
    assert (await ask(office, token)).status_code == 200
    provider.stop()
    try:
        ticks[0] += KEYS_FRESH + 1
        assert (await ask(office, token)).status_code == 200
        ticks[0] += KEYS_KEPT
        answer = await ask(office, token)
        problem(answer, 503, "identity-provider-away")
        assert answer.headers["retry-after"] == "30"
        assert (await office.get("/worklist", by="examiner")).status_code == 200
    finally:
        provider.start()


async def test_a_description_of_another_issuer_is_not_believed(office: Desk, provider: Provider) -> None:
    provider.lies = "discovery"
    problem(await ask(office, provider.minted()), 503, "identity-provider-away")


async def test_without_an_audience_no_jwt_counts(desk: Desk, provider: Provider) -> None:
    assert desk.runtime.vouching is None
    problem(await ask(desk, provider.minted()), 401, "unauthenticated")


def test_what_is_spelt_as_a_jwt() -> None:
    assert is_jwt("e30.e30.AA")
    assert not any(is_jwt(text) for text in ("", "dbn_" + "A" * 43, "a.b", "a.b.c.d", "a.b.c ", "a.b." + "c" * 9_000))


# --- our own tokens ----------------------------------------------------------------------------------------------


async def test_a_token_for_reading_changes_nothing(desk: Desk) -> None:
    """ASVS 10.4.11: a token opens what it was made for."""
    with desk.database.write() as s:
        token = officers.issue_token(s, "o-head", NOW, scope=["read"])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    assert (await desk.get("/worklist", headers=headers)).status_code == 200
    case_id = desk.opened_case()
    before = len(desk.rows(case_id))
    body = {"reason": "等待批复", "second_officer": "o-head"}
    problem(await desk.post(f"/cases/{case_id}/hold", headers=headers, json=body), 403, "outside-token")
    problem(await desk.post("/codec/decode", headers=headers, json={"payloads": []}), 403, "outside-token")
    assert len(desk.rows(case_id)) == before


async def test_a_token_for_some_operations_opens_those_as_far_as_its_officer_may(desk: Desk) -> None:
    with desk.database.write() as s:
        token = officers.issue_token(s, "o-examiner", NOW, scope=["read_worklist", "list_audit"])
    headers = {"Authorization": f"Bearer {token}"}
    assert (await desk.get("/worklist", headers=headers)).status_code == 200
    problem(await desk.get("/cases", headers=headers), 403, "outside-token")
    problem(await desk.get("/audit", headers=headers), 403, "forbidden")  # a scope adds nothing


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_token_ends_with_its_day_by_the_clock_of_the_register(desk: Desk) -> None:
    """P21 leaves the expiry of tokens apart: it follows the office's clock."""
    with desk.database.write() as s:
        token = officers.issue_token(s, "o-examiner", NOW, expires_at=NOW + timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert (await desk.get("/worklist", headers=headers)).status_code == 200
    desk.runtime.clock = lambda: NOW + timedelta(days=1)
    problem(await desk.get("/worklist", headers=headers), 401, "unauthenticated")
