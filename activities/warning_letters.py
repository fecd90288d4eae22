"""The papers of a warning: phone record, written warning, inspection notice and report (domain.md §4.7, §13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import col, select

from docket import cases, notices, warnings
from docket.cases import StepKey
from docket.warnings import MONITOR_ID
from models.applications import Problem, WarningApplication
from models.decisions import PhoneCall
from models.documents import (
    FindingLine,
    InspectionNoticeContext,
    InspectionReportContext,
    PhoneRecordContext,
    ProblemLine,
    WarningLetterContext,
)
from models.enums import Department, DocumentKind, Indicator, Step, StepState, UnitKind
from models.phrasing import broken
from models.refusals import cited
from models.register import Record
from rules.deadlines import SHANGHAI, chinese_date, local_day
from rules.routing import clause_cited

from .paper import Base, department_name, issue
from .turn import Turn

_STOPS = "。．.；;，, "


@dataclass(frozen=True, slots=True)
class _Matter:
    """What an indicator means to a unit: clause, risk, what is asked of it, and who else is told."""

    clause: str
    risk: str
    request: str
    copies: tuple[Department, ...] = ()


_POSTS = (Department.ORGANISATION,)
_MONEY = (Department.ORGANISATION, Department.PERSONNEL, Department.FINANCE)
_LEAVERS = (Department.PERSONNEL, Department.FINANCE, Department.SOCIAL_INSURANCE)

_MATTERS: dict[Indicator, _Matter] = {
    Indicator.OVER_QUOTA: _Matter(
        "B 一.2（实有人员与编制相对应）",
        "上述情形造成实有人员与核定编制不符，存在超编进人的风险。",
        "请你单位核实原因，制定消化措施，在超编消化前停止进人。",
        _MONEY,
    ),
    Indicator.OVER_POSTS: _Matter(
        "A 三（按职数配备干部）",
        "上述情形存在超职数配备领导干部的风险。",
        "请你单位核实原因，制定消化措施，在消化前停止新任同类领导职务。",
        _POSTS,
    ),
    Indicator.HIGH_USE: _Matter(
        "A 四（监测预警机制）",
        "上述情形表明空余编制即将用尽，继续进人存在超编的风险。",
        "请你单位核对实有人员和待退休人员，统筹安排用编计划。",
    ),
    Indicator.FREQUENT_CHANGES: _Matter(
        "A 四（监测预警机制）",
        "机构编制事项变化频繁，影响机构编制的稳定和严肃。",
        "请你单位说明调整原因，评估调整效果，统筹提出后续事项。",
    ),
    Indicator.REMOVAL_OVERDUE: _Matter(
        "B 五.2（减员须及时出编）",
        "上述情形造成台账与实有人员不符，存在虚报人员、冒领经费的风险。",
        "请你单位核实原因，立即补办出编手续。",
        _LEAVERS,
    ),
    Indicator.LONG_VACANCY: _Matter(
        "A 三（提高编制资源使用效益）",
        "上述情形表明编制资源长期闲置，使用效益不高。",
        "请你单位说明空编原因，提出使用计划或者调整意见。",
    ),
    Indicator.STALE_DATA: _Matter(
        "B 二.2（机构管理信息）",
        "登记数据长期未更新，存在与实际情况不符的风险。",
        "请你单位核对机构、编制和实有人员信息，及时报送变化情况。",
    ),
    Indicator.PUBLIC_EVENT: _Matter(
        "A 四（监测预警机制）",
        "上述情形涉及机构编制领域公共事件，可能造成不良影响。",
        "请你单位核实情况，妥善处理，并如实说明原因和处理结果。",
    ),
}
_CONTENT = (
    "机构设置和内设机构运行情况",
    "编制、领导职数使用和实有人员情况",
    "减员和出编手续办理情况",
)
_MATERIALS = "机构编制批复文件、机构编制管理证、人员名册、近六个月工资发放表和社会保险缴纳明细。"


def phone_record(turn: Turn, step: str, call: PhoneCall) -> None:
    """电话提醒记录单: an internal note, never sent to the unit."""
    raised, by = turn.applied(WarningApplication), turn.officer.shown

    def context(base: Base) -> PhoneRecordContext:
        return PhoneRecordContext(
            **base,
            indicator=raised.indicator.label,
            value=raised.value,
            threshold=raised.threshold,
            facts=raised.facts,
            callee=call.callee,
            callee_position=call.callee_position,
            phone=call.phone,
            called_at=_moment(call.called_at),
            answer=call.answer,
            promised_by=chinese_date(call.promised_by) if call.promised_by else "",
            handled_by=by,
        )

    issue(turn, DocumentKind.PHONE_RECORD, "电话提醒记录单", step, "", {"经办": by}, context)


def warning_letter(turn: Turn, step: str, reply_by: date) -> None:
    """书面警示函: finding, risk, what is asked, by when, and what follows; copies to those concerned."""
    raised, handled = turn.applied(WarningApplication), _handled_by(turn)
    matter = _MATTERS[raised.indicator]
    clause = clause_cited(matter.clause, UnitKind(turn.unit().kind), turn.deps.rulebook.office.local_rule)
    called = turn.case.find(StepKey(Step.REMIND.value, turn.case.round))
    reminded = ""
    if called is not None and called.state == StepState.DONE.value:
        reminded = f"并于{chinese_date(local_day(called.decided_at))}电话提醒"

    def context(base: Base) -> WarningLetterContext:
        return WarningLetterContext(
            **base,
            occasion=_observed(turn) + reminded,
            findings=[FindingLine(text=_finding(raised), clause=clause)],
            risk=matter.risk,
            request=matter.request,
            reply_by=chinese_date(reply_by),
            consequence="逾期未回复或者情况未改善的，我办将按规定提出开展实地督查的意见。",
            handled_by=handled,
            contact=turn.deps.rulebook.office.contact,
            copies_to=_copies(turn, matter.copies),
        )

    officers = {"经办": handled, "签发": turn.officer.shown}
    issue(turn, DocumentKind.WARNING_LETTER, "书面警示函", step, "", officers, context)
    _tell(turn, step, matter.copies, "书面警示函")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an inspection is ordered, as the notice says it to the unit and the report about it."""

    to_unit: str
    about_unit: str


