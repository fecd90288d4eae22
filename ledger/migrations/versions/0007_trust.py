"""Trust: the results of reconciliations; the audit; three separated administrators; scopes of tokens; recusals.

Revision: 0007; follows: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _reconciliations()
    _separate_administrators()
    _scopes_of_tokens()
    _recusals()
    _audit()


def downgrade() -> None:
    raise CommandError("登记数据库只向前迁移；退回请恢复备份 · migrations only go forward: restore a backup")


def _reconciliations() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("engine", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("repaired", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reconciliation_at", "reconciliation", ["at"])


_ADMINISTRATORS = "('system-admin', 'security-admin', 'audit-admin')"
_SEPARATE = (
    "roles = '' OR ("
    f"(department = 'administration') = (roles IN {_ADMINISTRATORS}) "
    "AND (department = 'administration' OR roles NOT LIKE '%-admin%') "
    "AND (roles NOT LIKE '%auditor%' OR (roles = 'auditor' AND department NOT IN ('unit', 'administration'))))"
)
"""三员分立 as the database says it: an administrator has one role, it is his only one, and he belongs to the
administration, where nobody else has any; an auditor audits and does nothing else."""
_ACTS = "department <> 'administration' AND roles NOT LIKE '%-admin%' AND roles NOT LIKE '%auditor%'"
"""Who gives a command on a case: no administrator and no auditor, whatever a program believes."""


def _separate_administrators() -> None:
    connection = op.get_bind()
    found = connection.execute(sa.text(f"SELECT login FROM officer WHERE NOT ({_SEPARATE}) ORDER BY login"))  # noqa: S608 - our own text
    mixed = [row.login for row in found]
    if mixed:
        raise CommandError(
            "以下账号兼任管理员或审计角色，须先由原版本分开，再行升级 · these accounts mix an administrator's or an "
            f"auditor's role with another; separate them with the former version first: {'、'.join(mixed)}"
        )
    if connection.dialect.name == "sqlite":
        # A CHECK would rebuild the table, to which others refer; triggers hold as much.
        for act in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER officer_separate_{act.lower()} BEFORE {act} ON officer "
                f"WHEN NOT ({_of_new(_SEPARATE)}) "
                "BEGIN SELECT RAISE(ABORT, 'administrators and auditors are separate'); END"
            )
        op.execute(
            f"CREATE TRIGGER command_not_of_administrators BEFORE INSERT ON command WHEN NOT ({_of_new(_ACTS)}) "
            "BEGIN SELECT RAISE(ABORT, 'administrators and auditors give no commands'); END"
        )
        return
    op.create_check_constraint("officer_separate", "officer", _SEPARATE)
    _refusing("command", "administrators and auditors give no commands")
    # At entry alone: a row of former days must still take its receipt.
    op.execute(
        "CREATE TRIGGER command_not_of_administrators BEFORE INSERT ON command FOR EACH ROW "
        f"WHEN (NOT ({_of_new(_ACTS)})) EXECUTE FUNCTION command_refuse()"
    )


def _of_new(rule: str) -> str:
    return rule.replace("roles", "NEW.roles").replace("department", "NEW.department")


def _refusing(table: str, why: str) -> None:
    """A PostgreSQL function `TABLE_refuse` for triggers that only ever refuse."""
    op.execute(
        f"""
        CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{why}' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )


def _immutable(table: str, why: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
            )
        return
    _refusing(table, why)
    # Per statement, because TRUNCATE fires no row trigger.
    op.execute(
        f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )


def _scopes_of_tokens() -> None:
    op.add_column("token", sa.Column("scope", sa.String(), nullable=False, server_default=""))


def _recusals() -> None:
    op.create_table(
        "recusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("declared_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["officer"], ["officer.id"]),
        sa.ForeignKeyConstraint(["declared_by"], ["officer.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "officer", name="recusal_once"),
    )
    op.create_index("ix_recusal_case_id", "recusal", ["case_id"])
    _immutable("recusal", "recusals are not taken back")


def _audit() -> None:
    text = ("act", "outcome", "officer", "officer_name", "department", "about", "detail", "address")
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False, server_default="") for name in text),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_act", "audit", ["act"])
    op.create_index("audit_by_time", "audit", ["at", "id"])
    op.create_index("audit_by_officer", "audit", ["officer", "at"])
    _immutable("audit", "the audit is immutable")
