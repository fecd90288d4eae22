"""One turn: everything that the handling of one command (or alarm) works with, in one open transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import bindparam, select
from sqlmodel import Session

from docket import cases, commands
from docket.applications import procedure_of, serial_series
from docket.cases import CaseFile, StepKey
from docket.commands import CommandRow, Submitted
from models.applications import AnyApplication
from models.decisions import Decision, Officer
from models.documents import DocumentContext
from models.enums import Department, DocumentKind, Step
from models.ledger import Basis, Cause
from models.refusals import Refusal
from models.register import Unit, table_of
from models.shape import Shape
from records import numbering
from rules.deadlines import local_day

from .deps import Deps

A = TypeVar("A", bound=Shape)

CLOCK = Officer(id="system-clock", name="系统", department=Department.ESTABLISHMENT)
"""Whoever no person is: what happens by itself at its time. No account; it can decide nothing."""

_UNIT = select(table_of(Unit)).where(table_of(Unit).c.code == bindparam("code"))


class Refused(Exception):
    """Carries a business refusal out of a savepoint, so that a number taken inside it is given back."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.code.value)


@dataclass(frozen=True, slots=True)
class Issued:
    """A document that this turn numbered: what is needed to make its file after the commit."""

    record_id: str
    kind: DocumentKind
    template_digest: str
    context: DocumentContext


@dataclass(slots=True)
class Turn:
    """The case under lock, the workflow time `at`, and what may be needed to act on it.

    `case` is read again only after something changed it: a step costs as many statements as it needs.
    """

    s: Session
    deps: Deps
    at: datetime
    _case: CaseFile
    command: CommandRow | None = None
    rehearsal: bool = False
    """Nothing of it will stand: the gate is only asked what it would say (docs/decisions/0035)."""
    issued: list[Issued] = field(default_factory=list, init=False)
    notes: list[str] = field(default_factory=list, init=False)
    """What came of the command, for its receipt: numbers and hints, never a name."""
    _row_stale: bool = field(default=False, init=False)
    _steps_stale: bool = field(default=False, init=False)
    _application: AnyApplication | None = field(default=None, init=False)
    _units: dict[str, Unit] = field(default_factory=dict, init=False)

    @property
    def case(self) -> CaseFile:
        """The case as it stands in this transaction."""
        if self._row_stale or self._steps_stale:
            self._case = cases.reread(self.s, self._case, row=self._row_stale, steps=self._steps_stale)
            self._row_stale = self._steps_stale = False
        return self._case

    def unit(self, code: str | None = None) -> Unit:
        """The unit of the case, or another one."""
        wanted = code or self._case.row.unit
        if wanted not in self._units:
            row = self.s.execute(_UNIT, {"code": wanted}).one()
            self._units[wanted] = Unit(**row._mapping)
        return self._units[wanted]

    def forget_units(self) -> None:
        """What was read of units is not so any more: a reply has renamed, moved or merged them."""
        self._units.clear()

    @property
    def today(self) -> date:
        return local_day(self.at)

    @property
    def officer(self) -> Officer:
        if self.command is None:
            raise LookupError("an alarm has no officer")
        return self.command.officer

    @property
    def application(self) -> AnyApplication:
        """The application of the present round."""
        if self._application is None:
            self._application = cases.application_of(self.s, self._row_fresh())
        return self._application

    def applied(self, kind: type[A]) -> A:
        """The application of the present round as its procedure's own model."""
        application = self.application
        if not isinstance(application, kind):
            raise LookupError("an application of another procedure")
        return application

    def cause(self, step: str, subject: str = "", basis: Basis | None = None, *, round: int | None = None) -> Cause:
        return Cause(
            case_id=self._case.id,
            step=step,
            round=round or self._row_fresh().round,
            subject=subject,
            effective_on=self.today,
            recorded_at=self.at,
            basis=basis,
            decided_at=self.command.decided_at if self.command else None,
        )

    def open(
        self,
        step: Step,
        department: Department,
        subject: str = "",
        *,
        days: int | None = None,
        person_index: str | None = None,
    ) -> None:
        case = self._row_fresh()
        cases.open_step(
            self.s,
            case,
            step,
            department,
            self.at,
            self.deps.office,
            round=case.round,
            subject=subject,
            days=days,
            person_index=person_index,
        )
        self._steps_stale = True

    def finish(self, decision: Decision, *, subject: str | None = None, person_index: str | None = None) -> None:
        if self.command is None:
            raise LookupError("an alarm decides nothing")
        key = StepKey(decision.step, decision.round, decision.subject if subject is None else subject)
        cases.finish_step(
            self.s, self._case, key, self.command.id, self.officer, decision, self.at, person_index=person_index
        )
        self._steps_stale = True

    def _row_fresh(self) -> CaseFile:
        """The case for those who need only its row: steps may be stale."""
        if self._row_stale:
            self._case = cases.reread(self.s, self._case, row=True, steps=False)
            self._row_stale = False
        return self._case

    def void(self, subjects: list[str] | None = None, *, done_too: bool = False) -> None:
        """Void what waits, of all subjects or of some; `done_too` also the earlier votes."""
        cases.void_steps(self.s, self._case.id, subjects=subjects, done_too=done_too)
        self._steps_stale = True

    def change(self, **values: object) -> None:
        """Change columns of the case row."""
        cases.change(self.s, self._case.id, **values)
        self._row_stale = True
        if "round" in values:
            self._application = None

    def start(self, application: AnyApplication, officer: Officer, key: str) -> Submitted | Refusal:
        """Commit an application of another procedure as a new case, in this transaction; the relay starts it. The
        same key is the same case."""
        year = self.today.year
        series = serial_series(procedure_of(application))
        return commands.submit_application(
            self.s, application, officer, key, self.at, lambda: numbering.tally(self.s, series, year)
        )

    def wake(self, case_id: str, reason: str) -> None:
        """Tell another case that what it waits for has changed."""
        said = sha256(f"{self.case.id}|{self.at.isoformat()}|{case_id}".encode()).hexdigest()
        key = f"wake-{said[:32]}"
        officer = self.command.officer if self.command else CLOCK
        commands.wake(self.s, case_id, officer, key, self.at, reason)

    def touched(self) -> None:
        """Steps were changed by other hands than this turn's."""
        self._steps_stale = True
