"""What a signing provider returned: is it a signed form of the record that was sent, and nothing else?

Whether the signature itself is good is for the reader of such files and its certificates; nothing of that is judged
here. What is judged: that the file is of a known type, differs from what went in, holds a signature, and shows what
the record shows, neither less nor something else. Every reading is bounded: the provider is a machine of others.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lxml import etree

from models.renditions import DOCX, OFD, PDF

from .libreoffice import PreviewUnavailable, TookTooLong, program, run
from .store import UNREADABLE
from .verify import MAX_UPLOAD

MOST_BYTES = MAX_UPLOAD
"""A larger file could never be verified by upload."""

ReturnedCode = Literal[
    "empty", "too-large", "unknown-type", "same-file", "unsigned", "altered", "active-content", "not-comparable"
]

_WORDS: dict[ReturnedCode, str] = {
    "empty": "签章服务返回空文件 · the provider returned an empty file",
    "too-large": f"签章服务返回的文件超过 {MOST_BYTES} 字节 · the returned file is too large",
    "unknown-type": "签章服务返回的不是 PDF、OFD 或 Word 文件 · neither PDF, OFD nor Word was returned",
    "same-file": "签章服务原样返回了文件，没有签章 · the file came back as it was sent, without a signature",
    "unsigned": "签章服务返回的文件里没有签名 · the returned file holds no signature",
    "altered": "签章服务返回的文件与原件内容不一致 · the returned file does not say what the original says",
    "not-comparable": "本机不能比对返回的文件，请安装 poppler-utils · pages cannot be compared: install poppler-utils",
    "active-content": "签章服务返回的文件含宏或控件 · the returned file holds macros or controls",
}
_MEMBERS, _UNPACKED = 1_000, 50_000_000
_SECONDS = 30.0
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_SIGNATURES = "_xmlsignatures/"
_FRAME = ("[Content_Types].xml", "_rels/.rels")
"""What a package signature must add to; every other part of the original stays as it was, to the byte."""

_ADDED_TEXT = 300
"""Characters that a visible signature may add to a page."""

_DPI = 60
_INK, _PAPER = 128, 200
_LOST, _ADDED = 0.002, 0.2
"""Of the ink of a page, how much may be gone (edges where a seal lies over a line); of a page, how much may be new."""

_ACTIVE = re.compile(r"vbaProject|activeX|macrosheets", re.I)
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,6}(?![0-9A-Za-z.])")
"""Longer ones are broken over lines."""

_MARGIN = re.compile(r"word/(header|footer)[^/]*\.xml")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BESIDE = {"tab": " ", "br": " ", "noBreakHyphen": "-"}
_PIECES = [f"{_W}{name}" for name in ("t", *_BESIDE)]
_ORIGIN = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
_SAFE = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class SigningFault(Exception):
    """No signed copy was kept; `code` says why to programs, the text to people. No word of the provider's is in it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def returned(code: ReturnedCode) -> SigningFault:
    """The fault of an answer that cannot be kept."""
    return SigningFault(code, _WORDS[code])


@dataclass(frozen=True, slots=True)
class Sent:
    """The record's own .docx, the file that was handed over (that one or its PDF), and the code printed on it."""

    original: bytes
    handed: bytes
    code: str


def checked(answer: bytes, sent: Sent) -> str:
    """The media type of a signed form of what was sent. Raises SigningFault."""
    if not answer:
        raise returned("empty")
    if len(answer) > MOST_BYTES:
        raise returned("too-large")
    media_type = kind_of(answer)
    if media_type is None:
        raise returned("unknown-type")
    if answer in (sent.handed, sent.original):
        raise returned("same-file")
    {PDF: _pdf, DOCX: _docx, OFD: _ofd}[media_type](answer, sent)
    return media_type


def kind_of(data: bytes) -> str | None:
    """The media type by content: PDF, OFD (GB/T 33190) or Word; None for anything else."""
    if data.startswith(b"%PDF-"):
        return PDF
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except UNREADABLE:
        return None
    if "OFD.xml" in names:
        return OFD
    return DOCX if {"[Content_Types].xml", "word/document.xml"} <= names else None


def _pdf(answer: bytes, sent: Sent) -> None:
    """A signature dictionary with a filled value over the whole file (ISO 32000-1, 12.8.1); page by page every word
    and all the ink of what was handed over. What is appended may replace any object of a PDF, so that it begins with
    the same bytes proves nothing."""
    if not any(_covers(answer, found) for found in _RANGE.finditer(answer)):
        raise returned("unsigned")
    before, after = _shown(sent.handed), _shown(answer)
    if len(before) != len(after) or not all(_shows(*pair) for pair in zip(before, after, strict=True)):
        raise returned("altered")


