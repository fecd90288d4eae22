"""档案处置: what is due, what is held, and disposals with their steps. Every step is the API's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import KEY_PATTERN, Runtime, runtime_of
from api.permissions import RULES
from api.problems import ProblemError, field_errors
from api.routes import retention as routes
from models.decisions import Officer
from models.disposals import (
    DisposalDecision,
    DisposalView,
    LiftHold,
    NewDisposal,
    NewHold,
    Strike,
)
from models.enums import DisposalState, DocumentKind, Retention, RetentionBar
from models.refusals import Refusal
from records import disposal_view, holds, retention
from rules import disposals
from rules.deadlines import local_day
from rules.disposals import Act

from ..door import Page, officer_of, passes, reading
from ..words import _, label, said
from .registers.base import parsed_day

T = TypeVar("T")
TABS = ("due", "holds", "acts")
SHOWN = 50
BAR_TONES = {RetentionBar.HELD: "yellow", RetentionBar.LISTED: "blue"}
STATE_TONES = {
    DisposalState.PROPOSED: "yellow",
    DisposalState.APPROVED: "blue",
    DisposalState.EXECUTING: "blue",
    DisposalState.DESTROYED: "green",
    DisposalState.REFUSED: "red",
    DisposalState.DROPPED: "secondary",
}
_CURSOR = re.compile(r"[A-Za-z0-9_=.:~+ -]{1,300}")


class Disposals(Page):
    name = "disposals"
    path = "/disposals"
    menu_label = "档案处置"
    icon = "fa fa-box-archive"

    @route("", name="disposals")
    async def index(self, request: Request) -> Response:
        tab = request.query_params.get("tab", "due")
        shown = {"due": self._due, "holds": self._holds, "acts": self._acts}.get(tab, self._due)
        values = {"tab": tab if tab in TABS else "due", "may": _allowed(request), "key": uuid.uuid4().hex}
        return self.render(request, "console/disposals.html", values | await shown(request))

    async def _due(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        today = local_day(runtime_of(request).clock())
        day = parsed_day(asked["due_before"]) if asked.get("due_before") else today
        kind = asked.get("kind") or ""
        if kind and kind not in list(DocumentKind):
            raise ProblemError("invalid", "没有这个选项 · no such choice")
        everything, cursor = bool(asked.get("everything")), _cursor(request)
        wanted = DocumentKind(kind) if kind else None
        page = await reading(
            request,
            lambda s, _runtime: _read(
                lambda: retention.page(s, day, kind=wanted, everything=everything, cursor=cursor, limit=SHOWN)
            ),
        )
        free = await reading(request, lambda s, _runtime: retention.count_free(s, min(day, today), wanted))
        return {
            "page": page,
            "day": day,
            "today": today,
            "kind": kind,
            "everything": everything,
            "free": free,
            "kinds": [(each.value, label(each)) for each in DocumentKind],
            "bar_tones": BAR_TONES,
            "permanent": Retention.PERMANENT,
        }

    async def _holds(self, request: Request) -> dict[str, Any]:
        standing = None if request.query_params.get("all") else True
        cursor = _cursor(request)
        page = await reading(
            request, lambda s, _runtime: _read(lambda: holds.page(s, standing=standing, cursor=cursor, limit=SHOWN))
        )
        return {"page": page, "all": standing is None, "me": officer_of(request).id}

    async def _acts(self, request: Request) -> dict[str, Any]:
        wanted = request.query_params.get("state") or ""
        state = DisposalState(wanted) if wanted in list(DisposalState) else None
        cursor = _cursor(request)
        page = await reading(
            request,
            lambda s, _runtime: _read(lambda: disposal_view.page(s, state=state, cursor=cursor, limit=SHOWN)),
        )
        states = [(each.value, label(each)) for each in DisposalState]
        return {"page": page, "state": state, "states": states, "state_tones": STATE_TONES}

    # --- holds ----------------------------------------------------------------------------------------------------

    @route("/holds/{record_id:uuid}", methods=["POST"], name="hold-place")
    async def place(self, request: Request) -> Response:
        form, record_id = await request.form(), request.path_params["record_id"].hex
        back = request.url_for("console:record", record_id=record_id)

        def act(runtime: Runtime, officer: Officer) -> None:
            wanted = NewHold.model_validate(_asked(form, "scope", "reason", "basis"))
            routes.hold(runtime, officer, _key(form), record_id, wanted)

        await _flashed(request, "place_hold", act, _("已停止销毁"))
        return RedirectResponse(back, 303)

    @route("/holds/{hold_id:uuid}/lifting", methods=["POST"], name="hold-lift")
    async def lift(self, request: Request) -> Response:
        form, hold_id = await request.form(), request.path_params["hold_id"].hex

        def act(runtime: Runtime, officer: Officer) -> None:
            routes.lift(runtime, officer, hold_id, LiftHold.model_validate(_asked(form, "reason")))

        await _flashed(request, "lift_hold", act, _("停止销毁已解除"))
        record_id = str(form.get("record_id") or "")
        if re.fullmatch(r"[0-9a-f]{32}", record_id):
            return RedirectResponse(request.url_for("console:record", record_id=record_id), 303)
        return RedirectResponse(request.url_for("console:disposals").include_query_params(tab="holds"), 303)

    # --- a disposal -----------------------------------------------------------------------------------------------

    @route("/propose", methods=["POST"], name="disposal-propose")
    async def propose(self, request: Request) -> Response:
        form = await request.form()

        def act(runtime: Runtime, officer: Officer) -> DisposalView:
            wanted = NewDisposal.model_validate(_asked(form, "due_before", "reason", "kind"))
            return routes.propose(runtime, officer, _key(form), wanted)

        made = await _flashed(request, "propose_disposal", act)
        if made is None:
            asked = {name: str(form.get(name) or "")[:20] for name in ("due_before", "kind")}
            return RedirectResponse(request.url_for("console:disposals").include_query_params(**asked), 303)
        words = _("%(no)s已提出，列入%(n)d件") % {"no": made.no, "n": made.listed}
        if made.remaining:
            words += _("；另有%(n)d件待下一次提出") % {"n": made.remaining}
        flash(request, words, "success")
        return _to(request, made.id)

    @route("/{disposal_id:uuid}", name="disposal")
    async def disposal(self, request: Request) -> Response:
        view = await self._view(request)
        officer = officer_of(request)
        striking = request.query_params.get("strike")
        return self.render(
            request,
            "console/disposal.html",
            {
                "title": view.no,
                "view": view,
                "steps": _steps(view),
                "state_tones": STATE_TONES,
                "may": {name: _open_to(name, officer, view) for name in _NEXT},
                "waits": _waits(view),
                "striking": next((item for item in view.items if item.record_id == striking), None),
                "finishing": view.state is DisposalState.DESTROYED and (view.waiting > 0 or not view.list_filed),
                "may_finish": passes(RULES["witness_disposal"], officer),
            },
        )

    @route("/{disposal_id:uuid}/strike", methods=["POST"], name="disposal-strike")
    async def strike(self, request: Request) -> Response:
        form, identity = await request.form(), request.path_params["disposal_id"].hex

        def act(runtime: Runtime, officer: Officer) -> None:
            routes.strike(runtime, officer, identity, Strike.model_validate(_asked(form, "record_id", "reason")))

        await _flashed(request, "strike_disposal", act, _("已从清册剔除"))
        return _to(request, identity)

    @route("/{disposal_id:uuid}/decision", methods=["POST"], name="disposal-decide")
    async def decide(self, request: Request) -> Response:
        form, identity = await request.form(), request.path_params["disposal_id"].hex

        def act(runtime: Runtime, officer: Officer) -> None:
            said = DisposalDecision.model_validate(_asked(form, "verdict", "opinion", "reference_no"))
            routes.decide(runtime, officer, identity, said)

        await _flashed(request, "decide_disposal", act, _("审批意见已登记"))
        return _to(request, identity)

    @route("/{disposal_id:uuid}/execution", methods=["POST"], name="disposal-execute")
    async def execute(self, request: Request) -> Response:
        identity = request.path_params["disposal_id"].hex
        words = _("已登记为执行人，请监销人到场确认；确认前不销毁任何文件")
        await _flashed(
            request, "execute_disposal", lambda runtime, officer: routes.execute(runtime, officer, identity), words
        )
        return _to(request, identity)

    @route("/{disposal_id:uuid}/witness", methods=["GET", "POST"], name="disposal-witness")
    async def witness(self, request: Request) -> Response:
        """What will be destroyed, to be looked at once more; then the word that cannot be taken back."""
        identity = request.path_params["disposal_id"].hex
        if request.method == "GET":
            view = await self._view(request)
            if not _open_to("witness", officer_of(request), view):
                return _to(request, identity)
            going = [item for item in view.items if item.struck_reason is None]
            return self.render(
                request, "console/disposal_witness.html", {"title": view.no, "view": view, "going": going}
            )
        form = await request.form()
        if not form.get("again") and form.get("seen") != "yes":
            flash(request, _("请勾选已在场核对"), "error")
            return RedirectResponse(request.url_for("console:disposal-witness", disposal_id=identity), 303)
        done = await _flashed(
            request, "witness_disposal", lambda runtime, officer: routes.witness(runtime, officer, identity)
        )
        if done is not None:
            flash(request, *_outcome(done))
        return _to(request, identity)

    async def _view(self, request: Request) -> DisposalView:
        identity = request.path_params["disposal_id"].hex
        return await run_in_threadpool(routes.disposal_of, runtime_of(request), identity)


# --- what is open to whom ------------------------------------------------------------------------------------------

_NEXT: dict[str, tuple[str, Callable[[Officer, Act], Refusal | None]]] = {
    "strike": ("strike_disposal", disposals.may_strike),
    "decide": ("decide_disposal", disposals.may_decide),
    "execute": ("execute_disposal", disposals.may_execute),
    "witness": ("witness_disposal", disposals.may_witness),
}


def _open_to(name: str, officer: Officer, view: DisposalView) -> bool:
    operation, rule = _NEXT[name]
    act = Act(view.state, view.proposed_by, view.decided_by, view.executed_by)
    return passes(RULES[operation], officer) and rule(officer, act) is None


def _allowed(request: Request) -> dict[str, bool]:
    officer = officer_of(request)
    return {name: passes(RULES[name], officer) for name in ("propose_disposal", "lift_hold")}


async def _flashed(request: Request, operation: str, act: Callable[[Runtime, Officer], T], words: str = "") -> T | None:
    """Take a step and say so, or say why it was not taken; None then. Raises ProblemError when it is not this
    officer's at all."""
    officer, runtime = officer_of(request), runtime_of(request)
    if not passes(RULES[operation], officer):
        if officer.acting_for is not None:
            raise ProblemError("no-substitution", "此项须本人办理，请先恢复本人身份 · to be done in person")
        raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
    try:
        runtime.limits.applications.take(officer.id)
        done = await run_in_threadpool(act, runtime, officer)
    except ValidationError as error:
        reasons = "；".join(said(fault.reason) for fault in field_errors(error.errors()))
        flash(request, _("没有登记：%(why)s") % {"why": reasons}, "error")
        return None
    except ProblemError as error:
        flash(request, said(error.problem.detail or error.problem.title), "error")
        return None
    if words:
        flash(request, words, "success")
    return done


