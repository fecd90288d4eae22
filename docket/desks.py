"""The lists of the worklist page: what waits for an officer or a department, what was started, done and copied.

Every list is a few statements that walk an index from its end and stop after a page, so that it costs the same in a
large register as in a small one; no statement per row. Who may see what is `docket.view`'s: a unit its own cases and
of those only what it may know of, administrators nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, literal, not_, or_, select, true
from sqlmodel import Session

from models.decisions import Officer
from models.desks import CaseName, DeskFilters, DeskPage, DeskRow, StepChoice, Tab
from models.enums import CommandKind, Department, Procedure, Resource, Role, State, StepState, Verdict
from models.register import Case, Command, Notice, RoundRow, SlotRow, StepRow, Unit, table_of
from models.rulebook import Calendar
from rules.deadlines import end_of_day, local_day, working_days_between
from rules.steps import EX_OFFICIO, STEPS

from . import problems, substitutions, warnings
from .places import cursor_of, place_of

_case = table_of(Case)
_step = table_of(StepRow)
_unit = table_of(Unit)
_command = table_of(Command)
_notice = table_of(Notice)
_round = table_of(RoundRow)
_slot = table_of(SlotRow)
_mine_before = _step.alias("mine_before")
_later = _command.alias("later")

PAGE = 50
COUNTED = 100
"""Counts stop here: 99+ says enough, and a count of everything would grow with the register."""

_ENDED = [state.value for state in State if state.final]
_OPEN = [state.value for state in State if not state.final]
_NEVER_LATE = [*_ENDED, State.HELD.value]
_OWN_TASKS = sorted({rule.step.value for rules in STEPS.values() for rule in rules.values() if rule.own_task})
_EX_OFFICIO = [procedure.value for procedure in EX_OFFICIO]
_NO_ACT = [CommandKind.START.value, CommandKind.WAKE.value]
_ONLY_READ = (Department.SUPERVISION, Department.DISCIPLINE)

_OF_CASE = (
    _case.c.id,
    _case.c.no,
    _case.c.procedure,
    _case.c.title,
    _case.c.unit,
    _unit.c.name.label("unit_name"),
    _case.c.state,
    _case.c.round,
    _case.c.opened_at,
    _case.c.waiting_on,
    _case.c.due_at,
)
_DUE_OR_OPENED = func.coalesce(_case.c.due_at, _case.c.opened_at)
_BY_DUE = (_step.c.due_at, _case.c.no, _step.c.step, _step.c.round, _step.c.subject)
_CASES = select(*_OF_CASE).select_from(_case).join(_unit, _unit.c.code == _case.c.unit)
_WAITING = (
    select(
        *(column for column in _OF_CASE if column.name not in ("round", "due_at")),
        _step.c.step,
        _step.c.subject,
        _step.c.round,
        _step.c.due_at,
        _step.c.department,
        _step.c.roles,
        _step.c.escalated_to,
    )
    .select_from(_step)
    .join(_case, _case.c.id == _step.c.case_id)
    .join(_unit, _unit.c.code == _case.c.unit)
    .where(_step.c.state == StepState.CURRENT.value, _case.c.state != State.HELD.value)
)
_ACTS = (
    select(
        *_OF_CASE,
        _command.c.id.label("command_id"),
        _command.c.seq,
        _command.c.kind,
        _command.c.decided_at.label("at"),
        _command.c.handled_at,
        _command.c.step.label("named_step"),
    )
    .select_from(_command)
    .join(_case, _case.c.id == _command.c.case_id)
    .join(_unit, _unit.c.code == _case.c.unit)
)
_COPIES = (
    select(*_OF_CASE, _notice.c.id.label("notice_id"), _notice.c.at, _notice.c.text.label("note"))
    .select_from(_notice)
    .join(_case, _case.c.id == _notice.c.case_id)
    .join(_unit, _unit.c.code == _case.c.unit)
)


def tabs_of(officer: Officer) -> list[Tab]:
    """The lists that an officer has. Who only reads has no tasks but what was escalated to the supervisors, who
    start nothing; administrators see no case."""
    if officer.department is Department.ADMINISTRATION:
        return []
    if officer.department is Department.DISCIPLINE:
        return [Tab.COPIED, Tab.ALL]
    if officer.department is Department.SUPERVISION:
        return [Tab.MINE, Tab.COPIED, Tab.ALL]
    return list(Tab)


def counts(s: Session, officer: Officer, now: datetime) -> dict[Tab, int]:
    """How many lines each list has, up to COUNTED, in one statement."""
    tabs = tabs_of(officer)
    if not tabs:
        return {}
    reached = _reached(s, officer, now)
    parts = [(tab, part) for tab in tabs for part in _sources(tab, officer, DeskFilters(), now, reached)]
    columns = [_counted(part.statement).label(f"n{number}") for number, (_, part) in enumerate(parts)]
    found = s.execute(select(*columns)).one()
    totals = dict.fromkeys(tabs, 0)
    for (tab, _), number in zip(parts, found, strict=True):
        totals[tab] = min(COUNTED, totals[tab] + int(number))
    return totals


def count(s: Session, officer: Officer, tab: Tab, filters: DeskFilters, now: datetime) -> int:
    """How many lines a narrowed list has, up to COUNTED."""
    sources = _sources(tab, officer, filters, now, _reached(s, officer, now))
    found = [s.execute(select(_counted(part.statement))).scalar_one() for part in sources]
    return min(COUNTED, sum(int(number) for number in found))


def page(
    s: Session,
    officer: Officer,
    tab: Tab,
    now: datetime,
    calendar: Calendar,
    *,
    filters: DeskFilters | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> DeskPage:
    """A page of a list. Raises ValueError on a cursor that this list did not make."""
    if tab not in tabs_of(officer):
        return DeskPage()
    after = place_of(cursor, tab)
    found: list[tuple[tuple[Any, ...], Row[Any], _Source]] = []
    for turn, source in enumerate(_sources(tab, officer, filters or DeskFilters(), now, _reached(s, officer, now))):
        before, edge = ((turn,), None) if tab.in_turn else ((), after)
        if tab.in_turn and after is not None:
            if turn < after[0]:
                continue
            edge = after[1:] if turn == after[0] else None
        statement = source.statement.order_by(*source.order()).limit(limit + 1)
        if edge is not None:
            statement = statement.where(source.beyond(edge))
        found.extend(((*before, *source.key_of(row)), row, source) for row in s.execute(statement))
    if not tab.in_turn:
        found.sort(key=lambda each: each[0], reverse=not tab.waiting)
    kept = found[:limit]
    rows = _Shaper(s, now, calendar).rows(tab, [(row, source.actionable) for _, row, source in kept])
    return DeskPage(items=rows, next=cursor_of(kept[-1][0]) if len(found) > limit else None)


def next_waiting(s: Session, officer: Officer, now: datetime, after_case_id: str) -> str | None:
    """The case that the officer should open after `after_case_id`: of what he or she can act on, the one that stands
    behind the step just decided, else the first; None when nothing else waits."""
    last = s.execute(
        select(_step.c.due_at, _case.c.no)
        .join(_case, _case.c.id == _step.c.case_id)
        .where(_step.c.case_id == after_case_id, _step.c.officer == officer.id)
        .order_by(_step.c.decided_at.desc())
        .limit(1)
    ).first()
    behind = (last.due_at, last.no, "", 0, "") if last is not None else None
    reached = _reached(s, officer, now)
    for edge in [behind, None] if behind else [None]:
        for source in _sources(Tab.MINE, officer, DeskFilters(), now, reached):
            if not source.actionable:
                continue
            where = [_case.c.id != after_case_id]
            if edge is not None:
                where.append(source.beyond(edge))
            row = s.execute(source.statement.where(*where).order_by(*source.order()).limit(1)).first()
            if row is not None:
                return str(row.id)
    return None


def chosen(
    s: Session, officer: Officer, choices: Sequence[StepChoice], now: datetime, calendar: Calendar
) -> list[DeskRow]:
    """Those of the steps that wait for the officer now, as the list shows them, by due day."""
    if not choices or Tab.MINE not in tabs_of(officer):
        return []
    wanted = or_(*(_is(choice) for choice in choices))
    where = [*_own(officer), *_reached(s, officer, now), wanted]
    rows = s.execute(_WAITING.where(*where).order_by(*_BY_DUE)).all()
    return _Shaper(s, now, calendar).rows(Tab.MINE, [(row, True) for row in rows])


def _is(choice: StepChoice) -> ColumnElement[bool]:
    return and_(
        _step.c.case_id == choice.case_id,
        _step.c.step == choice.step.value,
        _step.c.round == choice.round,
        _step.c.subject == choice.subject,
    )


def named(s: Session, officer: Officer, case_ids: Collection[str]) -> dict[str, CaseName]:
    """Number, title and unit of those of the cases that the officer may see."""
    rows = s.execute(_CASES.where(_case.c.id.in_(case_ids), *_visible(officer)))
    return {row.id: CaseName(case_id=row.id, case_no=row.no, title=row.title, unit_name=row.unit_name) for row in rows}


# --- where the lines come from -------------------------------------------------------------------------------------


class _Source:
    """A statement with its order: `columns` make up the key of a line, all ascending or all descending; `pad` makes
    the keys of two sources of one list alike."""

    def __init__(
        self,
        statement: Select[Any],
        columns: Sequence[ColumnElement[Any]],
        names: Sequence[str],
        *,
        pad: tuple[Any, ...] = (),
        descending: bool = False,
        actionable: bool = False,
    ) -> None:
        self.statement = statement
        self.columns = columns
        self.actionable = actionable
        self._names = names
        self._pad = pad
        self._descending = descending

    def order(self) -> list[ColumnElement[Any]]:
        return [column.desc() if self._descending else column.asc() for column in self.columns]

    def beyond(self, after: tuple[Any, ...]) -> ColumnElement[bool]:
        """Lines behind a key, with the first column alone before it, which an index can seek. A key may be longer than
        the order of this source: what is equal in all its columns came before."""
        first, edge = self.columns[0], after[0]
        ways = [
            and_(
                *(column == value for column, value in zip(self.columns[:depth], after[:depth], strict=True)),
                self.columns[depth] < after[depth] if self._descending else self.columns[depth] > after[depth],
            )
            for depth in range(len(self.columns))
        ]
        return and_(first <= edge if self._descending else first >= edge, or_(*ways))

    def key_of(self, row: Row[Any]) -> tuple[Any, ...]:
        return (*(row._mapping[name] for name in self._names), *self._pad)


_STEP_KEY = ("due_at", "no", "step", "round", "subject")


_Where = list[ColumnElement[bool]]


def _reached(s: Session, officer: Officer, now: datetime) -> _Where:
    """Who stands in for a colleague has as tasks those of the procedures that the substitution reaches."""
    if officer.acting_for is None:
        return []
    return [_case.c.procedure.in_(sorted(substitutions.scope(s, officer, now)))]


def _sources(tab: Tab, officer: Officer, filters: DeskFilters, now: datetime, reached: _Where) -> list[_Source]:
    """`reached` narrows the lists of tasks; what one may read is the same in every capacity."""
    match tab:
        case Tab.MINE:
            return _mine(officer, filters, now, reached)
        case Tab.DEPARTMENT:
            waiting = _WAITING.where(*_of_department(officer), *_narrowed_step(filters, now), *reached)
            back = _returned(officer, filters, now, reached, own=False)
            return [*back, _Source(waiting, _BY_DUE, _STEP_KEY)]
        case Tab.STARTED:
            side = _case.c.applied_by == officer.department.value
            if officer.department is Department.UNIT:
                side = _unhelped(_case.c.applied_by) == Department.UNIT.value
            return _due_first(_CASES.where(side, *_visible(officer), *_narrowed(filters, now)))
        case Tab.DONE:
            acts = _ACTS.where(*_acts_of(officer), *_visible(officer), *_narrowed(filters, now))
            return [_Source(acts, (_command.c.decided_at, _command.c.id), ("at", "command_id"), descending=True)]
        case Tab.COPIED:
            told = (_notice.c.department == officer.department.value, _notice.c.kind == "copy")
            copies = _COPIES.where(*told, *_visible(officer), *_narrowed(filters, now))
            return [_Source(copies, (_notice.c.at, _notice.c.id), ("at", "notice_id"), descending=True)]
        case _:
            return _due_first(_CASES.where(*_visible(officer), *_narrowed(filters, now)))


def _due_first(cases: Select[Any]) -> list[_Source]:
    """What has a day first, the earliest before the others; then what has none or has ended, the newest first."""
    runs = and_(_case.c.due_at.is_not(None), _case.c.state.in_(_OPEN))
    newest = (_case.c.opened_at, _case.c.id)
    return [
        _Source(cases.where(runs), (_case.c.due_at, _case.c.no), ("due_at", "no")),
        _Source(cases.where(not_(runs)), newest, ("opened_at", "id"), descending=True),
    ]


def _mine(officer: Officer, filters: DeskFilters, now: datetime, reached: _Where) -> list[_Source]:
    """What was returned to the officer, what his or her roles can act on, and what climbed up to him or her."""
    narrowed = [*_narrowed_step(filters, now), *reached]
    sources = _returned(officer, filters, now, reached, own=True)
    if officer.department not in _ONLY_READ:
        waiting = _WAITING.where(*_own(officer), *narrowed)
        sources.append(_Source(waiting, _BY_DUE, _STEP_KEY, actionable=True))
    above = _above(officer)
    if above is not None:
        climbed = _WAITING.where(_step.c.escalated_to.is_not(None), above, _not_own(officer), *narrowed)
        sources.append(_Source(climbed, _BY_DUE, _STEP_KEY))
    return sources


def _returned(officer: Officer, filters: DeskFilters, now: datetime, reached: _Where, *, own: bool) -> list[_Source]:
    """Cases that wait to be corrected by the side that applied; `own`: by this officer."""
    corrector = Role.APPLICANT if officer.department is Department.UNIT else Role.APPROVER
    if (own and corrector not in officer.roles) or filters.step is not None:
        return []
    back = _case.c.state == State.RETURNED.value
    side = _unhelped(_case.c.applied_by) == officer.department.value
    where = [back, side, *_visible(officer, leads=False), *_narrowed(filters, now), *reached]
    statement = _CASES.where(*where).add_columns(_DUE_OR_OPENED.label("sorted_at"))
    columns = (_DUE_OR_OPENED, _case.c.no)
    return [_Source(statement, columns, ("sorted_at", "no"), pad=("", 0, ""), actionable=own)]


def _unhelped(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column whose index would lead through the rows of all cases, where those of the unit or the case are few."""
    return func.coalesce(column, "")


