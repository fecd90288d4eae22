"""What is sent from the case page: read, checked, committed by the same code as the API's, and answered in words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request

from api.deps import KEY_PATTERN, Runtime
from api.problems import ProblemError, not_found
from api.shapes import Answered
from docket import commands
from models.decisions import Receipt
from models.docket import StepView
from models.enums import CommandKind, Department, Step, StepState, Verdict
from models.refusals import RefusalCode
from models.shape import Shape

from ..casework import decision, orders
from ..casework.acts import verb
from ..casework.fields import Form, Read, faults_of, filled, read
from ..casework.sheet import Case, allowed
from ..commands import command
from ..door import officer_of, reading
from ..words import _, said

_KEY = re.compile(KEY_PATTERN)
ROUNDS = 999


@dataclass(frozen=True, slots=True)
class Outcome:
    """`form` is to be shown again; `what` names the act for the message. `answered` without a receipt: not judged
    yet."""

    what: str
    answered: Answered | None = None
    form: Form | None = None
    step: str = ""
    subject: str = ""
    come_from: str = ""

    @property
    def accepted(self) -> bool:
        receipt = self.answered.receipt if self.answered else None
        return self.answered is not None and (receipt is None or receipt.status == "accepted")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came, and what makes a body of it. `offered`: the page still offers this form to the officer, so
    that its faults can be shown; of one that is no longer offered the rules say why."""

    kind: CommandKind
    what: str
    form: Form
    offered: bool
    make: Callable[[Read], Shape]
    verdict: str = ""
    tags: tuple[str, ...] = ()
    step: str = ""
    subject: str = ""


async def decide(request: Request, case: Case) -> Outcome:
    """`POST …/decide`: step, round, subject, verdict, key and the fields of the step."""
    data = await request.form()
    target, verdict = _target(data), _verdict(data)
    step = _step_of(case, target)
    mine = any((each.step, each.round, each.subject) == target for each in allowed(case.docket))
    form = decision.form_of(case.desk, Step(step.step), step.subject, _rows(data))
    sent = Sent(
        kind=CommandKind.DECIDE,
        what=verb(case.docket.procedure, Step(step.step), verdict),
        form=form,
        offered=mine,
        make=lambda asked: decision.decision_of(case.desk, step, verdict, asked),
        verdict=verdict.value,
        tags=decision.TAGS,
        step=step.step,
        subject=step.subject,
    )
    return await _commit(request, case, sent, data)


async def order(request: Request, case: Case) -> Outcome:
    """`POST …/orders/{order}`."""
    kind = next((each for each in orders.ORDERS if each.value == request.path_params["order"]), None)
    if kind is None:
        raise not_found()
    data = await request.form()
    form = orders.form_of(case.around(officer_of(request)), kind)
    sent = Sent(
        kind=kind,
        what=orders.named(kind),
        form=form,
        offered=any(each.action is kind and each.allowed for each in case.docket.may),
        make=lambda asked: orders.body_of(kind, asked),
    )
    return await _commit(request, case, sent, data)


async def _commit(request: Request, case: Case, sent: Sent, data: FormData) -> Outcome:
    key = _key(data)
    come_from = str(data.get("from") or "")
    outcome = Outcome(sent.what, step=sent.step, subject=sent.subject, come_from=come_from)
    earlier = await _answered_before(request, key)
    if earlier is not None and (earlier.status == "accepted" or not sent.offered):
        state = case.docket.state
        told = Answered(decision_id=key, receipt=earlier, state=state, state_label=state.label)
        return replace(outcome, answered=told)
    asked = read(sent.form, data, sent.verdict)
    body, faults = _made(sent, asked)
    if body is None or (faults and sent.offered):
        kept = filled(sent.form, data, faults, _("请改正标出的各项"))
        return replace(outcome, form=replace(kept, key=key))
    try:
        answered = await command(request, request.path_params["case_id"], sent.kind, body, key)
    except ProblemError as problem:
        if problem.problem.code != RefusalCode.KEY_REUSED.value:
            raise
        # the page was called back after a refusal and corrected: a new act, not the former one again
        answered = await command(request, request.path_params["case_id"], sent.kind, body, uuid.uuid4().hex)
    return _judged(outcome, sent, data, answered)


