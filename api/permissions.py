"""Who may call what: one row per operation of the API, and nothing for an operation without a row.

Two sides are checked. Here: does the caller's department and role open this operation at all? In the routes:
is this object the caller's to see (own unit, `docket.view.may_see`)? Whether a decision is open to its officer
is judged once more by the activity, against the committed row, and answered with a receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.decisions import Officer
from models.enums import Department, Role
from rules import disposals

ANY: frozenset[Role] = frozenset()
"""No role asked for: being of the department is enough."""

CONFINED = frozenset({Department.UNIT, Department.ADMINISTRATION})

_Who = Mapping[Department, frozenset[Role]]

READERS: _Who = {department: ANY for department in Department if department is not Department.ADMINISTRATION}
"""All but the administrators, who keep the machine and see no case."""

DECIDERS: _Who = {
    department: ANY
    for department in READERS
    if department not in (Department.SUPERVISION, Department.DISCIPLINE)  # a supervisor only reads
}

NAMES: _Who = {
    Department.UNIT: ANY,
    Department.ESTABLISHMENT: ANY,
    Department.ORGANISATION: ANY,
    Department.PERSONNEL: ANY,
    Department.DISCIPLINE: ANY,
    Department.SUPERVISION: ANY,
}
"""Who reads rosters: those who answer for persons. Finance and insurance act on the certificate instead."""

CERTIFICATES: _Who = {**NAMES, Department.FINANCE: ANY, Department.SOCIAL_INSURANCE: ANY}

OVERSIGHT: _Who = {
    Department.ESTABLISHMENT: ANY,
    Department.COMMISSION: ANY,
    Department.DISCIPLINE: ANY,
    Department.SUPERVISION: ANY,
}

APPLICANT: _Who = {Department.UNIT: frozenset({Role.APPLICANT})}
INSPECTOR: _Who = {Department.ESTABLISHMENT: frozenset({Role.INSPECTOR})}

REPORTERS: _Who = {
    **APPLICANT,
    Department.ORGANISATION: frozenset({Role.APPROVER}),
    Department.PERSONNEL: frozenset({Role.APPROVER}),
}
"""Who reports a departure (procedures.md §2): the unit, or the department that manages the person."""

SYSTEM: _Who = {Department.ADMINISTRATION: frozenset({Role.SYSTEM_ADMIN})}
SECURITY: _Who = {Department.ADMINISTRATION: frozenset({Role.SECURITY_ADMIN})}
AUDIT: _Who = {Department.ADMINISTRATION: frozenset({Role.AUDIT_ADMIN})}
"""The three administrators 三员: one keeps the accounts, one grants the roles, one looks (GB/T 22239 L3-CES1-08)."""

ARRANGERS: _Who = {**DECIDERS, **SECURITY}
"""Who may ask for a substitution; for whom is judged by `docket.substitutions.may_arrange`."""

CODEC_ROLES: _Who = {
    Department.ESTABLISHMENT: frozenset({Role.HEAD}),
    Department.SUPERVISION: frozenset({Role.SUPERVISOR}),
}
"""The codec endpoint opens everything, identity numbers too. It is for the head of the establishment office, for
supervisors, who read every docket and whose page the Temporal UI is, and for auditors; not for examiners, who see
their cases in the docket, and not for administrators, who see none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call an operation. `auditors`: also whoever holds the role auditor of any department that looks at more
    than itself: not of a unit, which sees its own alone, and not of the administration, which sees no case.

    `write`: a command; wants an idempotency key and is counted per officer. `json_body`: strict JSON is read.
    `cookie`: the token may come in the codec cookie from the Temporal UI's origin. `acting`: the caller may stand in
    for a colleague (header Acting-For); elsewhere that header is refused, so that nobody believes it counted.
    """

    who: _Who = field(default_factory=dict)
    auditors: bool = False
    public: bool = False
    write: bool = False
    json_body: bool = False
    cookie: bool = False
    acting: bool = False

    def allows(self, officer: Officer) -> bool:
        if Role.AUDITOR in officer.roles and self.write:
            return False  # an auditor looks, and writes nowhere (P9)
        if self.auditors and Role.AUDITOR in officer.roles and officer.department not in CONFINED:
            return True
        wanted = self.who.get(officer.department)
        return wanted is not None and (not wanted or bool(wanted & officer.roles))


def _public(*, json_body: bool = False) -> Rule:
    return Rule(public=True, json_body=json_body)


def _read(who: _Who, *, auditors: bool = True) -> Rule:
    return Rule(who, auditors=auditors, acting=True)


def _write(who: _Who) -> Rule:
    return Rule(who, write=True, json_body=True, acting=True)


SIGNERS: _Who = {Department.ESTABLISHMENT: frozenset({Role.REGISTRAR, Role.HEAD})}
"""Who sends a filed document to the office's signing provider."""


