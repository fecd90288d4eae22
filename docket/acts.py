"""Who acted as what in a case: what separation of duties looks at (domain.md §12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from models.enums import CommandKind, Department, Role
from models.register import Command, table_of
from rules.steps import EX_OFFICIO, STEPS

from .cases import CaseFile

Hat = tuple[Department, Role]

ORDER_ROLES: dict[CommandKind, frozenset[Role]] = {
    CommandKind.REVOKE: frozenset({Role.ISSUER, Role.HEAD}),
    CommandKind.HOLD: frozenset({Role.HEAD}),
    CommandKind.RELEASE: frozenset({Role.HEAD}),
}
"""Who in the establishment office may give which order."""

_command = table_of(Command)
_COMMANDS = (
    select(
        _command.c.id,
        _command.c.kind,
        _command.c.officer,
        _command.c.acting_for,
        _command.c.roles,
        _command.c.status,
    )
    .where(_command.c.case_id == bindparam("case_id"))
    .order_by(_command.c.seq)
)


def acts(s: Session, case: CaseFile) -> dict[str, frozenset[Hat]]:
    """Officer → what he or she acted as in this case: opening it ex officio, decisions on steps, orders of the
    office; each counts for the officer and for the colleague in whose place it was done.

    Only a role that the officer held when committing the act counts. Whoever held two that fit may have acted in
    either, until a later act fits only one of them.
    """
    done: dict[str, list[frozenset[Hat]]] = {}
    for command in s.execute(_COMMANDS, {"case_id": case.id}):
        for hats in _hats(case, command):
            for who in filter(None, (command.officer, command.acting_for)):
                done[who] = _narrowed(done.get(who, []), hats)
    return {who: frozenset[Hat]().union(*apart) for who, apart in done.items()}


def _narrowed(before: list[frozenset[Hat]], now: frozenset[Hat]) -> list[frozenset[Hat]]:
    """Acts that may be of one role are of one role; those that cannot be stand apart."""
    for place, earlier in enumerate(before):
        if earlier & now:
            return [*before[:place], earlier & now, *before[place + 1 :]]
    return [*before, now]


def _hats(case: CaseFile, command: Row[Any]) -> Iterator[frozenset[Hat]]:
    """What one command was done as; nothing for one that was refused or is no act in a role."""
    kind = CommandKind(command.kind)
    ex_officio = EX_OFFICIO.get(case.procedure)
    if kind is CommandKind.START and ex_officio is not None:
        yield frozenset({(Department.ESTABLISHMENT, ex_officio)})
    if kind in ORDER_ROLES and command.status == "accepted":
        yield _worn(Department.ESTABLISHMENT, ORDER_ROLES[kind], command.roles)
    for row in case.steps:
        if row.command_id == command.id and row.officer is not None:
            yield _worn(
                Department(row.acted_as or row.department), STEPS[case.procedure][row.step].roles, command.roles
            )


def _worn(department: Department, roles: frozenset[Role], held: str) -> frozenset[Hat]:
    return frozenset((department, role) for role in roles if role.value in held.split(","))
