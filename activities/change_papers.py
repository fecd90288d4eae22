"""The papers of an establishment change: 机构编制评估表 at examination, 批复 at signing (procedures.md §3; domain.md
§13.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from docket import cases, changing, problems
from docket.cases import StepKey
from ledger import balances as ledger_balances
from ledger import evaluation
from ledger import units as register
from models.applications import EstablishmentChangeApplication
from models.changes import (
    Change,
    EstablishUnit,
    ExtraName,
    InternalBodies,
    MergeUnits,
    PostsChanged,
    QuotaChanged,
    Reallocated,
    Renamed,
)
from models.documents import (
    BalanceLine,
    BodyChange,
    CertifiedChange,
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
from models.phrasing import broken
from models.register import Record, Unit, UnitChange
from rules.authority import Authority
from rules.change_gate import POINTS
from rules.changes import UnitFacts, body_text, described, ending_units, units_named
from rules.deadlines import chinese_date, local_day, terms
from rules.steps import STEPS

from .paper import Base, balance_line, department_name, issue, kind_label, unit_names
from .turn import Turn

NONE = "无"

_PARTICULARS = re.compile(r"（[^（）]*(?:级|职[0-9]+名)）")
"""Rank and posts of an internal body after its name: the article and the table say them."""

_DUTY = {
    Step.OBLIGATION_FILING: "将本批复报上级机构编制部门备案",
    Step.OBLIGATION_CONGRESS: "依法报本级人民代表大会常务委员会备案",
    Step.OBLIGATION_DISCLOSURE: "公开机构编制事项（涉及国家秘密的除外）",
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


def duty_of(step: Step, *, ended: bool = False) -> Department:
    """Whose task an obligation is; when the unit that applied is itself no more, the office's."""
    department = STEPS[Procedure.ESTABLISHMENT_CHANGE][step.value].department
    if department is None:
        raise LookupError(f"{step} is nobody's duty")
    return Department.ESTABLISHMENT if ended else department


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
    looked_at = evaluated(turn, application.changes)

    def context(base: Base) -> EvaluationSheetContext:
        return EvaluationSheetContext(
            **base,
            unit_code=unit.code,
            unit_rank=unit.rank or NONE,
            unit_kind=kind_label(unit),
            request_title=application.title,
            request_no=application.request_no,
            requested=[RequestLine(text=described(change, names)) for change in application.changes],
            balances=[line for each in looked_at for line in _balances(turn, each)],
            use=[row for each in looked_at for row in _use(turn, each, rules.evaluation_years)],
            past_changes=_past(turn, looked_at, since),
            open_problems=[line for each in looked_at for line in _problems(turn, each)],
            comparable=_comparable(turn, looked_at, rules.comparable_units),
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


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One unit that the sheet looks at; `mark` stands before each of its lines, empty for the applicant."""

    unit: Unit
    mark: str

    @property
    def code(self) -> str:
        return self.unit.code


def evaluated(turn: Turn, changes: list[Change]) -> list[Evaluated]:
    """Every unit that is changed; the applicant where a new one is set up. The sheet is open to the applicant, so of
    a stranger, the other side of a move, it has no figures: the decider reads those in the docket."""
    own = turn.case.row.unit
    within = register.within(turn.s, own)
    found = [code for code in affected(changes) if code in within] or [own]
    units = [turn.unit(code) for code in found]
    return [Evaluated(unit, "" if unit.code == own else f"{unit.name}：") for unit in units]


def _balances(turn: Turn, each: Evaluated) -> list[BalanceLine]:
    lines = [balance_line(balance) for balance in ledger_balances.balances(turn.s, each.code)]
    return [line.model_copy(update={"label": each.mark + line.label}) for line in lines]


def _problems(turn: Turn, each: Evaluated) -> list[str]:
    return [
        f"{each.mark}{row.kind}（期限{chinese_date(local_day(row.due_at))}）"
        for row in problems.open_of_unit(turn.s, each.code)
    ]


def _use(turn: Turn, each: Evaluated, years: int) -> list[UseRow]:
    """At the end of each past year, and today."""
    ends = [date(turn.today.year - back, 12, 31) for back in range(years, 0, -1)]
    found = evaluation.use_over_time(turn.s, each.code, [*ends, turn.today])
    return [
        UseRow(
            as_of=each.mark + chinese_date(use.day),
            authorised=str(use.authorised),
            occupied=str(use.occupied),
            percent=percent(use.occupied, use.authorised),
        )
        for use in found
    ]


def percent(part: int, whole: int) -> str:
    """Whole per cent, rounded half up, in integers."""
    return f"{(200 * part + whole) // (2 * whole)}%" if whole else NONE


def _past(turn: Turn, looked_at: list[Evaluated], since: date) -> list[PastChange]:
    """In the order of time, of all units together."""
    rows = []
    for each in looked_at:
        rows += [
            (row.effective_on, row.basis_no or NONE, each.mark + _changed(row))
            for row in reversed(register.changes_since(turn.s, each.code, since))
        ]
        rows += [
            (row.day, row.number or NONE, f"{each.mark}{row.resource.label}{row.delta:+d}名")
            for row in evaluation.authorised_since(turn.s, each.code, since)
            if row.delta
        ]
    rows.sort(key=lambda row: row[0])
    return [PastChange(date=chinese_date(day), number=number, summary=text) for day, number, text in rows]


def _changed(row: UnitChange) -> str:
    what = _FIELD.get(row.field, row.field)
    return f"{ChangeKind(row.kind).label}：{what}由{row.before or NONE}调整为{row.after or NONE}"


def _comparable(turn: Turn, looked_at: list[Evaluated], most: int) -> list[ComparableRow]:
    rows = [
        ComparableRow(
            unit=found.name,
            rank=found.rank,
            authorised=str(found.authorised),
            occupied=str(found.occupied),
            percent=percent(found.occupied, found.authorised),
        )
        for each in looked_at
        for found in evaluation.comparable(turn.s, each.code, each.unit.kind, each.unit.rank, most)
    ]
    return list({row.unit: row for row in rows}.values())


# --- 批复 ----------------------------------------------------------------------------------------------------------


def authorised(turn: Turn, changes: list[Change]) -> Quotas:
    """核定 as it stands of every unit that the changes name."""
    codes = dict.fromkeys(code for change in changes for code in units_named(change))
    return {code: _authorised(ledger_balances.balances(turn.s, code)) for code in codes}


def _authorised(found: list[Balance]) -> dict[Resource, int]:
    return {balance.resource: balance.authorised for balance in found}


def reply(
    turn: Turn,
    base: Base,
    title: str,
    changes: list[Change],
    units: dict[str, UnitFacts],
    authority: Authority,
    before: Quotas,
) -> ChangeReplyContext:
    """《批复》: what was decided by whom, the figures before and after as the ledger now has them, and the duties."""
    application = turn.applied(EstablishmentChangeApplication)
    names = _names(turn, changes, units)
    decided = changing.decision_of(turn.case)
    if decided is None:
        raise LookupError("a reply without a decision")
    office = turn.deps.rulebook.office
    minutes = _minutes(turn)
    return ChangeReplyContext.model_validate(
        {
            **base,
            "title": title,
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
            "obligations": [_obligation(turn, step, changes) for step in authority.obligations],
            "clause": authority.clause,
            "signer": turn.officer.shown,
            "handled_by": _examiner(turn),
            "copies_to": "，".join(_copies(turn, changes, names)),
            "printed_by": office.name,
        }
    )


def titled(turn: Turn, issuer: str, changes: list[Change], units: dict[str, UnitFacts]) -> str:
    """The title of the reply, in lines that tear no name which stands in it."""
    names = _names(turn, changes, units)
    return broken(f"{issuer}关于同意{_matter(changes, names)}的批复", [issuer, *names.values(), *_names_given(changes)])


def _names(turn: Turn, changes: list[Change], units: dict[str, UnitFacts]) -> dict[str, str]:
    """A reply speaks of units by the name that they had; a new one has its first."""
    new = {change.code: change.name for change in changes if isinstance(change, EstablishUnit)}
    return new | unit_names(turn, changes) | {code: unit.name for code, unit in units.items()}


def _names_given(changes: list[Change]) -> Iterator[str]:
    """Names that units and internal bodies have or get by the changes."""
    for change in changes:
        match change:
            case InternalBodies(before=before, after=after):
                yield from (body.name for body in (before, after) if body is not None)
            case Renamed() | ExtraName():
                yield from (change.before, change.after)
            case MergeUnits():
                yield change.after_name or ""
            case _:
                pass


def _matter(changes: list[Change], names: dict[str, str]) -> str:
    """What the title agrees to: the one change, with the unit that it changes, without its particulars; of several,
    the units that they change."""
    if len(changes) > 1:
        new = [change.name for change in changes if isinstance(change, EstablishUnit)]
        units = list(dict.fromkeys([*new, *(names.get(code, code) for code in affected(changes))]))
        told = "和".join(units) if len(units) < 3 else f"{units[0]}等{len(units)}个单位"
        return f"调整{told}机构编制事项"
    return _PARTICULARS.sub("", described(changes[0], names).partition("，")[0])


def affected(changes: list[Change]) -> list[str]:
    """Units of the register that the changes make otherwise, in the order of the changes; a new one is not in it."""
    found: dict[str, None] = {}
    new = {change.code for change in changes if isinstance(change, EstablishUnit)}
    for change in changes:
        match change:
            case EstablishUnit():
                pass
            case MergeUnits() | Reallocated():
                found |= dict.fromkeys(units_named(change))
            case _:
                found |= {change.unit: None}
    return [code for code in found if code not in new]


def _copies(turn: Turn, changes: list[Change], names: dict[str, str]) -> list[str]:
    """抄送: the departments that act on it, and every unit concerned other than the addressee."""
    told = (Department.ORGANISATION, Department.PERSONNEL, Department.FINANCE, Department.SOCIAL_INSURANCE)
    others = [names[code] for code in affected(changes) if code in names and code != turn.case.row.unit]
    return [*(department_name(turn, each) for each in told), *others]


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


def certified(turn: Turn, was: dict[Resource, int], after: list[Balance], basis_no: str) -> list[CertifiedChange]:
    """The accounts whose 核定 is not what it was, as the certificate's page lists them."""
    now = _authorised(after)
    return [
        CertifiedChange(
            label=resource.label,
            before=str(was.get(resource, 0)),
            delta=f"{now.get(resource, 0) - was.get(resource, 0):+d}",
            after=str(now.get(resource, 0)),
            effective_on=chinese_date(turn.today),
            basis_no=basis_no,
        )
        for resource in Resource
        if now.get(resource, 0) != was.get(resource, 0)
    ]


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


def _obligation(turn: Turn, step: Step, changes: list[Change]) -> str:
    rules = turn.deps.rulebook.deadlines
    due = terms(turn.at, rules.days_for(step.value), turn.deps.calendar, rules).due_at
    ended = turn.case.row.unit in ending_units(changes)
    who = "你单位" if duty_of(step, ended=ended) is Department.UNIT else turn.deps.rulebook.office.name
    return f"{who}于{chinese_date(local_day(due))}前{_duty(step, changes)}"


def _duty(step: Step, changes: list[Change]) -> str:
    """A new unit gets its certificate and registration, one that ends gives them up, any other has them changed."""
    kinds = {ChangeKind(change.kind) for change in changes}
    new, ended = ChangeKind.ESTABLISH in kinds, bool(ending_units(changes))
    other = bool(kinds - {ChangeKind.ESTABLISH, ChangeKind.ABOLISH, ChangeKind.MERGE})
    match step:
        case Step.OBLIGATION_CERTIFICATE:
            paper = "《机构编制管理证》"
            done = [(f"核发{paper}", new), (f"收回被撤并机构的{paper}", ended), (f"办理{paper}变更", other)]
            return "，".join(act for act, wanted in done if wanted)
        case Step.OBLIGATION_REGISTRATION:
            registered = [("设立", new), ("注销", ended), ("变更", other)]
            return f"办理事业单位法人{'、'.join(verb for verb, wanted in registered if wanted)}登记"
        case _:
            return _DUTY[step]
