"""The lint of the three forms: letter (函), document with red head, ruled form (voucher and sheet).

What the standard asks of body, signature and 版记 is measured by the names of the paragraph styles, which an official
sees in WPS and Word; a paragraph moved to another style is missing at its place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from models.enums import DocumentKind

from . import kit, lint_pages
from .reading import MM, NONE, Found, Template, W, about, first_line, near, same, text_of, typeface, width

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
ENDINGS = {
    DocumentKind.CHANGE_REPLY: "此复。",
    DocumentKind.INSPECTION_REPORT: "特此报告。",
    DocumentKind.REFUSAL_NOTICE: "特此告知。",
    DocumentKind.WARNING_LETTER: "特此函告。",
}
"""The closing phrase by the kind of document (文种); of all other letters 特此通知。."""
SIGNED = {
    DocumentKind.VERIFICATION_SLIP: ("经办", "审核", "签发", "专用章"),
    DocumentKind.ENTRY_NOTICE: ("经办", "审核", "签发", "专用章"),
    DocumentKind.EXIT_NOTICE: ("经办", "审核", "签发", "专用章"),
    DocumentKind.EVALUATION_SHEET: ("经办", "审核", "负责人", "章）"),
    DocumentKind.SITE_CHECK_RECORD: ("检查人", "经办", "负责人", "章）"),
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: ("负责人", "批准人", "章）"),
    DocumentKind.PHONE_RECORD: ("记录人", "复核人"),
    DocumentKind.CERTIFICATE: ("经办", "登记机关", "章）"),
}
"""Who signs a ruled form and where its seal goes, as words of the form."""
_EXACT_LINE = (560, 580)  # 28 to 29 pt: 22 lines a page
_DOUBLE_LINE = (18, 36)  # eighths of a point: red double lines of 2.25 to 4.5 pt
_RED_LINE = (8, 24)  # the one line of a red head, 1 to 3 pt
_LEVELS = {"一级标题": kit.HEITI, "二级标题": kit.KAITI}
_CLOSE_TO = 4  # points: the upper red line stands 4 mm below the mark, of which the line of the mark holds a part


def check(template: Template, kind: DocumentKind) -> Iterator[Found]:
    if kind in LETTERS:
        yield from _letter(template)
    elif kind in DOCUMENTS:
        yield from _document(template, kind)
    else:
        yield from _ruled(template, kind)
        return
    yield from _addressee(template)
    yield from _body(template)
    yield from _closing(template, ENDINGS.get(kind, "特此通知。"))
    yield from _signature(template)


def _letter(template: Template) -> Iterator[Found]:
    """Mark, red double lines and number of the letter form (§10.1)."""
    for section in template.document.iter(f"{W}sectPr"):
        yield from near("发文机关标志上边缘 mark top", section.find(f"{W}pgMar"), "header", kit.MARK_TOP, MM)
        if section.find(f"{W}titlePg") is None:
            yield "首页不同 titlePg", NONE, "首页不显示页码 · no page number on page one"
    yield from _double_line(template, "header", "thickThin", "上红双线（上粗下细） upper red line")
    yield from _double_line(template, "footer", "thinThick", "下红双线（上细下粗） lower red line")
    header = template.marginal("header", "first")
    marks = [] if header is None else [p for p in template.named("发文机关标志", header) if "issuer" in text_of(p)]
    yield from _marks(template, marks, kit.SIZE_MARK)
    numbers = [p for p in template.named("发文字号") if "number" in text_of(p)]
    if not numbers:
        yield "发文字号 number", NONE, "样式“发文字号”的 {{ number }} · {{ number }} in that style"
    for number in numbers:
        yield from typeface(template, number, "发文字号 number", kit.FANGSONG, kit.SIZE_3)
        yield from same(template, number, "发文字号 number 居右 at the right", ("jc", "val"), "right")
        yield from about(template, number, "发文字号 number 顶格 to the edge", ("ind", "right"), 0)
    yield from _copies(template)
    for paragraph in template.named("附注"):
        if not re.fullmatch(r"（.*）", text_of(paragraph)):
            yield "附注 remark", text_of(paragraph), "（…）"
        yield from _indented(template, paragraph, "附注 remark")


def _marks(template: Template, marks: list[Any], size: int) -> Iterator[Found]:
    """发文机关标志 (§7.2.4): red 小标宋 in the middle."""
    place = "发文机关标志 mark"
    if not marks:
        yield place, NONE, "红色小标宋的 {{ issuer }} · {{ issuer }} in red"
    for mark in marks:
        yield from typeface(template, mark, place, kit.SONG_TITLE, size)
        yield from same(template, mark, f"{place} 颜色 color", ("color", "val"), kit.RED)
        yield from same(template, mark, f"{place} 对齐 alignment", ("jc", "val"), "center")


def _double_line(template: Template, family: str, kind: str, place: str) -> Iterator[Found]:
    """A red double line as the border below each paragraph that has one, 170 mm wide by the paragraph's indents."""
    part = template.marginal(family, "first")
    paragraphs = [] if part is None else [p for p in part.iter(f"{W}p") if _lines(template, p, kind)]
    if not paragraphs:
        yield place, NONE, f"{kind}*Gap, {kit.RED}"
    for paragraph in paragraphs:
        (line, *_) = _lines(template, paragraph, kind)
        yield from _line(line, place, _DOUBLE_LINE)
        if family == "header" and abs(_points(line, "space") - 7) > _CLOSE_TO:
            yield f"{place} 距标志 gap to the mark", f"{line.get(f'{W}space')} pt", f"7 ± {_CLOSE_TO} pt（4 mm）"
        if abs((found := width(template, paragraph, kit.TEXT_WIDTH)) - kit.RULE_WIDTH) > MM:
            yield f"{place} 宽 width", str(found), f"{kit.RULE_WIDTH} ± {MM}（170 mm）"
        left, wanted = template.number(paragraph, "ind", "left"), kit.RULE_LEFT
        if abs(left - wanted) > MM:
            yield f"{place} 居中 in the middle", str(left), f"{wanted} ± {MM}"
    if family == "footer" and paragraphs and part is not None and part[-1] is not paragraphs[-1]:
        yield f"{place} 距下页边 from the edge", "其下还有内容 · something is below it", f"{kit.RULE_BOTTOM}（20 mm）"


