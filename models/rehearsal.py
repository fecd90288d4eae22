"""What the gate would say to an application that has not been submitted."""

from __future__ import annotations

from .docket import Check
from .enums import State
from .refusals import Refusal
from .shape import Shape

BY_OFFICE = "by-office"
"""The subject of a check that is left to the office: it turns on figures that are not the officer's to know."""


class Rehearsal(Shape):
    """`state` is what the case would be in afterwards; `refusal` that of a correction which would not even open a
    round (the state is then the present one, and there are no checks)."""

    state: State
    checks: list[Check] = []
    refusal: Refusal | None = None

    @property
    def accepted(self) -> bool:
        return self.refusal is None and self.state not in (State.RETURNED, State.NOT_ACCEPTED)

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.passed and not check.warning]

    @property
    def warnings(self) -> list[Check]:
        return [check for check in self.checks if not check.passed and check.warning and check.subject != BY_OFFICE]

    @property
    def left_open(self) -> list[Check]:
        """Neither passed nor failed: only the gate itself will say."""
        return [check for check in self.checks if check.subject == BY_OFFICE]
