"""Workers are replaced while cases are under way: SIGTERM drains, a second one does not wait, and versions take turns
(P20). Real workers, started as an office starts them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import Client

from docket import commands
from models.decisions import Comment
from models.enums import CommandKind
from runtime.client import connected
from runtime.deployment import Deployment, described, make_current, ramp
from runtime.draining import AT_ONCE_STATUS, LEAVE_LIMIT
from runtime.faults import StartFault
from tests.support.office import EXAMINER, ISSUER, keyring
from tests.support.workers import Station, until_told

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    made = Station(tmp_path)
    made.embedded.child.start()  # from this thread, because the server dies with the thread that started it
    await asyncio.to_thread(made.embedded.wait_ready)
    try:
        yield made
    finally:
        made.office.database.close()
        await asyncio.to_thread(made.embedded.stop)


@pytest.fixture
async def client(station: Station) -> Client:
    return await connected(station.settings, keyring())


# --- SIGTERM ---------------------------------------------------------------------------------------------------------


async def _in_hand(client: Client, case_id: str) -> bool:
    """Whether a worker is at a command of this case."""
    described = await client.get_workflow_handle(case_id).describe()
    return any(
        each.activity_type.name == "handle_command"
        and each.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        for each in described.raw_description.pending_activities
    )


async def _held_up(station: Station, client: Client, case_id: str, then: Callable[[], Awaitable[None]]) -> str:
    """Comment on a case, hold every writer up while a worker is at it, and call `then`; the command."""
    for number in range(20):  # until one is caught between its commit and its judgement
        await until_told("nothing is under way", lambda: _quiet(station, client, case_id))
        command = await asyncio.to_thread(_commented, station, case_id, number)
        with station.writing():
            if station.receipt(command) is None:
                await until_told("the activity is in hand", lambda: _in_hand(client, case_id))
                await then()
                return command
    raise AssertionError("every comment was judged before it could be held up")


async def _quiet(station: Station, client: Client, case_id: str) -> bool:
    """Whether every command is delivered and noted as such, and no activity of the case is pending."""
    described = await client.get_workflow_handle(case_id).describe()
    with station.office.database.read() as s:
        waiting = commands.undelivered(s)
    return not waiting and not described.raw_description.pending_activities


def _commented(station: Station, case_id: str, number: int) -> str:
    return station.commit(case_id, CommandKind.COMMENT, Comment(text=f"批注{number}"), EXAMINER)


async def _attempts(client: Client, case_id: str) -> list[int]:
    """Attempts of every activity that completed, in order."""
    events = (await client.get_workflow_handle(case_id).fetch_history()).events
    started = {each.event_id: each.activity_task_started_event_attributes.attempt for each in events}
    return [
        started[each.activity_task_completed_event_attributes.started_event_id]
        for each in events
        if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    ]


async def test_on_sigterm_the_activity_in_hand_finishes_nothing_new_begins_and_the_worker_leaves(
    station: Station, client: Client
) -> None:
    with station.worker() as worker:
        case_id = await station.accepted()

        async def ask_to_stop() -> None:
            worker.popen.send_signal(signal.SIGTERM)
            await worker.says("worker drains")
            assert worker.popen.poll() is None, "it waits for the activity in hand"

        command = await _held_up(station, client, case_id, ask_to_stop)
        began = time.monotonic()
        assert await worker.ends() == 0
        assert time.monotonic() - began < LEAVE_LIMIT.total_seconds()
    assert "worker has drained" in worker.log.read_text(encoding="utf-8")
    receipt = station.receipt(command)
    assert receipt is not None
    assert receipt.status == "accepted"
    assert set(await _attempts(client, case_id)) == {1}, "nothing had to be done twice"
    assert await _quiet(station, client, case_id), "the relay noted the row that it had in hand"

    late = await asyncio.to_thread(_commented, station, case_id, 99)
    with station.worker():
        assert (await station.judged(late)).status == "accepted"


async def test_a_second_sigterm_ends_the_worker_at_once(station: Station, client: Client) -> None:
    """What was in hand is not done then; as after a kill -9, the next attempt does it (P2)."""
    with station.worker() as worker:
        case_id = await station.accepted()

        async def insist() -> None:
            worker.popen.send_signal(signal.SIGTERM)
            await worker.says("worker drains")
            worker.popen.send_signal(signal.SIGTERM)
            assert await worker.ends() == AT_ONCE_STATUS

        command = await _held_up(station, client, case_id, insist)
    assert "SIGTERM again" in worker.log.read_text(encoding="utf-8")
    assert station.receipt(command) is None


async def test_a_worker_that_waits_for_temporal_leaves_on_sigterm(station: Station) -> None:
    await asyncio.to_thread(station.embedded.stop)
    with station.worker() as worker:
        await worker.says("waiting for Temporal")
        worker.popen.send_signal(signal.SIGTERM)
        assert await worker.ends() == 0


# --- versions --------------------------------------------------------------------------------------------------------


async def _versions(client: Client, case_id: str) -> list[str]:
    """The version of the worker behind each step of the workflow; "" without one."""
    events = (await client.get_workflow_handle(case_id).fetch_history()).events
    return [
        each.workflow_task_completed_event_attributes.deployment_version.build_id
        for each in events
        if each.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]


async def _is_with(station: Station, client: Client, case_id: str, version: str) -> bool:
    """Whether a command of now is handled by this version; queues hear of a change a moment after the deployment."""
    command = await asyncio.to_thread(_commented, station, case_id, 1)
    assert (await station.judged(command)).status == "accepted"
    return (await _versions(client, case_id))[-1] == version


async def _known(client: Client, version: str) -> Deployment:
    async def there() -> Deployment | None:
        try:
            found = await described(client, "dingbian")
        except StartFault:
            return None
        return found if version in {each.version for each in found.versions} else None

    return await until_told(f"version {version} polls", there)


async def _decided(station: Station, case_id: str, step: str) -> None:
    by = {"examine": EXAMINER, "issue": ISSUER}[step]
    body = station.office.decision(case_id, step)
    command = await asyncio.to_thread(station.commit, case_id, CommandKind.DECIDE, body, by)
    assert (await station.judged(command)).status == "accepted"


async def test_a_version_waits_for_its_turn_takes_over_open_cases_and_hands_back(
    station: Station, client: Client
) -> None:
    with pytest.raises(StartFault, match="no worker of dingbian is at work"):
        await described(client, "dingbian")
    with station.worker(), station.worker(WORKER_VERSION="0.4.0") as later:
        case_id = await station.accepted()
        assert (await _known(client, "0.4.0")).current is None
        await _decided(station, case_id, "examine")
        assert set(await _versions(client, case_id)) == {""}, "a version that is not current takes nothing"
        with pytest.raises(StartFault, match=r"0\.9\.9"):
            await make_current(client, "dingbian", "0.9.9")

        told = await station.dingbian("deployment", "current", "0.4.0")
        assert (told["current"], told["versions"][0]["version"]) == ("0.4.0", "0.4.0")
        await until_told("the version has taken over", lambda: _is_with(station, client, case_id, "0.4.0"))
        await _decided(station, case_id, "issue")
        assert (await _versions(client, case_id))[-1] == "0.4.0"

        told = await station.dingbian("deployment", "current", "--unversioned")
        assert told["current"] is None
        assert set(await _versions(client, await station.accepted())) == {""}
        later.popen.send_signal(signal.SIGTERM)
        assert await later.ends() == 0
        await until_told("the former worker has it back", lambda: _is_with(station, client, case_id, ""))


async def test_a_pinned_case_stays_with_its_version_and_new_cases_go_to_the_current_one(
    station: Station, client: Client
) -> None:
    pinned = {"WORKER_VERSIONING": "pinned"}
    with station.worker(WORKER_VERSION="1", **pinned), station.worker(WORKER_VERSION="2", **pinned):
        for version in ("1", "2"):
            await _known(client, version)
        await make_current(client, "dingbian", "1")
        first = await station.accepted()
        await ramp(client, "dingbian", "2", 25)
        assert (await described(client, "dingbian")).percent == 25
        await ramp(client, "dingbian", None, 0)
        await make_current(client, "dingbian", "2")
        second = await station.accepted()
        await _decided(station, first, "examine")
        assert set(await _versions(client, first)) == {"1"}
        assert set(await _versions(client, second)) == {"2"}
        told = await station.dingbian("deployment", "show")
        assert {each["version"]: each["status"] for each in told["versions"]} == {"1": "draining", "2": "current"}
