"""Staffing up as a durable workflow, on the time-skipping server: the worked case of each way in."""

from __future__ import annotations

from datetime import date, timedelta

from docket.notices import of_case
from models.decisions import Extension, Resubmission, Revocation, Withdrawal
from models.enums import CommandKind, Resource, State
from models.phrasing import heading
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    application,
    identity_no,
    line,
    papers_of,
    person,
)
from tests.support.temporal import Court


async def slip_out(court: Court, case_id: str) -> list[str]:
    court.office.accepted(await court.decide(case_id, "examine", EXAMINER))
    court.office.accepted(await court.decide(case_id, "issue", ISSUER))
    slip = court.office.docket(case_id).slip
    assert slip is not None
    return [slot.code for slot in slip.slots]


async def enter(court: Court, case_id: str, named: dict[str, object], by: object = ORGANISATION) -> None:
    slot = str(named["slot"])
    court.office.accepted(
        await court.decide(
            case_id, "approve-persons", by, subject=slot, persons=[named], reference_no="示组任〔2026〕5号"
        )
    )
    court.office.accepted(await court.decide(case_id, "enter", REGISTRAR, subject=slot))


async def acknowledge(court: Court, case_id: str, slot: str) -> None:
    court.office.accepted(await court.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot))
    court.office.accepted(await court.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot))


async def test_a_new_member_of_staff_goes_from_application_to_closed(at_court: Court) -> None:
    case_id = await at_court.apply()
    [slot] = await slip_out(at_court, case_id)
    await enter(at_court, case_id, person(slot, 300))
    await acknowledge(at_court, case_id, slot)
    ended = await at_court.handle(case_id).result()
    assert ended["state"] == State.CLOSED
    docket = at_court.office.docket(case_id)
    assert {heading(d.title) for d in papers_of(docket)} == {
        "用编申请受理通知书",
        "人员编制和领导职数核定单",
        "入编通知单",
        "机构编制管理证登记页",
    }
    assert all(document.digest for document in docket.documents)
    assert at_court.office.balance().occupied == 7
    assert at_court.office.balance().reserved == 0


async def test_somebody_already_on_the_headcount_takes_a_leader_post_only(at_court: Court) -> None:
    wanted = line("post:internal-deputy", way="leader-appointment", internal_body="综合处")
    case_id = await at_court.apply(application(wanted))
    [slot] = await slip_out(at_court, case_id)
    born = date(1980, 5, 1)
    named = person(
        slot, 0, name="在编0", birth_date=born.isoformat(), identity_no=identity_no(0, born), internal_body="综合处"
    )
    await enter(at_court, case_id, named)
    await acknowledge(at_court, case_id, slot)
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert at_court.office.balance().occupied == 6
    assert at_court.office.balance(Resource.INTERNAL_DEPUTY).occupied == 1


async def test_several_persons_use_one_slip_one_by_one(at_court: Court) -> None:
    case_id = await at_court.apply(application(line("headcount:administrative", 2), line("headcount:worker", 1)))
    first, second, worker = await slip_out(at_court, case_id)
    await enter(at_court, case_id, person(first, 301))
    assert at_court.office.docket(case_id).state is State.ENTERED
    await acknowledge(at_court, case_id, first)
    await enter(at_court, case_id, person(worker, 302), PERSONNEL)
    await enter(at_court, case_id, person(second, 303))
    await acknowledge(at_court, case_id, worker)
    await acknowledge(at_court, case_id, second)
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert at_court.office.balance().occupied == 8


async def test_an_unused_slip_expires_after_six_months_and_frees_its_vacancy(at_court: Court) -> None:
    case_id = await at_court.apply()
    await slip_out(at_court, case_id)
    assert at_court.office.balance().reserved == 1
    await at_court.env.sleep(timedelta(days=190))
    ended = await at_court.handle(case_id).result()
    assert ended["state"] == State.EXPIRED
    assert at_court.office.balance().reserved == 0


async def test_reminder_and_escalation_come_in_order_and_silence_never_approves(at_court: Court) -> None:
    case_id = await at_court.apply()
    await at_court.env.sleep(timedelta(days=30))
    await at_court.desk(case_id, lambda desk: desk.overdue)
    with at_court.office.database.read() as s:
        kinds = [(notice.kind, notice.department) for notice in of_case(s, case_id)]
    assert kinds == [("reminder", "establishment"), ("escalation", "establishment"), ("escalation", "supervision")]
    assert at_court.office.docket(case_id).state is State.ACCEPTED
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))


async def test_an_extension_moves_the_deadline(at_court: Court) -> None:
    case_id = await at_court.apply()
    before = at_court.office.docket(case_id).due_at
    body = Extension(step="examine", working_days=5, reason="需实地核查")
    at_court.office.accepted(await at_court.order(case_id, CommandKind.EXTEND, body, EXAMINER))
    after = at_court.office.docket(case_id).due_at
    assert before is not None
    assert after is not None
    assert after > before


async def test_a_returned_application_comes_back_as_the_next_round_with_its_differences(at_court: Court) -> None:
    case_id = await at_court.apply()
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER, "return", opinion="请说明岗位职责"))
    assert at_court.office.docket(case_id).state is State.RETURNED
    better = application(line("headcount:administrative", reason="综合处文稿岗位缺员"))
    body = Resubmission(application=better)
    at_court.office.accepted(await at_court.order(case_id, CommandKind.RESUBMIT, body, APPLICANT))
    docket = at_court.office.docket(case_id)
    assert (docket.state, docket.round) == (State.ACCEPTED, 2)
    assert [d.path for d in docket.rounds[1].differences] == ["/lines/0/reason"]
    await slip_out(at_court, case_id)


async def test_a_withdrawn_case_releases_its_slip(at_court: Court) -> None:
    case_id = await at_court.apply()
    await slip_out(at_court, case_id)
    body = Withdrawal(reason="计划调整")
    at_court.office.accepted(await at_court.order(case_id, CommandKind.WITHDRAW, body, APPLICANT))
    assert (await at_court.handle(case_id).result())["state"] == State.WITHDRAWN
    assert at_court.office.balance().reserved == 0


async def test_revocation_takes_back_unused_slots_and_the_used_one_is_finished(at_court: Court) -> None:
    case_id = await at_court.apply(application(line("headcount:administrative", 2)))
    first, _second = await slip_out(at_court, case_id)
    await enter(at_court, case_id, person(first, 304))
    body = Revocation(reason="用途改变")
    at_court.office.accepted(await at_court.order(case_id, CommandKind.REVOKE, body, ISSUER))
    docket = at_court.office.docket(case_id)
    assert docket.state is State.ACKNOWLEDGING
    assert "核定单部分作废通知书" in {heading(document.title) for document in docket.documents}
    await acknowledge(at_court, case_id, first)
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert (at_court.office.balance().occupied, at_court.office.balance().reserved) == (7, 0)
