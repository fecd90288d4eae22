"""A form of one procedure: its fields with their labels, the body that it makes, and where a fault belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from api.problems import field_errors
from models.applications import APPLICATION_OF, AnyApplication
from models.docket import Check
from models.enums import Procedure
from models.refusals import RefusalCode

from ..words import _, label, said
from .typed import Typed, flat, nested, rows, tidy

Faults = dict[str, list[str]]
"""Field → what is wrong with it, in the reader's language; under "" what belongs to no field."""

COMMON = {
    "unit": "单位",
    "contact": "联系人和电话",
    "remark": "备注",
    "basis.meeting": "会议名称",
    "basis.date": "会议日期",
    "attachments.title": "附件名称",
    "attachments.digest": "文件摘要（SHA-256）",
    "attachments": "附件",
}
OPENED_BY_OFFICE = frozenset({Procedure.RECTIFICATION, Procedure.EARLY_WARNING})

LONGEST_NUMBER = 3
"""Digits of the number of a row: no group takes more than 50."""

ROW_NAMES = {
    "lines": "第%(n)d行",
    "persons": "第%(n)d人",
    "changes": "第%(n)d项",
    "problems": "问题%(n)d",
    "attachments": "附件%(n)d",
}


@dataclass(frozen=True, slots=True)
class Form:
    """`groups`: repeating groups with the most rows each takes, the main one first. `labels`: field → Chinese label,
    rows without their number. `needed`: what the gate asks for, marked as such. `body`, `typed_of`: other than the
    plain mapping of names. `places`: patterns of what a gate says → the field it is about.
    `unlabelled`: fields besides those with a label. `asks`: whether a field is needed that is so only sometimes, by
    what else was typed; None for one of which `needed` says it."""

    procedure: Procedure
    template: str
    groups: Mapping[str, int]
    labels: Mapping[str, str]
    needed: frozenset[str]
    places: tuple[tuple[str, str], ...] = ()
    unlabelled: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    blank_row: Typed = field(default_factory=dict)
    first: Typed = field(default_factory=dict)
    body: Callable[[Typed], dict[str, Any]] | None = None
    typed_of: Callable[[AnyApplication], Typed] | None = None
    field_of: Callable[[tuple[Any, ...], Typed], str] | None = None
    asks: Callable[[str, Typed], bool | None] | None = None

    @property
    def by_office(self) -> bool:
        """Opened by the office itself: there is nobody who would accept it, and it is not withdrawn."""
        return self.procedure in OPENED_BY_OFFICE

    @property
    def main(self) -> str:
        return next(iter(self.groups), "")

    def known(self, name: str) -> bool:
        """Whether a field of this name is on the form: by itself or in a row. Whatever else is sent is nobody's."""
        if name in self.labels:
            return not any(other.startswith(f"{name}.") for other in self.labels)
        group, _dot, rest = name.partition(".")
        number, _dot, leaf = rest.partition(".")
        of_a_row = group in self.groups and number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
        return of_a_row and (f"{group}.{leaf}" in self.labels or f"{group}.{leaf}" in self.unlabelled)

    def needs(self, name: str, typed: Typed) -> bool:
        """Whether the field, of a row or by itself, is marked as one that must be filled in."""
        asked = self.asks(name, typed) if self.asks is not None else None
        return _plain(name) in self.needed if asked is None else asked

    def missing(self, typed: Typed) -> Faults:
        """Every field that is marked and empty: told together with what else is wrong, not one after the other."""
        names: list[str] = []
        for name in self.labels:
            group, _dot, leaf = name.partition(".")
            of_rows = leaf and group in self.groups
            names += [f"{group}.{n}.{leaf}" for n in range(len(rows(typed, group)))] if of_rows else [name]
        empty = [name for name in names if self.known(name) and not typed.get(name) and self.needs(name, typed)]
        return {name: [_unfilled(name)] for name in empty}

    def row_fields(self, group: str) -> Typed:
        fields = [name.partition(".")[2] for name in self.labels if name.startswith(f"{group}.")]
        return dict.fromkeys(fields, "") | (self.blank_row if group == self.main else {})

    def blank(self) -> Typed:
        """The form before anything was typed: the first row is there, except of persons, who are chosen."""
        group = self.main
        if not group or group == "persons":
            return {}
        return {f"{group}.0.{name}": value for name, value in self.row_fields(group).items()} | self.first

    def filled(self, application: AnyApplication) -> Typed:
        """The form as it would have been typed for an application."""
        if self.typed_of is not None:
            return self.typed_of(application)
        typed = flat(application.model_dump(mode="json", exclude_none=True))
        typed.pop("procedure", None)
        return typed

    def tidied(self, typed: Typed) -> Typed:
        """Without empty rows; but one of the main group stays, for its fields to be filled in."""
        left = tidy(typed, self.groups)
        return left if self.main and rows(left, self.main) else self.blank() | left

    def application(self, typed: Typed) -> AnyApplication | Faults:
        """The application that was typed, or every fault of its form."""
        body = self.body(typed) if self.body is not None else nested(typed, self.whole)
        known = {name.partition(".")[0] for name in self.labels}
        body = {name: value for name, value in body.items() if name in known}
        try:
            return APPLICATION_OF[self.procedure].model_validate(body)
        except ValidationError as error:
            return self._invalid(error, typed)

    def _invalid(self, error: ValidationError, typed: Typed) -> Faults:
        faults: Faults = {}
        for each in error.errors(include_url=False, include_input=False):
            place = each["loc"]
            name = self.field_of(place, typed) if self.field_of is not None else ".".join(str(part) for part in place)
            faults.setdefault(name, []).append(_reason(each, name))
        return {name: list(dict.fromkeys(reasons)) for name, reasons in faults.items()}

    def label_of(self, name: str) -> str:
        """The label of a field of any row, in the reader's language."""
        plain = _plain(name)
        text = self.labels.get(plain) or COMMON.get(plain)
        return _(text) if text else ""

    def place_of(self, name: str) -> str:
        """Where a fault is, in words: 第2行 人数."""
        group, _dot, rest = name.partition(".")
        number = rest.partition(".")[0]
        row = _(ROW_NAMES[group]) % {"n": int(number) + 1} if number.isdecimal() and group in ROW_NAMES else ""
        return " ".join(part for part in (row, self.label_of(name)) if part)

    def faults_of(self, checks: Iterable[Check], typed: Typed) -> Faults:
        """What the gate found, beside the fields that it is about; the checks themselves are shown whole above."""
        faults: Faults = {}
        for check in checks:
            if check.passed:
                continue
            for part in filter(None, check.detail.split("；")):
                name = self._field_said(check, part, typed)
                if name:
                    faults.setdefault(name, []).append(part)
        return faults

    def _field_said(self, check: Check, part: str, typed: Typed) -> str:
        subject = re.fullmatch(r"P(\d+)", check.subject)
        if subject:
            return f"{self.main}.{int(subject[1]) - 1}.{'event_date'}"
        for pattern, name in self.places:
            found = re.search(pattern, part)
            if found:
                return _numbered(name, found, typed)
        by_code = BY_CODE.get(check.code, "")
        return by_code if by_code in self.labels else ""


