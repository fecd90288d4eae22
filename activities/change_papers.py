"""The papers of an establishment change: 机构编制评估表 at examination, 批复 at signing (procedures.md §3; domain.md
§13.1)."""

from __future__ import annotations

from datetime import date

from docket import cases, changing, problems
from docket.cases import StepKey
from ledger import balances as ledger_balances
from ledger import evaluation
from ledger import units as register
from models.applications import EstablishmentChangeApplication
from models.changes import Change, InternalBodies, MergeUnits, PostsChanged, QuotaChanged, Reallocated
from models.documents import (
    BodyChange,
    ChangeReplyContext,
    ComparableRow,
    EvaluationSheetContext,
    PastChange,
    PointRow,
    QuotaChange,
    ReplyArticle,
    RequestLine,
    UseRow,
)
from models.enums import ChangeKind, Department, DocumentKind, Procedure, Resource, Step
from models.ledger import Balance
from models.register import Record, UnitChange
from rules.authority import Authority
from rules.change_gate import POINTS
from rules.changes import UnitFacts, body_text, described, units_named
from rules.deadlines import chinese_date, local_day, terms
from rules.steps import STEPS

from .paper import Base, balance_line, department_name, issue, kind_label, unit_names
from .turn import Turn

NONE = "无"

_DUTY = {
    Step.OBLIGATION_FILING: "将本批复报上级机构编制部门备案",
    Step.OBLIGATION_CONGRESS: "依法报本级人民代表大会常务委员会备案",
    Step.OBLIGATION_CERTIFICATE: "办理《机构编制管理证》变更",
    Step.OBLIGATION_REGISTRATION: "办理事业单位法人登记",
    Step.OBLIGATION_DISCLOSURE: "除涉及国家秘密外，公开机构编制事项",
}
_FIELD = {"name": "名称", "rank": "规格", "parent": "隶属", "other_names": "加挂牌子", "abolished_on": "撤并"}
_ORGANISATIONAL = frozenset(
    {
        ChangeKind.ESTABLISH,
        ChangeKind.ABOLISH,
        ChangeKind.MERGE,
        ChangeKind.RENAME,
        ChangeKind.RERANK,
        ChangeKind.RESUBORDINATE,
        ChangeKind.EXTRA_NAME,
    }
)

Quotas = dict[str, dict[Resource, int]]
"""核定 by unit and resource."""


def duty_of(step: Step) -> Department:
    """Whose task an obligation is."""
    department = STEPS[Procedure.ESTABLISHMENT_CHANGE][step.value].department
    if department is None:
        raise LookupError(f"{step} is nobody's duty")
    return department


def issuer_of(turn: Turn, authority: Authority) -> tuple[str, str]:
    """发文机关 and 代字: the office replies for itself, the commission for what it or a higher body has decided."""
    office = turn.deps.rulebook.office
    if authority.decides is Department.ESTABLISHMENT:
        return office.name, "编办"
    return office.commission_name, "编"


def officers(turn: Turn) -> dict[str, str]:
    return {"经办": _examiner(turn), "签发": turn.officer.shown}


def _examiner(turn: Turn) -> str:
    examined = turn.case.find(StepKey(Step.EXAMINE.value, turn.case.round))
    return str(examined.officer_name) if examined is not None else ""


# --- 机构编制评估表 ------------------------------------------------------------------------------------------------


