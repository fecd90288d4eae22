"""Removing staff as a durable workflow, on the time-skipping server: the reverse order, and what turns it aside."""

from __future__ import annotations

from datetime import date, timedelta

from docket.notices import of_case
from models.decisions import Resubmission, Withdrawal
from models.enums import CommandKind, DocumentKind, Resource, State
from models.refusals import RefusalCode
from tests.removing.leaving import CHIEF, leaver, refused, removal
from tests.support.office import APPLICANT, FINANCE, INSURANCE, ORGANISATION, ORGANISATION_TWO, REGISTRAR
from tests.support.temporal import Court

APPROVAL = "示组干〔2026〕11号"
PAST = date(2015, 7, 1)


async def approve(court: Court, case_id: str, subject: str, by: object = ORGANISATION) -> None:
    court.office.accepted(
        await court.decide(case_id, "approve-exit", by, subject=subject, reference_no=APPROVAL)  # type: ignore[arg-type]
    )


async def acknowledge(court: Court, case_id: str, subject: str) -> None:
    court.office.accepted(await court.decide(case_id, "finance", FINANCE, "acknowledge", subject=subject))
    court.office.accepted(await court.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=subject))


async def test_two_persons_leave_in_the_reverse_order_and_the_case_is_filed(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(removal(leaver(office, on=PAST), leaver(office, CHIEF, "post-removed", on=PAST)))
    early = await at_court.decide(case_id, "exit", REGISTRAR, subject="P1")
    refused(early, RefusalCode.NOT_YOUR_TURN)
    for subject in ("P1", "P2"):
        await approve(at_court, case_id, subject)
        office.accepted(await at_court.decide(case_id, "exit", REGISTRAR, subject=subject))
        await acknowledge(at_court, case_id, subject)
    ended = await at_court.handle(case_id).result()
    assert ended["state"] == State.CLOSED
    assert (office.balance().occupied, office.balance(Resource.INTERNAL_CHIEF).occupied) == (5, 0)
    docket = office.docket(case_id)
    assert [record.kind for record in docket.documents].count(DocumentKind.EXIT_NOTICE) == 2
    assert all(record.digest for record in docket.documents)


async def test_a_case_goes_back_and_comes_again_with_fewer_persons(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(removal(leaver(office, on=PAST), leaver(office, 1, on=PAST)))
    await approve(at_court, case_id, "P1")
    office.accepted(await at_court.decide(case_id, "exit", REGISTRAR, "return", subject="P1"))
    fewer = Resubmission(application=removal(leaver(office, 1, on=PAST)))
    office.accepted(await at_court.order(case_id, CommandKind.RESUBMIT, fewer, APPLICANT))
    await approve(at_court, case_id, "P1")
    office.accepted(await at_court.decide(case_id, "exit", REGISTRAR, subject="P1"))
    await acknowledge(at_court, case_id, "P1")
    ended = await at_court.handle(case_id).result()
    assert (ended["state"], ended["round"]) == (State.CLOSED, 2)
    assert office.balance().occupied == 5


async def test_a_person_approved_ahead_is_removed_when_the_day_has_come(at_court: Court) -> None:
    office = at_court.office
    office.now = await at_court.env.get_current_time()
    day = office.now.date() + timedelta(days=30)
    case_id = await at_court.apply(removal(leaver(office, on=day)), ORGANISATION)
    await approve(at_court, case_id, "P1", ORGANISATION_TWO)
    refused(await at_court.decide(case_id, "exit", REGISTRAR, subject="P1"), RefusalCode.NOT_YET_HAPPENED)
    await at_court.env.sleep(timedelta(days=31))
    office.accepted(await at_court.decide(case_id, "exit", REGISTRAR, subject="P1"))
    await acknowledge(at_court, case_id, "P1")
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    with office.database.read() as s:
        assert [notice.text for notice in of_case(s, case_id) if notice.kind == "escalation"] == []


async def test_silence_never_approves_an_exit(at_court: Court) -> None:
    office = at_court.office
    case_id = await at_court.apply(removal(leaver(office, on=PAST)))
    await at_court.env.sleep(timedelta(days=40))
    await at_court.desk(case_id, lambda desk: desk.overdue)
    assert office.balance().occupied == 6
    office.accepted(await at_court.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT))
    assert (await at_court.handle(case_id).result())["state"] == State.WITHDRAWN
    with office.database.read() as s:
        assert {notice.kind for notice in of_case(s, case_id)} >= {"reminder", "escalation"}
