"""Workbooks of our own, written row by row in constant memory: values, few styles, notes.

openpyxl builds an element for each cell; a roster of 100,000 takes it several times as long. Parts and their order per
ECMA-376 part 1, §12.3 and §18.3; notes are shown by a VML drawing, as spreadsheet programs themselves write them
(part 4, §19). Cells are text, numbers or days, never formulas; what a text must not begin with is the caller's matter.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import IO, Self, TypeVar
from xml.sax.saxutils import escape

LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_576
_FIRST_DAY = date(1899, 12, 30).toordinal()
_BEFORE = 61  # serial numbers below follow a calendar with a 29 February 1900: such days are written as text
_LETTERS = [*map(chr, range(65, 91)), *(f"A{chr(n)}" for n in range(65, 91)), *(f"B{chr(n)}" for n in range(65, 91))]
_SPECIAL = re.compile("[&<>\x00-\x1f\ud800-\udfff\ufffe\uffff]|^ | $")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BUFFER = 1 << 16
_LEVEL = 4
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Value = str | int | float | date | None
_T = TypeVar("_T")


class Style(IntEnum):
    """Positions in cellXfs of `_STYLES`."""

    PLAIN = 0
    DAY = 1
    HEADING = 2
    FAULT = 3
    FAULT_DAY = 4


_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/><bgColor rgb="FFFFC7CE"/></patternFill></fill>'
    "</fills>"
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Styled:
    """A cell that is not plain. `note` hangs on it as a comment."""

    value: Value
    style: Style
    note: str | None = None


Cell = Value | Styled


class BookWriter:
    """Writes a workbook to `out`, sheet after sheet; it stands when its context has ended without a fault."""

    def __init__(self, out: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._titles: list[str] = []
        self._noted: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
            return
        with suppress(OSError):  # the fault that came first is the one to tell
            self._archive.close()

    @contextmanager
    def sheet(self, title: str, widths: Sequence[int] = (), filtered: int = 0) -> Iterator[SheetWriter]:
        """One sheet with its first row frozen; `filtered` columns of it get a filter. One is open at a time."""
        self._titles.append(title)
        number = len(self._titles)
        with self._archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
            writer = SheetWriter(part)
            writer.begin(widths)
            yield writer
            writer.end(filtered)
        if writer.notes:
            self._noted.append(number)
            self._write_notes(number, writer.notes)

    def _finish(self) -> None:
        sheets = "".join(
            f'<sheet name="{_attribute(title)}" sheetId="{n}" r:id="rId{n}"/>' for n, title in _numbered(self._titles)
        )
        listed = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n, _ in _numbered(self._titles)]
        self._part(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>'
        )
        self._relations("xl/_rels/workbook.xml.rels", [*listed, (f"rId{len(listed) + 1}", "styles", "styles.xml")])
        self._archive.writestr("xl/styles.xml", _STYLES)
        self._relations("_rels/.rels", [("rId1", "officeDocument", "xl/workbook.xml")])
        self._part("[Content_Types].xml", self._content_types())
        self._archive.close()

    def _content_types(self) -> str:
        sheets = "".join(_override(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n, _ in _numbered(self._titles))
        notes = "".join(_override(f"/xl/comments{n}.xml", "comments") for n in self._noted)
        return (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
            f"{_override('/xl/workbook.xml', 'sheet.main')}{_override('/xl/styles.xml', 'styles')}"
            f"{sheets}{notes}</Types>"
        )

    def _write_notes(self, number: int, notes: Sequence[tuple[int, int, str]]) -> None:
        listed = "".join(
            f'<comment ref="{_LETTERS[column]}{row}" authorId="0"><text>'
            f'<t xml:space="preserve">{_text(note)}</t></text></comment>'
            for row, column, note in notes
        )
        authors = "<authors><author>定编</author></authors>"
        body = f'<comments xmlns="{_MAIN}">{authors}<commentList>{listed}</commentList></comments>'
        self._part(f"xl/comments{number}.xml", body)
        self._archive.writestr(f"xl/drawings/vmlDrawing{number}.vml", "".join(_drawing(notes)))
        self._relations(
            f"xl/worksheets/_rels/sheet{number}.xml.rels",
            [
                ("rId1", "vmlDrawing", f"../drawings/vmlDrawing{number}.vml"),
                ("rId2", "comments", f"../comments{number}.xml"),
            ],
        )

    def _relations(self, name: str, relations: Iterable[tuple[str, str, str]]) -> None:
        listed = "".join(
            f'<Relationship Id="{key}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
            for key, kind, target in relations
        )
        self._part(name, f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>')

    def _part(self, name: str, body: str) -> None:
        self._archive.writestr(name, _XML + body)


class SheetWriter:
    """Rows of one sheet in ascending order. `notes` are (row, 0-based column, text)."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self._waiting: list[str] = []
        self._size = 0
        self._row = 0
        self.notes: list[tuple[int, int, str]] = []

    def begin(self, widths: Sequence[int]) -> None:
        columns = "".join(
            f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in _numbered(widths)
        )
        self._add(
            f'{_XML}<worksheet xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>"
        )

    def append(self, cells: Iterable[Cell], row: int | None = None) -> None:
        """One row: the next, or `row`, leaving out what lies between. Raises ValueError beyond what a sheet holds."""
        self._row = row or self._row + 1
        if self._row > MOST_ROWS:
            raise ValueError("a sheet holds 1,048,576 rows")
        number = str(self._row)
        written = [f'<row r="{number}">']
        for letters, cell in zip(_LETTERS, cells, strict=False):
            if cell is None:
                continue
            if isinstance(cell, Styled):
                if cell.note is not None:
                    self.notes.append((self._row, _LETTERS.index(letters), cell.note))
                written.append(_cell(f"{letters}{number}", cell.value, cell.style))
            else:
                written.append(_cell(f"{letters}{number}", cell, Style.PLAIN))
        written.append("</row>")
        self._add("".join(written))

    def end(self, filtered: int) -> None:
        last = f"{_LETTERS[filtered - 1]}{max(self._row, 1)}"
        marks = f'<autoFilter ref="A1:{last}"/>' if filtered else ""
        drawing = '<legacyDrawing r:id="rId1"/>' if self.notes else ""
        self._add(f"</sheetData>{marks}{drawing}</worksheet>")
        self._flush()

    def _add(self, text: str) -> None:
        self._waiting.append(text)
        self._size += len(text)
        if self._size > _BUFFER:
            self._flush()

    def _flush(self) -> None:
        self._part.write("".join(self._waiting).encode())
        self._waiting, self._size = [], 0


