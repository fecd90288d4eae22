"""One turn: everything that the handling of one command (or alarm) works with, in one open transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from docket import cases
from docket.cases import CaseFile, StepKey
from docket.commands import CommandRow
from models.applications import StaffingUpApplication
from models.decisions import Decision, Officer
from models.enums import Department, Step
from models.ledger import Basis, Cause
from models.refusals import Refusal
from rules.deadlines import local_day

from .deps import Deps


class Refused(Exception):
    """Carries a business refusal out of a savepoint, so that a number taken inside it is given back."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code.value)


@dataclass(slots=True)
class Turn:
    """The case under lock, the workflow time `at`, and what may be needed to act on it."""

    s: Session
    deps: Deps
    case: CaseFile
    at: datetime
    command: CommandRow | None = None
    _application: StaffingUpApplication | None = field(default=None, init=False)

    @property
    def today(self) -> date:
        return local_day(self.at)

    @property
    def officer(self) -> Officer:
        if self.command is None:
            raise LookupError("an alarm has no officer")
        return self.command.officer

    @property
    def application(self) -> StaffingUpApplication:
        """The application of the present round."""
        if self._application is None:
            self._application = cases.application_of(self.s, self.case.id, self.case.round)
        return self._application

    def cause(self, step: str, subject: str = "", basis: Basis | None = None, *, round: int | None = None) -> Cause:
        return Cause(
            case_id=self.case.id,
            step=step,
            round=round or self.case.round,
            subject=subject,
            effective_on=self.today,
            recorded_at=self.at,
            basis=basis,
            decided_at=self.command.decided_at if self.command else None,
        )

    def open(self, step: Step, department: Department, subject: str = "") -> None:
        cases.open_step(
            self.s, self.case, step, department, self.at, self.deps.office, round=self.case.round, subject=subject
        )

    def finish(self, decision: Decision, *, subject: str | None = None, person_index: str | None = None) -> None:
        if self.command is None:
            raise LookupError("an alarm decides nothing")
        key = StepKey(decision.step, decision.round, decision.subject if subject is None else subject)
        cases.finish_step(
            self.s, self.case, key, self.command.id, self.officer, decision, self.at, person_index=person_index
        )

    def change(self, **values: object) -> None:
        """Change the case row and look at it again."""
        cases.change(self.s, self.case.id, **values)
        self.refresh()

    def refresh(self) -> None:
        self.case = cases.reload(self.s, self.case)
        self._application = None
