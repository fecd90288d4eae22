"""Every workflow of the worker."""

from __future__ import annotations

from .staffing_up import StaffingUp

WORKFLOWS = [StaffingUp]
