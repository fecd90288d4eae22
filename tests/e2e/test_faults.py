"""Faults on a real server: a worker killed between commit and completion, and 200 units' worth of haste."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select
from temporalio.client import Client
from temporalio.worker import Worker

from activities.registry import build_activities
from docket import commands
from ledger import balances
from ledger.verify import verify
from models import failpoints
from models.decisions import Officer, Receipt, Signal, StartCase
from models.enums import CommandKind, DocumentKind, Resource, State, Step
from models.phrasing import heading
from models.refusals import RefusalCode
from models.register import Case, Command, Journal, Record
from records.verify import verify_records
from runtime.plugin import dingbian_plugin
from tests.e2e.crashing_worker import CRASHED
from tests.support.office import (
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    Office,
    application,
    authorise,
    keyring,
    line,
    person,
)
from workflows.registry import WORKFLOWS
from workflows.staffing_up import StaffingUp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

WAIT_SECONDS = 60.0


async def until(said: str, seen: Callable[[], Any]) -> Any:
    """Wait for a condition of the register."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        found = await asyncio.to_thread(seen)
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {said}")


class Desk:
    """Commands of an office, delivered to a real server."""

    def __init__(self, office: Office, client: Client) -> None:
        self.office = office
        self.client = client

    async def apply(self, body: Any) -> str:
        case_id = await asyncio.to_thread(self.office.apply, body)
        await self.client.start_workflow(StaffingUp.run, StartCase(case_id=case_id), id=case_id, task_queue="dingbian")
        return case_id

    async def send(self, case_id: str, step: str, by: Officer, verdict: str = "approve", **more: Any) -> str:
        body = await asyncio.to_thread(self.office.decision, case_id, step, verdict, **more)
        command = await asyncio.to_thread(self.office.commit, case_id, CommandKind.DECIDE, body, by)
        with_row = Signal(decision_id=command, body=body.model_dump(mode="json", exclude_none=True))
        await self.client.get_workflow_handle(case_id).signal("decide", with_row)
        return command

    async def decide(self, case_id: str, step: str, by: Officer, verdict: str = "approve", **more: Any) -> Receipt:
        command = await self.send(case_id, step, by, verdict, **more)
        found: Receipt = await until(f"receipt of {step}", lambda: self.receipt(command))
        return found

    def receipt(self, command: str) -> Receipt | None:
        officer, _, key = command.partition("~")
        with self.office.database.read() as s:
            return commands.receipt(s, officer, key)

    async def state(self, case_id: str, state: State) -> None:
        await until(f"state {state}", lambda: self.office.docket(case_id).state is state)


@contextlib.asynccontextmanager
async def worker_process(server: str, folder: Path, step: str = "") -> AsyncIterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-m", "tests.e2e.crashing_worker", server, str(folder), step]
    )
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


async def test_a_worker_killed_between_commit_and_completion_posts_exactly_once(server: str, tmp_path: Path) -> None:
    """Case 27, P2: the retry finds the receipt that was committed and writes nothing twice."""
    office = Office(tmp_path)
    client = await Client.connect(server, plugins=[dingbian_plugin(keyring())])
    desk = Desk(office, client)
    async with worker_process(server, tmp_path, Step.ENTER.value) as doomed:
        case_id = await desk.apply(application())
        await desk.state(case_id, State.ACCEPTED)
        office.accepted(await desk.decide(case_id, "examine", EXAMINER))
        office.accepted(await desk.decide(case_id, "issue", ISSUER))
        slip = office.docket(case_id).slip
        assert slip is not None
        slot = slip.slots[0].code
        named = [person(slot, 300)]
        office.accepted(
            await desk.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=named, reference_no="x")
        )
        office.accepted(await desk.decide(case_id, "enter", REGISTRAR, subject=slot))
        assert await asyncio.to_thread(doomed.wait, 30) == CRASHED
    async with worker_process(server, tmp_path):
        await desk.send(case_id, "finance", FINANCE, "acknowledge", subject=slot)
        await desk.send(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot)
        await desk.state(case_id, State.CLOSED)
    with office.database.read() as s:
        kinds = Counter(row.kind for row in s.exec(select(Journal).where(col(Journal.case_id) == case_id)))
        assert kinds == {"RESERVE": 1, "POST": 1}
        assert verify(s).intact
        assert verify_records(s, office.store) == []
    titles = Counter(heading(document.title) for document in office.docket(case_id).documents)
    assert titles["入编通知单"] == 1
    office.database.close()


CASES, POSTS = 8, 5
"""Five persons enter in each of eight cases: forty decisions that post."""


async def test_answers_lost_twice_are_one_posting_each(server: str, url: str, tmp_path: Path) -> None:
    """P2: every activity commits and then fails, twice (Temporal's ExecuteAndTimeout): 40 decisions to enter a person,
    120 attempts, 40 postings, 40 receipts, 40 notices numbered 1 to 40."""
    office = Office(tmp_path, url=url)
    with office.database.write() as s:
        authorise(s, office, CASES * POSTS - 4)
    desk = Desk(office, await Client.connect(server, plugins=[dingbian_plugin(keyring())]))
    with ThreadPoolExecutor(8) as threads:
        async with Worker(
            desk.client,
            task_queue="dingbian",
            workflows=WORKFLOWS,
            activities=build_activities(office.deps),
            activity_executor=threads,
        ):
            slots = await asyncio.gather(*(_five_named(desk, number) for number in range(CASES)))
            with armed_with("activity.committed=raise*2"):
                entered = await asyncio.gather(*(_enter(desk, case_id, posts) for case_id, posts in slots))
                decisions = [command for case in entered for command in case]
                await until("three attempts each", lambda: _failures_of(decisions) == {2})
                await until("every document filed", lambda: _unfiled(office) == 0)
    assert len(decisions) == CASES * POSTS
    _posted_once(office, decisions)
    office.database.close()


