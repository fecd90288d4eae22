"""Reads a foreign file through a child with limits: whatever is in it can hurt the child alone (reliability.md P23)."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .child import NO_LIMITS
from .guard import Unsafe
from .limits import Limits, limits_for
from .parsing import FORMULA
from .tables import Row

_ROOT = Path(__file__).parents[2]
_LENGTH = struct.Struct(">I")
_LARGEST_ANSWER = 32 << 20
_STOPPED = "文件过于复杂，读取超过限额，已停止；请用表格软件另存后分批导入 · reading took too much and was stopped"
_GIVEN_UP = "读取超时，已停止；请稍后重试或分批导入 · reading took too long and was stopped"


@dataclass(frozen=True, slots=True)
class Clock:
    """A cell that shows a time without a day: no column takes one, and a copy of the file shows it as text."""

    text: str

    def __str__(self) -> str:
        return self.text


@contextmanager
def open_tables(path: Path, limits: Limits | None = None) -> Iterator[ChildTables]:
    """The tables of a workbook (.xlsx) or of a folder of CSV files. Raises Unsafe, here and while rows are read.

    The child ends with the context, whatever happens; it ends by itself when this process is killed.
    """
    tables = ChildTables(path, limits or limits_for(path))
    try:
        tables.begin()
        yield tables
    finally:
        tables.close()


class ChildTables:
    """`tables.Tables` as the child tells them. One table at a time: beginning another ends the one before."""

    def __init__(self, path: Path, limits: Limits) -> None:
        if sys.platform == "win32":
            raise Unsafe(NO_LIMITS)
        self._limits = limits
        numbers = (limits.cpu_seconds, limits.memory_bytes, limits.files)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ledger.spreadsheets.child", str(path), *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback would show what was read
            bufsize=0,
            # Keys and addresses of this deployment are not handed to who reads foreign bytes.
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PYTHONHASHSEED": "random", "MALLOC_ARENA_MAX": "1"},
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the child
        )
        self.names: list[str] = []
        self._counts: list[int] = []

    def begin(self) -> None:
        listed = self._answer()["tables"]
        self.names = [str(name) for name, _ in listed]
        self._counts = [int(count) for _, count in listed]

    def count(self, name: str) -> int:
        return self._counts[self.names.index(name)]

    def rows(self, name: str) -> Iterator[Row]:
        self._command(f"rows {self.names.index(name)}")
        while True:
            answer = self._answer()
            for number, cells in answer["rows"]:
                yield number, tuple([_unwrapped(cell) if type(cell) is list else cell for cell in cells])
            if answer["end"]:
                return
            self._command("more")

    def close(self) -> None:
        """Ends the child with everything it may have started, and waits until it is gone."""
        with suppress(ProcessLookupError):  # gone already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _command(self, text: str) -> None:
        with suppress(BrokenPipeError):  # what the child said last, or that it was stopped, is told by the answer
            self._stdin.write(f"{text}\n".encode())

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _answer(self) -> dict[str, Any]:
        until = time.monotonic() + self._limits.answer_seconds
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, until))
        if length > _LARGEST_ANSWER:
            raise Unsafe(_STOPPED)
        answer: dict[str, Any] = json.loads(self._exactly(length, until).decode("utf-8", "surrogatepass"))
        if "unsafe" in answer:
            raise Unsafe(str(answer["unsafe"]))
        return answer

    def _exactly(self, length: int, until: float) -> bytes:
        """`length` bytes of the child's output. Raises Unsafe when it ends before, or takes longer than `until`."""
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        handle = self._process.stdout.fileno()
        found = bytearray()
        while len(found) < length:
            left = until - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise Unsafe(_GIVEN_UP)
            chunk = os.read(handle, min(1 << 20, length - len(found)))
            if not chunk:
                raise Unsafe(_STOPPED)
            found += chunk
        return bytes(found)


def _unwrapped(cell: list[Any]) -> object:
    match cell:
        case ["f"]:
            return FORMULA
        case ["d", int(day)]:
            return date.fromordinal(day)
        case ["m", str(moment)]:
            return datetime.fromisoformat(moment)
        case ["t", str(clock)]:
            return Clock(clock)
        case _:
            raise Unsafe(_STOPPED)
