"""Balances: as they stand, as of a day, as known at a moment, and rebuilt from the journal (ledger.md rules 6, 8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from ledger.books import AnyRow, balance, figures_of
from ledger.tables import ACCOUNT, JOURNAL, UNIT
from models.enums import Resource
from models.ledger import Balance

_CURRENT = select(ACCOUNT).join(UNIT, UNIT.c.holder == ACCOUNT.c.holder).where(UNIT.c.code == bindparam("unit_code"))
_SUMS = (
    ACCOUNT.c.id,
    ACCOUNT.c.holder,
    ACCOUNT.c.resource,
    ACCOUNT.c.note,
    func.sum(JOURNAL.c.d_authorised).label("authorised"),
    func.sum(JOURNAL.c.d_occupied).label("occupied"),
    func.sum(JOURNAL.c.d_reserved).label("reserved"),
    func.sum(JOURNAL.c.d_set_aside).label("set_aside"),
    func.sum(JOURNAL.c.d_tolerated).label("tolerated_over"),
)
_REBUILT = (
    select(*_SUMS)
    .join(JOURNAL, JOURNAL.c.account == ACCOUNT.c.id)
    .group_by(ACCOUNT.c.id, ACCOUNT.c.holder, ACCOUNT.c.resource, ACCOUNT.c.note)
)
_REBUILT_UNIT = _REBUILT.join(UNIT, UNIT.c.holder == ACCOUNT.c.holder).where(UNIT.c.code == bindparam("unit_code"))


def balances(s: Session, unit: str, as_of: date | None = None, known_at: datetime | None = None) -> list[Balance]:
    """Every account of the unit's holder, in the order of `Resource`.

    Without dates the accounts as they stand, every recorded row included. `as_of` counts rows effective on or
    before that day, `known_at` rows recorded at or before that moment; accounts without such rows are left out.
    """
    s.flush()
    named = {"unit_code": unit}
    if as_of is None and known_at is None:
        return _ordered(s.connection().execute(_CURRENT, named))
    query = _REBUILT_UNIT
    if as_of is not None:
        query = query.where(JOURNAL.c.effective_on <= as_of)
    if known_at is not None:
        query = query.where(JOURNAL.c.recorded_at <= known_at)
    return _ordered(s.connection().execute(query, named))


def account_balances(s: Session, unit: str, resources: Iterable[Resource]) -> dict[Resource, Balance]:
    """The named accounts of the unit that exist, as they stand."""
    wanted = set(resources)
    return {each.resource: each for each in balances(s, unit) if each.resource in wanted}


def rebuild(s: Session) -> dict[str, Balance]:
    """Every account that has rows, summed from the journal alone; by account id."""
    s.flush()
    return {row.id: _balance(row) for row in s.connection().execute(_REBUILT)}


def _ordered(rows: Iterable[AnyRow]) -> list[Balance]:
    order = {resource: place for place, resource in enumerate(Resource)}
    return sorted((_balance(row) for row in rows), key=lambda each: order[each.resource])


def _balance(row: AnyRow) -> Balance:
    return balance(row.id, row.holder, Resource(row.resource), figures_of(row), row.note)


def accounts_as_of(s: Session, accounts: Iterable[str], as_of: date) -> dict[str, Balance]:
    """These accounts on a day, summed from their rows effective on or before it; one without such rows is left out."""
    s.flush()
    query = _REBUILT.where(ACCOUNT.c.id.in_(list(accounts)), JOURNAL.c.effective_on <= as_of)
    return {row.id: _balance(row) for row in s.connection().execute(query)}
