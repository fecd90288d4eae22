"""At due the gate closes by rule, a person confirms, and silence keeps it closed (A §三; domain.md §10, 5)."""

from __future__ import annotations

from datetime import date, timedelta

from models.applications import EstablishmentChangeApplication
from models.decisions import Hold, Release
from models.docket import Docket
from models.enums import CommandKind, DocumentKind, Resource, State
from models.refusals import RefusalCode
from tests.removing.leaving import leaver, removal
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    START,
    SUPERVISOR,
    Office,
    application,
    authorise,
    line,
    papers_of,
)

from .acts import (
    DUE,
    confirmed,
    opened,
    past_due,
    problem,
    put_right,
    report,
    rows,
    subordinate,
    suspended,
    suspensions_of,
    titles,
    waiting,
)
from .conftest import Ruled

OF_THE_CENTRE = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)


def refused(office: Office) -> Docket:
    return office.docket(office.opened())


def under_way(office: Office) -> str:
    """A staffing-up case that waits for its slip."""
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    return case_id


def test_the_unit_is_reminded_before_due_and_the_gate_closes_the_second_after(office: Office) -> None:
    case_id = opened(office)
    office.now = START.replace(month=3, day=27, hour=2)  # three working days before 1 April
    desk = office.ring(case_id)
    assert [(n.kind, n.department) for n in office.docket(case_id).notices] == [("reminder", "unit")]
    assert office.docket(case_id).state is State.IN_PROGRESS
    assert desk.wake_at is not None
    assert desk.wake_at.isoformat() == "2026-04-01T16:00:00+00:00"
    office.now = desk.wake_at - timedelta(seconds=1)
    office.ring(case_id)
    assert office.docket(case_id).state is State.IN_PROGRESS
    office.now = desk.wake_at
    office.ring(case_id)
    assert office.docket(case_id).state is State.SUSPENDED
    assert waiting(office, case_id) == {("report", "P1"), ("warn", "")}


def test_case_5_a_suspended_unit_is_refused_in_writing_and_told_the_problem_numbers(office: Office) -> None:
    before = office.numbers()
    opened(office, problem("P1"), problem("P2"), problem("P3", date(2026, 6, 1)))
    case_id = opened(office, problem("Q7"))
    past_due(office, case_id)
    provisional = refused(office)
    assert provisional.state is State.NOT_ACCEPTED
    assert [document.kind for document in papers_of(provisional)] == [DocumentKind.REFUSAL_NOTICE]
    assert provisional.refusals[0].code is RefusalCode.UNIT_SUSPENDED
    assert "先行暂停受理" in provisional.refusals[0].message
    assert "Q7" in provisional.refusals[0].message
    confirmed(office, case_id)
    number = suspensions_of(office, case_id)[0].number
    assert number is not None
    assert number in refused(office).refusals[0].message
    assert "Q7" in refused(office).refusals[0].message
    assert office.numbers() == before


def change(before: int, after: int) -> EstablishmentChangeApplication:
    points = ("party_leadership", "lawfulness", "development", "soundness", "risks")
    body = {
        "unit": RESEARCH,
        "kind": "headcount",
        "title": "关于调整机关工勤编制的请示",
        "request_no": "示发研〔2026〕18号",
        "changes": [
            {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:worker", "before": before, "after": after}
        ],
        "justification": dict.fromkeys(points, "已论证"),
        "basis": {"meeting": "局党组会议", "date": "2026-02-25"},
        "contact": "王敏 0000-8000000",
    }
    return EstablishmentChangeApplication.model_validate(body)


def test_the_gate_is_closed_for_changes_too(office: Office) -> None:
    suspended(office)
    docket = office.docket(office.opened(change(2, 3)))
    assert (docket.state, docket.refusals[0].code) == (State.NOT_ACCEPTED, RefusalCode.UNIT_SUSPENDED)


def test_what_the_rectification_needs_stays_open(office: Office) -> None:
    """Removing staff, and a change that only cuts."""
    suspended(office)
    assert not office.docket(office.opened(change(2, 1))).state.final
    leaving = office.docket(office.opened(removal(leaver(office))))
    assert not leaving.state.final


def test_silence_keeps_the_gate_closed(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    for _ in range(6):
        office.later(days=20)
        office.ring(case_id)
    assert office.docket(case_id).state is State.SUSPENDED
    assert [(each.provisional, each.lifted_at) for each in suspensions_of(office, case_id)] == [(True, None)]
    assert titles(office, case_id) == ["整改通知书"]
    assert {n.department for n in office.docket(case_id).notices if n.kind == "escalation"} == {
        "establishment",
        "supervision",
    }
    assert refused(office).state is State.NOT_ACCEPTED


def test_warning_proposal_and_decision_come_in_this_order_each_by_its_own_hand(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    assert office.decide(case_id, "suspend", COMMISSION).code is RefusalCode.NOT_YOUR_TURN
    assert office.decide(case_id, "warn", INSPECTOR).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "warn", ISSUER))
    assert office.decide(case_id, "propose-suspension", ISSUER).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    for stranger in (HEAD, ISSUER, APPLICANT, SUPERVISOR):
        assert office.decide(case_id, "suspend", stranger).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "suspend", COMMISSION))
    [confirmed_now] = suspensions_of(office, case_id)
    assert not confirmed_now.provisional
    assert sorted(titles(office, case_id)) == sorted(["整改通知书", "书面警示函", "暂停受理通知书"])
    assert all(document.digest for document in office.docket(case_id).documents)


