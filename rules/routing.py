"""Which personnel department approves the persons of a slot (B §五.1; procedures.md §1 step 5)."""

from __future__ import annotations

from models.enums import Department, Resource, UnitKind
from models.refusals import cited

OUTSIDE_B = frozenset({UnitKind.INSTITUTION, UnitKind.CIVIL_SERVICE_LIKE})
"""B §二.1 covers Party and government organs and mass organisations, not institutions."""

_CIVIL_SERVANTS = frozenset({Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.CIVIL_SERVICE_LIKE})


def approving_department(resource: Resource) -> Department:
    """ORGANISATION for leaders and civil servants, PERSONNEL for all others."""
    if resource.is_post or resource in _CIVIL_SERVANTS:
        return Department.ORGANISATION
    return Department.PERSONNEL


def clause_shown(kind: UnitKind, resources: list[Resource], local_rule: str) -> str:
    """The clause that a document cites: B covers organs and internal leaders (B §二.1, §五.1); institutions and
    unit-level chiefs rest on the local rule of the settings."""
    unit_level = any(r in (Resource.UNIT_CHIEF, Resource.UNIT_DEPUTY, Resource.UNIT_OTHER) for r in resources)
    if kind in OUTSIDE_B or unit_level:
        return local_rule
    return cited("B 五.1")


def clause_cited(clause: str, kind: UnitKind, local_rule: str) -> str:
    """A refusal's clause as a letter to a unit of this kind cites it; institutions rest on the local rule."""
    if kind in OUTSIDE_B and clause.startswith("B"):
        return local_rule
    return cited(clause)
