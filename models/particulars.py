"""What the case page shows besides the docket, and whom its forms let an officer name."""

from __future__ import annotations

from datetime import date

from .changes import Change
from .decisions import Grant, Receipt
from .enums import CommandKind, Role, Verdict
from .shape import Shape


class Particulars(Shape):
    """What was settled with one decision, besides verdict, opinion and reference number. `grants` are the examiner's
    numbers per line, `changes` what was approved in place of what was asked for."""

    step: str
    round: int
    subject: str = ""
    grants: list[Grant] | None = None
    minutes_no: str | None = None
    changes: list[Change] | None = None
    reply_by: date | None = None
    visit_on: date | None = None
    team: list[str] | None = None
    materials: str | None = None


class Pending(Shape):
    """A command on the case that is committed and not judged yet. `key` and `verdict` only of the reader's own: what a
    colleague decided is nobody's to read before it is recorded."""

    kind: CommandKind
    step: str = ""
    subject: str = ""
    key: str | None = None
    verdict: Verdict | None = None


class Judged(Shape):
    """A command of the reader's own, and what it came to."""

    sent: Pending
    receipt: Receipt


class Colleague(Shape):
    login: str
    name: str
    roles: list[Role] = []


class NamedUnit(Shape):
    code: str
    name: str