def _judged(outcome: Outcome, sent: Sent, data: FormData, answered: Answered) -> Outcome:
    """Refused, the form is shown again with what was typed, as long as it is still the officer's to fill."""
    receipt = answered.receipt
    told = replace(outcome, answered=answered)
    if receipt is None or receipt.status == "accepted" or not sent.offered or receipt.code in _MOVED_ON:
        return told
    why = _("不予采纳：%(why)s") % {"why": said(receipt.message)}
    return replace(told, form=filled(sent.form, data, {}, why, receipt.clause or ""))


_MOVED_ON = frozenset(
    {
        RefusalCode.CLOSED,
        RefusalCode.HELD,
        RefusalCode.STALE_ROUND,
        RefusalCode.ALREADY_DECIDED,
        RefusalCode.NOT_YOUR_TURN,
        RefusalCode.SLIP_EXPIRED,
        RefusalCode.SLIP_REVOKED,
        RefusalCode.UNIT_SUSPENDED,
        RefusalCode.NOT_YOUR_DEPARTMENT,
        RefusalCode.SELF_APPROVAL,
        RefusalCode.TWO_ROLES,
    }
)
"""Nothing that was typed could be corrected: the case has moved on, or is not the officer's."""


def _made(sent: Sent, asked: Read) -> tuple[Shape | None, dict[str, str]]:
    faults = dict(asked.faults)
    try:
        body = sent.make(asked)
    except ValidationError as error:
        return None, faults_of(error, asked, sent.tags) | faults
    return body, faults | asked.faults


async def _answered_before(request: Request, key: str) -> Receipt | None:
    officer = officer_of(request)

    def find(s: Session, _runtime: Runtime) -> Receipt | None:
        return commands.receipt(s, officer.id, key) if commands.known(s, officer.id, key) else None

    return await reading(request, find)


def _target(data: FormData) -> tuple[str, int, str]:
    code, subject, number = (str(data.get(name) or "") for name in ("step", "subject", "round"))
    known = code in {step.value for step in Step}
    if not known or not number.isdecimal() or not 1 <= int(number) <= ROUNDS:
        raise ProblemError("invalid", "没有这一环节 · no such step")
    return code, int(number), subject


def _verdict(data: FormData) -> Verdict:
    wanted = str(data.get("verdict") or "")
    found = next((verdict for verdict in Verdict if verdict.value == wanted), None)
    if found is None:
        raise ProblemError("invalid", "请按按钮作出决定 · choose one of the buttons")
    return found


def _step_of(case: Case, target: tuple[str, int, str]) -> StepView:
    """The step as the docket has it; one that it does not have is left to the rules to refuse."""
    code, number, subject = target
    for step in case.docket.steps:
        if (step.step, step.round, step.subject) == target and step.state is not StepState.EXPECTED:
            return step
    return StepView(
        step=code,
        label=Step(code).label,
        round=number,
        subject=subject,
        department=Department.ESTABLISHMENT,
        state=StepState.EXPECTED,
    )


def _rows(data: FormData) -> int:
    """How many rows of problems came; the page may have added some."""
    numbers = [int(part[1]) for name in data if (part := name.split("."))[0] == "found" and part[1].isdecimal()]
    return min(max(numbers, default=0) + 1, decision.MOST_PROBLEMS) if numbers else decision.ROWS_OF_PROBLEMS


def _key(data: FormData) -> str:
    """Made when the form was; a form without one is a new act."""
    key = str(data.get("key") or "")
    return key if _KEY.fullmatch(key) else uuid.uuid4().hex
