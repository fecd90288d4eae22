"""机构编制调整 (domain.md §2.3): every kind of change, its `before` read from the register."""

from __future__ import annotations

from typing import Any

from models.applications import AnyApplication, EstablishmentChangeApplication
from models.changes import EstablishUnit, InternalBodies
from models.enums import ChangeKind, Procedure, Resource
from rules.changes import UnitFacts

from .base import COMMON, EVERYWHERE, Form
from .typed import SEVERAL, Typed, as_number, flat, nested, rows, with_rows

POINTS = ("party_leadership", "lawfulness", "development", "soundness", "risks")

NEW_BODY = "+"
"""In the place of an internal body's name: one that is to be set up."""

_ABOLISHED = "yes"
_BODY_FIELDS = ("name", "rank", "chief_posts", "deputy_posts")


# --- the body of the request ---------------------------------------------------------------------------------------


def body(typed: Typed) -> dict[str, Any]:
    made = nested({name: value for name, value in typed.items() if not name.startswith("changes.")})
    changes = [_change(row) for row in rows(typed, "changes")]
    return made | ({"changes": changes} if changes else {})


def _change(row: Typed) -> dict[str, Any]:
    kind = row.get("kind", "")
    named = {"kind": kind} if kind else {}
    fields = {name: row[name] for name in _FIELDS.get(kind, ()) if row.get(name)}
    match kind:
        case ChangeKind.ESTABLISH:
            quotas = [{"resource": code, "number": as_number(value)} for code, value in _quotas(row)]
            return named | fields | {"quotas": quotas}
        case ChangeKind.MERGE:
            units = [code for code in row.get("units", "").split(SEVERAL) if code and code != row.get("into")]
            return named | fields | {"units": units}
        case ChangeKind.EXTRA_NAME:
            return named | {"before": "", "after": ""} | fields
        case ChangeKind.HEADCOUNT | ChangeKind.POSTS | ChangeKind.REALLOCATE:
            numbers = {name: as_number(fields[name]) for name in ("before", "after", "number") if name in fields}
            return named | fields | numbers
        case ChangeKind.INTERNAL_BODIES:
            return named | fields | _bodies(row)
        case _:
            return named | fields


_FIELDS: dict[str, tuple[str, ...]] = {
    ChangeKind.ESTABLISH: ("code", "name", "unit_kind", "rank", "nature", "parent"),
    ChangeKind.ABOLISH: ("unit",),
    ChangeKind.MERGE: ("into", "after_name"),
    ChangeKind.RENAME: ("unit", "before", "after"),
    ChangeKind.RERANK: ("unit", "before", "after"),
    ChangeKind.RESUBORDINATE: ("unit", "before", "after"),
    ChangeKind.EXTRA_NAME: ("unit", "before", "after"),
    ChangeKind.INTERNAL_BODIES: ("unit",),
    ChangeKind.HEADCOUNT: ("unit", "resource", "before", "after"),
    ChangeKind.POSTS: ("unit", "resource", "before", "after"),
    ChangeKind.REALLOCATE: ("resource", "number", "from_unit", "to_unit", "from_level", "to_level"),
}


def _quotas(row: Typed) -> list[tuple[str, str]]:
    return [(each.value, row[f"quota-{each.value}"]) for each in Resource if row.get(f"quota-{each.value}")]


def _bodies(row: Typed) -> dict[str, Any]:
    if not row.get("body"):
        return {}  # neither side is on the page yet
    before, after = _side(row, "before"), _side(row, "after")
    found: dict[str, Any] = {}
    if row.get("body") != NEW_BODY and before:
        found["before"] = before
    if row.get("abolished") != _ABOLISHED:
        found["after"] = after
    return found


def _side(row: Typed, side: str) -> dict[str, Any]:
    typed = {name: row[f"{side}-{name}"] for name in _BODY_FIELDS if row.get(f"{side}-{name}")}
    posts = {name: as_number(typed[name]) for name in ("chief_posts", "deputy_posts") if name in typed}
    return typed | posts


# --- and back ------------------------------------------------------------------------------------------------------


def typed_of(application: AnyApplication) -> Typed:
    if not isinstance(application, EstablishmentChangeApplication):
        raise TypeError("an application of another procedure")
    typed = flat(application.model_dump(mode="json", exclude_none=True, exclude={"changes", "procedure"}))
    return with_rows(typed, "changes", [_row(change) for change in application.changes])


