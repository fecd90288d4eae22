"""A finished .docx as python-docx reads it: paragraphs with their styles, tables by cells, headers and footers."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from docx import Document
from docx.oxml.ns import qn
from docx.section import _Footer, _Header
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

Grid = list[list[str]]


@dataclass(slots=True)
class Read:
    """What a reader of the file finds. A cell is its paragraphs joined by line feeds; a merged cell counts once."""

    paragraphs: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Grid] = field(default_factory=list)
    head: list[tuple[str, str]] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)

    def styled(self, style: str) -> list[str]:
        return [text for name, text in self.paragraphs if name == style]

    def everything(self) -> str:
        cells = [cell for table in self.tables for row in table for cell in row]
        return "\n".join([text for _, text in (*self.paragraphs, *self.head)] + cells + self.foot)


def read(data: bytes) -> Read:
    document = Document(io.BytesIO(data))
    found = Read()
    for block in document.iter_inner_content():
        if isinstance(block, Paragraph):
            found.paragraphs.append(_said(block))
        else:
            found.tables.append(_grid(block))
    for box in document.element.body.iter(qn("w:txbxContent")):
        found.paragraphs += [_said(Paragraph(p, document._body)) for p in box.iter(qn("w:p"))]
    for section in document.sections:
        for header in (section.header, section.first_page_header, section.even_page_header):
            found.head += [_said(paragraph) for paragraph in header.paragraphs]
        for footer in (section.footer, section.first_page_footer, section.even_page_footer):
            found.foot += _lines(footer)
    return found


def _said(paragraph: Paragraph) -> tuple[str, str]:
    style = paragraph.style
    return ("" if style is None else str(style.name), paragraph.text)


def _grid(table: Table) -> Grid:
    return [[_Cell(tc, table).text for tc in row._tr.tc_lst] for row in table.rows]


def _lines(part: _Header | _Footer) -> list[str]:
    out = [paragraph.text for paragraph in part.paragraphs]
    for table in part.tables:
        out += [line for row in _grid(table) for cell in row for line in cell.split("\n")]
    return out
