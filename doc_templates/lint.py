"""Checks templates against GB/T 9704-2012 and their context models: `python -m doc_templates.lint [FILES]`.

Every finding names the file, the place, what was found and what is wanted. Exit code 1 when there is one.
Officials edit the templates in WPS or Word; what passes here, the next document uses (documents.md 1-2).
What is measured in which form: docs/reference/documents-layout.md.
"""

from __future__ import annotations

import argparse
import functools
import io
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from models.enums import DocumentKind
from records.render import FOLDER, patched, qr_targets

from . import constructs, kit, lint_forms, lint_pages
from .lint_forms import DOCUMENTS as DOCUMENTS
from .lint_forms import LETTERS as LETTERS
from .lint_forms import SIGNED as SIGNED
from .reading import MM, NONE, Found, Template, W, near, same, text_of, typeface

_FORBIDDEN_MEMBERS = re.compile(
    r"(vbaProject|vbaData|word/fonts/|activeX|embeddings/|oleObject|customUI|attachedToolbars|\.bin$|\.odttf$)", re.I
)
_TEXT_PART = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")
_BLACK = ("auto", "000000")
_COLOURED = ("发文机关标志", "红头标志", "信函下双线", "封面")


@dataclass(frozen=True, slots=True)
class Finding:
    file: str
    place: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file} | {self.place} | 现为 found: {self.found} | 应为 wanted: {self.wanted}"


def lint_file(path: Path, kind: DocumentKind | None = None) -> list[Finding]:
    """Findings of one template; its kind is read from its name unless given."""
    if kind is None:
        names = {k.value: k for k in DocumentKind}
        if path.stem not in names:
            return [Finding(path.name, "文件名 · name", path.stem, "、".join(names))]
        kind = names[path.stem]
    try:
        return lint(path.name, path.read_bytes(), kind)
    except OSError as error:
        return [Finding(path.name, "文件 · file", str(error), "可读的模板 · a readable template")]


def lint(file: str, data: bytes, kind: DocumentKind) -> list[Finding]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        template = Template(archive)
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as error:
        return [Finding(file, "文件 · file", str(error), ".docx")]
    with archive:
        found = [*_package(template)]
        found += _sections(template, kind)
        found += _fonts(template)
        found += _colours(template)
        found += _title(template, kind)
        found += lint_pages.check(template, kind in DOCUMENTS, kind in LETTERS)
        found += lint_forms.check(template, kind)
        found += _contents(template, kind)
    return [Finding(file, *finding) for finding in dict.fromkeys(found)]


def _package(template: Template) -> Iterator[Found]:
    for name in template.archive.namelist():
        if _FORBIDDEN_MEMBERS.search(name):
            yield name, "宏、嵌入字体或对象 · macro, embedded font or object", NONE
        if name.endswith(".rels"):
            for relation in etree.fromstring(template.archive.read(name)):
                if relation.get("TargetMode") == "External":
                    yield name, f"外部链接 · external: {relation.get('Target')}", NONE
    types = template.archive.read("[Content_Types].xml")
    if b"macroEnabled" in types:
        yield "[Content_Types].xml", "macroEnabled", "无宏的 .docx · no macros"
    for tag in ("embedTrueTypeFonts", "embedSystemFonts", "attachedTemplate"):
        if template.settings.find(f"{W}{tag}") is not None:
            yield "word/settings.xml", tag, NONE


def _sections(template: Template, kind: DocumentKind) -> Iterator[Found]:
    """Paper, margins and the grid of 22 lines of 28 characters (GB/T 9704-2012 §5.1–5.2)."""
    grids = ("linesAndChars",) if kind in LETTERS | DOCUMENTS else ("lines", "linesAndChars")
    for section in template.document.iter(f"{W}sectPr"):
        size, margins, grid = (section.find(f"{W}{tag}") for tag in ("pgSz", "pgMar", "docGrid"))
        for attribute, wanted in (("w", kit.PAGE_WIDTH), ("h", kit.PAGE_HEIGHT)):
            yield from near(f"纸张 page size {attribute}", size, attribute, wanted, 20)
        for attribute, wanted in (
            ("top", kit.MARGIN_TOP),
            ("bottom", kit.MARGIN_BOTTOM),
            ("left", kit.MARGIN_LEFT),
            ("right", kit.MARGIN_RIGHT),
            ("footer", kit.DOCUMENT_FOOT if kind in DOCUMENTS else kit.RULE_BOTTOM),
        ):
            yield from near(f"页边距 margin {attribute}", margins, attribute, wanted, MM)
        if grid is None or grid.get(f"{W}type") not in grids:
            found = NONE if grid is None else str(grid.get(f"{W}type"))
            yield "文档网格 docGrid type", found, " / ".join(grids)
        yield from near("文档网格 docGrid linePitch", grid, "linePitch", kit.LINE_PITCH, 10)
        if len(grids) == 1:
            yield from near("文档网格 docGrid charSpace", grid, "charSpace", kit.CHAR_SPACE, 60)
    yield from _normal(template)


