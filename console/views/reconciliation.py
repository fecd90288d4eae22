"""核对: where register, ledger, records and Temporal did not say the same at the last look, and what to do about it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.permissions import READERS
from docket import reconciling
from models.reconciliation import ADVICE, Difference

from ..door import Page, officer_of, reading

RUNS_SHOWN = 24


class ReconciliationPage(Page):
    name = "reconciliation"
    path = "/reconciliation"
    menu_label = "核对"
    icon = "fa fa-scale-balanced"

    @route("", name="reconciliation")
    async def index(self, request: Request) -> Response:
        runs = await reading(request, lambda s, _runtime: reconciling.runs(s, RUNS_SHOWN))
        latest = runs[0] if runs else None
        reads_cases = officer_of(request).department in READERS
        context = {
            "runs": runs,
            "latest": latest,
            "shown": [_row(each, linked=reads_cases) for each in latest.differences] if latest else [],
        }
        return self.render(request, "console/reconciliation.html", context)


def _row(each: Difference, *, linked: bool) -> dict[str, object]:
    """A difference with its advice; a case is a link for those to whom cases are open."""
    return {"it": each, "advice": ADVICE[each.kind], "case_id": each.case_id if linked else None}
