"""GET /cases/{id}/package: the archive package of a case that has ended, for those who oversee."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import pytest
from sqlmodel import select

from activities.deps import Deps
from api.routes.packages import ZIP
from docket import audit
from models.audit import Act
from models.register import Case, Record
from records.archive import PackageRefused
from records.archive_check import check_package
from records.render import Renderer
from records.store import StoreFault
from runtime.packaging import Packer

from .conftest import Desk, problem


@pytest.fixture
def ended(desk: Desk) -> str:
    """A case of unit A that has ended; it had no worker, so nobody has made its case file."""
    case_id = desk.opened_case()
    desk.ended(case_id)
    runtime = desk.runtime
    deps = Deps(
        database=runtime.database,
        store=runtime.store,
        renderer=Renderer(keep=runtime.store),
        rulebook=runtime.rulebook,
        calendar=runtime.calendar,
        public_url="https://dingbian.example.cn",
    )
    runtime.pack = Packer(deps, runtime.clock)
    return case_id


def number_of(desk: Desk, case_id: str) -> str:
    with desk.database.read() as s:
        case = s.get(Case, case_id)
        assert case is not None
        return case.no


async def test_anonymous_and_foreign_callers_get_none(desk: Desk, ended: str) -> None:
    problem(await desk.get(f"/cases/{ended}/package"), 401, "unauthenticated")
    for who in ("applicant", "neighbour", "treasurer", "organiser", "system_admin"):
        problem(await desk.get(f"/cases/{ended}/package", by=who), 403, "forbidden")
    problem(await desk.get(f"/cases/{'0' * 32}/package", by="head"), 404, "not-found")


@pytest.mark.parametrize("who", ["examiner", "head", "commissioner", "supervisor", "auditor"])
async def test_those_who_oversee_get_a_package_that_proves_itself(
    desk: Desk, ended: str, tmp_path: Path, who: str
) -> None:
    answer = await desk.get(f"/cases/{ended}/package", by=who)
    number = number_of(desk, ended)
    assert (answer.status_code, answer.headers["content-type"]) == (200, ZIP)
    assert answer.headers["cache-control"] == "private, no-store"
    assert unquote(answer.headers["content-disposition"].partition("UTF-8''")[2]) == f"案卷 {number}.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {number}
        archive.extractall(tmp_path / "out")
    report = check_package(tmp_path / "out" / number)
    assert report.faults == []
    assert report.examined["authenticity"] > 0
    with desk.database.read() as s:
        [row] = s.exec(select(Record).where(Record.case_id == ended))
    assert list((tmp_path / "out" / number / "data" / "documents").rglob(f"{row.number}*.docx"))


async def test_who_took_a_package_away_stands_in_the_audit_and_without_it_nobody_takes_one(
    desk: Desk, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await desk.get(f"/cases/{ended}/package", by="head")).status_code == 200
    with desk.database.read() as s:
        [entry] = audit.entries(s, act=Act.EXPORT).items
    assert (entry.officer, entry.about) == (desk.cast["head"].id, number_of(desk, ended))

    def unwilling(*_: object, **__: object) -> None:
        raise RuntimeError("no room for the audit")

    monkeypatch.setattr("api.routes.packages.audit.note", unwilling)
    problem(await desk.get(f"/cases/{ended}/package", by="head"), 500, "internal")


async def test_a_second_download_makes_no_second_case_file(desk: Desk, ended: str) -> None:
    for _ in range(2):
        assert (await desk.get(f"/cases/{ended}/package", by="head")).status_code == 200
    with desk.database.read() as s:
        assert [row.number for row in s.exec(select(Record))] == ["示编卷〔2026〕1号"]


async def test_a_case_under_way_has_no_package_yet(desk: Desk, ended: str) -> None:
    going = desk.opened_case(key="going")
    problem(await desk.get(f"/cases/{going}/package", by="head"), 409, "not-closed")


async def test_what_cannot_be_packed_is_said(desk: Desk, ended: str) -> None:
    def refused(_number: str) -> IO[bytes]:
        raise PackageRefused("尚有文件未归档：示编核〔2026〕1号 · documents are still to be filed")

    def broken(_number: str) -> IO[bytes]:
        raise StoreFault("altered")

    desk.runtime.pack = refused
    answer = await desk.get(f"/cases/{ended}/package", by="head")
    assert "示编核〔2026〕1号" in problem(answer, 409, "not-filed")["detail"]
    desk.runtime.pack = broken
    problem(await desk.get(f"/cases/{ended}/package", by="head"), 500, "record-fault")


async def test_downloads_are_bounded_per_officer_and_nothing_is_left_on_the_disk(
    desk: Desk, ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    answers = [await desk.get(f"/cases/{ended}/package", by="head") for _ in range(12)]
    assert [answer.status_code for answer in answers[:10]] == [200] * 10
    assert problem(answers[-1], 429, "too-many-requests")
    assert (await desk.get(f"/cases/{ended}/package", by="auditor")).status_code == 200
    assert list(folder.iterdir()) == []
