"""What verification asks of disposals: nothing is gone but by a filed list that names it, and what is gone is gone.

A row marked as destroyed is believed only when an act of disposal says so and the list, a filed document, names its
digest: otherwise whoever can write to the register could call a lost file a destroyed one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, and_, exists, select
from sqlmodel import Session

from models.archives import Disposal, DisposalItem
from models.enums import DisposalState
from models.ledger import Fault
from models.register import Record, table_of

from . import renditions
from .printed import texts
from .store import RecordStore, StoreFault

_record = table_of(Record)
_disposal = table_of(Disposal)
_item = table_of(DisposalItem)
_list = _record.alias("disposal_list")
_other = _record.alias("another")

_DESTROYED = (
    select(
        _record.c.id,
        _record.c.number,
        _record.c.disposed_at,
        _record.c.digest,
        _item.c.digest.label("listed_digest"),
        _disposal.c.no,
        _list.c.digest.label("list_digest"),
        exists()
        .where(_other.c.digest == _record.c.digest, _other.c.id != _record.c.id, _other.c.disposed_at.is_(None))
        .label("shared"),
    )
    .select_from(_item)
    .join(_disposal, _disposal.c.id == _item.c.disposal)
    .join(_record, _record.c.id == _item.c.record_id)
    .outerjoin(_list, _list.c.id == _disposal.c.list_record)
    .where(_disposal.c.state == DisposalState.DESTROYED.value, _item.c.struck_reason.is_(None))
    .order_by(_disposal.c.no, _record.c.series, _record.c.year, _record.c.seq)
)
_UNLISTED = (
    select(_record.c.number)
    .where(
        _record.c.disposed_at.is_not(None),
        ~exists().where(
            _item.c.record_id == _record.c.id,
            _item.c.struck_reason.is_(None),
            and_(_disposal.c.id == _item.c.disposal, _disposal.c.state == DisposalState.DESTROYED.value),
        ),
    )
    .order_by(_record.c.series, _record.c.year, _record.c.seq)
)


def faults(s: Session, store: RecordStore | None) -> Iterator[Fault]:
    """Disposals against register and store; without a store, against the register alone."""
    for row in s.execute(_UNLISTED):
        yield Fault(where=row.number, what="标为已销毁而没有销毁清册 · marked as destroyed, and no list says so")
    lists: dict[str, str | None] = {}
    for row in s.execute(_DESTROYED):
        if row.disposed_at is None or row.digest != row.listed_digest:
            yield Fault(where=row.number, what=f"与{row.no}的清册不符 · its row is not what the list says")
        if row.list_digest is None:
            yield Fault(where=row.number, what=f"{row.no}的销毁清册尚未归档 · the list is not filed yet")
        if store is not None:
            yield from _in_store(s, store, row, lists)


def _in_store(s: Session, store: RecordStore, row: Row[Any], lists: dict[str, str | None]) -> Iterator[Fault]:
    try:
        there = [] if row.shared or not store.has(row.digest) else [row.number]
        forms = [each for each in renditions.endings(s, row.id) if store.has(*each)]
    except StoreFault as error:
        yield Fault(where=row.number, what=str(error))
        return
    for where in [*there, *(f"{row.number}（{ending}）" for _digest, ending in forms)]:
        yield Fault(where=where, what="已销毁的文件仍在存储中 · destroyed, and its file is still in the store")
    if row.list_digest is None:
        return
    if row.list_digest not in lists:
        lists[row.list_digest] = _text(store, row.list_digest)
    named = lists[row.list_digest]
    if named is not None and row.digest not in named:
        yield Fault(where=row.number, what=f"{row.no}的清册上没有此件 · the list does not name it")


def _text(store: RecordStore, digest: str) -> str | None:
    """What the list says; None when it cannot be read, which is told of the list's own record."""
    try:
        return "".join(texts(store.get(digest)))
    except StoreFault:
        return None
