"""A register as full as one wants it, in seconds: cases that the real activities took so far, copied many times over,
and journal rows in bulk.

The copies are read like any case (their sealed texts are sealed anew, bound to their own rows); the journal rows have
the shape and the keys of real ones and no chain, so a register made here is for reading speed and never verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count, islice
from typing import Any

from sqlalchemy import Row, Table, insert, select
from sqlmodel import Session

from docket.commands import keyring_of
from models.register import (
    Account,
    Case,
    Command,
    Holder,
    Journal,
    Notice,
    Record,
    RoundRow,
    Slip,
    SlotRow,
    StepRow,
    Unit,
    table_of,
)
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    RESEARCH,
    Office,
    application,
    authorise,
)

UNITS = 100
_BATCH = 20_000
_COPIED = [table_of(model) for model in (Case, RoundRow, Command, StepRow, Slip, SlotRow, Record, Notice)]
_PEOPLE = ("officer", "applicant")
_KEY = {"case_file": "id", "slot": "slip_id"}
_MIX = ("waiting", "waiting", "examined", "issued", "approved", "entered", "returned", "rejected", *["closed"] * 12)
"""Of twenty cases eight are under way: an office of some years has far more behind it than before it."""


def fill(office: Office, cases: int, journal_rows: int) -> dict[str, str]:
    """Put so many cases and journal rows into the office's register; of each stage the id of the last case."""
    with office.database.write() as s:
        authorise(s, office, len(_STAGES))
    models = {stage: make(office) for stage, make in _STAGES.items()}
    with office.database.write() as s:
        units = _units(s)
        patterns = {stage: _Pattern.of(s, case_id) for stage, case_id in models.items()}
        made: dict[Table, list[dict[str, Any]]] = {table: [] for table in _COPIED}
        last: dict[str, str] = {}
        for number in range(1, cases + 1):
            stage = _MIX[number % len(_MIX)]
            last[stage] = patterns[stage].copy(s, number, _unit_of(number, units), cases, made)
        for table, rows in made.items():
            for part in _parts(_by_columns(rows)):
                s.execute(insert(table), part)
        _journal(s, units, journal_rows, office.now)
    return last


def _unit_of(number: int, units: list[str]) -> str:
    """Every tenth case is of the unit that the measurements look at: a page of its own list is full at each size."""
    return RESEARCH if number % 10 == 3 else units[number % len(units)]


# --- real cases, one of each stage ---------------------------------------------------------------------------------


def _waiting(office: Office) -> str:
    return office.opened(application(meeting=f"模板{next(_NUMBERS)}"))


def _examined(office: Office) -> str:
    case_id = _waiting(office)
    office.accepted(office.decide(case_id, "examine", EXAMINER, opinion="符合规定，建议核定"))
    return case_id


def _issued(office: Office) -> str:
    case_id = _examined(office)
    office.accepted(office.decide(case_id, "issue", ISSUER))
    return case_id


def _approved(office: Office) -> str:
    case_id = _issued(office)
    office.accepted(office.approve(case_id, _slot(office, case_id), 300 + next(_NUMBERS)))
    return case_id


def _entered(office: Office) -> str:
    case_id = _issued(office)
    office.entered(case_id, _slot(office, case_id), 300 + next(_NUMBERS))
    return case_id


def _closed(office: Office) -> str:
    case_id = _entered(office)
    slot = _slot(office, case_id)
    office.accepted(office.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot))
    office.accepted(office.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot))
    return case_id


def _turned(verdict: str) -> Any:
    def make(office: Office) -> str:
        case_id = _waiting(office)
        office.accepted(office.decide(case_id, "examine", EXAMINER, verdict))
        return case_id

    return make


def _slot(office: Office, case_id: str) -> str:
    slip = office.docket(case_id).slip
    if slip is None:
        raise LookupError("no slip")
    return slip.slots[0].code


_NUMBERS = count(1)
_STAGES = {
    "waiting": _waiting,
    "examined": _examined,
    "issued": _issued,
    "approved": _approved,
    "entered": _entered,
    "closed": _closed,
    "returned": _turned("return"),
    "rejected": _turned("reject"),
}


