"""Signing in and out, sessions, and acting for a colleague: who gets in, as whom, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update
from starlette.routing import BaseRoute, Mount

from api.door import CODEC_COOKIE
from api.limits import Buckets
from console import passwords, session
from console.door import passes
from console.permissions import PAGES
from docket import officers, sign_in, substitutions
from models.decisions import Officer
from models.enums import Department, Role
from models.register import OfficerRow
from models.substitutions import NewSubstitution, SubstitutionView
from models.visits import SignInFailure, TokenRow
from tests.support.console import Browser, Counter, text_of
from tests.support.logs import logged
from tests.support.office import APPLICANT, EXAMINER, HEAD, HEAD_TWO, ISSUER, RESEARCH, SUPERVISOR, Office

PASSWORD = "长城-9-correct horse"
_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WRONG = "登录名或密码不正确"
LOCKED = "账号已暂时锁定"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", _HASHER)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture(autouse=True)
def _passwords(office: Office) -> None:
    with office.database.write() as s:
        hashed = _HASHER.hash(PASSWORD)
        s.exec(update(OfficerRow).where(col(OfficerRow.id) != SUPERVISOR.id).values(password_hash=hashed))


async def sign(b: Browser, login: str = EXAMINER.id, password: str = PASSWORD, wanted: str = "") -> httpx.Response:
    return await b.post("/login", {"username": login, "password": password, "next": wanted})


# --- the sign-in page ----------------------------------------------------------------------------------------


async def test_an_officer_signs_in_and_comes_to_the_page_that_was_asked_for(counter: Counter) -> None:
    async with counter.browser() as b:
        led = await b.get("/account?x=1")
        assert led.status_code == 303
        page = await b.http.get(led.headers["location"])
        assert 'name="next" value="/console/account?x=1"' in page.text
        answer = await sign(b, wanted="/console/account?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/account?x=1")
        assert EXAMINER.name in text_of(await b.get("/account"))
        assert (await b.get("/login")).status_code == 303


async def test_the_page_has_labels_and_no_box_that_does_nothing(counter: Counter) -> None:
    async with counter.browser() as b, counter.browser(language="en") as english:
        page = await b.get("/login")
        assert '<label class="form-label" for="username">登录名</label>' in page.text
        assert '<label class="form-label" for="password">密码</label>' in page.text
        assert "remember" not in page.text
        assert "demo-accounts.json" in page.text
        assert "Password" in text_of(await english.get("/login"))


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (EXAMINER.id, "wrong"),
        ("nobody", PASSWORD),
        (SUPERVISOR.id, PASSWORD),  # has no password
        ("x" * 5_000, PASSWORD),
        (EXAMINER.id, "x" * 5_000),
        ("exam\x07iner", PASSWORD),
    ],
)
async def test_who_is_not_let_in_hears_the_same_whatever_was_wrong(counter: Counter, login: str, password: str) -> None:
    async with counter.browser() as b:
        answer = await sign(b, login, password)
        assert answer.status_code == 401
        assert WRONG in text_of(answer)
        assert password not in answer.text
        assert session.COOKIE not in b.http.cookies


async def test_a_password_is_compared_also_when_there_is_none(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(passwords, "_hasher", Counting(compared))
    async with counter.browser() as b:
        for login in (EXAMINER.id, "nobody", SUPERVISOR.id):
            await sign(b, login, "wrong")
    assert len(compared) == 3


class Counting:
    """A hasher that notes what it compares with."""

    def __init__(self, compared: list[str]) -> None:
        self._compared = compared

    def hash(self, password: str) -> str:
        return _HASHER.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self._compared.append(hashed)
        return _HASHER.verify(hashed, password)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/console/",
        "//evil.test/console/",
        "/\\evil.test",
        "/console/\\evil.test",
        "javascript:alert(1)",
        "/api/v1/reference",
        "console/worklist",
        "/console//evil.test",
        "/console/\nSet-Cookie:a=b",
        "http://[",
        "/console/login?next=/console/login",
        "/console/logout",
    ],
)
async def test_a_foreign_next_is_ignored(counter: Counter, wanted: str) -> None:
    async with counter.browser() as b:
        answer = await sign(b, wanted=wanted)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")


async def test_in_production_without_a_provider_only_passwords_that_were_set_count(
    tmp_path: Path, office: Office
) -> None:
    async with Counter(tmp_path, office, profile="production").browser() as b:
        page = await b.get("/login")
        assert "只有已设密码的账号可以登录" in text_of(page)
        assert "demo-accounts" not in page.text
        assert (await sign(b, SUPERVISOR.id, "")).status_code == 401
        assert (await sign(b)).status_code == 303


# --- lock-out ------------------------------------------------------------------------------------------------


async def test_after_five_failures_the_right_password_waits_and_counts_again_later(
    counter: Counter, office: Office
) -> None:
    async with counter.browser() as b:
        for _ in range(5):
            assert (await sign(b, password="wrong")).status_code == 401
        locked = await sign(b)
        assert locked.status_code == 429
        assert LOCKED in text_of(locked)
        assert "2026-03-02 09:15" in text_of(locked)
        assert (await sign(b, ISSUER.id)).status_code == 303  # one's own account alone
        office.now += timedelta(minutes=15)
        assert (await sign(b)).status_code == 303
    with office.database.read() as s:
        assert s.get(SignInFailure, EXAMINER.id) is None


async def test_each_further_failure_locks_for_twice_as_long_and_at_most_for_a_working_day(office: Office) -> None:
    locks = []
    with office.database.write() as s:
        for _ in range(14):
            attempt = sign_in.begin(s, EXAMINER.id, office.now)
            assert attempt.locked_until is None
            row = s.get(SignInFailure, EXAMINER.id, populate_existing=True)
            assert row is not None
            locks.append(row.locked_until - office.now if row.locked_until else None)
            office.now += locks[-1] or timedelta(seconds=1)
    minutes = [lock.total_seconds() / 60 if lock else 0 for lock in locks]
    assert minutes == [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 480, 480, 480, 480]


async def test_success_clears_the_failures_and_so_does_a_day(counter: Counter, office: Office) -> None:
    async with counter.browser() as b:
        for _ in range(4):
            await sign(b, password="wrong")
        assert (await sign(b)).status_code == 303
    async with counter.browser() as b:
        for _ in range(4):
            await sign(b, password="wrong")
        office.now += timedelta(days=1, seconds=1)
        for _ in range(4):
            assert (await sign(b, password="wrong")).status_code == 401
        assert (await sign(b)).status_code == 303


async def test_tries_at_the_same_time_count_as_many(counter: Counter, office: Office) -> None:
    """The try is counted before the password is looked at."""
    with office.database.write() as s:
        found = [sign_in.begin(s, EXAMINER.id, office.now) for _ in range(8)]
    assert [attempt.officer is not None for attempt in found] == [True] * 5 + [False] * 3
    assert all(attempt.locked_until for attempt in found[5:])


async def test_an_address_that_tries_too_often_has_to_wait(counter: Counter) -> None:
    counter.runtime.limits.sign_ins = Buckets(burst=2, per_second=0.5, clock=lambda: 0.0)
    async with counter.browser() as b:
        for login in ("a", "b"):
            assert (await sign(b, login, "x")).status_code == 401
        answer = await sign(b)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert "请稍候再试" in text_of(answer)


async def test_no_login_and_no_password_stands_in_the_log(counter: Counter) -> None:
    with logged() as out:
        async with counter.browser() as b:
            await sign(b, "examiner-by-name", "the-password")
            await sign(b)
            await b.http.post("/console/logout", data={})
            await b.get("/account?q=the-question")
        async with counter.browser() as b:
            await b.get("/account?q=the-question")
    for word in (EXAMINER.id, "examiner-by-name", "the-password", PASSWORD, "the-question"):
        assert word not in out.getvalue()


# --- sessions ------------------------------------------------------------------------------------------------


async def test_a_copied_cookie_is_worthless_after_signing_out(counter: Counter) -> None:
    async with counter.browser() as b, counter.browser() as thief:
        await sign(b)
        thief.http.cookies.set(session.COOKIE, b.http.cookies[session.COOKIE], path="/console")
        assert (await thief.get("/account")).status_code == 200
        out = await b.post("/logout", {})
        assert (out.status_code, out.headers["location"]) == (303, "/console/login?out=1")
        assert "已退出登录" in text_of(await b.http.get(out.headers["location"]))
        assert session.COOKIE not in b.http.cookies
        assert (await thief.get("/account")).status_code == 303


async def test_every_sign_in_makes_a_session_of_its_own(counter: Counter) -> None:
    async with counter.browser() as b:
        planted = "dbn_" + "A" * 43
        b.http.cookies.set(session.COOKIE, planted, domain="office.test", path="/console")
        made = cookies_of(await sign(b))[session.COOKIE]
        assert planted.lower() not in made
        first = b.http.cookies.get(session.COOKIE, domain="office.test")
        await b.post("/logout", {})
        await sign(b)
        assert b.http.cookies.get(session.COOKIE, domain="office.test") != first


async def test_a_session_ends_with_the_working_day_and_at_once_with_the_account(
    counter: Counter, office: Office
) -> None:
    async with counter.browser() as b:
        await sign(b)
        office.now += timedelta(hours=session.SESSION_HOURS)
        assert (await b.get("/account")).status_code == 303
    async with counter.browser() as b:
        await sign(b)
        with office.database.write() as s:
            s.exec(update(OfficerRow).where(col(OfficerRow.id) == EXAMINER.id).values(active=False))
        assert (await b.get("/account")).status_code == 303
        assert (await sign(b)).status_code == 401


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    return {line.partition("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}


@pytest.mark.parametrize("secure", [True, False])
async def test_cookies_are_for_the_console_alone_and_secure_behind_tls(
    tmp_path: Path, office: Office, secure: bool
) -> None:
    scheme = "https" if secure else "http"
    counter = Counter(tmp_path, office, public_url=f"{scheme}://office.test")
    async with counter.browser() as b:
        b.http.base_url = httpx.URL("https://office.test") if secure else b.http.base_url
        page = await b.get("/login")
        token = cookies_of(page)["starlette_admin_csrftoken"]
        assert "path=/console" in token
        assert "samesite=lax" in token
        made = cookies_of(await sign(b, HEAD.id))
        for name, path, same_site in (
            (session.COOKIE, "/console", "lax"),
            (CODEC_COOKIE, "/api/v1/codec", "strict"),
        ):
            assert "httponly" in made[name]
            assert f"path={path};" in made[name] + ";"
            assert f"samesite={same_site}" in made[name]
            assert ("; secure" in made[name]) is secure
        assert ("; secure" in token) is secure


async def test_behind_a_proxy_that_says_nothing_of_tls_links_stay_https(tmp_path: Path, office: Office) -> None:
    counter = Counter(tmp_path, office, public_url="https://office.test")
    async with counter.browser() as b:
        page = await b.get("/login")  # arrives by http
        assert "http://office.test" not in page.text
        assert "https://office.test/console/static/" in page.text
        assert "; secure" in cookies_of(page)["starlette_admin_csrftoken"]


async def test_a_form_that_stood_open_too_long_is_refused_in_words(counter: Counter) -> None:
    async with counter.browser() as b:
        for data in ({}, {"csrftoken": "x"}):
            answer = await b.http.post("/console/login", data=data)
            assert answer.status_code == 403
            assert "页面已过期，请重新打开后再办" in text_of(answer)
            assert answer.headers["content-type"].startswith("text/html")
        assert (await sign(b)).status_code == 303
        foreign = {"csrftoken": await b.token()}
    async with counter.browser() as b:
        await b.token()
        assert (await b.http.post("/console/login", data=foreign)).status_code == 403


# --- the codec endpoint --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("officer", "may"), [(HEAD, True), (EXAMINER, False)])
async def test_who_may_read_payloads_in_the_temporal_ui_may_do_so_while_signed_in(
    counter: Counter, officer: Officer, may: bool
) -> None:
    own = {"Origin": counter.runtime.settings.ui_origin}
    async with counter.browser() as b:
        await sign(b, officer.id)
        assert (CODEC_COOKIE in b.http.cookies) is may
        if not may:
            return
        url, empty = "/api/v1/codec/decode", {"payloads": []}
        assert (await b.http.post(url, json=empty, headers=own)).status_code == 200
        assert (await b.http.post(url, json=empty)).status_code == 401
        copied = {CODEC_COOKIE: b.http.cookies[CODEC_COOKIE]}
        await b.post("/logout", {})
        assert CODEC_COOKIE not in b.http.cookies
        header = {"Cookie": f"{CODEC_COOKIE}={copied[CODEC_COOKIE]}"}
        assert (await b.http.post(url, json=empty, headers=own | header)).status_code == 401


# --- default deny --------------------------------------------------------------------------------------------


async def test_anonymous_opens_only_sign_in_verification_and_files(counter: Counter) -> None:
    open_paths = {"/login", "/verify"}
    walked = 0
    async with counter.browser() as b:
        for path, methods in paths_of(counter.site.app.routes):
            for method in methods - {"HEAD"}:
                walked += 1
                token = {"X-CSRFToken": await b.token()}
                answer = await b.http.request(method, f"/console{path}", headers=token)
                if path in open_paths:
                    assert not answer.headers.get("location", "").startswith("/console/login?next"), path
                    continue
                led = answer.headers.get("location", "")
                assert (answer.status_code, led.partition("=")[0]) == (303, "/console/login?next"), (method, path)
        for path, methods in paths_of(counter.app.routes):
            if path.startswith("/console"):
                answer = await b.http.get(path)
                assert answer.status_code in (303, 307, 401), (path, methods)
        assert (await b.get("/static/console/console.css")).status_code == 200
        assert (await b.get("/nowhere")).status_code == 303
    assert walked > 8


def paths_of(routes: list[BaseRoute]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if isinstance(route, Mount):
            continue
        path = str(getattr(route, "path", ""))
        for name in getattr(route, "param_convertors", {}):
            path = path.replace(f"{{{name}:path}}", "x").replace(f"{{{name}}}", "x")
        yield path, set(getattr(route, "methods", None) or {"GET"})


# --- the account page ----------------------------------------------------------------------------------------


async def test_the_account_page_says_who_i_am_in_words(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b, counter.browser(APPLICANT, language="en") as english:
        words = text_of(await b.get("/account"))
        for wanted in (APPLICANT.name, "用编单位", "当前登录", "applicant"):
            assert wanted in words
        assert "current" in text_of(await english.get("/account"))


async def test_one_ends_the_other_sessions_or_all_of_them_but_no_token_of_a_program(
    counter: Counter, office: Office
) -> None:
    async with counter.browser() as one, counter.browser() as two:
        await sign(one)
        await sign(two)
        assert text_of(await one.get("/account")).count("2026-03-02 09:00") == 2
        await one.post("/account/sessions", {"which": "others"})
        assert (await one.get("/account")).status_code == 200
        assert (await two.get("/account")).status_code == 303
        out = await one.post("/account/sessions", {"which": "all"})
        assert out.headers["location"] == "/console/login?out=1"
        assert (await one.get("/account")).status_code == 303
    with office.database.read() as s:
        notes = s.exec(select(TokenRow.note).where(col(TokenRow.revoked_at).is_not(None))).all()
    assert set(notes) == {sign_in.SESSION_NOTE}


# --- acting for a colleague ----------------------------------------------------------------------------------


def granted(office: Office, principal: Officer = HEAD, substitute: Officer = HEAD_TWO, days: int = 2) -> str:
    today = date(2026, 3, 2)
    wanted = NewSubstitution(
        substitute=substitute.id, from_on=today, until_on=today + timedelta(days=days), reason="出差"
    )
    with office.database.write() as s:
        made = substitutions.grant(s, wanted, principal, f"k-{principal.id}-{substitute.id}", office.now)
    assert isinstance(made, SubstitutionView)
    return made.id


async def test_a_substitute_takes_up_a_colleagues_work_and_sees_it_on_every_page(
    counter: Counter, office: Office
) -> None:
    granted(office, HEAD, EXAMINER)
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/account")
        assert f"代 {HEAD.name} 办理" in text_of(page)
        assert "console-acting" not in page.text
        answer = await b.post("/account/acting", {"login": HEAD.id})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        page = await b.get("/account")
        assert "console-acting" in page.text
        assert f"代 {HEAD.name} 办理" in text_of(page)
        assert "恢复本人身份" in text_of(page)
        back = await b.post("/account/acting", {"login": ""})
        assert back.status_code == 303
        assert "console-acting" not in (await b.get("/account")).text


async def test_nobody_acts_for_a_colleague_who_granted_nothing(counter: Counter, office: Office) -> None:
    granted(office, HEAD, HEAD_TWO)
    async with counter.browser(EXAMINER) as b:
        refused = await b.post("/account/acting", {"login": HEAD.id})
        assert refused.status_code == 403
        assert "没有有效的代行授权" in text_of(refused)
        b.http.cookies.set(session.ACTING_COOKIE, HEAD.id, path="/console")
        page = await b.get("/account")
        assert "console-acting" not in page.text
        assert "以您本人的身份办理" in text_of(page)


async def test_a_substitution_that_ended_counts_no_more_and_nothing_is_done_in_ones_own_name_instead(
    counter: Counter, office: Office
) -> None:
    identity = granted(office, HEAD, EXAMINER)
    async with counter.browser(EXAMINER) as b:
        await b.post("/account/acting", {"login": HEAD.id})
        with office.database.write() as s:
            substitutions.end(s, identity, HEAD, office.now)
        answer = await b.post("/account/sessions", {"which": "all"})
        assert answer.status_code == 303
        assert "out" not in answer.headers["location"]
        page = await b.get("/account")
        assert page.status_code == 200  # the session was not ended
        assert "代行授权已经终止" in text_of(page)
        assert "console-acting" not in page.text


async def test_what_is_to_be_done_in_person_is_closed_to_a_substitute(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(office, HEAD, EXAMINER)
    rule = PAGES["worklist"]
    in_person = type(rule)(rule.who, auditors=rule.auditors, acting=False)
    async with counter.browser(EXAMINER) as b:
        await b.post("/account/acting", {"login": HEAD.id})
        monkeypatch.setitem(PAGES, "worklist", in_person)
        refused = await b.get("/worklist")
        assert refused.status_code == 403
        assert "须本人办理" in text_of(refused)
        form: dict[str, Any] = {"substitute": ISSUER.id, "from_on": "2026-03-02", "until_on": "2026-03-03"}
        answer = await b.post("/account/substitutions", form | {"reason": "再代", "key": "k1"})
        assert answer.status_code == 403
        assert "须本人办理" in text_of(answer)


async def test_a_substitution_is_granted_on_the_account_page_once_and_ended_there(
    counter: Counter, office: Office
) -> None:
    form: dict[str, Any] = {
        "substitute": ISSUER.id,
        "from_on": "2026-03-02",
        "until_on": "2026-03-04",
        "reason": "出差",
        "procedures": ["staffing-up"],
        "key": "key-1",
    }
    async with counter.browser(EXAMINER) as b:
        for _ in range(2):  # a double click
            assert (await b.post("/account/substitutions", form)).status_code == 303
        page = await b.get("/account")
        words = text_of(page)
        assert f"{ISSUER.name} 代行 {EXAMINER.name} 的职责" in words
        assert words.count("今日有效") == 1
        assert "用编落编" in words
        identity = page.text.split('name="id" value="')[1].split('"')[0]
        assert (await b.post("/account/substitutions/end", {"id": identity})).status_code == 303
        assert "今日有效" not in text_of(await b.get("/account"))
    async with counter.browser(APPLICANT) as b:
        assert (await b.post("/account/substitutions/end", {"id": identity})).status_code == 404


async def test_faults_of_a_substitution_stand_beside_their_fields(counter: Counter) -> None:
    form = {"substitute": APPLICANT.id, "from_on": "2026-03-01", "until_on": "x", "reason": "出差", "key": "k"}
    async with counter.browser(EXAMINER) as b:
        page = await b.post("/account/substitutions", form)
        assert page.status_code == 422
        assert 'id="until_on-fault"' in page.text
        page = await b.post("/account/substitutions", form | {"until_on": "2026-03-02"})
        assert page.status_code == 422
        assert "不得早于今日" in text_of(page)
        assert "须为同一部门" in text_of(page)
        assert 'value="出差"' in page.text


async def test_who_decides_nothing_grants_nothing(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        s.add(OfficerRow(id="sys", login="sys", name="统", department="administration", roles="system-admin"))
    keeper = Officer(id="sys", name="统", department=Department.ADMINISTRATION, roles=frozenset({Role.SYSTEM_ADMIN}))
    for officer in (SUPERVISOR, keeper):
        async with counter.browser(officer) as b:
            assert "授予代行" not in text_of(await b.get("/account"))
            form = {"substitute": HEAD.id, "from_on": "2026-03-02", "until_on": "2026-03-02", "reason": "x"}
            answer = await b.post("/account/substitutions", form | {"key": "k"})
            assert answer.status_code == 403
            assert "您的部门或角色不能办理此项" in text_of(answer)


async def test_a_token_for_programs_is_no_session(counter: Counter) -> None:
    with counter.office.database.write() as s:
        token = officers.issue_token(s, EXAMINER.id, counter.office.now)
    async with counter.browser() as b:
        b.http.cookies.set(session.COOKIE, token, path="/console")
        assert (await b.get("/worklist")).status_code == 303


@pytest.mark.parametrize("where", [Department.UNIT, Department.ADMINISTRATION])
def test_an_auditor_of_a_unit_or_of_the_administration_sees_no_more_than_they_do(
    office: Office, where: Department
) -> None:
    """The register takes no such account; were there one, it would see no more than its department does."""
    unit = RESEARCH if where is Department.UNIT else None
    row = OfficerRow(id="confined", login="confined", name="限", department=where.value, unit=unit, roles="auditor")
    with pytest.raises(IntegrityError), office.database.write() as s:
        s.add(row)
    confined = Officer(id="confined", name="限", department=where, unit=unit, roles=frozenset({Role.AUDITOR}))
    for page in ("desk", "numbers", "audit"):
        assert not passes(PAGES[page], confined), page
