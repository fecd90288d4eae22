"""查看完整证件号码: a recorded act. The row is committed before the number is opened, and it is shown once."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.permissions import may_see_unit
from api.problems import ProblemError, not_found
from docket import disclosures, registers
from docket.registers import Shown
from models.decisions import Officer
from models.sealing import Unsealable
from models.shape import UNSAFE_TEXT

from ...door import Page, officer_of
from ...words import _
from .base import detail_href
from .books import may_reveal

SHORTEST, LONGEST = 4, 200
"""Characters of a reason: “工作” alone says nothing."""


class IdentityPage(Page):
    name = "roster"
    path = "/roster/{seat:int}/identity"
    menu_label = "查看完整证件号码"
    add_to_menu = False

    @route("", methods=["GET", "POST"], name="identity")
    async def index(self, request: Request) -> Response:
        """GET leads back to the person's page, where the form stands: a number is never at an address."""
        seat = int(request.path_params["seat"])
        if request.method != "POST":
            return RedirectResponse(detail_href(request, "roster", str(seat)) or "list", 303)
        officer, runtime = officer_of(request), runtime_of(request)
        if not may_reveal(officer):
            raise ProblemError("forbidden", "您的部门不能查看完整证件号码 · not for your department")
        row = await run_in_threadpool(_seat, runtime, officer, seat)
        form = await request.form()
        reason = str(form.get("reason") or "").strip()
        fault = _fault(reason)
        if fault:
            shown = {"row": row, "seat": seat, "reason": reason, "fault": fault}
            return self._said(request, "console/register_identity.html", shown, 422)
        runtime.limits.disclosures.take(officer.id)
        await run_in_threadpool(_written, runtime, officer, seat, reason)
        number = await run_in_threadpool(_opened, runtime, seat)
        shown = {"row": row, "seat": seat, "number": number, "reason": reason, "unsealable": number is None}
        return self._said(request, "console/register_identity.html", shown, 200 if number else 409)

    def _said(self, request: Request, template: str, shown: dict[str, Any], status: int) -> Response:
        answer = self.render(request, template, shown, status=status)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _fault(reason: str) -> str | None:
    if not reason:
        return _("请填写查看事由")
    if len(reason) < SHORTEST:
        return _("请把事由写清楚，至少%(n)d个字") % {"n": SHORTEST}
    if len(reason) > LONGEST:
        return _("事由不超过%(n)d个字") % {"n": LONGEST}
    if UNSAFE_TEXT.search(reason) or "\n" in reason:
        return _("事由含有不允许的字符")
    return None


def _seat(runtime: Runtime, officer: Officer, seat: int) -> Shown:
    """The row if the officer may see it; missing and foreign look alike."""
    with runtime.database.read() as s:
        row = registers.one(s, registers.ROSTER, [], str(seat))
    if row is None or not may_see_unit(officer, row.unit):
        raise not_found("没有这个人，或您无权查看 · no such person, or not yours to see")
    return row


def _written(runtime: Runtime, officer: Officer, seat: int, reason: str) -> None:
    with runtime.database.write() as s:
        disclosures.record(s, seat, officer, reason, runtime.clock())


def _opened(runtime: Runtime, seat: int) -> str | None:
    """None of a number that was altered in the register; that somebody asked for it stays written down."""
    with runtime.database.read() as s:
        try:
            return disclosures.number_of(s, seat)
        except Unsealable:
            return None
