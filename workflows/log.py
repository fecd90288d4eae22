"""存证日志 The daily append to the transparency log (ledger.md rule 7), started by the schedule `dingbian-log`."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.log import LogActivities
    from models.proofs import LogHead, LogRun
    from workflows import options


@workflow.defn(name="DailyLog")
class DailyLog:
    """One append. It takes no input, as `Monitoring`; its result is the new head, which its history keeps as well."""

    @workflow.run
    async def run(self) -> LogHead:
        return await workflow.execute_activity_method(
            LogActivities.append_to_log,
            LogRun(at=workflow.now()),
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            schedule_to_close_timeout=options.SWEEP_LIMIT,
            retry_policy=options.DECISION_RETRY,
        )
