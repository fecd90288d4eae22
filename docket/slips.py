"""The posts of a slip, for readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from models.register import SlotRow, table_of

_slot = table_of(SlotRow)


def slots_of(s: Session, slip_id: str) -> Sequence[Row[Any]]:
    return s.execute(select(_slot).where(_slot.c.slip_id == slip_id).order_by(_slot.c.position)).all()
