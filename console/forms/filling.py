"""One filling-in of a form: what was typed, which case it corrects, and what a button asks to be done with it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData

from api.deps import KEY_PATTERN
from api.problems import Problem
from docket.applications import MATTER
from models.docket import Check, DecisionView, Docket
from models.enums import CommandKind, Procedure, Verdict
from models.rehearsal import Rehearsal
from models.visits import DraftView

from ..words import _, moment
from .base import Faults, Form
from .changing import completed
from .sheet import Looked, Sheet
from .staffing import warned
from .typed import Typed, read, rows, with_rows

LAST = ("absorption_until", "justification", "basis", "appointment", "warning_no", "attachments", "contact", "remark")
"""Parts of a form after its main one, in the order of the page."""

ID = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Filling:
    """`draft` and `key` are made with the empty form and go with it: the same key twice is one case. `focus` is the
    field where the reader goes on."""

    form: Form
    typed: Typed
    draft: str = field(default_factory=lambda: uuid.uuid4().hex)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    case: Docket | None = None
    saved_at: datetime | None = None
    faults: Faults = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    rehearsal: Rehearsal | None = None
    problem: Problem | None = None
    looked: Looked = field(default_factory=Looked)
    sheet: Sheet = field(default_factory=Sheet)
    focus: str = ""
    begun: list[DraftView] = field(default_factory=list)
    """Drafts of the same procedure, offered beside an empty form."""

    @property
    def case_id(self) -> str | None:
        return self.case.case_id if self.case is not None else None

    @property
    def returned_by(self) -> DecisionView | None:
        """The decision that sent the present round back; None when the gate did."""
        if self.case is None:
            return None
        back = [d for d in self.case.decisions if d.verdict is Verdict.RETURN and d.round == self.case.round]
        return back[-1] if back else None

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.passed]

    def rows(self, group: str) -> list[Typed]:
        return rows(self.typed, group)

    def value(self, name: str) -> str:
        return self.typed.get(name, "")

    def needs(self, name: str) -> bool:
        return self.form.needs(name, self.typed)

    @property
    def warned(self) -> dict[str, str]:
        """Field → what the officer should know of it, although it is no fault."""
        return warned(self.typed, self.sheet) if self.form.procedure is Procedure.STAFFING_UP else {}

    def saved(self) -> str:
        """When the draft was last saved, in words; empty for one that never was."""
        return _("草稿已于%(at)s保存") % {"at": moment(self.saved_at)} if self.saved_at is not None else ""

    def summary(self) -> list[tuple[str, str, str]]:
        """(field, where, what) of every fault beside a field, in the order of the form."""
        names = sorted(self.faults, key=self._place)
        return [(name, self.form.place_of(name), what) for name in names for what in self.faults[name]]

    def _place(self, name: str) -> tuple[int, int, int]:
        """Where a field stands on the page: its part, its row, and its place there."""
        part, _dot, rest = name.partition(".")
        number = rest.partition(".")[0]
        labels = list(self.form.labels)
        plain = re.sub(r"\.\d+", "", name, count=1)
        parts = ("unit", "title", "request_no", "kind", self.form.main, *LAST)
        known = parts.index(part) if part in parts else parts.index(LAST[0])
        return known, int(number) if number.isdecimal() else 0, labels.index(plain) if plain in labels else 0

    def beside_what_stands(self, faults: Faults, judged: Typed) -> Faults:
        """Of the faults of what was `judged`, those whose row (or field, outside rows) still stands as it was then;
        the others are no longer about what is beside them, and are read in the checks above."""
        return {name: said for name, said in faults.items() if self._standing(name, judged)}

    def _standing(self, name: str, judged: Typed) -> bool:
        group, _dot, rest = name.partition(".")
        number = rest.partition(".")[0]
        if group not in self.form.groups or not number.isdecimal():
            return self.value(name) == judged.get(name, "")
        now, then = ([_judged_part(row) for row in rows(typed, group)] for typed in (self.typed, judged))
        at = int(number)
        return at < len(now) and at < len(then) and now[at] == then[at]

    def title(self) -> str:
        """Of the draft: without personal data, because it stands in the clear."""
        unit = self.sheet.unit.name if self.sheet.unit is not None else ""
        number = len(self.rows(self.form.main)) if self.form.main else 0
        case = f"（{self.case.case_no}补正）" if self.case is not None else ""
        return f"{unit}{MATTER[self.form.procedure]}" + (f"（{number}项）" if number > 1 else "") + case

    # --- what a button asks for ---------------------------------------------------------------------------------

    def complete(self) -> None:
        """What the register knows is filled in: nobody types what stood before."""
        if self.form.body is not None:
            self.typed = completed(self.typed, self.sheet.facts, self.sheet.codes)

    def tidy(self) -> None:
        self.typed = self.form.tidied(self.typed)

    def add(self, group: str, row: Typed | None = None) -> None:
        """A new row at the end of a group, up to its most."""
        most = self.form.groups.get(group, 0)
        present = self.rows(group)
        if len(present) >= most:
            return
        new = self.form.row_fields(group) | (row or {})
        if "no" in new:
            new["no"] = str(len(present) + 1)
        self.typed = with_rows(self.typed, group, [*present, new])
        self.focus = f"{group}.{len(present)}.{next(iter(new))}"

    def remove(self, group: str, number: int) -> None:
        present = self.rows(group)
        if group not in self.form.groups or not 0 <= number < len(present):
            return
        left = present[:number] + present[number + 1 :]
        self.typed = with_rows(self.typed, group, left)
        self.focus = f"add.{group}"

    def choose_person(self, reference: str) -> None:
        """Somebody of the roster into a row of his or her own; the first row when it is still empty."""
        present = [row for row in self.rows("persons") if any(row.values())]
        if any(row.get("person") == reference for row in present):
            self.focus = f"persons.{[row.get('person') for row in present].index(reference)}.reason"
            return
        self.typed = with_rows(self.typed, "persons", present)
        self.add("persons", {"person": reference})
        self.focus = f"persons.{len(present)}.reason"


def _judged_part(row: Typed) -> Typed:
    """What the officer says in a row, without what the page fills in from the register."""
    return {name: value for name, value in row.items() if value and name != "loaded" and not name.startswith("before")}


def sent(form: Form, data: FormData) -> Filling:
    """The filling that a browser sent; `_` fields belong to the page."""
    draft, key = str(data.get("_draft", "")), str(data.get("_key", ""))
    filling = Filling(form, read(data, form.known), looked=Looked(_text(data, "_unit_q"), _text(data, "_q")))
    if ID.fullmatch(draft):
        filling.draft = draft
    if re.match(KEY_PATTERN, key):
        filling.key = key
    return filling


def _text(data: FormData, name: str) -> str | None:
    value = data.get(name)
    return value.strip()[:50] if isinstance(value, str) and value.strip() else None


def may_correct(case: Docket) -> bool:
    return any(each.action is CommandKind.RESUBMIT and each.allowed for each in case.may)
