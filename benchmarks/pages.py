"""Every page of the console on a register with 100,000 persons: milliseconds at the server and bytes on the wire.

`python -m benchmarks.pages` prints one table. A page's bytes are its own and those of the files it names, as they are
transferred (compressed); the limits are 300 ms and 1 MB.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.crowd import fill
from ledger.intake.entries import Opening
from ledger.intake.register import silent, write_opening
from models.decisions import Officer
from sample_data.big import region
from sample_data.codes import IdentityNumbers
from sample_data.load import opening_cause
from sample_data.roster import SEED, roster
from tests.support.console import Browser, Counter
from tests.support.office import APPLICANT, EXAMINER, RESEARCH, SUPERVISOR, Office

PERSONS = 100_000
CASES, JOURNAL_ROWS = 10_000, 1_000_000
MOST_MS, MOST_BYTES = 300.0, 1_000_000
_TIMES = 5

_REGISTERS = (
    "units",
    "bodies",
    "quotas",
    "roster",
    "journal",
    "slips",
    "problems",
    "suspensions",
    "records",
    "numbers",
    "officers",
    "disclosures",
)
_APPLICATIONS = ("staffing-up", "removing-staff", "establishment-change")
_FILE = re.compile(r"""(?:src|href)=["']([^"']+\.(?:css|js|svg|woff2?)(?:\?[^"']*)?)["']""")


def addresses(known: dict[str, str]) -> list[tuple[str, Officer]]:
    """Every page and who reads it; `known`: stage → a case that stands there."""
    return [
        ("/worklist", EXAMINER),
        ("/worklist?tab=department", EXAMINER),
        ("/worklist?tab=done", EXAMINER),
        ("/worklist?tab=all", SUPERVISOR),
        ("/worklist?tab=all&q=没有这样的事项", SUPERVISOR),
        ("/worklist?tab=all&unit=示范第7局", SUPERVISOR),
        ("/worklist?tab=started", APPLICANT),
        *((f"/cases/{known[stage]}", EXAMINER) for stage in ("waiting", "entered", "closed")),
        ("/apply", APPLICANT),
        *((f"/apply/{procedure}", APPLICANT) for procedure in _APPLICATIONS),
        ("/desk", SUPERVISOR),
        *((f"/{register}/list", SUPERVISOR) for register in _REGISTERS),
        *((f"/{register}/list?q=1", SUPERVISOR) for register in ("units", "roster", "journal", "records")),
        (f"/roster/list?unit={RESEARCH}", APPLICANT),
        ("/account", EXAMINER),
        ("/verify", EXAMINER),
    ]


def measure(persons: int = PERSONS, cases: int = CASES, journal_rows: int = JOURNAL_ROWS) -> list[dict[str, Any]]:
    """One line per page: address, reader, status, median milliseconds, bytes of the page and of its files."""
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        known = fill(office, cases, journal_rows)
        _open(office, persons)
        found = asyncio.run(_all(Counter(Path(folder), office), addresses(known)))
        office.database.close()
    return found


def _open(office: Office, persons: int) -> None:
    """A large region beside the office's own people, whose identity numbers lie below these."""
    found = region(persons)
    people = roster(found, IdentityNumbers(400), SEED)
    opening = Opening(found.units, found.bodies, found.accounts, people, persons)
    with office.database.write() as s:
        write_opening(s, opening, opening_cause(f"pages-{persons}"), silent)


async def _all(counter: Counter, pages: list[tuple[str, Officer]]) -> list[dict[str, Any]]:
    sizes: dict[str, int] = {}
    found = []
    for path, officer in pages:
        async with counter.browser(officer) as b:
            found.append(await _one(b, path, officer, sizes))
    return found


async def _one(b: Browser, path: str, officer: Officer, sizes: dict[str, int]) -> dict[str, Any]:
    times = []
    page = await b.get(path)
    for _ in range(_TIMES):
        began = time.perf_counter()
        page = await b.get(path)
        times.append((time.perf_counter() - began) * 1000)
    files = {address for address in _FILE.findall(page.text) if "://" not in address or "office.test" in address}
    for address in files - sizes.keys():
        sizes[address] = _transferred(await b.http.get(address, headers={"Accept-Encoding": "gzip"}))
    transferred = _transferred(page) + sum(sizes[address] for address in files)
    return {
        "path": path,
        "reader": officer.department.value,
        "status": page.status_code,
        "ms": statistics.median(times),
        "page_bytes": _transferred(page),
        "bytes": transferred,
    }


def _transferred(page: httpx.Response) -> int:
    """As sent: compressed where the server compresses."""
    length = page.headers.get("content-length")
    return int(length) if length is not None else page.num_bytes_downloaded


def run(persons: int = PERSONS) -> list[dict[str, Any]]:
    """Print the table and give the figures back."""
    found = measure(persons)
    table = Table(title=f"各页 · pages：{persons:,} 人、{CASES:,} 件 · persons and cases")
    for heading in ("页 · page", "", "ms", "页 KB", "含文件 KB · with files"):
        table.add_column(heading, justify="left" if heading in ("页 · page", "") else "right")
    for each in found:
        late = " !" if each["ms"] > MOST_MS else ""
        large = " !" if each["bytes"] > MOST_BYTES else ""
        name = each["path"] if len(each["path"]) <= 48 else each["path"][:45] + "…"
        status = "" if each["status"] == 200 else str(each["status"])
        table.add_row(name, status, f"{each['ms']:.0f}{late}", *_kilobytes(each, large))
    Console(width=120).print(table)
    return found


def _kilobytes(each: dict[str, Any], large: str) -> tuple[str, str]:
    return f"{each['page_bytes'] / 1000:.0f}", f"{each['bytes'] / 1000:.0f}{large}"


if __name__ == "__main__":
    run()
