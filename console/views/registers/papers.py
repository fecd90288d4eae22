"""公文 and 文号登记簿."""

from __future__ import annotations

from starlette.requests import Request

from api.problems import ProblemError
from docket import registers
from docket.registers import Condition, Shown
from models.enums import Department, DocumentKind, RecordState, Retention
from models.register import Record, table_of
from records import register, retention

from ...door import may_open
from ...words import _
from .base import (
    Asking,
    Filter,
    Register,
    between_days,
    choice,
    closed,
    day_column,
    flag,
    later,
    moment_column,
    number_column,
    text_column,
    to_case,
    to_unit,
    typed,
    unit_named,
)

_record = table_of(Record)
TONES = {RecordState.VALID.value: "green", RecordState.VOID.value: "red"}
KEEPING = {registers.HELD: "yellow", registers.KEPT_NO_MORE: "secondary"}
GAPS_NAMED = 20


def _kept(value: str) -> str:
    return _("停止销毁") if value == registers.HELD else _("已销毁")


def record_href(request: Request, row: Shown) -> str | None:
    if not may_open(request, "records"):
        return None
    return str(request.url_for("console:record", record_id=row.key0))


class Records(Register):
    key = "records"
    menu_label = "公文"
    listing = registers.RECORDS
    search_hint = later("文号或标题")
    fields = [
        text_column("number", "文号", whole=True, link=record_href),
        text_column("kind", "文种", show=closed(DocumentKind)),
        text_column("title", "标题"),
        text_column("unit_name", "机构", link=to_unit),
        day_column("issued_on", "成文日期"),
        text_column("issuer", "发文机关"),
        text_column("state", "状态", show=closed(RecordState), tone=lambda value: TONES.get(value, "yellow")),
        text_column("retention", "保管期限", show=closed(Retention)),
        text_column("keeping", "处置", show=_kept, tone=lambda value: KEEPING.get(value), orderable=False),
        text_column("case_no", "事项编号", link=to_case, whole=True),
    ]
    filters = (
        unit_named(_record.c.unit),
        choice("kind", "文种", _record.c.kind, DocumentKind),
        choice("state", "状态", _record.c.state, RecordState),
        choice("retention", "保管期限", _record.c.retention, Retention),
        flag("held", "停止销毁", lambda asking: retention.held()),
        flag("disposed", "已销毁", lambda asking: _record.c.disposed_at.is_not(None)),
        between_days("issued", "成文日期", _record.c.issued_on),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.records_of(asking.officer)

    def search(self, asking: Asking, text: str) -> Condition | None:
        number = _record.c.number.contains(text, autoescape=True)
        return number | _record.c.title.contains(text, autoescape=True)

    def row_href(self, request: Request, row: Shown) -> str | None:
        return record_href(request, row)


def _year(asking: Asking, text: str) -> Condition:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ProblemError("invalid", "年度请写成四位数字 · write a year as four digits")
    return _record.c.year == int(text)


class Numbers(Register):
    key = "numbers"
    menu_label = "文号登记簿"
    listing = registers.NUMBERS
    search_hint = later("文号或标题")
    note = later("按代字和年度连续编号，作废的号保留登记，不得缺号。")
    fields = [
        text_column("series", "代字"),
        text_column("year", "年度"),
        number_column("seq", "顺序号"),
        text_column("number", "文号", whole=True, link=record_href, orderable=False),
        text_column("kind", "文种", show=closed(DocumentKind)),
        text_column("title", "标题", orderable=False),
        text_column("state", "状态", show=closed(RecordState), tone=lambda value: TONES.get(value, "yellow")),
        text_column("void_reason", "作废原因", orderable=False),
        text_column("successor", "替代文号", whole=True, orderable=False),
        day_column("issued_on", "成文日期"),
        moment_column("filed_at", "归档时间"),
        moment_column("disposed_at", "销毁时间", orderable=False),
    ]

    def filters_for(self, request: Request) -> list[Filter]:
        return [
            typed("series", "代字", lambda asking, text: _record.c.series == text),
            typed("year", "年度", _year),
            choice("kind", "文种", _record.c.kind, DocumentKind),
            choice("state", "状态", _record.c.state, RecordState),
            between_days("issued", "成文日期", _record.c.issued_on),
        ]

    def scope(self, asking: Asking) -> list[Condition]:
        """The numbers of the records that the officer may see; gaps are named for all but units."""
        return registers.records_of(asking.officer)

    def search(self, asking: Asking, text: str) -> Condition | None:
        number = _record.c.number.contains(text, autoescape=True)
        return number | _record.c.title.contains(text, autoescape=True)

    def row_href(self, request: Request, row: Shown) -> str | None:
        return record_href(request, row)

    def said_above(self, asking: Asking, request: Request) -> list[str]:
        """Gaps: a number that was given and stands nowhere."""
        if asking.officer.department is Department.UNIT:
            return []
        missing = register.gaps(asking.s)
        if not missing:
            return []
        named = "、".join(missing[:GAPS_NAMED]) + ("……" if len(missing) > GAPS_NAMED else "")
        return [_("缺号，请核查：%(numbers)s") % {"numbers": named}]
