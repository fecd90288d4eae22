"""A field bears the path of what it becomes: `persons.0.name` is body["persons"][0]["name"]. So one reader makes every
body, and a fault that the model finds leads back to its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import ValidationError
from starlette.datastructures import FormData

from api.problems import field_errors

from ..words import _, said

Kind = Literal["line", "text", "number", "date", "moment", "choice", "yes-no", "checks", "tick", "lines", "constant"]
SHANGHAI_OFFSET = "+08:00"


@dataclass(frozen=True, slots=True)
class Field:
    """One control. `needed` are the verdicts (or "always") for which it must be filled; `only_for` those with which it
    is sent at all. `value` is what the control shows: text, or the ticked values. A `constant` has no control; it is
    sent with the row that it stands in."""

    name: str
    label: str
    kind: Kind = "line"
    hint: str = ""
    needed: frozenset[str] = frozenset()
    only_for: frozenset[str] = frozenset()
    options: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[str, ...] = ()
    value: str | tuple[str, ...] = ""
    error: str = ""
    least: str = ""
    most: str = ""
    longest: int = 200
    constant: str | int | bool | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading. `rows`: one of several alike; a row that is left empty is not sent."""

    legend: str
    fields: tuple[Field, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """`parts` in order; `error` is what concerns no single field."""

    name: str
    parts: tuple[Field | Group, ...]
    key: str
    error: str = ""
    clause: str = ""
    open: bool = False

    @property
    def fields(self) -> Iterator[Field]:
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.fields
            else:
                yield part

    @property
    def faulty(self) -> bool:
        return bool(self.error) or any(each.error for each in self.fields)


@dataclass(slots=True)
class Read:
    """What was typed, as the body that it makes; `came_from` leads a path of the body back to the field."""

    body: dict[str, Any]
    came_from: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


ALWAYS = frozenset({"always"})


def typed(form: FormData, each: Field) -> str | tuple[str, ...]:
    if each.kind == "checks":
        return tuple(str(value) for value in form.getlist(each.name))
    value = form.get(each.name)
    return value.strip() if isinstance(value, str) else ""


def filled(form: Form, data: FormData, faults: Mapping[str, str], error: str = "", clause: str = "") -> Form:
    """The form as it was sent, with what is wrong beside the fields."""

    def one(each: Field) -> Field:
        value = each.value if each.kind == "constant" else typed(data, each)
        return replace(each, value=value, error=faults.get(each.name, ""))

    parts = tuple(
        replace(part, fields=tuple(one(each) for each in part.fields)) if isinstance(part, Group) else one(part)
        for part in form.parts
    )
    named = {each.name for each in form.fields}
    rest = "；".join(dict.fromkeys(text for name, text in faults.items() if name not in named))
    return replace(form, parts=parts, error="；".join(text for text in (error, rest) if text), clause=clause, open=True)


def read(form: Form, data: FormData, verdict: str = "") -> Read:
    """The body of what was typed; fields that this verdict does not send are left out."""
    values: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for each in form.fields:
        if each.only_for and verdict not in each.only_for:
            continue
        value = _value(each, typed(data, each))
        if each.kind == "constant":
            constants[each.name] = value
        elif value is not None:
            values[each.name] = value
        elif _wanted(each, verdict):
            faults[each.name] = _("必填")
    for name, value in constants.items():
        row = name.rpartition(".")[0]
        if not row or any(other.startswith(row + ".") for other in values):
            values[name] = value
    faults = {name: text for name, text in faults.items() if _counts(name, form, values)}
    came_from: dict[str, str] = {}
    body = _nested(values, came_from)
    return Read(body, came_from, faults)


def _wanted(each: Field, verdict: str) -> bool:
    return "always" in each.needed or verdict in each.needed


def _counts(name: str, form: Form, values: Mapping[str, Any]) -> bool:
    """An empty row of a repeated group lacks nothing."""
    for part in form.parts:
        if isinstance(part, Group) and part.repeated and any(each.name == name for each in part.fields):
            return any(each.name in values for each in part.fields)
    return True


def _value(each: Field, text: str | tuple[str, ...]) -> Any:
    """None when nothing was typed."""
    if each.kind == "constant":
        return each.constant
    if isinstance(text, tuple):
        return list(text) or None
    if each.kind == "tick":
        return bool(text)
    if not text:
        return None
    match each.kind:
        case "number":
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text
        case "yes-no":
            return {"yes": True, "no": False}.get(text, text)
        case "moment":
            return text + SHANGHAI_OFFSET
        case "lines":
            return [part.strip() for part in text.replace("、", "\n").replace("，", "\n").splitlines() if part.strip()]
        case "text":
            return text.replace("\r\n", "\n")
        case _:
            return text


def _nested(values: Mapping[str, Any], came_from: dict[str, str]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for name, value in values.items():
        here: dict[str, Any] = root
        *way, last = name.split(".")
        for part in way:
            here = here.setdefault(part, {})
        here[last] = value
    return {key: _listed(value, key, key, came_from) for key, value in root.items()}


def _listed(value: Any, path: str, name: str, came_from: dict[str, str]) -> Any:
    """Dicts whose keys are numbers become lists without gaps."""
    came_from[path] = name
    if not isinstance(value, dict):
        return value
    if all(key.isdecimal() for key in value):
        ordered = sorted(value, key=int)
        return [_listed(value[key], f"{path}.{n}", f"{name}.{key}", came_from) for n, key in enumerate(ordered)]
    return {key: _listed(each, f"{path}.{key}", f"{name}.{key}", came_from) for key, each in value.items()}


def faults_of(error: ValidationError, asked: Read, tags: Sequence[str] = ()) -> dict[str, str]:
    """Field → what is wrong with it, in the reader's words. `tags`: names of a union's members, no part of the path."""
    found: dict[str, str] = {}
    for fault in field_errors(error.errors()):
        path = ".".join(part for part in fault.field.split(".") if part not in tags)
        name = _field_for(path, asked.came_from)
        found.setdefault(name, _in_words(name, said(fault.reason)))
    return found


def _field_for(path: str, came_from: Mapping[str, str]) -> str:
    if path in came_from:
        return came_from[path]
    before, _dot, last = path.rpartition(".")
    return f"{_field_for(before, came_from)}.{last}" if before else path


def _in_words(name: str, reason: str) -> str:
    """Where the model's words are a pattern, what a person would say."""
    match name.rpartition(".")[2]:
        case "identity_no":
            return _("应为18位，末位可为大写X")
        case "no":
            return _("用字母、数字或短横，1至20位")
        case _:
            return reason


def choices(pairs: Iterable[tuple[str, str]], blank: str | None = None) -> tuple[tuple[str, str], ...]:
    """Options of a choice; `blank` is the one that stands for nothing chosen."""
    return ((("", blank),) if blank is not None else ()) + tuple(pairs)
