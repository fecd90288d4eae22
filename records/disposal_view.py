"""Disposals as they are read: one with its items, and pages of them. Only reads, in the caller's session."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlmodel import Session

from models.archives import Disposal, DisposalItem
from models.disposals import DisposalItemView, DisposalPage, DisposalRow, DisposalView
from models.enums import DisposalState, DocumentKind, Retention
from models.register import OfficerRow, Record, table_of

from . import retention
from .holds import moment_cursor, moment_place

_disposal = table_of(Disposal)
_item = table_of(DisposalItem)
_record = table_of(Record)
_officer = table_of(OfficerRow)
_list = _record.alias("disposal_list")
STEPS = ("proposed", "decided", "executed", "witnessed")


def get(s: Session, identity: str) -> DisposalView | None:
    row = s.execute(_rows().where(_disposal.c.id == identity)).one_or_none()
    if row is None:
        return None
    found = items(s, identity)
    fields = _fields(row, officer_names(s, row))
    strikers = _names(s, {item.struck_by for item in found if item.struck_by})
    return DisposalView(**fields, items=[_item_view(item, strikers) for item in found])


def page(s: Session, *, state: DisposalState | None, cursor: str | None, limit: int) -> DisposalPage:
    """Disposals, the latest first. Raises ValueError for a cursor that is none."""
    wanted = _rows().order_by(_disposal.c.proposed_at.desc(), _disposal.c.id.desc()).limit(limit + 1)
    if state is not None:
        wanted = wanted.where(_disposal.c.state == state.value)
    if cursor is not None:
        moment, ident = moment_place(cursor)
        same = and_(_disposal.c.proposed_at == moment, _disposal.c.id < ident)
        wanted = wanted.where(or_(_disposal.c.proposed_at < moment, same))
    rows = s.execute(wanted).all()
    shown = rows[:limit]
    names = _names(s, {getattr(row, f"{step}_by") for row in shown for step in STEPS if getattr(row, f"{step}_by")})
    following = moment_cursor(rows[limit - 1].proposed_at, rows[limit - 1].id) if len(rows) > limit else None
    return DisposalPage(items=[DisposalRow(**_fields(row, names)) for row in shown], next=following)


def items(s: Session, identity: str, *, open_only: bool = False) -> list[Row[Any]]:
    """The documents of a disposal as `records.retention.rows` has them, with what the list says of each."""
    wanted = (
        retention.rows()
        .add_columns(
            _item.c.digest.label("listed_digest"),
            _item.c.struck_reason,
            _item.c.struck_by,
            _item.c.struck_at,
            _item.c.removed_at,
        )
        .join(_item, _item.c.record_id == _record.c.id)
        .where(_item.c.disposal == identity)
        .order_by(_record.c.issued_on, _record.c.series, _record.c.year, _record.c.seq)
    )
    return list(s.execute(wanted.where(_item.c.open.is_(True)) if open_only else wanted))


def officer_names(s: Session, row: Row[Any]) -> dict[str, str]:
    """Id → name of everybody who had a hand in a disposal."""
    return _names(s, {getattr(row, f"{step}_by") for step in STEPS if getattr(row, f"{step}_by")})


def _names(s: Session, ids: set[str]) -> dict[str, str]:
    rows = s.execute(select(_officer.c.id, _officer.c.name).where(_officer.c.id.in_(ids))) if ids else ()
    return {row.id: row.name for row in rows}


def _rows() -> Select[Any]:
    return select(
        _disposal,
        _list.c.number.label("list_number"),
        _list.c.digest.label("list_digest"),
        _count(_item.c.struck_reason.is_(None)).label("listed"),
        _count(_item.c.struck_reason.is_not(None)).label("struck"),
        _count(_item.c.struck_reason.is_(None), _item.c.removed_at.is_(None)).label("to_remove"),
    ).outerjoin(_list, _list.c.id == _disposal.c.list_record)


def _count(*where: ColumnElement[bool]) -> Any:
    counted = select(func.count()).select_from(_item).where(_item.c.disposal == _disposal.c.id, *where)
    return counted.correlate(_disposal).scalar_subquery()


def _fields(row: Row[Any], names: dict[str, str]) -> dict[str, Any]:
    same = set(DisposalRow.model_fields) & set(row._mapping)
    state = DisposalState(row.state)
    by = {f"{step}_by_name": names.get(getattr(row, f"{step}_by") or "") for step in STEPS}
    return {name: getattr(row, name) for name in same} | {
        "state": state,
        "state_label": state.label,
        **by,
        "waiting": row.to_remove if state is DisposalState.DESTROYED else 0,
        "list_filed": row.list_digest is not None,
    }


def _item_view(row: Row[Any], strikers: dict[str, str]) -> DisposalItemView:
    return DisposalItemView(
        record_id=row.id,
        number=row.number,
        kind=DocumentKind(row.kind),
        title=row.title,
        unit_name=row.unit_name or "",
        issued_on=row.issued_on,
        retention=Retention(row.retention),
        retention_until=retention.period_of(row, row.closed_at),
        digest=row.listed_digest,
        held=row.held,
        struck_reason=row.struck_reason,
        struck_by_name=strikers.get(row.struck_by or ""),
        struck_at=row.struck_at,
        removed_at=row.removed_at,
    )
