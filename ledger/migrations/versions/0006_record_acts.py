"""What became of a number after it was given (作废, 替代) as chained rows that are only ever added to; what was void or
superseded before gets its row now.

Revision: 0006; follows: 0005
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

from models.sealing import HashName, digest

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GENESIS = "0" * 64


def upgrade() -> None:
    made = op.create_table(
        "record_act",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"]),
        sa.PrimaryKeyConstraint("series", "year", "seq"),
    )
    op.create_index("ix_record_act_record_id", "record_act", ["record_id"])
    _carry_over(made)
    _immutable()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _carry_over(made: sa.Table) -> None:
    """As `records.acts` would write them, in order of number."""
    connection = op.get_bind()
    name: HashName = "sm3"
    if connection.execute(sa.text("SELECT value FROM meta WHERE name = 'hash'")).scalar() == "sha256":
        name = "sha256"
    now = datetime.now(UTC)
    found = connection.execute(
        sa.text(
            "SELECT id, series, year, state, void_reason, superseded_by FROM record "
            "WHERE state IN ('void', 'superseded') ORDER BY series, year, seq"
        )
    ).all()
    heads: dict[tuple[str, int], tuple[int, str]] = defaultdict(lambda: (0, _GENESIS))
    rows: list[dict[str, Any]] = []
    for record in found:
        seq, before = heads[record.series, record.year]
        row: dict[str, Any] = {
            "series": record.series,
            "year": record.year,
            "seq": seq + 1,
            "record_id": record.id,
            "act": record.state,
            "detail": (record.void_reason if record.state == "void" else record.superseded_by) or "",
            "at": now,
            "prev_hash": before,
        }
        said = row | {"at": now.isoformat(timespec="microseconds")}
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        row["hash"] = digest(text.encode(), name)
        heads[record.series, record.year] = row["seq"], row["hash"]
        rows.append(row)
    if rows:
        connection.execute(made.insert(), rows)


def _immutable() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER record_act_no_{act.lower()} BEFORE {act} ON record_act "
                "BEGIN SELECT RAISE(ABORT, 'acts on records are immutable'); END"
            )
        return
    op.execute(
        """
        CREATE FUNCTION record_act_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'acts on records are immutable' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    # Per statement, because TRUNCATE fires no row trigger.
    op.execute(
        "CREATE TRIGGER record_act_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON record_act "
        "FOR EACH STATEMENT EXECUTE FUNCTION record_act_refuse()"
    )
