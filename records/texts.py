"""Texts on their way into a document: checked, escaped once, and looked for again in what was written.

All is UTF-8 bytes, as the file is: a long table is neither encoded a second time nor twice as large in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markupsafe import escape

from models.identity import without_numbers
from models.shape import Shape, plain_text

BREAK = b'</w:t><w:br/><w:t xml:space="preserve">'
WHOLE_HYPHEN = b'</w:t><w:noBreakHyphen/><w:t xml:space="preserve">'
_ORDINARY = re.compile("[0-9A-Za-z :/.,()_*\\-\u4e00-\u9fff（）、，。：；〔〕《》]*")
"""Nothing unsafe, nothing to escape, and NFC already: most texts, told in one look."""

_TEXT = re.compile(b"<w:t(?:>| [^>]*>)([^<]*)")
_TEXT_END = b"</w:t>"


class TextFault(ValueError):
    """A value of the context holds characters that no document may hold; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.path, self.reason = field, reason
        self.field = field.removeprefix(".")
        super().__init__(f"{self.field}: {reason}")


class Texts(dict[str, bytes]):
    """Each text of one document as it stands in XML: checked and escaped at its first use, for the columns of a
    table repeat themselves; line feeds become Word line breaks, and of an identity number that somebody typed into a
    text only the area code is printed (ledger.md rule 11). Raises TextFault for an unsafe character."""

    def __missing__(self, value: object) -> bytes:
        if not isinstance(value, str):
            raise TextFault("", f"{type(value).__name__} 不是文字 · is not text")
        printed = without_numbers(value)
        if _ORDINARY.fullmatch(printed):
            found = printed.encode()
        else:
            try:
                found = str(escape(plain_text(printed))).encode().replace(b"\n", BREAK)
            except ValueError as error:
                raise TextFault("", str(error)) from None
        self[value] = found
        return found


def safe(value: object, texts: Texts) -> Any:
    """The value with all its texts safe: a dict of a shape, a list of a list, bytes of a text.

    Raises TextFault naming the field; the path is put together only then.
    """
    if isinstance(value, str):
        return texts[value]
    if isinstance(value, list):
        try:
            return [safe(item, texts) for item in value]
        except TextFault:  # once more, to say where
            return [_step(item, place, texts) for place, item in enumerate(value)]
    if not isinstance(value, Shape):
        raise TextFault("", f"{type(value).__name__} 不是文字 · is not text")
    fields = vars(value)
    try:
        return dict(zip(fields, map(texts.__getitem__, fields.values()), strict=True))  # a row: nothing but texts
    except (TextFault, TypeError):  # shapes and lists among them, or a text to be refused
        return {name: _step(field, f".{name}", texts) for name, field in fields.items()}


def _step(value: object, name: str | int, texts: Texts) -> Any:
    try:
        return safe(value, texts)
    except TextFault as fault:
        here = name if isinstance(name, str) else f"[{name}]"
        raise TextFault(here + fault.path, fault.reason) from None


class Printed:
    """The texts of a document as they are written: each by itself, and all of them in a row."""

    def __init__(self) -> None:
        self._whole = {b""}  # an empty value stands everywhere
        self._joined: list[bytes] = []
        self._rest = b""

    def add(self, piece: bytes) -> None:
        """What was written next. A piece may end anywhere but inside a value."""
        piece = self._rest + piece.replace(WHOLE_HYPHEN, b"-")
        end = piece.rfind(_TEXT_END) + 1
        found = _TEXT.findall(piece, 0, end)
        self._rest = piece[end:]
        self._whole.update(found)
        self._joined.append(b"".join(found))

    def first_missing(self, values: dict[str, Any]) -> str | None:
        """The field whose value does not stand in the document, as `number` or `changes[3]`; None when all do.

        Most values are a text of their own; the others are looked for in the joined text, rows of a list from
        where the row before was found, so that a long table costs linear time.
        """
        joined = b"".join(self._joined)
        for field, value in values.items():
            start = 0
            for place, item in enumerate(value if isinstance(value, list) else (value,)):
                texts = item.values() if isinstance(item, dict) else (item,)
                if self._whole.issuperset(texts):
                    continue
                at = self._find(texts, joined, start)
                if at is None:
                    return f"{field}[{place}]" if isinstance(value, list) else field
                start = at
        return None

    def _find(self, texts: Iterable[bytes], joined: bytes, start: int) -> int | None:
        """Where the first of the texts stands, from which the next row is sought; None when one stands nowhere."""
        places = []
        for text in texts:
            for line in text.split(BREAK):
                if line in self._whole:
                    continue
                at = joined.find(line, start)
                if at < 0:
                    at = joined.find(line)
                if at < 0:
                    return None
                self._whole.add(line)  # sought once: the same words in every row cost nothing more
                places.append(at)
        return max(start, min(places, default=start))
