"""Several processes at once, and crashes after commit (reliability.md P1, P2, P4, P10)."""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from ledger import balances, postings, suspensions
from ledger.chain import LedgerFault, head, journal
from ledger.db import Database
from ledger.verify import verify
from models.enums import EntryKind, Resource
from models.ledger import Posting
from models.register import Suspension
from tests.support.fresh import FRESH
from tests.support.ledger import (
    NOON,
    UNIT,
    cause,
    done,
    make_keyring,
    person,
    reserve_one,
    seed_unit,
    slots,
    terms,
)

STAFF = Resource.ADMINISTRATIVE
CHIEF = Resource.INTERNAL_CHIEF
VACANCIES = 5
CAP = 50
PROCESSES = 8
IDS = 60
ATTEMPTS = 20


def _retried(
    database: Database, case_id: str, wanted: list[tuple[str, Resource]], faults: list[str] | None = None
) -> str:
    """What an activity does: the whole transaction again, with the same key, after a fault."""
    for _attempt in range(ATTEMPTS):
        try:
            with database.write() as s:
                answer = postings.reserve(s, UNIT, slots(*wanted), terms(f"S-{case_id}"), cause(case_id))
        except (DBAPIError, LedgerFault) as fault:
            if faults is not None:
                faults.append(type(getattr(fault, "orig", fault)).__name__)
            continue
        return "reserved" if isinstance(answer, Posting) else answer.code.value
    return "gave up"


def reserve_all(url: str, case_ids: list[str]) -> dict[str, str]:
    """One worker: every case wants one headcount."""
    database = Database(url, make_keyring())
    try:
        return {case_id: _retried(database, case_id, [(f"A-{case_id}", STAFF)]) for case_id in case_ids}
    finally:
        database.close()


def reserve_pairs(url: str, prefix: str, order: list[Resource]) -> tuple[dict[str, str], list[str]]:
    """One worker: every case wants one of each resource, named in `order`. Answers, and the faults on the way."""
    database = Database(url, make_keyring())
    cases = [f"{prefix}{number}" for number in range(6)]
    faults: list[str] = []
    try:
        wanted = {case_id: [(f"{case_id}-{r.value}", r) for r in order] for case_id in cases}
        return {case_id: _retried(database, case_id, pair, faults) for case_id, pair in wanted.items()}, faults
    finally:
        database.close()


def die_after_commit(url: str) -> None:
    """The transaction is in, and the process is gone before anybody hears of it."""
    database = Database(url, make_keyring())
    with database.write() as s:
        done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
    os._exit(9)


