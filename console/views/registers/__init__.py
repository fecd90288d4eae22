"""The registers, read-only: the menu 登记簿."""

from __future__ import annotations

from starlette_admin.views import BaseView, DropDown

from .base import Register
from .book import NumbersBook
from .books import Entries, Quotas, Roster
from .chain import ChainPage
from .export import Exports
from .identity import IdentityPage
from .matters import Problems, Slips, Suspensions
from .papers import Numbers, Records
from .people import Audit, Disclosures, Officers
from .units import Bodies, Units, UnitTree

ALL: tuple[Register, ...] = (
    Units(),
    Bodies(),
    Quotas(),
    Roster(),
    Entries(),
    Slips(),
    Problems(),
    Suspensions(),
    Records(),
    Numbers(),
    Officers(),
    Disclosures(),
    Audit(),
)

REGISTERS: tuple[type[BaseView] | BaseView, ...] = (
    DropDown("登记簿", views=list(ALL), icon="fa fa-book", always_open=False),
    Exports(ALL),
    UnitTree,
    IdentityPage,
    ChainPage,
    NumbersBook,
)
