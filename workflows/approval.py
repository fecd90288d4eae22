"""The machinery that every procedure stands on: signals, receipts, rounds, the alarm, continue-as-new.

Handlers only take in; `run` does the work. The register is the truth and the desk is what the last activity
said of it, so nothing here needs to be carried over a restart but the case id.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from activities.cases import CaseActivities
    from models.decisions import CaseClosed, Handle, Moment, Receipt, Signal, StartCase, Unreadable
    from models.docket import Desk
    from models.enums import State
    from workflows import attributes, options

KNOWN_SIGNALS = (
    "decide",
    "resubmit",
    "withdraw",
    "revoke",
    "extend",
    "report",
    "hold",
    "release",
    "remind",
    "except",
    "comment",
    "copy",
    "wake",
)
RECEIPTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Taken:
    """A signal as it came in: read, or with the reason why it could not be read."""

    name: str
    signal: Signal | None
    reason: str = ""


class Approval:
    """Base of all procedures: `desk` is what the register said last, `until` works until it says something."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self._inbox: deque[_Taken] = deque()
        self._unreadable = 0
        self._receipts: dict[str, Receipt] = {}
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: datetime | None = None
        self._rang = False
        self._shown: object = None

    # --- what comes in ---------------------------------------------------------------------------------------

    @workflow.signal(dynamic=True)
    def take(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Every signal, raw: a handler that raises would wedge the case for ever (reliability.md §0.1)."""
        try:
            if name not in KNOWN_SIGNALS:
                raise ValueError("unknown name")
            if len(arguments) != 1:
                raise ValueError("arity")
            signal = workflow.payload_converter().from_payload(arguments[0].payload, Signal)
            if not isinstance(signal, Signal):
                raise TypeError("shape")
        except Exception as fault:
            reason = "没有这种信号" if name not in KNOWN_SIGNALS else "内容不合格式"
            workflow.logger.info("signal not readable: %s", type(fault).__name__)
            self._inbox.append(_Taken(name, None, reason))
        else:
            self._inbox.append(_Taken(name, signal))

    @workflow.query(name="docket")
    def docket(self) -> Desk | None:
        """Where the case stands, as the last activity said; readers with time ask the register."""
        return self.desk

    @workflow.query(name="receipt")
    def receipt(self, decision_id: str) -> Receipt | None:
        return self._receipts.get(decision_id)

    # --- the work --------------------------------------------------------------------------------------------

    @property
    def now_on_desk(self) -> Desk:
        if self.desk is None:
            raise workflow.NondeterminismError("the case was not opened")
        return self.desk

    async def open(self, start: StartCase) -> None:
        """The gate, or on a restart the desk as it stands."""
        self._lay(
            await workflow.execute_activity_method(
                CaseActivities.open_case,
                Moment(case_id=start.case_id, at=workflow.now()),
                start_to_close_timeout=options.DECISION_TIMEOUT,
                retry_policy=options.DECISION_RETRY,
            )
        )

    async def accepted(self) -> bool:
        """Wait while the unit corrects; every round begins at the gate. False at the end of the case."""
        while not self.now_on_desk.final:
            if self.now_on_desk.state not in (State.SUBMITTED, State.RETURNED):
                return True
            await self._turn()
        return False

    async def until(self, reached: Callable[[Desk], bool]) -> bool:
        """Judge commands and keep the clock until `reached`. False when the case ended or went back to the unit."""
        while not reached(self.now_on_desk):
            if self.now_on_desk.final or self.now_on_desk.state is State.RETURNED:
                return False
            await self._turn()
        return True

    async def finish(self) -> CaseClosed:
        """Answer what still came in, file what is still pending, and end."""
        while self._inbox or self.now_on_desk.documents_pending:
            await self._turn()
        self._silence()
        await workflow.wait_condition(workflow.all_handlers_finished)
        desk = self.now_on_desk
        return CaseClosed(case_id=desk.case_id, state=desk.state, round=desk.round)

    async def _turn(self) -> None:
        if workflow.info().is_continue_as_new_suggested() and not self._inbox:
            self._silence()
            workflow.continue_as_new(StartCase(case_id=self.now_on_desk.case_id))
        self._set_alarm()
        await workflow.wait_condition(lambda: bool(self._inbox) or self._rang)
        if self._inbox:
            self._lay(await self._judged(self._inbox.popleft()))
            return
        self._rang = False
        self._lay(
            await workflow.execute_activity_method(
                CaseActivities.ring,
                Moment(case_id=self.now_on_desk.case_id, at=workflow.now()),
                start_to_close_timeout=options.DECISION_TIMEOUT,
                retry_policy=options.DECISION_RETRY,
            )
        )

    async def _judged(self, taken: _Taken) -> Desk:
        case_id = self.now_on_desk.case_id
        if taken.signal is None:
            self._unreadable += 1
            return await workflow.execute_activity_method(
                CaseActivities.note_unreadable,
                Unreadable(
                    case_id=case_id, name=taken.name, nth=self._unreadable, reason=taken.reason, at=workflow.now()
                ),
                start_to_close_timeout=options.DECISION_TIMEOUT,
                retry_policy=options.DECISION_RETRY,
            )
        return await workflow.execute_activity_method(
            CaseActivities.handle_command,
            Handle(
                case_id=case_id,
                name=taken.name,
                decision_id=taken.signal.decision_id,
                body=taken.signal.body,
                at=workflow.now(),
            ),
            start_to_close_timeout=options.DECISION_TIMEOUT,
            retry_policy=options.DECISION_RETRY,
        )

    # --- what is shown ---------------------------------------------------------------------------------------

    def _lay(self, desk: Desk) -> None:
        """Take the desk that an activity answered with, and show it to those who look at Temporal."""
        self.desk = desk
        if desk.receipt is not None:
            self._receipts[desk.receipt.decision_id] = desk.receipt
            while len(self._receipts) > RECEIPTS_KEPT:
                del self._receipts[next(iter(self._receipts))]
        workflow.set_current_details(desk.headline)
        shown = (desk.state, tuple(desk.waiting_on), desk.due_at, desk.overdue)
        if shown != self._shown:
            self._shown = shown
            workflow.upsert_search_attributes(_attributes(desk))

    # --- the alarm -------------------------------------------------------------------------------------------

    def _set_alarm(self) -> None:
        """One timer at most, moved only when something falls due earlier; a late one is asked again when it
        rings. So a step costs no timer of its own in history."""
        wake_at = self.now_on_desk.wake_at
        if wake_at is None or (self._alarm_at is not None and self._alarm_at <= wake_at):
            return
        self._silence()
        self._alarm_at = wake_at
        self._alarm = asyncio.create_task(self._wait_until(wake_at))

    async def _wait_until(self, moment: datetime) -> None:
        await asyncio.sleep(max((moment - workflow.now()), options.ALARM_FLOOR).total_seconds())
        self._alarm, self._alarm_at = None, None
        wake_at = self.now_on_desk.wake_at
        if wake_at is not None and wake_at > workflow.now():
            self._set_alarm()  # what was due meanwhile is done; wait for the next
        else:
            self._rang = wake_at is not None

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, None


def _attributes(desk: Desk) -> list[SearchAttributeUpdate[Any]]:
    due = attributes.DUE.value_set(desk.due_at) if desk.due_at else attributes.DUE.value_unset()
    return [
        attributes.STATE.value_set(desk.state.value),
        attributes.WAITING_ON.value_set([department.value for department in desk.waiting_on]),
        attributes.OVERDUE.value_set(desk.overdue),
        due,
    ]
