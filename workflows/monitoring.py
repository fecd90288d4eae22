"""监测 The nightly run of the monitors (A §四; procedures.md §5), started by the schedule `dingbian-monitoring`."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.monitoring import MonitoringActivities
    from models.monitoring import Sweep, SweepDone
    from workflows import options


@workflow.defn(name="Monitoring")
class Monitoring:
    """One sweep of the register. It takes no input: a schedule cannot seal one for a workflow id it does not know."""

    @workflow.run
    async def run(self) -> SweepDone:
        return await workflow.execute_activity_method(
            MonitoringActivities.run_monitors,
            Sweep(at=workflow.now()),
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            schedule_to_close_timeout=options.SWEEP_LIMIT,
            retry_policy=options.DECISION_RETRY,
        )
