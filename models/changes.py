"""What an establishment change changes: a discriminated union by kind, each with before → after (procedures.md §3).

`before` is what the applicant believes to stand in the register; the gate compares it, so that nobody decides on
figures that have moved meanwhile.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .enums import Level, Resource, UnitKind
from .shape import Line, Name, Shape, UnitCode

Number = Annotated[int, Field(ge=0, le=99_999, strict=True)]


class Quota(Shape):
    """核定 of one resource."""

    resource: Resource
    number: Number


class EstablishUnit(Shape):
    """设立: the unit does not exist before; `after` is everything the register needs of it."""

    kind: Literal["establish"] = "establish"
    code: UnitCode = Field(description="统一社会信用代码")
    name: Name
    unit_kind: UnitKind
    rank: Line
    nature: Line | None = None
    parent: UnitCode | None = Field(default=None, description="主管部门")
    quotas: Annotated[list[Quota], Field(max_length=20)] = []


class AbolishUnit(Shape):
    """撤销: refused while there are people; its quota is struck."""

    kind: Literal["abolish"] = "abolish"
    unit: UnitCode


class MergeUnits(Shape):
    """合并: `units` go into `into`, with their people, quotas and internal bodies; their slips are void."""

    kind: Literal["merge"] = "merge"
    units: Annotated[list[UnitCode], Field(min_length=1, max_length=10)]
    into: UnitCode
    after_name: Name | None = Field(default=None, description="合并后的名称，不变则不填")


class Renamed(Shape):
    """更名."""

    kind: Literal["rename"] = "rename"
    unit: UnitCode
    before: Name
    after: Name


class Reranked(Shape):
    """变更规格."""

    kind: Literal["rerank"] = "rerank"
    unit: UnitCode
    before: Line
    after: Line


class Resubordinated(Shape):
    """变更隶属: the supervising unit before → after; empty when it answers to the level itself."""

    kind: Literal["resubordinate"] = "resubordinate"
    unit: UnitCode
    before: UnitCode | None = None
    after: UnitCode | None = None


class ExtraName(Shape):
    """挂牌 (or its end, with `after` empty)."""

    kind: Literal["extra-name"] = "extra-name"
    unit: UnitCode
    before: Line = ""
    after: Line = ""


class Body(Shape):
    """An internal body as it is or will be."""

    name: Name
    rank: Line | None = None
    chief_posts: Number | None = None
    deputy_posts: Number | None = None


class InternalBodies(Shape):
    """内设机构调整: `before` empty sets a body up, `after` empty abolishes it."""

    kind: Literal["internal-bodies"] = "internal-bodies"
    unit: UnitCode
    before: Body | None = None
    after: Body | None = None


class QuotaChanged(Shape):
    """编制增减: 核定 of one headcount before → after."""

    kind: Literal["headcount"] = "headcount"
    unit: UnitCode
    resource: Resource
    before: Number
    after: Number


class PostsChanged(Shape):
    """职数增减: 核定 of one leader-post resource before → after."""

    kind: Literal["posts"] = "posts"
    unit: UnitCode
    resource: Resource
    before: Number
    after: Number


class Reallocated(Shape):
    """编制调剂: `number` of a headcount from one unit to another. Levels are those of the two sides; a move across
    levels names the level of the side that is not in this register."""

    kind: Literal["reallocate"] = "reallocate"
    resource: Resource
    number: Annotated[int, Field(ge=1, le=99_999, strict=True)]
    from_unit: UnitCode | None = None
    to_unit: UnitCode | None = None
    from_level: Level | None = None
    to_level: Level | None = None


Change = Annotated[
    EstablishUnit
    | AbolishUnit
    | MergeUnits
    | Renamed
    | Reranked
    | Resubordinated
    | ExtraName
    | InternalBodies
    | QuotaChanged
    | PostsChanged
    | Reallocated,
    Field(discriminator="kind"),
]