def _visible(officer: Officer, *, leads: bool = True) -> list[ColumnElement[bool]]:
    """As `docket.view.may_see`, over `case_file`. `leads`: a unit's list is found by the unit; what waits is found by
    what waits, which does not grow with the unit's past."""
    if officer.department is Department.ADMINISTRATION:
        return [false()]
    if officer.department is not Department.UNIT:
        return []
    own = (_case.c.unit if leads else _unhelped(_case.c.unit)) == (officer.unit or "")
    return [own, warnings.shown_to_units(), problems.opened_against_units()]


def _of_department(officer: Officer) -> list[ColumnElement[bool]]:
    return [_step.c.department == officer.department.value, *_visible(officer, leads=False)]


def _own(officer: Officer) -> list[ColumnElement[bool]]:
    """Steps on which admission would let the officer act, as far as rows tell (`rules.admission`): department, role,
    unit, and separation of duties. Orders that bar (a hold by the head) are told by the case page alone."""
    return [*_of_department(officer), _has_role(_step.c.roles, officer), *_not_barred(officer)]


def _not_own(officer: Officer) -> ColumnElement[bool]:
    own = and_(_step.c.department == officer.department.value, _has_role(_step.c.roles, officer))
    return ~own if officer.department not in _ONLY_READ else true()


