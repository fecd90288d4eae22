"""Is it there, what is it missing, and a few numbers. Public: nothing here names a case or a person."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from .. import reading
from ..deps import Runtime, Work
from ..door import router
from ..metrics import CONTENT_TYPE
from ..shapes import Part, Readiness
from ..vitals import Vitals, room_left, vitals

routes = router("health")

_WELL = Part(well=True, says="正常 · well")


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
    parts["temporal"] = _part(
        await runtime.temporal.healthy(),
        "流程引擎不可用，决定已登记，恢复后自动送达 · Temporal is away; decisions are kept",
    )
    parts["records"] = _part(
        await run_in_threadpool(runtime.store.well),
        "档案存储不可用，文件暂不能生成和下载 · the records store is away",
    )
    parts["disk"] = _part(
        await run_in_threadpool(room_left, runtime), "磁盘将满，请清理或扩容 · the disk is nearly full"
    )
    if all(part.well for part in parts.values()):
        return Readiness(status="ready", says="一切正常 · all is well", parts=parts)
    if parts["database"].well:
        says = "可以受理，部分功能暂缺 · commands are taken, some parts are away"
        return Readiness(status="degraded", says=says, parts=parts)
    answer.status_code = 503
    return Readiness(status="down", says="数据库不可用，暂不能办理 · the database is away", parts=parts)


def _register(runtime: Runtime) -> dict[str, Part]:
    """The database, and what it tells of the others: without it nothing is known of them."""
    now = runtime.clock()
    try:
        with runtime.database.read() as s:
            found = vitals(s, now)
    except (SQLAlchemyError, OSError):
        return {"database": Part(well=False, says="数据库不可用 · the database is away")}
    return {
        "database": _WELL,
        "worker": _part(found.worker(now), "办理进程没有响应 · no worker answers"),
        "reconciliation": _reconciliation(found, now),
        "log": _part(
            not found.log_behind, "存证日志没有按时追加，请查看定时任务 · the log is behind: see the schedules"
        ),
        "clock": _part(found.together, "本机与数据库的时钟不一致，请校时 · the clocks are apart: synchronise them"),
    }


def _part(well: bool, says: str) -> Part:
    return _WELL if well else Part(well=False, says=says)


def _reconciliation(found: Vitals, now: datetime) -> Part:
    if found.last is None:
        return Part(well=True, says="还没有核对过 · there was no reconciliation yet")
    if not found.compared(now):
        return Part(well=False, says="核对已停止，请查看定时任务 · no reconciliation of late: see the schedules")
    left = found.last.left
    return _part(not left, f"核对发现 {left} 处差异待处理 · {left} differences to look after")


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
    return Response(runtime.metrics.page(gauges), media_type=CONTENT_TYPE)
