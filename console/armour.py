"""What protects a page in the browser: content security policy, headers, and templates that can live with it.

The framework's templates carry inline scripts and two inline handlers. Each `<script` gets the page's nonce as the
template is read, so what a person typed never gets one; the handlers become attributes that `console.js` listens to.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextvars import ContextVar

from jinja2 import BaseLoader, Environment
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_nonce: ContextVar[str] = ContextVar("console_nonce", default="")

REPLACED = {
    "<script": '<script nonce="{{ csp_nonce() }}"',
    'onclick="applyColumnVisibility()"': 'data-console-call="applyColumnVisibility"',
    'onchange="window.location = this.value"': "data-console-go",
    # Said in English alone, or not said to the framework's catalogues.
    "{{ view.menu_label }}": "{{ _(view.menu_label) }}",
    "{{ item.menu_label }}": "{{ _(item.menu_label) }}",
    'data-bs-dismiss="alert" aria-label="close"': 'data-bs-dismiss="alert" href="#" aria-label="{{ _(\'关闭\') }}"',
}
"""In templates that are not ours: what a policy without `unsafe-inline` would stop, what is said in one language
only, and what stands for it."""

ASSET_SECONDS = 3600


def csp_nonce() -> str:
    return _nonce.get()


class Hardened(BaseLoader):
    """Hands out the templates of another loader with `REPLACED` applied."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, fresh = self._inner.get_source(environment, template)
        for old, new in REPLACED.items():
            source = source.replace(old, new)
        return source, path, fresh

    def list_templates(self) -> list[str]:
        return self._inner.list_templates()


def policy(nonce: str) -> str:
    """Nothing from elsewhere, no script without the nonce. Styles: the charts and the theme set them inline."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


class PageHeaders:
    """A nonce and a policy for each page; files of the console may be kept and are sent compressed. Pages are not
    compressed: they hold secrets (the form token) beside what others typed (BREACH)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.files = GZipMiddleware(app, minimum_size=1024)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_file = scope["path"].startswith(scope.get("root_path", "") + "/static/")
        nonce = secrets.token_urlsafe(16)
        _nonce.set(nonce)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if is_file:
                    headers["Cache-Control"] = f"public, max-age={ASSET_SECONDS}"
                else:
                    headers["Content-Security-Policy"] = policy(nonce)
                headers.setdefault("Referrer-Policy", "same-origin")
            await send(message)

        await (self.files if is_file else self.app)(scope, receive, sending)
