"""Which page is for whom: one row per page, and nothing for a page without a row.

As for operations of the API (`api.permissions`), two sides are checked: here the department and role, in the page
itself whether this case or unit is the officer's to see. What a page lets an officer do is asked of the operation
that it carries, so that a button can never do more than the API.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.permissions import ANY, CERTIFICATES, NAMES, OVERSIGHT, READERS, RULES, Rule
from models.enums import Department, Role

_EVERYBODY = dict.fromkeys(Department, ANY)
_APPLY = ("apply_staffing_up", "apply_removing_staff", "apply_establishment_change", "open_rectification",
          "raise_warning")  # fmt: skip


_APPLICANTS: dict[Department, frozenset[Role]] = {}
for _name in _APPLY:
    for _who, _roles in RULES[_name].who.items():
        _APPLICANTS[_who] = _APPLICANTS.get(_who, frozenset()) | _roles


def _read(who: Mapping[Department, frozenset[Role]], *, auditors: bool = True) -> Rule:
    return Rule(who, auditors=auditors, acting=True)


PAGES: dict[str, Rule] = {
    "home": _read(_EVERYBODY),
    "account": _read(_EVERYBODY),
    "worklist": _read(READERS),
    "case": _read(READERS),
    "apply": _read(_APPLICANTS, auditors=False),
    "desk": _read(OVERSIGHT),
    "units": _read(READERS),
    "bodies": _read(READERS),
    "quotas": _read(READERS),
    "roster": _read(NAMES),
    "journal": _read(READERS),
    "slips": _read(READERS),
    "problems": _read(READERS),
    "suspensions": _read(READERS),
    "records": _read(READERS),
    "numbers": _read(OVERSIGHT),
    "officers": _read({**OVERSIGHT, Department.ADMINISTRATION: ANY}),
    "disclosures": _read({Department.SUPERVISION: ANY, Department.DISCIPLINE: ANY, Department.ADMINISTRATION: ANY}),
    "accounts": RULES["list_officers"],
    "audit": RULES["list_audit"],
    "certificate": _read(CERTIFICATES),
    "disposals": _read(OVERSIGHT),
    "reconciliation": RULES["read_reconciliation"],
}
PUBLIC = frozenset({"login", "verify"})
"""Pages without sign-in."""
