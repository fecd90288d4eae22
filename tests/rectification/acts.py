"""What an office and a unit do in a rectification, in a word each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from docket import problems
from ledger import suspensions
from models.applications import RectificationApplication
from models.decisions import ExceptionalRequest, Extension, Receipt, Report
from models.docket import ProblemView, SuspensionView
from models.enums import CommandKind
from models.phrasing import heading
from models.register import ExceptionalAcceptance, Suspension, Unit
from rules.deadlines import local_day
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    RESEARCH,
    SERVICES,
    Office,
    papers_of,
)

DUE = date(2026, 4, 1)


def problem(no: str = "P1", due: date = DUE, **more: Any) -> dict[str, Any]:
    return {
        "no": no,
        "kind": "擅自设立内设机构",
        "facts": "2025年11月擅自设立项目建设办公室",
        "source": "督查",
        "clause": "机构编制管理规定第九条",
        "measure": "撤销该办公室，人员回原科室",
        "due": due.isoformat(),
    } | more


def wanted(*lines: dict[str, Any], unit: str = RESEARCH, **more: Any) -> RectificationApplication:
    listed = list(lines) or [problem()]
    return RectificationApplication.model_validate({"unit": unit, "problems": listed, **more})


def opened(office: Office, *lines: dict[str, Any], unit: str = RESEARCH) -> str:
    return office.opened(wanted(*lines, unit=unit), by=INSPECTOR)


def past_due(office: Office, case_id: str, due: date = DUE) -> None:
    """The clock rings in the first minutes of the day after."""
    office.now = datetime.combine(due + timedelta(days=1), datetime.min.time(), office.now.tzinfo)
    office.ring(case_id)


def suspended(office: Office, *lines: dict[str, Any], unit: str = RESEARCH) -> str:
    """Opened, past due, warned and confirmed by the commission."""
    case_id = opened(office, *lines, unit=unit)
    past_due(office, case_id)
    confirmed(office, case_id)
    return case_id


def confirmed(office: Office, case_id: str, subject: str = "") -> None:
    office.accepted(office.decide(case_id, "warn", ISSUER, subject=subject))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR, subject=subject))
    office.accepted(office.decide(case_id, "suspend", COMMISSION, subject=subject, minutes_no="示编纪〔2026〕2号"))


def report(office: Office, case_id: str, *numbers: str, done: bool = True, by: Any = APPLICANT) -> Receipt:
    items = [{"no": no, "done": done, "text": f"问题{no}情况说明"} for no in numbers]
    return office.order(case_id, CommandKind.REPORT, Report.model_validate({"items": items}), by)


def passed(office: Office, case_id: str, no: str = "P1", attempt: int = 1) -> None:
    """Both inspectors find it put right."""
    for place, inspector in ((1, INSPECTOR), (2, INSPECTOR_TWO)):
        office.accepted(office.decide(case_id, "site-check", inspector, subject=f"{no}.{attempt}.{place}"))


def put_right(office: Office, case_id: str, *numbers: str) -> None:
    for no in numbers or ("P1",):
        office.accepted(report(office, case_id, no))
        passed(office, case_id, no)


def lifted(office: Office, case_id: str) -> None:
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    office.accepted(office.decide(case_id, "lift", COMMISSION))


def extension(office: Office, case_id: str, days: int, subject: str = "P1", by: Any = APPLICANT) -> Receipt:
    body = Extension(step="report", subject=subject, working_days=days, reason="需走撤销程序")
    return office.order(case_id, CommandKind.EXTEND, body, by)


def exception_asked(office: Office, case_id: str, by: Any = APPLICANT, **more: Any) -> Receipt:
    body = {
        "scope": {"procedures": ["staffing-up"], "matter": "军转干部安置"},
        "reason": "安置任务有期限",
        "risk": "只用于军转安置",
        "until": (local_day(office.now) + timedelta(days=30)).isoformat(),
    } | more
    return office.order(case_id, CommandKind.EXCEPT, ExceptionalRequest.model_validate(body), by)


def excepted(office: Office, case_id: str, subject: str = "1", **more: Any) -> None:
    office.accepted(exception_asked(office, case_id, **more))
    office.accepted(office.decide(case_id, "exceptional-acceptance", COMMISSION, subject=subject))


def subordinate(office: Office) -> None:
    """The service centre stands under the research bureau."""
    with office.database.write() as s:
        unit = s.get(Unit, SERVICES)
        assert unit is not None
        unit.parent = RESEARCH
        s.add(unit)


def problem_of(office: Office, case_id: str, no: str = "P1") -> ProblemView:
    return next(each for each in office.docket(case_id).problems if each.no == no)


def suspensions_of(office: Office, case_id: str) -> list[SuspensionView]:
    return office.docket(case_id).suspensions


def waiting(office: Office, case_id: str) -> set[tuple[str, str]]:
    return {(step.step, step.subject) for step in office.docket(case_id).steps if step.state == "current"}


def titles(office: Office, case_id: str) -> list[str]:
    return [heading(document.title) for document in papers_of(office.docket(case_id))]


def rows(office: Office, case_id: str) -> tuple[list[Suspension], list[ExceptionalAcceptance]]:
    with office.database.read() as s:
        return suspensions.of_case(s, case_id), problems.exceptions_of(s, case_id)
