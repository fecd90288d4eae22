"""Worklist and case page at two sizes of the register, through the real application, and how much they grow.

Requests go by turns to the small and to the large register, so that a busy machine slows both alike. Only the growth is
judged: the median of the large over that of the small, below 1.5.
`python -m benchmarks.console` prints one table.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.crowd import fill
from models.decisions import Officer
from tests.support.console import Browser, Counter
from tests.support.office import APPLICANT, EXAMINER, SUPERVISOR, Office

SIZES = {"small": (1_000, 100_000), "large": (10_000, 1_000_000)}
"""Cases and journal rows."""
WANTED = 1.5

_PAGES: tuple[tuple[str, str, Officer, str], ...] = (
    ("worklist", "待办：审核 · examiner's worklist", EXAMINER, "/worklist"),
    ("department", "待办：本部门 · department", EXAMINER, "/worklist?tab=department"),
    ("unit", "待办：单位 · unit's own cases", APPLICANT, "/worklist?tab=started"),
    ("all", "待办：全部 · all cases", SUPERVISOR, "/worklist?tab=all"),
    ("deep", "待办：全部，搜索 · all cases, searched", SUPERVISOR, "/worklist?tab=all&q=7&state=closed"),
    ("case", "事项页，已办结 · case page, closed", SUPERVISOR, "/cases/{closed}"),
    ("case-open", "事项页，待审核 · case page, to be examined", EXAMINER, "/cases/{waiting}"),
)


@dataclass
class _Town:
    """A filled register with browsers that have signed in."""

    office: Office
    counter: Counter
    known: dict[str, str]
    """Stage → id of a case that stands there."""
    filled_seconds: float
    browsers: dict[str, Browser] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)

    async def ask(self, name: str, officer: Officer, path: str) -> httpx.Response:
        began = time.perf_counter()
        page = await self.browsers[officer.id].get(path.format(**self.known))
        self.times.setdefault(name, []).append(time.perf_counter() - began)
        if page.status_code != 200:
            raise RuntimeError(f"{path}: {page.status_code}")
        return page


def measure(requests: int = 100, sizes: dict[str, tuple[int, int]] | None = None) -> dict[str, Any]:
    """Milliseconds and requests per second of each page at each size, and the growth of the median."""
    with tempfile.TemporaryDirectory() as folder:
        towns = {size: _town(Path(folder) / size, *numbers) for size, numbers in (sizes or SIZES).items()}
        asyncio.run(_measured(list(towns.values()), requests))
        for town in towns.values():
            town.office.database.close()
    found: dict[str, Any] = {f"filled_{size}_seconds": town.filled_seconds for size, town in towns.items()}
    for name, *_rest in _PAGES:
        found[name] = {size: _figures(town.times[name]) for size, town in towns.items()}
        medians = [figures["p50_ms"] for figures in found[name].values()]
        found[name]["growth"] = medians[-1] / medians[0]
    return found


def _town(folder: Path, cases: int, journal_rows: int) -> _Town:
    folder.mkdir()
    office = Office(folder)
    began = time.perf_counter()
    known = fill(office, cases, journal_rows)
    return _Town(office, Counter(folder, office), known, time.perf_counter() - began)


async def _measured(towns: list[_Town], requests: int) -> None:
    async with AsyncExitStack() as stack:
        for town in towns:
            for officer in {officer.id: officer for _name, _label, officer, _path in _PAGES}.values():
                town.browsers[officer.id] = await stack.enter_async_context(town.counter.browser(officer))
        for name, _label, officer, path in _PAGES:
            await _by_turns(towns, requests, name, officer, path)


async def _by_turns(towns: list[_Town], requests: int, name: str, officer: Officer, path: str) -> None:
    for _ in range(5):
        for town in towns:
            await town.ask(name, officer, path)
    for town in towns:
        town.times[name].clear()
    for _ in range(requests):
        for town in towns:
            await town.ask(name, officer, path)


def _figures(times: list[float]) -> dict[str, float]:
    return {
        "per_s": len(times) / sum(times),
        "p50_ms": statistics.median(times) * 1000,
        "p99_ms": statistics.quantiles(times, n=100)[98] * 1000,
    }


def run(requests: int = 100) -> dict[str, Any]:
    """Print the table and give the figures back."""
    found = measure(requests)
    table = Table(title="控制台 · console：1,000 件、100,000 行流水 → 10,000 件、1,000,000 行 · cases and journal rows")
    for heading in ("", "每秒 · per s", "p50 ms", "p99 ms", "每秒 ×10", "p50 ×10", "p99 ×10", "增长 · growth"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, label, *_rest in _PAGES:
        figures = found[name]
        cells = [
            f"{figures[size][key]:.{digits}f}"
            for size in ("small", "large")
            for key, digits in (("per_s", 0), ("p50_ms", 1), ("p99_ms", 1))
        ]
        growth = figures["growth"]
        table.add_row(label, *cells, f"{growth:.2f}" + ("" if growth < WANTED else " !"))
    Console(width=150).print(table)
    return found


if __name__ == "__main__":
    run()
