"""The papers of 整改—暂停受理: notice, warning, suspension, resumption, site check, exception (domain.md §4.6, §13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from docket import cases, problems
from docket.cases import StepKey
from docket.commands import CommandRow
from models.applications import Problem, RectificationApplication
from models.decisions import Decision, ExceptionalRequest
from models.documents import (
    ClosedProblem,
    ExceptionalAcceptanceContext,
    FindingLine,
    ProblemLine,
    RectificationNoticeContext,
    ResumptionNoticeContext,
    SiteCheckRecordContext,
    SiteCheckRow,
    SuspensionNoticeContext,
    WarningLetterContext,
)
from models.enums import Department, DocumentKind, Step, UnitKind, Verdict
from models.refusals import cited
from models.register import ProblemRow, Record, Suspension, Unit
from records import register as records
from rules.deadlines import add_working_days, chinese_date, local_day
from rules.rectification import (
    LISTED,
    SUSPENDED_MATTERS,
    covered,
    found_by,
    overdue_text,
    sitting_of,
    source_shown,
    without_identity,
)
from rules.routing import clause_cited

from .paper import Base, department_name, issue
from .turn import Turn

REVIEW_DAYS = 10
"""Working days in which the unit may ask for a review of a suspension (domain.md §2.4 f)."""

PASSED = "经实地检查，已按要求整改到位"


def rectification_notice(turn: Turn, rows: list[ProblemRow], opened_by: str) -> Record:
    """整改通知书: what was found, what to do by when, what follows if not."""
    said = _said(turn)

    def context(base: Base) -> RectificationNoticeContext:
        return RectificationNoticeContext(
            **base,
            found_by=found_by(problem.source for problem in said.values()),
            problems=_lines(turn, rows),
            report_by=_day(rows[0].due_at) if len({row.due_at for row in rows}) == 1 else "上列各项整改期限",
            consequence=_consequence(turn),
            handled_by=opened_by,
            contact=turn.deps.rulebook.office.contact,
        )

    return issue(
        turn, DocumentKind.RECTIFICATION_NOTICE, "整改通知书", Step.OPEN.value, "", {"经办": opened_by}, context
    )


def warning_letter(turn: Turn, decision: Decision, suspension: Suspension) -> Record:
    """书面警示函: the term has passed (or the setting closes at discovery), the gate has closed by rule."""
    rows = _named(turn, suspension)
    notice, handled = notice_number(turn), _who(turn, Step.OPEN, "")

    def finding(row: ProblemRow) -> FindingLine:
        line = _line(turn, row)
        state = f"，{line.overdue}" if line.overdue else ""
        standing = f"至今未整改到位{state}" if line.overdue else "尚未整改到位"
        text = f"问题{line.no}（{line.kind}）：{line.facts}，整改期限{line.due}，{standing}"
        return FindingLine(text=text, clause=line.clause)

    late = any(_line(turn, row).overdue for row in rows)

    def context(base: Base) -> WarningLetterContext:
        return WarningLetterContext(
            **base,
            occasion=f"《整改通知书》（{notice}）" + ("所列问题整改期限届满" if late else "发出后"),
            findings=[finding(row) for row in rows],
            risk="上述问题不及时整改，将影响机构编制的严肃性和机构编制台账的真实准确。",
            request="请你单位立即整改，逐项报告整改情况。",
            reply_by="",
            consequence=f"自{_day(suspension.from_at)}起，{covered(suspension.covers_subordinates)}的机构编制事项申请已按规定"
            "先行暂停受理，是否暂停受理由有权机关另行决定并书面通知。",
            handled_by=handled,
            contact=turn.deps.rulebook.office.contact,
            copies_to=_higher(turn),
        )

    return issue(
        turn,
        DocumentKind.WARNING_LETTER,
        "书面警示函",
        decision.step,
        decision.subject,
        {"经办": handled, "签发": turn.officer.shown},
        context,
    )


def _since(turn: Turn, suspension: Suspension) -> str:
    """From when: where the gate closed by rule before anybody decided, the letter says that it did."""
    day = _day(suspension.from_at)
    first = local_day(suspension.from_at) < turn.today
    return f"{day}（整改期限届满，当日起已先行暂停受理）" if first else day


def suspension_notice(turn: Turn, decision: Decision, suspension: Suspension) -> Record:
    """暂停受理通知书, with copies to organisation, personnel, finance and the unit in charge."""
    rows = _named(turn, suspension)
    handled = _who(turn, Step.PROPOSE_SUSPENSION, decision.subject)
    review_on = add_working_days(turn.today, REVIEW_DAYS, turn.deps.calendar)

    def context(base: Base) -> SuspensionNoticeContext:
        return SuspensionNoticeContext(
            **base,
            decided_by=_decided_by(turn, decision),
            basis=cited("A 三"),
            problems=[_line(turn, row) for row in rows],
            from_on=_since(turn, suspension),
            covered=covered(suspension.covers_subordinates),
            suspended=list(SUSPENDED_MATTERS),
            unaffected="办理出编，核减编制职数、撤销机构等整改本身需要的事项，不受影响；确有紧急必要的，可以申请例外受理。",
            lifted_when="本次整改的问题全部整改到位，经实地检查验收销号后，恢复受理。",
            review_by=chinese_date(review_on),
            handled_by=handled,
            contact=turn.deps.rulebook.office.contact,
            copies_to=_copies(turn),
        )

    officers = {"经办": handled, "决定": turn.officer.shown}
    return issue(
        turn, DocumentKind.SUSPENSION_NOTICE, "暂停受理通知书", decision.step, decision.subject, officers, context
    )


def resumption_notice(turn: Turn, decision: Decision, suspension: Suspension, standing: list[Suspension]) -> Record:
    """恢复受理通知书; it says which other suspensions of the unit still stand."""
    rows = _named(turn, suspension)
    handled = _who(turn, Step.PROPOSE_LIFTING, decision.subject)

    def context(base: Base) -> ResumptionNoticeContext:
        return ResumptionNoticeContext(
            **base,
            decided_by=_decided_by(turn, decision),
            suspension_number=suspension.number or "整改期限届满先行暂停，未另行发文",
            problems=[
                ClosedProblem(no=row.no, kind=row.kind, closed_on=_day(row.closed_at or turn.at)) for row in rows
            ],
            from_on=chinese_date(turn.today),
            resumed=covered(suspension.covers_subordinates) + "的" + "和".join(SUSPENDED_MATTERS),
            still_standing=LISTED.join(_standing_text(row) for row in standing),
            follow_up="请你单位巩固整改成果，防止同类问题再次发生。",
            handled_by=handled,
            contact=turn.deps.rulebook.office.contact,
            copies_to=_copies(turn),
        )

    officers = {"经办": handled, "决定": turn.officer.shown}
    return issue(
        turn, DocumentKind.RESUMPTION_NOTICE, "恢复受理通知书", decision.step, decision.subject, officers, context
    )


def site_check_record(turn: Turn, row: ProblemRow, checks: list[Row[Any]], new_due: str) -> Record:
    """验收确认书: one sheet per problem and sitting. Problems are reported and verified at their own times; a sheet
    for all of them would leave a closed problem without its proof until the last one is."""
    first, second = checks
    measure = _said(turn)[row.no].measure
    passed = not new_due
    names = [first.officer_name, second.officer_name]

    def context(base: Base) -> SiteCheckRecordContext:
        return SiteCheckRecordContext(
            **base,
            notice_number=notice_number(turn),
            checked_on=chinese_date(turn.today),
            checks=[
                SiteCheckRow(
                    no=row.no,
                    kind=row.kind,
                    measure=measure,
                    first_inspector=first.officer_name,
                    first_finding=_finding(turn, first),
                    second_inspector=second.officer_name,
                    second_finding=_finding(turn, second),
                    result="合格" if passed else "不合格",
                    new_due=new_due,
                )
            ],
            conclusion="已整改到位，予以销号。" if passed else f"未整改到位，继续挂号，限于{new_due}前整改到位。",
            inspectors=LISTED.join(names),
            handled_by=turn.officer.shown,
        )

    return issue(
        turn,
        DocumentKind.SITE_CHECK_RECORD,
        "整改情况实地检查验收确认书",
        Step.SITE_CHECK.value,
        sitting_of(first.subject),
        {"检查": LISTED.join(names)},
        context,
        about=f"问题{row.no}（{without_identity(row.kind)}）",
    )


def exceptional_acceptance(
    turn: Turn, decision: Decision, request: CommandRow, unit: Unit, suspension: Suspension
) -> Record:
    """例外受理审批表: matter, scope, reason, who approved, and until when."""
    body = ExceptionalRequest.model_validate(request.body)
    approver = turn.officer.shown
    by_unit = request.officer.department is Department.UNIT
    asked_by = turn.unit().name if by_unit else department_name(turn, request.officer.department)
    resources = LISTED.join(resource.label for resource in body.scope.resources)
    scope = LISTED.join(procedure.label for procedure in body.scope.procedures)

    def context(base: Base) -> ExceptionalAcceptanceContext:
        return ExceptionalAcceptanceContext(
            **base,
            suspension=suspension.number or _standing_text(suspension),
            matter=body.scope.matter,
            scope=f"{scope}：{resources}" if resources else scope,
            reason=body.reason,
            risk=body.risk or "未填写",
            requested_by=f"{asked_by}{request.officer.shown}",
            requested_on=_day(request.decided_at),
            office_opinion=_office_opinion(turn, suspension, by_unit=by_unit),
            approved_by=_decided_by(turn, decision),
            approver=approver,
            opinion=decision.opinion or "同意例外受理。",
            valid_from=chinese_date(turn.today),
            valid_until=chinese_date(body.until),
            clause=clause_cited("A 三", UnitKind(unit.kind), turn.deps.rulebook.office.local_rule),
        )

    return issue(
        turn,
        DocumentKind.EXCEPTIONAL_ACCEPTANCE,
        "例外受理审批表",
        decision.step,
        decision.subject,
        {"批准": approver},
        context,
        unit=unit,
        about=f"{scope}：{resources}" if resources else scope,
    )


# --- parts ---------------------------------------------------------------------------------------------------------


def _office_opinion(turn: Turn, suspension: Suspension, *, by_unit: bool) -> str:
    """编办意见: what was checked before the commission could be asked (`activities.exceptions`), and nothing more."""
    named = f"《暂停受理通知书》（{suspension.number}）" if suspension.number else "暂停受理"
    checked = f"经核对，该单位现在{named}范围内，所列事项非经例外受理审批不予受理；报请审批。"
    return checked if by_unit else f"由我办提出，见紧急必要。{checked}"


def _consequence(turn: Turn) -> str:
    if turn.deps.rulebook.rectification.suspend_at == "discovery":
        return "自本通知书印发之日起先行暂停受理你单位机构编制事项申请，全部整改到位后恢复。"
    return "逾期未整改到位的，按规定暂停受理你单位机构编制事项申请。"


def notice_number(turn: Turn) -> str:
    """Number of the case's 整改通知书."""
    found = (r for r in records.of_case(turn.s, turn.case.id) if r.kind is DocumentKind.RECTIFICATION_NOTICE)
    return next(found).number


