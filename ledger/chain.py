"""The chain of each holder: hashing, appending, reading (ledger.md rule 7).

The hash of a row covers canonical JSON of every other field, the previous hash among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlmodel import Session

from ledger.tables import HOLDER, JOURNAL, UNIT
from models.ledger import JournalRow
from models.sealing import HashName, digest

GENESIS = "0" * 64
HASHED_FIELDS = tuple(name for name in JournalRow.model_fields if name != "hash")

_INSERT = JOURNAL.insert()
# `head_seq = :known_seq` turns a chain that moved unseen into a fault instead of a fork.
_ADVANCE = (
    HOLDER.update()
    .where(HOLDER.c.id == bindparam("holder_id"), HOLDER.c.head_seq == bindparam("known_seq"))
    .values(head_seq=bindparam("new_seq"), head_hash=bindparam("new_hash"))
)
_HEAD = select(HOLDER.c.head_seq, HOLDER.c.head_hash).where(HOLDER.c.id == bindparam("holder_id"))
_PAGE = (
    select(JOURNAL)
    .join(UNIT, UNIT.c.holder == JOURNAL.c.holder)
    .where(UNIT.c.code == bindparam("unit_code"), JOURNAL.c.seq > bindparam("after_seq"))
    .order_by(JOURNAL.c.seq)
    .limit(bindparam("page_size"))
)


class LedgerFault(Exception):
    """The ledger cannot go on: not a business answer but a defect or a race, to be rolled back and retried."""


def canonical(fields: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no blanks, dates as ISO text and moments in UTC with microseconds."""
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")


def row_hash(fields: Mapping[str, Any], name: HashName = "sm3") -> str:
    """Hex hash of a journal row; `fields` are all its fields, `hash` is left out."""
    return digest(canonical({field: fields[field] for field in HASHED_FIELDS}), name)


def append(connection: Connection, holder: str, known_seq: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write hashed rows that continue `holder`'s chain after `known_seq` and move its head.

    Raises LedgerFault when the head is elsewhere.
    """
    connection.execute(_INSERT, list(rows))
    last = rows[-1]
    head_now = {
        "holder_id": holder,
        "known_seq": known_seq,
        "new_seq": last["seq"],
        "new_hash": last["hash"],
    }
    if connection.execute(_ADVANCE, head_now).rowcount != 1:
        raise LedgerFault("chain head moved")


def head(s: Session, holder: str) -> tuple[int, str]:
    """(sequence, hash) of the newest row; (0, 64 zeros) before the first. Raises LookupError on an unknown holder."""
    row = s.connection().execute(_HEAD, {"holder_id": holder}).first()
    if row is None:
        raise LookupError("no such holder")
    return row.head_seq, row.head_hash


def journal(s: Session, unit: str, after_seq: int = 0, limit: int = 100) -> list[JournalRow]:
    """A page of the chain of the unit's holder: units under one quota see one chain."""
    page = {"unit_code": unit, "after_seq": after_seq, "page_size": limit}
    return [JournalRow.model_validate(dict(row)) for row in s.connection().execute(_PAGE, page).mappings()]
