"""批量办理: one verdict and opinion for several cases at the same step; each is committed and judged by itself.

Three pages: choose the verdict, confirm, results. The idempotency key of each decision is made when the confirmation
is rendered, so that a double click, a reload or a second tab commits nothing twice and shows the same results.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.routing import route

from api.deps import KEY_PATTERN, Runtime
from api.problems import Problem, ProblemError
from docket import desks
from models.decisions import Decision, Receipt
from models.desks import CaseName, DeskRow, StepChoice
from models.enums import CommandKind, Procedure, Step, Verdict
from rules.bulk import MOST, verdicts_together
from rules.steps import OPINION_REQUIRED

from ..commands import command
from ..door import Page, officer_of, reading
from ..subjects import subject_words
from ..words import _, label

AT_ONCE = 6
"""Cases in hand at the same time; two decisions on one case go one after the other."""
_KEY = re.compile(KEY_PATTERN)


@dataclass(frozen=True, slots=True)
class Item:
    """One decision of a bulk: its key, made with the form, and its step."""

    key: str
    choice: StepChoice


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one: a receipt; none while it waits to be judged; or why it was not even committed."""

    choice: StepChoice
    case: CaseName | None
    receipt: Receipt | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The one verdict and opinion."""

    verdict: Verdict
    opinion: str


class BulkDecisions(Page):
    """The pages after the worklist; `Worklist` is what one comes from."""

    @route("/bulk", name="worklist-bulk", methods=["GET", "POST"])
    async def choose(self, request: Request) -> Response:
        """Which verdict, and what is said with it."""
        if request.method == "GET":
            return _back(request)
        form = await request.form()
        return await self._chosen(request, _choices(form), form=form)

    @route("/bulk/confirm", name="worklist-confirm", methods=["GET", "POST"])
    async def confirm(self, request: Request) -> Response:
        """Every case once more, and what the decision does."""
        if request.method == "GET":
            return _back(request)
        form = await request.form()
        choices, said = _choices(form), _said(form)
        rows = await _rows(request, choices)
        fault = _unfit(rows, choices) or _unsaid(rows, said)
        if fault:
            return await self._chosen(request, choices, fault, form=form)
        assert said is not None  # noqa: S101 - `_unsaid` has looked
        items = [(f"bulk-{uuid.uuid4().hex}", row) for row in rows]
        values = {"items": items, "said": said, "effects": _effects(rows[0], said.verdict, len(rows))}
        return self._show(request, "confirm", rows, values)

    @route("/bulk/decide", name="worklist-decide", methods=["GET", "POST"])
    async def decide(self, request: Request) -> Response:
        """Commit them one by one, never stopping at a refusal, and say what became of each."""
        if request.method == "GET":
            return _back(request)
        form = await request.form()
        items, said = _items(form), _said(form)
        together = 0 < len(items) <= MOST and _alike([item.choice for item in items])
        if said is None or _unfit_opinion(said) or not together:
            raise ProblemError("bad-request", "批量办理的内容不完整，请从待办重新选择 · begin again at the worklist")
        names = await _names(request, items)
        results = await _decided(request, items, said, names)
        counted = {
            "accepted": sum(r.receipt is not None and r.receipt.status == "accepted" for r in results),
            "pending": sum(r.receipt is None and r.problem is None for r in results),
        }
        counted["refused"] = len(results) - sum(counted.values())
        values = {"results": results, "counted": counted, "said": said, "step": items[0].choice.step}
        return self.render(request, "console/worklist_results.html", values | {"title": _("批量办理结果")})

    async def _chosen(
        self, request: Request, choices: list[StepChoice], fault: str = "", *, form: FormData
    ) -> Response:
        rows = await _rows(request, choices)
        stop = _unfit(rows, choices)
        gone = len(choices) - len(rows)
        values: dict[str, Any] = {"fault": "" if stop else fault, "stop": stop, "gone": gone}
        values |= {"opinion": str(form.get("opinion") or ""), "chosen": str(form.get("verdict") or "")}
        values["verdicts"] = [] if stop else verdicts_together(rows[0].procedure, rows[0].step or "")
        values["needs_opinion"] = OPINION_REQUIRED
        values["groups"] = sorted({(row.procedure, row.step) for row in rows if row.step})
        return self._show(request, "choose", rows, values, 422 if stop or fault else 200)

    def _show(
        self, request: Request, page: str, rows: list[DeskRow], values: dict[str, Any], status: int = 200
    ) -> Response:
        values |= {"rows": rows, "stage": page, "subject": subject_words, "title": _("批量办理"), "Step": Step}
        return self.render(request, f"console/worklist_{page}.html", values, status=status)


def _back(request: Request) -> Response:
    """Whoever reloads a page of a form without its form begins again."""
    return RedirectResponse(request.url_for("console:worklist"), 303)


# --- reading the forms ---------------------------------------------------------------------------------------------


def _choice(text: str) -> StepChoice:
    try:
        case_id, step, number, subject = text.split("|", 3)
        return StepChoice(case_id=case_id, step=Step(step), round=int(number), subject=subject)
    except (ValueError, ValidationError):
        raise ProblemError("bad-request", "选择的事项无法识别 · selection not understood") from None


def _choices(form: FormData) -> list[StepChoice]:
    return list(dict.fromkeys(_choice(str(text)) for text in form.getlist("pick")))


def _items(form: FormData) -> list[Item]:
    found = []
    for text in form.getlist("item"):
        key, _bar, rest = str(text).partition("|")
        if not _KEY.fullmatch(key):
            raise ProblemError("bad-request", "选择的事项无法识别 · selection not understood")
        found.append(Item(key, _choice(rest)))
    return found


def _said(form: FormData) -> Said | None:
    verdict = str(form.get("verdict") or "")
    if verdict not in list(Verdict):
        return None
    return Said(Verdict(verdict), str(form.get("opinion") or "").strip())


def _alike(choices: list[StepChoice]) -> bool:
    return len({choice.step for choice in choices}) == 1


def _unfit(rows: list[DeskRow], choices: list[StepChoice]) -> str:
    """Why these cannot be decided together; empty when they can."""
    if not choices:
        return _("没有选中事项。请在待办中勾选后再批量办理。")
    if len(choices) > MOST:
        return _("一次至多批量办理%(n)d件，请减少后再试。") % {"n": MOST}
    if not rows:
        return _("所选事项已不再等待您办理，可能已由同事办结。")
    if len({(row.procedure, row.step) for row in rows}) > 1:
        return _("所选事项不在同一环节，不能一并办理。请只选同一程序、同一环节的事项。")
    if not verdicts_together(rows[0].procedure, rows[0].step or ""):
        return _("这一环节须逐件填写内容，不能批量办理。请打开事项办理。")
    return ""


def _unsaid(rows: list[DeskRow], said: Said | None) -> str:
    """What is missing in the decision itself."""
    if said is None or said.verdict not in verdicts_together(rows[0].procedure, rows[0].step or ""):
        return _("请选择决定。")
    if said.verdict in OPINION_REQUIRED and not said.opinion:
        return _("“%(verdict)s”须写明理由，请填写意见。") % {"verdict": label(said.verdict)}
    return _unfit_opinion(said)


def _unfit_opinion(said: Said) -> str:
    try:
        _decision(StepChoice(case_id="any", step=Step.EXAMINE, round=1), said)
    except ValidationError:
        return _("意见过长或含有不允许的字符，请修改。")
    return ""


# --- deciding ------------------------------------------------------------------------------------------------------


async def _rows(request: Request, choices: list[StepChoice]) -> list[DeskRow]:
    """The chosen steps that wait for the officer now; too many are not even looked up."""
    officer = officer_of(request)

    def read(s: Session, runtime: Runtime) -> list[DeskRow]:
        return desks.chosen(s, officer, choices[:MOST], runtime.clock(), runtime.calendar)

    return await reading(request, read)


async def _names(request: Request, items: list[Item]) -> dict[str, CaseName]:
    officer = officer_of(request)
    wanted = {item.choice.case_id for item in items}
    return await reading(request, lambda s, _runtime: desks.named(s, officer, wanted))


def _decision(choice: StepChoice, said: Said) -> Decision:
    return Decision(
        step=choice.step.value,
        round=choice.round,
        subject=choice.subject,
        verdict=said.verdict,
        opinion=said.opinion or None,
    )


async def _decided(request: Request, items: list[Item], said: Said, names: dict[str, CaseName]) -> list[Result]:
    """In the order of the form. Those of one case go one after the other, cases beside each other."""
    of_case: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        of_case.setdefault(item.choice.case_id, []).append(place)
    gate = asyncio.Semaphore(AT_ONCE)
    results: dict[int, Result] = {}

    async def case(places: list[int]) -> None:
        async with gate:
            for place in places:
                results[place] = await _one(request, items[place], said, names)

    await asyncio.gather(*(case(places) for places in of_case.values()))
    return [results[place] for place in range(len(items))]


async def _one(request: Request, item: Item, said: Said, names: dict[str, CaseName]) -> Result:
    name = names.get(item.choice.case_id)
    try:
        body = _decision(item.choice, said)
        answered = await command(request, item.choice.case_id, CommandKind.DECIDE, body, item.key)
    except ProblemError as error:
        return Result(item.choice, name, problem=error.problem)
    return Result(item.choice, name, receipt=answered.receipt)


def _effects(row: DeskRow, verdict: Verdict, number: int) -> list[str]:
    """What the decision does, in words, before it is taken."""
    counted = {"n": number}
    step = row.step
    match verdict:
        case Verdict.ACKNOWLEDGE:
            words = _("%(n)d件记为本环节已办结；一件的回执收齐后即告办结。")
        case Verdict.APPROVE if step == Step.EXAMINE:
            words = _("%(n)d件均按申请数全额核定，转入签发核定单环节。要减少核定数的，请打开事项单独办理。")
        case Verdict.APPROVE if step == Step.ISSUE:
            words = _("%(n)d件各编号签发一份核定单，相应编制和职数记入在途，不再空余。")
        case Verdict.APPROVE:
            words = _("%(n)d件记入贵部门同意的会签意见；会签齐后送审议决定。")
        case Verdict.REJECT if row.procedure is Procedure.ESTABLISHMENT_CHANGE:
            words = _("%(n)d件记入贵部门不同意的会签意见，随件送审议决定。")
        case Verdict.REJECT:
            words = _("%(n)d件即告终结，并各出具一份不予批准告知书，写明所填理由。")
        case _:
            words = _("%(n)d件退回申请方补正，并各出具一份补正通知，写明所填理由。")
    return [
        words % counted,
        _("逐件登记、逐件判定：某一件不予采纳，不影响其他各件。"),
        _("决定登记后不能收回。"),
    ]