def _covers(data: bytes, found: re.Match[bytes]) -> bool:
    """Whether a byte range covers the whole file around a value in hexadecimal that is not empty."""
    start, length, again, rest = (int(number) for number in found.groups())
    value = data[length:again]
    in_file = start == 0 < length < again and again + rest == len(data)
    return in_file and value[:1] == b"<" and value[-1:] == b">" and bool(value[1:-1].strip(b"0 \r\n\t"))


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page says, without spaces, and its grey picture: a row of pixels, one byte each."""

    text: str
    size: bytes
    pixels: bytes


def _shown(data: bytes) -> list[_Page]:
    """Every page of a PDF. Raises SigningFault when the pages cannot be read or there is nothing to read them with."""
    with tempfile.TemporaryDirectory(prefix="dingbian-signed-") as work:
        folder = Path(work)
        place, words = folder / "file.pdf", folder / "file.txt"
        place.write_bytes(data)
        environment = {"HOME": work, "TMPDIR": work}
        try:
            tools = [program(name, "poppler-utils") for name in ("pdftotext", "pdftoppm")]
        except PreviewUnavailable:
            raise returned("not-comparable") from None
        try:
            run([tools[0], "-q", "-enc", "UTF-8", str(place), str(words)], _SECONDS, environment)
            run([tools[1], "-q", "-gray", "-r", str(_DPI), str(place), str(folder / "page")], _SECONDS, environment)
        except (PreviewUnavailable, TookTooLong):
            raise returned("altered") from None
        pictures = [picture.read_bytes() for picture in sorted(folder.glob("page-*.pgm"))]
        texts = words.read_text("utf-8", "replace").split("\f")[:-1] if words.exists() else []
    if not pictures or len(texts) != len(pictures):
        raise returned("altered")
    return [_page(*pair) for pair in zip(texts, pictures, strict=True)]


def _page(text: str, pgm: bytes) -> _Page:
    _magic, size, _depth, pixels = pgm.split(b"\n", 3)
    return _Page(_SPACE.sub("", text), size, pixels)


def _shows(before: _Page, after: _Page) -> bool:
    """Whether the page still says and shows all that it did, with no more added than a seal and a date."""
    rest = iter(after.text)
    if before.size != after.size or not all(letter in rest for letter in before.text):
        return False
    ink = _mask(before.pixels, upto=_INK)
    lost = (ink & ~_mask(after.pixels, upto=_PAPER)).bit_count()
    added = (_mask(after.pixels, upto=_INK) & ~_mask(before.pixels, upto=_PAPER)).bit_count()
    short = len(after.text) - len(before.text) <= _ADDED_TEXT
    return short and lost <= ink.bit_count() * _LOST and added <= len(before.pixels) * _ADDED


def _mask(pixels: bytes, upto: int) -> int:
    """One bit for each pixel darker than `upto`."""
    return int.from_bytes(pixels.translate(bytes(1 if grey < upto else 0 for grey in range(256))), "big")


def compare(rendition: bytes, media_type: str, original: bytes, code: str) -> None:
    """Whether a kept form of a record says what the record says, where the pages that were sent are not at hand: every
    letter and every number of the text, and no more beside it than margins and a seal bring. Raises SigningFault."""
    if media_type == PDF:
        _words(rendition, original)
    else:
        {DOCX: _docx, OFD: _ofd}[media_type](rendition, Sent(original, b"", code))


def _words(answer: bytes, original: bytes) -> None:
    pages, margins = _texts_of(answer), _margins(original)
    there, wanted = "\f".join(pages), "\n".join(_paragraphs(original))
    lost = _letters(wanted) - _letters(there)
    added = (_letters(there) - _letters(wanted)).total()
    few = (len(_SPACE.sub("", margins)) + _ADDED_TEXT) * len(pages)
    if lost or Counter(_NUMBER.findall(wanted)) - Counter(_NUMBER.findall(there)) or added > few:
        raise returned("altered")


def _margins(original: bytes) -> str:
    """What stands in headers and footers, on every page."""
    parts = sorted(_parts(original).items())
    return "".join(_texts(data, "t") for name, data in parts if _MARGIN.fullmatch(name))


def _letters(text: str) -> Counter[str]:
    return Counter(_SPACE.sub("", text.replace("\u2060", "").replace("\u2011", "-")))


def _paragraphs(original: bytes) -> list[str]:
    """Of the body of a Word file, with blanks for tabs and breaks."""
    try:
        root = etree.fromstring(_parts(original).get("word/document.xml", b""), _SAFE)
    except etree.XMLSyntaxError:
        raise returned("altered") from None
    return ["".join(_piece(each) for each in paragraph.iter(*_PIECES)) for paragraph in root.iter(f"{_W}p")]


def _piece(element: etree._Element) -> str:
    return _BESIDE.get(etree.QName(element).localname, element.text or "")


def _texts_of(data: bytes) -> list[str]:
    """The text of every page of a PDF. Raises SigningFault as `_shown` does."""
    with tempfile.TemporaryDirectory(prefix="dingbian-pdf-") as work:
        place, words = Path(work) / "file.pdf", Path(work) / "file.txt"
        place.write_bytes(data)
        try:
            tool = program("pdftotext", "poppler-utils")
        except PreviewUnavailable:
            raise returned("not-comparable") from None
        try:
            run([tool, "-q", "-enc", "UTF-8", str(place), str(words)], _SECONDS, {"HOME": work, "TMPDIR": work})
        except (PreviewUnavailable, TookTooLong):
            raise returned("altered") from None
        return words.read_text("utf-8", "replace").split("\f")[:-1] if words.exists() else []


def _docx(answer: bytes, sent: Sent) -> None:
    """A digital signature of the package (ECMA-376 part 2, 13): parts of its own are added, and of the original
    nothing is touched but the two that name them. A provider that saves the file anew signs another file."""
    parts, before = _parts(answer), _parts(sent.original)
    new = parts.keys() - before.keys()
    if any(_ACTIVE.search(name) for name in new):
        raise returned("active-content")
    signed = any(name.startswith(_SIGNATURES) and parts[name].strip() for name in new)
    if not signed or _ORIGIN.encode() not in parts.get("_rels/.rels", b""):
        raise returned("unsigned")
    kept = all(parts.get(name) == data for name, data in before.items() if name not in _FRAME)
    if not kept or not all(name.startswith(_SIGNATURES) for name in new) or not _same_links(parts, before):
        raise returned("altered")


def _same_links(parts: dict[str, bytes], before: dict[str, bytes]) -> bool:
    """Whether every link and type that the original names is named as it was."""
    for name in _FRAME:
        links = [_attributes(each.get(name, b"")) for each in (before, parts)]
        if not links[0] <= links[1]:
            return False
    return True


def _attributes(part: bytes) -> set[tuple[tuple[str, str], ...]]:
    try:
        root = etree.fromstring(part, _SAFE)
    except etree.XMLSyntaxError:
        raise returned("altered") from None
    return {tuple(sorted((str(name), str(value)) for name, value in each.attrib.items())) for each in root}


def _ofd(answer: bytes, sent: Sent) -> None:
    """A signature list (GB/T 33190, 18) that names a signature; on the pages the code, and all the characters of the
    original, in whatever order the layout cut them."""
    parts = _parts(answer)
    lists = [data for name, data in parts.items() if name.rpartition("/")[2] == "Signatures.xml"]
    if not any(_texts(data, "Signature", attribute="BaseLoc") for data in lists):
        raise returned("unsigned")
    pages = "".join(_texts(data, "TextCode") for name, data in sorted(parts.items()) if name.endswith(".xml"))
    said = _SPACE.sub("", pages)
    if sent.code not in said or Counter(_said(sent.original)) - Counter(said):
        raise returned("altered")


def _said(original: bytes) -> str:
    """The text of the body of the record, without spaces."""
    return _SPACE.sub("", _texts(_parts(original).get("word/document.xml", b""), "t"))


def _texts(data: bytes, element: str, attribute: str | None = None) -> str:
    """The text, or an attribute, of all elements of this local name, joined."""
    try:
        root = etree.fromstring(data, _SAFE)
    except etree.XMLSyntaxError:
        return ""
    found = [each for each in root.iter() if isinstance(each.tag, str) and etree.QName(each).localname == element]
    return "".join((each.get(attribute) if attribute else each.text) or "" for each in found)


def _parts(data: bytes) -> dict[str, bytes]:
    """Every member, unpacked within bounds. Raises SigningFault beyond them."""
    parts: dict[str, bytes] = {}
    left = _UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > _MEMBERS or len({info.filename for info in infos}) != len(infos):
                raise returned("altered")
            for info in infos:
                with archive.open(info) as member:
                    # The size in the directory is a claim of the sender: what counts is what comes out.
                    parts[info.filename] = member.read(left + 1)
                left -= len(parts[info.filename])
                if left < 0:
                    raise returned("too-large")
    except UNREADABLE:
        raise returned("unknown-type") from None
    return parts
