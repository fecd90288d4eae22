"""Applications: the first command of a case, of every procedure."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Request, Response
from starlette.concurrency import run_in_threadpool

from docket import commands, substitutions, view
from docket.applications import procedure_of, serial_series
from docket.commands import Submitted
from models.applications import (
    AnyApplication,
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
    WarningApplication,
)
from models.decisions import Officer
from models.enums import Department, State
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
from ..writing import messenger_of, once_more, out_of_scope

routes = router("applications")


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
    return await _apply(request, answer, runtime, officer, key, body)


@routes.post(
    "/applications/removing-staff",
    operation_id="apply_removing_staff",
    status_code=201,
    summary="出编申请 · apply for removing staff",
)
async def apply_removing_staff(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[RemovingStaffApplication, Body(openapi_examples=examples.named(application=examples.REMOVAL))],
) -> CaseOpened:
    """由用编单位为本单位申请，或由组织部、人社局自行报送。By the unit, or by the department that manages the person."""
    return await _apply(request, answer, runtime, officer, key, body)


@routes.post(
    "/applications/establishment-change",
    operation_id="apply_establishment_change",
    status_code=201,
    summary="机构编制调整申请 · apply for an establishment change",
)
async def apply_establishment_change(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[EstablishmentChangeApplication, Body(openapi_examples=examples.named(request=examples.CHANGE))],
) -> CaseOpened:
    """调整前情况与登记不符的，由受理关口指出。The gate says where `before` differs from the register."""
    return await _apply(request, answer, runtime, officer, key, body)


@routes.post(
    "/rectifications", operation_id="open_rectification", status_code=201, summary="整改立账 · open a rectification"
)
async def open_rectification(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[RectificationApplication, Body(openapi_examples=examples.named(problems=examples.RECTIFICATION))],
) -> CaseOpened:
    """编办监督检查岗对一个单位立账。An inspector of the establishment office opens problems against a unit."""
    return await _apply(request, answer, runtime, officer, key, body)


@routes.post("/warnings", operation_id="raise_warning", status_code=201, summary="预警 · raise a warning")
async def raise_warning(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[WarningApplication, Body(openapi_examples=examples.named(warning=examples.WARNING))],
) -> CaseOpened:
    """编办监督检查岗人工登记的预警；监测所得的由系统登记。A warning entered by hand; monitors raise their own."""
    return await _apply(request, answer, runtime, officer, key, body)


# --- one way for all ---------------------------------------------------------------------------------------------


async def _apply(
    request: Request, answer: Response, runtime: Runtime, officer: Officer, key: str, body: AnyApplication
) -> CaseOpened:
    """Commit, deliver, watch the opening for two seconds."""
    case = await run_in_threadpool(once_more, lambda: _commit(runtime, officer, body, key))
    if case.state is State.SUBMITTED and await messenger_of(request).deliver(
        case.case_id, commands.command_id(officer.id, key)
    ):
        await watch(lambda: _past_the_gate(runtime, case.case_id), runtime.watch_seconds)
    opened = await run_in_threadpool(_opened, runtime, officer, case)
    answer.headers["Location"] = opened.links.self
    return opened


def _commit(runtime: Runtime, officer: Officer, body: AnyApplication, key: str) -> Submitted:
    at = runtime.clock()
    procedure = procedure_of(body)
    series = serial_series(procedure)
    with runtime.database.write() as s:
        if not reading.unit_exists(s, body.unit):
            raise ProblemError(
                "unknown-unit", errors=[FieldError(field="unit", reason="登记簿中没有此单位 · not in the register")]
            )
        if officer.department is Department.UNIT and officer.unit != body.unit:
            raise ProblemError("not-your-unit")
        if not substitutions.reaches(s, officer, procedure, at):
            raise out_of_scope()
        # like a unit that the register does not know, and not a case refused by the gate: nobody can act for it, and
        # no letter could be served on it
        if not commands.known(s, officer.id, key) and reading.abolished_on(s, body.unit) is not None:
            raise ProblemError(
                "unit-abolished", errors=[FieldError(field="unit", reason="该单位已撤销 · this unit was abolished")]
            )
        done = commands.submit_application(
            s, body, officer, key, at, lambda: numbering.tally(s, series, local_day(at).year)
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
