"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.routing import route

from ..door import Page


class SupervisorsDesk(Page):
    name = "desk"
    path = "/desk"
    menu_label = "监督台"
    add_to_menu = True

    @route("", name="desk")
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
