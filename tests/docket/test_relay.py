"""The relay: every committed command arrives, in the order of its case, however often delivery fails (P5, P18)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import pytest
from sqlmodel import Session, col, select

from docket import commands, relay
from docket.relay import Relay
from ledger.db import Database
from models.decisions import Decision, Delivery, Moment, Receipt, Reminder
from models.enums import CommandKind, State
from models.refusals import CLAUSES, RefusalCode
from models.register import Command
from tests.support.office import APPLICANT, EXAMINER, ISSUER, RESEARCH, Office, application

WAIT_SECONDS = 5.0


@dataclass
class Temporal:
    """Notes what arrives. `away` fails every call, `failing` the calls for these cases, `ended` answers closed.

    With an office it also plays the worker: what arrives is judged at once.
    """

    office: Office | None = None
    away: bool = False
    failing: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    arrived: list[Delivery] = field(default_factory=list)
    attempts: int = 0

    async def deliver(self, delivery: Delivery) -> Literal["delivered", "closed"]:
        self.attempts += 1
        if self.away or delivery.case_id in self.failing:
            raise ConnectionError("nobody there")
        if delivery.case_id in self.ended:
            return "closed"
        self.arrived.append(delivery)
        if self.office is not None:
            await asyncio.to_thread(self._judge, self.office, delivery)
        return "delivered"

    def _judge(self, office: Office, delivery: Delivery) -> None:
        if delivery.kind is CommandKind.START:
            office.activities.open_case(Moment(case_id=delivery.case_id, at=office.now))
        else:
            office.handle(delivery.command_id, delivery.case_id)

    def order(self, case_id: str) -> list[int]:
        return [delivery.seq for delivery in self.arrived if delivery.case_id == case_id]


def deciding(office: Office, case_id: str) -> list[str]:
    """Examine and issue, both committed and neither delivered."""
    examine = Decision.model_validate({"step": "examine", "round": 1, "verdict": "approve"})
    issue = Decision.model_validate({"step": "issue", "round": 1, "verdict": "approve"})
    return [
        office.commit(case_id, CommandKind.DECIDE, examine, EXAMINER),
        office.commit(case_id, CommandKind.DECIDE, issue, ISSUER),
    ]


def waiting(office: Office) -> int:
    with office.database.read() as s:
        return len(s.exec(select(Command).where(col(Command.delivered_at).is_(None))).all())


def undelivered(office: Office, limit: int = 200) -> list[Delivery]:
    with office.database.read() as s:
        return commands.undelivered(s, limit)


def receipt(office: Office, command: str) -> Receipt | None:
    officer, _, key = command.partition("~")
    with office.database.read() as s:
        return commands.receipt(s, officer, key)


@contextlib.asynccontextmanager
async def at_work(office: Office, temporal: Temporal) -> AsyncIterator[None]:
    task = asyncio.create_task(Relay(office.database, temporal.deliver).run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(said: str, seen: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not await asyncio.to_thread(seen):
        assert time.monotonic() < end, f"never: {said}"
        await asyncio.sleep(0.005)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay's own pauses, made short."""
    monkeypatch.setattr(relay, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(relay, "BACKOFF_SECONDS", (0.01, 0.02))


async def test_the_rows_of_a_case_arrive_in_their_order_one_per_sweep(office: Office) -> None:
    case_id = office.apply()
    deciding(office, case_id)
    temporal = Temporal()
    at_work = Relay(office.database, temporal.deliver)
    assert [await at_work.sweep() for _ in range(4)] == [(1, 0), (1, 0), (1, 0), (0, 0)]
    assert temporal.order(case_id) == [1, 2, 3]
    assert [d.kind for d in temporal.arrived] == [CommandKind.START, CommandKind.DECIDE, CommandKind.DECIDE]


async def test_the_start_carries_no_content_that_could_be_read_in_temporal(office: Office) -> None:
    office.apply()
    temporal = Temporal()
    await Relay(office.database, temporal.deliver).sweep()
    [start] = temporal.arrived
    assert start.body == {}
    assert (start.unit, start.case_no, start.title) == (
        RESEARCH,
        "用编2026-00001",
        "示范市发展研究局用编申请（行政编制1名）",
    )


async def test_a_later_row_waits_for_the_earlier_one_and_other_cases_do_not(office: Office) -> None:
    stuck, free = office.apply(application(meeting="甲")), office.apply(application(meeting="乙"))
    deciding(office, stuck)
    deciding(office, free)
    temporal = Temporal(failing={stuck})
    at_work = Relay(office.database, temporal.deliver)
    for _ in range(5):
        await at_work.sweep()
    assert (temporal.order(stuck), temporal.order(free)) == ([], [1, 2, 3])
    temporal.failing.clear()
    for _ in range(3):
        await at_work.sweep()
    assert temporal.order(stuck) == [1, 2, 3]


async def test_two_relays_at_once_are_harmless(office: Office) -> None:
    case_ids = [office.apply(application(meeting=f"第{n}次")) for n in range(3)]
    judged = [command for case_id in case_ids for command in deciding(office, case_id)]
    temporal = Temporal(office)
    relays = [Relay(office.database, temporal.deliver) for _ in range(2)]
    while waiting(office):
        await asyncio.gather(*(each.sweep() for each in relays))
    answers = [receipt(office, command) for command in judged]
    assert [answer.status for answer in answers if answer is not None] == ["accepted"] * 6
    assert office.balance().reserved == 3


async def test_a_row_delivered_again_is_one_decision(office: Office) -> None:
    """The worker died after the delivery and before the note of it: the row goes out a second time."""
    case_id = office.opened()
    [examine, issue] = deciding(office, case_id)
    temporal = Temporal(office)
    with office.database.read() as s:
        first = commands.next_for_case(s, case_id)
    assert first is not None
    await temporal.deliver(first)
    before = receipt(office, examine)
    assert first.command_id == examine
    await temporal.deliver(first)
    assert receipt(office, examine) == before
    while waiting(office):
        await Relay(office.database, temporal.deliver).sweep()
    assert [step.step for step in office.docket(case_id).steps if step.state == "done"] == ["examine", "issue"]
    assert receipt(office, issue) is not None


async def test_a_command_on_a_case_that_has_ended_is_answered_by_the_relay_itself(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    before = office.numbers()
    late = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "issue"), ISSUER)
    await Relay(office.database, Temporal(ended={case_id}).deliver).sweep()
    answer = receipt(office, late)
    assert answer is not None
    assert (answer.status, answer.code) == ("refused", RefusalCode.CLOSED)
    assert answer.clause == CLAUSES[RefusalCode.CLOSED]
    assert (waiting(office), office.numbers()) == (0, before)


