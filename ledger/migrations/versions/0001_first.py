"""The first schema: every table of models/register.py, and triggers that keep the journal immutable.

Revision: 0001; follows: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER journal_no_{act.lower()} BEFORE {act} ON journal "
    "BEGIN SELECT RAISE(ABORT, 'journal rows are immutable'); END"
    for act in ("UPDATE", "DELETE")
)
# Per statement, because TRUNCATE fires no row trigger.
_POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'journal rows are immutable' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER journal_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()
    """,
)


def upgrade() -> None:
    _parties()
    _ledger()
    _slips()
    _gate()
    _cases()
    _traces()
    _records()
    _officers()
    _immutable_journal()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _immutable_journal() -> None:
    for statement in _SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else _POSTGRES_TRIGGERS:
        op.execute(statement)


def _parties() -> None:
    """Holders, units and their internal bodies."""
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "holder",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "unit",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("rank", sa.String(), nullable=True),
        sa.Column("nature", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=True),
        sa.Column("certificate_no", sa.String(), nullable=False),
        sa.Column("basis_no", sa.String(), nullable=True),
        sa.Column("basis_date", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("remark", sa.String(), nullable=True),
        sa.Column("data_fault", sa.String(), nullable=True),
        sa.Column("abolished_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["holder"], ["holder.id"]),
        sa.ForeignKeyConstraint(["parent"], ["unit.code"]),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_unit_holder", "unit", ["holder"])
    op.create_index("ix_unit_name", "unit", ["name"])
    op.create_index("ix_unit_parent", "unit", ["parent"])
    op.create_table(
        "internal_body",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("other_name", sa.String(), nullable=True),
        sa.Column("rank", sa.String(), nullable=True),
        sa.Column("chief_posts", sa.Integer(), nullable=True),
        sa.Column("deputy_posts", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("unit", "name", name="internal_body_once"),
    )
    op.create_index("ix_internal_body_unit", "internal_body", ["unit"])


def _ledger() -> None:
    """Accounts, the journal, persons and where they sit."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("authorised", sa.Integer(), nullable=False),
        sa.Column("occupied", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.Column("tolerated_over", sa.Integer(), nullable=False),
        sa.Column("absorb_until", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint(
            "authorised >= 0 AND occupied >= 0 AND reserved >= 0 AND set_aside >= 0 AND tolerated_over >= 0",
            name="account_never_negative",
        ),
        sa.CheckConstraint(
            "occupied + reserved + set_aside <= authorised + tolerated_over", name="account_never_exceeded"
        ),
        sa.ForeignKeyConstraint(["holder"], ["holder.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("holder", "resource", name="account_once"),
    )
    op.create_index("ix_account_holder", "account", ["holder"])
    op.create_table(
        "journal",
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("d_authorised", sa.Integer(), nullable=False),
        sa.Column("d_occupied", sa.Integer(), nullable=False),
        sa.Column("d_reserved", sa.Integer(), nullable=False),
        sa.Column("d_set_aside", sa.Integer(), nullable=False),
        sa.Column("d_tolerated", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("slip_id", sa.String(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("person_ref", sa.String(), nullable=True),
        sa.Column("basis_no", sa.String(), nullable=True),
        sa.Column("basis_body", sa.String(), nullable=True),
        sa.Column("basis_date", sa.Date(), nullable=True),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("transfer_id", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload_hash", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.ForeignKeyConstraint(["holder"], ["holder.id"]),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("holder", "seq"),
        sa.UniqueConstraint("holder", "corrects", name="journal_corrected_once"),
        sa.UniqueConstraint("key", name="journal_key_once"),
    )
    op.create_index("ix_journal_account", "journal", ["account"])
    op.create_index("ix_journal_case_id", "journal", ["case_id"])
    op.create_index("ix_journal_unit", "journal", ["unit"])
    op.create_table(
        "person",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("identity_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("birth_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("identity_index", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("identity_index", name="person_once"),
    )
    op.create_table(
        "occupancy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("internal_body", sa.String(), nullable=True),
        sa.Column("position", sa.String(), nullable=True),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_holder", sa.String(), nullable=False),
        sa.Column("entered_seq", sa.Integer(), nullable=False),
        sa.Column("basis_no", sa.String(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_seq", sa.Integer(), nullable=True),
        sa.Column("exit_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.ForeignKeyConstraint(["person_ref"], ["person.ref"]),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_occupancy_account", "occupancy", ["account"])
    op.create_index("ix_occupancy_person_ref", "occupancy", ["person_ref"])
    op.create_index("ix_occupancy_slot", "occupancy", ["slot"])
    op.create_index("ix_occupancy_unit", "occupancy", ["unit"])
    op.create_index("occupancy_by_unit", "occupancy", ["unit", "left_on", "id"])
    op.create_index(
        "one_headcount_per_person",
        "occupancy",
        ["person_ref"],
        unique=True,
        sqlite_where=sa.text("left_on IS NULL AND side = 'headcount'"),
        postgresql_where=sa.text("left_on IS NULL AND side = 'headcount'"),
    )


def _slips() -> None:
    """Verification slips and their slots."""
    op.create_table(
        "slip",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_slip_case_id", "slip", ["case_id"])
    op.create_index("ix_slip_unit", "slip", ["unit"])
    op.create_table(
        "slot",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("slip_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("internal_body", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"]),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_slot_slip_id", "slot", ["slip_id"])


def _gate() -> None:
    """What closes the gate, and what opens it by exception."""
    op.create_table(
        "suspension",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("problems", sa.String(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covers_subordinates", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_suspension_unit", "suspension", ["unit"])
    op.create_table(
        "exceptional_acceptance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_exceptional_acceptance_unit", "exceptional_acceptance", ["unit"])
    op.create_table(
        "departure",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_departure_unit", "departure", ["unit"])


def _cases() -> None:
    """Case files, rounds, commands, steps."""
    op.create_table(
        "case_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("no", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held_from", sa.String(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("applicant", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_on", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("headline", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("held_reason", sa.String(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("calendar_version", sa.String(), nullable=False),
        sa.Column("correction_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("no", name="case_no_once"),
    )
    op.create_index("case_by_opening", "case_file", ["opened_at", "id"])
    op.create_index("case_by_state", "case_file", ["state", "opened_at", "id"])
    op.create_index("ix_case_file_due_at", "case_file", ["due_at"])
    op.create_index("ix_case_file_fingerprint", "case_file", ["fingerprint"])
    op.create_index("ix_case_file_procedure", "case_file", ["procedure"])
    op.create_index("ix_case_file_state", "case_file", ["state"])
    op.create_index("ix_case_file_unit", "case_file", ["unit"])
    op.create_table(
        "case_round",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("officer_name", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.PrimaryKeyConstraint("case_id", "round"),
    )
    op.create_table(
        "command",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("officer_name", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("clause", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "seq", name="command_in_order"),
    )
    op.create_index(
        "command_undelivered",
        "command",
        ["case_id", "seq"],
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_index(
        "command_unjudged",
        "command",
        ["decided_at"],
        sqlite_where=sa.text("handled_at IS NULL"),
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_index("ix_command_case_id", "command", ["case_id"])
    op.create_table(
        "step",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("extended_days", sa.Integer(), nullable=False),
        sa.Column("calendar_version", sa.String(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_to", sa.String(), nullable=True),
        sa.Column("command_id", sa.String(), nullable=True),
        sa.Column("officer", sa.String(), nullable=True),
        sa.Column("officer_name", sa.String(), nullable=True),
        sa.Column("acted_as", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference_no", sa.String(), nullable=True),
        sa.Column("opinion_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("person_index", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.PrimaryKeyConstraint("case_id", "step", "round", "subject"),
    )
    op.create_index("ix_step_person_index", "step", ["person_index"])
    op.create_index("step_waiting", "step", ["department", "state", "due_at"])


def _traces() -> None:
    """Traces, notices, stored answers."""
    op.create_table(
        "trace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="trace_once"),
    )
    op.create_index("ix_trace_case_id", "trace", ["case_id"])
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="notice_once"),
    )
    op.create_index("ix_notice_case_id", "notice", ["case_id"])


def _records() -> None:
    """Series of numbers and official records."""
    op.create_table(
        "series",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "year"),
    )
    op.create_table(
        "record",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("officers", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("context_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("template_digest", sa.String(), nullable=False),
        sa.Column("retention", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=True),
        sa.Column("superseded_by", sa.String(), nullable=True),
        sa.Column("chain_seq", sa.Integer(), nullable=True),
        sa.Column("prev_hash", sa.String(), nullable=True),
        sa.Column("hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "step", "round", "subject", "kind", name="record_once"),
        sa.UniqueConstraint("code", name="record_code_once"),
        sa.UniqueConstraint("series", "year", "chain_seq", name="record_chain_once"),
        sa.UniqueConstraint("series", "year", "seq", name="record_number_once"),
    )
    op.create_index("ix_record_case_id", "record", ["case_id"])
    op.create_index("ix_record_digest", "record", ["digest"])
    op.create_index("ix_record_unit", "record", ["unit"])


def _officers() -> None:
    """Officers and their tokens."""
    op.create_table(
        "officer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login", name="officer_login_once"),
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["officer"], ["officer.id"]),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_token_officer", "token", ["officer"])
