"""Reports item by item, verification by two different inspectors, 销号, and more time."""

from __future__ import annotations

from datetime import date

import pytest

from models.decisions import Extension, Report
from models.enums import CommandKind, DocumentKind, ProblemState, State
from models.refusals import RefusalCode
from rules.deadlines import local_day
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    OTHER_APPLICANT,
    Office,
)

from .acts import (
    DUE,
    extension,
    opened,
    passed,
    past_due,
    problem,
    problem_of,
    put_right,
    report,
    suspended,
    suspensions_of,
    titles,
    waiting,
)
from .conftest import Ruled

TWO = (problem("P1"), problem("P2", date(2026, 5, 6)))


def test_a_report_opens_two_verifications_for_what_is_done_and_keeps_what_is_not(office: Office) -> None:
    case_id = opened(office, *TWO)
    items = [{"no": "P1", "text": "已撤销该办公室"}, {"no": "P2", "done": False, "text": "尚在核减"}]
    body = Report.model_validate({"items": items})
    office.accepted(office.order(case_id, CommandKind.REPORT, body, APPLICANT))
    assert waiting(office, case_id) == {("site-check", "P1.1.1"), ("site-check", "P1.1.2"), ("report", "P2")}
    assert problem_of(office, case_id).state is ProblemState.REPORTED
    left = problem_of(office, case_id, "P2")
    assert left.state is ProblemState.OPEN
    assert [(said.done, said.text) for said in left.reports] == [(False, "尚在核减")]
    [said] = [step for step in office.docket(case_id).steps if (step.step, step.subject) == ("report", "P1")]
    assert (said.officer, said.opinion) == (APPLICANT.name, "已撤销该办公室")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], RefusalCode.NOTHING_TO_DO),
        (["P1", "P1"], RefusalCode.MALFORMED),
        (["P1", "P9"], RefusalCode.MALFORMED),
    ],
    ids=["nothing", "one problem twice", "a problem of no such number"],
)
def test_a_faulty_report_changes_nothing(office: Office, items: list[str], code: RefusalCode) -> None:
    case_id = opened(office, *TWO)
    before = (waiting(office, case_id), office.docket(case_id).problems)
    assert report(office, case_id, *items).code is code
    assert (waiting(office, case_id), office.docket(case_id).problems) == before


def test_a_problem_is_reported_once_at_a_time_and_only_by_its_unit(office: Office) -> None:
    case_id = opened(office)
    for stranger in (OTHER_APPLICANT, INSPECTOR, COMMISSION):
        assert report(office, case_id, "P1", by=stranger).code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(report(office, case_id, "P1"))
    assert report(office, case_id, "P1").code is RefusalCode.ALREADY_DECIDED


def test_a_late_report_is_taken(office: Office) -> None:
    case_id = suspended(office)
    office.later(days=40)
    office.accepted(report(office, case_id, "P1"))
    assert ("site-check", "P1.1.1") in waiting(office, case_id)
    assert office.docket(case_id).state is State.SUSPENDED


# --- on site -------------------------------------------------------------------------------------------------------


def test_a_problem_is_closed_only_when_two_different_inspectors_passed_it(office: Office) -> None:
    case_id = opened(office, *TWO)
    office.accepted(report(office, case_id, "P1"))
    office.accepted(office.decide(case_id, "site-check", INSPECTOR, subject="P1.1.1"))
    before = (waiting(office, case_id), titles(office, case_id))
    assert office.decide(case_id, "site-check", INSPECTOR, subject="P1.1.2").code is RefusalCode.SAME_INSPECTOR
    assert (waiting(office, case_id), titles(office, case_id)) == before
    assert problem_of(office, case_id).state is ProblemState.REPORTED
    office.accepted(office.decide(case_id, "site-check", INSPECTOR_TWO, subject="P1.1.2"))
    assert problem_of(office, case_id).state is ProblemState.CLOSED
    assert problem_of(office, case_id).closed_at == office.now
    assert titles(office, case_id).count("整改情况实地检查验收确认书") == 1


def test_an_inspector_and_who_stands_in_for_him_are_one(office: Office) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    office.accepted(office.decide(case_id, "site-check", INSPECTOR, subject="P1.1.2"))
    substitute = INSPECTOR_TWO.model_copy(update={"acting_for": INSPECTOR.id, "acting_for_name": INSPECTOR.name})
    assert office.decide(case_id, "site-check", substitute, subject="P1.1.1").code is RefusalCode.SAME_INSPECTOR


