"""The docket: the case as every reader sees it, and the small desk that the workflow works from."""

from __future__ import annotations

import json
from datetime import date, datetime

from pydantic import Field

from .decisions import Receipt, Scope
from .enums import (
    CommandKind,
    Department,
    DocumentKind,
    ExitReason,
    Indicator,
    ProblemSource,
    ProblemState,
    Procedure,
    RecordState,
    Resource,
    Role,
    SlipState,
    SlotState,
    State,
    StepState,
    Verdict,
    WarningLevel,
)
from .refusals import Refusal
from .shape import Shape


class OpenStep(Shape):
    """A step that waits for a person now."""

    step: str
    round: int
    subject: str
    department: Department
    due_at: datetime


class Desk(Shape):
    """What an activity tells the workflow after each act: the whole of what the workflow may know.

    The register is the truth; a workflow that lost its desk asks for it again (`activities.cases.open_desk`).
    `wake_at` is the earliest moment at which something happens by itself: reminder, escalation, expiry,
    retry of a document. `waiting_on` and `headline` feed search attributes and current details.
    """

    case_id: str
    state: State
    round: int
    open: list[OpenStep] = []
    wake_at: datetime | None = None
    waiting_on: list[Department] = []
    due_at: datetime | None = None
    overdue: bool = False
    documents_pending: int = 0
    headline: str = ""
    receipt: Receipt | None = None

    @property
    def final(self) -> bool:
        return self.state.final


class Check(Shape):
    """One check of the gate or of a step, with its verdict and clause; `subject` where it is about one person or
    matter of several. A warning is shown and refuses nothing."""

    code: str
    label: str
    clause: str
    passed: bool
    detail: str = ""
    warning: bool = False
    subject: str = ""


class StepView(Shape):
    step: str
    label: str
    round: int
    subject: str = ""
    department: Department
    roles: list[Role] = []
    state: StepState
    since: datetime | None = None
    due_at: datetime | None = None
    overdue: bool = False
    provisional: bool = False
    working_days: int | None = None
    officer: str | None = None
    verdict: Verdict | None = None
    opinion: str | None = None
    reference_no: str | None = None
    decided_at: datetime | None = None


class LedgerEffect(Shape):
    """核定 / 实有 / 在途 / 预留 / 空余, before → after the case as it stands."""

    resource: Resource
    label: str
    unit: str = ""
    unit_name: str = ""
    wanted: int
    authorised: int
    authorised_after: int
    occupied_before: int
    occupied_after: int
    reserved_before: int
    reserved_after: int
    set_aside: int
    vacancy_before: int
    vacancy_after: int


class Difference(Shape):
    path: str
    before: str
    after: str


class RoundView(Shape):
    round: int
    submitted_at: datetime
    officer: str
    application: dict[str, object]
    differences: list[Difference] = []


class SlotView(Shape):
    code: str
    line: int
    resource: Resource
    label: str
    department: Department
    state: SlotState
    person: str | None = None
    reference_no: str | None = None


class SlipView(Shape):
    number: str
    round: int
    issued_on: date
    valid_until: datetime
    state: SlipState
    slots: list[SlotView]


_TOLD_BESIDE = frozenset({"delayed", "retention_until", "held", "disposed_on", "disposal_list"})
"""What of a record does not stand in its row as it is; all but `delayed` is added by `records.retention.told`."""


class RecordView(Shape):
    id: str
    kind: DocumentKind
    title: str
    number: str
    state: RecordState
    issued_on: date
    issuer: str
    officers: dict[str, str] = {}
    code: str
    digest: str | None = None
    size: int | None = None
    case_id: str | None = None
    unit: str | None = None
    void_reason: str | None = None
    superseded_by: str | None = None
    retention: str = "permanent"
    retention_until: date | None = Field(
        default=None, description="保管期限的最后一日；永久或事项未办结为空 · last day of its period"
    )
    held: bool = Field(default=False, description="停止销毁 · under a hold that stops disposal")
    disposed_on: date | None = Field(default=None, description="销毁日期 · destroyed under its retention period on")
    disposal_list: str | None = Field(default=None, description="《文件销毁清册》文号 · number of the list")
    delayed: bool = Field(default=False, description="已编号，文件暂未生成，会再试 · its file is not made yet")

    @classmethod
    def of(cls, row: object) -> RecordView:
        """From a row of the register of records, whose `officers` are JSON text. Why a file could not be made is for
        those who keep the machine, that it could not for everybody."""
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in _TOLD_BESIDE}
        late = getattr(row, "fault", None) is not None and fields["digest"] is None
        return cls(**fields | {"officers": json.loads(fields["officers"]), "delayed": late})


