"""Figures of GB/T 9704-2012 and the pieces that new templates are written with (domain.md §6.1).

Only for making new templates: the committed .docx files are the truth and are edited in WPS or Word.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

# Twentieths of a point (twips), the unit of Word: 1 mm = 56.69.
PAGE_WIDTH, PAGE_HEIGHT = 11906, 16838  # A4 210 × 297 mm
MARGIN_TOP, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT = 2098, 1984, 1588, 1474  # 37 / 35 / 28 / 26 mm
TEXT_WIDTH = PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT  # 156 mm
LINES, CHARS = 22, 28
LINE_PITCH = 579  # 225 mm in 22 lines: 28.95 pt
CHAR_SPACE = -848  # 156 mm in 28 characters of 16 pt: 15.79 pt each, in 1/4096 pt against 16 pt
CHAR = TEXT_WIDTH / CHARS
# The same 28 characters without help of the grid, which LibreOffice reads differently: 16 − 0.3 pt.
BODY_SPACING = -6
RULE_WIDTH = 9638  # red double lines of the letter form: 170 mm, centred on the paper
RULE_LEFT = -(MARGIN_LEFT - (PAGE_WIDTH - RULE_WIDTH) // 2)
RULE_RIGHT = -(MARGIN_RIGHT - (PAGE_WIDTH - RULE_WIDTH) // 2)
MARK_TOP = 1701  # upper edge of 发文机关标志 in the letter form: 30 mm from the edge of the paper
RULE_BOTTOM = 1134  # second red line: 20 mm from the lower edge
HEAD_TOP = 1984  # upper edge of 发文机关标志 in the document form: 35 mm below the upper edge of the text block
HEAD_GAP = 11  # points from 发文字号 to the red line: 4 mm
PAGE_NUMBER_GAP = 397  # page number 7 mm below the text block
DOCUMENT_FOOT = 454  # footer of the document form 8 mm from the edge: the verification strip is below the page number
END_OUTER, END_INNER = 20, 14  # lines of 版记: 0.35 mm outside, 0.25 mm between
RED = "FF0000"

# Half points (w:sz): 2号 22 pt, 3号 16 pt, 4号 14 pt, 小四 12 pt, 五号 10.5 pt.
SIZE_MARK, SIZE_2, SIZE_3, SIZE_4, SIZE_S4, SIZE_5, SIZE_S5, SIZE_6, SIZE_STRIP = 66, 44, 32, 28, 24, 21, 18, 16, 13
SIZE_HEAD, SCALE_HEAD = 72, 80  # 36 pt, narrowed so that the full name of an office and 文件 stand on one line

SONG_TITLE, FANGSONG, KAITI, HEITI, SONG = "方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体", "宋体"
LATIN = "Times New Roman"
FONTS = (SONG_TITLE, FANGSONG, KAITI, HEITI, SONG, LATIN)

# Characters that end no line and begin no line: those of Word for Chinese, and 年月日号名 with the brackets of
# the number, so that 2026年11月22日 and 示组干〔2026〕187号 stay whole without characters that nobody sees.
NEVER_LAST = "$([{£¥·‘“〈《「『【〔〖〝﹙﹛（．［｛￡￥〕年月-"
NEVER_FIRST = "!%),.:;>?]}·ˇ―‖’”…‰′″›℃∶、。〃〉》」』】〕〗〞﹚﹜！％），．：；？］｝～〔年月日号名"

ORDINAL = "{% if loop.length > 1 %}{{ loop.index }}. {% endif %}"
"""Before an item of a list: its number, unless it is the only one."""

END_MARK = "dingbian_end"  # bookmark at the end of the body: its absence in a document means truncation
QR_NAME, QR_TEXT = "verification-code", "核验二维码"
EMU_MM = 36000

# Place of the seal: the date four characters from the right, the name in the middle above it. A date is six to
# seven characters wide, so that its middle is 7¼ characters from the right, give or take a quarter of one.
DATE_RIGHT = 4
DATE_CENTRE = round(TEXT_WIDTH / CHARS * (DATE_RIGHT + 3.25))
SIGNED_CHARS = 14  # a longer name does not fit in the middle above the date
# 发文机关标志: from how many characters of the name it is written narrower, and how narrow (percent).
MARK_SCALES = ((18, 62), (14, 76))
HEAD_SCALES = ((18, 50), (13, 60))

_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
_CLOSE_LINES = '<w:spacing w:before="0" w:after="0" w:line="154" w:lineRule="exact"/>'
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFF_GRID = '<w:snapToGrid w:val="0"/>'
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style. Sizes in half points, distances in twips; `line` exact when > 0."""

    name: str
    font: str
    size: int
    line: int = 0
    align: str = "left"
    indent: str = ""
    before: int = 0
    after: int = 0
    color: str = ""
    keep_next: bool = False
    tighten: int = 0
    scale: int = 0
    extra: str = ""
    latin: str = LATIN

    def xml(self, ident: str) -> str:
        spacing = f'<w:spacing w:before="{self.before}" w:after="{self.after}"'
        spacing += f' w:line="{self.line}" w:lineRule="exact"/>' if self.line else ' w:line="240" w:lineRule="auto"/>'
        return (
            f'<w:style w:type="paragraph" w:customStyle="1" w:styleId="{ident}"><w:name w:val="{self.name}"/>'
            f'<w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>{"<w:keepNext/>" if self.keep_next else ""}'
            f'<w:widowControl w:val="0"/>{self.extra}<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
            f'{_OFF_GRID}{spacing}{self.indent}<w:jc w:val="{self.align}"/>'
            f"</w:pPr><w:rPr>{fonts(self.font, self.latin)}{_OFF_GRID}{color(self.color)}"
            f"{f'<w:spacing w:val={chr(34)}{self.tighten}{chr(34)}/>' if self.tighten else ''}"
            f"{f'<w:w w:val={chr(34)}{self.scale}{chr(34)}/>' if self.scale else ''}"
            f'<w:sz w:val="{self.size}"/><w:szCs w:val="{self.size}"/></w:rPr></w:style>'
        )


