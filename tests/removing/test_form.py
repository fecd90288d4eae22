"""What is checked before the department approves: the form only, all of it at once, and no suspension."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from models.decisions import Moment, Officer, Resubmission
from models.enums import CommandKind, Department, DocumentKind, ExitReason, Resource, State, StepState
from models.refusals import RefusalCode
from models.register import Command, Suspension
from models.shape import FIRST_DAY, LAST_DAY
from tests.removing.leaving import (
    CHIEF,
    LAST_IN_TIME,
    LATE,
    approve,
    gone,
    leaver,
    open_departures,
    papers,
    ref,
    refused,
    removal,
)
from tests.support.office import (
    APPLICANT,
    FINANCE,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    identity_no,
    line,
)


def fault(office: Office, case_id: str) -> list[RefusalCode]:
    return [refusal.code for refusal in office.docket(case_id).refusals]


def test_a_removal_waits_for_the_personnel_side_and_nothing_moves(office: Office) -> None:
    before = office.numbers()
    case_id = office.opened(removal(leaver(office)))
    docket = office.docket(case_id)
    assert (docket.state, docket.waiting_on) == (State.IN_PROGRESS, [Department.ORGANISATION])
    assert docket.documents == []  # the office has not received anything yet: no 受理通知
    assert [(step.step, step.subject) for step in docket.steps if step.state is StepState.CURRENT] == [
        ("approve-exit", "P1")
    ]
    assert office.numbers() == before


def test_removing_staff_is_open_to_suspended_units(office: Office) -> None:
    with office.database.write() as s:
        s.add(Suspension(id="sus", unit=RESEARCH, case_id="r", from_at=office.now - timedelta(hours=1)))
    case_id = office.opened(removal(leaver(office)))
    gone(office, case_id)
    assert office.docket(case_id).state is State.ACKNOWLEDGING


@pytest.mark.parametrize(
    ("serial", "reason", "unit", "by", "department"),
    [
        (0, "retirement", RESEARCH, APPLICANT, Department.ORGANISATION),
        (CHIEF, "post-removed", RESEARCH, APPLICANT, Department.ORGANISATION),
        (200, "resignation", SERVICES, OTHER_APPLICANT, Department.PERSONNEL),
    ],
)
def test_leaders_and_civil_servants_go_to_the_organisation_department_all_others_to_personnel(
    office: Office, serial: int, reason: str, unit: str, by: Officer, department: Department
) -> None:
    case_id = office.opened(removal(leaver(office, serial, reason), unit=unit), by)
    assert office.docket(case_id).waiting_on == [department]
    wrong = PERSONNEL if department is Department.ORGANISATION else ORGANISATION
    refused(approve(office, case_id, by=wrong), RefusalCode.NOT_YOUR_DEPARTMENT)


def test_every_fault_of_the_form_stands_in_one_letter(office: Office) -> None:
    person = leaver(office, proof_no="")
    moved = leaver(office, 1, "transfer", destination=None)
    far = leaver(office, 2, on=date(2028, 1, 1))
    case_id = office.opened(removal(person, person, moved, far, contact=""))
    assert office.docket(case_id).state is State.RETURNED
    (letter,) = papers(office, DocumentKind.CORRECTION_NOTICE)
    (listed,) = letter["faults"]
    for part in ("联系人", "第1人未填写证明材料", "第2人重复填写", "第3人调出", "第4人减员日期晚于今日一年以上"):
        assert part in listed["detail"]
    assert office.docket(case_id).steps[0].state is StepState.EXPECTED


def test_a_day_at_either_end_of_what_may_be_sent_is_a_fault_of_the_form_and_not_of_the_program(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LAST_DAY), leaver(office, 1, on=FIRST_DAY)))
    assert office.docket(case_id).state is State.RETURNED


def test_a_corrected_removal_meets_the_form_again(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, proof_no="")))
    better = Resubmission(application=removal(leaver(office)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, better, APPLICANT))
    docket = office.docket(case_id)
    assert (docket.round, docket.state) == (2, State.IN_PROGRESS)


@pytest.mark.parametrize(
    ("serial", "reason"),
    [(200, "retirement"), (0, "post-removed"), (200, "post-removed")],
    ids=["of another unit", "without a post", "without a post here"],
)
def test_whoever_is_not_on_the_ledger_of_the_unit_cannot_leave_it(office: Office, serial: int, reason: str) -> None:
    case_id = office.opened(removal(leaver(office, serial, reason)))
    assert office.docket(case_id).state is State.NOT_ACCEPTED
    assert fault(office, case_id) == [RefusalCode.NOT_POSTED]
    assert len(papers(office, DocumentKind.REFUSAL_NOTICE)) == 1


def test_a_reference_that_nobody_has_is_not_posted(office: Office) -> None:
    case_id = office.opened(removal(leaver(office) | {"person": "nobody"}))
    assert fault(office, case_id) == [RefusalCode.NOT_POSTED]
    (unknown,) = office.docket(case_id).leavers
    assert (unknown.name, unknown.frees) == ("", [])


def test_whoever_has_left_already_cannot_leave_again(office: Office) -> None:
    gone(office, office.opened(removal(leaver(office))))
    again = office.opened(removal(leaver(office, reason="resignation")))
    assert fault(office, again) == [RefusalCode.NOT_POSTED]


def test_a_day_of_leaving_before_the_day_of_entry_goes_back_for_correction(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=date(2015, 6, 30))))
    assert office.docket(case_id).state is State.RETURNED
    assert fault(office, case_id) == [RefusalCode.LEDGER_CONFLICT]


@pytest.mark.parametrize("by", [OTHER_APPLICANT, FINANCE, ISSUER], ids=["another unit", "finance", "the office itself"])
def test_only_the_unit_and_the_two_departments_report_a_removal(office: Office, by: Officer) -> None:
    case_id = office.opened(removal(leaver(office)), by)
    assert office.docket(case_id).state is State.NOT_ACCEPTED
    assert fault(office, case_id) == [RefusalCode.NOT_YOUR_DEPARTMENT]


# --- duplicates -----------------------------------------------------------------------------------------------


def test_an_open_removing_case_of_the_same_person_is_a_duplicate(office: Office) -> None:
    office.opened(removal(leaver(office), leaver(office, 1)))
    again = office.opened(removal(leaver(office, 1, "resignation")))
    assert office.docket(again).state is State.NOT_ACCEPTED
    assert fault(office, again) == [RefusalCode.DUPLICATE]


def test_of_two_cases_that_look_at_once_one_takes_the_person_in_hand(office: Office) -> None:
    staff = [leaver(office, serial) for serial in range(5)]
    first = office.apply(removal(*staff))
    second = office.apply(removal(*(each | {"reason": "resignation"} for each in reversed(staff))), ORGANISATION)
    begin = Barrier(2)

    def opened(case_id: str) -> State:
        begin.wait()
        return office.activities.open_case(Moment(case_id=case_id, at=office.now)).state

    with ThreadPoolExecutor(2) as threads:
        found = sorted(threads.map(opened, [first, second]))
    assert found == sorted([State.IN_PROGRESS, State.NOT_ACCEPTED])


def test_a_person_on_the_way_in_by_transfer_is_not_removed_by_a_case_of_its_own(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    named = {"name": "在编200", "birth_date": "1980-05-01", "identity_no": identity_no(200, date(1980, 5, 1))}
    office.accepted(office.approve(case_id, slot, 200, **named))
    out = office.opened(removal(leaver(office, 200, "transfer"), unit=SERVICES), OTHER_APPLICANT)
    assert fault(office, out) == [RefusalCode.DUPLICATE]
    assert "用编" not in office.docket(out).refusals[0].message  # the receiving unit's case is not told


def test_a_person_on_the_way_out_is_not_approved_for_a_slot(office: Office) -> None:
    out = office.opened(removal(leaver(office, 200), unit=SERVICES), OTHER_APPLICANT)
    case_id = office.opened(application(line("headcount:administrative", way="official-transfer")))
    [slot] = office.issued(case_id)
    named = {"name": "在编200", "birth_date": "1980-05-01", "identity_no": identity_no(200, date(1980, 5, 1))}
    refused(office.approve(case_id, slot, 200, **named), RefusalCode.DUPLICATE)
    office.accepted(office.decide(out, "approve-exit", PERSONNEL, "reject", subject="P1"))
    office.accepted(office.approve(case_id, slot, 200, **named))


# --- late reports ---------------------------------------------------------------------------------------------


def test_a_late_report_is_flagged_by_working_days_and_goes_on(office: Office) -> None:
    in_time = leaver(office, 1, on=LAST_IN_TIME)
    case_id = office.opened(removal(leaver(office, on=LATE), in_time))
    docket = office.docket(case_id)
    assert docket.state is State.IN_PROGRESS
    assert [each.late for each in docket.leavers] == [True, False]
    assert docket.refusals == []
    (warned,) = [check for check in docket.checks if check.warning]
    assert (warned.subject, warned.passed, warned.detail) == ("P1", False, "逾期2个工作日报送")
    (receipt,) = docket.receipts
    assert "P1逾期2个工作日报送" in receipt.message


def test_the_days_go_on_while_the_unit_corrects(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LAST_IN_TIME, proof_no="")))
    assert not office.docket(case_id).leavers[0].late
    office.later(days=3)
    better = Resubmission(application=removal(leaver(office, on=LAST_IN_TIME)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, better, APPLICANT))
    assert office.docket(case_id).leavers[0].late


# --- the docket -----------------------------------------------------------------------------------------------


def test_the_docket_shows_who_leaves_what_it_frees_and_what_comes_next(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, CHIEF, "post-removed"), leaver(office)))
    docket = office.docket(case_id)
    assert [(p.subject, p.person, p.name, p.reason, p.frees, p.left) for p in docket.leavers] == [
        ("P1", ref(office, CHIEF), "在编100", ExitReason.POST_REMOVED, [Resource.INTERNAL_CHIEF], False),
        ("P2", ref(office, 0), "在编0", ExitReason.RETIREMENT, [Resource.ADMINISTRATIVE], False),
    ]
    assert {
        effect.resource: (effect.wanted, effect.occupied_before, effect.occupied_after) for effect in docket.ledger
    } == {
        Resource.ADMINISTRATIVE: (-1, 6, 5),
        Resource.INTERNAL_CHIEF: (-1, 1, 0),
    }
    coming = [(step.step, step.subject) for step in docket.steps if step.state is StepState.EXPECTED]
    assert coming == [(step, f"P{n}") for step in ("exit", "finance", "social-insurance") for n in (1, 2)]
    gone(office, case_id, "P2")
    after = office.docket(case_id)
    assert [each.left for each in after.leavers] == [False, True]
    assert after.leavers[1].frees == [Resource.ADMINISTRATIVE]
    assert [(e.occupied_before, e.occupied_after) for e in after.ledger] == [(6, 5), (1, 0)]
    office.accepted(office.decide(case_id, "approve-exit", ORGANISATION, "reject", subject="P1"))
    assert {e.resource: e.wanted for e in office.docket(case_id).ledger} == {
        Resource.ADMINISTRATIVE: -1,
        Resource.INTERNAL_CHIEF: 0,
    }


def test_nothing_personal_stands_outside_of_sealed_text(office: Office) -> None:
    case_id = office.opened(removal(leaver(office, on=LATE), leaver(office, 200)))
    gone_case = office.opened(removal(leaver(office, 1, on=LATE)))
    gone(office, gone_case)
    for each in (case_id, gone_case):
        docket = office.docket(each)
        plain = [docket.title, docket.headline, *(c.detail for c in docket.checks), *(n.text for n in docket.notices)]
        plain += [receipt.message for receipt in docket.receipts]
        assert not any("在编" in text.replace("人员在编", "").replace("在本单位编制", "") for text in plain), plain
    assert open_departures(office) == []
    office.decide(gone_case, "exit", REGISTRAR, subject="在编1")
    with office.database.read() as s:
        subjects = s.exec(select(Command.subject).where(Command.kind == "decide")).all()
    assert sorted(str(subject) for subject in subjects) == ["", "P1", "P1"]  # what else was typed stays sealed
