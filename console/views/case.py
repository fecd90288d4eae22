"""The page of one case: everything about it, and whatever its reader may do with it now."""

from __future__ import annotations

import re
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import KEY_PATTERN, Runtime, runtime_of
from api.permissions import RULES
from api.problems import ProblemError, not_found
from api.routes.packages import package
from docket import desks, particulars, substitutions, view
from models.decisions import Officer
from models.enums import CommandKind, Department, Step
from models.refusals import Refusal, RefusalCode

from ..casework import orders
from ..casework.asked import units_in
from ..casework.fields import Form
from ..casework.sheet import Case, Turn, allowed, sheet, told, veiled
from ..door import Page, officer_of, passes, reading
from ..words import _
from . import deciding

_NAMES_A_CASE = re.compile("[0-9A-Za-z-]{1,64}")
_NAMES_A_KEY = re.compile(KEY_PATTERN)
_LEVEL = {"accepted": "success", "refused": "error"}
FROM_WORKLIST = "worklist"


def read_case(s: Session, runtime: Runtime, officer: Officer, case_id: str, sent: str = "") -> Case:
    """The case as this officer may see it; `sent` is the key of an act whose end is told. Raises ProblemError 404 when
    there is none, or none for this officer."""
    now = runtime.clock()
    docket = view.docket(s, case_id, officer, now, runtime.calendar) if _NAMES_A_CASE.fullmatch(case_id) else None
    if docket is None:
        raise not_found()
    reached = substitutions.reaches(s, officer, docket.procedure, now)
    if not reached:
        docket = docket.model_copy(update={"may": []})  # what the command would refuse is not offered
    issued = docket.slip is not None and docket.slip.round == docket.round
    mine = {step.step for step in allowed(docket)}
    may = {each.action for each in docket.may if each.allowed}
    named = bool(mine & {Step.APPROVE_PERSONS.value, Step.ENTER.value})
    heads = bool(may & {CommandKind.HOLD, CommandKind.RELEASE})
    return Case(
        docket=docket,
        settled=particulars.particulars(s, case_id, officer),
        names=particulars.unit_names(s, units_in(docket) | {each.unit for each in docket.exceptions}),
        bodies=particulars.internal_bodies(s, docket.unit) if named else [],
        colleagues=particulars.colleagues(s, Department.ESTABLISHMENT, officer) if heads else [],
        pending=particulars.pending(s, case_id, officer),
        judged=particulars.judged(s, case_id, officer, sent) if _NAMES_A_KEY.fullmatch(sent) else None,
        reached=particulars.units_reached(s, docket.unit) if CommandKind.EXCEPT in may else [],
        proposal_open=issued or officer.department is not Department.UNIT,
        out_of_scope=None if reached else Refusal.of(RefusalCode.NO_SUBSTITUTION),
    )


class CasePage(Page):
    name = "case"
    path = "/cases/{case_id}"
    menu_label = "事项"
    add_to_menu = False

    @route("", name="case")
    async def index(self, request: Request) -> Response:
        """`?step=&subject=` chooses among several steps of one's own; `?part=1` is the page without its frame; `?sent=`
        is the key of an act that was not judged yet when it was answered: once it is, the page says what it came to."""
        return await self.show(request)

    @route("/decide", methods=["POST"], name="case-decide")
    async def decide(self, request: Request) -> Response:
        case = await self._read(request)
        outcome = await deciding.decide(request, case)
        return await self._after(request, outcome)

    @route("/orders/{order}", methods=["POST"], name="case-order")
    async def order(self, request: Request) -> Response:
        case = await self._read(request)
        outcome = await deciding.order(request, case)
        return await self._after(request, outcome)

    @route("/package", name="case-package")
    async def package(self, request: Request) -> Response:
        """The archive package of a case that has ended, for those who may ask the API for it."""
        officer = officer_of(request)
        if not _may_take(officer):
            raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
        case_id = request.path_params["case_id"]
        if not _NAMES_A_CASE.fullmatch(case_id):
            raise not_found()
        return await package(runtime_of(request), officer, case_id)

    async def _read(self, request: Request) -> Case:
        officer, case_id = officer_of(request), request.path_params["case_id"]
        return await reading(request, lambda s, runtime: read_case(s, runtime, officer, case_id))

    async def show(self, request: Request, form: Form | None = None, status: int = 200, **chosen: str) -> Response:
        """The page; with `form` as one that was sent and is shown again."""
        officer, runtime = officer_of(request), runtime_of(request)
        asked = request.query_params
        turn = Turn(
            officer=officer,
            now=runtime.clock(),
            calendar=runtime.calendar,
            rules=runtime.rulebook,
            step=chosen.get("step") or asked.get("step", ""),
            subject=chosen.get("subject") or asked.get("subject", ""),
            come_from=FROM_WORKLIST if FROM_WORKLIST in (asked.get("from"), chosen.get("come_from")) else "",
            form=form,
        )
        case_id = request.path_params["case_id"]

        def shown(s: Session, runtime: Runtime) -> Any:
            return sheet(read_case(s, runtime, officer, case_id, asked.get("sent", "")), turn)

        made = await reading(request, shown)
        context = {
            "title": f"{made.docket.case_no} {made.docket.title}",
            "sheet": made,
            "veiled": veiled,
            "step_named": orders.step_named,
            "subject_named": orders.subject_named,
            "package": made.docket.state.final and _may_take(officer),
        }
        template = "console/case_parts.html" if asked.get("part") else "console/case.html"
        return self.render(request, template, context, status=status)

    async def _after(self, request: Request, outcome: deciding.Outcome) -> Response:
        """A form with faults again; else the receipt as a message, and the case or the next one that waits."""
        if outcome.warning:
            flash(request, outcome.warning, "error")
        if outcome.form is not None or outcome.warning:
            return await self.show(
                request,
                outcome.form,
                outcome.status,
                step=outcome.step,
                subject=outcome.subject,
                come_from=outcome.come_from,
            )
        case_id = request.path_params["case_id"]
        target, query = case_id, {"from": FROM_WORKLIST} if outcome.come_from == FROM_WORKLIST else {}
        if query and outcome.accepted:
            officer = officer_of(request)
            target = await reading(request, lambda s, runtime: _following(s, runtime, officer, case_id)) or ""
        if outcome.answered is not None and outcome.answered.receipt is not None:
            flash(request, told(outcome.what, outcome.answered.receipt), _LEVEL[outcome.answered.receipt.status])
        elif outcome.answered is not None and target == case_id:
            query["sent"] = outcome.answered.decision_id  # the case's own page says that it waits, and what it came to
        elif outcome.answered is not None:
            flash(request, _("%(what)s：已登记，系统正在处理，结果会显示在本页") % {"what": outcome.what}, "warning")
        if not target:
            return RedirectResponse(request.url_for("console:worklist"), 303)
        url = request.url_for("console:case", case_id=target).include_query_params(**query)
        return RedirectResponse(url, 303)


def _may_take(officer: Officer) -> bool:
    """Whether the officer may take the archive package of a case away."""
    return passes(RULES["read_case_package"], officer)


def _following(s: Session, runtime: Runtime, officer: Officer, case_id: str) -> str | None:
    """The case itself while something in it still waits for the officer, else the next on the list."""
    if allowed(read_case(s, runtime, officer, case_id).docket):
        return case_id
    following = desks.next_waiting(s, officer, runtime.clock(), case_id)
    return following if following != case_id else None
