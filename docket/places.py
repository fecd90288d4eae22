"""Where a list goes on: cursors of the worklist, read strictly, because they come back from outside."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from models.desks import Tab
from models.shape import Instant, Line

_WAITING_KEY: TypeAdapter[Any] = TypeAdapter(tuple[Instant, Line, Line, Annotated[int, Field(ge=0, le=999)], Line])
_NOTICE_KEY: TypeAdapter[Any] = TypeAdapter(tuple[Instant, Annotated[int, Field(ge=0, lt=2**63)]])
_NEWEST_KEY: TypeAdapter[Any] = TypeAdapter(tuple[Instant, Line])
_IN_TURN_KEY: TypeAdapter[Any] = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=1)], Instant, Line])
"""What a place in a list is made of: nothing else reaches the database."""


def cursor_of(key: tuple[Any, ...]) -> str:
    """The cursor that goes on behind this place."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def place_of(cursor: str | None, tab: Tab) -> tuple[Any, ...] | None:
    """The place of a cursor. Raises ValueError for one that this list did not make."""
    if not cursor:
        return None
    if tab.in_turn:
        kind = _IN_TURN_KEY
    else:
        kind = _WAITING_KEY if tab.waiting else _NOTICE_KEY if tab is Tab.COPIED else _NEWEST_KEY
    found: tuple[Any, ...] = kind.validate_json(base64.urlsafe_b64decode(cursor.encode()))
    return found
