"""Strict JSON (RFC 8259 as I-JSON, RFC 7493): one reading of every body, or a problem that does not repeat it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from .problems import ProblemError

MOST_DEPTH = 32
MOST_DIGITS = 15  # beyond 2^53 readers disagree about a number
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
"""A lone surrogate silently truncates a document (reliability.md finding 6); PostgreSQL refuses NUL."""


class _NotStrict(ValueError):
    """Carries words of ours, never of the body."""


def parse(body: bytes) -> object:
    """The JSON value of a UTF-8 body.

    Raises ProblemError `malformed-json` on other encodings, NaN and Infinity, duplicate keys, numbers beyond
    15 digits, lone surrogates and NUL, and nesting beyond 32.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        _check(value)
    except _NotStrict as fault:
        raise ProblemError("malformed-json", str(fault)) from None
    except UnicodeDecodeError:
        raise ProblemError("malformed-json", "须为 UTF-8 编码 · must be UTF-8") from None
    except RecursionError:
        raise ProblemError("malformed-json", "嵌套过深 · nested too deeply") from None
    except ValueError:
        raise ProblemError("malformed-json", "JSON 语法有误 · JSON syntax") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotStrict("有重复的键 · duplicate keys")
    return made


def _constant(name: str) -> NoReturn:
    raise _NotStrict("不得使用 NaN 或 Infinity · NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise _NotStrict("数字过大 · number too large")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _NotStrict("数字过大 · number too large")
    return number


def _check(value: object) -> None:
    """Walks without recursion: the walk itself must not be what a deep body breaks."""
    waiting = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise _NotStrict("嵌套过深 · nested too deeply")
        if isinstance(found, str):
            _check_text(found)
        elif isinstance(found, dict):
            for key, inner in found.items():
                _check_text(key)
                waiting.append((inner, depth + 1))
        elif isinstance(found, list):
            waiting.extend((inner, depth + 1) for inner in found)


def _check_text(text: str) -> None:
    if UNKEEPABLE.search(text):
        raise _NotStrict("含有不成对的代理字符或空字符 · lone surrogate or NUL")