def _failures_of(decisions: list[str]) -> set[int]:
    failed = failpoints.failures("activity.committed")
    return {failed.get(command, 0) for command in decisions}


@contextlib.contextmanager
def armed_with(spec: str) -> Iterator[None]:
    failpoints.arm(spec)
    try:
        yield
    finally:
        failpoints.arm("")


async def _five_named(desk: Desk, number: int) -> tuple[str, list[str]]:
    """One case with five posts and a person named for each: its id and the posts."""
    wanted = line("headcount:administrative", POSTS)
    case_id = await desk.apply(application(wanted, meeting=f"局党组会议第{number}次"))
    await desk.state(case_id, State.ACCEPTED)
    desk.office.accepted(await desk.decide(case_id, "examine", EXAMINER))
    desk.office.accepted(await desk.decide(case_id, "issue", ISSUER))
    slip = desk.office.docket(case_id).slip
    assert slip is not None
    slots = [slot.code for slot in slip.slots]
    named = [
        (slot, [person(slot, 300 + number * POSTS + place)], {"reference_no": "示组任〔2026〕5号"})
        for place, slot in enumerate(slots)
    ]
    for slot, persons, more in named:
        await desk.send(case_id, "approve-persons", ORGANISATION, subject=slot, persons=persons, **more)
    return case_id, slots


async def _enter(desk: Desk, case_id: str, slots: list[str]) -> list[str]:
    return [await desk.send(case_id, "enter", REGISTRAR, subject=slot) for slot in slots]


def _unfiled(office: Office) -> int:
    with office.database.read() as s:
        return s.exec(select(func.count()).select_from(Record).where(col(Record.digest).is_(None))).one()


def _posted_once(office: Office, decisions: list[str]) -> None:
    with office.database.read() as s:
        rows = {row.id: row for row in s.exec(select(Command))}
        assert Counter(rows[command].status for command in decisions) == {"accepted": len(decisions)}
        kinds = Counter(row.kind for row in s.exec(select(Journal).where(col(Journal.step).in_(["enter", "issue"]))))
        assert kinds == {"RESERVE": CASES, "POST": CASES * POSTS}
        assert verify(s).intact
        assert verify_records(s, office.store) == [], "numbers 1 to n, every document once"
        notices = s.exec(select(Record.seq).where(col(Record.kind) == DocumentKind.ENTRY_NOTICE.value)).all()
    assert sorted(notices) == list(range(1, CASES * POSTS + 1))
    assert (office.balance().occupied, office.balance().reserved) == (6 + CASES * POSTS, 0)


async def test_200_applications_for_5_vacancies_give_exactly_5_slips(server: str, tmp_path: Path) -> None:
    """P1: all are examined while the vacancies last, then all are issued at once."""
    office = Office(tmp_path)
    with office.database.write() as s:  # four are vacant; one more makes five
        authorise(s, office, 1)
    client = await Client.connect(server, plugins=[dingbian_plugin(keyring())])
    desk = Desk(office, client)
    with ThreadPoolExecutor(8) as threads:
        async with Worker(
            client,
            task_queue="dingbian",
            workflows=WORKFLOWS,
            activities=build_activities(office.deps),
            activity_executor=threads,
            max_cached_workflows=500,
        ):
            bodies = [application(line("headcount:administrative"), meeting=f"第{n}次") for n in range(200)]
            cases = await asyncio.gather(*(desk.apply(body) for body in bodies))
            await until("all accepted", lambda: _count(office, State.ACCEPTED) == 200)
            examined = await asyncio.gather(*(desk.send(case, "examine", EXAMINER) for case in cases))
            await until("all examined", lambda: all(desk.receipt(command) for command in examined))
            issued = await asyncio.gather(*(desk.send(case, "issue", ISSUER) for case in cases))
            await until("all answered", lambda: all(desk.receipt(command) for command in issued))
            answers = Counter((r.status, r.code) for r in map(desk.receipt, issued) if r is not None)
            assert answers == {("accepted", None): 5, ("refused", RefusalCode.NO_VACANCY): 195}
            loser = next(case for case, command in zip(cases, issued, strict=True) if _refused(desk, command))
            again = await desk.decide(loser, "examine", EXAMINER)
            assert again.code is RefusalCode.NO_VACANCY
            office.accepted(await desk.decide(loser, "examine", EXAMINER, "reject"))
    assert _count(office, State.SLIP_ISSUED) == 5
    assert _count(office, State.ACCEPTED) == 194  # waiting at examination in a new internal round
    assert office.docket(loser).state is State.REJECTED
    with office.database.read() as s:
        rebuilt = balances.rebuild(s)
        now = {b.account: b for b in balances.balances(s, RESEARCH)}
        assert {account: rebuilt[account] for account in now} == now
        verified = verify(s)
    assert verified.intact, verified.faults
    assert verified.difference == 0
    assert office.balance(Resource.ADMINISTRATIVE).reserved == 5
    numbers = sorted(slip for slip in _slip_numbers(office, cases))
    assert numbers == sorted(f"示编核〔{office.now.year}〕{n}号" for n in range(1, 6))
    office.database.close()


def _count(office: Office, state: State) -> int:
    with office.database.read() as s:
        return s.exec(select(func.count()).select_from(Case).where(col(Case.state) == state.value)).one()


def _refused(desk: Desk, command: str) -> bool:
    receipt = desk.receipt(command)
    return receipt is not None and receipt.status == "refused"


def _slip_numbers(office: Office, cases: list[str]) -> list[str]:
    found = []
    for case in cases:
        slip = office.docket(case).slip
        if slip is not None:
            found.append(slip.number)
    return found
