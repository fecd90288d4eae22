"""What a workbook must be before any parser sees it (reliability.md §1g).

The archive is streamed once with fixed buffers, so that a bomb costs neither memory nor time; a document type
anywhere is refused, because a parser would reach it lazily, after rows had been read.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

MAX_FILE_BYTES = 64 << 20
# 100,000 persons unpack to some 90 MB.
MAX_UNPACKED_BYTES = 256 << 20
# Shared strings are held in memory whole.
MAX_STRINGS_BYTES = 48 << 20
MAX_RELATIONS_BYTES = 1 << 20
MAX_RATIO = 100
# A sheet of 100,000 persons has some 7 million tags; more cost time and are nobody's roster.
MAX_TAGS = 16_000_000
MAX_PARTS = 200
_CHUNK = 1 << 16
_RATIO_FROM = 1 << 20
_OLE2 = b"\xd0\xcf\x11\xe0"
_ACTIVE = (
    "vbaproject",
    "vbadata",
    "externallink",
    "macrosheets",
    "dialogsheets",
    "embeddings/",
    "activex",
    "ctrlprops",
)
_LIVE_DATA = ("connections.xml", "querytables/", "webextensions/")
_BINARY = ("xl/media/", "xl/printersettings/", "docprops/thumbnail")
_DTD = (b"<!DOCTYPE", b"<!ENTITY", b"<!doctype", b"<!entity")
_ENCODING = re.compile(rb"^<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
_OVERLAP = max(len(needle) for needle in _DTD) - 1


class Unsafe(Exception):
    """The file is refused unread; the text names the ground."""


def guard(path: Path) -> None:
    """Raises Unsafe unless `path` is an xlsx archive that is safe to parse."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Unsafe(f"文件超过{MAX_FILE_BYTES >> 20}MB · file too large")
    with path.open("rb") as file:
        if file.read(4) == _OLE2:
            raise Unsafe("旧格式或加密的工作簿，请另存为 .xlsx · old or encrypted workbook, save it as .xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive.infolist())
            _check_parts(archive)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error):
        raise Unsafe("不是完整的 .xlsx 文件 · not a sound .xlsx file") from None


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise Unsafe("压缩包内文件过多 · too many parts")
    seen: set[str] = set()
    for part in parts:
        name = part.filename.lower()
        if name.startswith(("/", "\\")) or "\\" in name or ".." in PurePosixPath(name).parts or name in seen:
            raise Unsafe("压缩包内文件名不合规 · unsafe part name")
        seen.add(name)
        if part.flag_bits & 0x1:
            raise Unsafe("工作簿已加密 · encrypted workbook")
        if any(word in name for word in _ACTIVE):
            raise Unsafe("含有宏、外部链接或嵌入对象 · macros, external links or embedded objects")
        if any(word in name for word in _LIVE_DATA):
            raise Unsafe("含有外部数据连接 · external data connections")
    if "[content_types].xml" not in seen or not any(name.startswith("xl/workbook") for name in seen):
        raise Unsafe("不是 .xlsx 工作簿 · not an .xlsx workbook")


def _check_parts(archive: zipfile.ZipFile) -> None:
    unpacked = 0
    for part in archive.infolist():
        name = part.filename.lower()
        limit = MAX_UNPACKED_BYTES - unpacked
        if name.endswith("sharedstrings.xml"):
            limit = min(limit, MAX_STRINGS_BYTES)
        unpacked += _stream(archive, part, limit, binary=name.startswith(_BINARY))
        if name.endswith(".rels"):
            _check_relations(archive, part)
        if name == "[content_types].xml" and b"macroEnabled" in archive.read(part):
            raise Unsafe("启用宏的工作簿 · macro-enabled workbook")


def _stream(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limit: int, *, binary: bool) -> int:
    """Unpacks one part without keeping it; returns its size in bytes."""
    size, tags, tail, first = 0, 0, b"", True
    with archive.open(part) as source:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit or (size > _RATIO_FROM and size > MAX_RATIO * max(1, part.compress_size)):
                raise Unsafe("解压后过大（压缩炸弹） · expands too far")
            tags += chunk.count(b"<")
            if tags > MAX_TAGS and not binary:
                raise Unsafe("工作表元素过多 · too many elements")
            if first and not binary:
                _check_head(chunk)
            window = tail + chunk
            if any(needle in window for needle in _DTD):
                raise Unsafe("含有文档类型或实体声明 · document type or entity declaration")
            tail, first = window[-_OVERLAP:], False
    return size


def _check_head(head: bytes) -> None:
    """Only UTF-8: in another encoding a document type would not be seen."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text and not text.startswith(b"<"):
        raise Unsafe("部件不是 UTF-8 XML · part is not UTF-8 XML")
    declared = _ENCODING.match(text[:200])
    if b"\x00" in head[:200] or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise Unsafe("部件不是 UTF-8 XML · part is not UTF-8 XML")


def _check_relations(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """A target outside the file may only be a hyperlink, which is never followed."""
    if part.file_size > MAX_RELATIONS_BYTES:
        raise Unsafe("关系部件过大 · relations too large")
    try:
        root = fromstring(archive.read(part))
    except (ParseError, DefusedXmlException):
        raise Unsafe("关系部件无法读取 · unreadable relations") from None
    for relation in root:
        outside = relation.get("TargetMode", "").lower() == "external"
        if outside and not relation.get("Type", "").endswith("/hyperlink"):
            raise Unsafe("含有外部链接 · external links")
