"""Lists of a worklist page: which list, what it is narrowed by, and its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from .docket import CaseRow
from .enums import CommandKind, Department, Labelled, Procedure, Resource, Role, State, Step, Verdict
from .shape import Line, Shape, Token


class Tab(Labelled):
    """The lists of the worklist page. Of the first two a line is a step, of `done` an act, of `copied` a notice, of
    the others a case."""

    MINE = "mine", "我的待办", "my tasks"
    DEPARTMENT = "department", "本部门", "my department"
    STARTED = "started", "我方发起", "started by us"
    DONE = "done", "已办", "done"
    COPIED = "copied", "抄送我方", "copied to us"
    ALL = "all", "全部", "all"

    @property
    def waiting(self) -> bool:
        """Lists of steps, sorted by the day on which they fall due."""
        return self in (Tab.MINE, Tab.DEPARTMENT)

    @property
    def in_turn(self) -> bool:
        """Lists of cases: what falls due first, then what has no day, the newest first. The others: the newest."""
        return self in (Tab.STARTED, Tab.ALL)


class DeskFilters(Shape):
    """Every field optional. `unit`: a code or part of a name; `q`: part of a number, a title or a unit's name.
    `open`: not ended; it and `due_today` are asked for by the links of the supervisors' desk."""

    procedure: Procedure | None = None
    state: State | None = None
    step: Step | None = None
    unit: Line = ""
    q: Line = ""
    overdue: bool = False
    due_today: bool = False
    open: bool = False

    @property
    def any(self) -> bool:
        return self != DeskFilters()


class StepChoice(Shape):
    """A step by its place: what a bulk decision is about."""

    case_id: Token
    step: Step
    round: Annotated[int, Field(ge=1, le=999)]
    subject: Line = ""


class DeskRow(CaseRow):
    """A line of a list. `actionable`: the officer's own department and role may take the step now (what only climbed
    up to the officer is not); `returned`: it came back and waits to be corrected; `others`: how many more steps of
    the case wait; `resource`: of the post that `subject` names. Of an act: `did`, `verdict`, `pending` while it is not
    judged. `at`: when the act or the notice was. `note`: the notice."""

    roles: list[Role] = []
    actionable: bool = False
    returned: bool = False
    others: int = 0
    resource: Resource | None = None
    at: datetime | None = None
    did: CommandKind | None = None
    verdict: Verdict | None = None
    pending: bool = False
    note: str = ""


class DeskPage(Shape):
    """`next` is the cursor of the following page; None on the last."""

    items: list[DeskRow] = Field(default_factory=list)
    next: str | None = None


class CaseName(Shape):
    """How a case is called."""

    case_id: str
    case_no: str
    title: str
    unit_name: str
    department: Department | None = None
