"""发文登记簿: the register of numbers of a year as it is printed and bound, every series from its first number to its
last, with the head of the transparency log that holds the register to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.problems import ProblemError
from docket import registers
from docket.registers import Shown
from ledger import log
from models.enums import Department, DocumentKind, RecordState
from models.proofs import LogHead
from models.register import Record, table_of
from models.shape import UNSAFE_TEXT
from records import register
from rules.deadlines import SHANGHAI, local_day

from ...door import Page, officer_of, reading
from ...words import _, day, label

MOST_ROWS = 20_000
"""Of one book: a browser prints no more than some thousand pages."""
_LONGEST = 40

_record = table_of(Record)


@dataclass
class Line:
    seq: int
    number: str
    kind: str
    title: str
    unit: str
    issued_on: str
    state: str
    remark: str


@dataclass
class Series:
    name: str
    year: int
    lines: list[Line] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def summary(self) -> str:
        """示编核〔2026〕: 12 numbers, of them 10 valid, 2 void."""
        states = "，".join(f"{label(RecordState(state))}{n}" for state, n in sorted(self.counted.items()))
        return _("共%(n)d号：%(states)s") % {"n": len(self.lines), "states": states}


@dataclass
class Book:
    year: int
    series: list[Series]
    log: LogHead
    log_at: str
    office: str


class NumbersBook(Page):
    name = "numbers"
    path = "/numbers/book"
    menu_label = "发文登记簿"
    add_to_menu = False

    @route("", name="numbers-book")
    async def index(self, request: Request) -> Response:
        now = runtime_of(request).clock()
        year, wanted = _year(request, now), _series(request)

        def read(s: Session, runtime: Runtime) -> Book:
            officer = officer_of(request)
            where = [*registers.records_of(officer), _record.c.year == year]
            if wanted:
                where.append(_record.c.series == wanted)
            order = [_record.c.series.asc(), _record.c.seq.asc()]
            rows = [row for rows in registers.every(s, registers.NUMBERS, where, order, MOST_ROWS) for row in rows]
            if len(rows) > MOST_ROWS:
                raise ProblemError(
                    "invalid", f"超过{MOST_ROWS}号，请按代字分别打印 · more than {MOST_ROWS}: print series by series"
                )
            missing = [] if officer.department is Department.UNIT else register.gaps(s, MOST_ROWS)
            head = log.head(s)
            at = f"{head.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if head.at else ""
            return Book(year, _bound(rows, missing), head, at, runtime.rulebook.office.name)

        book = await reading(request, read)
        return self.render(request, "console/register_book.html", {"book": book, "printed_on": local_day(now)})


def _bound(rows: Sequence[Shown], missing: Sequence[str]) -> list[Series]:
    found: dict[tuple[str, int], Series] = {}
    for row in rows:
        series = found.setdefault((row.series, row.year), Series(row.series, row.year))
        series.lines.append(
            Line(
                seq=row.seq,
                number=row.number,
                kind=label(DocumentKind(row.kind)),
                title=row.title,
                unit=row.unit_name or "",
                issued_on=day(row.issued_on),
                state=label(RecordState(row.state)),
                remark="；".join(_remarks(row)),
            )
        )
        series.counted[row.state] += 1
    for series in found.values():
        begins = f"{series.name}〔{series.year}〕"
        series.missing = [number for number in missing if number.startswith(begins)]
    return [found[key] for key in sorted(found)]


def _remarks(row: Shown) -> list[str]:
    """What became of the number, in the words of a register's last column."""
    said = []
    if row.void_reason:
        said.append(row.void_reason)
    if row.successor:
        said.append(_("由%(number)s替代") % {"number": row.successor})
    if row.disposed_at:
        said.append(_("%(day)s已销毁") % {"day": day(local_day(row.disposed_at))})
    return said


def _year(request: Request, now: datetime) -> int:
    text = request.query_params.get("year", "").strip() or str(local_day(now).year)
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ProblemError("invalid", "年度请写成四位数字 · write a year as four digits")
    return int(text)


def _series(request: Request) -> str:
    text = request.query_params.get("series", "").strip()
    if len(text) > _LONGEST or UNSAFE_TEXT.search(text):
        raise ProblemError("invalid", "没有这个代字 · no such series")
    return text
