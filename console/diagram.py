"""The five procedures as pictures, drawn on the server: one table per procedure, one SVG for a page.

The same table serves the page of one case (what is done, what is current, what is expected) and the heat map of the
supervisors (how many open cases stand at each step). Colour never speaks alone: every state has its sign and its
words, every heat its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markupsafe import Markup, escape

from models.enums import CommandKind, Department, Procedure, Step, StepState

from .words import _, english, label, labels

APPLY, GATE, CLOSED = "apply", "gate", "closed"
"""What stands in a picture and is no step: the application, the acceptance gate, the end."""

MarkState = Literal["done", "current", "expected", "void"]


@dataclass(frozen=True)
class Mark:
    """What is known of one step. `count`: persons or slots there, with `heat` open cases; `note`: a few words under
    the name of the step (who, when, or how many are overdue)."""

    state: MarkState
    count: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """`key`: value of a step, or APPLY, GATE, CLOSED. `lane` and `row` within it, `column` from the left.
    `hint`: when the step is there at all, in Chinese."""

    key: str
    lane: int
    column: int
    row: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """`back`: not the normal way, drawn thin and dashed. `up`: leaves at the top of its step."""

    start: str
    end: str
    back: bool = False
    up: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """`lanes`: who acts there. `returns`: from where it goes back to the applicant; `refuses`: from where it may end
    without approval."""

    lanes: tuple[tuple[Department, ...], ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    returns: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()


_UNIT, _OFFICE = (Department.UNIT,), (Department.ESTABLISHMENT,)
_MANAGERS = (Department.ORGANISATION, Department.PERSONNEL)
_MONEY, _INSURANCE = (Department.FINANCE,), (Department.SOCIAL_INSURANCE,)
_BODIES = (Department.COMMISSION, Department.PARTY_COMMITTEE, Department.UPPER)


def _chain(*keys: str) -> tuple[Edge, ...]:
    return tuple(Edge(start, end) for start, end in pairwise(keys))


def _fan(start: str, over: tuple[str, ...], end: str) -> tuple[Edge, ...]:
    return tuple(Edge(start, key) for key in over) + tuple(Edge(key, end) for key in over)


DRAWINGS: dict[Procedure, Drawing] = {
    Procedure.STAFFING_UP: Drawing(
        lanes=(_UNIT, _OFFICE, _MANAGERS, _MONEY, _INSURANCE),
        nodes=(
            Node(APPLY, 0, 0),
            Node(GATE, 1, 1),
            Node(Step.EXAMINE, 1, 2),
            Node(Step.ISSUE, 1, 3),
            Node(Step.APPROVE_PERSONS, 2, 4),
            Node(Step.APPROVE_EXIT, 2, 5, hint="区内调入时"),
            Node(Step.ENTER, 1, 6),
            Node(Step.PAY, 2, 7, hint="按设置"),
            Node(Step.FINANCE, 3, 7),
            Node(Step.SOCIAL_INSURANCE, 4, 7),
            Node(CLOSED, 1, 8),
        ),
        edges=(
            *_chain(APPLY, GATE, Step.EXAMINE, Step.ISSUE, Step.APPROVE_PERSONS, Step.APPROVE_EXIT, Step.ENTER),
            Edge(Step.APPROVE_PERSONS, Step.ENTER),
            *_fan(Step.ENTER, (Step.PAY, Step.FINANCE, Step.SOCIAL_INSURANCE), CLOSED),
        ),
        returns=(GATE, Step.EXAMINE, Step.ISSUE, Step.APPROVE_PERSONS, Step.APPROVE_EXIT, Step.ENTER),
        refuses=(GATE, Step.EXAMINE, Step.ISSUE, Step.APPROVE_PERSONS, Step.APPROVE_EXIT, Step.ENTER),
    ),
    Procedure.REMOVING_STAFF: Drawing(
        lanes=(_UNIT, _MANAGERS, _OFFICE, _MONEY, _INSURANCE),
        nodes=(
            Node(APPLY, 0, 0, hint="或组织人事部门"),
            Node(GATE, 2, 1),
            Node(Step.APPROVE_EXIT, 1, 2),
            Node(Step.EXIT, 2, 3),
            Node(Step.FINANCE, 3, 4),
            Node(Step.SOCIAL_INSURANCE, 4, 4),
            Node(CLOSED, 2, 5),
        ),
        edges=(
            *_chain(APPLY, GATE, Step.APPROVE_EXIT, Step.EXIT),
            *_fan(Step.EXIT, (Step.FINANCE, Step.SOCIAL_INSURANCE), CLOSED),
        ),
        returns=(GATE, Step.APPROVE_EXIT, Step.EXIT),
        refuses=(GATE, Step.APPROVE_EXIT, Step.EXIT),
    ),
    Procedure.ESTABLISHMENT_CHANGE: Drawing(
        lanes=(_UNIT, _OFFICE, (Department.ORGANISATION,), (Department.PERSONNEL,), _MONEY, (*_OFFICE, *_BODIES)),
        nodes=(
            Node(APPLY, 0, 0),
            Node(GATE, 1, 1),
            Node(Step.EXAMINE, 1, 2),
            Node(Step.CONSULT_ORGANISATION, 2, 3),
            Node(Step.CONSULT_PERSONNEL, 3, 3),
            Node(Step.CONSULT_FINANCE, 4, 3),
            Node(Step.DECIDE, 5, 4),
            Node(Step.SIGN, 1, 5),
            Node(Step.OBLIGATION_REGISTRATION, 0, 6, row=0, hint="按调整内容"),
            Node(Step.OBLIGATION_DISCLOSURE, 0, 6, row=1, hint="按调整内容"),
            Node(Step.OBLIGATION_FILING, 1, 6, row=0, hint="按调整内容"),
            Node(Step.OBLIGATION_CONGRESS, 1, 6, row=1, hint="按调整内容"),
            Node(Step.OBLIGATION_CERTIFICATE, 1, 6, row=2, hint="按调整内容"),
            Node(CLOSED, 1, 7),
        ),
        edges=(
            *_chain(APPLY, GATE, Step.EXAMINE),
            *_fan(Step.EXAMINE, (Step.CONSULT_ORGANISATION, Step.CONSULT_PERSONNEL, Step.CONSULT_FINANCE), Step.DECIDE),
            Edge(Step.DECIDE, Step.SIGN),
            *_fan(
                Step.SIGN,
                (
                    Step.OBLIGATION_REGISTRATION,
                    Step.OBLIGATION_DISCLOSURE,
                    Step.OBLIGATION_FILING,
                    Step.OBLIGATION_CONGRESS,
                    Step.OBLIGATION_CERTIFICATE,
                ),
                CLOSED,
            ),
        ),
        returns=(GATE, Step.EXAMINE, Step.DECIDE, Step.SIGN),
        refuses=(GATE, Step.EXAMINE, Step.DECIDE),
    ),
    Procedure.RECTIFICATION: Drawing(
        lanes=(_UNIT, _OFFICE, (Department.COMMISSION, *_OFFICE)),
        nodes=(
            Node(Step.OPEN, 1, 0),
            Node(Step.WARN, 1, 1, row=1, hint="到期未整改"),
            Node(Step.PROPOSE_SUSPENSION, 1, 2, row=1, hint="到期未整改"),
            Node(Step.SUSPEND, 2, 3),
            Node(Step.REPORT, 0, 4),
            Node(Step.EXTEND, 1, 4, hint="单位申请时"),
            Node(Step.EXCEPTIONAL_ACCEPTANCE, 2, 4, hint="单位申请时"),
            Node(Step.SITE_CHECK, 1, 5),
            Node(Step.PROPOSE_LIFTING, 1, 6, row=1, hint="暂停过的"),
            Node(Step.LIFT, 2, 7, hint="暂停过的"),
            Node(CLOSED, 1, 8),
        ),
        edges=(
            *_chain(Step.OPEN, Step.REPORT, Step.SITE_CHECK, Step.PROPOSE_LIFTING, Step.LIFT, CLOSED),
            *_chain(Step.WARN, Step.PROPOSE_SUSPENSION, Step.SUSPEND, Step.REPORT),
            Edge(Step.OPEN, Step.WARN, back=True),
            Edge(Step.SITE_CHECK, CLOSED),
            Edge(Step.REPORT, Step.EXTEND, back=True),
            Edge(Step.SUSPEND, Step.EXCEPTIONAL_ACCEPTANCE, back=True),
        ),
    ),
    Procedure.EARLY_WARNING: Drawing(
        lanes=(_UNIT, _OFFICE),
        nodes=(
            Node(APPLY, 1, 0),
            Node(Step.REMIND, 1, 1),
            Node(Step.WARN, 1, 2),
            Node(Step.REPORT, 0, 3),
            Node(Step.INSPECT, 1, 3, row=1),
            Node(Step.REVIEW, 1, 4),
            Node(Step.INSPECTION_REPORT, 1, 4, row=1),
            Node(CLOSED, 1, 5),
        ),
        edges=(
            *_chain(APPLY, Step.REMIND),
            Edge(Step.REMIND, Step.REPORT, up=True),
            Edge(Step.WARN, Step.REPORT, up=True),
            *_chain(Step.REPORT, Step.REVIEW, CLOSED),
            *_chain(Step.INSPECT, Step.INSPECTION_REPORT, CLOSED),
            Edge(Step.REMIND, Step.WARN, back=True),
            Edge(Step.WARN, Step.INSPECT, back=True),
        ),
    ),
}

PITCH, ROW, HEAD, CHANNEL, MARGIN = 132, 74, 104, 30, 12
"""Pixels: from column to column, from row to row, the names of the lanes, the lines of return and refusal, the rim."""
BOX = (110, 54)
DIAMOND = (92, 62)
CHARACTERS = 16
"""In one line of a box, where a Chinese character counts two; English is set smaller."""
_SAID_TOGETHER = 3
"""From so many departments on, a lane is named after what they are together."""

_SIGNS: dict[MarkState, str] = {"done": "✓", "current": "●", "expected": "○", "void": "✕"}
_TONES: dict[MarkState | None, tuple[str, str, str]] = {
    "done": ("#e3f4e6", "#1f7a35", "#14532d"),
    "current": ("#206bc4", "#0f4c91", "#ffffff"),
    "expected": ("#ffffff", "#6c7a89", "#33404d"),
    "void": ("#f4f4f5", "#8a8f98", "#555b64"),
    None: ("#ffffff", "#9aa5b1", "#33404d"),
}
"""Fill, border, text; each text on its fill has a contrast of more than 4.5:1."""
_HEAT: tuple[tuple[str, str, str], ...] = (
    ("#fff3d6", "#b98900", "#4a3600"),
    ("#ffdd99", "#b98900", "#4a3600"),
    ("#ffb84d", "#a86400", "#3d2400"),
    ("#d9480f", "#8f2f0a", "#ffffff"),
    ("#9c1c1c", "#6b1010", "#ffffff"),
)


def diagram(
    procedure: Procedure,
    marks: Mapping[str, Mark],
    *,
    heat: bool = False,
    links: Mapping[str, str] | None = None,
) -> Markup:
    """The picture of a procedure, in the reader's language. `marks` by value of a step (or APPLY, GATE, CLOSED).

    With `heat` the colour follows `Mark.count`. `links` leads from a step to a page; the picture is then a group of
    links instead of one image. Raises LookupError on a mark of a step that the procedure does not have.
    """
    drawing = DRAWINGS[procedure]
    unknown = set(marks) - {node.key for node in drawing.nodes}
    if unknown:
        raise LookupError(f"{procedure.value} has no step {sorted(unknown)}")
    return _Picture(procedure, drawing, marks, heat, links or {}).svg()


def name_of(procedure: Procedure, key: str) -> str:
    """What stands in the box, in the reader's language."""
    if key == APPLY:
        return _("发现问题") if procedure is Procedure.EARLY_WARNING else label(CommandKind.START)
    if key == GATE:
        return _("受理")
    if key == CLOSED:
        return _("了结或移交整改") if procedure is Procedure.EARLY_WARNING else _("办结")
    return label(Step(key))


