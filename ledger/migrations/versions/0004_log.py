"""The transparency log over all chains: leaves, complete subtrees, heads; triggers keep all three immutable.

Revision: 0004; follows: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("log_leaf", "log_node", "log_head")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    # autoincrement off: PostgreSQL would otherwise number a sole integer key by itself
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "log_leaf",
        _number("leaf_index"),
        _text("kind"),
        _text("chain"),
        _number("seq"),
        _text("row_hash"),
        sa.PrimaryKeyConstraint("leaf_index"),
        sa.UniqueConstraint("kind", "chain", "seq", name="log_row_once"),
    )
    op.create_table(
        "log_node",
        _number("level"),
        _number("node_index"),
        _text("hash"),
        sa.PrimaryKeyConstraint("level", "node_index"),
    )
    op.create_table(
        "log_head",
        _number("size"),
        _text("root"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _number("journal_rows"),
        _number("record_rows"),
        sa.PrimaryKeyConstraint("size"),
    )
    _immutable()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _immutable() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in _TABLES:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'rows of the log are immutable'); END"
                )
        return
    op.execute(
        """
        CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of the log are immutable' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in _TABLES:
        # Per statement, because TRUNCATE fires no row trigger.
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()"
        )
