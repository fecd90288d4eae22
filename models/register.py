"""The register: every table of the database. Columns named `*_sealed` hold `Keyring.seal_column` values.

SQLModel tables validate nothing on construction (anchors.md 11): rows are written only by `ledger`,
`docket` and `records`, from shapes that were validated at the door.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Meta(SQLModel, table=True):
    """Facts about this database: `ledger_id`, `hash`, `sample_data`."""

    __tablename__ = "meta"
    name: str = Field(primary_key=True)
    value: str


class Holder(SQLModel, table=True):
    """The owner of a chain and of accounts; units under one quota (合署办公) share one."""

    __tablename__ = "holder"
    id: str = Field(primary_key=True)
    name: str
    head_seq: int = 0
    head_hash: str = "0" * 64


class Unit(SQLModel, table=True):
    __tablename__ = "unit"
    code: str = Field(primary_key=True)
    name: str = Field(index=True)
    short_name: str | None = None
    kind: str
    place: str | None = None
    rank: str | None = None
    nature: str | None = None
    parent: str | None = Field(default=None, foreign_key="unit.code", index=True)
    holder: str = Field(foreign_key="holder.id", index=True)
    relation: str | None = None
    certificate_no: str
    basis_no: str | None = None
    basis_date: date | None = None
    source: str | None = None
    remark: str | None = None
    data_fault: str | None = None
    abolished_on: date | None = None
    level: str | None = None
    other_names: str | None = None
    merged_into: str | None = None


class UnitChange(SQLModel, table=True):
    """What the register of units was before and is after a reply: one row per field that changed."""

    __tablename__ = "unit_change"
    id: int | None = Field(default=None, primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    case_id: str = Field(index=True)
    kind: str
    field: str
    before: str = ""
    after: str = ""
    effective_on: date
    basis_no: str | None = None
    recorded_at: datetime


class InternalBody(SQLModel, table=True):
    """内设机构. `status` counted | outside (机关党委 and the like stand outside the stated count)."""

    __tablename__ = "internal_body"
    id: int | None = Field(default=None, primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    name: str
    other_name: str | None = None
    rank: str | None = None
    chief_posts: int | None = None
    deputy_posts: int | None = None
    status: str = "counted"
    __table_args__ = (UniqueConstraint("unit", "name", name="internal_body_once"),)


class Account(SQLModel, table=True):
    """A projection of the journal: can be rebuilt, and `dingbian verify` does (ledger.md rule 6)."""

    __tablename__ = "account"
    id: str = Field(primary_key=True)
    holder: str = Field(foreign_key="holder.id", index=True)
    resource: str
    authorised: int = 0
    occupied: int = 0
    reserved: int = 0
    set_aside: int = 0
    tolerated_over: int = 0
    absorb_until: date | None = None
    note: str = ""
    __table_args__ = (
        UniqueConstraint("holder", "resource", name="account_once"),
        CheckConstraint(
            "authorised >= 0 AND occupied >= 0 AND reserved >= 0 AND set_aside >= 0 AND tolerated_over >= 0",
            name="account_never_negative",
        ),
        CheckConstraint(
            "occupied + reserved + set_aside <= authorised + tolerated_over", name="account_never_exceeded"
        ),
    )


class Journal(SQLModel, table=True):
    """Immutable rows, chained per holder (ledger.md rule 7). Triggers refuse UPDATE and DELETE."""

    __tablename__ = "journal"
    holder: str = Field(primary_key=True, foreign_key="holder.id")
    seq: int = Field(primary_key=True)
    recorded_at: datetime
    effective_on: date
    kind: str
    account: str = Field(foreign_key="account.id", index=True)
    resource: str
    unit: str = Field(foreign_key="unit.code", index=True)
    d_authorised: int = 0
    d_occupied: int = 0
    d_reserved: int = 0
    d_set_aside: int = 0
    d_tolerated: int = 0
    case_id: str = Field(index=True)
    step: str
    round: int
    subject: str
    slip_id: str | None = None
    slot: str | None = None
    person_ref: str | None = None
    basis_no: str | None = None
    basis_body: str | None = None
    basis_date: date | None = None
    corrects: int | None = None
    transfer_id: str | None = None
    key: str
    payload_hash: str
    prev_hash: str
    hash: str
    # NULLs are distinct on both engines: only rows that correct are held to one correction per row.
    __table_args__ = (
        UniqueConstraint("key", name="journal_key_once"),
        UniqueConstraint("holder", "corrects", name="journal_corrected_once"),
        Index("journal_by_day", "effective_on", "resource", "d_authorised", "d_occupied"),
        Index("journal_by_time", "recorded_at", "holder", "seq"),
        Index("journal_by_kind", "kind", "recorded_at", "holder", "seq"),
        Index("journal_by_resource", "resource", "recorded_at", "holder", "seq"),
    )


class Person(SQLModel, table=True):
    """Identity number and birth date are sealed; `identity_index` is the keyed blind index."""

    __tablename__ = "person"
    ref: str = Field(primary_key=True)
    name: str
    sex: str
    identity_sealed: bytes
    birth_sealed: bytes
    identity_index: str
    __table_args__ = (UniqueConstraint("identity_index", name="person_once"), Index("person_by_name", "name", "ref"))


class Occupancy(SQLModel, table=True):
    """A person on an account. `side` headcount | post. One headcount per person while not left (rule 4)."""

    __tablename__ = "occupancy"
    id: int | None = Field(default=None, primary_key=True)
    person_ref: str = Field(foreign_key="person.ref", index=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    account: str = Field(foreign_key="account.id", index=True)
    resource: str
    side: str
    internal_body: str | None = None
    position: str | None = None
    entered_on: date
    entered_holder: str
    entered_seq: int
    basis_no: str | None = None
    slot: str | None = Field(default=None, index=True)
    left_on: date | None = None
    left_seq: int | None = None
    exit_reason: str | None = None
    __table_args__ = (
        Index(
            "one_headcount_per_person",
            "person_ref",
            unique=True,
            sqlite_where=text("left_on IS NULL AND side = 'headcount'"),
            postgresql_where=text("left_on IS NULL AND side = 'headcount'"),
        ),
        Index("occupancy_by_unit", "unit", "left_on", "id"),
        Index("occupancy_by_entry", "entered_on", "id"),
    )


class Slip(SQLModel, table=True):
    """《人员编制和领导职数核定单》 as the ledger knows it."""

    __tablename__ = "slip"
    id: str = Field(primary_key=True)
    case_id: str = Field(index=True)
    round: int
    unit: str = Field(foreign_key="unit.code", index=True)
    holder: str
    number: str
    issued_at: datetime
    valid_until: datetime
    state: str = "valid"


class SlotRow(SQLModel, table=True):
    """One post of a slip: open → used or released, exactly once."""

    __tablename__ = "slot"
    code: str = Field(primary_key=True)
    slip_id: str = Field(foreign_key="slip.id", index=True)
    position: int
    line: int
    account: str
    resource: str
    way: str
    internal_body: str | None = None
    state: str = "open"
    settled_by: str | None = None


class Case(SQLModel, table=True):
    __tablename__ = "case_file"
    id: str = Field(primary_key=True)
    no: str
    year: int
    serial: int
    procedure: str = Field(index=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    title: str
    state: str = Field(index=True)
    held_from: str | None = None
    round: int = 1
    applicant: str
    opened_at: datetime
    closed_at: datetime | None = None
    waiting_on: str = ""
    due_at: datetime | None = Field(default=None, index=True)
    overdue: bool = False
    headline: str = ""
    fingerprint: str = Field(index=True)
    held_reason: str | None = None
    held_at: datetime | None = None
    rules_version: str = ""
    calendar_version: str = ""
    correction_due_at: datetime | None = None
    next_seq: int = 1
    applied_by: str = "unit"
    alarm_at: datetime | None = None
    exception_id: str | None = Field(default=None, index=True)
    correction_from: date | None = None
    correction_calendar: str | None = None
    correction_provisional: bool = False
    __table_args__ = (
        UniqueConstraint("no", name="case_no_once"),
        Index("case_by_opening", "opened_at", "id"),
        Index("case_by_state", "state", "opened_at", "id"),
        Index("case_by_unit", "unit", "opened_at", "id"),
        Index("case_by_side", "applied_by", "opened_at", "id"),
    )


class RoundRow(SQLModel, table=True):
    """The application text of each round, sealed and bound to case and round."""

    __tablename__ = "case_round"
    case_id: str = Field(primary_key=True, foreign_key="case_file.id")
    round: int = Field(primary_key=True)
    command_id: str
    officer: str
    officer_name: str
    submitted_at: datetime
    application_sealed: bytes
    internal: bool = False
    checks: str = "[]"
    outcome: str | None = None


class Command(SQLModel, table=True):
    """The outbox: an acknowledged command. Delivered in order of `seq` per case until it arrives."""

    __tablename__ = "command"
    id: str = Field(primary_key=True)
    case_id: str = Field(foreign_key="case_file.id", index=True)
    seq: int
    kind: str
    key: str
    officer: str
    officer_name: str
    department: str
    unit: str | None = None
    roles: str
    decided_at: datetime
    body_sealed: bytes
    body_hash: str
    step: str | None = None
    subject: str | None = None
    delivered_at: datetime | None = None
    attempts: int = 0
    handled_at: datetime | None = None
    status: str | None = None
    code: str | None = None
    clause: str | None = None
    message: str | None = None
    acting_for: str | None = None
    acting_for_name: str | None = None
    __table_args__ = (
        UniqueConstraint("case_id", "seq", name="command_in_order"),
        Index(
            "command_undelivered",
            "case_id",
            "seq",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        Index(
            "command_unjudged",
            "decided_at",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
        Index("command_by_officer", "officer", "decided_at"),
    )


class StepRow(SQLModel, table=True):
    """A step that was opened: one row per (case, step, round, subject)."""

    __tablename__ = "step"
    case_id: str = Field(primary_key=True, foreign_key="case_file.id")
    step: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    subject: str = Field(primary_key=True, default="")
    department: str
    roles: str
    state: str = "current"
    opened_at: datetime
    due_at: datetime
    remind_at: datetime
    working_days: int
    extended_days: int = 0
    given_back_days: int = 0
    calendar_version: str
    provisional: bool = False
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    escalated_to: str | None = None
    command_id: str | None = None
    officer: str | None = None
    officer_name: str | None = None
    acted_as: str | None = None
    verdict: str | None = None
    decided_at: datetime | None = None
    reference_no: str | None = None
    opinion_sealed: bytes | None = None
    detail_sealed: bytes | None = None
    person_index: str | None = Field(default=None, index=True)
    acting_for: str | None = None
    __table_args__ = (
        Index("step_waiting", "department", "state", "due_at"),
        Index("step_by_decision", "decided_at"),
        Index(
            "step_escalated",
            "state",
            "due_at",
            sqlite_where=text("escalated_to IS NOT NULL"),
            postgresql_where=text("escalated_to IS NOT NULL"),
        ),
    )


class Trace(SQLModel, table=True):
    """What changed nothing but left a trace: forged, altered, malformed, surplus; and notices sent."""

    __tablename__ = "trace"
    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(index=True)
    at: datetime
    what: str
    code: str
    key: str
    __table_args__ = (UniqueConstraint("key", name="trace_once"),)


class Notice(SQLModel, table=True):
    """A message to a department or officer: reminder, escalation, 催办, copy. Shown on the worklist."""

    __tablename__ = "notice"
    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(index=True)
    at: datetime
    kind: str
    department: str
    role: str | None = None
    text: str
    key: str
    __table_args__ = (
        UniqueConstraint("key", name="notice_once"),
        Index("notice_by_department", "department", "kind", "at"),
    )


class Series(SQLModel, table=True):
    """One gap-free series of numbers per 代字 and year."""

    __tablename__ = "series"
    name: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0


class Record(SQLModel, table=True):
    """An official record: number first, file after; rows of a series form a chain when filed."""

    __tablename__ = "record"
    id: str = Field(primary_key=True)
    series: str
    year: int
    seq: int
    number: str
    kind: str
    title: str
    case_id: str = Field(index=True)
    step: str
    round: int
    subject: str
    unit: str = Field(index=True)
    issued_on: date
    issuer: str
    officers: str
    code: str
    context_sealed: bytes
    template_digest: str
    retention: str
    state: str = "numbered"
    digest: str | None = Field(default=None, index=True)
    size: int | None = None
    filed_at: datetime | None = None
    fault: str | None = None
    void_reason: str | None = None
    superseded_by: str | None = None
    chain_seq: int | None = None
    prev_hash: str | None = None
    hash: str | None = None
    disposed_at: datetime | None = None
    __table_args__ = (
        UniqueConstraint("series", "year", "seq", name="record_number_once"),
        UniqueConstraint("case_id", "step", "round", "subject", "kind", name="record_once"),
        UniqueConstraint("code", name="record_code_once"),
        UniqueConstraint("series", "year", "chain_seq", name="record_chain_once"),
        Index("record_by_issue", "issued_on"),
        Index(
            "record_by_term",
            "issued_on",
            "id",
            sqlite_where=text("retention <> 'permanent' AND disposed_at IS NULL"),
            postgresql_where=text("retention <> 'permanent' AND disposed_at IS NULL"),
        ),
        Index(
            "record_numbered",
            "case_id",
            sqlite_where=text("state = 'numbered'"),
            postgresql_where=text("state = 'numbered'"),
        ),
    )


class OfficerRow(SQLModel, table=True):
    __tablename__ = "officer"
    id: str = Field(primary_key=True)
    login: str
    name: str
    department: str
    unit: str | None = Field(default=None, foreign_key="unit.code")
    roles: str
    password_hash: str | None = None
    active: bool = True
    demo: bool = False
    __table_args__ = (UniqueConstraint("login", name="officer_login_once"),)


class Suspension(SQLModel, table=True):
    """A closed gate. By rule at due (`confirmed_at` empty: provisional), until it is lifted or not confirmed.

    `covers_subordinates` and `holds_under_way` are the settings at the time; `number` that of the suspension notice;
    `ended_by` lifted | not-confirmed.
    """

    __tablename__ = "suspension"
    id: str = Field(primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    case_id: str
    number: str | None = None
    problems: str = ""
    from_at: datetime
    lifted_at: datetime | None = None
    covers_subordinates: bool = True
    confirmed_at: datetime | None = None
    ended_by: str | None = None
    holds_under_way: bool = True


class ExceptionalAcceptance(SQLModel, table=True):
    """例外受理: `scope` is a `Scope` as JSON, or `*` for everything; `ended_at` is written by its timer."""

    __tablename__ = "exceptional_acceptance"
    id: str = Field(primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    scope: str
    reason: str
    approver: str
    from_at: datetime
    until_at: datetime
    case_id: str | None = Field(default=None, index=True)
    number: str | None = None
    ended_at: datetime | None = None


class ProblemRow(SQLModel, table=True):
    """A line of the problem ledger 问题台账; its text stays sealed in the application. `attempt` counts the
    verifications on site; `due_at` is the end of the day by which it is put right."""

    __tablename__ = "problem"
    case_id: str = Field(primary_key=True, foreign_key="case_file.id")
    no: str = Field(primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    kind: str
    source: str
    clause: str | None = None
    opened_at: datetime
    due_at: datetime
    state: str = "open"
    attempt: int = 0
    extended_days: int = 0
    reported_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None


class WarningRow(SQLModel, table=True):
    """One open warning per unit and indicator (procedures.md §5: no flood). `told_at` is when the unit first heard
    of it (call, letter, inspection notice): until then it sees nothing of the case."""

    __tablename__ = "warning"
    case_id: str = Field(primary_key=True, foreign_key="case_file.id")
    unit: str = Field(foreign_key="unit.code", index=True)
    indicator: str
    level: str
    raised_by: str
    opened_at: datetime
    told_at: datetime | None = None
    reply_due_at: datetime | None = None
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    handed_to: str | None = None
    __table_args__ = (
        Index(
            "one_open_warning",
            "unit",
            "indicator",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class Departure(SQLModel, table=True):
    """A known departure not yet removed: approved exit, entered by ORGANISATION / PERSONNEL, or a cross-check
    difference. Overdue ones close the gate (never guessed from age)."""

    __tablename__ = "departure"
    id: str = Field(primary_key=True)
    unit: str = Field(foreign_key="unit.code", index=True)
    person_ref: str
    reason: str
    source: str
    event_on: date
    due_at: datetime
    settled_at: datetime | None = None
    case_id: str | None = Field(default=None, index=True)


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a register model, for statements that are built once."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
