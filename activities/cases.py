"""The activities of a case: open it at the gate, judge one command, keep its clock. One transaction each.

Thin and idempotent: a retry finds the receipt that the first attempt committed and answers with the same desk.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import ValidationError
from sqlmodel import Session
from temporalio import activity

from docket import cases, commands, notices
from docket.commands import FAULTY, PARKED, CommandRow, canonical
from docket.desk import desk as lay_desk
from models.decisions import (
    Comment,
    Copy,
    Decision,
    ExceptionalRequest,
    Extension,
    Handle,
    Hold,
    Moment,
    Receipt,
    Release,
    Reminder,
    Report,
    Resubmission,
    Revocation,
    Unreadable,
    Wake,
    Withdrawal,
)
from models.docket import Desk
from models.enums import CommandKind, State
from models.failpoints import hit
from models.lasting import lasting
from models.refusals import Refusal, RefusalCode
from models.sealing import Unsealable
from models.shape import UNSAFE_TEXT, Shape
from rules.admission import admit

from . import acceptance, case_file, clock, filing, orders, parking
from .conduct import Conduct
from .deps import Deps
from .facts import admission_facts
from .procedures import CONDUCT
from .turn import Issued, Turn

RETRY_DOCUMENT = timedelta(minutes=5)
"""How soon a document that could not be made is tried again."""


class CaseActivities:
    """Activities of every procedure's case, bound to what the worker was composed of."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    @activity.defn
    def open_case(self, moment: Moment) -> Desk:
        """The gate of a submitted case (A §三); on any other case just its desk, so it also serves a restart."""
        try:
            with self._deps.database.write() as s:
                turn = self._turn(s, moment.case_id, moment)
                if turn.case.state is State.SUBMITTED:
                    CONDUCT[turn.case.procedure].begin(turn)
                    acceptance.receipt_of_start(turn)
                desk = lay_desk(s, turn.case, moment.at, self._deps.office)
        except Exception as fault:
            return self._parked(fault, moment)
        hit("activity.committed", moment.case_id)
        return self._filed(desk, moment, turn.issued)

    @activity.defn
    def handle_command(self, order: Handle) -> Desk:
        """Judge one delivered command: compare it with its committed row, act, write the receipt."""
        try:
            with self._deps.database.write() as s:
                turn = self._turn(s, order.case_id, order)
                receipt = self._judge(turn, order)
                desk = lay_desk(s, turn.case, order.at, self._deps.office, receipt)
        except Exception as fault:
            return self._parked(fault, order, order.decision_id)
        hit("activity.committed", order.decision_id)
        return self._filed(desk, order, turn.issued)

    @activity.defn
    def ring(self, moment: Moment) -> Desk:
        """What happens by itself: reminders, escalation, slip expiry, documents still to be made; and what was parked,
        once the key is back or the program mended."""
        for order in parking.waiting(self._deps, moment, PARKED):
            desk = self.handle_command(order)
            if desk.receipt is None:  # it still cannot be opened, or what stands before it cannot
                return desk
        for order in parking.waiting(self._deps, moment, FAULTY):
            self.handle_command(order)  # whatever comes of it: a fault of ours stops nobody's clock
        try:
            with self._deps.database.write() as s:
                turn = self._turn(s, moment.case_id, moment)
                submitted = turn.case.state is State.SUBMITTED
                yielding = clock.ring(turn, CONDUCT[turn.case.procedure])
                desk = lay_desk(s, turn.case, moment.at, self._deps.office)
        except Exception as fault:
            return self._parked(fault, moment)
        if submitted:  # its gate was parked
            return self.open_case(moment)
        hit("activity.committed", moment.case_id)
        desk = self._filed(desk, moment, turn.issued)
        if yielding is not None:
            desk = desk.model_copy(update={"wake_at": yielding})
        return desk

    @activity.defn
    def note_unreadable(self, signal: Unreadable) -> Desk:
        """A signal that could not be read leaves a trace and changes nothing."""
        with self._deps.database.write() as s:
            what = f"信号“{signal.name[:40]}”无法识别：{signal.reason[:80]}"
            key = f"{signal.case_id}|unreadable|{signal.at.isoformat()}|{signal.nth}"
            notices.trace(s, signal.case_id, signal.at, what, RefusalCode.MALFORMED, key)
            turn = self._turn(s, signal.case_id, signal)
            desk = lay_desk(s, turn.case, signal.at, self._deps.office)
        hit("activity.committed", key)
        return self._filed(desk, signal, turn.issued)

    def _parked(self, fault: Exception, moment: Moment | Handle, command_id: str | None = None) -> Desk:
        """The desk without what cannot be judged; a fault that may pass is raised again, and Temporal tries again."""
        tries = activity.info().attempt if activity.in_activity() else 1
        if not (isinstance(fault, Unsealable) or lasting(fault, tries)):
            raise fault
        return parking.park(self._deps, moment.case_id, moment.at, fault, command_id)

    def _filed(self, desk: Desk, moment: Moment | Handle | Unreadable, issued: list[Issued]) -> Desk:
        """Render, store and file what the transaction numbered, and at the end of the case its case file; what fails
        stays pending and is tried again."""
        if not (desk.documents_pending or desk.final):
            return desk
        left = 0
        if desk.documents_pending:
            unopened = 0
            if desk.documents_pending != len(issued):  # an attempt before this one left some
                issued, unopened = filing.left_over(self._deps, desk.case_id)
            left = unopened + filing.file_issued(self._deps, issued, moment.at)
        if desk.final and not left:
            left = case_file.close(self._deps, desk.case_id, moment.at)
        again = moment.at + RETRY_DOCUMENT if left else None
        wake_at = min((at for at in (desk.wake_at, again) if at is not None), default=None)
        return desk.model_copy(update={"documents_pending": left, "wake_at": wake_at})

    def _turn(self, s: Session, case_id: str, moment: Moment | Handle | Unreadable) -> Turn:
        case = cases.load(s, case_id)
        if case is None:
            raise LookupError(f"case {case_id} is not in this register")
        return Turn(s, self._deps, moment.at, case)

    def _judge(self, turn: Turn, order: Handle) -> Receipt | None:
        s = turn.s
        try:
            row = None if UNSAFE_TEXT.search(order.decision_id) else commands.opened(s, order.decision_id)
        except Unsealable:
            if cases.case_of_command(s, order.decision_id) == order.case_id:
                raise  # acknowledged, so it is not refused: it waits for its key
            row = None
        suspect = _suspect(row, order)
        if row is None or suspect is not None:
            # neither the id nor the step is used up: the genuine decision may still come
            key = f"{order.case_id}|{order.name}|{order.decision_id}|{canonical(order.body)}"
            hashed = commands.keyring_of(s).keyed_hash(key.encode())
            what = f"信号“{order.name[:40]}”与登记不符，不予采信：{suspect}"
            notices.trace(s, order.case_id, order.at, what, RefusalCode.UNAUTHENTICATED_DECISION, hashed)
            return None
        if row.receipt is not None:
            return row.receipt
        # Committed before it was judged, whatever the clock of an API said: one that is fast lets nothing expire (P21).
        turn.command = replace(row, decided_at=min(row.decided_at, order.at))
        answer = self._act(turn, row)
        notes = "；".join(turn.notes)
        return commands.write_receipt(s, row.id, order.at, answer, f"已办理：{notes} · done" if notes else "")

    def _act(self, turn: Turn, row: CommandRow) -> Refusal | None:
        try:
            body = commands.parsed(row.kind, row.body)
        except ValidationError:
            return Refusal.of(RefusalCode.MALFORMED)
        if isinstance(body, Decision):
            refusal = admit(body, row.officer, admission_facts(turn, body))
            return refusal if refusal is not None else CONDUCT[turn.case.procedure].take(turn, body)
        return _order(turn, body, CONDUCT[turn.case.procedure])


