"""整改立账 and 预警, which the office opens by itself (domain.md §4.6, §4.7)."""

from __future__ import annotations

from models.enums import Procedure

from .base import Form

RECTIFICATION = Form(
    procedure=Procedure.RECTIFICATION,
    template="console/apply_rectification.html",
    groups={"problems": 50},
    first={"problems.0.no": "1"},
    labels={
        "unit": "被整改单位",
        "problems": "问题清单",
        "problems.no": "问题编号",
        "problems.kind": "问题类别",
        "problems.facts": "问题事实",
        "problems.source": "发现来源",
        "problems.clause": "依据条款",
        "problems.measure": "整改要求",
        "problems.due": "整改期限",
        "warning_no": "预警事项编号",
        "remark": "备注",
    },
    needed=frozenset(
        {
            "unit",
            "problems.no",
            "problems.kind",
            "problems.facts",
            "problems.source",
            "problems.measure",
            "problems.due",
        }
    ),
    places=(
        (r"^问题编号(.+)重复$", "problems.@.no"),
        (r"^问题编号不得", "problems.0.no"),
        (r"^问题([A-Za-z0-9-]+)的问题类别", "problems.@.kind"),
        (r"^问题([A-Za-z0-9-]+)的整改期限", "problems.@.due"),
        (r"^该机构已于", "unit"),
    ),
)

EARLY_WARNING = Form(
    procedure=Procedure.EARLY_WARNING,
    template="console/apply_warning.html",
    groups={},
    labels={
        "unit": "单位",
        "indicator": "预警指标",
        "value": "指标值",
        "threshold": "阈值",
        "facts": "情况说明",
        "level": "预警级别",
        "remark": "备注",
    },
    needed=frozenset({"unit", "indicator", "facts", "level"}),
    places=((r"^见", "indicator"), (r"^该单位已撤销", "unit")),
)
