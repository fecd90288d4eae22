"""Texts of documents whose last sign is settled once: what officers type ends with a full stop or without one."""

from __future__ import annotations

import itertools
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_STOPS = "。．.；;，, \n"
_NUMERALS = "一二三四五六七八九"
TITLE_CHARS = 20
"""Characters of 2号 on a line of 156 mm."""
_WHOLE_BEFORE = ("关于",)
_ENDS = (
    "委员会",
    "办公室",
    "中心",
    "单位",
    "机构",
    "编制",
    "事项",
    "情况",
    "局",
    "厅",
    "部",
    "处",
    "科",
    "院",
    "校",
    "、",
)
_JOINS = ("和", "与", "及", "并")
_NOT_FIRST = "的、，。）》〉」”’）及等"
_NOT_LAST = "关于的和与并及（《〈「“‘"


def _phrase(text: str) -> str:
    return text.rstrip(_STOPS)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in "。！？”）" else text.rstrip(_STOPS) + "。"


def _title(text: str) -> str:
    """The title over the fewest lines that read well: broken where a word ends, not where the line is full."""
    if len(text) <= TITLE_CHARS or "\n" in text:
        return text
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for end in range(1, len(text) + 1):
        ways = []
        for start in range(max(0, end - TITLE_CHARS), end):
            if start in best:
                cost, breaks = best[start]
                ways.append((cost + _unfit(text, start, end), [*breaks, end]))
        best[end] = min(ways)
    places = [0, *best[len(text)][1]]
    return "\n".join(text[start:end] for start, end in itertools.pairwise(places))


def _unfit(text: str, start: int, end: int) -> float:
    """How badly text[start:end] reads as a line of a title: a short line, or a break inside a word."""
    cost = 3.0 + (1 - (end - start) / TITLE_CHARS) ** 2 * 4 + (20 if end - start < 4 else 0)
    if end == len(text):
        return cost
    before, after = text[:end], text[end:]
    if before.endswith("机构") and after.startswith("编制"):
        return cost + 30
    if after[0] in _NOT_FIRST or before[-1] in _NOT_LAST or (before[-1].isascii() and after[0].isascii()):
        return cost + 30
    if after.startswith(_WHOLE_BEFORE):
        return cost
    return cost + (1 if before.endswith(_ENDS) else 2 if after.startswith(_JOINS) else 10)


def _joined(value: object) -> object:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


Phrase = Annotated[str, AfterValidator(_phrase)]
"""Text that the template ends: a full stop typed by the officer is taken off, so that no document prints two."""

Sentence = Annotated[str, AfterValidator(_sentence)]
"""Text that ends itself, or is empty: a missing full stop is put there."""

Paragraphs = Annotated[str, BeforeValidator(_joined)]
"""Text of one paragraph a line; a list is joined."""


Title = Annotated[str, AfterValidator(_title)]
"""Title of a document in 2号: longer than a line, it is broken where it reads well (GB/T 9704-2012 §7.3.1)."""


def numeral(number: int) -> str:
    """Chinese numeral of 1 to 99, as headings carry it."""
    tens, ones = divmod(number, 10)
    return (_NUMERALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (_NUMERALS[ones - 1] if ones else "")
