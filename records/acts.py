"""What became of a number after it was given: 作废 and 替代 as rows of a chain per series and year.

The row of a record cannot be hashed with its state, which changes; so each change is a row of its own, added once and
never touched, chained and taken by the transparency log. A state that no such row explains was altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger.chain import GENESIS, canonical
from models.archives import RecordAct
from models.enums import RecordState
from models.ledger import Fault
from models.register import Record, table_of
from models.sealing import HashName, digest, same

_ACT = table_of(RecordAct)
_FIELDS = tuple(name for name in RecordAct.model_fields if name != "hash")
_DETAIL = {RecordState.VOID.value: "void_reason", RecordState.SUPERSEDED.value: "superseded_by"}
_INSERT = _ACT.insert()
_OF_SERIES = (
    select(_ACT)
    .where(_ACT.c.series == bindparam("of_series"), _ACT.c.year == bindparam("of_year"))
    .order_by(_ACT.c.seq)
)
_HEAD = (
    select(_ACT.c.seq, _ACT.c.hash)
    .where(_ACT.c.series == bindparam("of_series"), _ACT.c.year == bindparam("of_year"))
    .order_by(_ACT.c.seq.desc())
    .limit(1)
)


def act_hash(fields: Mapping[str, Any], name: HashName) -> str:
    """Over canonical JSON of every other field, the hash of the act before among them."""
    return digest(canonical({field: fields[field] for field in _FIELDS}), name)


def write(s: Session, record: Record, act: RecordState, detail: str, at: datetime) -> None:
    """Add the act to the chain of the record's series; the caller holds the series."""
    connection = s.connection()
    head = connection.execute(_HEAD, {"of_series": record.series, "of_year": record.year}).first()
    row: dict[str, Any] = {
        "series": record.series,
        "year": record.year,
        "seq": head.seq + 1 if head else 1,
        "record_id": record.id,
        "act": act.value,
        "detail": detail,
        "at": at,
        "prev_hash": head.hash if head else GENESIS,
    }
    name: HashName = s.info.get("hash", "sm3")
    connection.execute(_INSERT, row | {"hash": act_hash(row, name)})


class Stated(Protocol):
    """A row of the register of numbers, in the database or in a package."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def state(self) -> str: ...
    @property
    def void_reason(self) -> str | None: ...
    @property
    def superseded_by(self) -> str | None: ...


def faults(s: Session, series: str, year: int, rows: Iterable[Record], name: HashName) -> Iterator[Fault]:
    """The chain of acts of a series, and every record's state against the last act on it."""
    told = s.connection().execute(_OF_SERIES, {"of_series": series, "of_year": year}).mappings()
    yield from replayed([dict(act) for act in told], rows, series, year, name)


def replayed(
    acts: Iterable[Mapping[str, Any]],
    rows: Iterable[Stated],
    series: str,
    year: int,
    name: HashName,
    *,
    whole: bool = True,
) -> Iterator[Fault]:
    """The acts of a series in order, and the states of `rows` against them. Not `whole`: only some of the chain's
    links are at hand, each of which still hashes to what it says."""
    told: dict[str, dict[str, str | None]] = {}
    before, expected = GENESIS, 1
    for act in acts:
        seq = act["seq"]
        where = f"{series}〔{year}〕变动#{seq}"
        if whole and seq != expected:
            yield Fault(where=f"{series}〔{year}〕变动#{expected}", what="登记变动缺行 · an act is missing")
        elif seq == expected and not same(act["prev_hash"], before):
            yield Fault(where=where, what="登记变动链断开 · the chain of acts is broken here")
        if not same(act_hash(act, name), act["hash"]):
            yield Fault(where=where, what="登记变动被改动 · an act was altered")
        before, expected = act["hash"], seq + 1
        told.setdefault(act["record_id"], {}).update(
            {"state": act["act"], _DETAIL.get(act["act"], "state"): act["detail"]}
        )
    for row in rows:
        if not _explained(row, told.pop(row.id, {})):
            yield Fault(where=row.number, what="状态与登记变动不符 · its state is not what the acts on it say")
    for ident in sorted(told):
        yield Fault(where=f"{series}〔{year}〕{ident}", what="登记变动没有对应的文件 · acts on no record of the series")


def _explained(row: Stated, told: Mapping[str, str | None]) -> bool:
    """Whether state, reason and successor are those of the acts on it; without any, those of a number or a file."""
    state = RecordState.VALID if row.digest is not None else RecordState.NUMBERED
    return (
        row.state == told.get("state", state.value)
        and (row.void_reason or "") == (told.get("void_reason") or "")
        and (row.superseded_by or "") == (told.get("superseded_by") or "")
    )
