"""Tables of those who act and look: substitutions, recusals, tokens, sign-ins that failed, drafts, disclosures, and
the audit of all of it. A leaf of the register (`models.register` has the rest); the same rules hold for `*_sealed`
columns."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from .enums import Procedure
from .shape import Shape


class Substitution(SQLModel, table=True):
    """代: `substitute` acts for `principal` from the first to the last day, in these procedures (all when empty)."""

    __tablename__ = "substitution"
    id: str = Field(primary_key=True)
    principal: str = Field(foreign_key="officer.id", index=True)
    substitute: str = Field(foreign_key="officer.id", index=True)
    from_on: date
    until_on: date
    procedures: str = ""
    reason: str
    granted_by: str = Field(foreign_key="officer.id")
    granted_at: datetime
    ended_at: datetime | None = None


class TokenRow(SQLModel, table=True):
    """An opaque bearer token: only its hash is kept. `scope` empty: whatever its officer may; `read`: reading alone;
    else the operations it is for, divided by commas."""

    __tablename__ = "token"
    hash: str = Field(primary_key=True)
    officer: str = Field(foreign_key="officer.id", index=True)
    issued_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    note: str = ""
    scope: str = ""


class SignInFailure(SQLModel, table=True):
    """Failed sign-ins of an account since the last that succeeded; `locked_until` while nobody is let in."""

    __tablename__ = "sign_in_failure"
    officer: str = Field(primary_key=True, foreign_key="officer.id")
    failures: int = 0
    last_at: datetime
    locked_until: datetime | None = None


class Draft(SQLModel, table=True):
    """An application or correction that an officer has not sent yet: the form as it stands, sealed."""

    __tablename__ = "draft"
    id: str = Field(primary_key=True)
    officer: str = Field(foreign_key="officer.id", index=True)
    procedure: str
    case_id: str | None = None
    title: str = ""
    form_sealed: bytes
    updated_at: datetime


class DraftView(Shape):
    """A draft as its owner's list shows it."""

    id: str
    procedure: Procedure
    case_id: str | None = None
    title: str
    updated_at: datetime


class Disclosure(SQLModel, table=True):
    """Somebody had an identity number shown in full: who, whose, when and why. Rows are only added."""

    __tablename__ = "disclosure"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    officer: str = Field(foreign_key="officer.id", index=True)
    officer_name: str
    department: str
    person_ref: str = Field(foreign_key="person.ref", index=True)
    unit: str
    reason: str


class Recusal(SQLModel, table=True):
    """回避: the officer takes no part in the case, in person or through anybody who stands in for him. It is not taken
    back; rows are only added. `declared_by` is the officer himself or the head who decided it."""

    __tablename__ = "recusal"
    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(foreign_key="case_file.id", index=True)
    officer: str = Field(foreign_key="officer.id")
    reason: str
    declared_by: str = Field(foreign_key="officer.id")
    at: datetime
    __table_args__ = (UniqueConstraint("case_id", "officer", name="recusal_once"),)


class AuditRow(SQLModel, table=True):
    """Who did what to what, when, from where, and whether it was done (GB/T 22239 L3-CES1-12 to 15; ASVS 16.2.1).
    Rows are only added: triggers refuse everything else, to every account of the database."""

    __tablename__ = "audit"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    act: str = Field(index=True)
    outcome: str
    officer: str = ""
    officer_name: str = ""
    department: str = ""
    about: str = ""
    detail: str = ""
    address: str = ""
    __table_args__ = (Index("audit_by_time", "at", "id"), Index("audit_by_officer", "officer", "at"))
