"""A document that was read beside its context: which field was found at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.read_docx import Read


@dataclass
class Page:
    """A document that was read, its context, and which fields have been found at their places."""

    read: Read
    values: dict[str, Any]
    found: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        return bool(self.values[name])

    def fill(self, pattern: str, item: dict[str, Any] | None = None, path: str = "", number: int = 0) -> str:
        """The pattern with {field} from the context, {.field} from the item of a list at `path`, {#} its number, which
        a single item does not bear."""
        if path and len(self.values[path]) == 1:
            pattern = pattern.replace("{#}. ", "")

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name == "#":
                return str(number)
            if name.startswith("."):
                assert item is not None
                self.found.add(f"{path}[].{name[1:]}")
                return str(item[name[1:]])
            self.found.add(name)
            found: Any = self.values
            for step in name.split("."):
                found = found[step]
            return str(found)

        return re.sub(r"\{([#.a-z_]+)\}", value, pattern)

    def says(self, style: str, *patterns: str) -> None:
        """One paragraph of the style says each of the patterns, all of it."""
        for pattern in patterns:
            assert self.fill(pattern) in self.read.styled(style), f"{style}: {pattern}"

    def lines(self, style: str, name: str) -> None:
        """Each line of a long text is a paragraph of the style."""
        self.found.add(name)
        for line in str(self.values[name]).split("\n"):
            assert not line or line in self.read.styled(style), f"{style}: {name}"

    def items(self, path: str, pattern: str) -> None:
        """The paragraphs of a list, in order and without another between them."""
        said = [text for name, text in self.read.paragraphs if name == "公文正文"]
        wanted = [self._item(pattern, path, place, item) for place, item in enumerate(self.values[path], start=1)]
        starts = [place for place in range(len(said)) if said[place : place + len(wanted)] == wanted]
        assert not wanted or starts, f"{path}: {wanted[0]} … not in {said}"

    def _item(self, pattern: str, path: str, number: int, item: Any) -> str:
        if isinstance(item, dict):
            return self.fill(pattern, item, path, number)
        self.found.add(f"{path}[]")
        return self.fill(pattern, None, path, number).replace("{}", str(item))

    def cell(self, label: str, pattern: str) -> None:
        """The cell right of the label."""
        wanted = self.fill(pattern)
        right = [row[at + 1] for grid in self.read.tables for row in grid for at in _places(row, label)]
        assert wanted in right, f"{label}: {wanted} not in {right}"

    def block(self, name: str, *patterns: str) -> None:
        """Lines of the wide cell right of a block's name, which is written two characters a line."""
        side = "\n".join(name[place : place + 2] for place in range(0, len(name), 2))
        rows = [row[1] for grid in self.read.tables for row in grid if row[0] == side and len(row) == 2]
        for pattern in patterns:
            wanted = self.fill(pattern)
            assert any(_holds(text, wanted) for text in rows), f"{name}: {wanted} not in {rows}"

    def table(self, path: str, titles: tuple[str, ...], names: tuple[str, ...]) -> None:
        """Rows below the headings, one an item, each value below its heading; / parts two lines of a cell."""
        wanted = [[self._value(name, path, item) for name in names] for item in self.values[path]]
        heads = [title.replace("/", "\n") for title in titles]
        found = [
            [row[-len(heads) :] for row in grid[at + 1 : at + 1 + len(wanted)]]
            for grid in self.read.tables
            for at, row in enumerate(grid)
            if row[-len(heads) :] == heads
        ]
        assert wanted in found, f"{path}: {wanted} not in {found}"

    def _value(self, name: str, path: str, item: dict[str, Any]) -> str:
        names = name.split("/")
        self.found |= {f"{path}[].{each}" for each in names}
        return "\n".join(str(item[each]) for each in names)


def _places(row: list[str], label: str) -> Iterator[int]:
    return (place for place, text in enumerate(row[:-1]) if text == label)


def _holds(cell: str, wanted: str) -> bool:
    """The cell is the text, or has it as whole lines."""
    return f"\n{wanted}\n" in f"\n{cell}\n"
