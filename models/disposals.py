"""Shapes of retention: what is due, holds that stop disposal, and disposals with their steps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from .enums import DisposalState, DocumentKind, Retention, RetentionBar, Verdict
from .shape import Day, Line, OpenText, Shape

MOST_ITEMS = 1_000
"""Documents on one list: what two officers can still go through in a morning, and a document of some forty pages."""

Reason = Annotated[OpenText, Field(min_length=1)]
Basis = Annotated[Line, Field(min_length=1)]
Verdicts = Literal[Verdict.APPROVE, Verdict.REJECT]


# --- what is asked ------------------------------------------------------------------------------------------------


class NewHold(Shape):
    """A hold on one record, or on every record of its case. `basis` is the paper it rests on, e.g. an inspectors'
    letter."""

    scope: Literal["record", "case"] = "record"
    reason: Reason = Field(description="停止销毁的原因，如诉讼、巡视、审计")
    basis: Basis = Field(description="依据的文件，如来函文号")


class LiftHold(Shape):
    reason: Reason = Field(description="解除的原因")


class NewDisposal(Shape):
    """Everything whose period ended before the day, oldest first, at most MOST_ITEMS, nothing that is under hold."""

    due_before: Day = Field(description="保管期限在此日之前届满；不得晚于今日")
    reason: Reason = Field(description="鉴定意见和销毁原因")
    kind: DocumentKind | None = Field(default=None, description="只列一个文种")


class Strike(Shape):
    record_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    reason: Reason = Field(description="剔除的原因")


class DisposalDecision(Shape):
    verdict: Verdicts = Field(description="approve 批准，reject 不批准")
    opinion: Annotated[OpenText, Field(min_length=1)]
    reference_no: Line = Field(default="", description="批准文号或会议纪要号；批准时必填")


# --- what is answered ---------------------------------------------------------------------------------------------


class RetentionRow(Shape):
    """A record and when its period ends. `bar` says why it cannot be put on a list; empty when it can."""

    record_id: str
    number: str
    kind: DocumentKind
    title: str
    issued_on: date
    unit: str
    unit_name: str
    case_id: str
    case_no: str
    retention: Retention
    retention_until: date | None
    bar: RetentionBar | None = None
    bar_label: str = ""
    listed_in: str | None = Field(default=None, description="已列入的销毁事项编号 · the disposal it stands on")


class RetentionPage(Shape):
    due_before: date
    items: list[RetentionRow]
    next: str | None = None


class HoldView(Shape):
    """A hold. `record_id` and `number` are empty when it covers a whole case."""

    id: str
    case_id: str
    case_no: str
    record_id: str | None = None
    number: str | None = None
    reason: str
    basis: str
    placed_by: str
    placed_by_name: str
    placed_at: datetime
    lifted_by_name: str | None = None
    lifted_at: datetime | None = None
    lifted_reason: str | None = None
    standing: bool


class HoldPage(Shape):
    items: list[HoldView]
    next: str | None = None


class DisposalItemView(Shape):
    record_id: str
    number: str
    kind: DocumentKind
    title: str
    unit_name: str
    issued_on: date
    retention: Retention
    retention_until: date | None
    digest: str
    held: bool = False
    struck_reason: str | None = None
    struck_by_name: str | None = None
    struck_at: datetime | None = None
    removed_at: datetime | None = None


class DisposalRow(Shape):
    """A disposal in a list: its steps and counts. `listed` counts what still stands on it or was destroyed by it,
    `waiting` those destroyed whose files are still to leave the store."""

    id: str
    no: str
    state: DisposalState
    state_label: str
    due_before: date
    reason: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_by_name: str | None = None
    decided_at: datetime | None = None
    opinion: str | None = None
    reference_no: str | None = None
    executed_by: str | None = None
    executed_by_name: str | None = None
    executed_at: datetime | None = None
    witnessed_by: str | None = None
    witnessed_by_name: str | None = None
    witnessed_at: datetime | None = None
    list_record: str | None = None
    list_number: str | None = None
    listed: int
    struck: int
    waiting: int = 0
    list_filed: bool = Field(default=False, description="《文件销毁清册》已归档 · its list is filed")


class DisposalPage(Shape):
    items: list[DisposalRow]
    next: str | None = None


class DisposalView(DisposalRow):
    """A disposal with its items, oldest first. `remaining`, on the answer to a proposal alone: how many more could be
    listed for that day."""

    items: list[DisposalItemView]
    remaining: int | None = None