def test_the_notice_of_suspension_is_copied_to_the_other_departments(office: Office) -> None:
    case_id = suspended(office)
    copies = [(n.department, n.text) for n in office.docket(case_id).notices if n.kind == "copy"]
    assert {department for department, _ in copies} == {"organisation", "personnel", "finance"}
    number = suspensions_of(office, case_id)[0].number
    assert number is not None
    assert all(number in text for _, text in copies)


def test_a_letter_that_is_not_signed_leaves_the_gate_closed_and_the_question_open(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER, "reject", opinion="改为约谈"))
    assert titles(office, case_id) == ["整改通知书"]
    assert ("propose-suspension", "") in waiting(office, case_id)
    assert refused(office).state is State.NOT_ACCEPTED


def test_a_proposal_not_to_suspend_is_decided_by_the_competent_body_all_the_same(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR, "reject", opinion="已近完成"))
    assert ("suspend", "") in waiting(office, case_id)
    assert office.docket(case_id).state is State.SUSPENDED


def test_not_confirmed_needs_reasons_opens_the_gate_and_does_not_close_again_for_that_day(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    unsaid = office.decide(case_id, "suspend", COMMISSION, "reject", opinion="")
    assert unsaid.code is RefusalCode.OPINION_REQUIRED
    office.accepted(office.decide(case_id, "suspend", COMMISSION, "reject", opinion="重大活动期间，暂不停办"))
    docket = office.docket(case_id)
    assert (docket.state, docket.suspensions[0].ended_by) == (State.IN_PROGRESS, "not-confirmed")
    assert refused(office).state is State.ACCEPTED
    for _ in range(3):
        office.later(days=9)
        office.ring(case_id)
    assert len(suspensions_of(office, case_id)) == 1
    assert waiting(office, case_id) == {("report", "P1")}


def test_a_new_due_day_that_passes_closes_the_gate_again(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.accepted(office.decide(case_id, "suspend", COMMISSION, "reject", opinion="暂不停办"))
    office.accepted(report(office, case_id, "P1"))
    found = [{"no": "P1", "passed": False, "finding": "牌子仍在", "due": "2026-05-06"}]
    office.accepted(office.decide(case_id, "site-check", INSPECTOR, subject="P1.1.1"))
    office.accepted(
        office.decide(
            case_id, "site-check", INSPECTOR_TWO, "reject", subject="P1.1.2", opinion="牌子仍在", problems=found
        )
    )
    past_due(office, case_id, date(2026, 5, 6))
    assert office.docket(case_id).state is State.SUSPENDED
    assert ("warn", "2") in waiting(office, case_id)
    confirmed(office, case_id, "2")
    assert [(each.ended_by, each.provisional) for each in suspensions_of(office, case_id)] == [
        ("not-confirmed", True),
        (None, False),
    ]
    warned = [d for d in office.docket(case_id).documents if d.kind is DocumentKind.WARNING_LETTER]
    assert [set(d.officers) for d in warned] == [{"经办", "签发"}] * 2


def test_the_office_may_be_given_the_decision(ruled: Ruled) -> None:
    office = ruled(decided_by="establishment")
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    assert office.decide(case_id, "suspend", COMMISSION).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "suspend", HEAD))
    assert not suspensions_of(office, case_id)[0].provisional


def test_a_problem_reported_in_time_does_not_close_the_gate_while_it_waits_for_its_inspectors(office: Office) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    past_due(office, case_id)
    assert office.docket(case_id).state is State.IN_PROGRESS
    assert refused(office).state is State.ACCEPTED


def test_a_second_problem_that_falls_due_joins_the_suspension_that_stands(office: Office) -> None:
    case_id = opened(office, problem("P1"), problem("P2", date(2026, 4, 20)))
    past_due(office, case_id)
    past_due(office, case_id, date(2026, 4, 20))
    [standing] = suspensions_of(office, case_id)
    assert standing.problems == "P1、P2"
    assert "P1、P2" in refused(office).refusals[0].message
    assert len([step for step in office.docket(case_id).steps if step.step == "warn"]) == 1
    past_due(office, case_id, date(2026, 4, 22))
    assert suspensions_of(office, case_id)[0].problems == "P1、P2"


