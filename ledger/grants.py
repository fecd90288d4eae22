"""What the account of the running program may do in PostgreSQL: less than the one that owns the tables (P9).

The owner migrates and could take triggers away; the program runs as another account, which cannot: it adds to the
journal, the log and the audit, and neither changes nor deletes a row there. GB/T 22239 L3-CES1-08, 14; ASVS 16.4.2.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from .db import IMMUTABLE_TABLES

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def statements(role: str) -> list[str]:
    """In order; each may be run again. Raises ValueError for what is no plain name of an account."""
    if not _ROLE.fullmatch(role):
        raise ValueError("账号名须为小写字母、数字和下划线 · lower-case letters, digits and _")
    kept = ", ".join(IMMUTABLE_TABLES)
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {kept} FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ]


def grant_use(connection: Connection, role: str) -> None:
    """Let the account run the program. Raises ValueError on SQLite, where files have no accounts."""
    if connection.dialect.name != "postgresql":
        raise ValueError("只用于 PostgreSQL · for PostgreSQL alone")
    for statement in statements(role):
        connection.exec_driver_sql(statement)
