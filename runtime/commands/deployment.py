"""`dingbian deployment …`: which version of the worker takes new work (decision 0053)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.table import Table
from temporalio.client import Client

from rules.deadlines import SHANGHAI

from ..assembly import assembled
from ..client import connected
from ..deployment import Deployment, described, make_current, ramp
from ..faults import StartFault
from ..terminal import Json, console, print_json, say, settings_here

app = typer.Typer()
deployment = typer.Typer(help="工作进程的版本 · versions of the worker", no_args_is_help=True)
app.add_typer(deployment, name="deployment")

Version = Annotated[str, typer.Argument(help="版本，即 DINGBIAN_WORKER_VERSION · the version")]


@deployment.command("show")
def deployment_show(as_json: Json = False) -> None:
    """列出工作进程的各个版本，哪个在接新的工作 · List the versions and which one takes new work."""
    _show(_changed(None), as_json)


@deployment.command("current")
def deployment_current(
    version: Annotated[str, typer.Argument(help="版本 · the version")] = "",
    unversioned: Annotated[
        bool, typer.Option("--unversioned", help="交还给没有版本的工作进程 · back to workers without a version")
    ] = False,
    as_json: Json = False,
) -> None:
    """新的工作交给这个版本；随时可以交还 · Hand new work to this version; it can be handed back at any time."""
    if bool(version) == unversioned:
        raise StartFault("写明版本，或者用 --unversioned · name a version, or --unversioned")
    _show(_changed(lambda client, name: make_current(client, name, version or None)), as_json)


@deployment.command("ramp")
def deployment_ramp(
    version: Version,
    percent: Annotated[float, typer.Argument(min=0, max=100, help="百分之几；0 即停止 · percent; 0 ends it")],
    as_json: Json = False,
) -> None:
    """先把一部分新的工作交给这个版本 · Hand a part of new work to this version first."""
    _show(_changed(lambda client, name: ramp(client, name, version if percent else None, percent)), as_json)


def _changed(change: Callable[[Client, str], Awaitable[None]] | None) -> Deployment:
    """The deployment, after the change if there is one."""
    settings = settings_here()

    async def act(name: str) -> Deployment:
        client = await connected(settings, parts.keyring)
        if change is not None:
            await change(client, name)
        return await described(client, name)

    with assembled(settings) as parts:
        return asyncio.run(act(settings.worker_deployment))


def _show(found: Deployment, as_json: bool) -> None:
    if as_json:
        print_json(found.facts())
        return
    table = Table(title=f"工作进程 {found.name} · worker versions", title_justify="left")
    for heading in ("版本 version", "状态 status", "自何时 since"):
        table.add_column(heading)
    for each in found.versions:
        table.add_row(each.version, each.status, each.since.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))
    console.print(table)
    say(f"新的工作交给 · new work goes to: {found.current or '没有版本的工作进程 workers without a version'}")
    if found.ramping:
        say(f"其中 {found.percent:g}% 交给 · of it to: {found.ramping}")
