"""Reserve + post per second on SQLite with synchronous=FULL: two transactions per person, as in a real case.

`python -m benchmarks.ledger` prints one table.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ledger import postings
from ledger.db import Database
from ledger.verify import verify
from models.enums import Resource
from models.ledger import OpeningAccount, OpeningPerson
from tests.support.ledger import OTHER, cause, done, make_database, person, reserve_one, seed_unit

_STAFF = Resource.ADMINISTRATIVE
_BORN = date(1980, 1, 1)
_PER_DAY = 400  # serials that one birth date has room for


def measure(n: int = 300) -> dict[str, float]:
    """Rates (per second) and milliseconds of `n` reservations, `n` postings, and a bulk opening of 10 × `n` persons."""
    with tempfile.TemporaryDirectory() as folder:
        database = make_database(Path(folder))
        with database.write() as s:
            seed_unit(s, accounts={_STAFF: n})
            seed_unit(s, OTHER)
        reserved = _timed(n, lambda i: _reserve(database, i))
        posted = _timed(n, lambda i: _post(database, i))
        opened = _opening(database, 10 * n)
        verified = _verify(database)
        database.close()
    both = [a + b for a, b in zip(reserved, posted, strict=True)]
    result = {
        "reserve_per_s": n / sum(reserved),
        "post_per_s": n / sum(posted),
        "reserve_and_post_per_s": n / sum(both),
        "opening_persons_per_s": 10 * n / opened,
        "verify_rows_per_s": verified,
    }
    for name, times in (("reserve", reserved), ("post", posted), ("reserve_and_post", both)):
        result[f"{name}_median_ms"] = statistics.median(times) * 1000
        result[f"{name}_p99_ms"] = statistics.quantiles(times, n=100)[98] * 1000
    return result


def _timed(n: int, act: Callable[[int], None]) -> list[float]:
    times = []
    for number in range(n):
        start = time.perf_counter()
        act(number)
        times.append(time.perf_counter() - start)
    return times


def _reserve(database: Database, number: int) -> None:
    with database.write() as s:
        done(reserve_one(s, f"c{number}"))


def _post(database: Database, number: int) -> None:
    someone = person(number % _PER_DAY, _BORN + timedelta(days=number // _PER_DAY))
    with database.write() as s:
        done(postings.post(s, [f"A-c{number}"], someone, cause(f"c{number}", "enter")))


def _opening(database: Database, n: int) -> float:
    people = [
        OpeningPerson(
            unit=OTHER,
            person=person(number % _PER_DAY, date(1970, 1, 1) + timedelta(days=number // _PER_DAY)),
            headcount=_STAFF,
            post=None,
            entered_on=date(2010, 1, 1),
        )
        for number in range(n)
    ]
    start = time.perf_counter()
    with database.write() as s:
        postings.open_accounts(s, [OpeningAccount(unit=OTHER, resource=_STAFF, authorised=n)], people, cause("opening"))
    return time.perf_counter() - start


def _verify(database: Database) -> float:
    start = time.perf_counter()
    with database.read() as s:
        verification = verify(s)
    assert verification.intact, verification.faults
    return verification.rows / (time.perf_counter() - start)


def run(n: int = 300) -> dict[str, float]:
    """Print the table and give the figures back."""
    result = measure(n)
    table = Table(title="台账 · ledger (SQLite, WAL, synchronous=FULL)")
    for heading in ("", "每秒 · per second", "中位 · median ms", "p99 ms"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, label in (("reserve", "核发 · reserve"), ("post", "落编 · post"), ("reserve_and_post", "两笔 · both")):
        median, p99 = result[f"{name}_median_ms"], result[f"{name}_p99_ms"]
        table.add_row(label, f"{result[f'{name}_per_s']:.0f}", f"{median:.2f}", f"{p99:.2f}")
    table.add_row("期初实名 · opening, persons", f"{result['opening_persons_per_s']:.0f}", "", "")
    table.add_row("核验 · verify, rows", f"{result['verify_rows_per_s']:.0f}", "", "")
    Console().print(table)
    return result


if __name__ == "__main__":
    run()
