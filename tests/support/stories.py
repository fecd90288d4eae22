"""One story of each procedure, from its application to its end, as a list of commands that can be sent in any order.

A story is told once to an office without Temporal, where every command is accepted in its turn; what was told is then
sent to a real workflow, shuffled, doubled or between forged signals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from models.applications import AnyApplication
from models.decisions import Decision, Officer, Report, ReportItem, Resubmission
from models.enums import CommandKind, Department, State
from models.shape import Shape
from rules.deadlines import local_day
from tests.change.acts import COUNTERSIGNED, MINUTES, headcount, request
from tests.change.acts import decider as decider_of
from tests.rectification.acts import problem, wanted
from tests.removing.leaving import leaver, removal
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSPECTOR,
    INSPECTOR_TWO,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    Office,
    application,
    line,
    person,
)
from tests.warning.support import call, warning

Command = tuple[CommandKind, Shape, Officer]


@dataclass(slots=True)
class Telling:
    """A case in an office without Temporal; `commands` is what has been told so far."""

    office: Office
    case_id: str
    commands: list[Command] = field(default_factory=list)

    def decide(self, step: str, by: Officer, verdict: str = "approve", **more: Any) -> None:
        round = self.office.docket(self.case_id).round
        body = Decision.model_validate({"step": step, "round": round, "verdict": verdict} | more)
        self.order(CommandKind.DECIDE, body, by)

    def order(self, kind: CommandKind, body: Shape, by: Officer) -> None:
        self.office.accepted(self.office.order(self.case_id, kind, body, by))
        self.commands.append((kind, body, by))

    def slot(self) -> str:
        slip = self.office.docket(self.case_id).slip
        assert slip is not None
        return slip.slots[0].code


@dataclass(frozen=True, slots=True)
class Story:
    """`applied` builds the application in the office where it will be made (a roster's references are its own)."""

    applied: Callable[[Office], AnyApplication]
    by: Officer
    tell: Callable[[Telling], None]
    ends: State = State.CLOSED


def told(story: Story, folder: Path) -> Telling:
    """The story in order, in an office of its own; the caller closes its register."""
    folder.mkdir()
    office = Office(folder, now=datetime.now(UTC))
    telling = Telling(office, office.opened(story.applied(office), story.by))
    story.tell(telling)
    assert office.docket(telling.case_id).state is story.ends
    return telling


def _new_staff(t: Telling) -> None:
    t.decide("examine", EXAMINER)
    t.decide("issue", ISSUER)
    slot = t.slot()
    t.decide(
        "approve-persons", ORGANISATION, subject=slot, persons=[person(slot, 300)], reference_no="示组任〔2026〕5号"
    )
    t.decide("enter", REGISTRAR, subject=slot)
    t.decide("finance", FINANCE, "acknowledge", subject=slot)
    t.decide("social-insurance", INSURANCE, "acknowledge", subject=slot)


def _returned_once(t: Telling) -> None:
    t.decide("examine", EXAMINER, "return", opinion="请说明岗位职责")
    better = application(line("headcount:administrative", reason="综合处文稿岗位缺员"))
    t.order(CommandKind.RESUBMIT, Resubmission(application=better), APPLICANT)
    _new_staff(t)


def _departure(t: Telling) -> None:
    t.decide("approve-exit", ORGANISATION, subject="P1", reference_no="示组干〔2026〕11号")
    t.decide("exit", REGISTRAR, subject="P1")
    t.decide("finance", FINANCE, "acknowledge", subject="P1")
    t.decide("social-insurance", INSURANCE, "acknowledge", subject="P1")


def _change(t: Telling) -> None:
    t.decide("examine", EXAMINER)
    for step, by in COUNTERSIGNED.items():
        t.decide(step, by)
    t.decide("decide", decider_of(t.office, t.case_id), minutes_no=MINUTES)
    t.decide("sign", ISSUER)
    for step in [each for each in t.office.docket(t.case_id).steps if each.state == "current"]:
        by = APPLICANT if step.department is Department.UNIT else REGISTRAR
        t.decide(step.step, by, "acknowledge", subject=step.subject, reference_no="示编备7号")


def _put_right(t: Telling) -> None:
    t.order(CommandKind.REPORT, Report(items=[ReportItem(no="P1", text="已撤销该办公室")]), APPLICANT)
    t.decide("site-check", INSPECTOR, subject="P1.1.1")
    t.decide("site-check", INSPECTOR_TWO, subject="P1.1.2")


def _answered(t: Telling) -> None:
    t.decide("remind", INSPECTOR, **call(t.office))
    t.order(CommandKind.REPORT, Report(text="已改正"), APPLICANT)
    t.decide("review", INSPECTOR, subject="remind")


def _in_a_month() -> date:
    return local_day(datetime.now(UTC) + timedelta(days=30))


STORIES: dict[str, Story] = {
    "staffing-up": Story(lambda office: application(), APPLICANT, _new_staff),
    "staffing-up, returned once": Story(lambda office: application(), APPLICANT, _returned_once),
    "removing-staff": Story(lambda office: removal(leaver(office, on=date(2015, 7, 1))), APPLICANT, _departure),
    "establishment-change": Story(lambda office: request(headcount()), APPLICANT, _change),
    "rectification": Story(lambda office: wanted(problem(due=_in_a_month())), INSPECTOR, _put_right),
    "early-warning": Story(lambda office: warning(), INSPECTOR, _answered),
}
