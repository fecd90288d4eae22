"""Processes that `up` starts: watched, restarted with back-off, stopped in order, never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .faults import StartFault

CONFIGURATION_STATUS = 2
"""Exit status of a child that an operator must help; starting it again cannot."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # having run this long, the next fault counts as the first again
LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Runs in the child before exec: the kernel kills it when the thread that started it ends, even by kill -9.

    Everything here survives kill -9 (reliability.md finding 4); an orphan that holds port and file does not help.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@dataclass(slots=True)
class Child:
    """One watched process. Start it from the main thread, because it dies with the thread that started it."""

    name: str
    argv: list[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE / 2
    again_at: float | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".1.log"))
        with self.log.open("ab") as out:
            # A session of its own: Ctrl-C at the terminal reaches only `up`, which stops the children in order.
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.started_at = time.monotonic()
        self.again_at = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def status(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def watch(self, say: Callable[[str], None]) -> bool:
        """One look: starts it again after a pause that doubles. True when it was started again now.

        Raises StartFault when it ended with status 2, with the end of its log.
        """
        if self.running:
            return False
        now = time.monotonic()
        if self.again_at is None:
            self._plan_restart(now, say)
            return False
        if now < self.again_at:
            return False
        self.start()
        say(f"{self.name} 已重新启动 · {self.name} started again")
        return True

    def _plan_restart(self, now: float, say: Callable[[str], None]) -> None:
        if self.status == CONFIGURATION_STATUS:
            raise StartFault(f"{self.name} 无法启动 · {self.name} cannot start:\n{self.log_tail()}")
        self.pause = FIRST_PAUSE if now - self.started_at > STEADY_SECONDS else min(self.pause * 2, LONGEST_PAUSE)
        self.again_at = now + self.pause
        say(
            f"{self.name} 已退出（状态 {self.status}），{self.pause:g} 秒后重启，日志：{self.log} · "
            f"{self.name} ended (status {self.status}), restarting in {self.pause:g} s; log: {self.log}"
        )

    def stop(self) -> None:
        """Asks, waits, then kills; returns only when the process is gone."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def log_tail(self, lines: int = 15) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