async def test_closed_never_overwrites_the_receipt_that_an_activity_wrote(office: Office) -> None:
    case_id = office.opened()
    reject = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine", "reject"), EXAMINER)
    office.handle(reject, case_id)
    given = receipt(office, reject)
    with office.database.write() as s:
        assert commands.closed(s, reject, office.now)
    assert receipt(office, reject) == given
    assert given is not None
    assert given.status == "accepted"


async def test_a_decision_on_a_case_that_the_register_has_open_is_never_answered_closed(office: Office) -> None:
    """Its workflow was terminated: the row waits, and the first relay that gets it through has it judged."""
    case_id = office.opened()
    examine = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)
    temporal = Temporal(office, ended={case_id})
    at_work = Relay(office.database, temporal.deliver)
    while case_id in {delivery.case_id for delivery in undelivered(office)}:
        assert receipt(office, examine) is None
        if await at_work.sweep() == (0, 1):
            temporal.ended.clear()
    answer = receipt(office, examine)
    assert answer is not None
    assert answer.status == "accepted"


async def test_a_case_with_hundreds_of_waiting_rows_hides_no_other(office: Office) -> None:
    crowded = office.apply(application(meeting="甲"))
    for _ in range(5):
        office.commit(crowded, CommandKind.REMIND, Reminder(), APPLICANT)
    office.later(seconds=1)
    other = office.apply(application(meeting="乙"))
    assert [delivery.case_id for delivery in undelivered(office, limit=2)] == [crowded, other]


