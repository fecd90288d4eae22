"""A case that lives long: new runs, new workers, holidays, and a document that comes late (P20, P22)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.worker import Worker

from activities.registry import build_activities
from docket.notices import of_case
from ledger.verify import verify
from models.decisions import Extension
from models.docket import RecordView
from models.enums import CommandKind, DocumentKind, RecordState, State
from models.refusals import RefusalCode
from models.rulebook import Rulebook
from records.render import FOLDER, Renderer
from records.verify import verify_records
from rules.deadlines import local_day
from tests.replay.changed import LooksTwice
from tests.support.office import EXAMINER, FINANCE, INSURANCE, ISSUER, ORGANISATION, REGISTRAR, Office, person
from tests.support.straight import in_order, straight
from tests.support.temporal import Court, court, sealed, time_skipping, utc_now
from tests.workflows.test_order_of_signals import end_of
from workflows.registry import WORKFLOWS

WAIT_SECONDS = 20.0
EVENTS_OF_ONE_RUN = 30


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.database.close()


async def until(said: str, seen: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not await asyncio.to_thread(seen):
        assert time.monotonic() < end, f"never: {said}"
        await asyncio.sleep(0.01)


WHO = {"approve-persons": ORGANISATION, "enter": REGISTRAR, "finance": FINANCE, "social-insurance": INSURANCE}


async def accepted(at_court: Court, case_id: str, step: str, slot: str, **more: object) -> None:
    verdict = "acknowledge" if step in ("finance", "social-insurance") else "approve"
    at_court.office.accepted(await at_court.decide(case_id, step, WHO[step], verdict, subject=slot, **more))


async def to_the_slip(at_court: Court, case_id: str) -> str:
    for step, by in (("examine", EXAMINER), ("issue", ISSUER)):
        at_court.office.accepted(await at_court.decide(case_id, step, by))
    slip = at_court.office.docket(case_id).slip
    assert slip is not None
    return slip.slots[0].code


async def to_the_entry(at_court: Court, case_id: str, slot: str) -> None:
    named = [person(slot, 300)]
    await accepted(at_court, case_id, "approve-persons", slot, persons=named, reference_no="示组任〔2026〕5号")
    await accepted(at_court, case_id, "enter", slot)


async def to_the_end(at_court: Court, case_id: str) -> State:
    """A new member of staff, from examination to the last acknowledgement."""
    slot = await to_the_slip(at_court, case_id)
    await to_the_entry(at_court, case_id, slot)
    await accepted(at_court, case_id, "finance", slot)
    await accepted(at_court, case_id, "social-insurance", slot)
    return State((await at_court.handle(case_id).result())["state"])


def intact(office: Office) -> None:
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, office.store) == []


# --- continue-as-new ----------------------------------------------------------------------------------------------


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server suggests a new run after 4,096 events, here it is `EVENTS_OF_ONE_RUN`. Nothing of ours is
    replaced: `temporalio` is passed through the sandbox, and a history's length is the same in every replay."""

    def suggested(info: workflow.Info) -> bool:
        return info.get_current_history_length() > EVENTS_OF_ONE_RUN

    monkeypatch.setattr(workflow.Info, "is_continue_as_new_suggested", suggested)


async def more_runs_than(at_court: Court, case_id: str, number: int) -> None:
    """Wait for a new run: it begins after the last receipt was written."""
    end = time.monotonic() + WAIT_SECONDS
    while await runs(at_court, case_id) <= number:
        assert time.monotonic() < end, "the history was never begun anew"
        await asyncio.sleep(0.01)


async def runs(at_court: Court, case_id: str) -> int:
    """How many runs the case has had, counted back from the newest."""
    count, run_id = 0, None
    while True:
        count += 1
        history = await at_court.client.get_workflow_handle(case_id, run_id=run_id).fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        if not started.continued_execution_run_id:
            return count
        run_id = started.continued_execution_run_id


