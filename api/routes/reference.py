"""The interface about itself: the OpenAPI document and a page for people, without a script or an outside request."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from ..door import router

routes = router("reference")

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "code{font-family:ui-monospace,monospace}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}"
    "table{border-collapse:collapse}tr{border-bottom:1px solid #ddd}"
)
_CSP = f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"


@routes.get("/openapi.json", operation_id="read_openapi", summary="OpenAPI 3.1", include_in_schema=False)
def read_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@routes.get("/reference", operation_id="read_reference", summary="接口一览 · reference", include_in_schema=False)
def read_reference(request: Request) -> HTMLResponse:
    return HTMLResponse(page(request.app.openapi()), headers={"Content-Security-Policy": _CSP})


def page(document: dict[str, Any]) -> str:
    """One table of every operation: method, path, summary, what it may answer."""
    rows = [
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation['summary'])}<br>{escape(operation.get('description', ''))}</td>"
        f"<td>{escape(' '.join(sorted(operation['responses'])))}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'</head><body><h1>{title}</h1><p><a href="openapi.json">openapi.json</a></p>'
        "<table><thead><tr><th>方法</th><th>路径</th><th>说明</th><th>状态码</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></body></html>"
    )
