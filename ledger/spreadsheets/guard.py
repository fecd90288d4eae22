"""What a workbook must be before any parser sees it (reliability.md §1g).

The archive is streamed once with fixed buffers, so that a bomb costs neither memory nor time; a document type
anywhere is refused, because a parser would reach it lazily, after rows had been read.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from pathlib import Path, PurePosixPath

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from models.packing import DAMAGED

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
# The list of parts at the end of the archive, which zipfile reads as a whole.
MAX_LIST_BYTES = 128 << 10
# Elements within elements: a worksheet needs some six, and counting is rough where text holds angle brackets.
MAX_DEPTH = 1_000
_CHUNK = 1 << 16
_RATIO_FROM = 1 << 20
_ZIP = b"PK\x03\x04"
_OLE2 = b"\xd0\xcf\x11\xe0"
_END = b"PK\x05\x06"
_END_BYTES = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_BYTES = 56 + 20  # record and locator, which stand before the end record
_LONGEST_COMMENT = 65_535
_LOCAL_BYTES = 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that ECMA-376 part 2 allows; LZMA may ask for gigabytes
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


def guard(path: Path) -> dict[str, int]:
    """Rows of each part, as far as they can be counted without parsing. Raises Unsafe unless `path` is an xlsx
    archive that is safe to parse."""
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise Unsafe(f"文件超过{MAX_FILE_BYTES >> 20}MB，请分机构分批导入 · file too large, import it in parts")
    _check_frame(path, size)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(archive.infolist())
            _check_places(archive.infolist(), size)
            return _check_parts(archive)
    except (OSError, *DAMAGED):
        raise Unsafe("不是完整的 .xlsx 文件，请重新另存 · not a sound .xlsx file, save it again") from None


def _check_frame(path: Path, size: int) -> None:
    """First bytes and end record, before zipfile reads the list of parts into memory."""
    with path.open("rb") as file:
        first = file.read(4)
        file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - _ZIP64_BYTES))
        end = file.read()
    if first == _OLE2:
        raise Unsafe("旧格式或加密的工作簿，请另存为 .xlsx · old or encrypted workbook, save it as .xlsx")
    if first != _ZIP:
        raise Unsafe("不是 .xlsx 工作簿，请用表格软件另存为 .xlsx · not an .xlsx workbook, save it as .xlsx")
    place = end.rfind(_END)
    if place < 0 or len(end) - place < _END_BYTES:
        raise Unsafe("不是完整的 .xlsx 文件，请重新另存 · not a sound .xlsx file, save it again")
    counts = [struct.unpack_from("<HI", end, place + 10)]
    if place >= _ZIP64_BYTES and end[place - 20 : place - 16] == _ZIP64_LOCATOR:
        counts.append(struct.unpack_from("<QQ", end, place - _ZIP64_BYTES + 32))  # what zipfile believes then
    if any(parts > MAX_PARTS or listed > MAX_LIST_BYTES for parts, listed in counts):
        raise Unsafe("压缩包内文件过多 · too many parts")


def _check_places(parts: list[zipfile.ZipInfo], size: int) -> None:
    """Each part has bytes of its own: parts that share bytes are how a small archive expands without end."""
    after = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        if part.header_offset < after:
            raise Unsafe("压缩包内文件互相重叠（压缩炸弹） · parts overlap")
        after = part.header_offset + _LOCAL_BYTES + part.compress_size
    if after > size:
        raise Unsafe("不是完整的 .xlsx 文件，请重新另存 · not a sound .xlsx file, save it again")


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise Unsafe("压缩包内文件过多 · too many parts")
    seen: set[str] = set()
    for part in parts:
        name = part.filename.lower()
        if name.startswith(("/", "\\")) or "\\" in name or ".." in PurePosixPath(name).parts or name in seen:
            raise Unsafe("压缩包内文件名不合规 · unsafe part name")
        seen.add(name)
        if stat.S_ISLNK(part.external_attr >> 16):
            raise Unsafe("压缩包内有符号链接 · symbolic link in the archive")
        if part.compress_type not in _METHODS:
            raise Unsafe("压缩方法不是 .xlsx 所用 · a compression that no .xlsx uses")
        if part.flag_bits & 0x1:
            raise Unsafe("工作簿已加密，请去掉密码另存 · encrypted workbook, save it without a password")
        if any(word in name for word in _ACTIVE):
            raise Unsafe("含有宏、外部链接或嵌入对象，请删除后另存 · macros, external links or embedded objects")
        if any(word in name for word in _LIVE_DATA):
            raise Unsafe("含有外部数据连接，请断开后另存 · external data connections")
    if "[content_types].xml" not in seen or not any(name.startswith("xl/workbook") for name in seen):
        raise Unsafe("不是 .xlsx 工作簿，请用表格软件另存为 .xlsx · not an .xlsx workbook, save it as .xlsx")


def _check_parts(archive: zipfile.ZipFile) -> dict[str, int]:
    unpacked = 0
    rows = {}
    for part in archive.infolist():
        name = part.filename.lower()
        limit = MAX_UNPACKED_BYTES - unpacked
        if name.endswith("sharedstrings.xml"):
            limit = min(limit, MAX_STRINGS_BYTES)
        size, rows[part.filename] = _stream(archive, part, limit, binary=name.startswith(_BINARY))
        unpacked += size
        if name.endswith(".rels"):
            _check_relations(archive, part)
        if name == "[content_types].xml" and b"macroEnabled" in archive.read(part):
            raise Unsafe("启用宏的工作簿，请另存为 .xlsx · macro-enabled workbook, save it as .xlsx")
    return rows


def _stream(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limit: int, *, binary: bool) -> tuple[int, int]:
    """Unpacks one part without keeping it; returns its size in bytes and the rows seen in it."""
    size, tags, depth, rows, tail, first = 0, 0, 0, 0, b"", True
    with archive.open(part) as source:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit or (size > _RATIO_FROM and size > MAX_RATIO * max(1, part.compress_size)):
                raise Unsafe("解压后过大（压缩炸弹） · expands too far")
            if not binary:
                opened = chunk.count(b"<")
                tags += opened
                edged = tail[-1:] + chunk  # what the edge of the chunk before cut in two is counted here
                depth = max(0, depth + opened - 2 * edged.count(b"</") - edged.count(b"/>"))
                rows += chunk.count(b"<row ")
                _check_elements(tags, depth)
                if first:
                    _check_head(chunk)
            window = tail + chunk
            if any(needle in window for needle in _DTD):
                raise Unsafe("含有文档类型或实体声明 · document type or entity declaration")
            tail, first = window[-_OVERLAP:], False
    return size, rows


def _check_elements(tags: int, depth: int) -> None:
    if tags > MAX_TAGS:
        raise Unsafe("工作表元素过多，请分批导入 · too many elements, import in parts")
    if depth > MAX_DEPTH:
        raise Unsafe("部件嵌套过深 · elements nested too deep")


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