def _outcome(view: DisposalView) -> tuple[str, str]:
    """What came of the witness's word, in words and as a kind of message."""
    if view.state is DisposalState.DROPPED:
        return _("清册各件均已剔除，没有销毁任何文件，原因见下"), "warning"
    if not view.list_filed:
        return _("已登记销毁，但《文件销毁清册》尚未生成，文件仍在存储中；请管理员处理后接着办"), "warning"
    if view.waiting:
        return _("还有%(n)d件文件未能移出存储，请稍后接着办") % {"n": view.waiting}, "warning"
    words = _("已销毁%(n)d件，《文件销毁清册》%(number)s已归档") % {"n": view.listed, "number": view.list_number or ""}
    return words, "success"


def _steps(view: DisposalView) -> list[dict[str, Any]]:
    """The four hands, in order: what it is, who and when, or nobody yet."""
    refused = view.state is DisposalState.REFUSED
    return [
        {"name": _("提出"), "who": view.proposed_by_name, "at": view.proposed_at},
        {"name": _("不批准") if refused else _("批准"), "who": view.decided_by_name, "at": view.decided_at},
        {"name": _("执行"), "who": view.executed_by_name, "at": view.executed_at},
        {"name": _("监销"), "who": view.witnessed_by_name, "at": view.witnessed_at},
    ]


