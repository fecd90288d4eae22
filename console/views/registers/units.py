"""机构 and 内设机构."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.permissions import may_see_unit, reads_all_units
from docket import registers, unit_page
from docket.registers import Condition, Shown
from models.enums import Level, UnitKind
from models.register import InternalBody, Unit, table_of

from ...door import Page, may_open, officer_of, reading
from ...words import _
from .base import (
    Asking,
    Register,
    choice,
    closed,
    day_column,
    detail_href,
    flag,
    later,
    list_href,
    number_column,
    text_column,
    to_unit,
    typed,
    unit_named,
)

_unit = table_of(Unit)
_body = table_of(InternalBody)
OUTSIDE = "outside"


def _to_parent(request: Request, row: Shown) -> str | None:
    if not row.parent or not may_see_unit(officer_of(request), row.parent):
        return None
    return detail_href(request, "units", row.parent)


class Units(Register):
    key = "units"
    menu_label = "机构名录"
    listing = registers.UNITS
    search_hint = later("机构名称")
    has_as_of = True
    detail_template = "console/unit.html"
    fields = [
        text_column("name", "名称"),
        text_column("kind", "机构类型", show=closed(UnitKind)),
        text_column("level", "层级", show=closed(Level)),
        text_column("rank", "规格"),
        text_column("parent_name", "主管（上级）机构", link=_to_parent),
        text_column("certificate_no", "机构编制管理证号", whole=True),
        day_column("abolished_on", "撤销日期"),
        text_column("data_fault", "数据问题"),
        text_column("code", "统一社会信用代码", whole=True),
    ]
    filters = (
        choice("kind", "机构类型", _unit.c.kind, UnitKind),
        choice("level", "层级", _unit.c.level, Level),
        typed("rank", "规格", lambda asking, text: _unit.c.rank.contains(text, autoescape=True)),
        unit_named(_unit.c.parent, "主管（上级）机构名称", name="parent"),
        flag("gone", "只看已撤销的", lambda asking: _unit.c.abolished_on.is_not(None)),
        flag("fault", "只看数据有问题的", lambda asking: _unit.c.data_fault.is_not(None)),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _unit.c.code)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _unit.c.name.contains(text, autoescape=True) | (_unit.c.certificate_no == text)

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        row = await super().find_by_pk(request, pk)

        def read(s: Any, runtime: Any) -> unit_page.UnitPage:
            asking = self.asking(request, s, runtime)
            return unit_page.of(s, row.code, asking.officer, asking.now, asking.as_of, runtime.calendar)

        row.page = await reading(request, read)
        row.links = {
            key: list_href(request, key, f_unit=row.name, **more)
            for key, more in {
                "roster": {"as_of": request.query_params["as_of"]} if request.query_params.get("as_of") else {},
                "journal": {}, "slips": {}, "problems": {}, "records": {}, "quotas": {},
            }.items()
        }  # fmt: skip
        row.may_open_tree = reads_all_units(officer_of(request))
        return row


class UnitTree(Page):
    """The tree of subordination, a level at a time; `part=1` answers with the level alone, for the page's script."""

    name = "units"
    path = "/units/tree"
    menu_label = "隶属关系"
    add_to_menu = False

    @route("", name="unit-tree")
    async def index(self, request: Request) -> Response:
        officer = officer_of(request)
        parent = request.query_params.get("parent") or None

        def read(s: Any, runtime: Any) -> tuple[str, list[unit_page.Branch]]:
            if parent is not None and not may_see_unit(officer, parent):
                return "", []
            own = None if reads_all_units(officer) else (officer.unit or "")
            return unit_page.name_of(s, parent), unit_page.branches(s, parent, own)

        name, branches = await reading(request, read)
        shown = {"branches": branches, "parent": parent, "parent_name": name, "most": unit_page.MOST_BRANCHES}
        part = request.query_params.get("part") == "1"
        return self.render(request, "console/unit_branches.html" if part else "console/unit_tree.html", shown)

    def is_accessible(self, request: Request) -> bool:
        return may_open(request, "units")


class Bodies(Register):
    key = "bodies"
    menu_label = "内设机构"
    listing = registers.BODIES
    search_hint = later("内设机构名称")
    fields = [
        text_column("name", "内设机构"),
        text_column("unit_name", "所属机构", link=to_unit),
        text_column("other_name", "加挂牌子"),
        text_column("rank", "规格"),
        number_column("chief_posts", "正职职数"),
        number_column("deputy_posts", "副职职数"),
        text_column("status", "是否计入限额", show=lambda value: _("不计入") if value == OUTSIDE else _("计入")),
    ]
    filters = (
        unit_named(_body.c.unit, "所属机构名称"),
        typed("rank", "规格", lambda asking, text: _body.c.rank.contains(text, autoescape=True)),
        flag("outside", "只看不计入限额的", lambda asking: _body.c.status == OUTSIDE),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _body.c.unit)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _body.c.name.contains(text, autoescape=True)
