"""Sign-in at the organisation's identity provider: a whole walk against one, and everything that it must not get by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import col, update

from api.limits import Buckets
from console import oidc, session
from docket import audit
from models.audit import Act, Outcome
from models.register import OfficerRow
from runtime.faults import StartFault
from runtime.settings import check_profile, load_settings
from tests.support import oidc_provider
from tests.support.console import ADDRESS, Browser, Counter, text_of
from tests.support.office import EXAMINER, Office

PUBLIC = "http://office.test"


@pytest.fixture(scope="module")
def running() -> Iterator[oidc_provider.Provider]:
    with oidc_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(running: oidc_provider.Provider) -> oidc_provider.Provider:
    running.tell(EXAMINER.id)
    return running


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text(oidc_provider.CLIENT_SECRET + "\n")
    return path


@pytest.fixture
def office_with(tmp_path: Path, office: Office, provider: oidc_provider.Provider, secret_file: Path) -> Counter:
    return Counter(
        tmp_path,
        office,
        public_url=PUBLIC,
        oidc_issuer=provider.issuer,
        oidc_client_id=oidc_provider.CLIENT_ID,
        oidc_client_secret_file=secret_file,
    )


@pytest.fixture
async def visitor(office_with: Counter) -> AsyncIterator[Browser]:
    async with office_with.browser() as b:
        yield b


async def at_the_provider(address: str) -> str:
    """Follow the browser to the provider, who sends it back at once; where to."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(address)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def walk(b: Browser, wanted: str = "/console/account") -> httpx.Response:
    """To the provider and back; the answer to the way back."""
    away = await b.post("/sign-in/start", {"next": wanted})
    assert away.status_code == 302, text_of(away)
    return await b.http.get(await at_the_provider(away.headers["location"]))


async def test_an_officer_signs_in_at_the_provider_and_comes_to_the_page_that_was_wanted(
    visitor: Browser, provider: oidc_provider.Provider
) -> None:
    answer = await walk(visitor)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/account")
    page = await visitor.get("/account")
    assert page.status_code == 200
    assert EXAMINER.name in text_of(page)
    asked = provider.asked
    assert asked["redirect_uri"] == f"{PUBLIC}/console/sign-in/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"].split() == ["openid", "profile"]
    assert len(asked["state"]) > 20
    assert len(asked["nonce"]) >= 20
    assert oidc.FLOW_COOKIE not in visitor.http.cookies


async def test_the_sign_in_page_has_one_button_and_asks_for_no_password(visitor: Browser) -> None:
    page = await visitor.get("/login")
    assert "统一身份认证登录" in text_of(page)
    assert 'type="password"' not in page.text
    answer = await visitor.post("/login", {"username": EXAMINER.id, "password": "x"})
    assert answer.headers["location"].startswith("/console/login")  # there is no such way in
    assert session.COOKIE not in visitor.http.cookies


@pytest.mark.parametrize("lie", ["nonce", "audience", "issuer", "expired", "key", "unsigned", "silent"])
async def test_what_does_not_hold_lets_nobody_in(visitor: Browser, provider: oidc_provider.Provider, lie: str) -> None:
    provider.lies = lie
    answer = await walk(visitor)
    assert answer.status_code == 403
    assert "统一身份认证没有确认您的身份" in text_of(answer)
    assert session.COOKIE not in visitor.http.cookies
    provider.lies = ""
    assert (await walk(visitor)).status_code == 303


async def test_a_description_of_another_issuer_is_not_believed(
    visitor: Browser, provider: oidc_provider.Provider
) -> None:
    provider.lies = "discovery"
    answer = await visitor.post("/sign-in/start", {"next": "/console/"})
    assert answer.status_code == 503
    assert "统一身份认证暂时不可用" in text_of(answer)
    provider.lies = ""
    assert (await walk(visitor)).status_code == 303


async def test_the_code_counts_once_and_only_in_the_browser_that_asked(office_with: Counter, visitor: Browser) -> None:
    away = await visitor.post("/sign-in/start", {"next": "/console/"})
    back = await at_the_provider(away.headers["location"])
    async with office_with.browser() as other:
        assert (await other.http.get(back)).status_code == 403
        await other.post("/sign-in/start", {"next": "/console/"})
        assert (await other.http.get(back)).status_code == 403  # a flow of its own has another state
    assert (await visitor.http.get(back)).status_code == 303
    assert (await visitor.http.get(back)).status_code == 403


