"""The API as one application: routes, layers, problems, OpenAPI. Composition only."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse

from . import openapi, problems
from .courier import Messenger
from .deps import Runtime
from .metrics import Measured
from .middleware import PREFIX, BodyLimit, CallersAddress, CodecCors, LastResort, SecurityHeaders
from .oidc import Vouching
from .routes import (
    applications,
    audit,
    cases,
    codec,
    events,
    health,
    ledger,
    officers,
    packages,
    records,
    recusals,
    reference,
    retention,
    substitutions,
    units,
    verify,
    worklist,
)

ROUTES = (
    applications.routes,
    cases.routes,
    recusals.routes,
    packages.routes,
    worklist.routes,
    substitutions.routes,
    officers.routes,
    audit.routes,
    units.routes,
    records.routes,
    retention.routes,
    verify.routes,
    ledger.routes,
    events.routes,
    health.routes,
    codec.routes,
    reference.routes,
)


def create_app(runtime: Runtime) -> FastAPI:
    """The API under `/api/v1`; raises LookupError when a route's operation has no rule in `api.permissions`."""
    if runtime.vouching is None and runtime.settings.oidc_audience:
        runtime.vouching = Vouching(runtime.settings)
    app = FastAPI(
        title=openapi.TITLE,
        version="0.1.0",
        openapi_url=None,  # served by routes/reference.py, without the pages that load scripts from elsewhere
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would drop the body of a command
        middleware=[
            Middleware(Measured, metrics=runtime.metrics),
            Middleware(CallersAddress),
            Middleware(SecurityHeaders, over_tls=runtime.settings.over_tls),
            Middleware(CodecCors, origin=runtime.settings.ui_origin),
            Middleware(LastResort),
            Middleware(BodyLimit),
        ],
    )
    app.state.runtime = runtime
    app.state.messenger = Messenger(runtime)
    for routes in ROUTES:
        app.router.routes.extend(routes.routes)
    for path in ("/", PREFIX, f"{PREFIX}/"):  # what a person types; not an operation, so it passes no door
        app.add_route(path, _to_reference, methods=["GET"], include_in_schema=False)
    problems.install(app)
    openapi.install(app)
    return app


def _to_reference(request: Request) -> RedirectResponse:
    return RedirectResponse(f"{PREFIX}/reference")
