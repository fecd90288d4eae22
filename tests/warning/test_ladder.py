"""The ladder of 监测预警: each rung decided by a person, the unit answers, silence proposes and never acts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from docket import notices
from models.decisions import Extension, Hold, Release, Report
from models.enums import CommandKind, Department, State, Verdict
from models.refusals import RefusalCode
from rules.deadlines import add_working_days, end_of_day, local_day
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    OTHER_APPLICANT,
    Office,
)
from tests.warning.support import (
    TEAM,
    answered,
    call,
    current,
    papers,
    problem,
    raised,
    reminded,
    waiting,
    warned,
)


@pytest.mark.parametrize("level", ["remind", "warn", "inspect"])
def test_any_rung_may_come_first(office: Office, level: str) -> None:
    case_id = raised(office, level)
    docket = office.docket(case_id)
    assert (docket.state, waiting(office, case_id)) == (State.IN_PROGRESS, [(level, "")])
    assert docket.warning is not None
    assert (docket.warning.level, docket.warning.raised_by_monitor) == (level, False)
    assert papers(office, case_id) == []


def test_a_call_without_its_record_is_incomplete(office: Office) -> None:
    case_id = raised(office)
    refused = office.decide(case_id, "remind", INSPECTOR)
    assert refused.code is RefusalCode.INCOMPLETE
    tomorrow = (office.now + timedelta(days=1)).isoformat()
    assert (
        office.decide(case_id, "remind", INSPECTOR, **call(office, called_at=tomorrow)).code is RefusalCode.INCOMPLETE
    )
    yesterday = local_day(office.now - timedelta(days=1)).isoformat()
    late = office.decide(case_id, "remind", INSPECTOR, **call(office, promised_by=yesterday))
    assert late.code is RefusalCode.INCOMPLETE
    never = office.decide(case_id, "remind", INSPECTOR, **call(office, promised_by="2199-12-31"))
    assert never.code is RefusalCode.INCOMPLETE
    assert waiting(office, case_id) == [("remind", "")]
    assert papers(office, case_id) == []


def test_a_call_is_recorded_and_the_unit_has_the_days_of_the_rules_to_answer(office: Office) -> None:
    case_id = reminded(office)
    assert papers(office, case_id) == ["phone_record"]
    [step] = current(office, case_id)
    due_on = add_working_days(local_day(office.now), 5, office.deps.calendar)
    assert (step.step, step.subject, step.department) == ("report", "remind", Department.UNIT)
    assert step.due_at == end_of_day(due_on)
    assert office.docket(case_id).waiting_on == [Department.UNIT]
    warning = office.docket(case_id).warning
    assert warning is not None
    assert (warning.reply_due_at, warning.told_at) == (step.due_at, office.now)


def test_a_promised_day_counts_and_one_that_is_a_holiday_ends_with_the_next_working_day(office: Office) -> None:
    case_id = reminded(office, promised_by="2026-03-07")  # a Saturday
    [step] = current(office, case_id)
    assert step.due_at == end_of_day(date(2026, 3, 9))


def test_the_answer_is_reviewed_and_settles_the_matter(office: Office) -> None:
    case_id = reminded(office)
    answered(office, case_id)
    assert waiting(office, case_id) == [("review", "remind")]
    office.accepted(office.decide(case_id, "review", INSPECTOR, subject="remind"))
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert docket.warning is not None
    assert (docket.warning.outcome, docket.warning.closed_at) == ("已答复了结", office.now)
    [said] = [step for step in docket.steps if step.step == "report"]
    assert (said.officer, said.opinion, said.verdict) == (APPLICANT.name, "已撤销自行增设的科室", Verdict.ACKNOWLEDGE)


def test_an_answer_that_does_not_settle_it_proposes_the_next_rung_up_to_the_inspection(office: Office) -> None:
    case_id = reminded(office)
    answered(office, case_id)
    office.accepted(office.decide(case_id, "review", INSPECTOR, "reject", subject="remind"))
    assert waiting(office, case_id) == [("warn", "")]
    office.accepted(office.decide(case_id, "warn", HEAD))
    assert waiting(office, case_id) == [("report", "warn")]
    answered(office, case_id, "仍在核实")
    office.accepted(office.decide(case_id, "review", INSPECTOR_TWO, "reject", subject="warn"))
    assert waiting(office, case_id) == [("inspect", "")]
    office.accepted(office.decide(case_id, "inspect", HEAD, team=TEAM, visit_on="2026-03-10"))
    assert waiting(office, case_id) == [("inspection-report", "")]
    assert papers(office, case_id) == ["phone_record", "warning_letter", "inspection_notice"]


def test_the_letter_names_the_day_of_the_answer_and_goes_in_copy_to_those_concerned(office: Office) -> None:
    case_id = raised(office, "warn", indicator="over-quota", value="超出1名", threshold="0名", facts="超编1名")
    past = office.decide(case_id, "warn", ISSUER, reply_by=local_day(office.now).isoformat())
    assert past.code is RefusalCode.INCOMPLETE
    office.accepted(office.decide(case_id, "warn", ISSUER, reply_by="2026-04-10"))
    [step] = current(office, case_id)
    assert step.due_at == end_of_day(date(2026, 4, 10))
    with office.database.read() as s:
        copied = {row.department for row in notices.of_case(s, case_id) if row.kind == "copy"}
    assert copied == {"organisation", "personnel", "finance"}


@pytest.mark.parametrize("level", ["remind", "warn", "inspect"])
def test_a_rung_that_is_not_needed_ends_the_warning_with_the_reasons(office: Office, level: str) -> None:
    case_id = raised(office, level)
    by = INSPECTOR if level == "remind" else HEAD
    office.accepted(office.decide(case_id, level, by, "reject", opinion="情况已核实，不属实"))
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert docket.warning is not None
    assert docket.warning.outcome == "不需预警"
    assert papers(office, case_id) == []


def test_silence_proposes_the_next_rung_to_a_person_and_decides_nothing(office: Office) -> None:
    case_id = reminded(office)
    office.later(days=8)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind"), ("warn", "")]
    assert papers(office, case_id) == ["phone_record"]
    told = [n for n in office.docket(case_id).notices if n.kind == "proposal"]
    assert [n.department for n in told] == [Department.ESTABLISHMENT]
    office.later(days=60)
    desks = [office.ring(case_id) for _ in range(6)]  # reminders and escalations of both steps, one a time
    assert desks[-1].wake_at is None
    assert waiting(office, case_id) == [("report", "remind"), ("warn", "")]
    assert papers(office, case_id) == ["phone_record"]
    assert len([n for n in office.docket(case_id).notices if n.kind == "proposal"]) == 1


def test_an_answer_after_its_day_goes_to_whoever_decides_the_next_rung(office: Office) -> None:
    case_id = reminded(office)
    office.later(days=8)
    office.ring(case_id)
    answered(office, case_id)
    assert waiting(office, case_id) == [("warn", "")]
    assert any(n.kind == "answered" for n in office.docket(case_id).notices)
    office.accepted(office.decide(case_id, "warn", HEAD, "reject", opinion="答复属实，不再警示"))
    assert office.docket(case_id).state is State.CLOSED


def test_a_letter_after_silence_ends_the_wait_for_the_call(office: Office) -> None:
    case_id = reminded(office)
    office.later(days=8)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    assert waiting(office, case_id) == [("report", "warn")]
    office.later(days=16)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "warn"), ("inspect", "")]


def test_the_clock_of_the_answer_stands_while_the_case_is_held(office: Office) -> None:
    case_id = reminded(office)
    held = Hold(reason="单位机构改革", second_officer=HEAD_TWO.id)
    office.accepted(office.order(case_id, CommandKind.HOLD, held, HEAD))
    office.later(days=30)
    desk = office.ring(case_id)
    assert desk.wake_at is None
    assert waiting(office, case_id) == [("report", "remind")]
    released = Release(reason="改革到位", second_officer=HEAD_TWO.id)
    office.accepted(office.order(case_id, CommandKind.RELEASE, released, HEAD))
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind")]
    office.later(days=9)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind"), ("warn", "")]


def test_the_head_gives_more_time_and_the_unit_cannot(office: Office) -> None:
    case_id = warned(office)
    more = Extension(step="report", subject="warn", working_days=5, reason="材料较多")
    assert office.order(case_id, CommandKind.EXTEND, more, APPLICANT).code is RefusalCode.NOT_YOUR_DEPARTMENT
    [before] = current(office, case_id)
    office.accepted(office.order(case_id, CommandKind.EXTEND, more, HEAD))
    [after] = current(office, case_id)
    assert before.due_at is not None
    assert after.due_at is not None
    assert after.due_at > before.due_at
    office.now = before.due_at + timedelta(seconds=1)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "warn")]
    office.now = after.due_at + timedelta(seconds=1)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "warn"), ("inspect", "")]


def test_only_what_was_asked_can_be_answered_and_once(office: Office) -> None:
    case_id = raised(office)
    early = office.order(case_id, CommandKind.REPORT, Report(text="说明"), APPLICANT)
    assert early.code is RefusalCode.NOTHING_TO_DO
    office.accepted(office.decide(case_id, "remind", INSPECTOR, **call(office)))
    foreign = office.order(case_id, CommandKind.REPORT, Report(text="说明"), OTHER_APPLICANT)
    assert foreign.code is RefusalCode.NOT_YOUR_DEPARTMENT
    assert office.order(case_id, CommandKind.REPORT, Report(), APPLICANT).code is RefusalCode.INCOMPLETE
    answered(office, case_id)
    again = office.order(case_id, CommandKind.REPORT, Report(text="补充"), APPLICANT)
    assert again.code is RefusalCode.NOTHING_TO_DO
    assert waiting(office, case_id) == [("review", "remind")]


def test_each_rung_belongs_to_its_own_role(office: Office) -> None:
    case_id = raised(office, "warn")
    assert office.decide(case_id, "warn", INSPECTOR).code is RefusalCode.NOT_YOUR_DEPARTMENT
    assert office.decide(case_id, "warn", EXAMINER).code is RefusalCode.NOT_YOUR_DEPARTMENT
    assert office.decide(case_id, "inspect", HEAD).code is RefusalCode.NOT_YOUR_TURN
    assert office.decide(case_id, "remind", INSPECTOR, **call(office)).code is RefusalCode.NOT_YOUR_TURN
    assert papers(office, case_id) == []


def test_an_inspection_needs_a_day_and_a_team_of_different_people(office: Office) -> None:
    case_id = raised(office, "inspect")
    alone = office.decide(case_id, "inspect", HEAD, team=["何查", "何查"], visit_on="2026-03-10")
    assert alone.code is RefusalCode.INCOMPLETE
    assert office.decide(case_id, "inspect", HEAD, team=TEAM).code is RefusalCode.INCOMPLETE
    assert office.decide(case_id, "inspect", HEAD, team=TEAM, visit_on="2026-02-27").code is RefusalCode.INCOMPLETE
    assert waiting(office, case_id) == [("inspect", "")]
    assert papers(office, case_id) == []


def inspected(office: Office) -> str:
    case_id = raised(office, "inspect")
    office.accepted(office.decide(case_id, "inspect", HEAD, team=TEAM, visit_on="2026-03-10"))
    return case_id


def test_the_report_comes_after_the_visit_and_says_something(office: Office) -> None:
    case_id = inspected(office)
    early = office.decide(case_id, "inspection-report", INSPECTOR, opinion="已查")
    assert early.code is RefusalCode.NOT_YOUR_TURN
    office.later(days=8)
    assert office.decide(case_id, "inspection-report", INSPECTOR).code is RefusalCode.INCOMPLETE
    dropped = office.decide(case_id, "inspection-report", INSPECTOR, "reject", opinion="不查了")
    assert dropped.code is RefusalCode.VERDICT_NOT_OPEN
    twice = {"opinion": "已查", "found": [problem(), problem()]}
    assert office.decide(case_id, "inspection-report", INSPECTOR, **twice).code is RefusalCode.INCOMPLETE
    past = {"opinion": "已查", "found": [problem(due="2026-03-01")]}
    assert office.decide(case_id, "inspection-report", INSPECTOR, **past).code is RefusalCode.INCOMPLETE
    assert waiting(office, case_id) == [("inspection-report", "")]
    assert papers(office, case_id) == ["inspection_notice"]


def test_an_inspection_that_finds_nothing_ends_the_warning(office: Office) -> None:
    case_id = inspected(office)
    office.later(days=8)
    office.accepted(
        office.decide(case_id, "inspection-report", INSPECTOR, opinion="查阅了名册。\n未发现问题", found=[])
    )
    docket = office.docket(case_id)
    assert docket.state is State.CLOSED
    assert papers(office, case_id) == ["inspection_notice", "inspection_report"]
    assert docket.warning is not None
    assert (docket.warning.outcome, docket.warning.handed_to) == ("督查未发现问题", None)


def test_problems_that_were_found_become_a_rectification_case(office: Office) -> None:
    case_id = inspected(office)
    office.later(days=8)
    said = {"opinion": "自行增设信息科", "found": [problem("P1"), problem("P2", kind="超编进人")]}
    receipt = office.decide(case_id, "inspection-report", INSPECTOR, **said)
    office.accepted(receipt)
    warning = office.docket(case_id).warning
    assert warning is not None
    assert warning.outcome == "移交整改"
    assert warning.handed_to is not None
    handed = office.docket(warning.handed_to)
    assert handed.procedure == "rectification"
    assert handed.case_no == warning.handed_to_no
    assert handed.case_no in receipt.message
    application = handed.rounds[0].application
    assert application["warning_no"] == office.docket(case_id).case_no
    assert [p["no"] for p in application["problems"]] == ["P1", "P2"]  # type: ignore[attr-defined]
    assert handed.applicant == INSPECTOR.name


def test_a_rectification_that_was_handed_over_and_arrives_a_day_late_is_opened_all_the_same(office: Office) -> None:
    case_id = inspected(office)
    office.later(days=8)
    tomorrow = (local_day(office.now) + timedelta(days=1)).isoformat()
    said = {"opinion": "自行增设信息科", "found": [problem("P1", due=tomorrow)]}
    office.accepted(office.decide(case_id, "inspection-report", INSPECTOR, **said))
    office.later(days=1)
    office.deliver_outbox()
    warning = office.docket(case_id).warning
    assert warning is not None
    assert warning.handed_to is not None
    assert office.docket(warning.handed_to).state is State.IN_PROGRESS


def test_what_is_expected_next_follows_the_ladder(office: Office) -> None:
    def ahead(case_id: str) -> list[tuple[str, str]]:
        return [(s.step, s.subject) for s in office.docket(case_id).steps if s.state == "expected"]

    case_id = raised(office)
    assert ahead(case_id) == [("report", "remind"), ("review", "remind")]
    office.accepted(office.decide(case_id, "remind", INSPECTOR, **call(office)))
    assert ahead(case_id) == [("review", "remind")]
    office.later(days=8)
    office.ring(case_id)
    assert ahead(case_id) == [("report", "warn"), ("review", "warn")]
    office.accepted(office.decide(case_id, "warn", HEAD, "reject", opinion="不需要"))
    assert ahead(case_id) == []
    other = raised(office, "inspect", indicator="stale-data")
    assert ahead(other) == [("inspection-report", "")]
