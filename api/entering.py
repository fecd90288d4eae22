"""How an application enters, whoever brings it: the API's routes and the console's forms."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from docket import commands, substitutions, view
from docket.applications import procedure_of, serial_series
from docket.commands import Submitted
from models.applications import AnyApplication
from models.decisions import Officer
from models.enums import Department, State
from models.failpoints import hit
from models.refusals import Refusal
from records import numbering
from rules.deadlines import local_day

from . import reading
from .courier import watch
from .deps import Runtime
from .middleware import PREFIX
from .problems import FieldError, ProblemError, of_refusal
from .shapes import CaseOpened, Links
from .writing import messenger_of, once_more, out_of_scope


async def enter(
    request: Request, answer: Response, runtime: Runtime, officer: Officer, key: str, body: AnyApplication
) -> CaseOpened:
    """Commit, deliver, watch the opening for two seconds. Raises ProblemError; `answer` gets the Location."""
    case = await run_in_threadpool(once_more, lambda: _commit(runtime, officer, body, key))
    hit("api.committed", key)
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
        new = not commands.known(s, officer.id, key)
        admit(s, officer, body, at, new=new)
        done = commands.submit_application(
            s, body, officer, key, at, lambda: numbering.tally(s, series, local_day(at).year)
        )
    if isinstance(done, Refusal):
        raise of_refusal(done)
    return done


def admit(s: Session, officer: Officer, body: AnyApplication, at: datetime, *, new: bool = True) -> None:
    """What is asked of an application before it is committed; raises ProblemError. Not `new`: it was committed under
    its key already."""
    if not reading.unit_exists(s, body.unit):
        raise ProblemError(
            "unknown-unit", errors=[FieldError(field="unit", reason="登记簿中没有此单位 · not in the register")]
        )
    if officer.department is Department.UNIT and officer.unit != body.unit:
        raise ProblemError("not-your-unit")
    if not substitutions.reaches(s, officer, procedure_of(body), at):
        raise out_of_scope()
    # like a unit that the register does not know, and not a case refused by the gate: nobody can act for it, and
    # no letter could be served on it
    if new and reading.abolished_on(s, body.unit) is not None:
        raise ProblemError(
            "unit-abolished", errors=[FieldError(field="unit", reason="该单位已撤销 · this unit was abolished")]
        )


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
