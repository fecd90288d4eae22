"""Commands that are not decisions on a step: resubmission, withdrawal, revocation, extension, hold, release,
reminder by hand, report, exceptional acceptance, comment, copy (procedures.md, shared part)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import col, select

from docket import cases, commands, notices
from docket.acts import ORDER_ROLES
from docket.applications import procedure_of, title
from models.decisions import (
    Comment,
    Copy,
    ExceptionalRequest,
    Extension,
    Hold,
    Officer,
    Release,
    Reminder,
    Report,
    Resubmission,
    Revocation,
    Withdrawal,
)
from models.enums import CommandKind, Department, Role, State, Step
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow
from rules.admission import separated

from . import endings
from .conduct import Conduct
from .facts import admission_facts
from .turn import Turn


def resubmit(turn: Turn, body: Resubmission, conduct: Conduct) -> Refusal | None:
    """The corrected application opens round n+1 and meets the gate again."""
    refusal = _by_applicant(turn)
    if refusal is not None:
        return refusal
    if turn.case.state is not State.RETURNED:
        return _late(turn)
    if procedure_of(body.application) is not turn.case.procedure:
        return Refusal.of(RefusalCode.MALFORMED, "补正须用同一种申请")
    if body.application.unit != turn.case.row.unit:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "补正不得更换单位")
    endings.next_round(turn, body.application)
    fingerprint = commands.fingerprint(commands.keyring_of(turn.s), body.application)
    named = title(turn.unit().name, body.application)  # lists and letters speak of what is asked for now
    turn.change(state=State.SUBMITTED.value, fingerprint=fingerprint, title=named)
    conduct.begin(turn)
    return None


def withdraw(turn: Turn, body: Withdrawal, conduct: Conduct) -> Refusal | None:
    """By whoever applied; what it may still undo is the procedure's to say."""
    return _by_applicant(turn) or _still_going(turn) or conduct.withdraw(turn, body)


def revoke(turn: Turn, body: Revocation, conduct: Conduct) -> Refusal | None:
    """ESTABLISHMENT takes back what it gave out and was not used, with a reason and a notice."""
    return _by_office(turn, CommandKind.REVOKE) or _still_going(turn) or conduct.revoke(turn, body)


def report(turn: Turn, body: Report, conduct: Conduct) -> Refusal | None:
    """The unit reports on what was asked of it."""
    return _by_unit(turn) or _still_going(turn) or conduct.report(turn, body)


def request_exception(turn: Turn, body: ExceptionalRequest, conduct: Conduct) -> Refusal | None:
    """例外受理 is asked for by the suspended unit or by the office for it; the commission decides."""
    office = turn.officer.department is Department.ESTABLISHMENT
    return (None if office else _by_unit(turn)) or _still_going(turn) or conduct.request_exception(turn, body)


def _by_unit(turn: Turn) -> Refusal | None:
    officer = turn.officer
    if officer.department is Department.UNIT and officer.unit == turn.case.row.unit and Role.APPLICANT in officer.roles:
        return None
    return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "只能由该单位经办人提出")


def _still_going(turn: Turn) -> Refusal | None:
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    return None


def extend(turn: Turn, body: Extension) -> Refusal | None:
    """More time for a current step, by its own department or the head, up to the maximum. Never by a unit: what it
    owes is put off by the office, and in a rectification a request is decided."""
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.officer.department is Department.UNIT:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "单位承办的环节由编办延期")
    rows = [row for row in turn.case.current() if row.step == body.step and row.subject == body.subject]
    if not rows:
        return Refusal.of(RefusalCode.NOT_YOUR_TURN, "该环节当前不在办理中")
    row = rows[0]
    own = turn.officer.department.value == row.department and set(row.roles.split(",")) & turn.officer.roles
    head = turn.officer.department is Department.ESTABLISHMENT and Role.HEAD in turn.officer.roles
    if not own and not head:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT)
    maximum = turn.deps.rulebook.deadlines.extension_maximum
    if row.extended_days + body.working_days > maximum:
        return Refusal.of(RefusalCode.VERDICT_NOT_OPEN, f"延期累计不得超过{maximum}个工作日")
    cases.extend_step(turn.s, row, body.working_days, turn.deps.office, since=turn.today)
    turn.touched()
    return None


def hold(turn: Turn, body: Hold) -> Refusal | None:
    """The head holds one case, with a reason and a second officer, who is told at once (docs/decisions/0021)."""
    refusal = _by_office(turn, CommandKind.HOLD)
    if refusal is not None:
        return refusal
    second = _second_officer(turn, body.second_officer)
    if isinstance(second, Refusal):
        return second
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state in (State.HELD, State.RETURNED, State.SUBMITTED):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, f"当前状态为“{turn.case.state.label}”")
    endings.hold(turn, turn.case.state.value, body.reason)
    _tell_second(turn, "hold", "暂缓办理", second)
    return None


