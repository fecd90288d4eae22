"""The register of cases: opening and closing steps, states, and the desk that the workflow works from.

Core statements on the hot path, built once (performance.md). Every function takes the caller's session.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Update, and_, bindparam, func, insert, or_, select, update
from sqlmodel import Session

from models.applications import APPLICATION_OF, AnyApplication
from models.decisions import Decision, Officer
from models.docket import Check
from models.enums import CommandKind, Department, Procedure, State, Step, StepState
from models.register import Case, Command, Notice, Record, RoundRow, Slip, StepRow, Trace, table_of
from models.rulebook import Calendar, Rulebook
from rules.deadlines import (
    add_working_days,
    end_of_day,
    local_day,
    provisional,
    remind_at,
    terms,
    working_days_between,
)
from rules.steps import EX_OFFICIO, STEPS

from .commands import canonical, keyring_of

_case = table_of(Case)
_step = table_of(StepRow)
_round = table_of(RoundRow)
_slip = table_of(Slip)
_record = table_of(Record)
_trace = table_of(Trace)
_notice = table_of(Notice)
_command = table_of(Command)

_LOAD = select(_case).where(_case.c.id == bindparam("case_id")).with_for_update()
_STEPS = (
    select(_step)
    .where(_step.c.case_id == bindparam("case_id"))
    .order_by(_step.c.opened_at, _step.c.step, _step.c.subject)
)
_ROUND = select(_round).where(_round.c.case_id == bindparam("case_id"), _round.c.round == bindparam("number"))
_APPLIED = (
    select(_round.c.officer, _command.c.acting_for)
    .outerjoin(_command, _command.c.id == _round.c.command_id)
    .where(_round.c.case_id == bindparam("case_id"), _round.c.internal.is_(False))
)
_ROUNDS = select(_round).where(_round.c.case_id == bindparam("case_id")).order_by(_round.c.round)
_OPEN = insert(_step)
_FINISH = (
    update(_step)
    .where(
        _step.c.case_id == bindparam("at_case"),
        _step.c.step == bindparam("at_step"),
        _step.c.round == bindparam("at_round"),
        _step.c.subject == bindparam("at_subject"),
    )
    .values(
        state=StepState.DONE.value,
        command_id=bindparam("new_command"),
        officer=bindparam("new_officer"),
        officer_name=bindparam("new_name"),
        acted_as=bindparam("new_department"),
        acting_for=bindparam("new_acting_for"),
        verdict=bindparam("new_verdict"),
        decided_at=bindparam("new_at"),
        reference_no=bindparam("new_reference"),
        opinion_sealed=bindparam("new_opinion"),
        detail_sealed=bindparam("new_detail"),
        person_index=func.coalesce(bindparam("new_person"), _step.c.person_index),
    )
)


_FINAL = [state.value for state in State if state.final]
_DUPLICATES = select(_case.c.no).where(
    _case.c.unit == bindparam("at_unit"),
    _case.c.fingerprint == bindparam("at_fingerprint"),
    _case.c.id != bindparam("at_case"),
    _case.c.state.not_in(_FINAL),
    or_(
        _case.c.state != State.SUBMITTED.value,
        _case.c.year < bindparam("at_year"),
        and_(_case.c.year == bindparam("at_year"), _case.c.serial < bindparam("at_serial")),
    ),
)


_IN_COLUMNS = {"step", "round", "subject", "verdict", "opinion", "reference_no"}
"""Fields of a decision with a column of their own; all others are its detail, sealed."""


@dataclass(frozen=True, slots=True)
class Office:
    """What the rules need from the settings: handed in by the activity, never read here."""

    rulebook: Rulebook
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class StepKey:
    step: str
    round: int
    subject: str = ""


@dataclass(slots=True)
class CaseFile:
    """A case loaded under lock, with its steps; changes are written through the functions below."""

    row: Row[Any]
    steps: list[Row[Any]]

    @property
    def id(self) -> str:
        case_id: str = self.row.id
        return case_id

    @property
    def procedure(self) -> Procedure:
        return Procedure(self.row.procedure)

    @property
    def state(self) -> State:
        return State(self.row.state)

    @property
    def round(self) -> int:
        number: int = self.row.round
        return number

    def current(self) -> list[Row[Any]]:
        return [row for row in self.steps if row.state == StepState.CURRENT.value]

    def find(self, key: StepKey) -> Row[Any] | None:
        for row in self.steps:
            if (row.step, row.round, row.subject) == (key.step, key.round, key.subject):
                return row
        return None


def load(s: Session, case_id: str) -> CaseFile | None:
    """The case, locked for this transaction (SQLite is already exclusive)."""
    row = s.execute(_LOAD, {"case_id": case_id}).one_or_none()
    return CaseFile(row, list(s.execute(_STEPS, {"case_id": case_id}))) if row is not None else None


def read(s: Session, case_id: str) -> CaseFile | None:
    """The case for a reader: nothing is locked."""
    row = s.execute(select(_case).where(_case.c.id == case_id)).one_or_none()
    return CaseFile(row, list(s.execute(_STEPS, {"case_id": case_id}))) if row is not None else None


def reread(s: Session, case: CaseFile, *, row: bool, steps: bool) -> CaseFile:
    """The case after a change: only what changed is read."""
    fresh = s.execute(_LOAD, {"case_id": case.id}).one() if row else case.row
    return CaseFile(fresh, list(s.execute(_STEPS, {"case_id": case.id})) if steps else case.steps)


def applicants(s: Session, case: CaseFile) -> frozenset[str]:
    """Who asked for something, in person or by a substitute, and so may approve nothing of it; nobody in a case
    that the office opened itself."""
    if case.procedure in EX_OFFICIO:
        return frozenset()
    rows = s.execute(_APPLIED, {"case_id": case.id}).all()
    return frozenset(who for row in rows for who in (row.officer, row.acting_for) if who is not None)


def application_of(s: Session, case: CaseFile, number: int | None = None) -> AnyApplication:
    """The application of a round, of the present one unless told."""
    row = s.execute(_ROUND, {"case_id": case.id, "number": number or case.round}).one()
    return APPLICATION_OF[case.procedure].model_validate_json(opened_application(s, row))


def opened_application(s: Session, row: Row[Any]) -> str:
    return keyring_of(s).open_column(
        row.application_sealed, "case_round", "application_sealed", f"{row.case_id}|{row.round}"
    )


def rounds(s: Session, case_id: str) -> list[Row[Any]]:
    return list(s.execute(_ROUNDS, {"case_id": case_id}))


def write_checks(s: Session, case_id: str, number: int, checks: list[Check], outcome: str) -> None:
    text = json.dumps([check.model_dump(mode="json") for check in checks], ensure_ascii=False)
    s.execute(
        update(_round).where(_round.c.case_id == case_id, _round.c.round == number).values(checks=text, outcome=outcome)
    )


def change(s: Session, case_id: str, **values: object) -> None:
    """Change columns of the case row."""
    s.execute(_changing(tuple(sorted(values))), {"at_case": case_id} | {f"new_{k}": v for k, v in values.items()})


@cache
def _changing(columns: tuple[str, ...]) -> Update:
    """Built once per set of columns."""
    return (
        update(_case)
        .where(_case.c.id == bindparam("at_case"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )


def open_step(
    s: Session,
    case: CaseFile,
    step: Step,
    department: Department,
    at: datetime,
    office: Office,
    *,
    round: int,
    subject: str = "",
    days: int | None = None,
    person_index: str | None = None,
) -> None:
    """Open a step for a department with its deadline (`days` unless the setting's); the calendar that fixed it is
    stored with it."""
    days = days or office.rulebook.deadlines.days_for(step.value)
    due = terms(at, days, office.calendar, office.rulebook.deadlines)
    s.execute(
        _OPEN,
        {
            "case_id": case.id,
            "step": step.value,
            "round": round,
            "subject": subject,
            "department": department.value,
            "roles": ",".join(sorted(STEPS[case.procedure][step.value].roles)),
            "state": StepState.CURRENT.value,
            "opened_at": at,
            "due_at": due.due_at,
            "remind_at": due.remind_at,
            "working_days": days,
            "extended_days": 0,
            "given_back_days": 0,
            "calendar_version": due.calendar_version,
            "provisional": due.provisional,
            "person_index": person_index,
        },
    )


def finish_step(
    s: Session,
    case: CaseFile,
    key: StepKey,
    command: str,
    officer: Officer,
    decision: Decision,
    at: datetime,
    *,
    person_index: str | None = None,
) -> None:
    """Record who decided a step and how; opinion and details are sealed and bound to the step."""
    keyring = keyring_of(s)
    place = f"{case.id}|{key.step}|{key.round}|{key.subject}"
    detail = decision.model_dump(mode="json", exclude_none=True, exclude=_IN_COLUMNS)
    s.execute(
        _FINISH,
        {
            "at_case": case.id,
            "at_step": key.step,
            "at_round": key.round,
            "at_subject": key.subject,
            "new_command": command,
            "new_officer": officer.id,
            "new_name": officer.shown,
            "new_acting_for": officer.acting_for,
            "new_department": officer.department.value,
            "new_verdict": decision.verdict.value,
            "new_at": at,
            "new_reference": decision.reference_no,
            "new_opinion": keyring.seal_column(decision.opinion, "step", "opinion", place)
            if decision.opinion
            else None,
            "new_detail": keyring.seal_column(canonical(detail), "step", "detail", place) if detail else None,
            "new_person": person_index,
        },
    )


def opinion_of(s: Session, row: Row[Any]) -> str | None:
    return _opened(s, row, "opinion", row.opinion_sealed)


def detail_of(s: Session, row: Row[Any]) -> dict[str, Any]:
    """Grants or persons of a decided step."""
    text = _opened(s, row, "detail", row.detail_sealed)
    detail: dict[str, Any] = json.loads(text) if text else {}
    return detail


def _opened(s: Session, row: Row[Any], column: str, value: bytes | None) -> str | None:
    if value is None:
        return None
    return keyring_of(s).open_column(value, "step", column, f"{row.case_id}|{row.step}|{row.round}|{row.subject}")


def department_of_command(s: Session, command_id: str) -> Department:
    return Department(s.execute(select(_command.c.department).where(_command.c.id == command_id)).scalar_one())


def void_steps(s: Session, case_id: str, *, subjects: list[str] | None = None, done_too: bool = False) -> None:
    """Close what waits: of all subjects or of some. `done_too` voids earlier votes as well (a new round)."""
    states = [StepState.CURRENT.value, StepState.DONE.value] if done_too else [StepState.CURRENT.value]
    where = [_step.c.case_id == case_id, _step.c.state.in_(states)]
    if subjects is not None:
        where.append(_step.c.subject.in_(subjects))
    s.execute(update(_step).where(*where).values(state=StepState.VOID.value))


def forget_person(s: Session, case_id: str, subjects: list[str]) -> None:
    """The person of a slot is posted, rejected or no longer wanted: he or she may be approved elsewhere again."""
    s.execute(update(_step).where(_step.c.case_id == case_id, _step.c.subject.in_(subjects)).values(person_index=None))


def waiting_decisions(
    s: Session, case_id: str, until: datetime, kinds: tuple[CommandKind, ...] = (CommandKind.DECIDE,)
) -> bool:
    """Whether a decision (or a command of these kinds) committed by `until` has not been judged yet: what is due
    yields to it."""
    return (
        s.execute(
            select(_command.c.id)
            .where(
                _command.c.case_id == case_id,
                _command.c.kind.in_([kind.value for kind in kinds]),
                _command.c.handled_at.is_(None),
                _command.c.decided_at <= until,
            )
            .limit(1)
        ).first()
        is not None
    )


def case_of_command(s: Session, command_id: str) -> str | None:
    found: str | None = s.execute(select(_command.c.case_id).where(_command.c.id == command_id)).scalar()
    return found


def duplicates(s: Session, case: CaseFile) -> list[str]:
    """Numbers of open cases of the unit with the same lines and basis meeting. Of two that have not passed the
    gate yet the earlier one counts, so that two equal applications cannot refuse each other."""
    row = case.row
    return list(
        s.execute(
            _DUPLICATES,
            {
                "at_unit": row.unit,
                "at_fingerprint": row.fingerprint,
                "at_case": case.id,
                "at_year": row.year,
                "at_serial": row.serial,
            },
        ).scalars()
    )


def elsewhere_in_hand(s: Session, case_id: str, person_index: str) -> str | None:
    """The number of another open case that has the same person in hand: approved and not yet posted, or on the
    way out (until `forget_person`)."""
    number: str | None = s.execute(
        select(_case.c.no)
        .join(_step, _step.c.case_id == _case.c.id)
        .where(
            _step.c.person_index == person_index,
            _step.c.state != StepState.VOID.value,
            _case.c.id != case_id,
            _case.c.state.not_in(_FINAL),
        )
        .limit(1)
    ).scalar()
    return number


def passed_under(s: Session, exception: str, but: str) -> int:
    """How many other cases have passed under an exceptional acceptance and stand by it."""
    gone = [state.value for state in (State.NOT_ACCEPTED, State.REJECTED, State.WITHDRAWN)]
    counted = select(func.count()).select_from(_case).where(_case.c.exception_id == exception, _case.c.id != but)
    return int(s.execute(counted.where(_case.c.state.not_in(gone))).scalar_one())


def shift_deadlines(s: Session, case: CaseFile, since: datetime, at: datetime, office: Office) -> None:
    """Give back the working days that a hold took."""
    days = working_days_between(local_day(since), local_day(at), office.calendar)
    for row in case.current():
        extend_step(s, row, days, office, counted=False)


def extend_step(
    s: Session, row: Row[Any], days: int, office: Office, *, since: date | None = None, counted: bool = True
) -> None:
    """Move a step's deadline by working days, a lapsed one from `since`; `counted` days use up the maximum. What is
    not counted is kept as given back, so that a later recount loses none of it."""
    due_before = _due_on(row, office)
    start = max(due_before, since or due_before)
    lapsed = working_days_between(due_before, start, office.calendar)
    due_on = add_working_days(start, days, office.calendar)
    s.execute(
        update(_step)
        .where(
            _step.c.case_id == row.case_id,
            _step.c.step == row.step,
            _step.c.round == row.round,
            _step.c.subject == row.subject,
        )
        .values(
            due_at=end_of_day(due_on),
            remind_at=remind_at(due_on, office.calendar, office.rulebook.deadlines),
            extended_days=row.extended_days + (days if counted else 0),
            given_back_days=row.given_back_days + lapsed + (0 if counted else days),
            calendar_version=office.calendar.version,
            provisional=provisional(local_day(row.opened_at), due_on, office.calendar),
            reminded_at=None,
            escalated_at=None,
            escalated_to=None,
        )
    )


def outdated(row: Row[Any], office: Office) -> bool:
    """Whether a deadline was counted over a year that was not published then, by another calendar than today's."""
    return bool(row.provisional) and row.calendar_version != office.calendar.version


def _days(row: Row[Any]) -> int:
    days: int = row.working_days + row.extended_days + row.given_back_days
    return days


def _due_on(row: Row[Any], office: Office) -> date:
    """The day on which a step falls due by the calendar of today."""
    if not outdated(row, office):
        return local_day(row.due_at)
    return add_working_days(local_day(row.opened_at), _days(row), office.calendar)


def recount_step(s: Session, row: Row[Any], office: Office) -> None:
    """The deadline of a step anew, by the calendar of today: its working days, its extensions and what holds gave
    back, from its opening (day 0)."""
    days = _days(row)
    due = terms(row.opened_at, days, office.calendar, office.rulebook.deadlines)
    moved: dict[str, object] = {"calendar_version": due.calendar_version, "provisional": due.provisional}
    if due.due_at != row.due_at:
        moved |= {"due_at": due.due_at, "remind_at": due.remind_at}
        moved |= {"reminded_at": None, "escalated_at": None, "escalated_to": None}
    mark_step(s, row, **moved)


def mark_step(s: Session, row: Row[Any], **values: object) -> None:
    """Set bookkeeping columns of a step (reminded, escalated)."""
    s.execute(
        update(_step)
        .where(
            _step.c.case_id == row.case_id,
            _step.c.step == row.step,
            _step.c.round == row.round,
            _step.c.subject == row.subject,
        )
        .values(**values)
    )
