"""How a worker is stopped: asked once it finishes what it has in hand, asked twice or too slow it ends at once.

Ending at once loses nothing: what was in hand is tried again by another worker, as after a kill -9 (P2, P20).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

logger = logging.getLogger("dingbian.worker")

DRAIN_LIMIT = timedelta(seconds=10)
"""What an activity in hand may still take after SIGTERM."""

LEAVE_LIMIT = timedelta(seconds=13)
"""When the process ends whatever hangs; `up` kills after 15 s, systemd after 90."""

AT_ONCE_STATUS = 1
_STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_asked(limit: timedelta = LEAVE_LIMIT) -> Iterator[asyncio.Event]:
    """An event of the running loop, set by the first SIGTERM or Ctrl-C. From then on a second one, or `limit`, ends
    the process with status 1. Leaving the block takes all of this back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    timer = threading.Timer(limit.total_seconds(), _leave, [f"not done after {limit.total_seconds():.0f} s"])
    timer.daemon = True

    def asked(number: int) -> None:
        logger.info("%s received", signal.Signals(number).name)
        stop.set()
        timer.start()
        for each in _STOPPING:  # not the loop's own: it may hang with what is in hand
            loop.remove_signal_handler(each)
            signal.signal(each, lambda again, _frame: _leave(f"{signal.Signals(again).name} again"))

    former = {number: signal.getsignal(number) for number in _STOPPING}
    for number in _STOPPING:
        loop.add_signal_handler(number, asked, number)
    try:
        yield stop
    finally:
        timer.cancel()
        for number, handler in former.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _leave(why: str) -> NoReturn:
    """No handler, no flush: whatever hangs may hold the locks of both."""
    os.write(2, f"worker ends at once ({why}); what was in hand is tried again\n".encode())
    os._exit(AT_ONCE_STATUS)
