"""Pages for people: one file each, without a script, a picture or an outside request."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

from fastapi.responses import HTMLResponse

from .middleware import CLOSED

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "code{font-family:ui-monospace,monospace}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}"
    "table{border-collapse:collapse}tr{border-bottom:1px solid #ddd}"
    ".said{font-size:1.6rem;font-weight:bold;margin:1rem 0}.well{color:#1a6b2f}.ill{color:#a11}"
)
_CSP = f"{CLOSED}; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"


def page(title: str, body: str, **headers: str) -> HTMLResponse:
    """A whole page. `title` is text, `body` is HTML whose values the caller has escaped."""
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>",
        headers={"Content-Security-Policy": _CSP, **headers},
    )