def _lines(template: Template, paragraph: Any, kind: str) -> list[Any]:
    lines = template.borders(paragraph)
    return [line for line in lines if line.tag == f"{W}bottom" and str(line.get(f"{W}val")).startswith(kind)]


def _line(line: Any, place: str, weights: tuple[int, int]) -> Iterator[Found]:
    if line.get(f"{W}color") != kit.RED:
        yield f"{place} 颜色 color", str(line.get(f"{W}color")), kit.RED
    low, high = weights
    if not low <= _points(line, "sz") <= high:
        yield f"{place} 粗细 weight", f"{line.get(f'{W}sz')}/8 pt", f"{low}–{high}/8 pt"


def _points(element: Any, attribute: str) -> int:
    value = str(element.get(f"{W}{attribute}") or "0")
    return int(value) if value.isdecimal() else 0


def _document(template: Template, kind: DocumentKind) -> Iterator[Found]:
    """发文机关标志, 发文字号 and red line, 版记 of the document form (§7.2, §7.4)."""
    marks = [p for p in template.named("红头标志") if "issuer" in text_of(p)]
    yield from _marks(template, marks, kit.SIZE_HEAD)
    for mark in marks:
        yield from about(template, mark, "发文机关标志上边缘 mark top", ("spacing", "before"), kit.HEAD_TOP)
    numbers = [p for p in template.named("红头字号") if "number" in text_of(p)]
    if not numbers:
        yield "发文字号 number", NONE, "样式“红头字号”的 {{ number }} · {{ number }} in that style"
    for number in numbers:
        yield from _head_number(template, number)
    if kind is DocumentKind.INSPECTION_REPORT:
        yield from _signer(template, numbers)
    yield from _end_blocks(template)


