"""Temporal as a reconciliation asks it: which cases it has, and where one of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from docket.commands import WORKFLOW_TYPE
from models.reconciliation import Standing

from .client import ADMIN_SECONDS, bounded

ENDED_WITHIN = timedelta(days=7)
"""Workflows that ended longer ago are not listed: what the register lacks of them was told when it was new."""

LIST_SECONDS = 300.0

_TYPES = ", ".join(f"'{name}'" for name in sorted(WORKFLOW_TYPE.values()))
_STANDING = {
    WorkflowExecutionStatus.RUNNING: Standing.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: Standing.RUNNING,
    WorkflowExecutionStatus.COMPLETED: Standing.COMPLETED,
}


class TemporalEngine:
    """Asks through a client that is connected. Raises TemporalAway."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def cases(self) -> Mapping[str, bool]:
        """Every workflow of a case that runs, or ended within a week: id, and whether it runs."""
        return await bounded(self._listed(), LIST_SECONDS)

    async def standing(self, case_id: str) -> Standing:
        return await bounded(self._described(case_id), ADMIN_SECONDS)

    async def _listed(self) -> Mapping[str, bool]:
        since = (datetime.now(UTC) - ENDED_WITHIN).isoformat(timespec="seconds")
        query = f"WorkflowType IN ({_TYPES}) AND (ExecutionStatus = 'Running' OR CloseTime > '{since}')"
        found: dict[str, bool] = {}
        async for each in self._client.list_workflows(query, page_size=1000):
            runs = each.status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)
            found[each.id] = found.get(each.id, False) or runs  # a case that was started again has several runs
        return found

    async def _described(self, case_id: str) -> Standing:
        try:
            description = await self._client.get_workflow_handle(case_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Standing.UNKNOWN
            raise
        status = description.status
        return Standing.STOPPED if status is None else _STANDING.get(status, Standing.STOPPED)
