"""What an office may set: day counts, thresholds, scopes, numbering (rules.toml), and the calendar.

Pure shapes; `runtime.settings` reads the file, `activities.calendar` builds the calendar.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from .enums import Department, Resource, UnitKind
from .shape import Line, Shape

Days = Annotated[int, Field(ge=1, le=250)]


class OfficeRules(Shape):
    """Who issues, and how documents are signed and numbered. The place is fictional by default."""

    name: Line = "示范市机构编制委员会办公室"
    series_prefix: Line = "示"
    duty_officer: Line = "受理岗值班员"
    contact: Line = "0000-8001230"
    organisation_name: Line = "中共示范市委组织部"
    personnel_name: Line = "示范市人力资源和社会保障局"
    finance_name: Line = "示范市财政局"
    social_insurance_name: Line = "示范市社会保险事业服务中心"
    local_rule: Line = "《示范市事业单位机构编制管理办法》"


class DeadlineRules(Shape):
    """Working days each step has (procedures.md; domain.md §9). Silence never approves."""

    examine: Days = 5
    issue: Days = 3
    approve_persons: Days = 20
    approve_exit: Days = 10
    enter: Days = 5
    finance: Days = 10
    social_insurance: Days = 10
    pay: Days = 10
    correction: Days = 10
    remind_before: Annotated[int, Field(ge=0, le=30)] = 2
    escalate_head_after: Annotated[int, Field(ge=0, le=30)] = 0
    escalate_supervisors_after: Annotated[int, Field(ge=0, le=60)] = 3
    extension_maximum: Days = 20
    reminder_by_hand_hours: Annotated[int, Field(ge=1, le=240)] = 24

    def days_for(self, step: str) -> int:
        days: int = getattr(self, step.replace("-", "_"))
        return days


class SlipRules(Shape):
    validity_months: Annotated[int, Field(ge=1, le=36)] = 6
    capped_at_year_end: bool = False


class StaffingRules(Shape):
    pay_acknowledges: bool = False
    minimum_age: int = 16
    warning_age: int = 60
    categories: dict[UnitKind, list[Resource]] = {
        UnitKind.ORGAN: [Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.WORKER],
        UnitKind.CIVIL_SERVICE_LIKE: [Resource.CIVIL_SERVICE_LIKE],
        UnitKind.INSTITUTION: [Resource.INSTITUTION_FULL, Resource.INSTITUTION_PARTIAL, Resource.INSTITUTION_SELF],
        UnitKind.MIXED: [
            Resource.ADMINISTRATIVE,
            Resource.POLITICAL_LEGAL,
            Resource.WORKER,
            Resource.CIVIL_SERVICE_LIKE,
            Resource.INSTITUTION_FULL,
            Resource.INSTITUTION_PARTIAL,
            Resource.INSTITUTION_SELF,
        ],
    }
    reserved_for_upper: dict[Resource, Department] = {}


class Rulebook(Shape):
    """All settings of practice. `version` is the digest of the file that it was read from."""

    version: str = "default"
    office: OfficeRules = OfficeRules()
    deadlines: DeadlineRules = DeadlineRules()
    slip: SlipRules = SlipRules()
    staffing: StaffingRules = StaffingRules()
    holidays: list[date] = []
    workdays: list[date] = []


class Calendar(Shape):
    """State Council holidays and make-up days. A year outside `published` is counted Monday to Friday and
    shown as provisional until it is published."""

    version: str
    published: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]
