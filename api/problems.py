"""Every error is an RFC 9457 problem: Chinese first, a stable code, never a word of what was sent."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope

from models.lasting import place, unfit
from models.refusals import CLAUSES, Refusal, RefusalCode
from models.sealing import Unsealable
from models.shape import Shape

logger = logging.getLogger("dingbian.api")

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20

TITLES: dict[str, tuple[int, str]] = {
    "malformed-json": (400, "请求内容不是规范的 JSON · body is not strict JSON"),
    "bad-request": (400, "请求无法识别 · bad request"),
    "malformed-upload": (400, "上传内容无法识别 · upload is malformed"),
    "idempotency-key-required": (400, "缺少 Idempotency-Key 请求头 · Idempotency-Key header required"),
    "unauthenticated": (401, "未登录或令牌无效 · not authenticated"),
    "forbidden": (403, "无权办理 · not permitted"),
    "outside-token": (403, "令牌不含此项操作 · outside the token's scope"),
    "not-your-unit": (403, "只能为本单位申请 · only for your own unit"),
    "no-substitution": (403, "没有有效的代行授权 · no substitution in force"),
    "not-found": (404, "未找到 · not found"),
    "method-not-allowed": (405, "不支持该方法 · method not allowed"),
    "key-reused": (409, "同一编号内容不同 · key reused with other content"),
    "self-approval": (403, "提出人不得审批 · whoever proposed may not approve"),
    "two-roles": (403, "一人不得兼任两个环节 · one officer, two roles"),
    "not-filed": (409, "文件尚未归档 · document is not filed yet"),
    "not-your-turn": (409, "尚未轮到该环节 · not yet your turn"),
    "already-decided": (409, "该环节已办理 · already done"),
    "not-closed": (409, "事项尚未办结 · the case has not ended"),
    "not-signable": (409, "此件不能送签章 · this record is not to be signed"),
    "record-disposed": (410, "文件已按销毁清册销毁 · the record was destroyed under its retention period"),
    "too-large": (413, "内容过大 · content too large"),
    "unsupported-media-type": (415, "内容类型不支持 · unsupported media type"),
    "invalid": (422, "填写有误 · invalid content"),
    "malformed": (422, "内容与对象不符 · it does not fit what it is about"),
    "reference-required": (422, "须填写批准文号 · reference number required"),
    "nothing-to-do": (422, "没有可办理的内容 · nothing to act on"),
    "retention-running": (422, "保管期限未满 · the retention period has not ended"),
    "unknown-unit": (422, "没有这个单位 · unknown unit"),
    "unit-abolished": (422, "单位已撤销 · unit was abolished"),
    "too-many-requests": (429, "请求过于频繁 · too many requests"),
    "internal": (500, "系统内部错误，请稍后再试 · internal error, try again later"),
    "record-fault": (500, "存档文件与登记摘要不符 · stored file does not match its register"),
    "signing-failed": (502, "签章未完成，没有存下任何文件 · signing failed, nothing was kept"),
    "signing-unavailable": (503, "本系统没有设置签章服务 · no signing provider is set up"),
    "identity-provider-away": (503, "统一身份认证暂时不可用 · the identity provider is away"),
    "database-away": (503, "数据库暂时不可用 · database is away"),
    "sealed-unreadable": (503, "封存的内容现在打不开 · sealed content cannot be opened now"),
    "preview-unavailable": (503, "暂不能生成 PDF（未安装 LibreOffice 或转换失败） · no PDF rendition here"),
}

Code = Annotated[str, Field(examples=["not-found"])]


class FieldError(BaseModel):
    """One fault: where, and why in safe words. What was sent is never repeated."""

    model_config = ConfigDict(extra="forbid")
    field: str = Field(examples=["lines.0.number"])
    reason: str = Field(examples=["须大于或等于 1 · must be at least 1"])


class Problem(BaseModel):
    """RFC 9457. `code` is stable and for machines; `title` and `detail` are for people."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(examples=["urn:dingbian:problem:not-found"])
    title: str = Field(examples=["未找到 · not found"])
    status: int = Field(examples=[404])
    code: Code
    detail: str = Field(default="", examples=["没有这个事项，或您无权查看 · no such case, or not yours to see"])
    clause: str | None = None
    errors: list[FieldError] | None = None


class ProblemError(HTTPException):
    """Raise to answer with a problem. It is an HTTPException so that FastAPI's body reader lets it pass."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        clause: str | None = None,
        errors: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, title = TITLES[code]
        super().__init__(status, title, dict(headers) if headers else None)
        self.problem = Problem(
            type=f"urn:dingbian:problem:{code}",
            title=title,
            status=status,
            code=code,
            detail=detail,
            clause=clause,
            errors=list(errors) if errors else None,
        )


def not_found(what: str = "没有这个事项，或您无权查看 · no such case, or not yours to see") -> ProblemError:
    """Foreign and missing look alike, so that nobody learns of a case by asking."""
    return ProblemError("not-found", what)


def of_refusal(refusal: Refusal) -> ProblemError:
    """A refusal that stopped a command at the door: a reused key, or a substitution that does not hold."""
    return ProblemError(refusal.code.value, refusal.message, clause=refusal.clause)


def no_substitution(detail: str) -> ProblemError:
    return ProblemError("no-substitution", detail, clause=CLAUSES[RefusalCode.NO_SUBSTITUTION])


def route_of(scope: Scope) -> str:
    """The route's template for the log, not the path that was asked for."""
    return str(getattr(scope.get("route"), "path", "?"))


