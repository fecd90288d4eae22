"""Programs of others, run to their end or ended with all that they started; bounded by `records.confine`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CONFINE = Path(__file__).with_name("confine.py")
_BEAT_S = 1.0
_LOOK_S = 0.05
_MOST_SAID = 4_000


class ProgramFailed(Exception):
    """`status`: the exit status, or None when the time limit was reached. `said`: the end of what it printed."""

    def __init__(self, status: int | None, said: str) -> None:
        super().__init__(f"status {status}" if status is not None else "time limit")
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Bounds:
    """Address space and the largest file in bytes, processor time in seconds; 0 is unbounded."""

    memory: int = 0
    seconds: int = 0
    file: int = 0
    network: bool = True


def run(
    command: Sequence[str],
    time_limit: float,
    environment: Mapping[str, str],
    bounds: Bounds,
    beat: Callable[[], None] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program without a shell; what it printed (its end). However the call ends, its process group is gone.

    `time_limit` in seconds; `beat` is called about once a second, and what it raises ends the program.
    Raises ProgramFailed.
    """
    limits = (bounds.memory, bounds.seconds, bounds.file, int(bounds.network))
    # A file and no pipe: a grandchild that keeps a pipe open would hold whoever reads it.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_CONFINE), *map(str, limits), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _ended(process):
            in_time = _wait(process, time_limit, beat)
        said.seek(max(0, said.seek(0, os.SEEK_END) - _MOST_SAID))
        text = said.read().decode("utf-8", "replace").strip()
    if not in_time or process.returncode:
        raise ProgramFailed(process.returncode if in_time else None, text)
    return text


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """The group is killed before its leader is reaped: until then its number belongs to nobody else."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], time_limit: float, beat: Callable[[], None] | None) -> bool:
    """Whether it ended by itself within the limit; it is not reaped."""
    begun = last = time.monotonic()
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        now = time.monotonic()
        if now - begun > time_limit:
            return False
        if beat is not None and now - last >= _BEAT_S:
            beat()
            last = now
        time.sleep(_LOOK_S)
    return True
