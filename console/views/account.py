"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.routing import route

from ..door import Page


class Account(Page):
    name = "account"
    path = "/account"
    menu_label = "账号"
    add_to_menu = False

    @route("", name="account")
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
