"""Accounts of officers: what the system administrator enters, what the security administrator grants (三员分立)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from .enums import Department, Role
from .shape import Line, Name, Shape, UnitCode

Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$")]
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_000


class NewOfficer(Shape):
    """An account without any role: it opens nothing until the security administrator grants one."""

    login: Login = Field(description="登录名；统一身份认证时为其声明的值 · login, or the provider's claim")
    name: Name
    department: Department
    unit: UnitCode | None = Field(default=None, description="单位代码，仅用编单位 · for officers of a unit")


class OfficerChange(Shape):
    """What changes; whatever is not named stays. Another login, department or unit withdraws all roles: it may be
    another hand that acts then, and only the security administrator says that it may."""

    login: Login | None = None
    name: Name | None = None
    department: Department | None = None
    unit: UnitCode | None = None


class RolesGrant(Shape):
    """All the roles that the officer has from now on; none withdraws them."""

    roles: Annotated[list[Role], Field(max_length=12)]
    reason: Annotated[Line, Field(min_length=1)]


class Activity(Shape):
    """Whether the account may be used. Stopping ends its sessions and tokens; resuming it grants no roles."""

    active: bool
    reason: Annotated[Line, Field(min_length=1)]


class NewPassword(Shape):
    """A password that the system administrator hands over; it withdraws all roles until they are granted again."""

    password: Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class OfficerView(Shape):
    """An account as the administrators see it. `waits` for the security administrator: active, and no role yet."""

    id: str
    login: str
    name: str
    department: Department
    unit: str | None = None
    roles: list[Role] = []
    active: bool
    waits: bool


class AccountFault(Shape):
    """Why an account cannot be as it was asked for: the field and the reason, Chinese then English."""

    field: str
    reason: str
