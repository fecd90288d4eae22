"""Renditions over HTTP: who may have a record signed, what comes back, what the public is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from api.limits import Buckets
from docket import officers
from models.docket import RecordView
from models.enums import Department, RenditionKind, Role
from models.register import Record
from models.renditions import PDF, RenditionView
from models.sealing import digest
from records.signed import SigningFault
from runtime.renditions import Shelf
from tests.support.signing import plain_pdf

from .conftest import NOW, Desk, problem
from .test_reading import FILE, add_record

SEALED = plain_pdf(b"sealed")


@dataclass
class Seal:
    """In the place of the office's provider: keeps one file, or fails as it is told."""

    shelf: Shelf
    fails: SigningFault | None = None
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def __call__(self, record: RecordView, made_by: str, *, again: bool = False) -> RenditionView:
        self.asked.append((record.id, made_by, again))
        if self.fails is not None:
            raise self.fails
        return self.shelf.keep(record.id, RenditionKind.SIGNED, PDF, SEALED, made_by, "seal", again=again)


@pytest.fixture
def seal(desk: Desk) -> Seal:
    made = Seal(Shelf(desk.database, desk.runtime.store, lambda: NOW))
    desk.runtime.sign = made
    with desk.database.write() as s:
        officers.add_officer(
            s,
            id="o-registrar",
            login="registrar",
            name="经办registrar",
            department=Department.ESTABLISHMENT,
            unit=None,
            roles=[Role.REGISTRAR],
        )
        token = officers.issue_token(s, "o-registrar", NOW)
    desk.tokens = desk.tokens | {"registrar": token}
    return made


@pytest.fixture
def record(desk: Desk) -> str:
    return add_record(desk, desk.opened_case())


async def test_who_may_have_a_record_signed(desk: Desk, seal: Seal, record: str) -> None:
    problem(await desk.post(f"/records/{record}/signature"), 401, "unauthenticated")
    problem(await desk.get(f"/records/{record}/signed"), 401, "unauthenticated")
    for login in ("applicant", "examiner", "organiser", "supervisor", "auditor", "system_admin"):
        problem(await desk.post(f"/records/{record}/signature", by=login), 403, "forbidden")
    problem(await desk.post(f"/records/{'0' * 32}/signature", by="head"), 404, "not-found")
    assert seal.asked == []
    for login in ("registrar", "head"):
        answer = await desk.post(f"/records/{record}/signature", by=login)
        assert answer.status_code == 200, answer.text
    assert seal.asked == [(record, "o-registrar", False), (record, "o-head", False)]


async def test_a_signed_copy_stands_beside_the_original(desk: Desk, seal: Seal, record: str) -> None:
    problem(await desk.get(f"/records/{record}/signed", by="head"), 409, "not-filed")
    made = (await desk.post(f"/records/{record}/signature", by="head")).json()
    assert (made["kind"], made["digest"], made["provider"]) == ("signed", digest(SEALED), "seal")
    answer = await desk.get(f"/records/{record}/signed", by="applicant")
    assert answer.content == SEALED
    assert answer.headers["content-type"] == PDF
    assert "signed.pdf" in answer.headers["content-disposition"]
    problem(await desk.get(f"/records/{record}/signed", by="neighbour"), 404, "not-found")
    assert (await desk.get(f"/records/{record}/file", by="head")).content == FILE
    told = (await desk.get(f"/records/{record}", by="head")).json()
    assert [each["kind"] for each in told["renditions"]] == ["signed"]
    assert told["digest"] == digest(FILE)


async def test_the_public_is_told_that_a_signed_copy_is_genuine(desk: Desk, seal: Seal, record: str) -> None:
    await desk.post(f"/records/{record}/signature", by="head")
    number = (await desk.get(f"/records/{record}", by="head")).json()["number"]
    told = (await desk.post("/verify", files={"file": ("a.pdf", SEALED, PDF)})).json()
    assert (told["status"], told["number"], told["rendition"]) == ("valid", number, "signed")
    forged = (await desk.post("/verify", files={"file": ("a.pdf", SEALED + b"!", PDF)})).json()
    assert forged["status"] == "unknown"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (SigningFault("not-signable", "不送签章 · not signed"), 409, "not-signable"),
        (SigningFault("timeout", "签章超时 · signing took too long"), 502, "signing-failed"),
        (SigningFault("altered", "与原件内容不一致 · says something else"), 502, "signing-failed"),
    ],
)
async def test_a_failure_says_which_and_keeps_nothing(
    desk: Desk, seal: Seal, record: str, fault: SigningFault, status: int, code: str
) -> None:
    seal.fails = fault
    told = problem(await desk.post(f"/records/{record}/signature", by="head"), status, code)
    assert told["detail"] == str(fault)
    assert (await desk.get(f"/records/{record}", by="head")).json()["renditions"] == []
    seal.fails = None
    assert (await desk.post(f"/records/{record}/signature", by="head")).status_code == 200


async def test_what_is_not_filed_is_not_sent(desk: Desk, seal: Seal) -> None:
    record = add_record(desk, desk.opened_case(), filed=False)
    problem(await desk.post(f"/records/{record}/signature", by="head"), 409, "not-filed")
    assert seal.asked == []


async def test_without_a_provider_it_says_so(desk: Desk, record: str) -> None:
    problem(await desk.post(f"/records/{record}/signature", by="head"), 503, "signing-unavailable")
    desk.runtime.make_pdf = None
    problem(await desk.get(f"/records/{record}/pdf", by="head"), 503, "preview-unavailable")


async def test_an_altered_copy_is_not_handed_out(desk: Desk, seal: Seal, record: str) -> None:
    await desk.post(f"/records/{record}/signature", by="head")
    name = digest(SEALED)
    root: Any = desk.runtime.store
    path = root.root / name[:2] / f"{name}.pdf"
    path.chmod(0o644)
    path.write_bytes(SEALED + b"!")
    problem(await desk.get(f"/records/{record}/signed", by="head"), 500, "record-fault")


async def test_signing_is_bounded_for_each_officer(desk: Desk, seal: Seal, record: str) -> None:
    desk.runtime.limits.signatures = Buckets(burst=2, per_second=0.01)
    for _ in range(2):
        await desk.post(f"/records/{record}/signature", by="head")
    problem(await desk.post(f"/records/{record}/signature", by="head"), 429, "too-many-requests")
    with desk.database.read() as s:
        assert s.get(Record, record) is not None
