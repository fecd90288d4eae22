"""Retention and disposal: what is due, holds, and the steps of a disposal. The last step is handed in (`Dispose`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Body, Path, Query
from sqlmodel import Session

from models.decisions import Officer
from models.disposals import (
    DisposalDecision,
    DisposalPage,
    DisposalView,
    HoldPage,
    HoldView,
    LiftHold,
    NewDisposal,
    NewHold,
    RetentionPage,
    Strike,
)
from models.enums import DisposalState, DocumentKind
from models.refusals import Refusal, RefusalCode
from models.shape import Day
from records import disposal, disposal_view, holds, retention
from rules.deadlines import local_day

from .. import examples
from ..deps import Caller, Key, Runtime, Work
from ..door import router
from ..params import Cursor, Limit, RecordId
from ..problems import FieldError, ProblemError, not_found, of_refusal
from ..writing import once_more

routes = router("retention")

T = TypeVar("T")
Step = Callable[[Session], T | Refusal | None]

_ID = r"^[0-9a-f]{32}$"
HoldId = Annotated[str, Path(pattern=_ID)]
DisposalId = Annotated[str, Path(pattern=_ID)]
NO_RECORD = "没有这份文件，或您无权查看 · no such record, or not yours to see"
NO_HOLD = "没有这项停止销毁 · no such hold"
NO_DISPOSAL = "没有这项销毁，或者清册上没有这份文件 · no such disposal, or no such record on it"


def taken(runtime: Runtime, step: Step[T], nothing: str) -> T:
    """What a step entered, in one write transaction. Raises ProblemError: a refusal with its clause, or not-found."""

    def entered() -> T | Refusal | None:
        with runtime.database.write() as s:
            return step(s)

    return told(once_more(entered), nothing)


def told(answer: T | Refusal | None, nothing: str) -> T:
    if answer is None:
        raise not_found(nothing)
    if isinstance(answer, Refusal):
        if answer.code is RefusalCode.NOT_YOUR_DEPARTMENT:
            raise ProblemError("forbidden", answer.message, clause=answer.clause)
        raise of_refusal(answer)
    return answer


def paged(runtime: Runtime, read: Callable[[Session], T]) -> T:
    """A page of a list. Raises ProblemError `invalid` for a cursor that is none."""
    try:
        with runtime.database.read() as s:
            return read(s)
    except ValueError:
        reason = "不是上一页给出的值 · not the `next` of a page before"
        raise ProblemError("invalid", errors=[FieldError(field="query.cursor", reason=reason)]) from None


# --- what is due --------------------------------------------------------------------------------------------------


@routes.get("/retention", operation_id="list_retention", summary="到期文件 · records whose period has ended")
def list_retention(
    runtime: Work,
    officer: Caller,
    due_before: Annotated[Day | None, Query(description="期限在此日之前届满；默认今日 · default: today")] = None,
    kind: DocumentKind | None = None,
    everything: Annotated[
        bool, Query(description="连同不能销毁的，逐件说明原因 · also what cannot go, and why")
    ] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> RetentionPage:
    """保管期限届满的文件，成文早的在前；停止销毁的、已列入清册的注明原因。Oldest first, with what stops each."""
    day = due_before or local_day(runtime.clock())
    return paged(
        runtime, lambda s: retention.page(s, day, kind=kind, everything=everything, cursor=cursor, limit=limit)
    )


# --- holds --------------------------------------------------------------------------------------------------------


@routes.post(
    "/records/{record_id}/hold", operation_id="place_hold", status_code=201, summary="停止销毁 · stop the disposal"
)
def place_hold(
    runtime: Work,
    officer: Caller,
    key: Key,
    record_id: RecordId,
    body: Annotated[NewHold, Body(openapi_examples=examples.named(inspection=examples.RECORD_HOLD))],
) -> HoldView:
    """一份文件，或其事项的全部文件；写明原因和依据。One record, or all of its case, with reason and basis."""
    return hold(runtime, officer, key, record_id, body)


def hold(runtime: Runtime, officer: Officer, key: str, record_id: str, body: NewHold) -> HoldView:
    at = runtime.clock()
    return taken(runtime, lambda s: holds.place(s, record_id, body, officer, key, at), NO_RECORD)


@routes.post("/holds/{hold_id}/lifting", operation_id="lift_hold", summary="解除停止销毁 · lift a hold")
def lift_hold(
    runtime: Work,
    officer: Caller,
    key: Key,
    hold_id: HoldId,
    body: Annotated[LiftHold, Body(openapi_examples=examples.named(over=examples.LIFTING))],
) -> HoldView:
    """由编办主任解除，且不得是设置人。By the head, and never by whoever placed it."""
    return lift(runtime, officer, hold_id, body)


def lift(runtime: Runtime, officer: Officer, hold_id: str, body: LiftHold) -> HoldView:
    at = runtime.clock()
    return taken(runtime, lambda s: holds.lift(s, hold_id, body, officer, at), NO_HOLD)


@routes.get("/holds", operation_id="list_holds", summary="停止销毁登记 · holds")
def list_holds(
    runtime: Work,
    officer: Caller,
    standing: Annotated[bool | None, Query(description="true 仍有效，false 已解除 · standing, or lifted")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> HoldPage:
    return paged(runtime, lambda s: holds.page(s, standing=standing, cursor=cursor, limit=limit))


# --- disposals ----------------------------------------------------------------------------------------------------


@routes.post("/disposals", operation_id="propose_disposal", status_code=201, summary="提出销毁 · propose a disposal")
def propose_disposal(
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[NewDisposal, Body(openapi_examples=examples.named(year=examples.DISPOSAL))],
) -> DisposalView:
    """按截止日期算出清册并固定：至多 1,000 件，停止销毁的不列入；`remaining` 是余下件数。The list, frozen."""
    return propose(runtime, officer, key, body)


def propose(runtime: Runtime, officer: Officer, key: str, body: NewDisposal) -> DisposalView:
    at = runtime.clock()
    return taken(runtime, lambda s: disposal.propose(s, body, officer, key, at), NO_DISPOSAL)


@routes.get("/disposals", operation_id="list_disposals", summary="销毁登记 · disposals")
def list_disposals(
    runtime: Work,
    officer: Caller,
    state: DisposalState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> DisposalPage:
    return paged(runtime, lambda s: disposal_view.page(s, state=state, cursor=cursor, limit=limit))


@routes.get("/disposals/{disposal_id}", operation_id="read_disposal", summary="一项销毁 · a disposal")
def read_disposal(runtime: Work, officer: Caller, disposal_id: DisposalId) -> DisposalView:
    """清册逐件在内。With every record on its list."""
    return disposal_of(runtime, disposal_id)


def disposal_of(runtime: Runtime, disposal_id: str) -> DisposalView:
    with runtime.database.read() as s:
        return told(disposal_view.get(s, disposal_id), NO_DISPOSAL)


@routes.post("/disposals/{disposal_id}/strike", operation_id="strike_disposal", summary="剔除一件 · strike a record")
def strike_disposal(
    runtime: Work,
    officer: Caller,
    key: Key,
    disposal_id: DisposalId,
    body: Annotated[Strike, Body(openapi_examples=examples.named(kept=examples.STRIKE))],
) -> DisposalView:
    """从清册上剔除一件，写明原因；全部剔除即撤销。With the last record the disposal is dropped."""
    return strike(runtime, officer, disposal_id, body)


def strike(runtime: Runtime, officer: Officer, disposal_id: str, body: Strike) -> DisposalView:
    at = runtime.clock()
    return taken(runtime, lambda s: disposal.strike(s, disposal_id, body, officer, at), NO_DISPOSAL)


@routes.post(
    "/disposals/{disposal_id}/decision", operation_id="decide_disposal", summary="审批销毁 · approve or refuse"
)
def decide_disposal(
    runtime: Work,
    officer: Caller,
    key: Key,
    disposal_id: DisposalId,
    body: Annotated[DisposalDecision, Body(openapi_examples=examples.named(approved=examples.DISPOSAL_DECISION))],
) -> DisposalView:
    """编办主任批准或不批准；批准须有文号。提出人不得批准。The head decides, and never whoever proposed."""
    return decide(runtime, officer, disposal_id, body)


def decide(runtime: Runtime, officer: Officer, disposal_id: str, body: DisposalDecision) -> DisposalView:
    at = runtime.clock()
    return taken(runtime, lambda s: disposal.decide(s, disposal_id, body, officer, at), NO_DISPOSAL)


@routes.post("/disposals/{disposal_id}/execution", operation_id="execute_disposal", summary="执行销毁 · carry it out")
def execute_disposal(runtime: Work, officer: Caller, key: Key, disposal_id: DisposalId) -> DisposalView:
    """执行人到场；此时尚不销毁，待监销人确认。Nothing is destroyed before the witness has spoken."""
    return execute(runtime, officer, disposal_id)


def execute(runtime: Runtime, officer: Officer, disposal_id: str) -> DisposalView:
    at = runtime.clock()
    return taken(runtime, lambda s: disposal.execute(s, disposal_id, officer, at), NO_DISPOSAL)


@routes.post("/disposals/{disposal_id}/witness", operation_id="witness_disposal", summary="监销 · witness it")
def witness_disposal(runtime: Work, officer: Caller, key: Key, disposal_id: DisposalId) -> DisposalView:
    """监销人确认后逐件再核、编号清册、销毁文件，不能撤回；中断的再调用一次即接着办。

    Every record is checked once more; what is held or altered is struck. It cannot be undone. Called again, it goes on
    with what was interrupted.
    """
    return witness(runtime, officer, disposal_id)


def witness(runtime: Runtime, officer: Officer, disposal_id: str) -> DisposalView:
    if runtime.dispose is None:
        raise RuntimeError("this process was not given what disposes")
    dispose = runtime.dispose
    return told(once_more(lambda: dispose(disposal_id, officer)), NO_DISPOSAL)
