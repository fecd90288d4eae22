"""What every command shares: where it writes, how it says a fact, and how it ends with a finding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from models.faults import NotDone

from .faults import Away
from .settings import Settings, load_settings, unknown_variables

FINDING = 1
WRONG = 2
SHOWN_FAULTS = 50

console = Console()
errors = Console(stderr=True)

Report = Callable[[str, int, int], None]
"""(what, done, total) of long work."""

Json = Annotated[bool, typer.Option("--json", help="输出 JSON · print facts as JSON")]


def settings_here() -> Settings:
    """The settings of the environment; a `DINGBIAN_` variable that nothing reads is named."""
    for name in unknown_variables():
        errors.print(f"未知设置 {name}，已忽略 · unknown setting {name} is ignored", soft_wrap=True)
    return load_settings()


def say(text: str) -> None:
    console.print(escape(text), soft_wrap=True)


def complain(text: str) -> None:
    """One finding, on standard error."""
    errors.print(f"[red]✗[/] {escape(text)}", soft_wrap=True)


def print_json(facts: Any) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))


@contextmanager
def to_be_started_again() -> Iterator[None]:
    """Of a process that is supervised: what may soon be there again is no wrong setting, and ends it with status 1."""
    try:
        yield
    except Away as fault:
        raise NotDone(str(fault)) from None


def finding() -> NoReturn:
    """Ends the command with status 1: it did its work, and what it found is not well."""
    raise typer.Exit(FINDING)


@contextmanager
def progress_bar(console: Console) -> Iterator[Report]:
    """A bar for each phase of long work, drawn only when there is any."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(escape(phase), total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield report
