"""The page of an official record: its facts, its pages as pictures, its file."""

from __future__ import annotations

import io
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass

import segno
from anyio import to_thread
from markupsafe import Markup
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.flash import flash
from starlette_admin.routing import route

from api.deps import Runtime, runtime_of
from api.permissions import RULES, may_see_unit
from api.problems import ProblemError, not_found
from api.routes.records import (
    DOCX,
    PDF,
    download,
    pdf_of,
    readable,
    require_filed,
    signature_of,
    signed_file,
    stored,
    unavailable,
)
from docket import unit_page, view
from models.decisions import Officer
from models.disposals import HoldView
from models.docket import RecordView
from models.enums import RecordState, RenditionKind, Retention
from models.renditions import RenditionView
from records import holds, preview, register, renditions

from ..door import Page, may_open, officer_of, passes, reading
from ..words import _, said

KEPT_DOCUMENTS = 24
"""Documents whose pages are kept in memory: some 60 KB a page, so a few megabytes in all."""

HANDS = ("经办", "审核", "签发", "决定", "核定单审核", "核定单签发", "提出", "批准", "执行", "监销")
"""In which capacity officers stand on a record; the register holds these words."""


class Pictures:
    """Pages of documents as pictures, by digest: the same bytes are converted once while they are kept."""

    def __init__(self, most: int = KEPT_DOCUMENTS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, list[bytes]] = OrderedDict()

    def get(self, digest: str) -> list[bytes] | None:
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
            return found

    def put(self, digest: str, pages: list[bytes]) -> None:
        with self._lock:
            self._kept[digest] = pages
            self._kept.move_to_end(digest)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@dataclass(frozen=True)
class Facts:
    """What stands beside the pictures. Cases and neighbours only for those who may see them."""

    record: RecordView
    unit_name: str
    unit: str | None
    case_no: str | None
    successor: RecordView | None
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    holds: list[HoldView]
    """For those to whom disposals are open: why a record is asked for may be nobody else's business."""
    pdf: RenditionView | None
    signed: RenditionView | None


