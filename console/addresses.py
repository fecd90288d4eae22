"""The page that an address belongs to: one that only takes forms has no page of its own, yet stands in the address bar
after a form that was answered with a page."""

from __future__ import annotations

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.routing import Match, Route


def page_address(request: Request) -> URL:
    """The address under which what is shown can be asked for again, by a link or by Enter in the address bar."""
    return request.url if request.method == "GET" else readable(request)


def readable(request: Request) -> URL:
    """The address itself where it has a page, else the nearest one above it that has."""
    base = str(request.scope.get("root_path", ""))
    path = str(request.scope["path"]).removeprefix(base)
    if _has_page(request, base + path):
        return request.url
    while path:
        path = path.rpartition("/")[0]
        if _has_page(request, base + (path or "/")):
            break
    return request.url.replace(path=base + (path or "/"), query="")


def _has_page(request: Request, path: str) -> bool:
    asked = {**request.scope, "method": "GET", "path": path}
    return any(
        isinstance(route, Route) and route.matches(asked)[0] is Match.FULL for route in request.scope["app"].routes
    )
