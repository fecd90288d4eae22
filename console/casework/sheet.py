"""One case as its page shows it: what the docket says, put into the order and the words of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup

from models.decisions import Officer, Receipt
from models.docket import Docket, LedgerEffect, Permission, RoundView, StepView
from models.enums import CommandKind, Department, Procedure, Resource, Role, State, Step, StepState, Verdict
from models.particulars import Colleague, Judged, NamedUnit, Particulars, Pending
from models.refusals import Refusal
from models.rulebook import Calendar, Rulebook
from rules.deadlines import local_day, working_days_between
from rules.steps import STEPS

from ..diagram import APPLY, CLOSED, DRAWINGS, GATE, Mark, MarkState, diagram
from ..words import _, day, english, label, labels, said
from . import asked as in_words
from . import decision, orders
from .acts import VERDICTS, consequence, granted, granted_lines, verb
from .asked import Asked, Changed, Table
from .fields import Form

OTHERS_SHOWN = UNDERWAY_SHOWN = 20
"""Further steps of one's own that are listed; a slip may have hundreds."""
_NUMBER = re.compile(
    r"(?<![0-9])([0-9]{6})((?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))([0-9]{3}[0-9Xx])(?![0-9])"
)


def veiled(text: str | None) -> str:
    """Text that somebody wrote; what reads as an identity number in it keeps only its ends."""
    return _NUMBER.sub(lambda found: f"{found[1]}********{found[3]}", text or "")


@dataclass(frozen=True, slots=True)
class Case:
    """What was read of a case in one transaction. `proposal_open`: the examiner's numbers are the reader's to read.
    `out_of_scope`: why somebody who stands in for a colleague may only read this case."""

    docket: Docket
    settled: list[Particulars] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    colleagues: list[Colleague] = field(default_factory=list)
    reached: list[NamedUnit] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    judged: Judged | None = None
    """What was not judged yet when it was sent, and is now."""
    proposal_open: bool = True
    out_of_scope: Refusal | None = None

    @property
    def desk(self) -> decision.Desk:
        return decision.Desk(self.docket, self.settled, self.bodies)

    def around(self, officer: Officer) -> orders.Around:
        return orders.Around(self.docket, officer, self.colleagues, self.reached)


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of the decision box."""

    verdict: Verdict
    verb: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Box:
    step: StepView
    name: str
    about: str
    choices: list[Choice]
    form: Form
    pending: bool = False
    """A decision of this step is registered and not judged yet."""


@dataclass(frozen=True, slots=True)
class Order:
    kind: CommandKind
    name: str
    meaning: str
    form: Form | None
    why_not: Permission | None


@dataclass(frozen=True, slots=True)
class Underway:
    """What is registered and waits to be judged, or has been judged since, as the page says it; `key` of one's own, by
    which its receipt is found."""

    said: str
    key: str = ""
    accepted: bool | None = None
    """None while it waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A current step that the viewer may not take, who may, and why not the viewer."""

    name: str
    department: Department
    roles: list[Role]
    why_not: Permission | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A step on the timeline; `count` steps alike that are only expected are one."""

    view: StepView
    name: str
    about: str
    facts: list[tuple[str, str]]
    said: str = ""
    amended: Table | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """A round on the timeline."""

    round: RoundView | None
    number: int
    steps: list[Shown]


