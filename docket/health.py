"""Is anybody judging what was committed? For the readiness of the API, which cannot see the worker itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from models.register import Command, table_of

_command = table_of(Command)
_OLDEST_UNJUDGED = select(func.min(_command.c.decided_at)).where(_command.c.handled_at.is_(None))


def oldest_unjudged(s: Session) -> datetime | None:
    """The aware moment at which the longest waiting command was committed; None when every command has its receipt.

    Delivered or not makes no difference: Temporal keeps a signal that no worker takes.
    """
    waiting_since: datetime | None = s.execute(_OLDEST_UNJUDGED).scalar_one()
    return waiting_since