def occasion_of_inspection(turn: Turn) -> Occasion:
    """The letter before it, unanswered or not settled by the answer; else the finding itself."""
    letter = turn.s.exec(
        select(Record.number)
        .where(col(Record.case_id) == turn.case.id, col(Record.kind) == DocumentKind.WARNING_LETTER.value)
        .limit(1)
    ).first()
    if letter is None:
        return Occasion(_first_seen(turn), _first_seen(turn))
    row = warnings.of_case(turn.s, turn.case.id)
    if row is not None and row.replied_at is not None:
        unsettled = f"因《书面警示函》（{letter}）所列情形经答复后仍需核实"
        return Occasion(unsettled, unsettled)
    return Occasion(f"因你单位未按期回复《书面警示函》（{letter}）", f"因《书面警示函》（{letter}）到期未回复")


def _first_seen(turn: Turn) -> str:
    indicator = turn.applied(WarningApplication).indicator
    if indicator is Indicator.PUBLIC_EVENT:
        return f"因{indicator.label}"
    seen = "机构编制监测发现" if turn.case.row.applicant == MONITOR_ID else ""
    return f"因{seen}{indicator.label}情形"


def inspection_notice(turn: Turn, step: str, team: list[str], visit_on: date, materials: str) -> None:
    """实地督查通知."""
    occasion = occasion_of_inspection(turn).to_unit
    raised, handled = turn.applied(WarningApplication), _handled_by(turn)

    def context(base: Base) -> InspectionNoticeContext:
        return InspectionNoticeContext(
            **base,
            occasion=occasion,
            visit_on=chinese_date(visit_on),
            content=[_finding(raised), *_CONTENT],
            team=_team(team),
            materials=materials or _MATERIALS,
            issued_by=turn.officer.shown,
            handled_by=handled,
            contact=turn.deps.rulebook.office.contact,
            copies_to=_copies(turn, ()),
        )

    officers = {"经办": handled, "签发": turn.officer.shown}
    issue(turn, DocumentKind.INSPECTION_NOTICE, "实地督查通知", step, "", officers, context)


