"""What an import holds once it is sound: the opening of the register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from models.ledger import OpeningAccount, OpeningPerson


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """One unit. `holder` is the code of the unit whose quota it uses: its own, or that of the body it works with."""

    code: str
    name: str
    kind: str
    holder: str
    certificate_no: str
    short_name: str | None = None
    place: str | None = None
    rank: str | None = None
    nature: str | None = None
    parent: str | None = None
    basis_no: str | None = None
    basis_date: date | None = None
    source: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class BodyEntry:
    """One 内设机构; counts that no document states are None, never zero."""

    unit: str
    name: str
    other_name: str | None = None
    rank: str | None = None
    chief_posts: int | None = None
    deputy_posts: int | None = None
    status: str = "counted"


@dataclass(slots=True)
class Opening:
    """`persons` may be a generator; `person_count` says how many it yields."""

    units: list[UnitEntry] = field(default_factory=list)
    bodies: list[BodyEntry] = field(default_factory=list)
    accounts: list[OpeningAccount] = field(default_factory=list)
    persons: Iterable[OpeningPerson] = ()
    person_count: int = 0
