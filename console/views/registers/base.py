"""The base of every register: a read-only list and detail page over a `docket.registers.Listing`.

The framework gives the pages, sorting, paging and the choice of columns; rows come from Core statements in one read
transaction, in a thread, and only those that the officer may see (`scope`): in lists, searches, details and exports.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlencode

from sqlalchemy import ColumnElement
from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette_admin.fields import BaseField
from starlette_admin.filters.base import FilterGroup, FilterRule
from starlette_admin.i18n import lazy_gettext
from starlette_admin.views import BaseModelView

from api.deps import Runtime, runtime_of
from api.problems import ProblemError, not_found
from docket import registers
from docket.registers import Condition, Listing, Shown
from models.decisions import Officer
from models.enums import Labelled
from models.shape import UNSAFE_TEXT
from rules.deadlines import end_of_day, local_day

from ...door import may_open, officer_of, reading
from ...permissions import PAGES
from ...words import _, day, english, label, moment

LONGEST = 100
"""Characters of a search or filter text."""
READ_ONLY = "登记簿只供查阅，变更须按程序办理 · registers are read only: changes go through a procedure"


def later(text: str) -> str:
    """The text in the reader's language when it is shown; for labels that are made at import."""
    return lazy_gettext(text)


def long_day(value: date) -> str:
    """2026年3月2日, as a document would have it; 2026-03-02 in English."""
    return value.isoformat() if english() else f"{value.year}年{value.month}月{value.day}日"


@dataclass
class Asking:
    """Who asks, when, for which day; what scopes, filters and cells are made from."""

    s: Session
    officer: Officer
    now: datetime
    runtime: Runtime
    as_of: date | None = None
    dated: bool = False
    """Whether a filter names its own days, so that the list is not held to those of today."""


LONG_TEXT = 20
"""Characters from which a cell asks for width: a title in a narrow column makes a row as high as the window."""


@dataclass
class Column(BaseField):
    """A column of a register. `show` makes words of the value; `link` leads to what the cell names."""

    show: Callable[[Any], str] = str
    link: Callable[[Request, Shown], str | None] | None = None
    numeric: bool = False
    whole: bool = False
    """Kept on one line: days, numbers of cases and documents."""
    tone: Callable[[Any], str | None] | None = None
    """A colour beside the words, never instead of them: red, yellow, green, blue, secondary."""
    list_template: str = "console/register_cell.html"
    detail_template: str = "console/register_cell.html"
    null_template: str = "console/register_nothing.html"

    def text(self, row: Shown) -> str:
        value = getattr(row, self.name, None)
        return "" if value is None else self.show(value)

    def cell(self, request: Request, row: Shown) -> dict[str, Any] | None:
        """What the templates show; None for nothing."""
        text = self.text(row)
        if not text:
            return None
        value = getattr(row, self.name)
        return {
            "text": text,
            "href": self.link(request, row) if self.link else None,
            "tone": self.tone(value) if self.tone else None,
            "numeric": self.numeric,
            "long": len(text) > LONG_TEXT,
        }


def closed(kind: type[Labelled]) -> Callable[[Any], str]:
    """Words for the codes of a closed vocabulary."""
    return lambda value: label(kind(value))


def yes_no(value: object) -> str:
    return _("是") if value else _("否")


def text_column(name: str, text: str, **more: Any) -> Column:
    return Column(name, later(text), **more)


def number_column(name: str, text: str, **more: Any) -> Column:
    return Column(name, later(text), numeric=True, **more)


def day_column(name: str, text: str, **more: Any) -> Column:
    return Column(name, later(text), show=day, whole=True, **more)


def moment_column(name: str, text: str, **more: Any) -> Column:
    return Column(name, later(text), show=moment, whole=True, **more)


def to_unit(request: Request, row: Shown) -> str | None:
    return detail_href(request, "units", row.unit) if row.unit else None


def to_case(request: Request, row: Shown) -> str | None:
    """The case, where it may be the officer's to see: a unit's officer sees no other unit's cases."""
    officer = officer_of(request)
    foreign = officer.unit is not None and row.unit != officer.unit
    return str(request.url_for("console:case", case_id=row.case_id)) if row.case_id and not foreign else None


def detail_href(request: Request, key: str, pk: str) -> str | None:
    if not may_open(request, key):
        return None
    return str(request.url_for("console:detail", key=key).include_query_params(pk=pk))


