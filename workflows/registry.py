"""Every workflow of the worker."""

from __future__ import annotations

from .early_warning import EarlyWarning
from .establishment_change import EstablishmentChange
from .log import DailyLog
from .monitoring import Monitoring
from .reconciliation import Reconciliation
from .rectification import Rectification
from .removing_staff import RemovingStaff
from .staffing_up import StaffingUp

WORKFLOWS = [
    StaffingUp,
    RemovingStaff,
    EstablishmentChange,
    Rectification,
    EarlyWarning,
    Monitoring,
    DailyLog,
    Reconciliation,
]
