"""The charts of the supervisors' desk as data: what ApexCharts draws, and the same numbers as a table for screen
readers, for paper and for a browser without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.enums import Department, Step
from models.overview import Ageing, Month, Pace, QuotaUse, Week

from ..words import _, label

GREEN, BLUE, YELLOW, ORANGE, RED, GREY = "#2f9e44", "#1c6fb8", "#e0a800", "#d9660a", "#a61e1e", "#a8b1bb"


@dataclass(frozen=True)
class Chart:
    """`series`: (name, colour, numbers) over `categories`. `kind` bar (lying) or column (standing).
    `headings` and `rows`: the table. `nothing`: what is said when there are no rows."""

    id: str
    title: str
    kind: str
    categories: Sequence[str]
    series: Sequence[tuple[str, str, Sequence[float]]]
    headings: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    unit: str
    nothing: str
    stacked: bool = False
    note: str = ""

    @property
    def drawn(self) -> dict[str, Any]:
        """As JSON for the page's script."""
        return {
            "kind": self.kind,
            "stacked": self.stacked,
            "unit": self.unit,
            "categories": list(self.categories),
            "series": [{"name": name, "data": list(data)} for name, _colour, data in self.series],
            "colours": [colour for _name, colour, _data in self.series],
        }


def _place(step: str, department: Department) -> str:
    return f"{label(Step(step))} · {label(department)}"


def ageing_chart(found: Sequence[Ageing], most: int = 15) -> Chart:
    shown = found[:most]
    bands = [
        (_("0—1个工作日"), GREEN, [each.days_0_1 for each in shown]),
        (_("2—3个工作日"), BLUE, [each.days_2_3 for each in shown]),
        (_("4—5个工作日"), YELLOW, [each.days_4_5 for each in shown]),
        (_("5个工作日以上"), ORANGE, [each.days_over_5 for each in shown]),
    ]
    return Chart(
        id="ageing",
        title=_("在办环节已等待多久"),
        kind="bar",
        stacked=True,
        categories=[_place(each.step, each.department) for each in shown],
        series=bands,
        headings=[_("环节"), _("部门"), *(name for name, _colour, _data in bands), _("其中已超期")],
        rows=[
            [
                label(Step(each.step)),
                label(each.department),
                each.days_0_1,
                each.days_2_3,
                each.days_4_5,
                each.days_over_5,
                each.overdue,
            ]
            for each in found
        ],
        unit=_("项"),
        nothing=_("没有等待办理的环节"),
        note=_("按环节开始办理之日起算；表中另列已超期的项数。"),
    )


def pace_chart(found: Sequence[Pace], most: int = 15) -> Chart:
    shown = found[:most]
    name = _("中位数（工作日）")
    return Chart(
        id="pace",
        title=_("各环节办理用时"),
        kind="bar",
        categories=[_place(each.step, each.department) for each in shown],
        series=[(name, BLUE, [each.median for each in shown])],
        headings=[_("环节"), _("部门"), _("办结项数"), name, _("最长（工作日）")],
        rows=[
            [label(Step(each.step)), label(each.department), each.decided, f"{each.median:g}", each.longest]
            for each in found
        ],
        unit=_("个工作日"),
        nothing=_("这段时间没有办结的环节"),
        note=_("中位数，按工作日计，当日办结的计为0；至多取最近办结的10000项。"),
    )


def quota_chart(found: Sequence[QuotaUse]) -> Chart:
    """Within the quota, on the way, set aside, free; and what is too many, which is no longer within it."""
    return Chart(
        id="quota",
        title=_("编制使用最满的单位"),
        kind="bar",
        stacked=True,
        categories=[each.name for each in found],
        series=[
            (_("实有（编内）"), BLUE, [max(0, each.occupied - each.over) for each in found]),
            (_("在途"), YELLOW, [each.reserved for each in found]),
            (_("预留"), GREY, [each.set_aside for each in found]),
            (_("空余"), GREEN, [each.vacancy for each in found]),
            (_("超编"), RED, [each.over for each in found]),
        ],
        headings=[_("单位"), _("核定"), _("实有"), _("在途"), _("预留"), _("空余"), _("超编"), _("使用率")],
        rows=[
            [
                each.name,
                each.authorised,
                each.occupied,
                each.reserved,
                each.set_aside,
                each.vacancy,
                each.over,
                "—" if each.percent is None else f"{each.percent}%",
            ]
            for each in found
        ],
        unit=_("名"),
        nothing=_("没有符合条件的单位"),
    )


def weeks_chart(found: Sequence[Week]) -> Chart:
    return Chart(
        id="weeks",
        title=_("每周收办与办结"),
        kind="column",
        categories=[f"{each.monday:%m-%d}" for each in found],
        series=[
            (_("收到"), BLUE, [each.opened for each in found]),
            (_("办结"), GREEN, [each.closed for each in found]),
        ],
        headings=[_("周（周一）"), _("收到"), _("办结")],
        rows=[[each.monday.isoformat(), each.opened, each.closed] for each in reversed(found)],
        unit=_("件"),
        nothing=_("没有事项"),
        note=_("最近26周；办结包括不予受理、不予批准和撤回。"),
    )


def months_chart(found: Sequence[Month]) -> Chart:
    return Chart(
        id="months",
        title=_("编制总量与实有人数"),
        kind="column",
        categories=[f"{each.last_day:%Y-%m}" for each in found],
        series=[
            (_("核定"), GREY, [each.authorised for each in found]),
            (_("实有"), BLUE, [each.occupied for each in found]),
        ],
        headings=[_("月末"), _("核定"), _("实有")],
        rows=[[each.last_day.isoformat(), each.authorised, each.occupied] for each in reversed(found)],
        unit=_("名"),
        nothing=_("没有编制"),
        note=_("最近12个月月末的编制数，不含领导职数；本月为今日数。"),
    )
