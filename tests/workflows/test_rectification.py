"""整改—暂停受理 as a durable workflow, on the time-skipping server: its timers close the gate, end exceptions, and a
lifting wakes the cases that were stopped."""

from __future__ import annotations

from datetime import date, timedelta

from docket import commands
from models.decisions import ExceptionalRequest, Report, ReportItem, Scope
from models.enums import CommandKind, Procedure, State
from models.refusals import RefusalCode
from rules.deadlines import local_day
from tests.rectification.acts import problem, suspensions_of, titles, waiting, wanted
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    papers_of,
)
from tests.support.temporal import Court


async def opened(court: Court, *numbers: str, days: int = 30) -> str:
    due = await today(court) + timedelta(days=days)
    return await court.apply(wanted(*(problem(no, due) for no in numbers or ("P1",))), INSPECTOR)


async def today(court: Court) -> date:
    return local_day(await court.env.get_current_time())


async def report(court: Court, case_id: str, no: str = "P1") -> None:
    body = Report(items=[ReportItem(no=no, text="已撤销该办公室")])
    court.office.accepted(await court.order(case_id, CommandKind.REPORT, body, APPLICANT))


async def verified(court: Court, case_id: str, no: str = "P1", attempt: int = 1, second: str = "approve") -> None:
    court.office.accepted(await court.decide(case_id, "site-check", INSPECTOR, subject=f"{no}.{attempt}.1"))
    court.office.accepted(await court.decide(case_id, "site-check", INSPECTOR_TWO, second, subject=f"{no}.{attempt}.2"))


async def suspended(court: Court, case_id: str) -> None:
    await court.desk(case_id, lambda desk: desk.state is State.SUSPENDED)
    court.office.accepted(await court.decide(case_id, "warn", ISSUER))
    court.office.accepted(await court.decide(case_id, "propose-suspension", INSPECTOR))
    court.office.accepted(await court.decide(case_id, "suspend", COMMISSION, minutes_no="示编纪〔2026〕2号"))


async def lifted(court: Court, case_id: str) -> None:
    court.office.accepted(await court.decide(case_id, "propose-lifting", INSPECTOR))
    court.office.accepted(await court.decide(case_id, "lift", COMMISSION))
    assert (await court.handle(case_id).result())["state"] == State.LIFTED


async def relayed(court: Court, case_id: str) -> None:
    """What other cases wrote into the outbox for this one arrives."""
    with court.office.database.read() as s:
        rows = [each for each in commands.undelivered(s) if each.case_id == case_id]
    assert rows, "nothing was written for this case"
    for row in rows:
        await court.signal(row.command_id, case_id)


async def test_what_is_put_right_in_time_is_verified_by_two_and_closed(at_court: Court) -> None:
    case_id = await opened(at_court, "P1", "P2")
    for no in ("P2", "P1"):
        await report(at_court, case_id, no)
        await verified(at_court, case_id, no)
    assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    docket = at_court.office.docket(case_id)
    assert len(papers_of(docket)) == 3
    assert all(document.digest for document in docket.documents)


async def test_silence_closes_the_gate_at_due_and_only_all_problems_closed_and_a_decision_open_it(
    at_court: Court,
) -> None:
    case_id = await opened(at_court)
    await at_court.env.sleep(timedelta(days=29))
    assert at_court.office.docket(case_id).state is State.IN_PROGRESS
    await at_court.env.sleep(timedelta(days=2))
    await suspended(at_court, case_id)
    await at_court.env.sleep(timedelta(days=60))
    assert at_court.office.docket(case_id).state is State.SUSPENDED
    await report(at_court, case_id)
    await verified(at_court, case_id, second="reject")
    await report(at_court, case_id)
    await verified(at_court, case_id, attempt=2)
    await lifted(at_court, case_id)
    assert sorted(titles(at_court.office, case_id)) == sorted(
        ["整改通知书", "书面警示函", "暂停受理通知书", "恢复受理通知书"] + ["整改情况实地检查验收确认书"] * 2
    )


async def test_the_timer_closes_the_gate_in_the_second_after_the_due_day(at_court: Court) -> None:
    case_id = await opened(at_court)
    due = at_court.office.docket(case_id).problems[0].due_at
    await at_court.env.sleep(due - await at_court.env.get_current_time() + timedelta(seconds=30))
    await at_court.desk(case_id, lambda desk: desk.state is State.SUSPENDED)
    [standing] = suspensions_of(at_court.office, case_id)
    assert due < standing.from_at <= due + timedelta(seconds=3)


async def test_a_case_under_way_is_stopped_and_woken_by_the_lifting(at_court: Court) -> None:
    under_way = await at_court.apply()
    at_court.office.accepted(await at_court.decide(under_way, "examine", EXAMINER))
    case_id = await opened(at_court)
    await at_court.env.sleep(timedelta(days=31))
    await suspended(at_court, case_id)
    receipt = await at_court.decide(under_way, "issue", ISSUER)
    assert receipt.code is RefusalCode.UNIT_SUSPENDED
    await at_court.desk(under_way, lambda desk: desk.state is State.HELD)
    await report(at_court, case_id)
    await verified(at_court, case_id)
    await lifted(at_court, case_id)
    await relayed(at_court, under_way)
    await at_court.desk(under_way, lambda desk: desk.state is State.IN_PROGRESS)
    at_court.office.accepted(await at_court.decide(under_way, "issue", ISSUER))
    assert at_court.office.balance().reserved == 1


async def test_an_exceptional_acceptance_is_ended_by_its_timer(at_court: Court) -> None:
    case_id = await opened(at_court)
    await at_court.env.sleep(timedelta(days=31))
    await suspended(at_court, case_id)
    scope = Scope(procedures=[Procedure.STAFFING_UP], matter="军转干部安置")
    until = await today(at_court) + timedelta(days=10)
    body = ExceptionalRequest(scope=scope, reason="安置任务有期限", until=until)
    at_court.office.accepted(await at_court.order(case_id, CommandKind.EXCEPT, body, APPLICANT))
    at_court.office.accepted(await at_court.decide(case_id, "exceptional-acceptance", COMMISSION, subject="1"))
    meanwhile = await at_court.apply()
    assert at_court.office.docket(meanwhile).state is State.ACCEPTED
    await at_court.env.sleep(timedelta(days=12))
    await at_court.desk(case_id, lambda desk: desk.wake_at is None or desk.wake_at > at_court.office.now)
    [seen] = at_court.office.docket(case_id).exceptions
    assert seen.ended_at is not None
    assert seen.until_at < seen.ended_at <= seen.until_at + timedelta(seconds=3)
    assert ("report", "P1") in waiting(at_court.office, case_id)
