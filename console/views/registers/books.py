"""编制职数, 实名制名册 and 台账流水: what the ledger holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from starlette.requests import Request

from api.permissions import NAMES, Rule
from api.problems import ProblemError
from docket import registers
from docket.registers import Condition, Shown
from ledger import balances
from ledger.db import keyring_of
from ledger.occupancy import mask
from models.decisions import Officer
from models.enums import EntryKind, ExitReason, Resource, Sex
from models.register import Account, Journal, Occupancy, table_of
from models.sealing import Keyring, Unsealable

from ...words import _, label
from .base import (
    Asking,
    Register,
    between_days,
    choice,
    closed,
    day_column,
    flag,
    later,
    list_href,
    moment_column,
    number_column,
    text_column,
    to_case,
    to_unit,
    typed,
    unit_named,
)

_account = table_of(Account)
_journal = table_of(Journal)
_occupancy = table_of(Occupancy)
FIGURES = ("authorised", "occupied", "reserved", "set_aside")
BY_FIGURES = (*FIGURES, "free")
DELTAS = (
    ("d_authorised", "核定"),
    ("d_occupied", "实有"),
    ("d_reserved", "在途"),
    ("d_set_aside", "预留"),
    ("d_tolerated", "超编容许"),
)
SHORT = 10
"""Characters of a hash that people compare by eye."""


def may_reveal(officer: Officer) -> bool:
    """Whoever answers for persons; an auditor of another department reads the masked list."""
    return Rule(NAMES).allows(officer)


class Quotas(Register):
    key = "quotas"
    menu_label = "编制职数"
    listing = registers.QUOTAS
    search_hint = later("机构名称")
    has_as_of = True
    list_as_of = True
    fields = [
        text_column("unit_name", "机构", link=to_unit),
        text_column("resource", "编制（职数）类别", show=closed(Resource)),
        number_column("authorised", "核定"),
        number_column("occupied", "实有"),
        number_column("reserved", "在途"),
        number_column("set_aside", "预留"),
        number_column("free", "空余", show=lambda value: str(max(0, value))),
        number_column("over", "超编", orderable=False, tone=lambda value: "red" if value else None),
        day_column("absorb_until", "消化期限"),
        text_column("note", "备注"),
    ]
    sortable_fields = ("unit_name", "resource", "authorised", "occupied", "reserved", "set_aside", "free")
    filters = (
        choice("resource", "编制（职数）类别", _account.c.resource, Resource),
        flag("over", "只看超编的", lambda asking: _now_only(asking, registers.OVER > 0)),
        flag("free", "只看有空余的", lambda asking: _now_only(asking, registers.OVER < 0)),
        flag("reserved", "只看有在途的", lambda asking: _now_only(asking, _account.c.reserved > 0)),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_holder(asking.officer, _account.c.holder)

    def order(self, asking: Asking, sorts: Sequence[tuple[str, str]]) -> list[ColumnElement[Any]]:
        """The figures of another day are made after the list is read, so only today's can give the order."""
        if asking.as_of is not None and any(name in BY_FIGURES for name, _direction in sorts):
            raise ProblemError("invalid", "按数额排序只能看现在的数 · sorting by figures only works on today's figures")
        return super().order(asking, sorts)

    def sortable_now(self, request: Request, name: str) -> bool:
        return name not in BY_FIGURES or not request.query_params.get("as_of")

    def search(self, asking: Asking, text: str) -> Condition | None:
        return registers.of_holders(text)

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        """The figures of the day that is asked for; an account that was not there yet shows none."""
        if asking.as_of is not None:
            then = balances.accounts_as_of(asking.s, [row.key0 for row in rows], asking.as_of)
            for row in rows:
                found = then.get(row.key0)
                for name in FIGURES:
                    setattr(row, name, getattr(found, name) if found else None)
                row.free = found.vacancy if found else None
        for row in rows:
            row.over = max(0, -row.free) if row.free is not None else None

    def name_of(self, row: Shown) -> str:
        return f"{row.unit_name} {label(Resource(row.resource))}"


def _now_only(asking: Asking, condition: Condition) -> Condition:
    if asking.as_of is not None:
        raise ProblemError("invalid", "按数额筛选只能看现在的数 · filters by figures only work on today's figures")
    return condition


