"""Copies of the templates with one figure broken: what is changed in the XML, and what the lint must say of it."""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from doc_templates import kit
from doc_templates.lint import DOCUMENTS, LETTERS
from doc_templates.reading import W
from models.enums import DocumentKind
from records.render import FOLDER

Parts = dict[str, Any]
Change = Callable[[Parts], None]
OFFICIAL = LETTERS | DOCUMENTS
RULED = frozenset(DocumentKind) - OFFICIAL
UNLISTED = frozenset({DocumentKind.REVOCATION_NOTICE, DocumentKind.RESUMPTION_NOTICE, DocumentKind.INSPECTION_REPORT})
"""Letters and documents without a numbered list."""
DOCUMENT, STYLES, SETTINGS = "word/document.xml", "word/styles.xml", "word/settings.xml"


@dataclass(frozen=True, slots=True)
class Break:
    """One broken figure of the templates of `kinds`: the finding has these pieces of place, found and wanted."""

    name: str
    kinds: frozenset[DocumentKind]
    change: Change
    place: str
    found: str
    wanted: str


def copy_of(kind: DocumentKind, change: Change) -> bytes:
    """The template with the change made; the change must change something."""
    members, before = _members(kind)
    parts = {name: etree.fromstring(data) for name, data in before.items()}
    change(parts)
    after = {name: etree.tostring(part) for name, part in parts.items()}
    assert after != before, "nothing was changed"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, content in {**members, **after}.items():
            target.writestr(name, content)
    return out.getvalue()


