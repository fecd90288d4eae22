"""用编申请 (domain.md §4.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from models.enums import Procedure, Way

from ..words import _
from .base import COMMON, EVERYWHERE, Form
from .sheet import Sheet
from .typed import Typed, as_number, rows


def asks(name: str, typed: Typed) -> bool | None:
    """The document of a higher body stands in place of the unit's own decision; posts of a body name the body."""
    part, _dot, _rest = name.partition(".")
    if part in ("basis", "appointment"):
        above = any(row.get("way") == Way.APPOINTED_ABOVE.value for row in rows(typed, "lines"))
        above = above or any(typed.get(f"appointment.{field}") for field in ("document_no", "body", "date"))
        return above is (part == "appointment")
    row, _dot, leaf = name.rpartition(".")
    return typed.get(f"{row}.resource", "").startswith("post:internal") if leaf == "internal_body" else None


def beyond(lines: Sequence[tuple[str, str, int]], sheet: Sheet) -> list[str]:
    """For each line (resource, way, number) a word of warning where more is asked for, over all lines, than is vacant:
    the gate lets it pass and the examiner cuts it. Empty where nothing is vacant at all, which the gate refuses, and
    for appointments by a higher body, which may exceed it."""
    asked: Counter[str] = Counter()
    for resource, way, number in lines:
        asked[resource] += number if way != Way.APPOINTED_ABOVE.value else 0
    vacant = {each.resource.value: each.vacancy for each in sheet.balances}
    return [
        _("申请%(n)d名，现空余%(vacant)d名，审核时可能核减") % {"n": asked[resource], "vacant": vacant[resource]}
        if way != Way.APPOINTED_ABOVE.value and 0 < vacant.get(resource, 0) < asked[resource]
        else ""
        for resource, way, _number in lines
    ]


def warned(typed: Typed, sheet: Sheet) -> dict[str, str]:
    """Field → what `beyond` says of the lines as they were typed."""
    lines = []
    for row in rows(typed, "lines"):
        number = as_number(row.get("number", ""))
        lines.append((row.get("resource", ""), row.get("way", ""), number if isinstance(number, int) else 0))
    return {f"lines.{n}.number": said for n, said in enumerate(beyond(lines, sheet)) if said}


STAFFING_UP = Form(
    procedure=Procedure.STAFFING_UP,
    template="console/apply_staffing.html",
    groups={"lines": 20, "attachments": 20},
    labels=COMMON
    | {
        "lines": "用编明细",
        "lines.resource": "编制或职数",
        "lines.number": "人数",
        "lines.way": "进入方式",
        "lines.internal_body": "拟用内设机构",
        "lines.reason": "用编原因",
        "basis": "领导班子集体研究",
        "appointment": "上级任命文件",
        "appointment.document_no": "任命文号",
        "appointment.body": "任命机关",
        "appointment.date": "任命日期",
    },
    needed=frozenset(
        {
            "unit",
            "lines.resource",
            "lines.number",
            "lines.way",
            "lines.reason",
            "contact",
            "basis.meeting",
            "basis.date",
            "attachments.title",
            "attachments.digest",
        }
    ),
    places=(
        *EVERYWHERE,
        (r"^所报第(\d+)项.*空余-?\d+名$", "lines.#.number"),
        (r"^所报第(\d+)项未填写用编原因", "lines.#.reason"),
        (r"^所报第(\d+)项(?:内设机构|未填写拟任职)", "lines.#.internal_body"),
        (r"^所报第(\d+)项为上级任命", "lines.#.way"),
        (r"^任命文件的日期", "appointment.date"),
        (r"^上级任命与其他进入方式", "appointment.document_no"),
        (r"^所报第(\d+)项", "lines.#.resource"),
    ),
    whole=frozenset({"number"}),
    blank_row={"number": "1"},
    asks=asks,
)
