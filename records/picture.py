"""The QR picture of a verification address as a small PNG, the same bytes for the same text.

segno draws it; its search for a mask takes six times as long as the whole document. With version, mask and
error level fixed, the modules are an affine function of the text's bits over GF(2) (byte mode, Reed-Solomon
and masking are all linear up to a constant), so a picture is the exclusive-or of one base picture and one
difference per changed bit. Differences are learnt from segno at first use (0.9 ms a bit, some 110 bits for the
codes of one address); a test compares with segno.
"""

from __future__ import annotations

import struct
import threading
import zlib

import segno

_QUIET = 4  # modules of white around the code, ISO/IEC 18004
_SCALE = 8  # one byte of 1-bit pixels per module, so that a row of modules is a row of bytes
_MASK = 0
_ERROR = "M"  # survives a fold or a stamp over 15 % of the code
_BASE_BYTE = 0x40
_WHITE = b"\xff"
_MOST_FORMS = 8
"""Lengths of text that are kept: an office has one address, and the extract of a certificate one more."""

_MOST_DIFFERENCES = 1024
"""Of a length; each has the size of the picture, some 2 KB."""


class QrPainter:
    """Pictures for texts that share a length. Thread-safe: a lost race only learns the same thing twice."""

    def __init__(self) -> None:
        self._forms: dict[int, _Form] = {}
        self._lock = threading.Lock()

    def png(self, text: str) -> bytes:
        """PNG, 1 bit a pixel, 8 pixels a module. Raises segno.DataOverflowError for a text beyond a QR code."""
        form = self._form(text)
        return _png(form.side, form.modules(text.encode()))

    def modules(self, text: str) -> list[bytes]:
        """The rows of the code, one byte a module, 1 is dark: as segno's matrix."""
        form = self._form(text)
        rows = form.modules(text.encode()).translate(_BINARY)
        return [rows[at : at + form.side] for at in range(0, len(rows), form.side)]

    def _form(self, text: str) -> _Form:
        length = len(text.encode())
        form = self._forms.get(length)
        if form is None:
            with self._lock:
                form = self._forms[length] = _Form(length)
                if len(self._forms) > _MOST_FORMS:
                    del self._forms[next(iter(self._forms))]
        return form


class _Form:
    """All codes of one text length: the base code and the differences learnt so far."""

    def __init__(self, length: int) -> None:
        self._length = length
        base = bytes([_BASE_BYTE]) * length
        self._version = int(segno.make_qr(base, error=_ERROR, mode="byte", boost_error=False).version)
        self.side = 17 + 4 * self._version
        self._base = self._draw(base)
        self._differences: dict[tuple[int, int], int] = {}

    def modules(self, data: bytes) -> bytes:
        """One byte per module, row by row: 0xff dark, 0x00 light."""
        drawn = self._base
        for place, byte in enumerate(data):
            if byte != _BASE_BYTE:
                drawn ^= self._differences.get((place, byte)) or self._difference(place, byte)
        return drawn.to_bytes(self.side * self.side, "big")

    def _difference(self, place: int, byte: int) -> int:
        """What a byte changes: what each of its bits changes that is not the base's; one bit is learnt from segno."""
        flipped = byte ^ _BASE_BYTE
        lowest = flipped & -flipped
        if flipped == lowest:
            text = bytearray([_BASE_BYTE]) * self._length
            text[place] = byte
            found = self._draw(bytes(text)) ^ self._base
        else:
            bits = (_BASE_BYTE ^ lowest, byte ^ lowest)
            one, rest = (self._differences.get((place, each)) or self._difference(place, each) for each in bits)
            found = one ^ rest
        if len(self._differences) >= _MOST_DIFFERENCES:
            self._differences.clear()
        self._differences[place, byte] = found
        return found

    def _draw(self, data: bytes) -> int:
        code = segno.make_qr(data, error=_ERROR, version=self._version, mode="byte", mask=_MASK, boost_error=False)
        return int.from_bytes(b"".join(bytes(row) for row in code.matrix).translate(_DARK), "big")


_DARK = bytes([0x00, 0xFF]) + bytes(range(2, 256))
_BINARY = bytes(1 if value == 0xFF else 0 for value in range(256))
_INVERT = bytes(255 - value for value in range(256))


def _png(side: int, modules: bytes) -> bytes:
    width = side + 2 * _QUIET
    margin = _WHITE * _QUIET
    # Filter 2 (Up) with zeros repeats the row above: seven of eight pixel rows cost nothing to compress.
    repeat = (b"\x02" + bytes(width)) * (_SCALE - 1)
    blank = (b"\x00" + _WHITE * width) + (b"\x02" + bytes(width)) * (_SCALE * _QUIET - 1)
    light = modules.translate(_INVERT)
    rows = [blank]
    for start in range(0, side * side, side):
        rows += [b"\x00", margin, light[start : start + side], margin, repeat]
    rows.append(blank)
    return png_file(width * _SCALE, width * _SCALE, 1, 0, b"".join(rows), level=1)


def png_file(width: int, height: int, depth: int, kind: int, rows: bytes, level: int, palette: bytes = b"") -> bytes:
    """A PNG of filtered rows. `kind` is 0 for grey, 3 for a palette (three bytes a colour)."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header)]
    if palette:
        parts.append(_chunk(b"PLTE", palette))
    parts += [_chunk(b"IDAT", zlib.compress(rows, level)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
