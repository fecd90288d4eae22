"""What came in time is judged as in time, however late the engine gets to it: the gate yields to it for a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from models.decisions import Extension, Report
from models.docket import Desk
from models.enums import CommandKind, State
from rules.deadlines import local_day
from tests.support.office import APPLICANT, COMMISSION, INSPECTOR, ISSUER, Office

from .acts import extension, opened, past_due, problem, problem_of, suspended, suspensions_of, waiting

ON_THE_DUE_DAY = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)  # four in the afternoon in Shanghai
SOON = timedelta(seconds=20)


def reported(office: Office, case_id: str, *, done: bool = True) -> str:
    """A report that is committed and not delivered."""
    body = Report.model_validate({"items": [{"no": "P1", "done": done, "text": "已撤销该办公室"}]})
    return office.commit(case_id, CommandKind.REPORT, body, APPLICANT)


def rung(office: Office, case_id: str) -> Desk:
    past_due(office, case_id)
    return office.ring(case_id)


def test_the_gate_yields_to_a_report_of_the_due_day_that_was_not_judged_yet(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY
    report = reported(office, case_id)
    desk = rung(office, case_id)
    assert desk.state is State.IN_PROGRESS
    assert desk.wake_at == office.now + SOON
    office.handle(report, case_id)
    office.later(seconds=20)
    office.ring(case_id)
    assert waiting(office, case_id) == {("site-check", "P1.1.1"), ("site-check", "P1.1.2")}
    assert suspensions_of(office, case_id) == []
    assert office.docket(office.opened()).state is State.ACCEPTED


def test_the_gate_yields_to_more_time_that_was_granted_on_the_due_day_and_counts_it_from_then(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY - timedelta(days=1)
    office.accepted(extension(office, case_id, 5))
    office.now = ON_THE_DUE_DAY
    granted = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "extend", subject="P1.1"), ISSUER)
    assert rung(office, case_id).state is State.IN_PROGRESS
    office.handle(granted, case_id)
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 4, 9)  # five working days after 1 April
    office.later(seconds=20)
    assert office.ring(case_id).state is State.IN_PROGRESS
    assert suspensions_of(office, case_id) == []


def test_asking_for_more_time_in_time_is_heard_but_stops_no_clock(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY
    body = Extension(step="report", subject="P1", working_days=5, reason="需走撤销程序")
    asked = office.commit(case_id, CommandKind.EXTEND, body, APPLICANT)
    assert rung(office, case_id).state is State.IN_PROGRESS
    desk = office.handle(asked, case_id)
    assert desk.wake_at is not None
    assert desk.wake_at <= office.now + SOON
    office.now += SOON
    assert office.ring(case_id).state is State.SUSPENDED


def test_a_report_in_time_that_puts_nothing_right_closes_the_gate_as_soon_as_it_is_judged(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY
    report = reported(office, case_id, done=False)
    assert rung(office, case_id).state is State.IN_PROGRESS
    desk = office.handle(report, case_id)
    assert desk.wake_at is not None
    assert desk.wake_at <= office.now + SOON
    office.now += SOON
    assert office.ring(case_id).state is State.SUSPENDED


def test_a_report_after_the_due_day_keeps_no_gate_open(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY + timedelta(hours=9)  # one in the morning of the day after
    reported(office, case_id)
    assert office.ring(case_id).state is State.SUSPENDED


def test_the_gate_yields_for_a_day_and_no_longer(office: Office) -> None:
    case_id = opened(office)
    office.now = ON_THE_DUE_DAY
    reported(office, case_id)
    office.now = problem_of(office, case_id).due_at + timedelta(hours=24)
    assert office.ring(case_id).state is State.IN_PROGRESS
    office.later(seconds=1)
    assert office.ring(case_id).state is State.SUSPENDED


def test_a_decision_not_to_suspend_spares_only_the_problems_that_it_was_about(office: Office) -> None:
    """The second problem fell due while the engine was away, after the decision was taken and before it arrived."""
    case_id = opened(office, problem("P1"), problem("P2", date(2026, 4, 3)))
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.now = datetime(2026, 4, 3, 8, 0, tzinfo=UTC)
    rejected = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "suspend", "reject"), COMMISSION)
    office.now = datetime(2026, 4, 3, 17, 0, tzinfo=UTC)  # 4 April in Shanghai
    desk = office.handle(rejected, case_id)
    assert desk.state is State.IN_PROGRESS
    assert desk.wake_at is not None
    assert desk.wake_at <= office.now + SOON
    office.now += SOON
    assert office.ring(case_id).state is State.SUSPENDED
    first, second = suspensions_of(office, case_id)
    assert (first.problems, first.ended_by) == ("P1", "not-confirmed")
    assert (second.problems, second.lifted_at) == ("P2", None)


def test_a_problem_that_was_spared_stays_spared_when_the_gate_closes_for_another(office: Office) -> None:
    case_id = opened(office, problem("P1"), problem("P2", date(2026, 4, 20)))
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.accepted(office.decide(case_id, "suspend", COMMISSION, "reject"))
    office.now = datetime(2026, 4, 19, 17, 0, tzinfo=UTC)
    assert office.ring(case_id).state is State.IN_PROGRESS
    past_due(office, case_id, date(2026, 4, 20))
    assert [row.problems for row in suspensions_of(office, case_id)] == ["P1", "P2"]


def test_a_suspension_that_stands_is_not_looked_at_again_and_again(office: Office) -> None:
    case_id = suspended(office)
    desk = office.ring(case_id)
    assert desk.wake_at is None or desk.wake_at > office.now + timedelta(hours=1)
