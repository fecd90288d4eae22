"""回避: an officer takes no part in a case, because of a conflict of interest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from .shape import Line, Shape


class NewRecusal(Shape):
    """`officer` (login) is whoever asks unless a head names a colleague of the same department and unit."""

    officer: Line | None = Field(default=None, description="须回避人登录名；不填即本人")
    reason: Annotated[Line, Field(min_length=1)]


class RecusalView(Shape):
    """One recusal as it stands; it is not taken back."""

    case_id: str
    officer: str
    officer_name: str
    reason: str
    declared_by: str
    at: datetime
