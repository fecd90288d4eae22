"""经办人, 查看记录 and 审计记录."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette_admin.fields import BaseField

from docket import registers
from docket.registers import Condition
from models.audit import Act, Outcome
from models.enums import Department, Role
from models.register import OfficerRow, table_of
from models.visits import AuditRow, Disclosure

from ...door import officer_of
from ...words import _, label, labels
from .base import (
    Asking,
    Filter,
    Register,
    between_days,
    choice,
    closed,
    flag,
    later,
    moment_column,
    text_column,
    to_unit,
    typed,
    unit_named,
)
from .books import may_reveal

_officer = table_of(OfficerRow)
_disclosure = table_of(Disclosure)
_audit = table_of(AuditRow)


def _roles(value: str) -> str:
    return labels(Role(each) for each in value.split(",") if each)


def _all_roles(asking: Asking) -> list[tuple[str, str]]:
    return [(role.value, label(role)) for role in Role]


class Officers(Register):
    """No password, no token: they are not even read."""

    key = "officers"
    menu_label = "经办人"
    listing = registers.OFFICERS
    search_hint = later("姓名")
    fields = [
        text_column("name", "姓名"),
        text_column("login", "登录名"),
        text_column("department", "部门", show=closed(Department)),
        text_column("unit_name", "机构", link=to_unit),
        text_column("roles", "角色", show=_roles, orderable=False),
        text_column("active", "状态", show=lambda value: _("在用") if value else _("已停用"),
                    tone=lambda value: "green" if value else "secondary"),
    ]  # fmt: skip
    filters = (
        choice("department", "部门", _officer.c.department, Department),
        Filter("role", later("角色"), "choice", lambda asking, value: registers.with_role(value), _all_roles, Role),
        unit_named(_officer.c.unit),
        flag("stopped", "只看已停用的", lambda asking: _officer.c.active.is_(False)),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        """Whoever may open the register reads all of it; an auditor of a unit, the unit's officers."""
        return registers.own_unit(asking.officer, _officer.c.unit)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _officer.c.name.contains(text, autoescape=True)

    def can_access_field(self, request: Request, field: BaseField, action: Any = None) -> bool:
        """How somebody signs in concerns the administrators alone."""
        if field.name == "login" and officer_of(request).department is not Department.ADMINISTRATION:
            return False
        return super().can_access_field(request, field, action)


class Disclosures(Register):
    key = "disclosures"
    menu_label = "查看记录"
    listing = registers.DISCLOSURES
    search_hint = later("查看人姓名")
    note = later("每次查看完整证件号码，均先登记、后显示。本簿不含证件号码。")
    fields = [
        moment_column("at", "查看时间"),
        text_column("officer_name", "查看人"),
        text_column("department", "部门", show=closed(Department)),
        text_column("person_name", "被查看人"),
        text_column("unit_name", "被查看人所在机构"),
        text_column("reason", "事由", orderable=False),
    ]
    filters = (
        choice("department", "部门", _disclosure.c.department, Department),
        unit_named(_disclosure.c.unit),
        typed("person", "被查看人姓名", lambda asking, text: registers.seen_person(asking.s, text)),
        between_days("at", "查看日期", _disclosure.c.at, moments=True),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _disclosure.c.unit)

    def can_access_field(self, request: Request, field: BaseField, action: Any = None) -> bool:
        """Whose number was seen is for those who read names; administrators see that, by whom and why."""
        if field.name == "person_name" and not may_reveal(officer_of(request)):
            return False
        return super().can_access_field(request, field, action)

    def filters_for(self, request: Request) -> list[Filter]:
        names = may_reveal(officer_of(request))
        return [each for each in self.filters if names or each.name != "person"]

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _disclosure.c.officer_name.contains(text, autoescape=True)


class Audit(Register):
    """For the audit administrator and the auditors; nobody writes, changes or ends it."""

    key = "audit"
    menu_label = "审计记录"
    listing = registers.AUDIT
    search_hint = later("姓名")
    note = later("谁、何时、从何处、做了什么、成败。只增不改，任何人不能停止或删除。")
    fields = [
        moment_column("at", "时间"),
        text_column("act", "事项", show=closed(Act)),
        text_column("outcome", "结果", show=closed(Outcome),
                    tone=lambda value: "green" if value == Outcome.DONE else "red"),
        text_column("officer_name", "何人"),
        text_column("department", "部门", show=lambda value: label(Department(value)) if value else ""),
        text_column("about", "对象", orderable=False),
        text_column("detail", "详情", orderable=False),
        text_column("address", "来自", orderable=False),
    ]  # fmt: skip
    filters = (
        choice("act", "事项", _audit.c.act, Act),
        choice("outcome", "结果", _audit.c.outcome, Outcome),
        choice("department", "部门", _audit.c.department, Department),
        between_days("at", "日期", _audit.c.at, moments=True),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        """Whoever may open it reads all of it."""
        return []

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _audit.c.officer_name.contains(text, autoescape=True)
