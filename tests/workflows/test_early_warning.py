"""Early warning as a durable workflow, on the time-skipping server."""

from __future__ import annotations

from datetime import timedelta

from models.decisions import Report
from models.enums import CommandKind, State
from tests.support.office import APPLICANT, HEAD, INSPECTOR, ISSUER
from tests.support.temporal import Court
from tests.warning.support import TEAM, call, papers, problem, waiting, warning


async def test_a_call_that_is_answered_ends_with_a_review(at_court: Court) -> None:
    case_id = await at_court.apply(warning(), INSPECTOR)
    office = at_court.office
    office.accepted(await at_court.decide(case_id, "remind", INSPECTOR, **call(office)))
    office.accepted(await at_court.order(case_id, CommandKind.REPORT, Report(text="已改正"), APPLICANT))
    office.accepted(await at_court.decide(case_id, "review", INSPECTOR, subject="remind"))
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert papers(office, case_id) == ["phone_record"]


async def test_silence_climbs_the_whole_ladder_only_by_the_hands_of_people(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(warning(), INSPECTOR)
    office.accepted(await at_court.decide(case_id, "remind", INSPECTOR, **call(office)))
    await at_court.env.sleep(timedelta(days=20))
    await at_court.desk(case_id, lambda desk: any(step.step == "warn" for step in desk.open))
    assert papers(office, case_id) == ["phone_record"]
    office.accepted(await at_court.decide(case_id, "warn", ISSUER))
    await at_court.env.sleep(timedelta(days=30))
    await at_court.desk(case_id, lambda desk: any(step.step == "inspect" for step in desk.open))
    assert papers(office, case_id) == ["phone_record", "warning_letter"]
    visit_on = (await at_court.env.get_current_time()).date() + timedelta(days=3)
    office.accepted(await at_court.decide(case_id, "inspect", HEAD, team=TEAM, visit_on=visit_on.isoformat()))
    await at_court.env.sleep(timedelta(days=4))
    due = (visit_on + timedelta(days=90)).isoformat()
    said = {"opinion": "自行增设信息科", "found": [problem(due=due)]}
    office.accepted(await at_court.decide(case_id, "inspection-report", INSPECTOR, **said))
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    found = office.docket(case_id).warning
    assert found is not None
    assert found.outcome == "移交整改"
    assert office.docket(found.handed_to or "").procedure == "rectification"


async def test_a_warning_that_is_one_too_many_ends_at_once(at_court: Court) -> None:
    first = await at_court.apply(warning(), INSPECTOR)
    second = await at_court.apply(warning(facts="再次收到反映"), INSPECTOR)
    assert (await at_court.handle(second).result())["state"] == State.NOT_ACCEPTED
    assert waiting(at_court.office, first) == [("remind", "")]