def evaluation_sheet(turn: Turn, opinion: str) -> Record:
    """Computed, not typed: use over time, past changes, open problems, comparable units, and the five points."""
    application = turn.applied(EstablishmentChangeApplication)
    rules = turn.deps.rulebook.change
    unit = turn.unit()
    since = date(turn.today.year - rules.evaluation_years, 1, 1)
    names = unit_names(turn, application.changes)
    examiner = turn.officer.shown
    duty = turn.deps.rulebook.office.duty_officer
    now = ledger_balances.balances(turn.s, unit.code)

    def context(base: Base) -> EvaluationSheetContext:
        return EvaluationSheetContext(
            **base,
            unit_code=unit.code,
            unit_rank=unit.rank or NONE,
            unit_kind=kind_label(unit),
            request_title=application.title,
            request_no=application.request_no,
            requested=[RequestLine(text=described(change, names)) for change in application.changes],
            balances=[balance_line(balance) for balance in now],
            use=_use(turn, rules.evaluation_years),
            past_changes=_past(turn, since),
            open_problems=[
                f"{row.kind}（期限{chinese_date(local_day(row.due_at))}）"
                for row in problems.open_of_unit(turn.s, unit.code)
            ],
            comparable=_comparable(turn, rules.comparable_units),
            points=[
                PointRow(question=question, answer=getattr(application.justification, name))
                for name, question in POINTS.items()
            ],
            opinion=opinion or "同意提请会签、审议。",
            period=f"{chinese_date(since)}至{chinese_date(turn.today)}",
            handled_by=duty,
            examined_by=examiner,
        )

    hands = {"经办": duty, "审核": examiner}
    return issue(turn, DocumentKind.EVALUATION_SHEET, "机构编制评估表", Step.EXAMINE.value, "", hands, context)


def _use(turn: Turn, years: int) -> list[UseRow]:
    """At the end of each past year, and today."""
    ends = [date(turn.today.year - back, 12, 31) for back in range(years, 0, -1)]
    found = evaluation.use_over_time(turn.s, turn.case.row.unit, [*ends, turn.today])
    return [
        UseRow(
            as_of=chinese_date(use.day),
            authorised=str(use.authorised),
            occupied=str(use.occupied),
            percent=percent(use.occupied, use.authorised),
        )
        for use in found
    ]


def percent(part: int, whole: int) -> str:
    """Whole per cent, rounded half up, in integers."""
    return f"{(200 * part + whole) // (2 * whole)}%" if whole else NONE


