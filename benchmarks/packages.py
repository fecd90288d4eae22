"""Archive packages per minute: written from a register, checked four ways and sealed as a bag, then verified alone.

`python -m benchmarks.packages` prints one table: the package of one case, and those of a year with 50 and with 200
closed cases (staffing up from application to social insurance, by the real activities without Temporal). Where the
time goes is measured around the functions of `records.archive`; what is left over is the rest.
"""

from __future__ import annotations

import functools
import io
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import ModuleType
from typing import Any

import bagit
from rich.console import Console
from rich.table import Table

from ledger import log
from records import archive
from records.archive import Keeper, Wanted, write_package
from records.archive_check import check_package
from tests.support.office import Office, application, authorise

SIZES = (50, 200)
KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian benchmarks")
_PHASES: dict[str, tuple[ModuleType, str]] = {
    "事项 · cases": (archive, "_dockets"),
    "公文 · documents": (archive, "_documents"),
    "台账 · journal": (archive, "_journal_rows"),
    "证明 · proofs": (archive, "_proofs"),
    "元数据 · metadata": (archive, "metadata_of"),
    "浏览页 · viewer": (archive, "page"),
    "四性检测 · checks": (archive, "check_content"),
    "封包 · bag": (bagit, "make_bag"),
}


def measure(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One line per package: cases, files, bytes, seconds to write and to verify, share of each phase."""
    found: list[dict[str, Any]] = []
    for cases in sizes:
        with tempfile.TemporaryDirectory() as folder:
            office = Office(Path(folder))
            numbers = _closed(office, cases)
            with office.database.write() as s:
                log.append(s, office.now)
            if not found:
                found.append(_package(office, Path(folder) / "case", Wanted(case_no=numbers[0])))
            found.append(_package(office, Path(folder) / "year", Wanted(year=office.now.year)))
            office.database.close()
    return found


def _closed(office: Office, cases: int) -> list[str]:
    """Close so many cases; their numbers."""
    with office.database.write() as s:
        authorise(s, office, cases)
    numbers = []
    for serial in range(1, cases + 1):
        case_id = office.opened(application(meeting=f"局党组会议〔2026〕第{serial}次"))
        slot = office.issued(case_id)[0]
        office.entered(case_id, slot, serial)
        office.acknowledged(case_id, slot)
        numbers.append(office.docket(case_id).case_no)
    return numbers


def _package(office: Office, target: Path, wanted: Wanted) -> dict[str, Any]:
    spent: dict[str, float] = defaultdict(float)
    with _timed(spent), office.database.read() as s, redirect_stderr(io.StringIO()):
        began = time.perf_counter()
        report = write_package(s, office.store, target, wanted, KEEPER, office.now, office.deps.calendar)
        written = time.perf_counter() - began
    began = time.perf_counter()
    checked = check_package(target)
    verified = time.perf_counter() - began
    if report.faults or checked.faults:
        raise AssertionError([*report.faults, *checked.faults])
    files = [path for path in target.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    cases = len(list((target / "data" / "cases").glob("*.json")))
    return {
        "package": f"{wanted.year} 年" if wanted.year is not None else "单件 · one case",
        "cases": cases,
        "documents": len(list((target / "data" / "documents").rglob("*.docx"))),
        "files": len(files),
        "mb": round(size / 1e6, 2),
        "write_s": round(written, 3),
        "verify_s": round(verified, 3),
        "per_minute": round(60 / written, 1),
        "cases_per_minute": round(60 * cases / written),
        "mb_per_s": round(size / 1e6 / written, 2),
        "share": {name: round(spent[name] / written, 3) for name in _PHASES},
    }


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up the seconds of each phase while the package is written."""
    before = {name: getattr(module, function) for name, (module, function) in _PHASES.items()}
    try:
        for name, (module, function) in _PHASES.items():
            setattr(module, function, _clocked(before[name], name, spent))
        yield
    finally:
        for name, (module, function) in _PHASES.items():
            setattr(module, function, before[name])


def _clocked(made: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    @functools.wraps(made)
    def clocked(*positional: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            found = made(*positional, **named)
            return list(found) if isinstance(found, Iterator) else found
        finally:
            spent[name] += time.perf_counter() - began

    return clocked


def run(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Print the tables and give the figures back."""
    found = measure(sizes)
    console = Console(width=130)
    table = Table(title="档案包 · archive packages: write, four checks, bag")
    heads = {
        "package": "package",
        "cases": "cases",
        "documents": "documents",
        "files": "files",
        "mb": "MB",
        "write_s": "write s",
        "per_minute": "packages/min",
        "cases_per_minute": "cases/min",
        "mb_per_s": "MB/s",
        "verify_s": "verify s",
    }
    for name, head in heads.items():
        table.add_column(head, justify="left" if name == "package" else "right")
    for each in found:
        table.add_row(*[str(each[name]) for name in heads])
    console.print(table)
    shares = Table(title="时间花在哪里 · where the time goes")
    shares.add_column("phase")
    for each in found:
        shares.add_column(f"{each['package']}, {each['cases']}", justify="right")
    for name in _PHASES:
        shares.add_row(name, *[f"{each['share'][name]:.0%}" for each in found])
    console.print(shares)
    return found


if __name__ == "__main__":
    run()
