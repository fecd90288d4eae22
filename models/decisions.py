"""Commands and their answers. Every command is one committed outbox row; a signal only carries it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from .applications import PersonNamed, StaffingUpApplication
from .enums import CommandKind, Department, Role, State, Verdict
from .refusals import RefusalCode
from .shape import Line, Shape, Text, Token


class Officer(Shape):
    """Who acts: always from the register of officers by token, never from a body."""

    id: str
    name: str
    department: Department
    unit: str | None = None
    roles: frozenset[Role] = frozenset()


class Grant(Shape):
    """The examiner's proposal n′ ≤ n for one line (1-based)."""

    line: Annotated[int, Field(ge=1, le=20, strict=True)]
    number: Annotated[int, Field(ge=0, le=9999, strict=True)]


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


class Resubmission(Shape):
    """The corrected application after a return; opens the next round."""

    application: StaffingUpApplication


class Withdrawal(Shape):
    reason: Text


class Revocation(Shape):
    """ESTABLISHMENT takes back the unused slots of a slip, with a reason and a notice."""

    reason: Annotated[Text, Field(min_length=1)]


class Extension(Shape):
    """More time for a current step, up to its maximum (rules.toml)."""

    step: Token
    subject: Line = ""
    working_days: Annotated[int, Field(ge=1, le=60, strict=True)]
    reason: Annotated[Text, Field(min_length=1)]


class Hold(Shape):
    """The head of ESTABLISHMENT holds a case, with a reason; the second officer of the office who was consulted is
    named and recorded (login or id)."""

    reason: Annotated[Text, Field(min_length=1)]
    second_officer: Line


class Release(Shape):
    reason: Annotated[Text, Field(min_length=1)]
    second_officer: Line


class Reminder(Shape):
    """催办 by hand, rate-limited."""

    step: Token | None = None
    note: Text | None = None


Body = StaffingUpApplication | Decision | Resubmission | Withdrawal | Revocation | Extension | Hold | Release | Reminder

BODY_OF: dict[CommandKind, type[Shape]] = {
    CommandKind.START: StaffingUpApplication,
    CommandKind.DECIDE: Decision,
    CommandKind.RESUBMIT: Resubmission,
    CommandKind.WITHDRAW: Withdrawal,
    CommandKind.REVOKE: Revocation,
    CommandKind.EXTEND: Extension,
    CommandKind.HOLD: Hold,
    CommandKind.RELEASE: Release,
    CommandKind.REMIND: Reminder,
}


class Signal(Shape):
    """What a signal carries: the id of the committed row and the body it claims to hold.

    Officer, department and time are absent on purpose: they count only from the row.
    """

    decision_id: Annotated[str, Field(min_length=1, max_length=100)]
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
    """One outbox row on its way to Temporal."""

    case_id: str
    command_id: str
    seq: int
    kind: CommandKind
    workflow_type: str
    body: dict[str, object]


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
