"""Read a QR picture back: PNG to modules, modules to text (ISO/IEC 18004, byte mode), by nobody's encoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

Modules = list[list[int]]

_QUIET = 4
_BLOCKS_M: dict[int, tuple[int, list[int]]] = {
    # version → (error codewords of a block, data codewords of each block), error level M (table 9)
    1: (10, [16]),
    2: (16, [28]),
    3: (26, [44]),
    4: (18, [32] * 2),
    5: (24, [43] * 2),
    6: (16, [27] * 4),
    7: (18, [31] * 4),
    8: (22, [38] * 2 + [39] * 2),
    9: (22, [36] * 3 + [37] * 2),
    10: (26, [43] * 4 + [44]),
}
_ALIGNED = {1: [], 2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38], 8: [6, 24, 42],
            9: [6, 26, 46], 10: [6, 28, 50]}  # fmt: skip


def modules_of(png: bytes) -> Modules:
    """The dark modules of a 1-bit grey PNG with eight pixels a module, its quiet zone taken away. Filters 0 and 2."""
    at, packed, width = 8, b"", 0
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (1, 0)
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    raw, stride = zlib.decompress(packed), (width + 7) // 8
    before, rows = bytes(stride), []
    for start in range(0, len(raw), stride + 1):
        line = raw[start + 1 : start + 1 + stride]
        before = bytes((a + b) & 255 for a, b in zip(line, before, strict=True)) if raw[start] == 2 else line
        rows.append(before)
    every = [[1 if byte == 0 else 0 for byte in row] for row in rows[::8]]
    return [row[_QUIET:-_QUIET] for row in every[_QUIET:-_QUIET]]


def text_of(modules: Modules) -> str:
    """The text of a code of level M, version 1 to 10, that is not damaged: nothing is corrected."""
    side = len(modules)
    version = (side - 17) // 4
    error, blocks = _BLOCKS_M[version]
    bits = [modules[row][column] ^ _masked(_mask_of(modules), row, column) for row, column in _places(side, version)]
    words = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits) - 7, 8)]
    assert len(words) >= sum(blocks) + error * len(blocks)
    data: list[list[int]] = [[] for _ in blocks]
    rest = iter(words)
    for place in range(max(blocks)):
        for block, size in enumerate(blocks):
            if place < size:
                data[block].append(next(rest))
    stream = "".join(f"{word:08b}" for block in data for word in block)
    assert stream[:4] == "0100", "not in byte mode"
    count = 8 if version < 10 else 16
    length = int(stream[4 : 4 + count], 2)
    start = 4 + count
    return bytes(int(stream[start + 8 * n : start + 8 * n + 8], 2) for n in range(length)).decode()


def _mask_of(modules: Modules) -> int:
    """From the format bits beside the upper left finder: 101010000010010 taken away, bits 12 to 10."""
    first = [modules[8][column] for column in (0, 1, 2, 3, 4)]
    level = (first[0] << 1 | first[1]) ^ 0b10
    assert level == 0b00, "not of error level M"
    return (first[2] << 2 | first[3] << 1 | first[4]) ^ 0b101


def _masked(mask: int, row: int, column: int) -> int:
    product = row * column
    conditions = (
        (row + column) % 2,
        row % 2,
        column % 3,
        (row + column) % 3,
        (row // 2 + column // 3) % 2,
        product % 2 + product % 3,
        (product % 2 + product % 3) % 2,
        ((row + column) % 2 + product % 3) % 2,
    )
    return int(conditions[mask] == 0)


def _places(side: int, version: int) -> Iterator[tuple[int, int]]:
    """Where the codewords stand, in their order: two columns at a time from the right, up and down."""
    column, upward = side - 1, True
    while column > 0:
        if column == 6:  # the timing pattern
            column -= 1
        for step in range(side):
            row = side - 1 - step if upward else step
            for each in (column, column - 1):
                if not _fixed(row, each, side, version):
                    yield row, each
        column, upward = column - 2, not upward


def _fixed(row: int, column: int, side: int, version: int) -> bool:
    """Finders with their formats, timing, alignment, and from version 7 on the version itself."""
    if (row <= 8 and (column <= 8 or column >= side - 8)) or (row >= side - 8 and column <= 8):
        return True
    if row == 6 or column == 6:
        return True
    if version >= 7 and ((row < 6 and column >= side - 11) or (column < 6 and row >= side - 11)):
        return True
    centres = _ALIGNED[version]
    corners = {(6, 6), (6, side - 7), (side - 7, 6)}
    return any(abs(row - y) <= 2 and abs(column - x) <= 2 for y in centres for x in centres if (y, x) not in corners)