def list_href(request: Request, key: str, **params: object) -> str | None:
    if not may_open(request, key):
        return None
    return str(request.url_for("console:list", key=key).include_query_params(**params))


# --- filters -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """One control of the filter form. `kind`: choice | text | days | flag.

    `condition(asking, value)`; of `days` the value is (first, last), either may be None.
    """

    name: str
    label: str
    kind: str
    condition: Callable[[Asking, Any], Condition]
    members: Callable[[Asking], Sequence[tuple[str, str]]] | None = None
    options: type[Labelled] | None = None
    """The closed vocabulary of a choice: no other value passes."""

    def rule(self, params: QueryParams) -> FilterRule | None:
        """What the address asks of this filter. Raises ProblemError for a value that cannot be."""
        if self.kind == "days":
            first, last = (self._day(params.get(f"f_{self.name}_{end}")) for end in ("from", "to"))
            return FilterRule(self.name, self.kind, first, last) if first or last else None
        value = (params.get(f"f_{self.name}") or "").strip()
        if not value:
            return None
        if len(value) > LONGEST or UNSAFE_TEXT.search(value):
            raise ProblemError("invalid", "筛选条件不能这样写 · this cannot be a filter")
        if self.options is not None and value not in {each.value for each in self.options}:
            raise ProblemError("invalid", "没有这个选项 · no such choice")
        return FilterRule(self.name, self.kind, value)

    @staticmethod
    def _day(text: str | None) -> date | None:
        return parsed_day(text) if text else None

    def of(self, asking: Asking, rule: FilterRule) -> Condition:
        return self.condition(asking, (rule.value, rule.value2) if self.kind == "days" else rule.value)


def parsed_day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ProblemError("invalid", "日期请写成 2026-03-02 · write a day as 2026-03-02") from None
    if not date(1949, 1, 1) <= found < date(2200, 1, 1):
        raise ProblemError("invalid", "日期不在登记范围内 · the day is out of range")
    return found


def choice(name: str, text: str, column: ColumnElement[Any], kind: type[Labelled]) -> Filter:
    return Filter(
        name, later(text), "choice", lambda asking, value: column == value, lambda asking: _members(kind), kind
    )


def _members(kind: type[Labelled]) -> list[tuple[str, str]]:
    return [(each.value, label(each)) for each in kind]


def typed(name: str, text: str, condition: Callable[[Asking, str], Condition]) -> Filter:
    return Filter(name, later(text), "text", condition)


def unit_named(column: ColumnElement[Any], text: str = "机构名称", name: str = "unit") -> Filter:
    return typed(name, text, lambda asking, value: registers.of_units(asking.s, column, value))


def flag(name: str, text: str, condition: Callable[[Asking], Condition]) -> Filter:
    return Filter(name, later(text), "flag", lambda asking, _: condition(asking))


def between_days(name: str, text: str, column: ColumnElement[Any], *, moments: bool = False) -> Filter:
    """From the first day to the last, both included; of moments, by the office's calendar."""

    def condition(asking: Asking, value: tuple[date | None, date | None]) -> Condition:
        first, last = value
        found: list[Condition] = []
        if first is not None:
            found.append(column > end_of_day(date.fromordinal(first.toordinal() - 1)) if moments else column >= first)
        if last is not None:
            found.append(column <= (end_of_day(last) if moments else last))
        return found[0] if len(found) == 1 else found[0] & found[1]

    return Filter(name, later(text), "days", condition)


# --- what belongs to a row -----------------------------------------------------------------------------------------


