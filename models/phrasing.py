"""Texts of documents whose last sign is settled once: what officers type ends with a full stop or without one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from .enums import Resource

_STOPS = "。．.；;，, \n"
_NUMERALS = "一二三四五六七八九"
TITLE_CHARS = 20
"""Characters of 2号 on a line of 156 mm."""
_WHOLE_BEFORE = ("关于",)
_ENDS = (
    *("委员会", "办公室", "中心", "单位", "机构", "编制", "事项", "情况"),
    *("局", "厅", "部", "处", "科", "院", "校", "站", "馆", "所", "队", "中学", "小学", "大学", "、"),
)
_STARTS = (
    "更名为",
    "调整为",
    "不再加挂",
    "加挂",
    "并入",
    "调剂",
    "设立内设机构",
    "撤销内设机构",
    "内设机构",
    "由",
    "至",
)
_JOINS = ("和", "与", "及", "并")
_NOT_FIRST = "的、，。）》〉」”’）及等"
_NOT_LAST = "关于的和与并及等由至（《〈「“‘"
_LEANS = ("牌子", "所属", *"0123456789")
"""What goes with the word before it."""
_WORDS = (
    *(resource.label for resource in Resource),
    *("机构编制", "内设机构", "领导职数", "事业单位", "人员编制", "事业编制", "实地督查", "管理证"),
    *("关于", "同意", "设立", "撤销", "合并", "并入", "更名为", "调整", "调整为", "不再加挂", "加挂", "调剂", "核定"),
    *("牌子", "所属", "规格", "本级", "批复", "报告", "事项", "情况", "单位", "机构", "编制", "申请", "请示"),
    *("部门", "处级", "处理", "科级", "科学", "科技", "校园", "学校", "院校", "队伍", "副职", "正职"),
)
"""Words of titles that no line may tear; the names in one are told by its maker."""
_LONGEST = TITLE_CHARS - 3
"""A name that leaves room for 的批复 stays whole; a longer one is broken like any text."""
_TORN = 1000.0
_MOST_FILED = 60
_SUPPLIED = re.compile(r"(?<=.)〔[^〔〕]*〕$")
_ROUND = str.maketrans("〔〕", "（）")


def _phrase(text: str) -> str:
    return text.rstrip(_STOPS)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in "。！？”）" else text.rstrip(_STOPS) + "。"


def broken(text: str, names: Iterable[str] = ()) -> str:
    """A title over the fewest lines that read well: broken where a word ends, not where the line is full, and never
    inside one of `names`."""
    if len(text) <= TITLE_CHARS or "\n" in text:
        return text
    named = [name for name in names if name]
    whole = _spans(text, (*_WORDS, *(name for name in named if len(name) <= _LONGEST)))
    inside = {place for start, end in whole for place in range(start + 1, end)}
    ends = {end for _, end in _spans(text, named)}
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for end in range(1, len(text) + 1):
        ways = []
        for start in range(max(0, end - TITLE_CHARS), end):
            cost, breaks = best[start]
            torn = _TORN if end in inside else 0
            ways.append((cost + torn + _unfit(text, start, end, named=end in ends), [*breaks, end]))
        best[end] = min(ways)
    places = [0, *best[len(text)][1]]
    return "\n".join(text[start:end] for start, end in itertools.pairwise(places))


def _title(text: str) -> str:
    return broken(text)


def filed(heading: str, unit: str, about: str) -> str:
    """题名 of a record whose paper prints only the name of its kind: whom and what it is about, which the paper does
    not say in its heading, stands in 〔〕 (DA/T 22)."""
    left = _MOST_FILED - len(heading) - len(unit) - len("〔，〕")
    if len(about) > left > 0 and "，" in about:
        about = about.rpartition("，")[0]
    if len(about) > left:
        about = about[: left - 1] + "…" if left > 1 else ""
    said = "，".join(filter(None, (unit, about))).translate(_ROUND)
    return f"{heading}〔{said}〕"


def heading(title: str) -> str:
    """What the paper prints of a 题名: without unit and matter that were supplied in 〔〕 at its end."""
    return _SUPPLIED.sub("", title)


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    return [(place, place + len(word)) for word in words for place in range(len(text)) if text.startswith(word, place)]


def _unfit(text: str, start: int, end: int, *, named: bool) -> float:
    """How badly text[start:end] reads as a line of a title: a short line, or a break inside a word; `named` where a
    name ends there."""
    cost = 3.0 + (1 - (end - start) / TITLE_CHARS) ** 2 * 4 + (20 if end - start < 4 else 0)
    if end == len(text):
        return cost
    before, after = text[:end], text[end:]
    if after[0] in _NOT_FIRST or (before[-1] in _NOT_LAST and not named):
        return cost + 30
    if before[-1].isascii() and (after[0].isascii() or after[0] == "名"):
        return cost + 30
    if after.startswith(_WHOLE_BEFORE):
        return cost
    if after.startswith(_LEANS):
        return cost + 12
    if after.startswith(_STARTS):
        return cost + 0.5
    if named or before.endswith(_ENDS):
        return cost + 1
    return cost + (2 if after.startswith(_JOINS) else 10)


def _joined(value: object) -> object:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


Phrase = Annotated[str, AfterValidator(_phrase)]
"""Text that the template ends: a full stop typed by the officer is taken off, so that no document prints two."""

Sentence = Annotated[str, AfterValidator(_sentence)]
"""Text that ends itself, or is empty: a missing full stop is put there."""

Paragraphs = Annotated[str, BeforeValidator(_joined)]
"""Text of one paragraph a line; a list is joined."""


Title = Annotated[str, AfterValidator(_title)]
"""Title of a document in 2号: longer than a line, it is broken where it reads well (GB/T 9704-2012 §7.3.1); who knows
the names in it breaks it with `broken` before."""


def numeral(number: int) -> str:
    """Chinese numeral of 1 to 99, as headings carry it."""
    tens, ones = divmod(number, 10)
    return (_NUMERALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (_NUMERALS[ones - 1] if ones else "")