def _has_role(column: ColumnElement[str], officer: Officer) -> ColumnElement[bool]:
    listed = "," + column + ","
    return or_(false(), *(listed.contains(f",{role.value},", autoescape=True) for role in sorted(officer.roles)))


def _not_barred(officer: Officer) -> list[ColumnElement[bool]]:
    """Nobody approves what he or she applied for, or acts in a second role of a case; one's own task is no approval."""
    me = sorted({officer.id, officer.acting_for or officer.id})
    applied = and_(
        _case.c.procedure.not_in(_EX_OFFICIO),
        exists().where(_round.c.case_id == _case.c.id, _round.c.officer.in_(me), _round.c.internal.is_(False)),
    )
    acted = and_(
        _mine_before.c.case_id == _step.c.case_id,
        or_(_mine_before.c.officer.in_(me), _mine_before.c.acting_for.in_(me)),
    )
    alike = [and_(_holds(_mine_before.c.roles, role), _holds(_step.c.roles, role)) for role in sorted(officer.roles)]
    same_hat = and_(_unhelped(_mine_before.c.department) == officer.department.value, or_(false(), *alike))
    second_role = and_(exists().where(acted), ~exists().where(acted, same_hat))
    return [or_(_step.c.step.in_(_OWN_TASKS), and_(~applied, ~second_role))]


