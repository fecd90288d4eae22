"""Import and export by size: rows per second by phase, peak memory, the marked copy, and the same by openpyxl.

`python -m benchmarks.intake` prints one table. Each size runs in a process of its own, so that its peak memory is its
own; the reading child's memory is limited and comes on top (`ledger.spreadsheets.limits`).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from rich.console import Console
from rich.table import Table

from ledger.db import Database
from ledger.intake import import_file
from ledger.intake.columns import PERSONS
from ledger.spreadsheets.reader import open_tables
from models.rulebook import Rulebook
from runtime.exporting import export_register
from sample_data.big import write_workbook
from tests.support.ledger import make_database

SIZES = (1_000, 10_000, 100_000)
ONE_FAULT_IN = 20
_WRITING = "登记 · writing"
_RATES = {
    "read_s": "读 · read, in the child",
    "check_s": "读并核对 · read and check",
    "write_s": "登记 · write",
    "import_s": "导入合计 · import",
    "marked_s": "标错副本，5% 有错 · marked copy, 5% faulty",
    "export_s": "导出 xlsx · export",
    "export_csv_s": "导出 CSV · export",
}
_RATIOS = (
    ("openpyxl_read_s", "read_s", "读，对照 openpyxl · read, against openpyxl"),
    ("openpyxl_write_s", "export_s", "openpyxl 只写同样的行 · openpyxl writing the same rows, against export"),
)
_MEMORY = {
    "base_mb": "开始时内存 · memory at the start",
    "import_mb": "导入峰值 · peak of the import",
    "peak_mb": "全部峰值 · peak of all",
}
_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def measure(persons: int) -> dict[str, float]:
    """Seconds on the clock of each phase and megabytes at the peak, in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = write_workbook(folder / "book.xlsx", persons)
        faulty = _spoiled(book, folder / "faulty.xlsx")
        database = make_database(folder)
        before = _peak()
        found = _import(database, book)
        found["import_mb"] = _peak()
        found["base_mb"] = before
        found["read_s"] = _timed(lambda: _read(book))
        found["openpyxl_read_s"] = _timed(lambda: _read_plainly(book))
        found["marked_s"] = _marked(database, faulty)
        found["export_s"] = _timed(lambda: export_register(database, folder / "out.xlsx"))
        found["export_csv_s"] = _timed(lambda: export_register(database, folder / "out"))
        found["openpyxl_write_s"] = _timed(lambda: _write_plainly(folder / "out.xlsx", folder / "plain.xlsx"))
        found["peak_mb"] = _peak()
        database.close()
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _import(database: Database, book: Path) -> dict[str, float]:
    started = time.perf_counter()
    marks: dict[str, float] = {}

    def note(phase: str, _done: int, _total: int) -> None:
        marks.setdefault(phase, time.perf_counter())

    report = import_file(database, Rulebook(), book, at=_AT, progress=note)
    ended = time.perf_counter()
    assert report.imported, report.faults[:3]
    return {"check_s": marks[_WRITING] - started, "write_s": ended - marks[_WRITING], "import_s": ended - started}


def _marked(database: Database, faulty: Path) -> float:
    """The copy alone: from the first row of it to its end."""
    begun: list[float] = []

    def note(phase: str, _done: int, _total: int) -> None:
        if phase.startswith("标注错误"):
            begun.append(time.perf_counter())

    report = import_file(database, Rulebook(), faulty, at=_AT, progress=note)
    assert report.faults_file is not None
    return time.perf_counter() - begun[0]


def _read(book: Path) -> None:
    with open_tables(book) as tables:
        for name in tables.names:
            for _ in tables.rows(name):
                pass


def _read_plainly(book: Path) -> None:
    opened = load_workbook(book, read_only=True)
    for sheet in opened:
        for _ in sheet.iter_rows(values_only=True):
            pass
    opened.close()


def _write_plainly(exported: Path, target: Path) -> None:
    """The rows of the exported book by openpyxl's own streaming writer. They come from our reader's process."""
    with open_tables(exported) as tables:
        book = Workbook(write_only=True)
        for name in tables.names:
            sheet = book.create_sheet(name)
            for _, cells in tables.rows(name):
                sheet.append(cells)
        book.save(target)


def _spoiled(book: Path, target: Path) -> Path:
    """One person in twenty with a sex that there is not."""
    opened = load_workbook(book, read_only=True)
    written = Workbook(write_only=True)
    for sheet in opened:
        copy = written.create_sheet(sheet.title)
        for number, row in enumerate(sheet.iter_rows(values_only=True)):
            cells = list(row)
            if sheet.title == PERSONS and number and number % ONE_FAULT_IN == 0:
                cells[2] = "无"
            copy.append(cells)
    opened.close()
    written.save(target)
    return target


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Print the table and give the figures back."""
    found: dict[str, Any] = {}
    for persons in sizes:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.intake", str(persons)], capture_output=True, text=True, check=True
        )
        found[str(persons)] = json.loads(done.stdout)
    table = Table(title="导入与导出 · import and export (SQLite, synchronous=FULL)")
    table.add_column("")
    for persons in sizes:
        table.add_column(f"{persons:,} 人 persons", justify="right")
    for name, label in _RATES.items():
        rates = [f"{persons / found[str(persons)][name]:,.0f}/s" for persons in sizes]
        table.add_row(label, *rates)
    for slower, faster, label in _RATIOS:
        ratios = [found[str(persons)][slower] / found[str(persons)][faster] for persons in sizes]
        table.add_row(label, *(f"{ratio:.1f} ×" for ratio in ratios))
    for name, label in _MEMORY.items():
        table.add_row(label, *(f"{found[str(persons)][name]:.0f} MB" for persons in sizes))
    Console().print(table)
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
    else:
        run()
