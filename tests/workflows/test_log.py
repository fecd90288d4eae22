"""The daily append as a workflow: what it takes, what its history keeps, and a fault that it outlasts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from activities.log import LogActivities
from ledger import log
from ledger.log import LogFault
from models.proofs import LogHead, LogRun
from tests.support.office import Office
from tests.support.temporal import Court, court


async def run(at: Court, number: int) -> LogHead:
    head: LogHead = await at.client.execute_workflow(
        "DailyLog", id=f"dingbian-log-{number}", task_queue="dingbian", result_type=LogHead
    )
    return head


async def test_a_night_takes_what_the_day_wrote(tmp_path: Path) -> None:
    async with court(Office(tmp_path)) as at:
        first = await run(at, 1)
        assert first.size == first.journal_rows > 0
        with at.office.database.read() as s:
            assert log.head(s) == first
        assert await run(at, 2) == first


async def test_a_fault_is_tried_again_and_the_night_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0
    appending = log.append

    def faulty(*given: object) -> LogHead:
        nonlocal tried
        tried += 1
        head = appending(*given)  # type: ignore[arg-type]
        if tried == 1:
            raise LogFault("存证日志与其头不符")  # after the rows were written: the transaction takes them back
        return head

    monkeypatch.setattr(log, "append", faulty)
    async with court(Office(tmp_path)) as at:
        head = await asyncio.wait_for(run(at, 1), 30)
        assert (tried, head.size) == (2, head.journal_rows)


def test_a_retry_after_the_commit_answers_with_the_same_head(tmp_path: Path) -> None:
    office = Office(tmp_path)
    activities = LogActivities(office.deps)
    first = activities.append_to_log(LogRun(at=office.now))
    assert activities.append_to_log(LogRun(at=office.now)) == first
    office.database.close()
