"""Removing staff, establishment change, rectification, early warning, substitution.

Revision: 0002; follows: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=null, server_default=default)


def _moment(name: str, *, null: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def upgrade() -> None:
    _more_columns()
    _unit_changes()
    _problems()
    _warnings()
    _substitutions()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _more_columns() -> None:
    """Only columns that may be empty, or that have a default: rows of 0001 stay as they are."""
    added: dict[str, list[sa.Column[Any]]] = {
        "unit": [_text("level", null=True), _text("other_names", null=True), _text("merged_into", null=True)],
        "case_file": [
            _text("applied_by", default="unit"),
            _moment("alarm_at"),
            _text("exception_id", null=True),
            sa.Column("correction_from", sa.Date(), nullable=True),
            _text("correction_calendar", null=True),
            sa.Column("correction_provisional", sa.Boolean(), nullable=False, server_default=sa.false()),
        ],
        "command": [_text("acting_for", null=True), _text("acting_for_name", null=True)],
        "step": [
            _text("acting_for", null=True),
            sa.Column("given_back_days", sa.Integer(), nullable=False, server_default="0"),
        ],
        "suspension": [
            _moment("confirmed_at"),
            _text("ended_by", null=True),
            sa.Column("holds_under_way", sa.Boolean(), nullable=False, server_default=sa.true()),
        ],
        "exceptional_acceptance": [
            _text("case_id", null=True),
            _text("number", null=True),
            _moment("ended_at"),
        ],
        "departure": [_text("case_id", null=True)],
    }
    for table, columns in added.items():
        for column in columns:
            op.add_column(table, column)
    for table in ("exceptional_acceptance", "departure"):
        op.create_index(f"ix_{table}_case_id", table, ["case_id"])
    op.create_index("ix_case_file_exception_id", "case_file", ["exception_id"])


def _unit_changes() -> None:
    op.create_table(
        "unit_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("unit"),
        _text("case_id"),
        _text("kind"),
        _text("field"),
        _text("before"),
        _text("after"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        _text("basis_no", null=True),
        _moment("recorded_at", null=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
    )
    op.create_index("ix_unit_change_unit", "unit_change", ["unit"])
    op.create_index("ix_unit_change_case_id", "unit_change", ["case_id"])


def _problems() -> None:
    op.create_table(
        "problem",
        _text("case_id"),
        _text("no"),
        _text("unit"),
        _text("kind"),
        _text("source"),
        _text("clause", null=True),
        _moment("opened_at", null=False),
        _moment("due_at", null=False),
        _text("state"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("extended_days", sa.Integer(), nullable=False),
        _moment("reported_at"),
        _moment("closed_at"),
        _text("closed_by", null=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_index("ix_problem_unit", "problem", ["unit"])


def _warnings() -> None:
    op.create_table(
        "warning",
        _text("case_id"),
        _text("unit"),
        _text("indicator"),
        _text("level"),
        _text("raised_by"),
        _moment("opened_at", null=False),
        _moment("told_at"),
        _moment("reply_due_at"),
        _moment("replied_at"),
        _moment("closed_at"),
        _text("outcome", null=True),
        _text("handed_to", null=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("ix_warning_unit", "warning", ["unit"])
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "one_open_warning",
        "warning",
        ["unit", "indicator"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _substitutions() -> None:
    op.create_table(
        "substitution",
        _text("id"),
        _text("principal"),
        _text("substitute"),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        _text("procedures"),
        _text("reason"),
        _text("granted_by"),
        _moment("granted_at", null=False),
        _moment("ended_at"),
        sa.ForeignKeyConstraint(["principal"], ["officer.id"]),
        sa.ForeignKeyConstraint(["substitute"], ["officer.id"]),
        sa.ForeignKeyConstraint(["granted_by"], ["officer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_substitution_principal", "substitution", ["principal"])
    op.create_index("ix_substitution_substitute", "substitution", ["substitute"])
