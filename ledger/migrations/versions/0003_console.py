"""The console: failed sign-ins, drafts, disclosures of identity numbers.

Revision: 0003; follows: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def upgrade() -> None:
    _sign_in_failures()
    _drafts()
    _disclosures()
    _indexes_of_lists()
    _indexes_of_registers()
    _indexes_of_figures()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _sign_in_failures() -> None:
    op.create_table(
        "sign_in_failure",
        _text("officer"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("last_at"),
        _moment("locked_until", null=True),
        sa.ForeignKeyConstraint(["officer"], ["officer.id"]),
        sa.PrimaryKeyConstraint("officer"),
    )


def _drafts() -> None:
    op.create_table(
        "draft",
        _text("id"),
        _text("officer"),
        _text("procedure"),
        _text("case_id", null=True),
        _text("title"),
        sa.Column("form_sealed", sa.LargeBinary(), nullable=False),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["officer"], ["officer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_draft_officer", "draft", ["officer"])


def _disclosures() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Integer(), nullable=False),
        _moment("at"),
        _text("officer"),
        _text("officer_name"),
        _text("department"),
        _text("person_ref"),
        _text("unit"),
        _text("reason"),
        sa.ForeignKeyConstraint(["officer"], ["officer.id"]),
        sa.ForeignKeyConstraint(["person_ref"], ["person.ref"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_disclosure_officer", "disclosure", ["officer"])
    op.create_index("ix_disclosure_person_ref", "disclosure", ["person_ref"])


def _indexes_of_lists() -> None:
    """What the lists of the worklist page walk along."""
    op.create_index("case_by_unit", "case_file", ["unit", "opened_at", "id"])
    op.create_index("case_by_side", "case_file", ["applied_by", "opened_at", "id"])
    op.create_index("command_by_officer", "command", ["officer", "decided_at"])
    op.create_index("notice_by_department", "notice", ["department", "kind", "at"])
    op.create_index(
        "step_escalated",
        "step",
        ["state", "due_at"],
        sqlite_where=sa.text("escalated_to IS NOT NULL"),
        postgresql_where=sa.text("escalated_to IS NOT NULL"),
    )


def _indexes_of_figures() -> None:
    """What the figures of the supervisors' desk walk along."""
    op.create_index("journal_by_day", "journal", ["effective_on", "resource", "d_authorised", "d_occupied"])
    op.create_index("step_by_decision", "step", ["decided_at"])
    op.create_index(
        "record_numbered",
        "record",
        ["case_id"],
        sqlite_where=sa.text("state = 'numbered'"),
        postgresql_where=sa.text("state = 'numbered'"),
    )


def _indexes_of_registers() -> None:
    """What the registers of the console are read by."""
    op.create_index("journal_by_time", "journal", ["recorded_at", "holder", "seq"])
    op.create_index("journal_by_kind", "journal", ["kind", "recorded_at", "holder", "seq"])
    op.create_index("journal_by_resource", "journal", ["resource", "recorded_at", "holder", "seq"])
    op.create_index("person_by_name", "person", ["name", "ref"])
    op.create_index("occupancy_by_entry", "occupancy", ["entered_on", "id"])
    op.create_index("record_by_issue", "record", ["issued_on"])
