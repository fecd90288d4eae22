"""提交前检查: the real opening of an application in a transaction that is always rolled back (docs/decisions/0035).

Nothing of it remains: no row, no number, no file (files are made after a commit, and there is none). On SQLite it
holds the writer's lock while it runs, as the opening itself does. A unit hears everything that the gate will say but
for what turns on the figures of others: those could be found out by asking often, because asking leaves no trace.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from activities import acceptance, orders
from activities.deps import Deps
from activities.procedures import CONDUCT
from activities.turn import Turn
from docket import cases, commands
from docket.applications import procedure_of, serial_series
from models.applications import AnyApplication
from models.decisions import Officer, Resubmission
from models.docket import Check
from models.enums import CommandKind
from models.refusals import Refusal
from models.register import RoundRow
from models.rehearsal import Rehearsal
from records import numbering
from rules.deadlines import local_day


class _Undone(Exception):
    """Carries the result out of the transaction, which is rolled back by it."""

    def __init__(self, result: Rehearsal) -> None:
        self.result = result
        super().__init__("rehearsed")


@dataclass(frozen=True, slots=True)
class Rehearser:
    """`rehearse(application, officer, case_id)`: `case_id` of the case that the application would correct."""

    deps: Deps
    clock: Callable[[], datetime]

    def __call__(self, application: AnyApplication, officer: Officer, case_id: str | None = None) -> Rehearsal:
        """Raises LookupError when the case or the unit is not in the register, and whatever the opening raises."""
        try:
            with self.deps.database.write() as s:
                turn = self._corrected(s, application, officer, case_id) if case_id else None
                if isinstance(turn, Rehearsal):
                    raise _Undone(turn)
                turn = turn or self._opened(s, application, officer)
                raise _Undone(Rehearsal(state=turn.case.state, checks=_checks(s, turn)))
        except _Undone as undone:
            return undone.result

    def _opened(self, s: Session, application: AnyApplication, officer: Officer) -> Turn:
        """As `api.entering` commits it and `activities.cases.open_case` begins it."""
        at, procedure = self.clock(), procedure_of(application)
        series = serial_series(procedure)
        key = f"rehearsal-{uuid.uuid4().hex}"
        done = commands.submit_application(
            s, application, officer, key, at, lambda: numbering.tally(s, series, local_day(at).year)
        )
        if isinstance(done, Refusal):
            raise LookupError("a fresh key cannot be refused")
        turn = self._turn(s, done.case_id)
        CONDUCT[procedure].begin(turn)
        acceptance.receipt_of_start(turn)
        return turn

    def _corrected(self, s: Session, application: AnyApplication, officer: Officer, case_id: str) -> Turn | Rehearsal:
        """As `api.writing` commits it and `activities.cases.handle_command` judges it."""
        body = Resubmission(application=application)
        key = f"rehearsal-{uuid.uuid4().hex}"
        turn = self._turn(s, case_id)
        commands.submit(s, case_id, CommandKind.RESUBMIT, body, officer, key, self.clock())
        turn.command = commands.opened(s, commands.command_id(officer.id, key))
        refusal = orders.resubmit(turn, body, CONDUCT[turn.case.procedure])
        return Rehearsal(state=turn.case.state, refusal=refusal) if refusal is not None else turn

    def _turn(self, s: Session, case_id: str) -> Turn:
        case = cases.load(s, case_id)
        if case is None:
            raise LookupError("no such case in this register")
        return Turn(s, self.deps, self.clock(), case, rehearsal=True)


def _checks(s: Session, turn: Turn) -> list[Check]:
    written = s.exec(
        select(RoundRow.checks).where(col(RoundRow.case_id) == turn.case.id, col(RoundRow.round) == turn.case.round)
    ).one()
    return [Check.model_validate(each) for each in json.loads(written)]
