"""What a page commits: the same commands as the API's, by the same code, asked of the same rules."""

from __future__ import annotations

from fastapi import Response
from starlette.requests import Request

from api.deps import runtime_of
from api.entering import enter
from api.permissions import RULES
from api.problems import ProblemError
from api.shapes import Answered, CaseOpened
from api.writing import carry
from docket.applications import procedure_of
from models.applications import AnyApplication
from models.decisions import Officer
from models.enums import CommandKind, Procedure
from models.shape import Shape

from .door import officer_of, passes

OPERATION = {
    CommandKind.DECIDE: "decide",
    CommandKind.RESUBMIT: "resubmit",
    CommandKind.WITHDRAW: "withdraw",
    CommandKind.REVOKE: "revoke",
    CommandKind.EXTEND: "extend",
    CommandKind.HOLD: "hold",
    CommandKind.RELEASE: "release",
    CommandKind.REMIND: "remind",
    CommandKind.REPORT: "report",
    CommandKind.EXCEPT: "request_exception",
    CommandKind.COMMENT: "comment",
    CommandKind.COPY: "copy",
}
"""The operation of the API that a command is: who may give it stands there."""

APPLYING = {
    Procedure.STAFFING_UP: "apply_staffing_up",
    Procedure.REMOVING_STAFF: "apply_removing_staff",
    Procedure.ESTABLISHMENT_CHANGE: "apply_establishment_change",
    Procedure.RECTIFICATION: "open_rectification",
    Procedure.EARLY_WARNING: "raise_warning",
}


def may_apply(officer: Officer, procedure: Procedure) -> bool:
    return passes(RULES[APPLYING[procedure]], officer)


async def command(request: Request, case_id: str, kind: CommandKind, body: Shape, key: str) -> Answered:
    """Commit a command on a case and wait up to two seconds for its receipt; without one the answer has none and the
    command waits to be delivered. Raises ProblemError."""
    officer = officer_of(request)
    if not passes(RULES[OPERATION[kind]], officer):
        raise _forbidden()
    runtime = runtime_of(request)
    runtime.limits.writes.take(f"{officer.id}|{case_id}")
    return await carry(request, Response(), runtime, officer, case_id, kind, body, key)


async def apply(request: Request, application: AnyApplication, key: str) -> CaseOpened:
    """Commit an application and wait up to two seconds for the gate. Raises ProblemError."""
    officer = officer_of(request)
    if not may_apply(officer, procedure_of(application)):
        raise _forbidden()
    runtime = runtime_of(request)
    runtime.limits.applications.take(officer.id)
    return await enter(request, Response(), runtime, officer, key, application)


def _forbidden() -> ProblemError:
    return ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