# --- copies --------------------------------------------------------------------------------------------------------


@dataclass
class _Line:
    """A row to be copied: what stays, what is spelt anew with `{n}` and `{u}`, and what moves in time."""

    table: Table
    fixed: dict[str, Any]
    spelt: dict[str, str]
    moments: dict[str, datetime]


@dataclass
class _Pattern:
    """All rows of one real case, and its texts in clear."""

    lines: list[_Line]
    application: str
    details: dict[tuple[str, str, str], str]
    round: int
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, s: Session, case_id: str) -> _Pattern:
        rows = list(_rows(s, case_id))
        names = _renamed(rows)
        keyring = keyring_of(s)
        application_text, details, number = "", {}, 1
        for table, row in rows:
            if table.name == "case_round":
                number = row.round
                place = f"{case_id}|{row.round}"
                application_text = keyring.open_column(
                    row.application_sealed, "case_round", "application_sealed", place
                )
            if table.name == "step":
                for column in ("opinion", "detail"):
                    sealed = getattr(row, f"{column}_sealed")
                    if sealed is not None:
                        place = f"{case_id}|{row.step}|{row.round}|{row.subject}"
                        text = keyring.open_column(sealed, "step", column, place)
                        details[row.step, row.subject, column] = _respelt(text, names)
        return cls([_line(table, row, names) for table, row in rows], application_text, details, number, names)

    def copy(self, s: Session, number: int, unit: str, of: int, made: dict[Table, list[dict[str, Any]]]) -> str:
        """Append the rows of a copy, older the lower its number; deadlines lie on both sides of today."""
        keyring = keyring_of(s)
        past = timedelta(days=-(number * 7 % 15), minutes=number - of)
        case_id = f"{number:032d}"
        for line in self.lines:
            row = line.fixed | {name: text.format(n=number, u=unit) for name, text in line.spelt.items()}
            row |= {name: moment + past for name, moment in line.moments.items()}
            row |= {name: _of_unit(row[name], unit) for name in _PEOPLE if name in row}
            if line.table.name == "case_file":
                row |= {"serial": 1_000_000 + number}
            elif line.table.name == "record":
                row |= {"seq": row["seq"] * 1_000_000 + number, "year": row["year"] - 1, "chain_seq": None}
            elif line.table.name == "case_round":
                text = self.application.replace(RESEARCH, unit)
                row["application_sealed"] = keyring.seal_column(
                    text, "case_round", "application_sealed", f"{case_id}|{row['round']}"
                )
            elif line.table.name == "step":
                self._seal(s, case_id, line, row, number)
            made[line.table].append(row)
        return case_id

    def _seal(self, s: Session, case_id: str, line: _Line, row: dict[str, Any], number: int) -> None:
        subject = line.spelt.get("subject", "")
        original = next((old for old, new in self.names.items() if new == subject), row["subject"])
        for column in ("opinion", "detail"):
            text = self.details.get((row["step"], original, column))
            if text is not None:
                place = f"{case_id}|{row['step']}|{row['round']}|{row['subject']}"
                row[f"{column}_sealed"] = keyring_of(s).seal_column(_spelt(text, number), "step", column, place)


def _of_unit(officer: str | None, unit: str) -> str | None:
    """Every unit has an applicant of its own: nobody has ten thousand acts in the cases of a hundred units."""
    return f"{officer}-{unit}" if officer == APPLICANT.id and unit != RESEARCH else officer


def _rows(s: Session, case_id: str) -> Iterator[tuple[Table, Row[Any]]]:
    slips = s.execute(select(table_of(Slip).c.id).where(table_of(Slip).c.case_id == case_id)).scalars().all()
    for table in _COPIED:
        key = table.c[_KEY.get(table.name, "case_id")]
        for row in s.execute(select(table).where(key.in_(slips) if table.name == "slot" else key == case_id)):
            yield table, row


