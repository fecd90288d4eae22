"""What stands beside a document in a package must say what the document says: rows of renditions are in no chain."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from ledger import log
from models.packages import PackageReport, RecordLine
from models.renditions import PDF
from models.sealing import digest
from records import libreoffice
from records.archive import Keeper, Wanted, write_package
from records.archive_check import check_package
from records.archive_renditions import _place
from records.signed import SigningFault, compare
from tests.support import forging
from tests.support.disposals import refused_case
from tests.support.office import Office
from tests.support.signing import plain_pdf

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
needs_libreoffice = pytest.mark.skipif(not libreoffice.installed(), reason="LibreOffice is not installed")
SAID = "Staff of the bureau: 23 posts, of which 2 are new."


def word(*paragraphs: str) -> bytes:
    made = Document()
    for text in paragraphs:
        made.add_paragraph(text)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def fault_of(said: str, original: str = SAID) -> str | None:
    try:
        compare(plain_pdf(said.encode()), PDF, word(original), "")
    except SigningFault as fault:
        return fault.code
    return None


@needs_poppler
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (SAID, None),
        (f"{SAID} Page 1", None),
        (SAID.replace("23", "32"), "altered"),
        (SAID.replace("23", "2 3"), "altered"),
        (SAID.replace("bureau", "office"), "altered"),
        ("Another document altogether", "altered"),
    ],
)
def test_a_pdf_says_every_letter_and_number_of_its_document_and_little_more(said: str, code: str | None) -> None:
    assert fault_of(said) == code


@needs_poppler
def test_what_is_added_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault_of("23 posts and more", "23 posts") is None
    monkeypatch.setattr("records.signed._ADDED_TEXT", 5)
    assert fault_of("23 posts and more", "23 posts") == "altered"


@needs_poppler
def test_what_is_no_pdf_says_nothing() -> None:
    with pytest.raises(SigningFault) as fault:
        compare(b"%PDF-1.6\nnothing", PDF, word(SAID), "")
    assert fault.value.code == "altered"


# --- in a package ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    office = Office(tmp_path_factory.mktemp("office"))
    refused_case(office)
    folder = tmp_path_factory.mktemp("archive") / "2026"
    keeper = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian")
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        made = write_package(s, office.store, folder, Wanted(year=2026), keeper, office.now, office.deps.calendar)
    assert made.faults == []
    yield folder
    office.database.close()


@pytest.fixture
def package(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "2026"))


def put_beside(package: Path, pdf: bytes) -> str:
    """A PDF as the register would have noted it, beside the notice of refusal; its number."""
    row = next(row for row in forging.rows_of(package) if row["kind"] == "refusal_notice")
    place = _place(RecordLine.model_validate(row), "pdf", PDF, [])
    (package / "data" / place).parent.mkdir(parents=True, exist_ok=True)
    (package / "data" / place).write_bytes(pdf)
    told = {"kind": "pdf", "media_type": PDF, "digest": digest(pdf), "size": len(pdf), "file": place}
    told |= {"made_at": "2026-04-01T02:00:00Z", "provider": "LibreOffice 7.4"}

    def change(rows: list[dict[str, Any]]) -> None:
        next(each for each in rows if each["id"] == row["id"])["renditions"] = [told]

    forging.edit_rows(package, change)
    forging.edit(package, "package.json", lambda facts: facts.update(renditions=1))
    forging.rederived(package)
    forging.rebagged(package)
    return str(row["number"])


def told(report: PackageReport) -> list[tuple[str, str]]:
    return [(fault.check, fault.where) for fault in report.faults]


@needs_poppler
def test_a_foreign_pdf_beside_a_genuine_document_is_found_by_its_number(package: Path) -> None:
    number = put_beside(package, plain_pdf(b"pdfaid:part>2 Whatever somebody wants"))
    report = check_package(package)
    assert told(report) == [("authenticity", number)]
    assert "内容与原件不一致" in report.faults[0].what


def test_where_pdf_cannot_be_read_the_report_says_that_they_were_not_compared(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_beside(package, plain_pdf(b"pdfaid:part>2 Whatever somebody wants"))
    monkeypatch.setattr("records.libreoffice.shutil.which", lambda _name: None)
    report = check_package(package)
    assert report.intact
    assert [note for note in report.notes if "poppler-utils" in note and "没有与原件比对" in note]


@needs_poppler
@needs_libreoffice
def test_the_pdf_of_the_document_itself_agrees_with_it(package: Path, tmp_path: Path) -> None:
    row = next(row for row in forging.rows_of(package) if row["kind"] == "refusal_notice")
    work = tmp_path / "work"
    work.mkdir(mode=0o700)
    source = work / "notice.docx"
    source.write_bytes(libreoffice.unbroken((package / "data" / row["file"]).read_bytes()))
    (pdf,) = libreoffice.convert([source], work)
    put_beside(package, pdf.read_bytes())
    report = check_package(package)
    assert told(report) == []
    assert not any("poppler" in note for note in report.notes)


def test_metadata_tell_time_by_the_clock_of_the_office_and_departments_in_full(packed: Path) -> None:
    facts = json.loads((packed / "data" / "package.json").read_text("utf-8"))
    assert facts["bodies"] == {}
    for path in (packed / "data" / "metadata").glob("*.xml"):
        text = path.read_text("utf-8")
        assert "+08:00</归档时间>" in text
        assert "+00:00" not in text
        assert re.search(r":\d\d(\.\d+)?Z<", text) is None