class RecordPage(Page):
    name = "records"
    path = "/records/{record_id:uuid}"
    menu_label = "公文"
    add_to_menu = False

    def __init__(self) -> None:
        super().__init__()
        self.pictures = Pictures()

    @route("", name="record")
    async def index(self, request: Request) -> Response:
        record_id = request.path_params["record_id"].hex
        facts = await reading(request, lambda s, runtime: self._facts(s, runtime, request, record_id))
        runtime = runtime_of(request)
        address = f"{runtime.settings.public_url.rstrip('/')}/api/v1/verify/{facts.record.code}"  # as printed on it
        return self.render(
            request,
            "console/record.html",
            {
                "title": facts.record.number,
                "facts": facts,
                "record": facts.record,
                "hands": [(_(role) if role in HANDS else role, name) for role, name in facts.record.officers.items()],
                "qr": _qr(address),
                "void": facts.record.state is RecordState.VOID,
                "retention": Retention(facts.record.retention),
                "permanent": facts.record.retention == Retention.PERMANENT.value,
                "file_size": _size(facts.record.size),
                "may_hold": passes(RULES["place_hold"], officer_of(request)) and facts.record.disposed_on is None,
                "may_lift": passes(RULES["lift_hold"], officer_of(request)),
                "me": officer_of(request).id,
                "key": uuid.uuid4().hex,
                "pdf_here": facts.pdf is not None or preview.installed(),
                "signing": _signing(runtime, officer_of(request), facts),
            },
        )

    @route("/file", name="record-file")
    async def file(self, request: Request) -> Response:
        runtime, officer = runtime_of(request), officer_of(request)
        record = await run_in_threadpool(readable, runtime, officer, request.path_params["record_id"].hex)
        data = await run_in_threadpool(stored, runtime, record)
        return download(record, data, DOCX, "docx", record.digest)

    @route("/pdf", name="record-pdf")
    async def pdf(self, request: Request) -> Response:
        record = await self._readable(request)
        return download(record, await pdf_of(runtime_of(request), officer_of(request), record), PDF, "pdf")

    @route("/signed", name="record-signed")
    async def signed(self, request: Request) -> Response:
        record = await self._readable(request)
        return await run_in_threadpool(signed_file, runtime_of(request), record)

    @route("/signature", methods=["POST"], name="record-sign")
    async def sign(self, request: Request) -> Response:
        """Send the record to the office's signing provider, for those who may ask the API for it."""
        officer = officer_of(request)
        if not passes(RULES["sign_record"], officer):
            raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
        record = await self._readable(request)
        try:
            await signature_of(runtime_of(request), officer, record)
        except ProblemError as error:
            flash(request, f"{said(error.problem.title)}：{said(error.problem.detail)}", "error")
        else:
            flash(request, _("签章件已存下，与原件并存"), "success")
        return RedirectResponse(request.url_for("console:record", record_id=record.id), 303)

    @route("/preview", name="record-preview")
    async def preview(self, request: Request) -> Response:
        """The pages as a part of the page, fetched after it: LibreOffice takes seconds the first time."""
        record = await self._readable(request)
        try:
            pages = await self._pages(request, record)
        except ProblemError as problem:
            shown = {"record": record, "problem": problem.problem}
            answer = self.render(request, "console/record_pages.html", shown)
        else:
            answer = self.render(request, "console/record_pages.html", {"record": record, "count": len(pages)})
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    @route("/pages/{n:int}.png", name="record-picture")
    async def picture(self, request: Request) -> Response:
        pages = await self._pages(request, await self._readable(request))
        n = int(request.path_params["n"])
        if not 1 <= n <= len(pages):
            raise not_found("没有这一页 · no such page")
        headers = {"Cache-Control": "private, max-age=600"}
        return Response(pages[n - 1], media_type="image/png", headers=headers)

    def _facts(self, s: Session, runtime: Runtime, request: Request, record_id: str) -> Facts:
        officer = officer_of(request)
        record = register.get(s, record_id)
        if record is None or not view.may_see_record(record, officer):
            raise not_found("没有这份文件，或您无权查看 · no such record, or not yours to see")
        seen = record.case_id is not None and view.may_see(s, record.case_id, officer)
        successor = register.get(s, record.superseded_by) if record.superseded_by else None
        if successor is not None and not view.may_see_record(successor, officer):
            successor = None
        beside = register.neighbours(s, record_id) if may_open(request, "numbers") else (None, None)
        before, after = (each if each and _seen(s, each[0], officer) else None for each in beside)
        return Facts(
            record=record,
            unit_name=unit_page.name_of(s, record.unit),
            unit=record.unit if record.unit and may_see_unit(officer, record.unit) else None,
            case_no=unit_page.case_no(s, record.case_id) if seen and record.case_id else None,
            successor=successor,
            before=before,
            after=after,
            holds=holds.on_record(s, record_id) if may_open(request, "disposals") else [],
            pdf=renditions.of_kind(s, record_id, RenditionKind.PDF),
            signed=renditions.of_kind(s, record_id, RenditionKind.SIGNED),
        )

    async def _readable(self, request: Request) -> RecordView:
        record_id = request.path_params["record_id"].hex
        return await run_in_threadpool(readable, runtime_of(request), officer_of(request), record_id)

    async def _pages(self, request: Request, record: RecordView) -> list[bytes]:
        """The pictures; a conversion is bounded per officer and two run at once. Raises ProblemError."""
        runtime = runtime_of(request)
        digest = require_filed(record)
        kept = self.pictures.get(digest)
        if kept is not None:
            return kept
        pdf = await pdf_of(runtime, officer_of(request), record)
        return await to_thread.run_sync(self._converted, digest, pdf, limiter=runtime.limits.at_once)

    def _converted(self, digest: str, pdf: bytes) -> list[bytes]:
        kept = self.pictures.get(digest)  # while this one waited for its turn, another may have converted it
        if kept is not None:
            return kept
        try:
            pages = preview.pages_of(pdf)
        except preview.PreviewUnavailable:
            raise unavailable() from None
        self.pictures.put(digest, pages)
        return pages


def _signing(runtime: Runtime, officer: Officer, facts: Facts) -> str:
    """What the page says of signing: `offered` to the officer, `unset` where the office has no provider, or ""."""
    if facts.signed is not None or facts.record.state is not RecordState.VALID or facts.record.digest is None:
        return ""
    if runtime.sign is None:
        return "unset"
    return "offered" if passes(RULES["sign_record"], officer) else ""


def _seen(s: Session, record_id: str, officer: Officer) -> bool:
    record = register.get(s, record_id)
    return record is not None and view.may_see_record(record, officer)


class RecordDetail(Page):
    """Where the framework's address of a row of the register leads: to the record's own page."""

    name = "records"
    path = "/records/detail"
    menu_label = "公文"
    add_to_menu = False

    @route("", name="record-detail")
    async def index(self, request: Request) -> Response:
        pk = request.query_params.get("pk", "")
        if len(pk) != 32 or not all(each in "0123456789abcdef" for each in pk):
            raise not_found("没有这份文件，或您无权查看 · no such record, or not yours to see")
        return RedirectResponse(request.url_for("console:record", record_id=pk), 303)


def _qr(address: str) -> Markup:
    out = io.BytesIO()
    segno.make_qr(address, error="m").save(out, kind="svg", xmldecl=False, svgns=True, scale=4, border=2, omitsize=True)
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn here from our own address and code


def _size(size: int | None) -> str:
    return "" if size is None else f"{max(1, round(size / 1024))} KB"
