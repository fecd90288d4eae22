"""申请: a form for every procedure, its check by the gate's own code, drafts, confirmation, receipt, correction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.entering import admit
from api.permissions import RULES
from api.problems import ProblemError, not_found
from docket import drafts, view
from docket.worklist import worklist
from models.applications import AnyApplication
from models.decisions import Officer, Resubmission
from models.docket import CaseRow, Docket, StepView
from models.enums import CommandKind, Procedure, State, Step
from models.rehearsal import Rehearsal
from models.visits import DraftView
from rules.deadlines import local_day

from ..commands import apply, command, may_apply
from ..door import Page, officer_of, reading
from ..forms import FORMS, lists
from ..forms.filling import ID, Filling, may_correct, sent
from ..forms.sheet import Looked, lay, own_unit
from ..forms.wording import said_of
from ..subjects import named as subject_named
from ..words import _, label, said

UNFINISHED = frozenset({"add", "drop", "person", "unit", "search", "refresh", "edit", "save"})
"""Buttons that leave the form open and judge nothing."""

TIME = {
    Procedure.STAFFING_UP: (Step.EXAMINE, Step.ISSUE, Step.APPROVE_PERSONS, Step.ENTER),
    Procedure.REMOVING_STAFF: (Step.APPROVE_EXIT, Step.EXIT),
    Procedure.ESTABLISHMENT_CHANGE: (Step.EXAMINE, Step.CONSULT_FINANCE, Step.DECIDE, Step.SIGN),
}
"""Steps one after the other whose days add up to how long an application takes at most."""


OFFERED = 3
"""Drafts beside an empty form; all of them are on the page of applications."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A procedure that is open to the officer, and the working days that its steps have together."""

    procedure: Procedure
    days: int | None


