"""A template as the lint reads it: its parts, styles and effective properties, and the ways of comparing a figure.

A finding is (place, found, wanted); the file is put before it by `lint`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
MM = 57
"""One millimetre in twips: what the standard allows for margins."""
_PART = re.compile(r"word/(document|header[^/]*|footer[^/]*|styles|settings)\.xml")
_ON = (None, "1", "true", "on")

Found = tuple[str, str, str]
NONE = "无 · none"


class Template:
    """The parts of a template, its styles and its headers and footers by kind of page."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        self.parts: dict[str, Any] = {
            name: etree.fromstring(archive.read(name), parser) for name in archive.namelist() if _PART.fullmatch(name)
        }
        self.document = self.parts["word/document.xml"]
        self.settings = self.parts["word/settings.xml"]
        self.styles = {s.get(f"{W}styleId"): s for s in self.parts["word/styles.xml"].iter(f"{W}style")}
        relations = etree.fromstring(archive.read("word/_rels/document.xml.rels"), parser)
        self._named: dict[str, list[Any]] = {}
        self._targets = {r.get("Id"): f"word/{r.get('Target')}" for r in relations}

    def marginal(self, family: str, kind: str) -> Any:
        """Header or footer (family) of a kind of page: default, first, even; None when there is none."""
        for reference in self.document.iter(f"{W}{family}Reference"):
            if reference.get(f"{W}type") == kind:
                return self.parts.get(self._targets.get(reference.get(RELATION), ""))
        return None

    def named(self, name: str, part: Any = None) -> list[Any]:
        """The paragraphs of a style, of the body unless a part is given."""
        if part is not None:
            return [paragraph for paragraph in part.iter(f"{W}p") if self.name_of(paragraph) == name]
        if not self._named:
            for paragraph in self.document.iter(f"{W}p"):
                self._named.setdefault(self.name_of(paragraph), []).append(paragraph)
        return self._named.get(name, [])

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

    def number(self, paragraph: Any, tag: str, attribute: str, default: int = 0) -> int:
        """An effective property as a number; `default` where it is missing or is none."""
        value = self.property(paragraph, tag, attribute)
        return int(value) if value is not None and re.fullmatch(r"-?\d+", value) else default

    def switched(self, paragraph: Any, tag: str) -> bool:
        """Whether a property without a value, e.g. keepNext, is on."""
        for holder in self._holders(paragraph, None):
            element = holder.find(f"{W}{tag}")
            if element is not None:
                return element.get(f"{W}val") in _ON
        return False

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


def text_of(element: Any) -> str:
    return "".join(part.text or "" for part in element.iter(f"{W}t"))


def near(place: str, element: Any, attribute: str, wanted: int, tolerance: int) -> Iterator[Found]:
    """An attribute of an element, twips."""
    value = None if element is None else element.get(f"{W}{attribute}")
    if value is None or not value.lstrip("-").isdecimal() or abs(int(value) - wanted) > tolerance:
        yield place, str(value), f"{wanted} ± {tolerance}"


def same(template: Template, paragraph: Any, place: str, of: tuple[str, str], wanted: str) -> Iterator[Found]:
    """A property that must have one value."""
    if (found := template.property(paragraph, *of)) != wanted:
        yield place, str(found), wanted


def about(
    template: Template, paragraph: Any, place: str, of: tuple[str, str], wanted: int, tolerance: int = MM
) -> Iterator[Found]:
    """A property in twips; one that is missing counts as 0."""
    found = template.number(paragraph, *of)
    if abs(found - wanted) > tolerance:
        yield place, str(found), f"{wanted} ± {tolerance}"


def typeface(template: Template, paragraph: Any, place: str, font: str, size: int) -> Iterator[Found]:
    """Font and size of every run of a paragraph (once each)."""
    found = set()
    for run in paragraph.iter(f"{W}r"):
        found.add(("字体 font", str(template.property(paragraph, "rFonts", "eastAsia", run)), font))
        found.add(("字号 size", str(template.property(paragraph, "sz", "val", run)), str(size)))
    for what, value, wanted in sorted(found):
        if value != wanted:
            yield f"{place} {what}", value, wanted


def first_line(template: Template, paragraph: Any) -> int:
    """Where the first line of a paragraph begins, twips from the edge of the text."""
    left = template.number(paragraph, "ind", "left")
    return left + template.number(paragraph, "ind", "firstLine") - template.number(paragraph, "ind", "hanging")


def width(template: Template, paragraph: Any, text_width: int) -> int:
    """Width of a paragraph and so of its borders, twips, by its indents."""
    return text_width - sum(template.number(paragraph, "ind", side) for side in ("left", "right"))


def has_page_field(part: Any) -> bool:
    complex_fields = (t.text or "" for t in part.iter(f"{W}instrText"))
    simple_fields = (f.get(f"{W}instr") or "" for f in part.iter(f"{W}fldSimple"))
    return any(re.match(r"\s*PAGE\b", text) for text in (*complex_fields, *simple_fields))
