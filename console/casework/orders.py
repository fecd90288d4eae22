"""The small forms of orders: withdrawal, more time, hold, reminder, comment, copy, report, exceptional acceptance …"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.decisions import (
    BODY_OF,
    Officer,
)
from models.docket import Docket, Permission, StepView
from models.enums import CommandKind, Department, ProblemState, Procedure, Resource, Role, Step, StepState
from models.particulars import Colleague, NamedUnit
from models.shape import Shape
from rules.rectification import problem_of
from rules.steps import STEPS

from ..words import _, label, labels
from .fields import ALWAYS, Field, Form, Group, Read, choices

ORDERS = (
    CommandKind.REPORT,
    CommandKind.WITHDRAW,
    CommandKind.REVOKE,
    CommandKind.EXTEND,
    CommandKind.EXCEPT,
    CommandKind.HOLD,
    CommandKind.RELEASE,
    CommandKind.REMIND,
    CommandKind.COMMENT,
    CommandKind.COPY,
)
"""In the order in which they are shown. Decisions have their own form, a corrected application the applicant's."""
NOT_TOLD = frozenset({Department.ADMINISTRATION})
EXCEPTED = (Procedure.STAFFING_UP, Procedure.ESTABLISHMENT_CHANGE)
"""What a suspension stops, and so may be accepted by way of exception."""
LONG = 4000


@dataclass(frozen=True, slots=True)
class Around:
    """What the forms of orders name: who signs beside the head, and which units a suspension reaches. `every`: with
    all the fields that a form may have had when it was made, to read one that was sent twice."""

    docket: Docket
    officer: Officer
    colleagues: Sequence[Colleague] = ()
    reached: Sequence[NamedUnit] = field(default_factory=list)
    every: bool = False


def named(kind: CommandKind) -> str:
    """The order as its button says it."""
    return {
        CommandKind.REPORT: _("报告"),
        CommandKind.WITHDRAW: _("撤回申请"),
        CommandKind.REVOKE: _("作废核定单"),
        CommandKind.EXTEND: _("延长期限"),
        CommandKind.EXCEPT: _("申请例外受理"),
        CommandKind.HOLD: _("暂缓办理"),
        CommandKind.RELEASE: _("恢复办理"),
        CommandKind.REMIND: _("催办"),
        CommandKind.COMMENT: _("批注"),
        CommandKind.COPY: _("抄送"),
    }[kind]


def meaning(kind: CommandKind) -> str:
    """What comes of the order, said before it is given."""
    return {
        CommandKind.REPORT: _("登记后转编办核实；报告内容记入办理卷"),
        CommandKind.WITHDRAW: _("未落编的部分不再办理，占用的编制退还；已登账的不受影响"),
        CommandKind.REVOKE: _("未使用的编号作废、退还编制，并通知单位"),
        CommandKind.EXTEND: _("延长的工作日累计不得超过规定的上限"),
        CommandKind.EXCEPT: _("报编委审批；批准前受理关口仍然关闭"),
        CommandKind.HOLD: _("各环节停止计时，恢复前任何人不能办理"),
        CommandKind.RELEASE: _("各环节恢复计时，暂缓的日数补回"),
        CommandKind.REMIND: _("向正在等待的部门发出催办通知"),
        CommandKind.COMMENT: _("批注记入办理卷，不作决定"),
        CommandKind.COPY: _("所选部门收到告知，不需办理"),
    }[kind]


def offered(docket: Docket) -> list[Permission]:
    """The orders of which the docket speaks, the allowed ones first."""
    found = [each for kind in ORDERS for each in docket.may if each.action is kind]
    return sorted(found, key=lambda each: not each.allowed)


def form_of(around: Around, kind: CommandKind) -> Form:
    return Form(name=kind.value, parts=tuple(_PARTS[kind](around)), key=uuid.uuid4().hex)


def _reason(name: str = "") -> Field:
    return Field("reason", name or _("理由"), "text", needed=ALWAYS, longest=LONG)


def _report(around: Around) -> list[Field | Group]:
    if around.docket.procedure is not Procedure.RECTIFICATION:
        return [Field("text", _("书面答复"), "text", needed=ALWAYS, longest=LONG)]
    done = choices([("yes", _("已整改")), ("no", _("尚未整改"))], _("请选择"))
    return [
        Group(
            _("问题%(no)s %(kind)s") % {"no": problem.no, "kind": problem.kind},
            (
                Field(f"items.{number}.no", "", "constant", constant=problem.no),
                Field(f"items.{number}.done", _("整改结果"), "yes-no", needed=ALWAYS, options=done),
                Field(f"items.{number}.text", _("整改情况"), "text", needed=ALWAYS, longest=LONG),
                Field(f"items.{number}.evidence", _("佐证材料文号"), hint=_("选填")),
            ),
            repeated=True,
        )
        for number, problem in enumerate(around.docket.problems)
        if around.every or problem.state is ProblemState.OPEN
    ]


def _withdraw(_around: Around) -> list[Field | Group]:
    return [_reason(_("撤回理由"))]


def _revoke(_around: Around) -> list[Field | Group]:
    return [_reason(_("作废理由"))]


def _extend(around: Around) -> list[Field | Group]:
    steps = extendable(around.docket, around.officer)
    pairs = choices([(f"{step.step}|{step.subject}", step_named(around.docket, step)) for step in steps])
    return [
        Field("step", _("环节"), "choice", needed=ALWAYS, options=pairs),
        Field("working_days", _("延长的工作日"), "number", needed=ALWAYS, least="1", most="60"),
        _reason(),
    ]