def _normal(template: Template) -> Iterator[Found]:
    """The grid counts characters of the size of the style Normal; without it LibreOffice counts 27 a line."""
    normal = template.parts["word/styles.xml"].find(f"{W}style[@{W}default='1'][@{W}type='paragraph']")
    size = None if normal is None else normal.find(f"{W}rPr/{W}sz")
    found = NONE if size is None else str(size.get(f"{W}val"))
    if found != str(kit.SIZE_3):
        yield "样式 style Normal 字号 size", found, str(kit.SIZE_3)


def _fonts(template: Template) -> Iterator[Found]:
    for name, part in template.parts.items():
        for fonts in part.iter(f"{W}rFonts"):
            east = fonts.get(f"{W}eastAsia")
            if east is None and fonts.get(f"{W}hint") is not None and len(fonts.attrib) == 1:
                continue  # Word notes its guess of the script so; it names no font
            if east not in kit.FONTS:
                yield f"{name} 字体 w:eastAsia", str(east), "、".join(kit.FONTS[:-1])
            for attribute in ("ascii", "hAnsi"):
                value = fonts.get(f"{W}{attribute}")
                if value is not None and value not in kit.FONTS:
                    yield f"{name} 字体 w:{attribute}", value, kit.LATIN


def _colours(template: Template) -> Iterator[Found]:
    """Text is black; red are only the mark and the lines of a head, coloured only the cover of a certificate."""
    for ident, style in template.styles.items():
        shade = style.find(f"{W}rPr/{W}color")
        name = style.find(f"{W}name")
        called = str(ident) if name is None else str(name.get(f"{W}val"))
        if shade is not None and shade.get(f"{W}val") not in _BLACK and not called.startswith(_COLOURED):
            yield f"样式 style「{called}」颜色 color", str(shade.get(f"{W}val")), "000000"
    for name, part in template.parts.items():
        for shade in part.iterfind(f".//{W}r/{W}rPr/{W}color"):
            paragraph = next(shade.iterancestors(f"{W}p"))
            if shade.get(f"{W}val") not in _BLACK and not template.name_of(paragraph).startswith(_COLOURED):
                yield f"{name} 文字颜色 text color", str(shade.get(f"{W}val")), "000000"


def _title(template: Template, kind: DocumentKind) -> Iterator[Found]:
    """2号小标宋, in the middle; in letters and documents two lines below what is above it (§7.3.1)."""
    official = kind in LETTERS | DOCUMENTS
    wanted = "公文标题" if official else "凭证标题"
    titles = template.named(wanted)
    if not titles:
        yield "标题 title", NONE, f"样式“{wanted}”的段落 · a paragraph of that style"
    for title in titles:
        yield from typeface(template, title, "标题 title", kit.SONG_TITLE, kit.SIZE_2)
        yield from same(template, title, "标题对齐 title alignment", ("jc", "val"), "center")
        if official:
            yield from _title_spacing(template, title)


def _title_spacing(template: Template, title: Any) -> Iterator[Found]:
    """Two lines above the title and one below it, give or take a third of a line."""
    for attribute, lines in (("before", 2), ("after", 1)):
        found = template.number(title, "spacing", attribute)
        if abs(found - lines * kit.LINE_PITCH) > kit.LINE_PITCH // 3:
            place = f"标题 title {'上空二行 two lines above' if lines > 1 else '下空一行 one line below'}"
            yield place, str(found), f"{lines * kit.LINE_PITCH} ± {kit.LINE_PITCH // 3}"


def _contents(template: Template, kind: DocumentKind) -> Iterator[Found]:
    marks = {b.get(f"{W}name") for b in template.document.iter(f"{W}bookmarkStart")}
    if kit.END_MARK not in marks:
        yield "文末标记 end mark", NONE, f"书签 bookmark {kit.END_MARK}"
    texts = [name for name in template.parts if _TEXT_PART.fullmatch(name)]
    if not any(qr_targets(template.archive, name) for name in texts):
        yield "二维码 QR picture", NONE, f"替代文字为“{kit.QR_TEXT}”的图片 · a picture with that description"
    for paragraph in template.document.iter(f"{W}p"):
        if (text := text_of(paragraph)).lstrip().startswith("{{ loop.index }}. "):
            yield (
                f"列表 list「{text[18:30]}」编号 number",
                "{{ loop.index }}. ",
                f"{kit.ORDINAL}（单项不编号 · not if single）",
            )
    parts = tuple((name, template.archive.read(name)) for name in texts)
    for fault in _variables(kind, parts):
        place, _, rest = fault.partition(": ")
        yield place, rest, "与上下文模型一致的变量 · the fields of the context model"


@functools.lru_cache(maxsize=64)
def _variables(kind: DocumentKind, parts: tuple[tuple[str, bytes], ...]) -> tuple[str, ...]:
    """Faults of the variables. Kept by the bytes of the parts: reading them as Jinja is most of the time of a lint."""
    sources = {name: patched(data) for name, data in parts}
    return tuple(constructs.check(kind, {name: text for name, text in sources.items() if "{" in text}))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m doc_templates.lint", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="缺省为全部模板 · all templates by default")
    files: list[Path] = parser.parse_args(arguments).files
    files = files or [FOLDER / f"{kind.value}.docx" for kind in DocumentKind]
    findings = [finding for file in files for finding in lint_file(file)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(files)} 个模板，{len(findings)} 处问题 · {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
