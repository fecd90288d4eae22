"""A case of each kind at its first step, so that what every case has is tested on more than one procedure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from models.applications import AnyApplication
from models.decisions import Extension, Officer, Receipt
from models.docket import StepView
from models.enums import CommandKind, StepState
from models.refusals import RefusalCode
from rules.deadlines import local_day
from tests.removing.leaving import leaver, removal
from tests.support.office import APPLICANT, EXAMINER, ORGANISATION, Office, application


@dataclass(frozen=True, slots=True)
class Kind:
    """`first` officer decides `step` on `subject`; `another` is the application as the unit may correct it."""

    name: str
    step: str
    subject: str
    first: Officer
    asks: Callable[[Office], AnyApplication]
    another: Callable[[Office], AnyApplication]

    def opened(self, office: Office, by: Officer = APPLICANT) -> str:
        return office.opened(self.asks(office), by)

    def decide(self, office: Office, case_id: str, by: Officer | None = None, verdict: str = "approve") -> Receipt:
        more: dict[str, Any] = {"reference_no": "示组干〔2026〕11号"} if self.step == "approve-exit" else {}
        return office.decide(case_id, self.step, by or self.first, verdict, subject=self.subject, **more)


STAFFING_UP = Kind(
    "staffing-up", "examine", "", EXAMINER, lambda _: application(), lambda _: application(meeting="补正后的会议")
)
REMOVING_STAFF = Kind(
    "removing-staff",
    "approve-exit",
    "P1",
    ORGANISATION,
    lambda office: removal(leaver(office)),
    lambda office: removal(leaver(office, proof_no="示退〔2026〕4号")),
)

every_kind = pytest.mark.parametrize("kind", [STAFFING_UP, REMOVING_STAFF], ids=lambda kind: kind.name)


def refused(receipt: Receipt, code: RefusalCode) -> None:
    assert (receipt.status, receipt.code) == ("refused", code), receipt.message


def allowed(office: Office, case_id: str, viewer: Officer) -> set[CommandKind]:
    """What the docket offers a viewer now."""
    return {each.action for each in office.docket(case_id, viewer).may if each.allowed}


def waiting(office: Office, case_id: str) -> StepView:
    """The one step that waits."""
    [step] = [step for step in office.docket(case_id).steps if step.state is StepState.CURRENT]
    return step


def due_on(office: Office, case_id: str) -> date:
    due_at = waiting(office, case_id).due_at
    assert due_at is not None
    return local_day(due_at)


def extension(kind: Kind, days: int) -> Extension:
    return Extension(step=kind.step, subject=kind.subject, working_days=days, reason="需实地核实")