def _head_number(template: Template, number: Any) -> Iterator[Found]:
    """In the middle, or at the left with 签发人 at the right; the red line 4 mm below it."""
    place = "发文字号 number"
    yield from same(template, number, f"{place} 字号 size", ("sz", "val"), str(kit.SIZE_3))
    yield from same(template, number, f"{place} 字体 font", ("rFonts", "eastAsia"), kit.FANGSONG)
    yield from about(template, number, f"{place} 空二行 two lines", ("spacing", "before"), 2 * kit.LINE_PITCH)
    if "签发人" not in text_of(number):
        yield from same(template, number, f"{place} 对齐 alignment", ("jc", "val"), "center")
    elif abs(first_line(template, number) - kit.chars(1)) > MM:
        yield f"{place} 居左空一字 one character in", str(first_line(template, number)), f"{kit.chars(1)} ± {MM}"
    place = "红色分隔线 red line"
    lines = [line for line in template.borders(number) if line.tag == f"{W}bottom"]
    if not lines:
        yield place, NONE, f"{kit.RED}，与版心等宽 · as wide as the text"
        return
    yield from _line(lines[0], place, _RED_LINE)
    if abs(_points(lines[0], "space") - kit.HEAD_GAP) > 1:
        yield f"{place} 间距 gap", f"{lines[0].get(f'{W}space')} pt", f"{kit.HEAD_GAP} ± 1 pt（4 mm）"
    if abs((found := width(template, number, kit.TEXT_WIDTH)) - kit.TEXT_WIDTH) > MM:
        yield f"{place} 宽 width", str(found), f"{kit.TEXT_WIDTH} ± {MM}（156 mm）"


def _signer(template: Template, numbers: list[Any]) -> Iterator[Found]:
    """A report goes upward: 签发人 in 仿宋, the name in 楷体 (§7.2.6)."""
    place = "签发人 signer"
    runs = [(p, r) for p in numbers for r in p.iter(f"{W}r") if "signer" in text_of(r)]
    if not runs or not any("签发人" in text_of(p) for p in numbers):
        yield place, NONE, "签发人：{{ signer }}"
    for paragraph, run in runs:
        font = str(template.property(paragraph, "rFonts", "eastAsia", run))
        if font != kit.KAITI:
            yield f"{place} 字体 font", font, kit.KAITI


def _addressee(template: Template) -> Iterator[Found]:
    """主送机关 (§7.3.2): at the edge, 3号仿宋, with a colon at its end."""
    place = "主送机关 addressee"
    found = template.named("主送机关")
    if not found:
        yield place, NONE, "样式“主送机关”的段落 · a paragraph of that style"
    for paragraph in found:
        if not text_of(paragraph).endswith("："):
            yield f"{place} 冒号 colon", text_of(paragraph)[-1:] or NONE, "："
        if (at := first_line(template, paragraph)) > MM or template.number(paragraph, "ind", "left") > MM:
            yield f"{place} 顶格 to the edge", str(at), f"0 ± {MM}"
        yield from typeface(template, paragraph, place, kit.FANGSONG, kit.SIZE_3)
        yield from _spaced(template, paragraph, place)