def _row(change: Any) -> Typed:
    if isinstance(change, InternalBodies):
        row = {"kind": change.kind, "unit": change.unit, "body": change.before.name if change.before else NEW_BODY}
        for side, held in (("before", change.before), ("after", change.after)):
            values = held.model_dump(mode="json", exclude_none=True) if held else {}
            row |= {f"{side}-{name}": str(value) for name, value in values.items()}
        return row | ({} if change.after else {"abolished": _ABOLISHED})
    row = flat(change.model_dump(mode="json", exclude_none=True, exclude={"quotas", "units"}))
    if isinstance(change, EstablishUnit):
        row |= {f"quota-{quota.resource.value}": str(quota.number) for quota in change.quotas}
    if change.kind == ChangeKind.MERGE.value:
        row["units"] = SEVERAL.join(change.units)
    return row


def field_of(place: tuple[Any, ...], typed: Typed) -> str:
    """Where a fault of the model is on the form: the union's tag is left out, lists become the form's own fields."""
    if place[:1] != ("changes",):
        return ".".join(str(part) for part in place)
    if len(place) < 3:  # no row at all, or one whose kind was not chosen
        return f"changes.{place[1] if len(place) > 1 else 0}.kind"
    number, rest = place[1], [str(part) for part in place[3:]]
    row = rows(typed, "changes")[int(number)]
    if not rest:
        return f"changes.{number}.kind"
    if rest[0] == "quotas" and len(rest) > 1:
        filled = _quotas(row)
        return f"changes.{number}.quota-{filled[int(rest[1])][0]}"
    if rest[0] in ("before", "after") and row.get("kind") == ChangeKind.INTERNAL_BODIES:
        side = rest[0] if rest[0] == "after" else "before"
        return f"changes.{number}.{side}-{rest[1]}" if len(rest) > 1 else f"changes.{number}.body"
    if rest[0] == "before":  # read from the register once these two are chosen
        unchosen = [name for name in ("unit", "resource") if name in _ASKED[row["kind"]] and not row.get(name)]
        return f"changes.{number}.{[*unchosen, 'before'][0]}"
    return f"changes.{number}.{rest[0]}"


def asks(name: str, typed: Typed) -> bool | None:
    """Fields of a row by the kind of its change: not every kind has them, and of some an empty one says something."""
    group, _dot, rest = name.partition(".")
    number, _dot, leaf = rest.partition(".")
    if group != "changes" or not number.isdecimal() or leaf == "kind":
        return None
    row = {field: typed.get(f"changes.{number}.{field}", "") for field in ("kind", "body", "abolished")}
    if leaf == "after-name":
        there = row["kind"] == ChangeKind.INTERNAL_BODIES and row["body"] != ""
        return there and row["abolished"] != _ABOLISHED
    return leaf in _ASKED.get(row["kind"], ())


_ASKED: dict[str, tuple[str, ...]] = {
    ChangeKind.ESTABLISH: ("code", "name", "unit_kind", "rank"),
    ChangeKind.ABOLISH: ("unit",),
    ChangeKind.MERGE: ("units", "into"),
    ChangeKind.RENAME: ("unit", "after"),
    ChangeKind.RERANK: ("unit", "after"),
    ChangeKind.RESUBORDINATE: ("unit",),
    ChangeKind.EXTRA_NAME: ("unit",),
    ChangeKind.INTERNAL_BODIES: ("unit", "body"),
    ChangeKind.HEADCOUNT: ("unit", "resource", "after"),
    ChangeKind.POSTS: ("unit", "resource", "after"),
    ChangeKind.REALLOCATE: ("resource", "number"),
}
"""What must be filled in of a change, besides its kind."""


# --- before, from the register -------------------------------------------------------------------------------------


def completed(typed: Typed, facts: dict[str, UnitFacts], codes: dict[str, str]) -> Typed:
    """Every `before` as the register has it now; of a unit that it does not show, as it was typed. A unit that was
    typed by its name (`codes`: name → code) is put by its code."""
    found = [row | _coded(row, codes) | _before(row, facts) for row in rows(typed, "changes")]
    return with_rows(typed, "changes", found)


def _coded(row: Typed, codes: dict[str, str]) -> Typed:
    fields = ("from_unit", "to_unit", *(["after"] if row.get("kind") == ChangeKind.RESUBORDINATE else []))
    return {name: codes[row[name]] for name in fields if row.get(name) in codes}


def _before(row: Typed, facts: dict[str, UnitFacts]) -> Typed:
    unit = facts.get(row.get("unit", ""))
    if unit is None:
        return {}
    match row.get("kind"):
        case ChangeKind.RENAME:
            return {"before": unit.name}
        case ChangeKind.RERANK:
            return {"before": unit.rank or "无"}
        case ChangeKind.RESUBORDINATE:
            return {"before": unit.parent or ""}
        case ChangeKind.EXTRA_NAME:
            return {"before": unit.other_names}
        case ChangeKind.HEADCOUNT | ChangeKind.POSTS if row.get("resource"):
            account = unit.balances.get(Resource(row["resource"])) if row["resource"] in _CODES else None
            return {"before": str(account.authorised if account else 0)}
        case ChangeKind.INTERNAL_BODIES:
            return _body_before(row, unit)
        case _:
            return {}


