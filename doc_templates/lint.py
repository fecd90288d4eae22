"""Checks templates against GB/T 9704-2012 and their context models: `python -m doc_templates.lint [FILES]`.

Every finding names the file, the place, what was found and what is wanted. Exit code 1 when there is one.
Officials edit the templates in WPS or Word; what passes here, the next document uses (documents.md 1-2).
"""

from __future__ import annotations

import argparse
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

from . import constructs, kit

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LETTERS = frozenset(
    {
        DocumentKind.ACCEPTANCE_NOTICE,
        DocumentKind.CORRECTION_NOTICE,
        DocumentKind.REFUSAL_NOTICE,
        DocumentKind.REVOCATION_NOTICE,
        DocumentKind.RECTIFICATION_NOTICE,
        DocumentKind.WARNING_LETTER,
        DocumentKind.SUSPENSION_NOTICE,
        DocumentKind.RESUMPTION_NOTICE,
        DocumentKind.INSPECTION_NOTICE,
    }
)
DOCUMENTS = frozenset({DocumentKind.CHANGE_REPLY, DocumentKind.INSPECTION_REPORT})
"""In the document form with red head; what is neither one of them nor a letter is a ruled form."""
_MM = 57  # twips; the standard allows ± 1 mm for margins
_EXACT_LINE = (560, 580)  # 28 to 29 pt: 22 lines a page
_FORBIDDEN_MEMBERS = re.compile(
    r"(vbaProject|vbaData|word/fonts/|activeX|embeddings/|oleObject|customUI|attachedToolbars|\.bin$|\.odttf$)", re.I
)
_PART = re.compile(r"word/(document|header[^/]*|footer[^/]*|styles|settings)\.xml")
_TEXT_PART = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")


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
        template = _Template(archive)
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError) as error:
        return [Finding(file, "文件 · file", str(error), ".docx")]
    with archive:
        found = [*_package(template)]
        found += _sections(template, kind)
        found += _fonts(template)
        found += _title(template, kind)
        found += _upright(template)
        found += _pages(template, kind)
        found += _letter(template) if kind in LETTERS else ()
        found += _document(template) if kind in DOCUMENTS else ()
        found += _contents(template, kind)
    return [Finding(file, *finding) for finding in found]


Found = tuple[str, str, str]


class _Template:
    """The parts of a template, its styles and its footers by kind."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        self.parts: dict[str, Any] = {
            name: etree.fromstring(archive.read(name), parser) for name in archive.namelist() if _PART.fullmatch(name)
        }
        self.document = self.parts["word/document.xml"]
        self.styles = {s.get(f"{W}styleId"): s for s in self.parts["word/styles.xml"].iter(f"{W}style")}
        relations = etree.fromstring(archive.read("word/_rels/document.xml.rels"), parser)
        self._targets = {r.get("Id"): f"word/{r.get('Target')}" for r in relations}

    def marginal(self, family: str, kind: str) -> Any:
        """Header or footer (family) of a kind of page: default, first, even; None when there is none."""
        for reference in self.document.iter(f"{W}{family}Reference"):
            if reference.get(f"{W}type") == kind:
                ident = reference.get("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id")
                return self.parts.get(self._targets.get(ident, ""))
        return None

    def name_of(self, paragraph: Any) -> str:
        """Name of the paragraph's style, e.g. 公文标题."""
        style = self.styles.get(self._style_id(paragraph))
        name = None if style is None else style.find(f"{W}name")
        return "" if name is None else str(name.get(f"{W}val"))

    def property(self, paragraph: Any, tag: str, attribute: str, run: Any = None) -> str | None:
        """An effective property: of the run, else of the paragraph, its style, the styles below, the defaults."""
        for holder in self._holders(paragraph, run):
            element = holder.find(f"{W}{tag}")
            if element is not None and element.get(f"{W}{attribute}") is not None:
                return str(element.get(f"{W}{attribute}"))
        return None

    def borders(self, paragraph: Any) -> Iterator[Any]:
        for holder in self._holders(paragraph, None):
            for frame in holder.findall(f"{W}pBdr"):
                yield from frame

    def _style_id(self, paragraph: Any) -> str:
        element = paragraph.find(f"{W}pPr/{W}pStyle")
        return "Normal" if element is None else str(element.get(f"{W}val"))

    def _holders(self, paragraph: Any, run: Any) -> Iterator[Any]:
        if run is not None and run.find(f"{W}rPr") is not None:
            yield run.find(f"{W}rPr")
        if paragraph.find(f"{W}pPr") is not None:
            yield paragraph.find(f"{W}pPr")
        ident: str | None = self._style_id(paragraph)
        seen: set[str] = set()
        while ident and ident in self.styles and ident not in seen:
            seen.add(ident)
            style = self.styles[ident]
            for tag in ("pPr", "rPr"):
                if style.find(f"{W}{tag}") is not None:
                    yield style.find(f"{W}{tag}")
            based = style.find(f"{W}basedOn")
            ident = None if based is None else based.get(f"{W}val")
        yield from self.parts["word/styles.xml"].iterfind(f"{W}docDefaults/{W}rPrDefault/{W}rPr")


