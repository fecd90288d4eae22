"""PDF and PNG renditions by LibreOffice, when it is installed (documents.md 7).

`python -m records.preview FILE.docx [--out FOLDER]` makes a PDF/A and a PNG of every page;
`python -m records.preview --gallery docs/documents` makes the page pictures of the documentation.
A rendition is never the record: LibreOffice writes other bytes every time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from doc_templates.samples import certificate_of_a_reply, sample
from models.enums import DocumentKind

from .libreoffice import TIME_LIMIT_S, Beat, convert, program, run, unbroken
from .libreoffice import PreviewUnavailable as PreviewUnavailable
from .libreoffice import installed as installed
from .libreoffice import provider as provider
from .picture import png_file
from .render import Renderer

_PNG_DPI = 100
PAGE_OF_A_REPLY = "certificate_of_a_reply"
_LEVELS = 6  # per colour: 216 colours, enough for black text, red lines and their edges
_STEP = 255 // (_LEVELS - 1)
_PALETTE = bytes(value * _STEP for index in range(_LEVELS**3) for value in (index // 36, index // 6 % 6, index % 6))


def to_pdf(
    document: bytes, time_limit: float | None = None, fonts: Path | None = None, beat: Beat | None = None
) -> bytes:
    """PDF/A-2b of one of our own documents. Raises PreviewUnavailable."""
    return to_pdfs([document], time_limit, fonts, beat)[0]


def to_pdfs(
    documents: Sequence[bytes], time_limit: float | None = None, fonts: Path | None = None, beat: Beat | None = None
) -> list[bytes]:
    """PDF/A-2b of several of our own documents by one start of LibreOffice. Raises PreviewUnavailable."""
    with tempfile.TemporaryDirectory(prefix="dingbian-preview-") as work:
        sources = [Path(work) / f"document-{place}.docx" for place in range(len(documents))]
        for source, document in zip(sources, documents, strict=True):
            source.write_bytes(unbroken(document))
        made = convert(sources, Path(work), time_limit=time_limit, fonts=fonts, beat=beat)
        return [pdf.read_bytes() for pdf in made]


def to_pngs(
    document: bytes, dpi: int = _PNG_DPI, time_limit: float | None = None, fonts: Path | None = None
) -> list[bytes]:
    """PNG of every page of one of our own documents. Raises PreviewUnavailable."""
    return pages_of(to_pdf(document, time_limit, fonts), dpi)


def pages_of(pdf: bytes, dpi: int = _PNG_DPI) -> list[bytes]:
    """PNG of every page of a PDF that this system made. Raises PreviewUnavailable."""
    with tempfile.TemporaryDirectory(prefix="dingbian-preview-") as work:
        source = Path(work) / "document.pdf"
        source.write_bytes(pdf)
        return _pages(source, dpi)


def _pages(pdf: Path, dpi: int) -> list[bytes]:
    """PNG of every page. The tool's own PNG are three times as large as a page of black and red needs."""
    tool = program("pdftoppm", "poppler-utils")
    stem = pdf.with_suffix("")
    run([tool, "-r", str(dpi), str(pdf), str(stem)], TIME_LIMIT_S, dict(os.environ))
    return [_png(page.read_bytes()) for page in sorted(pdf.parent.glob(f"{stem.name}-*.ppm"))]


def _png(ppm: bytes) -> bytes:
    """A binary PPM as a PNG of 216 colours."""
    magic, size, _, pixels = ppm.split(b"\n", 3)
    if magic != b"P6":
        raise PreviewUnavailable("pdftoppm: 图像格式不符 · not a P6 picture")
    width, height = (int(number) for number in size.split())
    planes = [
        # Channel values become their share of the palette index; shares add up without a carry.
        int.from_bytes(pixels[channel::3].translate(_shares(weight)), "big")
        for channel, weight in enumerate((36, 6, 1))
    ]
    index = sum(planes).to_bytes(width * height, "big")
    rows = b"".join(b"\x00" + index[at : at + width] for at in range(0, len(index), width))
    return png_file(width, height, 8, 3, rows, level=9, palette=_PALETTE)


