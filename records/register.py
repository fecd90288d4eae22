"""The register of official records: number first, file after, rows of a series chained when filed.

Functions take the caller's session and never commit. The order is that of documents.md 4: `prepare` in the
transaction of the decision, render from `context_of` alone, store, then `file` in a second transaction.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from models.docket import RecordView
from models.documents import CONTEXT_OF, DocumentContext
from models.enums import DocumentKind, RecordState, Retention
from models.register import Record, Series, table_of
from models.sealing import HashName, Keyring, digest

from . import acts, numbering
from .numbering import number_text
from .retention import told

__all__ = [
    "CODE_PATTERN",
    "GENESIS",
    "Draft",
    "RecordFault",
    "by_code",
    "by_digest",
    "context_of",
    "fault",
    "file",
    "gaps",
    "get",
    "neighbours",
    "number_text",
    "of_case",
    "pending",
    "prepare",
    "row_hash",
    "series_page",
    "supersede",
    "void",
]

GENESIS = "0" * 64
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is misread when typed from paper
_CODE_GROUPS, _GROUP = 4, 4
CODE_PATTERN = re.compile(rf"(?<![0-9A-Z-])[{_CODE_ALPHABET}]{{4}}(?:-[{_CODE_ALPHABET}]{{4}}){{3}}(?![0-9A-Z-])")
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})

# What the hash of a filed row covers: all but what may change after filing (state and its reasons).
CHAINED = (
    "id",
    "series",
    "year",
    "seq",
    "number",
    "kind",
    "title",
    "case_id",
    "step",
    "round",
    "subject",
    "unit",
    "issuer",
    "officers",
    "code",
    "template_digest",
    "retention",
    "digest",
    "size",
    "chain_seq",
    "prev_hash",
)


_RECORD = table_of(Record)
_SERIES = table_of(Series)
_INSERT = insert(_RECORD)
_BY_ID = core_select(_RECORD).where(_RECORD.c.id == bindparam("record"))
_HEAD = (
    core_select(_RECORD.c.chain_seq, _RECORD.c.hash)
    .where(
        _RECORD.c.series == bindparam("of_series"),
        _RECORD.c.year == bindparam("of_year"),
        _RECORD.c.chain_seq.is_not(None),
    )
    .order_by(_RECORD.c.chain_seq.desc())
    .limit(1)
)
_FILE = (
    update(_RECORD)
    .where(_RECORD.c.id == bindparam("record"))
    .values(
        state=RecordState.VALID.value,
        fault=None,
        digest=bindparam("new_digest"),
        size=bindparam("new_size"),
        filed_at=bindparam("new_filed_at"),
        chain_seq=bindparam("new_chain_seq"),
        prev_hash=bindparam("new_prev_hash"),
        template_digest=bindparam("new_template_digest"),
        hash=bindparam("new_hash"),
    )
)


class RecordFault(Exception):
    """The register does not allow it: a programming or data fault, never a business refusal."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document is before it has a number. `series` is the 代字, e.g. 示编核; its year is that of `issued_on`.

    (case_id, step, round, subject, kind) is the identity: a retry finds the same record again.
    """

    kind: DocumentKind
    series: str
    title: str
    case_id: str
    step: str
    round: int
    subject: str
    unit: str
    issued_on: date
    issuer: str
    template_digest: str
    officers: dict[str, str] = field(default_factory=dict)
    retention: Retention = Retention.PERMANENT


def prepare(s: Session, draft: Draft, context: Callable[[str, str], DocumentContext]) -> Record:
    """The record of the draft: found again unchanged, or numbered now with its context frozen and sealed.

    `context(number as printed, verification code)` makes the context; it is called once per record, ever. The
    answer is a detached row.
    """
    found = _of_draft(s, draft)
    if found is not None:
        return found
    if s.get_bind().dialect.name != "sqlite":
        # The lock comes before the second look: of two sessions with one draft the later one finds the first's
        # record here, and no number is spent on a row that the unique key would refuse. SQLite has one writer.
        numbering.lock(s, draft.series, draft.issued_on.year)
        found = _of_draft(s, draft)
        if found is not None:
            return found
    year = draft.issued_on.year
    seq = numbering.take(s, draft.series, year)
    number, code = number_text(draft.series, year, seq), new_code()
    frozen = context(number, code)
    if type(frozen) is not CONTEXT_OF[draft.kind]:
        raise RecordFault(f"{draft.kind}: context is {type(frozen).__name__}")
    if frozen.number != number or frozen.seal.code != code:
        raise RecordFault(f"{draft.kind}: context does not carry its number and code")
    ident = record_id(draft)
    values: dict[str, Any] = {
        "id": ident,
        "series": draft.series,
        "year": year,
        "seq": seq,
        "number": number,
        "kind": draft.kind.value,
        "title": draft.title,
        "case_id": draft.case_id,
        "step": draft.step,
        "round": draft.round,
        "subject": draft.subject,
        "unit": draft.unit,
        "issued_on": draft.issued_on,
        "issuer": draft.issuer,
        "officers": json.dumps(draft.officers, ensure_ascii=False, sort_keys=True),
        "code": code,
        "context_sealed": _keyring(s).seal_column(frozen.model_dump_json(), "record", "context_sealed", ident),
        "template_digest": draft.template_digest,
        "retention": draft.retention.value,
        "state": RecordState.NUMBERED.value,
    }
    s.connection().execute(_INSERT, values)
    return Record(**values)


def context_of(s: Session, record: Record) -> DocumentContext:
    """The frozen context. Raises Unsealable when the column was altered or moved from another row."""
    text = _keyring(s).open_column(record.context_sealed, "record", "context_sealed", record.id)
    return CONTEXT_OF[DocumentKind(record.kind)].model_validate_json(text)


def pending(s: Session, case_id: str) -> list[Record]:
    """Numbered records of the case whose file is not yet in the store, in order of number."""
    statement = (
        select(Record)
        .where(Record.case_id == case_id, Record.state == RecordState.NUMBERED.value)
        .order_by(col(Record.series), col(Record.year), col(Record.seq))
    )
    return list(s.exec(statement))


def file(
    s: Session, record_id: str, digest: str, size: int, at: datetime, *, template_digest: str | None = None
) -> Record:
    """Enter the stored file: the row becomes valid and joins the chain of its series. Repeating it is harmless.

    Raises RecordFault for an unknown or void record, or when another digest was filed for it.
    """
    connection = s.connection()
    row = connection.execute(_BY_ID, {"record": record_id}).one_or_none()
    if row is not None and connection.dialect.name != "sqlite":
        # two filings must not take one place in the chain; SQLite has one writer
        numbering.lock(s, row.series, row.year)
        row = connection.execute(_BY_ID, {"record": record_id}).one_or_none()
    if row is None:
        raise RecordFault(f"no record {record_id}")
    if row.digest is not None:
        if row.digest != digest:
            raise RecordFault(f"{row.number}: filed with another digest")
        return Record(**row._mapping)
    if row.state != RecordState.NUMBERED.value:
        raise RecordFault(f"{row.number}: is {row.state}, cannot be filed")
    head = connection.execute(_HEAD, {"of_series": row.series, "of_year": row.year}).one_or_none()
    filed: dict[str, Any] = {
        "digest": digest,
        "size": size,
        "filed_at": at,
        "chain_seq": head.chain_seq + 1 if head else 1,
        "prev_hash": head.hash if head else GENESIS,
        # empty when the template could not be read at numbering: then the one that made the file counts
        "template_digest": row.template_digest or template_digest or "",
    }
    fields = dict(row._mapping) | filed
    filed["hash"] = hash_of(fields, _hash_name(s))
    connection.execute(_FILE, {"record": record_id} | {f"new_{name}": value for name, value in filed.items()})
    return Record(**fields | filed | {"state": RecordState.VALID.value, "fault": None})


def fault(s: Session, record_id: str, text: str) -> None:
    """Why the file could not be made yet; the number stays and the record stays pending (P22)."""
    record = _locked(s, record_id)
    record.fault = text[:500]
    s.add(record)
    s.flush()


def void(s: Session, record_id: str, reason: str, at: datetime | None = None) -> Record:
    """作废: the number stays in the register with the reason and is never given again. `at`: now, unless said."""
    record = _locked(s, record_id)
    if record.state == RecordState.VOID.value:
        return record
    if not reason.strip():
        raise RecordFault(f"{record.number}: a void number needs its reason")
    record.state, record.void_reason = RecordState.VOID.value, reason
    acts.write(s, record, RecordState.VOID, reason, at or datetime.now(UTC))
    s.add(record)
    s.flush()
    return record


def supersede(s: Session, record_id: str, by: str, at: datetime | None = None) -> Record:
    """The record gives way to record `by` (its id); repeating it is harmless. `at`: now, unless said.

    Raises RecordFault for a void record, an unknown successor, or one that the record itself has taken the place of.
    """
    record = _locked(s, record_id)
    if (record.state, record.superseded_by) == (RecordState.SUPERSEDED.value, by):
        return record
    if record.state == RecordState.VOID.value:
        raise RecordFault(f"{record.number}: is void and gives way to nothing")
    following: str | None = by
    while following is not None:
        row = s.get(Record, following)
        if row is None or row.id == record_id:
            raise RecordFault(f"{record.number}: no such successor")
        following = row.superseded_by
    record.state, record.superseded_by = RecordState.SUPERSEDED.value, by
    acts.write(s, record, RecordState.SUPERSEDED, by, at or datetime.now(UTC))
    s.add(record)
    s.flush()
    return record


def of_case(s: Session, case_id: str) -> list[RecordView]:
    statement = (
        select(Record)
        .where(Record.case_id == case_id)
        .order_by(
            col(Record.kind) == DocumentKind.CASE_FILE.value,  # it lists the others
            col(Record.issued_on),
            col(Record.filed_at),
            col(Record.series),
            col(Record.seq),
        )
    )
    return told(s, s.exec(statement))


def get(s: Session, record_id: str) -> RecordView | None:
    row = s.get(Record, record_id)
    return None if row is None else told(s, [row])[0]


def by_code(s: Session, code: str) -> RecordView | None:
    """By verification code, however it was typed: spaces, dashes, lower case and O/I/L are understood."""
    row = s.exec(select(Record).where(Record.code == canonical_code(code))).first()
    return None if row is None else told(s, [row])[0]


def by_digest(s: Session, digest: str) -> RecordView | None:
    row = s.exec(select(Record).where(Record.digest == digest)).first()
    return None if row is None else told(s, [row])[0]


def series_page(s: Session, series: str, year: int, after: int = 0, limit: int = 1000) -> list[RecordView]:
    """Records of a series in order of number, those after `after`."""
    statement = (
        select(Record)
        .where(Record.series == series, Record.year == year, Record.seq > after)
        .order_by(col(Record.seq))
        .limit(limit)
    )
    return told(s, s.exec(statement))


def row_hash(row: Record, algorithm: HashName) -> str:
    """Hash of a filed row, as verification computes it again."""
    return hash_of({name: getattr(row, name) for name in (*CHAINED, "issued_on", "filed_at")}, algorithm)


def hash_of(fields: Mapping[str, Any], algorithm: HashName) -> str:
    """Hash over canonical JSON of CHAINED, the issue date and the moment of filing (UTC)."""
    filed_at: datetime | None = fields["filed_at"]
    body: dict[str, object] = {name: fields[name] for name in CHAINED}
    body["issued_on"] = fields["issued_on"].isoformat()
    body["filed_at"] = "" if filed_at is None else filed_at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return digest(text.encode(), algorithm)


def record_id(draft: Draft) -> str:
    """32 hex characters made from the identity of the draft: the same on every retry."""
    key = "|".join([draft.case_id, draft.step, str(draft.round), draft.subject, draft.kind.value])
    return sha256(key.encode()).hexdigest()[:32]


def new_code() -> str:
    """A random verification code of 80 bits, e.g. 7K3M-9QXT-2H8B-4WZD."""
    return "-".join("".join(secrets.choice(_CODE_ALPHABET) for _ in range(_GROUP)) for _ in range(_CODE_GROUPS))


def canonical_code(typed: str) -> str:
    """A code as typed by a person, brought to the stored form."""
    kept = "".join(c for c in typed.upper() if c.isascii() and c.isalnum()).translate(_MISREAD)
    return "-".join(kept[i : i + _GROUP] for i in range(0, len(kept), _GROUP))


def _of_draft(s: Session, draft: Draft) -> Record | None:
    found = s.connection().execute(_BY_ID, {"record": record_id(draft)}).one_or_none()
    return Record(**found._mapping) if found is not None else None


def _locked(s: Session, record_id: str) -> Record:
    """The row, with its series held, so that two filings cannot take one place in the chain."""
    record = s.get(Record, record_id)
    if record is None:
        raise RecordFault(f"no record {record_id}")
    numbering.lock(s, record.series, record.year)
    s.refresh(record)
    return record


def _keyring(s: Session) -> Keyring:
    keyring = s.info["keyring"]
    if not isinstance(keyring, Keyring):
        raise RecordFault("session carries no keyring")
    return keyring


def _hash_name(s: Session) -> HashName:
    name: HashName = s.info.get("hash", "sm3")
    return name


def gaps(s: Session, most: int = 100) -> list[str]:
    """Numbers that were given and stand nowhere, as printed; each is a fault, for a void number keeps its row."""
    rows = func.count(_RECORD.c.seq).label("rows")
    held = and_(_RECORD.c.series == _SERIES.c.name, _RECORD.c.year == _SERIES.c.year)
    short = (
        core_select(_SERIES.c.name, _SERIES.c.year, _SERIES.c.last)
        .outerjoin(_RECORD, held)
        .where(_SERIES.c.name.not_like(f"{numbering.TALLY}%"))
        .group_by(_SERIES.c.name, _SERIES.c.year, _SERIES.c.last)
        .having(rows != _SERIES.c.last)
        .order_by(_SERIES.c.name, _SERIES.c.year)
    )
    found: list[str] = []
    for series in s.execute(short):
        taken = core_select(_RECORD.c.seq).where(_RECORD.c.series == series.name, _RECORD.c.year == series.year)
        there = set(s.execute(taken).scalars())
        missing = (seq for seq in range(1, series.last + 1) if seq not in there)
        found += [number_text(series.name, series.year, seq) for seq in islice(missing, most - len(found))]
    return found


def neighbours(s: Session, record_id: str) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    """(id, number) of the records before and after in the same series and year."""
    row = s.execute(_BY_ID, {"record": record_id}).one()
    same_series = core_select(_RECORD.c.id, _RECORD.c.number).where(
        _RECORD.c.series == row.series, _RECORD.c.year == row.year
    )
    before = s.execute(same_series.where(_RECORD.c.seq < row.seq).order_by(_RECORD.c.seq.desc()).limit(1)).first()
    after = s.execute(same_series.where(_RECORD.c.seq > row.seq).order_by(_RECORD.c.seq).limit(1)).first()
    return (before.id, before.number) if before else None, (after.id, after.number) if after else None