def _cell(reference: str, value: Value, style: Style) -> str:
    marked = f' s="{style:d}"' if style else ""
    if type(value) is str:
        if not _SPECIAL.search(value):
            return f'<c r="{reference}"{marked} t="inlineStr"><is><t>{value[:LONGEST_TEXT]}</t></is></c>'
        text = _text(value[:LONGEST_TEXT])
        return f'<c r="{reference}"{marked} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if value is None:
        return f'<c r="{reference}"{marked}/>'
    if isinstance(value, date):
        serial = value.toordinal() - _FIRST_DAY
        if serial < _BEFORE:
            return _cell(reference, value.isoformat(), style)
        shown = Style.FAULT_DAY if style is Style.FAULT else Style.DAY
        return f'<c r="{reference}" s="{shown:d}"><v>{serial}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}"{marked} t="b"><v>{value:d}</v></c>'
    if value != value or value in (float("inf"), float("-inf")):
        return _cell(reference, str(value), style)
    return f'<c r="{reference}"{marked}><v>{value!r}</v></c>'


def _text(value: str) -> str:
    """What XML 1.0 cannot hold is shown as □."""
    return escape(_FORBIDDEN.sub("□", value)).replace("\r", "&#13;")


def _attribute(value: str) -> str:
    return escape(_FORBIDDEN.sub("□", value), {'"': "&quot;"})


def _numbered(values: Iterable[_T]) -> Iterator[tuple[int, _T]]:
    return iter(enumerate(values, start=1))


def _override(name: str, kind: str) -> str:
    return f'<Override PartName="{name}" ContentType="{_TYPE}.{kind}+xml"/>'


def _drawing(notes: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    """The boxes in which notes are shown: hidden until the pointer is on the cell."""
    yield (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
        '</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
        '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
    )
    for number, (row, column, _) in _numbered(notes):
        yield (
            f'<v:shape id="_x0000_s{1024 + number}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;'
            'margin-top:2pt;width:240pt;height:68pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" '
            'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/>'
            '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note">'
            "<x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>"
            f"<x:Row>{row - 1}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
        )
    yield "</xml>"
