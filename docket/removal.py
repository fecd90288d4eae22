"""Who leaves in a removing case: what each person frees, who is still on the way out, what is expected next."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger.occupancy import seats_of
from models.applications import AnyApplication, Leaver, RemovingStaffApplication
from models.docket import Check, LeaverView
from models.enums import EntryKind, Resource, State, Step, StepState, Verdict
from models.register import Journal, Person, table_of
from rules.removal import freed, late_notes, subject_of

from .cases import CaseFile, StepKey

_journal = table_of(Journal)
_person = table_of(Person)

_NAME = select(_person.c.name).where(_person.c.ref == bindparam("person"))
_LEFT = (
    select(_journal.c.unit, _journal.c.resource)
    .where(
        _journal.c.case_id == bindparam("case_id"),
        _journal.c.round == bindparam("number"),
        _journal.c.subject == bindparam("at_subject"),
        _journal.c.kind == EntryKind.LEAVE.value,
    )
    .order_by(_journal.c.holder, _journal.c.seq)
)
_BEFORE_THE_FORM = (State.SUBMITTED, State.RETURNED)


@dataclass(frozen=True, slots=True)
class Leaving:
    """One person of the case: `frees` (unit, resource) once for each seat; `going` still on the way out or gone."""

    subject: str
    leaver: Leaver
    frees: list[tuple[str, Resource]]
    going: bool
    left: bool


def leaving(s: Session, case: CaseFile, application: RemovingStaffApplication) -> list[Leaving]:
    """Everybody named by the present round, in its order. A reference that the register does not know frees
    nothing."""
    return [_of_person(s, case, subject_of(n), leaver) for n, leaver in enumerate(application.persons, 1)]


def _of_person(s: Session, case: CaseFile, subject: str, leaver: Leaver) -> Leaving:
    step = case.find(StepKey(Step.EXIT.value, case.round, subject))
    left = step is not None and step.state == StepState.DONE and step.verdict == Verdict.APPROVE
    if left:
        rows = s.execute(_LEFT, {"case_id": case.id, "number": case.round, "at_subject": subject})
        return Leaving(subject, leaver, [(row.unit, Resource(row.resource)) for row in rows], going=True, left=True)
    seats = freed(seats_of(s, leaver.person), case.row.unit, leaver.reason)
    frees = [(seat.unit, seat.resource) for seat in seats]
    return Leaving(subject, leaver, frees, going=_going(case, subject), left=False)


def _going(case: CaseFile, subject: str) -> bool:
    """Neither rejected nor withdrawn."""
    if case.state in _BEFORE_THE_FORM:
        return True
    on_the_way = (Step.APPROVE_EXIT, Step.EXIT)
    return any(row.subject == subject and row.step in on_the_way for row in case.current())


def leavers(s: Session, case: CaseFile, application: AnyApplication, checks: list[Check]) -> list[LeaverView]:
    """The persons as readers of the docket see them; empty in every other procedure."""
    if not isinstance(application, RemovingStaffApplication):
        return []
    late = late_notes(checks)
    return [
        LeaverView(
            subject=each.subject,
            person=each.leaver.person,
            name=s.execute(_NAME, {"person": each.leaver.person}).scalar() or "",
            reason=each.leaver.reason,
            event_date=each.leaver.event_date,
            late=each.subject in late,
            frees=[resource for _, resource in each.frees],
            left=each.left,
        )
        for each in leaving(s, case, application)
    ]
