"""The product's own processes, as an office starts them: `python -m cli …`, with settings in the environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from .postgres import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Process:
    """`dingbian WORDS` with `settings` (DINGBIAN_ and TEMPORAL_ variables), its output in `log`."""

    def __init__(self, words: list[str], settings: dict[str, str], log: Path) -> None:
        self.log = log
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("DINGBIAN_", "TEMPORAL_"))}
        with log.open("ab") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "cli", *words],
                cwd=ROOT,
                env=outside | settings,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_said(self, words: str) -> None:
        end = time.monotonic() + START_SECONDS
        while words not in self.said:
            assert self.child.poll() is None, f"ended with {self.child.returncode}: {self.said[-2000:]}"
            assert time.monotonic() < end, f"never said {words!r}: {self.said[-2000:]}"
            time.sleep(0.05)

    def wait_until_healthy(self, url: str) -> None:
        end = time.monotonic() + START_SECONDS
        while not _answers(url):
            assert self.child.poll() is None, f"ended with {self.child.returncode}: {self.said[-2000:]}"
            assert time.monotonic() < end, f"never answered: {self.said[-2000:]}"
            time.sleep(0.05)

    def kill(self) -> None:
        self.child.kill()
        self.child.wait(STOP_SECONDS)

    def end(self) -> int:
        """As systemd ends it; the exit status. One that was killed before is left as it is."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.child.returncode


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.TransportError:
        return False
