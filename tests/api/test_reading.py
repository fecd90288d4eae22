"""Queries: lists, the register, official records, health. All from SQL, nothing from Temporal."""

from __future__ import annotations

import base64
import itertools
from datetime import date, timedelta
from urllib.parse import quote

import pytest

from api.routes.records import DOCX
from docket import commands
from models.enums import State
from models.register import Case, Record
from models.sealing import digest
from records import preview

from .conftest import NOW, UNIT_A, UNIT_B, Desk, problem

FILE = b"PK\x03\x04 not really a document"


def add_record(
    desk: Desk,
    case_id: str,
    seq: int = 1,
    *,
    filed: bool = True,
    kind: str = "verification_slip",
    unit: str = UNIT_A,
) -> str:
    named = digest(FILE)
    if filed:
        desk.runtime.store.put(FILE, named)
    with desk.database.write() as s:
        s.add(
            Record(
                id=f"record-{seq}",
                series="示编核",
                year=2026,
                seq=seq,
                number=f"示编核〔2026〕{seq}号",
                kind=kind,
                title="人员编制和领导职数核定单（张三）",
                case_id=case_id,
                step="issue",
                round=seq,
                subject="",
                unit=unit,
                issued_on=date(2026, 3, 3),
                issuer="示范市委编办",
                officers="{}",
                code=f"7K3M-9QXT-2H8B-{seq:04d}",
                context_sealed=b"x",
                template_digest="0" * 64,
                retention="permanent",
                state="valid" if filed else "numbered",
                digest=named if filed else None,
                size=len(FILE) if filed else None,
            )
        )
    return f"record-{seq}"


async def test_the_list_holds_what_the_caller_may_see(desk: Desk) -> None:
    case_id = desk.opened_case()
    for who, seen in (("applicant", [case_id]), ("neighbour", []), ("treasurer", [case_id]), ("supervisor", [case_id])):
        items = (await desk.get("/cases", by=who)).json()["items"]
        assert [item["case_id"] for item in items] == seen, who
    assert (await desk.get(f"/cases?unit={UNIT_B}", by="head")).json()["items"] == []
    assert (await desk.get(f"/cases?unit={UNIT_A}", by="neighbour")).json()["items"] == []


async def test_filters_and_pages(desk: Desk) -> None:
    cases = {desk.opened_case(key=f"case-{n}") for n in range(3)}
    with desk.database.write() as s:
        first = s.get(Case, sorted(cases)[0])
        assert first is not None
        first.state, first.waiting_on = State.REJECTED.value, ""
        s.add(first)
    found = (await desk.get("/cases?state=rejected&procedure=staffing-up&overdue=false", by="head")).json()["items"]
    assert [item["case_id"] for item in found] == [sorted(cases)[0]]
    seen: list[str] = []
    where = "/cases?limit=1"
    while True:
        page = (await desk.get(where, by="head")).json()
        seen += [item["case_id"] for item in page["items"]]
        if page["next"] is None:
            break
        where = f"/cases?limit=1&cursor={quote(page['next'])}"
    assert sorted(seen) == sorted(cases)


@pytest.mark.parametrize("made_up", ["hello", "aGVsbG8=", base64.urlsafe_b64encode(b"2026-01-01|x").decode(), "===="])
async def test_a_made_up_cursor_is_a_fault_of_the_field(desk: Desk, made_up: str) -> None:
    desk.opened_case()
    answer = await desk.get(f"/cases?cursor={quote(made_up)}", by="head")
    assert problem(answer, 422, "invalid")["errors"][0]["field"] == "query.cursor"


async def test_the_docket_is_the_case_for_its_reader(desk: Desk) -> None:
    case_id = desk.opened_case()
    said = (await desk.get(f"/cases/{case_id}", by="applicant")).json()
    assert (said["case_id"], said["state"], said["unit"]) == (case_id, "accepted", UNIT_A)
    assert {"rounds", "steps", "decisions", "receipts", "checks", "ledger", "documents", "may"} <= set(said)