class Apply(Page):
    name = "apply"
    path = "/apply"
    menu_label = "申请"
    icon = "fa-solid fa-file-pen"
    add_to_menu = True

    @route("", name="apply")
    async def index(self, request: Request) -> Response:
        officer, runtime = officer_of(request), runtime_of(request)
        kept, returned = await reading(request, lambda s, runtime: _mine(s, runtime, officer))
        deadlines = runtime.rulebook.deadlines
        choices = [
            Choice(each, sum(deadlines.days_for(step.value) for step in TIME[each]) if each in TIME else None)
            for each in FORMS
            if may_apply(officer, each)
        ]
        report_days = runtime.rulebook.removal.report_days
        context = {"choices": choices, "drafts": kept, "returned": returned, "report_days": report_days}
        context["by_office"] = bool(choices) and all(FORMS[each.procedure].by_office for each in choices)
        return self.render(request, "console/apply.html", context)

    @route("/{procedure}", name="apply-form")
    async def form(self, request: Request) -> Response:
        """An empty form, a draft (`?draft=`) or the correction of a case (`?case=`)."""
        filling = await _begun(request)
        if filling.saved_at is None and filling.case is None:
            filling.begun = await _offered(request, filling.form.procedure)
        return await self._form(request, filling)

    @route("/{procedure}", methods=["POST"], name="apply-act")
    async def act(self, request: Request) -> Response:
        """Whatever a button of the form asks for; `_do` says what."""
        data = await request.form()
        filling = sent(FORMS[_procedure(request)], data)
        case_id = str(data.get("_case", ""))
        before = await _sent_before(request, filling)
        # a correction that went out waits for none any more; of an application the door compares what it says
        if before is not None and (before == case_id or data.get("_do") == "save"):
            flash(request, _("这份申请已经提交，以下是回执。"), "info")
            return _to_receipt(request, before)
        await _bind(request, filling, case_id)
        verb, _colon, what = str(data.get("_do", "refresh")).partition(":")
        if verb in UNFINISHED:
            _change(filling, verb, what)
            return await (self._saved(request, filling) if verb == "save" else self._form(request, filling))
        await _lay(request, filling)
        if verb in ("check", "review"):
            filling.tidy()
            filling.complete()
        return await self._judged(request, filling, verb)

    @route("/{procedure}/draft", methods=["POST"], name="apply-draft")
    async def keep(self, request: Request) -> Response:
        """The draft as the page saves it by itself; answers in words."""
        data = await request.form()
        filling = sent(FORMS[_procedure(request)], data)
        try:
            if await _sent_before(request, filling) is None:
                await _bind(request, filling, str(data.get("_case", "")))
            await _save(request, filling)
        except ProblemError as error:
            return JSONResponse({"said": said(error.problem.detail)}, error.status_code)
        return JSONResponse({"said": filling.saved()})

    @route("/{procedure}/draft/{draft_id}/delete", methods=["POST"], name="apply-draft-delete")
    async def drop(self, request: Request) -> Response:
        if not await _dropped(request, _identity(request.path_params["draft_id"])):
            raise not_found("没有这份草稿 · no such draft")
        flash(request, _("草稿已删除"), "success")
        return RedirectResponse(request.url_for("console:apply"), 303)

    @route("/{procedure}/receipt/{case_id}", name="apply-receipt")
    async def receipt(self, request: Request) -> Response:
        """What became of the application: number, state, what comes next and until when."""
        officer, case_id = officer_of(request), _identity(request.path_params["case_id"])
        case = await reading(
            request, lambda s, runtime: view.docket(s, case_id, officer, runtime.clock(), runtime.calendar)
        )
        if case is None or case.procedure is not _named(request):
            raise not_found()
        context = {"case": case, "step_label": _step, "about": _about, "may_correct": may_correct(case)}
        context["by_office"] = FORMS[case.procedure].by_office
        return self.render(request, "console/apply_receipt.html", context)

    # --- pages ------------------------------------------------------------------------------------------------------

    async def _form(self, request: Request, filling: Filling, *, status: int = 200) -> Response:
        await _lay(request, filling)
        filling.complete()
        context = {"fill": filling, "own_unit": own_unit(officer_of(request)), "lists": lists}
        return self.render(request, "console/apply_form.html", context, status=status)

    async def _saved(self, request: Request, filling: Filling) -> Response:
        try:
            await _save(request, filling)
        except ProblemError as error:
            filling.problem = error.problem
            return await self._form(request, filling, status=error.status_code)
        flash(request, filling.saved(), "success")
        where = request.url_for("console:apply-form", procedure=filling.form.procedure.value)
        return RedirectResponse(where.include_query_params(draft=filling.draft), 303)

    async def _judged(self, request: Request, filling: Filling, verb: str) -> Response:
        """Check, confirm or submit: first the form's own faults, then those of the gate."""
        application = filling.form.application(filling.typed)
        missing = filling.form.missing(filling.typed) if verb != "submit" else {}
        if isinstance(application, dict):
            filling.faults = application | missing
            return await self._form(request, filling, status=422)
        try:
            if verb == "submit":
                return await self._submitted(request, filling, application)
            filling.rehearsal = await _rehearsed(request, filling, application)
        except ProblemError as error:
            _told(filling, error)
            filling.faults = missing | filling.faults
            return await self._form(request, filling, status=error.status_code)
        filling.checks = filling.rehearsal.checks if filling.rehearsal is not None else []
        filling.faults = missing | filling.form.faults_of(filling.checks, filling.typed)
        if verb == "check" or missing:
            filling.focus = "result"
            return await self._form(request, filling, status=422 if verb == "review" else 200)
        context = {"fill": filling, "said": said_of(application, filling.sheet, filling.form.labels)}
        return self.render(request, "console/apply_confirm.html", context)

    async def _submitted(self, request: Request, filling: Filling, application: AnyApplication) -> Response:
        case_id = await _committed(request, filling, application)
        await _dropped(request, filling.draft)
        return _to_receipt(request, case_id)


def _step(code: str) -> str:
    return label(Step(code))


def _about(case: Docket, step: StepView) -> str:
    """What a step is about, in words."""
    slots = case.slip.slots if case.slip is not None else []
    resource = next((slot.resource for slot in slots if slot.code == step.subject), None)
    return subject_named(case.procedure, step.step, step.subject, resource)


def _to_receipt(request: Request, case_id: str) -> Response:
    where = request.url_for("console:apply-receipt", procedure=request.path_params["procedure"], case_id=case_id)
    return RedirectResponse(where, 303)


# --- the officer's own -----------------------------------------------------------------------------------------------


