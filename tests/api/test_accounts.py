"""三员分立 at the API (P9; GB/T 22239 L3-CES1-08, 12 to 15; ASVS 8.2.1, 8.3.2, 16.5.3): one enters accounts, one grants
roles, one looks, and nobody alone makes an officer who decides. What cannot be audited does not happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from docket import accounts, audit, disclosures, officers, sign_in, substitutions
from models.accounts import OfficerView, RolesGrant
from models.audit import Act, AuditEntry, Outcome
from models.enums import Department, Role
from models.register import OfficerRow
from models.substitutions import NewSubstitution
from models.visits import TokenRow

from .conftest import NOW, UNIT_A, Desk, problem

NEW = {"login": "chenxm", "name": "陈晓明", "department": "establishment"}
EXAMINER = {"roles": ["examiner"], "reason": "分工"}
ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin")


async def entered(desk: Desk, body: dict[str, Any] = NEW, key: str = "enter") -> dict[str, Any]:
    answer = await desk.post("/officers", by="system_admin", key=key, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def granted(desk: Desk, officer_id: str, body: dict[str, Any] = EXAMINER, key: str = "grant") -> Any:
    return await desk.post(f"/officers/{officer_id}/roles", by="security_admin", key=key, json=body)


def audited(desk: Desk, **more: Any) -> list[AuditEntry]:
    with desk.database.read() as s:
        return audit.entries(s, **more).items


def token_for(desk: Desk, officer_id: str) -> dict[str, str]:
    with desk.database.write() as s:
        return {"Authorization": f"Bearer {officers.issue_token(s, officer_id, NOW)}"}


# --- two acts by two ---------------------------------------------------------------------------------------------


async def test_an_officer_who_decides_takes_two_administrators(desk: Desk) -> None:
    made = await entered(desk)
    assert (made["roles"], made["waits"], made["active"]) == ([], True, True)
    headers = token_for(desk, made["id"])
    problem(await desk.get("/worklist", headers=headers), 401, "unauthenticated")  # no role, no door
    for one in ("system_admin", "audit_admin"):
        answer = await desk.post(f"/officers/{made['id']}/roles", by=one, key="k", json=EXAMINER)
        problem(answer, 403, "forbidden")
    answer = await granted(desk, made["id"])
    assert answer.json()["roles"] == ["examiner"]
    assert (await desk.get("/worklist", headers=headers)).status_code == 200
    answer = await granted(desk, made["id"], {"roles": [], "reason": "调离"}, key="withdraw")
    assert answer.json()["waits"] is True
    problem(await desk.get("/worklist", headers=headers), 401, "unauthenticated")  # at the next call (ASVS 8.3.2)


@pytest.mark.parametrize("by", [one for one in ADMINISTRATORS if one != "system_admin"])
async def test_only_the_system_administrator_keeps_accounts(desk: Desk, by: str) -> None:
    problem(await desk.post("/officers", by=by, key="k", json=NEW), 403, "forbidden")
    for path, body in (
        ("details", {"name": "别名"}),
        ("activity", {"active": False, "reason": "x"}),
        ("password", {"password": "long enough to keep"}),
    ):
        problem(await desk.post(f"/officers/o-head/{path}", by=by, key="k", json=body), 403, "forbidden")


HANDED_OVER: dict[str, tuple[str, dict[str, Any]]] = {
    "a password": ("password", {"password": "long enough to keep"}),
    "another login": ("details", {"login": "somebody-else"}),
    "another department": ("details", {"department": "finance"}),
    "another unit": ("details", {"department": "unit", "unit": UNIT_A}),
}


@pytest.mark.parametrize(("path", "body"), HANDED_OVER.values(), ids=HANDED_OVER.keys())
async def test_whatever_could_put_another_hand_on_an_account_takes_its_roles(
    desk: Desk, path: str, body: dict[str, Any]
) -> None:
    """The system administrator alone cannot become the head: sessions and tokens end, and the roles are gone."""
    answer = await desk.post(f"/officers/o-head/{path}", by="system_admin", key="k", json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["roles"], answer.json()["waits"]) == ([], True)
    problem(await desk.get("/worklist", by="head"), 401, "unauthenticated")
    problem(await desk.get("/worklist", headers=token_for(desk, "o-head")), 401, "unauthenticated")
    acts = [entry.act for entry in audited(desk)]
    assert Act.ROLES_WITHDRAWN in acts


async def test_a_stopped_account_comes_back_without_its_tokens_and_roles(desk: Desk) -> None:
    stop, resume = {"active": False, "reason": "借调"}, {"active": True, "reason": "返岗"}
    assert (await desk.post("/officers/o-head/activity", by="system_admin", key="1", json=stop)).status_code == 200
    problem(await desk.get("/worklist", by="head"), 401, "unauthenticated")
    answer = await desk.post("/officers/o-head/activity", by="system_admin", key="2", json=resume)
    assert (answer.json()["active"], answer.json()["waits"]) == (True, True)
    assert (await granted(desk, "o-head", {"roles": ["head"], "reason": "返岗"})).status_code == 200
    problem(await desk.get("/worklist", by="head"), 401, "unauthenticated")
    assert (await desk.get("/worklist", headers=token_for(desk, "o-head"))).status_code == 200


@pytest.mark.parametrize("last", ADMINISTRATORS)
async def test_the_last_administrator_of_a_kind_stays(desk: Desk, last: str) -> None:
    withdrawn = {"roles": [], "reason": "x"}
    faults = problem(await granted(desk, f"o-{last}", withdrawn), 422, "invalid")["errors"]
    assert "须先另有一名" in faults[0]["reason"]
    for path, body in (
        ("activity", {"active": False, "reason": "x"}),
        ("password", {"password": "long enough to keep"}),
    ):
        problem(await desk.post(f"/officers/o-{last}/{path}", by="system_admin", key="k", json=body), 422, "invalid")
    second = await entered(desk, {"login": "second", "name": "第二", "department": "administration"})
    role = last.replace("_", "-")
    assert (await granted(desk, second["id"], {"roles": [role], "reason": "增设"})).status_code == 200
    assert (await granted(desk, f"o-{last}", withdrawn, key="again")).status_code == 200


@pytest.mark.parametrize(
    ("department", "unit", "roles"),
    [
        ("establishment", None, ["examiner", "system-admin"]),
        ("administration", None, ["system-admin", "security-admin"]),
        ("administration", None, ["examiner"]),
        ("establishment", None, ["auditor", "examiner"]),
        ("unit", UNIT_A, ["auditor"]),
        ("finance", None, ["audit-admin"]),
    ],
)
async def test_roles_that_are_to_be_apart_are_not_granted(
    desk: Desk, department: str, unit: str | None, roles: list[str]
) -> None:
    body = {"login": "x1", "name": "某", "department": department} | ({"unit": unit} if unit else {})
    made = await entered(desk, body)
    faults = problem(await granted(desk, made["id"], {"roles": roles, "reason": "x"}), 422, "invalid")["errors"]
    assert faults[0]["field"] == "roles"


# --- stable ids --------------------------------------------------------------------------------------------------


async def test_a_rename_loses_nothing(desk: Desk) -> None:
    """Decisions, substitutions and tokens hang on the id, which is drawn once; names and logins are labels."""
    case_id = desk.opened_case()
    wanted = NewSubstitution(
        substitute="organiser_two", from_on=NOW.date(), until_on=NOW.date() + timedelta(days=1), reason="出差"
    )
    with desk.database.write() as s:
        substitutions.grant(s, wanted, desk.cast["organiser"], "k", NOW)
    for who, body in (
        ("organiser", {"login": "zu"}),
        ("organiser_two", {"name": "组新"}),
        ("applicant", {"name": "申新"}),
    ):
        answer = await desk.post(f"/officers/o-{who}/details", by="system_admin", key=f"n-{who}", json=body)
        assert answer.json()["id"] == f"o-{who}"
    await granted(desk, "o-organiser", {"roles": ["approver"], "reason": "更名"})
    headers = token_for(desk, "o-organiser_two") | {"Acting-For": "zu"}
    assert (await desk.get("/worklist", headers=headers)).status_code == 200
    listed = (await desk.get("/substitutions", by="organiser_two")).json()["items"]
    assert [(row["principal"], row["substitute_name"]) for row in listed] == [("zu", "组新")]
    docket = (await desk.get(f"/cases/{case_id}", by="applicant")).json()
    assert docket["case_id"] == case_id
    assert desk.rows(case_id)[0].officer == "o-applicant"


async def test_the_same_key_and_content_is_the_same_account(desk: Desk) -> None:
    first, again = await entered(desk), await entered(desk)
    assert first == again
    other = await desk.post("/officers", by="system_admin", key="enter", json=NEW | {"name": "另一人"})
    problem(other, 409, "key-reused")
    taken = problem(await desk.post("/officers", by="system_admin", key="2", json=NEW), 422, "invalid")
    assert taken["errors"][0]["field"] == "login"
    for body in ({"unit": UNIT_A}, {"department": "unit"}, {"department": "unit", "unit": "11990000000000009X"}):
        answer = await desk.post("/officers", by="system_admin", key="3", json=NEW | {"login": "other"} | body)
        assert problem(answer, 422, "invalid")["errors"][0]["field"] == "unit"
    problem(await granted(desk, "nobody"), 404, "not-found")


async def test_accounts_are_listed_in_pages_and_without_secrets(desk: Desk) -> None:
    listed = (await desk.get("/officers", by="audit_admin")).json()
    assert {row["login"] for row in listed["items"]} == set(desk.cast)
    assert "password" not in str(listed)
    after = (await desk.get("/officers?after=organiser", by="auditor")).json()["items"]
    assert after[0]["login"] == "organiser_two"


# --- the audit ---------------------------------------------------------------------------------------------------


async def test_the_audit_says_who_did_what_when_from_where(desk: Desk) -> None:
    made = await entered(desk)
    await granted(desk, made["id"])
    page = (await desk.get("/audit", by="audit_admin")).json()
    grant, enter = page["items"][:2]
    assert (grant["act"], grant["act_label"], grant["outcome"]) == ("roles-granted", "授予角色", "done")
    assert (grant["officer"], grant["officer_name"]) == ("o-security_admin", "经办security_admin")
    assert (grant["department"], grant["address"], grant["about"]) == ("administration", "192.0.2.1", made["id"])
    assert "审核" in grant["detail"]
    assert "分工" in grant["detail"]
    assert (enter["act"], enter["officer"]) == ("officer-entered", "o-system_admin")
    assert grant["at"].startswith("2026-03-03T02:00")


async def test_the_audit_is_read_in_pages_and_by_question(desk: Desk) -> None:
    with desk.database.write() as s:
        for n in range(7):
            audit.note(s, Act.EXPORT, NOW + timedelta(hours=n), desk.cast["head"], about=str(n))
        audit.note(s, Act.BACKUP, NOW, "命令行 root")
    seen, before = [], ""
    while True:
        page = (await desk.get(f"/audit?limit=3{before}", by="auditor")).json()
        seen += [row["about"] for row in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == ["", *"6543210"]
    since, until = "2026-03-03T04:00:00Z", "2026-03-03T06:00:00Z"
    asked = f"/audit?act=export&by=o-head&since={since}&until={until}"
    assert [row["about"] for row in (await desk.get(asked, by="audit_admin")).json()["items"]] == ["3", "2"]


@pytest.mark.parametrize("by", ["system_admin", "security_admin", "head", "supervisor"])
async def test_nobody_else_reads_the_audit(desk: Desk, by: str) -> None:
    problem(await desk.get("/audit", by=by), 403, "forbidden")


async def test_no_operation_writes_or_ends_the_audit(desk: Desk) -> None:
    paths = {path: set(methods) for path, methods in desk.app.openapi()["paths"].items() if "audit" in path}
    assert paths == {"/api/v1/audit": {"get"}}


Try = Callable[[Desk], Awaitable[int]]


async def _enter(desk: Desk) -> int:
    return (await desk.post("/officers", by="system_admin", key="k", json=NEW)).status_code


async def _grant(desk: Desk) -> int:
    return int((await granted(desk, "o-organiser", {"roles": ["approver", "head"], "reason": "x"})).status_code)


async def _stop(desk: Desk) -> int:
    body = {"active": False, "reason": "x"}
    return (await desk.post("/officers/o-organiser/activity", by="system_admin", key="k", json=body)).status_code


async def _rename(desk: Desk) -> int:
    return (await desk.post("/officers/o-head/details", by="system_admin", key="k", json={"name": "x"})).status_code


async def _password(desk: Desk) -> int:
    body = {"password": "long enough to keep"}
    return (await desk.post("/officers/o-head/password", by="system_admin", key="k", json=body)).status_code


async def _substitute(desk: Desk) -> int:
    body = {"substitute": "organiser_two", "from_on": "2026-03-03", "until_on": "2026-03-04", "reason": "x"}
    return (await desk.post("/substitutions", by="organiser", key="k", json=body)).status_code


FULL = {
    "sqlite": ("CREATE TRIGGER no_room BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END",),
    "postgresql": (
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_room()",
    ),
}
AGAIN = {"sqlite": "DROP TRIGGER no_room", "postgresql": "DROP TRIGGER no_room ON audit"}


@pytest.mark.parametrize("attempt", [_enter, _grant, _stop, _rename, _password, _substitute])
async def test_what_cannot_be_audited_does_not_happen(desk: Desk, attempt: Try) -> None:
    """P9: never silent. The row and its audit are one transaction."""
    before = _accounts(desk)
    with desk.database.write() as s:
        for statement in FULL[s.connection().dialect.name]:
            s.execute(text(statement))
    assert await attempt(desk) >= 500
    assert _accounts(desk) == before
    with desk.database.write() as s:
        s.execute(text(AGAIN[s.connection().dialect.name]))
    assert await attempt(desk) < 300
    assert _accounts(desk) != before


def _accounts(desk: Desk) -> Any:
    with desk.database.read() as s:
        rows = [row.model_dump() for row in s.exec(select(OfficerRow).order_by(OfficerRow.login))]
        ended = [row.revoked_at for row in s.exec(select(TokenRow))]
        return rows, ended, len(substitutions.visible(s, desk.cast["system_admin"], NOW))


async def test_sign_ins_and_their_failures_are_audited(desk: Desk) -> None:
    with desk.database.write() as s:
        attempt = sign_in.begin(s, "head", NOW)
        sign_in.failed(s, attempt.officer, NOW)
        sign_in.failed(s, sign_in.begin(s, "my password by mistake", NOW).officer, NOW)
        token = sign_in.succeed(s, desk.cast["head"], NOW, timedelta(hours=1))
        sign_in.sign_out(s, token, NOW)
        sign_in.sign_out(s, token, NOW)
    found = [(entry.act, entry.outcome, entry.officer) for entry in audited(desk)]
    assert found == [
        (Act.SIGN_OUT, Outcome.DONE, "o-head"),
        (Act.SIGN_IN, Outcome.DONE, "o-head"),
        (Act.SIGN_IN, Outcome.REFUSED, ""),
        (Act.SIGN_IN, Outcome.REFUSED, "o-head"),
    ]
    assert "mistake" not in str(audited(desk))


async def test_a_locked_account_is_audited_at_each_try(desk: Desk) -> None:
    with desk.database.write() as s:
        for _ in range(sign_in.FREE_TRIES + 2):
            sign_in.begin(s, "head", NOW)
    assert [entry.outcome for entry in audited(desk, act=Act.SIGN_IN)] == [Outcome.REFUSED] * 2


async def test_a_disclosure_is_audited(desk: Desk) -> None:
    with desk.database.write() as s, pytest.raises(LookupError):
        disclosures.record(s, 1, desk.cast["head"], "核实", NOW)
    with desk.database.write() as s:
        officers.note_disclosure(s, desk.cast["auditor"], {"c1", "c2"}, NOW, "解读")
    assert [(entry.act, entry.about) for entry in audited(desk)] == [(Act.CODEC, "c1、c2")]


def test_the_first_administrators_are_known_to_be_missing(desk: Desk) -> None:
    with desk.database.write() as s:
        assert not accounts.vacant(s, Role.SECURITY_ADMIN)
        s.execute(text("UPDATE officer SET active = FALSE WHERE roles = 'security-admin'"))
        assert accounts.vacant(s, Role.SECURITY_ADMIN)
        done = accounts.grant(s, "o-treasurer", RolesGrant(roles=[], reason="x"), "命令行 x", NOW)
        assert isinstance(done, OfficerView)
        assert done.department is Department.FINANCE
    assert audited(desk)[0].officer_name == "命令行 x"


def test_changed_settings_are_audited_by_name_and_never_by_value(desk: Desk) -> None:
    facts = {"oidc_issuer": "https://id.example", "rules": "abc"}
    with desk.database.write() as s:
        assert audit.note_settings(s, facts, NOW, "接口启动") == ["oidc_issuer", "rules"]
        assert audit.note_settings(s, facts, NOW, "接口启动") == []
        assert audit.note_settings(s, facts | {"rules": "def"}, NOW, "接口启动") == ["rules"]
        assert audit.note_settings(s, {"rules": "def"}, NOW, "接口启动") == ["oidc_issuer"]
    found = audited(desk, act=Act.SETTINGS)
    assert [entry.detail for entry in found] == ["oidc_issuer", "rules", "首次启动 · first start"]
    assert "id.example" not in str(found)