@dataclass(frozen=True, slots=True)
class Figure:
    """One resource of the ledger, with its bar in percent of the longest side."""

    effect: LedgerEffect
    figures: list[tuple[str, int, int]]
    bar: list[tuple[str, str, int, float]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the templates are given."""

    docket: Docket
    left: int | None
    headline: str
    underway: list[Underway]
    waited_for: list[tuple[str, int]]
    present: Asked
    earlier: list[tuple[RoundView, Asked]]
    changes: list[tuple[RoundView, list[Changed]]]
    ledger: list[tuple[str, list[Figure]]]
    stages: list[Stage]
    refused: list[Receipt]
    picture: Markup
    box: Box | None
    others: list[StepView]
    others_left: int
    waiting: list[Waiting]
    orders: list[Order]
    answer: Order | None
    may_resubmit: bool
    names: Mapping[str, str]
    come_from: str = ""
    out_of_scope: Refusal | None = None

    @property
    def something_waits(self) -> bool:
        return self.box is not None or self.answer is not None or self.may_resubmit


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose page, when, and what was typed on it: `form` is one that is shown again with its faults."""

    officer: Officer
    now: datetime
    calendar: Calendar
    rules: Rulebook
    step: str = ""
    subject: str = ""
    come_from: str = ""
    form: Form | None = None


def sheet(case: Case, turn: Turn) -> Sheet:
    docket = case.docket
    mine = allowed(docket)
    chosen = next((s for s in mine if (s.step, s.subject) == (turn.step, turn.subject)), mine[0] if mine else None)
    rest = [step for step in mine if step is not chosen]
    given = _orders(case, turn)
    answer = next((each for each in given if each.kind is CommandKind.REPORT and each.form), None)
    numbers = granted_lines(docket, case.settled) if case.proposal_open else None
    rounds = docket.rounds
    return Sheet(
        docket=docket,
        left=working_days_between(local_day(turn.now), local_day(docket.due_at), turn.calendar)
        if docket.due_at
        else None,
        headline=_headline(docket),
        underway=_underway(case),
        waited_for=_waited_for(docket),
        present=in_words.asked(docket, rounds[-1], case.names, numbers),
        earlier=[(each, in_words.asked(docket, each, case.names)) for each in reversed(rounds[:-1])],
        changes=[
            (each, in_words.changed(each.differences, before.application, each.application, case.names))
            for before, each in pairwise(rounds)
            if each.differences
        ],
        ledger=_ledger(docket, case.settled if numbers is not None else None),
        stages=_stages(case),
        refused=[receipt for receipt in docket.receipts if receipt.status == "refused"],
        picture=diagram(docket.procedure, marks(docket)),
        box=_box(case, chosen, turn) if chosen else None,
        others=rest[:OTHERS_SHOWN],
        others_left=max(len(rest) - OTHERS_SHOWN, 0),
        waiting=_waiting(docket),
        orders=[each for each in given if each is not answer],
        answer=answer,
        may_resubmit=any(each.action is CommandKind.RESUBMIT and each.allowed for each in docket.may),
        names=case.names,
        come_from=turn.come_from,
        out_of_scope=case.out_of_scope,
    )


def _headline(docket: Docket) -> str:
    """Where the case stands: the register's own sentence, and for who reads English one of the parts that have it."""
    if not english():
        return docket.headline.removeprefix(f"{docket.case_no} ")
    parts = [label(docket.state)]
    if docket.state is State.HELD:
        parts += [docket.headline.partition("：")[2]]  # the reason, in the words of the office
    elif not docket.state.final:
        waits = "; ".join(f"{label(department)} “{name}”{count}" for (department, name), count in _waits(docket))
        waits = waits or labels(docket.waiting_on)
        parts += [_("等待%(who)s") % {"who": waits} if waits else ""]
        parts += [_("期限%(day)s") % {"day": day(docket.due_at)} if docket.due_at else ""]
    return ", ".join(part for part in parts if part)


def _waits(docket: Docket) -> list[tuple[tuple[Department, str], str]]:
    """Department and step that wait, with ×n where more than one of the kind does."""
    counted: dict[tuple[Department, str], int] = {}
    for step in docket.steps:
        if step.state is StepState.CURRENT:
            place = (step.department, label(Step(step.step)))
            counted[place] = counted.get(place, 0) + 1
    return [(place, f" ×{count}" if count > 1 else "") for place, count in counted.items()]


def allowed(docket: Docket) -> list[StepView]:
    """Current steps that the viewer may decide now."""
    may = {(each.step, each.subject) for each in docket.may if each.action is CommandKind.DECIDE and each.allowed}
    return [step for step in docket.steps if step.state is StepState.CURRENT and (step.step, step.subject) in may]


# --- the decision box ------------------------------------------------------------------------------------------


def _box(case: Case, step: StepView, turn: Turn) -> Box:
    docket, what = case.docket, Step(step.step)
    open_ones = next(
        each.verdicts
        for each in docket.may
        if each.action is CommandKind.DECIDE and (each.step, each.subject) == (step.step, step.subject)
    )
    choices = [
        Choice(
            verdict,
            verb(docket.procedure, what, verdict),
            consequence(docket, what, step.subject, verdict, case.settled, turn.rules),
        )
        for verdict in VERDICTS
        if verdict in open_ones
    ]
    kept = turn.form is not None and turn.form.name == "decide"
    form = turn.form if kept and turn.form else decision.form_of(case.desk, what, step.subject)
    about = orders.subject_named(docket, step.subject, step.step)
    pending = any((each.step, each.subject) == (step.step, step.subject) for each in case.pending)
    return Box(step, label(what), about, choices, form, pending)


def _underway(case: Case) -> list[Underway]:
    """One's own by the name of the act; of what others sent only the step, each once."""
    own = [Underway(_sent(case.docket, each), each.key) for each in case.pending if each.key]
    steps = dict.fromkeys((each.step, each.subject) for each in case.pending if not each.key)
    others = _("“%(step)s”的一项决定已登记，系统正在处理")
    rest = [Underway(others % {"step": _place(case.docket, step, subject)}) for step, subject in steps]
    done = []
    if case.judged is not None:
        receipt = case.judged.receipt
        text = told(_act(case.docket, case.judged.sent), receipt)
        done = [Underway(text, receipt.decision_id, receipt.status == "accepted")]
    return (done + own + rest)[:UNDERWAY_SHOWN]


def told(what: str, receipt: Receipt) -> str:
    """What an act came to, in one line."""
    text = said(receipt.message)
    if receipt.status == "accepted":
        return _("%(what)s：采纳") % {"what": what} + ("" if text in ("", "采纳", "accepted") else f"（{text}）")
    clause = _("依据：%(clause)s") % {"clause": receipt.clause} if receipt.clause else ""
    refused = _("%(what)s：不予采纳。%(why)s") % {"what": what, "why": text}
    return " ".join(part for part in (refused, clause) if part)


def _sent(docket: Docket, each: Pending) -> str:
    return _("您的“%(what)s”已登记，系统正在处理，结果会显示在本页") % {"what": _act(docket, each)}


def _act(docket: Docket, each: Pending) -> str:
    if each.kind is not CommandKind.DECIDE:
        return label(each.kind) if each.kind is CommandKind.RESUBMIT else orders.named(each.kind)
    if each.verdict is None:
        return _place(docket, each.step, each.subject)
    about = orders.subject_named(docket, each.subject, each.step)
    return verb(docket.procedure, Step(each.step), each.verdict) + (f" · {about}" if about else "")


def _place(docket: Docket, step: str, subject: str) -> str:
    about = orders.subject_named(docket, subject, step)
    return (label(Step(step)) if step else label(CommandKind.DECIDE)) + (f" · {about}" if about else "")


def _waiting(docket: Docket) -> list[Waiting]:
    """Who is waited for and why the viewer may not act, each step and reason once."""
    why = {(each.step, each.subject): each for each in docket.may if each.action is CommandKind.DECIDE}
    found: dict[tuple[object, ...], Waiting] = {}
    for step in docket.steps:
        permission = why.get((step.step, step.subject))
        if step.state is not StepState.CURRENT or (permission is not None and permission.allowed):
            continue
        reason = permission.why_not.message if permission and permission.why_not else ""
        found.setdefault(
            (step.step, step.department, reason),
            Waiting(label(Step(step.step)), step.department, _roles(docket.procedure, step), permission),
        )
    return list(found.values())


def _roles(procedure: Procedure, step: StepView) -> list[Role]:
    return sorted(step.roles or STEPS[procedure][step.step].roles)


def _waited_for(docket: Docket) -> list[tuple[str, int]]:
    """“编办（审核）” and how many steps wait there."""
    if docket.state.final:
        return []
    counted: dict[str, int] = {}
    for step in docket.steps:
        if step.state is StepState.CURRENT:
            name = f"{label(step.department)}（{labels(_roles(docket.procedure, step))}）"
            counted[name] = counted.get(name, 0) + 1
    if not counted:
        counted = {label(department): 1 for department in docket.waiting_on}
    return list(counted.items())


def _orders(case: Case, turn: Turn) -> list[Order]:
    found = []
    for permission in orders.offered(case.docket):
        if case.docket.state.final and not permission.allowed:
            continue  # nothing is left to be ordered, and one reason for all of them says nothing
        kind = permission.action
        kept = turn.form is not None and turn.form.name == kind.value
        form = turn.form if kept else orders.form_of(case.around(turn.officer), kind) if permission.allowed else None
        refused = None if permission.allowed else permission
        found.append(Order(kind, orders.named(kind), orders.meaning(kind), form, refused))
    return found


# --- the ledger ------------------------------------------------------------------------------------------------


def _ledger(docket: Docket, examined: list[Particulars] | None) -> list[tuple[str, list[Figure]]]:
    """`examined`: what was settled, when that has numbers of an examiner which the reader may read."""
    slip = docket.slip is not None and docket.slip.round == docket.round
    proposed = granted(docket, examined) if examined is not None and not slip and not docket.state.final else {}
    by_unit: dict[str, list[Figure]] = {}
    for effect in docket.ledger:
        by_unit.setdefault(effect.unit_name, []).append(_figure(_as_proposed(effect, proposed)))
    return list(by_unit.items())


def _as_proposed(effect: LedgerEffect, proposed: Mapping[Resource, int]) -> LedgerEffect:
    """Between examination and slip: what the examiner proposes and no longer all that was asked for. What is posted
    already, for an appointment, stands: it is never examined."""
    number = proposed.get(effect.resource, effect.wanted)
    less = effect.wanted - number
    if less <= 0:
        return effect
    after = {"reserved_after": effect.reserved_after - less, "vacancy_after": effect.vacancy_after + less}
    return effect.model_copy(update=after | {"wanted": number})


def _figure(effect: LedgerEffect) -> Figure:
    figures = [
        (_("核定"), effect.authorised, effect.authorised_after),
        (_("实有"), effect.occupied_before, effect.occupied_after),
        (_("在途"), effect.reserved_before, effect.reserved_after),
        (_("预留"), effect.set_aside, effect.set_aside),
        (_("空余"), effect.vacancy_before, effect.vacancy_after),
    ]
    used = effect.occupied_after + effect.reserved_after + effect.set_aside
    over = max(used - effect.authorised_after, 0)
    within = max(effect.occupied_after - over, 0)
    parts = [
        ("occupied", _("实有"), within),
        ("reserved", _("在途"), effect.reserved_after),
        ("aside", _("预留"), effect.set_aside),
        ("vacant", _("空余"), max(effect.vacancy_after, 0)),
        ("over", _("超编"), over),
    ]
    whole = max(sum(number for _tone, _name, number in parts), 1)
    bar = [(tone, name, number, 100 * number / whole) for tone, name, number in parts if number]
    return Figure(effect, figures, bar)


# --- the timeline ----------------------------------------------------------------------------------------------


def _stages(case: Case) -> list[Stage]:
    docket = case.docket
    rounds = {each.round: each for each in docket.rounds}
    numbers = sorted({*rounds, *(step.round for step in docket.steps)})
    settled = {(each.step, each.round, each.subject): each for each in case.settled}
    stages = []
    for number in numbers:
        steps = [step for step in docket.steps if step.round == number]
        real = [_step_shown(case, step, settled) for step in steps if step.state is not StepState.EXPECTED]
        coming: dict[tuple[str, Department], list[StepView]] = {}
        for step in steps:
            if step.state is StepState.EXPECTED:
                coming.setdefault((step.step, step.department), []).append(step)
        ahead = [Shown(alike[0], label(Step(alike[0].step)), "", [], count=len(alike)) for alike in coming.values()]
        stages.append(Stage(rounds.get(number), number, real + ahead))
    return stages


def _step_shown(case: Case, step: StepView, settled: Mapping[tuple[str, int, str], Particulars]) -> Shown:
    found = settled.get((step.step, step.round, step.subject))
    about = orders.subject_named(case.docket, step.subject, step.step)
    amended = None
    if found is not None and found.changes:
        bodies = [change.model_dump(mode="json") for change in found.changes]
        amended = in_words.changes_table(bodies, case.names, _("修改后批准的内容"))
    return Shown(step, label(Step(step.step)), about, _settled(found, step), _said(case.docket, step), amended)


def _said(docket: Docket, step: StepView) -> str:
    """The decision in the words of its button."""
    if step.verdict is None:
        return ""
    if step.step == Step.REPORT:
        return _("已报告")
    return verb(docket.procedure, Step(step.step), step.verdict)


def _settled(found: Particulars | None, step: StepView) -> list[tuple[str, str]]:
    facts = [(_("文号"), step.reference_no or "")]
    if found is not None:
        grants = _("、").join(_("第%(line)d行%(n)d名") % {"line": g.line, "n": g.number} for g in found.grants or [])
        facts += [
            (_("会议纪要号"), found.minutes_no or ""),
            (_("拟核数"), grants),
            (_("答复期限"), day(found.reply_by)),
            (_("督查日期"), day(found.visit_on)),
            (_("督查组"), "、".join(found.team or [])),
            (_("需备材料"), found.materials or ""),
        ]
    return [(name, value) for name, value in facts if value]


# --- the picture -----------------------------------------------------------------------------------------------


def marks(docket: Docket) -> dict[str, Mark]:
    """How far each step of the present round is; of many persons the step counts as current while one waits."""
    known = {node.key for node in DRAWINGS[docket.procedure].nodes}
    by_step: dict[str, list[StepView]] = {}
    for step in docket.steps:
        if step.round == docket.round:
            by_step.setdefault(step.step, []).append(step)
    found = {name: _mark(steps) for name, steps in by_step.items() if name in known}
    ended = docket.state
    found[APPLY] = Mark("done", note=day(docket.rounds[-1].submitted_at))
    found[CLOSED] = Mark("done" if ended.final else "expected", note=label(ended) if ended.final else "")
    if ended is State.SUBMITTED:
        found[GATE] = Mark("current")
    elif not by_step and ended in (State.RETURNED, State.NOT_ACCEPTED):
        found[GATE] = Mark("void", note=label(ended))
    else:
        found[GATE] = Mark("done")
    return {name: mark for name, mark in found.items() if name in known}


_TELLS: dict[StepState, MarkState] = {
    StepState.CURRENT: "current",
    StepState.DONE: "done",
    StepState.EXPECTED: "expected",
}


def _mark(steps: Sequence[StepView]) -> Mark:
    """Done when every post or person is done; half done it is still under way, and says how far."""
    states = [step.state for step in steps]
    done, coming = states.count(StepState.DONE), states.count(StepState.EXPECTED)
    if done and coming and not states.count(StepState.CURRENT):
        return Mark("current", count=coming, note=_("已办%(done)d项") % {"done": done})
    for state in (StepState.CURRENT, StepState.DONE, StepState.EXPECTED):
        count = states.count(state)
        if count:
            one = next(step for step in steps if step.state is state)
            return Mark(_TELLS[state], count=count, note=_note(one, count, state))
    return Mark("void", count=len(steps))


def _note(step: StepView, count: int, state: StepState) -> str:
    if state is StepState.CURRENT:
        return _("至%(day)s") % {"day": day(step.due_at)} if step.due_at else ""
    if state is StepState.DONE:
        return (step.officer or "") if count == 1 else ""
    return ""
