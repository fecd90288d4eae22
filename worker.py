"""Composition root of the worker: settings → engine → activities → plugin → Worker. No logic."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.deps import Deps
from activities.registry import build_activities
from docket.relay import Relay
from records.render import Renderer
from runtime.assembly import Parts, assembled
from runtime.client import TASK_QUEUE, Temporal, TemporalAway, connected
from runtime.settings import Settings
from workflows.registry import WORKFLOWS

logger = logging.getLogger("dingbian.worker")

ACTIVITY_SLOTS = 100  # 10 slots instead of 100 cost 15 % of the rate (performance.md)
CACHED_WORKFLOWS = (
    5000  # above the open, active cases: a smaller cache replays at every step and cuts the rate to a third
)
STICKY_LIMIT = timedelta(seconds=2)  # after a killed worker its cases wait this long, by default 10 s
DRAIN_LIMIT = timedelta(seconds=10)  # what an activity in hand may still take after SIGTERM
RETRY_SECONDS = 1.0


async def serve(settings: Settings) -> None:
    """Works until SIGTERM or Ctrl-C, then drains. Raises StartFault when it must not start."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with assembled(settings) as parts:
        there = await _until_there(parts, stop)
        if there is None:
            return
        client, temporal = there
        with ThreadPoolExecutor(ACTIVITY_SLOTS, thread_name_prefix="activity") as threads:
            relay = asyncio.create_task(_supervised(Relay(parts.database, temporal.deliver).run))
            try:
                async with _worker(client, parts, threads):
                    logger.info("worker is at work on task queue %s", TASK_QUEUE)
                    await stop.wait()
                    logger.info("worker drains")
            finally:
                relay.cancel()


def _worker(client: Client, parts: Parts, threads: ThreadPoolExecutor) -> Worker:
    deps = Deps(
        database=parts.database,
        store=parts.store,
        renderer=Renderer(hash_name=parts.settings.hash, keep=parts.store),
        rulebook=parts.rulebook,
        calendar=parts.calendar,
        public_url=parts.settings.public_url,
    )
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=build_activities(deps),
        activity_executor=threads,
        max_concurrent_activities=ACTIVITY_SLOTS,
        max_cached_workflows=CACHED_WORKFLOWS,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=DRAIN_LIMIT,
    )


async def _until_there(parts: Parts, stop: asyncio.Event) -> tuple[Client, Temporal] | None:
    """The client once Temporal answers and knows our search attributes; None when told to stop before."""
    said = False
    while not stop.is_set():
        try:
            client = await connected(parts.settings, parts.keyring)
            temporal = Temporal(parts.settings, parts.keyring, client=client)
            await temporal.ensure_search_attributes()
            return client, temporal
        except TemporalAway as away:
            if not said:
                logger.warning("waiting for Temporal: %s", away)
            said = True
        await asyncio.sleep(RETRY_SECONDS)
    return None


async def _supervised(run: Callable[[], Awaitable[None]]) -> None:
    """Whatever ends the relay, it is started again: an acknowledged command must arrive."""
    while True:
        try:
            await run()
        except Exception:
            logger.exception("relay failed and is started again")
        await asyncio.sleep(RETRY_SECONDS)