def _holds(column: ColumnElement[str], role: Role) -> ColumnElement[bool]:
    return ("," + column + ",").contains(f",{role.value},", autoescape=True)


def _above(officer: Officer) -> ColumnElement[bool] | None:
    """Escalated to the head of the office, and after that to the supervisors."""
    if officer.department is Department.SUPERVISION:
        return _step.c.escalated_to == Department.SUPERVISION.value
    return true() if Role.HEAD in officer.roles else None


def _acts_of(officer: Officer) -> list[ColumnElement[bool]]:
    """The officer's last act on each case: accepted, or not judged yet."""
    counts_for = or_(_command.c.handled_at.is_(None), _command.c.status == "accepted")
    newer = exists().where(
        _later.c.case_id == _command.c.case_id,
        _later.c.officer == officer.id,
        _later.c.kind.not_in(_NO_ACT),
        or_(_later.c.handled_at.is_(None), _later.c.status == "accepted"),
        _later.c.seq > _command.c.seq,
    )
    return [_command.c.officer == officer.id, _command.c.kind.not_in(_NO_ACT), counts_for, ~newer]


# --- what narrows a list -------------------------------------------------------------------------------------------


def _narrowed(filters: DeskFilters, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions on cases."""
    where = _common(filters)
    if filters.step is not None:
        waits = (_step.c.case_id == _case.c.id, _step.c.state == StepState.CURRENT.value)
        where.append(exists().where(*waits, _step.c.step == filters.step.value))
    if filters.overdue:
        where.append(and_(_case.c.due_at < now, _case.c.state.not_in(_NEVER_LATE)))
    if filters.due_today:
        today = and_(_case.c.due_at >= now, _case.c.due_at <= end_of_day(local_day(now)))
        where.append(and_(today, _case.c.state.not_in(_NEVER_LATE)))
    return where


def _narrowed_step(filters: DeskFilters, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions on steps that wait."""
    where = _common(filters)
    if filters.step is not None:
        where.append(_step.c.step == filters.step.value)
    if filters.overdue:
        where.append(_step.c.due_at < now)
    if filters.due_today:
        where.append(and_(_step.c.due_at >= now, _step.c.due_at <= end_of_day(local_day(now))))
    return where


def _common(filters: DeskFilters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.procedure is not None:
        where.append(_case.c.procedure == filters.procedure.value)
    if filters.open:
        where.append(_case.c.state.in_(_OPEN))
    if filters.state is not None:
        where.append(_case.c.state == filters.state.value)
    if filters.unit:
        named_so = _unit.c.name.contains(filters.unit, autoescape=True)
        where.append(or_(_case.c.unit == filters.unit, named_so))
    if filters.q:
        text = (_case.c.no, _case.c.title, _unit.c.name)
        where.append(or_(*(column.contains(filters.q, autoescape=True) for column in text)))
    return where


def _counted(statement: Select[Any]) -> Any:
    bounded = statement.with_only_columns(literal(1).label("line")).limit(COUNTED).subquery()
    return select(func.count()).select_from(bounded).scalar_subquery()


# --- the lines -----------------------------------------------------------------------------------------------------


class _Shaper:
    """Makes lines of rows, asking for what they lack once for all of them."""

    def __init__(self, s: Session, now: datetime, calendar: Calendar) -> None:
        self._s = s
        self._now = now
        self._calendar = calendar
        self._left: dict[Any, int] = {}

    def rows(self, tab: Tab, found: Sequence[tuple[Row[Any], bool]]) -> list[DeskRow]:
        values = [dict(row._mapping) | {"actionable": actionable} for row, actionable in found]
        if not tab.waiting:
            self._add_steps(values)
        if tab is Tab.DONE:
            self._add_verdicts(values)
        resources = self._resources(each.get("subject") or "" for each in values)
        return [self._row(tab, each, resources) for each in values]

    def _add_steps(self, values: list[dict[str, Any]]) -> None:
        """The first step of each case that waits, and how many others do."""
        waiting: dict[str, list[Row[Any]]] = {}
        statement = (
            select(_step.c.case_id, _step.c.step, _step.c.subject, _step.c.roles, _step.c.escalated_to)
            .where(_step.c.case_id.in_([each["id"] for each in values]), _step.c.state == StepState.CURRENT.value)
            .order_by(_step.c.due_at, _step.c.step, _step.c.subject)
        )
        for row in self._s.execute(statement):
            waiting.setdefault(row.case_id, []).append(row)
        for each in values:
            steps = waiting.get(each["id"])
            if steps:
                first = steps[0]
                each |= {"step": first.step, "subject": first.subject, "roles": first.roles}
                each |= {"escalated_to": first.escalated_to, "others": len(steps) - 1}

    def _add_verdicts(self, values: list[dict[str, Any]]) -> None:
        statement = select(_step.c.command_id, _step.c.step, _step.c.verdict).where(
            _step.c.case_id.in_([each["id"] for each in values]),
            _step.c.command_id.in_([each["command_id"] for each in values]),
        )
        decided = {row.command_id: row for row in self._s.execute(statement)}
        for each in values:
            row = decided.get(each["command_id"])
            if row is not None:
                each |= {"verdict": row.verdict, "named_step": row.step}

    def _resources(self, subjects: Iterable[str]) -> dict[str, Resource]:
        codes = {subject for subject in subjects if subject}
        if not codes:
            return {}
        rows = self._s.execute(select(_slot.c.code, _slot.c.resource).where(_slot.c.code.in_(codes)))
        return {row.code: Resource(row.resource) for row in rows}

    def _row(self, tab: Tab, each: dict[str, Any], resources: dict[str, Resource]) -> DeskRow:
        state = State(each["state"])
        returned = tab.waiting and each.get("step") is None
        due_at: datetime | None = each["due_at"] if state.value not in _ENDED else None
        department = each.get("department")
        waiting_on = [department] if department else [code for code in each["waiting_on"].split(",") if code]
        subject = each.get("subject") or ""
        step = each.get("named_step") if tab is Tab.DONE else each.get("step")
        return DeskRow(
            case_id=each["id"],
            case_no=each["no"],
            procedure=Procedure(each["procedure"]),
            title=each["title"],
            unit=each["unit"],
            unit_name=each["unit_name"],
            state=state,
            state_label=state.label,
            waiting_on=[Department(code) for code in waiting_on],
            step=step,
            subject="" if tab is Tab.DONE else subject,
            round=each["round"],
            due_at=due_at,
            working_days_left=self._days_left(due_at),
            overdue=due_at is not None and due_at < self._now and state is not State.HELD,
            escalated=each.get("escalated_to") is not None,
            opened_at=each["opened_at"],
            roles=[Role(role) for role in (each.get("roles") or "").split(",") if role],
            actionable=each["actionable"],
            returned=returned,
            others=each.get("others", 0),
            resource=resources.get(subject),
            at=each.get("at"),
            did=CommandKind(each["kind"]) if tab is Tab.DONE else None,
            verdict=Verdict(each["verdict"]) if each.get("verdict") else None,
            pending=tab is Tab.DONE and each["handled_at"] is None,
            note=each.get("note") or "",
        )

    def _days_left(self, due_at: datetime | None) -> int | None:
        if due_at is None:
            return None
        day = local_day(due_at)
        if day not in self._left:
            self._left[day] = working_days_between(local_day(self._now), day, self._calendar)
        return self._left[day]
