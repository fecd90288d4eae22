"""Composition root of the API process: settings → engine → client → FastAPI with the console → uvicorn. No logic."""

from __future__ import annotations

import uvicorn

from activities.deps import Deps
from api.app import create_app
from api.deps import Runtime, utc_now
from console.site import mount
from records.render import Renderer

from .assembly import Parts, assembled
from .certificate import Composer
from .client import Temporal
from .ports import check_port
from .rehearsal import Rehearser
from .settings import Settings, temporal_namespace

DRAIN_SECONDS = 5  # open event streams would otherwise keep a stopping server for ever


def serve_api(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises StartFault when it must not start."""
    with assembled(settings) as parts:
        check_port(settings.api_host, settings.api_port, "DINGBIAN_API_PORT", "API")
        runtime = Runtime(
            settings=settings,
            database=parts.database,
            store=parts.store,
            temporal=Temporal(settings, parts.keyring),
            rulebook=parts.rulebook,
            calendar=parts.calendar,
            keyring=parts.keyring,
            namespace=temporal_namespace(),
            rehearse=Rehearser(_deps(parts), utc_now),
            compose=_composer(parts),
        )
        app = create_app(runtime)
        mount(app, runtime)
        uvicorn.run(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,  # ours strikes out identity numbers
            access_log=False,  # a path may hold what a person typed; the trace of commands is in the register
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )


def _composer(parts: Parts) -> Composer:
    renderer = Renderer(hash_name=parts.settings.hash)
    return Composer(renderer, parts.rulebook, parts.settings.public_url, utc_now)


def _deps(parts: Parts) -> Deps:
    """For rehearsals, which render nothing: the renderer names templates and keeps none in the store."""
    return Deps(
        database=parts.database,
        store=parts.store,
        renderer=Renderer(hash_name=parts.settings.hash),
        rulebook=parts.rulebook,
        calendar=parts.calendar,
        public_url=parts.settings.public_url,
    )
