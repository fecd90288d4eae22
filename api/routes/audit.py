"""The audit, for those who look: the audit administrator and the auditors. Nobody writes, changes or stops it here."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from docket import audit
from models.audit import Act, AuditPage
from models.shape import Instant

from ..deps import Caller, Work
from ..door import router

routes = router("audit")

Before = Annotated[
    int | None, Query(ge=1, le=2**62, description="上一页的 next · `next` of the page before", examples=[1200])
]
OfActs = Annotated[Act | None, Query(description="只看一类 · one kind of act")]
OfOfficer = Annotated[str | None, Query(max_length=100, description="经办人编号 · id of an officer")]
Since = Annotated[Instant | None, Query(description="自该时刻 · from this moment")]
Until = Annotated[Instant | None, Query(description="至该时刻前 · before this moment")]
Limit = Annotated[int, Query(ge=1, le=audit.MOST_LISTED)]


@routes.get("/audit", operation_id="list_audit", summary="审计记录 · the audit")
def list_audit(
    runtime: Work,
    _officer: Caller,
    before: Before = None,
    act: OfActs = None,
    by: OfOfficer = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
) -> AuditPage:
    """最近的在前：谁、何时、从何处、做了什么、成败。只增不改，不删除。The latest first; rows are only ever added."""
    with runtime.database.read() as s:
        return audit.entries(s, before=before, limit=limit, act=act, officer=by, since=since, until=until)
