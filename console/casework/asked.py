"""What is asked for, in words: the application of a round as facts and tables, and what changed between two rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.docket import Difference, Docket, RoundView
from models.enums import (
    ChangeKind,
    ExitReason,
    Indicator,
    Labelled,
    Level,
    ProblemSource,
    Procedure,
    Resource,
    UnitKind,
    WarningLevel,
    Way,
)

from ..words import _, label

Cell = str | tuple[str, str]
"""A text, or before → after."""


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    long: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference between two rounds: where in words, before, after (either may be empty)."""

    where: str
    before: str
    after: str


Names = Mapping[str, str]
"""Code of a unit → its name."""


def units_in(docket: Docket) -> set[str]:
    """Codes of units that the applications name."""
    return {code for each in docket.rounds for code in _codes(each.application)}


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            moved = key in ("before", "after") and value.get("kind") == ChangeKind.RESUBORDINATE
            if (moved or key in _UNIT_KEYS) and isinstance(inner, str):
                yield inner
            elif key == "units" and isinstance(inner, list):
                yield from (each for each in inner if isinstance(each, str))
            else:
                yield from _codes(inner)
    elif isinstance(value, list):
        for each in value:
            yield from _codes(each)


_UNIT_KEYS = frozenset({"unit", "into", "from_unit", "to_unit", "parent"})


def asked(docket: Docket, shown: RoundView, names: Names, granted: Mapping[int, int] | None = None) -> Asked:
    """The application of one round. `granted`: the examiner's numbers by line, of the present round only."""
    body: dict[str, Any] = dict(shown.application)
    match docket.procedure:
        case Procedure.STAFFING_UP:
            return _staffing(body, granted)
        case Procedure.REMOVING_STAFF:
            return _removal(body, {each.person: each.name for each in docket.leavers})
        case Procedure.ESTABLISHMENT_CHANGE:
            return _change(body, names)
        case Procedure.RECTIFICATION:
            return _rectification(body)
        case Procedure.EARLY_WARNING:
            return _warning(body)


