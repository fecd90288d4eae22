"""Is this paper what it says it is? For everybody, without sign-in: by code, by the QR link, or by the file."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.auth import login_not_required
from starlette_admin.routing import route
from starlette_admin.views import CustomView

from api.deps import address_of, runtime_of
from api.problems import ProblemError
from api.routes.verify import check_upload, uploaded
from models.documents import PrintedMark, RecordCheck
from records import verify as records_verify

from ..door import reading
from ..permissions import PUBLIC
from ..words import _, day, label, said

CODE = re.compile(r"[0-9A-Za-z -]{1,40}")
TONES = {
    "valid": "valid",
    "void": "ill",
    "altered": "ill",
    "superseded": "unclear",
    "unknown": "unclear",
    "extract": "unclear",
}


class Verify(CustomView):
    """The one page without sign-in, besides the sign-in itself."""

    path = "/verify"
    menu_label = "公文核验"
    icon = "fa-solid fa-qrcode"

    def __init__(self) -> None:
        if "verify" not in PUBLIC:
            raise LookupError("the page is not public")
        super().__init__(menu_label=self.menu_label, path=self.path)

    @route("", name="verify")
    @login_not_required
    async def index(self, request: Request) -> Response:
        code = request.query_params.get("code", "").strip()
        if not code:
            return self._show(request)
        if not CODE.fullmatch(code):
            return self._show(
                request, code[:40], fault=_("核验编码只有字母、数字和连接号，请核对后重新填写"), status=422
            )
        try:
            runtime_of(request).limits.verify.take(address_of(request))
        except ProblemError as error:
            return self._refused(request, error, code)
        found = await reading(request, lambda s, _runtime: records_verify.check_code(s, code))
        return self._show(request, code, found)

    @route("", methods=["POST"], name="verify_file")
    @login_not_required
    async def file(self, request: Request) -> Response:
        runtime = runtime_of(request)
        try:
            runtime.limits.verify.take(address_of(request))
            data = await uploaded(request)
            if not data:
                return self._show(request, fault=_("请选择要核验的文件"), status=422)
            return self._show(request, found=await run_in_threadpool(check_upload, runtime, data))
        except ProblemError as error:
            return self._refused(request, error)

    def _refused(self, request: Request, error: ProblemError, code: str = "") -> Response:
        problem = error.problem
        faults = [f"{said(problem.title)}：{said(problem.detail)}" if problem.detail else said(problem.title)]
        answer = self._show(request, code, fault="；".join(faults), status=error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    def _show(
        self,
        request: Request,
        code: str = "",
        found: RecordCheck | None = None,
        *,
        fault: str = "",
        status: int = 200,
    ) -> Response:
        if self._admin is None:
            raise RuntimeError("the page is not part of a site")
        verdict, meaning = _words(found) if found is not None else ("", "")
        context = {
            "title": _("公文核验"),
            "code": code,
            "found": found,
            "by_code": bool(code),
            "tone": _tone(found) if found is not None else "",
            "verdict": verdict,
            "meaning": meaning,
            "facts": _facts(found) if found is not None else [],
            "fault": fault,
        }
        answer = self._admin._template_response(request, "console/verify.html", context, status)
        answer.headers["Referrer-Policy"] = "no-referrer"  # the address holds the code
        return answer


def _tone(found: RecordCheck) -> str:
    return "ill" if found.contradicted else TONES[found.status]


def _words(found: RecordCheck) -> tuple[str, str]:
    """The verdict, and what it means for whoever holds the paper."""
    if found.contradicted:
        return _("与登记不符"), _("文件所印的台账或日志摘要，登记中没有：登记可能被改写或换成旧副本，请告知发文机关。")
    words = {
        "valid": (_("有效"), _("本系统发出，现行有效。")),
        "void": (_("作废"), _("这份公文已经作废，不得再作凭据。")),
        "superseded": (_("已被替代"), _("这份公文已由新的公文替代，以新的为准。")),
        "altered": (_("已改动"), _("文件带有本系统的核验编码，但内容与登记的原件不一致，不得采信。")),
        "unknown": (_("查无此件"), _("本系统没有这份公文的登记。请核对编码，或与出示人核实。")),
        "extract": (
            _("管理证摘录"),
            _("摘录不编号。所印的台账和日志摘要与登记相符；内容请按所印核对地址，与同日摘录的数据比对。"),
        ),
    }
    return words[found.status]


def _facts(found: RecordCheck) -> list[tuple[str, str]]:
    facts = [
        (_("文号"), found.number),
        (_("文件种类"), label(found.kind)),
        (_("文件形式"), label(found.rendition)),
        (_("标题"), found.own_title),
        (_("印发日期"), day(found.issued_on)),
        (_("印发机关"), found.issuer),
        (_("替代文号"), found.superseded_by),
        (_("期满销毁"), _destroyed(found)),
        (_("最终替代文号"), _latest(found)),
        *((_printed_on(mark), _held(mark)) for mark in found.printed),
    ]
    return [(name, value) for name, value in facts if value]


def _latest(found: RecordCheck) -> str | None:
    """The last of a row of successors, and what became of it."""
    words = {"valid": _("有效"), "void": _("作废"), "unknown": _("文件尚未生成")}
    return f"{found.latest}（{words[found.latest_status]}）" if found.latest and found.latest_status else None


def _held(mark: PrintedMark) -> str:
    if mark.agrees is None:
        return _("无从核对")
    return _("登记中有") if mark.agrees else _("登记中没有")


def _printed_on(mark: PrintedMark) -> str:
    if mark.of == "chain":
        return _("所印台账链第%(n)d行") % {"n": mark.place}
    return _("所印存证日志%(n)d行处的日志头") % {"n": mark.place}


def _destroyed(found: RecordCheck) -> str | None:
    """When and by which list: it was genuine, and a copy that somebody holds still is."""
    if found.destroyed_on is None:
        return None
    return _("%(day)s，《文件销毁清册》%(number)s") % {
        "day": found.destroyed_on.isoformat(),
        "number": found.destroyed_by or "",
    }
