"""账号管理: the system administrator enters and stops accounts, the security administrator grants roles, the audit
administrator looks. Every act is the API's own, by its own rule."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.permissions import RULES
from api.problems import ProblemError, field_errors, not_found
from api.routes import officers as routes
from docket import accounts
from docket.officers import ADMINISTRATORS
from models.accounts import SHORTEST_PASSWORD, Activity, NewOfficer, NewPassword, OfficerChange, OfficerView, RolesGrant
from models.decisions import Officer
from models.enums import Department, Role

from ..door import Page, officer_of, passes, reading
from ..session import BASE
from ..words import _, label, said

SHOWN = 1_000
FORMS = ("enter_officer", "change_officer", "set_officer_active", "set_officer_password", "grant_roles")

Step = Callable[[Runtime, Officer, FormData], OfficerView]


class Accounts(Page):
    name = "accounts"
    path = "/accounts"
    menu_label = "账号管理"
    icon = "fa fa-user-shield"

    @route("", name="accounts")
    async def index(self, request: Request) -> Response:
        rows = await reading(request, lambda s, _runtime: accounts.listed(s, limit=SHOWN))
        rows.sort(key=lambda row: not row.waits)  # who waits for roles comes first
        context = {"rows": rows, "may": _may(request), "departments": _departments(), "key": uuid.uuid4().hex}
        return self.render(request, "console/accounts.html", context)

    @route("", methods=["POST"], name="account-enter")
    async def enter(self, request: Request) -> Response:
        def entered(runtime: Runtime, officer: Officer, form: FormData) -> OfficerView:
            wanted = NewOfficer.model_validate(_filled(form, "login", "name", "department", "unit"))
            return routes.enter_officer(runtime, officer, str(form.get("key") or ""), wanted)

        done = await _taken(request, "enter_officer", entered, _("已登记，待安全管理员授予角色"))
        return _to(done.id if done else None)

    @route("/{officer_id}", name="account-page")
    async def one(self, request: Request) -> Response:
        identity = str(request.path_params["officer_id"])

        def read(s: Session, _runtime: Runtime) -> OfficerView:
            found = accounts.found(s, identity)
            if found is None:
                raise not_found("没有这名经办人 · no such officer")
            return found

        it = await reading(request, read)
        context = {
            "title": it.name,
            "it": it,
            "may": _may(request),
            "departments": _departments(),
            "roles": _roles_for(it),
            "shortest": SHORTEST_PASSWORD,
            "by_password": not runtime_of(request).settings.oidc,
        }
        return self.render(request, "console/account_one.html", context)

    @route("/{officer_id}", methods=["POST"], name="account-act")
    async def act(self, request: Request) -> Response:
        identity = str(request.path_params["officer_id"])
        operation = str((await request.form()).get("act") or "")
        if operation not in STEPS:
            raise not_found()
        step, words = STEPS[operation]
        await _taken(request, operation, lambda r, officer, form: step(r, officer, identity, form), _(words))
        return _to(identity)


def _changed(runtime: Runtime, officer: Officer, identity: str, form: FormData) -> OfficerView:
    wanted = OfficerChange.model_validate(_filled(form, "login", "name", "department", "unit"))
    return routes.change_officer(runtime, officer, "", identity, wanted)


def _set_active(runtime: Runtime, officer: Officer, identity: str, form: FormData) -> OfficerView:
    wanted = Activity(active=form.get("active") == "yes", reason=str(form.get("reason") or ""))
    return routes.set_officer_active(runtime, officer, "", identity, wanted)


def _password(runtime: Runtime, officer: Officer, identity: str, form: FormData) -> OfficerView:
    wanted = NewPassword.model_validate({"password": str(form.get("password") or "")})
    return routes.set_officer_password(runtime, officer, "", identity, wanted)


def _granted(runtime: Runtime, officer: Officer, identity: str, form: FormData) -> OfficerView:
    chosen = {"roles": form.getlist("roles"), "reason": str(form.get("reason") or "")}
    return routes.grant_roles(runtime, officer, "", identity, RolesGrant.model_validate(chosen))


STEPS: dict[str, tuple[Callable[[Runtime, Officer, str, FormData], OfficerView], str]] = {
    "change_officer": (_changed, "已变更"),
    "set_officer_active": (_set_active, "已变更账号状态"),
    "set_officer_password": (_password, "已设定密码，角色已收回，待安全管理员重新授予"),
    "grant_roles": (_granted, "角色已变更，立即生效"),
}


async def _taken(request: Request, operation: str, step: Step, words: str) -> OfficerView | None:
    """Do it and say so, or say why it was not done. Raises ProblemError when it is not this officer's at all."""
    officer, runtime, form = officer_of(request), runtime_of(request), await request.form()
    if not passes(RULES[operation], officer):
        raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
    try:
        runtime.limits.applications.take(officer.id)
        done = await run_in_threadpool(step, runtime, officer, form)
    except ValidationError as error:
        _refuse(request, [said(fault.reason) for fault in field_errors(error.errors())])
        return None
    except ProblemError as error:
        faults = [said(fault.reason) for fault in error.problem.errors or []]
        _refuse(request, faults or [said(error.problem.detail or error.problem.title)])
        return None
    flash(request, words, "success")
    return done


def _refuse(request: Request, reasons: list[str]) -> None:
    flash(request, _("没有登记：%(why)s") % {"why": "；".join(reasons)}, "error")


def _filled(form: FormData, *names: str) -> dict[str, Any]:
    """What was filled in; what was left empty is not there."""
    return {name: str(form[name]) for name in names if str(form.get(name) or "").strip()}


def _may(request: Request) -> dict[str, bool]:
    return {name: passes(RULES[name], officer_of(request)) for name in FORMS}


def _departments() -> list[tuple[str, str]]:
    return [(each.value, label(each)) for each in Department]


def _roles_for(it: OfficerView) -> list[tuple[str, str, bool]]:
    """(code, label, granted) of the roles that an account of this department can have."""
    fitting = [role for role in Role if (role in ADMINISTRATORS) == (it.department is Department.ADMINISTRATION)]
    return [(role.value, label(role), role in it.roles) for role in fitting]


def _to(identity: str | None) -> Response:
    return RedirectResponse(f"{BASE}/accounts" + (f"/{identity}" if identity else ""), 303)
