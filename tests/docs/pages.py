"""Reading the documentation as its readers do: pages, links, tables, code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = sorted([*READMES, ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
_LINK = re.compile(r"\[(?P<label>[^\]\n]*)\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.M)
_TICKED = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Link:
    page: Path
    label: str
    target: str

    @property
    def path(self) -> Path:
        return (self.page.parent / self.target.partition("#")[0]).resolve() if self.target[0] != "#" else self.page

    @property
    def anchor(self) -> str:
        return self.target.partition("#")[2]

    @property
    def outside(self) -> bool:
        return self.target.startswith(("http://", "https://", "mailto:"))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", text(page))


def links(page: Path) -> Iterator[Link]:
    for found in _LINK.finditer(prose(page)):
        yield Link(page, found["label"], found["target"])


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every code block, in order."""
    return [(found["kind"], found["text"]) for found in _FENCE.finditer(text(page))]


def anchors(page: Path) -> set[str]:
    """Anchors as GitHub makes them of the headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in _HEADING.findall(text(page))
    }


def ticked(page: Path) -> set[str]:
    """Everything between single backticks."""
    return set(_TICKED.findall(prose(page)))


def rows(page: Path, heading: str) -> list[list[str]]:
    """Cells of the first table below `heading`, without its head; backticks are taken off."""
    below = text(page).partition(f"\n{heading}\n")[2]
    assert below, f"{name(page)} has no heading {heading!r}"
    found: list[list[str]] = []
    for line in below.splitlines():
        if line.startswith("|"):
            found.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        elif found:
            break
    return found[2:]
