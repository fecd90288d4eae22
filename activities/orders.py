"""Commands that are not decisions on a step: resubmission, withdrawal, revocation, extension, hold, release,
reminder by hand (procedures.md, shared part)."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from docket import cases, commands, notices
from models.decisions import Extension, Hold, Release, Reminder, Resubmission, Revocation, Withdrawal
from models.enums import CommandKind, Department, Role, SlipState, State, Step
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow
from rules.admission import separated

from . import acceptance, endings
from .facts import ORDER_ROLES, admission_facts
from .turn import Turn


def resubmit(turn: Turn, body: Resubmission) -> Refusal | None:
    """The corrected application opens round n+1 and meets the gate again."""
    refusal = _by_applicant(turn)
    if refusal is not None:
        return refusal
    if turn.case.state is not State.RETURNED:
        return _late(turn)
    if body.application.unit != turn.case.row.unit:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "补正不得更换单位")
    endings.next_round(turn, body.application)
    fingerprint = commands.fingerprint(commands.keyring_of(turn.s), body.application)
    turn.change(state=State.SUBMITTED.value, fingerprint=fingerprint)
    acceptance.judge(turn)
    return None


def withdraw(turn: Turn, body: Withdrawal) -> Refusal | None:
    """Until the first posting the whole case, later only the unused slots."""
    refusal = _by_applicant(turn)
    if refusal is not None:
        return refusal
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    if turn.application.appointment is not None and endings.used(turn):
        return endings.end_appointment(turn, State.WITHDRAWN)
    slip = endings.slip_of(turn)
    if slip is not None and slip.state == SlipState.VALID.value:
        refused = endings.void_slip(turn, "withdraw", SlipState.VOID, f"用编单位撤回：{body.reason}", turn.officer)
        if refused is not None and not endings.used(turn):
            return refused
        if endings.used(turn) and refused is not None:
            return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定的编制均已落编，不能撤回")
        endings.settle(turn, empty=State.WITHDRAWN)
        return None
    if endings.used(turn):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定的编制均已落编，不能撤回")
    endings.close(turn, State.WITHDRAWN)
    return None


def revoke(turn: Turn, body: Revocation) -> Refusal | None:
    """ESTABLISHMENT takes the unused slots back, with a reason and a notice."""
    refusal = _by_office(turn, CommandKind.REVOKE)
    if refusal is not None:
        return refusal
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state is State.HELD:
        return Refusal.of(RefusalCode.HELD)
    if turn.application.appointment is not None:
        return endings.end_appointment(turn, State.REVOKED)
    refused = endings.void_slip(turn, "revoke", SlipState.REVOKED, body.reason, turn.officer)
    if refused is not None:
        return refused
    endings.settle(turn, empty=State.REVOKED)
    return None


def extend(turn: Turn, body: Extension) -> Refusal | None:
    """More time for a current step, by its own department or the head, up to the maximum."""
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
    """The head holds one case, with a reason and a second officer."""
    refusal = _by_office(turn, CommandKind.HOLD) or _second_officer(turn, body.second_officer)
    if refusal is not None:
        return refusal
    if turn.case.state.final:
        return Refusal.of(RefusalCode.CLOSED)
    if turn.case.state in (State.HELD, State.RETURNED, State.SUBMITTED):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, f"当前状态为“{turn.case.state.label}”")
    endings.hold(turn, turn.case.state.value, body.reason)
    return None


def release(turn: Turn, body: Release) -> Refusal | None:
    refusal = _by_office(turn, CommandKind.RELEASE) or _second_officer(turn, body.second_officer)
    if refusal is not None:
        return refusal
    if turn.case.state is not State.HELD or turn.case.row.held_from == "suspension":
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "该事项未被暂缓，或须待恢复受理")
    endings.resume(turn)
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
    hours = turn.deps.rulebook.deadlines.reminder_by_hand_hours
    last = notices.last_notice(turn.s, turn.case.id, "by-hand")
    if last is not None and turn.at - last < timedelta(hours=hours):
        return Refusal.of(RefusalCode.TOO_SOON, f"{hours}小时内只能催办一次")
    if turn.command is None:
        raise LookupError("a reminder by hand is a command")
    for department, step in {(row.department, row.step) for row in waiting}:
        text = f"{turn.officer.name}催办：{turn.case.row.title}，请尽快办理“{Step(step).label}”"
        key = f"{turn.command.id}|{department}|{step}"
        notices.notify(turn.s, turn.case.id, turn.at, "by-hand", Department(department), text, key)
    return None


def _late(turn: Turn) -> Refusal:
    code = RefusalCode.CLOSED if turn.case.state.final else RefusalCode.NOT_YOUR_TURN
    return Refusal.of(code, f"当前状态为“{turn.case.state.label}”")


def _by_applicant(turn: Turn) -> Refusal | None:
    officer = turn.officer
    if officer.department is Department.UNIT and officer.unit == turn.case.row.unit and Role.APPLICANT in officer.roles:
        return None
    return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "只能由用编单位经办人提出")


def _by_office(turn: Turn, kind: CommandKind) -> Refusal | None:
    """An order of the office, under the same separation of duties as a decision."""
    officer, roles = turn.officer, ORDER_ROLES[kind]
    if officer.department is not Department.ESTABLISHMENT or not roles & officer.roles:
        names = "或".join(sorted(role.label for role in roles))
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, f"只能由编办{names}提出")
    return separated(officer, roles & officer.roles, admission_facts(turn))


def _second_officer(turn: Turn, login: str) -> Refusal | None:
    """Another active officer of the office, named by login or id."""
    found = turn.s.exec(
        select(OfficerRow).where((col(OfficerRow.id) == login) | (col(OfficerRow.login) == login))
    ).first()
    if found is None or not found.active or found.id == turn.officer.id:
        return Refusal.of(RefusalCode.SECOND_OFFICER_REQUIRED)
    if found.department != Department.ESTABLISHMENT.value:
        return Refusal.of(RefusalCode.SECOND_OFFICER_REQUIRED, "第二名负责人须为编办人员")
    return None
