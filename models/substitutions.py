"""代: one officer stands in for another, for some days and some procedures, and signs with his or her own name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from .enums import Procedure
from .shape import Day, Line, OpenText, Shape


class NewSubstitution(Shape):
    """What is asked for. `principal` (login) is whoever asks unless named; no procedures means all of them."""

    principal: Line | None = Field(default=None, description="被代行人登录名；不填即本人")
    substitute: Line = Field(description="代行人登录名")
    from_on: Day
    until_on: Day
    procedures: Annotated[list[Procedure], Field(max_length=5)] = []
    reason: Annotated[OpenText, Field(min_length=1)]


class SubstitutionView(Shape):
    """One substitution as it stands in the register; `in_force` today."""

    id: str
    principal: str
    principal_name: str
    substitute: str
    substitute_name: str
    from_on: date
    until_on: date
    procedures: list[Procedure] = []
    reason: str
    granted_by: str
    granted_at: datetime
    ended_at: datetime | None = None
    in_force: bool


class SubstitutionFault(Shape):
    """Why a substitution cannot be granted: the field and the reason, Chinese then English."""

    field: str
    reason: str
