"""From a committed row to its receipt: deliver at once when nothing earlier waits, then watch the register.

Nothing here can lose a command: the row is committed before, and whatever goes wrong is left to the relay.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from docket import commands
from docket.relay import settle
from models.decisions import Delivery
from runtime.client import TemporalAway, TemporalRefused

from .deps import Runtime

logger = logging.getLogger("dingbian.api")

DELIVER_SECONDS = 0.8  # while Temporal is away an answer must still come within a second (P18)
AWAY_SECONDS = 2.0  # after a failure others do not wait again; the relay keeps trying
FIRST_PAUSE, LONGEST_PAUSE = 0.015, 0.05

T = TypeVar("T")


class Messenger:
    """Delivers for one application; remembers for a moment that Temporal did not answer."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._away_until = 0.0

    async def deliver(self, case_id: str, identity: str) -> bool:
        """Whether a receipt is worth waiting for: False while Temporal is away. Rows of a case arrive in order,
        so one that has something waiting before it is left to the relay."""
        if time.monotonic() < self._away_until:
            self._wake_relay()
            return False
        delivery = await run_in_threadpool(self._next, case_id)
        if delivery is None:
            return True
        if delivery.command_id != identity:
            self._wake_relay()
            return True
        try:
            outcome = await asyncio.wait_for(self._runtime.temporal.deliver(delivery), DELIVER_SECONDS)
        except TemporalRefused as refused:  # this case's trouble: the others need not wait
            logger.warning("case %s waits in the outbox: %s", case_id, refused)
            self._wake_relay()
            return False
        except (TimeoutError, TemporalAway):
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("Temporal is away; case %s waits in the outbox", case_id)
            self._wake_relay()
            return False
        except Exception as fault:  # the command is committed: no fault of delivery may become an error answer
            logger.error("delivery of case %s: %s", case_id, type(fault).__name__)
            self._wake_relay()
            return False
        return await run_in_threadpool(settle, self._runtime.database, delivery, outcome, self._runtime.clock())

    def _wake_relay(self) -> None:
        if self._runtime.relay_wake is not None:
            self._runtime.relay_wake()

    def _next(self, case_id: str) -> Delivery | None:
        with self._runtime.database.read() as s:
            return commands.next_for_case(s, case_id)


async def watch(probe: Callable[[], T | None], seconds: float) -> T | None:
    """The first answer of `probe` (run in a thread) that is not None, or None after `seconds`."""
    ends = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while (found := await run_in_threadpool(probe)) is None and time.monotonic() < ends:
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)
    return found
