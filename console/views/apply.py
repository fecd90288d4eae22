"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.routing import route

from ..door import Page


class Apply(Page):
    name = "apply"
    path = "/apply"
    menu_label = "申请"
    add_to_menu = True

    @route("", name="apply")
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
