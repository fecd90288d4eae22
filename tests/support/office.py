"""A small office in a folder: register, rules, officers of every department, and hands to decide with.

`Office` acts on the activities themselves (no Temporal), so that a rule is tested in milliseconds; the workflow
tests give the same office to a real worker.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, func, select

from activities.calendar import office_calendar
from activities.cases import CaseActivities
from activities.deps import Deps
from docket import commands, view
from docket.applications import procedure_of, serial_series
from ledger import balances as ledger_balances
from ledger import postings
from ledger.db import Database
from ledger.postings import open_accounts
from models.applications import AnyApplication, StaffingUpApplication
from models.decisions import Decision, Handle, Moment, Officer, Receipt
from models.docket import Desk, Docket, RecordView
from models.enums import CommandKind, Department, DocumentKind, Resource, Role, Sex
from models.ledger import Balance, Basis, Cause, OpeningAccount, OpeningPerson, PersonEntry
from models.refusals import Refusal
from models.register import Command, Holder, InternalBody, Meta, OfficerRow, Unit
from models.rulebook import Rulebook
from models.sealing import Keyring, SealingKey
from records import numbering
from records.render import Renderer
from records.store import FolderStore
from rules.deadlines import local_day
from tests.support.engines import register_of
from tests.support.ledger import migrated

RESEARCH = "119999000000000198"
SERVICES = "129999000000000270"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # a Monday morning in Shanghai


def furnished(url: str) -> None:
    """A register as every office finds it on its first morning."""
    with tempfile.TemporaryDirectory() as folder:
        Office(Path(folder), url=url).database.close()


_FURNISHED: list[bytes] = []
"""The register of an office on its first morning, once one was made in this process: migrating costs a tenth of a
second, and most tests want nothing else."""


def keyring() -> Keyring:
    key = SealingKey("sm4-test", "sm4-gcm", bytes(range(16)))
    return Keyring({key.key_id: key}, key.key_id, bytes(range(32)))


def _officer(login: str, name: str, department: Department, *roles: Role, unit: str | None = None) -> Officer:
    return Officer(id=login, name=name, department=department, unit=unit, roles=frozenset(roles))


APPLICANT = _officer("applicant", "王敏", Department.UNIT, Role.APPLICANT, unit=RESEARCH)
OTHER_APPLICANT = _officer("other-applicant", "赵磊", Department.UNIT, Role.APPLICANT, unit=SERVICES)
EXAMINER = _officer("examiner", "李静", Department.ESTABLISHMENT, Role.EXAMINER)
ISSUER = _officer("issuer", "张伟", Department.ESTABLISHMENT, Role.ISSUER)
REGISTRAR = _officer("registrar", "刘洋", Department.ESTABLISHMENT, Role.REGISTRAR)
HEAD = _officer("head", "陈强", Department.ESTABLISHMENT, Role.HEAD)
ORGANISATION = _officer("organisation", "杨帆", Department.ORGANISATION, Role.APPROVER)
PERSONNEL = _officer("personnel", "黄蕾", Department.PERSONNEL, Role.APPROVER)
FINANCE = _officer("finance", "周涛", Department.FINANCE, Role.APPROVER)
INSURANCE = _officer("insurance", "吴娜", Department.SOCIAL_INSURANCE, Role.APPROVER)
SUPERVISOR = _officer("supervisor", "徐刚", Department.SUPERVISION, Role.SUPERVISOR)
INSPECTOR = _officer("inspector", "何查", Department.ESTABLISHMENT, Role.INSPECTOR)
INSPECTOR_TWO = _officer("inspector-two", "郭查", Department.ESTABLISHMENT, Role.INSPECTOR)
HEAD_TWO = _officer("head-two", "林强", Department.ESTABLISHMENT, Role.HEAD)
ORGANISATION_TWO = _officer("organisation-two", "罗帆", Department.ORGANISATION, Role.APPROVER)
COMMISSION = _officer("commission", "梁委", Department.COMMISSION, Role.APPROVER)
PARTY_COMMITTEE = _officer("party-committee", "宋委", Department.PARTY_COMMITTEE, Role.APPROVER)
UPPER = _officer("upper", "郑上", Department.UPPER, Role.APPROVER)
EVERYBODY = (
    APPLICANT,
    OTHER_APPLICANT,
    EXAMINER,
    ISSUER,
    REGISTRAR,
    HEAD,
    ORGANISATION,
    PERSONNEL,
    FINANCE,
    INSURANCE,
    SUPERVISOR,
    INSPECTOR,
    INSPECTOR_TWO,
    HEAD_TWO,
    ORGANISATION_TWO,
    COMMISSION,
    PARTY_COMMITTEE,
    UPPER,
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_no(serial: int, born: date = date(1990, 1, 1), sex: Sex = Sex.MALE) -> str:
    """A valid number of the fake area 999999; `serial` 0 to 498."""
    order = serial * 2 + (1 if sex is Sex.MALE else 0)
    stem = f"999999{born:%Y%m%d}{order:03d}"
    return stem + "10X98765432"[sum(int(d) * w for d, w in zip(stem, _WEIGHTS, strict=True)) % 11]


def person(slot: str, serial: int, **more: Any) -> dict[str, Any]:
    """A person named for a slot, as a decision's body carries it."""
    born = date(1990, 1, 1)
    return {
        "slot": slot,
        "name": f"新人{serial}",
        "sex": "male",
        "birth_date": born.isoformat(),
        "identity_no": identity_no(serial, born),
    } | more


