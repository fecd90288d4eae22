"""Previews: clear words without LibreOffice; with it, every sample has the pages it should have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doc_templates.samples import sample
from models.enums import DocumentKind
from records import fonts, preview
from records.preview import PreviewUnavailable
from records.render import Renderer

INSTALLED = shutil.which("soffice") is not None and shutil.which("pdftoppm") is not None
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
def test_no_letter_has_an_empty_page_or_a_signature_alone(renderer: Renderer, tmp_path: Path) -> None:
    """Opinions of 1 to 9 lines: among them those that just fill the first page."""
    kind = DocumentKind.REFUSAL_NOTICE
    sources = []
    for lines in range(1, 10):
        opinion = "\n".join(["不再安排。"] * lines)
        context = sample(kind).model_copy(update={"faults": [], "opinion": opinion, "copies_to": "中共示范市委组织部"})
        source = tmp_path / f"{lines}.docx"
        source.write_bytes(renderer.render(kind, context))
        sources.append(source)
    for pdf in preview._convert(sources, tmp_path, preview.TIME_LIMIT_S, None):
        read = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        last = read.removesuffix("\f").split("\f")[-1]
        assert "特此告知" in last, pdf.name
        assert "联系人" in last, pdf.name
        assert "抄送" in last, pdf.name


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
def test_no_reply_has_its_signature_alone(renderer: Renderer, tmp_path: Path) -> None:
    """Obligations of 1 to 9 items: among them those that just fill the page before the last."""
    kind = DocumentKind.CHANGE_REPLY
    sources = []
    for items in range(1, 10):
        context = sample(kind).model_copy(update={"obligations": ["办理变更手续"] * items})
        source = tmp_path / f"{items}.docx"
        source.write_bytes(renderer.render(kind, context))
        sources.append(source)
    for items, pdf in enumerate(preview._convert(sources, tmp_path, preview.TIME_LIMIT_S, None), start=1):
        read = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        last = read.removesuffix("\f").split("\f")[-1].replace(" ", "")
        assert all(text in last for text in (f"{items}.办理变更手续", "此复。", "抄送", "印发")), pdf.name


@pytest.mark.skipif(not INSTALLED, reason="LibreOffice or poppler-utils is not installed")
@pytest.mark.parametrize("kind", ONE_PAGE)
def test_a_voucher_is_one_page(renderer: Renderer, kind: DocumentKind) -> None:
    pages = preview.to_pngs(renderer.render(kind, sample(kind)), dpi=40)
    assert len(pages) == 1
    assert pages[0].startswith(b"\x89PNG")
