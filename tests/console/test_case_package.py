"""下载案卷 on the page of a case that has ended."""

from __future__ import annotations

import io
import zipfile

import pytest

from models.decisions import Officer
from tests.support.console import Counter
from tests.support.office import APPLICANT, EXAMINER, FINANCE, ORGANISATION, SUPERVISOR, Office

BUTTON = "下载案卷"


@pytest.fixture
def ended(office: Office) -> str:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="与编制结构不符"))
    return case_id


async def test_nobody_without_sign_in_gets_it(counter: Counter, ended: str) -> None:
    async with counter.browser() as b:
        answer = await b.get(f"/cases/{ended}/package")
    assert answer.status_code == 303
    assert "/login" in answer.headers["location"]


async def test_those_who_oversee_find_the_button_and_get_the_package(counter: Counter, ended: str) -> None:
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get(f"/cases/{ended}")
        assert BUTTON in page.text
        assert f"/console/cases/{ended}/package" in page.text
        assert "卷内文件目录" in page.text
        answer = await b.get(f"/cases/{ended}/package")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("data/package.json") for name in archive.namelist())


@pytest.mark.parametrize("officer", [APPLICANT, FINANCE, ORGANISATION], ids=lambda officer: officer.id)
async def test_others_see_neither_button_nor_case_file_and_are_refused(
    counter: Counter, ended: str, officer: Officer
) -> None:
    async with counter.browser(officer) as b:
        page = await b.get(f"/cases/{ended}")
        assert page.status_code == 200
        assert BUTTON not in page.text
        assert "卷内文件目录" not in page.text
        assert (await b.get(f"/cases/{ended}/package")).status_code == 403


async def test_a_case_under_way_has_no_button_and_no_package(counter: Counter, office: Office) -> None:
    going = office.opened()
    async with counter.browser(SUPERVISOR) as b:
        assert BUTTON not in (await b.get(f"/cases/{going}")).text
        assert (await b.get(f"/cases/{going}/package")).status_code == 409
        for odd in ("0" * 32, "..%2f..%2fetc"):
            assert (await b.get(f"/cases/{odd}/package")).status_code == 404


async def test_the_button_is_there_in_english(counter: Counter, ended: str) -> None:
    async with counter.browser(SUPERVISOR, language="en") as b:
        assert "Download the case file" in (await b.get(f"/cases/{ended}")).text
