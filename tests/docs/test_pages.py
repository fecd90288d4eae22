"""Every page: links lead somewhere, promises name tests that exist, commands are commands, nothing private is told."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer

import cli
from models.rulebook import Rulebook
from tests.docs import pages
from tests.docs.pages import DOCS, PAGES, READMES, ROOT

DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PARTS = ("**背景 · Context.**", "**决定 · Decision.**", "**后果 · Consequences.**", "**由谁守护 · Enforced by.**")
PRIVATE = re.compile(r"TODO|FIXME|/tmp/|/home/|dbn_[A-Za-z0-9_-]{43}")
_MAKE = re.compile(r"(?:^|[`\s(])make ([a-z-]+)\b")
_DINGBIAN = re.compile(r"(?:^|[`\s(/])dingbian ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")


def every_link() -> Iterator[pages.Link]:
    for page in PAGES:
        yield from (link for link in pages.links(page) if not link.outside)


def told(page: Path) -> str:
    """What the page tells a reader to type: its code, in blocks and between backticks."""
    shell = [text for kind, text in pages.blocks(page) if kind in ("bash", "console")]
    return "\n".join([*shell, *pages.ticked(page)])


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def command_names() -> set[str]:
    """`up`, …, `keys new`, …: as `dingbian --help` shows them."""
    root = typer.main.get_command(cli.app)
    assert isinstance(root, cli.Commands)
    found = set()
    for name in root.list_commands(None):
        found.add(name)
        found |= {f"{name} {inner}" for inner in getattr(root.get_command(None, name), "commands", {})}
    return found


def test_every_command_of_a_room_is_a_command_of_dingbian() -> None:
    """A command that the table of `cli.py` forgot would be there and nobody could call it."""
    rooms = {each.stem for each in (ROOT / "runtime" / "commands").glob("*.py")} - {"__init__"}
    assert rooms == set(cli.ROOMS.values())
    for room in rooms:
        held = typer.main.get_group(import_module(f"runtime.commands.{room}").app).commands
        assert set(held) == {name for name, where in cli.ROOMS.items() if where == room}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in pages.links(page):
        if link.outside:
            continue
        if not link.path.exists() or (link.anchor and link.anchor not in pages.anchors(link.path)):
            lost.append(link.target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_every_command_exists(page: Path) -> None:
    code, known, targets = told(page), command_names(), make_targets()
    missing = [f"make {target}" for target in _MAKE.findall(code) if target not in targets]
    for typed in _DINGBIAN.findall(code):
        first = typed.split()[0]
        group = any(name.startswith(f"{first} ") for name in known)
        if (typed if group and " " in typed else first) not in known:
            missing.append(f"dingbian {typed}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_nothing_private_and_nothing_unfinished_is_told(page: Path) -> None:
    assert PRIVATE.findall(pages.text(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=pages.name)
def test_what_is_to_be_typed_is_well_formed(page: Path) -> None:
    """Shell blocks parse, and rules shown as TOML are rules that the program takes."""
    for kind, block in pages.blocks(page):
        if kind == "bash":
            done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
            assert done.returncode == 0, f"{block}\n{done.stderr}"
        if kind == "toml":
            Rulebook.model_validate(tomllib.loads(textwrap.dedent(block)))


def test_every_link_to_a_test_names_a_function_of_that_file() -> None:
    named = [link for link in every_link() if link.label.strip("`").startswith("test_")]
    assert named
    assert [f"{pages.name(at.page)}: {at.label}" for at in named if at.label.strip("`") not in functions(at.path)] == []


@pytest.mark.parametrize("page", READMES, ids=pages.name)
def test_every_promise_of_the_readme_has_its_test(page: Path) -> None:
    rows = pages.rows(page, "## 承诺 · Promises" if page.name == "README.md" else "## 承诺")
    assert len(rows) >= 10
    assert [row[0] for row in rows if "](tests/" not in row[-1]] == []


def test_both_readmes_make_the_same_promises() -> None:
    english, chinese = (
        {link.target for link in pages.links(page) if link.label.strip("`").startswith("test_")} for page in READMES
    )
    assert english == chinese


def test_every_page_is_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        waiting += [link.path for link in pages.links(page) if not link.outside and link.path.is_file()]
    assert sorted(pages.name(page) for page in set(PAGES) - seen) == []


def test_decisions_are_numbered_without_gap_and_all_stand_in_the_index() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    listed = {link.path for link in pages.links(DOCS / "decisions" / "README.md")}
    assert set(DECISIONS) <= listed


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_says_why_what_follows_and_what_holds_it(path: Path) -> None:
    text = pages.text(path)
    places = [text.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    holds = text[places[-1] :]
    assert "tests/" in holds or "pyproject.toml" in holds
