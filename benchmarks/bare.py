"""The bare workflow: as many signals and no-op activities as a full staffing-up, and nothing else."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import Signal, StartCase

SIGNALS = 6
"""examine, issue, approve-persons, enter, finance, social-insurance; with the gate that makes seven activities."""


@activity.defn
def nothing(signal: Signal) -> Signal:
    return signal


@workflow.defn(name="BareCase")
class BareCase:
    def __init__(self) -> None:
        self._inbox: deque[Signal] = deque()

    @workflow.signal
    def decide(self, signal: Signal) -> None:
        self._inbox.append(signal)

    @workflow.run
    async def run(self, start: StartCase) -> str:
        await self._act(Signal(decision_id=f"{start.case_id}|0", body={}))
        for _ in range(SIGNALS):
            await workflow.wait_condition(lambda: bool(self._inbox))
            await self._act(self._inbox.popleft())
        return start.case_id

    async def _act(self, signal: Signal) -> None:
        await workflow.execute_activity("nothing", signal, start_to_close_timeout=timedelta(seconds=30))