def _past(turn: Turn, since: date) -> list[PastChange]:
    unit = turn.case.row.unit
    rows = [
        (row.effective_on, row.basis_no or NONE, _changed(row)) for row in register.changes_since(turn.s, unit, since)
    ]
    rows += [
        (row.day, row.number or NONE, f"{row.resource.label}{row.delta:+d}名")
        for row in evaluation.authorised_since(turn.s, unit, since)
        if row.delta
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    return [PastChange(date=chinese_date(day), number=number, summary=text) for day, number, text in rows]


def _changed(row: UnitChange) -> str:
    what = _FIELD.get(row.field, row.field)
    return f"{ChangeKind(row.kind).label}：{what}由{row.before or NONE}调整为{row.after or NONE}"


def _comparable(turn: Turn, most: int) -> list[ComparableRow]:
    unit = turn.unit()
    return [
        ComparableRow(
            unit=each.name,
            rank=each.rank,
            authorised=str(each.authorised),
            occupied=str(each.occupied),
            percent=percent(each.occupied, each.authorised),
        )
        for each in evaluation.comparable(turn.s, unit.code, unit.kind, unit.rank, most)
    ]


# --- 批复 ----------------------------------------------------------------------------------------------------------


def authorised(turn: Turn, changes: list[Change]) -> Quotas:
    """核定 as it stands of every unit that the changes name."""
    codes = dict.fromkeys(code for change in changes for code in units_named(change))
    return {code: _authorised(ledger_balances.balances(turn.s, code)) for code in codes}


def _authorised(found: list[Balance]) -> dict[Resource, int]:
    return {balance.resource: balance.authorised for balance in found}


def reply(
    turn: Turn, base: Base, changes: list[Change], units: dict[str, UnitFacts], authority: Authority, before: Quotas
) -> ChangeReplyContext:
    """《批复》: what was decided by whom, the figures before and after as the ledger now has them, and the duties."""
    application = turn.applied(EstablishmentChangeApplication)
    names = {code: unit.name for code, unit in units.items()} | unit_names(turn, changes)
    for code, unit in units.items():  # a reply speaks of units by the name that they had
        names[code] = unit.name
    decided = changing.decision_of(turn.case)
    if decided is None:
        raise LookupError("a reply without a decision")
    office = turn.deps.rulebook.office
    minutes = _minutes(turn)
    return ChangeReplyContext.model_validate(
        {
            **base,
            "title": f"{base['issuer']}关于同意{base['unit_name']}{application.kind.label}事项的批复",
            "addressee": base["unit_name"],
            "request_title": application.title,
            "request_no": application.request_no,
            "decided_by": authority.body,
            "minutes_no": minutes,
            "decided_on": chinese_date(local_day(decided.decided_at)),
            "articles": _articles(changes, names),
            "quotas": _quotas(turn, names, before),
            "bodies": _bodies(changes, names),
            "absorption": _absorption(turn, changes, names),
            "obligations": [_obligation(turn, step) for step in authority.obligations],
            "clause": authority.clause,
            "signer": turn.officer.shown,
            "handled_by": _examiner(turn),
            "copies_to": "，".join(
                department_name(turn, each)
                for each in (
                    Department.ORGANISATION,
                    Department.PERSONNEL,
                    Department.FINANCE,
                    Department.SOCIAL_INSURANCE,
                )
            ),
            "printed_by": office.name,
        }
    )


def _minutes(turn: Turn) -> str:
    decided = changing.decision_of(turn.case)
    return str(cases.detail_of(turn.s, decided).get("minutes_no", "")) if decided is not None else ""


def _articles(changes: list[Change], names: dict[str, str]) -> list[ReplyArticle]:
    """Organisation in words; figures and bodies have tables of their own. A reply always says what it agrees to."""
    told = [change for change in changes if ChangeKind(change.kind) in _ORGANISATIONAL]
    heading = "一、机构设置" if told else "一、调整事项"
    paragraphs = [f"同意{described(change, names)}。" for change in told or changes]
    return [ReplyArticle(heading=heading, paragraphs="\n".join(paragraphs))]


def _quotas(turn: Turn, names: dict[str, str], before: Quotas) -> list[QuotaChange]:
    rows = []
    for code, was in before.items():
        now = _authorised(ledger_balances.balances(turn.s, code))
        for resource in Resource:
            old, new = was.get(resource, 0), now.get(resource, 0)
            if old != new:
                rows.append(
                    QuotaChange(
                        unit=names.get(code, code),
                        label=resource.label,
                        before=str(old),
                        after=str(new),
                        delta=f"{new - old:+d}",
                    )
                )
    return rows


def _bodies(changes: list[Change], names: dict[str, str]) -> list[BodyChange]:
    return [
        BodyChange(
            unit=names.get(change.unit, change.unit),
            before=body_text(change.before) if change.before else NONE,
            after=body_text(change.after) if change.after else NONE,
        )
        for change in changes
        if isinstance(change, InternalBodies)
    ]


def _absorption(turn: Turn, changes: list[Change], names: dict[str, str]) -> str:
    """Who is over quota by this reply, and until when; nothing else is said of a term."""
    until = turn.applied(EstablishmentChangeApplication).absorption_until
    if until is None:
        return ""
    touched = [
        change for change in changes if isinstance(change, QuotaChanged | PostsChanged | Reallocated | MergeUnits)
    ]
    codes = dict.fromkeys(code for change in touched for code in units_named(change))
    over = [
        f"{names.get(code, code)}{balance.resource.label}{-balance.vacancy}名"
        for code in codes
        for balance in ledger_balances.balances(turn.s, code)
        if balance.vacancy < 0
    ]
    if not over:
        return ""
    return f"超出调整后编制职数的{'、'.join(over)}，在{chinese_date(until)}前通过自然减员消化，期间只出不进。"


def _obligation(turn: Turn, step: Step) -> str:
    rules = turn.deps.rulebook.deadlines
    due = terms(turn.at, rules.days_for(step.value), turn.deps.calendar, rules).due_at
    who = "你单位" if duty_of(step) is Department.UNIT else turn.deps.rulebook.office.name
    return f"{who}于{chinese_date(local_day(due))}前{_DUTY[step]}"
