"""The forms of applications: what is typed, the body it makes, and where each fault belongs."""

from __future__ import annotations

from models.enums import Procedure

from .base import Form
from .changing import ESTABLISHMENT_CHANGE
from .removal import REMOVING_STAFF
from .staffing import STAFFING_UP
from .supervision import EARLY_WARNING, RECTIFICATION

FORMS: dict[Procedure, Form] = {
    form.procedure: form for form in (STAFFING_UP, REMOVING_STAFF, ESTABLISHMENT_CHANGE, RECTIFICATION, EARLY_WARNING)
}