def _in_person(roles: frozenset[Role], *, json_body: bool = True) -> Rule:
    """A step of retention: the establishment office's own, and never by a substitute (docs/decisions/0044)."""
    return Rule({Department.ESTABLISHMENT: roles}, write=True, json_body=json_body)


_HEAD: _Who = {Department.ESTABLISHMENT: frozenset({Role.HEAD})}
_CODEC = Rule(CODEC_ROLES, auditors=True, json_body=True, cookie=True)

RULES: dict[str, Rule] = {
    "apply_staffing_up": _write(APPLICANT),
    "apply_removing_staff": _write(REPORTERS),
    "apply_establishment_change": _write(APPLICANT),
    "open_rectification": _write(INSPECTOR),
    "raise_warning": _write(INSPECTOR),
    "list_cases": _read(READERS),
    "read_case": _read(READERS),
    "decide": _write(DECIDERS),
    "resubmit": _write(REPORTERS),
    "withdraw": _write(REPORTERS),
    "revoke": _write({Department.ESTABLISHMENT: ANY}),
    "extend": _write(DECIDERS),
    "hold": _write(_HEAD),
    "release": _write(_HEAD),
    "remind": _write(DECIDERS),
    "report": _write(APPLICANT),
    "request_exception": _write({**APPLICANT, Department.ESTABLISHMENT: ANY}),
    "comment": _write(DECIDERS),
    "copy": _write({who: ANY for who in DECIDERS if who is not Department.UNIT}),
    "recuse": Rule({**DECIDERS}, write=True, json_body=True),
    "list_case_records": _read(READERS),
    "read_case_package": _read(OVERSIGHT),
    "read_worklist": _read(READERS),
    "list_substitutions": _read({**READERS, Department.ADMINISTRATION: ANY}),
    "grant_substitution": Rule(ARRANGERS, write=True, json_body=True),
    "end_substitution": Rule(ARRANGERS, write=True),
    "list_officers": Rule({Department.ADMINISTRATION: ANY}, auditors=True),
    "enter_officer": Rule(SYSTEM, write=True, json_body=True),
    "change_officer": Rule(SYSTEM, write=True, json_body=True),
    "set_officer_active": Rule(SYSTEM, write=True, json_body=True),
    "set_officer_password": Rule(SYSTEM, write=True, json_body=True),
    "grant_roles": Rule(SECURITY, write=True, json_body=True),
    "list_audit": Rule(AUDIT, auditors=True),
    "list_units": _read(READERS),
    "read_unit": _read(READERS),
    "read_balances": _read(READERS),
    "read_roster": _read(NAMES),
    "read_journal": _read(READERS),
    "read_certificate": _read(CERTIFICATES),
    "read_certificate_facts": _read(CERTIFICATES),
    "read_certificate_extract": _read(CERTIFICATES),
    "list_records": _read(OVERSIGHT),
    "read_record": _read(READERS),
    "read_record_file": _read(READERS),
    "read_record_pdf": _read(READERS),
    "read_record_signed": _read(READERS),
    "sign_record": Rule(SIGNERS, acting=True),
    "list_retention": _read(OVERSIGHT),
    "place_hold": _in_person(disposals.HOLDERS),
    "lift_hold": _in_person(disposals.LIFTERS),
    "list_holds": _read(OVERSIGHT),
    "propose_disposal": _in_person(disposals.PROPOSERS),
    "list_disposals": _read(OVERSIGHT),
    "read_disposal": _read(OVERSIGHT),
    "strike_disposal": _in_person(disposals.STRIKERS),
    "decide_disposal": _in_person(disposals.DECIDERS),
    "execute_disposal": _in_person(disposals.EXECUTORS, json_body=False),
    "witness_disposal": _in_person(disposals.WITNESSES, json_body=False),
    "verify_code": _public(),
    "verify_file": _public(),
    "verify_ledger": _read({**OVERSIGHT, Department.ADMINISTRATION: ANY}),
    "read_reconciliation": _read({**OVERSIGHT, Department.ADMINISTRATION: ANY}),
    "read_log_head": _read({**READERS, Department.ADMINISTRATION: ANY}),
    "read_log_proof": _read(READERS),
    "read_log_consistency": _read({**READERS, Department.ADMINISTRATION: ANY}),
    "watch_events": _read(READERS),
    "health_live": _public(),
    "health_ready": _public(),
    "read_metrics": _public(),
    "codec_decode": _CODEC,
    "codec_encode": _CODEC,
    "read_openapi": _public(),
    "read_reference": _public(),
}


def reads_all_units(officer: Officer) -> bool:
    """Officers of a unit see their own unit; every other department sees the whole register."""
    return officer.department is not Department.UNIT


def may_see_unit(officer: Officer, code: str) -> bool:
    return reads_all_units(officer) or officer.unit == code
