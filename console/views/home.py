"""`/console/`: each to where his or her day begins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.routing import route

from models.enums import Department

from ..door import Page, officer_of

OVERSEERS = (Department.SUPERVISION, Department.DISCIPLINE)


class Home(Page):
    name = "home"
    path = "/"
    menu_label = "首页"
    add_to_menu = False

    @route("", name="index")
    async def index(self, request: Request) -> Response:
        department = officer_of(request).department
        if department in OVERSEERS:
            return RedirectResponse("desk", 303)
        return RedirectResponse("officers/list" if department is Department.ADMINISTRATION else "worklist", 303)
