"""例外受理: asked for with reasons, approved by the commission with scope and expiry, ended by its timer
(procedures.md §4; domain.md §10, 32)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from models.applications import EstablishmentChangeApplication
from models.decisions import Scope
from models.enums import DocumentKind, Procedure, Resource, State
from models.refusals import RefusalCode
from models.register import Record
from records.register import context_of
from rules.deadlines import local_day
from rules.exceptions import covers, only_takes_back, resources_of
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    HEAD,
    INSPECTOR,
    ISSUER,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    Office,
    application,
    line,
)

from .acts import (
    excepted,
    exception_asked,
    lifted,
    opened,
    past_due,
    problem,
    put_right,
    rows,
    subordinate,
    suspended,
    waiting,
)
from .conftest import Ruled

STAFF_ONLY = {"procedures": ["staffing-up"], "resources": ["headcount:administrative"], "matter": "军转安置"}
OF_THE_CENTRE = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)


def state_of(office: Office, *lines: dict[str, object], meeting: str = "例外") -> State:
    return office.docket(office.opened(application(*lines, meeting=meeting))).state


def test_an_approved_exception_opens_the_gate_and_the_slip_for_what_it_covers(office: Office) -> None:
    case_id = suspended(office)
    assert state_of(office, meeting="前") is State.NOT_ACCEPTED
    office.accepted(exception_asked(office, case_id, scope=STAFF_ONLY))
    assert ("exceptional-acceptance", "1") in waiting(office, case_id)
    assert state_of(office, meeting="未批") is State.NOT_ACCEPTED
    office.accepted(office.decide(case_id, "exceptional-acceptance", COMMISSION, subject="1"))
    [seen] = office.docket(case_id).exceptions
    assert (seen.scope, seen.unit) == (Scope.model_validate(STAFF_ONLY), RESEARCH)
    assert seen.approver == office.rulebook.office.commission_name
    [sheet] = [d for d in office.docket(case_id).documents if d.kind is DocumentKind.EXCEPTIONAL_ACCEPTANCE]
    assert (sheet.number, sheet.digest is not None) == (seen.number, True)
    new = office.opened(application(meeting="后"))
    assert office.docket(new).state is State.ACCEPTED
    gate = next(check for check in office.docket(new).checks if check.code == "unit-suspended")
    assert seen.number is not None
    assert seen.number in gate.detail
    assert office.issued(new)


def test_it_serves_no_more_applications_than_it_names_and_the_papers_name_it(office: Office) -> None:
    held = office.opened(application(meeting="在办"))
    office.accepted(office.decide(held, "examine", EXAMINER))
    case_id = suspended(office)
    assert office.decide(held, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    excepted(office, case_id, scope=STAFF_ONLY)
    first = office.opened(application(meeting="第一件"))
    assert office.docket(first).state is State.ACCEPTED
    assert state_of(office, line("headcount:administrative", 2), meeting="第二件") is State.NOT_ACCEPTED
    office.deliver_outbox()
    assert office.docket(held).state is State.HELD
    office.issued(first)
    [exception] = office.docket(case_id).exceptions
    with office.database.read() as s:
        slip, letter = (
            context_of(s, record)
            for record in s.exec(
                select(Record)
                .where(col(Record.case_id) == first)
                .where(col(Record.kind).in_(["verification_slip", "acceptance_notice"]))
                .order_by(col(Record.kind).desc())
            )
        )
    assert exception.number is not None
    assert exception.number in str(slip.model_dump()["purpose"])
    assert exception.number in str(letter.model_dump()["reminder"])


def test_whoever_decides_reads_what_was_asked_for_and_why(office: Office) -> None:
    case_id = suspended(office)
    office.accepted(exception_asked(office, case_id, scope=STAFF_ONLY))
    [said] = office.docket(case_id, COMMISSION).comments
    assert "军转安置" in said.text
    assert "安置任务有期限" in said.text
    assert "只用于军转安置" in said.text


def test_what_is_outside_its_resources_stays_closed(office: Office) -> None:
    excepted(office, suspended(office), scope=STAFF_ONLY)
    worker = line("headcount:worker", reason="x")
    assert state_of(office, worker, meeting="甲") is State.NOT_ACCEPTED
    both = (line("headcount:administrative"), worker)
    assert state_of(office, *both, meeting="乙") is State.NOT_ACCEPTED
    assert state_of(office, meeting="丙") is State.ACCEPTED


def test_what_is_outside_its_procedures_stays_closed(office: Office) -> None:
    scope = {"procedures": ["establishment-change"], "matter": "撤销违规机构"}
    excepted(office, suspended(office), scope=scope)
    assert state_of(office) is State.NOT_ACCEPTED


def test_it_is_the_units_alone(office: Office) -> None:
    subordinate(office)
    case_id = suspended(office)
    excepted(office, case_id)
    assert office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)).state is State.NOT_ACCEPTED
    excepted(office, case_id, "2", unit=SERVICES)
    assert office.docket(office.opened(OF_THE_CENTRE, by=OTHER_APPLICANT)).state is State.ACCEPTED


def test_case_32_an_expired_exception_opens_nothing_and_its_timer_says_so(office: Office) -> None:
    case_id = suspended(office)
    last = local_day(office.now) + timedelta(days=10)
    excepted(office, case_id, until=last.isoformat(), scope=STAFF_ONLY | {"cases": 2})
    accepted = office.opened(application(meeting="期内"))
    office.accepted(office.decide(accepted, "examine", EXAMINER))
    wake_at = office.ring(case_id).wake_at
    assert wake_at is not None
    office.now = rows(office, case_id)[1][0].until_at  # the last second of the last day
    assert state_of(office, line("headcount:administrative", 2), meeting="末日") is State.ACCEPTED
    office.later(seconds=1)
    office.ring(case_id)
    [row] = rows(office, case_id)[1]
    assert row.ended_at == office.now
    assert {n.department for n in office.docket(case_id).notices if n.kind == "exception"} == {"unit", "establishment"}
    assert state_of(office, meeting="期后") is State.NOT_ACCEPTED
    assert office.decide(accepted, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    assert office.docket(accepted).state is State.HELD
    office.ring(case_id)
    assert len([n for n in office.docket(case_id).notices if n.kind == "exception"]) == 2


def test_the_timer_wakes_the_case_at_the_end_of_the_last_day(office: Office) -> None:
    case_id = suspended(office)
    last = local_day(office.now) + timedelta(days=1)
    excepted(office, case_id, until=last.isoformat())
    desk = office.ring(case_id)
    assert desk.wake_at is not None
    assert desk.wake_at <= rows(office, case_id)[1][0].until_at + timedelta(seconds=1)


def test_it_wakes_the_held_cases_that_it_covers_and_leaves_the_others_held(office: Office) -> None:
    covered = office.opened(application(meeting="甲"))
    other = office.opened(application(line("headcount:worker"), meeting="乙"))
    for each in (covered, other):
        office.accepted(office.decide(each, "examine", EXAMINER))
    case_id = suspended(office)
    for each in (covered, other):
        assert office.decide(each, "issue", ISSUER).code is RefusalCode.UNIT_SUSPENDED
    excepted(office, case_id, scope=STAFF_ONLY)
    assert office.deliver_outbox() == [covered]
    assert office.docket(other).state is State.HELD
    office.accepted(office.decide(covered, "issue", ISSUER))
    office.ring(other)
    assert office.docket(other).state is State.HELD


def test_a_refused_request_needs_reasons_and_opens_nothing(office: Office) -> None:
    case_id = suspended(office)
    office.accepted(exception_asked(office, case_id))
    silent = office.decide(case_id, "exceptional-acceptance", COMMISSION, "reject", subject="1", opinion="")
    assert silent.code is RefusalCode.OPINION_REQUIRED
    refused = office.decide(case_id, "exceptional-acceptance", COMMISSION, "reject", subject="1", opinion="可以等待")
    office.accepted(refused)
    assert rows(office, case_id)[1] == []
    assert state_of(office) is State.NOT_ACCEPTED
    office.accepted(exception_asked(office, case_id))
    assert ("exceptional-acceptance", "2") in waiting(office, case_id)


@pytest.mark.parametrize("by", [HEAD, INSPECTOR, APPLICANT], ids=lambda officer: officer.id)
def test_only_the_commission_approves(office: Office, by: object) -> None:
    case_id = suspended(office)
    office.accepted(exception_asked(office, case_id))
    receipt = office.decide(case_id, "exceptional-acceptance", by, subject="1")
    assert receipt.code is RefusalCode.NOT_YOUR_DEPARTMENT


def test_unit_or_office_may_ask_and_nobody_else(office: Office) -> None:
    case_id = suspended(office)
    office.accepted(exception_asked(office, case_id, by=APPLICANT))
    office.accepted(exception_asked(office, case_id, by=INSPECTOR))
    for stranger in (OTHER_APPLICANT, COMMISSION):
        assert exception_asked(office, case_id, by=stranger).code is RefusalCode.NOT_YOUR_DEPARTMENT


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": "2026-12-31"}, RefusalCode.VERDICT_NOT_OPEN),
        ({"until": "2026-04-01"}, RefusalCode.VERDICT_NOT_OPEN),
        ({"unit": SERVICES}, RefusalCode.NOTHING_TO_DO),
        ({"scope": {"procedures": ["removing-staff"], "matter": "x"}}, RefusalCode.NOTHING_TO_DO),
    ],
    ids=["longer than the maximum", "in the past", "a unit that is not covered", "a procedure that is not suspended"],
)
def test_a_request_that_cannot_be_granted_is_refused_at_once(
    office: Office, more: dict[str, object], code: RefusalCode
) -> None:
    case_id = suspended(office)
    before = waiting(office, case_id)
    assert exception_asked(office, case_id, **more).code is code
    assert waiting(office, case_id) == before


def test_the_longest_term_is_a_setting(ruled: Ruled) -> None:
    office = ruled(exception_days_maximum=5)
    case_id = suspended(office)
    today = local_day(office.now)
    beyond = (today + timedelta(days=6)).isoformat()
    assert exception_asked(office, case_id, until=beyond).code is RefusalCode.VERDICT_NOT_OPEN
    office.accepted(exception_asked(office, case_id, until=(today + timedelta(days=5)).isoformat()))


def test_there_is_nothing_to_except_while_the_gate_is_open(office: Office) -> None:
    case_id = opened(office)
    assert exception_asked(office, case_id).code is RefusalCode.NOTHING_TO_DO


def test_an_approval_that_comes_after_the_term_approves_nothing(office: Office) -> None:
    case_id = suspended(office)
    last = local_day(office.now) + timedelta(days=2)
    office.accepted(exception_asked(office, case_id, until=last.isoformat()))
    office.later(days=5)
    receipt = office.decide(case_id, "exceptional-acceptance", COMMISSION, subject="1")
    assert receipt.code is RefusalCode.VERDICT_NOT_OPEN
    assert rows(office, case_id)[1] == []
    assert ("exceptional-acceptance", "1") in waiting(office, case_id)


def test_the_end_of_the_case_ends_what_was_excepted_and_open_requests(office: Office) -> None:
    case_id = suspended(office)
    excepted(office, case_id)
    office.accepted(exception_asked(office, case_id))
    put_right(office, case_id)
    lifted(office, case_id)
    assert rows(office, case_id)[1][0].ended_at == office.now
    assert waiting(office, case_id) == set()


def test_under_another_suspension_the_commissions_term_stands(office: Office) -> None:
    first, second = opened(office), opened(office, problem("Q1"))
    past_due(office, first)
    office.ring(second)
    excepted(office, first)
    put_right(office, first)
    lifted(office, first)
    [row] = rows(office, first)[1]
    assert row.ended_at == row.until_at
    assert state_of(office) is State.ACCEPTED


# --- what a scope covers, as a rule --------------------------------------------------------------------------------


def scope(*procedures: str, resources: tuple[str, ...] = ()) -> str:
    return Scope.model_validate({"procedures": procedures, "resources": resources, "matter": "x"}).model_dump_json()


@pytest.mark.parametrize(
    ("stored", "covered"),
    [
        ("*", True),
        (scope("staffing-up"), True),
        (scope("establishment-change"), False),
        (scope("staffing-up", "establishment-change"), True),
        (scope("staffing-up", resources=("headcount:administrative",)), True),
        (scope("staffing-up", resources=("headcount:worker",)), False),
        (scope("staffing-up", resources=("headcount:worker", "headcount:administrative")), True),
    ],
)
def test_a_scope_covers_its_procedures_and_resources(stored: str, covered: bool) -> None:
    wanted = frozenset({Resource.ADMINISTRATIVE})
    assert covers(stored, Procedure.STAFFING_UP, wanted) is covered


def test_a_scope_of_resources_covers_no_change_of_something_else() -> None:
    rename = {"kind": "rename", "unit": RESEARCH, "before": "示范市发展研究局", "after": "示范市研究局"}
    more = {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:worker", "before": 2, "after": 3}
    body = {"unit": RESEARCH, "kind": "headcount", "basis": {"meeting": "x", "date": date(2026, 2, 25)}}
    quota = EstablishmentChangeApplication.model_validate({**body, "changes": [more]})
    mixed = EstablishmentChangeApplication.model_validate({**body, "changes": [more, rename]})
    narrow = scope("establishment-change", resources=("headcount:worker",))
    assert covers(narrow, Procedure.ESTABLISHMENT_CHANGE, resources_of(quota))
    assert not covers(narrow, Procedure.ESTABLISHMENT_CHANGE, resources_of(mixed))
    assert covers(scope("establishment-change"), Procedure.ESTABLISHMENT_CHANGE, resources_of(mixed))


CUT = {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:worker", "before": 2, "after": 1}
RAISED = CUT | {"after": 3}
STRUCK = {"kind": "internal-bodies", "unit": RESEARCH, "before": {"name": "综合处"}}
SET_UP = {"kind": "internal-bodies", "unit": RESEARCH, "after": {"name": "项目处"}}
UNHUNG = {"kind": "extra-name", "unit": RESEARCH, "before": "示范市大数据局"}
HUNG = {"kind": "extra-name", "unit": RESEARCH, "after": "示范市大数据局"}
FEWER = {"kind": "posts", "unit": RESEARCH, "resource": "post:internal-deputy", "before": 2, "after": 1}


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ([CUT], True),
        ([CUT, STRUCK, UNHUNG, FEWER], True),
        ([{"kind": "abolish", "unit": SERVICES}], True),
        ([RAISED], False),
        ([CUT, RAISED], False),
        ([SET_UP], False),
        ([HUNG], False),
        ([CUT, {"kind": "rename", "unit": RESEARCH, "before": "甲", "after": "乙"}], False),
    ],
)
def test_what_only_cuts_and_abolishes_is_what_a_rectification_needs(
    changes: list[dict[str, object]], needed: bool
) -> None:
    body = {"unit": RESEARCH, "kind": "headcount", "changes": changes}
    assert only_takes_back(EstablishmentChangeApplication.model_validate(body)) is needed


def test_no_staffing_up_is_what_a_rectification_needs() -> None:
    assert not only_takes_back(application())
