"""Texts of documents whose last sign is settled once: what officers type ends with a full stop or without one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_STOPS = "。．.；;，, \n"
_NUMERALS = "一二三四五六七八九"


def _phrase(text: str) -> str:
    return text.rstrip(_STOPS)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in "。！？”）" else text.rstrip(_STOPS) + "。"


def _joined(value: object) -> object:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


Phrase = Annotated[str, AfterValidator(_phrase)]
"""Text that the template ends: a full stop typed by the officer is taken off, so that no document prints two."""

Sentence = Annotated[str, AfterValidator(_sentence)]
"""Text that ends itself, or is empty: a missing full stop is put there."""

Paragraphs = Annotated[str, BeforeValidator(_joined)]
"""Text of one paragraph a line; a list is joined."""


def numeral(number: int) -> str:
    """Chinese numeral of 1 to 99, as headings carry it."""
    tens, ones = divmod(number, 10)
    return (_NUMERALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (_NUMERALS[ones - 1] if ones else "")
