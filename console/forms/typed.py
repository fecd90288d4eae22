"""What was typed, as a flat table of names: `lines.0.number` → "2". Kept as it is, so that a faulty or unfinished
form can be shown again, and saved as a draft, exactly as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

Typed = dict[str, str]

SEVERAL = ","
"""Between the values of a field that was ticked more than once; no value of such a field has one."""

LONGEST = 20_000
"""Characters of one field that are looked at; the longest that a model accepts is 4,000."""


def read(form: FormData, known: Callable[[str], bool]) -> Typed:
    """The fields of a form that it is `known` to have; no other name is looked at, nor a file."""
    typed: Typed = {}
    for name, value in form.multi_items():
        if not isinstance(value, str) or not known(name):
            continue
        # browsers send line breaks as CR LF
        text = value.replace("\r\n", "\n").strip()[:LONGEST]
        typed[name] = f"{typed[name]}{SEVERAL}{text}" if typed.get(name) else text
    return typed


def rows(typed: Mapping[str, str], group: str) -> list[Typed]:
    """The rows of a repeating group in order; gaps that a removed row left are closed."""
    found: dict[int, Typed] = {}
    for name, value in typed.items():
        head, _, rest = name.partition(".")
        number, _, field = rest.partition(".")
        if head == group and field and number.isascii() and number.isdecimal():
            found.setdefault(int(number), {})[field] = value
    return [found[number] for number in sorted(found)]


def with_rows(typed: Mapping[str, str], group: str, new: Iterable[Mapping[str, str]]) -> Typed:
    """`typed` with the group's rows replaced, numbered from 0."""
    kept = {name: value for name, value in typed.items() if not name.startswith(f"{group}.")}
    for number, row in enumerate(new):
        kept |= {f"{group}.{number}.{field}": value for field, value in row.items()}
    return kept


def tidy(typed: Mapping[str, str], groups: Iterable[str]) -> Typed:
    """Rows in which nothing was filled in are left out; of a row that a button added nobody need be told."""
    result = dict(typed)
    for group in groups:
        result = with_rows(result, group, [row for row in rows(result, group) if any(row.values())])
    return result


def nested(typed: Mapping[str, str], whole: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The body of the request: blanks are left out, rows become lists, fields named in `whole` integers."""
    tree: dict[str, Any] = {}
    for name, value in typed.items():
        if value == "":
            continue
        *path, leaf = name.split(".")
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        at[leaf] = as_number(value) if leaf in whole else value
    listed: dict[str, Any] = _lists(tree)
    return listed


def as_number(value: str) -> int | str:
    """The number that was typed, also in full-width digits; anything else stays and is found to be a fault."""
    return int(value) if value.isdecimal() and len(value) <= 9 else value


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isascii() and key.isdecimal() for key in tree):
        return [_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: _lists(value) for key, value in tree.items()}


def flat(body: object, prefix: str = "") -> Typed:
    """The inverse of `nested`."""
    if isinstance(body, dict):
        pairs = body.items()
    elif isinstance(body, list):
        pairs = {str(number): each for number, each in enumerate(body)}.items()
    else:
        return {prefix: "" if body is None else str(body)}
    found: Typed = {}
    for name, value in pairs:
        found |= flat(value, f"{prefix}.{name}" if prefix else str(name))
    return found
