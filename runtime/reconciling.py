"""`dingbian reconcile`: the hourly comparison, now and by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from activities.reconciliation import Beat, sweep
from models.reconciliation import Reconciled

from .assembly import Parts
from .client import TemporalAway, connected
from .engine import TemporalEngine


def reconcile(parts: Parts, beat: Beat = lambda _what: None) -> Reconciled:
    """Compare everything, repair what is safe, keep the result. While Temporal is away the register alone is compared
    with its store, and the result says so."""
    return asyncio.run(_reconcile(parts, beat))


async def _reconcile(parts: Parts, beat: Beat) -> Reconciled:
    at = datetime.now(UTC)
    try:
        engine = TemporalEngine(await connected(parts.settings, parts.keyring))
        return await sweep(parts.database, parts.store, engine, at, beat)
    except TemporalAway:
        return await sweep(parts.database, parts.store, None, at, beat)
