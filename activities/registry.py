"""Every activity of the worker, bound to what it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cases import CaseActivities
from .deps import Deps
from .log import LogActivities
from .monitoring import MonitoringActivities
from .reconciliation import Engine, ReconciliationActivities

__all__ = ["Deps", "build_activities"]


def build_activities(deps: Deps, engine: Engine | None = None) -> list[Callable[..., Any]]:
    """All activities that any workflow uses; a test compares them with what the workflows execute. Without an `engine`
    no reconciliation can run."""
    case, monitoring, log = CaseActivities(deps), MonitoringActivities(deps), LogActivities(deps)
    reconciliation = ReconciliationActivities(deps, engine)
    return [
        case.open_case,
        case.handle_command,
        case.ring,
        case.note_unreadable,
        monitoring.run_monitors,
        log.append_to_log,
        reconciliation.reconcile,
    ]
