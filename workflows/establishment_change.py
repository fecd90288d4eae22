"""机构编制调整 Establishment change (procedures.md §3; A §三)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.decisions import CaseClosed, StartCase
    from models.docket import Desk
    from models.enums import State

    from .approval import Approval


@workflow.defn(name="EstablishmentChange")
class EstablishmentChange(Approval):
    """A unit asks for a change: gate, examination, countersigning, decision, reply, duties, in this order."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(
            start
        )  # 受理: the gate answers in writing; beyond authority the competent body is named (A §三)
        while await self.accepted():  # 补正: what comes back from the unit is the next round
            if (
                await self.until(examined)  # 论证: the evaluation sheet from the ledger (A §三 评估制度)
                and await self.until(countersigned)  # 会签: organisation ∥ personnel ∥ finance, all needed
                and await self.until(decided)  # 审议: the body with authority by the matrix; silence never approves
                and await self.until(signed)  # 签发批复: ledger, register of units and reply at once
                and await self.until(fulfilled)  # 实施: 备案, certificate, registration, disclosure
            ):
                break
        return await self.finish()  # 归档: every document filed


def examined(desk: Desk) -> bool:
    return not _waits_at(desk, "examine")


def countersigned(desk: Desk) -> bool:
    return not _waits_at(desk, "examine", "consult-organisation", "consult-personnel", "consult-finance")


def decided(desk: Desk) -> bool:
    return desk.state in (State.ACKNOWLEDGING, State.CLOSED) or _waits_at(desk, "sign")


def signed(desk: Desk) -> bool:
    """Also when the register had moved and the examination began anew: the next step waits for that all the same."""
    return desk.state in (State.ACKNOWLEDGING, State.CLOSED)


def fulfilled(desk: Desk) -> bool:
    return desk.state is State.CLOSED


def _waits_at(desk: Desk, *steps: str) -> bool:
    return any(step.step in steps for step in desk.open)
