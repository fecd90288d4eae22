"""Numbers are gap-free per series and year, however many take them at once (P11)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ledger.db import Database
from records.numbering import number_text, take
from tests.support.fresh import FRESH
from tests.support.ledger import make_keyring

EACH, WORKERS = 12, 8


def test_a_number_is_printed_without_padding() -> None:
    assert number_text("示编核", 2026, 1) == "示编核〔2026〕1号"


def test_every_series_and_year_counts_by_itself(database: Database) -> None:
    with database.write() as s:
        assert [take(s, "示编核", 2026) for _ in range(3)] == [1, 2, 3]
        assert take(s, "示编入", 2026) == 1
        assert take(s, "示编核", 2027) == 1


def test_a_number_rolled_back_is_given_again(database: Database) -> None:
    with database.write() as s:
        take(s, "示编核", 2026)
    try:
        with database.write() as s:
            assert take(s, "示编核", 2026) == 2
            raise RuntimeError("the decision failed")
    except RuntimeError:
        pass
    with database.write() as s:
        assert take(s, "示编核", 2026) == 2


def test_eight_threads_leave_no_gap(database: Database) -> None:
    def work(_: int) -> list[int]:
        return [_take_one(database) for _ in range(EACH)]

    with ThreadPoolExecutor(WORKERS) as pool:
        taken = [number for numbers in pool.map(work, range(WORKERS)) for number in numbers]
    assert sorted(taken) == list(range(1, EACH * WORKERS + 1))


def test_processes_leave_no_gap(database: Database, url: str) -> None:
    with FRESH.Pool(3) as pool:
        results = pool.map(_take_in_process, [url] * 3)
    assert sorted(number for numbers in results for number in numbers) == list(range(1, 3 * EACH + 1))


def _take_one(database: Database) -> int:
    with database.write() as s:
        return take(s, "示编核", 2026)


def _take_in_process(url: str) -> list[int]:
    database = Database(url, make_keyring())
    try:
        return [_take_one(database) for _ in range(EACH)]
    finally:
        database.close()
