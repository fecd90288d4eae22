"""A page that is being built."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette_admin.auth import login_not_required
from starlette_admin.routing import route
from starlette_admin.views import CustomView

from ..permissions import PUBLIC


class Verify(CustomView):
    """The one page without sign-in, besides the sign-in itself."""

    path = "/verify"
    menu_label = "公文核验"

    def __init__(self) -> None:
        if "verify" not in PUBLIC:
            raise LookupError("the page is not public")
        super().__init__(menu_label=self.menu_label, path=self.path)

    @route("", name="verify")
    @login_not_required
    async def index(self, request: Request) -> Response:
        return PlainTextResponse("")
