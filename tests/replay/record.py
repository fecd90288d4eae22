"""Records the histories that `test_replay` replays: `python -m tests.replay.record [RELEASE]`.

Every release has a folder with one history of each story that it knew, recorded by its own code. A history of a release
stays as it is: cases of that release are still running. Only what the release being made (the version in
pyproject.toml, unless named) lacks is recorded; to record one that was never released anew, delete its file.

The histories are sealed with the tests' own key, as everything in Temporal is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
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
from models.monitoring import SweepDone
from models.proofs import LogHead
from models.reconciliation import Reconciled, Standing
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
_PROJECT = Path(__file__).parents[2] / "pyproject.toml"


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


async def monitors_of_one_night(at: Court) -> str:
    """One night of the monitors."""
    await at.apply()
    name = "dingbian-monitoring"
    started = await at.client.start_workflow("Monitoring", id=name, task_queue="dingbian", result_type=SweepDone)
    await started.result()
    return started.id


async def compared(at: Court) -> str:
    """One hour's reconciliation, which finds nothing."""
    await at.apply()
    name = "dingbian-reconciliation"
    started = await at.client.start_workflow("Reconciliation", id=name, task_queue="dingbian", result_type=Reconciled)
    assert (await started.result()).engine
    return started.id


def _slots(at: Court, case_id: str) -> list[str]:
    slip = at.office.docket(case_id).slip
    assert slip is not None
    return [slot.code for slot in slip.slots]


class _Everything:
    """Temporal as a reconciliation asks it: the time-skipping server has no lists."""

    async def cases(self) -> Mapping[str, bool]:
        return {}

    async def standing(self, case_id: str) -> Standing:
        return Standing.RUNNING


@dataclass(frozen=True, slots=True)
class Story:
    """`tell` runs one workflow to its end and returns its id; releases know it from `since` on."""

    tell: Callable[[Court], Awaitable[str]]
    since: str


STORIES = {
    "staffing_up_new_staff": Story(new_staff, "0.1.0"),
    "staffing_up_returned_and_revoked": Story(returned_and_revoked, "0.1.0"),
    "staffing_up_silent_then_expired": Story(silent_then_expired, "0.1.0"),
    "early_warning_up_to_the_inspection": Story(warning_up_to_the_inspection, "0.2.0"),
    "removing_staff_leavers_of_every_kind": Story(leavers_of_every_kind, "0.2.0"),
    "rectification_suspended_then_lifted": Story(suspended_then_lifted, "0.2.0"),
    "establishment_change_deferred_then_signed": Story(change_deferred_then_signed, "0.2.0"),
    "monitoring_of_one_night": Story(monitors_of_one_night, "0.2.0"),
    "transparency_log_of_one_night": Story(log_appended, "0.3.0"),
    "reconciliation_of_one_hour": Story(compared, "0.4.0"),
}


def version() -> str:
    """The release being made."""
    found: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return found


def known_to(release: str) -> set[str]:
    """Names of the stories that a release can tell."""
    return {name for name, story in STORIES.items() if _numbers(story.since) <= _numbers(release)}


def recorded(release: str, folder: Path = FOLDER) -> dict[str, Path]:
    """Story → its history, of one release."""
    return {path.name.split(".")[0]: path for path in sorted((folder / release).glob("*.json"))}


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


async def record(release: str, folder: Path = FOLDER) -> None:
    """What the release lacks, told by the code as it stands. Raises ValueError for a release that is older."""
    if _numbers(release) < _numbers(version()):
        raise ValueError(f"{release} 早于现在的代码，只能由它自己的代码录制 · only its own code can record {release}")
    (folder / release).mkdir(parents=True, exist_ok=True)
    for name in sorted(known_to(release) - recorded(release, folder).keys()):
        with tempfile.TemporaryDirectory() as work:
            async with court(Office(Path(work)), _Everything()) as at:
                workflow_id = await STORIES[name].tell(at)
                history = await at.handle(workflow_id).fetch_history()
                # the workflow's id binds every payload, so it is part of the recording
                path = folder / release / f"{name}.{workflow_id}.json"
                path.write_text(history.to_json(), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1] if len(sys.argv) > 1 else version()))
