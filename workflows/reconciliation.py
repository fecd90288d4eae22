"""核对 The hourly comparison of all stores (P15), started by the schedule `dingbian-reconciliation`."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.reconciliation import ReconciliationActivities
    from models.reconciliation import Reconciled, ReconcileRun
    from workflows import options


@workflow.defn(name="Reconciliation")
class Reconciliation:
    """One sweep. It takes no input, as `Monitoring`; what it found stands in the register, and its history keeps it."""

    @workflow.run
    async def run(self) -> Reconciled:
        return await workflow.execute_activity_method(
            ReconciliationActivities.reconcile,
            ReconcileRun(at=workflow.now()),
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            schedule_to_close_timeout=options.RECONCILE_LIMIT,
            retry_policy=options.DECISION_RETRY,
        )
