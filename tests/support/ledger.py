"""A migrated register in a folder, units with authorised accounts, and fictional persons, for tests of any room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import Session
from stdnum.cn import ric

from ledger import postings
from ledger.db import Database
from models.enums import Resource, Sex, UnitKind, Way
from models.ledger import Basis, Cause, PersonEntry, Posting, SlipTerms, SlotWanted
from models.refusals import Refusal
from models.register import Holder, Unit
from models.sealing import Keyring, SealingKey
from tests.support.engines import register_of

UNIT = "11999999MB0000001X"
OTHER = "11999999MB0000002Q"
THIRD = "11999999MB0000003L"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
VALID_UNTIL = datetime(2026, 9, 2, 15, 59, 59, tzinfo=UTC)
BASIS = Basis(number="示编发〔2026〕1号", body="示范市委编委", date=date(2026, 1, 5))


def make_keyring() -> Keyring:
    """A fixed keyring: tests in several processes must read the same blind index."""
    return Keyring(keys={"k1": SealingKey("k1", "sm4-gcm", bytes(range(16)))}, current="k1", index_key=b"i" * 32)


def make_database(tmp_path: Path, url: str | None = None) -> Database:
    """A migrated database: `url`, or the one that belongs to `tmp_path`."""
    database = Database(url or register_of(tmp_path / "register.db", migrated), make_keyring())
    database.migrate()
    return database


def migrated(url: str) -> None:
    """A register with nothing in it."""
    database = Database(url, make_keyring())
    database.migrate()
    database.close()


def seed_unit(
    s: Session,
    code: str = UNIT,
    accounts: Mapping[Resource, int] | None = None,
    holder: str | None = None,
    parent: str | None = None,
    kind: UnitKind = UnitKind.ORGAN,
    name: str = "示范市数据局",
) -> None:
    """A unit, its holder if new, and an AUTHORISE for each account."""
    holder = holder or code
    if s.get(Holder, holder) is None:
        s.add(Holder(id=holder, name=name))
        s.flush()
    s.add(
        Unit(code=code, name=name, kind=kind.value, holder=holder, parent=parent, certificate_no=f"示编证{code[-4:]}")
    )
    s.flush()
    for resource, number in (accounts or {}).items():
        done(postings.authorise(s, code, resource, number, cause(f"seed-{code}", basis=BASIS)))


def cause(
    case_id: str = "case-1",
    step: str = "issue",
    round: int = 1,
    subject: str = "",
    on: date = TODAY,
    at: datetime = NOON,
    basis: Basis | None = None,
) -> Cause:
    return Cause(case_id=case_id, step=step, round=round, subject=subject, effective_on=on, recorded_at=at, basis=basis)


def slots(*wanted: tuple[str, Resource]) -> list[SlotWanted]:
    return [
        SlotWanted(code=code, line=line, resource=resource, way=Way.EXAMINATION)
        for line, (code, resource) in enumerate(wanted, 1)
    ]


def terms(slip_id: str = "slip-1", valid_until: datetime = VALID_UNTIL) -> SlipTerms:
    return SlipTerms(slip_id=slip_id, number=f"示编核〔2026〕{slip_id}", valid_until=valid_until)


def reserve_one(
    s: Session, case_id: str, resource: Resource = Resource.ADMINISTRATIVE, unit: str = UNIT
) -> Posting | Refusal:
    """One slot named after the case: slot code and slip id are the case id with a prefix."""
    return postings.reserve(s, unit, slots((f"A-{case_id}", resource)), terms(f"S-{case_id}"), cause(case_id))


def identity(serial: int, birth: date = date(1990, 5, 4), sex: Sex = Sex.MALE) -> str:
    """A valid number of the fictional area 999999; `serial` 0…499 tells persons of a birth date and sex apart."""
    order = serial * 2 + (1 if sex is Sex.MALE else 0)
    body = f"999999{birth:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(body + "0")


def person(serial: int = 1, birth: date = date(1990, 5, 4), sex: Sex = Sex.MALE) -> PersonEntry:
    number = identity(serial, birth, sex)
    return PersonEntry(name=f"张三{serial}", sex=sex, birth_date=birth, identity_no=number, position="四级主任科员")


def done(answer: Posting | Refusal) -> Posting:
    assert isinstance(answer, Posting), answer
    return answer


def refused(answer: Posting | Refusal) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer
