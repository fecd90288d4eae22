"""Table of the reconciliations that were made. A leaf of the register."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class ReconciliationRow(SQLModel, table=True):
    """One run of the reconciliation. Rows are only added."""

    __tablename__ = "reconciliation"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    engine: bool
    total: int
    repaired: int
    result: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