def _package(template: _Template) -> Iterator[Found]:
    for name in template.archive.namelist():
        if _FORBIDDEN_MEMBERS.search(name):
            yield name, "宏、嵌入字体或对象 · macro, embedded font or object", "无 · none"
        if name.endswith(".rels"):
            for relation in etree.fromstring(template.archive.read(name)):
                if relation.get("TargetMode") == "External":
                    yield name, f"外部链接 · external: {relation.get('Target')}", "无 · none"
    types = template.archive.read("[Content_Types].xml")
    if b"macroEnabled" in types:
        yield "[Content_Types].xml", "macroEnabled", "无宏的 .docx · no macros"
    settings = template.parts.get("word/settings.xml")
    for tag in ("embedTrueTypeFonts", "embedSystemFonts", "attachedTemplate"):
        if settings is not None and settings.find(f"{W}{tag}") is not None:
            yield "word/settings.xml", tag, "无 · none"


def _sections(template: _Template, kind: DocumentKind) -> Iterator[Found]:
    grids = ("linesAndChars",) if kind in LETTERS | DOCUMENTS else ("lines", "linesAndChars")
    for section in template.document.iter(f"{W}sectPr"):
        size, margins, grid = (section.find(f"{W}{tag}") for tag in ("pgSz", "pgMar", "docGrid"))
        for attribute, wanted in (("w", kit.PAGE_WIDTH), ("h", kit.PAGE_HEIGHT)):
            yield from _near(f"纸张 page size {attribute}", size, attribute, wanted, 20)
        for attribute, wanted in (
            ("top", kit.MARGIN_TOP),
            ("bottom", kit.MARGIN_BOTTOM),
            ("left", kit.MARGIN_LEFT),
            ("right", kit.MARGIN_RIGHT),
            ("footer", kit.DOCUMENT_FOOT if kind in DOCUMENTS else kit.RULE_BOTTOM),
        ):
            yield from _near(f"页边距 margin {attribute}", margins, attribute, wanted, _MM)
        if grid is None or grid.get(f"{W}type") not in grids:
            found = "无 · none" if grid is None else str(grid.get(f"{W}type"))
            yield "文档网格 docGrid type", found, " / ".join(grids)
        yield from _near("文档网格 docGrid linePitch", grid, "linePitch", kit.LINE_PITCH, 10)


def _near(place: str, element: Any, attribute: str, wanted: int, tolerance: int) -> Iterator[Found]:
    value = None if element is None else element.get(f"{W}{attribute}")
    if value is None or not value.lstrip("-").isdecimal() or abs(int(value) - wanted) > tolerance:
        yield place, str(value), f"{wanted} ± {tolerance}"


def _fonts(template: _Template) -> Iterator[Found]:
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


def _title(template: _Template, kind: DocumentKind) -> Iterator[Found]:
    wanted = "公文标题" if kind in LETTERS | DOCUMENTS else "凭证标题"
    titles = [p for p in template.document.iter(f"{W}p") if template.name_of(p) == wanted]
    if not titles:
        yield "标题 title", "无 · none", f"样式“{wanted}”的段落 · a paragraph of that style"
    for title in titles:
        yield from _typeface(template, title, "标题 title", kit.SONG_TITLE, kit.SIZE_2)
        alignment = template.property(title, "jc", "val")
        if alignment != "center":
            yield "标题对齐 title alignment", str(alignment), "center"


