"""What becomes of records after filing: renditions, holds, disposals.

Revision: 0005; follows: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _of_a_term() -> dict[str, Any]:
    """What may become due one day: most records never do, and what has gone does not come back."""
    where = "retention <> 'permanent' AND disposed_at IS NULL"
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    with op.batch_alter_table("record") as record:
        record.add_column(_moment("disposed_at", null=True))
        record.create_index("record_by_term", ["issued_on", "id"], **_of_a_term())
    _renditions()
    _holds()
    _disposals()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _renditions() -> None:
    op.create_table(
        "rendition",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("record_id"),
        _text("kind"),
        _text("media_type"),
        _text("digest"),
        sa.Column("size", sa.Integer(), nullable=False),
        _moment("made_at"),
        _text("made_by"),
        _text("provider"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id", "kind", "digest", name="rendition_once"),
    )
    op.create_index("ix_rendition_record_id", "rendition", ["record_id"])
    op.create_index("ix_rendition_digest", "rendition", ["digest"])
    op.create_index(
        "rendition_one_pdf",
        "rendition",
        ["record_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'pdf'"),
        postgresql_where=sa.text("kind = 'pdf'"),
    )


def _holds() -> None:
    op.create_table(
        "record_hold",
        _text("id"),
        _text("case_id"),
        _text("record_id", null=True),
        _text("reason"),
        _text("basis"),
        _text("placed_by"),
        _moment("placed_at"),
        _text("lifted_by", null=True),
        _moment("lifted_at", null=True),
        _text("lifted_reason", null=True),
        sa.ForeignKeyConstraint(["placed_by"], ["officer.id"]),
        sa.ForeignKeyConstraint(["lifted_by"], ["officer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_record_hold_case_id", "record_hold", ["case_id"])
    op.create_index("ix_record_hold_record_id", "record_hold", ["record_id"])


def _disposals() -> None:
    who = ("proposed_by", "decided_by", "executed_by", "witnessed_by")
    op.create_table(
        "disposal",
        _text("id"),
        _text("no"),
        _text("state"),
        sa.Column("due_before", sa.Date(), nullable=False),
        _text("reason"),
        _text("proposed_by"),
        _moment("proposed_at"),
        _text("decided_by", null=True),
        _moment("decided_at", null=True),
        _text("opinion", null=True),
        _text("reference_no", null=True),
        _text("executed_by", null=True),
        _moment("executed_at", null=True),
        _text("witnessed_by", null=True),
        _moment("witnessed_at", null=True),
        _text("list_record", null=True),
        *(sa.ForeignKeyConstraint([name], ["officer.id"]) for name in who),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("no", name="disposal_no_once"),
    )
    op.create_index("ix_disposal_state", "disposal", ["state"])
    op.create_index("ix_disposal_list_record", "disposal", ["list_record"])
    op.create_index("disposal_by_proposal", "disposal", ["proposed_at", "id"])
    op.create_table(
        "disposal_item",
        _text("disposal"),
        _text("record_id"),
        _text("digest"),
        sa.Column("open", sa.Boolean(), nullable=False),
        _text("struck_reason", null=True),
        _text("struck_by", null=True),
        _moment("struck_at", null=True),
        _moment("removed_at", null=True),
        sa.ForeignKeyConstraint(["disposal"], ["disposal.id"]),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"]),
        sa.ForeignKeyConstraint(["struck_by"], ["officer.id"]),
        sa.PrimaryKeyConstraint("disposal", "record_id"),
    )
    op.create_index("ix_disposal_item_record_id", "disposal_item", ["record_id"])
    op.create_index(
        "disposal_item_open_once",
        "disposal_item",
        ["record_id"],
        unique=True,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
