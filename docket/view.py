"""The case as every reader sees it, and lists of cases: shaped in SQL, answered as contracts, never ORM rows."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, and_, not_, or_, select
from sqlmodel import Session

from models.decisions import Officer, Receipt
from models.docket import (
    CasePage,
    CaseRow,
    Check,
    DecisionView,
    Difference,
    Docket,
    NoticeView,
    RecordView,
    RoundView,
    SlipView,
    SlotView,
    StepView,
    TraceView,
)
from models.enums import (
    Department,
    DocumentKind,
    Procedure,
    Resource,
    Role,
    SlipState,
    SlotState,
    State,
    Step,
    StepState,
    Verdict,
)
from models.refusals import Refusal, RefusalCode
from models.register import Account, Case, Command, Journal, Record, Slip, SlotRow, Unit, table_of
from models.rulebook import Calendar
from models.shape import Instant, RowId
from records.retention import told
from rules.admission import CaseFacts, StepFacts
from rules.deadlines import local_day, working_days_between
from rules.routing import approving_department

from . import cases, notices, permissions, problems, recusals, warnings
from .acts import acts
from .changing import objections
from .effects import effects
from .expected import expected
from .remarks import remarks
from .removal import leavers

_case = table_of(Case)
_unit = table_of(Unit)
_command = table_of(Command)
_journal = table_of(Journal)
_account = table_of(Account)
_slip = table_of(Slip)
_slot = table_of(SlotRow)
_record = table_of(Record)

PAGE_LIMIT = 200
_PLACE: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[Instant, RowId])
"""What a place in the list is made of: nothing else of a cursor reaches the database."""
INTERNAL = frozenset(
    {
        DocumentKind.PHONE_RECORD,
        DocumentKind.INSPECTION_REPORT,
        DocumentKind.CASE_FILE,
        DocumentKind.DISPOSAL_LIST,
    }
)
"""Made out about a unit and never sent to it: the office's own note, its report to the commission, the list of a
case's file, which names every paper and every act of it, and lists of destroyed records, which name those of all."""

OVERSEEING = frozenset(
    {Department.ESTABLISHMENT, Department.COMMISSION, Department.SUPERVISION, Department.DISCIPLINE, Department.UPPER}
)
_NEVER_LATE = [state.value for state in State if state.final or state is State.HELD]
"""Nobody is waited for: what has ended, and what is held, whose days are given back on release."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of cases is narrowed by; every field optional."""

    state: State | None = None
    procedure: Procedure | None = None
    unit: str | None = None
    waiting_on: Department | None = None
    overdue: bool | None = None
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


def may_see(s: Session, case_id: str, officer: Officer) -> bool:
    """A unit sees its own cases, of warnings those that it was told of, of rectifications those that were opened;
    departments and supervisors see all, administrators none (三员分立)."""
    statement = select(_case.c.id).where(_case.c.id == case_id)
    if officer.department is Department.ADMINISTRATION:
        return False
    if officer.department is Department.UNIT:
        statement = statement.where(*_of_the_unit(officer))
    return s.execute(statement).first() is not None


def _of_the_unit(officer: Officer) -> tuple[ColumnElement[bool], ...]:
    """Conditions on the cases that a unit may see."""
    own = _case.c.unit == (officer.unit or "")
    return own, warnings.shown_to_units(), problems.opened_against_units()


def may_see_record(record: RecordView, officer: Officer) -> bool:
    """A unit sees the records made out to it, whoever applied: a transfer has papers of two units, and neither
    unit sees the other's. The office's own notes about a unit it never sees."""
    if officer.department is Department.UNIT:
        own = record.unit is not None and record.unit == officer.unit
        return own and record.kind not in INTERNAL
    if record.kind in INTERNAL and officer.department not in OVERSEEING:
        return Role.AUDITOR in officer.roles
    return officer.department is not Department.ADMINISTRATION


# --- one case --------------------------------------------------------------------------------------------------