@pytest.mark.usefixtures("short_histories")
async def test_a_case_goes_on_over_many_runs_and_ends_the_same(office: Office) -> None:
    async with court(office) as at_court:
        case_id = await at_court.apply()
        for number in (1, 2, 3):
            for _ in range(5):
                refused = await at_court.decide(case_id, "issue", ISSUER)
                assert refused.code is RefusalCode.NOT_YOUR_TURN
            # Where the next signal is always there before a task ends, no run is left: waiting lets the case be idle.
            await more_runs_than(at_court, case_id, number)
        assert await to_the_end(at_court, case_id) is State.CLOSED
    assert office.balance().occupied == 7
    assert len([d for d in office.docket(case_id).documents if d.kind is DocumentKind.ACCEPTANCE_NOTICE]) == 1
    intact(office)


@pytest.mark.usefixtures("short_histories")
async def test_a_flood_of_signals_over_the_border_of_two_runs_loses_none(office: Office) -> None:
    async with court(office) as at_court:
        case_id = await at_court.apply()
        commands = [
            office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "issue"), ISSUER) for _ in range(40)
        ]
        for command in commands:
            await at_court.signal(command, case_id)
        codes = {(await at_court.receipt(command)).code for command in commands}
        assert codes == {RefusalCode.NOT_YOUR_TURN}
        office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
        await more_runs_than(at_court, case_id, 1)


@pytest.mark.usefixtures("short_histories")
async def test_an_alarm_that_was_set_before_the_new_run_rings_in_it(office: Office) -> None:
    async with court(office) as at_court:
        case_id = await at_court.apply()
        for _ in range(10):
            await at_court.decide(case_id, "issue", ISSUER)
        await more_runs_than(at_court, case_id, 1)
        await at_court.env.sleep(timedelta(days=30))
        await at_court.desk(case_id, lambda desk: desk.overdue)
        assert notices(office, case_id) == [
            ("reminder", "establishment"),
            ("escalation", "establishment"),
            ("escalation", "supervision"),
        ]


def notices(office: Office, case_id: str) -> list[tuple[str, str]]:
    with office.database.read() as s:
        return [(notice.kind, notice.department) for notice in of_case(s, case_id)]


# --- deadlines ----------------------------------------------------------------------------------------------------

LONG_HOLIDAY = 20
"""Days off from tomorrow on; after them every day is worked, so that the rungs stand on known days."""


def after_a_long_holiday() -> tuple[date, Rulebook]:
    """Today, and rules under which the term of five working days begins only after the holiday."""
    today = local_day(utc_now())
    days = [today + timedelta(days=n) for n in range(1, 80)]
    return today, Rulebook(holidays=days[:LONG_HOLIDAY], workdays=days[LONG_HOLIDAY:])


async def test_the_ladder_waits_for_the_end_of_a_holiday(tmp_path: Path) -> None:
    today, rulebook = after_a_long_holiday()
    office = Office(tmp_path, rulebook)
    async with court(office) as at_court:
        case_id = await at_court.apply()
        await at_court.env.sleep(timedelta(days=LONG_HOLIDAY + 1))
        assert notices(office, case_id) == [], "the whole term would be over without the holiday"
        await at_court.env.sleep(timedelta(days=20))
        await until("all three rungs", lambda: len(notices(office, case_id)) == 3)
    with office.database.read() as s:
        rungs = [(n.kind, (local_day(n.at) - today).days - LONG_HOLIDAY) for n in of_case(s, case_id)]
    # two working days before the fifth; the day after the fifth; the day after three more
    assert rungs == [("reminder", 3), ("escalation", 6), ("escalation", 9)]
    assert office.docket(case_id).state is State.ACCEPTED
    office.database.close()


