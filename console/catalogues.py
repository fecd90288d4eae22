"""`make words`: what the console says, and whether each text has its other language.

Texts are found where they are written (`_("…")`, `later("…")`, `menu_label = "…"` in Python; `{{ _("…") }}` and
`{% trans %}` in templates). A Chinese text wants an entry of `locales/en/*.po`; an English one comes from the
framework and wants an entry of its Chinese catalogue or of `locales/zh/*.po`. The tests keep it so.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import starlette_admin
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from .words import CHINESE, ENGLISH, LOCALES

ROOM = Path(__file__).parent
FUNCTIONS = frozenset({"_", "gettext", "lazy_gettext", "ngettext", "later"})
"""Whose first argument is a text."""
ATTRIBUTES = frozenset({"menu_label", "label"})
"""Class attributes that the framework or a page hands to `_`."""
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")
_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_FRAMEWORK = Path(starlette_admin.__file__).parent / "translations" / "zh" / "LC_MESSAGES" / "admin.po"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOM.parent)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Entry:
    place: Place
    text: str
    translation: str
    fuzzy: bool


def is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def said_in_python(path: Path) -> Iterator[tuple[str, int]]:
    """(text, line) of every literal that is handed to a function of `FUNCTIONS` or stands in `ATTRIBUTES`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONS and node.args:
            yield from _literal(node.args[0])
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign) and {_name(target) for target in each.targets} & ATTRIBUTES:
                    yield from _literal(each.value)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.IfExp):
        yield from _literal(node.body)
        yield from _literal(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value, node.lineno


def put_together() -> list[Place]:
    """Where a function of `FUNCTIONS` is handed a text made at run time from pieces."""
    return [
        Place(path, node.lineno)
        for path in sorted(ROOM.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONS and node.args
        if isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]


def said_in_templates(path: Path) -> Iterator[tuple[str, int]]:
    with path.open("rb") as source:
        found = list(extract("jinja2.ext:babel_extract", source, options={"silent": "false", "encoding": "utf-8"}))
    for line, messages, _comments, _context in found:
        for text in messages if isinstance(messages, tuple) else (messages,):
            if text:
                yield text, line


def messages() -> dict[str, list[Place]]:
    """Every text of the console and where it is said."""
    found: dict[str, list[Place]] = defaultdict(list)
    for path in sorted(ROOM.rglob("*.py")):
        for text, line in said_in_python(path):
            found[text].append(Place(path, line))
    for path in sorted((ROOM / "templates").rglob("*.html")):
        for text, line in said_in_templates(path):
            found[text].append(Place(path, line))
    return dict(found)


def literals() -> set[str]:
    """Every string of our Python: a text may stand in a table and be handed to `_` from there."""
    return {
        node.value
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def entries(locale: str) -> list[Entry]:
    found = []
    for path in sorted((LOCALES / locale).glob("*.po")):
        with path.open("rb") as source:
            catalog = read_po(source, locale=locale)
        found += [
            Entry(Place(path, message.lineno or 0), str(message.id), str(message.string), message.fuzzy)
            for message in catalog
            if message.id
        ]
    return found


def framework() -> set[str]:
    """What the framework says in Chinese itself."""
    with _FRAMEWORK.open("rb") as source:
        return {str(message.id) for message in read_po(source, locale=CHINESE) if message.id and message.string}


def faults() -> list[str]:
    """What is wrong, a line each; nothing when both languages are whole."""
    said, english, chinese = messages(), entries(ENGLISH), entries(CHINESE)
    known = {CHINESE: framework() | {entry.text for entry in chinese}, ENGLISH: {entry.text for entry in english}}
    found = []
    for text, places in said.items():
        wanted = ENGLISH if is_chinese(text) else CHINESE
        if re.search(r"[^\W\d_]", text) and text not in known[wanted]:
            found.append(f"{places[0]}: 缺 {wanted} · not in {wanted}: {text!r}")
    used = said.keys() | literals()
    found += [f"{e.place}: 已不使用 · stale: {e.text!r}" for e in english if e.text not in used]
    for entry in (*english, *chinese):
        found += [f"{entry.place}: {fault}: {entry.text!r}" for fault in _faults_of(entry)]
    return found + list(_differing(english))


def _faults_of(entry: Entry) -> Iterator[str]:
    if not entry.translation:
        yield "没有译文 · empty"
    elif sorted(PLACEHOLDER.findall(entry.text)) != sorted(PLACEHOLDER.findall(entry.translation)):
        yield "占位符不一致 · placeholders differ"
    if entry.fuzzy:
        yield "标为模糊 · marked fuzzy, so it is not used"


def _differing(found: list[Entry]) -> Iterator[str]:
    """A catalogue merged later would win by its file's name alone."""
    first: dict[str, Entry] = {}
    for entry in found:
        other = first.setdefault(entry.text, entry)
        if other.translation != entry.translation:
            yield f"{entry.place}: 与 {other.place} 译法不同 · differs: {other.translation!r}, {entry.translation!r}"


def main() -> int:
    found = faults()
    for fault in found:
        sys.stdout.write(fault + "\n")
    sys.stdout.write(f"{len(messages())} 条文字，{len(found)} 处问题 · {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