def test_eight_processes_spend_five_vacancies_five_times(url: str, database: Database) -> None:
    """P1, every id handed to two workers: five are reserved, both workers of an id hear the same."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: VACANCIES})
    cases = [f"c{number}" for number in range(20)]
    shares = [cases[index % 4 :: 4] for index in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, mp_context=FRESH) as pool:
        answers = list(pool.map(reserve_all, [url] * PROCESSES, shares))
    reserved = [{case for case, answer in each.items() if answer == "reserved"} for each in answers]
    assert {answer for each in answers for answer in each.values()} == {"reserved", "no-vacancy"}
    assert all(reserved[index] == reserved[index + 4] for index in range(4))
    with database.read() as s:
        (balance,) = balances.balances(s, UNIT)
        assert (balance.reserved, balance.vacancy) == (VACANCIES, 0)
        assert len(set().union(*reserved)) == VACANCIES
        assert verify(s).intact


def test_fifty_vacancies_are_never_oversold_at_any_committed_moment(url: str, database: Database) -> None:
    """P1: eight processes of sixty ids, every id handed to two of them, and a ninth connection that looks on."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: CAP})
    cases = [f"c{number}" for number in range(PROCESSES * IDS // 2)]
    shares = [cases[index % 4 :: 4] for index in range(PROCESSES)]
    watch = _Watch(url)
    with ProcessPoolExecutor(PROCESSES, mp_context=FRESH) as pool, watch:
        answers = list(pool.map(reserve_all, [url] * PROCESSES, shares))
    assert watch.faults == []
    assert len(watch.seen) > 10  # it looked while the vacancies were being spent
    reserved = [{case for case, answer in each.items() if answer == "reserved"} for each in answers]
    assert all(reserved[index] == reserved[index + 4] for index in range(4))
    assert sum(map(len, reserved)) == 2 * CAP
    refused = [answer for each in answers for answer in each.values() if answer != "reserved"]
    assert refused == ["no-vacancy"] * (PROCESSES * IDS - 2 * CAP)
    with database.read() as s:
        (balance,) = balances.balances(s, UNIT)
        assert (balance.reserved, balance.vacancy) == (CAP, 0)
        assert verify(s).intact


class _Watch:
    """Looks at the account from a connection of its own, again and again, while others write: no look may see more
    held than there is, or a balance that is not the sum of the journal."""

    def __init__(self, url: str) -> None:
        self.seen: set[int] = set()
        self.faults: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        database = Database(self._url, make_keyring())
        while not self._stop.is_set():
            with database.read() as s:
                (balance,) = balances.balances(s, UNIT)
                booked = sum(row.d_reserved for row in journal(s, UNIT))
            held = balance.occupied + balance.reserved
            self.seen.add(held)
            if held > CAP or booked != balance.reserved:
                self.faults.append(f"{held} of {CAP}, journal {booked}")
        database.close()


def test_opposite_orders_neither_deadlock_nor_reserve_halves(url: str, database: Database) -> None:
    """P4: four processes, the scarcer account named first or last."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 9, CHIEF: 4})
    orders = [[STAFF, CHIEF], [CHIEF, STAFF]] * 2
    with ProcessPoolExecutor(4, mp_context=FRESH) as pool:
        answers, faults = zip(*pool.map(reserve_pairs, [url] * 4, "abcd", orders), strict=True)
    assert "DeadlockDetected" not in {fault for each in faults for fault in each}
    assert sorted(answer for each in answers for answer in each.values()) == (
        ["leader-posts-full"] * 20 + ["reserved"] * 4
    )
    with database.read() as s:
        assert [balance.reserved for balance in balances.balances(s, UNIT)] == [4, 4]
        assert Counter(row.resource for row in journal(s, UNIT) if row.kind == EntryKind.RESERVE) == {
            STAFF: 4,
            CHIEF: 4,
        }
        assert verify(s).intact


def test_a_crash_after_commit_and_a_retry_are_one_posting(url: str, database: Database) -> None:
    """P2."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 2})
        done(reserve_one(s, "a"))
    child = FRESH.Process(target=die_after_commit, args=(url,))
    child.start()
    child.join(60)
    assert child.exitcode == 9
    with database.write() as s:
        assert done(postings.post(s, ["A-a"], person(), cause("a", "enter"))).existing
        assert sum(row.kind is EntryKind.POST for row in journal(s, UNIT)) == 1
        assert verify(s).intact


def test_no_reservation_commits_after_a_suspension(database: Database) -> None:
    """P10: the head of the chain, read where the suspension commits, is the last head."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 1000})
    going, stopped = threading.Event(), threading.Event()

    def reserve_until_suspended(worker: int) -> None:
        for number in range(200):
            case_id = f"{worker}-{number}"
            if _retried(database, case_id, [(f"A-{case_id}", STAFF)]) == "unit-suspended":
                stopped.set()
                return
            going.set()

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(reserve_until_suspended, worker) for worker in range(4)]
        assert going.wait(30)
        with database.write() as s:
            suspensions.suspend(s, Suspension(id="sus", unit=UNIT, case_id="r", from_at=NOON))
            last, _hash = head(s, UNIT)
        for future in futures:
            future.result()
    assert stopped.is_set()
    with database.read() as s:
        assert head(s, UNIT)[0] == last
        assert verify(s).intact


def test_readers_do_not_wait_for_the_writer(tmp_path: Path, sqlite: Database) -> None:
    with sqlite.write() as s:
        seed_unit(s, accounts={STAFF: 1})
    with sqlite.write() as s:
        done(reserve_one(s, "a"))
        with sqlite.read() as reader:
            assert [balance.reserved for balance in balances.balances(reader, UNIT)] == [0]


def test_an_exception_leaves_no_trace(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 1})

    def reserve_and_fail() -> None:
        with database.write() as s:
            done(reserve_one(s, "a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reserve_and_fail()
    with database.read() as s:
        assert [balance.reserved for balance in balances.balances(s, UNIT)] == [0]
