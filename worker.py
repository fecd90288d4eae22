"""Composition root of the worker: settings → engine → activities → plugin → Worker. No logic."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.worker import Worker

from activities.deps import Deps
from activities.registry import build_activities
from docket.relay import Relay
from records.render import Renderer
from runtime.assembly import Parts, assembled
from runtime.belonging import claim, ledger_id_of
from runtime.client import ADMIN_SECONDS, TASK_QUEUE, Temporal, TemporalAway, bounded, connected
from runtime.deployment import worker_deployment
from runtime.draining import DRAIN_LIMIT, stop_asked
from runtime.engine import TemporalEngine
from runtime.metrics import observer, rendering_observer, worker_runtime
from runtime.self_checks import before_work
from runtime.settings import Settings
from runtime.tracing import Tracing, tracing
from workflows.registry import WORKFLOWS

logger = logging.getLogger("dingbian.worker")

ACTIVITY_SLOTS = 100  # 10 slots instead of 100 cost 15 % of the rate (performance.md)
CACHED_WORKFLOWS = (
    5000  # above the open, active cases: a smaller cache replays at every step and cuts the rate to a third
)
STICKY_LIMIT = timedelta(seconds=2)  # after a killed worker its cases wait this long, by default 10 s
RETRY_SECONDS = 1.0


async def serve(settings: Settings) -> None:
    """Works until SIGTERM or Ctrl-C, then drains: takes nothing new, finishes what it has in hand, and returns. Raises
    StartFault when it must not start."""
    with stop_asked() as stop, assembled(settings) as parts:
        before_work(parts)
        runtime = worker_runtime(settings)
        if runtime is not None:
            parts.database.observe = observer(runtime)
        traced = tracing(settings, "worker")
        if traced is not None:
            parts.database.span = traced.transaction
        there = await _until_there(parts, runtime, traced, stop)
        if there is None:
            return
        client, temporal = there
        relay = Relay(parts.database, temporal.deliver)
        with ThreadPoolExecutor(ACTIVITY_SLOTS, thread_name_prefix="activity") as threads:
            relaying = asyncio.create_task(_supervised(relay))
            try:
                async with _worker(client, parts, threads, runtime):
                    logger.info("worker is at work on task queue %s", TASK_QUEUE)
                    await stop.wait()
                    logger.info("worker drains")
                    relay.stop()
            finally:
                relay.stop()
                await relaying
        if traced is not None:
            traced.close()
        logger.info("worker has drained")


def _worker(client: Client, parts: Parts, threads: ThreadPoolExecutor, runtime: Runtime | None) -> Worker:
    renderer = Renderer(hash_name=parts.settings.hash, keep=parts.store)
    if runtime is not None:
        renderer.observe = rendering_observer(runtime)
    deps = Deps(
        database=parts.database,
        store=parts.store,
        renderer=renderer,
        rulebook=parts.rulebook,
        calendar=parts.calendar,
        public_url=parts.settings.public_url,
    )
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=build_activities(deps, TemporalEngine(client)),
        activity_executor=threads,
        max_concurrent_activities=ACTIVITY_SLOTS,
        max_cached_workflows=CACHED_WORKFLOWS,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=DRAIN_LIMIT,
        deployment_config=worker_deployment(parts.settings),
    )


async def _until_there(
    parts: Parts, runtime: Runtime | None, traced: Tracing | None, stop: asyncio.Event
) -> tuple[Client, Temporal] | None:
    """The client once Temporal answers and knows our search attributes; None when told to stop before."""
    said = False
    while not stop.is_set():
        try:
            client = await connected(parts.settings, parts.keyring, runtime, traced)
            ledger_id = ledger_id_of(parts.database)
            await bounded(claim(client, ledger_id), ADMIN_SECONDS)
            temporal = Temporal(parts.settings, parts.keyring, client=client, ledger_id=ledger_id)
            await temporal.ensure_search_attributes()
            return client, temporal
        except TemporalAway as away:
            if not said:
                logger.warning("waiting for Temporal: %s", away)
            said = True
        await asyncio.sleep(RETRY_SECONDS)
    return None


async def _supervised(relay: Relay) -> None:
    """Whatever ends the relay, it is started again: an acknowledged command must arrive."""
    while not relay.stopping:
        try:
            await relay.run()
        except Exception:
            logger.exception("relay failed and is started again")
            await asyncio.sleep(RETRY_SECONDS)