def _typeface(template: _Template, paragraph: Any, place: str, font: str, size: int) -> Iterator[Found]:
    """Font and size of every run of a paragraph (once each)."""
    found = set()
    for run in paragraph.iter(f"{W}r"):
        found.add(("字体 font", str(template.property(paragraph, "rFonts", "eastAsia", run)), font))
        found.add(("字号 size", str(template.property(paragraph, "sz", "val", run)), str(size)))
    for what, value, wanted in sorted(found):
        if value != wanted:
            yield f"{place} {what}", value, wanted


def _upright(template: _Template) -> Iterator[Found]:
    """A label written top to bottom is cut off when its row is lower than the label is long."""
    for line in template.document.iter(f"{W}tr"):
        height = line.find(f"{W}trPr/{W}trHeight")
        room = 0 if height is None else int(height.get(f"{W}val") or 0)
        for box in line.iterfind(f"{W}tc"):
            direction = box.find(f"{W}tcPr/{W}textDirection")
            if direction is None or not str(direction.get(f"{W}val")).startswith("tb"):
                continue
            for paragraph in box.iter(f"{W}p"):
                text = "".join(paragraph.itertext()).strip()
                size = int(template.property(paragraph, "sz", "val") or kit.SIZE_3)
                if (wanted := len(text) * size * 10) > room:  # half points to twips
                    yield f"竖排栏目 upright label「{text}」", f"行高 row height {room}", f"≥ {wanted}，或横排 or level"


def _letter(template: _Template) -> Iterator[Found]:
    for section in template.document.iter(f"{W}sectPr"):
        yield from _near("发文机关标志上边缘 mark top", section.find(f"{W}pgMar"), "header", kit.MARK_TOP, _MM)
        if section.find(f"{W}titlePg") is None:
            yield "首页不同 titlePg", "无 · none", "首页不显示页码 · no page number on page one"
    yield from _rule(template, "header", "thickThin", "上红双线（上粗下细） upper red line")
    yield from _rule(template, "footer", "thinThick", "下红双线（上细下粗） lower red line")
    header = template.marginal("header", "first")
    marks = (
        [] if header is None else [p for p in header.iter(f"{W}p") if template.property(p, "color", "val") == kit.RED]
    )
    if not any("issuer" in "".join(p.itertext()) for p in marks):
        yield "发文机关标志 mark", "无 · none", "红色 {{ issuer }} · in red"
    yield from _body(template)


def _body(template: _Template) -> Iterator[Found]:
    low, high = _EXACT_LINE
    for paragraph in template.document.iter(f"{W}p"):
        if template.name_of(paragraph) not in ("公文正文", "公文结语", "一级标题", "二级标题"):
            continue
        text = "".join(paragraph.itertext())[:12]
        line = template.property(paragraph, "spacing", "line") or "0"
        if template.property(paragraph, "spacing", "lineRule") != "exact" or not low <= int(line) <= high:
            yield f"行距 line spacing「{text}」", f"{line}", f"固定值 exact {low}–{high}"
        font = {"一级标题": kit.HEITI, "二级标题": kit.KAITI}.get(template.name_of(paragraph), kit.FANGSONG)
        yield from _typeface(template, paragraph, f"正文 body「{text}」", font, kit.SIZE_3)


def _rule(template: _Template, family: str, kind: str, place: str) -> Iterator[Found]:
    """A red double line as a paragraph border, 170 mm wide by the paragraph's indents."""
    part = template.marginal(family, "first")
    for paragraph in () if part is None else part.iter(f"{W}p"):
        for line in template.borders(paragraph):
            if not str(line.get(f"{W}val")).startswith(kind):
                continue
            if line.get(f"{W}color") != kit.RED:
                yield f"{place} 颜色 color", str(line.get(f"{W}color")), kit.RED
            yield from _width(template, paragraph, place, kit.RULE_WIDTH)
            return
    yield place, "无 · none", f"{kind}*Gap, {kit.RED}"


def _width(template: _Template, paragraph: Any, place: str, wanted: int) -> Iterator[Found]:
    """Width of a paragraph and so of its borders, by its indents."""
    width = kit.TEXT_WIDTH
    for side in ("left", "right"):
        width -= int(template.property(paragraph, "ind", side) or 0)
    if abs(width - wanted) > _MM:
        yield f"{place} 宽 width", str(width), f"{wanted} ± {_MM}"


