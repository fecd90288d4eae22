"""Writes an opening: holders, units, internal bodies, then accounts and persons through the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from ledger.opening import open_accounts
from models.ledger import Cause, OpeningAccount, OpeningPerson
from models.register import Holder, InternalBody, Unit

from .entries import Opening, UnitEntry

Progress = Callable[[str, int, int], None]

_BATCH = 1_000
_POSTED_TOGETHER = 2_000
WRITING = "登记 · writing"
RELATION = "合署办公"


def silent(phase: str, done: int, total: int) -> None:
    """A progress callback that says nothing."""


def write_opening(session: Session, opening: Opening, cause: Cause, progress: Progress = silent) -> int:
    """Returns the number of persons posted. The caller's transaction is the whole of it: nothing or everything."""
    units = parents_first(opening.units)
    _insert(session, Holder, _holders(units))
    shared = {unit.holder for unit in units if unit.holder != unit.code}
    _insert(session, Unit, [asdict(unit) | {"relation": RELATION if unit.holder in shared else None} for unit in units])
    _insert(session, InternalBody, [asdict(body) for body in opening.bodies])
    return _post(session, opening, cause, progress)


def _post(session: Session, opening: Opening, cause: Cause, progress: Progress) -> int:
    """Accounts and persons, some thousand persons at a time and never a holder in two parts, so that progress shows."""
    holders = {unit.code: unit.holder for unit in opening.units}
    parts: dict[str, tuple[list[OpeningAccount], list[OpeningPerson]]] = {}
    for account in opening.accounts:
        parts.setdefault(holders[account.unit], ([], []))[0].append(account)
    for person in opening.persons:
        parts.setdefault(holders[person.unit], ([], []))[1].append(person)
    posted = 0
    accounts: list[OpeningAccount] = []
    persons: list[OpeningPerson] = []
    progress(WRITING, 0, opening.person_count)
    for own_accounts, own_persons in parts.values():
        accounts += own_accounts
        persons += own_persons
        if len(persons) >= _POSTED_TOGETHER:
            posted += open_accounts(session, accounts, persons, cause)
            accounts, persons = [], []
            progress(WRITING, posted, opening.person_count)
    posted += open_accounts(session, accounts, persons, cause)
    progress(WRITING, posted, opening.person_count)
    return posted


def parents_first(units: list[UnitEntry]) -> list[UnitEntry]:
    """Units in an order that the foreign key to the parent accepts; units of a circle are left out."""
    by_code = {unit.code: unit for unit in units}
    children: dict[str, list[UnitEntry]] = {}
    waiting: list[UnitEntry] = []
    for unit in units:
        if unit.parent in by_code:
            children.setdefault(str(unit.parent), []).append(unit)
        else:
            waiting.append(unit)
    ordered: list[UnitEntry] = []
    while waiting:
        ordered.extend(waiting)
        waiting = [child for unit in waiting for child in children.get(unit.code, [])]
    return ordered


def _holders(units: list[UnitEntry]) -> list[dict[str, Any]]:
    names: dict[str, list[str]] = {}
    for unit in units:
        names.setdefault(unit.holder, []).append(unit.name)
    return [
        {"id": holder, "name": "、".join(users), "head_seq": 0, "head_hash": "0" * 64}
        for holder, users in names.items()
    ]


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(table), rows[start : start + _BATCH])
