"""What is written into an archive package from its rows and dockets, and adds nothing to them: the table of numbers,
the metadata, the page. Whoever checks makes them again and compares byte by byte."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import unquote

from lxml import etree

from ledger.spreadsheets.escaping import escape_cell
from models.docket import Docket
from models.enums import DocumentKind, RecordState
from models.packages import PackageFacts, RecordLine

from .archive_findings import MAX_TABLE, Files, Findings
from .archive_frame import safe_name
from .archive_metadata import metadata_of, schema
from .archive_view import overview

NUMBERS, PAGE, SCHEMA = "registers/numbers.csv", "index.html", "metadata/archive.xsd"
_HEAD = {"html", "head", "meta", "title", "style", "body"}
_TEXT = {"h1", "h2", "p", "span", "ul", "li", "a", "details", "summary"}
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS = frozenset(_HEAD | _TEXT | _TABLE)
_ATTRIBUTES = frozenset({"lang", "charset", "name", "content", "class", "scope", "href"})
_STYLE = re.compile(r"url\s*\(|@import|expression|behavior|\\", re.I)
_SECURE = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def numbers_table(lines: Sequence[RecordLine]) -> bytes:
    """The register of numbers as a table that a person opens: CSV with a byte order mark."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    heads = ["文号", "文种", "标题", "事项编号", "单位", "印发日期", "印发机关"]
    table.writerow([*heads, "状态", "作废原因", "文件", "销毁"])
    for line in lines:
        kind, state = DocumentKind(line.kind).label, RecordState(line.state).label
        cells = [line.number, kind, line.title, line.case_no, line.unit_name, line.issued_on.isoformat()]
        gone = f"{line.disposed_on}，{line.disposal_list}" if line.disposed_on else ""
        cells += [line.issuer, state, line.void_reason or "", line.file or "", gone]
        table.writerow([escape_cell(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def page(facts: PackageFacts, dockets: Sequence[Docket], lines: Sequence[RecordLine]) -> bytes:
    names = {docket.case_id: safe_name(docket.case_no) for docket in dockets}
    return overview(facts, dockets, lines, names).encode("utf-8")


def derived_faults(
    files: Files, facts: PackageFacts, dockets: Sequence[Docket], lines: Sequence[RecordLine], found: Findings
) -> None:
    """`dockets` in the order in which the page has them."""
    with found.part(NUMBERS):
        _compare(files, NUMBERS, numbers_table(lines), found)
    with found.part(PAGE):
        _compare(files, PAGE, page(facts, dockets, lines), found)
        _runs_nothing(files, found)
    with found.part(SCHEMA):
        _metadata(files, facts, dockets, lines, found)


def _compare(files: Files, name: str, wanted: bytes, found: Findings, where: str = "") -> None:
    there = files.read(name, MAX_TABLE)
    if there is None:
        found.fault("integrity", where or name, f"缺失 · {name} is missing")
    elif there != wanted:
        found.of_age("authenticity", where or name, f"与登记不符 · {name} is not what the registers make")


def _metadata(
    files: Files, facts: PackageFacts, dockets: Sequence[Docket], lines: Sequence[RecordLine], found: Findings
) -> None:
    _compare(files, SCHEMA, schema(), found)
    fits = etree.XMLSchema(etree.fromstring(schema(), _SECURE))
    by_case = {docket.case_id: docket for docket in dockets}
    for line in lines:
        name = f"metadata/{line.id}.xml"
        data = files.read(name)
        if data is None:
            found.fault("integrity", line.number, "元数据缺失 · its metadata are missing")
            continue
        found.look("usability")
        try:
            if not fits.validate(etree.fromstring(data, _SECURE)):
                found.of_age("usability", line.number, "元数据不合格式 · metadata do not fit the schema")
        except etree.XMLSyntaxError:
            found.fault("usability", line.number, "元数据无法读取 · metadata cannot be read")
            continue
        with found.part(line.number):
            if data != metadata_of(line, by_case.get(line.case_id), facts):
                found.of_age("authenticity", line.number, "元数据与登记不符 · metadata are not what the registers make")


# --- the page ----------------------------------------------------------------------------------------------------


def _runs_nothing(files: Files, found: Findings) -> None:
    data = files.read(PAGE, MAX_TABLE)
    if data is None:
        return  # told
    reader = _Page()
    reader.feed(data.decode("utf-8", "replace"))
    reader.close()
    for what in sorted(reader.odd)[:20]:
        found.fault("security", PAGE, f"浏览页不得有 {what} · the viewer may not hold it")


class _Page(HTMLParser):
    """Only elements and attributes that neither load nor run anything; addresses only of files of the package."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._in_style = False
        self.odd: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag not in _TAGS:
            self.odd.add(f"<{tag}>")
        for name, value in attrs:
            if name not in _ATTRIBUTES or (name == "href" and (tag != "a" or not _relative(value or ""))):
                self.odd.add(f"{name}={value}" if name == "href" else name)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _STYLE.search(data):
            self.odd.add("样式中的地址")

    def handle_comment(self, data: str) -> None:
        self.odd.add("<!-- -->")

    def handle_decl(self, decl: str) -> None:
        if decl.strip().lower() != "doctype html":
            self.odd.add("<!…>")

    def handle_pi(self, data: str) -> None:
        self.odd.add("<?…>")

    def unknown_decl(self, data: str) -> None:
        self.odd.add("<![…]>")


def _relative(address: str) -> bool:
    """A path below the package: no scheme, no host, no way out."""
    plain = unquote(address)
    return not re.match(r"[\s\x00-\x20]*(?:[^/?#]*:|[/\\#?])", plain) and ".." not in re.split(r"[/\\]", plain)
