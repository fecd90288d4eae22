"""Alembic's environment: migrates over the connection that `Database.migrate` hands in.

No alembic.ini, no URL of its own and no offline mode: the caller's transaction is the migration's.
"""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from models import archives, log, register, runs, visits

__all__ = ["archives", "log", "register", "runs", "visits"]  # importing them is what fills the metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
