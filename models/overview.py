"""What the supervisors' desk shows: figures over all cases and all accounts, never one person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from .enums import Department, Procedure, Resource, State, UnitKind
from .shape import Shape


class Cards(Shape):
    """Counts of now. `yellow` and `red` add up to `overdue`."""

    open: int = 0
    due_today: int = 0
    overdue: int = 0
    yellow: int = 0
    red: int = 0
    suspensions: int = 0
    suspended_units: int = 0
    slips_expiring: int = 0
    open_warnings: int = 0
    open_problems: int = 0


class LateCase(Shape):
    """An overdue case; `red` when it is overdue for longer than the yellow card lasts, or was reported upwards."""

    case_id: str
    case_no: str
    procedure: Procedure
    title: str
    unit_name: str
    waiting_on: list[Department]
    due_at: datetime
    working_days: int
    red: bool


StuckBy = Literal["document", "undelivered", "unjudged", "escalated", "held", "suspended"]


class Stuck(Shape):
    """A case that does not go on by itself. `what`: the document or step concerned; `detail`: the reason that was
    recorded, as data."""

    case_id: str
    case_no: str
    procedure: Procedure
    title: str
    unit_name: str
    by: StuckBy
    since: datetime
    what: str = ""
    detail: str = ""


class StepLoad(Shape):
    """Cases of a procedure that stand at a step (or in a state without a step), how many of them are late there."""

    procedure: Procedure
    step: str
    cases: int
    overdue: int = 0


class Ageing(Shape):
    """Open steps of a department by the working days since they were opened; `overdue` counts the late ones among
    them once more."""

    step: str
    department: Department
    days_0_1: int = 0
    days_2_3: int = 0
    days_4_5: int = 0
    days_over_5: int = 0
    overdue: int = 0

    @property
    def total(self) -> int:
        return self.days_0_1 + self.days_2_3 + self.days_4_5 + self.days_over_5


class Pace(Shape):
    """Working days that a step took, of those decided in the period."""

    step: str
    department: Department
    decided: int
    median: float
    longest: int


class QuotaUse(Shape):
    """Accounts of one holder taken together. `vacancy` and `over` are sums over its accounts, so that an account
    with room does not hide another that has too many."""

    holder: str
    name: str
    authorised: int
    occupied: int
    reserved: int
    set_aside: int
    vacancy: int
    over: int

    @property
    def percent(self) -> int | None:
        """Used or promised, of what is authorised."""
        if not self.authorised:
            return None
        return round(100 * (self.occupied + self.reserved + self.set_aside) / self.authorised)


class Week(Shape):
    """Cases opened and closed in the week that begins on `monday`."""

    monday: date
    opened: int = 0
    closed: int = 0


class Month(Shape):
    """Headcount at the end of the month (of the running month: now)."""

    last_day: date
    authorised: int
    occupied: int


class QuotaLine(Shape):
    """One account as of a day; `units` are those that share it."""

    holder: str
    name: str
    kind: UnitKind
    resource: Resource
    authorised: int
    occupied: int
    reserved: int
    set_aside: int

    @property
    def vacancy(self) -> int:
        return max(0, self._left)

    @property
    def over(self) -> int:
        return max(0, -self._left)

    @property
    def _left(self) -> int:
        return self.authorised - self.occupied - self.reserved - self.set_aside


class QuotaPage(Shape):
    """Quota of holders in the order of their ids. `following`: the last holder shown, when there are more."""

    as_of: date
    lines: list[QuotaLine]
    holders: int
    following: str | None = None


class StateLoad(Shape):
    """Open cases of a procedure in a state."""

    procedure: Procedure
    state: State
    cases: int