def docket(s: Session, case_id: str, viewer: Officer, now: datetime, calendar: Calendar) -> Docket | None:
    """The whole case, or None when there is none or the viewer may not see it."""
    case = cases.read(s, case_id)
    if case is None or not may_see(s, case_id, viewer):
        return None
    row = case.row
    unit = s.execute(select(_unit.c.name).where(_unit.c.code == row.unit)).scalar_one()
    rounds = _rounds(s, case_id)
    slip = _slip_view(s, case_id, case)
    checks = _checks(s, case_id, row.round)
    present = slip if slip is not None and slip.round == case.round else None  # an earlier one is void
    application = cases.application_of(s, case)
    own = _own_commands(s, case_id, viewer)
    facts = _facts(s, case, present)
    return Docket(
        case_id=case_id,
        case_no=row.no,
        procedure=Procedure(row.procedure),
        title=row.title,
        unit=row.unit,
        unit_name=unit,
        state=case.state,
        state_label=case.state.label,
        headline=row.headline,
        round=row.round,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        applicant=rounds[0].officer,
        waiting_on=_departments(row.waiting_on),
        due_at=row.due_at,
        due_provisional=_provisional(case),
        overdue=_late(row, now),
        rounds=problems.told(rounds, viewer),
        steps=[
            *(_step_view(s, case, step, now, calendar) for step in _in_order(case.steps)),
            *expected(case, present, application, checks),
        ],
        decisions=_decisions(s, case_id, case),
        receipts=receipts(s, case_id, viewer),
        checks=checks,
        ledger=effects(s, case, present, application, viewer),
        slip=slip,
        documents=[record for record in _documents(s, case_id) if may_see_record(record, viewer)],
        traces=[TraceView(at=t.at, what=t.what, code=t.code) for t in notices.traces(s, case_id)],
        notices=[
            NoticeView(at=n.at, kind=n.kind, department=Department(n.department), text=n.text)
            for n in notices.of_case(s, case_id)
            if _may_read_notice(viewer, n, own)
        ],
        comments=remarks(s, case_id, viewer),
        **problems.of_docket(s, case, application, viewer, now),
        leavers=leavers(s, case, application, checks),
        objections=objections(s, case),
        warning=warnings.view_of(s, case_id),
        may=permissions.permissions(viewer, facts, permissions.Side.of(case)),
        refusals=[Refusal.of(RefusalCode(c.code), c.detail) for c in checks if not c.passed and not c.warning],
        rules_version=row.rules_version,
        calendar_version=row.calendar_version,
    )


def _own_commands(s: Session, case_id: str, viewer: Officer) -> frozenset[str]:
    """Ids of the commands on the case that officers of the viewer's unit gave; of a department's viewer none."""
    if viewer.department is not Department.UNIT:
        return frozenset()
    return frozenset(s.execute(select(_command.c.id).where(*_commands_of(case_id, viewer))).scalars())


def _commands_of(case_id: str, viewer: Officer) -> list[ColumnElement[bool]]:
    """Conditions on the commands of the case whose receipts the viewer reads: a unit's are those of its own."""
    where = [_command.c.case_id == case_id]
    if viewer.department is Department.UNIT:
        where += [_command.c.department == Department.UNIT.value, _command.c.unit == (viewer.unit or "")]
    return where


def _may_read_notice(viewer: Officer, notice: Row[Any], own: frozenset[str]) -> bool:
    """A unit reads what is addressed to it and its own 催办; what the departments tell each other is among them."""
    if viewer.department is not Department.UNIT or notice.department == Department.UNIT.value:
        return True
    return notice.kind == "by-hand" and str(notice.key).rsplit("|", 2)[0] in own  # command|department|step


def _provisional(case: cases.CaseFile) -> bool:
    """Whether the case's next day was counted over a year that is not published yet."""
    if case.state is State.RETURNED:
        return bool(case.row.correction_provisional)
    return any(step.provisional and step.due_at == case.row.due_at for step in case.current())


def _in_order(steps: list[Row[Any]]) -> list[Row[Any]]:
    """By round, then as the procedure goes."""
    place = {step.value: number for number, step in enumerate(Step)}
    return sorted(steps, key=lambda row: (row.round, row.opened_at, place[row.step], row.subject))


def _departments(text: str) -> list[Department]:
    return [Department(code) for code in text.split(",") if code]


def _rounds(s: Session, case_id: str) -> list[RoundView]:
    views: list[RoundView] = []
    before: dict[str, object] = {}
    for row in cases.rounds(s, case_id):
        application: dict[str, object] = json.loads(cases.opened_application(s, row))
        views.append(
            RoundView(
                round=row.round,
                submitted_at=row.submitted_at,
                officer=row.officer_name,
                application=application,
                differences=differences(before, application) if before else [],
            )
        )
        before = application
    return views