async def test_the_worklist_is_a_list(desk: Desk) -> None:
    assert (await desk.get("/worklist", by="examiner")).json() == {"items": []}


async def test_a_unit_and_its_ledger(desk: Desk) -> None:
    unit = (await desk.get(f"/units/{UNIT_A}", by="applicant")).json()
    assert (unit["name"], unit["kind_label"], unit["suspended"]) == ("示范市档案局", "机关", False)
    [account] = (await desk.get(f"/units/{UNIT_A}/balances", by="applicant")).json()["items"]
    assert (account["label"], account["vacancy"]) == ("行政编制", 0)
    for query in (
        "?as_of=2026-01-01",
        "?known_at=2026-01-01T00:00:00Z",
        "?as_of=2026-01-01&known_at=2026-01-02T00:00:00Z",
    ):
        assert (await desk.get(f"/units/{UNIT_A}/balances{query}", by="auditor")).status_code == 200
    assert (await desk.get(f"/units/{UNIT_A}/roster", by="organiser")).json()["items"] == []
    assert (await desk.get(f"/units/{UNIT_A}/journal", by="treasurer")).json()["items"] == []


async def test_the_certificate_shows_the_newest_extracts(desk: Desk) -> None:
    case_id = desk.opened_case()
    add_record(desk, case_id, 1, kind="certificate")
    add_record(desk, case_id, 2, kind="certificate")
    add_record(desk, case_id, 3)
    said = (await desk.get(f"/units/{UNIT_A}/certificate", by="insurer")).json()
    assert [item["id"] for item in said["items"]] == ["record-2", "record-1"]


async def test_a_record_and_its_file(desk: Desk) -> None:
    record = add_record(desk, desk.opened_case())
    assert (await desk.get(f"/records/{record}", by="applicant")).json()["number"] == "示编核〔2026〕1号"
    answer = await desk.get(f"/records/{record}/file", by="applicant")
    assert answer.content == FILE
    assert answer.headers["content-type"] == DOCX
    name = quote("示编核〔2026〕1号 人员编制和领导职数核定单.docx", safe="")
    assert answer.headers["content-disposition"] == (
        f"attachment; filename=\"record-record-1.docx\"; filename*=UTF-8''{name}"
    )
    assert answer.headers["etag"] == f'"{digest(FILE)}"'
    assert quote("张三") not in answer.headers["content-disposition"]


@pytest.mark.parametrize("tail", ["", "/file", "/pdf"])
async def test_a_record_of_a_foreign_case_is_as_good_as_none(desk: Desk, tail: str) -> None:
    record = add_record(desk, desk.opened_case())
    foreign = problem(await desk.get(f"/records/{record}{tail}", by="neighbour"), 404, "not-found")
    assert foreign == problem(await desk.get(f"/records/none{tail}", by="neighbour"), 404, "not-found")


async def test_a_record_belongs_to_the_unit_it_is_made_out_to(desk: Desk) -> None:
    """A transfer: the case is unit A's, the exit notice is for unit B."""
    case_id = desk.opened_case()
    slip, notice = add_record(desk, case_id), add_record(desk, case_id, 2, kind="exit_notice", unit=UNIT_B)
    for tail in ("", "/file"):
        assert (await desk.get(f"/records/{notice}{tail}", by="neighbour")).status_code == 200
        problem(await desk.get(f"/records/{notice}{tail}", by="applicant"), 404, "not-found")
    listed = {
        who: [item["id"] for item in (await desk.get(f"/cases/{case_id}/records", by=who)).json()["items"]]
        for who in ("applicant", "examiner")
    }
    assert listed == {"applicant": [slip], "examiner": [slip, notice]}
    problem(await desk.get(f"/cases/{case_id}/records", by="neighbour"), 404, "not-found")
    documents = (await desk.get(f"/cases/{case_id}", by="applicant")).json()["documents"]
    assert [record["id"] for record in documents] == [slip]


async def test_a_numbered_record_has_no_file_yet(desk: Desk) -> None:
    record = add_record(desk, desk.opened_case(), filed=False)
    problem(await desk.get(f"/records/{record}/file", by="head"), 409, "not-filed")


