"""Tables of those who work at the console: sign-ins that failed, drafts, disclosures. A leaf of the register
(`models.register` has the rest); the same rules hold for `*_sealed` columns."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel


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