@pytest.mark.parametrize("by", [HEAD, EXAMINER, APPLICANT, COMMISSION], ids=lambda officer: officer.id)
def test_only_inspectors_verify(office: Office, by: object) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    assert office.decide(case_id, "site-check", by, subject="P1.1.1").code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_one_failed_finding_keeps_the_problem_open_with_a_new_date_and_a_new_report(office: Office) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    found = [{"no": "P1", "passed": False, "finding": "办公室牌子仍在", "due": "2026-05-06"}]
    failed = {"subject": "P1.1.2", "opinion": "未到位", "problems": found}
    office.accepted(office.decide(case_id, "site-check", INSPECTOR, "reject", **failed))
    assert waiting(office, case_id) == {("site-check", "P1.1.1")}
    office.accepted(office.decide(case_id, "site-check", INSPECTOR_TWO, subject="P1.1.1"))
    now = problem_of(office, case_id)
    assert (now.state, now.attempt, local_day(now.due_at)) == (ProblemState.OPEN, 1, date(2026, 5, 6))
    assert waiting(office, case_id) == {("report", "P1.2")}
    assert office.docket(case_id).documents[-1].kind is DocumentKind.SITE_CHECK_RECORD
    office.accepted(report(office, case_id, "P1"))
    passed(office, case_id, attempt=2)
    assert office.docket(case_id).state is State.CLOSED


def test_without_a_date_of_the_inspectors_the_setting_gives_one(ruled: Ruled) -> None:
    office = ruled(report_days=5)
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    office.accepted(office.decide(case_id, "site-check", INSPECTOR, "reject", subject="P1.1.1", opinion="未到位"))
    office.accepted(office.decide(case_id, "site-check", INSPECTOR_TWO, "reject", subject="P1.1.2", opinion="同上"))
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 3, 9)


@pytest.mark.parametrize(
    "found",
    [
        [],
        [{"no": "P2", "passed": True, "finding": "x"}],
        [{"no": "P1", "passed": True, "finding": "x"}, {"no": "P2", "passed": True, "finding": "x"}],
        [{"no": "P1", "passed": False, "finding": "x"}],
        [{"no": "P1", "passed": True, "finding": "x", "due": "2026-05-06"}],
    ],
    ids=["none", "another problem", "two problems", "says the opposite", "passed with a new date"],
)
def test_a_finding_must_be_that_of_its_problem_and_say_what_the_verdict_says(
    office: Office, found: list[dict[str, object]]
) -> None:
    case_id = opened(office, *TWO)
    office.accepted(report(office, case_id, "P1"))
    before = waiting(office, case_id)
    receipt = office.decide(case_id, "site-check", INSPECTOR, subject="P1.1.1", problems=found)
    assert receipt.code is RefusalCode.MALFORMED
    assert waiting(office, case_id) == before


@pytest.mark.parametrize("day", ["2026-03-02", "2027-03-04"], ids=["today", "more than a year ahead"])
def test_a_new_date_lies_ahead_and_not_beyond_a_year(office: Office, day: str) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    found = [{"no": "P1", "passed": False, "finding": "x", "due": day}]
    failed = {"subject": "P1.1.1", "opinion": "x", "problems": found}
    assert office.decide(case_id, "site-check", INSPECTOR, "reject", **failed).code is RefusalCode.MALFORMED


def test_a_failed_verification_needs_its_reason(office: Office) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    receipt = office.decide(case_id, "site-check", INSPECTOR, "reject", subject="P1.1.1", opinion="")
    assert receipt.code is RefusalCode.OPINION_REQUIRED


def test_all_put_right_in_time_ends_the_case_without_any_suspension(office: Office) -> None:
    case_id = opened(office, *TWO)
    put_right(office, case_id, "P2", "P1")
    docket = office.docket(case_id)
    assert (docket.state, docket.suspensions) == (State.CLOSED, [])
    assert titles(office, case_id).count("整改情况实地检查验收确认书") == 2
    assert docket.documents == [each for each in docket.documents if each.digest]
    assert report(office, case_id, "P1").code is RefusalCode.CLOSED