async def test_an_altered_file_is_not_handed_out(desk: Desk) -> None:
    record = add_record(desk, desk.opened_case())
    path = desk.runtime.store.path(digest(FILE))
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(FILE + b"!")
    problem(await desk.get(f"/records/{record}/file", by="head"), 500, "record-fault")


async def test_pdf_where_libreoffice_is_and_a_clear_word_where_it_is_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = add_record(desk, desk.opened_case())

    def missing(_: bytes, beat: object = None) -> bytes:
        raise preview.PreviewUnavailable("LibreOffice")

    monkeypatch.setattr(preview, "to_pdf", missing)
    problem(await desk.get(f"/records/{record}/pdf", by="head"), 503, "preview-unavailable")
    made = itertools.count()
    monkeypatch.setattr(preview, "to_pdf", lambda data, beat: b"%%PDF-1.7 %d " % next(made) + data)
    monkeypatch.setattr(preview, "provider", lambda: "LibreOffice 7.4.7.2")
    answer = await desk.get(f"/records/{record}/pdf", by="head")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    monkeypatch.setattr(preview, "to_pdf", missing)
    assert (await desk.get(f"/records/{record}/pdf", by="examiner")).content == answer.content
    (kept,) = (await desk.get(f"/records/{record}", by="head")).json()["renditions"]
    assert (kept["kind"], kept["provider"]) == ("pdf", "LibreOffice 7.4.7.2")
    assert kept["digest"] == digest(answer.content)


async def test_the_register_of_numbers_is_paged(desk: Desk) -> None:
    case_id = desk.opened_case()
    for seq in (1, 2, 3):
        add_record(desk, case_id, seq, filed=seq != 2)
    first = (await desk.get("/records?series=示编核&year=2026&limit=2", by="auditor")).json()
    assert [item["number"] for item in first["items"]] == ["示编核〔2026〕1号", "示编核〔2026〕2号"]
    rest = (await desk.get(f"/records?series=示编核&year=2026&after={first['next']}&limit=2", by="auditor")).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["record-3"], None)


async def test_verification_of_the_ledger(desk: Desk) -> None:
    desk.opened_case()  # serial numbers of cases are no numbers of documents and leave no gap there
    said = (await desk.get("/ledger/verification", by="auditor")).json()
    assert (said["holders"], said["difference"], said["faults"]) == (2, 0, [])


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/"])
async def test_a_bare_address_leads_to_the_reference_page(desk: Desk, path: str) -> None:
    answer = await desk.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/v1/reference")
    problem(await desk.client.post(path), 405, "method-not-allowed")
    page = await desk.client.get(path, follow_redirects=True)
    assert page.headers["content-type"].startswith("text/html")


async def test_health_says_which_part_is_away(desk: Desk) -> None:
    assert (await desk.get("/health/live")).json()["well"] is True
    ready = await desk.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    desk.temporal.away = True
    degraded = await desk.get("/health/ready")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert "流程引擎不可用" in degraded.json()["parts"]["temporal"]["says"]
    desk.runtime.store.root.rmdir()
    assert (await desk.get("/health/ready")).json()["parts"]["records"]["well"] is False


async def test_health_says_when_no_worker_answers(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.runtime.clock = lambda: NOW + timedelta(seconds=15)
    assert (await desk.get("/health/ready")).json()["parts"]["worker"]["well"] is True
    desk.runtime.clock = lambda: NOW + timedelta(seconds=16)
    degraded = await desk.get("/health/ready")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert degraded.json()["parts"]["worker"]["says"] == "办理进程没有响应 · no worker answers"
    [row] = desk.rows(case_id)
    with desk.database.write() as s:
        commands.write_receipt(s, row.id, NOW, None)
    assert (await desk.get("/health/ready")).json()["status"] == "ready"


async def test_a_lost_database_takes_the_api_out_of_service(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OSError

    monkeypatch.setattr(desk.runtime.database, "read", gone)
    down = await desk.get("/health/ready")
    assert (down.status_code, down.json()["status"]) == (503, "down")
