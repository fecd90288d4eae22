"""The daily append to the transparency log: every row since the last one, in one transaction."""

from __future__ import annotations

from temporalio import activity

from ledger import log
from models.proofs import LogHead, LogRun

from .deps import Deps


class LogActivities:
    """The activity of the log's schedule, bound to what the worker was composed of."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    @activity.defn
    def append_to_log(self, run: LogRun) -> LogHead:
        """The newest head. A retry after a commit finds nothing new and answers with the same head."""
        with self._deps.database.write() as s:
            return log.append(s, run.at, _alive)


def _alive(_size: int) -> None:
    if activity.in_activity():
        activity.heartbeat()
