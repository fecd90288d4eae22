"""Wrong clocks: a small library bends the wall clock of a process that is started with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("skew.c")
DAYS = 400 * 24 * 3600
"""A slip is good for half a year, a document counts in its year: both are passed."""


NAMES = frozenset({"LD_PRELOAD", "CLOCK_SHIFT", "CLOCK_RATE"})


def library(folder: Path) -> Path | None:
    """The library, made in `folder`; None without a C compiler, and outside Linux."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    made = folder / "skew.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def bent(library: Path, shift: int, rate: int = 1) -> dict[str, str]:
    """What a process is started with: its clock is `shift` seconds away and runs `rate` times as fast."""
    return {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(shift), "CLOCK_RATE": str(rate)}
