"""What an office may set: day counts, thresholds, scopes, numbering (rules.toml), and the calendar.

Pure shapes; `runtime.settings` reads the file, `activities.calendar` builds the calendar.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from .enums import ChangeKind, Department, Indicator, Level, Resource, Step, UnitKind, WarningLevel
from .shape import Line, Shape

Days = Annotated[int, Field(ge=1, le=250)]


class OfficeRules(Shape):
    """Who issues, and how documents are signed and numbered. The place is fictional by default, and production refuses
    it. `duty_officer` is the person of the gate 受理岗: 经办 of what no officer did, and of letters about a case that
    nobody examined yet."""

    name: Line = "示范市机构编制委员会办公室"
    series_prefix: Line = "示"
    duty_officer: Line = "韩示理"
    contact: Line = "0000-8001230"
    organisation_name: Line = "中共示范市委组织部"
    personnel_name: Line = "示范市人力资源和社会保障局"
    finance_name: Line = "示范市财政局"
    social_insurance_name: Line = "示范市社会保险事业服务中心"
    local_rule: Line = "《示范市事业单位机构编制管理办法》"
    level: Level = Level.CITY
    commission_name: Line = "示范市机构编制委员会"
    party_committee_name: Line = "中共示范市委员会"
    upper_name: Line = "示范省机构编制委员会办公室"

    def fictional(self) -> list[str]:
        """The names and numbers that are still those of the fictional place. 代字 and level may be an office's own."""
        own_anywhere = {"series_prefix", "level"}
        fields = type(self).model_fields
        return [name for name in fields if name not in own_anywhere and getattr(self, name) == fields[name].default]


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
    exit: Days = 5
    consult_organisation: Days = 10
    consult_personnel: Days = 10
    consult_finance: Days = 10
    decide: Days = 30
    sign: Days = 5
    obligation_filing: Days = 20
    obligation_congress: Days = 20
    obligation_certificate: Days = 15
    obligation_registration: Days = 20
    obligation_disclosure: Days = 20
    extend: Days = 3
    warn: Days = 3
    propose_suspension: Days = 3
    suspend: Days = 5
    exceptional_acceptance: Days = 5
    site_check: Days = 10
    propose_lifting: Days = 3
    lift: Days = 5
    remind: Days = 3
    inspect: Days = 5
    inspection_report: Days = 10
    review: Days = 5
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


class RemovalRules(Shape):
    """出编: how soon after the event it is reported (domain.md §9: 10 to 15 working days in practice)."""

    report_days: Days = 10


DECIDING = (Department.ESTABLISHMENT, Department.COMMISSION, Department.PARTY_COMMITTEE, Department.UPPER)
"""Bodies that may decide a change, from the lowest to the highest."""


class AuthorityRow(Shape):
    """One row of the matrix of authority 审批权限 (domain.md §1.2): the first row that fits decides.

    `matter` and the conditions pick the change: `objects` kinds of units (all when empty), `rank_from` the lowest
    rank it begins at, `across_levels` only moves between levels, `increase` only a rise. `decides` is the body;
    `beyond` says what becomes of a matter of the upper body: `refuse`, with that body named, or `send-up`, when
    the case waits for its decision. `obligations` are the duties after the reply.
    """

    matter: list[ChangeKind]
    objects: list[UnitKind] = []
    resources: list[Resource] = []
    rank_from: Line | None = None
    across_levels: bool = False
    increase: bool | None = None
    decides: Department
    body: Line | None = None
    beyond: Literal["refuse", "send-up"] = "send-up"
    clause: Line
    obligations: list[Step] = []

    @field_validator("decides")
    @classmethod
    def _decides_at_all(cls, value: Department) -> Department:
        if value not in DECIDING:
            raise ValueError(f"只能是 {'、'.join(DECIDING)} · must be one of these")
        return value

    @field_validator("obligations")
    @classmethod
    def _is_a_duty(cls, value: list[Step]) -> list[Step]:
        if any(not step.value.startswith("obligation-") for step in value):
            raise ValueError("只能是 obligation-… 各项 · only obligation-… steps")
        return value


