"""Token buckets in memory: they bound what one caller can cost, not who may call."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from .problems import ProblemError

MOST_CALLERS = 10_000


class Buckets:
    """`burst` calls at once, then `per_second` more, for each caller; the longest unseen caller is forgotten."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._callers: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def known(self) -> int:
        """Callers who are remembered, never more than MOST_CALLERS."""
        return len(self._callers)

    def take(self, caller: str) -> None:
        """Raises ProblemError `too-many-requests` with Retry-After when the caller's bucket is empty."""
        now = self._clock()
        with self._lock:
            left, seen = self._callers.pop(caller, (float(self._burst), now))
            left = min(float(self._burst), left + (now - seen) * self._per_second)
            allowed = left >= 1
            self._callers[caller] = (left - 1 if allowed else left, now)
            if len(self._callers) > MOST_CALLERS:
                self._callers.popitem(last=False)
        if not allowed:
            wait = max(1, round((1 - left) / self._per_second))
            raise ProblemError("too-many-requests", "请稍候再试 · wait a moment", headers={"Retry-After": str(wait)})
