"""Opens a new register with the sample data: published quotas, training units, synthetic persons."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from ledger.db import Database, hold_log
from ledger.intake.entries import Opening
from ledger.intake.register import Progress, silent, write_opening
from models.ledger import Cause
from models.register import Meta
from models.rulebook import Rulebook

from .codes import IdentityNumbers
from .published import Registered, published
from .roster import roster
from .training import training_units

META_NAME = "sample_data"
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What the register was opened with; `existing` when that had been done before."""

    units: int
    bodies: int
    accounts: int
    persons: int
    existing: bool = False


def sample() -> Registered:
    """Published units first, then the training units."""
    found, training = published(), training_units()
    found.units.extend(training.units)
    found.bodies.extend(training.bodies)
    found.accounts.extend(training.accounts)
    found.occupied.update(training.occupied)
    return found


def load_sample(database: Database, rulebook: Rulebook, *, progress: Progress | None = None) -> SampleSummary:
    """Idempotent: the `sample_data` row of `meta` remembers it. One transaction, so half a sample cannot exist."""
    with database.read() as session:
        before = _loaded(session)
    if before is not None:
        return before
    with database.write() as session:
        hold_log(session)  # two first starts may run at once: one of them waits here, and looks again
        before = _loaded(session)
        if before is not None:
            return before
        registered = sample()
        persons = list(roster(registered, IdentityNumbers()))
        opening = Opening(registered.units, registered.bodies, registered.accounts, persons, len(persons))
        return _open(session, opening, progress or silent)


def opening_cause(case_id: str) -> Cause:
    now = datetime.now(UTC)
    today = now.astimezone(_SHANGHAI).date()
    return Cause(case_id=case_id, step="opening", round=1, effective_on=today, recorded_at=now)


def _open(session: Session, opening: Opening, progress: Progress) -> SampleSummary:
    write_opening(session, opening, opening_cause("sample-data"), progress)
    summary = SampleSummary(len(opening.units), len(opening.bodies), len(opening.accounts), opening.person_count)
    session.add(Meta(name=META_NAME, value=json.dumps(asdict(summary))))
    session.flush()
    return summary


def _loaded(session: Session) -> SampleSummary | None:
    row = session.get(Meta, META_NAME)
    return replace(SampleSummary(**json.loads(row.value)), existing=True) if row is not None else None
