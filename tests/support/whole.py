"""A whole office behind its API, for tests that call every operation: something stands behind every kind of address,
and there is an officer for every operation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import select

from api.deps import Limits, Runtime
from api.limits import Buckets
from api.permissions import RULES
from docket import officers, substitutions
from ledger import log
from models.decisions import Officer
from models.enums import Department, Role
from models.register import OfficerRow, Record
from models.substitutions import NewSubstitution
from rules.deadlines import local_day
from runtime.renditions import PdfMaker, Shelf
from runtime.signing import Handed, Signer
from tests.change import acts as changing
from tests.rectification import acts as rectifying
from tests.removing import leaving
from tests.support import disposals
from tests.support.console import Counter
from tests.support.office import EVERYBODY, HEAD, HEAD_TWO, RESEARCH, SERVICES, Office, application, line
from tests.support.signing import plain_pdf, signed_docx
from tests.warning import support as warning

NEVER = 10**9
"""Calls that a bucket lets through when a test is not about flooding."""

OTHERS: dict[str, tuple[Department, Role]] = {
    "auditor": (Department.SUPERVISION, Role.AUDITOR),
    "discipline": (Department.DISCIPLINE, Role.SUPERVISOR),
    "system-admin": (Department.ADMINISTRATION, Role.SYSTEM_ADMIN),
    "security-admin": (Department.ADMINISTRATION, Role.SECURITY_ADMIN),
    "audit-admin": (Department.ADMINISTRATION, Role.AUDIT_ADMIN),
}
"""Officers whom an `Office` does not have, because they decide nothing."""


def unlimited() -> Limits:
    """Every bucket of the API bottomless."""
    made = Limits()
    for name, value in vars_of(made):
        if isinstance(value, Buckets):
            setattr(made, name, Buckets(burst=NEVER, per_second=float(NEVER)))
    return made


def vars_of(limits: Limits) -> Iterator[tuple[str, object]]:
    for name in limits.__dataclass_fields__:
        yield name, getattr(limits, name)


class _Seal:
    """In the place of the office's signing provider."""

    name = "seal"

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def sign(self, handed: Handed) -> bytes:
        # never twice the same bytes, as a signature with a time in it
        return signed_docx(handed.data, more={"_xmlsignatures/sig1.xml": b"<s>%d</s>" % next(self._numbers)})


@dataclass
class Whole:
    """`addresses` holds values that exist for the parameters of paths; `callers_of` whoever may call an operation."""

    counter: Counter
    cast: dict[str, Officer]
    tokens: dict[str, str]
    addresses: dict[str, list[str]] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        return self.counter.runtime

    @property
    def office(self) -> Office:
        return self.counter.office

    @property
    def somewhere(self) -> dict[str, str]:
        """One value for every parameter of a path."""
        return {name: values[0] for name, values in self.addresses.items()}

    def callers_of(self, operation: str) -> list[str]:
        """Logins of one officer of each kind that the operation is open to; none for a public one."""
        rule = RULES[operation]
        if rule.public:
            return []
        kinds: dict[tuple[object, ...], str] = {}
        for login, officer in self.cast.items():
            if rule.allows(officer):
                kinds.setdefault((officer.department, officer.unit, officer.roles), login)
        return list(kinds.values())

    @property
    def on_sqlite(self) -> bool:
        return self.office.database.engine.dialect.name == "sqlite"

    def header_of(self, login: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[login]}"}


def staffed(folder: Path, url: str | None = None) -> Whole:
    """An office on its first morning behind its API, and an officer for every operation."""
    office = Office(folder, url=url)
    counter = Counter(folder, office)
    counter.runtime.limits = unlimited()
    return Whole(counter, *_everybody(office))


def furnished(folder: Path, url: str | None = None) -> Whole:
    """Cases of every procedure in several states, papers, a hold, a disposal, a substitution; some three seconds."""
    office = Office(folder, url=url)
    old = [*(disposals.refused_case(office) for _ in range(3)), *_cases(office)]
    office.now = disposals.LATER
    held = disposals.short_lived(office)
    hold = disposals.held(office, held[0].id)
    approved = disposals.proposed(office)
    disposals.struck(office, approved.id, disposals.items(office, approved.id)[0].record_id)
    disposals.decided(office, approved.id)
    listed = [approved, disposals.proposed(office)]
    new = [office.opened(application(line("headcount:administrative", 2)))]
    counter = Counter(folder, office)
    counter.runtime.limits = unlimited()
    maker = PdfMaker(Shelf(office.database, office.store, lambda: office.now))
    counter.runtime.sign = Signer(_Seal(), "docx", maker)
    counter.runtime.make_pdf = lambda record, _: plain_pdf(record.id.encode())  # not LibreOffice, which takes seconds
    made = Whole(counter, *_everybody(office))
    made.addresses = {
        "case_id": [*old, *new],
        "record_id": _records(office),
        "hold_id": [hold.id],
        "disposal_id": [each.id for each in listed],
        "substitution_id": [_substitution(office)],
        "code": [RESEARCH, SERVICES],
        "officer_id": ["examiner", "issuer"],
    }
    return made


def _cases(office: Office) -> list[str]:
    """One of each procedure and more, in different states."""
    slip = office.opened(application(line("headcount:worker")))
    office.issued(slip)
    done = office.opened()
    (slot,) = office.issued(done)
    office.entered(done, slot, 300)
    office.acknowledged(done, slot)
    returned = office.opened(application(meeting="", contact=""))
    removal = office.opened(leaving.removal(leaving.leaver(office)))
    change = changing.in_force(office)
    waiting = office.opened()  # nobody applies twice for the same while a case is open
    rectification = rectifying.opened(office)
    warned = warning.warned(office)
    with office.database.write() as s:
        log.append(s, office.now)
    return [waiting, slip, done, returned, removal, change, rectification, warned]


def _everybody(office: Office) -> tuple[dict[str, Officer], dict[str, str]]:
    cast = {each.id: each for each in EVERYBODY}
    with office.database.write() as s:
        for login, (department, role) in OTHERS.items():
            if s.get(OfficerRow, login) is None:
                cast[login] = officers.add_officer(
                    s, id=login, login=login, name=f"经办{login}", department=department, roles=[role]
                )
        tokens = {login: officers.issue_token(s, login, office.now) for login in cast}
    return cast, tokens


def _substitution(office: Office) -> str:
    today = local_day(office.now)
    wanted = NewSubstitution(substitute=HEAD_TWO.id, from_on=today, until_on=today, reason="外出培训")
    with office.database.write() as s:
        found = substitutions.grant(s, wanted, HEAD, "substitution", office.now)
    assert hasattr(found, "id"), found
    return str(found.id)


def _records(office: Office) -> list[str]:
    with office.database.read() as s:
        return list(s.exec(select(Record.id)))
