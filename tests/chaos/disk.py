"""A disk of its own, small enough to be filled at once."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def mounted(place: Path, size: str) -> bool:
    """Whether `place` is such a disk now. False where mounting is not permitted."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmounted(place: Path) -> None:
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte is free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 16, 1 << 12, 1):
            while _written(file, size):
                pass
    try:
        yield
    finally:
        ballast.unlink()


def _written(file: BinaryIO, size: int) -> bool:
    try:
        return bool(file.write(b"\0" * size))
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        return False
