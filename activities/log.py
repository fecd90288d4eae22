"""The daily append to the transparency log: every row since the last one, in one transaction; before it, what was
left of case files and of disposals."""

from __future__ import annotations

from temporalio import activity

from ledger import log
from models.failpoints import hit
from models.proofs import LogHead, LogRun

from . import case_file, disposing
from .deps import Deps


class LogActivities:
    """The activity of the log's schedule, bound to what the worker was composed of."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    @activity.defn
    def append_to_log(self, run: LogRun) -> LogHead:
        """The newest head. Cases that ended without a case file get theirs first, and disposals that were interrupted
        are finished, so that the head covers them. A retry after a commit finds nothing new and answers with the same
        head."""
        case_file.catch_up(self._deps, run.at, _alive)
        disposing.catch_up(self._deps, run.at, _alive)
        with self._deps.database.write() as s:
            head = log.append(s, run.at, _alive)
        hit("log.appended")
        return head


def _alive(_size: int) -> None:
    if activity.in_activity():
        activity.heartbeat()
