"""An establishment change as the register of cases has it: what was decided, who objected, what else is under way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, select
from sqlmodel import Session

from models.applications import EstablishmentChangeApplication
from models.changes import Change
from models.docket import ObjectionView
from models.enums import Department, State, Step, StepState, Verdict
from models.register import Case, table_of

from . import cases, warnings
from .cases import CaseFile

CONSULTED = (Step.CONSULT_ORGANISATION, Step.CONSULT_PERSONNEL, Step.CONSULT_FINANCE)
"""会签: all three are needed, in any order."""

_case = table_of(Case)
_CHANGES: TypeAdapter[list[Change]] = TypeAdapter(list[Change])
_FINAL = [state.value for state in State if state.final]


def decision_of(case: CaseFile) -> Row[Any] | None:
    """The approval of the competent body in the present round."""
    for row in case.steps:
        decided = (row.step, row.round, row.state) == (Step.DECIDE.value, case.round, StepState.DONE.value)
        if decided and row.verdict == Verdict.APPROVE:
            return row
    return None


def approved_changes(s: Session, case: CaseFile, application: EstablishmentChangeApplication) -> list[Change]:
    """What was approved: as applied for, unless the competent body changed it."""
    decided = decision_of(case)
    amended = cases.detail_of(s, decided).get("changes") if decided is not None else None
    return _CHANGES.validate_python(amended) if amended else application.changes


def objections(s: Session, case: CaseFile) -> list[ObjectionView]:
    """Who did not agree in the countersigning of the present round, with the text."""
    asked = {step.value for step in CONSULTED}
    return [
        ObjectionView(
            department=Department(row.acted_as or row.department),
            officer=row.officer_name or "",
            opinion=cases.opinion_of(s, row) or "",
            at=row.decided_at,
        )
        for row in case.steps
        if row.step in asked and row.round == case.round and row.verdict == Verdict.REJECT
    ]


def open_cases(s: Session, units: Iterable[str], but: str) -> list[Row[Any]]:
    """Cases of the units that have not ended, other than one, by id; `told` is false of a warning that its unit may
    not know of."""
    told = warnings.shown_to_units().label("told")
    columns = (_case.c.id, _case.c.no, _case.c.unit, _case.c.procedure, _case.c.state, told)
    wanted = select(*columns).where(_case.c.unit.in_(set(units)), _case.c.state.not_in(_FINAL), _case.c.id != but)
    return list(s.execute(wanted.order_by(_case.c.id)))