async def test_the_first_row_of_a_case_goes_first_whatever_the_clocks_said(office: Office) -> None:
    case_id = office.apply()
    office.now -= timedelta(seconds=5)
    deciding(office, case_id)
    [first] = undelivered(office)
    assert (first.kind, first.seq) == (CommandKind.START, 1)


async def test_what_failed_lets_what_was_not_yet_tried_go_before_it(office: Office) -> None:
    stuck = office.apply(application(meeting="甲"))
    office.later(seconds=1)
    fresh = office.apply(application(meeting="乙"))
    await Relay(office.database, Temporal(failing={stuck, fresh}).deliver).sweep()
    await Relay(office.database, Temporal(failing={stuck}).deliver).sweep()
    office.later(seconds=1)
    newest = office.apply(application(meeting="丙"))
    assert [delivery.case_id for delivery in undelivered(office)] == [newest, stuck]
    with office.database.read() as s:
        tried = {row.case_id: row.attempts for row in s.exec(select(Command))}
    assert tried == {stuck: 2, fresh: 2, newest: 0}


@pytest.mark.usefixtures("impatient")
async def test_the_row_of_an_api_that_died_is_delivered(office: Office) -> None:
    """Committed while the relay idles, and nobody wakes it."""
    temporal = Temporal(office)
    async with at_work(office, temporal):
        case_id = await asyncio.to_thread(office.apply)
        await until("opened", lambda: office.docket(case_id).state is State.ACCEPTED)
        command = (await asyncio.to_thread(deciding, office, case_id))[0]
        await until("judged", lambda: receipt(office, command) is not None)


@pytest.mark.usefixtures("impatient")
async def test_temporal_away_for_a_while_loses_nothing(office: Office) -> None:
    temporal = Temporal(office, away=True)
    case_id = office.apply()
    [examine, issue] = deciding(office, case_id)
    async with at_work(office, temporal):
        await until("tried more than once", lambda: temporal.attempts > 2)
        assert waiting(office) == 3
        temporal.away = False
        await until("all arrived", lambda: waiting(office) == 0)
    assert temporal.order(case_id) == [1, 2, 3]
    assert office.docket(case_id).state is State.SLIP_ISSUED
    assert all(answer and answer.status == "accepted" for answer in (receipt(office, examine), receipt(office, issue)))


class Flickering:
    """A database that is away for its first `failures` readings."""

    def __init__(self, database: Database, failures: int) -> None:
        self._database = database
        self.failures = failures

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        if self.failures:
            self.failures -= 1
            raise OSError("disk is away")
        with self._database.read() as s:
            yield s

    def write(self) -> contextlib.AbstractContextManager[Session]:
        return self._database.write()


@pytest.mark.usefixtures("impatient")
async def test_the_relay_outlives_a_database_that_is_away(office: Office) -> None:
    office.apply()
    temporal = Temporal(office)
    task = asyncio.create_task(Relay(Flickering(office.database, 3), temporal.deliver).run())
    try:
        await until("delivered", lambda: waiting(office) == 0)
    finally:
        task.cancel()
    assert len(temporal.arrived) == 1


async def test_a_relay_that_is_stopped_finishes_the_rows_in_hand_and_takes_up_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P20: what was delivered is noted as such, and the rest waits for another relay."""
    monkeypatch.setattr(relay, "AT_ONCE", 2)
    for number in range(5):
        office.apply(application(meeting=f"局党组会议〔2026〕第{number}次"))
    temporal, begun, go_on = Temporal(), asyncio.Event(), asyncio.Event()

    async def slowly(delivery: Delivery) -> Literal["delivered", "closed"]:
        begun.set()
        await go_on.wait()
        return await temporal.deliver(delivery)

    at_work = Relay(office.database, slowly)
    running = asyncio.create_task(at_work.run())
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    at_work.stop()
    go_on.set()
    await asyncio.wait_for(running, WAIT_SECONDS)
    assert (len(temporal.arrived), waiting(office)) == (2, 3)


async def test_an_idle_relay_stops_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "IDLE_SECONDS", 3600.0)
    at_work = Relay(office.database, Temporal().deliver)
    running = asyncio.create_task(at_work.run())
    await asyncio.sleep(0)
    at_work.stop()
    await asyncio.wait_for(running, WAIT_SECONDS)
