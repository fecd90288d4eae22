"""恢复受理: proposed and decided like the suspension, never while one problem is open, and overlapping suspensions open
the gate only with the last (domain.md §10, 31)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from docket import problems
from models.decisions import Hold
from models.enums import CommandKind, ProblemState, State
from models.refusals import RefusalCode
from tests.support.office import (
    COMMISSION,
    EXAMINER,
    HEAD,
    INSPECTOR,
    ISSUER,
    OTHER_APPLICANT,
    SERVICES,
    Office,
    application,
    line,
)

from .acts import (
    confirmed,
    lifted,
    opened,
    passed,
    past_due,
    problem,
    put_right,
    report,
    subordinate,
    suspended,
    suspensions_of,
    titles,
    waiting,
)
from .conftest import Ruled

OF_THE_CENTRE = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)


def state_of_new(office: Office, meeting: str = "新") -> State:
    return office.docket(office.opened(application(meeting=f"{meeting}{office.now}"))).state


def test_all_closed_is_lifted_by_decision_with_its_notice_and_the_gate_opens(office: Office) -> None:
    case_id = suspended(office, problem("P1"), problem("P2", date(2026, 5, 6)))
    put_right(office, case_id, "P1")
    assert ("propose-lifting", "") not in waiting(office, case_id)
    put_right(office, case_id, "P2")
    assert waiting(office, case_id) == {("propose-lifting", "")}
    assert state_of_new(office) is State.NOT_ACCEPTED
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    assert office.decide(case_id, "lift", HEAD).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "lift", COMMISSION, minutes_no="示编纪〔2026〕5号"))
    docket = office.docket(case_id)
    assert (docket.state, docket.suspensions[0].ended_by) == (State.LIFTED, "lifted")
    assert docket.suspensions[0].lifted_at == office.now
    assert "恢复受理通知书" in titles(office, case_id)
    assert waiting(office, case_id) == set()
    assert state_of_new(office) is State.ACCEPTED


def test_case_31_a_suspension_is_never_lifted_while_one_problem_is_open(office: Office) -> None:
    case_id = suspended(office, problem("P1"), problem("P2"))
    put_right(office, case_id, "P1", "P2")
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    with office.database.write() as s:  # by order it cannot happen; were a row wrong, this would still hold
        row = problems.one(s, case_id, "P2")
        assert row is not None
        row.state = ProblemState.REPORTED.value
        problems.save(s, row)
    receipt = office.decide(case_id, "lift", COMMISSION)
    assert receipt.code is RefusalCode.PROBLEM_OPEN
    assert "P2" in receipt.message
    assert suspensions_of(office, case_id)[0].lifted_at is None
    assert waiting(office, case_id) == {("lift", "")}
    assert state_of_new(office) is State.NOT_ACCEPTED


def test_a_step_of_lifting_does_not_exist_before_all_is_closed(office: Office) -> None:
    case_id = suspended(office, problem("P1"), problem("P2"))
    put_right(office, case_id, "P1")
    assert office.decide(case_id, "propose-lifting", INSPECTOR).code is RefusalCode.NOT_YOUR_TURN
    assert office.decide(case_id, "lift", COMMISSION).code is RefusalCode.NOT_YOUR_TURN
    assert office.docket(case_id).state is State.SUSPENDED


def test_a_lifting_that_is_refused_with_reasons_is_proposed_again(office: Office) -> None:
    case_id = suspended(office)
    put_right(office, case_id)
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    office.accepted(office.decide(case_id, "lift", COMMISSION, "reject", opinion="再观察一个月"))
    assert waiting(office, case_id) == {("propose-lifting", "2")}
    assert state_of_new(office) is State.NOT_ACCEPTED
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR, subject="2"))
    office.accepted(office.decide(case_id, "lift", COMMISSION, subject="2"))
    assert office.docket(case_id).state is State.LIFTED


def test_all_put_right_before_the_decision_leaves_nothing_to_confirm_and_is_lifted(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    put_right(office, case_id)
    assert waiting(office, case_id) == {("propose-lifting", "")}
    assert office.decide(case_id, "propose-suspension", INSPECTOR).status == "refused"
    lifted(office, case_id)
    docket = office.docket(case_id)
    assert (docket.state, docket.suspensions[0].provisional) == (State.LIFTED, True)
    assert all(document.digest for document in docket.documents)


def test_what_comes_after_the_end_is_answered_closed(office: Office) -> None:
    case_id = suspended(office)
    put_right(office, case_id)
    lifted(office, case_id)
    assert office.decide(case_id, "lift", COMMISSION).code is RefusalCode.CLOSED
    assert report(office, case_id, "P1").code is RefusalCode.CLOSED


def test_the_delegated_office_lifts_what_it_suspended(ruled: Ruled) -> None:
    office = ruled(decided_by="establishment")
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.accepted(office.decide(case_id, "suspend", HEAD))
    put_right(office, case_id)
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    office.accepted(office.decide(case_id, "lift", HEAD))
    assert office.docket(case_id).state is State.LIFTED


# --- overlap ---------------------------------------------------------------------------------------------------------


def test_of_two_suspensions_of_a_unit_the_gate_opens_with_the_last(office: Office) -> None:
    under_way = office.opened()
    office.accepted(office.decide(under_way, "examine", EXAMINER))
    first, second = opened(office, problem("P1")), opened(office, problem("Q1"))
    past_due(office, first)
    office.ring(second)
    confirmed(office, first)
    confirmed(office, second)
    assert office.decide(under_way, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    put_right(office, first)
    lifted(office, first)
    standing = suspensions_of(office, second)[0].number
    assert standing is not None
    assert state_of_new(office) is State.NOT_ACCEPTED
    assert office.deliver_outbox(under_way) == []
    assert office.docket(under_way).state is State.HELD
    put_right(office, second, "Q1")
    lifted(office, second)
    assert state_of_new(office) is State.ACCEPTED
    assert office.deliver_outbox(under_way) == [under_way]
    office.accepted(office.decide(under_way, "issue", ISSUER))


def test_a_subordinate_under_its_own_and_its_units_suspension_opens_with_the_last(office: Office) -> None:
    subordinate(office)
    parents, own = opened(office, problem("P1")), opened(office, problem("Q1"), unit=SERVICES)
    past_due(office, parents)
    office.ring(own)
    confirmed(office, parents)
    confirmed(office, own)
    office.accepted(report(office, own, "Q1", by=OTHER_APPLICANT))
    passed(office, own, "Q1")
    lifted(office, own)
    assert office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)).state is State.NOT_ACCEPTED
    put_right(office, parents)
    lifted(office, parents)
    assert office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)).state is State.ACCEPTED


def test_lifting_wakes_the_held_cases_of_subordinates_too(office: Office) -> None:
    subordinate(office)
    under_way = office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)
    office.accepted(office.decide(under_way, "examine", EXAMINER))
    case_id = suspended(office)
    assert office.decide(under_way, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    put_right(office, case_id)
    lifted(office, case_id)
    assert office.deliver_outbox(under_way) == [under_way]
    office.accepted(office.decide(under_way, "issue", ISSUER))


def test_a_case_that_the_head_holds_is_not_woken_by_a_lifting(office: Office) -> None:
    by_head = office.opened()
    hold = Hold(reason="核查", second_officer="issuer")
    office.accepted(office.order(by_head, CommandKind.HOLD, hold, HEAD))
    case_id = suspended(office)
    put_right(office, case_id)
    lifted(office, case_id)
    assert office.deliver_outbox(by_head) == []
    assert office.docket(by_head).state is State.HELD


def test_a_woken_case_goes_on_also_when_its_clock_runs_a_little_behind(office: Office) -> None:
    """Two cases have two clocks; what stands in the register counts."""
    under_way = office.opened()
    office.accepted(office.decide(under_way, "examine", EXAMINER))
    case_id = suspended(office)
    office.decide(under_way, "issue", ISSUER)
    put_right(office, case_id)
    lifted(office, case_id)
    office.now -= timedelta(seconds=3)
    office.deliver_outbox(under_way)
    assert office.docket(under_way).state is State.IN_PROGRESS


def test_no_case_is_forgotten_that_is_stopped_while_the_gate_opens(office: Office) -> None:
    """Four slips are being issued while the lifting is decided: each comes out, or stops and is woken."""
    under_way = [office.opened(application(meeting=f"会议{number}")) for number in range(4)]
    for each in under_way:
        office.accepted(office.decide(each, "examine", EXAMINER))
    case_id = suspended(office)
    put_right(office, case_id)
    office.accepted(office.decide(case_id, "propose-lifting", INSPECTOR))
    with ThreadPoolExecutor(5) as pool:
        issues = [pool.submit(office.decide, each, "issue", ISSUER) for each in under_way[:2]]
        lifting = pool.submit(office.decide, case_id, "lift", COMMISSION)
        issues += [pool.submit(office.decide, each, "issue", ISSUER) for each in under_way[2:]]
        office.accepted(lifting.result())
        answers = [issue.result() for issue in issues]
    assert {answer.code for answer in answers} <= {None, RefusalCode.UNIT_SUSPENDED}
    office.deliver_outbox()
    for each, answer in zip(under_way, answers, strict=True):
        expected = State.IN_PROGRESS if answer.code else State.SLIP_ISSUED
        assert office.docket(each).state is expected
