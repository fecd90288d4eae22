"""The command that runs the HTTP API and the console alone."""

from __future__ import annotations

import typer

from ..api_server import serve_api
from ..logs import set_up_logging
from ..terminal import settings_here, to_be_started_again

app = typer.Typer()


@app.command()
def api() -> None:
    """只运行 HTTP 接口 · Run the HTTP API alone."""
    settings = settings_here()
    set_up_logging(form=settings.log_format)
    with to_be_started_again():
        serve_api(settings)