class _Picture:
    def __init__(
        self,
        procedure: Procedure,
        drawing: Drawing,
        marks: Mapping[str, Mark],
        heat: bool,
        links: Mapping[str, str],
    ) -> None:
        self.procedure, self.drawing, self.marks, self.heat, self.links = procedure, drawing, marks, heat, links
        self.nodes = {node.key: node for node in drawing.nodes}
        rows = [1 + max(n.row for n in drawing.nodes if n.lane == i) for i in range(len(drawing.lanes))]
        top = MARGIN + (CHANNEL if drawing.returns else 0)
        self.tops = [top + ROW * sum(rows[:i]) for i in range(len(rows) + 1)]
        self.width = HEAD + PITCH * (1 + max(node.column for node in drawing.nodes)) + MARGIN
        self.height = self.tops[-1] + (CHANNEL if drawing.refuses else 0) + MARGIN
        self.size, self.characters = (11, CHARACTERS + 2) if english() else (12, CHARACTERS)
        self.most = max((mark.count or 0 for mark in marks.values()), default=0)
        self.id = f"diagram-{procedure.value}"

    def svg(self) -> Markup:
        title, said = self._title(), self._said()
        return Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="procedure-diagram" role="{role}" aria-label="{aria}" '
            'viewBox="0 0 {w} {h}" width="100%" style="min-width:{least}px;max-width:{w}px;height:auto" '
            'font-family="inherit">'
            "<title>{title}</title><desc>{said}</desc>{inside}</svg>"
        ).format(
            role="group" if self.links else "img",
            aria=f"{title}: {said}" if english() else f"{title}：{said}",
            w=self.width,
            h=self.height,
            least=round(self.width * 0.8),
            title=title,
            said=said,
            inside=Markup("").join([self._arrowheads(), *self._lanes(), *self._lines(), *self._boxes()]),
        )

    def _title(self) -> str:
        kind = _("%(procedure)s在办分布图") if self.heat else _("%(procedure)s流程图")
        return kind % {"procedure": label(self.procedure)}

    def _said(self) -> str:
        """The picture in words: what is marked, in the order of the procedure."""
        comma, stop = (", ", "; ") if english() else ("、", "；")
        if self.heat:
            counted = [f"{name_of(self.procedure, n.key)} {m.count}" for n, m in self._marked() if m.count]
            return comma.join(counted) if counted else _("没有在办事项")
        said = []
        for state in ("done", "current", "expected", "void"):
            names = [name_of(self.procedure, node.key) for node, mark in self._marked() if mark.state == state]
            if names:
                said.append(f"{_state(state)} {comma.join(names)}")
        return stop.join(said) if said else comma.join(name_of(self.procedure, n.key) for n in self.drawing.nodes)

    def _marked(self) -> list[tuple[Node, Mark]]:
        return [(node, self.marks[node.key]) for node in self.drawing.nodes if node.key in self.marks]

    def _arrowheads(self) -> Markup:
        head = Markup(
            '<marker id="{id}-{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" fill="{tone}"/></marker>'
        )
        return Markup("<defs>{way}{back}</defs>").format(
            way=head.format(id=self.id, name="way", tone="#52606d"),
            back=head.format(id=self.id, name="back", tone="#8a5a00"),
        )

    def _lanes(self) -> list[Markup]:
        made = []
        for i, who in enumerate(self.drawing.lanes):
            y, h = self.tops[i], self.tops[i + 1] - self.tops[i]
            made.append(
                Markup('<rect x="0.5" y="{y}" width="{w}" height="{h}" fill="{tone}" stroke="#dbe1e8"/>').format(
                    y=y, w=self.width - 1, h=h, tone="#f6f8fa" if i % 2 == 0 else "#ffffff"
                )
            )
            together = len(who) >= _SAID_TOGETHER
            lines = _wrapped(_("有权决定的机关") if together else labels(who).replace("; ", " / "), self.characters - 2)
            made.append(_text(lines, HEAD / 2, y + h / 2, "#33404d", self.size, bold=not english()))
        return made

    def _lines(self) -> list[Markup]:
        made = [self._line(self._path(edge), back=edge.back) for edge in self.drawing.edges]
        if self.drawing.returns:
            y = self.tops[0] - CHANNEL + 12
            target = self.nodes[APPLY]
            x, foot = self._centre(target)[0], self._centre(target)[1] - BOX[1] / 2
            for key in self.drawing.returns:
                from_x, from_y = self._centre(self.nodes[key])
                start = from_y - self._half(key)[1] + (14 * DIAMOND[1] / DIAMOND[0] if key == GATE else 0)
                made.append(self._line(f"M{from_x + 14:g} {start:g}V{y}H{x:g}V{foot:g}", back=True))
            made.append(_text([_("退回补正")], x + 62, y - 6, "#8a5a00", 11))
        if self.drawing.refuses:
            y = self.tops[-1] + 12
            for key in self.drawing.refuses:
                from_x, from_y = self._centre(self.nodes[key])
                start = from_y + self._half(key)[1] - (14 * DIAMOND[1] / DIAMOND[0] if key == GATE else 0)
                made.append(self._line(f"M{from_x - 14:g} {start:g}V{y}H{self.width - 130}", back=True))
            made.append(_text([_("不予受理、不予批准")], self.width - 65, y + 1, "#8a5a00", 11))
        return made

    def _line(self, path: str, *, back: bool) -> Markup:
        tone, width, dash = ("#8a5a00", "1", "4 3") if back else ("#52606d", "1.6", "none")
        return Markup(
            '<path d="{path}" fill="none" stroke="{tone}" stroke-width="{width}" stroke-dasharray="{dash}" '
            'marker-end="url(#{id}-{name})"/>'
        ).format(path=path, tone=tone, width=width, dash=dash, id=self.id, name="back" if back else "way")

    def _path(self, edge: Edge) -> str:
        """Right angles: out at the right, down in the gap after the column, in at the left."""
        start, end = self.nodes[edge.start], self.nodes[edge.end]
        (x1, y1), (x2, y2) = self._centre(start), self._centre(end)
        if start.column == end.column:
            down = 1 if y2 > y1 else -1
            return f"M{x1:g} {y1 + down * self._half(edge.start)[1]:g}V{y2 - down * self._half(edge.end)[1]:g}"
        left = x2 - self._half(edge.end)[0]
        if edge.up:
            return f"M{x1:g} {y1 - self._half(edge.start)[1]:g}V{y2:g}H{left:g}"
        right = x1 + self._half(edge.start)[0]
        if y1 == y2:
            return f"M{right:g} {y1:g}H{left:g}"
        turn = HEAD + (start.column + 1) * PITCH
        if end.column - start.column > 1 and edge.end == CLOSED:
            turn = HEAD + end.column * PITCH
        return f"M{right:g} {y1:g}H{turn:g}V{y2:g}H{left:g}"

    def _centre(self, node: Node) -> tuple[float, float]:
        return HEAD + PITCH * (node.column + 0.5), self.tops[node.lane] + ROW * (node.row + 0.5)

    def _half(self, key: str) -> tuple[float, float]:
        width, height = DIAMOND if key == GATE else BOX
        return width / 2, height / 2

    def _boxes(self) -> list[Markup]:
        return [self._box(node) for node in self.drawing.nodes]

    def _box(self, node: Node) -> Markup:
        mark = self.marks.get(node.key)
        fill, border, ink = self._tone(mark)
        x, y = self._centre(node)
        shape = self._shape(node.key, x, y, fill, border, mark)
        name = name_of(self.procedure, node.key)
        lines = _wrapped(name, 12 if node.key == GATE else self.characters)
        note = mark.note if mark and mark.note else _(node.hint) if node.hint else ""
        shown_note = [] if node.key == GATE else _wrapped(note, CHARACTERS + 4)[:1]
        words = [_text(lines, x, y - (7 if shown_note else 0), ink, self.size, bold=mark is not None and not english())]
        if shown_note:
            words.append(_text(shown_note, x, y + BOX[1] / 2 - 9, ink, 10))
        corner = (x + self._half(node.key)[0], y - self._half(node.key)[1])
        if mark and not self.heat:
            words.append(self._sign(mark, x - (0 if node.key == GATE else BOX[0] / 2 - 6), corner[1] + 1))
        if mark and mark.count is not None and (self.heat or mark.count > 1):
            words.append(self._count(mark.count, *corner))
        group = Markup('<g data-step="{key}"><title>{hover}</title>{shape}{words}</g>').format(
            key=node.key, hover=self._hover(name, mark, note), shape=shape, words=Markup("").join(words)
        )
        link = self.links.get(node.key)
        if link is None:
            return group
        return Markup('<a href="{link}" aria-label="{said}">{group}</a>').format(
            link=link, said=self._hover(name, mark, note), group=group
        )

    def _tone(self, mark: Mark | None) -> tuple[str, str, str]:
        if not self.heat:
            return _TONES[mark.state if mark else None]
        if mark is None or not mark.count:
            return _TONES[None]
        return _HEAT[min(len(_HEAT) - 1, (mark.count - 1) * len(_HEAT) // max(self.most, len(_HEAT)))]

    def _shape(self, key: str, x: float, y: float, fill: str, border: str, mark: Mark | None) -> Markup:
        half_width, half_height = self._half(key)
        look = Markup('fill="{fill}" stroke="{border}" stroke-width="{width}" stroke-dasharray="{dash}"').format(
            fill=fill,
            border=border,
            width="2.5" if mark and mark.state == "current" and not self.heat else "1.5",
            dash="5 3" if mark and mark.state in ("expected", "void") and not self.heat else "none",
        )
        if key == GATE:
            corners = f"{x:g},{y - half_height:g} {x + half_width:g},{y:g} {x:g},{y + half_height:g}"
            return Markup('<polygon points="{corners} {last}" {look}/>').format(
                corners=corners, last=f"{x - half_width:g},{y:g}", look=look
            )
        rounding = 27 if key in (APPLY, CLOSED) else 6
        return Markup('<rect x="{x:g}" y="{y:g}" width="{w}" height="{h}" rx="{r}" {look}/>').format(
            x=x - half_width, y=y - half_height, w=BOX[0], h=BOX[1], r=rounding, look=look
        )

    def _sign(self, mark: Mark, x: float, y: float) -> Markup:
        """The state as a sign, on the corner of its box."""
        _fill, border, _ink = _TONES[mark.state]
        return Markup(
            '<circle cx="{x:g}" cy="{y:g}" r="9" fill="#ffffff" stroke="{border}" stroke-width="1.5"/>{sign}'
        ).format(x=x, y=y, border=border, sign=_text([_SIGNS[mark.state]], x, y, border, 12, bold=True))

    def _count(self, count: int, x: float, y: float) -> Markup:
        """The number on the corner of its box."""
        shown = str(count) if self.heat else f"×{count}"
        width = 14 + 7 * len(shown)
        return Markup('<rect x="{left:g}" y="{top:g}" width="{w}" height="20" rx="10" fill="#1f2933"/>{words}').format(
            left=x - width + 8, top=y - 10, w=width, words=_text([shown], x + 8 - width / 2, y, "#ffffff", 12)
        )

    def _hover(self, name: str, mark: Mark | None, note: str) -> str:
        if mark is None:
            return f"{name} ({note})" if note else name
        said = _("%(n)d件") % {"n": mark.count or 0} if self.heat else _state(mark.state)
        return " · ".join(part for part in (name, said, note) if part)


def _state(state: MarkState | str) -> str:
    return label(StepState(state))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width`, at most three; Chinese breaks between characters, English between words."""
    pieces = text.split(" ") if " " in text or text.isascii() else list(text)
    space = " " if " " in text else ""
    lines = [""]
    for piece in pieces:
        longer = f"{lines[-1]}{space if lines[-1] else ''}{piece}"
        if lines[-1] and _width(longer) > width:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def _text(lines: list[str], x: float, y: float, ink: str, size: int, *, bold: bool = False) -> Markup:
    """Centred on (x, y), line under line."""
    step = size + 2
    top = y - step * (len(lines) - 1) / 2
    spans = Markup("").join(
        Markup('<tspan x="{x:g}" y="{y:g}">{line}</tspan>').format(x=x, y=top + i * step, line=escape(line))
        for i, line in enumerate(lines)
    )
    return Markup(
        '<text text-anchor="middle" dominant-baseline="central" font-size="{size}" fill="{ink}"'
        ' font-weight="{weight}">{spans}</text>'
    ).format(size=size, ink=ink, weight="600" if bold else "400", spans=spans)