def _body(template: Template) -> Iterator[Found]:
    """3号仿宋, headings 黑体 and 楷体, two characters in, 22 lines a page; a heading stays with its text (§7.3.3)."""
    found = [p for name in ("公文正文", "公文结语", *_LEVELS) for p in template.named(name)]
    if not found:
        yield "正文 body", NONE, "样式“公文正文”的段落 · a paragraph of that style"
    for paragraph in found:
        name, text = template.name_of(paragraph), text_of(paragraph)[:12]
        place = f"正文 body「{text}」"
        yield from _spaced(template, paragraph, place)
        yield from typeface(template, paragraph, place, _LEVELS.get(name, kit.FANGSONG), kit.SIZE_3)
        yield from _indented(template, paragraph, place)
        if name in _LEVELS and not template.switched(paragraph, "keepNext"):
            yield f"{place} 与下段同页 keepNext", NONE, "标题不单独留在页末 · no heading alone at the foot of a page"


def _spaced(template: Template, paragraph: Any, place: str) -> Iterator[Found]:
    low, high = _EXACT_LINE
    line = template.number(paragraph, "spacing", "line")
    if template.property(paragraph, "spacing", "lineRule") != "exact" or not low <= line <= high:
        yield f"{place} 行距 line spacing", str(line), f"固定值 exact {low}–{high}"


def _indented(template: Template, paragraph: Any, place: str) -> Iterator[Found]:
    if abs((at := first_line(template, paragraph)) - kit.chars(2)) > MM:
        yield f"{place} 左空二字 two characters in", str(at), f"{kit.chars(2)} ± {MM}"


def _closing(template: Template, ending: str) -> Iterator[Found]:
    """The closing phrase of the kind of document (文种): of the text, it alone stays on the page of the signature."""
    closings = [p for p in template.named("公文结语") if text_of(p) == ending]
    if not closings:
        last = [text_of(p) for p in template.named("公文结语")][-1:]
        yield "结语 closing phrase", last[0] if last else NONE, ending
    for paragraph in closings:
        if not template.switched(paragraph, "keepNext"):
            yield "结语 closing phrase 与署名同页 keepNext", NONE, "署名不得单独一页 · no signature alone on a page"
        yield from lint_pages.held_back(template, paragraph)


def _signature(template: Template) -> Iterator[Found]:
    """Place of the seal (§7.3.5.1): the date four characters from the right, the name in the middle above it; at most
    one line between them and the text. A name too long for that ends at the edge of the text."""
    names = [p for p in template.named("发文机关署名") if "issuer" in text_of(p)]
    long_names = [p for p in template.named("发文机关署名（长）") if "issuer" in text_of(p)]
    if not names:
        yield "署名 signature", NONE, "样式“发文机关署名”的 {{ issuer }} · {{ issuer }} in that style"
    for name in names:
        yield from same(template, name, "署名 signature 以成文日期居中 in the middle", ("jc", "val"), "center")
        left, right = (template.number(name, "ind", side) for side in ("left", "right"))
        middle = right + (kit.TEXT_WIDTH - left - right) // 2
        if abs(middle - kit.DATE_CENTRE) > kit.chars(0.5):
            wanted = f"{kit.DATE_CENTRE} ± {kit.chars(0.5)}（距右 from the right）"
            yield "署名 signature 以成文日期居中 above the date", str(middle), wanted
    for name in long_names:
        yield from same(template, name, "署名（长） long signature 居右 at the right", ("jc", "val"), "right")
    for name in (*names, *long_names):
        if (gap := template.number(name, "spacing", "before")) > kit.LINE_PITCH + MM:
            yield "署名 signature 距正文一行之内 within one line", str(gap), f"≤ {kit.LINE_PITCH} ± {MM}"
    days = [p for p in template.named("成文日期") if "issued_on" in text_of(p)]
    if not days:
        yield "成文日期 date", NONE, "样式“成文日期”的 {{ issued_on }} · {{ issued_on }} in that style"
    for day in days:
        yield from same(template, day, "成文日期 date 居右 at the right", ("jc", "val"), "right")
        place = "成文日期 date 右空四字 four characters in"
        yield from about(template, day, place, ("ind", "right"), kit.chars(kit.DATE_RIGHT))
    for paragraph in (*names, *long_names, *days):
        place = "署名 signature" if paragraph not in days else "成文日期 date"
        yield from typeface(template, paragraph, place, kit.FANGSONG, kit.SIZE_3)
        yield from _spaced(template, paragraph, place)
    for name in (*names, *long_names):
        if not template.switched(name, "keepNext"):
            yield "署名 signature 与成文日期同页 keepNext", NONE, "署名和成文日期不分页 · on one page with the date"


