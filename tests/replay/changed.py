"""Staffing up as careless hands might change it: each must be caught against the histories of cases under way, and the
one that is guarded must not."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.cases import CaseActivities
    from models.decisions import CaseClosed, Moment, StartCase
    from models.docket import Desk
    from workflows import options
    from workflows.approval import Approval
    from workflows.staffing_up import examined

GUARD = "staffing-up-2027-look-again"


@workflow.defn(name="StaffingUp")
class LooksTwice(Approval):
    """One more activity at the start."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await _look(start)
        await self.open(start)
        await self.until(examined)
        return await self.finish()


@workflow.defn(name="StaffingUp")
class Waits(Approval):
    """A pause where there was none."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)
        await workflow.sleep(timedelta(hours=1))
        return await self.finish()


@workflow.defn(name="StaffingUp")
class ShowsNothing(Approval):
    """The search attributes are no longer set."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)
        while await self.accepted():
            await self.until(lambda desk: desk.final)
        return await self.finish()

    def _lay(self, desk: Desk) -> None:
        self.desk = desk


@workflow.defn(name="StaffingUp")
class EndsEarly(Approval):
    """Ends with the first decision."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)
        await self.until(examined)
        return CaseClosed(case_id=start.case_id, state=self.now_on_desk.state, round=1)


@workflow.defn(name="StaffingUp")
class NeverEnds(Approval):
    """Waits for something that no former case was told."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)
        while await self.accepted():
            await self.until(lambda desk: desk.final)
        await workflow.wait_condition(lambda: False)
        return await self.finish()


@workflow.defn(name="StaffingUp")
class Stumbles(Approval):
    """Raises where it should go on."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        await self.open(start)
        raise RuntimeError("nobody expected this")


@workflow.defn(name="StaffingUp")
class Guarded(Approval):
    """The first of these changes as it should be made."""

    @workflow.run
    async def run(self, start: StartCase) -> CaseClosed:
        if workflow.patched(GUARD):
            await _look(start)
        await self.open(start)
        while await self.accepted():
            await self.until(lambda desk: desk.final)
        return await self.finish()


async def _look(start: StartCase) -> Desk:
    return await workflow.execute_activity_method(
        CaseActivities.ring,
        Moment(case_id=start.case_id, at=workflow.now()),
        start_to_close_timeout=options.DECISION_TIMEOUT,
    )
