"""A real worker on the time-skipping server, for the same office as the activity tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.reconciliation import Engine
from activities.registry import build_activities
from docket import commands
from docket.applications import procedure_of
from docket.commands import WORKFLOW_TYPE
from models.decisions import Decision, Officer, Receipt, Signal, StartCase
from models.docket import Desk
from models.enums import CommandKind
from runtime.client import _TYPE_NUMBERS
from runtime.plugin import dingbian_plugin
from workflows import attributes
from workflows.registry import WORKFLOWS
from workflows.staffing_up import StaffingUp

from .office import Office, application, keyring

BIN = Path(sys.executable).parent
BETWEEN_RUNS_SECONDS = 2.0
WAIT_SECONDS = 20.0


@contextlib.asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The test server with our codec, sandbox and search attributes. One workflow at a time (reliability.md §0.5)."""
    env = await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(BIN / "temporal-test-server"))
    async with env:
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default",
                search_attributes={name: _TYPE_NUMBERS[kind] for name, kind in attributes.TYPES.items()},
            )
        )
        yield env


def sealed(client: Client) -> Client:
    """The same connection through the plugin of the product."""
    config = client.config()
    config["plugins"] = [dingbian_plugin(keyring())]
    return Client(**config)


class Court:
    """An office whose cases run as real workflows: commands are committed, then signalled."""

    def __init__(self, office: Office, env: WorkflowEnvironment, client: Client) -> None:
        self.office = office
        self.env = env
        self.client = client

    async def apply(self, body: Any = None, by: Officer | None = None) -> str:
        self.office.now = await self.env.get_current_time()
        wanted = body or application()
        case_id = self.office.apply(wanted, **({"by": by} if by else {}))
        started = WORKFLOW_TYPE[procedure_of(wanted)]
        await self.client.start_workflow(started, StartCase(case_id=case_id), id=case_id, task_queue="dingbian")
        await self.desk(case_id, lambda desk: desk.state != "submitted")
        return case_id

    def handle(self, case_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(case_id)

    async def desk(self, case_id: str, reached: Callable[[Desk], bool]) -> Desk:
        """Wait until the workflow's own desk says so."""
        last: Desk | None = None
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            last = await self.handle(case_id).query(StaffingUp.docket)
            if last is not None and reached(last):
                return last
            await asyncio.sleep(0.01)
        raise AssertionError(f"not reached; the desk is {last}")

    async def signal(self, command_id: str, case_id: str) -> None:
        with self.office.database.read() as s:
            row = commands.opened(s, command_id)
        assert row is not None
        signal = Signal(decision_id=row.id, body=row.body)
        until = time.monotonic() + BETWEEN_RUNS_SECONDS
        while True:
            try:
                await self.handle(case_id).signal(row.kind.value, signal)
            except RPCError as fault:
                # The time-skipping server has a moment between two runs of a case in which there is none; the relay
                # would deliver again.
                if fault.status is not RPCStatusCode.NOT_FOUND or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.01)
            else:
                return

    async def receipt(self, command_id: str) -> Receipt:
        """Wait for the receipt of a command."""
        officer, _, key = command_id.partition("~")
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            with self.office.database.read() as s:
                found = commands.receipt(s, officer, key)
            if found is not None:
                return found
            await asyncio.sleep(0.005)
        raise AssertionError(f"no receipt for {command_id}")

    async def order(self, case_id: str, kind: CommandKind, body: Any, by: Officer) -> Receipt:
        self.office.now = await self.env.get_current_time()
        command_id = self.office.commit(case_id, kind, body, by)
        await self.signal(command_id, case_id)
        return await self.receipt(command_id)

    async def decide(self, case_id: str, step: str, by: Officer, verdict: str = "approve", **more: Any) -> Receipt:
        body: Decision = self.office.decision(case_id, step, verdict, **more)
        return await self.order(case_id, CommandKind.DECIDE, body, by)


@contextlib.asynccontextmanager
async def court(
    office: Office, engine: Engine | None = None, workflows: Sequence[type] = WORKFLOWS
) -> AsyncIterator[Court]:
    """The office with a worker at work and the clock standing still until a test moves it; `engine` is what a
    reconciliation asks, because this server has no lists."""
    async with time_skipping() as env:
        client = sealed(env.client)
        with ThreadPoolExecutor(8) as threads:
            worker = Worker(
                client,
                task_queue="dingbian",
                workflows=workflows,
                activities=build_activities(office.deps, engine),
                activity_executor=threads,
            )
            async with worker:
                with env.auto_time_skipping_disabled():
                    yield Court(office, env, client)


def utc_now() -> datetime:
    return datetime.now(UTC)
