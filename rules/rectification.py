"""整改—暂停受理: problems, their dates and step subjects, and what closes the gate (procedures.md §4; A §三). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from models.applications import Problem, RectificationApplication
from models.decisions import Officer
from models.docket import Check
from models.enums import Department, ProblemSource, Role
from models.refusals import CLAUSES, RefusalCode
from models.rulebook import Calendar, DeadlineRules, RectificationRules
from rules.deadlines import add_working_days, chinese_date, remind_at, working_days_between

LISTED = "、"
"""Between the numbers of problems where a text names several."""

SUSPENDED_MATTERS = ("用编申请", "机构编制调整申请")

FARTHEST = timedelta(days=366)
"""No day that an officer names may lie farther ahead: a slip of the pen must not postpone a case by years."""

_IDENTITY_LIKE = re.compile(r"[0-9]{17}[0-9Xx]")

_FOUND_BY = {
    ProblemSource.TOUR: "巡视",
    ProblemSource.AUDIT: "审计",
    ProblemSource.SUPERVISION: "督查",
    ProblemSource.VERIFICATION: "核查",
    ProblemSource.HOTLINE: "核查",  # that somebody reported it is nothing for the unit to read (domain.md §2.6)
    ProblemSource.WARNING: "监测预警",
    ProblemSource.SELF: "自查",
    ProblemSource.OTHER: "检查",
}


# --- opening ---------------------------------------------------------------------------------------------------


def opening_checks(
    application: RectificationApplication,
    opener: Officer,
    today: date,
    presented_on: date,
    abolished_on: date | None,
    duplicates: list[str],
) -> list[Check]:
    """What must be true before problems are opened against a unit; every fault of each check. Their days are judged
    as of `presented_on`, when they were committed: on the way an inspector's days may have passed."""
    inspector = opener.department is Department.ESTABLISHMENT and Role.INSPECTOR in opener.roles
    gone = [f"该机构已于{chinese_date(abolished_on)}撤销"] if abolished_on and abolished_on <= today else []
    return [
        _check(RefusalCode.NOT_YOUR_DEPARTMENT, "由监督检查岗立账", [] if inspector else ["只能由编办监督检查岗立账"]),
        _check(RefusalCode.UNIT_DATA_INVALID, "单位未撤销", gone),
        _check(RefusalCode.INCOMPLETE, "问题登记完整", faults(application.problems, presented_on)),
        _check(RefusalCode.DUPLICATE, "无重复立账", duplicates),
    ]


def _check(code: RefusalCode, label: str, found: list[str]) -> Check:
    return Check(code=code.value, label=label, clause=CLAUSES[code], passed=not found, detail="；".join(found))


def faults(problems: list[Problem], today: date) -> list[str]:
    """What is wrong with the lines of a problem ledger. Number, kind and clause are kept in the clear."""
    numbers = [problem.no for problem in problems]
    found = [f"问题编号{no}重复" for no in dict.fromkeys(numbers) if numbers.count(no) > 1]
    if any(_IDENTITY_LIKE.search(no) for no in numbers):
        found.append("问题编号不得使用身份证件号码")
    found += [
        f"问题{problem.no}的问题类别和条款依据不得写入身份证件号码"
        for problem in problems
        if not _IDENTITY_LIKE.search(problem.no) and _IDENTITY_LIKE.search(f"{problem.kind}\n{problem.clause or ''}")
    ]
    found += [f"问题{problem.no}的整改期限须晚于今日" for problem in problems if problem.due <= today]
    found += [f"问题{problem.no}的整改期限不得晚于一年" for problem in problems if problem.due - today > FARTHEST]
    return found


def without_identity(text: str) -> str:
    """Text for a title: what looks like an identity number is struck out."""
    return _IDENTITY_LIKE.sub("＊", text)


def due_on(due: date, today: date, presented_on: date) -> date:
    """The day of a problem as it is opened: one that passed while its case was on the way gets those days anew."""
    return due if due >= today else due + (today - presented_on)


# --- subjects of steps ---------------------------------------------------------------------------------------------


def report_subject(no: str, attempt: int) -> str:
    """What the unit reports next: the number, then `no.2`, `no.3` after each verification that failed."""
    return no if attempt == 0 else f"{no}.{attempt + 1}"


def check_subjects(no: str, attempt: int) -> tuple[str, str]:
    """The two verifications of one sitting, for two inspectors."""
    return f"{no}.{attempt}.1", f"{no}.{attempt}.2"


def other_check(subject: str) -> str:
    stem, place = subject[:-1], subject[-1]
    return stem + ("2" if place == "1" else "1")


def sitting_of(check: str) -> str:
    """`no.attempt` of a verification's subject."""
    return check.rpartition(".")[0]


def problem_of(subject: str) -> str:
    """The problem that a subject belongs to; numbers hold no dots."""
    return subject.partition(".")[0]


def numbered(count: int) -> str:
    """The subject of what usually comes once: empty the first time, then 2, 3 …"""
    return "" if count <= 1 else str(count)


# --- dates ---------------------------------------------------------------------------------------------------------


def days_to_report(today: date, due: date, calendar: Calendar) -> int:
    """Working days that a report step is shown with; its due day is the problem's own, also on a holiday."""
    return max(1, working_days_between(today, due, calendar))


def remind_moment(opened_at: datetime, due: date, calendar: Calendar, rules: RectificationRules) -> datetime:
    """The reminder before a problem's due day."""
    return max(opened_at, remind_at(due, calendar, DeadlineRules(remind_before=rules.remind_before)))


def new_due(named: Iterable[date | None], today: date, calendar: Calendar, rules: RectificationRules) -> date:
    """The new date of a problem that failed: the earliest that an inspector set, else so many working days."""
    dates = [day for day in named if day is not None]
    return min(dates) if dates else add_working_days(today, rules.report_days, calendar)


def overdue_text(due: date, today: date, calendar: Calendar) -> str:
    """已逾期N个工作日; days that were no working days count as calendar days only."""
    if due >= today:
        return ""
    late = working_days_between(due, today, calendar)
    return f"已逾期{late}个工作日" if late else f"已逾期{(today - due).days}日"


def falls_due(due_at: datetime, at: datetime, decided_at: datetime | None) -> bool:
    """Whether a due moment closes the gate at `at`: it has passed, and no decision about this problem since spared
    it. The rule does not close again for a due day that a person has judged; a new one that passes closes it again."""
    return due_at < at and (decided_at is None or due_at > decided_at)


# --- words -------------------------------------------------------------------------------------------------------


def listed(numbers: Iterable[str]) -> str:
    return LISTED.join(numbers)


def gate_text(number: str | None, problems: str, from_on: date, case_no: str, above: str = "") -> str:
    """A standing suspension as the refusal at the gate names it; without a number it is by rule and provisional.
    Problems are numbered within their case."""
    whose = f"上级单位{above}" if above else ""
    named = f"（{case_no}，问题编号：{problems}）" if problems else f"（{case_no}）"
    if number:
        return f"{whose}《暂停受理通知书》（{number}）尚未解除{named}"
    return f"{whose}问题尚未整改到位，自{chinese_date(from_on)}起先行暂停受理，待决定{named}"


def found_by(sources: Iterable[ProblemSource]) -> str:
    """How the problems were found, as the letter says after 经."""
    words = list(dict.fromkeys(_FOUND_BY[source] for source in sources))
    return "和".join(filter(None, ["、".join(words[:-1]), words[-1]]))


def source_shown(source: ProblemSource) -> str:
    return _FOUND_BY[source]


def covered(covers_subordinates: bool) -> str:
    return "你单位及所属单位" if covers_subordinates else "你单位"
