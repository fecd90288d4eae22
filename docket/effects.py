"""What a case does to the ledger: 核定 / 实有 / 在途 / 预留 / 空余, before → after.

Before = the accounts without this case; after = with all that it asks for, or with what it came to. A post that is
not entered yet counts as 在途, as the slip will book it or has booked it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from ledger import suspensions
from models.applications import (
    AnyApplication,
    EstablishmentChangeApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
)
from models.changes import AbolishUnit, EstablishUnit, MergeUnits
from models.decisions import Officer
from models.docket import LedgerEffect, SlipView
from models.enums import Department, Resource, SlotState
from models.register import Account, Journal, Unit, table_of
from rules.arithmetic import Figures
from rules.change_gate import deltas

from .cases import CaseFile
from .changing import approved_changes
from .removal import leaving

_unit = table_of(Unit)
_account = table_of(Account)
_journal = table_of(Journal)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a case comes to on one resource of one unit: signed persons, signed authorised posts, and of the persons
    those who have not entered yet."""

    occupied: int = 0
    authorised: int = 0
    reserved: int = 0


Wish = dict[tuple[str, Resource], Wanted]
"""(unit, resource) → what is wanted; a resource that is shown although nothing moves has zeros."""


def effects(
    s: Session, case: CaseFile, slip: SlipView | None, application: AnyApplication, viewer: Officer | None = None
) -> list[LedgerEffect]:
    """By unit and resource; a unit is shown its own figures, of those below it and of those that it sets up."""
    wish = _wish(s, case, slip, application)
    moved = _moved(s, case.id)
    new = _set_up(s, case, application)
    found: list[LedgerEffect] = []
    shown = dict.fromkeys(code for code, _ in wish)
    if viewer is not None and viewer.department is Department.UNIT:
        reach = {*suspensions.units_below(s, viewer.unit or ""), *new}
        shown = {code: None for code in shown if code in reach}
    for unit in shown:
        wanted = {resource: value for (code, resource), value in wish.items() if code == unit}
        found += _of_unit(s, unit, new.get(unit), wanted, moved)
    return found


def _set_up(s: Session, case: CaseFile, application: AnyApplication) -> dict[str, str]:
    """Names of the units that a change sets up; until then the register does not know them."""
    if not isinstance(application, EstablishmentChangeApplication):
        return {}
    changes = approved_changes(s, case, application)
    return {change.code: change.name for change in changes if isinstance(change, EstablishUnit)}


def _wish(s: Session, case: CaseFile, slip: SlipView | None, application: AnyApplication) -> Wish:
    match application:
        case StaffingUpApplication():
            return _of_staffing(case, slip, application)
        case RemovingStaffApplication():
            return _of_removal(s, case, application)
        case EstablishmentChangeApplication():
            return _of_change(s, case, application)
        case _:
            return {}


def _of_change(s: Session, case: CaseFile, application: EstablishmentChangeApplication) -> Wish:
    """What the approved changes do to 核定; a merger carries quotas and people, an end strikes them."""
    posted = _posted(s, case.id)
    if posted or case.state.final:
        return posted
    wish: Wish = {}
    changes = approved_changes(s, case, application)
    for unit, resource, delta in deltas(changes):
        wish[unit, resource] = _added(wish.get((unit, resource)), 0, delta)
    for change in changes:
        if isinstance(change, MergeUnits):
            for source in change.units:
                if _holder(s, source) != _holder(s, change.into):  # 合署办公: what is shared stays where it is
                    _carried(s, wish, source, change.into)
        elif isinstance(change, AbolishUnit) and not _shared(s, change.unit):
            for account in _accounts_of(s, change.unit):
                wish[change.unit, Resource(account.resource)] = Wanted(authorised=-account.authorised)
    return wish


def _carried(s: Session, wish: Wish, source: str, into: str) -> None:
    for account in _accounts_of(s, source):
        resource = Resource(account.resource)
        wish[source, resource] = Wanted(-account.occupied, -account.authorised)
        wish[into, resource] = _added(wish.get((into, resource)), account.occupied, account.authorised)


def _added(wanted: Wanted | None, occupied: int, authorised: int) -> Wanted:
    before = wanted or Wanted()
    return Wanted(before.occupied + occupied, before.authorised + authorised)


def _holder(s: Session, unit: str) -> str | None:
    holder: str | None = s.execute(select(_unit.c.holder).where(_unit.c.code == unit)).scalar()
    return holder


def _shared(s: Session, unit: str) -> bool:
    """Whether another living unit has the same quota."""
    others = select(_unit.c.code).where(
        _unit.c.holder == _holder(s, unit), _unit.c.code != unit, _unit.c.abolished_on.is_(None)
    )
    return s.execute(others.limit(1)).first() is not None


