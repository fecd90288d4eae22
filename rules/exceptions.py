"""What an exceptional acceptance covers (procedures.md §4: an approved act with scope and expiry)."""

from __future__ import annotations

from models.applications import AnyApplication, EstablishmentChangeApplication, StaffingUpApplication
from models.changes import AbolishUnit, Change, ExtraName, InternalBodies, PostsChanged, QuotaChanged, Reallocated
from models.decisions import Scope
from models.enums import Procedure, Resource

EVERYTHING = "*"


def covers(scope: str, procedure: Procedure, resources: frozenset[Resource]) -> bool:
    """Whether a stored scope (JSON of `Scope`, or `*`) covers an application of a procedure for these resources.

    A scope that names resources covers nothing that is more than resources (`resources` empty).
    """
    if scope == EVERYTHING:
        return True
    wanted = Scope.model_validate_json(scope)
    if procedure not in wanted.procedures:
        return False
    return not wanted.resources or (bool(resources) and resources <= set(wanted.resources))


def only_takes_back(application: AnyApplication) -> bool:
    """Whether an application only cuts and abolishes: what a rectification itself needs stays open to a suspended
    unit (procedures.md §4)."""
    if not isinstance(application, EstablishmentChangeApplication):
        return False
    return all(_takes_back(change) for change in application.changes)


def _takes_back(change: Change) -> bool:
    match change:
        case AbolishUnit():
            return True
        case QuotaChanged() | PostsChanged():
            return change.after < change.before
        case InternalBodies():
            return change.after is None
        case ExtraName():
            return not change.after
        case _:
            return False


def uses_of(scope: str) -> int | None:
    """How many applications may pass under a stored scope; None without a limit."""
    return None if scope == EVERYTHING else Scope.model_validate_json(scope).cases


def resources_of(application: AnyApplication) -> frozenset[Resource]:
    """The resources that an application would use or change; empty when it also asks for something that is none, a
    name or a rank."""
    match application:
        case StaffingUpApplication():
            return frozenset(line.resource for line in application.lines)
        case EstablishmentChangeApplication():
            each = [_moved(change) for change in application.changes]
            return frozenset[Resource]().union(*each) if all(each) else frozenset()
        case _:
            return frozenset()


def _moved(change: Change) -> frozenset[Resource]:
    if isinstance(change, QuotaChanged | PostsChanged | Reallocated):
        return frozenset({change.resource})
    return frozenset()
