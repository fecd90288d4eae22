"""Previews: clear words without LibreOffice; with it, every sample has the pages it should have."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doc_templates import kit
from doc_templates.lint import DOCUMENTS, LETTERS
from doc_templates.samples import sample
from models.enums import DocumentKind
from records import fonts, preview
from records.preview import PreviewUnavailable
from records.render import Renderer
from tests.doc_templates.hard import COPIES, hard

INSTALLED = shutil.which("soffice") is not None and shutil.which("pdftoppm") is not None
MM_PER_POINT = 25.4 / 72
HANGING = 6  # mm: a full stop of 3号 may hang over the edge of the text
SWEEPS: list[tuple[DocumentKind, str, list[Any], tuple[str, ...]]] = [
    (
        DocumentKind.SUSPENSION_NOTICE,
        "suspended",
        [["用编申请"] * lines for lines in range(4, 12)],
        ("特此通知", "联系人"),
    ),
    (
        DocumentKind.WARNING_LETTER,
        "findings",
        [[{"text": "超编1名"}] * lines for lines in range(1, 6)],
        ("特此函告", "联系人"),
    ),
    (
        DocumentKind.ACCEPTANCE_NOTICE,
        "lines",
        [[{"text": "行政编制1名"}] * lines for lines in range(1, 7)],
        ("特此通知", "联系人"),
    ),
    (
        DocumentKind.REFUSAL_NOTICE,
        "opinion",
        ["\n".join(["不再安排。"] * lines) for lines in range(1, 10)],
        ("特此告知", "联系人"),
    ),
    (
        DocumentKind.CHANGE_REPLY,
        "obligations",
        [["办理变更手续"] * lines for lines in range(11, 18)],
        ("此复", "印发"),
    ),
    (
        DocumentKind.INSPECTION_REPORT,
        "situation",
        [["情况属实。"] * lines for lines in range(3, 9)],
        ("特此报告", "印发"),
    ),
]
"""A field, its values of one line more each: among them those that just fill a page, and the words that the last page
must have, the closing phrase first."""
TOP, FOOT, LINE = 37.0, 262.0, 225 / kit.LINES  # mm: the edges of the text block and a line of it
FREE = 3
"""Lines that a page may leave free where a heading or the head of a table goes on with what it belongs to."""
ONE_PAGE = (
    DocumentKind.VERIFICATION_SLIP,
    DocumentKind.ENTRY_NOTICE,
    DocumentKind.EXIT_NOTICE,
    DocumentKind.CERTIFICATE,
    DocumentKind.SITE_CHECK_RECORD,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE,
    DocumentKind.PHONE_RECORD,
)


def test_without_libreoffice_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PreviewUnavailable, match="LibreOffice"):
        preview.to_pdf(b"")


def test_a_hung_converter_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "soffice"
    fake.write_text(f"#!{sys.executable}\nimport threading\nthreading.Event().wait()\n", "utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PreviewUnavailable, match="took too long"):
        preview.to_pdf(b"", time_limit=0.3)


def test_the_font_map_names_every_font_of_the_documents(tmp_path: Path) -> None:
    written = fonts.font_map(tmp_path, tmp_path)
    for name in ("仿宋_GB2312", "楷体_GB2312", "方正小标宋简体", "黑体", "宋体", "Times New Roman"):
        assert f"<family>{name}</family>" in written


def test_the_gallery_shows_every_document() -> None:
    folder = Path(preview.__file__).parents[1] / "docs" / "documents"
    shown = (folder / "README.md").read_text("utf-8")
    for kind in DocumentKind:
        pages = sorted(folder.glob(f"{kind.value}-*.png"))
        assert pages
        assert all(page.name in shown and page.stat().st_size <= 150_000 for page in pages)


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
def test_no_signature_stands_alone(renderer: Renderer) -> None:
    """Letters and documents of one line more and more, with few and with many 抄送: wherever the page ends, closing,
    signature, date and 版记 are on one page. All pages before it are full, but for less than these take where the text
    before them ends."""
    made, wanted = [], []
    for kind, name, values, words in SWEEPS:
        base = sample(kind)
        for place, value in enumerate(values):
            changed = {name: value, "copies_to": (COPIES, "中共示范市委组织部")[place % 2]}
            made.append(renderer.render(kind, type(base).model_validate({**base.model_dump(), **changed})))
            wanted.append((f"{kind} {place}", words))
    alone = 0
    for (which, words), pdf in zip(wanted, preview.to_pdfs(made), strict=True):
        last = pages_of(pdf)[-1]
        missing = [word for word in (*words, "抄送", "示范市机构编制委员会") if word not in last]
        assert missing == [], f"{which}: {last}"
        *free, room = free_lines(pdf)
        if last.startswith(words[0]):
            alone += 1
            assert free.pop() < kit.LINES - room, which
        assert all(lines <= FREE for lines in free), which
    assert alone


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
def test_no_line_ends_in_the_midst_of_a_number(renderer: Renderer) -> None:
    """A title of one character more and more, so that the number of the case comes to the end of a line."""
    base = sample(DocumentKind.ACCEPTANCE_NOTICE)
    titles = ["编" * length for length in range(20, 34)]
    made = [base.model_copy(update={"application_title": title}) for title in titles]
    pdfs = preview.to_pdfs([renderer.render(DocumentKind.ACCEPTANCE_NOTICE, context) for context in made])
    for title, pdf in zip(titles, pdfs, strict=True):
        lines = read_pdf(pdf, "-layout").splitlines()
        assert any("2026-00012）" in line for line in lines), len(title)


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
def test_every_document_fits_its_pages(renderer: Renderer) -> None:
    """Ordinary samples of forms on one page; long names, texts and lists: no empty page, no page number on the first
    page of a letter, the text within 156 mm and nowhere over the edge."""
    ordinary = [renderer.render(kind, sample(kind)) for kind in ONE_PAGE]
    kinds = list(DocumentKind)
    long_ones = [renderer.render(kind, hard(kind, 3)) for kind in kinds]
    pdfs = preview.to_pdfs([*ordinary, *long_ones])
    assert [len(pages_of(pdf)) for pdf in pdfs[: len(ordinary)]] == [1] * len(ordinary)
    for kind, pdf in zip(kinds, pdfs[len(ordinary) :], strict=True):
        pages = pages_of(pdf)
        assert all(len(page) > 40 for page in pages), f"{kind}: an empty page"
        left, right = edges(pdf)
        narrowest, widest = 19 if kind in LETTERS else 27, 184 + HANGING
        assert narrowest <= left, f"{kind}: {left} mm"
        assert right <= widest, f"{kind}: {right} mm"
        if kind in LETTERS:
            assert "—1—" not in pages[0]
            assert all(f"—{number}—" in page for number, page in enumerate(pages[1:], start=2))
        elif kind in DOCUMENTS:
            assert all(f"—{number}—" in page for number, page in enumerate(pages, start=1))


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
def test_a_page_holds_22_lines_of_28_characters(renderer: Renderer) -> None:
    """The grid of GB/T 9704-2012 §5.2 as the pages come out."""
    base = sample(DocumentKind.REFUSAL_NOTICE)
    context = base.model_copy(update={"opinion": "编" * 28 * 60, "faults": []})
    (pdf,) = preview.to_pdfs([renderer.render(DocumentKind.REFUSAL_NOTICE, context)])
    second = read_pdf(pdf, "-layout").split("\f")[1]
    lines = [line.strip() for line in second.splitlines() if "编编" in line]
    assert len(lines) == 22
    assert {len(line) for line in lines} == {28}


def read_pdf(pdf: bytes, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page without spaces."""
    return ["".join(page.split()) for page in read_pdf(pdf).removesuffix("\f").split("\f")]


def free_lines(pdf: bytes) -> list[float]:
    """How many lines are free: of each page below its text, of the last one above 版记."""
    out = []
    for page in read_pdf(pdf, "-bbox").split("<page ")[1:]:
        boxes = re.findall(r'yMin="([\d.]+)"[^>]*yMax="([\d.]+)"', page)
        middles = sorted((float(top) + float(end)) / 2 * MM_PER_POINT for top, end in boxes)
        taken = [middle for middle in middles if TOP < middle < FOOT]
        below = FOOT + LINE / 2 - taken[-1]
        gaps = [after - before for before, after in itertools.pairwise(taken)]
        out.append((below if len(out) < len(pages_of(pdf)) - 1 else max(below, *gaps)) / LINE - 1)
    return out


def edges(pdf: bytes) -> tuple[float, float]:
    """Where the text begins at the left and ends at the right, mm from the edge of the paper; punctuation may hang
    over the edge of the text by half a character."""
    boxes = re.findall(r'xMin="([\d.]+)"[^>]*xMax="([\d.]+)"', read_pdf(pdf, "-bbox"))
    return min(float(left) for left, _ in boxes) * MM_PER_POINT, max(float(right) for _, right in boxes) * MM_PER_POINT
