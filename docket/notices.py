"""Notices on the worklists (reminders, escalations, 催办) and traces of what counted for nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select
from sqlmodel import Session

from models.enums import Department
from models.refusals import RefusalCode
from models.register import Notice, Trace, table_of
from models.shape import washed

from .cases import CaseFile

_notice = table_of(Notice)
_trace = table_of(Trace)

_NOTICED = select(_notice.c.id).where(_notice.c.key == bindparam("key"))
TRACES_PER_CASE = 100
"""Signals that count for nothing leave a trace each up to here: a flood must not fill the register (P25)."""


def of_case(s: Session, case_id: str) -> list[Row[Any]]:
    """All notices of a case, oldest first."""
    return list(s.execute(select(_notice).where(_notice.c.case_id == case_id).order_by(_notice.c.id)))


def correction_key(case: CaseFile) -> str:
    return f"{case.id}|correction|{case.round}"


def correction_reminded(s: Session, case: CaseFile) -> bool:
    return s.execute(_NOTICED, {"key": correction_key(case)}).first() is not None


def trace(s: Session, case_id: str, at: datetime, what: str, code: RefusalCode, key: str) -> None:
    """Leave a trace, once per key and not more than TRACES_PER_CASE of a case; `what` may quote a stranger."""
    if s.execute(select(_trace.c.id).where(_trace.c.key == key)).first() is not None:
        return
    count = s.execute(select(func.count()).select_from(_trace).where(_trace.c.case_id == case_id)).scalar_one()
    if count < TRACES_PER_CASE:
        s.execute(insert(_trace).values(case_id=case_id, at=at, what=washed(what), code=code.value, key=key))


def traces(s: Session, case_id: str) -> list[Row[Any]]:
    return list(s.execute(select(_trace).where(_trace.c.case_id == case_id).order_by(_trace.c.id)))


def notify(
    s: Session,
    case_id: str,
    at: datetime,
    kind: str,
    department: Department,
    text: str,
    key: str,
    role: str | None = None,
) -> bool:
    """Put a notice on a department's worklist, once per key; False when it already stood there."""
    if s.execute(select(_notice.c.id).where(_notice.c.key == key)).first() is not None:
        return False
    s.execute(
        insert(_notice).values(
            case_id=case_id, at=at, kind=kind, department=department.value, role=role, text=text, key=key
        )
    )
    return True


def last_notice(s: Session, case_id: str, kind: str) -> datetime | None:
    at: datetime | None = s.execute(
        select(_notice.c.at)
        .where(_notice.c.case_id == case_id, _notice.c.kind == kind)
        .order_by(_notice.c.at.desc())
        .limit(1)
    ).scalar()
    return at
