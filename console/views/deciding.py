"""What is sent from the case page: read, checked, committed by the same code as the API's, and answered in words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from api.deps import KEY_PATTERN
from api.problems import ProblemError, not_found
from api.shapes import Answered
from models.docket import StepView
from models.enums import CommandKind, Department, Procedure, Step, StepState, Verdict
from models.refusals import RefusalCode
from models.shape import Shape
from rules.steps import STEPS

from ..casework import decision, orders
from ..casework.acts import verb
from ..casework.fields import Form, Read, faults_of, filled, read
from ..casework.sheet import Case, allowed
from ..commands import command
from ..door import officer_of
from ..words import _, said

_KEY = re.compile(KEY_PATTERN)
ROUND = re.compile("[1-9][0-9]{0,2}")
ROW = re.compile(r"found\.([0-9]{1,2})\.")
CONFLICT = 409
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Outcome:
    """`form` or `warning` is to be shown on the page, with `status`; `what` names the act for the message. `answered`
    without a receipt: not judged yet."""

    what: str
    answered: Answered | None = None
    form: Form | None = None
    step: str = ""
    subject: str = ""
    come_from: str = ""
    status: int = UNPROCESSABLE
    warning: str = ""

    @property
    def accepted(self) -> bool:
        receipt = self.answered.receipt if self.answered else None
        return self.answered is not None and (receipt is None or receipt.status == "accepted")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came, and what makes a body of it. `offered`: the page still offers this form to the officer, so
    that its faults can be shown; of one that is no longer offered the rules say why. `form` is shown again, `reads`
    has every field that it may have had when it was made, so that sent twice it is the same twice."""

    kind: CommandKind
    what: str
    form: Form
    reads: Form
    offered: bool
    make: Callable[[Read], Shape]
    verdict: str = ""
    tags: tuple[str, ...] = ()
    step: str = ""
    subject: str = ""


async def decide(request: Request, case: Case) -> Outcome:
    """`POST …/decide`: step, round, subject, verdict, key and the fields of the step."""
    data = await request.form()
    target, verdict = _target(data, case.docket.procedure), _verdict(data)
    step = _step_of(case, target)
    mine = any((each.step, each.round, each.subject) == target for each in allowed(case.docket))
    form, reads = (
        decision.form_of(desk, Step(step.step), step.subject, _rows(data))
        for desk in (case.desk, replace(case.desk, every=True))
    )
    sent = Sent(
        kind=CommandKind.DECIDE,
        what=verb(case.docket.procedure, Step(step.step), verdict),
        form=form,
        reads=reads,
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
    around = case.around(officer_of(request))
    sent = Sent(
        kind=kind,
        what=orders.named(kind),
        form=orders.form_of(around, kind),
        reads=orders.form_of(replace(around, every=True), kind),
        offered=any(each.action is kind and each.allowed for each in case.docket.may),
        make=lambda asked: orders.body_of(kind, asked),
    )
    return await _commit(request, case, sent, data)


async def _commit(request: Request, case: Case, sent: Sent, data: FormData) -> Outcome:
    key = _key(data)
    come_from = str(data.get("from") or "")
    what = f"{case.docket.case_no} {sent.what}"  # the message may stand above the next case
    outcome = Outcome(what, step=sent.step, subject=sent.subject, come_from=come_from)
    body, faults = _made(sent, read(sent.reads, data, sent.verdict))
    if faults and sent.offered:
        kept = filled(sent.form, data, faults, _("请改正标出的各项"))
        return replace(outcome, form=replace(kept, key=key))
    if body is None:
        raise ProblemError("invalid", "填写的内容无法识别，请回到事项重新办理 · begin again at the case")
    try:
        answered = await command(request, case.docket.case_id, sent.kind, body, key)
    except ProblemError as problem:
        if problem.problem.code != RefusalCode.KEY_REUSED.value:
            raise
        return _used_before(outcome, sent, data)
    return _judged(outcome, sent, data, answered)


def _used_before(outcome: Outcome, sent: Sent, data: FormData) -> Outcome:
    """A page that was called back and changed: nothing is committed. Where the act is still the officer's, the form
    stays as it was filled, with a key of its own, so that it can be sent deliberately."""
    if not sent.offered:
        why = _("该表单已经提交过，这次所填的内容没有登记。此事项现在的情况见本页")
        return replace(outcome, warning=why, status=CONFLICT)
    why = _("该表单已经提交过，这次所填的内容没有登记。确要另行办理的，请核对后再次提交")
    return replace(outcome, form=filled(sent.form, data, {}, why), status=CONFLICT)


def _judged(outcome: Outcome, sent: Sent, data: FormData, answered: Answered) -> Outcome:
    """Refused, the form is shown again with what was typed, as long as it is still the officer's to fill."""
    receipt = answered.receipt
    told = replace(outcome, answered=answered)
    if receipt is None or receipt.status == "accepted" or not sent.offered or receipt.code in _MOVED_ON:
        return told
    why = _("不予采纳：%(why)s") % {"why": said(receipt.message)}
    blamed = _blamed(receipt.code, data)
    return replace(told, form=filled(sent.form, data, blamed, why, receipt.clause or ""), status=CONFLICT)


def _blamed(code: RefusalCode | None, data: FormData) -> dict[str, str]:
    """The field that a refusal is about, where it can only be one."""
    if code is not RefusalCode.IDENTITY_INVALID:
        return {}
    numbers = [name for name in data if name.endswith(".identity_no")]
    return {numbers[0]: _("证件号码不对，请核对")} if len(numbers) == 1 else {}


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


def _target(data: FormData, procedure: Procedure) -> tuple[str, int, str]:
    code, subject, number = (str(data.get(name) or "") for name in ("step", "subject", "round"))
    if code not in STEPS[procedure] or not ROUND.fullmatch(number):
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
    numbers = [int(found[1]) for name in data if (found := ROW.match(name))]
    return min(max(numbers, default=0) + 1, decision.MOST_PROBLEMS) if numbers else decision.ROWS_OF_PROBLEMS


def _key(data: FormData) -> str:
    """Made when the form was; a form without one is a new act."""
    key = str(data.get("key") or "")
    return key if _KEY.fullmatch(key) else uuid.uuid4().hex
