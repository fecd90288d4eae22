"""The child that reads a foreign file: `python -m ledger.spreadsheets.child PATH CPU MEMORY FILES`.

It limits itself before it opens anything, writes to nothing but its standard output, says what tables there are, and
then answers one command after the other: a line, `rows N` (begin the Nth table) or `more`. An answer is a length in 4
bytes, most significant first, and JSON: `{"tables": [[name, count] …]}`, `{"rows": [[number, cells] …], "end": bool}`,
or `{"unsafe": reason}`, after which nothing follows. A cell is a JSON scalar; `["d", n]` a day by its ordinal,
`["m", text]` a moment, `["t", text]` a time of day, `["f"]` a formula. JSON and not pickle: who reads it runs nothing
of what a broken child might send.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from .guard import Unsafe
from .parsing import FORMULA
from .tables import Tables, read_tables

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ROWS_TOGETHER = 500
# A batch ends early where its rows are long, so that an answer stays small.
CHARACTERS_TOGETHER = 1 << 19
NO_LIMITS = "本系统不能限制读取进程，请在 Linux 上导入 · this system cannot limit the reader, import on Linux"
NO_MEMORY = "读取所需内存超过限额，请分批导入 · reading needs more memory than allowed, import in parts"
_PLAIN = (str, int, float, bool, type(None))


def limit(cpu_seconds: int, memory_bytes: int, files: int) -> None:
    """No more than this for the rest of this process's life; no files written, no core image with what was read.

    Raises Unsafe where the system has no such limits.
    """
    if resource is None:
        raise Unsafe(NO_LIMITS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        ceiling = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def serve(path: Path, commands: Iterator[str]) -> Iterator[dict[str, Any]]:
    """One answer for each command. Prepares the next batch before it waits, so that reading goes on meanwhile."""
    tables = read_tables(path)
    yield {"tables": [[name, tables.count(name)] for name in tables.names]}
    batches: Iterator[dict[str, Any]] = iter(())
    ready: dict[str, Any] | None = None
    for command in commands:
        if command.startswith("rows "):
            batches = _batches(tables, tables.names[int(command[5:])])
            ready = next(batches)
        if ready is None:
            return
        yield ready
        ready = next(batches, None)


def _batches(tables: Tables, name: str) -> Iterator[dict[str, Any]]:
    rows: list[list[Any]] = []
    size = 0
    for number, cells in tables.rows(name):
        rows.append([number, [cell if isinstance(cell, _PLAIN) else _wrapped(cell) for cell in cells]])
        size += sum(len(cell) for cell in cells if isinstance(cell, str))
        if len(rows) >= ROWS_TOGETHER or size > CHARACTERS_TOGETHER:
            yield {"rows": rows, "end": False}
            rows, size = [], 0
    yield {"rows": rows, "end": True}


def _wrapped(cell: object) -> list[Any]:
    if cell is FORMULA:
        return ["f"]
    if isinstance(cell, datetime):
        return ["d", cell.toordinal()] if cell.time() == time.min else ["m", cell.isoformat()]
    if isinstance(cell, date):
        return ["d", cell.toordinal()]
    return ["t", str(cell)]  # a time of day or a duration


def _send(answer: dict[str, Any]) -> None:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


def main() -> None:
    path, cpu_seconds, memory_bytes, files = sys.argv[1:5]
    reason = ""
    try:
        limit(int(cpu_seconds), int(memory_bytes), int(files))
        for answer in serve(Path(path), sys.stdin):
            _send(answer)
    except Unsafe as unsafe:
        reason = str(unsafe)
    except MemoryError:
        reason = NO_MEMORY
    except OSError as fault:
        reason = f"文件读不出（{fault.strerror}） · cannot be read"
    if reason:
        _send({"unsafe": reason})
    sys.stdout.flush()
    os._exit(0)  # nothing is left to be tidied, and freeing a large table takes time


if __name__ == "__main__":
    main()
