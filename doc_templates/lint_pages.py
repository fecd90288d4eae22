"""The lint of pages: their numbers (GB/T 9704-2012 §7.5: 4号 half-width 宋体 between dashes, 7 mm below the text,
outside), and what is kept on one page with the signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import kit
from .reading import MM, NONE, Found, Template, W, has_page_field, same, text_of, typeface

_STATEMENT = re.compile(r"\{%p .*%\}")
_SIDES = {"right": "单页居右 odd pages right", "left": "双页居左 even pages left"}


def check(template: Template, document: bool, letter: bool) -> Iterator[Found]:
    """`document` and `letter` are the forms with numbers outside; a ruled form counts its pages in the strip."""
    if not (document or letter):
        footers = [part for name, part in template.parts.items() if name.startswith("word/footer")]
        if not any(has_page_field(part) for part in footers):
            yield "页码 page number", NONE, "页脚中的 PAGE 域 · a PAGE field in the footer"
        return
    first = template.marginal("footer", "first")
    if document and first is not None:
        yield from _number(template, "first", "right")
    elif letter and first is not None and has_page_field(first):
        yield "首页页码 page number on page one", "PAGE", NONE
    if template.settings.find(f"{W}evenAndOddHeaders") is None:
        yield "奇偶页不同 evenAndOddHeaders", NONE, "单页居右、双页居左 · odd right, even left"
    for page, side in (("default", "right"), ("even", "left")):
        yield from _number(template, page, side)
        yield from _gap(template, page)


def held_back(template: Template, closing: Any) -> Iterator[Found]:
    """The paragraph before the closing phrase may end on the page before: LibreOffice moves one that keeps with the
    next as a whole, and leaves its place empty. And 版记 stands right before the closing phrase, because it is printed
    on the page of the paragraph after it."""
    framed = 0
    for paragraph in closing.itersiblings(preceding=True):
        if paragraph.find(f"{W}pPr/{W}framePr") is not None:
            framed += 1
        elif not _STATEMENT.fullmatch(text_of(paragraph)):
            if paragraph.tag == f"{W}p" and template.switched(paragraph, "keepNext"):
                yield "结语上段与下段同页 keepNext before the closing phrase", "keepNext", NONE
            break
    if framed < len(template.document.findall(f"{W}body/{W}p/{W}pPr/{W}framePr")):
        yield "版记位置 place of 版记", "不在结语前 · elsewhere", "紧接在结语之前 · right before the closing phrase"


def _number(template: Template, page: str, side: str) -> Iterator[Found]:
    place = f"页码 page number ({page})"
    part = template.marginal("footer", page)
    if part is None or not has_page_field(part):
        yield place, NONE, "— PAGE —"
        return
    for paragraph in part.iter(f"{W}p"):
        if not has_page_field(paragraph):
            continue
        if not re.search(r"—\s*\d*\s*—", "".join(t.text or "" for t in paragraph.iter(f"{W}t"))):
            yield f"{place} 一字线 dashes", NONE, "— 1 —"
        if (found := template.property(paragraph, "jc", "val")) != side:
            yield f"{place} 位置 side", str(found), f"{side}（{_SIDES[side]}）"
        indent = template.number(paragraph, "ind", side)
        if abs(indent - kit.chars(1)) > MM:
            yield f"{place} 空一字 one character in", str(indent), f"{kit.chars(1)} ± {MM}"
        yield from typeface(template, paragraph, place, kit.SONG, kit.SIZE_4)
        yield from same(template, paragraph, f"{place} 数字字体 font of digits", ("rFonts", "ascii"), kit.SONG)


def _gap(template: Template, page: str) -> Iterator[Found]:
    """7 mm from the text block, by what the footer leaves above the number, which is the last of it."""
    part, margins = template.marginal("footer", page), template.document.find(f".//{W}sectPr/{W}pgMar")
    for paragraph in () if part is None or margins is None else part.iter(f"{W}p"):
        gap = _twips(margins, "bottom") - _twips(margins, "footer")
        gap -= template.number(paragraph, "spacing", "line") + template.number(paragraph, "spacing", "after")
        if has_page_field(paragraph) and abs(gap - kit.PAGE_NUMBER_GAP) > MM:
            yield f"页码 page number ({page}) 距版心 gap", str(gap), f"{kit.PAGE_NUMBER_GAP} ± {MM}"


def _twips(margins: Any, attribute: str) -> int:
    value = str(margins.get(f"{W}{attribute}") or "0")
    return int(value) if value.lstrip("-").isdecimal() else 0