def _document(template: _Template) -> Iterator[Found]:
    """发文机关标志, 发文字号 and red line, 版记 of the document form (GB/T 9704-2012 §7.2)."""
    paragraphs = list(template.document.iter(f"{W}p"))
    marks = [p for p in paragraphs if template.name_of(p) == "红头标志" and "issuer" in "".join(p.itertext())]
    if not marks:
        yield "发文机关标志 mark", "无 · none", "样式“红头标志”的 {{ issuer }} · {{ issuer }} in that style"
    for mark in marks:
        yield from _typeface(template, mark, "发文机关标志 mark", kit.SONG_TITLE, kit.SIZE_HEAD)
        yield from _is(template, mark, "发文机关标志颜色 mark color", ("color", "val"), kit.RED)
        yield from _is(template, mark, "发文机关标志对齐 mark alignment", ("jc", "val"), "center")
        yield from _about(template, mark, "发文机关标志上边缘 mark top", ("spacing", "before"), kit.HEAD_TOP)
    numbers = [p for p in paragraphs if template.name_of(p) == "红头字号" and "number" in "".join(p.itertext())]
    if not numbers:
        yield "发文字号 number", "无 · none", "样式“红头字号”的 {{ number }} · {{ number }} in that style"
    for number in numbers:
        yield from _number(template, number)
    yield from _end_block(template, paragraphs)
    yield from _body(template)


def _number(template: _Template, number: Any) -> Iterator[Found]:
    """发文字号: in the middle, or at the left with 签发人 at the right; red line 4 mm below."""
    place = "发文字号 number"
    yield from _is(template, number, f"{place} 字号 size", ("sz", "val"), str(kit.SIZE_3))
    yield from _about(template, number, f"{place} 空二行 two lines", ("spacing", "before"), 2 * kit.LINE_PITCH)
    if "签发人" not in "".join(number.itertext()):
        yield from _is(template, number, f"{place} 对齐 alignment", ("jc", "val"), "center")
    place = "红色分隔线 red line"
    lines = [line for line in template.borders(number) if line.tag == f"{W}bottom"]
    if not lines:
        yield place, "无 · none", f"{kit.RED}，与版心等宽 · as wide as the text"
        return
    if lines[0].get(f"{W}color") != kit.RED:
        yield f"{place} 颜色 color", str(lines[0].get(f"{W}color")), kit.RED
    if abs(int(lines[0].get(f"{W}space") or 0) - kit.HEAD_GAP) > 1:
        yield f"{place} 间距 gap", f"{lines[0].get(f'{W}space')} pt", f"{kit.HEAD_GAP} ± 1 pt（4 mm）"
    yield from _width(template, number, place, kit.TEXT_WIDTH)


def _end_block(template: _Template, paragraphs: list[Any]) -> Iterator[Found]:
    """版记: at the foot of the page, its lines as wide as the text, 0.35 mm first and last, 0.25 mm between."""
    framed = [p for p in paragraphs if p.find(f"{W}pPr/{W}framePr") is not None]
    rules = [p for p in framed if template.property(p, "shd", "fill") == "000000"]
    sizes = [int(template.property(p, "spacing", "line") or 0) for p in rules]
    wanted = [kit.END_OUTER, kit.END_INNER, kit.END_OUTER]
    if sizes != wanted:
        yield "版记分隔线 lines of 版记", str(sizes), f"{wanted}（0.35、0.25、0.35 mm）"
    for paragraph in rules:
        yield from _width(template, paragraph, "版记分隔线 lines of 版记", kit.TEXT_WIDTH)
    for paragraph in framed:
        frame = paragraph.find(f"{W}pPr/{W}framePr")
        yield from _near("版记 宽 width of 版记", frame, "w", kit.TEXT_WIDTH, _MM)
        if frame.get(f"{W}yAlign") != "bottom":
            yield "版记 位置 place of 版记", str(frame.get(f"{W}yAlign")), "bottom"
        if "".join(paragraph.itertext()).strip():
            yield from _typeface(template, paragraph, "版记", kit.FANGSONG, kit.SIZE_4)
    text = "".join("".join(p.itertext()) for p in framed)
    for word in ("抄送", "copies_to", "印发"):
        if word not in text:
            yield "版记 content of 版记", "无 · none", word