def _copies(template: Template) -> Iterator[Found]:
    """版记 of the letter form: 抄送 alone at the foot of the last page, without lines."""
    place = "抄送 copies"
    found = [p for p in template.named("抄送") if "copies_to" in text_of(p)]
    if not found:
        yield place, NONE, "抄送：{{ copies_to }}。"
    for paragraph in found:
        yield from _framed(template, paragraph, place)
        yield from _end_text(template, paragraph, place)
        if not re.fullmatch(r"抄送：.*。", text_of(paragraph)):
            yield f"{place} 文字 text", text_of(paragraph), "抄送：…。"
        if any(True for _ in template.borders(paragraph)):
            yield f"{place} 分隔线 lines", "有 · some", NONE


def _framed(template: Template, paragraph: Any, place: str) -> Iterator[Found]:
    """A frame as wide as the text at the foot of the page."""
    frame = paragraph.find(f"{W}pPr/{W}framePr")
    yield from near(f"{place} 宽 width", frame, "w", kit.TEXT_WIDTH, MM)
    for attribute, wanted in (("yAlign", "bottom"), ("vAnchor", "margin")):
        found = NONE if frame is None else str(frame.get(f"{W}{attribute}"))
        if found != wanted:
            yield f"{place} 位置 place {attribute}", found, wanted


def _end_text(template: Template, paragraph: Any, place: str) -> Iterator[Found]:
    """4号仿宋, one character in at the left and the right (§7.4.2–7.4.3)."""
    yield from typeface(template, paragraph, place, kit.FANGSONG, kit.SIZE_4)
    if abs((at := first_line(template, paragraph)) - kit.chars(1)) > MM:
        yield f"{place} 左空一字 one character in", str(at), f"{kit.chars(1)} ± {MM}"
    right = template.number(paragraph, "ind", "right")
    tab = paragraph.find(f"{W}pPr/{W}tabs/{W}tab[@{W}val='right']")
    if tab is not None:
        right = kit.TEXT_WIDTH - _points(tab, "pos")
    if abs(right - kit.chars(1)) > MM:
        yield f"{place} 右空一字 one character in at the right", str(right), f"{kit.chars(1)} ± {MM}"


def _end_blocks(template: Template) -> Iterator[Found]:
    """版记 (§7.4): its lines as wide as the text, 0.35 mm first and last, 0.25 mm between; 抄送, 印发机关 and date.

    A template may hold it more than once, for documents with and without a part; each must be whole.
    """
    blocks: list[list[Any]] = [[]]
    for paragraph in template.document.find(f"{W}body"):
        if paragraph.find(f"{W}pPr/{W}framePr") is not None:
            blocks[-1].append(paragraph)
        elif not text_of(paragraph).startswith("{%p if copies_to") and not _ends_copies(paragraph, blocks[-1]):
            blocks.append([])
    blocks = [block for block in blocks if block]
    for block in blocks or [[]]:
        yield from _end_block(template, block)


def _ends_copies(paragraph: Any, block: list[Any]) -> bool:
    return bool(block) and text_of(paragraph).startswith("{%p endif") and len(block) < len(("线", "抄送", "线", "印发"))


