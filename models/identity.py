"""Citizen identity numbers in running text: found, refused, struck out (GB 11643-1999; ledger.md rule 11).

A leaf: what is judged here is the text alone. `rules.identity` judges a number as somebody's.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from stdnum.cn import ric, uscc

LEADING = 6
"""The area code, which tells a place and no person: what is left of a number that was struck out."""

_DIGIT = "[0-9０-９]"
# One gap at most between two digits: a number is dictated in groups, and two numbers side by side stay two.
_NUMBER = re.compile(f"(?<!{_DIGIT})(?:{_DIGIT}[ \u3000-]?){{17}}[0-9Xx０-９Ｘｘ](?![0-9Xx０-９Ｘｘ])")


def names_a_person(text: str) -> bool:
    """Whether a text holds an identity number: any width, groups set apart, `x` or `X`; date and check character must
    be right. The credit code of a unit is none, unless it stands inside other words and could be either."""
    return any(True for _ in _numbers(text))


def without_numbers(text: str) -> str:
    """The text with every identity number in it cut to its area code."""
    for found in _numbers(text):
        text = text.replace(found, found[:LEADING] + "*" * (len(found) - LEADING))
    return text


def nameless(text: str) -> str:
    """For fields that rest in clear. Raises ValueError without the number."""
    if names_a_person(text):
        raise ValueError("此处不得填写身份证件号码 · no identity number here")
    return text


def _numbers(text: str) -> list[str]:
    if len(text) < 18:
        return []
    return [found for found in _NUMBER.findall(text) if _somebodys(found) and not _is_code(text)]


def _somebodys(found: str) -> bool:
    number = re.sub("[ \u3000-]", "", unicodedata.normalize("NFKC", found)).upper()
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return born.year >= 1850 and str(ric.calc_check_digit(number)) == number[-1]


def _is_code(text: str) -> bool:
    return len(text) == 18 and bool(uscc.is_valid(text))