def _is(template: _Template, paragraph: Any, place: str, of: tuple[str, str], wanted: str) -> Iterator[Found]:
    if (found := template.property(paragraph, *of)) != wanted:
        yield place, str(found), wanted


def _about(template: _Template, paragraph: Any, place: str, of: tuple[str, str], wanted: int) -> Iterator[Found]:
    found = template.property(paragraph, *of)
    if found is None or abs(int(found) - wanted) > _MM:
        yield place, str(found), f"{wanted} ± {_MM}"


def _pages(template: _Template, kind: DocumentKind) -> Iterator[Found]:
    if kind not in LETTERS | DOCUMENTS:
        footers = [part for name, part in template.parts.items() if name.startswith("word/footer")]
        if not any(_has_page_field(part) for part in footers):
            yield "页码 page number", "无 · none", "页脚中的 PAGE 域 · a PAGE field in the footer"
        return
    first = template.marginal("footer", "first")
    if kind in DOCUMENTS:
        yield from _page_number(template, "first", "right") if first is not None else ()
        for page in ("default", "even"):
            yield from _page_number_gap(template, page)
    elif first is not None and _has_page_field(first):
        yield "首页页码 page number on page one", "PAGE", "无 · none"
    if template.parts["word/settings.xml"].find(f"{W}evenAndOddHeaders") is None:
        yield "奇偶页不同 evenAndOddHeaders", "无 · none", "单页居右、双页居左 · odd right, even left"
    for page, side in (("default", "right"), ("even", "left")):
        yield from _page_number(template, page, side)


def _page_number(template: _Template, page: str, side: str) -> Iterator[Found]:
    place = f"页码 page number ({page})"
    part = template.marginal("footer", page)
    if part is None or not _has_page_field(part):
        yield place, "无 · none", "— PAGE —"
        return
    for paragraph in part.iter(f"{W}p"):
        if not _has_page_field(paragraph):
            continue
        if not re.search(r"—\s*\d*\s*—", "".join(t.text or "" for t in paragraph.iter(f"{W}t"))):
            yield f"{place} 一字线 dashes", "无 · none", "— 1 —"
        if (found := template.property(paragraph, "jc", "val")) != side:
            yield f"{place} 位置 side", str(found), side
        yield from _typeface(template, paragraph, place, kit.SONG, kit.SIZE_4)


def _page_number_gap(template: _Template, page: str) -> Iterator[Found]:
    """The page number is the last of the footer: 7 mm from the text block by what the footer leaves above it."""
    part, margins = template.marginal("footer", page), template.document.find(f".//{W}sectPr/{W}pgMar")
    for paragraph in () if part is None or margins is None else part.iter(f"{W}p"):
        gap = int(margins.get(f"{W}bottom") or 0) - int(margins.get(f"{W}footer") or 0)
        for attribute in ("line", "after"):
            gap -= int(template.property(paragraph, "spacing", attribute) or 0)
        if _has_page_field(paragraph) and abs(gap - kit.PAGE_NUMBER_GAP) > _MM:
            yield f"页码 page number ({page}) 距版心 gap", str(gap), f"{kit.PAGE_NUMBER_GAP} ± {_MM}"


def _has_page_field(part: Any) -> bool:
    complex_fields = (t.text or "" for t in part.iter(f"{W}instrText"))
    simple_fields = (f.get(f"{W}instr") or "" for f in part.iter(f"{W}fldSimple"))
    return any(re.match(r"\s*PAGE\b", text) for text in (*complex_fields, *simple_fields))


def _contents(template: _Template, kind: DocumentKind) -> Iterator[Found]:
    marks = {b.get(f"{W}name") for b in template.document.iter(f"{W}bookmarkStart")}
    if kit.END_MARK not in marks:
        yield "文末标记 end mark", "无 · none", f"书签 bookmark {kit.END_MARK}"
    texts = [name for name in template.parts if _TEXT_PART.fullmatch(name)]
    if not any(qr_targets(template.archive, name) for name in texts):
        yield "二维码 QR picture", "无 · none", f"替代文字为“{kit.QR_TEXT}”的图片 · a picture with that description"
    sources = {name: patched(template.archive.read(name)) for name in texts}
    for fault in constructs.check(kind, {name: text for name, text in sources.items() if "{" in text}):
        place, _, rest = fault.partition(": ")
        yield place, rest, "与上下文模型一致的变量 · the fields of the context model"


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
