"""Every procedure and how it is conducted."""

from __future__ import annotations

from models.enums import Procedure

from . import early_warning, establishment_change, rectification, removing_staff, staffing_up
from .conduct import Conduct

CONDUCT: dict[Procedure, Conduct] = {
    Procedure.STAFFING_UP: staffing_up.CONDUCT,
    Procedure.REMOVING_STAFF: removing_staff.CONDUCT,
    Procedure.ESTABLISHMENT_CHANGE: establishment_change.CONDUCT,
    Procedure.RECTIFICATION: rectification.CONDUCT,
    Procedure.EARLY_WARNING: early_warning.CONDUCT,
}