def differences(before: object, after: object, path: str = "") -> list[Difference]:
    """What changed between two rounds, by JSON path."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after})
        return [d for key in keys for d in differences(before.get(key), after.get(key), f"{path}/{key}")]
    if isinstance(before, list) and isinstance(after, list):
        size = max(len(before), len(after))
        pairs = ((before[i] if i < len(before) else None, after[i] if i < len(after) else None) for i in range(size))
        return [d for i, (old, new) in enumerate(pairs) for d in differences(old, new, f"{path}/{i}")]
    if before == after:
        return []
    return [Difference(path=path, before=_shown(before), after=_shown(after))]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _checks(s: Session, case_id: str, number: int) -> list[Check]:
    """Checks of the latest round that met the gate (internal rounds do not)."""
    for row in reversed(cases.rounds(s, case_id)):
        if row.round <= number and row.checks != "[]":
            return [Check.model_validate(check) for check in json.loads(row.checks)]
    return []


def _step_view(s: Session, case: cases.CaseFile, row: Row[Any], now: datetime, calendar: Calendar) -> StepView:
    state = StepState(row.state)
    until = row.decided_at or now
    return StepView(
        step=row.step,
        label=Step(row.step).label,
        round=row.round,
        subject=row.subject,
        department=Department(row.department),
        roles=[Role(role) for role in row.roles.split(",")],
        state=state,
        since=row.opened_at,
        due_at=row.due_at,
        overdue=state is StepState.CURRENT and row.due_at < now and case.state is not State.HELD,
        provisional=row.provisional,
        working_days=working_days_between(local_day(row.opened_at), local_day(until), calendar),
        officer=row.officer_name,
        verdict=Verdict(row.verdict) if row.verdict else None,
        opinion=cases.opinion_of(s, row),
        reference_no=row.reference_no,
        decided_at=row.decided_at,
    )


def _decisions(s: Session, case_id: str, case: cases.CaseFile) -> list[DecisionView]:
    voided = {row.command_id for row in case.steps if row.state == StepState.VOID.value and row.command_id}
    steps = {row.command_id: row for row in case.steps if row.command_id}
    rows = s.execute(
        select(_command)
        .where(_command.c.case_id == case_id, _command.c.kind == "decide", _command.c.status == "accepted")
        .order_by(_command.c.seq)
    )
    views = []
    for row in rows:
        step = steps.get(row.id)
        views.append(
            DecisionView(
                decision_id=row.key,
                step=row.step or "",
                round=step.round if step is not None else case.round,
                subject=row.subject or (step.subject if step is not None else ""),
                officer=f"{row.officer_name}（代{row.acting_for_name}）" if row.acting_for_name else row.officer_name,
                department=Department(row.department),
                verdict=Verdict(step.verdict) if step is not None and step.verdict else None,
                opinion=cases.opinion_of(s, step) if step is not None else None,
                reference_no=step.reference_no if step is not None else None,
                decided_at=row.decided_at,
                void=row.id in voided,
            )
        )
    return views


def receipts(s: Session, case_id: str, viewer: Officer) -> list[Receipt]:
    """The receipts of the case in the order of its commands: a unit reads those of its own officers."""
    rows = s.execute(
        select(_command)
        .where(*_commands_of(case_id, viewer), _command.c.handled_at.is_not(None))
        .order_by(_command.c.seq)
    )
    return [
        Receipt(
            decision_id=row.key,
            status=row.status,
            code=RefusalCode(row.code) if row.code else None,
            clause=row.clause,
            message=row.message or "",
            at=row.handled_at,
        )
        for row in rows
    ]


def _slip_view(s: Session, case_id: str, case: cases.CaseFile) -> SlipView | None:
    """The latest slip of the case."""
    slip = s.execute(select(_slip).where(_slip.c.case_id == case_id).order_by(_slip.c.round.desc()).limit(1)).first()
    if slip is None:
        return None
    slots = s.execute(select(_slot).where(_slot.c.slip_id == slip.id).order_by(_slot.c.position)).all()
    names = _named(s, case)
    return SlipView(
        number=slip.number,
        round=slip.round,
        issued_on=local_day(slip.issued_at),
        valid_until=slip.valid_until,
        state=SlipState(slip.state),
        slots=[
            SlotView(
                code=slot.code,
                line=slot.line,
                resource=Resource(slot.resource),
                label=Resource(slot.resource).label,
                department=approving_department(Resource(slot.resource)),
                state=SlotState(slot.state),
                person=names.get(slot.code, (None, None))[0],
                reference_no=names.get(slot.code, (None, None))[1],
            )
            for slot in slots
        ],
    )


def _named(s: Session, case: cases.CaseFile) -> dict[str, tuple[str | None, str | None]]:
    """Slot code → (name, reference number) of the approved person."""
    named: dict[str, tuple[str | None, str | None]] = {}
    for row in case.steps:
        if row.step == Step.APPROVE_PERSONS.value and row.state == StepState.DONE.value and row.verdict == "approve":
            persons = cases.detail_of(s, row).get("persons", [])
            named[row.subject] = (persons[0]["name"] if persons else None, row.reference_no)
    return named


def _facts(s: Session, case: cases.CaseFile, slip: SlipView | None) -> CaseFacts:
    return CaseFacts(
        state=case.state,
        round=case.round,
        steps=[
            StepFacts(row.step, row.round, row.subject, Department(row.department), StepState(row.state))
            for row in case.steps
        ],
        applicants=cases.applicants(s, case),
        acts=acts(s, case),
        known_subjects=frozenset(slot.code for slot in slip.slots) if slip else frozenset(),
        procedure=case.procedure,
        unit=case.row.unit,
        recused=recusals.of_case(s, case.row.id),
    )


def _documents(s: Session, case_id: str) -> list[RecordView]:
    rows = s.execute(
        select(_record)
        .where(_record.c.case_id == case_id)
        .order_by(
            _record.c.kind == DocumentKind.CASE_FILE.value, _record.c.filed_at, _record.c.series, _record.c.seq
        )  # the list of the case's file after what it lists
    )
    return told(s, rows)


# --- lists -----------------------------------------------------------------------------------------------------


def case_list(s: Session, filters: Filters, viewer: Officer, now: datetime, calendar: Calendar) -> CasePage:
    """Newest first, keyset pages (OFFSET is 2,000 times slower at depth: performance.md)."""
    if viewer.department is Department.ADMINISTRATION:
        return CasePage()
    limit = max(1, min(filters.limit, PAGE_LIMIT))
    statement = _listed(filters, viewer, now).order_by(_case.c.opened_at.desc(), _case.c.id.desc()).limit(limit + 1)
    rows = s.execute(statement).all()
    items = [_case_row(row, now, calendar) for row in rows[:limit]]
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return CasePage(items=items, next=following)


def _listed(filters: Filters, viewer: Officer, now: datetime) -> Select[Any]:
    statement = select(_case, _unit.c.name.label("unit_name")).join(_unit, _unit.c.code == _case.c.unit)
    where: list[Any] = []
    if viewer.department is Department.UNIT:
        where.extend(_of_the_unit(viewer))
    if filters.state is not None:
        where.append(_case.c.state == filters.state.value)
    if filters.procedure is not None:
        where.append(_case.c.procedure == filters.procedure.value)
    if filters.unit is not None:
        where.append(_case.c.unit == filters.unit)
    if filters.waiting_on is not None:
        code = filters.waiting_on.value
        where.append(("," + _case.c.waiting_on + ",").like(f"%,{code},%"))
    if filters.overdue is not None:
        late = and_(_case.c.due_at.is_not(None), _case.c.due_at < now, _case.c.state.not_in(_NEVER_LATE))
        where.append(late if filters.overdue else not_(late))
    if filters.q:
        text = filters.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        where.append(or_(_case.c.title.like(f"%{text}%", escape="\\"), _case.c.no.like(f"{text}%", escape="\\")))
    after = _uncursor(filters.cursor)
    if after is not None:
        opened_at, case_id = after
        where.append(or_(_case.c.opened_at < opened_at, and_(_case.c.opened_at == opened_at, _case.c.id < case_id)))
    return statement.where(*where)


def _case_row(row: Row[Any], now: datetime, calendar: Calendar) -> CaseRow:
    left = None
    if row.due_at is not None:
        left = working_days_between(local_day(now), local_day(row.due_at), calendar)
    state = State(row.state)
    return CaseRow(
        case_id=row.id,
        case_no=row.no,
        procedure=Procedure(row.procedure),
        title=row.title,
        unit=row.unit,
        unit_name=row.unit_name,
        state=state,
        state_label=state.label,
        waiting_on=_departments(row.waiting_on),
        round=row.round,
        due_at=row.due_at,
        working_days_left=left,
        overdue=_late(row, now),
        opened_at=row.opened_at,
    )


def _late(case: Row[Any], now: datetime) -> bool:
    return case.due_at is not None and case.due_at < now and case.state not in _NEVER_LATE


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(f"{row.opened_at.isoformat()}|{row.id}".encode()).decode()


def _uncursor(cursor: str | None) -> tuple[datetime, str] | None:
    """Raises ValueError on a cursor that this register did not make."""
    if cursor is None:
        return None
    opened_at, _, case_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
    return _PLACE.validate_python((opened_at, case_id))
