"""The form of one step: which fields it needs, and the decision that is made of them (models.decisions.Decision)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.changes import Change
from models.decisions import Decision
from models.docket import Docket, StepView
from models.enums import ChangeKind, ProblemSource, Procedure, Resource, Sex, SlotState, Step, StepState, Verdict
from models.particulars import Particulars
from rules.rectification import problem_of
from rules.steps import OPINION_REQUIRED, STEPS

from ..words import _, label
from .acts import VERDICTS, slot_of, verb
from .fields import Field, Form, Group, Read, choices

APPROVE = frozenset({Verdict.APPROVE.value})
REJECT = frozenset({Verdict.REJECT.value})
ROWS_OF_PROBLEMS = 3
"""Rows of problems on an inspection's form; the page adds more."""
MOST_PROBLEMS = 50
TAGS = tuple(kind.value for kind in ChangeKind)
"""Names of the members of the union of changes, which stand in the path of a fault."""

_WITH_MINUTES = (Step.SUSPEND, Step.LIFT, Step.EXCEPTIONAL_ACCEPTANCE)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the forms of one page are made from. `every`: with all the fields that the form may have had when it was
    made, to read one that was sent twice."""

    docket: Docket
    settled: Sequence[Particulars] = ()
    bodies: Sequence[str] = ()
    every: bool = False

    @property
    def application(self) -> dict[str, Any]:
        return self.docket.rounds[-1].application if self.docket.rounds else {}

    @property
    def lines(self) -> list[dict[str, Any]]:
        found = self.application.get("lines")
        return found if isinstance(found, list) else []

    @property
    def changes(self) -> list[dict[str, Any]]:
        found = self.application.get("changes")
        return found if isinstance(found, list) else []


def form_of(desk: Desk, step: Step, subject: str, problems: int = ROWS_OF_PROBLEMS) -> Form:
    """The fields of a step, in the order in which one thinks: what is decided, on what ground, the opinion."""
    parts: list[Field | Group] = [*_matter(desk, step, subject, problems), _opinion(desk.docket.procedure, step)]
    if step is Step.SITE_CHECK:
        parts.reverse()  # first what was found, then the new day
    return Form(name="decide", parts=tuple(parts), key=uuid.uuid4().hex)


def _opinion(procedure: Procedure, step: Step) -> Field:
    needed = {verdict.value for verdict in STEPS[procedure][step.value].verdicts & OPINION_REQUIRED}
    name = _("意见")
    if step is Step.INSPECTION_REPORT:
        name, needed = _("督查报告"), {Verdict.APPROVE.value}
    elif step is Step.SITE_CHECK:
        name, needed = _("现场检查情况"), {Verdict.APPROVE.value, Verdict.REJECT.value}
    verbs = _("、").join(verb(procedure, step, verdict) for verdict in VERDICTS if verdict.value in needed)
    hint = _("选“%(verbs)s”时必填") % {"verbs": verbs} if needed and Verdict.APPROVE.value not in needed else ""
    return Field("opinion", name, "text", hint=hint, needed=frozenset(needed), longest=4000)


def _matter(desk: Desk, step: Step, subject: str, problems: int) -> list[Field | Group]:
    match step:
        case Step.EXAMINE if desk.docket.procedure is Procedure.STAFFING_UP:
            return [_grants(desk)]
        case Step.APPROVE_PERSONS:
            return [_reference(_("批准文号")), _person(desk, subject)]
        case Step.APPROVE_EXIT:
            return [_reference(_("批准文号"))]
        case Step.ENTER if desk.application.get("appointment"):
            return [_person(desk, subject)]
        case Step.DECIDE:
            minutes = Field("minutes_no", _("会议纪要号"), needed=APPROVE, only_for=APPROVE)
            return [minutes, *_amendments(desk)]
        case Step.SITE_CHECK:
            due = Field("due", _("新的整改期限"), "date", hint=_("不合格时填写；不填按规定"), only_for=REJECT)
            return [due]
        case Step.REMIND:
            return [_call()]
        case Step.WARN if desk.docket.procedure is Procedure.EARLY_WARNING:
            return [Field("reply_by", _("书面答复期限"), "date", hint=_("不填按规定的工作日"), only_for=APPROVE)]
        case Step.INSPECT:
            return _inspection()
        case Step.INSPECTION_REPORT:
            return [_found(number) for number in range(problems)]
        case _:
            return _paper(step)


def _paper(step: Step) -> list[Field | Group]:
    if step in _WITH_MINUTES:
        return [Field("minutes_no", _("会议纪要号"), hint=_("选填"))]
    if step.startswith("obligation-") or step in (Step.FINANCE, Step.SOCIAL_INSURANCE, Step.PAY):
        return [Field("reference_no", _("办理文号"), hint=_("选填"))]
    return []


def _reference(name: str) -> Field:
    return Field("reference_no", name, needed=APPROVE, only_for=APPROVE)


def _grants(desk: Desk) -> Group:
    """n′ of each line, no more than was asked for, and as a proposal no more than is vacant."""
    vacant = {effect.resource: effect.vacancy_before for effect in desk.docket.ledger}
    left = {resource: max(number, 0) for resource, number in vacant.items()}
    fields: list[Field] = []
    for number, line in enumerate(desk.lines, 1):
        resource, wanted = Resource(line["resource"]), int(line["number"])
        proposed = wanted if desk.application.get("appointment") else min(wanted, left.get(resource, 0))
        left[resource] = left.get(resource, 0) - proposed
        fields += [
            Field(f"grants.{number}.line", "", "constant", only_for=APPROVE, constant=number),
            Field(
                f"grants.{number}.number",
                _("第%(n)d行 %(resource)s") % {"n": number, "resource": label(resource)},
                "number",
                hint=_("申请%(n)d名，现空余%(left)d名") % {"n": wanted, "left": vacant.get(resource, 0)},
                needed=APPROVE,
                only_for=APPROVE,
                value=str(proposed),
                least="0",
                most=str(wanted),
            ),
        ]
    return Group(_("核定数"), tuple(fields))


def _person(desk: Desk, subject: str) -> Group:
    slot = slot_of(desk.docket, subject)
    line = desk.lines[slot.line - 1] if slot is not None and slot.line <= len(desk.lines) else {}
    fields = [
        Field("persons.0.slot", "", "constant", only_for=APPROVE, constant=subject),
        _needed("persons.0.name", _("姓名"), longest=100),
        _needed(
            "persons.0.sex", _("性别"), "choice", options=choices([(sex.value, label(sex)) for sex in Sex], _("请选择"))
        ),
        _needed("persons.0.birth_date", _("出生日期"), "date"),
        _needed("persons.0.identity_no", _("身份证件号码"), hint=_("18位，末位X大写"), longest=18),
        Field("persons.0.position", _("拟任职务"), hint=_("选填"), only_for=APPROVE),
        Field(
            "persons.0.internal_body",
            _("内设机构"),
            hint=_("选填"),
            only_for=APPROVE,
            value=str(line.get("internal_body") or ""),
            suggestions=tuple(desk.bodies),
        ),
    ]
    posts = _posts(desk, subject)
    if posts:
        pairs = choices(posts, _("不占领导职数"))
        fields.append(Field("persons.0.post_slot", _("同时占用职数"), "choice", only_for=APPROVE, options=pairs))
    return Group(_("人员"), tuple(fields))


def _needed(name: str, text: str, kind: Any = "line", **more: Any) -> Field:
    return Field(name, text, kind, needed=APPROVE, only_for=APPROVE, **more)


def _posts(desk: Desk, subject: str) -> list[tuple[str, str]]:
    """Open leader posts beside which the headcount of `subject` may be filled."""
    slot = slot_of(desk.docket, subject)
    if slot is not None:
        slots = desk.docket.slip.slots if desk.docket.slip else []
        if not slot.resource.is_headcount:
            return []
        posts = [each for each in slots if each.resource.is_post]
        free = [each for each in posts if desk.every or (each.state is SlotState.OPEN and not each.person)]
        return [(each.code, f"{each.code} {label(each.resource)}") for each in free]
    entering = [step for step in desk.docket.steps if step.step == Step.ENTER]
    waiting = [step for step in entering if desk.every or step.state is StepState.CURRENT]
    posted = any(Resource(line["resource"]).is_post for line in desk.lines)
    return [(step.subject, step.subject) for step in waiting if posted and step.subject != subject]


def _call() -> Group:
    return Group(
        _("通话记录"),
        (
            _needed("call.callee", _("接听人"), longest=100),
            Field("call.callee_position", _("接听人职务"), hint=_("选填"), only_for=APPROVE),
            Field("call.phone", _("电话号码"), hint=_("选填"), only_for=APPROVE),
            _needed("call.called_at", _("通话时间"), "moment"),
            _needed("call.answer", _("对方答复"), "text", longest=4000),
            Field("call.promised_by", _("承诺期限"), "date", hint=_("不填按规定的工作日"), only_for=APPROVE),
        ),
    )


def _inspection() -> list[Field | Group]:
    return [
        _needed("team", _("督查组成员"), "lines", hint=_("每行一人，不少于二人"), longest=2000),
        _needed("visit_on", _("实地督查日期"), "date"),
        Field("materials", _("需备材料"), "text", hint=_("选填"), only_for=APPROVE, longest=4000),
    ]


def _found(number: int) -> Group:
    sources = choices([(source.value, label(source)) for source in ProblemSource], _("请选择"))
    at = f"found.{number}"
    return Group(
        _("发现的问题（%(n)d）") % {"n": number + 1},
        (
            _needed(f"{at}.no", _("编号"), longest=20),
            _needed(f"{at}.kind", _("问题类别")),
            _needed(f"{at}.facts", _("事实"), "text", longest=4000),
            _needed(f"{at}.source", _("来源"), "choice", options=sources),
            Field(f"{at}.clause", _("条款依据"), hint=_("选填"), only_for=APPROVE),
            _needed(f"{at}.measure", _("整改要求"), "text", longest=4000),
            _needed(f"{at}.due", _("整改期限"), "date"),
        ),
        repeated=True,
    )


# --- approved with changes ------------------------------------------------------------------------------------

_LEAVES: dict[str, tuple[str, ...]] = {
    ChangeKind.RENAME: ("after",),
    ChangeKind.RERANK: ("after",),
    ChangeKind.EXTRA_NAME: ("after",),
    ChangeKind.HEADCOUNT: ("after",),
    ChangeKind.POSTS: ("after",),
    ChangeKind.REALLOCATE: ("number",),
    ChangeKind.ESTABLISH: ("name", "rank"),
    ChangeKind.MERGE: ("after_name",),
    ChangeKind.INTERNAL_BODIES: ("after.name", "after.chief_posts", "after.deputy_posts"),
}
"""What a deciding body may write otherwise; everything else it returns or rejects."""


def _amendments(desk: Desk) -> list[Field | Group]:
    groups: list[Field | Group] = []
    for number, change in enumerate(desk.changes):
        fields = [Field(f"amend.{number}.keep", _("批准此项"), "tick", value="yes", only_for=APPROVE)]
        for leaf in _LEAVES.get(change["kind"], ()):
            value = _leaf(change, leaf)
            if value is None and leaf.startswith("after.") and not change.get("after"):
                continue
            kind: Any = "number" if isinstance(value, int) or leaf.endswith("_posts") else "line"
            shown = "" if value is None else str(value)
            fields.append(Field(f"amend.{number}.{leaf}", _leaf_named(leaf), kind, value=shown, only_for=APPROVE))
        title = _("第%(n)d项 %(kind)s") % {"n": number + 1, "kind": label(ChangeKind(change["kind"]))}
        groups.append(Group(title, tuple(fields)))
    return groups


def _leaf_named(leaf: str) -> str:
    return {
        "after": _("调整后"),
        "number": _("数量"),
        "name": _("名称"),
        "rank": _("规格"),
        "after_name": _("合并后名称"),
        "after.name": _("调整后名称"),
        "after.chief_posts": _("正职职数"),
        "after.deputy_posts": _("副职职数"),
    }[leaf]


def _leaf(change: dict[str, Any], leaf: str) -> Any:
    here: Any = change
    for part in leaf.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


def _amended(desk: Desk, read: Read) -> list[Change] | list[Any] | None:
    """The changes as the body approves them; None when nothing was written otherwise."""
    said = read.body.pop("amend", None) or []
    kept: list[Any] = []
    for number, change in enumerate(desk.changes):
        typed = said[number] if number < len(said) else {"keep": True}
        if not typed.get("keep"):
            continue
        made = dict(change)
        for leaf in _LEAVES.get(change["kind"], ()):
            _put(made, leaf, _leaf(typed, leaf))
        read.came_from[f"changes.{len(kept)}"] = f"amend.{number}"
        kept.append(made)
    return kept if kept != desk.changes else None


def _put(change: dict[str, Any], leaf: str, value: Any) -> None:
    first, _dot, rest = leaf.partition(".")
    if not rest:
        if value is not None or change.get(first) is not None:
            change[first] = "" if value is None and isinstance(change.get(first), str) else value
        return
    inner = change.get(first)
    if isinstance(inner, dict):
        inner = dict(inner)
        _put(inner, rest, value)
        change[first] = inner


# --- the decision ---------------------------------------------------------------------------------------------


def decision_of(desk: Desk, step: StepView, verdict: Verdict, asked: Read) -> Decision:
    """Raises pydantic.ValidationError. The step's round is that of the form, so that a stale one is refused."""
    body = asked.body
    if step.step == Step.DECIDE:
        amended = _amended(desk, asked) if verdict is Verdict.APPROVE else None
        if amended == []:  # an empty list would approve everything
            asked.faults["amend.0.keep"] = _("至少批准一项；全部不批准的，请选“不予批准”")
        elif amended is not None:
            body["changes"] = amended
    if step.step == Step.SITE_CHECK:
        due = body.pop("due", None)
        finding = {"no": problem_of(step.subject), "passed": verdict is Verdict.APPROVE}
        body["problems"] = [finding | {"finding": body.get("opinion", "")} | ({"due": due} if due else {})]
        asked.came_from |= {"problems.0.due": "due", "problems.0.finding": "opinion"}
    head = {"step": step.step, "round": step.round, "subject": step.subject, "verdict": verdict.value}
    return Decision.model_validate(head | body)
