"""立账: an inspector opens problems against a unit; the unit gets its notice and one report per problem."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import date
from typing import Any

import pytest

from activities.turn import Turn
from docket import cases, problems, view
from docket.commands import Submitted
from ledger import mergers
from models.applications import WarningApplication
from models.decisions import Withdrawal
from models.enums import CommandKind, DocumentKind, ProblemSource, ProblemState, State
from models.phrasing import heading
from models.refusals import RefusalCode
from models.register import Unit
from rules.deadlines import local_day
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    OTHER_APPLICANT,
    PERSONNEL,
    RESEARCH,
    SERVICES,
    SUPERVISOR,
    Office,
    papers_of,
)

from .acts import DUE, opened, problem, problem_of, suspensions_of, titles, waiting, wanted
from .conftest import Ruled


def test_opening_writes_the_ledger_issues_the_notice_and_waits_for_a_report_per_problem(office: Office) -> None:
    case_id = opened(office, problem("P1"), problem("P2", date(2026, 5, 6)))
    docket = office.docket(case_id)
    assert docket.state is State.IN_PROGRESS
    assert titles(office, case_id) == ["整改通知书"]
    assert docket.documents[0].digest is not None
    assert waiting(office, case_id) == {("report", "P1"), ("report", "P2")}
    assert [(each.no, each.state, each.attempt) for each in docket.problems] == [
        ("P1", ProblemState.OPEN, 0),
        ("P2", ProblemState.OPEN, 0),
    ]
    assert next(step for step in docket.steps if step.step == "open").officer == INSPECTOR.name
    assert docket.receipts[0].status == "accepted"


def test_due_is_the_end_of_its_calendar_day_in_shanghai_also_on_a_holiday(office: Office) -> None:
    labour_day = date(2026, 5, 1)
    case_id = opened(office, problem("P1", labour_day))
    assert problem_of(office, case_id).due_at.isoformat() == "2026-05-01T15:59:59+00:00"
    assert office.docket(case_id).due_at == problem_of(office, case_id).due_at


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([problem("P1"), problem("P1")], RefusalCode.INCOMPLETE),
        ([problem("P1", date(2026, 3, 2))], RefusalCode.INCOMPLETE),
        ([problem("110105199003077832")], RefusalCode.INCOMPLETE),
        ([problem(kind="110105199003077832违规")], RefusalCode.INCOMPLETE),
        ([problem(clause="第九条（11010519900307783x）")], RefusalCode.INCOMPLETE),
        ([problem("P1", date(2027, 3, 4))], RefusalCode.INCOMPLETE),
    ],
    ids=[
        "two of one number",
        "due today",
        "a number like an identity number",
        "a kind with an identity number",
        "a clause with an identity number",
        "due more than a year ahead",
    ],
)
def test_a_faulty_set_of_problems_is_not_opened_and_the_unit_gets_no_letter(
    office: Office, body: list[dict[str, Any]], code: RefusalCode
) -> None:
    docket = office.docket(opened(office, *body))
    assert docket.state is State.NOT_ACCEPTED
    assert [refusal.code for refusal in docket.refusals] == [code]
    assert papers_of(docket) == []
    assert docket.problems == []
    assert code.label in docket.receipts[0].message


def test_a_problem_may_be_due_a_year_and_a_day_ahead(office: Office) -> None:
    assert office.docket(opened(office, problem("P1", date(2027, 3, 3)))).state is State.IN_PROGRESS


def test_an_identity_number_in_a_kind_reaches_no_title(office: Office) -> None:
    docket = office.docket(opened(office, problem(kind="张某110105199003077832违规")))
    assert docket.title == "示范市发展研究局机构编制问题整改（1项：张某＊违规）"
    assert not any("110105199003077832" in said for said in (docket.checks[2].detail, docket.receipts[0].message))


def test_problems_are_judged_as_of_the_day_they_were_committed_not_delivered(office: Office) -> None:
    case_id = office.apply(wanted(problem(due=date(2026, 3, 3))), by=INSPECTOR)
    office.later(days=1)
    office.deliver_outbox()
    assert office.docket(case_id).state is State.IN_PROGRESS
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 3, 3)


def test_a_day_that_passed_before_the_delivery_is_put_off_by_its_delay_and_closes_no_gate(office: Office) -> None:
    lines = problem("P1", date(2026, 3, 3)), problem("P2", date(2026, 3, 20))
    case_id = office.apply(wanted(*lines), by=INSPECTOR)
    office.later(days=3)
    office.deliver_outbox()
    office.ring(case_id)
    assert office.docket(case_id).state is State.IN_PROGRESS
    assert local_day(problem_of(office, case_id).due_at) == date(2026, 3, 6)
    assert local_day(problem_of(office, case_id, "P2").due_at) == date(2026, 3, 20)


@pytest.mark.parametrize("by", [EXAMINER, HEAD, APPLICANT], ids=lambda officer: officer.id)
def test_only_an_inspector_opens_problems(office: Office, by: Any) -> None:
    docket = office.docket(office.opened(wanted(), by=by))
    assert (docket.state, papers_of(docket)) == (State.NOT_ACCEPTED, [])
    assert docket.refusals[0].code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_what_is_not_accepted_stays_within_the_office(office: Office) -> None:
    case_id = office.apply(wanted(problem(due=date(2026, 3, 2))), by=INSPECTOR)
    for state in (State.SUBMITTED, State.NOT_ACCEPTED):
        assert office.docket(case_id, PERSONNEL).state is state
        with office.database.read() as s:
            assert view.docket(s, case_id, APPLICANT, office.now, office.deps.calendar) is None
            assert not view.may_see(s, case_id, APPLICANT)
            assert view.case_list(s, view.Filters(), APPLICANT, office.now, office.deps.calendar).items == []
        office.deliver_outbox()
    assert office.docket(opened(office), APPLICANT).state is State.IN_PROGRESS


def test_a_merger_that_is_being_signed_is_waited_for_and_leaves_no_rectification_on_a_dead_unit(office: Office) -> None:
    case_id = office.apply(wanted(), by=INSPECTOR)
    opening = threading.Thread(target=office.deliver_outbox)
    with office.database.write() as s:
        mergers.hold_units(s, [RESEARCH, SERVICES])
        unit = s.get(Unit, RESEARCH)
        assert unit is not None
        unit.abolished_on = local_day(office.now)
        s.add(unit)
        s.flush()
        opening.start()
        opening.join(timeout=1)
        assert opening.is_alive()  # behind the lock of the unit
    opening.join()
    assert office.docket(case_id).state is State.NOT_ACCEPTED


def test_nothing_is_opened_against_an_abolished_unit(office: Office) -> None:
    with office.database.write() as s:
        unit = s.get(Unit, RESEARCH)
        assert unit is not None
        unit.abolished_on = date(2026, 2, 1)
        s.add(unit)
    docket = office.docket(opened(office))
    assert docket.refusals[0].code is RefusalCode.UNIT_DATA_INVALID


def test_the_same_problems_are_not_opened_twice(office: Office) -> None:
    opened(office)
    second = office.docket(office.opened(wanted(), by=INSPECTOR_TWO))
    assert (second.state, second.refusals[0].code) == (State.NOT_ACCEPTED, RefusalCode.DUPLICATE)


def test_the_unit_sees_its_own_rectification_and_nobody_elses(office: Office) -> None:
    case_id = opened(office)
    mine = office.docket(case_id, APPLICANT)
    assert (mine.problems[0].facts, mine.problems[0].measure) == (problem()["facts"], problem()["measure"])
    assert [heading(document.title) for document in mine.documents] == ["整改通知书"]
    with pytest.raises(AssertionError):
        office.docket(case_id, OTHER_APPLICANT)
    assert office.docket(case_id, SUPERVISOR).problems == mine.problems


def test_the_letter_does_not_say_that_somebody_reported_it(office: Office) -> None:
    """Case 30 of domain.md: nothing that leads to who rang 12310."""
    case_id = opened(office, problem(source="12310"))
    record = office.docket(case_id).documents[0]
    assert record.kind is DocumentKind.RECTIFICATION_NOTICE
    assert record.digest is not None
    from_paper = _text(office.store.get(record.digest))
    assert "经核查" in from_paper
    assert "12310" not in from_paper
    assert "举报" not in from_paper
    seen = office.docket(case_id, APPLICANT)
    assert seen.problems[0].source is ProblemSource.VERIFICATION
    assert "12310" not in seen.model_dump_json()
    assert office.docket(case_id).problems[0].source is ProblemSource.HOTLINE


def test_facts_and_measures_are_sealed_at_rest(office: Office) -> None:
    opened(office, problem(facts="绝密事实甲", measure="绝密措施乙"))
    with office.database.engine.connect() as connection:
        for table in ("problem", "case_round", "command", "step", "record"):
            held = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
            assert "绝密事实甲" not in held
            assert "绝密措施乙" not in held


def test_at_discovery_the_gate_closes_with_the_notice_where_the_setting_says_so(ruled: Ruled) -> None:
    office = ruled(suspend_at="discovery")
    case_id = opened(office)
    assert office.docket(case_id).state is State.SUSPENDED
    assert [each.provisional for each in suspensions_of(office, case_id)] == [True]
    assert waiting(office, case_id) == {("report", "P1"), ("warn", "")}
    assert office.docket(office.opened()).state is State.NOT_ACCEPTED


def test_a_rectification_is_not_withdrawn(office: Office) -> None:
    case_id = opened(office)
    for by in (APPLICANT, INSPECTOR):
        receipt = office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="x"), by)
        assert receipt.status == "refused"
    assert office.docket(case_id).state is State.IN_PROGRESS


def test_a_case_handed_over_by_a_warning_opens_like_any_other(office: Office) -> None:
    """Written to the outbox in the warning's own transaction, and started by the relay."""
    warning = office.apply(
        WarningApplication.model_validate(
            {"unit": RESEARCH, "indicator": "over-quota", "facts": "超编1名", "level": "inspect"}
        ),
        by=INSPECTOR,
    )
    body = wanted(problem("Y1", source="预警"), warning_no="预警2026-00001")
    with office.database.write() as s:
        case = cases.load(s, warning)
        assert case is not None
        started = Turn(s, office.deps, office.now, case).start(body, INSPECTOR_TWO, f"handover|{warning}")
        assert isinstance(started, Submitted)
    office.deliver_outbox(started.case_id)
    docket = office.docket(started.case_id)
    assert (docket.state, titles(office, started.case_id)) == (State.IN_PROGRESS, ["整改通知书"])
    assert docket.problems[0].due_at.date() == DUE
    with office.database.read() as s:
        assert [row.no for row in problems.open_of_unit(s, RESEARCH)] == ["Y1"]


def _text(document: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(document)).read("word/document.xml").decode()
