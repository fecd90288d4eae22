"""`dingbian …`: what an operator types. Exit status 0 done, 1 a finding or a failure, 2 a wrong call or setting."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.main import get_group

from models.faults import NotDone
from runtime.faults import StartFault
from runtime.terminal import FINDING, WRONG, errors

ROOMS = {
    "up": "starting",
    "worker": "worker",
    "api": "api",
    "demo": "starting",
    "import": "importing",
    "verify": "records",
    "export": "records",
    "sign": "records",
    "certificate": "records",
    "token": "accounts",
    "officer": "accounts",
    "migrate": "keeping",
    "anchor": "keeping",
    "schedules": "keeping",
    "reconcile": "keeping",
    "keys": "keeping",
    "check": "operation",
    "backup": "operation",
    "restore": "operation",
    "deployment": "deployment",
}
"""The module of `runtime.commands` where each command is."""


class Commands(TyperGroup):
    """Opens the room of a command when it is asked for: the web, Temporal and Word take a second to load, and most
    commands need one of them or none."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        room = ROOMS.get(cmd_name)
        if room is None:
            return None
        with nothing_swept():
            return get_group(import_module(f"runtime.commands.{room}").app).commands[cmd_name]


@contextlib.contextmanager
def nothing_swept() -> Iterator[None]:
    """What modules make while they load stays: to look for garbage among it took a sixth of the time of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its frames show local values, identity numbers among them
)


@app.callback()
def dingbian() -> None:
    """定编：机构编制实名制办理 · Dingbian: real-name control of public posts"""


def main() -> None:
    """Entry point. Ends with `os._exit` after a flush: an interpreter that used the Temporal client may otherwise
    abort while it shuts down (anchors.md fact 10)."""
    os.umask(0o077)  # registers, records and logs are the office's own
    status = run_command()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):  # the reader of a pipe has gone, as with `| head`
            stream.flush()
    os._exit(status)


def run_command() -> int:
    """Runs what `sys.argv` asks for and returns the exit status; faults are told, never shown as tracebacks."""
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FINDING
    except StartFault as fault:
        errors.print(f"[bold red]✗[/] {escape(str(fault))}", soft_wrap=True)
        return WRONG
    except NotDone as fault:
        errors.print(f"[bold red]✗[/] {escape(str(fault))}", soft_wrap=True)
        return FINDING
    return 0


if __name__ == "__main__":
    main()
