"""Establishment change as a durable workflow, on the time-skipping server: from the request to the duties."""

from __future__ import annotations

from datetime import timedelta

from docket import commands
from docket.notices import of_case
from models.decisions import Officer, Resubmission, Withdrawal
from models.enums import CommandKind, Department, DocumentKind, Resource, State
from models.refusals import RefusalCode
from tests.change.acts import COUNTERSIGNED, MINUTES, bodies, both_mixed, headcount, merged, posts, refused, request
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    OTHER_APPLICANT,
    REGISTRAR,
    SERVICES,
    UPPER,
    application,
    line,
    papers_of,
)
from tests.support.temporal import Court


async def countersigned(court: Court, case_id: str) -> None:
    court.office.accepted(await court.decide(case_id, "examine", EXAMINER))
    for step, by in COUNTERSIGNED.items():
        court.office.accepted(await court.decide(case_id, step, by))


async def replied(court: Court, case_id: str, body: Officer) -> None:
    await countersigned(court, case_id)
    court.office.accepted(await court.decide(case_id, "decide", body, minutes_no=MINUTES))
    court.office.accepted(await court.decide(case_id, "sign", ISSUER))


async def fulfilled(court: Court, case_id: str) -> None:
    """Every duty that waits, by whose task it is."""
    for step in (await court.desk(case_id, lambda desk: desk.state is State.ACKNOWLEDGING)).open:
        by = APPLICANT if step.department is Department.UNIT else REGISTRAR
        court.office.accepted(await court.decide(case_id, step.step, by, "acknowledge", reference_no="示编备7号"))


async def test_a_change_goes_from_the_request_to_the_last_duty(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(request(headcount(), bodies(None, {"name": "法规处"})))
    early = await at_court.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES)
    refused(early, RefusalCode.NOT_YOUR_TURN)
    await replied(at_court, case_id, COMMISSION)
    assert office.balance().authorised == 12
    await fulfilled(at_court, case_id)
    ended = await at_court.handle(case_id).result()
    assert (ended["state"], ended["round"]) == (State.CLOSED, 1)
    docket = office.docket(case_id)
    assert {record.kind for record in papers_of(docket)} == {
        DocumentKind.ACCEPTANCE_NOTICE,
        DocumentKind.EVALUATION_SHEET,
        DocumentKind.CHANGE_REPLY,
        DocumentKind.CERTIFICATE,
    }
    assert all(record.digest for record in docket.documents)


async def test_an_objection_and_a_deferral_keep_the_case_waiting_and_silence_decides_nothing(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(request(posts()))
    office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    for step, by in COUNTERSIGNED.items():
        said = {"verdict": "reject", "opinion": "经费没有着落"} if by is FINANCE else {}
        office.accepted(await at_court.decide(case_id, step, by, **said))
    office.accepted(await at_court.decide(case_id, "decide", COMMISSION, "defer", opinion="下次会议再议"))
    await at_court.env.sleep(timedelta(days=90))
    desk = await at_court.desk(case_id, lambda desk: desk.overdue)
    assert [(step.step, step.subject) for step in desk.open] == [("decide", "2")]
    with office.database.read() as s:
        told = {(notice.kind, notice.department) for notice in of_case(s, case_id)}
    assert ("escalation", "supervision") in told
    assert office.balance(Resource.INTERNAL_DEPUTY).authorised == 2
    office.accepted(await at_court.decide(case_id, "decide", COMMISSION, subject="2", minutes_no=MINUTES))
    office.accepted(await at_court.decide(case_id, "sign", ISSUER))
    assert office.balance(Resource.INTERNAL_DEPUTY).authorised == 3


async def test_a_returned_request_comes_back_and_the_office_itself_decides(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(request(bodies(None, {"name": "法规处"})))
    office.accepted(await at_court.decide(case_id, "examine", EXAMINER, "return", opinion="请写明规格"))
    better = Resubmission(application=request(bodies(None, {"name": "法规处", "rank": "正科级"})))
    office.accepted(await at_court.order(case_id, CommandKind.RESUBMIT, better, APPLICANT))
    await replied(at_court, case_id, HEAD)
    await fulfilled(at_court, case_id)
    ended = await at_court.handle(case_id).result()
    assert (ended["state"], ended["round"]) == (State.CLOSED, 2)


async def test_what_is_beyond_authority_ends_at_the_gate_in_writing(at_court: Court) -> None:
    across = {
        "kind": "reallocate",
        "resource": "headcount:administrative",
        "number": 2,
        "to_unit": request().unit,
        "from_level": "county",
    }
    case_id = await at_court.apply(request(across))
    ended = await at_court.handle(case_id).result()
    assert ended["state"] == State.NOT_ACCEPTED
    [notice] = papers_of(at_court.office.docket(case_id))
    assert notice.kind is DocumentKind.REFUSAL_NOTICE


async def test_the_workflow_of_a_merged_units_slip_hears_of_it_and_files_its_papers(at_court: Court) -> None:
    """The slip of the unit that is no more is void, its own case is woken and ends."""
    office = at_court.office
    both_mixed(office)
    body = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)
    staffing = await at_court.apply(body, OTHER_APPLICANT)
    office.accepted(await at_court.decide(staffing, "examine", EXAMINER))
    office.accepted(await at_court.decide(staffing, "issue", ISSUER))
    merging = await at_court.apply(request(merged()))
    await replied(at_court, merging, UPPER)
    with office.database.read() as s:
        [woken] = [row for row in commands.undelivered(s) if row.kind is CommandKind.WAKE]
    assert woken.case_id == staffing
    await at_court.signal(woken.command_id, staffing)
    ended = await at_court.handle(staffing).result()
    assert ended["state"] == State.REVOKED
    void = [record for record in office.docket(staffing).documents if record.kind is DocumentKind.REVOCATION_NOTICE]
    assert len(void) == 1
    assert all(record.digest for record in office.docket(staffing).documents)


async def test_a_withdrawn_request_moves_nothing(at_court: Court) -> None:
    case_id = await at_court.apply(request(headcount()))
    await countersigned(at_court, case_id)
    body = Withdrawal(reason="改革方案调整")
    at_court.office.accepted(await at_court.order(case_id, CommandKind.WITHDRAW, body, APPLICANT))
    assert (await at_court.handle(case_id).result())["state"] == State.WITHDRAWN
    assert at_court.office.balance().authorised == 10
