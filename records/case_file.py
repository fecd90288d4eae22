"""《卷内文件目录》: what it says of a case that has ended, and how it is read back from the file.

Functions take the caller's session and never commit (activities/case_file.py makes the record).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, func, select
from sqlmodel import Session

from docket import cases, commands
from docket.canonical import canonical
from ledger import log
from models.casefile import ActLine, FiledLine, RoundLine, RowLine
from models.enums import (
    CommandKind,
    Department,
    DocumentKind,
    EntryKind,
    RecordState,
    Resource,
    Retention,
    State,
    Step,
    Verdict,
    WarningLevel,
)
from models.refusals import RefusalCode
from models.register import Case, Command, Journal, Record, StepRow, table_of
from models.sealing import HashName, Unsealable, digest
from rules.deadlines import SHANGHAI, local_day

from .unpacking import tables_of

FINAL = [state.value for state in State if state.final]
ALGORITHM: dict[HashName, str] = {"sm3": "SM3", "sha256": "SHA-256"}
_LONGEST = (Retention.PERMANENT, Retention.YEARS_30, Retention.YEARS_10)
_DELTAS = (("核定", "d_authorised"), ("实有", "d_occupied"), ("在途", "d_reserved"), ("预留", "d_set_aside"))
_PERIOD = re.compile(r"\s*[0-9]{8}—([0-9]{8})\s*")
_PINNED = re.compile(r"\s*(事项卷|办理内容)摘要（\S{1,10}，回执([0-9]{1,6})条）：([0-9a-f]{64})\s*")
_PLACE = re.compile(r"（[^）]*）")

_case, _record, _command = table_of(Case), table_of(Record), table_of(Command)
_journal, _step = table_of(Journal), table_of(StepRow)
_own = _record.c.kind == DocumentKind.CASE_FILE.value


def _count(when: Any) -> Any:
    return func.coalesce(func.sum(case((when, 1), else_=0)), 0)


_valid = _own & (_record.c.state == RecordState.VALID.value)
_STANDING = (
    select(
        _case.c.id,
        _count(_record.c.id.is_not(None) & ~_own).label("documents"),
        _count(_record.c.state == RecordState.VOID.value).label("void"),
        _count(~_own & (_record.c.state == RecordState.SUPERSEDED.value)).label("superseded"),
        _count(_record.c.state == RecordState.NUMBERED.value).label("pending"),
        func.max(case((_valid, _record.c.subject))).label("filed"),
        func.max(case((_valid, _record.c.id))).label("record_id"),
        func.max(case((_valid, _record.c.number))).label("number"),
    )
    .select_from(_case.outerjoin(_record, _record.c.case_id == _case.c.id))
    .where(_case.c.state.in_(FINAL))
    .group_by(_case.c.id)
)
_OF_ONE = _STANDING.where(_case.c.id == bindparam("case_id"))
_PAGE = _STANDING.where(_case.c.id > bindparam("after")).order_by(_case.c.id).limit(bindparam("most"))
_DOCUMENTS = (
    select(_record)
    .where(_record.c.case_id == bindparam("case_id"), ~_own)
    .order_by(_record.c.issued_on, _record.c.filed_at, _record.c.series, _record.c.seq)
)
_ACTS = (
    select(
        _command,
        _step.c.verdict.label("verdict"),
        _step.c.reference_no.label("reference_no"),
        _step.c.subject.label("of_subject"),
    )
    .outerjoin(_step, (_step.c.case_id == _command.c.case_id) & (_step.c.command_id == _command.c.id))
    .where(_command.c.case_id == bindparam("case_id"), _command.c.kind != CommandKind.WAKE.value)
    .order_by(_command.c.seq)
)
_ROWS: Select[Any] = (
    select(_journal).where(_journal.c.case_id == bindparam("case_id")).order_by(_journal.c.holder, _journal.c.seq)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case that has ended, and how its valid case file (if any) agrees with its documents.

    `stamp` counts documents, voided numbers and superseded documents: each only ever grows, so the same stamp is the
    same set of documents in the same states. It is the subject of the case file.
    """

    case_id: str
    stamp: str
    pending: int
    filed: str | None
    record_id: str | None
    number: str | None

    @property
    def wanting(self) -> bool:
        """Whether a case file has to be made now; not while a document is still to be filed."""
        return not self.pending and self.filed != self.stamp

    @property
    def settled(self) -> bool:
        return not self.pending and self.filed == self.stamp


def standing(s: Session, case_id: str) -> Standing | None:
    """None while the case has not ended."""
    row = s.connection().execute(_OF_ONE, {"case_id": case_id}).one_or_none()
    return None if row is None else _standing(row)


