"""用编申请 (domain.md §4.1)."""

from __future__ import annotations

from models.enums import Procedure

from .base import COMMON, EVERYWHERE, Form

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
        (r"^第(\d+)行.*空余-?\d+名$", "lines.#.number"),
        (r"^第(\d+)行未填写用编原因", "lines.#.reason"),
        (r"^第(\d+)行(?:内设机构|未填写拟任职)", "lines.#.internal_body"),
        (r"^第(\d+)行为上级任命", "lines.#.way"),
        (r"^任命文件的日期", "appointment.date"),
        (r"^上级任命与其他进入方式", "appointment.document_no"),
        (r"^第(\d+)行", "lines.#.resource"),
    ),
    whole=frozenset({"number"}),
    blank_row={"number": "1"},
)