def _said(turn: Turn) -> dict[str, Problem]:
    return {problem.no: problem for problem in turn.applied(RectificationApplication).problems}


def _named(turn: Turn, suspension: Suspension) -> list[ProblemRow]:
    """The problems of a suspension that are still open."""
    numbers = suspension.problems.split(LISTED)
    rows = [row for row in problems.of_case(turn.s, turn.case.id) if row.no in numbers]
    return [row for row in rows if row.closed_at is None] or rows


def _lines(turn: Turn, rows: list[ProblemRow]) -> list[ProblemLine]:
    return [_line(turn, row) for row in rows]


def _line(turn: Turn, row: ProblemRow) -> ProblemLine:
    said = _said(turn)[row.no]
    return ProblemLine(
        no=row.no,
        kind=row.kind,
        facts=said.facts,
        source=source_shown(said.source),
        clause=cited(said.clause or "") or said.clause or "",
        measure=said.measure,
        due=_day(row.due_at),
        overdue=overdue_text(local_day(row.due_at), turn.today, turn.deps.calendar),
    )


def _finding(turn: Turn, row: Row[Any]) -> str:
    """What an inspector wrote of a problem: the finding, else the opinion."""
    named = cases.detail_of(turn.s, row).get("problems") or [{}]
    text: str = named[0].get("finding") or cases.opinion_of(turn.s, row) or PASSED
    return f"{'合格' if row.verdict == Verdict.APPROVE else '不合格'}：{text}"


def _standing_text(row: Suspension) -> str:
    return f"《暂停受理通知书》{row.number}" if row.number else f"自{_day(row.from_at)}起先行暂停受理"


def _decided_by(turn: Turn, decision: Decision) -> str:
    minutes = f"（{decision.minutes_no}）" if decision.minutes_no else ""
    return department_name(turn, turn.officer.department) + minutes


def _who(turn: Turn, step: Step, subject: str) -> str:
    row = turn.case.find(StepKey(step.value, turn.case.round, subject))
    return row.officer_name if row is not None and row.officer_name else turn.officer.shown


def _higher(turn: Turn) -> str:
    """The unit in charge 主管部门, where there is one."""
    parent = turn.unit().parent
    return turn.unit(parent).name if parent else ""


def _copies(turn: Turn) -> str:
    office = turn.deps.rulebook.office
    names = [office.organisation_name, office.personnel_name, office.finance_name, _higher(turn)]
    return "，".join(name for name in names if name)


def _day(at: datetime) -> str:
    return chinese_date(local_day(at))