def _facts(*pairs: tuple[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in pairs if value]


def _shared(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    basis = body.get("basis") or {}
    papers = "；".join(each["title"] for each in body.get("attachments") or [])
    meeting = " ".join(part for part in (basis.get("meeting"), basis.get("date")) if part)
    return _facts(
        (_("集体研究"), meeting),
        (_("联系人"), body.get("contact")),
        (_("附件"), papers),
        (_("备注"), body.get("remark")),
    )


def _staffing(body: Mapping[str, Any], granted: Mapping[int, int] | None) -> Asked:
    heads = [_("行"), _("编制或职数"), _("申请数"), _("进入方式"), _("拟用内设机构"), _("用编原因")]
    rows: list[list[Cell]] = []
    for number, line in enumerate(body.get("lines") or [], 1):
        row: list[Cell] = [
            str(number),
            label(Resource(line["resource"])),
            str(line["number"]),
            label(Way(line["way"])),
            line.get("internal_body") or "—",
            line.get("reason") or "—",
        ]
        if granted is not None:
            row.insert(3, str(granted.get(number, line["number"])))
        rows.append(row)
    if granted is not None:
        heads.insert(3, _("拟核数"))
    given = body.get("appointment") or {}
    above = " ".join(part for part in (given.get("body"), given.get("document_no"), given.get("date")) if part)
    return Asked([*_facts((_("上级任命"), above)), *_shared(body)], [Table(_("申请使用的编制、职数"), heads, rows)])


def _removal(body: Mapping[str, Any], names: Names) -> Asked:
    heads = [_("序号"), _("姓名"), _("减员原因"), _("减员日期"), _("证明材料"), _("去向")]
    rows = [
        [
            str(number),
            names.get(each["person"]) or _("（已更换的人员）"),
            label(ExitReason(each["reason"])),
            each["event_date"],
            each.get("proof_no") or "—",
            each.get("destination") or "—",
        ]
        for number, each in enumerate(body.get("persons") or [], 1)
    ]
    return Asked(_shared(body), [Table(_("申请出编的人员"), heads, rows)])


def _change(body: Mapping[str, Any], names: Names) -> Asked:
    facts = _facts(
        (_("种类"), label(ChangeKind(body["kind"]))),
        (_("请示标题"), body.get("title")),
        (_("请示文号"), body.get("request_no")),
        (_("消化期至"), body.get("absorption_until")),
    )
    said = body.get("justification") or {}
    points = [(name, said.get(key) or "—") for key, name in _points()]
    return Asked([*facts, *_shared(body)], [changes_table(body.get("changes") or [], names)], points)


def _points() -> list[tuple[str, str]]:
    return [
        ("party_leadership", _("党的全面领导")),
        ("lawfulness", _("合法合规")),
        ("development", _("经济社会发展和财政保障")),
        ("soundness", _("科学合理")),
        ("risks", _("风险分析和应对")),
    ]


def changes_table(changes: Sequence[Mapping[str, Any]], names: Names, caption: str = "") -> Table:
    heads = [_("序号"), _("调整种类"), _("单位"), _("内容"), _("调整前 → 调整后")]
    rows: list[list[Cell]] = []
    for number, change in enumerate(changes, 1):
        unit, what, moved = _change_said(change, names)
        rows.append([str(number), label(ChangeKind(change["kind"])), unit, what, moved])
    return Table(caption or _("申请调整的内容"), heads, rows)


def _change_said(change: Mapping[str, Any], names: Names) -> tuple[str, str, Cell]:
    """Unit, what, before → after."""

    def named(code: Any) -> str:
        return names.get(code, str(code)) if code else _("本级")

    unit = named(change["unit"]) if change.get("unit") else ""
    match ChangeKind(change["kind"]):
        case ChangeKind.ESTABLISH:
            quotas = "、".join(f"{label(Resource(q['resource']))}{q['number']}" for q in change.get("quotas") or [])
            kind = f"{label(UnitKind(change['unit_kind']))} {change['rank']}"
            return change["name"], kind, ("—", quotas or _("设立"))
        case ChangeKind.ABOLISH:
            return unit, _("机构"), (_("存续"), _("撤销"))
        case ChangeKind.MERGE:
            into = change.get("after_name") or named(change["into"])
            return named(change["into"]), _("合并"), ("、".join(named(code) for code in change["units"]), into)
        case ChangeKind.HEADCOUNT | ChangeKind.POSTS:
            return unit, label(Resource(change["resource"])), (str(change["before"]), str(change["after"]))
        case ChangeKind.REALLOCATE:
            sides = [change.get(f"{side}_unit") for side in ("from", "to")]
            levels = [change.get(f"{side}_level") for side in ("from", "to")]
            ends = [
                named(code) if code else (label(Level(level)) if level else _("本级"))
                for code, level in zip(sides, levels, strict=True)
            ]
            what = _("%(resource)s%(n)d名") % {"resource": label(Resource(change["resource"])), "n": change["number"]}
            return "—", what, (ends[0], ends[1])
        case ChangeKind.INTERNAL_BODIES:
            return unit, _("内设机构"), (_body_said(change.get("before")), _body_said(change.get("after")))
        case ChangeKind.RESUBORDINATE:
            return unit, _("隶属"), (named(change.get("before")), named(change.get("after")))
        case kind:
            what = {ChangeKind.RENAME: _("名称"), ChangeKind.RERANK: _("规格")}.get(kind, _("挂牌"))
            return unit, what, (change.get("before") or "—", change.get("after") or "—")


def _body_said(body: Mapping[str, Any] | None) -> str:
    if not body:
        return _("无")
    more = [body.get("rank") or ""]
    more += [_("正职%(n)d") % {"n": body["chief_posts"]}] if body.get("chief_posts") is not None else []
    more += [_("副职%(n)d") % {"n": body["deputy_posts"]}] if body.get("deputy_posts") is not None else []
    rest = "，".join(part for part in more if part)
    return f"{body['name']}（{rest}）" if rest else str(body["name"])


def _rectification(body: Mapping[str, Any]) -> Asked:
    heads = [_("编号"), _("问题类别"), _("事实"), _("来源"), _("条款依据"), _("整改要求"), _("整改期限")]
    rows = [
        [
            each["no"],
            each["kind"],
            each["facts"],
            label(ProblemSource(each["source"])),
            each.get("clause") or "—",
            each["measure"],
            each["due"],
        ]
        for each in body.get("problems") or []
    ]
    facts = _facts((_("移交的预警"), body.get("warning_no")), (_("备注"), body.get("remark")))
    return Asked(facts, [Table(_("立账的问题"), heads, rows)])


def _warning(body: Mapping[str, Any]) -> Asked:
    facts = _facts(
        (_("监测指标"), label(Indicator(body["indicator"]))),
        (_("监测值"), body.get("value")),
        (_("警戒值"), body.get("threshold")),
        (_("起始级别"), label(WarningLevel(body.get("level", WarningLevel.REMIND.value)))),
        (_("情况"), body.get("facts")),
        (_("备注"), body.get("remark")),
    )
    return Asked(facts, [])


# --- between two rounds -------------------------------------------------------------------------------------------


def changed(
    differences: Sequence[Difference], before: Mapping[str, Any], after: Mapping[str, Any], names: Names
) -> list[Changed]:
    """JSON paths in words: `/lines/0/number` 2 → 1 is 第1行 数量 2 → 1. What stands there is read from the two
    applications: as text a remark “[1]” and a list look alike."""
    return [
        Changed(_where(each.path), _shown(each.path, before, names), _shown(each.path, after, names))
        for each in differences
    ]


def _where(path: str) -> str:
    words: list[str] = []
    parts = path.strip("/").split("/")
    for at, part in enumerate(parts):
        if part.isdecimal():
            words[-1:] = [_numbered(parts[at - 1], int(part) + 1)]
        else:
            words.append(_key_named(part))
    return " ".join(words)


def _numbered(of: str, number: int) -> str:
    patterns = {
        "lines": _("第%(n)d行"),
        "persons": _("第%(n)d人"),
        "changes": _("第%(n)d项调整"),
        "problems": _("第%(n)d个问题"),
        "attachments": _("第%(n)d个附件"),
    }
    return patterns.get(of, _("第%(n)d项")) % {"n": number}


def _key_named(key: str) -> str:
    known = {
        "lines": _("申请行"), "persons": _("人员"), "changes": _("调整内容"), "problems": _("问题"),
        "attachments": _("附件"), "resource": _("编制或职数"), "number": _("数量"), "way": _("进入方式"),
        "internal_body": _("内设机构"), "reason": _("原因"), "basis": _("集体研究"), "meeting": _("会议"),
        "date": _("日期"), "contact": _("联系人"), "remark": _("备注"), "appointment": _("上级任命"),
        "document_no": _("文号"), "body": _("机关"), "person": _("人员"), "event_date": _("减员日期"),
        "proof_no": _("证明材料"), "destination": _("去向"), "kind": _("种类"), "title": _("标题"),
        "request_no": _("请示文号"), "justification": _("论证"), "absorption_until": _("消化期"),
        "before": _("调整前"), "after": _("调整后"), "unit": _("单位"), "name": _("名称"), "rank": _("规格"),
        "chief_posts": _("正职职数"), "deputy_posts": _("副职职数"), "digest": _("摘要值"), "quotas": _("核定编制"),
        "from_unit": _("调出单位"), "to_unit": _("调入单位"), "units": _("单位"), "into": _("并入单位"),
        "after_name": _("合并后名称"), "parent": _("主管部门"), "code": _("代码"),
    } | dict(_points())  # fmt: skip
    return known.get(key, _("其他"))


_VOCABULARY: dict[str, type[Labelled]] = {"resource": Resource, "way": Way, "kind": ChangeKind, "reason": ExitReason}


def _shown(path: str, application: Mapping[str, Any], names: Names) -> str:
    last, value = path.rpartition("/")[2], _at(application, path)
    if value is None or value == "":
        return ""
    if isinstance(value, dict | list):
        return _object_said(value, names)
    if last == "person":
        return _("（另一人）")
    if last == "digest":
        return _("（文件已更换）")
    return _value_said(last, str(value), names)


def _at(application: Mapping[str, Any], path: str) -> Any:
    """What stands at a JSON path; None when nothing does."""
    here: Any = application
    for part in path.strip("/").split("/"):
        if isinstance(here, list):
            here = here[int(part)] if part.isdecimal() and int(part) < len(here) else None
        else:
            here = here.get(part) if isinstance(here, dict) else None
    return here


def _value_said(key: str, value: str, names: Names) -> str:
    vocabulary = _VOCABULARY.get(key)
    if vocabulary is not None and value in {member.value for member in vocabulary}:
        return label(vocabulary(value))
    return names.get(value, value)


def _object_said(value: Any, names: Names) -> str:
    """A whole line, person or change that came or went."""
    if isinstance(value, list):
        return "；".join(_object_said(each, names) for each in value)
    if not isinstance(value, dict):
        return names.get(str(value), str(value))
    said = [
        f"{_key_named(key)} {_value_said(key, str(inner), names)}"
        for key, inner in value.items()
        if inner not in (None, "") and not isinstance(inner, dict | list) and key not in ("person", "digest")
    ]
    return _("、").join(said)
