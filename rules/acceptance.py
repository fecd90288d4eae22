"""The acceptance gate 受理: all checks run, the first failing class fixes the outcome, the notice lists every
fault (procedures.md, shared part; A §三). Pure: facts come in, checks and outcome go out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from models.applications import StaffingUpApplication
from models.docket import Check
from models.enums import Resource, UnitKind, Way
from models.ledger import Balance
from models.refusals import CLAUSES, Refusal, RefusalCode
from models.rulebook import Rulebook


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"
    NOT_ACCEPTED = "not-accepted"


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the register says about the unit at the moment of acceptance.

    `suspensions` and `problems` are numbers for the notice; `exception` names an exceptional acceptance in
    force; `balances` has one entry per account of the unit's holder.
    """

    unit_kind: UnitKind
    unit_fault: str | None
    officer_acts_for_unit: bool
    internal_bodies: frozenset[str]
    today: date
    balances: dict[Resource, Balance]
    suspensions: list[str] = field(default_factory=list)
    exception: str | None = None
    overdue_removals: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)


RETURNS = frozenset({RefusalCode.INCOMPLETE, RefusalCode.NO_COLLECTIVE_DECISION, RefusalCode.UNIT_DATA_INVALID})


def gate(application: StaffingUpApplication, facts: GateFacts, rulebook: Rulebook) -> tuple[Outcome, list[Check]]:
    """Every check in the order of procedures.md, and what they come to."""
    checks = [
        check(RefusalCode.NOT_YOUR_DEPARTMENT, "经办人代表本单位", _stranger(facts)),
        check(RefusalCode.INCOMPLETE, "申请材料齐全", _missing(application, facts)),
        check(RefusalCode.NO_COLLECTIVE_DECISION, "领导班子集体研究", _no_meeting(application, facts)),
        check(RefusalCode.UNIT_DATA_INVALID, "单位登记信息", [facts.unit_fault] if facts.unit_fault else []),
        suspension(facts),
        check(RefusalCode.REMOVAL_OVERDUE, "减员按期报送", facts.overdue_removals),
        check(RefusalCode.CATEGORY_MISMATCH, "编制类别与单位性质", _mismatches(application, facts, rulebook)),
        check(RefusalCode.BEYOND_AUTHORITY, "本级权限", _beyond(application, rulebook)),
        *_vacancies(application, facts),
        check(RefusalCode.DUPLICATE, "无重复申请", facts.duplicates),
    ]
    return outcome_of(checks), checks


def refusals(checks: list[Check]) -> list[Refusal]:
    """The failed checks as refusals, in the gate's order."""
    return [Refusal.of(RefusalCode(each.code), each.detail) for each in checks if not each.passed and not each.warning]


def outcome_of(checks: list[Check], returns: frozenset[RefusalCode] = RETURNS) -> Outcome:
    """What the first failed check comes to; `returns` are the faults that the applicant can put right."""
    for each in checks:
        if not each.passed and not each.warning:
            return Outcome.RETURNED if RefusalCode(each.code) in returns else Outcome.NOT_ACCEPTED
    return Outcome.ACCEPTED


def check(code: RefusalCode, label: str, faults: list[str]) -> Check:
    """One check of a gate with every fault that it found."""
    return Check(code=code.value, label=label, clause=CLAUSES[code], passed=not faults, detail="；".join(faults))


def _stranger(facts: GateFacts) -> list[str]:
    return [] if facts.officer_acts_for_unit else ["经办人不属于该单位"]


def _missing(application: StaffingUpApplication, facts: GateFacts) -> list[str]:
    faults = []
    if not application.contact:
        faults.append("未填写联系人")
    for number, line in enumerate(application.lines, 1):
        if not line.reason:
            faults.append(f"所报第{number}项未填写用编原因")
        if line.internal_body and line.internal_body not in facts.internal_bodies:
            faults.append(f"所报第{number}项内设机构“{line.internal_body}”不在登记之列")
        if line.resource.value.startswith("post:internal") and not line.internal_body:
            faults.append(f"所报第{number}项未填写拟任职的内设机构")
        if line.way is Way.APPOINTED_ABOVE and application.appointment is None:
            faults.append(f"所报第{number}项为上级任命，未填写任命文件")
    if application.appointment is not None and application.appointment.date > facts.today:
        faults.append("任命文件的日期晚于今日")
    if application.appointment is not None and any(line.way is not Way.APPOINTED_ABOVE for line in application.lines):
        faults.append("上级任命与其他进入方式不得在同一申请中")
    return faults


def _no_meeting(application: StaffingUpApplication, facts: GateFacts) -> list[str]:
    if application.appointment is not None:
        return []  # the higher body's document stands in place of the unit's own decision
    if application.basis is None or not application.basis.meeting:
        return ["未填写领导班子集体研究的会议名称和日期"]
    if application.basis.date > facts.today:
        return ["领导班子集体研究的日期晚于今日"]
    return []


def suspension(facts: GateFacts) -> Check:
    if facts.suspensions and facts.exception:
        return Check(
            code=RefusalCode.UNIT_SUSPENDED.value,
            label="未被暂停受理",
            clause=CLAUSES[RefusalCode.UNIT_SUSPENDED],
            passed=True,
            detail=f"例外受理：{facts.exception}",
        )
    return check(RefusalCode.UNIT_SUSPENDED, "未被暂停受理", facts.suspensions)


def _mismatches(application: StaffingUpApplication, facts: GateFacts, rulebook: Rulebook) -> list[str]:
    allowed = set(rulebook.staffing.categories.get(facts.unit_kind, []))
    return [
        f"所报第{number}项{line.resource.label}不适用于{facts.unit_kind.label}"
        for number, line in enumerate(application.lines, 1)
        if line.resource.is_headcount and line.resource not in allowed
    ]


def _beyond(application: StaffingUpApplication, rulebook: Rulebook) -> list[str]:
    return [
        f"所报第{number}项{line.resource.label}应报{rulebook.staffing.reserved_for_upper[line.resource].label}"
        for number, line in enumerate(application.lines, 1)
        if line.resource in rulebook.staffing.reserved_for_upper
    ]


def _left(vacancy: int) -> str:
    """No letter speaks of a negative number of posts."""
    return f"空余{vacancy}名" if vacancy >= 0 else f"已超出核定数{-vacancy}名，没有空余"


def _vacancies(application: StaffingUpApplication, facts: GateFacts) -> list[Check]:
    """Vacancy at least one in each line; headcount and leader posts are two checks with two codes."""
    if application.appointment is not None:
        return []  # appointment by a higher body may leave the account over quota
    full: dict[RefusalCode, list[str]] = {RefusalCode.NO_VACANCY: [], RefusalCode.LEADER_POSTS_FULL: []}
    for number, line in enumerate(application.lines, 1):
        balance = facts.balances.get(line.resource)
        vacancy = balance.vacancy if balance else 0
        if vacancy < 1:
            code = RefusalCode.LEADER_POSTS_FULL if line.resource.is_post else RefusalCode.NO_VACANCY
            full[code].append(f"所报第{number}项{line.resource.label}{_left(vacancy)}")
    return [
        check(RefusalCode.NO_VACANCY, "空余编制", full[RefusalCode.NO_VACANCY]),
        check(RefusalCode.LEADER_POSTS_FULL, "空余领导职数", full[RefusalCode.LEADER_POSTS_FULL]),
    ]
