"""核验: the chain of a unit's holder, recomputed row by row while the reader waits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.permissions import may_see_unit
from api.problems import not_found
from docket import unit_page
from ledger import verify
from models.ledger import Fault

from ...door import Page, officer_of, reading

MOST_FAULTS = 50


@dataclass(frozen=True)
class Found:
    unit: str
    name: str
    rows: int
    faults: list[tuple[int, str]]
    """(row, what is wrong) in order of row."""


class ChainPage(Page):
    name = "journal"
    path = "/journal/chain/{unit}"
    menu_label = "台账核验"
    add_to_menu = False

    @route("", name="chain")
    async def index(self, request: Request) -> Response:
        officer, unit = officer_of(request), str(request.path_params["unit"])

        def read(s: Session, runtime: Runtime) -> Found:
            holder = unit_page.holder_of(s, unit) if may_see_unit(officer, unit) else None
            if holder is None:
                raise not_found("没有这个单位，或您无权查看 · no such unit, or not yours to see")
            runtime.limits.audits.take(officer.id)
            rows, faults = verify.verify_chain(s, holder)
            return Found(unit, unit_page.name_of(s, unit), rows, sorted(map(_at_row, faults))[:MOST_FAULTS])

        found = await reading(request, read)
        return self.render(request, "console/register_chain.html", {"found": found, "at": runtime_of(request).clock()})


def _at_row(fault: Fault) -> tuple[int, str]:
    return int(fault.where.rpartition("#")[2]), fault.what
