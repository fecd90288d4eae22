"""How the parts of the system are, for the readiness of the API and the supervisors' desk.

Thresholds and nothing else: what is said stands with whoever says it. No path, no address, no figure of the machine.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from docket import health, reconciling
from ledger.clock import seconds_apart
from ledger.reconciling import log_behind
from models.reconciliation import Reconciled

from .deps import Runtime

PATIENCE = timedelta(seconds=15)
"""A command is judged within a second or two; one that waits longer has no worker, or one that is stuck."""
STALE = timedelta(hours=26)
"""A reconciliation is due every hour, or once a day where the rules say so."""
LEAST_FREE = 1 << 30
"""Bytes that must be free where the data are: one gibibyte is some weeks of an ordinary office."""
MOST_APART = 5.0
"""Seconds between this machine's clock and the database's; deadlines are counted in working days."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the database tells. `apart` None where it has no clock of its own."""

    waiting_since: datetime | None
    last: Reconciled | None
    log_behind: bool
    apart: float | None

    def worker(self, now: datetime) -> bool:
        return self.waiting_since is None or now - self.waiting_since <= PATIENCE

    def compared(self, now: datetime) -> bool:
        """Whether reconciliations run; before the first there is nothing to say."""
        return self.last is None or now - self.last.at <= STALE

    @property
    def together(self) -> bool:
        return self.apart is None or abs(self.apart) <= MOST_APART


def vitals(s: Session, now: datetime) -> Vitals:
    return Vitals(
        waiting_since=health.oldest_unjudged(s),
        last=reconciling.latest(s),
        log_behind=next(log_behind(s, now), None) is not None,
        apart=seconds_apart(s),
    )


def room_left(runtime: Runtime) -> bool:
    """Whether the disk of the data folder has room; a folder that cannot be asked has none."""
    try:
        return shutil.disk_usage(runtime.settings.data_dir).free >= LEAST_FREE
    except OSError:
        return False
