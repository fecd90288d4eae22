"""What a hostile upload costs: `python -m tests.records.upload_cost NAME` prints seconds of CPU and how many MiB the
process grew while the file was read as `POST /verify` reads it. A process each, because memory once taken stays taken.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import zipfile
from collections.abc import Callable

from models.sealing import digest
from records.printed import printed, texts
from records.register import CODE_PATTERN
from records.verify import MAX_UPLOAD

BODY = "word/document.xml"


def zipped(*parts: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(name, data)
    return out.getvalue()


def bomb() -> bytes:
    return zipped((BODY, b"0" * 200_000_000))


def many_parts() -> bytes:
    """Each within bounds, all together not."""
    return zipped(*((f"word/header{n}.xml", b"<w:p>" * 1_000_000) for n in range(1, 200)))


def million_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return zipped((BODY, f'<!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><a>&l9;</a>'.encode()))


def external_entity() -> bytes:
    return zipped((BODY, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'))


def deep() -> bytes:
    return zipped((BODY, b"<a>" * 3_000_000 + b"</a>" * 3_000_000))


def open_tags() -> bytes:
    """What a careless pattern for tags would go over again and again."""
    return zipped((BODY, b"<" * 8_000_000))


def almost_marks() -> bytes:
    return zipped((BODY, ("第" * 3_000_000 + "7K3M-9QXT-2H8B-" * 300_000).encode()))


def directory() -> bytes:
    """Nothing but names: a directory of a hundred thousand members."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    number = (MAX_UPLOAD - 22) // len(entry)
    listed = entry * number
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, min(number, 65_535), min(number, 65_535), len(listed), 0, 0)
    return listed + end


def false_sizes() -> bytes:
    """The directory claims four gigabytes."""
    made = bytearray(zipped((BODY, b"0" * 1_000)))
    place = made.rindex(b"PK\x01\x02")
    made[place + 20 : place + 28] = struct.pack("<2L", 0xFFFFFFFE, 0xFFFFFFFE)
    return bytes(made)


def nested() -> bytes:
    inner = zipped((BODY, b"0" * 50_000_000))
    for _ in range(5):
        inner = zipped((BODY, inner))
    return inner


def noise() -> bytes:
    return b"PK\x03\x04" + b"\xff\x00" * ((MAX_UPLOAD - 4) // 2)


CORPUS: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        bomb, many_parts, million_laughs, external_entity, deep, open_tags, almost_marks, directory, false_sizes,
        nested, noise,
    )
}  # fmt: skip


def cost(data: bytes) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    digest(data, "sm3")
    parts = list(texts(data))
    printed(parts)
    codes = [code for part in parts for code in CODE_PATTERN.findall(part)]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"seconds": time.process_time() - began, "mebibytes": grown / 1024, "bytes": len(data), "codes": len(codes)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(cost(sys.stdin.buffer.read())))