def release(turn: Turn, body: Release) -> Refusal | None:
    refusal = _by_office(turn, CommandKind.RELEASE)
    if refusal is not None:
        return refusal
    second = _second_officer(turn, body.second_officer)
    if isinstance(second, Refusal):
        return second
    if turn.case.state is not State.HELD or turn.case.row.held_from == "suspension":
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "该事项未被暂缓，或须待恢复受理")
    endings.resume(turn)
    _tell_second(turn, "release", "恢复办理", second)
    return None


def remind(turn: Turn, body: Reminder) -> Refusal | None:
    """催办 by hand: a notice to every department that is waited for, not more often than the setting."""
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    waiting = [row for row in turn.case.current() if body.step in (None, row.step)]
    if not waiting:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有等待办理的环节")
    if all(_own(turn.officer, row) for row in waiting):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "等待的就是本岗位，无须催办")
    hours = turn.deps.rulebook.deadlines.reminder_by_hand_hours
    last = notices.last_notice(turn.s, turn.case.id, "by-hand")
    if last is not None and turn.at - last < timedelta(hours=hours):
        return Refusal.of(RefusalCode.TOO_SOON, f"{hours}小时内只能催办一次")
    for department, step in {(row.department, row.step) for row in waiting}:
        text = f"{turn.officer.shown}催办：{turn.case.row.title}，请尽快办理“{Step(step).label}”"
        key = f"{_command_id(turn)}|{department}|{step}"
        notices.notify(turn.s, turn.case.id, turn.at, "by-hand", Department(department), text, key)
    return None


def _own(officer: Officer, row: Row[Any]) -> bool:
    """Whether the officer could act on the step himself: nobody uses up the limit by reminding himself."""
    roles: str = row.roles
    return officer.department.value == row.department and bool(set(roles.split(",")) & officer.roles)


def _late(turn: Turn) -> Refusal:
    code = RefusalCode.CLOSED if turn.case.state.final else RefusalCode.NOT_YOUR_TURN
    return Refusal.of(code, f"当前状态为“{turn.case.state.label}”")


def _by_applicant(turn: Turn) -> Refusal | None:
    """The side that applied: the unit's applicants, or the approvers of the department that reported by itself,
    whoever of them did. Who submits a round approves nothing of the case."""
    officer, row = turn.officer, turn.case.row
    applied_by = Department(row.applied_by)
    if officer.department is applied_by and applied_by is Department.UNIT:
        mine = officer.unit == row.unit and Role.APPLICANT in officer.roles
    else:
        mine = officer.department is applied_by and Role.APPROVER in officer.roles
    return None if mine else Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "只能由申请方经办人提出")


def _by_office(turn: Turn, kind: CommandKind) -> Refusal | None:
    """An order of the office, under the same separation of duties as a decision."""
    officer, roles = turn.officer, ORDER_ROLES[kind]
    if officer.department is not Department.ESTABLISHMENT or not roles & officer.roles:
        names = "或".join(sorted(role.label for role in roles))
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, f"只能由编办{names}提出")
    return separated(officer, roles & officer.roles, admission_facts(turn))


def _second_officer(turn: Turn, login: str) -> OfficerRow | Refusal:
    """Another active officer of the office, named by login or id; neither of the two persons of a substitution."""
    found = turn.s.exec(
        select(OfficerRow).where((col(OfficerRow.id) == login) | (col(OfficerRow.login) == login))
    ).first()
    if found is None or not found.active or found.id in (turn.officer.id, turn.officer.acting_for):
        return Refusal.of(RefusalCode.SECOND_OFFICER_REQUIRED)
    if found.department != Department.ESTABLISHMENT.value:
        return Refusal.of(RefusalCode.SECOND_OFFICER_REQUIRED, "第二名负责人须为编办人员")
    return found


def _tell_second(turn: Turn, kind: str, what: str, second: OfficerRow) -> None:
    """On record in the docket and on the office's list: who was consulted, so that he or she can object."""
    text = f"{turn.officer.shown}会同{second.name}{what}：{turn.case.row.title}"
    notices.notify(turn.s, turn.case.id, turn.at, kind, Department.ESTABLISHMENT, text, _command_id(turn))


def _command_id(turn: Turn) -> str:
    if turn.command is None:
        raise LookupError("an order is a command")
    return turn.command.id


def comment(turn: Turn, body: Comment) -> Refusal | None:
    """批注 decides nothing: it stands in the case as the committed command itself, also while the case is held or
    returned, and not once it is closed."""
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    seen = body.to_unit or turn.officer.department is Department.UNIT
    turn.notes.append("已记入批注" + ("" if seen else "（单位不可见）"))
    return None


def copy(turn: Turn, body: Copy) -> Refusal | None:
    """抄送: the departments are told where the case stands; nothing waits for them. The note stays in the sealed
    command: a notice is read in lists."""
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.officer.department is Department.UNIT:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "抄送由办理部门提出")
    told = sorted(set(body.departments))
    if Department.ADMINISTRATION in told:
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "系统管理员看不到事项，不能抄送")
    for department in told:
        text = f"{turn.officer.shown}抄送：{turn.case.row.title}"
        notices.notify(turn.s, turn.case.id, turn.at, "copy", department, text, f"{_command_id(turn)}|{department}")
    turn.notes.append("已抄送" + "、".join(department.label for department in told))
    return None
