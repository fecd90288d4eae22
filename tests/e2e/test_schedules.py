"""The schedules on a real Temporal server: made once, brought up to the rules; a night of each of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from temporalio.client import Client

from docket import view
from ledger import log
from ledger.log_verify import verify_log
from models.docket import CaseRow
from models.enums import Procedure, State
from models.rulebook import LogRules, MonitoringRules, Rulebook
from runtime.client import connected
from runtime.schedules import LOG, MONITORING, RECONCILIATION, ensure, ensure_schedules, told
from sample_data.load import load_sample
from sample_data.training import INFORMATION_CENTRE
from tests.support.office import SUPERVISOR, keyring
from tests.support.temporal import utc_now
from tests.support.town import WAIT_SECONDS, Town

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    made = Town(tmp_path)
    await made.start_temporal()
    yield made
    made.embedded.stop()
    await made.http.aclose()
    made.office.database.close()


def at_hour(hour: int) -> Rulebook:
    return Rulebook(monitoring=MonitoringRules(hour=hour), log=LogRules(hour=hour + 1))


async def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + WAIT_SECONDS
    while not (value := await asyncio.to_thread(found)):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    return value


async def hours(client: Client, schedule_id: str = MONITORING) -> set[int]:
    """The hours, Beijing time, of the next runs."""
    described = await client.get_schedule_handle(schedule_id).describe()
    return {at.astimezone(ZoneInfo("Asia/Shanghai")).hour for at in described.info.next_action_times}


async def test_a_schedule_is_made_once_and_follows_the_rules(town: Town) -> None:
    client = await connected(town.settings, keyring())
    [made, log_made, hourly] = await ensure_schedules(client, at_hour(2))
    assert (hourly.id, hourly.outcome) == (RECONCILIATION, "created")
    assert hourly.next_run is not None
    assert hourly.next_run - utc_now() <= timedelta(hours=1)
    assert (log_made.id, log_made.outcome, await hours(client, LOG)) == (LOG, "created", {3})
    assert (made.id, made.outcome, made.paused) == (MONITORING, "created", False)
    assert made.next_run is not None
    assert made.next_run > utc_now()
    assert await hours(client) == {2}

    [again, log_again, hourly_again] = await ensure_schedules(client, at_hour(2))
    assert (again.outcome, again.next_run) == ("unchanged", made.next_run)
    assert (log_again.outcome, log_again.next_run) == ("unchanged", log_made.next_run)
    assert hourly_again.outcome == "unchanged"

    for hour in (5, 0):
        [moved, log_moved, _] = await ensure_schedules(client, at_hour(hour))
        assert (moved.outcome, log_moved.outcome) == ("updated", "updated")
        assert await hours(client) == {hour}
        assert await hours(client, LOG) == {hour + 1}
        assert f"{hour:02d}:00（北京时间）" in told(moved)
    assert {entry.id async for entry in await client.list_schedules()} == {MONITORING, LOG, RECONCILIATION}


async def test_a_schedule_that_somebody_paused_stays_paused(town: Town) -> None:
    client = await connected(town.settings, keyring())
    await ensure_schedules(client, at_hour(2))
    await client.get_schedule_handle(MONITORING).pause(note="数据清理期间暂停")
    for rules, outcome in ((at_hour(2), "unchanged"), (at_hour(4), "updated")):
        [found, going_on, _] = await ensure_schedules(client, rules)
        assert (going_on.outcome, going_on.paused) == (outcome, False)
        assert (found.outcome, found.paused, found.next_run) == (outcome, True, None)
        assert "已暂停" in told(found)
    described = await client.get_schedule_handle(MONITORING).describe()
    assert described.schedule.state.note == "数据清理期间暂停"


async def test_a_triggered_night_warns_the_sample_unit_that_is_over_quota_and_the_relay_starts_the_case(
    town: Town,
) -> None:
    load_sample(town.office.database, Rulebook())

    def warned() -> list[CaseRow]:
        wanted = view.Filters(procedure=Procedure.EARLY_WARNING, unit=INFORMATION_CENTRE, state=State.IN_PROGRESS)
        with town.office.database.read() as s:
            return view.case_list(s, wanted, SUPERVISOR, utc_now(), town.office.deps.calendar).items

    async with town.worker(), town.relay():
        await ensure(town.settings, keyring(), town.office.rulebook, run_now=True)
        [case] = await until(warned)
        docket = await town.docket(case.case_id)
        assert docket["warning"]["indicator"] == "over-quota"
        assert [(step["step"], step["state"]) for step in docket["steps"][:1]] == [("warn", "current")]
        client = await connected(town.settings, keyring())
        running = await client.get_workflow_handle(case.case_id).describe()
        assert running.workflow_type == "EarlyWarning"

        first = await _result_of_run(client, 1)  # a run that still goes on would keep the next one out
        await client.get_schedule_handle(MONITORING).trigger()
        second = await _result_of_run(client, 2)  # the next night finds what it knows
        assert (second["raised"], second["known"]) == (0, first["raised"])
        assert len(warned()) == 1
        assert INFORMATION_CENTRE not in json.dumps([first, second], ensure_ascii=False)  # counts only

        appended = await _result_of_run(client, 1, LOG)
        with town.office.database.read() as s:
            head = log.head(s)
            assert (appended["size"], appended["root"]) == (head.size, head.root)
            assert verify_log(s) == []
        assert head.size == head.journal_rows > 0
        await client.get_schedule_handle(LOG).trigger()
        assert await _result_of_run(client, 2, LOG) == appended  # nothing was posted in between


async def _result_of_run(client: Client, number: int, schedule_id: str = MONITORING) -> dict[str, Any]:
    """What the nth run came to."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        described = await client.get_schedule_handle(schedule_id).describe()
        if len(described.info.recent_actions) == number:
            run: Any = described.info.recent_actions[-1].action
            result: dict[str, Any] = await client.get_workflow_handle(run.workflow_id).result()
            return result
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
