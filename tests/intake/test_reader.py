"""The child that reads foreign files: what it may use, and that nothing of it is left."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import chain
from pathlib import Path

import pytest
from openpyxl import Workbook

from ledger.spreadsheets import child, limits, reader
from ledger.spreadsheets.guard import Unsafe
from ledger.spreadsheets.limits import MEMORY_BYTES, Limits, limits_for
from ledger.spreadsheets.parsing import FORMULA
from ledger.spreadsheets.reader import Clock, open_tables

ROOMY = Limits(cpu_seconds=30, answer_seconds=60)


def book(path: Path, rows: list[list[object]]) -> Path:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "表"
    for row in rows:
        sheet.append(row)
    made.save(path)
    return path


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("waited in vain")


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_every_kind_of_cell_comes_through(tmp_path: Path) -> None:
    moment = datetime(2020, 3, 1, 8, 30)  # noqa: DTZ001 - a spreadsheet knows no time zone
    row = ["文本 <&>", 3, 2.5, True, date(2020, 3, 1), moment, moment.time(), "=A1", None, "😀"]
    with open_tables(book(tmp_path / "x.xlsx", [row]), ROOMY) as tables:
        assert tables.names == ["表"]
        assert tables.count("表") == 1
        [(number, cells)] = tables.rows("表")
    assert number == 1
    assert cells == ("文本 <&>", 3, 2.5, True, date(2020, 3, 1), moment, Clock("08:30:00"), FORMULA, None, "😀")


def test_a_table_left_half_way_may_be_begun_again(tmp_path: Path) -> None:
    path = book(tmp_path / "x.xlsx", [[number] for number in range(3 * child.ROWS_TOGETHER)])
    with open_tables(path, ROOMY) as tables:
        rows = tables.rows("表")
        assert next(rows) == (1, (0,))
        assert [cells[0] for _, cells in tables.rows("表")] == list(range(3 * child.ROWS_TOGETHER))


def test_long_rows_come_in_small_answers(tmp_path: Path) -> None:
    path = book(tmp_path / "x.xlsx", [[random.randbytes(8_000).hex() for _ in range(40)] for _ in range(8)])
    with open_tables(path, ROOMY) as tables:
        assert sum(len(cells) for _, cells in tables.rows("表")) == 320


@pytest.fixture
def running(tmp_path: Path) -> Iterator[reader.ChildTables]:
    with open_tables(book(tmp_path / "x.xlsx", [["a"]]), ROOMY) as tables:
        yield tables


def test_the_child_is_limited_before_it_opens_the_file(running: reader.ChildTables) -> None:
    pid = running._process.pid
    space, _ = resource.prlimit(pid, resource.RLIMIT_AS)
    empty = subprocess.run(
        [sys.executable, "-P", "-c", "print(open('/proc/self/statm').read().split()[0])"],
        capture_output=True,
        check=True,
        text=True,
    )
    least = int(empty.stdout) * resource.getpagesize()
    assert least + MEMORY_BYTES < space < least + MEMORY_BYTES + (80 << 20)  # what its own modules take
    assert MEMORY_BYTES < 100 << 20
    assert resource.prlimit(pid, resource.RLIMIT_CPU) == (30, 31)
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)


def test_the_child_knows_no_secret_of_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGBIAN_DATABASE_URL", "postgresql://u:secret@h/d")
    with open_tables(book(tmp_path / "x.xlsx", [["a"]]), ROOMY) as tables:
        assert b"secret" not in Path(f"/proc/{tables._process.pid}/environ").read_bytes()


def test_a_child_that_needs_too_long_is_stopped_and_says_so(tmp_path: Path) -> None:
    path = book(tmp_path / "x.xlsx", [["字" * 10] * 20 for _ in range(20_000)])
    with open_tables(path, Limits(cpu_seconds=1, answer_seconds=60)) as tables:
        again = chain.from_iterable(tables.rows("表") for _ in range(100))
        with pytest.raises(Unsafe, match="读取超过限额，已停止"):
            list(again)
    assert tables._process.returncode == -signal.SIGXCPU


def test_a_child_that_stands_still_is_given_up(running: reader.ChildTables) -> None:
    os.kill(running._process.pid, signal.SIGSTOP)
    running._limits = Limits(cpu_seconds=1, answer_seconds=0.2)
    with pytest.raises(Unsafe, match="超时"):
        list(running.rows("表"))
    running.close()
    assert running._process.returncode == -signal.SIGKILL


def test_a_child_that_was_killed_is_told(running: reader.ChildTables) -> None:
    os.kill(running._process.pid, signal.SIGKILL)
    wait_until(lambda: gone(running._process.pid))
    with pytest.raises(Unsafe, match="已停止"):
        list(running.rows("表"))


def test_the_child_needing_more_memory_says_so(tmp_path: Path) -> None:
    path = tmp_path / "csv"
    path.mkdir()
    (path / "表.csv").write_bytes(b"," * 20_000_000)
    with open_tables(path, ROOMY) as tables, pytest.raises(Unsafe, match="内存"):
        list(tables.rows("表"))


def test_the_child_ends_with_the_context(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_tables(book(tmp_path / "x.xlsx", [["a"]]), ROOMY) as tables:
        raise KeyboardInterrupt
    assert gone(tables._process.pid)


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    path = book(tmp_path / "x.xlsx", [["a"]])
    code = (
        "import sys, time, pathlib\n"
        "from ledger.spreadsheets.reader import open_tables\n"
        "with open_tables(pathlib.Path(sys.argv[1])) as tables:\n"
        "    print(tables._process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    wait_until(lambda: gone(pid))


def test_limits_grow_with_the_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.xlsx", tmp_path / "large.xlsx"
    small.write_bytes(b"")
    with large.open("wb") as file:
        file.truncate(10 << 20)
    assert limits_for(small).cpu_seconds < limits_for(large).cpu_seconds < 100
    assert limits_for(tmp_path / "none").cpu_seconds == limits_for(small).cpu_seconds
    assert limits_for(tmp_path).cpu_seconds == limits_for(large).cpu_seconds


def test_a_system_without_limits_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "resource", None)
    with pytest.raises(Unsafe, match="Linux"):
        child.limit(1, limits.MEMORY_BYTES, 32)
