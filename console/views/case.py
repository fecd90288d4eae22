"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.routing import route

from ..door import Page


class CasePage(Page):
    name = "case"
    path = "/cases/{case_id}"
    menu_label = "事项"
    add_to_menu = False

    @route("", name="case")
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