def _mine(s: Session, runtime: Runtime, officer: Officer) -> tuple[list[DraftView], list[CaseRow]]:
    waiting = worklist(s, officer, runtime.clock(), runtime.calendar) if RULES["resubmit"].allows(officer) else []
    returned = [row for row in waiting if row.state is State.RETURNED and row.step is None]
    return drafts.listed(s, officer.id), returned


def _named(request: Request) -> Procedure:
    found = next((each for each in FORMS if each.value == request.path_params["procedure"]), None)
    if found is None:
        raise not_found("没有这种申请 · no such application")
    return found


def _procedure(request: Request) -> Procedure:
    """The procedure of the address, if it is open to the officer."""
    procedure = _named(request)
    if not may_apply(officer_of(request), procedure):
        raise ProblemError("forbidden", "您的部门或角色不能提出此项申请 · not for your department or role")
    return procedure


async def _begun(request: Request) -> Filling:
    """The filling that an address asks for."""
    form = FORMS[_procedure(request)]
    officer, draft_id = officer_of(request), _identity(request.query_params.get("draft", ""))
    filling = Filling(form, form.blank())
    case_id = _identity(request.query_params.get("case", ""))
    if case_id and not draft_id:
        draft_id = await reading(request, lambda s, _runtime: drafts.of_case(s, officer.id, case_id) or "")
    if draft_id:
        found = await reading(request, lambda s, _runtime: drafts.opened(s, draft_id, officer.id))
        if found is None or found[0].procedure is not form.procedure:
            raise not_found("没有这份草稿 · no such draft")
        kept, typed, key = found
        filling.typed = {name: value for name, value in typed.items() if form.known(name)}
        filling.key = key or filling.key
        filling.draft, filling.saved_at, case_id = kept.id, kept.updated_at, kept.case_id or ""
    elif request.query_params.get("unit"):
        filling.typed["unit"] = request.query_params["unit"][:18]
    await _bind(request, filling, case_id)
    if filling.case is not None:
        judged = form.filled(_last(filling)) if filling.case.rounds else form.blank()
        if not draft_id:
            filling.typed = judged
        filling.checks = [] if filling.returned_by is not None else filling.case.checks
        filling.faults = filling.beside_what_stands(form.faults_of(filling.checks, judged), judged)
    return filling


async def _offered(request: Request, procedure: Procedure) -> list[DraftView]:
    """Who left a form before it was sent and comes back to an empty one finds there what was kept of it."""
    officer = officer_of(request)
    kept = await reading(request, lambda s, _runtime: drafts.listed(s, officer.id))
    return [each for each in kept if each.procedure is procedure and each.case_id is None][:OFFERED]


def _last(filling: Filling) -> AnyApplication:
    if filling.case is None:
        raise LookupError("a correction without its case")
    rounds = filling.case.rounds
    return Resubmission.model_validate({"application": rounds[-1].application}).application


def _identity(sent: str) -> str:
    """The id of a draft or case that an address or a form names, or nothing; raises ProblemError for what is none."""
    if sent and not ID.fullmatch(sent):
        raise not_found()
    return sent


async def _sent_before(request: Request, filling: Filling) -> str | None:
    """The case that was opened or corrected under the form's key already."""
    officer = officer_of(request)
    return await reading(request, lambda s, _runtime: drafts.sent(s, officer.id, filling.key))


async def _bind(request: Request, filling: Filling, case_id: str) -> None:
    """The case that is corrected, if the officer may; and the officer's own unit, which is never chosen."""
    officer = officer_of(request)
    own = own_unit(officer)
    if own is not None:
        filling.typed["unit"] = own
    if not _identity(case_id):
        return
    case = await reading(
        request, lambda s, runtime: view.docket(s, case_id, officer, runtime.clock(), runtime.calendar)
    )
    if case is None or case.procedure is not filling.form.procedure:
        raise not_found()
    if not RULES["resubmit"].allows(officer) or not may_correct(case):
        raise ProblemError("forbidden", "该事项现在不需要您补正 · this case does not wait for your correction")
    filling.case = case
    filling.typed["unit"] = case.unit


