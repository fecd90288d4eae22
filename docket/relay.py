"""The relay: brings every committed command to its workflow, in order per case, until it arrives.

Supervised in every worker and safe to run many times: delivering twice changes nothing, because the activity
finds the receipt of the first time. It is handed a `deliver` function and knows no Temporal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Literal, Protocol

from sqlmodel import Session

from models.decisions import Delivery
from models.failpoints import hit

from . import commands

log = logging.getLogger("dingbian.relay")

Deliver = Callable[[Delivery], Awaitable[Literal["delivered", "closed"]]]

IDLE_SECONDS = 0.5
"""How often an idle relay looks: commands of an API that died between commit and signal wait this long."""

BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
AT_ONCE = 20


class Sessions(Protocol):
    def read(self) -> AbstractContextManager[Session]: ...

    def write(self) -> AbstractContextManager[Session]: ...


class Relay:
    """`run` until `stop` or cancelled; every failure is logged without content and tried again."""

    def __init__(self, database: Sessions, deliver: Deliver) -> None:
        self._database = database
        self._deliver = deliver
        self._stop = asyncio.Event()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Take up no more rows; `run` returns when those in hand are delivered and noted."""
        self._stop.set()

    async def run(self) -> None:
        failures = 0
        while not self.stopping:
            try:
                arrived, failed = await self.sweep()
            except Exception as fault:  # the loop must outlive a database that is away
                log.warning("relay: %s", type(fault).__name__)
                arrived, failed = 0, 1
            failures = failures + 1 if failed and not arrived else 0
            if failed and not arrived:  # one case that cannot be delivered does not make the others wait
                await self._pause(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
            elif not arrived:
                await self._pause(IDLE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def sweep(self) -> tuple[int, int]:
        """One round over the first waiting row of every case: (arrived, failed)."""
        waiting = await asyncio.to_thread(self._waiting)
        arrived, failed = 0, list[str]()
        for start in range(0, len(waiting), AT_ONCE):
            if self.stopping:
                break
            batch = waiting[start : start + AT_ONCE]
            outcomes = await asyncio.gather(*(self._one(delivery) for delivery in batch))
            arrived += sum(outcomes)
            failed += [each.command_id for each, came in zip(batch, outcomes, strict=True) if not came]
        if failed:
            await asyncio.to_thread(self._count, failed)
        return arrived, len(failed)

    def _waiting(self) -> list[Delivery]:
        with self._database.read() as s:
            return commands.undelivered(s)

    def _count(self, failed: list[str]) -> None:
        with self._database.write() as s:
            commands.failed(s, failed)

    async def _one(self, delivery: Delivery) -> bool:
        try:
            outcome = await self._deliver(delivery)
            hit("relay.delivered", delivery.command_id)
        except Exception as fault:
            log.info("relay: case %s waits (%s)", delivery.case_id, type(fault).__name__)
            return False
        return await asyncio.to_thread(settle, self._database, delivery, outcome)


def settle(
    database: Sessions, delivery: Delivery, outcome: Literal["delivered", "closed"], at: datetime | None = None
) -> bool:
    """What a delivery came to, in one transaction (API and relay alike); `at` is now unless told.

    False when the row still waits: its workflow has ended and its case has not.
    """
    moment = at or datetime.now(UTC)
    with database.write() as s:
        if outcome == "closed":
            return commands.closed(s, delivery.command_id, moment)
        commands.delivered(s, delivery.command_id, moment)
        return True