class TraceView(Shape):
    """Something that changed nothing but must be seen: a forged, altered or malformed signal."""

    at: datetime
    what: str
    code: str


class NoticeView(Shape):
    """A reminder, an escalation or a 催办, and to whom it went."""

    at: datetime
    kind: str
    department: Department
    text: str


class Permission(Shape):
    """What the caller may do now, or why not."""

    action: CommandKind
    step: str | None = None
    subject: str = ""
    verdicts: list[Verdict] = []
    allowed: bool
    why_not: Refusal | None = None


class CommentView(Shape):
    """A 批注: said by whom and when; it decided nothing. `to_unit`: the unit reads it too."""

    at: datetime
    officer: str
    department: Department
    text: str
    to_unit: bool = False


class ProblemReport(Shape):
    """What the unit reported on one problem, done or not."""

    at: datetime
    done: bool
    text: str
    evidence: str | None = None


class ObjectionView(Shape):
    """A department that did not agree when it was asked to countersign; it goes to the decider with its text."""

    department: Department
    officer: str
    opinion: str
    at: datetime


class ProblemView(Shape):
    """A line of the problem ledger as readers see it."""

    no: str
    kind: str
    facts: str
    source: ProblemSource
    clause: str | None = None
    measure: str
    due_at: datetime
    overdue: bool = False
    state: ProblemState
    attempt: int = 0
    reported_at: datetime | None = None
    closed_at: datetime | None = None
    reports: list[ProblemReport] = []


class SuspensionView(Shape):
    """A closed gate of the unit; `provisional` by rule and not yet confirmed by a person."""

    id: str
    unit: str
    number: str | None = None
    problems: str = ""
    from_at: datetime
    provisional: bool
    covers_subordinates: bool
    lifted_at: datetime | None = None
    ended_by: str | None = None


class ExceptionView(Shape):
    """An exceptional acceptance of this case's unit."""

    id: str
    unit: str
    scope: Scope
    number: str | None = None
    approver: str
    from_at: datetime
    until_at: datetime
    ended_at: datetime | None = None


class LeaverView(Shape):
    """One person on the way out."""

    subject: str
    person: str
    name: str
    reason: ExitReason
    event_date: date
    late: bool
    frees: list[Resource] = []
    left: bool = False


class WarningView(Shape):
    """The warning of a case: where it stands on the ladder, and what became of it. `told_at` is when the unit first
    heard of it; `handed_to` is the rectification case that it was handed over to."""

    indicator: Indicator
    level: WarningLevel
    raised_by_monitor: bool
    opened_at: datetime
    told_at: datetime | None = None
    reply_due_at: datetime | None = None
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    handed_to: str | None = None
    handed_to_no: str | None = None


class DecisionView(Shape):
    decision_id: str
    step: str
    round: int
    subject: str = ""
    officer: str
    department: Department
    verdict: Verdict | None = None
    opinion: str | None = None
    reference_no: str | None = None
    decided_at: datetime
    void: bool = False


class Docket(Shape):
    """GET /cases/{id}."""

    case_id: str
    case_no: str
    procedure: Procedure
    title: str
    unit: str
    unit_name: str
    state: State
    state_label: str
    headline: str
    round: int
    opened_at: datetime
    closed_at: datetime | None = None
    applicant: str
    waiting_on: list[Department] = []
    due_at: datetime | None = None
    due_provisional: bool = False
    overdue: bool = False
    rounds: list[RoundView] = []
    steps: list[StepView] = []
    decisions: list[DecisionView] = []
    receipts: list[Receipt] = []
    checks: list[Check] = []
    ledger: list[LedgerEffect] = []
    slip: SlipView | None = None
    documents: list[RecordView] = []
    traces: list[TraceView] = []
    notices: list[NoticeView] = []
    comments: list[CommentView] = []
    objections: list[ObjectionView] = []
    problems: list[ProblemView] = []
    suspensions: list[SuspensionView] = []
    exceptions: list[ExceptionView] = []
    leavers: list[LeaverView] = []
    warning: WarningView | None = None
    may: list[Permission] = []
    refusals: list[Refusal] = []
    rules_version: str = ""
    calendar_version: str = ""


class CaseRow(Shape):
    """A line of a list: cases, worklist."""

    case_id: str
    case_no: str
    procedure: Procedure
    title: str
    unit: str
    unit_name: str
    state: State
    state_label: str
    waiting_on: list[Department] = []
    step: str | None = None
    subject: str = ""
    round: int = 1
    due_at: datetime | None = None
    working_days_left: int | None = None
    overdue: bool = False
    escalated: bool = False
    opened_at: datetime


class CasePage(Shape):
    items: list[CaseRow] = Field(default_factory=list)
    next: str | None = None
