"""Parameters that several routes share; every text has a pattern or a length."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from models.shape import ROW_ID, Day, Instant, UnitCode

MOST_ITEMS = 200

_NEXT = "上一页的 next · `next` of the page before"

CaseId = Annotated[str, Path(pattern=ROW_ID, examples=["0f3c5d3e9b7a4c1d8e2f6a5b4c3d2e1f"])]
RecordId = Annotated[str, Path(pattern=ROW_ID)]
UnitPath = Annotated[UnitCode, Path(description="统一社会信用代码 · unit code", examples=["11990000000000001A"])]
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Cursor = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_=.:~+-]{1,300}$", description=_NEXT)]
After = Annotated[int, Query(ge=0, le=2**53, description=_NEXT)]
AsOf = Annotated[Day | None, Query(description="生效日期（按现在所知）· effective date")]
KnownAt = Annotated[Instant | None, Query(description="登记时刻（当时所知）· recorded time, e.g. 2026-03-01T00:00:00Z")]
