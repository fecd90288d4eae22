"""What an archive package says of documents that were destroyed, and when its checks accept that."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import log
from models.packages import PackageReport
from records.archive import Keeper, Wanted, write_package
from records.archive_check import check_content, check_package
from tests.support.disposals import LATER, destroyed, refused_case, short_lived
from tests.support.office import Office

KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian")
LIST = "示编销〔2037〕1号"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A case of 2026 whose ten-year paper was destroyed in 2037."""
    made = Office(tmp_path_factory.mktemp("office"))
    refused_case(made)
    made.now = LATER
    destroyed(made)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def packed(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "2026"
    assert write(office, folder, Wanted(year=2026)).faults == []
    return folder


@pytest.fixture
def content(packed: Path, tmp_path: Path) -> Path:
    """The inside of a copy that a test may spoil."""
    return Path(shutil.copytree(packed / "data", tmp_path / "data"))


def write(office: Office, folder: Path, wanted: Wanted) -> PackageReport:
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        return write_package(s, office.store, folder, wanted, KEEPER, office.now, office.deps.calendar)


def lines(content: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (content / "registers" / "records.jsonl").read_text("utf-8").splitlines()]


def spoil(content: Path, change: Callable[[dict[str, Any]], None], number: str) -> set[tuple[str, str]]:
    """Change the line of that number; what the checks then find of it."""
    changed = lines(content)
    for line in changed:
        if line["number"] == number:
            change(line)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in changed)
    (content / "registers" / "records.jsonl").write_text(text, "utf-8")
    return {
        (fault.check, fault.what.partition(" · ")[0])
        for fault in check_content(content).faults
        if fault.where == number
    }


def test_a_destroyed_document_is_a_number_with_its_list(office: Office, packed: Path) -> None:
    (paper,) = short_lived(office)
    assert check_package(packed).faults == []
    (line,) = [line for line in lines(packed / "data") if line["number"] == paper.number]
    assert (line["disposed_on"], line["disposal_list"], line["file"]) == ("2037-01-05", LIST, None)
    assert line["digest"] == paper.digest
    assert LIST in (packed / "data" / "registers" / "numbers.csv").read_text("utf-8-sig")


def test_so_it_is_in_the_package_of_its_case_and_the_list_in_that_of_its_year(office: Office, tmp_path: Path) -> None:
    assert write(office, tmp_path / "case", Wanted(case_no="用编2026-00001")).faults == []
    assert write(office, tmp_path / "2037", Wanted(year=2037)).faults == []
    assert LIST in {line["number"] for line in lines(tmp_path / "2037" / "data")}
    assert len(list((tmp_path / "2037" / "data" / "documents").rglob(f"*{LIST}*"))) == 1


def test_without_a_list_it_is_a_number_without_a_document(office: Office, content: Path) -> None:
    (paper,) = short_lived(office)
    found = spoil(content, lambda line: line.update(disposal_list=None), paper.number)
    assert ("integrity", "已销毁而无销毁清册文号") in found


@pytest.mark.parametrize("text", ["", "示编受〔2026〕1号", "示编销〔2037〕0号", "编销"])
def test_only_the_number_of_a_list_will_do(office: Office, content: Path, text: str) -> None:
    (paper,) = short_lived(office)
    found = spoil(content, lambda line: line.update(disposal_list=text), paper.number)
    assert ("integrity", "已销毁而无销毁清册文号") in found


def test_a_document_that_is_not_destroyed_may_not_be_missing(office: Office, content: Path) -> None:
    (paper,) = short_lived(office)
    found = spoil(content, lambda line: line.update(disposed_on=None, disposal_list=None), paper.number)
    assert ("integrity", "有效文号没有文件") in found


def test_what_is_destroyed_has_no_document(office: Office, content: Path) -> None:
    (paper,) = short_lived(office)
    other = next(line["file"] for line in lines(content) if line["file"])
    found = spoil(content, lambda line: line.update(file=other), paper.number)
    assert ("integrity", "标为已销毁，却另有文件") in found