async def test_an_extension_puts_the_whole_ladder_off(tmp_path: Path) -> None:
    today = local_day(utc_now())
    office = Office(tmp_path, Rulebook(workdays=[today + timedelta(days=n) for n in range(80)]))
    async with court(office) as at_court:
        case_id = await at_court.apply()
        more = Extension(step="examine", working_days=10, reason="需实地核查")
        office.accepted(await at_court.order(case_id, CommandKind.EXTEND, more, EXAMINER))
        assert (local_day(office.docket(case_id).due_at or utc_now()) - today).days == 15
        await at_court.env.sleep(timedelta(days=12))
        assert notices(office, case_id) == [], "the alarm of the former term rang for nothing"
        await at_court.env.sleep(timedelta(days=2))
        await until("reminded", lambda: notices(office, case_id) == [("reminder", "establishment")])
        too_long = Extension(step="examine", working_days=11, reason="需实地核查")
        refused = await at_court.order(case_id, CommandKind.EXTEND, too_long, EXAMINER)
        assert refused.code is RefusalCode.VERDICT_NOT_OPEN
        foreign = await at_court.order(case_id, CommandKind.EXTEND, more, FINANCE)
        assert foreign.code is RefusalCode.NOT_YOUR_DEPARTMENT
        office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    office.database.close()


# --- a document that comes late -----------------------------------------------------------------------------------


class Losing(Renderer):
    """Loses the template of one kind in the moment between the numbering of a document and its making."""

    def __init__(self, folder: Path, kind: DocumentKind) -> None:
        super().__init__(folder)
        self.kind = kind
        self.place = folder / f"{kind.value}.docx"

    def template_digest(self, kind: DocumentKind) -> str:
        found = super().template_digest(kind)
        if kind is self.kind:
            self.place.unlink(missing_ok=True)
        return found

    def restore(self) -> None:
        shutil.copy(FOLDER / self.place.name, self.place)


@pytest.fixture
def losing(tmp_path: Path) -> Losing:
    folder = tmp_path / "templates"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Losing(folder, DocumentKind.ENTRY_NOTICE)


def entry_notice(office: Office, case_id: str) -> RecordView:
    [found] = [d for d in office.docket(case_id).documents if d.kind is DocumentKind.ENTRY_NOTICE]
    return found


async def test_a_document_that_could_not_be_made_comes_later_with_its_number(office: Office, losing: Losing) -> None:
    office.deps = replace(office.deps, renderer=losing)
    async with court(office) as at_court:
        case_id = await at_court.apply()
        slot = await to_the_slip(at_court, case_id)
        await to_the_entry(at_court, case_id, slot)
        numbered = entry_notice(office, case_id)
        assert (numbered.state, numbered.digest) == (RecordState.NUMBERED, None)
        assert (office.balance().occupied, office.balance().reserved) == (7, 0), "the posting stands"
        await accepted(at_court, case_id, "finance", slot)  # the case goes on meanwhile
        await at_court.env.sleep(timedelta(minutes=3))
        assert entry_notice(office, case_id).digest is None
        losing.restore()
        await at_court.env.sleep(timedelta(minutes=3))
        await until("filed", lambda: entry_notice(office, case_id).digest is not None)
        filed = entry_notice(office, case_id)
        assert (filed.number, filed.code, filed.state) == (numbered.number, numbered.code, RecordState.VALID)
        await accepted(at_court, case_id, "social-insurance", slot)
        assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert office.balance().occupied == 7
    intact(office)


async def test_a_case_does_not_end_before_its_last_document_is_filed(office: Office, losing: Losing) -> None:
    losing.kind = DocumentKind.REFUSAL_NOTICE
    losing.place = losing.place.with_name("refusal_notice.docx")
    office.deps = replace(office.deps, renderer=losing)
    async with court(office) as at_court:
        case_id = await at_court.apply()
        office.accepted(await at_court.decide(case_id, "examine", EXAMINER, "reject"))
        desk = await at_court.desk(case_id, lambda desk: desk.final)
        assert desk.documents_pending == 1
        late = await at_court.decide(case_id, "examine", EXAMINER)
        assert late.code is RefusalCode.CLOSED
        losing.restore()
        await at_court.env.sleep(timedelta(minutes=12))
        assert (await at_court.handle(case_id).result())["state"] == State.REJECTED
    intact(office)