@dataclass
class Related:
    """A table on a detail page: what belongs to the row, each line a list of cells, and where all of it stands."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str | dict[str, Any] | None]]
    more: str | None = None
    nothing: str = ""


class Register(BaseModelView):
    """Subclasses set `key` (its row in PAGES), `menu_label`, `listing`, `fields`; the rest as they need it."""

    listing: ClassVar[Listing]
    filters: ClassVar[Sequence[Filter]] = ()
    search_hint: ClassVar[str] = ""
    has_as_of: ClassVar[bool] = False
    list_as_of: ClassVar[bool] = False
    """Whether the list itself is of a day, not only a row's page."""
    note: ClassVar[str] = ""
    pk_attr = "key"
    exporters = ()
    importers = ()
    actions = ()
    row_actions = ()
    searchable_fields = ()
    page_size = 25
    page_size_options = (25, 50, 100)
    list_template = "console/register_list.html"
    detail_template = "console/register_detail.html"

    def __init__(self) -> None:
        if self.key not in PAGES:
            raise LookupError(f"{type(self).__name__}: register {self.key!r} has no rule in console.permissions")
        self.display_name = self.menu_label
        super().__init__()

    def title(self, request: Request) -> str:
        return _(self.menu_label)

    # --- who ---

    def is_accessible(self, request: Request) -> bool:
        return may_open(request, str(self.key))

    def can_view_detail(self, request: Request) -> bool:
        return True

    def can_create(self, request: Request) -> bool:
        return False

    def can_edit(self, request: Request) -> bool:
        return False

    def can_delete(self, request: Request) -> bool:
        return False

    def can_import(self, request: Request) -> bool:
        return False

    def can_export(self, request: Request) -> bool:
        """Not the framework's way, which holds a list in memory and the server up: `export.Exports`."""
        return False

    async def create(self, request: Request, data: dict[str, Any]) -> NoReturn:
        raise ProblemError("forbidden", READ_ONLY)

    async def edit(self, request: Request, pk: Any, data: dict[str, Any]) -> NoReturn:
        raise ProblemError("forbidden", READ_ONLY)

    async def delete(self, request: Request, pks: list[Any]) -> NoReturn:
        raise ProblemError("forbidden", READ_ONLY)

    # --- what a subclass says ---

    @abstractmethod
    def scope(self, asking: Asking) -> list[Condition]:
        """Which rows the officer may see at all."""

    def standing(self, asking: Asking) -> list[Condition]:
        """Which rows count on the day that is asked for."""
        return []

    def search(self, asking: Asking, text: str) -> Condition | None:
        return None

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        """What a row shows beyond its columns, for a portion of rows at a time."""

    def name_of(self, row: Shown) -> str:
        """How the heading of a detail page names the row."""
        return str(getattr(row, self.fields[0].name, "") or "")

    def related(self, asking: Asking, request: Request, row: Shown) -> list[Related]:
        return []

    def row_href(self, request: Request, row: Shown) -> str | None:
        return detail_href(request, str(self.key), self.listing.key_of(row))

    def filters_for(self, request: Request) -> Sequence[Filter]:
        return self.filters

    def said_above(self, asking: Asking, request: Request) -> list[str]:
        """Faults and notices above the list."""
        return []

    # --- reading ---

    def asking(self, request: Request, s: Session, runtime: Runtime, params: QueryParams | None = None) -> Asking:
        given = (params if params is not None else request.query_params).get("as_of")
        as_of = parsed_day(given) if given and self.has_as_of else None
        return Asking(s, officer_of(request), runtime.clock(), runtime, as_of)

    def conditions(self, asking: Asking, request: Request, q: str | None, filters: FilterGroup) -> list[Condition]:
        known = {each.name: each for each in self.filters_for(request)}
        rules = [rule for rule in filters.rules if isinstance(rule, FilterRule)]
        asking.dated = any(rule.field == "left" for rule in rules)
        found = [known[rule.field].of(asking, rule) for rule in rules]
        if q:
            searched = self.search(asking, q.strip()[:LONGEST])
            found += [searched] if searched is not None else []
        return [*self.scope(asking), *self.standing(asking), *found]

    def order(self, asking: Asking, sorts: Sequence[tuple[str, str]]) -> list[ColumnElement[Any]]:
        """The chosen columns, then the keys in the same direction, so that one index serves both."""
        known = [(self.listing.columns[name], direction) for name, direction in sorts if name in self.listing.columns]
        if not known:
            return []
        chosen = [column.desc() if direction == "desc" else column.asc() for column, direction in known]
        down = known[-1][1] == "desc"
        return [*chosen, *(key.desc() if down else key.asc() for key in self.listing.keys)]

    async def find_all(
        self,
        request: Request,
        skip: int = 0,
        limit: int = 100,
        q: str | None = None,
        sorts: Sequence[tuple[str, str]] | None = None,
        filters: FilterGroup | None = None,
    ) -> Sequence[Any]:
        def read(s: Session, runtime: Runtime) -> list[Shown]:
            asking = self.asking(request, s, runtime)
            where = self.conditions(asking, request, q, filters or FilterGroup())
            size = limit if 0 < limit <= max(self.page_size_options) else max(self.page_size_options)
            rows = registers.page(s, self.listing, where, self.order(asking, sorts or []), skip, size)
            request.state.counted = self._ended(skip, size, rows)
            self.complete(asking, rows)
            request.state.said_above = self.said_above(asking, request)
            request.state.members = {
                each.name: each.members(asking) for each in self.filters_for(request) if each.members
            }
            return rows

        return await reading(request, read)

    @staticmethod
    def _ended(skip: int, size: int, rows: Sequence[Shown]) -> int | None:
        """How many there are, when this page is seen to be the last."""
        full = len(rows) >= min(size, registers.MOST - skip)
        return None if full or (skip and not rows) else skip + len(rows)

    async def count(self, request: Request, q: str | None = None, filters: FilterGroup | None = None) -> int:
        def read(s: Session, runtime: Runtime) -> int:
            where = self.conditions(self.asking(request, s, runtime), request, q, filters or FilterGroup())
            return registers.count(s, self.listing, where)

        known = getattr(request.state, "counted", None)  # the last page says how many there are
        found = known if known is not None else await reading(request, read)
        request.state.too_many = found > registers.MOST
        return min(found, registers.MOST)

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        def read(s: Session, runtime: Runtime) -> Shown | None:
            asking = self.asking(request, s, runtime)
            row = registers.one(s, self.listing, self.scope(asking), str(pk))
            if row is None:
                return None
            self.complete(asking, [row])
            row.related = self.related(asking, request, row)
            return row

        found = await reading(request, read)
        if found is None:
            raise not_found("没有这一项，或您无权查看 · no such entry, or not yours to see")
        return found

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        """The framework asks for several rows only for actions and look-ups, of which a register has none."""
        return []

    def portions(self, asking: Asking, request: Request, params: QueryParams, limit: int) -> Iterator[list[Shown]]:
        """The whole list that an address asks for, for an export."""
        filters = self._parse_filter_param(request, params)
        where = self.conditions(asking, request, params.get("q") or None, filters)
        sortable = {each.name for each in self.get_fields_list(request) if each.orderable}
        sorts = self._parse_sorts(params.getlist("sort"), sortable)
        for rows in registers.every(asking.s, self.listing, where, self.order(asking, sorts), limit):
            self.complete(asking, rows)
            yield rows

    # --- the framework's hooks ---

    def _default_sort(self) -> list[tuple[str, bool]]:
        return []  # the listing's own order, which an index serves

    def _parse_filter_param(self, request: Request, query_params: Any = None) -> FilterGroup:
        params = query_params if query_params is not None else request.query_params
        found = [each.rule(params) for each in self.filters_for(request)]
        return FilterGroup(rules=[rule for rule in found if rule is not None])

    async def get_pk_value(self, request: Request, obj: Any) -> Any:
        return self.listing.key_of(obj)

    async def repr(self, obj: Any, request: Request) -> str:
        return self.name_of(obj)

    async def serialize(
        self, obj: Any, request: Request, include_relationships: bool = True, include_select2: bool = False
    ) -> dict[str, Any]:
        cells: dict[str, Any] = {
            each.name: each.cell(request, obj) for each in self.get_fields_list(request) if isinstance(each, Column)
        }
        cells["key"] = self.listing.key_of(obj)
        cells["_meta"] = {"repr": self.name_of(obj), "detailUrl": self.row_href(request, obj)}
        return cells

    # --- for the templates ---

    def sortable_now(self, request: Request, name: str) -> bool:
        """Whether the column's heading offers to sort by it."""
        return True

    def as_of_said(self, request: Request) -> str:
        """截至2026年3月2日, also when nobody asked for another day."""
        given = request.query_params.get("as_of")
        shown = parsed_day(given) if given else local_day(runtime_of(request).clock())
        return _("截至%(day)s") % {"day": long_day(shown)}

    def export_href(self, request: Request, form: str) -> str:
        here = request.url_for("console:export", key=self.key)
        left_out = ("page", "page_size", "format")
        kept = [(name, value) for name, value in request.query_params.multi_items() if name not in left_out]
        return f"{here}?{urlencode([*kept, ('format', form)])}"

    def kept_params(self, request: Request) -> list[tuple[str, str]]:
        """What a new search or filter keeps of the address."""
        return [(n, v) for n, v in request.query_params.multi_items() if n in ("sort", "page_size", "cols")]

    def narrowed(self, request: Request) -> bool:
        return any(value for name, value in request.query_params.items() if name == "q" or name.startswith("f_"))
