"""A worker's page: Temporal's slots and our ledger's latency, from a real worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from temporalio.worker import Worker

from activities.registry import build_activities
from models.enums import State
from runtime.client import connected
from runtime.faults import StartFault
from runtime.metrics import observer, rendering_observer, worker_runtime
from runtime.ports import free_port
from runtime.settings import load_settings
from tests.support.office import application, keyring
from tests.support.town import Town
from workflows.registry import WORKFLOWS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

WANTED = (
    "temporal_worker_task_slots_available{",
    'worker_type="ActivityWorker"',
    "temporal_activity_execution_latency_bucket{",
    "dingbian_ledger_seconds_bucket{",
    'phase="working"',
    "dingbian_rendering_seconds_bucket{",
    'kind="acceptance_notice"',
    'outcome="made"',
)
WAIT_SECONDS = 20.0


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(tmp_path)
    await made.start_temporal()
    try:
        yield made
    finally:
        await made.http.aclose()
        await asyncio.to_thread(made.embedded.stop)


async def test_slots_and_ledger_latency_stand_on_the_page_and_no_case(town: Town) -> None:
    address = f"127.0.0.1:{free_port()}"
    runtime = worker_runtime(load_settings(data_dir=town.office.folder, worker_metrics=address))
    assert runtime is not None
    town.office.database.observe = observer(runtime)
    town.office.deps.renderer.observe = rendering_observer(runtime)
    client = await connected(town.settings, keyring(), runtime)
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue="dingbian",
            workflows=WORKFLOWS,
            activities=build_activities(town.office.deps),
            activity_executor=threads,
        ):
            answer = await town.post("/applications/staffing-up", "applicant", "apply-1", application())
            case_id = answer.json()["case_id"]
            await town.reaches(case_id, State.ACCEPTED)
            said = await _says(f"http://{address}/metrics", *WANTED)
    assert case_id not in said


async def _says(url: str, *wanted: str) -> str:
    end = time.monotonic() + WAIT_SECONDS
    async with httpx.AsyncClient() as http:
        while True:
            said = (await http.get(url)).text
            if all(each in said for each in wanted):
                return said
            assert time.monotonic() < end, [each for each in wanted if each not in said]
            await asyncio.sleep(0.1)


def test_without_an_address_nothing_is_measured(tmp_path: Path) -> None:
    assert worker_runtime(load_settings(data_dir=tmp_path)) is None


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartFault, match="DINGBIAN_WORKER_METRICS"):
        worker_runtime(load_settings(data_dir=tmp_path, worker_metrics="nowhere"))
