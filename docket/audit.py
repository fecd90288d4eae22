"""The audit: who did what, when, from where. A row is written in the transaction of what it tells of, so neither
happens without the other: an operation that cannot be audited fails (P9; GB/T 22239 L3-CES1-12 to 15; ASVS 16.5.3).

Every function takes the caller's open session and never commits. Rows are never changed or deleted, by nobody: there
is no way in this program to stop the audit, and triggers refuse it in the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime

from sqlalchemy import Row, insert, select, update
from sqlmodel import Session

from models.audit import Act, AuditEntry, AuditPage, Outcome
from models.decisions import Officer
from models.enums import Department
from models.register import Meta, table_of
from models.sealing import digest
from models.visits import AuditRow

MOST_LISTED = 500
LONGEST = 500
"""Characters of `about` and `detail`; the rest of a longer text is cut."""

ADDRESS: ContextVar[str] = ContextVar("dingbian_address", default="")
"""From where the present call comes; set by the door of the program that takes it."""

_audit = table_of(AuditRow)
_meta = table_of(Meta)
_SETTINGS = "settings"


def note(
    s: Session,
    act: Act,
    at: datetime,
    by: Officer | str,
    *,
    about: str = "",
    detail: str = "",
    outcome: Outcome = Outcome.DONE,
) -> None:
    """Write one row. `by` is the officer, or the name of whoever has no account: an operator at the machine."""
    who: dict[str, str] = (
        {"officer_name": by}
        if isinstance(by, str)
        else {
            "officer": by.id,
            "officer_name": by.shown,
            "department": by.department.value,
        }
    )
    s.execute(
        insert(_audit).values(
            at=at,
            act=act.value,
            outcome=outcome.value,
            about=about[:LONGEST],
            detail=detail[:LONGEST],
            address=ADDRESS.get()[:100],
            **who,
        )
    )


def note_settings(s: Session, facts: Mapping[str, str], at: datetime, by: str) -> list[str]:
    """Which settings differ from those that the program began with the last time, audited by name; the values are kept
    as digests alone. The first beginning is noted as such."""
    known = s.execute(select(_meta.c.value).where(_meta.c.name == _SETTINGS)).scalar_one_or_none()
    before: dict[str, str] = json.loads(known) if known is not None else {}
    now = {name: digest(value.encode(), "sm3")[:16] for name, value in sorted(facts.items())}
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if not changed:
        return []
    kept = json.dumps(now)
    if known is None:
        s.execute(insert(_meta).values(name=_SETTINGS, value=kept))
    else:
        s.execute(update(_meta).where(_meta.c.name == _SETTINGS).values(value=kept))
    detail = "首次启动 · first start" if known is None else "、".join(changed)
    note(s, Act.SETTINGS, at, by, detail=detail)
    return changed


def entries(
    s: Session,
    *,
    before: int | None = None,
    limit: int = 100,
    act: Act | None = None,
    officer: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AuditPage:
    """The latest first; `before` is the `next` of the page before."""
    chosen = select(_audit).order_by(_audit.c.id.desc()).limit(min(limit, MOST_LISTED) + 1)
    if before is not None:
        chosen = chosen.where(_audit.c.id < before)
    if act is not None:
        chosen = chosen.where(_audit.c.act == act.value)
    if officer is not None:
        chosen = chosen.where(_audit.c.officer == officer)
    if since is not None:
        chosen = chosen.where(_audit.c.at >= since)
    if until is not None:
        chosen = chosen.where(_audit.c.at < until)
    rows = s.execute(chosen).all()
    shown = [_entry(row) for row in rows[: min(limit, MOST_LISTED)]]
    return AuditPage(items=shown, next=shown[-1].id if len(rows) > len(shown) else None)


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    act = Act(row.act)
    return AuditEntry(
        id=row.id,
        at=row.at,
        act=act,
        act_label=act.label,
        outcome=Outcome(row.outcome),
        officer=row.officer,
        officer_name=row.officer_name,
        department=Department(row.department) if row.department else None,
        about=row.about,
        detail=row.detail,
        address=row.address,
    )
