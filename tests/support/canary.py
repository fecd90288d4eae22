"""A canary person: carried through every field of a running system, then looked for in every byte that it left.

What is looked for is the identity number and the birth date in the spellings in which they could have come to rest:
UTF-8, UTF-16 of both orders, full-width, base64 at each of its three offsets, hexadecimal, and inside zip and gzip
members. Digits need no look for JSON's or a URL's escapes: neither changes them.
"""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stdnum.cn import ric

FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
DEEPEST = 3
"""A document in a package in a zip of the case: further in nothing of ours lies."""


@dataclass(frozen=True)
class Canary:
    """One person nobody is: area 999999 is unassigned. `serial` is odd for a man (GB 11643-1999)."""

    name: str = "司马金丝雀"
    born: date = date(1987, 11, 23)
    serial: int = 735

    @property
    def number(self) -> str:
        stem = f"999999{self.born:%Y%m%d}{self.serial:03d}"
        return stem + str(ric.calc_check_digit(stem + "0"))

    @property
    def older(self) -> str:
        """The number as it was before 1999: fifteen digits. Nothing of ours takes it, so only logs are held to it."""
        return f"999999{self.born:%y%m%d}{self.serial:03d}"

    @property
    def text(self) -> str:
        """What somebody types where it does not belong. A date by itself is nobody's, so none is among it."""
        return f"{self.name} {self.number}"

    @property
    def dates(self) -> tuple[str, ...]:
        born = self.born
        return born.isoformat(), f"{born.year}年{born.month}月{born.day}日", f"{born:%Y/%m/%d}", f"{born:%Y.%m.%d}"

    def person(self, slot: str) -> dict[str, str]:
        """As a decision names a person for a slot."""
        return {
            "slot": slot,
            "name": self.name,
            "sex": "male" if self.serial % 2 else "female",
            "birth_date": self.born.isoformat(),
            "identity_no": self.number,
        }

    def secrets(self) -> dict[str, str]:
        """What may stand nowhere in clear, by what to call it."""
        found = {"identity number": self.number}
        found |= {"number in full width": self.number.translate(FULL_WIDTH), "lower-case number": self.number.lower()}
        return found | {f"birth date {n}": text for n, text in enumerate(self.dates)}


def spellings(secrets: Mapping[str, str]) -> dict[str, bytes]:
    """Every secret as bytes, in each spelling in which it could lie in a file."""
    found: dict[str, bytes] = {}
    for name, text in secrets.items():
        plain = text.encode()
        found[name] = plain
        found[f"{name}, UTF-16"] = text.encode("utf-16-le")
        found[f"{name}, UTF-16 big-endian"] = text.encode("utf-16-be")
        found[f"{name}, hexadecimal"] = plain.hex().encode()
        if not text.isascii():
            found[f"{name}, JSON-escaped"] = text.encode("ascii", "backslashreplace")
        for offset in range(3):
            whole = plain[-offset % 3 :]  # only groups of three bytes that are all ours are sure
            found[f"{name}, base64 at {offset}"] = base64.b64encode(whole[: len(whole) // 3 * 3])
    return found


@dataclass(frozen=True, order=True)
class Hit:
    """Where a secret lies, and which; never the secret itself."""

    where: str
    what: str


def hits(places: Iterable[tuple[str, bytes]], secrets: Mapping[str, str]) -> list[Hit]:
    """Everything found in these places."""
    wanted = spellings(secrets)
    return sorted(
        {
            Hit(where, name)
            for place, data in places
            for where, content in _layers(place, data, DEEPEST)
            for name, spelt in wanted.items()
            if spelt in content
        }
    )


def files(folder: Path, but: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, databases with their logs among them; `but` are names of what is left out."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in left_out:
            yield str(path.relative_to(folder)), path.read_bytes()


def _layers(place: str, data: bytes, deeper: int) -> Iterator[tuple[str, bytes]]:
    """The bytes themselves, and what is packed in them."""
    yield place, data
    if not deeper:
        return
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _layers(f"{place}!{name}", archive.read(name), deeper - 1)
    elif data[:2] == b"\x1f\x8b":
        yield from _layers(f"{place}!gzip", gzip.decompress(data), deeper - 1)
    elif data[:1] == b"\x78":
        try:
            yield f"{place}!zlib", zlib.decompress(data)
        except zlib.error:
            return
