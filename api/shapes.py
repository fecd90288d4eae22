"""Answers that exist only at the HTTP door; everything else is answered with the shapes of `models`."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from models.accounts import OfficerView
from models.decisions import Receipt
from models.docket import CaseRow, RecordView
from models.enums import Level, ProblemSource, ProblemState, Resource, State, UnitKind
from models.ledger import Balance, JournalRow, RosterRow
from models.refusals import Refusal
from models.renditions import RenditionView
from models.shape import Shape
from models.substitutions import SubstitutionView


class RecordDetail(RecordView):
    """A record with its other forms, the oldest first."""

    renditions: list[RenditionView] = Field(default=[], description="PDF 版式件、签章件 · kept beside the original")


class Links(Shape):
    self: str = Field(examples=["/api/v1/cases/0f3c"])
    decisions: str
    records: str


class CaseOpened(Shape):
    """201 of an application: committed, and what the gate said if it has spoken within two seconds."""

    case_id: str
    case_no: str
    state: State
    state_label: str
    refusals: list[Refusal] = []
    links: Links


class Answered(Shape):
    """The answer to a command. `receipt` is absent on 202: committed, not yet judged."""

    decision_id: str
    receipt: Receipt | None = None
    state: State
    state_label: str


class Worklist(Shape):
    items: list[CaseRow]


class Substitutions(Shape):
    items: list[SubstitutionView]


class OfficerList(Shape):
    items: list[OfficerView]
    next: str | None = None


class UnitRow(Shape):
    code: str
    name: str
    short_name: str | None = None
    kind: UnitKind
    kind_label: str
    place: str | None = None
    rank: str | None = None
    nature: str | None = None
    parent: str | None = None
    certificate_no: str
    abolished_on: date | None = None
    merged_into: str | None = None
    other_names: str | None = None
    level: Level | None = None


class UnitPage(Shape):
    items: list[UnitRow]
    next: str | None = None


class BodyRow(Shape):
    """内设机构."""

    name: str
    other_name: str | None = None
    rank: str | None = None
    chief_posts: int | None = None
    deputy_posts: int | None = None
    status: str


class OpenProblem(Shape):
    """A problem of the unit that is not struck off yet 未销号; what it is about stands in its case."""

    case_id: str
    case_no: str
    no: str
    kind: str
    source: ProblemSource
    state: ProblemState
    due_at: datetime
    overdue: bool = False


class UnitView(UnitRow):
    """A unit with its internal bodies, the units it shares a quota with (合署办公) and its open problems.

    An abolished or merged unit stays readable, with the day and, when merged, the unit that it went into.
    """

    relation: str | None = None
    basis_no: str | None = None
    basis_date: date | None = None
    remark: str | None = None
    data_fault: str | None = None
    suspended: bool
    co_users: list[str] = []
    subordinates: list[str] = []
    bodies: list[BodyRow] = []
    problems: list[OpenProblem] = []


class BalanceRow(Shape):
    """核定 实有 在途 预留 空余 of one account."""

    resource: Resource
    label: str
    authorised: int
    occupied: int
    reserved: int
    set_aside: int
    vacancy: int
    tolerated_over: int
    holder: str
    note: str = ""

    @classmethod
    def of(cls, balance: Balance) -> BalanceRow:
        return cls(
            resource=balance.resource,
            label=balance.resource.label,
            authorised=balance.authorised,
            occupied=balance.occupied,
            reserved=balance.reserved,
            set_aside=balance.set_aside,
            vacancy=balance.vacancy,
            tolerated_over=balance.tolerated_over,
            holder=balance.holder,
            note=balance.note,
        )


class Balances(Shape):
    unit: str
    as_of: date | None = None
    known_at: datetime | None = None
    items: list[BalanceRow]


class Roster(Shape):
    unit: str
    as_of: date | None = None
    items: list[RosterRow]
    next: int | None = None


class JournalPage(Shape):
    """Rows of the chain of the unit's holder, in order."""

    unit: str
    items: list[JournalRow]
    next: int | None = None


class RecordList(Shape):
    items: list[RecordView]
    next: int | None = None


class Part(Shape):
    well: bool
    says: str = Field(examples=["正常 · well"])


class Readiness(Shape):
    """`ready`; `degraded` (decisions are still taken and kept); `down` (nothing can be kept)."""

    status: str
    says: str
    parts: dict[str, Part]


class Payloads(Shape):
    """Temporal's remote codec protocol: `temporal.api.common.v1.Payloads` as protobuf JSON.

    No payloads at all is `{}` there: protobuf JSON leaves an empty list out, and Temporal's command line sends it.
    """

    payloads: list[dict[str, object]] = []
