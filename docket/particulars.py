"""What a reader of the case page needs besides the docket: what was settled with a decision (numbers granted, minutes,
day of a visit), names of units in a change, colleagues who may be named, units that a suspension reaches.

Takes the caller's session and never commits. Identity data of persons are never among it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, and_, or_, select
from sqlmodel import Session

from ledger import suspensions
from models.decisions import Officer
from models.enums import CommandKind, Department, Role, Step, StepState, Verdict
from models.particulars import Colleague, Judged, NamedUnit, Particulars, Pending
from models.register import Command, InternalBody, OfficerRow, Slip, StepRow, Unit, table_of
from models.sealing import Unsealable

from . import cases, commands

_command = table_of(Command)
_step = table_of(StepRow)
_unit = table_of(Unit)
_body = table_of(InternalBody)
_slip = table_of(Slip)
_officer = table_of(OfficerRow)

_OPEN_TO_UNITS = frozenset({"reply_by", "visit_on"})
_OPEN = _OPEN_TO_UNITS | {"grants", "minutes_no", "team", "materials", "changes"}
"""Of a decision's details; a call record, problems found and persons stand in documents, for whom they are meant."""
_WITH_THE_SLIP = frozenset({"grants"})
"""What a unit reads once the slip of that round is issued: until then it is a proposal inside the office."""
_MOST = 500
_NOBODYS = [CommandKind.START.value, CommandKind.WAKE.value]
"""Commands that are no act on the case: it begins, or the system looks again."""


def particulars(s: Session, case_id: str, viewer: Officer) -> list[Particulars]:
    """What was settled with the decisions of a case that the viewer may see, as far as it is the viewer's to read."""
    unit = viewer.department is Department.UNIT
    issued = _rounds_with_a_slip(s, case_id) if unit else frozenset()
    rows = s.execute(
        select(_step)
        .where(
            _step.c.case_id == case_id,
            _step.c.state == StepState.DONE.value,
            _step.c.detail_sealed.is_not(None),
            _step.c.step != Step.APPROVE_PERSONS.value,  # identity data, and hundreds of them
        )
        .order_by(_step.c.decided_at)
        .limit(_MOST)
    )
    return [_of(row, cases.detail_of(s, row), _to_unit(row.round in issued) if unit else _OPEN) for row in rows]


def pending(s: Session, case_id: str, viewer: Officer) -> list[Pending]:
    """What is committed on the case and has no receipt yet, in its order: every decision, and all that the viewer sent.
    The first registered wins, so that nobody need send it again after a page was loaded anew."""
    own = and_(_command.c.officer == viewer.id, _command.c.kind.not_in(_NOBODYS))
    rows = s.execute(
        select(_command.c.id, _command.c.kind, _command.c.step, _command.c.subject, _command.c.officer)
        .where(_command.c.case_id == case_id, _command.c.handled_at.is_(None))
        .where(or_(own, _command.c.kind == CommandKind.DECIDE.value))
        .order_by(_command.c.seq)
        .limit(_MOST)
    )
    return [_pending(s, row, mine=row.officer == viewer.id) for row in rows]


def judged(s: Session, case_id: str, viewer: Officer, key: str) -> Judged | None:
    """What the viewer sent on this case under `key`, once it has its receipt."""
    receipt = commands.receipt(s, viewer.id, key)
    row = s.execute(
        select(_command.c.id, _command.c.kind, _command.c.step, _command.c.subject).where(
            _command.c.case_id == case_id,
            _command.c.id == commands.command_id(viewer.id, key),
            _command.c.kind.not_in(_NOBODYS),
        )
    ).first()
    return None if row is None or receipt is None else Judged(sent=_pending(s, row, mine=True), receipt=receipt)


def _pending(s: Session, row: Row[Any], *, mine: bool) -> Pending:
    found = Pending(kind=CommandKind(row.kind), step=row.step or "", subject=row.subject or "")
    if not mine:
        return found
    key, verdict = row.id.partition("~")[2], None
    with contextlib.suppress(Unsealable, ValueError):  # a lost key: the step is named without the act
        sent = commands.opened(s, row.id)
        verdict = Verdict(str(sent.body.get("verdict"))) if sent is not None and found.step else None
    return found.model_copy(update={"key": key, "verdict": verdict})


def _to_unit(issued: bool) -> Collection[str]:
    return _OPEN_TO_UNITS | _WITH_THE_SLIP if issued else _OPEN_TO_UNITS


def _rounds_with_a_slip(s: Session, case_id: str) -> frozenset[int]:
    return frozenset(s.execute(select(_slip.c.round).where(_slip.c.case_id == case_id)).scalars())


def _of(row: Row[Any], detail: dict[str, Any], open_to: Collection[str]) -> Particulars:
    told = {name: value for name, value in detail.items() if name in open_to}
    return Particulars.model_validate({"step": row.step, "round": row.round, "subject": row.subject} | told)


def unit_names(s: Session, codes: Collection[str]) -> dict[str, str]:
    """Code → name, of those that the register knows."""
    if not codes:
        return {}
    rows = s.execute(select(_unit.c.code, _unit.c.name).where(_unit.c.code.in_(sorted(codes))).limit(_MOST))
    return {row.code: row.name for row in rows}


def internal_bodies(s: Session, unit: str) -> list[str]:
    """Names of the internal bodies of a unit."""
    rows = s.execute(select(_body.c.name).where(_body.c.unit == unit).order_by(_body.c.id).limit(_MOST))
    return list(dict.fromkeys(rows.scalars()))


def colleagues(s: Session, department: Department, but: Officer) -> list[Colleague]:
    """Active officers of a department whom `but` may name beside himself."""
    rows = s.execute(
        select(_officer.c.login, _officer.c.name, _officer.c.roles)
        .where(
            _officer.c.department == department.value,
            _officer.c.active.is_(True),
            _officer.c.id.not_in([who for who in (but.id, but.acting_for) if who]),
        )
        .order_by(_officer.c.name)
        .limit(_MOST)
    )
    return [
        Colleague(login=row.login, name=row.name, roles=[Role(role) for role in row.roles.split(",") if role])
        for row in rows
    ]


def units_reached(s: Session, unit: str) -> list[NamedUnit]:
    """The unit itself and those below it, which its suspension may reach."""
    codes = suspensions.units_below(s, unit)[:_MOST]
    names = unit_names(s, codes)
    return [NamedUnit(code=code, name=names[code]) for code in codes if code in names]
