"""The command that runs the worker alone."""

from __future__ import annotations

import asyncio

import typer

from worker import serve

from ..logs import set_up_logging
from ..terminal import settings_here, to_be_started_again

app = typer.Typer()


@app.command()
def worker() -> None:
    """只运行工作进程 · Run the worker alone."""
    settings = settings_here()
    set_up_logging(form=settings.log_format)
    with to_be_started_again():
        asyncio.run(serve(settings))
