"""账号管理 and 审计记录 in the console: two administrators make an officer, a third one looks (P9)."""

from __future__ import annotations

import pytest
from sqlmodel import select

from docket import audit, officers
from models.audit import Act
from models.decisions import Officer
from models.enums import Department, Role
from models.register import OfficerRow
from tests.support.console import ADDRESS, Browser, Counter, text_of
from tests.support.office import EXAMINER, HEAD, Office

KEEPERS = {
    role: Officer(id=role.value, name=role.label, department=Department.ADMINISTRATION, roles=frozenset({role}))
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
}
SYSTEM, SECURITY, LOOKER = KEEPERS.values()
NEW = {"login": "chenxm", "name": "陈晓明", "department": "establishment", "unit": "", "key": "k-1"}


@pytest.fixture(autouse=True)
def keepers(office: Office) -> None:
    with office.database.write() as s:
        for role, keeper in KEEPERS.items():
            officers.add_officer(
                s, id=keeper.id, login=keeper.id, name=keeper.name, department=keeper.department, roles={role}
            )


def row_of(office: Office, login: str) -> OfficerRow:
    with office.database.read() as s:
        return s.exec(select(OfficerRow).where(OfficerRow.login == login)).one()


async def act(b: Browser, identity: str, name: str, /, **more: str | list[str]) -> str:
    answer = await b.post(f"/accounts/{identity}", {"act": name} | more)
    assert answer.status_code in (303, 403), text_of(answer)
    return text_of(await b.get("/accounts")) if answer.status_code == 303 else text_of(answer)


async def test_an_officer_is_entered_by_one_and_given_roles_by_another(counter: Counter, office: Office) -> None:
    async with counter.browser(SYSTEM) as b:
        page = await b.get("/accounts")
        assert "登记经办人" in text_of(page)
        assert (await b.post("/accounts", NEW)).status_code == 303
        said = text_of(await b.get("/accounts"))
        assert "待授予角色" in said
        row = row_of(office, "chenxm")
        assert "授予所选角色" not in text_of(await b.get(f"/accounts/{row.id}"))
        await act(b, row.id, "grant_roles", roles=["examiner"], reason="x")
        assert row_of(office, "chenxm").roles == ""
    async with counter.browser(SECURITY) as b:
        assert "登记经办人" not in text_of(await b.get("/accounts"))
        page = await b.get(f"/accounts/{row.id}")
        assert "授予所选角色" in text_of(page)
        assert "设定密码" not in text_of(page)
        await act(b, row.id, "grant_roles", roles=["examiner"], reason="分工")
        assert row_of(office, "chenxm").roles == "examiner"
    async with counter.browser(LOOKER) as b:
        said = text_of(await b.get("/audit/list"))
    for word in ("授予角色", "登记经办人", "系统管理员", "安全管理员", "分工", ADDRESS):
        assert word in said


async def test_a_password_takes_the_roles_and_a_stop_ends_the_session(counter: Counter, office: Office) -> None:
    async with counter.browser(HEAD) as head, counter.browser(SYSTEM) as b:
        assert (await head.get("/worklist")).status_code == 200
        await act(b, HEAD.id, "set_officer_password", password="long enough to keep")
        assert (await head.get("/worklist")).status_code == 303
        assert row_of(office, HEAD.id).roles == ""
        await act(b, EXAMINER.id, "set_officer_active", active="no", reason="调离")
        assert not row_of(office, EXAMINER.id).active
        await act(b, EXAMINER.id, "change_officer", login=EXAMINER.id, name="新名", department="establishment", unit="")
        assert row_of(office, EXAMINER.id).name == "新名"


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"login": "admin/../x"}, "格式不符"),
        ({"name": ""}, "必填"),
        ({"department": "unit"}, "写明单位"),
        ({"login": "audit-admin"}, "登录名已有"),
    ],
)
async def test_a_faulty_account_is_refused_in_words(counter: Counter, form: dict[str, str], why: str) -> None:
    async with counter.browser(SYSTEM) as b:
        await b.post("/accounts", NEW | form)
        assert why in text_of(await b.get("/accounts"))


async def test_the_pages_are_for_administrators_and_auditors(counter: Counter) -> None:
    for officer in (EXAMINER, HEAD):
        async with counter.browser(officer) as b:
            for page in ("/accounts", f"/accounts/{HEAD.id}", "/audit/list", "/audit/export?format=csv"):
                assert (await b.get(page)).status_code == 403, page
            assert (await b.post("/accounts", NEW)).status_code == 403
    for keeper, status in ((SYSTEM, 403), (SECURITY, 403), (LOOKER, 200)):
        async with counter.browser(keeper) as b:
            assert (await b.get("/accounts")).status_code == 200
            assert (await b.get("/audit/list")).status_code == status
            assert (await b.get("/audit/export?format=csv")).status_code == status
    async with counter.browser(SYSTEM) as b:
        assert (await b.get("/accounts/nobody")).status_code == 404


async def test_an_export_is_audited(counter: Counter, office: Office) -> None:
    async with counter.browser(HEAD) as b:
        assert (await b.get("/officers/export?format=csv")).status_code == 200
    with office.database.read() as s:
        [entry] = audit.entries(s, act=Act.EXPORT).items
    assert (entry.officer, entry.about, entry.address) == (HEAD.id, "officers", ADDRESS)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_pages_are_said_in_both_languages(counter: Counter, language: str) -> None:
    async with counter.browser(SYSTEM, language=language) as b:
        said = text_of(await b.get("/accounts"))
        assert ("Enter an officer" if language == "en" else "登记经办人") in said