def _suspect(row: CommandRow | None, order: Handle) -> str | None:
    """Why a signal does not match a committed row; None when it does."""
    if row is None:
        return "没有对应的登记"
    if row.case_id != order.case_id:
        return "属于另一事项"
    if row.kind is CommandKind.START or row.kind.value != order.name:
        return "种类不符"
    if canonical(row.body) != canonical(order.body):
        return "内容不符"
    return None


def _order(turn: Turn, body: Shape, conduct: Conduct) -> Refusal | None:
    match body:
        case Resubmission():
            return orders.resubmit(turn, body, conduct)
        case Withdrawal():
            return orders.withdraw(turn, body, conduct)
        case Revocation():
            return orders.revoke(turn, body, conduct)
        case Extension():
            return (conduct.extend or orders.extend)(turn, body)
        case Report():
            return orders.report(turn, body, conduct)
        case ExceptionalRequest():
            return orders.request_exception(turn, body, conduct)
        case Hold():
            return orders.hold(turn, body)
        case Release():
            return orders.release(turn, body)
        case Reminder():
            return orders.remind(turn, body)
        case Comment():
            return orders.comment(turn, body)
        case Copy():
            return orders.copy(turn, body)
        case Wake():
            clock.ring(turn, conduct)
            return None
        case _:
            return Refusal.of(RefusalCode.MALFORMED)
