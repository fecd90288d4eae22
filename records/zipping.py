"""A canonical zip: sorted names with [Content_Types].xml first, times of 1980, the same bytes every time.

Members are kept as compressed bytes and only put together per document: writing each anew through `zipfile`
costs more than everything else (performance.md, Documents).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

_FIRST = "[Content_Types].xml"
_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1  # 1980-01-01 00:00:00, the earliest a zip can say
_VERSION, _UNIX = 20, 3 << 8
_UTF8_NAME = 0x800
_MODE = 0o100644 << 16
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip, ready to be written."""

    name: str
    method: int
    checksum: int
    size: int
    data: bytes

    @classmethod
    def stored(cls, name: str, data: bytes) -> Member:
        """Kept as it is: for pictures, which are compressed already."""
        return cls(name, _STORED, zlib.crc32(data), len(data), data)


class Packer:
    """A file of the zip written piece by piece: only its compressed bytes are kept."""

    def __init__(self, name: str, level: int = 1) -> None:
        self._name = name
        self._squeezer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._packed: list[bytes] = []
        self._checksum = self._size = 0

    def add(self, data: bytes) -> None:
        self._checksum = zlib.crc32(data, self._checksum)
        self._size += len(data)
        self._packed.append(self._squeezer.compress(data))

    def member(self) -> Member:
        """What was added. Nothing can be added any more."""
        packed = b"".join([*self._packed, self._squeezer.flush()])
        return Member(self._name, _DEFLATED, self._checksum, self._size, packed)


def pack(name: str, data: bytes, level: int) -> Member:
    """Deflated at `level` in one go: 9 is for parts packed once per template, 1 (`Packer`) for those of a document."""
    packer = Packer(name, level)
    packer.add(data)
    return packer.member()


def assemble(members: list[Member]) -> bytes:
    """The zip file. Names must differ."""
    out: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for member in sorted(members, key=lambda m: (m.name != _FIRST, m.name)):
        name = member.name.encode()
        fields = struct.pack(
            "<HHHHHIIIHH",
            _VERSION,
            0 if name.isascii() else _UTF8_NAME,
            member.method,
            _TIME,
            _DATE,
            member.checksum,
            len(member.data),
            member.size,
            len(name),
            0,
        )
        out += [b"PK\x03\x04", fields, name, member.data]
        directory += [
            b"PK\x01\x02",
            struct.pack("<H", _UNIX | _VERSION),
            fields,
            struct.pack("<HHHII", 0, 0, 0, _MODE, offset),
            name,
        ]
        offset += 4 + len(fields) + len(name) + len(member.data)
    index = b"".join(directory)
    closing = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(members), len(members), len(index), offset, 0)
    return b"".join([*out, index, closing])
