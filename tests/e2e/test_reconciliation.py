"""Operators terminate, delete and reset workflows of a real server, or restore an older copy of it: the sweep names
precisely the cases that are missing and brings them back (P15)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest
from temporalio.client import Client

from activities.reconciliation import ReconciliationActivities, sweep
from ledger.log import append
from ledger.verify import verify
from models.applications import StaffingUpApplication
from models.decisions import StartCase
from models.docket import Desk
from models.enums import State
from models.reconciliation import Difference, DifferenceKind, Reconciled, ReconcileRun, Standing
from records.verify import verify_records
from runtime.client import connected
from runtime.engine import TemporalEngine
from tests.support.office import application, keyring, person
from tests.support.temporal import utc_now
from tests.support.town import Town
from workflows.staffing_up import StaffingUp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

LATER = timedelta(minutes=10)
"""What is in hand has five minutes; the sweep is told that they have passed."""

WAIT_SECONDS = 30.0


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(tmp_path)
    await made.start_temporal()
    with made.office.database.write() as s:
        append(s, utc_now())  # the office was opened long before this day
    try:
        yield made
    finally:
        await made.http.aclose()
        await asyncio.to_thread(made.embedded.stop)


async def _swept(town: Town, engine: TemporalEngine) -> Reconciled:
    return await sweep(town.office.database, town.office.store, engine, utc_now() + LATER)


async def _settles(town: Town, engine: TemporalEngine, wanted: set[tuple[DifferenceKind, str]]) -> Reconciled:
    """Sweeps until Temporal's own lists show what was done to it; they lag by about a second."""
    end = time.monotonic() + WAIT_SECONDS
    before: list[list[Difference]] = []
    while True:
        done = await _swept(town, engine)
        if {(each.kind, each.where) for each in done.differences} == wanted:
            return done
        if done.differences not in before:
            before.append(done.differences)
        assert time.monotonic() < end, before
        await asyncio.sleep(0.2)


async def _stands(engine: TemporalEngine, case_id: str, standing: Standing) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while await engine.standing(case_id) is not standing:
        assert time.monotonic() < end, f"{case_id} is never {standing}"
        await asyncio.sleep(0.1)


def _wanted(number: int) -> StaffingUpApplication:
    return application(meeting=f"局党组会议〔2026〕第{number + 1}次")


async def _applied(town: Town, number: int) -> str:
    answer = await town.post("/applications/staffing-up", "applicant", f"apply-{number}", _wanted(number))
    assert answer.status_code == 201, answer.text
    case_id: str = answer.json()["case_id"]
    await town.reaches(case_id, State.ACCEPTED)
    return case_id


async def _decided(town: Town, case_id: str, by: str, step: str, **more: Any) -> str:
    """What a decision came to: nothing of it is in hand any more."""
    body = {"step": step, "round": 1, "verdict": "approve"} | more
    status: str = (await town.judged(case_id, by, f"{step}-{case_id}", body))["status"]
    return status


async def _examined(town: Town, case_id: str, **more: Any) -> str:
    return await _decided(town, case_id, "examiner", "examine", **more)


async def _delete(client: Client, case_id: str) -> None:
    execution = WorkflowExecution(workflow_id=case_id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)


async def test_terminated_deleted_and_foreign_workflows_are_named_and_what_is_safe_is_repaired(town: Town) -> None:
    client = await connected(town.settings, keyring())
    engine = TemporalEngine(client)
    async with town.worker(), town.relay():
        whole, terminated, deleted, ended = [await _applied(town, number) for number in range(4)]
        numbers = {each: (await town.docket(each))["case_no"] for each in (terminated, deleted)}
        assert await _examined(town, ended, verdict="reject", opinion="超出核定范围") == "accepted"
        await town.reaches(ended, State.REJECTED)
        assert (await _settles(town, engine, set())).total == 0

        await client.get_workflow_handle(terminated).terminate("an operator")
        await _delete(client, deleted)
        await _stands(engine, deleted, Standing.UNKNOWN)
        await client.start_workflow(StaffingUp.run, StartCase(case_id="stranger"), id="stranger", task_queue="another")
        before = _postings(town)
        done = await _settles(
            town,
            engine,
            {
                (DifferenceKind.NO_WORKFLOW, numbers[terminated]),
                (DifferenceKind.NO_WORKFLOW, numbers[deleted]),
                (DifferenceKind.UNKNOWN_CASE, "stranger"),
            },
        )
        assert (done.repaired, done.left) == (2, 1)
        for case_id in (terminated, deleted):
            await _stands(engine, case_id, Standing.RUNNING)
        assert _postings(town) == before, "delivering again moves no number"
        await _settles(town, engine, {(DifferenceKind.UNKNOWN_CASE, "stranger")})
        for case_id in (whole, terminated, deleted):
            assert await _examined(town, case_id) == "accepted"
    _whole(town)


