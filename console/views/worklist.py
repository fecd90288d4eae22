"""待办: what waits, what was started, done and copied; tabs, filters and pages stand in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.deps import Runtime
from api.problems import ProblemError
from docket import desks
from models.decisions import Officer
from models.desks import DeskFilters, DeskPage, DeskRow, Tab
from models.enums import Department, Procedure, State, Step
from models.shape import UNSAFE_TEXT
from rules.bulk import MOST, verdicts_together
from rules.steps import STEPS

from ..door import officer_of, reading
from ..subjects import subject_words
from ..words import _
from .bulk import BulkDecisions

OVERSEERS = (Department.SUPERVISION, Department.DISCIPLINE)
LONGEST = 80
"""Characters of a search: more is no name or number."""


class Worklist(BulkDecisions):
    name = "worklist"
    path = "/worklist"
    menu_label = "待办"
    icon = "fa-solid fa-list-check"
    add_to_menu = True

    @route("", name="worklist")
    async def index(self, request: Request) -> Response:
        officer = officer_of(request)
        tabs = desks.tabs_of(officer)
        if not tabs:
            raise ProblemError("forbidden", "系统管理人员不办理事项 · administrators handle no cases")
        asked = request.query_params
        tab = _tab(asked.get("tab"), officer, tabs)
        filters = _filters(asked)

        def read(s: Session, runtime: Runtime) -> dict[str, Any]:
            now = runtime.clock()
            return {
                "page": _page(s, officer, tab, filters, asked.get("after"), runtime),
                "counts": desks.counts(s, officer, now),
                "found": desks.count(s, officer, tab, filters, now) if filters.any else None,
            }

        values = await reading(request, read)
        values |= {"tabs": tabs, "tab": tab, "filters": filters, "officer": officer, "capped": desks.COUNTED}
        values |= {"steps": _steps(officer, tab), "states": _states(tab), "procedures": list(Procedure)}
        values |= {
            "subject": subject_words,
            "together": _together,
            "Step": Step,
            "most": MOST,
            "nothing": _nothing(tab, filters),
        }
        values["first_page"] = not asked.get("after")
        values["bulk"] = any(_together(row) for row in values["page"].items)
        return self.render(request, "console/worklist.html", values | {"query": _query(tab, filters)})


def _page(
    s: Session, officer: Officer, tab: Tab, filters: DeskFilters, cursor: str | None, runtime: Runtime
) -> DeskPage:
    try:
        now, calendar = runtime.clock(), runtime.calendar
        return desks.page(s, officer, tab, now, calendar, filters=filters, cursor=cursor, limit=desks.PAGE)
    except ValueError:
        raise ProblemError("bad-request", "分页位置无效，请回到第一页 · no such place in the list") from None


def _tab(asked: str | None, officer: Officer, tabs: list[Tab]) -> Tab:
    """The tab of the address; without one each begins where his or her work is."""
    if not asked:
        return Tab.ALL if officer.department in OVERSEERS else Tab.MINE
    if asked not in tabs:
        raise ProblemError("not-found", "没有这个列表 · no such list")
    return Tab(asked)


def _filters(asked: Mapping[str, str]) -> DeskFilters:
    try:
        return DeskFilters(
            procedure=Procedure(asked["procedure"]) if asked.get("procedure") else None,
            state=State(asked["state"]) if asked.get("state") else None,
            step=Step(asked["step"]) if asked.get("step") else None,
            unit=_searched(asked.get("unit", "")),
            q=_searched(asked.get("q", "")),
            overdue=asked.get("overdue") == "1",
            due_today=asked.get("due_today") == "1",
            open=asked.get("open") == "1",
        )
    except (ValueError, ValidationError):
        raise ProblemError("bad-request", "筛选条件无法识别 · filters not understood") from None


def _searched(typed: str) -> str:
    """What was pasted often brings marks along that nobody sees; no name or number has them."""
    return " ".join(UNSAFE_TEXT.sub("", typed).split())[:LONGEST]


def _query(tab: Tab, filters: DeskFilters) -> dict[str, str]:
    """The address of the list as it stands, without the place in it."""
    narrowed = filters.model_dump(mode="json", exclude_defaults=True)
    return {"tab": tab.value} | {name: "1" if value is True else str(value) for name, value in narrowed.items()}


def _steps(officer: Officer, tab: Tab) -> list[Step]:
    """Steps that can stand in the list, in the order of the procedures."""
    rules = [rule for table in STEPS.values() for rule in table.values()]
    if tab.waiting and officer.department not in OVERSEERS:
        rules = [rule for rule in rules if rule.department in (None, officer.department)]
    possible = {rule.step for rule in rules}
    return [step for step in Step if step in possible]


def _states(tab: Tab) -> list[State]:
    return [state for state in State if not (tab.waiting and (state.final or state is State.HELD))]


def _together(row: DeskRow) -> bool:
    """Whether the row can be part of a bulk decision."""
    return row.actionable and row.step is not None and bool(verdicts_together(row.procedure, row.step))


def _nothing(tab: Tab, filters: DeskFilters) -> tuple[str, str]:
    """What an empty list says, and what to do then."""
    if filters.any:
        return _("没有符合条件的事项"), _("可以放宽条件，或清除筛选后再看。")
    words = {
        Tab.MINE: (_("没有等待您办理的事项"), _("其他岗位的事项见下一个标签，办过的见“已办”。")),
        Tab.DEPARTMENT: (_("没有等待本部门的事项"), _("办理中的事项见“全部”。")),
        Tab.STARTED: (_("我方没有发起过事项"), _("可从左侧“申请”发起。")),
        Tab.DONE: (_("您还没有办理过事项"), _("作出决定后，事项会列在这里。")),
        Tab.COPIED: (_("没有抄送我方的事项"), _("其他部门抄送时会列在这里，无须办理。")),
        Tab.ALL: (_("还没有事项"), _("单位提出申请后会列在这里。")),
    }
    return words[tab]