def unsettled(s: Session, after: str, most: int) -> tuple[list[str], str | None]:
    """Of the next `most` ended cases after id `after`: those without a case file of today, and where to go on (None at
    the end)."""
    rows = s.connection().execute(_PAGE, {"after": after, "most": most}).all()
    found = [each.case_id for each in map(_standing, rows) if not each.settled]
    return found, rows[-1].id if len(rows) == most else None


def _standing(row: Any) -> Standing:
    stamp = f"{row.documents}-{row.void}-{row.superseded}"
    return Standing(row.id, stamp, row.pending, row.filed, row.record_id, row.number)


# --- what it says ------------------------------------------------------------------------------------------------


def contents(s: Session, case_id: str) -> tuple[dict[str, Any], Retention]:
    """The fields of the context that are the case's own, and how long its file is kept: as long as the longest kept
    of its documents."""
    parameters = {"case_id": case_id}
    name: HashName = s.info.get("hash", "sm3")
    documents = s.execute(_DOCUMENTS, parameters).all()
    listed = _documents(documents)
    rounds = [_round(s, row, name) for row in cases.rounds(s, case_id)]
    acts = [_act(s, place, row) for place, row in enumerate(s.execute(_ACTS, parameters).all(), start=1)]
    rows = [_row(row) for row in s.execute(_ROWS, parameters)]
    head = log.head(s)
    kept = {Retention(row.retention) for row in documents}
    retention = next((each for each in _LONGEST if each in kept), Retention.PERMANENT)
    return {
        "retention": retention.label,
        "algorithm": ALGORITHM[name],
        "documents": listed,
        "rounds": rounds,
        "acts": acts,
        "rows": rows,
        "summary": _summary(documents, rounds, acts, rows),
        "remarks": _remarks(listed),
        "log_at": "尚未追加" if head.at is None else moment(head.at),
        "log_size": str(head.size),
        "log_root": head.root,
    }, retention


def moment(at: datetime) -> str:
    """By the clock of Shanghai, to the minute."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def day(at: datetime) -> str:
    return f"{local_day(at):%Y%m%d}"


def application_digest(application: object, name: HashName) -> str:
    """Of a round's application as JSON: what the archive package holds of the case leads to the same digest."""
    return digest(canonical(application).encode(), name)


def _documents(rows: Sequence[Row[Any]]) -> list[FiledLine]:
    numbers = {row.id: row.number for row in rows}
    return [
        FiledLine(
            place=str(place),
            number=row.number,
            responsible=row.issuer,
            title=row.title,
            date=f"{row.issued_on:%Y%m%d}",
            state=RecordState(row.state).label,
            digest=row.digest or "",
            remark=_remark(row, numbers),
        )
        for place, row in enumerate(rows, start=1)
    ]


def _remark(row: Row[Any], numbers: dict[str, str]) -> str:
    said = []
    if row.void_reason:
        said.append(row.void_reason)
    if row.superseded_by:
        said.append(f"由{numbers.get(row.superseded_by, '另一文件')}替代")
    if row.disposed_at is not None:
        said.append(f"{day(row.disposed_at)}销毁")
    return "；".join(said)


def _round(s: Session, row: Row[Any], name: HashName) -> RoundLine:
    try:
        found = application_digest(json.loads(cases.opened_application(s, row)), name)
    except Unsealable:  # a lost key must not keep a case from its case file
        found = ""
    return RoundLine(round=str(row.round), at=moment(row.submitted_at), officer=row.officer_name, digest=found)


_PRESENTED = (CommandKind.START.value, CommandKind.RESUBMIT.value)


def _act(s: Session, place: int, row: Row[Any]) -> ActLine:
    step = Step(row.step).label if row.step else CommandKind(row.kind).label
    subject = _subject(row.subject or row.of_subject or "")
    said = row.verdict or (_said(s, row.id) if row.kind == CommandKind.DECIDE.value else None)
    stand_in = f"（代{row.acting_for_name}）" if row.acting_for_name else ""
    return ActLine(
        place=str(place),
        at=moment(row.decided_at),
        department=Department(row.department).label,
        officer=row.officer_name + stand_in,
        what=f"{step} {subject}" if subject else step,
        verdict=Verdict(said).label if said else "",
        result=_result(row),
        reference_no=row.reference_no or "",
    )


def _subject(code: str) -> str:
    """Slots, persons and problems are known by their codes, a rung of the warnings by its name."""
    return next((level.label for level in WarningLevel if level.value == code), code)