async def test_a_workflow_that_was_reset_goes_on_from_the_register_and_is_no_difference(town: Town) -> None:
    client = await connected(town.settings, keyring())
    engine = TemporalEngine(client)
    async with town.worker(), town.relay():
        case_id = await _applied(town, 1)
        assert await _examined(town, case_id) == "accepted"
        assert await _decided(town, case_id, "issuer", "issue") == "accepted"
        await town.reaches(case_id, State.SLIP_ISSUED)
        before, said = _postings(town), _said(await town.docket(case_id))

        former = (await client.get_workflow_handle(case_id).describe()).run_id
        assert await _reset(client, case_id) != former
        await _takes_up(client, case_id, former)
        await _settles(town, engine, set())
        assert _postings(town) == before, "every step that is taken anew finds its receipt"
        assert _said(await town.docket(case_id)) == said
        slot = (await town.docket(case_id))["slip"]["slots"][0]["code"]
        named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
        assert await _decided(town, case_id, "organisation", "approve-persons", **named) == "accepted"
    _whole(town)


async def test_an_older_copy_of_temporal_lacks_precisely_the_later_case_which_begins_anew(town: Town) -> None:
    async with town.worker(), town.relay():
        earlier = await _applied(town, 1)
    await _restarted(town, lambda: _copied(town, "temporal.db", "copy.db"))
    async with town.worker(), town.relay():
        later = await _applied(town, 2)
        assert await _examined(town, earlier) == "accepted"
    before, said = _postings(town), [_said(await town.docket(each)) for each in (earlier, later)]
    await _restarted(town, lambda: _copied(town, "copy.db", "temporal.db"))

    engine = TemporalEngine(await connected(town.settings, keyring()))
    number = (await town.docket(later))["case_no"]
    async with town.worker(), town.relay():
        done = await _settles(town, engine, {(DifferenceKind.NO_WORKFLOW, number)})
        assert (done.repaired, done.left) == (1, 0)
        await _stands(engine, later, Standing.RUNNING)
        await _settles(town, engine, set())
        assert (_postings(town), [_said(await town.docket(each)) for each in (earlier, later)]) == (before, said)
        assert await _examined(town, later) == "accepted"
        # the workflow forgot the examination alone
        assert await _decided(town, earlier, "issuer", "issue") == "accepted"


async def test_the_schedules_activity_keeps_its_result_for_the_pages(town: Town) -> None:
    async with town.worker(), town.relay():
        await _applied(town, 1)
        engine = TemporalEngine(await connected(town.settings, keyring()))
        run = ReconcileRun(at=utc_now())
        done = await ReconciliationActivities(town.office.deps, engine).reconcile(run)
    told = await town.http.get(
        "/ledger/reconciliation", headers={"Authorization": f"Bearer {town.tokens['supervisor']}"}
    )
    assert told.json() == done.model_dump(mode="json")
    ready = (await town.http.get("/health/ready")).json()
    assert ready["parts"]["reconciliation"]["well"] is True


def _whole(town: Town) -> None:
    """Quotas, chains, and every number with its document."""
    with town.office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, town.office.store) == []


def _postings(town: Town) -> dict[str, str]:
    with town.office.database.read() as s:
        found = verify(s)
    assert found.faults == []
    return found.heads


def _said(docket: dict[str, Any]) -> tuple[object, ...]:
    """What a case has come to: state, answers, decisions, documents with their numbers."""
    return docket["state"], docket["receipts"], docket["decisions"], docket["documents"]


async def _reset(client: Client, case_id: str) -> str:
    """An operator sends a workflow back to its first task; the id of the run that takes over."""
    execution = WorkflowExecution(workflow_id=case_id)
    history = await client.get_workflow_handle(case_id).fetch_history()
    first = next(each for each in history.events if each.HasField("workflow_task_completed_event_attributes"))
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=execution,
        reason="an operator",
        request_id=f"reset-{case_id}",
        workflow_task_finish_event_id=first.event_id,
    )
    return (await client.workflow_service.reset_workflow_execution(request)).run_id


async def _takes_up(client: Client, case_id: str, former: str) -> None:
    """The run after a reset has taken every signal of the former one, and has nothing in hand."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        now = await client.get_workflow_handle(case_id).describe()
        desk = await client.get_workflow_handle(case_id).query("docket", result_type=Desk)
        issued = desk is not None and desk.state is State.SLIP_ISSUED
        if now.run_id != former and issued and not now.raw_description.pending_activities:
            return
        assert time.monotonic() < end, desk
        await asyncio.sleep(0.1)


async def _restarted(town: Town, meanwhile: Callable[[], None]) -> None:
    await asyncio.to_thread(town.embedded.stop)
    meanwhile()
    await town.start_temporal()


def _copied(town: Town, source: str, target: str) -> None:
    """A whole copy of a database that nobody uses; its log of writes belongs to it."""
    for ending in ("", "-wal", "-shm"):
        Path(town.settings.data_dir / f"{target}{ending}").unlink(missing_ok=True)
    ends = [sqlite3.connect(town.settings.data_dir / name) for name in (source, target)]
    with contextlib.closing(ends[0]) as of, contextlib.closing(ends[1]) as to:
        of.backup(to)