BY_CODE = {
    RefusalCode.NO_COLLECTIVE_DECISION.value: "basis.meeting",
    RefusalCode.UNIT_DATA_INVALID.value: "unit",
    RefusalCode.ALREADY_WARNED.value: "indicator",
}
EVERYWHERE = (
    (r"^未填写联系人", "contact"),
    (r"^领导班子集体研究的日期", "basis.date"),
    (r"^未填写领导班子集体研究", "basis.meeting"),
)


def _numbered(name: str, found: re.Match[str], typed: Typed) -> str:
    """`lines.#.number` with the row that the pattern found: its number, or (`problems.@no`) the row of that value."""
    if "#" in name:
        return name.replace("#", str(int(found[1]) - 1))
    if "@" in name:
        group = name.partition(".")[0]
        wanted = [number for number, row in enumerate(rows(typed, group)) if row.get("no") == found[1]]
        return name.replace("@", str(wanted[-1])) if wanted else ""
    return name


def _plain(name: str) -> str:
    """The name of a field without the number of its row."""
    return re.sub(r"\.\d+", "", name, count=1)


def _unfilled(name: str) -> str:
    return _("请选择") if _plain(name) in CHOSEN else _("请填写")


def _reason(error: Mapping[str, Any], name: str) -> str:
    """Why, in words for people who fill in forms; what was typed is never quoted."""
    kind = str(error["type"])
    leaf = name.rpartition(".")[2]
    if name in ROW_NAMES:
        return _("至少填写一行")
    if kind in ("missing", "string_too_short") or kind.startswith("union_tag"):
        return _unfilled(name)
    if kind in ("enum", "literal_error"):
        return _("请选择")
    if kind.startswith("date"):
        return _("请填写日期，如 2026-03-02")
    if kind.startswith("int"):
        return _("请填写整数")
    if kind == "string_pattern_mismatch":
        return _(PATTERNS.get(leaf, "格式不符"))
    return said(field_errors([error])[0].reason)


CHOSEN = frozenset(
    {"unit", "kind", "indicator", "level", "problems.source"}
    | {"lines.resource", "lines.way", "lines.internal_body", "persons.person", "persons.reason"}
    | {f"changes.{name}" for name in ("kind", "unit", "units", "into", "unit_kind", "resource", "body")}
)
"""Fields in which nothing is typed."""
_CODE = "应为18位统一社会信用代码"
PATTERNS = {
    "unit": "请选择单位",
    "code": _CODE,
    "parent": _CODE,
    "from_unit": _CODE,
    "to_unit": _CODE,
    "after": _CODE,
    "into": "请选择单位",
    "units": "请选择单位",
    "digest": "应为64位十六进制字符，选择文件即自动计算",
    "no": "只用字母、数字和连字符，至多20位",
    "person": "请从在编人员中选择",
}


def options(values: Iterable[Any]) -> list[tuple[str, str]]:
    """(code, label) of the members of a closed vocabulary."""
    return [(value.value, label(value)) for value in values]