class Roster(Register):
    key = "roster"
    menu_label = "实名制名册"
    listing = registers.ROSTER
    search_hint = later("姓名（从姓开始）")
    has_as_of = True
    list_as_of = True
    detail_template = "console/register_person.html"
    fields = [
        text_column("name", "姓名", whole=True),
        text_column("sex", "性别", show=closed(Sex), orderable=False),
        text_column("identity", "证件号码", whole=True, orderable=False),
        text_column("unit_name", "机构", link=to_unit, orderable=False),
        text_column("internal_body", "内设机构", orderable=False),
        text_column("position", "职务", orderable=False),
        text_column("resource", "编制（职数）类别", show=closed(Resource), orderable=False),
        day_column("entered_on", "落编日期"),
        text_column("basis_no", "依据文号", orderable=False),
        day_column("left_on", "出编日期", orderable=False),
        text_column("exit_reason", "出编原因", show=closed(ExitReason), orderable=False),
    ]
    sortable_fields = ("entered_on",)
    filters = (
        unit_named(_occupancy.c.unit),
        choice("resource", "编制（职数）类别", _occupancy.c.resource, Resource),
        typed("body", "内设机构", lambda asking, text: _occupancy.c.internal_body.contains(text, autoescape=True)),
        between_days("entered", "落编日期", _occupancy.c.entered_on),
        between_days("left", "出编日期", _occupancy.c.left_on),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _occupancy.c.unit)

    def standing(self, asking: Asking) -> list[Condition]:
        """Those on the roster that day; a filter by the day of leaving asks for those who are not any more."""
        return [] if asking.dated else registers.seated(asking.as_of)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return registers.with_name(asking.s, text)

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        keyring = keyring_of(asking.s)
        for row in rows:
            row.identity = _masked(keyring, row)
            row.may_reveal = may_reveal(asking.officer)


def _masked(keyring: Keyring, row: Shown) -> str:
    """One altered row must not hide all others: it says so itself, and the verification finds it."""
    try:
        return mask(keyring.open_column(row.identity, "person", "identity_sealed", row.person_ref))
    except Unsealable:
        return _("登记数据不符，请核查")


class Entries(Register):
    key = "journal"
    menu_label = "台账流水"
    listing = registers.JOURNAL
    search_hint = later("事项编号")
    note = later("流水只增不改，每行记有上一行的校验值；更正另记冲正行。")
    detail_template = "console/register_entry.html"
    fields = [
        moment_column("recorded_at", "登记时间"),
        text_column("unit_name", "机构", link=to_unit, orderable=False),
        number_column("seq", "行号", orderable=False),
        text_column("kind", "事由", show=closed(EntryKind), orderable=False),
        text_column("resource", "编制（职数）类别", show=closed(Resource), orderable=False),
        text_column("changes", "增减", orderable=False),
        day_column("effective_on", "生效日期", orderable=False),
        text_column("case_no", "事项编号", link=to_case, whole=True, orderable=False),
        text_column("basis_no", "依据文号", orderable=False),
        number_column("corrects", "冲正行号", orderable=False),
        text_column("hash", "校验值", show=lambda value: value[:SHORT], whole=True, orderable=False),
    ]
    sortable_fields = ("recorded_at",)
    filters = (
        unit_named(_journal.c.unit),
        choice("kind", "事由", _journal.c.kind, EntryKind),
        choice("resource", "编制（职数）类别", _journal.c.resource, Resource),
        between_days("recorded", "登记日期", _journal.c.recorded_at, moments=True),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_holder(asking.officer, _journal.c.holder)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return registers.of_cases(asking.s, _journal.c.case_id, text)

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        for row in rows:
            told = [(name, getattr(row, field)) for field, name in DELTAS]
            row.changes = "，".join(f"{_(name)} {number:+d}".replace("-", "−") for name, number in told if number)

    def name_of(self, row: Shown) -> str:
        return _("%(unit)s 第%(n)d行") % {"unit": row.unit_name or row.holder_name, "n": row.seq}

    def related(self, asking: Asking, request: Request, row: Shown) -> list[Any]:
        row.all_rows = list_href(request, "journal", f_unit=row.unit_name)
        row.corrected = None
        if row.corrects is not None:
            row.corrected = self.row_href(request, Shown(key0=row.holder, key1=row.corrects))
        return []