def test_a_held_rectification_does_not_close_the_gate_and_its_days_are_given_back(office: Office) -> None:
    case_id = opened(office)
    hold = Hold(reason="核查管辖", second_officer="issuer")
    office.accepted(office.order(case_id, CommandKind.HOLD, hold, HEAD))
    past_due(office, case_id)
    assert office.docket(case_id).state is State.HELD
    office.later(days=4)
    desk = office.ring(case_id)
    assert desk.wake_at is not None
    assert desk.wake_at >= office.now + timedelta(hours=1)
    release = Release(reason="管辖已明", second_officer="issuer")
    office.accepted(office.order(case_id, CommandKind.RELEASE, release, HEAD))
    office.ring(case_id)
    docket = office.docket(case_id)
    assert docket.state is State.IN_PROGRESS
    assert docket.problems[0].due_at > office.now
    past_due(office, case_id, docket.problems[0].due_at.date())
    assert office.docket(case_id).state is State.SUSPENDED


# --- cases under way -----------------------------------------------------------------------------------------------


def test_a_case_under_way_stops_before_its_slip_and_goes_on_by_itself_when_all_is_put_right(office: Office) -> None:
    waiting_case = under_way(office)
    case_id = suspended(office)
    before = office.numbers()
    receipt = office.decide(waiting_case, "issue", ISSUER)
    assert receipt.code is RefusalCode.UNIT_SUSPENDED
    held = office.docket(waiting_case, APPLICANT)
    assert (held.state, held.suspensions) == (State.HELD, suspensions_of(office, case_id))
    assert office.numbers() == before
    put_right(office, case_id)
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    office.accepted(office.decide(case_id, "lift", COMMISSION))
    assert office.deliver_outbox(waiting_case) == [waiting_case]
    assert office.docket(waiting_case).state is State.IN_PROGRESS
    office.accepted(office.decide(waiting_case, "issue", ISSUER))
    assert office.balance().reserved == 1


def test_a_provisional_suspension_stops_cases_under_way_and_its_end_lets_them_go_on(office: Office) -> None:
    waiting_case = under_way(office)
    case_id = opened(office)
    past_due(office, case_id)
    assert office.decide(waiting_case, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.accepted(office.decide(case_id, "suspend", COMMISSION, "reject", opinion="暂不停办"))
    office.deliver_outbox(waiting_case)
    assert office.docket(waiting_case).state is State.IN_PROGRESS


def test_by_setting_what_was_applied_for_before_goes_on_and_nothing_new_is_accepted(ruled: Ruled) -> None:
    office = ruled(holds_cases_under_way=False)
    waiting_case = under_way(office)
    suspended(office)
    office.accepted(office.decide(waiting_case, "issue", ISSUER))
    assert office.balance().reserved == 1
    assert office.docket(office.opened(application(meeting="后"))).state is State.NOT_ACCEPTED


def test_by_setting_the_round_that_the_office_opened_for_itself_is_no_new_application(ruled: Ruled) -> None:
    """Vacancy gone at the slip: examined again inside the office, after the gate has closed."""
    office = ruled(holds_cases_under_way=False)
    waiting_case = under_way(office)
    with office.database.write() as s:
        authorise(s, office, -4)
    assert office.decide(waiting_case, "issue", ISSUER).code is RefusalCode.NO_VACANCY
    with office.database.write() as s:
        authorise(s, office, 3)
    suspended(office)
    office.accepted(office.decide(waiting_case, "examine", EXAMINER))
    office.accepted(office.decide(waiting_case, "issue", ISSUER))
    assert office.balance(Resource.ADMINISTRATIVE).reserved == 1


def test_the_setting_counts_as_it_was_when_the_gate_closed(office: Office) -> None:
    case_id = suspended(office)
    [row], _ = rows(office, case_id)
    assert (row.holds_under_way, row.covers_subordinates) == (True, True)


# --- whom it reaches -------------------------------------------------------------------------------------------------


def test_a_subordinate_is_closed_with_its_unit_and_told_whose_suspension_it_is(office: Office) -> None:
    subordinate(office)
    suspended(office)
    docket = office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT))
    assert docket.state is State.NOT_ACCEPTED
    assert "上级单位示范市发展研究局" in docket.refusals[0].message


def test_by_setting_a_subordinate_stays_open(ruled: Ruled) -> None:
    office = ruled(covers_subordinates=False)
    subordinate(office)
    suspended(office)
    assert office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)).state is State.ACCEPTED
    assert refused(office).state is State.NOT_ACCEPTED


def test_ringing_again_closes_nothing_twice(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id, DUE)
    before = (suspensions_of(office, case_id), waiting(office, case_id), titles(office, case_id))
    for _ in range(3):
        office.ring(case_id)
    assert (suspensions_of(office, case_id), waiting(office, case_id), titles(office, case_id)) == before
    assert len([n for n in office.docket(case_id).notices if n.kind == "suspension"]) == 1


def test_the_docket_shows_what_comes_next(office: Office) -> None:
    case_id = opened(office)

    def coming() -> list[str]:
        return [step.step for step in office.docket(case_id).steps if step.state == "expected"]

    assert coming() == ["site-check"]
    past_due(office, case_id)
    assert coming() == ["propose-suspension", "suspend", "site-check", "propose-lifting", "lift"]
    confirmed(office, case_id)
    assert coming() == ["site-check", "propose-lifting", "lift"]
    put_right(office, case_id)
    assert coming() == ["lift"]
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    assert coming() == []
    assert office.docket(case_id).waiting_on == ["commission"]