def inspection_report(
    turn: Turn, ordered: Row[Any], visit_on: date, team: list[str], text: str, found: list[Problem]
) -> None:
    """督查报告: goes to the commission and asks for no decision. Whoever ordered the inspection answers for it."""
    office, by = turn.deps.rulebook.office, turn.officer.shown
    unit = turn.unit().name
    title = broken(f"{office.name}关于{unit}机构编制实地督查情况的报告", [office.name, unit])
    occasion = occasion_of_inspection(turn).about_unit

    def context(base: Base) -> InspectionReportContext:
        return InspectionReportContext(
            **base,
            title=title,
            addressee=office.commission_name,
            occasion=occasion,
            visited_on=chinese_date(visit_on),
            team=_team(team),
            situation=[line.strip() for line in text.splitlines() if line.strip()],
            problems=[_problem(problem) for problem in found],
            next_step=_next_step(found),
            handled_by=by,
            signer=ordered.officer_name,
        )

    officers = {"经办": by, "签发": ordered.officer_name}
    step = Step.INSPECTION_REPORT.value
    issue(turn, DocumentKind.INSPECTION_REPORT, "督查报告", step, "", officers, context, printed=title)


def _next_step(found: list[Problem]) -> str:
    if found:
        return "我办将就上述问题向该单位发出整改通知书，跟踪整改进展，并按规定程序处理未整改到位的问题。"
    return "本次预警办结，我办继续做好日常监测。"


def _problem(problem: Problem) -> ProblemLine:
    return ProblemLine(
        no=problem.no,
        kind=problem.kind,
        facts=problem.facts,
        source=problem.source.label,
        clause=cited(problem.clause or "") or problem.clause or "",
        measure=problem.measure,
        due=chinese_date(problem.due),
    )


def _finding(raised: WarningApplication) -> str:
    """Indicator and facts, with the figures when they were stated."""
    facts = "".join(raised.facts.split()).rstrip(_STOPS)
    figures = [
        f"{name}{figure}" for name, figure in (("当前值", raised.value), ("预警阈值", raised.threshold)) if figure
    ]
    return f"{raised.indicator.label}：{facts}" + (f"（{'，'.join(figures)}）" if figures else "")


def _observed(turn: Turn) -> str:
    return "经机构编制监测" if turn.case.row.applicant == MONITOR_ID else "经监督检查"


def _handled_by(turn: Turn) -> str:
    """经办: the inspector who acted on the case last, or who raised it; for a monitor's finding the duty officer."""
    acted = [
        row.officer_name
        for row in turn.case.steps
        if row.officer and row.step in (Step.REMIND.value, Step.REVIEW.value) and row.state == StepState.DONE.value
    ]
    if acted:
        name: str = acted[-1]
        return name
    if turn.case.row.applicant == MONITOR_ID:
        return turn.deps.rulebook.office.duty_officer
    first: str = cases.rounds(turn.s, turn.case.id)[0].officer_name
    return first


def _team(team: list[str]) -> str:
    return f"组长{team[0]}，成员{'、'.join(team[1:])}"


def _copies(turn: Turn, departments: Iterable[Department]) -> str:
    """主管部门 first, then the departments concerned."""
    parent = turn.unit().parent
    names = [turn.unit(parent).name] if parent else []
    names += [department_name(turn, department) for department in departments]
    return "，".join(names)


def _tell(turn: Turn, step: str, departments: Iterable[Department], what: str) -> None:
    """抄送: the departments find it among their notices; nothing waits for them."""
    for department in departments:
        text = f"抄送{what}：{turn.case.row.title}"
        notices.notify(turn.s, turn.case.id, turn.at, "copy", department, text, f"{turn.case.id}|{step}|{department}")


def _moment(at: datetime) -> str:
    """2026年7月22日9时40分, as Beijing time."""
    local = at.astimezone(SHANGHAI)
    return f"{chinese_date(local.date())}{local.hour}时{local.minute:02d}分"
