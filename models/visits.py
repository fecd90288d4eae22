"""Tables of those who act and look: substitutions, tokens, sign-ins that failed, drafts, disclosures. A leaf of the
register (`models.register` has the rest); the same rules hold for `*_sealed` columns."""

from __future__ import annotations

from datetime import date, datetime

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
    """An opaque bearer token: only its hash is kept."""

    __tablename__ = "token"
    hash: str = Field(primary_key=True)
    officer: str = Field(foreign_key="officer.id", index=True)
    issued_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    note: str = ""


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
