"""What a unit asks for, one model per procedure. Well-formedness beyond these types is judged by the
acceptance gate, so that a fault becomes a written correction notice and not a bare HTTP error."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from .changes import Change
from .enums import ChangeKind, ExitReason, Indicator, ProblemSource, Procedure, Resource, WarningLevel, Way
from .shape import BirthDate, Count, Day, IdentityNo, Line, Name, Shape, Text, Token, UnitCode


class CollectiveDecision(Shape):
    """The unit's own collective decision 班子集体研究: meeting name and date."""

    meeting: Line = Field(default="", examples=["局党组会议〔2026〕第8次"])
    date: Day


class StaffingLine(Shape):
    """One line of a staffing-up application: `number` posts of one resource."""

    resource: Resource
    number: Count
    way: Way
    internal_body: Line | None = Field(default=None, description="拟用内设机构名称")
    reason: Text = Field(default="", description="用编原因")


class Appointment(Shape):
    """Appointment by a higher body 上级任命: its document stands in place of a slip (procedures.md §1)."""

    document_no: Line
    body: Line
    date: Day


class Attachment(Shape):
    """An attachment kept elsewhere, named by its digest."""

    title: Name
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class StaffingUpApplication(Shape):
    """用编申请 (B §五.1; fields domain.md §4.1)."""

    procedure: Literal["staffing-up"] = "staffing-up"
    unit: UnitCode
    lines: Annotated[list[StaffingLine], Field(min_length=1, max_length=20)]
    basis: CollectiveDecision | None = None
    contact: Line = Field(default="", examples=["王敏 0000-8000000"])
    appointment: Appointment | None = None
    attachments: Annotated[list[Attachment], Field(max_length=20)] = []
    remark: Text | None = None


class Leaver(Shape):
    """One person who leaves: `person` is the reference that the roster gives, never an identity number."""

    person: Token
    reason: ExitReason
    event_date: Day
    proof_no: Line = Field(default="", description="证明材料文号或编号")
    destination: Line | None = Field(default=None, description="去向（调出时填写）")


class RemovingStaffApplication(Shape):
    """出编申请 (B §五.2; fields domain.md §4.4)."""

    procedure: Literal["removing-staff"] = "removing-staff"
    unit: UnitCode
    persons: Annotated[list[Leaver], Field(min_length=1, max_length=50)]
    contact: Line = Field(default="", examples=["王敏 0000-8000000"])
    attachments: Annotated[list[Attachment], Field(max_length=20)] = []
    remark: Text | None = None


class Justification(Shape):
    """The five points of the appraisal 五项论证 (《中国共产党机构编制工作条例》第十六条), each answered."""

    party_leadership: Text = Field(default="", description="是否有利于坚持和加强党的全面领导")
    lawfulness: Text = Field(default="", description="是否符合党章党规和法律法规")
    development: Text = Field(default="", description="是否适应经济社会发展需要和财政保障能力")
    soundness: Text = Field(default="", description="是否科学合理，是否考虑了机构编制以外的办法")
    risks: Text = Field(default="", description="风险分析和应对")


class EstablishmentChangeApplication(Shape):
    """机构编制调整请示 (A §三; domain.md §2.3). `changes` state before → after; `kind` is the main matter."""

    procedure: Literal["establishment-change"] = "establishment-change"
    unit: UnitCode
    kind: ChangeKind
    title: Line = Field(default="", examples=["关于调整内设机构的请示"])
    request_no: Line = Field(default="", examples=["示发研〔2026〕18号"])
    justification: Justification = Justification()
    changes: Annotated[list[Change], Field(min_length=1, max_length=30)]
    absorption_until: Day | None = Field(default=None, description="消化期，核减后超编的须写明")
    basis: CollectiveDecision | None = None
    contact: Line = Field(default="", examples=["王敏 0000-8000000"])
    attachments: Annotated[list[Attachment], Field(max_length=20)] = []
    remark: Text | None = None


ProblemNo = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")]
"""Number of a problem within its case; no dots: step subjects are made of it."""


class Problem(Shape):
    """One line of the problem ledger 问题台账 (domain.md §4.6); `due` is the day by which it is put right."""

    no: ProblemNo
    kind: Line
    facts: Annotated[Text, Field(min_length=1)]
    source: ProblemSource
    clause: Line | None = None
    measure: Annotated[Text, Field(min_length=1)]
    due: Day


class RectificationApplication(Shape):
    """A set of problems that an inspector opens against a unit (procedures.md §4)."""

    procedure: Literal["rectification"] = "rectification"
    unit: UnitCode
    problems: Annotated[list[Problem], Field(min_length=1, max_length=50)]
    warning_no: Line | None = Field(default=None, description="由预警事项移交的，预警事项编号")
    remark: Text | None = None


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_level(value: object) -> object:
    """1, 2, 3 as well as the names of the rungs."""
    return list(WarningLevel)[value - 1] if isinstance(value, int) and value in (1, 2, 3) else value


Figure = Annotated[Line, BeforeValidator(_as_text)]
"""A measured value or a threshold as the letter prints it."""


class WarningApplication(Shape):
    """A warning raised by a monitor or entered by hand (procedures.md §5); `level` is where the ladder begins."""

    procedure: Literal["early-warning"] = "early-warning"
    unit: UnitCode
    indicator: Indicator
    value: Figure = ""
    threshold: Figure = ""
    facts: Annotated[Text, Field(min_length=1)]
    level: Annotated[WarningLevel, BeforeValidator(_as_level)] = WarningLevel.REMIND
    remark: Text | None = None


AnyApplication = (
    StaffingUpApplication
    | RemovingStaffApplication
    | EstablishmentChangeApplication
    | RectificationApplication
    | WarningApplication
)

APPLICATION_OF: dict[Procedure, type[AnyApplication]] = {
    Procedure.STAFFING_UP: StaffingUpApplication,
    Procedure.REMOVING_STAFF: RemovingStaffApplication,
    Procedure.ESTABLISHMENT_CHANGE: EstablishmentChangeApplication,
    Procedure.RECTIFICATION: RectificationApplication,
    Procedure.EARLY_WARNING: WarningApplication,
}

_TELLS = {
    "persons": Procedure.REMOVING_STAFF,
    "changes": Procedure.ESTABLISHMENT_CHANGE,
    "problems": Procedure.RECTIFICATION,
    "indicator": Procedure.EARLY_WARNING,
}


def _procedure_of(value: Any) -> str:
    """The procedure of a body that may leave it out, told by the one field that no other has."""
    if not isinstance(value, dict):
        return str(getattr(value, "procedure", ""))
    return str(value.get("procedure") or next((p for name, p in _TELLS.items() if name in value), "staffing-up"))


Application = Annotated[
    Annotated[StaffingUpApplication, Tag("staffing-up")]
    | Annotated[RemovingStaffApplication, Tag("removing-staff")]
    | Annotated[EstablishmentChangeApplication, Tag("establishment-change")]
    | Annotated[RectificationApplication, Tag("rectification")]
    | Annotated[WarningApplication, Tag("early-warning")],
    Discriminator(_procedure_of),
]
"""The first command of a case, one model per procedure."""


class PersonNamed(Shape):
    """One named person for one slot; identity data live only here, in the register and in documents."""

    slot: Line
    post_slot: Line | None = None
    name: Name
    sex: Literal["male", "female"]
    birth_date: BirthDate
    identity_no: IdentityNo
    position: Line | None = None
    internal_body: Line | None = None
