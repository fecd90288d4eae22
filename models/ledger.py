"""Shapes of the ledger: what goes in with a posting and what comes out (ledger.md)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from .enums import EntryKind, Resource, Sex, SlotState, Way
from .shape import Shape


class Basis(Shape):
    """批准文号, 批准机关, 批准日期."""

    number: str
    body: str
    date: date


class Cause(Shape):
    """Why a row is written. Its idempotency key is (case, step, round, subject, kind), never an attempt."""

    case_id: str
    step: str
    round: int
    subject: str = ""
    effective_on: date
    recorded_at: datetime
    basis: Basis | None = None
    decided_at: datetime | None = None

    @property
    def presented_at(self) -> datetime:
        """When the decision was committed: what counts for the validity of a slip, however late it is handled."""
        return self.decided_at or self.recorded_at

    def key(self, kind: EntryKind, part: str = "") -> str:
        """`part` tells apart the rows of one posting (slot, resource)."""
        return f"{self.case_id}|{self.step}|{self.round}|{self.subject}|{kind.value}|{part}"


class Balance(Shape):
    """One account as it stands. `vacancy` = authorised − occupied − reserved − set_aside; may be negative."""

    account: str
    holder: str
    resource: Resource
    authorised: int
    occupied: int
    reserved: int
    set_aside: int
    tolerated_over: int
    note: str = ""

    @property
    def vacancy(self) -> int:
        return self.authorised - self.occupied - self.reserved - self.set_aside


class SlotWanted(Shape):
    """One post to reserve: the slot code is made by the caller and never reused."""

    code: str
    line: int
    resource: Resource
    way: Way
    internal_body: str | None = None


class SlipTerms(Shape):
    """The slip that holds the reserved slots. `valid_until` is the last moment (end of day, Asia/Shanghai)."""

    slip_id: str
    number: str
    valid_until: datetime


class JournalRef(Shape):
    """A row by its place in its holder's chain."""

    holder: str
    seq: int
    hash: str
    kind: EntryKind
    account: str


class Posting(Shape):
    """Rows written (or found again: `existing`) and the touched accounts before → after."""

    rows: list[JournalRef]
    before: list[Balance]
    after: list[Balance]
    existing: bool = False


class Slot(Shape):
    code: str
    slip_id: str
    line: int
    resource: Resource
    way: Way
    internal_body: str | None
    state: SlotState
    unit: str


class PersonEntry(Shape):
    """Whom to post, with the identity data in clear: only ever handed down, never stored like this."""

    name: str
    sex: Sex
    birth_date: date
    identity_no: str
    position: str | None = None
    internal_body: str | None = None


class Standing(Shape):
    """Where a person stands now in the region."""

    person_ref: str
    headcount_unit: str | None
    headcount_account: str | None
    headcount_resource: Resource | None
    post_units: list[str]


class Seated(Shape):
    """One place that a person holds now. `since`, where a merger brought the person here together with the place:
    the day of the entry that it goes back to."""

    unit: str
    resource: Resource
    internal_body: str | None = None
    position: str | None = None
    entered_on: date
    since: date | None = None
    basis_no: str | None = None


class RosterRow(Shape):
    """One occupancy. `identity_masked` shows first 6 and last 2 characters at most."""

    person_ref: str
    name: str
    sex: Sex
    identity_masked: str
    resource: Resource
    internal_body: str | None
    position: str | None
    entered_on: date
    left_on: date | None
    exit_reason: str | None
    basis_no: str | None
    slot: str | None


class JournalRow(Shape):
    """A journal row as readers see it; every field that the hash covers."""

    holder: str
    seq: int
    recorded_at: datetime
    effective_on: date
    kind: EntryKind
    account: str
    resource: Resource
    unit: str
    d_authorised: int
    d_occupied: int
    d_reserved: int
    d_set_aside: int
    d_tolerated: int
    case_id: str
    step: str
    round: int
    subject: str
    slip_id: str | None
    slot: str | None
    person_ref: str | None
    basis_no: str | None
    basis_body: str | None
    basis_date: date | None
    corrects: int | None
    transfer_id: str | None
    key: str
    payload_hash: str
    prev_hash: str
    hash: str


class Fault(Shape):
    """One thing that verification found, located."""

    where: str
    what: str


class ChainCheck(Shape):
    """What was compared of one holder's chain, and what did not agree: rows with the rows before them (`faults`), the
    accounts with the sums of the rows (`unequal`, differences by resource), rows with the log (`unlike_log`).

    `logged`: the last row that stands in the log; what came after it was compared with nothing kept.
    """

    rows: int
    faults: list[Fault]
    accounts: int
    unequal: dict[str, int]
    logged: int
    unlike_log: list[Fault]

    @property
    def agrees(self) -> bool:
        return not (self.faults or self.unequal or self.unlike_log)


class Verification(Shape):
    """`dingbian verify`: chains, rebuilt balances, slots, records and the log; `difference` must be 0."""

    holders: int
    rows: int
    accounts: int
    difference: int
    records: int = 0
    disposed: int = 0
    """Of the records, those destroyed when their retention period had ended: their rows stand, their files do not."""
    faults: list[Fault]
    heads: dict[str, str] = {}
    log_size: int = 0
    log_root: str = ""

    @property
    def intact(self) -> bool:
        return not self.faults


class OpeningAccount(Shape):
    """An account as imported. `occupied` comes with the roster; `unlisted` persons are counted, not named."""

    unit: str
    resource: Resource
    authorised: int
    occupied_unnamed: int = 0
    note: str = ""
    basis: Basis | None = None


class OpeningPerson(Shape):
    """One imported occupancy; a leader has a headcount resource and a post resource."""

    unit: str
    person: PersonEntry
    headcount: Resource | None
    post: Resource | None
    entered_on: date
    basis_no: str | None = None


Side = Literal["headcount", "post", "both"]
