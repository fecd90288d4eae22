"""Sign-ins as their officer sees them on the account page."""

from __future__ import annotations

from datetime import datetime

from .shape import Shape


class SessionView(Shape):
    """A sign-in that still holds; `current`: the one by which the page was asked for."""

    started_at: datetime
    expires_at: datetime | None = None
    current: bool = False


class Profile(Shape):
    """What the register says of an officer beyond department and roles."""

    login: str
    unit_name: str | None = None


class Colleague(Shape):
    """An officer whom one may name in a substitution."""

    login: str
    name: str