_ORGANS = [UnitKind.ORGAN, UnitKind.MIXED]
_INSTITUTIONS = [UnitKind.INSTITUTION, UnitKind.CIVIL_SERVICE_LIKE]
_ORGAN_HEADCOUNT = [Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.WORKER]
_SET_UP = [ChangeKind.ESTABLISH, ChangeKind.ABOLISH, ChangeKind.MERGE]
_STANDING = [*_SET_UP, ChangeKind.RENAME, ChangeKind.RERANK]
_SHOWN = [Step.OBLIGATION_CERTIFICATE, Step.OBLIGATION_DISCLOSURE]
_ORDINANCE = "《地方各级人民政府机构设置和编制管理条例》"
_PARTY_RULES = "《中国共产党机构编制工作条例》"

DEFAULT_AUTHORITY = [
    AuthorityRow(
        matter=[ChangeKind.REALLOCATE, ChangeKind.MERGE],
        resources=_ORGAN_HEADCOUNT,
        across_levels=True,
        decides=Department.UPPER,
        body="国务院机构编制管理机关",
        beyond="refuse",
        clause=f"{_ORDINANCE}第十八条",
    ),
    AuthorityRow(
        matter=[ChangeKind.REALLOCATE],
        across_levels=True,
        decides=Department.UPPER,
        clause=f"{_PARTY_RULES}第十四条",
        obligations=_SHOWN,
    ),
    AuthorityRow(
        matter=_SET_UP,
        objects=_ORGANS,
        decides=Department.UPPER,
        clause=f"{_ORDINANCE}第九条",
        obligations=[Step.OBLIGATION_CONGRESS, *_SHOWN],
    ),
    AuthorityRow(
        matter=[ChangeKind.RENAME, ChangeKind.RERANK],
        objects=_ORGANS,
        decides=Department.UPPER,
        clause=f"{_ORDINANCE}第九条",
        obligations=_SHOWN,
    ),
    AuthorityRow(
        matter=_STANDING,
        objects=_INSTITUTIONS,
        rank_from="副处级",
        decides=Department.UPPER,
        clause=f"{_PARTY_RULES}第十四条",
        obligations=[Step.OBLIGATION_REGISTRATION, *_SHOWN],
    ),
    AuthorityRow(
        matter=_STANDING,
        objects=_INSTITUTIONS,
        decides=Department.COMMISSION,
        clause=f"{_PARTY_RULES}第十四条",
        obligations=[Step.OBLIGATION_REGISTRATION, *_SHOWN],
    ),
    AuthorityRow(
        matter=[ChangeKind.INTERNAL_BODIES],
        decides=Department.ESTABLISHMENT,
        clause=f"{_ORDINANCE}第十三条",
        obligations=_SHOWN,
    ),
    AuthorityRow(
        matter=[ChangeKind.POSTS],
        rank_from="副处级",
        decides=Department.COMMISSION,
        clause=f"{_PARTY_RULES}第十四条",
        obligations=[Step.OBLIGATION_FILING, *_SHOWN],
    ),
    AuthorityRow(
        matter=[
            ChangeKind.RESUBORDINATE,
            ChangeKind.EXTRA_NAME,
            ChangeKind.HEADCOUNT,
            ChangeKind.REALLOCATE,
            ChangeKind.POSTS,
        ],
        decides=Department.COMMISSION,
        clause=f"{_PARTY_RULES}第十四条",
        obligations=_SHOWN,
    ),
]
"""The default matrix; a matter that no row fits is beyond the local authority."""


class ChangeRules(Shape):
    """机构编制调整: who countersigns, what the evaluation looks back on, and the matrix of authority."""

    evaluation_years: Annotated[int, Field(ge=1, le=20)] = 3
    comparable_units: Annotated[int, Field(ge=1, le=20)] = 5
    defer_days: Days = 30
    ranks: list[Line] = [
        "正部级",
        "副部级",
        "正厅级",
        "副厅级",
        "正处级",
        "副处级",
        "正科级",
        "副科级",
        "正股级",
        "副股级",
        "未定级",
    ]
    authority: list[AuthorityRow] = DEFAULT_AUTHORITY

    @model_validator(mode="after")
    def _ranks_are_known(self) -> Self:
        """A rank that is misspelt would silently hand the matter to the next row, a lower body."""
        for number, row in enumerate(self.authority, 1):
            if row.rank_from is not None and row.rank_from not in self.ranks:
                raise ValueError(f"authority 第{number}行的 rank_from “{row.rank_from}”不在 ranks 之列 · not in ranks")
        return self


