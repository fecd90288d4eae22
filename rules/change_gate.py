"""The acceptance gate of establishment change, and the facts that are looked at again when it is decided and signed
(procedures.md §3 and shared part; A §三). Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from stdnum.cn import uscc

from models.applications import EstablishmentChangeApplication, Justification
from models.changes import (
    AbolishUnit,
    Body,
    Change,
    EstablishUnit,
    ExtraName,
    InternalBodies,
    MergeUnits,
    PostsChanged,
    QuotaChanged,
    Reallocated,
    Renamed,
    Reranked,
    Resubordinated,
)
from models.docket import Check
from models.enums import ChangeKind, Level, Resource, UnitKind
from models.refusals import CLAUSES, RefusalCode
from models.rehearsal import BY_OFFICE
from models.rulebook import Rulebook

from .acceptance import GateFacts, Outcome, check, outcome_of, suspension
from .authority import Authority, competent, highest, levels_of
from .changes import UnitFacts, described, ending_units, loops, planned, units_named
from .deadlines import chinese_date
from .identity import names_a_person

POINTS = {name: field.description or name for name, field in Justification.model_fields.items()}
"""The five points, each with its question."""

RETURNED = frozenset(
    {
        RefusalCode.INCOMPLETE,
        RefusalCode.NO_COLLECTIVE_DECISION,
        RefusalCode.UNIT_DATA_INVALID,
        RefusalCode.BEFORE_DIFFERS,
        RefusalCode.BELOW_STRENGTH,
    }
)
"""Faults that the applicant can put right; all others end the case."""


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """`gate`: what every gate knows of the applying unit; `units` every unit that the changes name and the register
    has; `within` the codes that the unit may apply for: itself and its subordinates. `asked_by_unit`: nothing is
    submitted yet, a unit only asks what the gate would say."""

    gate: GateFacts
    units: dict[str, UnitFacts]
    within: frozenset[str]
    today: date
    asked_by_unit: bool = False


def change_gate(
    application: EstablishmentChangeApplication, facts: ChangeFacts, rulebook: Rulebook
) -> tuple[Outcome, list[Check]]:
    """Every check in the order of procedures.md, and what they come to. Who is a stranger to a unit that is to be
    changed is told that, and nothing of what the register says about the unit."""
    changes, until = application.changes, application.absorption_until
    units = planned(changes, facts.units)
    strange = _stranger(application, facts)
    checks = [
        check(RefusalCode.NOT_YOUR_DEPARTMENT, "经办人代表本单位", strange),
        check(RefusalCode.INCOMPLETE, "请示齐全", _missing(application, facts, rulebook.office.level)),
        check(RefusalCode.NO_COLLECTIVE_DECISION, "领导班子集体研究", _no_meeting(application, facts)),
        check(RefusalCode.UNIT_DATA_INVALID, "单位登记信息", _unit_faults(application, facts)),
        suspension(facts.gate),
        check(RefusalCode.REMOVAL_OVERDUE, "减员按期报送", facts.gate.overdue_removals),
        check(RefusalCode.DUPLICATE, "无重复申请", facts.gate.duplicates),
    ]
    if not strange:
        checks[-1:-1] = [
            check(RefusalCode.CATEGORY_MISMATCH, "编制类别与单位性质", mismatches(changes, units, rulebook)),
            _authority_check(changes, units, rulebook),
            *factual(changes, facts.units, until, facts.today, facts.within, asked=facts.asked_by_unit),
        ]
    return outcome_of(checks, RETURNED), checks


def factual(
    changes: list[Change],
    registered: dict[str, UnitFacts],
    until: date | None,
    today: date,
    within: frozenset[str] | None = None,
    *,
    asked: bool = False,
) -> list[Check]:
    """What the register must say for these changes to be possible; asked again before they take effect. To an
    applicant the figures of the units `within` its reach are told, and those of no other; who only asks (`asked`) is
    not even told whether they suffice, since it could ask again and again and leave no trace."""
    units = planned(changes, registered)
    told = frozenset(units) if within is None else within | (frozenset(units) - frozenset(registered))
    own = {code: unit for code, unit in units.items() if code in told or not asked}
    return [
        check(RefusalCode.UNIT_DATA_INVALID, "所涉机构未撤销", _gone(registered)),
        check(RefusalCode.UNIT_DATA_INVALID, "隶属关系", _looping(changes, units, registered)),
        check(RefusalCode.BEFORE_DIFFERS, "调整前情况与登记一致", _differing(changes, units, registered)),
        check(RefusalCode.STILL_OCCUPIED, "撤并机构的人员和事项", _occupied(changes, units)),
        check(RefusalCode.BELOW_STRENGTH, "核减后不低于实有", _below(changes, own, until, today, told)),
        *_for_the_office(changes, units, own),
    ]


def authorities(changes: list[Change], registered: dict[str, UnitFacts], rulebook: Rulebook) -> list[Authority]:
    units = planned(changes, registered)
    return [competent(change, units, rulebook) for change in changes]


# --- who and what --------------------------------------------------------------------------------------------------


def _stranger(application: EstablishmentChangeApplication, facts: ChangeFacts) -> list[str]:
    if not facts.gate.officer_acts_for_unit:
        return ["经办人不属于该单位"]
    names = {code: unit.name for code, unit in facts.units.items()}
    return [
        f"第{number}项涉及{names.get(code, code)}，不属于本单位及所属单位"
        for number, change in enumerate(application.changes, 1)
        for code in _foreign(change, facts)
    ]


def _foreign(change: Change, facts: ChangeFacts) -> list[str]:
    """Units that are not the applicant's to change. Of a move one side may be somebody else's; the competent body
    decides over both."""
    match change:
        case EstablishUnit():
            altered = [change.parent] if change.parent else []
        case MergeUnits() | Reallocated():
            altered = units_named(change)
        case _:
            altered = [change.unit]
    foreign = [code for code in altered if code in facts.units and code not in facts.within]
    return [] if isinstance(change, Reallocated) and len(foreign) < len(altered) else foreign


def _missing(application: EstablishmentChangeApplication, facts: ChangeFacts, own: Level) -> list[str]:
    faults = []
    for name, value in (
        ("请示标题", application.title),
        ("请示文号", application.request_no),
        ("联系人", application.contact),
    ):
        if not value:
            faults.append(f"未填写{name}")
        if value and name != "联系人" and names_a_person(value):  # both stand in the clear, in lists and letters
            faults.append(f"{name}不得写入身份证件号码")
    faults += [
        f"五项论证未填写“{question}”"
        for name, question in POINTS.items()
        if not getattr(application.justification, name)
    ]
    if application.kind.value not in {change.kind for change in application.changes}:
        faults.append(f"没有一项属于“{application.kind.label}”")
    for number, change in enumerate(application.changes, 1):
        before = application.changes[: number - 1]
        faults += [f"第{number}项{fault}" for fault in _malformed(change, facts, before, own)]
    names = {code: unit.name for code, unit in facts.units.items()}
    twice = [place for place, count in Counter(_places(application.changes, names)).items() if count > 1]
    faults += [f"{place}列了不止一次" for place in twice]
    faults += _towards_an_end(application.changes, names)
    if application.absorption_until is not None and application.absorption_until <= facts.today:
        faults.append("消化期须晚于今日")
    return faults


def _malformed(change: Change, facts: ChangeFacts, listed: list[Change], own: Level) -> list[str]:
    """`listed` are the changes before it: what they set up, this one may name; `own` the level of the office."""
    new = {each.code for each in [*listed, change] if isinstance(each, EstablishUnit)}
    faults = [f"登记中没有单位{code}" for code in units_named(change) if code not in facts.units and code not in new]
    match change:
        case EstablishUnit():
            if not uscc.is_valid(change.code):
                faults.append("统一社会信用代码校验不通过")
            if change.parent == change.code:
                faults.append("不能隶属于自身")
            counted = Counter(quota.resource for quota in change.quotas)
            faults += [f"{resource.label}列了不止一次" for resource, count in counted.items() if count > 1]
        case MergeUnits() if change.into in change.units:
            faults.append("不能并入自身")
        case InternalBodies(before=None, after=None):
            faults.append("没有写明内设机构")
        case QuotaChanged() if not change.resource.is_headcount:
            faults.append("编制增减只用于编制")
        case PostsChanged() if not change.resource.is_post:
            faults.append("职数增减只用于领导职数")
        case Reallocated():
            faults += _one_sided(change, own)
        case Resubordinated(after=str() as after) if change.unit in (after, *_above(after, facts)):
            faults.append("不能隶属于自身或者所属单位")
        case _:
            pass
    if getattr(change, "before", None) == getattr(change, "after", ...) and hasattr(change, "before"):
        faults.append("调整前后相同")
    return faults


def _above(code: str, facts: ChangeFacts) -> tuple[str, ...]:
    return facts.units[code].above if code in facts.units else ()


def _one_sided(change: Reallocated, own: Level) -> list[str]:
    """A side that is not in this register is named by its level: nothing comes from nowhere. Of the office's own
    level every unit is in it, and a side of that level is named as a unit."""
    faults = []
    if not change.resource.is_headcount:
        faults.append("编制调剂只用于编制")
    if change.from_unit is None and change.to_unit is None:
        faults.append("须写明调出或者调入单位")
    elif change.from_unit == change.to_unit:
        faults.append("调出与调入为同一单位")
    elif (change.from_unit or change.from_level) is None or (change.to_unit or change.to_level) is None:
        faults.append("须写明另一方的单位或者层级")
    elif own in [level for unit, level in _sides(change) if unit is None]:
        faults.append("另一方属于本级，须写明单位")
    return faults


def _sides(change: Reallocated) -> list[tuple[str | None, Level | None]]:
    return [(change.from_unit, change.from_level), (change.to_unit, change.to_level)]


def _places(changes: list[Change], names: dict[str, str]) -> list[str]:
    """What each change touches: two changes of one thing in one case would not know which comes first. Several moves
    of one quota are possible, unless the quota is also fixed outright or the same move stands twice."""

    def of(code: str, what: str) -> str:
        return f"{names.get(code, code)}的{what}"

    fixed = {(c.unit, c.resource) for c in changes if isinstance(c, QuotaChanged)}
    found = []
    for change in changes:
        match change:
            case QuotaChanged() | PostsChanged():
                found.append(of(change.unit, change.resource.label))
            case Reallocated():
                sides = [code for code in (change.from_unit, change.to_unit) if code]
                found += [of(code, change.resource.label) for code in sides if (code, change.resource) in fixed]
                found.append(described(change.model_copy(update={"number": 1}), names))
            case InternalBodies():
                bodies = dict.fromkeys(body.name for body in (change.before, change.after) if body is not None)
                found += [of(change.unit, f"内设机构{body}") for body in bodies]
            case Renamed() | Reranked() | Resubordinated() | ExtraName():
                found.append(of(change.unit, ChangeKind(change.kind).label))
            case AbolishUnit():
                found.append(of(change.unit, "撤并"))
            case MergeUnits():
                found += [of(code, "撤并") for code in change.units]
                found += [of(change.into, ChangeKind.RENAME.label)] if change.after_name else []
            case EstablishUnit():
                found.append(of(change.code, "设立"))
    return found


def _towards_an_end(changes: list[Change], names: dict[str, str]) -> list[str]:
    """Nothing is put into or under a unit that ends in the same case."""
    ending = ending_units(changes)
    faults = []
    for number, change in enumerate(changes, 1):
        match change:
            case EstablishUnit(parent=code) | Resubordinated(after=code) | Reallocated(to_unit=code):
                target = code
            case MergeUnits():
                target = change.into if change.into not in change.units else None
            case _:
                target = None
        if target in ending:
            faults.append(f"第{number}项所指{names.get(target, target)}将同时撤并")
    return faults


def _no_meeting(application: EstablishmentChangeApplication, facts: ChangeFacts) -> list[str]:
    if application.basis is None or not application.basis.meeting:
        return ["未填写领导班子集体研究的会议名称和日期"]
    return ["领导班子集体研究的日期晚于今日"] if application.basis.date > facts.today else []


def _unit_faults(application: EstablishmentChangeApplication, facts: ChangeFacts) -> list[str]:
    """Faults of its data; that a unit was abolished is a fact of the register, asked again later."""
    own = facts.units.get(application.unit)
    ended = own is not None and own.abolished_on is not None
    return [facts.gate.unit_fault] if facts.gate.unit_fault and not ended else []


# --- category and authority ----------------------------------------------------------------------------------------


def mismatches(changes: list[Change], units: dict[str, UnitFacts], rulebook: Rulebook) -> list[str]:
    """A headcount that the kind of unit may not hold (混用编制)."""
    allowed = rulebook.staffing.categories
    faults = []
    for change in changes:
        for unit, kind, resource in _assigned(change, units):
            if resource.is_headcount and resource not in allowed.get(kind, []):
                faults.append(f"{resource.label}不适用于{unit}（{kind.label}）")
    return faults


def _assigned(change: Change, units: dict[str, UnitFacts]) -> list[tuple[str, UnitKind, Resource]]:
    match change:
        case EstablishUnit():
            return [(change.name, change.unit_kind, quota.resource) for quota in change.quotas]
        case QuotaChanged() | PostsChanged() if change.unit in units and change.after > change.before:
            return [(units[change.unit].name, units[change.unit].kind, change.resource)]
        case Reallocated(to_unit=str() as code) if code in units:
            return [(units[code].name, units[code].kind, change.resource)]
        case MergeUnits() if change.into in units:
            into = units[change.into]
            moved = [
                r for code in change.units if code in units for r, b in units[code].balances.items() if b.authorised
            ]
            return [(into.name, into.kind, resource) for resource in moved]
        case _:
            return []


def _authority_check(changes: list[Change], units: dict[str, UnitFacts], rulebook: Rulebook) -> Check:
    """Beyond the local authority: the competent body is named, with the clause that gives it the matter. Otherwise
    the highest body decides the whole case: it is the subject of the check, which says which change needs it."""
    names = {code: unit.name for code, unit in units.items()}
    found = list(zip(changes, authorities(changes, units, rulebook), strict=True))
    beyond = [(change, authority) for change, authority in found if authority.refused]
    details = [
        f"{described(change, names)}{_levels(change, units, rulebook)}，应由{authority.body}决定（{authority.clause}）"
        for change, authority in beyond
    ]
    answer = check(RefusalCode.BEYOND_AUTHORITY, "本级权限", details)
    if beyond:
        clauses = "；".join(dict.fromkeys(authority.clause for _, authority in beyond))
        return answer.model_copy(update={"clause": f"{CLAUSES[RefusalCode.BEYOND_AUTHORITY]}；{clauses}"})
    top = highest(authority for _, authority in found)
    need = [
        f"{described(change, names)}，由{authority.body}决定（{authority.clause}）"
        for change, authority in found
        if authority.decides is top.decides
    ]
    return answer.model_copy(update={"subject": top.decides.value, "detail": "；".join(need)})


def _levels(change: Change, units: dict[str, UnitFacts], rulebook: Rulebook) -> str:
    if not isinstance(change, Reallocated):
        return ""
    source, target = levels_of(change, units, rulebook.office.level)
    return f"（{source.label}级至{target.label}级，跨层级）" if source is not target else ""


# --- facts -----------------------------------------------------------------------------------------------------------


def _gone(units: dict[str, UnitFacts]) -> list[str]:
    return [
        f"{unit.name}已于{chinese_date(unit.abolished_on)}撤销"
        for unit in units.values()
        if unit.abolished_on is not None
    ]


def _looping(changes: list[Change], units: dict[str, UnitFacts], registered: dict[str, UnitFacts]) -> list[str]:
    names = [units[code].name for code in loops(changes, registered) if code in units]
    return [f"{'、'.join(names)}将隶属于自身的所属单位"] if names else []


def _differing(changes: list[Change], units: dict[str, UnitFacts], registered: dict[str, UnitFacts]) -> list[str]:
    """`before` against the register: (what, claimed, found)."""
    faults = []
    for change in changes:
        unit = units.get(next(iter(units_named(change)), ""))
        if isinstance(change, EstablishUnit) and change.code in registered:
            faults.append(f"统一社会信用代码{change.code}已登记为{registered[change.code].name}")
        elif unit is not None:
            faults += [
                f"{unit.name}{what}登记为{found}，请示写为{claimed}"
                for what, claimed, found in _compared(change, unit, units)
                if claimed != found
            ]
    return faults


def _compared(change: Change, unit: UnitFacts, units: dict[str, UnitFacts]) -> list[tuple[str, str, str]]:
    match change:
        case Renamed():
            return [("名称", change.before, unit.name)]
        case Reranked():
            return [("规格", change.before, unit.rank or "无")]
        case Resubordinated():
            names = {code: each.name for code, each in units.items()}
            before, now = change.before or "", unit.parent or ""
            return [("隶属", names.get(before, before) or "本级", names.get(now, now) or "本级")]
        case ExtraName():
            return [("加挂的牌子", change.before or "无", unit.other_names or "无")]
        case QuotaChanged() | PostsChanged():
            balance = unit.balances.get(change.resource)
            return [(change.resource.label, f"{change.before}名", f"{balance.authorised if balance else 0}名")]
        case InternalBodies():
            return _body_compared(change, unit)
        case _:
            return []


def _body_compared(change: InternalBodies, unit: UnitFacts) -> list[tuple[str, str, str]]:
    if change.before is None:
        taken = change.after is not None and change.after.name in unit.bodies
        return [(f"内设机构{change.after.name if change.after else ''}", "未设", "已设" if taken else "未设")]
    found = unit.bodies.get(change.before.name)
    if found is None:
        return [(f"内设机构{change.before.name}", "已设", "未设")]
    renamed = change.after is not None and change.after.name != change.before.name
    if renamed and change.after is not None and change.after.name in unit.bodies:
        return [(f"内设机构{change.after.name}", "未设", "已设")]
    claims = (
        ("正职职数", change.before.chief_posts, found.chief_posts),
        ("副职职数", change.before.deputy_posts, found.deputy_posts),
        ("规格", change.before.rank, found.rank),
    )
    return [
        (f"{change.before.name}{what}", str(said), "无" if has is None else str(has))
        for what, said, has in claims
        if said is not None
    ]


def _occupied(changes: list[Change], units: dict[str, UnitFacts]) -> list[str]:
    """People, subordinates and cases that stand in the way of an end."""
    leaving = {change.unit for change in changes if isinstance(change, Resubordinated)} | set(ending_units(changes))
    faults: list[str] = []
    for change in changes:
        match change:
            case AbolishUnit() if change.unit in units:
                faults += _unabolishable(units[change.unit], leaving)
            case MergeUnits():
                for code in change.units:
                    if code in units:
                        faults += _unmergeable(units[code], change.into)
            case InternalBodies(before=Body() as before, after=None) if change.unit in units:
                body = units[change.unit].bodies.get(before.name)
                if body is not None and body.people:
                    faults.append(f"内设机构{before.name}仍有人员{body.people}名")
                if body is not None and body.promised:
                    faults.append(f"内设机构{before.name}仍有未用的核定单编号{body.promised}个")
            case _:
                pass
    return faults


def _unabolishable(unit: UnitFacts, leaving: set[str]) -> list[str]:
    faults = [f"{unit.name}仍有在编人员{unit.people}名，须先出编或者合并"] if unit.people else []
    if not unit.shares and not unit.people:  # posts can be counted without a person named on them
        faults += [
            f"{unit.name}{resource.label}实有{balance.occupied}名，须先免职或者更正"
            for resource, balance in unit.balances.items()
            if balance.occupied
        ]
    staying = [name for code, name in unit.children.items() if code not in leaving]
    if staying:
        faults.append(f"{unit.name}仍有所属单位{'、'.join(staying)}")
    return faults + _unfinished(unit)


def _unmergeable(unit: UnitFacts, into: str) -> list[str]:
    others = [code for code in unit.shares if code != into]
    faults = [f"{unit.name}与其他机构合署办公，须先分立"] if others else []
    return faults + _unfinished(unit)


def _unfinished(unit: UnitFacts) -> list[str]:
    named = "、".join(filter(None, unit.unfinished))
    return [f"{unit.name}有未办结的事项" + (f"：{named}" if named else "")] if unit.unfinished else []


def _for_the_office(changes: list[Change], units: dict[str, UnitFacts], own: dict[str, UnitFacts]) -> list[Check]:
    """What turns on the figures of units other than `own`: the same words whatever the figures are."""
    giving = dict.fromkeys(code for code, _, delta in deltas(changes) if delta < 0 and code in units)
    names = [units[code].name for code in giving if code not in own]
    if not names:
        return []
    open_to_see = check(RefusalCode.BELOW_STRENGTH, "其他单位可以调出", [f"{'、'.join(names)}能否调出，由编办核实"])
    return [open_to_see.model_copy(update={"warning": True, "subject": BY_OFFICE})]


def _below(
    changes: list[Change], units: dict[str, UnitFacts], until: date | None, today: date, told: frozenset[str]
) -> list[str]:
    """A reduction below what is used needs an absorption term 消化期; below nothing it is never possible. What one
    change takes is not made good by what another one gives: their order must not matter."""
    taken: Counter[tuple[str, Resource]] = Counter()
    for code, resource, delta in deltas(changes):
        taken[code, resource] += min(0, delta)
    faults = []
    termless = until is None or until <= today
    for (code, resource), delta in taken.items():
        unit = units.get(code)
        balance = unit.balances.get(resource) if unit else None
        if unit is None or delta == 0:
            continue
        authorised = balance.authorised if balance else 0
        used = balance.occupied + balance.reserved + balance.set_aside if balance else 0
        short = authorised + delta < 0 or (authorised + delta < used and termless)
        if short and code not in told:
            faults.append(f"{unit.name}{resource.label}不能调出{-delta}名")
        elif authorised + delta < 0:
            faults.append(f"{unit.name}核定{resource.label}{authorised}名，不足以核减{-delta}名")
        elif short:
            faults.append(f"{unit.name}{resource.label}核减为{authorised + delta}名，已用{used}名，须写明消化期")
    return faults + (_over_together(changes, units) if termless else [])


def _over_together(changes: list[Change], units: dict[str, UnitFacts]) -> list[str]:
    """A merger that leaves more people than both quotas together, over quota before it or through this case. The
    slips of what is merged are void by then."""
    moved: Counter[tuple[str, Resource]] = Counter()
    for code, resource, delta in deltas(changes):
        moved[code, resource] += delta
    over: Counter[tuple[str, Resource]] = Counter()
    for merger in [change for change in changes if isinstance(change, MergeUnits) and change.into in units]:
        for code in merger.units:
            if code in units and merger.into not in units[code].shares:
                for resource, balance in units[code].balances.items():
                    free = balance.authorised - balance.occupied - balance.set_aside + moved[code, resource]
                    over[merger.into, resource] -= free
    faults = []
    for (code, resource), number in over.items():
        own = units[code].balances.get(resource)
        number -= (own.vacancy if own else 0) + moved[code, resource]
        if number > 0:
            faults.append(f"{units[code].name}合并后{resource.label}超出{number}名，须写明消化期")
    return faults


def gaining(changes: list[Change]) -> list[str]:
    """Units that the changes give something: more to count, another unit whole, or a new one under it. Of each is
    asked whether it is suspended."""
    found = {code for code, _, delta in deltas(changes) if delta > 0}
    found |= {change.into for change in changes if isinstance(change, MergeUnits)}
    return sorted(found | {change.parent for change in changes if isinstance(change, EstablishUnit) and change.parent})


def deltas(changes: list[Change]) -> list[tuple[str, Resource, int]]:
    """(unit, resource, ±) of 核定 that the changes name; a merger moves whole quotas and is not listed."""
    found: list[tuple[str, Resource, int]] = []
    for change in changes:
        match change:
            case QuotaChanged() | PostsChanged():
                found.append((change.unit, change.resource, change.after - change.before))
            case Reallocated():
                if change.from_unit:
                    found.append((change.from_unit, change.resource, -change.number))
                if change.to_unit:
                    found.append((change.to_unit, change.resource, change.number))
            case EstablishUnit():
                found += [(change.code, quota.resource, quota.number) for quota in change.quotas if quota.number]
            case _:
                pass
    return found
