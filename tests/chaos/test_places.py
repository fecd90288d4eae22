"""A process that ends at each failpoint in turn, and the retry of the next one (P2, P5, P11): what was committed counts
once, what was not is done now, numbers have no gap and every document is filed.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from activities.log import LogActivities
from docket.relay import Relay
from ledger import postings
from ledger.db import Database
from ledger.log_verify import verify_log
from ledger.verify import verify
from models import failpoints
from models.decisions import Delivery
from models.enums import CommandKind, Resource, SlipState
from models.failpoints import EXIT_STATUS, PLACES
from models.ledger import Posting
from models.log import LogHeadRow
from models.phrasing import heading
from models.proofs import LogRun
from models.register import Command, Journal, Record, SlotRow
from records.verify import verify_records
from tests.support.fresh import FRESH
from tests.support.ledger import cause, done, make_database, person, reserve_one, seed_unit
from tests.support.office import EXAMINER, ISSUER, Office
from tests.support.town import Town

IN_ACTIVITIES = ["activity.committed", "filing.rendered", "filing.stored", "filing.filed"]


def dies_at(place: str, folder: Path, url: str, command: str, case_id: str) -> None:
    office = Office(folder, url=url)
    failpoints.arm(f"{place}=exit")
    office.handle(command, case_id)


def dies_at_the_log(folder: Path, url: str) -> None:
    office = Office(folder, url=url)
    failpoints.arm("log.appended=exit")
    LogActivities(office.deps).append_to_log(LogRun(at=office.now))


def ended(target: object, *arguments: object) -> int | None:
    child = FRESH.Process(target=target, args=arguments)  # type: ignore[arg-type]
    child.start()
    child.join(90)
    return child.exitcode


@pytest.mark.parametrize("place", IN_ACTIVITIES)
def test_a_worker_that_dies_there_books_numbers_and_files_once(url: str, tmp_path: Path, place: str) -> None:
    """The slip: a reservation, a number, a document. Two workers die there one after the other, the third goes on."""
    office = Office(tmp_path, url=url)
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    command = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "issue"), ISSUER)
    # the second one at filing.filed finds the document filed, and nothing to die of
    second = 0 if place == "filing.filed" else EXIT_STATUS
    assert [ended(dies_at, place, tmp_path, url, command, case_id) for _ in range(2)] == [EXIT_STATUS, second]
    receipt = office.handle(command, case_id).receipt
    assert receipt is not None
    office.accepted(receipt)
    with office.database.read() as s:
        kinds = Counter(row.kind for row in s.exec(select(Journal).where(col(Journal.case_id) == case_id)))
        assert kinds == {"RESERVE": 1}
        assert verify(s).intact
        assert verify_records(s, office.store) == []
        assert all(row.digest for row in s.exec(select(Record)))
    assert [heading(each.title) for each in office.docket(case_id).documents].count("人员编制和领导职数核定单") == 1
    office.database.close()


def test_a_log_that_dies_after_its_append_has_each_row_once(url: str, tmp_path: Path) -> None:
    office = Office(tmp_path, url=url)
    office.opened()
    assert ended(dies_at_the_log, tmp_path, url) == EXIT_STATUS
    again = LogActivities(office.deps).append_to_log(LogRun(at=office.now))
    with office.database.read() as s:
        assert [row.size for row in s.exec(select(LogHeadRow))] == [again.size]
        assert verify_log(s) == []
    office.database.close()


async def test_a_relay_that_dies_before_its_note_delivers_again(office: Office) -> None:
    office.apply()
    arrived: list[str] = []

    async def deliver(delivery: Delivery) -> str:
        arrived.append(delivery.command_id)
        return "delivered"

    failpoints.arm("relay.delivered=raise*1")
    relay = Relay(office.database, deliver)  # type: ignore[arg-type]
    try:
        assert [await relay.sweep() for _ in range(3)] == [(0, 1), (1, 0), (0, 0)]
    finally:
        failpoints.arm("")
    assert arrived == [arrived[0]] * 2


async def test_an_api_that_dies_before_its_answer_has_the_decision_once(tmp_path: Path) -> None:
    """Its caller hears nothing and sends it again under the same key; the relay has delivered the first one."""
    town = Town(tmp_path)
    case_id = town.office.opened()
    failpoints.arm("api.committed=raise*1")
    try:
        assert (await town.decide(case_id, EXAMINER.id, "examine")).status_code == 500
    finally:
        failpoints.arm("")
    assert town.office.deliver_outbox(case_id) == [case_id]
    again = await town.decide(case_id, EXAMINER.id, "examine")
    assert (again.status_code, again.json()["receipt"]["status"]) == (200, "accepted")
    with town.office.database.read() as s:
        assert s.exec(select(func.count()).select_from(Command)).one() == 2  # the application and the decision
    town.office.database.close()


def test_every_place_is_tried() -> None:
    assert set(PLACES) == {*IN_ACTIVITIES, "log.appended", "relay.delivered", "api.committed"}


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    return Office(tmp_path, url=url)


PAIRS = 20


def test_a_slot_is_posted_or_released_never_both(url: str, tmp_path: Path) -> None:
    """P3: a person enters and the slip is taken back at the same moment, twenty times; one of the two happens."""
    database = make_database(tmp_path, url)
    with database.write() as s:
        seed_unit(s, accounts={Resource.ADMINISTRATIVE: PAIRS})
        for number in range(PAIRS):
            done(reserve_one(s, str(number)))
    with ThreadPoolExecutor(2) as pool:
        outcomes = [_race(pool, database, number) for number in range(PAIRS)]
    assert Counter(sum(each) for each in outcomes) == {1: PAIRS}
    with database.read() as s:
        rows = Counter(row.slot for row in s.exec(select(Journal)) if row.kind in ("POST", "RELEASE"))
        states = Counter(row.state for row in s.exec(select(SlotRow)))
        assert rows == {f"A-{number}": 1 for number in range(PAIRS)}
        assert states == Counter("used" if posted else "released" for posted, _ in outcomes)
        assert verify(s).intact
    database.close()


def _race(pool: ThreadPoolExecutor, database: Database, number: int) -> tuple[bool, bool]:
    """Whether the posting and whether the release happened."""
    together = threading.Barrier(2)

    def post() -> bool:
        together.wait(30)
        with database.write() as s:
            return isinstance(postings.post(s, [f"A-{number}"], person(number), cause(str(number), "enter")), Posting)

    def release() -> bool:
        together.wait(30)
        with database.write() as s:
            taken = postings.release(s, f"S-{number}", [f"A-{number}"], cause(str(number), "revoke"), SlipState.REVOKED)
            return isinstance(taken, Posting)

    posted, released = pool.submit(post), pool.submit(release)
    return posted.result(60), released.result(60)
