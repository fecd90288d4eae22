"""Registers as Excel and CSV: what the list shows with its search, filters, order and columns, as of a moment.

One at a time, in a thread: a workbook of 100,000 rows fills a core for seconds and must not hold the pages up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from urllib.parse import quote

from anyio import to_thread
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.filters.base import FilterRule
from starlette_admin.routing import route
from starlette_admin.types import RequestAction

from api.deps import Runtime, runtime_of
from api.problems import ProblemError, not_found
from docket import audit
from models.audit import Act
from models.decisions import Officer
from rules.deadlines import SHANGHAI

from ... import sheets
from ...door import Page, may_open, officer_of
from ...permissions import PAGES
from ...words import _
from .base import Column, Filter, Register, closed, long_day, parsed_day

MOST_ROWS = 200_000
"""Of one export; more than that is asked for in parts."""
_WAY_EVERY, _WAY_SECONDS = 100, 0.002
"""An export makes way for the pages: one thread of Python at work keeps all others waiting."""
FORMATS = {"xlsx": sheets.XLSX, "csv": sheets.CSV}
_UNFIT = re.compile(r'[\\/:*?"<>|\s]+')


class TooMany(Exception):
    """The list has more rows than one export carries."""


class Exports(Page):
    """`GET /console/{key}/export?format=xlsx&…`, the address of a list with a form."""

    name = "home"
    path = "/{key}/export"
    menu_label = "导出"
    add_to_menu = False

    def __init__(self, registers: Sequence[Register]) -> None:
        self.registers = {str(each.key): each for each in registers}
        super().__init__()

    def is_accessible(self, request: Request) -> bool:
        """The register's own rule; what is no register is nobody's."""
        key = str(request.path_params.get("key", ""))
        return key in self.registers and key in PAGES and may_open(request, key)

    @route("", name="export")
    async def index(self, request: Request) -> Response:
        register = self.registers[str(request.path_params["key"])]
        form = request.query_params.get("format", "")
        if form not in FORMATS:
            raise not_found("没有这种格式 · no such format")
        runtime = runtime_of(request)
        runtime.limits.exports.take(officer_of(request).id)
        request.state.action = RequestAction.EXPORT
        officer = officer_of(request)
        await run_in_threadpool(_noted, runtime, officer, str(register.key), form)
        try:
            data = await to_thread.run_sync(
                _made, register, request, runtime, form, limiter=runtime.limits.exports_at_once
            )
        except TooMany:
            raise ProblemError(
                "invalid", f"超过{MOST_ROWS}行，请先筛选再导出 · more than {MOST_ROWS} rows: filter first"
            ) from None
        name = _file_name(register, request, runtime)
        disposition = f"attachment; filename=\"{register.key}.{form}\"; filename*=UTF-8''{quote(name, safe='')}.{form}"
        headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
        return Response(data, media_type=FORMATS[form], headers=headers)


def _noted(runtime: Runtime, officer: Officer, key: str, form: str) -> None:
    """Audited before anything is handed out: what cannot be audited is not exported."""
    with runtime.database.write() as s:
        audit.note(s, Act.EXPORT, runtime.clock(), officer, about=key, detail=form)


def _made(register: Register, request: Request, runtime: Runtime, form: str) -> bytes:
    columns = _columns(register, request)
    headers = [str(each.label) for each in columns]
    with runtime.database.read() as s, closing(_rows(register, request, s, runtime, columns)) as rows:
        if form == "csv":
            return sheets.comma_separated(headers, rows)
        return sheets.workbook(register.title(request), headers, rows)


def _columns(register: Register, request: Request) -> list[Column]:
    """The columns that the list shows."""
    fields = [each for each in register.get_fields_list(request) if isinstance(each, Column)]
    chosen = set(filter(None, (request.query_params.get("cols") or "").split(",")))
    return [each for each in fields if each.name in chosen] or fields


def _rows(
    register: Register, request: Request, s: Session, runtime: Runtime, columns: Sequence[Column]
) -> Generator[list[sheets.Value], None, None]:
    asking = register.asking(request, s, runtime)
    seen = 0
    for rows in register.portions(asking, request, request.query_params, MOST_ROWS):
        seen += len(rows)
        if seen > MOST_ROWS:
            raise TooMany
        for number, row in enumerate(rows):
            if number % _WAY_EVERY == 0:
                time.sleep(_WAY_SECONDS)
            yield [_value(each, row) for each in columns]


def _value(column: Column, row: object) -> sheets.Value:
    value = getattr(row, column.name, None)
    return value if column.numeric and isinstance(value, int) else column.text(row)  # type: ignore[arg-type]


def _file_name(register: Register, request: Request, runtime: Runtime) -> str:
    """实名制名册_财政局_截至2026年3月2日_20260302-0905: what it is, what was filtered, of which moment."""
    params = request.query_params
    parts = [register.title(request), params.get("q") or ""]
    for each in register.filters_for(request):
        rule = each.rule(params)
        if rule is None:
            continue
        parts.append(_filter_said(each, rule))
    as_of = params.get("as_of")
    if register.list_as_of and as_of:
        parts.append(_("截至%(day)s") % {"day": long_day(parsed_day(as_of))})
    parts.append(f"{runtime.clock().astimezone(SHANGHAI):%Y%m%d-%H%M}")
    return "_".join(_UNFIT.sub("-", part)[:40] for part in parts if part)


def _filter_said(asked: Filter, rule: FilterRule) -> str:
    if asked.kind == "flag":
        return str(asked.label)
    if asked.kind == "days":
        return f"{asked.label}{rule.value or ''}~{rule.value2 or ''}"
    if asked.options is not None:
        return closed(asked.options)(rule.value)
    return str(rule.value)