def _waits(view: DisposalView) -> str:
    match view.state:
        case DisposalState.PROPOSED:
            return _("待编办主任审批；提出人不得审批。")
        case DisposalState.APPROVED:
            return _("待执行人登记；批准人不得执行。")
        case DisposalState.EXECUTING:
            return _("待监销人在场确认；提出人、批准人、执行人不得监销。")
    return ""


# --- forms and addresses -------------------------------------------------------------------------------------------


def _asked(form: FormData, *names: str) -> dict[str, str]:
    """The form as the API would be asked: what was left empty is not there."""
    return {name: str(form.get(name)) for name in names if str(form.get(name) or "").strip()}


def _key(form: FormData) -> str:
    key = str(form.get("key") or "")
    return key if re.fullmatch(KEY_PATTERN, key) else uuid.uuid4().hex


def _cursor(request: Request) -> str | None:
    text = request.query_params.get("cursor") or None
    if text is not None and not _CURSOR.fullmatch(text):
        raise _no_page()
    return text


def _read(read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError:
        raise _no_page() from None


def _no_page() -> ProblemError:
    return ProblemError("invalid", "没有这一页 · no such page")


def _to(request: Request, identity: str) -> RedirectResponse:
    return RedirectResponse(request.url_for("console:disposal", disposal_id=identity), 303)