def response(error: ProblemError) -> JSONResponse:
    return JSONResponse(
        error.problem.model_dump(exclude_none=True),
        status_code=error.problem.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


# --- validation: field paths and reasons that come from the schema alone ------------------------------------

_REASONS = {
    "missing": "必填 · required",
    "extra_forbidden": "没有这一项 · unknown field",
    "string_too_short": "过短，至少 {min_length} 字 · at least {min_length} characters",
    "string_too_long": "过长，至多 {max_length} 字 · at most {max_length} characters",
    "string_pattern_mismatch": "格式不符，应为 {pattern} · must match {pattern}",
    "greater_than_equal": "须大于或等于 {ge} · must be at least {ge}",
    "less_than_equal": "须小于或等于 {le} · must be at most {le}",
    "too_short": "至少 {min_length} 项 · at least {min_length} items",
    "too_long": "至多 {max_length} 项 · at most {max_length} items",
    "enum": "只能是 {expected} · must be one of {expected}",
    "literal_error": "只能是 {expected} · must be one of {expected}",
    "timezone_aware": "须带时区 · needs a time zone",
}
_KINDS = (
    ("int", "应为整数 · must be a whole number"),
    ("bool", "应为 true 或 false · must be true or false"),
    ("string", "应为文字 · must be text"),
    ("list", "应为列表 · must be a list"),
    ("dict", "应为对象 · must be an object"),
    ("model", "应为对象 · must be an object"),
    ("datetime", "应为带时区的时刻 · must be a date-time with a zone"),
    ("date", "应为日期 YYYY-MM-DD · must be a date"),
)
_OWN_WORDS = re.compile(r"含有不允许的字符 U\+[0-9A-F]{4,6} · character not allowed|不得换行 · must be one line")
"""What our own validators say (models.shape); any other text of a validator might quote the value."""


_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]{1,30}")
"""A name of a field, spelt as ours are."""


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    return [FieldError(field=_path(error), reason=_reason(error) + _meant(error)) for error in errors[:MOST_ERRORS]]


def _path(error: Mapping[str, Any]) -> str:
    parts = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden" and isinstance(error["loc"][-1], str):
        parts[-1] = "?"  # the name of an unknown field is the sender's own text: anything may stand there
    if len(parts) > 1 and parts[0] == "body":
        parts = parts[1:]
    return ".".join(parts)[:200]


def _meant(error: Mapping[str, Any]) -> str:
    """Our own word nearest to the name of an unknown field, never that name itself."""
    sent = str(error["loc"][-1])
    if error["type"] != "extra_forbidden" or not _PLAIN_NAME.fullmatch(sent):
        return ""
    near = get_close_matches(sent, _names(), 1, 0.75)
    return f" → {near[0]}?" if near else ""


@cache
def _names() -> frozenset[str]:
    """The names of all fields of our shapes."""
    found: set[str] = set()
    waiting: list[type[Shape]] = [Shape]
    while waiting:
        shape = waiting.pop()
        found |= set(shape.model_fields)
        waiting += shape.__subclasses__()
    return frozenset(found)


def _reason(error: Mapping[str, Any]) -> str:
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    if kind == "value_error":
        words = str(context.get("error", ""))
        return words if _OWN_WORDS.fullmatch(words) else "内容不符合要求 · not acceptable"
    pattern = _REASONS.get(kind)
    if pattern is not None:
        try:
            return pattern.format_map(context)
        except (KeyError, IndexError):
            return "内容不符合要求 · not acceptable"
    return next((words for start, words in _KINDS if kind.startswith(start)), "内容不符合要求 · not acceptable")


# --- handlers -----------------------------------------------------------------------------------------------

_BY_STATUS = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
}


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ProblemError):
        return response(error)
    if not isinstance(error, HTTPException):
        return response(ProblemError("internal"))
    # Starlette's own words ("Not Found", a parser's message) are replaced: some of them quote the request.
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = "bad-request" if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else "internal"
    return response(ProblemError(code, headers=error.headers))


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    return response(ProblemError("invalid", "请按所列各项改正 · correct what is listed", errors=field_errors(errors)))


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    return response(ProblemError("database-away", headers={"Retry-After": "2"}))


async def _on_unfit(request: Request, error: Exception) -> JSONResponse:
    """The last net under the bounds of every field. What else a statement fails with is a fault of ours."""
    if not unfit(error):
        raise error
    said = (type(error).__name__, request.method, route_of(request.scope), place(error))
    logger.error("a value that no column takes: %s in %s %s at %s", *said)
    return response(ProblemError("invalid", "有一项内容无法保存 · something of it cannot be kept"))


def unreadable() -> ProblemError:
    """A key is missing, or a sealed column was altered: nobody's request is at fault, and what was decided stands."""
    return ProblemError(
        "sealed-unreadable",
        "缺少密钥，或内容已损坏；请告知系统管理员运行 dingbian check · "
        "a key is missing or the content is damaged; tell the system administrator, who runs dingbian check",
    )


async def _on_unreadable(request: Request, error: Exception) -> JSONResponse:
    logger.error("sealed content cannot be opened in %s %s", request.method, route_of(request.scope))
    return response(unreadable())


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(kind, _on_database)
    app.add_exception_handler(StatementError, _on_unfit)
    app.add_exception_handler(Unsealable, _on_unreadable)
