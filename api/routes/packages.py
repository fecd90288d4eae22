"""The archive package of one case that has ended, made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO
from urllib.parse import quote

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from docket import audit, cases, view
from models.audit import Act
from models.decisions import Officer
from records.archive import PackageRefused
from records.store import StoreFault

from ..deps import Caller, Runtime, Work
from ..door import router
from ..params import CaseId
from ..problems import ProblemError, not_found
from .records import content

routes = router("cases")

ZIP = "application/zip"
_CHUNK = 64 * 1024


@routes.get(
    "/cases/{case_id}/package",
    operation_id="read_case_package",
    summary="下载案卷 · archive package of a case",
    response_class=Response,
    responses=content(ZIP),
)
async def read_case_package(runtime: Work, officer: Caller, case_id: CaseId) -> Response:
    """已办结事项的档案包（zip）：公文、卷内文件目录、办理卷、台账流水、元数据、四性检测；可脱离本系统核验。

    The BagIt package of a case that has ended, with its case file; made anew at each call.
    """
    return await package(runtime, officer, case_id)


async def package(runtime: Runtime, officer: Officer, case_id: str) -> Response:
    """The answer to who asks for the package. Raises ProblemError."""
    number = await run_in_threadpool(_ended, runtime, officer, case_id)
    runtime.limits.packages.take(officer.id)
    made = await to_thread.run_sync(_packed, runtime, officer, number, limiter=runtime.limits.packages_at_once)
    name = quote(f"案卷 {number}.zip", safe="")
    disposition = f"attachment; filename=\"package-{case_id}.zip\"; filename*=UTF-8''{name}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return StreamingResponse(_chunks(made), media_type=ZIP, headers=headers, background=BackgroundTask(made.close))


def _ended(runtime: Runtime, officer: Officer, case_id: str) -> str:
    """The number of the case, which the caller may see and which has ended."""
    with runtime.database.read() as s:
        case = cases.read(s, case_id) if view.may_see(s, case_id, officer) else None
    if case is None:
        raise not_found()
    if not case.state.final:
        raise ProblemError("not-closed", "办结以后才能下载案卷 · a package is made of a case that has ended")
    return str(case.row.no)


def _packed(runtime: Runtime, officer: Officer, number: str) -> IO[bytes]:
    """Audited before anything is handed out: what cannot be audited is not taken away (P9)."""
    if runtime.pack is None:
        raise RuntimeError("this process was not given a packer")
    try:
        with ExitStack() as stack:
            made = stack.enter_context(runtime.pack(number))
            with runtime.database.write() as s:
                audit.note(s, Act.EXPORT, runtime.clock(), officer, about=number, detail="案卷档案包")
            stack.pop_all()
        return made
    except PackageRefused as refused:
        raise ProblemError("not-filed", str(refused)) from None
    except StoreFault:
        raise ProblemError("record-fault", "请联系管理员核验存档 · have the store verified") from None


def _chunks(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while chunk := made.read(_CHUNK):
            yield chunk
