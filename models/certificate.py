"""《机构编制管理证》 as facts: the extract of a unit's chain at the end of a day (ledger.md rule 7; domain.md §4.5)."""

from __future__ import annotations

from datetime import date

from .enums import ChangeKind, EntryKind, RecordState, Resource, Sex, UnitKind
from .proofs import LogHead
from .shape import Shape


class NamedUnit(Shape):
    code: str
    name: str


class CertifiedUnit(Shape):
    """The unit as it was on the day. `ended_on` when it had been abolished or merged by then."""

    code: str
    name: str
    other_names: str = ""
    kind: UnitKind
    kind_label: str
    rank: str = ""
    nature: str = ""
    place: str = ""
    parent: str | None = None
    parent_name: str = ""
    certificate_no: str = ""
    basis_no: str = ""
    basis_date: date | None = None
    holder: str
    ended_on: date | None = None
    merged_into: str | None = None
    merged_into_name: str = ""


class CertifiedBalance(Shape):
    """One account of the holder: the sums of the rows of the extract."""

    resource: Resource
    label: str
    authorised: int
    occupied: int
    reserved: int
    set_aside: int
    vacancy: int
    tolerated_over: int


class CertifiedBody(Shape):
    """内设机构; `people` counts the unit's own persons on a headcount there."""

    name: str
    other_name: str = ""
    rank: str = ""
    chief_posts: int | None = None
    deputy_posts: int | None = None
    people: int = 0


class UnitEvent(Shape):
    """One change of the register of the unit: name, rank, parent, second names, internal bodies, set up, ended."""

    effective_on: date
    kind: ChangeKind
    field: str
    before: str
    after: str
    basis_no: str = ""


class QuotaEvent(Shape):
    """One row of the chain that moved 核定 or 预留; `after` is the figure of that account when it was written.

    `seq` is its place in the chain, `corrects` the row that a counter-row takes back.
    """

    seq: int
    effective_on: date
    kind: EntryKind
    resource: Resource
    set_aside: bool = False
    delta: int
    after: int
    tolerated: int = 0
    unit: NamedUnit
    basis_no: str = ""
    basis_body: str = ""
    basis_date: date | None = None
    corrects: int | None = None


class CertifiedPerson(Shape):
    """One entry on an account and, when it has ended, its exit. Identity numbers are masked, of the birth only the
    month is told. `struck_by` names the counter-row of an entry that was an error."""

    name: str
    sex: Sex
    birth_month: str
    identity_masked: str
    resource: Resource
    label: str
    internal_body: str = ""
    position: str = ""
    entered_on: date
    entered_seq: int
    basis_no: str = ""
    left_on: date | None = None
    left_seq: int | None = None
    reason: str = ""
    struck_by: int | None = None

    @property
    def stands(self) -> bool:
        return self.left_on is None and self.struck_by is None


class IssuedPage(Shape):
    """A numbered page of the certificate that had been issued by the day; `state` is that of now."""

    number: str
    issued_on: date
    code: str
    state: RecordState
    title: str


class CertificateFacts(Shape):
    """Everything of rows 1 … `chain_seq` of the holder's chain that had taken effect by the end of `as_of`.

    `chain_head` is the hash of row `chain_seq`, the last that was recorded on or before that day: the same question
    has the same answer on every later day, and `GET /units/{code}/journal` or the log proves the row.
    """

    as_of: date
    unit: CertifiedUnit
    co_users: list[NamedUnit] = []
    chain_seq: int
    chain_head: str
    balances: list[CertifiedBalance] = []
    bodies: list[CertifiedBody] = []
    changes: list[UnitEvent] = []
    quotas: list[QuotaEvent] = []
    persons: list[CertifiedPerson] = []
    pages: list[IssuedPage] = []
    log: LogHead | None = None
    """The head of the transparency log at the end of the day; None while nothing had been appended."""
