"""核验: the chain of a unit's holder, recomputed row by row while the reader waits, and compared with what is kept
beside it. The page says what was compared, and nothing more."""

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
from models.enums import Resource
from models.ledger import ChainCheck, Fault

from ...door import Page, officer_of, reading
from ...words import label

MOST_FAULTS = 50


@dataclass(frozen=True)
class Found:
    unit: str
    name: str
    check: ChainCheck
    faults: list[tuple[int, str]]
    """(row, what is wrong) in order of row."""
    unequal: list[tuple[str, int]]
    """(resource in words, by how much)."""


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
            check = verify.verify_chain(s, holder)
            faults = sorted(map(_at_row, [*check.faults, *check.unlike_log]))[:MOST_FAULTS]
            unequal = [(_resource(name), off) for name, off in check.unequal.items()]
            return Found(unit, unit_page.name_of(s, unit), check, faults, unequal)

        found = await reading(request, read)
        return self.render(request, "console/register_chain.html", {"found": found, "at": runtime_of(request).clock()})


def _at_row(fault: Fault) -> tuple[int, str]:
    return int(fault.where.rpartition("#")[2]), fault.what


def _resource(name: str) -> str:
    """An account that is none of the holder's has no resource in words."""
    return label(Resource(name)) if name in {each.value for each in Resource} else name
