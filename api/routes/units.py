"""The register of units: balances, roster, journal, certificate."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response
from sqlmodel import Session

from ledger import balances, chain, occupancy
from models.certificate import CertificateFacts
from models.decisions import Officer
from models.enums import UnitKind
from models.shape import Day, Line, UnitCode
from records import certificate, register
from rules.deadlines import local_day

from .. import reading
from ..deps import Caller, Runtime, Work
from ..door import router
from ..params import MOST_ITEMS, After, AsOf, KnownAt, Limit, UnitPath
from ..permissions import may_see_unit, reads_all_units
from ..problems import FieldError, ProblemError, not_found
from ..shapes import BalanceRow, Balances, JournalPage, RecordList, Roster, UnitPage, UnitView
from .records import DOCX, content

routes = router("units")


def _no_unit() -> ProblemError:
    return not_found("没有这个单位，或您无权查看 · no such unit, or not yours to see")


def _open(s: Session, officer: Officer, code: str) -> None:
    """Foreign and missing units look alike to officers of a unit."""
    if not may_see_unit(officer, code) or not reading.unit_exists(s, code):
        raise _no_unit()


@routes.get("/units", operation_id="list_units", summary="机构列表 · list units")
def list_units(
    runtime: Work,
    officer: Caller,
    kind: Annotated[UnitKind | None, Query()] = None,
    parent: Annotated[UnitCode | None, Query()] = None,
    q: Annotated[Line | None, Query(max_length=100, description="名称 · name")] = None,
    cursor: Annotated[UnitCode | None, Query()] = None,
    limit: Limit = 50,
) -> UnitPage:
    """用编单位只看到本单位。Officers of a unit see their own."""
    own = None if reads_all_units(officer) else (officer.unit or "")
    with runtime.database.read() as s:
        return reading.units(s, own=own, kind=kind, parent=parent, q=q, after=cursor or "", limit=limit)


@routes.get("/units/{code}", operation_id="read_unit", summary="机构信息 · a unit")
def read_unit(runtime: Work, officer: Caller, code: UnitPath) -> UnitView:
    with runtime.database.read() as s:
        _open(s, officer, code)
        found = reading.unit(s, code, runtime.clock(), officer)
    if found is None:
        raise _no_unit()
    return found


@routes.get("/units/{code}/balances", operation_id="read_balances", summary="编制职数台账 · balances")
def read_balances(
    runtime: Work, officer: Caller, code: UnitPath, as_of: AsOf = None, known_at: KnownAt = None
) -> Balances:
    """核定、实有、在途、预留、空余；可按生效日期或登记时刻回溯。Now, or as of a day, or as known at a moment."""
    with runtime.database.read() as s:
        _open(s, officer, code)
        rows = balances.balances(s, code, as_of, known_at)
    return Balances(unit=code, as_of=as_of, known_at=known_at, items=[BalanceRow.of(row) for row in rows])


@routes.get("/units/{code}/roster", operation_id="read_roster", summary="在编人员 · roster")
def read_roster(
    runtime: Work, officer: Caller, code: UnitPath, as_of: AsOf = None, after: After = 0, limit: Limit = 100
) -> Roster:
    """身份证号码只显示首尾。Identity numbers are masked."""
    with runtime.database.read() as s:
        _open(s, officer, code)
        items, following = occupancy.roster(s, code, as_of, after, limit)
    return Roster(unit=code, as_of=as_of, items=items, next=following)


@routes.get("/units/{code}/journal", operation_id="read_journal", summary="台账流水 · journal")
def read_journal(runtime: Work, officer: Caller, code: UnitPath, after: After = 0, limit: Limit = 100) -> JournalPage:
    """只增不改、逐行链接的流水。The holder's chain, row by row."""
    with runtime.database.read() as s:
        _open(s, officer, code)
        items = chain.journal(s, code, after, limit)
    return JournalPage(unit=code, items=items, next=items[-1].seq if len(items) == limit else None)


@routes.get("/units/{code}/certificate", operation_id="read_certificate", summary="机构编制管理证 · certificate")
def read_certificate(runtime: Work, officer: Caller, code: UnitPath) -> RecordList:
    """最近的登记页在前，至多 20 页。The newest extracts first, at most 20."""
    with runtime.database.read() as s:
        _open(s, officer, code)
        found = [register.get(s, record_id) for record_id in reading.certificates(s, code)[:MOST_ITEMS]]
    return RecordList(items=[record for record in found if record is not None])


CertifiedOn = Annotated[
    Day | None,
    Query(
        description="截至该日终了时已登记、已生效的事项；不填即今日 · the end of this day, or today",
        examples=["2026-03-03"],
    ),
]


@routes.get(
    "/units/{code}/certificate/facts",
    operation_id="read_certificate_facts",
    summary="机构编制管理证的数据 · the certificate as data",
)
def read_certificate_facts(
    runtime: Work, officer: Caller, code: UnitPath, as_of: CertifiedOn = None
) -> CertificateFacts:
    """截至某日的摘录，与摘录件同一内容，证件号码隐去；不可翻页。The extract of a day, all of it; numbers masked."""
    return _extract(runtime, officer, code, as_of)


@routes.get(
    "/units/{code}/certificate/extract",
    operation_id="read_certificate_extract",
    summary="机构编制管理证摘录件 · the certificate as a document",
    response_class=Response,
    responses=content(DOCX),
)
def read_certificate_extract(runtime: Work, officer: Caller, code: UnitPath, as_of: CertifiedOn = None) -> Response:
    """不编号；印有台账链行次和链尾摘要，编号页以登记为准。Without a number; the chain's row and head are printed."""
    found = _extract(runtime, officer, code, as_of)
    if runtime.compose is None:
        raise RuntimeError("this process was not given a composer")
    document = runtime.compose(found, officer.shown)
    name = f"机构编制管理证摘录 {found.unit.code} {found.as_of.isoformat()}.docx"
    plain = f"certificate-{found.unit.code}-{found.as_of.isoformat()}.docx"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(document, media_type=DOCX, headers=headers)


def _extract(runtime: Runtime, officer: Officer, code: str, as_of: date | None) -> CertificateFacts:
    today = local_day(runtime.clock())
    day = as_of or today
    if day > today:
        raise _not_on(f"{today} 以后尚未到来 · that day is still to come")
    runtime.limits.certificates.take(officer.id)
    with runtime.database.read() as s:
        _open(s, officer, code)
        found = certificate.facts(s, code, day)
    if found is None:
        raise _not_on("该日单位尚未建账 · the ledger of the unit begins later")
    return found


def _not_on(reason: str) -> ProblemError:
    return ProblemError("invalid", reason, errors=[FieldError(field="query.as_of", reason=reason)])