def _end_block(template: Template, framed: list[Any]) -> Iterator[Found]:
    rules = [p for p in framed if template.property(p, "shd", "fill") == "000000"]
    sizes = [template.number(p, "spacing", "line") for p in rules]
    wanted = [kit.END_OUTER, kit.END_INNER, kit.END_OUTER]
    if sizes != wanted:
        yield "版记分隔线 lines of 版记", str(sizes), f"{wanted}（0.35、0.25、0.35 mm）"
    for paragraph in rules:
        if abs((found := width(template, paragraph, kit.TEXT_WIDTH)) - kit.TEXT_WIDTH) > MM:
            yield "版记分隔线 lines of 版记 宽 width", str(found), f"{kit.TEXT_WIDTH} ± {MM}（156 mm）"
    for paragraph in framed:
        yield from _framed(template, paragraph, "版记 end block")
        if text_of(paragraph).strip():
            yield from _end_text(template, paragraph, "版记 end block")
    text = "".join(map(text_of, framed))
    for word in ("抄送", "copies_to", "issuer", "issued_on", "印发"):
        if word not in text:
            yield "版记 content of 版记", NONE, word


def _ruled(template: Template, kind: DocumentKind) -> Iterator[Found]:
    """A ruled form: tables as wide as the text with all lines, labels 黑体, who signs, the place of the seal."""
    yield from _upright(template)
    tables = [t for t in template.document.iter(f"{W}tbl") if _drawn(t)]
    if not tables:
        yield "表格 table", NONE, "有边框的表格 · a table with lines"
    for place, grid in enumerate(tables, start=1):
        yield from _table(grid, f"表格 table {place}")
    for name, font in (("表格栏目", kit.HEITI), ("表格内容", kit.FANGSONG)):
        faults = {
            fault for p in template.named(name) for fault in typeface(template, p, f"{name} cells", font, kit.SIZE_5)
        }
        yield from sorted(faults)
    text = "".join(map(text_of, template.document.iter(f"{W}p")))
    for word in SIGNED.get(kind, ()):
        if word not in text:
            yield f"签批 signing「{word}」", NONE, "、".join(SIGNED[kind])


def _drawn(grid: Any) -> bool:
    sides = grid.find(f"{W}tblPr/{W}tblBorders")
    return sides is None or any(side.get(f"{W}val") not in ("nil", "none") for side in sides)


def _table(grid: Any, place: str) -> Iterator[Found]:
    borders = grid.find(f"{W}tblPr/{W}tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = None if borders is None else borders.find(f"{W}{side}")
        if line is None or line.get(f"{W}val") != "single":
            yield f"{place} 边框 border {side}", NONE if line is None else str(line.get(f"{W}val")), "single"
    widths = [_points(column, "w") for column in grid.iterfind(f"{W}tblGrid/{W}gridCol")]
    if abs(sum(widths) - kit.TEXT_WIDTH) > MM:
        yield f"{place} 宽 width", str(sum(widths)), f"{kit.TEXT_WIDTH} ± {MM}（156 mm）"
    layout = grid.find(f"{W}tblPr/{W}tblLayout")
    if layout is None or layout.get(f"{W}type") != "fixed":
        yield f"{place} 列宽 columns", NONE if layout is None else str(layout.get(f"{W}type")), "fixed"


def _upright(template: Template) -> Iterator[Found]:
    """A label written top to bottom is cut off when its row is lower than the label is long."""
    for line, box in itertools.chain.from_iterable(
        ((line, box) for box in line.iterfind(f"{W}tc")) for line in template.document.iter(f"{W}tr")
    ):
        height = line.find(f"{W}trPr/{W}trHeight")
        room = 0 if height is None else _points(height, "val")
        direction = box.find(f"{W}tcPr/{W}textDirection")
        if direction is None or not str(direction.get(f"{W}val")).startswith("tb"):
            continue
        for paragraph in box.iter(f"{W}p"):
            text = "".join(paragraph.itertext()).strip()
            size = int(template.property(paragraph, "sz", "val") or kit.SIZE_3)
            if (wanted := len(text) * size * 10) > room:  # half points to twips
                yield f"竖排栏目 upright label「{text}」", f"行高 row height {room}", f"≥ {wanted}，或横排 or level"
