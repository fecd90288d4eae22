"""用编—落编 Staffing up (procedures.md §1; B §三.2, §五.1; A §三)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import CaseClosed, StartCase
    from models.docket import Desk
    from models.enums import State

    from .approval import Approval


@workflow.defn(name="StaffingUp")
class StaffingUp(Approval):
    """A unit uses establishment: gate, examination, slip, persons, posting, acknowledgement, in this order."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)  # 受理: the gate answers in writing (A §三)
        while await self.accepted():  # 补正: what comes back from the unit is the next round
            if (
                await self.until(examined)  # 审核: vacancy and structure, n′ ≤ n (B §五.1)
                and await self.until(slip_issued)  # 核定单: every line reserved, or none (B §五.1)
                and await self.until(persons_entered)  # 组织/人社审批, then 落编, slot by slot (B §五.1, §四.3)
                and await self.until(acknowledged)  # 财政 ∥ 社保, on the certificate page (B §五.1)
            ):
                break
        return await self.finish()  # 归档: every document filed


def examined(desk: Desk) -> bool:
    return not _waits_at(desk, "examine")


def slip_issued(desk: Desk) -> bool:
    """Out, or not needed: an appointment by a higher body rests on that body's document."""
    return not _waits_at(desk, "examine", "issue")


def persons_entered(desk: Desk) -> bool:
    return desk.state in (State.ACKNOWLEDGING, State.CLOSED)


def acknowledged(desk: Desk) -> bool:
    return desk.state is State.CLOSED


def _waits_at(desk: Desk, *steps: str) -> bool:
    return any(step.step in steps for step in desk.open)
