"""The account: who I am, where I am signed in, and who stands in for whom."""

from __future__ import annotations

import re
import uuid
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import KEY_PATTERN, Runtime, runtime_of
from api.permissions import RULES
from api.problems import FieldError, ProblemError, field_errors
from api.routes import substitutions as routes
from docket import sign_in, substitutions
from models.decisions import Officer
from models.enums import Procedure, Role
from models.substitutions import NewSubstitution, SubstitutionView
from rules.deadlines import local_day

from .. import session
from ..door import Page, person_of, reading, signed_in
from ..words import _, label, said

FIELDS = ("principal", "substitute", "from_on", "until_on", "reason")


class Account(Page):
    name = "account"
    path = "/account"
    menu_label = "账号与代行"
    add_to_menu = False

    @route("", name="account")
    async def index(self, request: Request) -> Response:
        return await self._show(request)

    @route("/acting", methods=["POST"], name="account_acting")
    async def acting(self, request: Request) -> Response:
        """Take up a colleague's work, or one's own again with an empty login. The register is asked at each page."""
        login = str((await request.form()).get("login") or "")
        answer = RedirectResponse(f"{session.BASE}/", 303)
        user = signed_in(request)
        if not login:
            session.forget_acting(answer)
            flash(request, _("已恢复本人身份"), "success")
        elif user is not None and login in dict(user.may_act_for):
            session.act_for(answer, runtime_of(request), login)
        else:
            raise ProblemError(
                "no-substitution", "今日没有该人员授予您的代行 · that officer has given you none for today"
            )
        return answer

    @route("/sessions", methods=["POST"], name="account_sessions")
    async def end_sessions(self, request: Request) -> Response:
        everything = (await request.form()).get("which") == "all"
        runtime, person, user = runtime_of(request), person_of(request), signed_in(request)
        keep = user.token if user is not None and not everything else ""
        await run_in_threadpool(_end_sessions, runtime, person, keep)
        if not everything:
            flash(request, _("已结束其他登录"), "success")
            return RedirectResponse(f"{session.BASE}/account", 303)
        answer = RedirectResponse(f"{session.BASE}/login?out=1", 303)
        session.end(answer)
        return answer

    @route("/substitutions", methods=["POST"], name="account_grant")
    async def grant(self, request: Request) -> Response:
        form, person, runtime = await request.form(), person_of(request), runtime_of(request)
        _may(request, "grant_substitution", person)
        try:
            wanted = NewSubstitution.model_validate(_asked(form))
        except ValidationError as error:
            return await self._show(request, form, field_errors(error.errors()))
        try:
            runtime.limits.applications.take(person.id)
            made = await run_in_threadpool(routes.grant, runtime, person, _key(form), wanted)
        except ProblemError as error:
            return await self._show(request, form, error.problem.errors or [], error)
        words = _("已登记：%(substitute)s 代行 %(principal)s 的职责")
        names = {"substitute": made.substitute_name, "principal": made.principal_name}
        flash(request, words % names, "success")
        return RedirectResponse(f"{session.BASE}/account", 303)

    @route("/substitutions/end", methods=["POST"], name="account_end_grant")
    async def end_grant(self, request: Request) -> Response:
        wanted, person = str((await request.form()).get("id") or ""), person_of(request)
        _may(request, "end_substitution", person)
        await run_in_threadpool(routes.end, runtime_of(request), person, wanted)
        flash(request, _("代行授权已终止；此前已经提交的决定仍然有效"), "success")
        return RedirectResponse(f"{session.BASE}/account", 303)

    async def _show(
        self,
        request: Request,
        form: FormData | None = None,
        faults: list[FieldError] | None = None,
        problem: ProblemError | None = None,
    ) -> Response:
        person, user = person_of(request), signed_in(request)
        token = user.token if user is not None else ""
        facts = await reading(request, lambda s, runtime: _facts(s, runtime, person, token))
        typed = {name: str(form.get(name) or "") for name in FIELDS} if form else {}
        more = {
            "typed": typed,
            "chosen": form.getlist("procedures") if form else [],
            "key": _key(form) if form else uuid.uuid4().hex,
            "faults": {fault.field.partition(".")[0]: said(fault.reason) for fault in reversed(faults or [])},
            "fault": said(problem.problem.detail or problem.problem.title) if problem and not faults else "",
            "clause": problem.problem.clause if problem else None,
        }
        refused = bool(faults or problem)
        return self.render(request, "console/account.html", facts | more, status=422 if refused else 200)


def _key(form: FormData) -> str:
    """The key that came with the form; a form without a proper one is nobody's second try."""
    key = str(form.get("key") or "")
    return key if re.fullmatch(KEY_PATTERN, key) else uuid.uuid4().hex


def _may(request: Request, operation: str, person: Officer) -> None:
    """In person and by the operation's own rule; what was chosen in a colleague's name counts for nobody."""
    user = signed_in(request)
    acting = user is not None and user.officer is not None and user.officer.acting_for is not None
    if acting:
        raise ProblemError("no-substitution", "此项须本人办理，请先恢复本人身份 · to be done in person")
    if not RULES[operation].allows(person):
        raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")


def _asked(form: FormData) -> dict[str, Any]:
    """The form as the API would be asked: what was left empty is not there."""
    asked: dict[str, Any] = {name: form.get(name) for name in FIELDS if str(form.get(name) or "").strip()}
    return asked | {"procedures": form.getlist("procedures")}


def _facts(s: Session, runtime: Runtime, person: Officer, token: str) -> dict[str, Any]:
    at = runtime.clock()
    views = [view for view in substitutions.visible(s, person, at) if view.ended_at is None]
    today = local_day(at)
    me = sign_in.profile(s, person.id)
    arranges = RULES["grant_substitution"].allows(person) and not person.roles & {Role.AUDITOR}
    others = substitutions.colleagues(s, person)
    return {
        "person": person,
        "profile": me,
        "sessions": sign_in.sessions(s, person.id, at, token),
        "today": today,
        "given": _current(views, today, "principal", me.login),
        "received": _current(views, today, "substitute", me.login),
        "others": _between(views, today, me.login),
        "may_grant": arranges,
        "by_login": Role.SECURITY_ADMIN in person.roles,
        "for_others": Role.HEAD in person.roles,
        "colleagues": others,
        "procedures": [(procedure.value, label(procedure)) for procedure in Procedure],
    }


def _current(views: list[SubstitutionView], today: Any, side: str, login: str) -> list[SubstitutionView]:
    """Those that hold or will; what is over is in the list of the API."""
    return [view for view in views if view.until_on >= today and getattr(view, side) == login]


def _between(views: list[SubstitutionView], today: Any, login: str) -> list[SubstitutionView]:
    """Of others, for a head or an administrator who sees and may end them."""
    return [view for view in views if view.until_on >= today and login not in (view.principal, view.substitute)]


def _end_sessions(runtime: Runtime, person: Officer, keep: str) -> None:
    with runtime.database.write() as s:
        sign_in.end_sessions(s, person.id, runtime.clock(), keep=keep)
