"""The acceptance gate: each ground of domain.md §10 gives its code, its clause and its written notice, and nothing
moves in the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.applications import StaffingUpApplication
from models.enums import DocumentKind, State
from models.refusals import CLAUSES, RefusalCode
from models.register import Departure, ExceptionalAcceptance, Suspension, Unit
from tests.support.office import (
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    START,
    Office,
    application,
    line,
    papers_of,
)

FULL_CHIEF = line("post:internal-chief", way="leader-appointment", internal_body="综合处")

REFUSED: list[tuple[str, StaffingUpApplication, RefusalCode, State]] = [
    (
        "case 1: the unit has no worker vacancy left",
        application(line("headcount:political-legal")),
        RefusalCode.NO_VACANCY,
        State.NOT_ACCEPTED,
    ),
    (
        "case 3: an organ asks for institution headcount",
        application(line("headcount:institution-full")),
        RefusalCode.CATEGORY_MISMATCH,
        State.NOT_ACCEPTED,
    ),
    ("case 4: the chief post is taken", application(FULL_CHIEF), RefusalCode.LEADER_POSTS_FULL, State.NOT_ACCEPTED),
    ("case 9: no collective decision", application(basis=None), RefusalCode.NO_COLLECTIVE_DECISION, State.RETURNED),
    (
        "case 13: incomplete material",
        application(line("headcount:administrative", reason=""), contact=""),
        RefusalCode.INCOMPLETE,
        State.RETURNED,
    ),
]


@pytest.mark.parametrize(("ground", "body", "code", "state"), REFUSED, ids=[row[0] for row in REFUSED])
def test_the_gate_refuses_in_writing(
    office: Office, ground: str, body: StaffingUpApplication, code: RefusalCode, state: State
) -> None:
    before = office.numbers()
    case_id = office.opened(body)
    docket = office.docket(case_id)
    assert docket.state is state, ground
    assert docket.refusals[0].code is code
    assert docket.refusals[0].clause == CLAUSES[code]
    assert office.numbers() == before
    kind = DocumentKind.CORRECTION_NOTICE if state is State.RETURNED else DocumentKind.REFUSAL_NOTICE
    assert [d.kind for d in papers_of(docket)] == [kind]
    assert all(d.digest is not None for d in docket.documents)


def test_leader_posts_are_counted_apart_by_kind(office: Office) -> None:
    """Case 4: chief is full, deputy is not."""
    deputy = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
    assert office.docket(office.opened(application(FULL_CHIEF))).state is State.NOT_ACCEPTED
    assert office.docket(office.opened(application(deputy))).state is State.ACCEPTED


def test_a_correction_notice_names_every_fault_at_once(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", reason=""), contact="", basis=None))
    assert {refusal.code for refusal in office.docket(case_id).refusals} == {
        RefusalCode.INCOMPLETE,
        RefusalCode.NO_COLLECTIVE_DECISION,
    }


def test_a_suspended_unit_is_not_accepted_and_the_notice_names_the_problems(office: Office) -> None:
    """Case 5 (read only here)."""
    _put(office, _suspension())
    docket = office.docket(office.opened())
    assert docket.state is State.NOT_ACCEPTED
    assert docket.refusals[0].code is RefusalCode.UNIT_SUSPENDED
    assert "P-1" in docket.refusals[0].message


def test_an_exceptional_acceptance_in_force_opens_the_gate(office: Office) -> None:
    _put(office, _suspension())
    _put(
        office,
        ExceptionalAcceptance(
            id="ex-1", unit=RESEARCH, scope="*", reason="政策性安置", approver="编委主任",
            from_at=START - timedelta(days=1), until_at=START + timedelta(days=30),
        ),
    )  # fmt: skip
    case_id = office.opened()
    assert office.docket(case_id).state is State.ACCEPTED
    assert office.issued(case_id)


def test_a_lifted_suspension_no_longer_counts(office: Office) -> None:
    _put(office, _suspension(lifted_at=START - timedelta(hours=1)))
    assert office.docket(office.opened()).state is State.ACCEPTED


def test_an_overdue_removal_closes_the_gate(office: Office) -> None:
    """Case 6."""
    _put(
        office,
        Departure(
            id="dep-1", unit=RESEARCH, person_ref="someone", reason="retirement", source="personnel",
            event_on=START.date() - timedelta(days=40), due_at=START - timedelta(days=20),
        ),
    )  # fmt: skip
    docket = office.docket(office.opened())
    assert docket.state is State.NOT_ACCEPTED
    assert docket.refusals[0].code is RefusalCode.REMOVAL_OVERDUE


def test_faulty_unit_data_return_the_application(office: Office) -> None:
    """Case 7."""
    with office.database.write() as s:
        unit = s.get(Unit, RESEARCH)
        assert unit is not None
        unit.data_fault = "统一社会信用代码与登记不符"
        s.add(unit)
    docket = office.docket(office.opened())
    assert (docket.state, docket.refusals[0].code) == (State.RETURNED, RefusalCode.UNIT_DATA_INVALID)


def test_a_duplicate_of_an_open_case_is_not_accepted(office: Office) -> None:
    office.opened()
    docket = office.docket(office.opened())
    assert docket.state is State.NOT_ACCEPTED
    assert docket.refusals[0].code is RefusalCode.DUPLICATE
    assert "用编2026-00001" in docket.refusals[0].message


def test_an_officer_of_another_unit_cannot_apply_for_this_one(office: Office) -> None:
    docket = office.docket(office.opened(application(), by=OTHER_APPLICANT))
    assert docket.state is State.NOT_ACCEPTED
    assert docket.refusals[0].code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_an_institution_applies_for_institution_headcount(office: Office) -> None:
    body = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)
    assert office.docket(office.opened(body, by=OTHER_APPLICANT)).state is State.ACCEPTED


def _suspension(**more: Any) -> Suspension:
    values: dict[str, Any] = {
        "id": "sus-1",
        "unit": RESEARCH,
        "case_id": "rect-1",
        "number": "示编停〔2026〕1号",
        "problems": "P-1",
        "from_at": START - timedelta(days=3),
    }
    return Suspension(**(values | more))


def _put(office: Office, row: Any) -> None:
    with office.database.write() as s:
        s.add(row)
