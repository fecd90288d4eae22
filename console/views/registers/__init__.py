"""The registers, read-only: the menu 登记簿."""

from __future__ import annotations

from starlette_admin.views import BaseView

REGISTERS: tuple[type[BaseView] | BaseView, ...] = ()
