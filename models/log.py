"""Tables of the transparency log over all chains (RFC 6962): leaves, complete subtrees, heads. Rows are only added;
triggers refuse UPDATE and DELETE as they do on the journal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class LogLeaf(SQLModel, table=True):
    """One row of a chain as the log took it. `chain` is a holder, or series/year of records; `seq` its place there.

    `row_hash` is the row's own hash; the leaf's hash follows from these four (`ledger.log.leaf_text`).
    """

    __tablename__ = "log_leaf"
    leaf_index: int = Field(primary_key=True)
    kind: str
    chain: str
    seq: int
    row_hash: str
    __table_args__ = (UniqueConstraint("kind", "chain", "seq", name="log_row_once"),)


class LogNode(SQLModel, table=True):
    """The root of a complete subtree over leaves [node_index · 2^level, (node_index + 1) · 2^level); level 1 and up."""

    __tablename__ = "log_node"
    level: int = Field(primary_key=True)
    node_index: int = Field(primary_key=True)
    hash: str


class LogHeadRow(SQLModel, table=True):
    """The tree after one append: size, root, when, and how many rows of each kind were new."""

    __tablename__ = "log_head"
    size: int = Field(primary_key=True)
    root: str
    at: datetime
    journal_rows: int
    record_rows: int
