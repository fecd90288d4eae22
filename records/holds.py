"""Holds 停止销毁: a record, or every record of a case, must not be disposed of until somebody lifts it.

Functions take the caller's session and never commit. A hold locks the records it covers while it is entered, and a
disposal locks those it destroys (`records.disposal`): whichever comes first, the other one sees it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, and_, insert, or_, select, update
from sqlmodel import Session

from models.archives import RecordHold
from models.decisions import Officer
from models.disposals import HoldPage, HoldView, LiftHold, NewHold
from models.refusals import Refusal, RefusalCode
from models.register import Case, OfficerRow, Record, table_of
from models.shape import Instant, RowId
from rules.disposals import may_hold, may_lift

_PLACE: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[Instant, RowId])
_hold = table_of(RecordHold)
_record = table_of(Record)
_case = table_of(Case)
_placed = table_of(OfficerRow).alias("placed_by_officer")
_lifted = table_of(OfficerRow).alias("lifted_by_officer")


def place(
    s: Session, record_id: str, wanted: NewHold, by: Officer, key: str, at: datetime
) -> HoldView | Refusal | None:
    """Enter a hold on the record or on its whole case; the same officer, key and content is the same one. None when
    there is no such record. A record that is destroyed can no longer be held; of a case the rest can."""
    refused = may_hold(by)
    if refused is not None:
        return refused
    record = s.execute(select(_record.c.case_id).where(_record.c.id == record_id)).one_or_none()
    if record is None:
        return None
    whole = wanted.scope == "case"
    if whole and not record.case_id:
        return Refusal.of(RefusalCode.MALFORMED, "该文件不属于任何事项")
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"hold|{by.id}~{key}").hex
    values = {
        "case_id": record.case_id,
        "record_id": None if whole else record_id,
        "reason": wanted.reason,
        "basis": wanted.basis,
    }
    found = s.execute(_view().where(_hold.c.id == identity)).one_or_none()
    if found is not None:
        unchanged = all(getattr(found, name) == value for name, value in values.items())
        return _shown(found) if unchanged else Refusal.of(RefusalCode.KEY_REUSED)
    covered = _record.c.case_id == record.case_id if whole else _record.c.id == record_id
    locked = s.execute(
        select(_record.c.disposed_at, _record.c.number).where(covered).order_by(_record.c.id).with_for_update()
    ).all()
    if all(row.disposed_at is not None for row in locked):
        return Refusal.of(RefusalCode.RECORD_DISPOSED, f"{locked[0].number}已按销毁清册销毁，不能再停止销毁")
    s.execute(insert(_hold).values(id=identity, placed_by=by.id, placed_at=at, **values))
    return _shown(s.execute(_view().where(_hold.c.id == identity)).one())


def lift(s: Session, identity: str, wanted: LiftHold, by: Officer, at: datetime) -> HoldView | Refusal | None:
    """End a hold; None when there is none of that id. Ending it again in the same words keeps the first moment."""
    found = s.execute(_view().where(_hold.c.id == identity)).one_or_none()
    if found is None:
        return None
    refused = may_lift(by, found.placed_by)
    if refused is not None:
        return refused
    if found.lifted_at is not None:
        same = (found.lifted_by, found.lifted_reason) == (by.id, wanted.reason)
        return _shown(found) if same else Refusal.of(RefusalCode.ALREADY_DECIDED, "该停止销毁已解除")
    s.execute(
        update(_hold)
        .where(_hold.c.id == identity, _hold.c.lifted_at.is_(None))
        .values(lifted_by=by.id, lifted_at=at, lifted_reason=wanted.reason)
    )
    return _shown(s.execute(_view().where(_hold.c.id == identity)).one())


def on_record(s: Session, record_id: str) -> list[HoldView]:
    """Standing holds that cover the record, the latest first."""
    record = s.execute(select(_record.c.case_id).where(_record.c.id == record_id)).one_or_none()
    if record is None:
        return []
    whole = and_(_hold.c.record_id.is_(None), _hold.c.case_id == record.case_id, _hold.c.case_id != "")
    wanted = _view().where(_hold.c.lifted_at.is_(None), or_(_hold.c.record_id == record_id, whole))
    return [_shown(row) for row in s.execute(wanted.order_by(_hold.c.placed_at.desc(), _hold.c.id))]


def page(s: Session, *, standing: bool | None, cursor: str | None, limit: int) -> HoldPage:
    """Holds, the latest first; `standing` narrows to those that stand, or that were lifted. Raises ValueError for a
    cursor that is none."""
    wanted = _view().order_by(_hold.c.placed_at.desc(), _hold.c.id.desc()).limit(limit + 1)
    if standing is not None:
        wanted = wanted.where(_hold.c.lifted_at.is_(None) if standing else _hold.c.lifted_at.is_not(None))
    if cursor is not None:
        moment, ident = moment_place(cursor)
        same = and_(_hold.c.placed_at == moment, _hold.c.id < ident)
        wanted = wanted.where(or_(_hold.c.placed_at < moment, same))
    rows = s.execute(wanted).all()
    following = moment_cursor(rows[limit - 1].placed_at, rows[limit - 1].id) if len(rows) > limit else None
    return HoldPage(items=[_shown(row) for row in rows[:limit]], next=following)


def moment_cursor(at: datetime, ident: str) -> str:
    """The place of a row in a list by moment, as text of an address."""
    return f"{at.isoformat(timespec='microseconds')}~{ident}"


def moment_place(cursor: str) -> tuple[datetime, str]:
    """What `moment_cursor` made. Raises ValueError for anything else."""
    text, _, ident = cursor.partition("~")
    return _PLACE.validate_python((text.replace(" ", "+"), ident))  # a plus sign becomes a space in an address


def _view() -> Select[Any]:
    return (
        select(
            _hold,
            _case.c.no.label("case_no"),
            _record.c.number.label("number"),
            _placed.c.name.label("placed_by_name"),
            _lifted.c.name.label("lifted_by_name"),
        )
        .select_from(_hold)
        .join(_placed, _placed.c.id == _hold.c.placed_by)
        .outerjoin(_lifted, _lifted.c.id == _hold.c.lifted_by)
        .outerjoin(_case, _case.c.id == _hold.c.case_id)
        .outerjoin(_record, _record.c.id == _hold.c.record_id)
    )


def _shown(row: Row[Any]) -> HoldView:
    return HoldView(
        id=row.id,
        case_id=row.case_id,
        case_no=row.case_no or "",
        record_id=row.record_id,
        number=row.number,
        reason=row.reason,
        basis=row.basis,
        placed_by=row.placed_by,
        placed_by_name=row.placed_by_name,
        placed_at=row.placed_at,
        lifted_by_name=row.lifted_by_name,
        lifted_at=row.lifted_at,
        lifted_reason=row.lifted_reason,
        standing=row.lifted_at is None,
    )
