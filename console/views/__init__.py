"""The pages, in the order of the menu."""

from __future__ import annotations

from starlette_admin.views import BaseView

from .account import Account
from .accounts import Accounts
from .apply import Apply
from .case import CasePage
from .desk import SupervisorsDesk
from .disposals import Disposals
from .home import Home
from .reconciliation import ReconciliationPage
from .record import RecordDetail, RecordPage
from .registers import REGISTERS
from .verify import Verify
from .worklist import Worklist

__all__ = ["PAGES_OF_THE_SITE", "Home"]

PAGES_OF_THE_SITE: tuple[type[BaseView] | BaseView, ...] = (
    Worklist,
    Apply,
    SupervisorsDesk,
    *REGISTERS,
    ReconciliationPage,
    Accounts,
    Disposals,
    RecordPage,
    RecordDetail,
    Verify,
    CasePage,
    Account,
)