def test_after_a_suspension_that_was_not_confirmed_the_case_ends_closed(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    office.accepted(office.decide(case_id, "propose-suspension", INSPECTOR))
    office.accepted(office.decide(case_id, "suspend", COMMISSION, "reject", opinion="暂不停办"))
    put_right(office, case_id)
    assert office.docket(case_id).state is State.CLOSED


# --- more time -------------------------------------------------------------------------------------------------------


def test_the_unit_asks_for_more_time_and_a_person_decides(office: Office) -> None:
    case_id = opened(office)
    office.accepted(extension(office, case_id, 5))
    assert ("extend", "P1.1") in waiting(office, case_id)
    assert local_day(problem_of(office, case_id).due_at) == DUE
    assert office.decide(case_id, "extend", INSPECTOR, subject="P1.1").code is RefusalCode.NOT_YOUR_DEPARTMENT
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.1"))
    # five working days after 1 April, over Qingming (4 to 6 April)
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 4, 9)
    past_due(office, case_id)
    assert office.docket(case_id).state is State.IN_PROGRESS
    past_due(office, case_id, date(2026, 4, 9))
    assert office.docket(case_id).state is State.SUSPENDED


def test_a_refused_extension_leaves_the_date(office: Office) -> None:
    case_id = opened(office)
    office.accepted(extension(office, case_id, 5))
    office.accepted(office.decide(case_id, "extend", ISSUER, "reject", subject="P1.1", opinion="时间充足"))
    assert local_day(problem_of(office, case_id).due_at) == DUE
    past_due(office, case_id)
    assert office.docket(case_id).state is State.SUSPENDED


def test_extensions_have_a_maximum_over_the_life_of_a_problem(ruled: Ruled) -> None:
    office = ruled(extension_maximum=8)
    case_id = opened(office)
    assert extension(office, case_id, 9).code is RefusalCode.VERDICT_NOT_OPEN
    office.accepted(extension(office, case_id, 5))
    assert extension(office, case_id, 1).code is RefusalCode.DUPLICATE
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.1"))
    assert extension(office, case_id, 4).code is RefusalCode.VERDICT_NOT_OPEN
    office.accepted(extension(office, case_id, 3))
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.2"))
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 4, 14)


def test_an_extension_does_not_open_a_gate_that_is_closed(office: Office) -> None:
    case_id = opened(office)
    past_due(office, case_id)
    office.accepted(extension(office, case_id, 5))
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.1"))
    assert office.docket(case_id).state is State.SUSPENDED
    assert suspensions_of(office, case_id)[0].lifted_at is None
    assert problem_of(office, case_id).due_at > office.now


def test_who_reported_needs_no_more_time(office: Office) -> None:
    case_id = opened(office)
    office.accepted(extension(office, case_id, 5))
    office.accepted(report(office, case_id, "P1"))
    assert waiting(office, case_id) == {("site-check", "P1.1.1"), ("site-check", "P1.1.2")}
    assert office.decide(case_id, "extend", HEAD, subject="P1.1").status == "refused"
    assert extension(office, case_id, 5).code is RefusalCode.NOT_YOUR_TURN


def test_a_second_attempt_may_be_extended_too(office: Office) -> None:
    """`P1.2` is then a report and an extension at once, and each is told from the other."""
    case_id = opened(office)
    office.accepted(extension(office, case_id, 2))
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.1"))
    office.accepted(report(office, case_id, "P1"))
    for place, by in ((1, INSPECTOR), (2, INSPECTOR_TWO)):
        office.accepted(office.decide(case_id, "site-check", by, "reject", subject=f"P1.1.{place}", opinion="未到位"))
    office.accepted(extension(office, case_id, 3, subject="P1.2"))
    assert waiting(office, case_id) == {("report", "P1.2"), ("extend", "P1.2")}
    before = problem_of(office, case_id).due_at
    office.accepted(office.decide(case_id, "extend", HEAD, subject="P1.2"))
    assert problem_of(office, case_id).due_at > before
    office.accepted(report(office, case_id, "P1"))
    assert ("report", "P1.2") not in waiting(office, case_id)


@pytest.mark.parametrize("by", [HEAD, INSPECTOR, OTHER_APPLICANT], ids=lambda officer: officer.id)
def test_only_the_unit_asks_for_more_time_for_a_problem(office: Office, by: object) -> None:
    case_id = opened(office)
    assert extension(office, case_id, 5, by=by).code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_the_office_extends_its_own_steps_itself(office: Office) -> None:
    case_id = opened(office)
    office.accepted(report(office, case_id, "P1"))
    before = next(step.due_at for step in office.docket(case_id).steps if step.subject == "P1.1.1")
    body = Extension(step="site-check", subject="P1.1.1", working_days=5, reason="检查组外出")
    office.accepted(office.order(case_id, CommandKind.EXTEND, body, INSPECTOR))
    after = next(step.due_at for step in office.docket(case_id).steps if step.subject == "P1.1.1")
    assert before is not None
    assert after is not None
    assert after > before