class RectificationRules(Shape):
    """整改—暂停受理: when the gate closes, whom it covers, who decides (domain.md §2.4; A §三 says 原则上)."""

    suspend_at: Literal["due", "discovery"] = "due"
    covers_subordinates: bool = True
    holds_cases_under_way: bool = True
    remind_before: Annotated[int, Field(ge=0, le=30)] = 3
    decided_by: Department = Department.COMMISSION
    extension_maximum: Days = 30
    exception_days_maximum: Annotated[int, Field(ge=1, le=365)] = 90
    report_days: Days = 10


class MonitoringRules(Shape):
    """监测预警: thresholds of the monitors, the ladder, and when they run (A §四; domain.md §2.5).

    An indicator without a level is not watched. After a warning is closed its unit is left in peace over the same
    indicator for `quiet_days`; one run raises at most `most_at_once`.
    """

    high_use_percent: Annotated[int, Field(ge=50, le=100)] = 95
    high_use_least: Annotated[int, Field(ge=1, le=1000)] = 10
    changes_number: Annotated[int, Field(ge=1, le=100)] = 3
    changes_days: Annotated[int, Field(ge=1, le=3650)] = 90
    long_vacancy_months: Annotated[int, Field(ge=1, le=120)] = 12
    long_vacancy_percent: Annotated[int, Field(ge=1, le=100)] = 20
    stale_days: Annotated[int, Field(ge=1, le=3650)] = 400
    answer_days: Days = 5
    reply_days: Days = 10
    team_at_least: Annotated[int, Field(ge=2, le=20)] = 2
    hour: Annotated[int, Field(ge=0, le=23)] = 2
    quiet_days: Annotated[int, Field(ge=1, le=3650)] = 90
    most_at_once: Annotated[int, Field(ge=1, le=10_000)] = 100
    levels: dict[Indicator, WarningLevel] = {
        Indicator.OVER_QUOTA: WarningLevel.WARN,
        Indicator.OVER_POSTS: WarningLevel.WARN,
        Indicator.HIGH_USE: WarningLevel.REMIND,
        Indicator.FREQUENT_CHANGES: WarningLevel.REMIND,
        Indicator.REMOVAL_OVERDUE: WarningLevel.WARN,
        Indicator.LONG_VACANCY: WarningLevel.REMIND,
        Indicator.STALE_DATA: WarningLevel.REMIND,
        Indicator.PUBLIC_EVENT: WarningLevel.INSPECT,
    }


class LogRules(Shape):
    """存证日志: when the rows of the day are appended to the transparency log (ledger.md rule 7)."""

    hour: Annotated[int, Field(ge=0, le=23)] = 3


class ReconciliationRules(Shape):
    """核对: every how many hours, and at which minute, all stores are compared with each other."""

    hours: Annotated[int, Field(ge=1, le=24)] = 1
    minute: Annotated[int, Field(ge=0, le=59)] = 20


class Rulebook(Shape):
    """All settings of practice. `version` is the digest of the file that it was read from."""

    version: str = "default"
    office: OfficeRules = OfficeRules()
    deadlines: DeadlineRules = DeadlineRules()
    slip: SlipRules = SlipRules()
    staffing: StaffingRules = StaffingRules()
    removal: RemovalRules = RemovalRules()
    change: ChangeRules = ChangeRules()
    rectification: RectificationRules = RectificationRules()
    monitoring: MonitoringRules = MonitoringRules()
    log: LogRules = LogRules()
    reconciliation: ReconciliationRules = ReconciliationRules()
    holidays: list[date] = []
    workdays: list[date] = []


class Calendar(Shape):
    """State Council holidays and make-up days. A year outside `published` is counted Monday to Friday and
    shown as provisional until it is published."""

    version: str
    published: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]