def extendable(docket: Docket, officer: Officer) -> list[StepView]:
    """Current steps for which this officer may give or ask for more time (docket.permissions)."""
    rectified = docket.procedure is Procedure.RECTIFICATION
    head = officer.department is Department.ESTABLISHMENT and Role.HEAD in officer.roles
    unit = officer.department is Department.UNIT

    def mine(step: StepView) -> bool:
        if unit or (rectified and step.step == Step.REPORT):
            return unit and step.step == Step.REPORT
        roles = STEPS[docket.procedure][step.step].roles
        return head or (step.department is officer.department and bool(roles & officer.roles))

    return [step for step in docket.steps if step.state is StepState.CURRENT and mine(step)]


def step_named(docket: Docket, step: StepView) -> str:
    """Step and whom or what it is about, for a choice."""
    about = subject_named(docket, step.subject, step.step)
    return label(Step(step.step)) + (f" · {about}" if about else "")


def subject_named(docket: Docket, subject: str, step: str = "") -> str:
    """A slot with its resource and person, a leaver by name, a problem by number; empty when there is none to name."""
    if not subject:
        return ""
    for slot in docket.slip.slots if docket.slip else []:
        if slot.code == subject:
            return " ".join(part for part in (subject, label(slot.resource), slot.person or "") if part)
    for leaver in docket.leavers:
        if leaver.subject == subject:
            return leaver.name
    if docket.procedure is Procedure.RECTIFICATION and step in (Step.REPORT, Step.EXTEND, Step.SITE_CHECK):
        checked = subject.split(".")
        inspector = _("，第%(n)s检查人") % {"n": checked[2]} if step == Step.SITE_CHECK and len(checked) > 2 else ""
        return _("问题%(no)s") % {"no": problem_of(subject)} + inspector
    if docket.procedure is Procedure.EARLY_WARNING or not subject.isdecimal():
        return "" if docket.procedure is Procedure.EARLY_WARNING else subject
    return _("第%(n)s次") % {"n": subject}


def _except(around: Around) -> list[Field | Group]:
    units = choices([(unit.code, unit.name) for unit in around.reached])
    procedures = choices([(each.value, label(each)) for each in EXCEPTED])
    resources = choices([(each.value, label(each)) for each in Resource])
    return [
        Field("unit", _("受影响的单位"), "choice", options=units, value=around.docket.unit),
        Field("scope.procedures", _("例外受理的事项"), "checks", needed=ALWAYS, options=procedures),
        Field("scope.resources", _("限于下列编制、职数"), "checks", hint=_("不选即不限"), options=resources),
        Field("scope.matter", _("具体事项"), needed=ALWAYS),
        Field("scope.cases", _("件数"), "number", needed=ALWAYS, value="1", least="1", most="20"),
        _reason(),
        Field("risk", _("风险分析"), "text", hint=_("选填"), longest=LONG),
        Field("until", _("有效期至"), "date", needed=ALWAYS),
    ]


def _with_second(around: Around) -> list[Field | Group]:
    pairs = [
        (each.login, f"{each.name}（{labels(each.roles)}）" if each.roles else each.name) for each in around.colleagues
    ]
    second = Field(
        "second_officer",
        _("会同的第二名负责人"),
        "choice",
        hint=_("编办人员，记入办理卷并告知本人"),
        needed=ALWAYS,
        options=choices(pairs, _("请选择")),
    )
    return [_reason(), second]


def _remind(around: Around) -> list[Field | Group]:
    waiting = {step.step: step for step in around.docket.steps if step.state is StepState.CURRENT}
    pairs = choices([(code, label(Step(code))) for code in waiting], _("所有等待的环节"))
    return [
        Field("step", _("环节"), "choice", options=pairs),
        Field("note", _("附言"), "text", hint=_("选填"), longest=LONG),
    ]


def _comment(around: Around) -> list[Field | Group]:
    fields: list[Field | Group] = [Field("text", _("批注内容"), "text", needed=ALWAYS, longest=LONG)]
    if around.officer.department is not Department.UNIT:
        fields.append(Field("to_unit", _("单位可见"), "tick", hint=_("不勾选时只有各部门可见")))
    return fields


def _copy(around: Around) -> list[Field | Group]:
    told = choices([(each.value, label(each)) for each in Department if each not in NOT_TOLD])
    return [
        Field("departments", _("抄送部门"), "checks", needed=ALWAYS, options=told),
        Field("note", _("附言"), "text", hint=_("选填"), longest=LONG),
    ]


_PARTS: dict[CommandKind, Any] = {
    CommandKind.REPORT: _report,
    CommandKind.WITHDRAW: _withdraw,
    CommandKind.REVOKE: _revoke,
    CommandKind.EXTEND: _extend,
    CommandKind.EXCEPT: _except,
    CommandKind.HOLD: _with_second,
    CommandKind.RELEASE: _with_second,
    CommandKind.REMIND: _remind,
    CommandKind.COMMENT: _comment,
    CommandKind.COPY: _copy,
}


def body_of(kind: CommandKind, asked: Read) -> Shape:
    """Raises pydantic.ValidationError."""
    body = dict(asked.body)
    if kind is CommandKind.EXTEND:
        body["step"], _bar, body["subject"] = str(body.get("step", "")).partition("|")
    if kind is CommandKind.REPORT and not body:
        asked.faults[""] = _("请至少填写一项整改情况")
    return BODY_OF[kind].model_validate(body)
