"""出编 in pure rules: what a reason frees, who approves, when a report is late, and the check of the form
(procedures.md §2; B §五.2; domain.md §4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.applications import Leaver, RemovingStaffApplication
from models.docket import Check
from models.enums import Department, ExitReason
from models.ledger import Seated, Side
from models.refusals import CLAUSES, RefusalCode
from models.rulebook import Calendar, RemovalRules

from .acceptance import RETURNS, Outcome, check, outcome_of
from .deadlines import add_working_days, working_days_between
from .routing import approving_department

AHEAD_AT_MOST = timedelta(days=366)
"""A removal may be reported before it happens; a date further off than this is a slip of the pen."""

_RETURNS = RETURNS | {RefusalCode.LEDGER_CONFLICT}
"""A date that does not fit the register is the applicant's to correct; who is not on the register cannot leave it."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Where one person sits now, and whether another open case has the same person in hand."""

    seats: Sequence[Seated] = ()
    in_hand: bool = False


@dataclass(frozen=True, slots=True)
class RemovalFacts:
    """What the register says when the form is checked; `persons` stand in the order of the application."""

    may_report: bool
    reported_on: date
    persons: Sequence[PersonFacts]
    duplicates: Sequence[str] = field(default_factory=list)


def subject_of(number: int) -> str:
    """The code of the n-th person of an application: steps and papers are filed under it."""
    return f"P{number}"


def side_of(reason: ExitReason) -> Side:
    """免去领导职务 frees posts, and the person stays on the headcount; every other reason frees the headcount, and
    with it every post: nobody keeps a post without a headcount (domain.md §10, case 20)."""
    return "post" if reason is ExitReason.POST_REMOVED else "headcount"


def freed(seats: Iterable[Seated], unit: str, reason: ExitReason) -> list[Seated]:
    """The seats that a removal from `unit` frees; none when the person holds nothing there to be removed from."""
    held = list(seats)
    if side_of(reason) == "post":
        return [seat for seat in held if seat.resource.is_post and seat.unit == unit]
    here = any(seat.resource.is_headcount and seat.unit == unit for seat in held)
    return held if here else []


def approving(leaving: Iterable[Seated]) -> Department:
    """ORGANISATION for leaders and civil servants, PERSONNEL for all others, as for an entry."""
    departments = {approving_department(seat.resource) for seat in leaving}
    return Department.ORGANISATION if Department.ORGANISATION in departments else Department.PERSONNEL


def due_on(event: date, rules: RemovalRules, calendar: Calendar) -> date:
    """The last day on which a removal is reported in time."""
    return add_working_days(event, rules.report_days, calendar)


def days_late(event: date, reported_on: date, rules: RemovalRules, calendar: Calendar) -> int:
    """Working days after the last day in time; 0 in time, at least 1 on any day after it."""
    if reported_on <= event:
        return 0
    last = due_on(event, rules, calendar)
    return max(1, working_days_between(last, reported_on, calendar)) if reported_on > last else 0


def late_notes(checks: Iterable[Check]) -> dict[str, str]:
    """Subject → 逾期N个工作日报送, of the persons that the form's check found late."""
    late = RefusalCode.REMOVAL_OVERDUE
    return {each.subject: each.detail for each in checks if each.code == late and each.warning and not each.passed}


def gate(
    application: RemovingStaffApplication, facts: RemovalFacts, rules: RemovalRules, calendar: Calendar
) -> tuple[Outcome, list[Check]]:
    """Only the form: the department approves first. Suspension is not asked: removing staff stays open (A §三)."""
    who = list(zip(application.persons, facts.persons, strict=True))
    checks = [
        check(RefusalCode.NOT_YOUR_DEPARTMENT, "由本单位或组织、人社部门申请", _stranger(facts)),
        check(RefusalCode.INCOMPLETE, "申请材料齐全", _missing(application, facts.reported_on)),
        check(RefusalCode.NOT_POSTED, "人员在编", _not_posted(application.unit, who)),
        check(RefusalCode.LEDGER_CONFLICT, "减员日期不早于落编日期", _too_early(application.unit, who)),
        check(RefusalCode.DUPLICATE, "无重复申请", _duplicates(facts)),
        *_late(application.unit, who, facts.reported_on, rules, calendar),
    ]
    return outcome_of(checks, _RETURNS), checks


def _stranger(facts: RemovalFacts) -> list[str]:
    return [] if facts.may_report else ["经办人不属于该单位，也不是组织、人社部门审批人员"]


def _missing(application: RemovingStaffApplication, today: date) -> list[str]:
    faults = [] if application.contact else ["未填写联系人"]
    seen: set[str] = set()
    for number, leaver in enumerate(application.persons, 1):
        if not leaver.proof_no:
            faults.append(f"第{number}人未填写证明材料文号")
        if leaver.reason is ExitReason.TRANSFER and not leaver.destination:
            faults.append(f"第{number}人调出，未填写去向")
        if leaver.person in seen:
            faults.append(f"第{number}人重复填写")
        if leaver.event_date > today + AHEAD_AT_MOST:
            faults.append(f"第{number}人减员日期晚于今日一年以上")
        seen.add(leaver.person)
    return faults


def _not_posted(unit: str, who: list[tuple[Leaver, PersonFacts]]) -> list[str]:
    faults = []
    for number, (leaver, person) in enumerate(who, 1):
        if not freed(person.seats, unit, leaver.reason):
            lacks = "未担任本单位领导职务" if side_of(leaver.reason) == "post" else "不在本单位编制内"
            faults.append(f"第{number}人{lacks}")
    return faults


def _sat_since(unit: str, leaver: Leaver, person: PersonFacts) -> date | None:
    """The latest entry among the seats that would be freed; a merger of units is none."""
    return max((seat.since or seat.entered_on for seat in freed(person.seats, unit, leaver.reason)), default=None)


def _too_early(unit: str, who: list[tuple[Leaver, PersonFacts]]) -> list[str]:
    faults = []
    for number, (leaver, person) in enumerate(who, 1):
        since = _sat_since(unit, leaver, person)
        if since is not None and leaver.event_date < since:
            faults.append(f"第{number}人减员日期早于落编（任职）日期")
    return faults


def _duplicates(facts: RemovalFacts) -> list[str]:
    faults = list(facts.duplicates)
    for number, person in enumerate(facts.persons, 1):
        if person.in_hand:
            faults.append(f"第{number}人已在另一未办结事项中")
    return faults


def _late(
    unit: str, who: list[tuple[Leaver, PersonFacts]], reported_on: date, rules: RemovalRules, calendar: Calendar
) -> list[Check]:
    """One warning for each person reported late; a passed check when nobody was."""
    warnings = []
    for number, (leaver, person) in enumerate(who, 1):
        since = _sat_since(unit, leaver, person)
        if since is None or leaver.event_date < since:
            continue  # another check has it
        days = days_late(leaver.event_date, reported_on, rules, calendar)
        if days:
            warnings.append(_warning(subject_of(number), f"逾期{days}个工作日报送"))
    return warnings or [check(RefusalCode.REMOVAL_OVERDUE, "减员按期报送", [])]


def _warning(subject: str, detail: str) -> Check:
    code = RefusalCode.REMOVAL_OVERDUE
    return Check(
        code=code.value,
        label="减员按期报送",
        clause=CLAUSES[code],
        passed=False,
        warning=True,
        detail=detail,
        subject=subject,
    )
