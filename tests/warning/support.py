"""What the tests of early warning say again and again."""

from __future__ import annotations

from datetime import date
from typing import Any

from activities.monitoring import MONITOR, MonitoringActivities
from ledger import postings
from models.applications import WarningApplication
from models.decisions import Report
from models.docket import StepView
from models.enums import CommandKind, Resource, StepState
from models.ledger import Basis, Cause
from models.monitoring import Sweep, SweepDone
from models.refusals import Refusal
from rules.deadlines import local_day
from tests.support.office import APPLICANT, INSPECTOR, ISSUER, RESEARCH, Office, papers_of

__all__ = ["MONITOR"]


def warning(unit: str = RESEARCH, **more: Any) -> WarningApplication:
    body = {
        "unit": unit,
        "indicator": "public-event",
        "facts": "媒体反映该单位自行增设内设机构",
        "level": "remind",
    } | more
    return WarningApplication.model_validate(body)


def raised(office: Office, level: str = "remind", **more: Any) -> str:
    """A warning by hand, begun at a level."""
    return office.opened(warning(level=level, **more), INSPECTOR)


def call(office: Office, **more: Any) -> dict[str, Any]:
    made = {
        "callee": "林秋实",
        "callee_position": "人事科科长",
        "phone": "0000-8004567",
        "called_at": office.now.isoformat(),
        "answer": "已知悉，一周内书面说明",
    }
    return {"call": made | more}


def problem(no: str = "P1", **more: Any) -> dict[str, Any]:
    found = {
        "no": no,
        "kind": "擅自设立机构",
        "facts": "自行增设信息科",
        "source": "warning",
        "clause": "A 三",
        "measure": "撤销自行增设的科室",
        "due": "2026-12-31",
    }
    return found | more


TEAM = ["何查", "郭查"]


def reminded(office: Office, **more: Any) -> str:
    """A warning whose call is on record."""
    case_id = raised(office)
    office.accepted(office.decide(case_id, "remind", INSPECTOR, **call(office, **more)))
    return case_id


def warned(office: Office, **more: Any) -> str:
    """A warning whose letter is out."""
    case_id = raised(office, "warn")
    office.accepted(office.decide(case_id, "warn", ISSUER, **more))
    return case_id


def answered(office: Office, case_id: str, text: str = "已撤销自行增设的科室") -> None:
    office.accepted(office.order(case_id, CommandKind.REPORT, Report(text=text), APPLICANT))


def waiting(office: Office, case_id: str) -> list[tuple[str, str]]:
    """(step, subject) of what waits for somebody now."""
    return [(step.step, step.subject) for step in current(office, case_id)]


def current(office: Office, case_id: str) -> list[StepView]:
    return [step for step in office.docket(case_id).steps if step.state is StepState.CURRENT]


def papers(office: Office, case_id: str) -> list[str]:
    return [record.kind.value for record in papers_of(office.docket(case_id))]


def swept(office: Office) -> SweepDone:
    """One night of the monitors, and the relay after it."""
    done = MonitoringActivities(office.deps).run_monitors(Sweep(at=office.now))
    office.deliver_outbox()
    return done


def over_quota(office: Office, below: int = 2, resource: Resource = Resource.ADMINISTRATIVE) -> None:
    """Cut the research bureau's quota to less than its strength, with an absorption term that is over at once."""
    today = local_day(office.now)
    cut = office.balance(resource).authorised - office.balance(resource).occupied + below
    basis = Basis(number="示编〔2026〕1号", body="示范市委编委", date=today)
    cause = Cause(case_id=f"cut-{below}", step="cut", round=1, effective_on=today, recorded_at=office.now, basis=basis)
    with office.database.write() as s:
        moved = postings.authorise(s, RESEARCH, resource, -cut, cause, absorb_until=date(2026, 1, 1))
    assert not isinstance(moved, Refusal)
