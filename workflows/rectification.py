"""整改—暂停受理 Rectification with suspended acceptance (procedures.md §4; A §三)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import CaseClosed, StartCase
    from models.docket import Desk
    from models.enums import State

    from .approval import Approval


@workflow.defn(name="Rectification")
class Rectification(Approval):
    """Problems of a unit are put right, or its applications are not accepted until they are (A §三: 未整改到位的，
    原则上要暂停受理). Reports, extensions, verifications and exceptions come in meanwhile in any order."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)  # 立账: problem ledger and 整改通知书, one due day per problem
        while await self.accepted():
            if (
                await self.until(put_right_or_due)  # 整改: reported and verified, or the gate closes by rule at due
                and await self.until(warned)  # 书面警示函: a draft waits for its signer
                and await self.until(suspension_decided)  # 暂停受理: proposed and decided; silence keeps it closed
                and await self.until(all_closed)  # 验收销号: item by item, by two different inspectors
                and await self.until(lifted)  # 恢复受理: proposed and decided; never while one problem is open
            ):
                break
        return await self.finish()  # 归档: every document filed


def put_right_or_due(desk: Desk) -> bool:
    return desk.state is State.SUSPENDED or all_closed(desk)


def warned(desk: Desk) -> bool:
    return not _waits_at(desk, "warn")


def suspension_decided(desk: Desk) -> bool:
    return not _waits_at(desk, "propose-suspension", "suspend")


def all_closed(desk: Desk) -> bool:
    return not _waits_at(desk, "report", "site-check")


def lifted(desk: Desk) -> bool:
    return desk.state in (State.LIFTED, State.CLOSED)


def _waits_at(desk: Desk, *steps: str) -> bool:
    return any(step.step in steps for step in desk.open)