def application(
    *lines: dict[str, Any], unit: str = RESEARCH, meeting: str = "局党组会议〔2026〕第8次", **more: Any
) -> StaffingUpApplication:
    wanted = list(lines) or [line("headcount:administrative")]
    body = {
        "unit": unit,
        "lines": wanted,
        "basis": {"meeting": meeting, "date": "2026-02-25"},
        "contact": "王敏 0000-8000000",
    } | more
    return StaffingUpApplication.model_validate(body)


def line(resource: str, number: int = 1, way: str = "examination", **more: Any) -> dict[str, Any]:
    return {"resource": resource, "number": number, "way": way, "reason": "补充业务力量"} | more


@dataclass
class Office:
    """One office: `database`, `store`, `now` (workflow time), and what its people do."""

    folder: Path
    rulebook: Rulebook = field(default_factory=Rulebook)
    url: str | None = None
    now: datetime = START

    def __post_init__(self) -> None:
        url = self.url or register_of(self.folder / "dingbian.db", furnished if self.now == START else migrated)
        as_ever = url.startswith("sqlite:///") and self.now == START and not Path(url[10:]).exists()
        if as_ever and _FURNISHED:
            Path(url[10:]).write_bytes(_FURNISHED[0])
        self.database = Database(url, keyring())
        if not (as_ever and _FURNISHED):
            self.database.migrate()
        self.store = FolderStore(self.folder / "records")
        self.deps = Deps(
            database=self.database,
            store=self.store,
            renderer=Renderer(),
            rulebook=self.rulebook,
            calendar=office_calendar(self.rulebook),
            public_url="http://127.0.0.1:8400",
        )
        self.activities = CaseActivities(self.deps)
        with self.database.write() as s:
            if s.get(Meta, "test") is None:
                s.add(Meta(name="test", value="seeded"))
                _seed(s, self.now)
            used = s.exec(select(func.count()).select_from(Command)).one()
        self._keys = itertools.count(1 + 100 * used)  # of an office that was copied, the first ones are taken
        if as_ever and not _FURNISHED:
            with contextlib.closing(sqlite3.connect(url[10:])) as made:
                _FURNISHED.append(made.serialize())

    # --- acting --------------------------------------------------------------------------------------------

    def apply(self, body: AnyApplication | None = None, by: Officer = APPLICANT) -> str:
        """Commit an application of any procedure; the case id."""
        wanted = body or application()
        series = serial_series(procedure_of(wanted))
        with self.database.write() as s:
            answer = commands.submit_application(
                s,
                wanted,
                by,
                f"apply-{next(self._keys)}",
                self.now,
                lambda: numbering.tally(s, series, local_day(self.now).year),
            )
        assert isinstance(answer, commands.Submitted)
        return answer.case_id

    def opened(self, body: AnyApplication | None = None, by: Officer = APPLICANT) -> str:
        """Apply and let the gate judge."""
        case_id = self.apply(body, by)
        self.activities.open_case(Moment(case_id=case_id, at=self.now))
        return case_id

    def commit(self, case_id: str, kind: CommandKind, body: Any, by: Officer, key: str | None = None) -> str:
        """Commit one command; its id."""
        used = key or f"{kind.value}-{next(self._keys)}"
        with self.database.write() as s:
            answer = commands.submit(s, case_id, kind, body, by, used, self.now)
        assert answer is not None
        assert not isinstance(answer, Refusal)
        return commands.command_id(by.id, used)

    def handle(self, command_id: str, case_id: str) -> Desk:
        """Deliver a committed command to the activity, as the workflow does."""
        with self.database.read() as s:
            row = commands.opened(s, command_id)
        assert row is not None
        return self.activities.handle_command(
            Handle(case_id=case_id, name=row.kind.value, decision_id=row.id, body=row.body, at=self.now)
        )

    def order(self, case_id: str, kind: CommandKind, body: Any, by: Officer) -> Receipt:
        """Commit a command, deliver it, and read its receipt."""
        receipt = self.handle(self.commit(case_id, kind, body, by), case_id).receipt
        assert receipt is not None
        return receipt

    def decide(self, case_id: str, step: str, by: Officer, verdict: str = "approve", **more: Any) -> Receipt:
        body = self.decision(case_id, step, verdict, **more)
        return self.order(case_id, CommandKind.DECIDE, body, by)

    def decision(self, case_id: str, step: str, verdict: str = "approve", **more: Any) -> Decision:
        number = more.pop("round", None) or self.docket(case_id).round
        if verdict in ("reject", "return"):
            more.setdefault("opinion", "不符合要求")
        return Decision.model_validate({"step": step, "round": number, "verdict": verdict, **more})

    def issued(self, case_id: str) -> list[str]:
        """Examine and issue; the slot codes."""
        self.accepted(self.decide(case_id, "examine", EXAMINER))
        self.accepted(self.decide(case_id, "issue", ISSUER))
        slip = self.docket(case_id).slip
        assert slip is not None
        return [slot.code for slot in slip.slots]

    def approve(self, case_id: str, slot: str, serial: int, by: Officer = ORGANISATION, **more: Any) -> Receipt:
        named = person(slot, serial, **more)
        return self.decide(
            case_id, "approve-persons", by, subject=slot, persons=[named], reference_no="示组任〔2026〕5号"
        )

    def entered(self, case_id: str, slot: str, serial: int, by: Officer = ORGANISATION, **more: Any) -> None:
        self.accepted(self.approve(case_id, slot, serial, by, **more))
        self.accepted(self.decide(case_id, "enter", REGISTRAR, subject=slot))

    def acknowledged(self, case_id: str, slot: str) -> None:
        self.accepted(self.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot))
        self.accepted(self.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot))

    def moment(self, case_id: str) -> Moment:
        return Moment(case_id=case_id, at=self.now)

    def ring(self, case_id: str) -> Desk:
        return self.activities.ring(self.moment(case_id))

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def deliver_outbox(self, case_id: str | None = None) -> list[str]:
        """What the relay does: deliver every waiting row in order (of one case, or of all); ids of the cases touched.
        Rows that activities wrote for other cases (a wake, a handed-over case) arrive here."""
        touched: list[str] = []
        while True:
            with self.database.read() as s:
                waiting = [d for d in commands.undelivered(s) if case_id in (None, d.case_id)]
            if not waiting:
                return touched
            for delivery in waiting:
                if delivery.kind is CommandKind.START:
                    self.activities.open_case(Moment(case_id=delivery.case_id, at=self.now))
                else:
                    self.handle(delivery.command_id, delivery.case_id)
                with self.database.write() as s:
                    commands.delivered(s, delivery.command_id, self.now)
                touched.append(delivery.case_id)

    # --- looking -------------------------------------------------------------------------------------------

    def docket(self, case_id: str, viewer: Officer = SUPERVISOR) -> Docket:
        with self.database.read() as s:
            found = view.docket(s, case_id, viewer, self.now, self.deps.calendar)
        assert found is not None
        return found

    def balance(self, resource: Resource = Resource.ADMINISTRATIVE, unit: str = RESEARCH) -> Balance:
        with self.database.read() as s:
            return next(b for b in ledger_balances.balances(s, unit) if b.resource is resource)

    def numbers(self, unit: str = RESEARCH) -> dict[str, tuple[int, int, int]]:
        """Resource → (occupied, reserved, vacancy): what a refusal must not move."""
        with self.database.read() as s:
            found = ledger_balances.balances(s, unit)
        return {b.resource.value: (b.occupied, b.reserved, b.vacancy) for b in found}

    @staticmethod
    def accepted(receipt: Receipt) -> None:
        assert receipt.status == "accepted", receipt.message


