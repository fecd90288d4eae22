"""Applications: the first command of a case."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Request, Response
from starlette.concurrency import run_in_threadpool

from docket import commands, view
from docket.commands import Submitted
from models.applications import StaffingUpApplication
from models.decisions import Officer
from models.enums import State
from models.refusals import Refusal
from records import numbering
from rules.deadlines import local_day

from .. import examples, reading
from ..courier import watch
from ..deps import Caller, Key, Runtime, Work
from ..door import router
from ..middleware import PREFIX
from ..problems import FieldError, ProblemError, of_refusal
from ..shapes import CaseOpened, Links
from ..writing import messenger_of, once_more

routes = router("applications")

CASE_SERIES = "case"
"""Serial numbers of cases: a gap-free series a year, beside those of the documents."""


@routes.post(
    "/applications/staffing-up",
    operation_id="apply_staffing_up",
    status_code=201,
    summary="用编申请 · apply for staffing up",
)
async def apply_staffing_up(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[StaffingUpApplication, Body(openapi_examples=examples.named(application=examples.APPLICATION))],
) -> CaseOpened:
    """提交后即已登记，不会丢失；最多等待两秒，由受理关口作出结论，否则状态为 `submitted`。

    Committed when answered. Waits up to two seconds for the gate; `refusals` says what it found.
    """
    case = await run_in_threadpool(once_more, lambda: _commit(runtime, officer, body, key))
    if case.state is State.SUBMITTED and await messenger_of(request).deliver(
        case.case_id, commands.command_id(officer.id, key)
    ):
        await watch(lambda: _past_the_gate(runtime, case.case_id), runtime.watch_seconds)
    opened = await run_in_threadpool(_opened, runtime, officer, case)
    answer.headers["Location"] = opened.links.self
    return opened


def _commit(runtime: Runtime, officer: Officer, body: StaffingUpApplication, key: str) -> Submitted:
    at = runtime.clock()
    with runtime.database.write() as s:
        if not reading.unit_exists(s, body.unit):
            raise ProblemError(
                "unknown-unit", errors=[FieldError(field="unit", reason="登记簿中没有此单位 · not in the register")]
            )
        if officer.unit != body.unit:
            raise ProblemError("not-your-unit")
        done = commands.submit_application(
            s, body, officer, key, at, lambda: numbering.tally(s, CASE_SERIES, local_day(at).year)
        )
    if isinstance(done, Refusal):
        raise of_refusal(done)
    return done


def _past_the_gate(runtime: Runtime, case_id: str) -> State | None:
    with runtime.database.read() as s:
        state = reading.state_of(s, case_id)
    return None if state is State.SUBMITTED else state


def _opened(runtime: Runtime, officer: Officer, case: Submitted) -> CaseOpened:
    with runtime.database.read() as s:
        found = view.docket(s, case.case_id, officer, runtime.clock(), runtime.calendar)
    state = found.state if found is not None else case.state
    here = f"{PREFIX}/cases/{case.case_id}"
    return CaseOpened(
        case_id=case.case_id,
        case_no=case.case_no,
        state=state,
        state_label=state.label,
        refusals=found.refusals if found is not None else [],
        links=Links(self=here, decisions=f"{here}/decisions", records=f"{here}/records"),
    )