_CODES = frozenset(each.value for each in Resource)


def _body_before(row: Typed, unit: UnitFacts) -> Typed:
    blank = {f"before-{name}": "" for name in _BODY_FIELDS}
    held = unit.bodies.get(row.get("body", ""))
    if held is None:
        return blank
    posts = {"chief_posts": held.chief_posts, "deputy_posts": held.deputy_posts}
    before = {"before-name": row["body"], "before-rank": held.rank or ""} | {
        f"before-{name}": "" if number is None else str(number) for name, number in posts.items()
    }
    # chosen for the first time: what stays as it is need not be typed
    fresh = row.get("loaded") != row["body"]
    after = {name.replace("before", "after"): value for name, value in before.items()} if fresh else {}
    untouched = not any(row.get(f"after-{name}") for name in _BODY_FIELDS)
    return blank | before | (after if untouched or row.get("loaded") else {}) | {"loaded": row["body"]}


ESTABLISHMENT_CHANGE = Form(
    procedure=Procedure.ESTABLISHMENT_CHANGE,
    template="console/apply_change.html",
    groups={"changes": 30, "attachments": 20},
    labels=COMMON
    | {
        "kind": "主要事项",
        "title": "请示标题",
        "request_no": "请示文号",
        "justification": "五项论证",
        "justification.party_leadership": "是否有利于坚持和加强党的全面领导",
        "justification.lawfulness": "是否符合党章党规和法律法规",
        "justification.development": "是否适应经济社会发展需要和财政保障能力",
        "justification.soundness": "是否科学合理，是否考虑了机构编制以外的办法",
        "justification.risks": "风险分析和应对",
        "absorption_until": "消化期至",
        "changes": "调整事项",
        "changes.kind": "事项",
        "changes.unit": "所涉单位",
        "changes.code": "统一社会信用代码",
        "changes.name": "单位名称",
        "changes.unit_kind": "单位性质",
        "changes.rank": "规格",
        "changes.nature": "机构类别",
        "changes.parent": "主管部门",
        "changes.units": "被合并的单位",
        "changes.into": "并入单位",
        "changes.after_name": "合并后的名称",
        "changes.resource": "编制或职数",
        "changes.before": "调整前",
        "changes.after": "调整后",
        "changes.body": "内设机构",
        "changes.abolished": "撤销该内设机构",
        "changes.before-name": "调整前名称",
        "changes.before-rank": "调整前规格",
        "changes.before-chief_posts": "调整前正职职数",
        "changes.before-deputy_posts": "调整前副职职数",
        "changes.after-name": "调整后名称",
        "changes.after-rank": "调整后规格",
        "changes.after-chief_posts": "调整后正职职数",
        "changes.after-deputy_posts": "调整后副职职数",
        "changes.number": "调剂名额",
        "changes.from_unit": "调出单位",
        "changes.to_unit": "调入单位",
        "changes.from_level": "调出方层级",
        "changes.to_level": "调入方层级",
    },
    needed=frozenset(
        {
            "unit",
            "kind",
            "title",
            "request_no",
            "contact",
            "basis.meeting",
            "basis.date",
            "changes.kind",
            "changes.unit",
            "changes.code",
            "changes.name",
            "changes.unit_kind",
            "changes.rank",
            "changes.units",
            "changes.into",
            "changes.resource",
            "changes.after",
            "changes.body",
            "changes.after-name",
            "changes.number",
            "attachments.title",
            "attachments.digest",
        }
        | {f"justification.{point}" for point in POINTS}
    ),
    places=(
        *EVERYWHERE,
        (r"^(?:未填写)?请示标题", "title"),
        (r"^(?:未填写)?请示文号", "request_no"),
        (r"^五项论证未填写“是否有利于坚持", "justification.party_leadership"),
        (r"^五项论证未填写“是否符合", "justification.lawfulness"),
        (r"^五项论证未填写“是否适应", "justification.development"),
        (r"^五项论证未填写“是否科学", "justification.soundness"),
        (r"^五项论证未填写“风险", "justification.risks"),
        (r"^没有一项属于", "kind"),
        (r"消化期", "absorption_until"),
        (r"^第(\d+)项统一社会信用代码", "changes.#.code"),
        (r"^第(\d+)项(?:编制增减|职数增减|编制调剂)只用于", "changes.#.resource"),
        (r"^第(\d+)项调整前后相同", "changes.#.after"),
        (r"^第(\d+)项", "changes.#.kind"),
    ),
    unlabelled=frozenset({"changes.loaded"} | {f"changes.quota-{each.value}" for each in Resource}),
    body=body,
    typed_of=typed_of,
    field_of=field_of,
    asks=asks,
)
