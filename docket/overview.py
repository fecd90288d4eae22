"""Figures over all cases for the supervisors' desk: a few aggregates, whatever the number of cases.

A case is late as the lists of cases have it (`docket.view`): its day has passed and somebody is waited for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, distinct, func, or_, select
from sqlmodel import Session

from models.enums import (
    Department,
    ProblemState,
    Procedure,
    RecordState,
    SlipState,
    State,
    StepState,
)
from models.overview import Ageing, Cards, LateCase, Pace, StateLoad, StepLoad, Stuck, StuckBy, Week
from models.register import (
    Case,
    Command,
    ProblemRow,
    Record,
    Slip,
    StepRow,
    Suspension,
    Unit,
    WarningRow,
    table_of,
)
from models.rulebook import Calendar, DeadlineRules
from rules.deadlines import (
    SHANGHAI,
    add_working_days,
    end_of_day,
    local_day,
    working_days_between,
)

_case = table_of(Case)
_command = table_of(Command)
_problem = table_of(ProblemRow)
_record = table_of(Record)
_slip = table_of(Slip)
_step = table_of(StepRow)
_suspension = table_of(Suspension)
_unit = table_of(Unit)
_warning = table_of(WarningRow)

SLIP_WARNING_DAYS = 10
"""Working days before the last day of a slip from which it is shown as about to expire."""
UNDELIVERED_AFTER = timedelta(minutes=1)
UNJUDGED_AFTER = timedelta(minutes=2)
"""A command is delivered and judged within a second or two: one that waits longer is stuck."""
STUCK_LIMIT = 100
LATE_LIMIT = 20
PACE_LIMIT = 10_000
"""Decided steps of a period that are looked at, the latest first: enough for a median, and read in a moment."""

_OPEN = [state.value for state in State if not state.final]
_GOING = [state.value for state in State if not state.final and state is not State.HELD]
_DEPARTMENTS = [department.value for department in Department]
_waits = and_(_step.c.department.in_(_DEPARTMENTS), _step.c.state == StepState.CURRENT.value)
"""By department as well, although every one is named: so the index of waiting steps is used."""


def cards(s: Session, now: datetime, calendar: Calendar, rules: DeadlineRules) -> Cards:
    """Every figure of the desk's first line; four statements."""
    today = local_day(now)
    late = _late(now)
    due_today = and_(_case.c.due_at >= now, _case.c.due_at <= end_of_day(today), _case.c.state.in_(_GOING))
    counted = s.execute(
        select(
            func.count(),
            _number(due_today),
            _number(late),
            _number(and_(late, _is_red(now, calendar, rules))),
        )
        .select_from(_case)
        .where(_case.c.state.in_(_OPEN))
    ).one()
    expiring = end_of_day(add_working_days(today, SLIP_WARNING_DAYS, calendar))
    stopped = _suspension.c.lifted_at.is_(None)  # binding from the instant it is written, whatever moment it names
    suspensions = select(func.count()).where(stopped)
    suspended = select(func.count(distinct(_suspension.c.unit))).where(stopped)
    slips = select(func.count()).where(
        _slip.c.state == SlipState.VALID.value, _slip.c.valid_until >= now, _slip.c.valid_until <= expiring
    )
    warnings = select(func.count()).where(_warning.c.closed_at.is_(None))
    problems = select(func.count()).where(_problem.c.state != ProblemState.CLOSED.value)
    others = s.execute(
        select(
            suspensions.scalar_subquery(),
            suspended.scalar_subquery(),
            slips.scalar_subquery(),
            warnings.scalar_subquery(),
            problems.scalar_subquery(),
        )
    ).one()
    return Cards(
        open=counted[0],
        due_today=counted[1] or 0,
        overdue=counted[2] or 0,
        yellow=(counted[2] or 0) - (counted[3] or 0),
        red=counted[3] or 0,
        suspensions=others[0],
        suspended_units=others[1],
        slips_expiring=others[2],
        open_warnings=others[3],
        open_problems=others[4],
    )


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _late(now: datetime) -> ColumnElement[bool]:
    return and_(_case.c.due_at < now, _case.c.state.in_(_GOING))


def _is_red(now: datetime, calendar: Calendar, rules: DeadlineRules) -> ColumnElement[bool]:
    """Overdue beyond the days after which the supervisors are told, or told already."""
    today = local_day(now)
    patience = rules.escalate_head_after + rules.escalate_supervisors_after
    last_yellow = _first_day(today, today - timedelta(days=1), patience - 1, calendar)
    told = select(_step.c.case_id).where(_waits, _step.c.escalated_to == Department.SUPERVISION.value)
    return or_(_case.c.due_at < _start_of_day(last_yellow), _case.c.id.in_(told))


