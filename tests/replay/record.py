"""Records the histories that `test_replay` replays: `python -m tests.replay.record`.

A history that a release has recorded stays: cases of that release are still running. Only stories that have none are
recorded; to record one that was never released anew, delete its file.

The histories are sealed with the tests' own key, as everything in Temporal is.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

from models.decisions import (
    ExceptionalRequest,
    Extension,
    Report,
    ReportItem,
    Resubmission,
    Revocation,
    Scope,
    Withdrawal,
)
from models.enums import CommandKind, Procedure
from models.proofs import LogHead
from rules.deadlines import local_day
from tests.change import acts as changing
from tests.rectification import acts as rectifying
from tests.removing.leaving import CHIEF, leaver, removal
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    Office,
    application,
    line,
    person,
)
from tests.support.temporal import Court, court
from tests.warning.support import TEAM, call, problem, warning

FOLDER = Path(__file__).parent / "histories"


async def new_staff(at: Court) -> str:
    """Application to filed case, with a stray signal on the way."""
    case_id = await at.apply()
    await at.handle(case_id).signal("decide", "stray")
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    [slot] = _slots(at, case_id)
    named = [person(slot, 300)]
    await at.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=named, reference_no="x")
    await at.decide(case_id, "enter", REGISTRAR, subject=slot)
    await at.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot)
    await at.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot)
    await at.handle(case_id).result()
    return case_id


async def returned_and_revoked(at: Court) -> str:
    """Round 2, a slip of two, one used, one revoked."""
    case_id = await at.apply(application(line("headcount:administrative", 2)))
    await at.decide(case_id, "examine", EXAMINER, "return", opinion="请补充")
    better = application(line("headcount:administrative", 2, reason="文稿岗位"))
    await at.order(case_id, CommandKind.RESUBMIT, Resubmission(application=better), APPLICANT)
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    first, _second = _slots(at, case_id)
    named = [person(first, 301)]
    await at.decide(case_id, "approve-persons", ORGANISATION, subject=first, persons=named, reference_no="x")
    await at.decide(case_id, "enter", REGISTRAR, subject=first)
    await at.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER)
    await at.decide(case_id, "finance", FINANCE, "acknowledge", subject=first)
    await at.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=first)
    await at.handle(case_id).result()
    return case_id


async def silent_then_expired(at: Court) -> str:
    """Reminder, escalation, a late examination, and a slip that nobody uses."""
    case_id = await at.apply()
    await at.env.sleep(timedelta(days=20))
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    await at.env.sleep(timedelta(days=200))
    await at.handle(case_id).result()
    return case_id


async def leavers_of_every_kind(at: Court) -> str:
    """A retirement, a leader removed from the post, and one who withdraws; the second round after a return."""
    office = at.office
    day = date(2015, 7, 1)
    people = [leaver(office, on=day), leaver(office, CHIEF, "post-removed", on=day), leaver(office, 1, on=day)]
    case_id = await at.apply(removal(*people))
    approval = {"reference_no": "x"}
    await at.decide(case_id, "approve-exit", ORGANISATION, "return", subject="P1", opinion="请补充")
    better = Resubmission(application=removal(*people))
    await at.order(case_id, CommandKind.RESUBMIT, better, APPLICANT)
    for subject in ("P1", "P2"):
        await at.decide(case_id, "approve-exit", ORGANISATION, subject=subject, **approval)
        await at.decide(case_id, "exit", REGISTRAR, subject=subject)
    await at.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT)
    for subject in ("P1", "P2"):
        await at.decide(case_id, "finance", FINANCE, "acknowledge", subject=subject)
        await at.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=subject)
    await at.handle(case_id).result()
    return case_id


async def warning_up_to_the_inspection(at: Court) -> str:
    """A call without an answer, a letter that is answered in vain, an inspection that hands its problem over."""
    case_id = await at.apply(warning(), INSPECTOR)
    await at.decide(case_id, "remind", INSPECTOR, **call(at.office))
    await at.env.sleep(timedelta(days=20))
    await at.decide(case_id, "warn", ISSUER)
    await at.order(case_id, CommandKind.REPORT, Report(text="正在核实"), APPLICANT)
    await at.decide(case_id, "review", INSPECTOR, "reject", subject="warn")
    visit_on = (await at.env.get_current_time()).date() + timedelta(days=3)
    await at.decide(case_id, "inspect", HEAD, team=TEAM, visit_on=visit_on.isoformat())
    await at.env.sleep(timedelta(days=4))
    found = [problem(due=(visit_on + timedelta(days=90)).isoformat())]
    await at.decide(case_id, "inspection-report", INSPECTOR, opinion="自行增设信息科", found=found)
    await at.handle(case_id).result()
    return case_id


async def suspended_then_lifted(at: Court) -> str:
    """More time, silence at due, suspension, an exception that its timer ends, a failed verification, lifting."""
    due = local_day(await at.env.get_current_time()) + timedelta(days=30)
    case_id = await at.apply(rectifying.wanted(rectifying.problem(due=due)), INSPECTOR)
    more = Extension(step="report", subject="P1", working_days=3, reason="需走程序")
    await at.order(case_id, CommandKind.EXTEND, more, APPLICANT)
    await at.decide(case_id, "extend", HEAD, subject="P1.1")
    await at.env.sleep(timedelta(days=45))
    await at.decide(case_id, "warn", ISSUER)
    await at.decide(case_id, "propose-suspension", INSPECTOR)
    await at.decide(case_id, "suspend", COMMISSION)
    scope = Scope(procedures=[Procedure.STAFFING_UP], matter="军转安置")
    until = local_day(await at.env.get_current_time()) + timedelta(days=10)
    await at.order(case_id, CommandKind.EXCEPT, ExceptionalRequest(scope=scope, reason="急", until=until), APPLICANT)
    await at.decide(case_id, "exceptional-acceptance", COMMISSION, subject="1")
    await at.env.sleep(timedelta(days=20))
    for attempt, second in ((1, "reject"), (2, "approve")):
        await at.order(case_id, CommandKind.REPORT, Report(items=[ReportItem(no="P1", text="已撤销")]), APPLICANT)
        await at.decide(case_id, "site-check", INSPECTOR, subject=f"P1.{attempt}.1")
        await at.decide(case_id, "site-check", INSPECTOR_TWO, second, subject=f"P1.{attempt}.2")
    await at.decide(case_id, "propose-lifting", INSPECTOR)
    await at.decide(case_id, "lift", COMMISSION)
    await at.handle(case_id).result()
    return case_id


async def change_deferred_then_signed(at: Court) -> str:
    """A second round, an objection, a deferral that outlasts its days, approval with changes, reply and duties."""
    case_id = await at.apply(changing.request(changing.headcount(10, 14)))
    await at.decide(case_id, "examine", EXAMINER, "return", opinion="请再论证")
    better = Resubmission(application=changing.request(changing.headcount(10, 13)))
    await at.order(case_id, CommandKind.RESUBMIT, better, APPLICANT)
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "consult-finance", FINANCE, "reject", opinion="经费没有着落")
    await at.decide(case_id, "consult-organisation", ORGANISATION)
    await at.decide(case_id, "consult-personnel", PERSONNEL)
    await at.decide(case_id, "decide", COMMISSION, "defer", opinion="下次会议再议")
    await at.env.sleep(timedelta(days=60))
    less = [changing.headcount(10, 11)]
    await at.decide(case_id, "decide", COMMISSION, subject="2", minutes_no=changing.MINUTES, changes=less)
    await at.decide(case_id, "sign", ISSUER)
    await at.decide(case_id, "obligation-certificate", REGISTRAR, "acknowledge")
    await at.decide(case_id, "obligation-disclosure", APPLICANT, "acknowledge")
    await at.handle(case_id).result()
    return case_id


async def log_appended(at: Court) -> str:
    """One night of the transparency log, of an office with a case behind it."""
    await at.apply()
    started = await at.client.start_workflow("DailyLog", id="dingbian-log", task_queue="dingbian", result_type=LogHead)
    head = await started.result()
    assert head.size > 0
    return started.id


def _slots(at: Court, case_id: str) -> list[str]:
    slip = at.office.docket(case_id).slip
    assert slip is not None
    return [slot.code for slot in slip.slots]


STORIES: dict[str, Callable[[Court], Awaitable[str]]] = {
    "staffing_up_new_staff": new_staff,
    "staffing_up_returned_and_revoked": returned_and_revoked,
    "staffing_up_silent_then_expired": silent_then_expired,
    "early_warning_up_to_the_inspection": warning_up_to_the_inspection,
    "removing_staff_leavers_of_every_kind": leavers_of_every_kind,
    "rectification_suspended_then_lifted": suspended_then_lifted,
    "establishment_change_deferred_then_signed": change_deferred_then_signed,
    "transparency_log_of_one_night": log_appended,
}


def _unrecorded(folder: Path) -> dict[str, Callable[[Court], Awaitable[str]]]:
    recorded = {path.name.split(".")[0] for path in folder.glob("*.json")}
    return {name: story for name, story in STORIES.items() if name not in recorded}


async def record(folder: Path = FOLDER) -> None:
    for name, story in _unrecorded(folder).items():
        with tempfile.TemporaryDirectory() as work:
            async with court(Office(Path(work))) as at:
                case_id = await story(at)
                history = await at.handle(case_id).fetch_history()
                # the case id binds every payload, so it is part of the recording
                (folder / f"{name}.{case_id}.json").write_text(history.to_json(), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record())
