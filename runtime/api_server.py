"""Composition root of the API process: settings → engine → client → FastAPI with the console → uvicorn. No logic."""

from __future__ import annotations

import uvicorn

from activities.deps import Deps
from api.app import create_app
from api.deps import Runtime, utc_now
from console.site import mount
from docket.audit import note_settings
from records.render import Renderer
from records.store import RecordStore

from .assembly import Parts, assembled
from .belonging import ledger_id_of
from .certificate import Composer
from .client import Temporal
from .disposing import Disposer
from .packaging import Packer
from .ports import check_port
from .rehearsal import Rehearser
from .renditions import PdfMaker, Shelf
from .self_checks import before_work
from .settings import Settings, temporal_namespace
from .signing import signer_of
from .tracing import Traced, tracing

DRAIN_SECONDS = 5  # open event streams would otherwise keep a stopping server for ever


def serve_api(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises StartFault when it must not start."""
    with assembled(settings) as parts:
        check_port(settings.api_host, settings.api_port, "DINGBIAN_API_PORT", "API")
        before_work(parts)
        with parts.database.write() as s:
            note_settings(s, _facts(parts), utc_now(), "接口启动 · start of the API")
        traced = tracing(settings, "api")
        make_pdf = PdfMaker(Shelf(parts.database, parts.store, utc_now))
        runtime = Runtime(
            settings=settings,
            database=parts.database,
            store=parts.store,
            temporal=Temporal(settings, parts.keyring, ledger_id=ledger_id_of(parts.database), traced=traced),
            rulebook=parts.rulebook,
            calendar=parts.calendar,
            keyring=parts.keyring,
            namespace=temporal_namespace(),
            rehearse=Rehearser(_deps(parts), utc_now),
            compose=_composer(parts),
            make_pdf=make_pdf,
            sign=signer_of(settings, make_pdf),
            dispose=Disposer(_deps(parts, keep=parts.store), utc_now),
            pack=Packer(_deps(parts, keep=parts.store), utc_now),
        )
        parts.database.observe = runtime.metrics.transaction
        app = create_app(runtime)
        mount(app, runtime)
        if traced is not None:
            parts.database.span = traced.transaction
        uvicorn.run(
            Traced(app, traced) if traced else app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,  # ours strikes out identity numbers
            access_log=False,  # a path may hold what a person typed; the trace of commands is in the register
            server_header=False,
            forwarded_allow_ips=settings.trusted_proxies,  # else all who come through a proxy count as one caller
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        if traced is not None:
            traced.close()


def _facts(parts: Parts) -> dict[str, str]:
    """What an operator has set, the rules included, for the audit to tell what changed."""
    facts = {name: str(getattr(parts.settings, name)) for name in type(parts.settings).model_fields}
    return facts | {"rules": parts.rulebook.version}


def _composer(parts: Parts) -> Composer:
    renderer = Renderer(hash_name=parts.settings.hash)
    return Composer(renderer, parts.rulebook, parts.settings.public_url, utc_now)


def _deps(parts: Parts, *, keep: RecordStore | None = None) -> Deps:
    """For rehearsals, which render nothing: the renderer names templates and keeps none in the store. Where
    documents are made it keeps them in `keep`, as the worker's does."""
    return Deps(
        database=parts.database,
        store=parts.store,
        renderer=Renderer(hash_name=parts.settings.hash, keep=keep),
        rulebook=parts.rulebook,
        calendar=parts.calendar,
        public_url=parts.settings.public_url,
    )