# --- workers that come and go -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def without_a_worker(office: Office) -> AsyncIterator[tuple[Court, Callable[..., Worker]]]:
    """The office at Temporal, and a maker of workers that keep nothing in memory: each task replays the history."""
    async with time_skipping() as env:
        at_court = Court(office, env, sealed(env.client))
        with env.auto_time_skipping_disabled(), ThreadPoolExecutor(4) as threads:
            yield (
                at_court,
                lambda workflows=WORKFLOWS: Worker(
                    at_court.client,
                    task_queue="dingbian",
                    workflows=workflows,
                    activities=build_activities(office.deps),
                    activity_executor=threads,
                    max_cached_workflows=0,
                ),
            )


async def test_a_new_worker_for_every_step_gives_the_same_end(office: Office, tmp_path: Path) -> None:
    wanted = straight()
    async with without_a_worker(office) as (at_court, worker):
        async with worker():
            case_id = await at_court.apply()
        for command in wanted:
            async with worker():
                office.accepted(await at_court.order(case_id, *command))
        async with worker():
            assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert end_of(office, case_id) == in_order(tmp_path / "in-order", wanted, end_of)


async def test_incompatible_code_does_nothing_and_with_the_former_back_the_end_is_the_same(
    office: Office, tmp_path: Path
) -> None:
    """What the replay of histories keeps from being built: it fails on every case under way and touches none."""
    wanted = straight()
    async with without_a_worker(office) as (at_court, worker):
        async with worker():
            case_id = await at_court.apply()
            office.accepted(await at_court.order(case_id, *wanted[0]))
            await at_rest(at_court, case_id)
        issue = office.commit(case_id, *wanted[1])
        before = end_of(office, case_id)
        async with worker([LooksTwice]):
            await at_court.signal(issue, case_id)
            await failed_task(at_court, case_id, 2)
        assert end_of(office, case_id) == before
        async with worker():
            office.accepted(await at_court.receipt(issue))
            for command in wanted[2:]:
                office.accepted(await at_court.order(case_id, *command))
            assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert end_of(office, case_id) == in_order(tmp_path / "in-order", wanted, end_of)
    intact(office)


async def at_rest(at_court: Court, case_id: str) -> None:
    """Wait until no task and no activity is under way: a task that its worker leaves behind is timed out, and Temporal
    does not write down how its next attempts fail."""
    end = time.monotonic() + WAIT_SECONDS
    busy = {EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED}
    while True:
        events = (await at_court.handle(case_id).fetch_history()).events
        done = max(e.event_id for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
        if not any(event.event_type in busy for event in events if event.event_id > done):
            return
        assert time.monotonic() < end, "never at rest"
        await asyncio.sleep(0.02)


async def failed_task(at_court: Court, case_id: str, signals: int) -> None:
    """Wait until a task failed that had so many signals before it."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        events = (await at_court.handle(case_id).fetch_history()).events
        came = [event.event_id for event in events if event.HasField("workflow_execution_signaled_event_attributes")]
        failed = [event.event_id for event in events if event.HasField("workflow_task_failed_event_attributes")]
        if len(came) == signals and failed and failed[-1] > came[-1]:
            return
        assert time.monotonic() < end, "no task failed"
        await asyncio.sleep(0.02)


async def test_decisions_sent_while_no_worker_is_there_are_judged_by_the_next_one(office: Office) -> None:
    async with without_a_worker(office) as (at_court, worker):
        async with worker():
            case_id = await at_court.apply()
        committed = [office.commit(case_id, *command) for command in straight()]
        for command in committed:
            await at_court.signal(command, case_id)
        async with worker():
            for command in committed:
                office.accepted(await at_court.receipt(command))
            assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    intact(office)