def late_cases(
    s: Session, now: datetime, calendar: Calendar, rules: DeadlineRules, limit: int = LATE_LIMIT
) -> list[LateCase]:
    """The cases that are overdue, the longest overdue first."""
    red = case((_is_red(now, calendar, rules), 1), else_=0).label("red")
    rows = s.execute(
        select(_case, _unit.c.name.label("unit_name"), red)
        .join(_unit, _unit.c.code == _case.c.unit)
        .where(_late(now))
        .order_by(_case.c.due_at, _case.c.id)
        .limit(limit)
    )
    return [
        LateCase(
            case_id=row.id,
            case_no=row.no,
            procedure=Procedure(row.procedure),
            title=row.title,
            unit_name=row.unit_name,
            waiting_on=[Department(code) for code in row.waiting_on.split(",") if code],
            due_at=row.due_at,
            working_days=working_days_between(local_day(row.due_at), local_day(now), calendar),
            red=bool(row.red),
        )
        for row in rows
    ]


# --- where the cases stand ---------------------------------------------------------------------------------------


def step_loads(s: Session, now: datetime) -> list[StepLoad]:
    """Cases that stand at each step, each counted once per step however many persons wait there; held ones too, but
    nobody is late with them."""
    late = case((and_(_step.c.due_at < now, _case.c.state.in_(_GOING)), _step.c.case_id))
    rows = s.execute(
        select(
            _case.c.procedure,
            _step.c.step,
            func.count(distinct(_step.c.case_id)).label("cases"),
            func.count(distinct(late)).label("overdue"),
        )
        .join(_case, _case.c.id == _step.c.case_id)
        .where(_waits, _case.c.state.in_(_OPEN))
        .group_by(_case.c.procedure, _step.c.step)
        .order_by(_case.c.procedure, _step.c.step)
    )
    return [
        StepLoad(procedure=Procedure(row.procedure), step=row.step, cases=row.cases, overdue=row.overdue)
        for row in rows
    ]


def state_loads(s: Session) -> list[StateLoad]:
    """Open cases by procedure and state."""
    rows = s.execute(
        select(_case.c.procedure, _case.c.state, func.count().label("cases"))
        .where(_case.c.state.in_(_OPEN))
        .group_by(_case.c.procedure, _case.c.state)
    )
    return [StateLoad(procedure=Procedure(row.procedure), state=State(row.state), cases=row.cases) for row in rows]


