"""What a new data folder needs: schema, sample data while the register is empty, demo accounts beside it."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, func, select

from ledger.intake.register import Progress
from models.register import Meta, Unit
from sample_data.accounts import create_demo_accounts
from sample_data.load import META_NAME, load_sample

from .assembly import Parts, assembled
from .self_checks import enter_templates
from .settings import Settings


def prepare(settings: Settings, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Migrates, and in the embedded profile opens an empty register with the sample data.

    Returns the demo accounts, none when the register holds an office's own data. Raises StartFault.
    """
    with assembled(settings, migrate=True) as parts:
        enter_templates(parts.database, settings)
        if not settings.demo_accounts or not _for_demonstration(parts):
            return []
        load_sample(parts.database, parts.rulebook, progress=progress)
        with parts.database.write() as session:
            return create_demo_accounts(session, settings.data_dir)


def _for_demonstration(parts: Parts) -> bool:
    """Empty, or opened with the sample before: a register with an office's own units is never mixed with it."""
    with parts.database.read() as session:
        return session.get(Meta, META_NAME) is not None or _units(session) == 0


def _units(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Unit)).one()