def _shares(weight: int) -> bytes:
    return bytes(round(value / _STEP) * weight for value in range(256))


def gallery(folder: Path, dpi: int = _PNG_DPI, fonts: Path | None = None) -> list[Path]:
    """Page pictures of every document with sample contexts, and the README that shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer()
    samples = {kind.value: sample(kind) for kind in DocumentKind} | {PAGE_OF_A_REPLY: certificate_of_a_reply()}
    pictures: dict[str, list[Path]] = {}
    with tempfile.TemporaryDirectory(prefix="dingbian-gallery-") as work:
        sources = []
        for name, context in samples.items():
            source = Path(work) / f"{name}.docx"
            source.write_bytes(unbroken(renderer.render(_kind_of(name), context)))
            sources.append(source)
        for name, pdf in zip(samples, convert(sources, Path(work), fonts=fonts), strict=True):
            pictures[name] = []
            for old in folder.glob(f"{name}-*.png"):
                old.unlink()  # a document that became shorter leaves no page behind
            for place, page in enumerate(_pages(pdf, dpi), start=1):
                target = folder / f"{name}-{place}.png"
                target.write_bytes(page)
                pictures[name].append(target)
    (folder / "README.md").write_text(_readme(pictures), "utf-8")
    return [page for pages in pictures.values() for page in pages]


def _kind_of(name: str) -> DocumentKind:
    return DocumentKind.CERTIFICATE if name == PAGE_OF_A_REPLY else DocumentKind(name)


def _readme(pictures: dict[str, list[Path]]) -> str:
    lines = [
        "# 公文与业务凭证样张 · Sample documents",
        "",
        "以下样张由 `doc_templates/` 中的 Word 模板生成，单位、人员、文号均为虚构；印章位置留空，不绘制印章。",
        "字体为预览替代字体，正式文件使用方正小标宋简体、仿宋_GB2312、楷体_GB2312、黑体。",
        "重新生成：`python -m records.fonts && python -m records.preview --gallery docs/documents`。",
        "",
        "These pages are made from the Word templates in `doc_templates/`. Units, persons and numbers are "
        "fictional; the place of the seal is left empty. Preview fonts stand in for the fonts that offices use.",
    ]
    # The second sample of a kind follows the first.
    for name in sorted(pictures, key=lambda each: list(DocumentKind).index(_kind_of(each))):
        kind, pages = _kind_of(name), pictures[name]
        lines += ["", f"## {kind.label} · {kind.gloss}" + ("（批复所增 · of a reply）" if kind != name else ""), ""]
        lines.append(f"[`doc_templates/{kind.value}.docx`](../../doc_templates/{kind.value}.docx)")
        for place, page in enumerate(pages, start=1):
            lines += ["", f"![{kind.label} 第{place}页 · {kind.gloss}, page {place}]({page.name})"]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m records.preview", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--gallery", type=Path)
    parser.add_argument("--fonts", type=Path, default=None)
    parser.add_argument("--dpi", type=int, default=_PNG_DPI)
    options = parser.parse_args(arguments)
    try:
        if options.gallery is not None:
            made = gallery(options.gallery, options.dpi, options.fonts)
        else:
            made = [path for file in options.files for path in _preview_file(file, options)]
    except PreviewUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in made:
        sys.stdout.write(f"{path} {path.stat().st_size}\n")
    return 0


def _preview_file(file: Path, options: argparse.Namespace) -> list[Path]:
    options.out.mkdir(parents=True, exist_ok=True)
    document = file.read_bytes()
    pdf: Path = options.out / f"{file.stem}.pdf"
    pdf.write_bytes(to_pdf(document, fonts=options.fonts))
    made = [pdf]
    for place, page in enumerate(to_pngs(document, options.dpi, fonts=options.fonts), start=1):
        path: Path = options.out / f"{file.stem}-{place}.png"
        path.write_bytes(page)
        made.append(path)
    return made


if __name__ == "__main__":
    raise SystemExit(main())
