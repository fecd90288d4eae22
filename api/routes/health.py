"""Is it there, what is it missing, and a few numbers. Public: nothing here names a case or a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from docket import health

from .. import reading
from ..deps import Runtime, Work
from ..door import router
from ..shapes import Part, Readiness

routes = router("health")

PATIENCE = timedelta(seconds=15)
"""A command is judged within a second or two; one that waits longer has no worker, or one that is stuck."""
_WELL = Part(well=True, says="正常 · well")

METRICS = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "cases": "事项数（按状态）",
    "outbox_undelivered": "尚未送达流程引擎的指令数",
    "outbox_oldest_seconds": "最早一条未送达指令已等待的秒数",
    "commands_unjudged": "尚无回执的指令数",
    "steps_overdue": "已逾期的环节数",
    "records_unfiled": "已编号待归档的文件数",
}


@routes.get("/health/live", operation_id="health_live", summary="存活 · liveness")
async def health_live() -> Part:
    return Part(well=True, says="在运行 · running")


@routes.get(
    "/health/ready",
    operation_id="health_ready",
    summary="就绪 · readiness",
    responses={503: {"model": Readiness, "description": "数据库不可用 · the database is away"}},
)
async def health_ready(answer: Response, runtime: Work) -> Readiness:
    """200 `ready` 或 `degraded`（仍可受理并登记）；503 `down`（数据库不可用，什么都不能登记）。

    Neither Temporal nor the worker being away takes the API out of service: commands are committed and judged later.
    """
    parts = await run_in_threadpool(_register, runtime)
    parts["temporal"] = _temporal(await runtime.temporal.healthy())
    parts["records"] = await run_in_threadpool(_store, runtime)
    if all(part.well for part in parts.values()):
        return Readiness(status="ready", says="一切正常 · all is well", parts=parts)
    if parts["database"].well:
        says = "可以受理，部分功能暂缺 · commands are taken, some parts are away"
        return Readiness(status="degraded", says=says, parts=parts)
    answer.status_code = 503
    return Readiness(status="down", says="数据库不可用，暂不能办理 · the database is away", parts=parts)


def _register(runtime: Runtime) -> dict[str, Part]:
    """The database, and what it tells of the worker: without it nothing is known of the worker."""
    try:
        with runtime.database.read() as s:
            waiting_since = health.oldest_unjudged(s)
    except (SQLAlchemyError, OSError):
        return {"database": Part(well=False, says="数据库不可用 · the database is away")}
    return {"database": _WELL, "worker": _worker(waiting_since, runtime.clock())}


def _worker(waiting_since: datetime | None, now: datetime) -> Part:
    if waiting_since is None or now - waiting_since <= PATIENCE:
        return _WELL
    return Part(well=False, says="办理进程没有响应 · no worker answers")


def _store(runtime: Runtime) -> Part:
    if runtime.store.well():
        return _WELL
    return Part(well=False, says="档案存储不可用，文件暂不能生成和下载 · the records store is away")


def _temporal(well: bool) -> Part:
    if well:
        return _WELL
    return Part(well=False, says="流程引擎不可用，决定已登记，恢复后自动送达 · Temporal is away; decisions are kept")


@routes.get(
    "/metrics",
    operation_id="read_metrics",
    summary="指标 · metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def read_metrics(runtime: Work) -> Response:
    """Prometheus 文本格式。Prometheus text exposition."""
    with runtime.database.read() as s:
        gauges = reading.gauges(s, runtime.clock())
    lines: list[str] = []
    for name, values in gauges.items():
        lines += [f"# HELP dingbian_{name} {_HELP[name]}", f"# TYPE dingbian_{name} gauge"]
        lines += [f"dingbian_{name}{_label(state)} {value:g}" for state, value in sorted(values.items())]
    return Response("\n".join(lines) + "\n", media_type=METRICS)


def _label(state: str) -> str:
    return f'{{state="{state}"}}' if state else ""