def _accounts_of(s: Session, unit: str) -> list[Row[Any]]:
    holder = select(_unit.c.holder).where(_unit.c.code == unit).scalar_subquery()
    return list(s.execute(select(_account).where(_account.c.holder == holder).order_by(_account.c.resource)))


def _posted(s: Session, case_id: str) -> Wish:
    """What the case has moved already, by unit."""
    rows = s.execute(
        select(
            _journal.c.unit,
            _journal.c.resource,
            func.sum(_journal.c.d_occupied),
            func.sum(_journal.c.d_authorised),
        )
        .where(_journal.c.case_id == case_id)
        .group_by(_journal.c.unit, _journal.c.resource)
        .order_by(_journal.c.unit, _journal.c.resource)
    )
    return {(row[0], Resource(row[1])): Wanted(int(row[2]), int(row[3])) for row in rows}


def _of_staffing(case: CaseFile, slip: SlipView | None, application: StaffingUpApplication) -> Wish:
    wanted: Counter[Resource] = Counter()
    open_yet: Counter[Resource] = Counter()
    if slip is not None:
        wanted.update(slot.resource for slot in slip.slots if slot.state is not SlotState.RELEASED)
        open_yet.update(slot.resource for slot in slip.slots if slot.state is SlotState.OPEN)
        for line in application.lines:
            wanted.setdefault(line.resource, 0)
    else:
        appointed = application.appointment is not None  # by a higher body: posted at once, without a slip
        for line in application.lines:
            wanted[line.resource] += 0 if case.state.final else line.number
            open_yet[line.resource] += 0 if case.state.final or appointed else line.number
    return {
        (case.row.unit, resource): Wanted(occupied=number, reserved=open_yet[resource])
        for resource, number in wanted.items()
    }


def _of_removal(s: Session, case: CaseFile, application: RemovingStaffApplication) -> Wish:
    """One person less on each account that is freed; of who stays, the accounts are shown unmoved."""
    wanted: Counter[tuple[str, Resource]] = Counter()
    for person in leaving(s, case, application):
        for place in person.frees:
            wanted[place] -= 1 if person.going else 0
    return {place: Wanted(occupied=number) for place, number in wanted.items()}


def _of_unit(
    s: Session,
    unit: str,
    name_if_new: str | None,
    wanted: dict[Resource, Wanted],
    moved: dict[str, tuple[int, int, int]],
) -> list[LedgerEffect]:
    """What is counted already, and what a change would count for the first time, also in a unit that it sets up."""
    row = s.execute(select(_unit.c.holder, _unit.c.name).where(_unit.c.code == unit)).one_or_none()
    name = row.name if row is not None else name_if_new
    if name is None:
        return []
    rows = _accounts_of(s, unit) if row is not None else []
    accounts = {Resource(account.resource): account for account in rows}
    found = [
        _effect(unit, name, resource, account, wanted[resource], moved.get(account.id, (0, 0, 0)))
        for resource, account in accounts.items()
        if resource in wanted
    ]
    new = [resource for resource, value in wanted.items() if resource not in accounts and value.authorised]
    return found + [_effect(unit, name, resource, Figures(), wanted[resource], (0, 0, 0)) for resource in new]


def _effect(
    unit: str,
    name: str,
    resource: Resource,
    account: Row[Any] | Figures,
    wanted: Wanted,
    moved: tuple[int, int, int],
) -> LedgerEffect:
    occupied, reserved, authorised = moved
    authorised_before = account.authorised - authorised
    occupied_before, reserved_before = account.occupied - occupied, account.reserved - reserved
    vacancy_before = authorised_before - occupied_before - reserved_before - account.set_aside
    return LedgerEffect(
        resource=resource,
        label=resource.label,
        unit=unit,
        unit_name=name,
        wanted=wanted.occupied,
        authorised=authorised_before,
        authorised_after=authorised_before + wanted.authorised,
        occupied_before=occupied_before,
        occupied_after=occupied_before + wanted.occupied - wanted.reserved,
        reserved_before=reserved_before,
        reserved_after=reserved_before + wanted.reserved,
        set_aside=account.set_aside,
        vacancy_before=vacancy_before,
        vacancy_after=vacancy_before + wanted.authorised - wanted.occupied,
    )


def _moved(s: Session, case_id: str) -> dict[str, tuple[int, int, int]]:
    """Account → (occupied, reserved, authorised) moved by this case so far."""
    sums = [func.sum(column) for column in (_journal.c.d_occupied, _journal.c.d_reserved, _journal.c.d_authorised)]
    rows = s.execute(
        select(_journal.c.account, *sums).where(_journal.c.case_id == case_id).group_by(_journal.c.account)
    )
    return {
        account: (int(occupied), int(reserved), int(authorised)) for account, occupied, reserved, authorised in rows
    }