def ageing(s: Session, now: datetime, calendar: Calendar) -> list[Ageing]:
    """Open steps by step and department, by working days since they were opened."""
    today = local_day(now)
    # opened on or after that day: at most n working days have passed
    within = {n: _start_of_day(_first_day(today, today, n, calendar)) for n in (1, 3, 5)}
    opened = _step.c.opened_at
    rows = s.execute(
        select(
            _step.c.step,
            _step.c.department,
            _number(opened >= within[1]).label("days_0_1"),
            _number(and_(opened < within[1], opened >= within[3])).label("days_2_3"),
            _number(and_(opened < within[3], opened >= within[5])).label("days_4_5"),
            _number(opened < within[5]).label("days_over_5"),
            _number(_step.c.due_at < now).label("overdue"),
        )
        .join(_case, _case.c.id == _step.c.case_id)
        .where(_waits, _case.c.state.in_(_GOING))
        .group_by(_step.c.step, _step.c.department)
    )
    found = [
        Ageing(
            step=row.step,
            department=Department(row.department),
            days_0_1=row.days_0_1,
            days_2_3=row.days_2_3,
            days_4_5=row.days_4_5,
            days_over_5=row.days_over_5,
            overdue=row.overdue,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (-each.overdue, -each.total, each.step, each.department))


def _first_day(latest: date, until: date, days: int, calendar: Calendar) -> date:
    """The earliest day from which at most `days` working days pass until `until`; `latest` if none is earlier."""
    day = latest
    while working_days_between(day - timedelta(days=1), until, calendar) <= days:
        day -= timedelta(days=1)
    return day


def _start_of_day(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def pace(s: Session, now: datetime, days: int, calendar: Calendar) -> list[Pace]:
    """Working days from opening to decision, of the steps decided in the last `days` days; the slowest first."""
    rows = s.execute(
        select(_step.c.step, _step.c.department, _step.c.opened_at, _step.c.decided_at)
        .where(_step.c.decided_at >= now - timedelta(days=days), _step.c.decided_at <= now)
        .order_by(_step.c.decided_at.desc())
        .limit(PACE_LIMIT)
    )
    counted = _WorkingDays(calendar)
    taken: dict[tuple[str, str], list[int]] = defaultdict(list)
    for step, department, opened_at, decided_at in rows:
        taken[step, department].append(counted.between(opened_at, decided_at))
    found = [
        Pace(
            step=step,
            department=Department(department),
            decided=len(numbers),
            median=float(median(numbers)),
            longest=max(numbers),
        )
        for (step, department), numbers in taken.items()
    ]
    return sorted(found, key=lambda each: (-each.median, -each.decided, each.step, each.department))


class _WorkingDays:
    """Working days between two moments, each pair of days counted once."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[tuple[date, date], int] = {}

    def between(self, start: datetime, end: datetime) -> int:
        days = (local_day(start), local_day(end))
        if days not in self._known:
            self._known[days] = max(0, working_days_between(*days, self._calendar))
        return self._known[days]


def weeks(s: Session, now: datetime, number: int = 26) -> list[Week]:
    """Cases opened and closed in each of the last weeks, the running one included."""
    this_monday = local_day(now) - timedelta(days=local_day(now).weekday())
    first = this_monday - timedelta(weeks=number - 1)
    since = _start_of_day(first)
    opened = _by_week(s.execute(select(_case.c.opened_at).where(_case.c.opened_at >= since)).scalars())
    closed = _by_week(s.execute(select(_case.c.closed_at).where(_case.c.closed_at >= since)).scalars())
    mondays = [first + timedelta(weeks=n) for n in range(number)]
    return [Week(monday=monday, opened=opened[monday], closed=closed[monday]) for monday in mondays]


def _by_week(moments: Iterable[datetime | None]) -> Counter[date]:
    days = (local_day(moment) for moment in moments if moment is not None)
    return Counter(day - timedelta(days=day.weekday()) for day in days)


# --- what does not go on by itself -------------------------------------------------------------------------------


def stuck(s: Session, now: datetime) -> list[Stuck]:
    """Cases that somebody has to look after, with the reason; the longest first. At most `STUCK_LIMIT` per reason."""
    found = [
        *_stuck(s, "document", _unfiled()),
        *_stuck(s, "undelivered", _unhandled(_command.c.delivered_at.is_(None), now - UNDELIVERED_AFTER)),
        *_stuck(s, "unjudged", _unhandled(_command.c.delivered_at < now - UNJUDGED_AFTER, now - UNJUDGED_AFTER)),
        *_stuck(s, "escalated", _escalated()),
        *_held(s),
    ]
    return sorted(found, key=lambda each: (each.since, each.case_no, each.by))


def _of_cases(since: Any, what: Any, detail: Any) -> Select[Any]:
    return select(
        _case.c.id,
        _case.c.no,
        _case.c.procedure,
        _case.c.title,
        _unit.c.name.label("unit_name"),
        since.label("since"),
        what.label("what"),
        detail.label("detail"),
    ).limit(STUCK_LIMIT)


def _unfiled() -> Select[Any]:
    """Documents that have their number and could not be made."""
    return (
        _of_cases(func.min(_record.c.issued_on), func.min(_record.c.title), func.min(_record.c.fault))
        .join(_case, _case.c.id == _record.c.case_id)
        .join(_unit, _unit.c.code == _case.c.unit)
        .where(_record.c.state == RecordState.NUMBERED.value, _record.c.fault.is_not(None))
        .group_by(_case.c.id, _unit.c.name)
    )


def _unhandled(condition: ColumnElement[bool], before: datetime) -> Select[Any]:
    return (
        _of_cases(func.min(_command.c.decided_at), func.min(_command.c.kind), func.min(""))
        .join(_case, _case.c.id == _command.c.case_id)
        .join(_unit, _unit.c.code == _case.c.unit)
        .where(_command.c.handled_at.is_(None), _command.c.decided_at < before, condition)
        .group_by(_case.c.id, _unit.c.name)
    )


def _escalated() -> Select[Any]:
    return (
        _of_cases(func.min(_step.c.due_at), func.min(_step.c.step), func.min(_step.c.department))
        .join(_case, _case.c.id == _step.c.case_id)
        .join(_unit, _unit.c.code == _case.c.unit)
        .where(_waits, _step.c.escalated_to == Department.SUPERVISION.value, _case.c.state.in_(_GOING))
        .group_by(_case.c.id, _unit.c.name)
    )


_HELD = (
    _of_cases(_case.c.held_at, _case.c.held_from, _case.c.held_reason)
    .join(_unit, _unit.c.code == _case.c.unit)
    .where(_case.c.state == State.HELD.value)
    .order_by(_case.c.held_at)
)
BY_SUSPENSION = "suspension"
"""`held_from` of a case that waits for the lifting of a suspension."""


def _held(s: Session) -> list[Stuck]:
    return [
        _shaped(row, "suspended" if row.what == BY_SUSPENSION else "held", what="") for row in s.execute(_HELD).all()
    ]


def _stuck(s: Session, by: StuckBy, statement: Select[Any]) -> list[Stuck]:
    return [_shaped(row, by, what=row.what or "") for row in s.execute(statement).all()]


def _shaped(row: Row[Any], by: StuckBy, what: str) -> Stuck:
    since = row.since if isinstance(row.since, datetime) else _start_of_day(row.since)
    return Stuck(
        case_id=row.id,
        case_no=row.no,
        procedure=Procedure(row.procedure),
        title=row.title,
        unit_name=row.unit_name,
        by=by,
        since=since,
        what=what,
        detail=row.detail or "",
    )