@functools.cache
def _members(kind: DocumentKind) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All members of a template, and those that are XML as lxml writes them."""
    with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as source:
        members = {name: source.read(name) for name in source.namelist()}
    return members, {n: etree.tostring(etree.fromstring(data)) for n, data in members.items() if n.endswith(".xml")}


def attribute(path: str, name: str, value: str | None, part: str = DOCUMENT) -> Change:
    """Set (or with None drop) an attribute of every element of a path."""

    def change(parts: Parts) -> None:
        for element in parts[part].iterfind(path):
            if value is None:
                element.attrib.pop(f"{W}{name}", None)
            else:
                element.set(f"{W}{name}", value)

    return change


def without(path: str, part: str = DOCUMENT) -> Change:
    def change(parts: Parts) -> None:
        for element in list(parts[part].iterfind(path)):
            element.getparent().remove(element)

    return change


def style(name: str, tag: str, attr: str, value: str) -> Change:
    """Set an attribute of a property of the style called `name`, and of paragraphs that say it themselves."""

    def change(parts: Parts) -> None:
        found = _style(parts, name)
        holder = found.find(f"{W}{'rPr' if tag in ('sz', 'color', 'rFonts') else 'pPr'}")
        element = holder.find(f".//{W}{tag}")
        if element is None:
            element = etree.SubElement(holder, f"{W}{tag}")
        element.set(f"{W}{attr}", value)
        for paragraph in _paragraphs(parts, name):
            for own in paragraph.iterfind(f"{W}pPr/{W}{tag}"):
                own.set(f"{W}{attr}", value)

    return change


def style_without(name: str, tag: str) -> Change:
    def change(parts: Parts) -> None:
        for element in list(_style(parts, name).iter(f"{W}{tag}")):
            element.getparent().remove(element)

    return change


def renamed(name: str) -> Change:
    """The paragraphs of a style moved to the style Normal."""

    def change(parts: Parts) -> None:
        for paragraph in _paragraphs(parts, name):
            paragraph.find(f"{W}pPr/{W}pStyle").set(f"{W}val", "Normal")

    return change


def text(before: str, after: str, only: str = "") -> Change:
    """Change the text wherever it stands in body, headers and footers, or in the part `only`."""

    def change(parts: Parts) -> None:
        for name, part in parts.items():
            if only in name and name not in (STYLES, SETTINGS):
                for element in (*part.iter(f"{W}t"), *part.iter(f"{W}instrText")):
                    element.text = (element.text or "").replace(before, after)

    return change


def paragraph(name: str, path: str, attr: str, value: str) -> Change:
    """Set an attribute below the paragraphs of a style."""

    def change(parts: Parts) -> None:
        for found in _paragraphs(parts, name):
            for element in found.iterfind(path):
                element.set(f"{W}{attr}", value)

    return change


def below_the_line(parts: Parts) -> None:
    etree.SubElement(etree.SubElement(parts["word/footer_first.xml"], f"{W}p"), f"{W}r")


def page_on_the_first(parts: Parts) -> None:
    found = parts["word/footer_first.xml"].find(f".//{W}p")
    etree.SubElement(found, f"{W}fldSimple").set(f"{W}instr", " PAGE ")


def table(path: str, attr: str, value: str) -> Change:
    """Set an attribute in the first table that has lines."""

    def change(parts: Parts) -> None:
        drawn = (
            t
            for t in parts[DOCUMENT].iter(f"{W}tbl")
            if t.find(f"{W}tblPr/{W}tblBorders/{W}top[@{W}val='single']") is not None
        )
        for element in next(drawn).iterfind(path):
            element.set(f"{W}{attr}", value)

    return change


def _style(parts: Parts, name: str) -> Any:
    found = parts[STYLES].find(f"{W}style/{W}name[@{W}val='{name}']")
    assert found is not None, f"no style {name}"
    return found.getparent()


def _paragraphs(parts: Parts, name: str) -> Iterator[Any]:
    ident = _style(parts, name).get(f"{W}styleId")
    for part in parts.values():
        for found in part.iter(f"{W}p"):
            own = found.find(f"{W}pPr/{W}pStyle")
            if own is not None and own.get(f"{W}val") == ident:
                yield found


def _red_text(parts: Parts) -> None:
    run = parts[DOCUMENT].findall(f".//{W}r")[-1]
    properties = etree.Element(f"{W}rPr")
    etree.SubElement(properties, f"{W}color").set(f"{W}val", "00B050")
    run.insert(0, properties)


ALL = frozenset(DocumentKind)
SECT = f".//{W}sectPr/"
_MARGINS = (("top", "2098"), ("bottom", "1984"), ("left", "1588"), ("right", "1474"))


def _everywhere() -> Iterator[Break]:
    yield Break("paper width", ALL, attribute(f"{SECT}{W}pgSz", "w", "12240"), "纸张 page size w", "12240", "11906")
    yield Break("paper height", ALL, attribute(f"{SECT}{W}pgSz", "h", "15840"), "纸张 page size h", "15840", "16838")
    for side, wanted in _MARGINS:
        change = attribute(f"{SECT}{W}pgMar", side, "1800" if side != "bottom" else "1440")
        yield Break(
            f"margin {side}", ALL, change, f"页边距 margin {side}", "1800" if side != "bottom" else "1440", wanted
        )
        missing = attribute(f"{SECT}{W}pgMar", side, None)
        yield Break(f"no margin {side}", ALL, missing, f"页边距 margin {side}", "None", wanted)
    yield Break("footer", ALL, attribute(f"{SECT}{W}pgMar", "footer", "851"), "页边距 margin footer", "851", "±")
    yield Break("no grid", ALL, without(f"{SECT}{W}docGrid"), "文档网格 docGrid type", "无", "lines")
    yield Break(
        "grid", ALL, attribute(f"{SECT}{W}docGrid", "type", "default"), "docGrid type", "default", "linesAndChars"
    )
    yield Break(
        "line pitch", ALL, attribute(f"{SECT}{W}docGrid", "linePitch", "312"), "docGrid linePitch", "312", "579"
    )
    yield Break("size of Normal", ALL, style("Normal", "sz", "val", "21"), "style Normal 字号", "21", "32")
    yield Break(
        "font", ALL, style("Normal", "rFonts", "eastAsia", "微软雅黑"), "字体 w:eastAsia", "微软雅黑", kit.FANGSONG
    )
    yield Break(
        "no font", ALL, attribute(f".//{W}rFonts", "eastAsia", None, STYLES), "字体 w:eastAsia", "None", kit.FANGSONG
    )
    yield Break("latin font", ALL, style("Normal", "rFonts", "ascii", "Calibri"), "字体 w:ascii", "Calibri", kit.LATIN)
    yield Break("colour", ALL, style("Normal", "color", "val", "FF0000"), "颜色 color", "FF0000", "000000")
    yield Break("text colour", ALL, _red_text, "文字颜色 text color", "00B050", "000000")
    yield Break("end mark", ALL, without(f".//{W}bookmarkStart"), "文末标记 end mark", "无", kit.END_MARK)
    yield Break("field", ALL, text("unit_name", "unit_nam"), "word/", "unknown variable: unit_nam", "变量")
    yield Break("no field", ALL, text("{{ unit_name }}", "某单位"), "变量未使用", "unit_name", "变量")


def _titles() -> Iterator[Break]:
    for kinds, name in ((OFFICIAL, "公文标题"), (RULED, "凭证标题")):
        yield Break("no title", kinds, renamed(name), "标题 title", "无", name)
        yield Break(
            "title font",
            kinds,
            style(name, "rFonts", "eastAsia", kit.HEITI),
            "标题 title 字体",
            kit.HEITI,
            kit.SONG_TITLE,
        )
        yield Break("title size", kinds, style(name, "sz", "val", "36"), "标题 title 字号", "36", "44")
        yield Break("title side", kinds, style(name, "jc", "val", "left"), "标题对齐 title alignment", "left", "center")
    yield Break(
        "title above", OFFICIAL, style("公文标题", "spacing", "before", "0"), "标题 title 上空二行", "0", "1158"
    )
    yield Break("title below", OFFICIAL, style("公文标题", "spacing", "after", "0"), "标题 title 下空一行", "0", "579")


def _bodies() -> Iterator[Break]:
    grid = attribute(f"{SECT}{W}docGrid", "charSpace", "0")
    yield Break("characters", OFFICIAL, grid, "docGrid charSpace", "0", "-848")
    body, closing = "公文正文", "公文结语"
    yield Break("line", OFFICIAL, style(body, "spacing", "line", "480"), "行距 line spacing", "480", "560–580")
    yield Break("line rule", OFFICIAL, style(body, "spacing", "lineRule", "auto"), "行距 line spacing", "579", "exact")
    yield Break(
        "body font", OFFICIAL, style(body, "rFonts", "eastAsia", kit.SONG), "正文 body「", kit.SONG, kit.FANGSONG
    )
    yield Break("body size", OFFICIAL, style(body, "sz", "val", "28"), "正文 body「", "28", "32")
    yield Break("body indent", OFFICIAL, style(body, "ind", "firstLine", "0"), "左空二字 two characters in", "0", "632")
    yield Break("ending", OFFICIAL, _other_ending, "结语 closing phrase", "顺致敬意。", "。")
    yield Break(
        "ending apart", OFFICIAL, style_without(closing, "keepNext"), "结语 closing phrase 与署名同页", "无", "署名"
    )
    yield Break("text held back", OFFICIAL, style(body, "keepNext", "val", "1"), "结语上段", "keepNext", "无")
    yield Break("copies early", OFFICIAL, _early_copies, "版记位置", "elsewhere", "紧接在结语之前")
    listed = OFFICIAL - UNLISTED | {DocumentKind.EVALUATION_SHEET}
    yield Break("single item", listed, text("{% if loop.length > 1 %}", ""), "编号 number", "{{ loop.index }}", "单项")
    to = "主送机关"
    yield Break("no addressee", OFFICIAL, renamed(to), "主送机关 addressee", "无", to)
    yield Break("addressee colon", OFFICIAL, _no_colon, "主送机关 addressee 冒号", "}", "：")
    yield Break(
        "addressee indent", OFFICIAL, style(to, "ind", "firstLine", "632"), "主送机关 addressee 顶格", "632", "0"
    )
    yield Break(
        "addressee font",
        OFFICIAL,
        style(to, "rFonts", "eastAsia", kit.HEITI),
        "addressee 字体",
        kit.HEITI,
        kit.FANGSONG,
    )
    yield Break("addressee size", OFFICIAL, style(to, "sz", "val", "30"), "addressee 字号", "30", "32")
    yield Break("addressee line", OFFICIAL, style(to, "spacing", "line", "400"), "addressee 行距", "400", "560–580")


def _early_copies(parts: Parts) -> None:
    """版记 before the first paragraph: it would be printed on the first page."""
    body = parts[DOCUMENT].find(f"{W}body")
    for frame in list(body.iterfind(f"{W}p/{W}pPr/{W}framePr")):
        body.insert(0, frame.getparent().getparent())


def _other_ending(parts: Parts) -> None:
    for phrase in ("特此通知。", "特此函告。", "特此告知。", "特此报告。", "此复。"):
        text(phrase, "顺致敬意。", DOCUMENT)(parts)


def _no_colon(parts: Parts) -> None:
    for found in _paragraphs(parts, "主送机关"):
        for element in found.iter(f"{W}t"):
            element.text = (element.text or "").replace("：", "")


def _signatures() -> Iterator[Break]:
    name, wide, day = "发文机关署名", "发文机关署名（长）", "成文日期"
    yield Break("no signature", OFFICIAL, renamed(name), "署名 signature", "无", name)
    yield Break(
        "signature side",
        OFFICIAL,
        style(name, "jc", "val", "right"),
        "署名 signature 以成文日期居中",
        "right",
        "center",
    )
    yield Break(
        "signature place", OFFICIAL, style(name, "ind", "left", "2000"), "署名 signature 以成文日期居中", "3422", "2290"
    )
    yield Break("signature far", OFFICIAL, style(name, "spacing", "before", "1737"), "距正文一行之内", "1737", "579")
    yield Break(
        "signature font",
        OFFICIAL,
        style(name, "rFonts", "eastAsia", kit.KAITI),
        "署名 signature 字体",
        kit.KAITI,
        kit.FANGSONG,
    )
    yield Break("signature size", OFFICIAL, style(name, "sz", "val", "28"), "署名 signature 字号", "28", "32")
    yield Break(
        "signature apart", OFFICIAL, style_without(name, "keepNext"), "署名 signature 与成文日期同页", "无", "署名"
    )
    yield Break("long signature", OFFICIAL, style(wide, "jc", "val", "left"), "署名（长）", "left", "right")
    yield Break("no date", OFFICIAL, renamed(day), "成文日期 date", "无", day)
    yield Break("date side", OFFICIAL, style(day, "jc", "val", "center"), "成文日期 date 居右", "center", "right")
    yield Break("date place", OFFICIAL, style(day, "ind", "right", "632"), "成文日期 date 右空四字", "632", "1263")
    yield Break("date size", OFFICIAL, style(day, "sz", "val", "28"), "成文日期 date 字号", "28", "32")
    yield Break("date line", OFFICIAL, style(day, "spacing", "line", "700"), "成文日期 date 行距", "700", "560–580")


def _page_numbers() -> Iterator[Break]:
    yield Break("odd and even", OFFICIAL, without(f"{W}evenAndOddHeaders", SETTINGS), "奇偶页不同", "无", "odd right")
    for page, name, side, other in (("default", "单页页码", "right", "left"), ("even", "双页页码", "left", "right")):
        place, part = f"页码 page number ({page})", f"word/footer_{page}.xml"
        yield Break(f"no number {page}", OFFICIAL, text("PAGE", "DATE", part), place, "无", "PAGE")
        yield Break(f"dashes {page}", OFFICIAL, text("—", "-", part), f"{place} 一字线", "无", "— 1 —")
        yield Break(f"side {page}", OFFICIAL, style(name, "jc", "val", other), f"{place} 位置 side", other, side)
        yield Break(f"indent {page}", OFFICIAL, style(name, "ind", side, "0"), f"{place} 空一字", "0", "316")
        yield Break(f"size {page}", OFFICIAL, style(name, "sz", "val", "21"), f"{place} 字号", "21", "28")
        yield Break(
            f"font {page}", OFFICIAL, style(name, "rFonts", "eastAsia", kit.HEITI), f"{place} 字体", kit.HEITI, kit.SONG
        )
        yield Break(
            f"digits {page}",
            OFFICIAL,
            style(name, "rFonts", "ascii", kit.LATIN),
            f"{place} 数字字体",
            kit.LATIN,
            kit.SONG,
        )
        yield Break(f"gap {page}", OFFICIAL, style(name, "spacing", "after", "0"), f"{place} 距版心", "", "397")
    yield Break("number missing", RULED, text("PAGE", "TIME", "word/footer"), "页码 page number", "无", "PAGE")
    yield Break("number on page one", LETTERS, page_on_the_first, "首页页码", "PAGE", "无")
    first = text("PAGE", "DATE", "word/footer_first.xml")
    yield Break("no number on page one", DOCUMENTS, first, "页码 page number (first)", "无", "PAGE")


def _letters() -> Iterator[Break]:
    mark, foot, number = "发文机关标志", "信函下双线", "发文字号"
    head = "word/header_first.xml"
    yield Break("mark top", LETTERS, attribute(f"{SECT}{W}pgMar", "header", "851"), "发文机关标志上边缘", "851", "1701")
    yield Break(
        "title page", LETTERS, without(f"{SECT}{W}titlePg"), "首页不同 titlePg", "无", "no page number on page one"
    )
    yield Break("no mark", LETTERS, text("issuer", "unit_name", head), "发文机关标志 mark", "无", "issuer")
    yield Break(
        "mark font", LETTERS, style(mark, "rFonts", "eastAsia", kit.HEITI), "mark 字体", kit.HEITI, kit.SONG_TITLE
    )
    yield Break("mark size", LETTERS, style(mark, "sz", "val", "44"), "mark 字号", "44", "66")
    yield Break("mark colour", LETTERS, style(mark, "color", "val", "000000"), "mark 颜色", "000000", kit.RED)
    yield Break("mark side", LETTERS, style(mark, "jc", "val", "left"), "mark 对齐", "left", "center")
    for name, place, kind in ((mark, "上红双线", "thickThin"), (foot, "下红双线", "thinThick")):
        yield Break(f"no {kind}", LETTERS, style(name, "bottom", "val", "single"), place, "无", kind)
        yield Break(f"{kind} colour", LETTERS, style(name, "bottom", "color", "000000"), f"{place}", "000000", kit.RED)
        yield Break(f"{kind} weight", LETTERS, style(name, "bottom", "sz", "4"), f"{place}", "4/8 pt", "18–36/8 pt")
        yield Break(f"{kind} width", LETTERS, style(name, "ind", "left", "0"), f"{place}", "9184", "9638")
        yield Break(f"{kind} middle", LETTERS, _shifted(name), f"{place}", "0", "-454")
    yield Break("line gap", LETTERS, style(mark, "bottom", "space", "20"), "上红双线", "20 pt", "4 mm")
    yield Break("below line", LETTERS, below_the_line, "下红双线", "其下还有内容", "20 mm")
    yield Break("no number", LETTERS, renamed(number), "发文字号 number", "无", "number")
    yield Break(
        "number font",
        LETTERS,
        style(number, "rFonts", "eastAsia", kit.SONG),
        "发文字号 number 字体",
        kit.SONG,
        kit.FANGSONG,
    )
    yield Break("number size", LETTERS, style(number, "sz", "val", "28"), "发文字号 number 字号", "28", "32")
    yield Break("number side", LETTERS, style(number, "jc", "val", "center"), "发文字号 number 居右", "center", "right")
    yield Break("number edge", LETTERS, style(number, "ind", "right", "316"), "发文字号 number 顶格", "316", "0")
    copies = "抄送"
    yield Break("no copies", LETTERS, renamed(copies), "抄送 copies", "无", "copies_to")
    yield Break("copies text", LETTERS, text("抄送：", "送：", DOCUMENT), "抄送 copies 文字", "送：", "抄送：…。")
    yield Break(
        "copies width", LETTERS, paragraph(copies, f"{W}pPr/{W}framePr", "w", "4000"), "抄送 copies 宽", "4000", "8844"
    )
    yield Break(
        "copies place",
        LETTERS,
        paragraph(copies, f"{W}pPr/{W}framePr", "yAlign", "top"),
        "抄送 copies 位置",
        "top",
        "bottom",
    )
    yield Break("copies size", LETTERS, style(copies, "sz", "val", "32"), "抄送 copies 字号", "32", "28")
    yield Break("copies left", LETTERS, style(copies, "ind", "left", "840"), "抄送 copies 左空一字", "0", "316")
    yield Break("copies right", LETTERS, style(copies, "ind", "right", "0"), "抄送 copies 右空一字", "0", "316")
    yield Break("copies line", LETTERS, _ruled_copies, "抄送 copies 分隔线", "有", "无")
    yield Break("remark brackets", LETTERS, text("（联系人", "联系人", DOCUMENT), "附注 remark", "联系人", "（…）")
    yield Break("remark indent", LETTERS, style("附注", "ind", "firstLine", "0"), "附注 remark 左空二字", "0", "632")


def _shifted(name: str) -> Change:
    def change(parts: Parts) -> None:
        style(name, "ind", "left", "0")(parts)
        style(name, "ind", "right", str(kit.RULE_LEFT + kit.RULE_RIGHT))(parts)

    return change


def _ruled_copies(parts: Parts) -> None:
    holder = _style(parts, "抄送").find(f"{W}pPr")
    etree.SubElement(etree.SubElement(holder, f"{W}pBdr"), f"{W}top").set(f"{W}val", "single")


def _documents() -> Iterator[Break]:
    mark, number, red = "红头标志", "红头字号", "红色分隔线 red line"
    yield Break("no mark", DOCUMENTS, renamed(mark), "发文机关标志 mark", "无", "issuer")
    yield Break(
        "mark font", DOCUMENTS, style(mark, "rFonts", "eastAsia", kit.HEITI), "mark 字体", kit.HEITI, kit.SONG_TITLE
    )
    yield Break("mark size", DOCUMENTS, style(mark, "sz", "val", "44"), "mark 字号", "44", "72")
    yield Break("mark colour", DOCUMENTS, style(mark, "color", "val", "000000"), "mark 颜色", "000000", kit.RED)
    yield Break("mark side", DOCUMENTS, style(mark, "jc", "val", "left"), "mark 对齐", "left", "center")
    yield Break("mark top", DOCUMENTS, style(mark, "spacing", "before", "600"), "发文机关标志上边缘", "600", "1984")
    yield Break("no number", DOCUMENTS, renamed(number), "发文字号 number", "无", "number")
    yield Break("number size", DOCUMENTS, style(number, "sz", "val", "28"), "发文字号 number 字号", "28", "32")
    yield Break(
        "number font",
        DOCUMENTS,
        style(number, "rFonts", "eastAsia", kit.SONG),
        "发文字号 number 字体",
        kit.SONG,
        kit.FANGSONG,
    )
    yield Break(
        "number above", DOCUMENTS, style(number, "spacing", "before", "0"), "发文字号 number 空二行", "0", "1158"
    )
    yield Break(
        "number side", DOCUMENTS, style(number, "jc", "val", "right"), "发文字号 number 对齐", "right", "center"
    )
    yield Break("no red line", DOCUMENTS, style_without(number, "pBdr"), red, "无", kit.RED)
    yield Break(
        "red line colour", DOCUMENTS, style(number, "bottom", "color", "0000FF"), f"{red} 颜色", "0000FF", kit.RED
    )
    yield Break("red line weight", DOCUMENTS, style(number, "bottom", "sz", "4"), f"{red} 粗细", "4/8 pt", "8–24/8 pt")
    yield Break("red line gap", DOCUMENTS, style(number, "bottom", "space", "1"), f"{red} 间距", "1 pt", "4 mm")
    yield Break("red line width", DOCUMENTS, style(number, "ind", "right", "800"), f"{red} 宽", "8044", "8844")
    outer, inner, end = "版记首末线", "版记中间线", "版记"
    lines = "版记分隔线 lines of 版记"
    yield Break("inner line", DOCUMENTS, style(inner, "spacing", "line", "20"), lines, "[20, 20, 20]", "[20, 14, 20]")
    yield Break("outer line", DOCUMENTS, style(outer, "spacing", "line", "8"), lines, "[8, 14, 8]", "[20, 14, 20]")
    yield Break("no lines", DOCUMENTS, style_without(outer, "shd"), lines, "[14]", "[20, 14, 20]")
    yield Break("line width", DOCUMENTS, style(outer, "ind", "left", "316"), f"{lines} 宽", "8528", "8844")
    frame = f"{W}pPr/{W}framePr"
    yield Break("end place", DOCUMENTS, paragraph(end, frame, "yAlign", "top"), "版记 end block 位置", "top", "bottom")
    yield Break("end width", DOCUMENTS, paragraph(end, frame, "w", "4000"), "版记 end block 宽", "4000", "8844")
    yield Break("end size", DOCUMENTS, style(end, "sz", "val", "32"), "版记 end block 字号", "32", "28")
    yield Break(
        "end font", DOCUMENTS, style(end, "rFonts", "eastAsia", kit.SONG), "版记 end block 字体", kit.SONG, kit.FANGSONG
    )
    yield Break("end left", DOCUMENTS, style(end, "ind", "left", "840"), "版记 end block 左空一字", "0", "316")
    yield Break("end copies", DOCUMENTS, text("抄送：", "送：", DOCUMENT), "版记 content", "无", "抄送")
    yield Break("end date", DOCUMENTS, text("印发", "", DOCUMENT), "版记 content", "无", "印发")
    report = frozenset({DocumentKind.INSPECTION_REPORT})
    yield Break("signer font", report, _plain_signer, "签发人 signer 字体", kit.FANGSONG, kit.KAITI)
    yield Break("no signer", report, text("签发人：", "", DOCUMENT), "签发人 signer", "无", "签发人")
    yield Break("number left", report, paragraph(number, f"{W}pPr/{W}ind", "firstLine", "0"), "居左空一字", "0", "316")


def _plain_signer(parts: Parts) -> None:
    for run in parts[DOCUMENT].iter(f"{W}r"):
        if run.find(f"{W}rPr") is not None and "signer" in "".join(run.itertext()):
            run.remove(run.find(f"{W}rPr"))


def _ruled() -> Iterator[Break]:
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        change = table(f"{W}tblPr/{W}tblBorders/{W}{side}", "val", "nil")
        kinds = RULED
        yield Break(f"border {side}", kinds, change, f"边框 border {side}", "nil", "single")
    yield Break("table width", RULED, table(f"{W}tblGrid/{W}gridCol[1]", "w", "3000"), "宽 width", "", "8844")
    yield Break(
        "table columns", RULED, table(f"{W}tblPr/{W}tblLayout", "type", "autofit"), "列宽 columns", "autofit", "fixed"
    )
    yield Break(
        "label font",
        RULED,
        style("表格栏目", "rFonts", "eastAsia", kit.SONG),
        "表格栏目 cells 字体",
        kit.SONG,
        kit.HEITI,
    )
    yield Break("label size", RULED, style("表格栏目", "sz", "val", "18"), "表格栏目 cells 字号", "18", "21")
    yield Break(
        "cell font",
        RULED,
        style("表格内容", "rFonts", "eastAsia", kit.SONG),
        "表格内容 cells 字体",
        kit.SONG,
        kit.FANGSONG,
    )
    yield Break("cell size", RULED, style("表格内容", "sz", "val", "16"), "表格内容 cells 字号", "16", "21")


BREAKS = [
    *_everywhere(),
    *_titles(),
    *_bodies(),
    *_signatures(),
    *_page_numbers(),
    *_letters(),
    *_documents(),
    *_ruled(),
]
