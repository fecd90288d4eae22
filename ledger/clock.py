"""How far this machine's clock and the database's are apart: deadlines and receipts carry times of both."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlmodel import Session


def seconds_apart(s: Session) -> float | None:
    """How far this machine is ahead of the database's, behind when negative; None of SQLite, which has no clock."""
    connection = s.connection()
    if connection.dialect.name != "postgresql":
        return None
    before = datetime.now(UTC)
    there: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    after = datetime.now(UTC)
    return (before + (after - before) / 2 - there).total_seconds()
