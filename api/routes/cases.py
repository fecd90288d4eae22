"""Cases: the list, the docket, and every command on a case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Body, Query, Request, Response

from docket import view
from models.decisions import (
    Comment,
    Copy,
    Decision,
    ExceptionalRequest,
    Extension,
    Hold,
    Release,
    Reminder,
    Report,
    Resubmission,
    Revocation,
    Withdrawal,
)
from models.docket import CasePage, Docket
from models.enums import CommandKind, Department, Procedure, State
from models.shape import Line, UnitCode
from records import register

from .. import examples
from ..deps import Caller, Key, Work
from ..door import router
from ..params import CaseId, Cursor, Limit
from ..problems import FieldError, ProblemError, not_found
from ..shapes import Answered, RecordList
from ..writing import carry

routes = router("cases")


@routes.get("/cases", operation_id="list_cases", summary="事项列表 · list cases")
def list_cases(
    runtime: Work,
    officer: Caller,
    state: Annotated[State | None, Query()] = None,
    procedure: Annotated[Procedure | None, Query()] = None,
    unit: Annotated[UnitCode | None, Query()] = None,
    waiting_on: Annotated[Department | None, Query()] = None,
    overdue: Annotated[bool | None, Query()] = None,
    q: Annotated[Line | None, Query(max_length=100, description="编号或标题 · number or title")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CasePage:
    """只列出您可以看到的事项，最近的在前。Only what the caller may see, newest first."""
    filters = view.Filters(state, procedure, unit, waiting_on, overdue, q, cursor, limit)
    with runtime.database.read() as s, _readable_cursor():
        return view.case_list(s, filters, officer, runtime.clock(), runtime.calendar)


@contextmanager
def _readable_cursor() -> Iterator[None]:
    """A cursor is opaque to the caller and still the caller's text: one that was made up is a fault of the field."""
    try:
        yield
    except ValueError:
        error = FieldError(field="query.cursor", reason="不是上一页给出的 next · not a `next` of ours")
        raise ProblemError("invalid", errors=[error]) from None


@routes.get("/cases/{case_id}", operation_id="read_case", summary="办理卷 · the docket")
def read_case(runtime: Work, officer: Caller, case_id: CaseId) -> Docket:
    """到了哪一步、等谁、到何时、谁作了什么决定、台账前后、您现在能办什么以及为什么不能。

    Where it stands, who is waited for and until when, decisions, ledger before and after, and what you may do.
    """
    with runtime.database.read() as s:
        found = view.docket(s, case_id, officer, runtime.clock(), runtime.calendar)
    if found is None:
        raise not_found()
    return found


@routes.get("/cases/{case_id}/records", operation_id="list_case_records", summary="事项文件 · records of a case")
def list_case_records(runtime: Work, officer: Caller, case_id: CaseId) -> RecordList:
    with runtime.database.read() as s:
        if not view.may_see(s, case_id, officer):
            raise not_found()
        items = register.of_case(s, case_id)
    return RecordList(items=[record for record in items if view.may_see_record(record, officer)])


@routes.post("/cases/{case_id}/decisions", operation_id="decide", summary="作出决定 · decide a step")
async def decide(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Decision, Body(openapi_examples=examples.DECISIONS)],
) -> Answered:
    """决定一经提交即已登记。200：已有回执（采纳或不予采纳及理由）；202：已登记，尚待处理。

    200 with the receipt (accepted, or refused with a code); 202 when committed but not yet processed.
    """
    return await carry(request, answer, runtime, officer, case_id, CommandKind.DECIDE, body, key)


@routes.post("/cases/{case_id}/resubmission", operation_id="resubmit", summary="补正重报 · resubmit")
async def resubmit(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[
        Resubmission, Body(openapi_examples=examples.named(corrected={"application": examples.APPLICATION}))
    ],
) -> Answered:
    """退回后重报，进入下一轮。Opens the next round after a return."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.RESUBMIT, body, key)


@routes.post("/cases/{case_id}/withdrawal", operation_id="withdraw", summary="撤回 · withdraw")
async def withdraw(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Withdrawal, Body(openapi_examples=examples.named(withdrawal={"reason": "计划调整"}))],
) -> Answered:
    """首次落编前撤回；之后只能撤回未用的编号。Until the first posting; later for unused slots only."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.WITHDRAW, body, key)


@routes.post("/cases/{case_id}/revocation", operation_id="revoke", summary="作废核定单 · revoke the slip")
async def revoke(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Revocation, Body(openapi_examples=examples.named(revocation={"reason": "政策调整"}))],
) -> Answered:
    """编办收回未使用的编号，须写明理由。Takes back unused slots, with a reason."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.REVOKE, body, key)


@routes.post("/cases/{case_id}/extension", operation_id="extend", summary="延期 · extend a deadline")
async def extend(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Extension, Body(openapi_examples=examples.named(extension=examples.EXTENSION))],
) -> Answered:
    """在上限内延长当前环节的期限。More time for a current step, up to its maximum."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.EXTEND, body, key)


@routes.post("/cases/{case_id}/hold", operation_id="hold", summary="暂缓办理 · hold")
async def hold(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Hold, Body(openapi_examples=examples.named(hold=examples.HOLD))],
) -> Answered:
    """编办主任暂缓办理，须有理由和第二名负责人。The head of the office, with a reason and a second officer."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.HOLD, body, key)


@routes.post("/cases/{case_id}/release", operation_id="release", summary="恢复办理 · release")
async def release(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Release, Body(openapi_examples=examples.named(release=examples.HOLD))],
) -> Answered:
    """恢复暂缓的事项。Ends a hold."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.RELEASE, body, key)


@routes.post("/cases/{case_id}/reminder", operation_id="remind", summary="催办 · remind")
async def remind(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Reminder, Body(openapi_examples=examples.named(reminder={"note": "请尽快办理"}))],
) -> Answered:
    """向当前环节的部门催办，频率有限。Reminds whoever is waited for; rate-limited."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.REMIND, body, key)


@routes.post("/cases/{case_id}/report", operation_id="report", summary="报告整改情况 · report on rectification")
async def report(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Report, Body(openapi_examples=examples.named(items=examples.REPORT))],
) -> Answered:
    """单位逐项报告整改情况，或书面答复警示函。Item by item, or the written answer to a warning letter."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.REPORT, body, key)


@routes.post(
    "/cases/{case_id}/exceptional-acceptance",
    operation_id="request_exception",
    summary="申请例外受理 · ask for an exceptional acceptance",
)
async def request_exception(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[ExceptionalRequest, Body(openapi_examples=examples.named(request=examples.EXCEPTION))],
) -> Answered:
    """暂停受理期间确需办理的，写明范围、理由和期限，由编委审批。Why it cannot wait; decided by the commission."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.EXCEPT, body, key)


@routes.post("/cases/{case_id}/comments", operation_id="comment", summary="批注 · comment")
async def comment(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Comment, Body(openapi_examples=examples.named(comment=examples.COMMENT))],
) -> Answered:
    """批注不作任何决定；部门的批注单位看不到，除非注明 `to_unit`。Decides nothing; internal unless `to_unit`."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.COMMENT, body, key)


@routes.post("/cases/{case_id}/copies", operation_id="copy", summary="抄送 · copy for information")
async def copy(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    case_id: CaseId,
    body: Annotated[Copy, Body(openapi_examples=examples.named(copy=examples.COPY))],
) -> Answered:
    """告知有关部门，不要求其办理。Departments are told, and asked for nothing."""
    return await carry(request, answer, runtime, officer, case_id, CommandKind.COPY, body, key)