def _seed(s: Session, at: datetime) -> None:
    for code, name, kind in (
        (RESEARCH, "示范市发展研究局", "organ"),
        (SERVICES, "示范市公共服务中心", "institution"),
    ):
        s.add(Holder(id=code, name=name))
        s.flush()
        s.add(Unit(code=code, name=name, kind=kind, holder=code, certificate_no=f"示编证{code[-6:]}", rank="正处级"))
        s.flush()
        for body in ("办公室", "综合处"):
            s.add(InternalBody(unit=code, name=body))
    for officer in EVERYBODY:
        s.add(
            OfficerRow(
                id=officer.id,
                login=officer.id,
                name=officer.name,
                department=officer.department.value,
                unit=officer.unit,
                roles=",".join(sorted(officer.roles)),
            )
        )
    s.flush()
    basis = Basis(number="示编〔2020〕1号", body="示范市委编委", date=date(2020, 1, 6))
    cause = Cause(case_id="opening", step="opening", round=1, effective_on=local_day(at), recorded_at=at, basis=basis)
    accounts = [
        OpeningAccount(unit=RESEARCH, resource=Resource.ADMINISTRATIVE, authorised=10, basis=basis),
        OpeningAccount(unit=RESEARCH, resource=Resource.WORKER, authorised=2, basis=basis),
        OpeningAccount(unit=RESEARCH, resource=Resource.INTERNAL_DEPUTY, authorised=2, basis=basis),
        OpeningAccount(unit=RESEARCH, resource=Resource.INTERNAL_CHIEF, authorised=1, basis=basis),
        OpeningAccount(unit=SERVICES, resource=Resource.INSTITUTION_FULL, authorised=6, basis=basis),
    ]
    persons = [_standing(n, RESEARCH, Resource.ADMINISTRATIVE) for n in range(5)]
    persons += [_standing(100, RESEARCH, Resource.ADMINISTRATIVE, Resource.INTERNAL_CHIEF)]
    persons += [_standing(n, SERVICES, Resource.INSTITUTION_FULL) for n in range(200, 204)]
    open_accounts(s, accounts, persons, cause)


def _standing(serial: int, unit: str, headcount: Resource, post: Resource | None = None) -> OpeningPerson:
    born = date(1980, 5, 1)
    entry = PersonEntry(name=f"在编{serial}", sex=Sex.MALE, birth_date=born, identity_no=identity_no(serial, born))
    return OpeningPerson(unit=unit, person=entry, headcount=headcount, post=post, entered_on=date(2015, 7, 1))


def papers_of(docket: Docket) -> list[RecordView]:
    """The documents of a case without the case file that lists them, which it has once it has ended."""
    return [each for each in docket.documents if each.kind is not DocumentKind.CASE_FILE]


def officers(s: Session) -> list[OfficerRow]:
    return list(s.exec(select(OfficerRow)).all())


def authorise(s: Session, office: Office, delta: int, resource: Resource = Resource.ADMINISTRATIVE) -> None:
    """Change the authorised number of the research bureau."""
    day = local_day(office.now)
    basis = Basis(number="示编〔2026〕1号", body="示范市委编委", date=day)
    cause = Cause(
        case_id=f"authorise-{delta}", step="authorise", round=1, effective_on=day, recorded_at=office.now, basis=basis
    )
    assert not isinstance(postings.authorise(s, RESEARCH, resource, delta, cause), Refusal)
