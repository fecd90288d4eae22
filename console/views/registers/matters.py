"""核定单, 问题台账 and 暂停受理: what cases left in the register."""

from __future__ import annotations

from starlette.requests import Request

from docket import registers, slips
from docket.problems import knows_the_source, source_for
from docket.registers import Condition, Shown
from models.enums import ProblemSource, ProblemState, Resource, SlipState, SlotState, State, Way
from models.register import ProblemRow, Slip, Suspension, table_of

from ...words import _, day, label
from .base import (
    Asking,
    Filter,
    Register,
    Related,
    between_days,
    choice,
    closed,
    flag,
    later,
    moment_column,
    number_column,
    text_column,
    to_case,
    to_unit,
    unit_named,
    yes_no,
)

_slip = table_of(Slip)
_problem = table_of(ProblemRow)
_suspension = table_of(Suspension)
SLIP_TONES = {SlipState.VALID.value: "green", SlipState.EXHAUSTED.value: "secondary"}
PROBLEM_TONES = {ProblemState.OPEN.value: "yellow", ProblemState.CLOSED.value: "green"}
ENDED = {"lifted": "恢复受理", "not-confirmed": "未予确认"}


class Slips(Register):
    key = "slips"
    menu_label = "核定单"
    listing = registers.SLIPS
    search_hint = later("核定单文号或事项编号")
    fields = [
        text_column("number", "核定单文号", whole=True),
        text_column("unit_name", "机构", link=to_unit),
        text_column("case_no", "事项编号", link=to_case, whole=True),
        moment_column("issued_at", "签发时间"),
        text_column("valid_until", "有效期至", show=day, whole=True),
        text_column("state", "状态", show=closed(SlipState), tone=lambda value: SLIP_TONES.get(value, "red")),
        number_column("slots", "核定名额", orderable=False),
        number_column("open_slots", "未使用", orderable=False),
    ]
    filters = (
        unit_named(_slip.c.unit),
        choice("state", "状态", _slip.c.state, SlipState),
        between_days("issued", "签发日期", _slip.c.issued_at, moments=True),
        between_days("until", "有效期至", _slip.c.valid_until, moments=True),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _slip.c.unit)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return _slip.c.number.contains(text, autoescape=True) | registers.of_cases(asking.s, _slip.c.case_id, text)

    def related(self, asking: Asking, request: Request, row: Shown) -> list[Related]:
        return [
            Related(
                title=_("名额"),
                headers=[_("编号"), _("编制（职数）类别"), _("进入方式"), _("内设机构"), _("状态")],
                rows=[
                    [
                        slot.code,
                        label(Resource(slot.resource)),
                        label(Way(slot.way)),
                        slot.internal_body,
                        label(SlotState(slot.state)),
                    ]
                    for slot in slips.slots_of(asking.s, row.key0)
                ],
                nothing=_("没有名额"),
            )
        ]


class Problems(Register):
    key = "problems"
    menu_label = "问题台账"
    listing = registers.PROBLEMS
    search_hint = later("事项编号")
    fields = [
        text_column("kind", "问题类型"),
        text_column("unit_name", "机构", link=to_unit),
        text_column("case_no", "事项编号", link=to_case, whole=True),
        text_column("no", "序号"),
        text_column("source", "问题来源", show=closed(ProblemSource), orderable=False),
        text_column("state", "状态", show=closed(ProblemState), tone=lambda value: PROBLEM_TONES.get(value, "blue")),
        text_column("due_at", "整改期限", show=day, whole=True),
        text_column("overdue", "是否逾期", show=str, orderable=False, tone=lambda value: "red"),
        text_column("opened_at", "立账日期", show=day, whole=True),
        text_column("reported_at", "报告日期", show=day, whole=True),
        text_column("closed_at", "销号日期", show=day, whole=True),
        number_column("attempt", "验收次数"),
        text_column("clause", "依据条款", orderable=False),
    ]

    def filters_for(self, request: Request) -> list[Filter]:
        return [
            unit_named(_problem.c.unit),
            choice("state", "状态", _problem.c.state, ProblemState),
            Filter("source", later("问题来源"), "choice", _found_by, _sources_told, ProblemSource),
            flag("overdue", "只看逾期的", lambda asking: registers.late_problems(asking.now)),
            flag("open", "只看未销号的", lambda asking: _problem.c.state != ProblemState.CLOSED.value),
            between_days("due", "整改期限", _problem.c.due_at, moments=True),
        ]

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.own_unit(asking.officer, _problem.c.unit)

    def search(self, asking: Asking, text: str) -> Condition | None:
        return registers.of_cases(asking.s, _problem.c.case_id, text)

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        for row in rows:
            row.source = source_for(asking.officer, row.source)
            late = row.state == ProblemState.OPEN and row.due_at < asking.now and row.case_state != State.HELD
            row.overdue = _("已逾期") if late else None

    def name_of(self, row: Shown) -> str:
        return f"{row.case_no} {row.no}"


def _found_by(asking: Asking, value: str) -> Condition:
    """For those who may not know it, what came by the hotline was found by verification, in filters too."""
    if knows_the_source(asking.officer):
        return _problem.c.source == value
    told = [each.value for each in ProblemSource if source_for(asking.officer, each.value) == value]
    return _problem.c.source.in_(told)


def _sources_told(asking: Asking) -> list[tuple[str, str]]:
    told = {source_for(asking.officer, each.value) for each in ProblemSource}
    return [(each.value, label(each)) for each in ProblemSource if each in told]


class Suspensions(Register):
    key = "suspensions"
    menu_label = "暂停受理"
    listing = registers.SUSPENSIONS
    search_hint = later("通知书文号或事项编号")
    fields = [
        text_column("unit_name", "机构", link=to_unit),
        text_column("state", "状态", orderable=False, tone=lambda value: "red" if value == _("暂停中") else "green"),
        text_column("number", "通知书文号", whole=True),
        moment_column("from_at", "暂停时间"),
        moment_column("lifted_at", "结束时间"),
        text_column("ended_by", "结束方式", show=lambda value: _(ENDED[value]), orderable=False),
        text_column("confirmed_at", "确认", show=str, orderable=False),
        text_column("covers_subordinates", "是否及于下属机构", show=yes_no, orderable=False),
        text_column("problems", "涉及问题", orderable=False),
        text_column("case_no", "事项编号", link=to_case, whole=True),
    ]
    filters = (
        unit_named(_suspension.c.unit),
        flag("standing", "只看暂停中的", lambda asking: _suspension.c.lifted_at.is_(None)),
        flag("provisional", "只看待确认的", lambda asking: registers.unconfirmed()),
        between_days("from", "暂停日期", _suspension.c.from_at, moments=True),
    )

    def scope(self, asking: Asking) -> list[Condition]:
        return registers.suspensions_of(asking.s, asking.officer, asking.now)

    def search(self, asking: Asking, text: str) -> Condition | None:
        number = _suspension.c.number.contains(text, autoescape=True)
        return number | registers.of_cases(asking.s, _suspension.c.case_id, text)

    def complete(self, asking: Asking, rows: list[Shown]) -> None:
        for row in rows:
            row.state = _("暂停中") if row.lifted_at is None else _("已结束")
            row.confirmed_at = day(row.confirmed_at) if row.confirmed_at else _("到期自动暂停，待确认")
