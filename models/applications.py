"""What a unit asks for, one model per procedure. Well-formedness beyond these types is judged by the
acceptance gate, so that a fault becomes a written correction notice and not a bare HTTP error."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .enums import Resource, Way
from .shape import Count, IdentityNo, Line, Name, Shape, Text, UnitCode


class CollectiveDecision(Shape):
    """The unit's own collective decision 班子集体研究: meeting name and date."""

    meeting: Line = Field(default="", examples=["局党组会议〔2026〕第8次"])
    date: date


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
    date: date


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


Application = StaffingUpApplication


class PersonNamed(Shape):
    """One named person for one slot; identity data live only here, in the register and in documents."""

    slot: Line
    post_slot: Line | None = None
    name: Name
    sex: Literal["male", "female"]
    birth_date: date
    identity_no: IdentityNo
    position: Line | None = None
    internal_body: Line | None = None
