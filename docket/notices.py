"""Notices on the worklists: reminders, escalations, 催办. Written by `docket.cases.notify`, read here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session

from models.register import Notice, table_of

_notice = table_of(Notice)


def of_case(s: Session, case_id: str) -> list[Row[Any]]:
    """All notices of a case, oldest first."""
    return list(s.execute(select(_notice).where(_notice.c.case_id == case_id).order_by(_notice.c.id)))
