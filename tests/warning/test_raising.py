"""Raising a warning by hand, one open per unit and indicator, and what the unit may know of it."""

from __future__ import annotations

import pytest

from docket import view, warnings
from models.decisions import Officer
from models.enums import DocumentKind, Indicator, State, WarningLevel
from models.refusals import RefusalCode
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    OTHER_APPLICANT,
    SERVICES,
    SUPERVISOR,
    Office,
)
from tests.warning.support import TEAM, answered, call, papers, raised, reminded, waiting, warned, warning


def test_a_second_warning_of_the_same_unit_and_indicator_is_not_accepted(office: Office) -> None:
    first = raised(office)
    second = office.opened(warning(facts="另一来源的同一线索"), INSPECTOR_TWO)
    docket = office.docket(second)
    assert docket.state is State.NOT_ACCEPTED
    assert [refusal.code for refusal in docket.refusals] == [RefusalCode.ALREADY_WARNED]
    assert office.docket(first).case_no in docket.refusals[0].message
    assert docket.warning is None
    assert papers(office, docket.case_id) == []
    assert waiting(office, first) == [("remind", "")]


def test_another_indicator_or_another_unit_is_another_warning(office: Office) -> None:
    raised(office)
    assert office.docket(raised(office, indicator="stale-data")).state is State.IN_PROGRESS
    assert office.docket(raised(office, unit=SERVICES)).state is State.IN_PROGRESS


def test_a_closed_warning_makes_room_for_the_next_by_hand(office: Office) -> None:
    first = raised(office)
    office.accepted(office.decide(first, "remind", INSPECTOR, "reject", opinion="不属实"))
    assert office.docket(raised(office)).state is State.IN_PROGRESS


def test_the_unique_index_decides_between_two_at_once(office: Office) -> None:
    one, two = office.apply(warning(), INSPECTOR), office.apply(warning(facts="又一条"), INSPECTOR)
    kind, level = Indicator.PUBLIC_EVENT, WarningLevel.REMIND
    with office.database.write() as s:
        unit = office.docket(one).unit
        assert warnings.enter(s, one, unit, kind, level, INSPECTOR.id, office.now)
        with pytest.MonkeyPatch.context() as patch:  # as if both had looked before either wrote
            patch.setattr(warnings, "standing", lambda *_: None)
            assert not warnings.enter(s, two, unit, kind, level, INSPECTOR.id, office.now)
        assert warnings.of_case(s, two) is None
        assert warnings.standing(s, unit, kind) == office.docket(one).case_no


@pytest.mark.parametrize("by", [EXAMINER, ISSUER, HEAD, APPLICANT, SUPERVISOR])
def test_nobody_but_an_inspector_raises_a_warning(office: Office, by: Officer) -> None:
    case_id = office.opened(warning(), by)
    docket = office.docket(case_id)
    assert docket.state is State.NOT_ACCEPTED
    assert [refusal.code for refusal in docket.refusals] == [RefusalCode.NOT_YOUR_DEPARTMENT]
    assert papers(office, docket.case_id) == []
    with office.database.read() as s:
        assert warnings.all_standing(s) == set()


# --- what the unit knows ----------------------------------------------------------------------------------------


def sees(office: Office, case_id: str, who: Officer) -> tuple[bool, bool, bool]:
    """Whether an officer may see the case, gets its docket, and finds it in the list: all or nothing."""
    with office.database.read() as s:
        listed = view.case_list(s, view.Filters(), who, office.now, office.deps.calendar).items
        return (
            view.may_see(s, case_id, who),
            view.docket(s, case_id, who, office.now, office.deps.calendar) is not None,
            case_id in {row.case_id for row in listed},
        )


ALL, NOTHING = (True, True, True), (False, False, False)


@pytest.mark.parametrize("level", ["remind", "warn", "inspect"])
def test_a_unit_sees_nothing_of_a_warning_that_it_was_not_told_of(office: Office, level: str) -> None:
    case_id = raised(office, level)
    assert sees(office, case_id, APPLICANT) == NOTHING
    assert sees(office, case_id, INSPECTOR) == sees(office, case_id, SUPERVISOR) == ALL
    by = INSPECTOR if level == "remind" else HEAD
    office.accepted(office.decide(case_id, level, by, "reject", opinion="不属实"))
    assert sees(office, case_id, APPLICANT) == NOTHING


def test_a_unit_sees_the_warning_from_the_call_on(office: Office) -> None:
    case_id = reminded(office)
    assert sees(office, case_id, APPLICANT) == ALL
    assert sees(office, case_id, OTHER_APPLICANT) == NOTHING
    answered(office, case_id)


def test_a_unit_sees_the_warning_from_the_letter_or_the_inspection_notice_on(office: Office) -> None:
    by_letter = warned(office)
    assert sees(office, by_letter, APPLICANT) == ALL
    by_notice = raised(office, "inspect", indicator="stale-data")
    office.accepted(office.decide(by_notice, "inspect", HEAD, team=TEAM, visit_on="2026-03-10"))
    assert sees(office, by_notice, APPLICANT) == ALL


def test_the_record_of_the_call_stays_with_the_office(office: Office) -> None:
    case_id = reminded(office)
    office.later(days=8)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    assert papers(office, case_id) == ["phone_record", "warning_letter"]
    shown = office.docket(case_id, APPLICANT).documents
    assert [record.kind for record in shown] == [DocumentKind.WARNING_LETTER]
    [record] = [r for r in office.docket(case_id).documents if r.kind is DocumentKind.PHONE_RECORD]
    assert not view.may_see_record(record, APPLICANT)
    assert view.may_see_record(record, INSPECTOR)


def test_nothing_of_the_call_is_told_to_anybody_in_clear(office: Office) -> None:
    case_id = reminded(office)
    docket = office.docket(case_id).model_dump_json()
    assert "林秋实" not in docket
    assert "0000-8004567" not in docket


def test_a_call_for_another_case_changes_nothing_here(office: Office) -> None:
    first, second = raised(office), raised(office, indicator="stale-data")
    office.accepted(office.decide(first, "remind", INSPECTOR, **call(office)))
    assert waiting(office, second) == [("remind", "")]
    assert sees(office, second, APPLICANT) == NOTHING