def _renamed(rows: list[tuple[Table, Row[Any]]]) -> dict[str, str]:
    """Old name → pattern of the new one, the longest first so that no name is found inside another."""
    names: dict[str, str] = {}
    for place, (table, row) in enumerate(rows):
        match table.name:
            case "case_file":
                names |= {row.id: "{n:032d}", row.no: "用编2025-{n:07d}"}
            case "command":
                names |= {row.id: row.officer + f"~copy-{{n}}-{place}", row.key: f"copy-{{n}}-{place}"}
            case "slip":
                names |= {row.id: "slip-{n}", row.number: "示编核〔2025〕{n}号"}
            case "slot":
                names[row.code] = f"Z{{n:08d}}{place:02d}"
            case "record":
                names |= {row.id: f"record-{{n}}-{place}", row.code: f"copy{{n}}x{place}"}
    names[RESEARCH] = "{u}"
    return dict(sorted(names.items(), key=lambda each: -len(each[0])))


def _respelt(text: str, names: dict[str, str]) -> str:
    """The text with `\\0pattern\\0` for each old name: braces of JSON stay what they are."""
    for old, new in names.items():
        text = text.replace(old, f"\0{new}\0")
    return text


def _spelt(text: str, number: int) -> str:
    parts = text.split("\0")
    return "".join(part.format(n=number, u=RESEARCH) if place % 2 else part for place, part in enumerate(parts))


def _line(table: Table, row: Row[Any], names: dict[str, str]) -> _Line:
    line = _Line(table, {}, {}, {})
    for name, value in row._mapping.items():
        if name == "id" and isinstance(value, int):
            continue  # counted by the database
        if isinstance(value, datetime):
            line.moments[name] = value
        elif isinstance(value, str) and any(old in value for old in names):
            line.spelt[name] = _as_format(value, names)
        else:
            line.fixed[name] = value
    if table.name == "notice":
        line.spelt["key"] = line.spelt.get("key", row.key) + "|{n}"
    return line


def _as_format(value: str, names: dict[str, str]) -> str:
    parts = _respelt(value, names).split("\0")
    return "".join(
        part if place % 2 else part.replace("{", "{{").replace("}", "}}") for place, part in enumerate(parts)
    )


def _by_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same columns in every row, as one insert wants them."""
    names = {name for row in rows for name in row}
    return [dict.fromkeys(names) | row for row in rows]


def _parts(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    going = iter(rows)
    while part := list(islice(going, _BATCH)):
        yield part


# --- units and journal ---------------------------------------------------------------------------------------------


def _units(s: Session) -> list[str]:
    """Units beside the two of the office, each with an account."""
    codes = [f"11999900009{n:07d}" for n in range(UNITS)]
    s.execute(insert(table_of(Holder)), [{"id": code, "name": code, "head_seq": 0} for code in codes])
    s.execute(
        insert(table_of(Unit)),
        [
            {"code": code, "name": f"示范第{n}局", "kind": "organ", "holder": code, "certificate_no": f"示编证9{n}"}
            for n, code in enumerate(codes, 1)
        ],
    )
    account = {"resource": "headcount:administrative", "authorised": 120, "occupied": 100}
    s.execute(insert(table_of(Account)), [account | {"id": f"{code}|a", "holder": code} for code in codes])
    return codes


def _journal(s: Session, units: list[str], rows: int, now: datetime) -> None:
    """In the order of the chains, as a register grows."""
    share = rows // len(units)
    for unit in units:
        for part in _parts(_journal_rows(unit, share, now)):
            s.execute(insert(table_of(Journal)), part)


def _journal_rows(unit: str, number: int, now: datetime) -> Iterable[dict[str, Any]]:
    fixed = {
        "holder": unit,
        "unit": unit,
        "account": f"{unit}|a",
        "resource": "headcount:administrative",
        "kind": "POST",
        "effective_on": date(2020, 1, 1),
        "d_authorised": 0,
        "d_reserved": 0,
        "d_set_aside": 0,
        "d_tolerated": 0,
        "step": "enter",
        "round": 1,
        "subject": "",
        "payload_hash": "0" * 64,
        "prev_hash": "0" * 64,
        "hash": "0" * 64,
    }
    for seq in range(1, number + 1):
        yield fixed | {
            "seq": seq,
            "recorded_at": now - timedelta(minutes=number - seq),
            "d_occupied": 1 if seq % 2 else -1,
            "case_id": f"before-{unit}-{seq // 20}",
            "key": f"{unit}|{seq:08d}",
        }
