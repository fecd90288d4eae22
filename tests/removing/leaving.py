"""Who leaves in these tests: applications for the people that `tests.support.office` seats, and the way out."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlmodel import select

from ledger import occupancy
from models.applications import RemovingStaffApplication
from models.decisions import Officer, Receipt
from models.enums import DocumentKind
from models.refusals import RefusalCode
from models.register import Departure, Record
from records.register import context_of
from tests.support.office import (
    FINANCE,
    INSURANCE,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    Office,
    identity_no,
)

BORN = date(1980, 5, 1)
CHIEF = 100
"""Internal chief of the research bureau; 0 to 4 are its staff, 200 to 203 those of the service centre."""
HAPPENED = date(2026, 2, 27)
LAST_IN_TIME = date(2026, 2, 10)
"""Ten working days before 2 March, over the Spring Festival."""
LATE = date(2026, 2, 6)
"""Ten working days before 27 February: on 2 March two working days late (Saturday the 28th was one)."""


def ref(office: Office, serial: int) -> str:
    """The roster's reference of a person."""
    with office.database.read() as s:
        where = occupancy.standing(s, identity_no(serial, BORN))
    assert where is not None
    return where.person_ref


def leaver(
    office: Office, serial: int = 0, reason: str = "retirement", on: date = HAPPENED, **more: Any
) -> dict[str, Any]:
    body = {
        "person": ref(office, serial),
        "reason": reason,
        "event_date": on.isoformat(),
        "proof_no": "示退〔2026〕3号",
    }
    return body | ({"destination": "省直单位"} if reason == "transfer" else {}) | more


def removal(*persons: dict[str, Any], unit: str = RESEARCH, **more: Any) -> RemovingStaffApplication:
    body = {"unit": unit, "persons": list(persons), "contact": "王敏 0000-8000000"} | more
    return RemovingStaffApplication.model_validate(body)


def approve(office: Office, case_id: str, subject: str = "P1", by: Officer = ORGANISATION) -> Receipt:
    return office.decide(case_id, "approve-exit", by, subject=subject, reference_no="示组干〔2026〕11号")


def gone(office: Office, case_id: str, subject: str = "P1", by: Officer = ORGANISATION) -> None:
    """Approve and remove one person."""
    office.accepted(approve(office, case_id, subject, by))
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject=subject))


def acknowledged(office: Office, case_id: str, subject: str = "P1") -> None:
    office.accepted(office.decide(case_id, "finance", FINANCE, "acknowledge", subject=subject))
    office.accepted(office.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=subject))


def refused(receipt: Receipt, code: RefusalCode) -> None:
    assert (receipt.status, receipt.code) == ("refused", code), receipt.message


def open_departures(office: Office) -> list[tuple[str, str, str]]:
    """(unit, source, reason) of every departure that is known and not settled."""
    with office.database.read() as s:
        rows = s.exec(select(Departure).where(Departure.settled_at == None))  # noqa: E711
        return sorted((row.unit, row.source, row.reason) for row in rows)


def papers(office: Office, kind: DocumentKind, unit: str = RESEARCH) -> list[dict[str, Any]]:
    """The frozen contexts of a unit's records of one kind, in the order of their numbers."""
    with office.database.read() as s:
        found = s.exec(select(Record).where(Record.kind == kind.value, Record.unit == unit).order_by("seq")).all()
        return [context_of(s, record).model_dump() for record in found]