def fonts(east: str, latin: str = LATIN) -> str:
    return f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}" w:cs="{LATIN}"/>'


def color(value: str) -> str:
    return f'<w:color w:val="{value}"/>' if value else ""


def chars(count: float) -> int:
    """Width of `count` characters of the grid, twips."""
    return round(CHAR * count)


def indent(left: int = 0, right: int = 0, first: int = 0) -> str:
    """Indents; a negative `first` is a hanging first line."""
    line = f' w:firstLine="{first}"' if first > 0 else f' w:hanging="{-first}"' if first else ""
    return f'<w:ind w:left="{left}" w:right="{right}"{line}/>'


def border(side: str, kind: str = "single", size: int = 4, space: int = 0, shade: str = "000000") -> str:
    return f'<w:{side} w:val="{kind}" w:sz="{size}" w:space="{space}" w:color="{shade}"/>'


_BLACK = '<w:shd w:val="clear" w:color="auto" w:fill="000000"/>'
STYLES: dict[str, Style] = {
    "Mark": Style(
        "发文机关标志",
        SONG_TITLE,
        SIZE_MARK,
        720,
        "center",
        indent(RULE_LEFT, RULE_RIGHT),
        color=RED,
        extra=f"<w:pBdr>{border('bottom', 'thickThinSmallGap', 24, 7, RED)}</w:pBdr>",
    ),
    "LetterFoot": Style(
        "信函下双线",
        FANGSONG,
        2,
        20,
        indent=indent(RULE_LEFT, RULE_RIGHT),
        extra=f"<w:pBdr>{border('bottom', 'thinThickSmallGap', 24, 0, RED)}</w:pBdr>",
    ),
    "Number": Style(
        "发文字号", FANGSONG, SIZE_3, 440, "right", before=40, after=LINE_PITCH - 480, tighten=BODY_SPACING
    ),
    "HeadMark": Style(
        "红头标志", SONG_TITLE, SIZE_HEAD, 780, "center", before=HEAD_TOP, color=RED, keep_next=True, scale=SCALE_HEAD
    ),
    "HeadNumber": Style(
        "红头字号",
        FANGSONG,
        SIZE_3,
        440,
        "center",
        before=2 * LINE_PITCH,
        keep_next=True,
        tighten=BODY_SPACING,
        extra=f"<w:pBdr>{border('bottom', size=18, space=HEAD_GAP, shade=RED)}</w:pBdr>",
    ),
    # Lines as shaded paragraphs: LibreOffice does not place a frame at the foot when its text has borders.
    "EndRule": Style("版记首末线", FANGSONG, 2, END_OUTER, extra=_BLACK),
    "EndRuleInner": Style("版记中间线", FANGSONG, 2, END_INNER, extra=_BLACK),
    "EndText": Style("版记", FANGSONG, SIZE_4, 400, "left", indent(chars(1) + 840, chars(1), first=-840)),
    "LetterTitle": Style(
        "公文标题", SONG_TITLE, SIZE_2, 640, "center", before=2 * LINE_PITCH, after=LINE_PITCH, keep_next=True
    ),
    "Addressee": Style("主送机关", FANGSONG, SIZE_3, LINE_PITCH, keep_next=True, tighten=BODY_SPACING),
    "BodyText": Style("公文正文", FANGSONG, SIZE_3, LINE_PITCH, "both", indent(first=chars(2)), tighten=BODY_SPACING),
    "Closing": Style(
        "公文结语",
        FANGSONG,
        SIZE_3,
        LINE_PITCH,
        "both",
        indent(first=chars(2)),
        keep_next=True,
        tighten=BODY_SPACING,
    ),
    "Level1": Style(
        "一级标题", HEITI, SIZE_3, LINE_PITCH, "both", indent(first=chars(2)), keep_next=True, tighten=BODY_SPACING
    ),
    "Level2": Style(
        "二级标题", KAITI, SIZE_3, LINE_PITCH, "both", indent(first=chars(2)), keep_next=True, tighten=BODY_SPACING
    ),
    "Signature": Style(
        "发文机关署名",
        FANGSONG,
        SIZE_3,
        LINE_PITCH,
        "center",
        indent(TEXT_WIDTH - 2 * DATE_CENTRE),
        before=LINE_PITCH,
        keep_next=True,
        tighten=BODY_SPACING,
    ),
    "Date": Style(
        "成文日期",
        FANGSONG,
        SIZE_3,
        LINE_PITCH,
        "right",
        indent(right=chars(DATE_RIGHT)),
        keep_next=True,
        tighten=BODY_SPACING,
    ),
    # A name too long to stand in the middle above the date: it ends at the edge of the text.
    "SignatureWide": Style(
        "发文机关署名（长）",
        FANGSONG,
        SIZE_3,
        LINE_PITCH,
        "right",
        before=LINE_PITCH,
        keep_next=True,
        tighten=BODY_SPACING,
    ),
    "Remark": Style("附注", FANGSONG, SIZE_3, LINE_PITCH, "left", indent(first=chars(2)), tighten=BODY_SPACING),
    "Copies": Style("抄送", FANGSONG, SIZE_4, 480, "left", indent(chars(1) + 840, chars(1), first=-840)),
    "VoucherTitle": Style("凭证标题", SONG_TITLE, SIZE_2, 640, "center", after=60, keep_next=True),
    "VoucherNumber": Style("凭证编号", FANGSONG, SIZE_S4, 400, "left", after=40, keep_next=True),
    "CellLabel": Style("表格栏目", HEITI, SIZE_5, 280, "center"),
    "CellText": Style("表格内容", FANGSONG, SIZE_5, 280, "left"),
    "CellCentre": Style("表格居中", FANGSONG, SIZE_5, 280, "center"),
    "CellSmall": Style("表格小字", FANGSONG, SIZE_S5, 240, "center"),
    "CellEntry": Style("表格登记", FANGSONG, SIZE_6, 230, "center"),
    "VoucherNote": Style("凭证附注", FANGSONG, SIZE_S5, 250, "left", indent(540, first=-540), before=40),
    "Strip": Style("核验信息", SONG, SIZE_STRIP, 180, "left"),
    "PageOdd": Style("单页页码", SONG, SIZE_4, 280, "right", indent(right=chars(1)), after=170, latin=SONG),
    "PageEven": Style("双页页码", SONG, SIZE_4, 280, "left", indent(left=chars(1)), after=170, latin=SONG),
    "Tail": Style("文末", FANGSONG, 4, 40),
}


def run(text: str, font: str = "", size: int = 0) -> str:
    props = (fonts(font) if font else "") + (f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>' if size else "")
    properties = f"<w:rPr>{props}</w:rPr>" if props else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def para(style: str, *runs: str, props: str = "") -> str:
    """A paragraph; plain strings are text, strings that start with <w: are XML."""
    inner = "".join(part if part.startswith("<w:") else run(part) for part in runs)
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{props}</w:pPr>{inner}</w:p>'


def statement(text: str) -> str:
    """A paragraph that holds only a {%p … %} statement and vanishes with it."""
    return para("Tail", "{%p " + text + " %}")


def ended(body: list[str]) -> str:
    """The body with the end mark in its last paragraph: one of its own would open an empty page below a full one."""
    text = "".join(body)
    if not text.endswith("</w:p>"):
        raise ValueError("the body must end with a paragraph")
    mark = f'<w:bookmarkStart w:id="1" w:name="{END_MARK}"/><w:bookmarkEnd w:id="1"/>'
    return text.removesuffix("</w:p>") + mark + "</w:p>"


def signed(issuer: str = "{{ issuer }}", day: str = "{{ issued_on }}") -> list[str]:
    """Name and date at the place of the seal."""
    return [
        statement(f"if issuer | length > {SIGNED_CHARS}"),
        para("SignatureWide", issuer),
        statement("else"),
        para("Signature", issuer),
        statement("endif"),
        para("Date", day),
    ]


def mark(style: str, text: str, scales: tuple[tuple[int, int], ...]) -> list[str]:
    """发文机关标志 on one line: the longer the name, the narrower its characters, of the same height."""
    out = []
    for place, (longer, scale) in enumerate(scales):
        out.append(statement(f"{'elif' if place else 'if'} issuer | length > {longer}"))
        out.append(
            para(style, f'<w:r><w:rPr><w:w w:val="{scale}"/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>')
        )
    return [*out, statement("else"), para(style, text), statement("endif")]


def page_field(name: str = "PAGE") -> str:
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> {name} </w:instrText>'
        '</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def picture(rel: str, side_mm: float) -> str:
    side = round(side_mm * EMU_MM)
    return (
        f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{side}" cy="{side}"/>'
        f'<wp:docPr id="1" name="{QR_NAME}" descr="{QR_TEXT}"/><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
        f'<pic:cNvPr id="1" name="{QR_NAME}" descr="{QR_TEXT}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        f'<a:blip r:embed="{rel}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>'
        f'<a:off x="0" y="0"/><a:ext cx="{side}" cy="{side}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        "</a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def cell(width: int, *content: str, span: int = 1, merge: str = "", align: str = "center") -> str:
    """A table cell. `merge` is restart or continue for vertical merging."""
    props = f'<w:tcW w:w="{width}" w:type="dxa"/>' + (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "")
    props += f'<w:vMerge w:val="{merge}"/>' if merge else ""
    return f'<w:tc><w:tcPr>{props}<w:vAlign w:val="{align}"/></w:tcPr>{"".join(content)}</w:tc>'


def row(*cells: str, height: int = 0, exact: bool = False, header: bool = False, split: bool = False) -> str:
    """A table row; `split` lets a long text go on on the next page."""
    props = "" if split else "<w:cantSplit/>"
    if height:
        props += f'<w:trHeight w:val="{height}" w:hRule="{"exact" if exact else "atLeast"}"/>'
    props += "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr>{props}</w:trPr>{''.join(cells)}</w:tr>"


def table(widths: list[int], *rows: str, ruled: bool = True, margin: int = 70, pad: int = 0) -> str:
    """A table of fixed column widths; `pad` is left above and below the text of its cells.

    Ruled: the frame of the sheet 1 pt, inside 0.5 pt.
    """
    sides = ("top", "left", "bottom", "right")
    frame = "".join(border(side, size=8) for side in sides) + border("insideH") + border("insideV")
    none = "".join(border(side, "nil", 0) for side in (*sides, "insideH", "insideV"))
    above, below = (f'<w:{side} w:w="{pad}" w:type="dxa"/>' if pad else "" for side in ("top", "bottom"))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f"<w:tblBorders>{frame if ruled else none}</w:tblBorders>"
        '<w:tblLayout w:type="fixed"/>'
        f'<w:tblCellMar>{above}<w:left w:w="{margin}" w:type="dxa"/>{below}<w:right w:w="{margin}" w:type="dxa"/>'
        "</w:tblCellMar>"
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


CHAIN = ("台账链第{{ seal.chain_seq }}行", "链尾摘要：{{ seal.chain_head }}")
LOG = ("存证日志共{{ seal.chain_seq }}行", "日志头：{{ seal.chain_head }}")
"""Of a document that is about no one unit, and so stands beside no one chain."""


def strip(rel: str, page: bool, more: str = "", mark: tuple[str, str] = CHAIN) -> str:
    """The verification strip at the foot: QR picture, code, address, case, chain sequence and whole head.

    `more` is a line of its own: what the record keeps and the form of the document does not show. `mark` is how place
    and head are called.
    """
    side = 13.2 if page else 12.2
    picture_width = 820
    lines = [
        para("Strip", "核验码：{{ seal.code }}　　业务编号：{{ case_no }}　　" + mark[0]),
        para("Strip", mark[1]),
        para("Strip", "扫描左侧二维码，或登录{{ seal.verify_url }}{{ seal.address_note }}核验；以登记簿所载为准。"),
    ]
    if more:
        lines.append(para("Strip", more))
        # Room for two lines of it: a unit may have a long name.
        lines = [line.replace("</w:pPr>", _CLOSE_LINES + "</w:pPr>", 1) for line in lines]
    if page:
        lines.append(para("Strip", "第", page_field(), "页，共", page_field("NUMPAGES"), "页"))
    cells = [
        cell(picture_width, para("Strip", picture(rel, side), props='<w:spacing w:line="240" w:lineRule="auto"/>')),
        cell(TEXT_WIDTH - picture_width, *lines),
    ]
    return table(
        [picture_width, TEXT_WIDTH - picture_width],
        row(*cells, height=770 if more or page else 700, exact=True),
        ruled=False,
        margin=0,
    )


@dataclass(slots=True)
class Sheet:
    """A template to be: body, headers and footers by kind (default, first, even), and styles of its own."""

    title: str
    body: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    footers: dict[str, str] = field(default_factory=dict)
    grid: str = "linesAndChars"
    header_at: int = MARK_TOP
    footer_at: int = RULE_BOTTOM
    styles: dict[str, Style] = field(default_factory=dict)


def package(sheet: Sheet, qr: bytes) -> bytes:
    """The .docx of the sheet. `qr` is the picture that stands in the template."""
    parts: dict[str, str | bytes] = {"word/media/qr.png": qr}
    relations = [("rIdStyles", "styles", "styles.xml"), ("rIdSettings", "settings", "settings.xml")]
    relations.append(("rIdFonts", "fontTable", "fontTable.xml"))
    overrides = [("document", "document.main"), ("styles", "styles"), ("settings", "settings")]
    overrides.append(("fontTable", "fontTable"))
    references = ""
    for family, texts in (("header", sheet.headers), ("footer", sheet.footers)):
        for kind, text in texts.items():
            name = f"{family}_{kind}"
            root = "hdr" if family == "header" else "ftr"
            parts[f"word/{name}.xml"] = f"{_DECLARATION}<w:{root} {_NAMESPACES}>{text}</w:{root}>"
            if "rIdQr" in text:
                parts[f"word/_rels/{name}.xml.rels"] = _relations([("rIdQr", "image", "media/qr.png")])
            relations.append((f"rId{name}", family, f"{name}.xml"))
            overrides.append((name, family))
            references += f'<w:{family}Reference w:type="{kind}" r:id="rId{name}"/>'
    parts["word/document.xml"] = _document(sheet, references)
    parts["word/styles.xml"] = _styles({**STYLES, **sheet.styles})
    parts["word/settings.xml"] = _settings("even" in sheet.footers)
    parts["word/fontTable.xml"] = _font_table()
    parts["word/_rels/document.xml.rels"] = _relations(relations)
    parts["docProps/core.xml"] = _core(sheet.title)
    parts["_rels/.rels"] = _root_relations()
    parts["[Content_Types].xml"] = _content_types(overrides)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(info, parts[name])
    return out.getvalue()


def _document(sheet: Sheet, references: str) -> str:
    grid = f'<w:docGrid w:type="{sheet.grid}" w:linePitch="{LINE_PITCH}"'
    grid += f' w:charSpace="{CHAR_SPACE}"/>' if sheet.grid == "linesAndChars" else "/>"
    title_page = "<w:titlePg/>" if "first" in sheet.footers else ""
    return (
        f"{_DECLARATION}<w:document {_NAMESPACES}><w:body>{ended(sheet.body)}<w:sectPr>{references}"
        f'<w:pgSz w:w="{PAGE_WIDTH}" w:h="{PAGE_HEIGHT}"/><w:pgMar w:top="{MARGIN_TOP}" w:right="{MARGIN_RIGHT}" '
        f'w:bottom="{MARGIN_BOTTOM}" w:left="{MARGIN_LEFT}" w:header="{sheet.header_at}" '
        f'w:footer="{sheet.footer_at}" w:gutter="0"/>{title_page}{grid}</w:sectPr></w:body></w:document>'
    )


def _styles(styles: dict[str, Style]) -> str:
    normal = (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{fonts(FANGSONG)}"
        f'<w:sz w:val="{SIZE_3}"/><w:szCs w:val="{SIZE_3}"/><w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
        '</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults><w:style w:type="paragraph" w:default="1" '
        # The size again: LibreOffice reads the 28 characters of the grid only with the size in this style.
        f'w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/><w:rPr>{fonts(FANGSONG)}'
        f'<w:sz w:val="{SIZE_3}"/><w:szCs w:val="{SIZE_3}"/></w:rPr></w:style>'
    )
    own = "".join(style.xml(ident) for ident, style in styles.items())
    return f"{_DECLARATION}<w:styles {_NAMESPACES}>{normal}{own}</w:styles>"


def _settings(even: bool) -> str:
    return (
        f"{_DECLARATION}<w:settings {_NAMESPACES}>{'<w:evenAndOddHeaders/>' if even else ''}"
        '<w:drawingGridVerticalSpacing w:val="579"/><w:characterSpacingControl w:val="compressPunctuation"/>'
        f'<w:noLineBreaksAfter w:lang="zh-CN" w:val="{escape(NEVER_LAST)}"/>'
        f'<w:noLineBreaksBefore w:lang="zh-CN" w:val="{escape(NEVER_FIRST)}"/>'
        "<w:compat><w:spaceForUL/><w:balanceSingleByteDoubleByteWidth/><w:doNotLeaveBackslashAlone/>"
        "<w:ulTrailSpace/><w:adjustLineHeightInTable/><w:useFELayout/>"
        '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
        "</w:compat></w:settings>"
    )


def _font_table() -> str:
    others = {SONG_TITLE: "宋体", FANGSONG: "仿宋", KAITI: "楷体", HEITI: "SimHei", SONG: "SimSun"}
    entries = "".join(
        f'<w:font w:name="{name}">'
        + (f'<w:altName w:val="{others[name]}"/>' if name in others else "")
        + f'<w:charset w:val="{"86" if name in others else "00"}"/></w:font>'
        for name in FONTS
    )
    return f"{_DECLARATION}<w:fonts {_NAMESPACES}>{entries}</w:fonts>"


def _relations(entries: list[tuple[str, str, str]]) -> str:
    body = "".join(f'<Relationship Id="{i}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in entries)
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{body}</Relationships>'


def _root_relations() -> str:
    return (
        f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>'
    )


def _core(title: str) -> str:
    return (
        f'{_DECLARATION}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title>'
        "<dc:language>zh-CN</dc:language></cp:coreProperties>"
    )


def _content_types(overrides: list[tuple[str, str]]) -> str:
    body = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD_TYPE}.{kind}+xml"/>' for name, kind in overrides
    )
    return (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
        f'{body}<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    )
