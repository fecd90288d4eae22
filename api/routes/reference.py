"""The interface about itself: the OpenAPI document and a page for people, without a script or an outside request."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from ..door import router
from ..html import page

routes = router("reference")


@routes.get("/openapi.json", operation_id="read_openapi", summary="OpenAPI 3.1", include_in_schema=False)
def read_openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@routes.get("/reference", operation_id="read_reference", summary="接口一览 · reference", include_in_schema=False)
def read_reference(request: Request) -> HTMLResponse:
    document = request.app.openapi()
    return page(document["info"]["title"], table(document))


def table(document: dict[str, Any]) -> str:
    """One table of every operation: method, path, summary, what it may answer."""
    rows = [
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation['summary'])}<br>{escape(operation.get('description', ''))}</td>"
        f"<td>{escape(' '.join(sorted(operation['responses'])))}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return (
        f'<h1>{escape(document["info"]["title"])}</h1><p><a href="openapi.json">openapi.json</a></p>'
        "<table><thead><tr><th>方法</th><th>路径</th><th>说明</th><th>状态码</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
