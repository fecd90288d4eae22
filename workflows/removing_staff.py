"""出编 Removing staff (procedures.md §2; B §三.2, §五.2)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import CaseClosed, StartCase
    from models.docket import Desk
    from models.enums import State

    from .approval import Approval


@workflow.defn(name="RemovingStaff")
class RemovingStaff(Approval):
    """Staff leave establishment, in the reverse order of staffing up: the personnel side approves first."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)  # 只审形式: suspended units as well (A §三 suspends what adds, not what reduces)
        while await self.accepted():  # 补正: what comes back from whoever applied is the next round
            if (
                await self.until(exits_approved)  # 组织/人社先行核批, person by person (B §五.2)
                and await self.until(staff_removed)  # 编办出编: headcount, post or both, by reason (B §五.2)
                and await self.until(acknowledged)  # 财政 ∥ 社保, on the exit notice (B §五.2)
            ):
                break
        return await self.finish()  # 归档: every document filed


def exits_approved(desk: Desk) -> bool:
    return not any(step.step == "approve-exit" for step in desk.open)


def staff_removed(desk: Desk) -> bool:
    return desk.state in (State.ACKNOWLEDGING, State.CLOSED)


def acknowledged(desk: Desk) -> bool:
    return desk.state is State.CLOSED
