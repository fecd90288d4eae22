"""监测预警 Early warning (procedures.md §5; A §四)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import CaseClosed, StartCase
    from models.docket import Desk
    from models.enums import State

    from .approval import Approval


@workflow.defn(name="EarlyWarning")
class EarlyWarning(Approval):
    """电话提醒 → 书面警示 → 实地督查: any rung may come first, each is decided by a person (A §四)."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)  # 监测发现或人工登记: one open warning per unit and indicator
        while await self.accepted():
            if (
                await self.until(reminded)  # 电话提醒, on record; unanswered, the next rung is proposed (A §四)
                and await self.until(warned)  # 书面警示函, with the day of the written answer (A §四)
                and await self.until(inspected)  # 实地督查: notice, team, report (A §四)
                and await self.until(closed)  # 了结, or 移交整改: the problems found become a case of their own
            ):
                break
        return await self.finish()  # 归档: every document filed


def reminded(desk: Desk) -> bool:
    """The phone rung is past: settled, or another one is reached."""
    return _reached(desk, "warn", "inspect", "inspection-report") or _asked(desk, "warn")


def warned(desk: Desk) -> bool:
    return _reached(desk, "inspect", "inspection-report")


def inspected(desk: Desk) -> bool:
    return not _reached(desk, "inspect", "inspection-report")


def closed(desk: Desk) -> bool:
    return desk.state is State.CLOSED


def _reached(desk: Desk, *steps: str) -> bool:
    return any(step.step in steps for step in desk.open)


def _asked(desk: Desk, level: str) -> bool:
    """The unit's answer to this rung is awaited or reviewed."""
    return any(step.step in ("report", "review") and step.subject == level for step in desk.open)
