"""Retention read from the register: what each record's period is, whether it is held, and what is due.

Functions take the caller's session and never commit. Periods are those of `rules.retention`; in SQL they are one
comparison per class, so that a list of what is due needs no pass over the register.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlmodel import Session

from models.archives import Disposal, DisposalItem, RecordHold
from models.disposals import RetentionPage, RetentionRow
from models.docket import RecordView
from models.enums import DisposalState, DocumentKind, Retention, RetentionBar
from models.register import Case, Record, Unit, table_of
from models.shape import Day, RowId
from rules.deadlines import SHANGHAI, local_day
from rules.retention import ends_on, formed_before

_record = table_of(Record)
_case = table_of(Case)
_unit = table_of(Unit)
_hold = table_of(RecordHold)
_disposal = table_of(Disposal)
_item = table_of(DisposalItem)
_list = _record.alias("disposal_list")

MOST_COUNTED = 100_000
"""What remains beyond a list is counted up to here."""


# --- what a record's own view says --------------------------------------------------------------------------------


def told(s: Session, rows: Iterable[Any]) -> list[RecordView]:
    """Views of rows of the register, each with its period, whether it is held, and what became of it."""
    kept = list(rows)
    if not kept:
        return []
    ended = _ended(s, {row.case_id for row in kept if row.case_id})
    held = _held(s, kept)
    lists = _lists(s, [row.id for row in kept if row.disposed_at is not None])
    return [
        RecordView.of(row).model_copy(
            update={
                "retention_until": period_of(row, ended.get(row.case_id)),
                "held": row.id in held,
                "disposed_on": None if row.disposed_at is None else local_day(row.disposed_at),
                "disposal_list": lists.get(row.id),
            }
        )
        for row in kept
    ]


def period_of(row: Any, case_closed_at: datetime | None) -> date | None:
    """The last day of the period of a row of `record`."""
    return ends_on(
        Retention(row.retention),
        row.issued_on,
        of_case=bool(row.case_id),
        case_ended_on=None if case_closed_at is None else local_day(case_closed_at),
    )


def _ended(s: Session, case_ids: Collection[str]) -> dict[str, datetime | None]:
    if not case_ids:
        return {}
    rows = s.execute(select(_case.c.id, _case.c.closed_at).where(_case.c.id.in_(case_ids)))
    return {row.id: row.closed_at for row in rows}


def _held(s: Session, rows: Collection[Any]) -> set[str]:
    """Ids of the records among `rows` under a standing hold."""
    ids, cases = [row.id for row in rows], {row.case_id for row in rows if row.case_id}
    found = s.execute(
        select(_hold.c.case_id, _hold.c.record_id).where(
            _hold.c.lifted_at.is_(None),
            or_(_hold.c.record_id.in_(ids), and_(_hold.c.record_id.is_(None), _hold.c.case_id.in_(cases))),
        )
    ).all()
    whole = {row.case_id for row in found if row.record_id is None}
    single = {row.record_id for row in found if row.record_id is not None}
    return {row.id for row in rows if row.id in single or row.case_id in whole}


def _lists(s: Session, record_ids: Collection[str]) -> dict[str, str]:
    """Number of the list by which each of the records was destroyed."""
    if not record_ids:
        return {}
    rows = s.execute(
        select(_item.c.record_id, _list.c.number)
        .join(_disposal, _disposal.c.id == _item.c.disposal)
        .join(_list, _list.c.id == _disposal.c.list_record)
        .where(_item.c.record_id.in_(record_ids), _item.c.struck_reason.is_(None))
        .where(_disposal.c.state == DisposalState.DESTROYED.value)
    )
    return {row.record_id: row.number for row in rows}


def list_number() -> ColumnElement[str | None]:
    """`disposal_list` of a row of `record`: the number of the list by which it was destroyed, or null."""
    return (
        select(_list.c.number)
        .select_from(_item)
        .join(_disposal, _disposal.c.id == _item.c.disposal)
        .join(_list, _list.c.id == _disposal.c.list_record)
        .where(_item.c.record_id == _record.c.id, _item.c.struck_reason.is_(None))
        .where(_disposal.c.state == DisposalState.DESTROYED.value)
        .limit(1)
        .correlate(_record)
        .scalar_subquery()
        .label("disposal_list")
    )


# --- conditions ---------------------------------------------------------------------------------------------------


def held(record: Any = _record) -> ColumnElement[bool]:
    """A hold stands on the record or on its whole case."""
    whole = and_(_hold.c.record_id.is_(None), _hold.c.case_id == record.c.case_id, record.c.case_id != "")
    return exists().where(_hold.c.lifted_at.is_(None), or_(_hold.c.record_id == record.c.id, whole))


def listed() -> ColumnElement[bool]:
    """The record stands on an open list."""
    return exists().where(_item.c.record_id == _record.c.id, _item.c.open.is_(True))


def due(day: date) -> ColumnElement[bool]:
    """Filed, not destroyed, and its period ended before `day`; of a case only when that has ended, too.

    A record whose case is not in the register is never due: a fault of the data must not destroy anything.
    """
    classes = []
    for retention, first in formed_before(day).items():
        ended = _case.c.closed_at < datetime(first.year, 1, 1, tzinfo=SHANGHAI)
        of_none = _record.c.case_id == ""
        classes.append(
            and_(_record.c.retention == retention.value, _record.c.issued_on < first, or_(of_none, ended)),
        )
    return and_(of_a_term(), or_(*classes))


def of_a_term() -> ColumnElement[bool]:
    """Filed, not destroyed, and not kept for ever: as the partial index has it."""
    return and_(
        _record.c.retention != Retention.PERMANENT.value, _record.c.disposed_at.is_(None), _record.c.digest.is_not(None)
    )


def bar_of(row: Any, day: date) -> RetentionBar | None:
    """Why a row of `rows` cannot be put on a list of `day`; None when it can. The first that holds, in this order."""
    until = period_of(row, row.closed_at)
    if row.retention == Retention.PERMANENT.value:
        return RetentionBar.PERMANENT
    if until is None:
        return RetentionBar.OPEN_CASE
    if until >= day:
        return RetentionBar.NOT_DUE
    if row.held:
        return RetentionBar.HELD
    return RetentionBar.LISTED if row.listed_in else None


def rows() -> Select[Any]:
    """Records with what retention asks of each: when its case ended, whether it is held, where it is listed."""
    listed_in = (
        select(_disposal.c.no)
        .join(_item, _item.c.disposal == _disposal.c.id)
        .where(_item.c.record_id == _record.c.id, _item.c.open.is_(True))
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            _record.c.id,
            _record.c.number,
            _record.c.kind,
            _record.c.title,
            _record.c.issued_on,
            _record.c.unit,
            _record.c.case_id,
            _record.c.retention,
            _record.c.digest,
            _record.c.disposed_at,
            _case.c.closed_at,
            _case.c.no.label("case_no"),
            _unit.c.name.label("unit_name"),
            held().label("held"),
            listed_in.label("listed_in"),
        )
        .select_from(_record)
        .outerjoin(_case, _case.c.id == _record.c.case_id)
        .outerjoin(_unit, _unit.c.code == _record.c.unit)
    )


# --- the list of what is due --------------------------------------------------------------------------------------


def page(
    s: Session, day: date, *, kind: DocumentKind | None, everything: bool, cursor: str | None, limit: int
) -> RetentionPage:
    """Records whose period ended before `day`, oldest first, those that cannot be listed with the reason;
    `everything`: all that are filed and not destroyed. Raises ValueError for a cursor that is none."""
    wanted = rows().order_by(_record.c.issued_on, _record.c.id).limit(limit + 1)
    if everything:
        wanted = wanted.where(_record.c.digest.is_not(None), _record.c.disposed_at.is_(None))
    else:
        wanted = wanted.where(due(day))
    if kind is not None:
        wanted = wanted.where(_record.c.kind == kind.value)
    if cursor is not None:
        issued, ident = _place(cursor)
        beyond = and_(_record.c.issued_on == issued, _record.c.id > ident)
        wanted = wanted.where(or_(_record.c.issued_on > issued, beyond))
    found = s.execute(wanted).all()
    items = [_shown(row, day) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    following = None if last is None else f"{last.issued_on.isoformat()}~{last.id}"
    return RetentionPage(due_before=day, items=items, next=following)


def free(s: Session, day: date, kind: DocumentKind | None, limit: int) -> list[Row[Any]]:
    """The records that can be put on a list of `day`, oldest first."""
    wanted = rows().where(due(day), ~held(), ~listed()).order_by(_record.c.issued_on, _record.c.id).limit(limit)
    return list(s.execute(wanted if kind is None else wanted.where(_record.c.kind == kind.value)))


def count_free(s: Session, day: date, kind: DocumentKind | None) -> int:
    """How many records can be put on a list of `day`; one more than MOST_COUNTED stands for more."""
    wanted = (
        select(_record.c.id)
        .outerjoin(_case, _case.c.id == _record.c.case_id)
        .where(due(day), ~held(), ~listed())
        .limit(MOST_COUNTED + 1)
    )
    if kind is not None:
        wanted = wanted.where(_record.c.kind == kind.value)
    return int(s.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())


def _shown(row: Row[Any], day: date) -> RetentionRow:
    bar = bar_of(row, day)
    return RetentionRow(
        record_id=row.id,
        number=row.number,
        kind=DocumentKind(row.kind),
        title=row.title,
        issued_on=row.issued_on,
        unit=row.unit,
        unit_name=row.unit_name or "",
        case_id=row.case_id,
        case_no=row.case_no or "",
        retention=Retention(row.retention),
        retention_until=period_of(row, row.closed_at),
        bar=bar,
        bar_label=bar.label if bar else "",
        listed_in=row.listed_in,
    )


_PLACE: TypeAdapter[tuple[date, str]] = TypeAdapter(tuple[Day, RowId])


def _place(cursor: str) -> tuple[date, str]:
    issued, _, ident = cursor.partition("~")
    return _PLACE.validate_python((issued, ident))
