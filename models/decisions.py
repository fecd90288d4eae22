"""Commands and their answers. Every command is one committed outbox row; a signal only carries it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from .applications import Application, PersonNamed, Problem, ProblemNo
from .changes import Change
from .enums import CommandKind, Department, Procedure, Resource, Role, State, Verdict
from .refusals import RefusalCode
from .shape import COMMAND_ID_LENGTH, Day, Instant, Line, Name, OpenText, Shape, Text, Token, UnitCode


class Officer(Shape):
    """Who acts: always from the register of officers by token, never from a body.

    `acting_for` is the id of the colleague whom the officer stands in for; department, unit and roles are then
    those of that colleague, and `shown` is how record and paper name the officer.
    """

    id: str
    name: str
    department: Department
    unit: str | None = None
    roles: frozenset[Role] = frozenset()
    acting_for: str | None = None
    acting_for_name: str | None = None

    @property
    def shown(self) -> str:
        return f"{self.name}（代{self.acting_for_name}）" if self.acting_for_name else self.name


class Grant(Shape):
    """The examiner's proposal n′ ≤ n for one line (1-based)."""

    line: Annotated[int, Field(ge=1, le=20, strict=True)]
    number: Annotated[int, Field(ge=0, le=9999, strict=True)]


class PhoneCall(Shape):
    """What the record of a phone reminder keeps (domain.md §4.7)."""

    callee: Name
    callee_position: Line = ""
    phone: Line = ""
    called_at: Instant
    answer: Annotated[Text, Field(min_length=1)]
    promised_by: Day | None = None


class ProblemCheck(Shape):
    """One inspector's finding on one problem; `due` is the new date of one that failed."""

    no: ProblemNo
    passed: bool
    finding: Annotated[Text, Field(min_length=1)]
    due: Day | None = None


class Decision(Shape):
    """One decision of one officer on (step, round, subject); interface.md `POST /cases/{id}/decisions`."""

    step: Token
    round: Annotated[int, Field(ge=1, le=999, strict=True)]
    subject: Line = ""
    verdict: Verdict
    opinion: Text | None = None
    reference_no: Line | None = None
    grants: Annotated[list[Grant], Field(max_length=20)] | None = None
    persons: Annotated[list[PersonNamed], Field(max_length=200)] | None = None
    minutes_no: Line | None = None
    problems: Annotated[list[ProblemCheck], Field(max_length=50)] | None = None
    changes: Annotated[list[Change], Field(max_length=30)] | None = Field(
        default=None, description="修改后批准：批准的内容（决定环节）"
    )
    call: PhoneCall | None = Field(default=None, description="通话记录（电话提醒环节）")
    reply_by: Day | None = Field(default=None, description="书面回复期限（警示环节）")
    team: Annotated[list[Name], Field(max_length=20)] | None = Field(default=None, description="督查组成员")
    visit_on: Day | None = Field(default=None, description="实地督查日期")
    materials: Text | None = Field(default=None, description="需备材料")
    found: Annotated[list[Problem], Field(max_length=50)] | None = Field(
        default=None, description="督查发现、移交整改的问题"
    )


class Resubmission(Shape):
    """The corrected application after a return; opens the next round."""

    application: Application


class Withdrawal(Shape):
    reason: Text


class Revocation(Shape):
    """ESTABLISHMENT takes back the unused slots of a slip, with a reason and a notice."""

    reason: Annotated[OpenText, Field(min_length=1)]


class Extension(Shape):
    """More time for a current step, up to its maximum (rules.toml)."""

    step: Token
    subject: Line = ""
    working_days: Annotated[int, Field(ge=1, le=60, strict=True)]
    reason: Annotated[Text, Field(min_length=1)]


class Hold(Shape):
    """The head of ESTABLISHMENT holds a case, with a reason; the second officer of the office who was consulted is
    named and recorded (login or id)."""

    reason: Annotated[OpenText, Field(min_length=1)]
    second_officer: Line


class Release(Shape):
    reason: Annotated[OpenText, Field(min_length=1)]
    second_officer: Line


class Reminder(Shape):
    """催办 by hand, rate-limited."""

    step: Token | None = None
    note: Text | None = None


class ReportItem(Shape):
    """What became of one problem, in the unit's own words."""

    no: ProblemNo
    done: bool = True
    text: Annotated[Text, Field(min_length=1)]
    evidence: Line | None = None


