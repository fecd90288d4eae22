"""What is done at the machine, for the audit: a person there has no account, and is named as the machine knows them."""

from __future__ import annotations

from datetime import UTC, datetime
from getpass import getuser

from docket import audit
from ledger.db import Database
from models.audit import Act


def operator() -> str:
    """Who sits at the machine, as the audit names such a person."""
    try:
        return f"命令行 {getuser()}"
    except (KeyError, OSError):  # an account of the machine without a name
        return "命令行"


def noted(database: Database, act: Act, about: str, detail: str = "") -> None:
    """One row, committed before what it tells of is handed out: what cannot be audited does not happen (P9)."""
    with database.write() as session:
        audit.note(session, act, datetime.now(UTC), operator(), about=about, detail=detail)
