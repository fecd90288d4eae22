"""Official records: the register of numbers, the files, and PDF where LibreOffice is installed."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from anyio import to_thread
from fastapi import Query, Response
from starlette.concurrency import run_in_threadpool

from docket import view
from models.decisions import Officer
from models.docket import RecordView
from models.enums import RecordState
from records import preview, register
from records.store import StoreFault

from ..deps import Caller, Runtime, Work
from ..door import router
from ..params import After, Limit, RecordId
from ..problems import ProblemError, not_found
from ..shapes import RecordList

routes = router("records")

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"


def readable(runtime: Runtime, officer: Officer, record_id: str) -> RecordView:
    """The record, if the caller may see it; missing and foreign look alike."""
    with runtime.database.read() as s:
        found = register.get(s, record_id)
        if found is None or not view.may_see_record(found, officer):
            raise not_found("没有这份文件，或您无权查看 · no such record, or not yours to see")
    return found


def stored(runtime: Runtime, record: RecordView) -> bytes:
    """The bytes as filed, checked against the digest. Raises ProblemError."""
    if record.digest is None:
        reason = "号码已作废，没有文件" if record.state is RecordState.VOID else "文件正在生成"
        raise ProblemError("not-filed", f"{reason} · there is no file under this number")
    try:
        return runtime.store.get(record.digest)
    except StoreFault:
        raise ProblemError("record-fault", "请联系管理员核验存档 · have the store verified") from None


def download(record: RecordView, data: bytes, media_type: str, ending: str) -> Response:
    """RFC 6266: the Chinese name for all who can read it, a plain one for the rest. No person's name in it."""
    name = f"{record.number} {record.kind.label}.{ending}"
    disposition = f"attachment; filename=\"record-{record.id}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    if ending == "docx":
        headers["ETag"] = f'"{record.digest}"'
    return Response(data, media_type=media_type, headers=headers)


def content(media_type: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "文件 · the file", "content": {media_type: {"schema": schema}}}}


@routes.get("/records", operation_id="list_records", summary="文号登记簿 · register of numbers")
def list_records(
    runtime: Work,
    officer: Caller,
    series: Annotated[str, Query(min_length=1, max_length=20, pattern=r"^\w+$", examples=["示编核"])],
    year: Annotated[int, Query(ge=1949, le=2199)],
    after: After = 0,
    limit: Limit = 100,
) -> RecordList:
    """一个代字一年的全部编号，作废的也在内。Every number of a series and year, voids included."""
    with runtime.database.read() as s:
        items = register.series_page(s, series, year, after, limit)
    return RecordList(items=items, next=after + len(items) if len(items) == limit else None)


@routes.get("/records/{record_id}", operation_id="read_record", summary="文件登记 · a record")
def read_record(runtime: Work, officer: Caller, record_id: RecordId) -> RecordView:
    return readable(runtime, officer, record_id)


@routes.get(
    "/records/{record_id}/file",
    operation_id="read_record_file",
    summary="下载文件 · download",
    response_class=Response,
    responses=content(DOCX),
)
def read_record_file(runtime: Work, officer: Caller, record_id: RecordId) -> Response:
    """存档原件，发送前与登记摘要核对。The file as filed, checked against its digest before it is sent."""
    record = readable(runtime, officer, record_id)
    return download(record, stored(runtime, record), DOCX, "docx")


@routes.get(
    "/records/{record_id}/pdf",
    operation_id="read_record_pdf",
    summary="PDF 预览 · PDF rendition",
    response_class=Response,
    responses=content(PDF),
)
async def read_record_pdf(runtime: Work, officer: Caller, record_id: RecordId) -> Response:
    """仅供阅读，以 .docx 原件为准；未安装 LibreOffice 时为 503。For reading; the .docx is the record."""
    record = await run_in_threadpool(readable, runtime, officer, record_id)
    runtime.limits.renditions.take(officer.id)
    data = await run_in_threadpool(stored, runtime, record)
    made = await to_thread.run_sync(_rendition, data, limiter=runtime.limits.at_once)
    return download(record, made, PDF, "pdf")


def _rendition(data: bytes) -> bytes:
    try:
        return preview.to_pdf(data)
    except preview.PreviewUnavailable:
        raise ProblemError("preview-unavailable", "请下载 .docx 原件 · download the .docx instead") from None