class Report(Shape):
    """The unit's report on rectification, item by item, or its written answer to a warning letter (`text`)."""

    items: Annotated[list[ReportItem], Field(max_length=50)] = []
    text: Text | None = None


class Scope(Shape):
    """What an exceptional acceptance covers: procedures, resources (all when empty), the matter in words, and how
    many applications; each one that passes uses one up."""

    procedures: Annotated[list[Procedure], Field(min_length=1, max_length=5)]
    resources: Annotated[list[Resource], Field(max_length=20)] = []
    matter: Annotated[Line, Field(min_length=1)]
    cases: Annotated[int, Field(ge=1, le=20, strict=True)] = 1


class ExceptionalRequest(Shape):
    """例外受理申请: why a suspended unit's matter cannot wait; decided by the commission (procedures.md §4)."""

    unit: UnitCode | None = Field(default=None, description="受影响的所属单位；不填即被整改单位")
    scope: Scope
    reason: Annotated[Text, Field(min_length=1)]
    risk: Text = ""
    until: Day


class Comment(Shape):
    """批注: stands in the case and decides nothing. What a department notes is for the departments, unless it is
    meant for the unit as well; what the unit notes everybody reads who may see the case."""

    text: Annotated[Text, Field(min_length=1)]
    to_unit: bool = Field(default=False, description="单位是否可见（部门批注默认不可见）")


class Copy(Shape):
    """抄送: departments that are told, and asked for nothing."""

    departments: Annotated[list[Department], Field(min_length=1, max_length=12)]
    note: Text | None = None


class Wake(Shape):
    """Written by an activity of another case: something that this one waits for has changed."""

    reason: Line


BODY_OF: dict[CommandKind, type[Shape]] = {
    CommandKind.DECIDE: Decision,
    CommandKind.RESUBMIT: Resubmission,
    CommandKind.WITHDRAW: Withdrawal,
    CommandKind.REVOKE: Revocation,
    CommandKind.EXTEND: Extension,
    CommandKind.HOLD: Hold,
    CommandKind.RELEASE: Release,
    CommandKind.REMIND: Reminder,
    CommandKind.REPORT: Report,
    CommandKind.EXCEPT: ExceptionalRequest,
    CommandKind.COMMENT: Comment,
    CommandKind.COPY: Copy,
    CommandKind.WAKE: Wake,
}
"""Bodies of the commands on a case; that of a start is its procedure's application."""


class Signal(Shape):
    """What a signal carries: the id of the committed row and the body it claims to hold.

    Officer, department and time are absent on purpose: they count only from the row.
    """

    decision_id: Annotated[str, Field(min_length=1, max_length=COMMAND_ID_LENGTH)]
    body: dict[str, object]


class Receipt(Shape):
    """The answer to one command, written by the activity that judged it (or by the relay on a closed case)."""

    decision_id: str
    status: Literal["accepted", "refused"]
    code: RefusalCode | None = None
    clause: str | None = None
    message: str
    at: datetime


class CommandAnswer(Shape):
    """The API's answer to a command: `receipt` is None while it waits to be delivered or judged (202)."""

    decision_id: str
    receipt: Receipt | None
    state: State


class Terms(Shape):
    """When something falls due, and which calendar said so (procedures.md: deadlines in working days)."""

    due_at: datetime
    remind_at: datetime
    working_days: int
    calendar_version: str
    provisional: bool
    opened_on: date


class StartCase(Shape):
    """Input of every procedure's workflow: the case id is all it carries; the register has the rest."""

    case_id: str


class CaseClosed(Shape):
    """What a procedure ends with."""

    case_id: str
    state: State
    round: int


class Delivery(Shape):
    """One outbox row on its way to Temporal. `unit`, `case_no` and `title` are what Temporal may index in clear and
    show as a summary; `body` is that of a signal, empty for a start."""

    case_id: str
    command_id: str
    seq: int
    kind: CommandKind
    workflow_type: str
    unit: str = ""
    case_no: str = ""
    title: str = ""
    body: dict[str, object] = {}


class Handle(Shape):
    """Activity input: judge one delivered command at workflow time `at`."""

    case_id: str
    name: str
    decision_id: str
    body: dict[str, object]
    at: datetime


class Moment(Shape):
    """Activity input: the case at workflow time `at` (opening, alarm)."""

    case_id: str
    at: datetime


class Unreadable(Shape):
    """Activity input: the `nth` signal of this case that could not be read; `reason` holds no content."""

    case_id: str
    name: str
    nth: int
    reason: str
    at: datetime