def _said(s: Session, command_id: str) -> str | None:
    """The verdict of a decision that no step keeps: it was refused, or its step was decided again."""
    try:
        found = commands.opened(s, command_id)
    except Unsealable:
        return None
    said = found.body.get("verdict") if found is not None else None
    return said if said in {each.value for each in Verdict} else None


def _result(row: Row[Any]) -> str:
    if row.handled_at is None:
        return "立卷时尚未办理"
    if row.status == "accepted":  # what became of an application the letters say: it may be one of refusal
        return "收悉" if row.kind in _PRESENTED else "采纳"
    code = RefusalCode(row.code).label if row.code else ""
    clause = f"（{_PLACE.sub('', row.clause)}）" if row.clause else ""
    return f"不予采纳：{code}{clause}"


def _row(row: Row[Any]) -> RowLine:
    return RowLine(
        chain=row.holder,
        seq=str(row.seq),
        kind=EntryKind(row.kind).label,
        account=Resource(row.resource).label,
        delta=" ".join(f"{label}{getattr(row, name):+d}" for label, name in _DELTAS if getattr(row, name)),
        hash=row.hash,
    )


def _summary(
    documents: Sequence[Row[Any]], rounds: Sequence[RoundLine], acts: Sequence[ActLine], rows: Sequence[RowLine]
) -> str:
    states = Counter(RecordState(row.state) for row in documents)
    parts = [f"{state.label}{states[state]}件" for state in RecordState if states[state]]
    refused = sum(act.result.startswith("不予采纳") for act in acts)
    return (
        f"本卷共有文件{len(documents)}件" + (f"（{'、'.join(parts)}）" if parts else "") + f"，申请{len(rounds)}轮，"
        f"申请、决定及回执{len(acts)}条（其中不予采纳{refused}条），台账登记{len(rows)}行。"
    )


def _remarks(listed: Sequence[FiledLine]) -> str:
    noted = [f"{line.number}{line.state}：{line.remark}" for line in listed if line.remark]
    return "；".join(noted) or "卷内顺序号连续，无缺件，无作废件。"


# --- how it is read back -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pinned:
    """The digest that a case file prints: of the whole docket, or, as earlier versions did, of its acts alone; and how
    many receipts it covers."""

    whole: bool
    receipts: int
    digest: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the file itself says: number → (state, digest); round → digest; (chain, seq) → hash. `ended` is the day
    on which the case ended, `unit_name` whose it was; `pinned` is None in a file of before it was printed, or of a case
    that could not be opened."""

    documents: dict[str, tuple[str, str]]
    rounds: dict[int, str]
    rows: dict[tuple[str, int], str]
    ended: date
    unit_name: str
    pinned: Pinned | None


def read_back(data: bytes) -> ReadBack:
    """From the .docx alone: its tables are known by the headings of their first row. Raises ValueError when it is not
    such a file."""
    found = [rows for rows in tables_of(data) if rows]
    tables = {rows[0][1]: rows for rows in found if len(rows[0]) > 1}
    try:
        listed, sent, booked = tables["文号"][2:], tables["提交时间"][1:], tables["行次"][2:]
        cells = [cell for rows in found for row in rows for cell in row]
        return ReadBack(
            documents={row[1]: (row[5], below[1]) for row, below in _pairs(listed)},
            rounds={int(row[0]): row[3] for row in sent if len(row) == 4},
            rows={(row[0], int(row[1])): below[0] for row, below in _pairs(booked)},
            ended=_ended(cells),
            unit_name=cells[cells.index("单位名称") + 1].strip(),
            pinned=_pinned([row[0] for row in tables["时间"] if len(row) == 1]),
        )
    except (KeyError, IndexError) as fault:
        raise ValueError(f"{type(fault).__name__}") from fault


def _ended(cells: list[str]) -> date:
    """The last day of the period; raises ValueError."""
    found = _PERIOD.fullmatch(cells[cells.index("起止日期") + 1])
    if found is None:
        raise ValueError("period")
    return datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day without a zone


def _pinned(statements: list[str]) -> Pinned | None:
    found = [match for match in map(_PINNED.fullmatch, statements) if match is not None]
    return Pinned(found[0][1] == "事项卷", int(found[0][2]), found[0][3]) if len(found) == 1 else None


def _pairs(rows: Sequence[list[str]]) -> Iterator[tuple[list[str], list[str]]]:
    """Entries of two rows each; the single row that says that there are none is no entry."""
    if len(rows) > 1:
        yield from zip(rows[::2], rows[1::2], strict=True)
