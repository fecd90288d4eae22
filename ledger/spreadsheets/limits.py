"""What the child that reads a foreign file may use (reliability.md P23). Scaled to the file, so that a small one cannot
cost what only a large one may."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Beyond what the child has when it starts; shared strings may take 64 MB of it.
MEMORY_BYTES = 96 << 20
# An honest workbook takes less than a second for a megabyte, read twice: once to be judged, once to be marked.
_CPU_SECONDS = 15
_CPU_SECONDS_PER_MB = 5
# While other processes hold the machine, the clock runs on and CPU time does not.
_PATIENCE = 4
_FILES = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """`cpu_seconds` for the whole life of the child, `answer_seconds` on the clock for each answer."""

    cpu_seconds: int
    answer_seconds: float
    memory_bytes: int = MEMORY_BYTES
    files: int = _FILES


def limits_for(path: Path) -> Limits:
    """`path` is the file, or the folder of CSV files."""
    try:
        parts = [part.stat().st_size for part in (path.iterdir() if path.is_dir() else [path])]
    except OSError:
        parts = []  # the child says what is wrong with it
    megabytes = min(sum(parts), 1 << 30) >> 20
    seconds = _CPU_SECONDS + _CPU_SECONDS_PER_MB * megabytes
    return Limits(cpu_seconds=seconds, answer_seconds=float(_PATIENCE * seconds))
