"""Accounts of officers: the system administrator enters, the security administrator grants (三员分立)."""

from __future__ import annotations

from typing import Annotated

from argon2 import PasswordHasher
from fastapi import Body, Path, Query

from docket import accounts
from models.accounts import AccountFault, Activity, NewOfficer, NewPassword, OfficerChange, OfficerView, RolesGrant
from models.refusals import Refusal
from models.shape import OFFICER_ID

from .. import examples
from ..deps import Caller, Key, Work
from ..door import router
from ..problems import FieldError, ProblemError, not_found, of_refusal
from ..shapes import OfficerList
from ..writing import once_more

routes = router("officers")

PAGE = 200
_hasher = PasswordHasher()

OfficerId = Annotated[str, Path(pattern=OFFICER_ID)]
After = Annotated[str | None, Query(max_length=100, description="上一页最后一个登录名 · last login of the page before")]


@routes.get("/officers", operation_id="list_officers", summary="经办人账号 · accounts of officers")
def list_officers(runtime: Work, _officer: Caller, after: After = None) -> OfficerList:
    """按登录名；`waits` 为尚待安全管理员授予角色的。By login; `waits` for roles."""
    with runtime.database.read() as s:
        items = accounts.listed(s, after, PAGE + 1)
    return OfficerList(items=items[:PAGE], next=items[PAGE - 1].login if len(items) > PAGE else None)


@routes.post("/officers", operation_id="enter_officer", status_code=201, summary="登记经办人 · enter an officer")
def enter_officer(
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[NewOfficer, Body(openapi_examples=examples.named(examiner=examples.OFFICER))],
) -> OfficerView:
    """系统管理员；账号没有角色，什么也打不开，待安全管理员授予。No role yet, so it opens nothing."""

    def entered() -> OfficerView:
        with runtime.database.write() as s:
            done = accounts.enter(s, body, officer, key, runtime.clock())
            if isinstance(done, Refusal):
                raise of_refusal(done)
            return settled(done)

    return once_more(entered)


@routes.post("/officers/{officer_id}/details", operation_id="change_officer", summary="变更经办人 · change an officer")
def change_officer(
    runtime: Work,
    officer: Caller,
    _key: Key,
    officer_id: OfficerId,
    body: Annotated[OfficerChange, Body(openapi_examples=examples.named(name=examples.OFFICER_CHANGE))],
) -> OfficerView:
    """系统管理员；编号不变。登录名、部门、单位变更的，角色收回。The id stays; another login withdraws the roles."""
    with runtime.database.write() as s:
        return settled(accounts.change(s, officer_id, body, officer, runtime.clock()))


@routes.post("/officers/{officer_id}/roles", operation_id="grant_roles", summary="授予或收回角色 · grant roles")
def grant_roles(
    runtime: Work,
    officer: Caller,
    _key: Key,
    officer_id: OfficerId,
    body: Annotated[RolesGrant, Body(openapi_examples=examples.named(examiner=examples.ROLES))],
) -> OfficerView:
    """安全管理员；此后的全部角色，空的即收回，立即生效。All roles from now on; none withdraws them."""
    with runtime.database.write() as s:
        return settled(accounts.grant(s, officer_id, body, officer, runtime.clock()))


@routes.post(
    "/officers/{officer_id}/activity", operation_id="set_officer_active", summary="停用或启用 · stop or resume"
)
def set_officer_active(
    runtime: Work,
    officer: Caller,
    _key: Key,
    officer_id: OfficerId,
    body: Annotated[Activity, Body(openapi_examples=examples.named(stop=examples.ACTIVITY))],
) -> OfficerView:
    """系统管理员；停用即终止其会话和令牌，启用后须重新授予角色。Stopping ends sessions and tokens."""
    with runtime.database.write() as s:
        return settled(accounts.set_active(s, officer_id, body, officer, runtime.clock()))


@routes.post(
    "/officers/{officer_id}/password", operation_id="set_officer_password", summary="设定密码 · set a password"
)
def set_officer_password(
    runtime: Work,
    officer: Caller,
    _key: Key,
    officer_id: OfficerId,
    body: Annotated[NewPassword, Body(openapi_examples=examples.named(initial=examples.PASSWORD))],
) -> OfficerView:
    """系统管理员；会话和令牌终止，角色收回，待安全管理员重新授予。Roles are withdrawn until they are granted again."""
    hashed = _hasher.hash(body.password.get_secret_value())
    with runtime.database.write() as s:
        return settled(accounts.set_password(s, officer_id, hashed, officer, runtime.clock()))


def settled(done: accounts.Done) -> OfficerView:
    """The account, or ProblemError `not-found`, or `invalid` naming the fields. In a transaction it rolls back."""
    if done is None:
        raise not_found("没有这名经办人 · no such officer")
    if isinstance(done, list):
        raise ProblemError("invalid", errors=[_field(fault) for fault in done])
    return done


def _field(fault: AccountFault) -> FieldError:
    return FieldError(field=fault.field, reason=fault.reason)
