"""What closes something at its due moment yields to what was committed in time and is not judged yet: an engine that
was away, or slow, takes nothing from whoever kept the day (procedures.md §1, §4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from docket import cases
from models.enums import CommandKind

from .turn import Turn

LOOK_AGAIN = timedelta(seconds=20)
"""How soon what yields looks again."""

AT_MOST = timedelta(hours=24)
"""A command that has not arrived after this is lost to the due moment, not the due moment to the command."""

_IN_TIME = (CommandKind.REPORT, CommandKind.EXTEND, CommandKind.DECIDE)


def yields(turn: Turn, due_at: datetime) -> bool:
    """Whether a report, a request or a decision on this case that was committed by `due_at` still waits."""
    return turn.at <= due_at + AT_MOST and cases.waiting_decisions(turn.s, turn.case.id, due_at, _IN_TIME)