async def test_a_changed_state_or_none_lets_nobody_in(visitor: Browser) -> None:
    away = await visitor.post("/sign-in/start", {"next": "/console/"})
    back = await at_the_provider(away.headers["location"])
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in (f"code={code}&state=other", f"code={code}", "", "error=access_denied&state=x"):
        assert (await visitor.get(f"/sign-in/callback?{query}")).status_code == 403, query
    assert session.COOKIE not in visitor.http.cookies


async def test_whoever_is_not_an_active_officer_is_refused_in_words(
    office: Office, visitor: Browser, provider: oidc_provider.Provider
) -> None:
    provider.login = "stranger"
    answer = await walk(visitor)
    assert answer.status_code == 403
    assert "尚未登记为本系统的经办人" in text_of(answer)
    with office.database.write() as s:
        s.exec(update(OfficerRow).where(col(OfficerRow.id) == EXAMINER.id).values(active=False))
    provider.login = EXAMINER.id
    assert (await walk(visitor)).status_code == 403
    assert session.COOKIE not in visitor.http.cookies


async def test_who_was_sent_back_without_being_let_in_stands_in_the_audit_as_far_as_one_address_may_fill_it(
    office_with: Counter, visitor: Browser, provider: oidc_provider.Provider
) -> None:
    """Of the login nothing is kept: it is nobody's."""
    office_with.runtime.limits.refusals = Buckets(burst=3, per_second=0.001)
    provider.login = "stranger"
    assert (await walk(visitor)).status_code == 403
    for _ in range(9):
        assert (await visitor.get("/sign-in/callback?code=x&state=y")).status_code == 403
    with office_with.office.database.read() as s:
        told = audit.entries(s, act=Act.SIGN_IN).items
    assert [row.outcome for row in told] == [Outcome.REFUSED] * 3
    assert {row.address for row in told} == {ADDRESS}
    assert "未登记" in told[-1].detail
    assert "stranger" not in str(told)


async def test_the_provider_cannot_lead_people_elsewhere(visitor: Browser) -> None:
    assert (await walk(visitor, "https://evil.test/")).headers["location"] == "/console/"


async def test_a_provider_that_is_away_is_said_so(
    tmp_path: Path, office: Office, unused_port: int, secret_file: Path
) -> None:
    counter = Counter(
        tmp_path,
        office,
        oidc_issuer=f"http://127.0.0.1:{unused_port}",
        oidc_client_id="x",
        oidc_client_secret_file=secret_file,
    )
    async with counter.browser() as b:
        answer = await b.post("/sign-in/start", {"next": "/console/"})
    assert answer.status_code == 503
    assert "统一身份认证暂时不可用" in text_of(answer)


@pytest.fixture
def unused_port() -> int:
    return oidc_provider.free_port()


# --- settings ------------------------------------------------------------------------------------------------


def test_the_secret_stands_in_a_file_of_its_owner_alone(tmp_path: Path, secret_file: Path) -> None:
    wanted = {
        "data_dir": tmp_path,
        "oidc_issuer": "https://id.example",
        "oidc_client_id": "x",
        "oidc_client_secret_file": secret_file,
    }
    check_profile(load_settings(**wanted))
    secret_file.chmod(0o640)
    with pytest.raises(StartFault, match="chmod 600"):
        check_profile(load_settings(**wanted))
    secret_file.chmod(0o600)
    secret_file.write_text(" \n")
    with pytest.raises(StartFault, match="空"):
        check_profile(load_settings(**wanted))
    secret_file.unlink()
    with pytest.raises(StartFault, match="cannot read"):
        check_profile(load_settings(**wanted))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_issuer": "http://127.0.0.1:1", "profile": "production"}, "https"),
        ({"oidc_issuer": "https://id.example"}, "CLIENT_ID"),
        ({"oidc_issuer": "https://id.example", "oidc_client_id": "x", "oidc_audience": "x"}, "AUDIENCE"),
    ],
)
def test_an_incomplete_sign_in_stops_the_start(tmp_path: Path, more: dict[str, str], said: str) -> None:
    with pytest.raises(StartFault, match=said):
        check_profile(load_settings(data_dir=tmp_path, **more))
