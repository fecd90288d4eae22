"""What the officers of the year do again and again: each is a piece of a story, a generator of its moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from models.applications import StaffingUpApplication
from models.decisions import Officer, Resubmission
from models.docket import SlotView
from models.enums import CommandKind, Department, Resource
from tests.support.year_city import (
    APPLICANTS,
    CONTACTS,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    City,
    Story,
)

Json = dict[str, Any]
Named = Callable[[City, SlotView], Json | None]
"""Who fills a slot; None leaves it open."""

APPROVERS = {Department.ORGANISATION: (ORGANISATION, "示组干"), Department.PERSONNEL: (PERSONNEL, "示人社")}

_POSITIONS = {
    Resource.ADMINISTRATIVE: "一级科员",
    Resource.POLITICAL_LEGAL: "一级科员",
    Resource.CIVIL_SERVICE_LIKE: "一级科员",
    Resource.INSTITUTION_FULL: "专业技术十二级",
    Resource.INSTITUTION_PARTIAL: "专业技术十三级",
}


def line(resource: str, number: int, way: str, reason: str, body: str | None = None) -> Json:
    said = {"resource": resource, "number": number, "way": way, "reason": reason}
    return said | ({"internal_body": body} if body else {})


def staffing(y: City, unit: str, *lines: Json, **more: Any) -> StaffingUpApplication:
    said = {"unit": unit, "lines": list(lines), "basis": y.meeting(unit), "contact": CONTACTS[unit]} | more
    return StaffingUpApplication.model_validate(said)


def resubmitted(y: City, case: str, application: Any) -> None:
    y.order(case, CommandKind.RESUBMIT, Resubmission(application=application), APPLICANTS[application.unit])


def examined(y: City, case: str, days: int = 2, verdict: str = "approve", by: Officer = EXAMINER, **more: Any) -> Story:
    yield y.after(days)
    y.decide(case, "examine", by, verdict, **more)


def slip(y: City, case: str, days: int = 2, **more: Any) -> Story:
    """Examined and issued."""
    yield from examined(y, case, days, **more)
    yield y.after(2)
    y.decide(case, "issue", ISSUER)


def slots(y: City, case: str) -> list[SlotView]:
    found = y.docket(case).slip
    assert found is not None
    return [slot for slot in found.slots if slot.state.value == "open"]


def body_of(y: City, case: str, slot: SlotView) -> str | None:
    lines: Any = y.docket(case).rounds[-1].application["lines"]
    found: str | None = lines[slot.line - 1].get("internal_body")
    return found


def recruit(born: tuple[int, int], position: str | None = None) -> Named:
    """Somebody new for each slot."""

    def named(y: City, slot: SlotView) -> Json:
        return y.newcomer(slot.code, born, position=position or _POSITIONS[slot.resource])

    return named


def fill(y: City, case: str, named: Named, at: datetime, days: int = 2, leaving: Department | None = None) -> Story:
    """Persons approved, entered, acknowledged. `leaving`: the department that lets them go from their old unit."""
    yield at
    approved, numbers = [], {}
    for slot in slots(y, case):
        person = named(y, slot)
        if person is None:
            continue
        by, series = APPROVERS[slot.department]
        if slot.department not in numbers:
            numbers[slot.department] = y.letter(series)
        inside = body_of(y, case, slot)
        said = person | ({"internal_body": inside} if inside else {})
        y.decide(case, "approve-persons", by, subject=slot.code, persons=[said], reference_no=numbers[slot.department])
        approved.append(slot.code)
    if leaving is not None:
        yield y.after(2)
        by, series = APPROVERS[leaving]
        for code in approved:
            y.decide(case, "approve-exit", by, subject=code, reference_no=y.letter(series))
    yield y.after(days)
    yield from enter(y, case, approved)


def enter(y: City, case: str, codes: list[str]) -> Story:
    for code in codes:
        y.decide(case, "enter", REGISTRAR, subject=code)
    yield from acknowledged(y, case, codes)


def acknowledged(y: City, case: str, subjects: list[str], days: int = 3) -> Story:
    yield y.after(days)
    for subject in subjects:
        y.decide(case, "finance", FINANCE, "acknowledge", subject=subject)
    yield y.after(2)
    for subject in subjects:
        y.decide(case, "social-insurance", INSURANCE, "acknowledge", subject=subject)
