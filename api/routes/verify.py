"""The public page behind the QR code: is this paper what it says it is? No sign-in, no personal data."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from models.documents import RecordCheck
from records import verify as records_verify

from ..deps import Runtime, Work, address_of
from ..door import router
from ..middleware import UPLOAD_BYTES
from ..problems import FieldError, ProblemError
from .verify_page import verdict_page, wants_page

routes = router("verify")

TypedCode = Annotated[
    str, Path(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z -]+$", examples=["7K3M-9QXT-2H8B-4WZD"])
]

_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class InMemory(MultiPartParser):
    """An uploaded document is never written to disk: what is official may name persons."""

    spool_max_size = UPLOAD_BYTES


@routes.get(
    "/verify/{code}",
    operation_id="verify_code",
    summary="核验编码 · verify a code",
    response_model=RecordCheck,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def verify_code(request: Request, answer: Response, runtime: Work, code: TypedCode) -> RecordCheck | HTMLResponse:
    """有效、作废、已被替代或查无此件；不显示任何个人信息。浏览器（Accept: text/html）得到网页。

    Number, kind, date, issuer, state; a page when the caller accepts text/html, as a browser that scans the code.
    """
    runtime.limits.verify.take(address_of(request))
    with runtime.database.read() as s:
        found = records_verify.check_code(s, code)
    if wants_page(request.headers.get("accept", "")):
        return verdict_page(code, found)
    answer.headers["Vary"] = "Accept"
    return found


@routes.post("/verify", operation_id="verify_file", summary="核验文件 · verify a file", openapi_extra=_UPLOAD)
async def verify_file(request: Request, runtime: Work) -> RecordCheck:
    """上传文件，与登记的摘要比对；文件不保存。Compares the upload with the register; it is not kept."""
    runtime.limits.verify.take(address_of(request))
    data = await uploaded(request)
    return await run_in_threadpool(check_upload, runtime, data)


def check_upload(runtime: Runtime, data: bytes) -> RecordCheck:
    """What the register says of a file. Raises ProblemError `too-large`."""
    if len(data) > records_verify.MAX_UPLOAD:
        raise ProblemError("too-large", f"至多 {records_verify.MAX_UPLOAD} 字节 · at most that many bytes")
    with runtime.database.read() as s:
        return records_verify.check_file(s, data)


async def uploaded(request: Request) -> bytes:
    """The one part `file` of a form. Raises ProblemError."""
    kind = request.headers.get("content-type", "").lower().partition(";")[0].strip()
    if kind != "multipart/form-data":
        raise ProblemError("unsupported-media-type", "请用 multipart/form-data，字段 file · one part named file")
    try:
        form = await InMemory(request.headers, request.stream(), max_files=1, max_fields=4).parse()
    except HTTPException:
        raise  # the size limit
    except (MultiPartException, ValueError, KeyError, AssertionError):
        raise ProblemError("malformed-upload") from None
    part = form.get("file")
    if not isinstance(part, UploadFile):
        raise ProblemError("invalid", errors=[FieldError(field="file", reason="必填 · required")])
    try:
        return await part.read()
    finally:
        await form.close()
