"""Tables of what becomes of records after filing: renditions, holds, disposals, acts. A leaf of the register."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Rendition(SQLModel, table=True):
    """Another form of a record, kept beside its original bytes: PDF for reading, or what a signing provider returned.
    Rows are only added. At its record's disposal its file goes and the row stays: a copy that somebody holds is still
    told by its digest."""

    __tablename__ = "rendition"
    id: int | None = Field(default=None, primary_key=True)
    record_id: str = Field(foreign_key="record.id", index=True)
    kind: str
    media_type: str
    digest: str
    size: int
    made_at: datetime
    made_by: str
    provider: str
    __table_args__ = (
        UniqueConstraint("record_id", "kind", "digest", name="rendition_once"),
        Index("ix_rendition_digest", "digest"),
        Index(
            "rendition_one_pdf",
            "record_id",
            unique=True,
            sqlite_where=text("kind = 'pdf'"),
            postgresql_where=text("kind = 'pdf'"),
        ),
    )


class RecordHold(SQLModel, table=True):
    """A record, or every record of a case (`record_id` null), must not be disposed of: a dispute, an inspection, an
    audit. It ends when it is lifted, never by itself."""

    __tablename__ = "record_hold"
    id: str = Field(primary_key=True)
    case_id: str = Field(index=True)
    record_id: str | None = Field(default=None, index=True)
    reason: str
    basis: str
    placed_by: str = Field(foreign_key="officer.id")
    placed_at: datetime
    lifted_by: str | None = Field(default=None, foreign_key="officer.id")
    lifted_at: datetime | None = None
    lifted_reason: str | None = None


class Disposal(SQLModel, table=True):
    """An act of disposal 销毁: proposed, approved or refused by the head, carried out by one officer before another as
    witness (监销). `list_record` is its numbered list 销毁清册."""

    __tablename__ = "disposal"
    id: str = Field(primary_key=True)
    no: str
    state: str = Field(index=True)
    due_before: date
    reason: str
    proposed_by: str = Field(foreign_key="officer.id")
    proposed_at: datetime
    decided_by: str | None = Field(default=None, foreign_key="officer.id")
    decided_at: datetime | None = None
    opinion: str | None = None
    reference_no: str | None = None
    executed_by: str | None = Field(default=None, foreign_key="officer.id")
    executed_at: datetime | None = None
    witnessed_by: str | None = Field(default=None, foreign_key="officer.id")
    witnessed_at: datetime | None = None
    list_record: str | None = Field(default=None, index=True)
    __table_args__ = (
        UniqueConstraint("no", name="disposal_no_once"),
        Index("disposal_by_proposal", "proposed_at", "id"),
    )


class DisposalItem(SQLModel, table=True):
    """A record on the list of a disposal. One record stands on one open list at most (`open`), and is destroyed once;
    `removed_at` is when its files had left the store. It is struck by an officer, or by nobody (`struck_by` empty) when
    it failed the last check before the witness."""

    __tablename__ = "disposal_item"
    disposal: str = Field(primary_key=True, foreign_key="disposal.id")
    record_id: str = Field(primary_key=True, foreign_key="record.id")
    digest: str
    open: bool = True
    struck_reason: str | None = None
    struck_by: str | None = Field(default=None, foreign_key="officer.id")
    struck_at: datetime | None = None
    removed_at: datetime | None = None
    __table_args__ = (
        Index("ix_disposal_item_record_id", "record_id"),
        Index(
            "disposal_item_open_once",
            "record_id",
            unique=True,
            sqlite_where=text("open = 1"),
            postgresql_where=text("open"),
        ),
    )


class RecordAct(SQLModel, table=True):
    """What became of a number after it was given: `act` void (`detail` its reason) or superseded (the successor's id).
    A chain per series and year; rows are only added."""

    __tablename__ = "record_act"
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    record_id: str = Field(foreign_key="record.id", index=True)
    act: str
    detail: str
    at: datetime
    prev_hash: str
    hash: str
