"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.routing import route

from ..door import Page


class Worklist(Page):
    name = "worklist"
    path = "/worklist"
    menu_label = "待办"
    add_to_menu = True

    @route("", name="worklist")
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