def _change(filling: Filling, verb: str, what: str) -> None:
    """A row more or less, or something chosen from what was found."""
    match verb:
        case "add":
            filling.add(what)
        case "drop":
            group, _colon, number = what.partition(":")
            filling.remove(group, int(number) if number.isdecimal() and len(number) < 4 else -1)
        case "person":
            filling.choose_person(what[:100])
        case "unit":
            filling.typed["unit"] = what[:18]
            filling.looked, filling.focus = Looked(), "unit"
        case "search":
            looked = filling.looked
            filling.looked = Looked(looked.unit, looked.person or "") if what == "people" else looked
            filling.focus = "found"
        case _:
            filling.focus = what


async def _lay(request: Request, filling: Filling) -> None:
    officer = officer_of(request)

    def read(s: Session, runtime: Runtime) -> None:
        now = runtime.clock()
        form = filling.form.procedure
        filling.sheet = lay(s, form, officer, filling.typed, filling.looked, now, local_day(now))

    await reading(request, read)


# --- writing ---------------------------------------------------------------------------------------------------------


async def _writing(request: Request, write: Callable[[Session, Runtime], None]) -> None:
    runtime = runtime_of(request)

    def run() -> None:
        with runtime.database.write() as s:
            write(s, runtime)

    await run_in_threadpool(run)


FAULTS = {
    "too-many": "草稿已满50份，请先删除不用的 · 50 drafts are kept; delete some first",
    "too-large": "内容过大，不能存为草稿 · too large to be kept as a draft",
    "not-yours": "没有这份草稿 · no such draft",
    "sent": "这份申请已经提交，见回执，没有再存草稿 · already submitted, see its receipt; no draft was kept",
}


async def _save(request: Request, filling: Filling) -> None:
    officer = officer_of(request)
    await _lay(request, filling)

    def write(s: Session, runtime: Runtime) -> None:
        at, procedure = runtime.clock(), filling.form.procedure
        title, case_id = filling.title(), filling.case_id
        drafts.save(s, filling.draft, officer.id, procedure, case_id, title, filling.typed, filling.key, at)
        filling.saved_at = at

    runtime_of(request).limits.writes.take(f"{officer.id}|draft")
    try:
        await _writing(request, write)
    except drafts.DraftFault as fault:
        codes = {"too-large": "too-large", "not-yours": "not-found", "sent": "key-reused"}
        code = codes.get(fault.args[0], "invalid")
        raise ProblemError(code, FAULTS[fault.args[0]]) from None


async def _dropped(request: Request, draft_id: str) -> bool:
    officer, done = officer_of(request), False

    def write(s: Session, _runtime: Runtime) -> None:
        nonlocal done
        done = drafts.drop(s, draft_id, officer.id)

    await _writing(request, write)
    return done


async def _rehearsed(request: Request, filling: Filling, application: AnyApplication) -> Rehearsal | None:
    """What the gate would say; None when this process cannot say it. Raises ProblemError."""
    runtime, officer = runtime_of(request), officer_of(request)
    case_id, rehearse = filling.case_id, runtime.rehearse
    if case_id is None:
        await reading(request, lambda s, runtime: admit(s, officer, application, runtime.clock()))
    if rehearse is None:
        return None
    runtime.limits.rehearsals.take(officer.id)
    return await run_in_threadpool(lambda: rehearse(application, officer, case_id))


async def _committed(request: Request, filling: Filling, application: AnyApplication) -> str:
    """The id of the case; raises ProblemError, also when a correction was refused."""
    if filling.case is None:
        return (await apply(request, application, filling.key)).case_id
    case_id = filling.case.case_id
    answer = await command(request, case_id, CommandKind.RESUBMIT, Resubmission(application=application), filling.key)
    if answer.receipt is not None and answer.receipt.status == "refused":
        # what was refused is sent again as something new
        filling.key = uuid.uuid4().hex
        raise ProblemError("invalid", answer.receipt.message, clause=answer.receipt.clause)
    return case_id


def _told(filling: Filling, error: ProblemError) -> None:
    """A refusal at the door, on the form; a key that was used for something else is used no more."""
    filling.problem = error.problem
    for each in error.problem.errors or []:
        filling.faults.setdefault(each.field, []).append(said(each.reason))
    if error.problem.code == "key-reused":
        filling.key = uuid.uuid4().hex
