"""Official records: the register of numbers, the files, and their renditions: PDF and signed copies."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from anyio import to_thread
from fastapi import Query, Response
from starlette.concurrency import run_in_threadpool

from docket import view
from models.decisions import Officer
from models.docket import RecordView
from models.enums import RecordState, RenditionKind
from models.refusals import CLAUSES, RefusalCode
from models.renditions import DOCX as DOCX
from models.renditions import ENDINGS, OFD, RenditionView
from models.renditions import PDF as PDF
from records import register, renditions
from records.preview import PreviewUnavailable
from records.signed import SigningFault
from records.store import StoreFault

from ..deps import Caller, Runtime, Work
from ..door import router
from ..params import After, Limit, RecordId
from ..problems import ProblemError, not_found
from ..shapes import RecordDetail, RecordList

routes = router("records")


def readable(runtime: Runtime, officer: Officer, record_id: str) -> RecordView:
    """The record, if the caller may see it; missing and foreign look alike."""
    with runtime.database.read() as s:
        found = register.get(s, record_id)
        if found is None or not view.may_see_record(found, officer):
            raise not_found("没有这份文件，或您无权查看 · no such record, or not yours to see")
    return found


def stored(runtime: Runtime, record: RecordView) -> bytes:
    """The bytes as filed, checked against the digest. Raises ProblemError."""
    digest = require_filed(record)
    try:
        return runtime.store.get(digest)
    except StoreFault:
        raise record_fault() from None


def require_filed(record: RecordView) -> str:
    """The digest of the filed document. Raises ProblemError."""
    require_kept(record)
    if record.digest is None:
        reason = "号码已作废，没有文件" if record.state is RecordState.VOID else "文件正在生成"
        raise ProblemError("not-filed", f"{reason} · there is no file under this number")
    return record.digest


def require_kept(record: RecordView) -> None:
    """Raises ProblemError `record-disposed`, naming the list, for a record that was destroyed."""
    if record.disposed_on is not None:
        named = f"《文件销毁清册》{record.disposal_list or ''}"
        words = f"{record.disposed_on}按{named}销毁，登记仍在 · destroyed by that list; its row stands"
        raise ProblemError("record-disposed", words, clause=CLAUSES[RefusalCode.RECORD_DISPOSED])


def record_fault() -> ProblemError:
    return ProblemError("record-fault", "请联系管理员核验存档 · have the store verified")


def download(record: RecordView, data: bytes, media_type: str, ending: str, digest: str | None = None) -> Response:
    """RFC 6266: the Chinese name for all who can read it, a plain one for the rest. No person's name in it."""
    name = f"{record.number} {record.kind.label}.{ending}"
    disposition = f"attachment; filename=\"record-{record.id}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    if digest is not None:
        headers["ETag"] = f'"{digest}"'
    return Response(data, media_type=media_type, headers=headers)


def content(*media_types: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "文件 · the file", "content": {each: {"schema": schema} for each in media_types}}}


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
def read_record(runtime: Work, officer: Caller, record_id: RecordId) -> RecordDetail:
    """登记事项，连同其他形式（PDF、签章件）各自的摘要。The register's facts, and its other forms with their digests."""
    record = readable(runtime, officer, record_id)
    with runtime.database.read() as s:
        return RecordDetail(**record.model_dump(), renditions=renditions.of_record(s, record_id))


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
    return download(record, stored(runtime, record), DOCX, "docx", record.digest)


@routes.get(
    "/records/{record_id}/pdf",
    operation_id="read_record_pdf",
    summary="PDF 版式件（PDF/A） · PDF rendition",
    response_class=Response,
    responses=content(PDF),
)
async def read_record_pdf(runtime: Work, officer: Caller, record_id: RecordId) -> Response:
    """首次生成后与原件并存，此后都是同一份；以原件为准；未安装 LibreOffice 时为 503。Kept at its first making."""
    record = await run_in_threadpool(readable, runtime, officer, record_id)
    return download(record, await pdf_of(runtime, officer, record), PDF, "pdf")


async def pdf_of(runtime: Runtime, officer: Officer, record: RecordView) -> bytes:
    """The PDF of a record. Making one is bounded per officer, and two are made at once. Raises ProblemError."""
    require_filed(record)
    make = runtime.make_pdf
    if make is None:
        raise unavailable()
    if await run_in_threadpool(rendition_of, runtime, record, RenditionKind.PDF) is None:
        runtime.limits.renditions.take(officer.id)

    def made() -> bytes:
        try:
            return make(record, officer.id)
        except PreviewUnavailable:
            raise unavailable() from None
        except StoreFault:
            raise record_fault() from None

    return await to_thread.run_sync(made, limiter=runtime.limits.at_once)


def unavailable() -> ProblemError:
    return ProblemError("preview-unavailable", "请下载 .docx 原件 · download the .docx instead")


@routes.post(
    "/records/{record_id}/signature",
    operation_id="sign_record",
    summary="送签章 · have it signed",
)
async def sign_record(
    runtime: Work,
    officer: Caller,
    record_id: RecordId,
    again: Annotated[bool, Query(description="已有签章件仍再签一份 · sign once more")] = False,
) -> RenditionView:
    """交本单位的签章服务签章，签章件与原件并存，原件不变。已有签章件的，直接返回它。

    Sends the file to the office's own signing provider; what comes back is kept beside the original. Nothing is kept
    when it fails, and it may be repeated: a record that was signed before is answered with that copy.
    """
    record = await run_in_threadpool(readable, runtime, officer, record_id)
    return await signature_of(runtime, officer, record, again=again)


async def signature_of(runtime: Runtime, officer: Officer, record: RecordView, *, again: bool = False) -> RenditionView:
    """The signed copy that counts now. Raises ProblemError."""
    sign = runtime.sign
    if sign is None:
        raise ProblemError("signing-unavailable", "请管理员设置签章服务 · ask the administrator to set one up")
    require_filed(record)
    runtime.limits.signatures.take(officer.id)

    def signed() -> RenditionView:
        try:
            return sign(record, officer.id, again=again)
        except SigningFault as fault:
            code = "not-signable" if fault.code == "not-signable" else "signing-failed"
            raise ProblemError(code, str(fault)) from None

    return await to_thread.run_sync(signed, limiter=runtime.limits.signing_at_once)


@routes.get(
    "/records/{record_id}/signed",
    operation_id="read_record_signed",
    summary="下载签章件 · the signed copy",
    response_class=Response,
    responses=content(PDF, OFD, DOCX),
)
def read_record_signed(runtime: Work, officer: Caller, record_id: RecordId) -> Response:
    """签章服务返回的文件（PDF、OFD 或 Word），发送前与登记摘要核对。As the provider returned it."""
    return signed_file(runtime, readable(runtime, officer, record_id))


def signed_file(runtime: Runtime, record: RecordView) -> Response:
    """The newest signed copy. Raises ProblemError."""
    require_kept(record)
    found = rendition_of(runtime, record, RenditionKind.SIGNED)
    if found is None:
        raise ProblemError("not-filed", "没有签章件 · there is no signed copy")
    try:
        data = runtime.store.get(found.digest, found.ending)
    except StoreFault:
        raise record_fault() from None
    return download(record, data, found.media_type, f"signed{ENDINGS[found.media_type]}", found.digest)


def rendition_of(runtime: Runtime, record: RecordView, kind: RenditionKind) -> RenditionView | None:
    with runtime.database.read() as s:
        return renditions.of_kind(s, record.id, kind)
