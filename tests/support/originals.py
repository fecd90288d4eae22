"""Registers with files that take long to make: made once in each process of a run, on each engine, and copied for each
test that wants them as they were."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .engines import copy_of, database_for, forget

Make = Callable[[Path, str], None]
"""Makes an office in a folder, with its register at an address, and lets go of it. Its `__qualname__` names it."""

_MADE: dict[tuple[str, str], tuple[Path, str]] = {}
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Gone with the process."""


@contextmanager
def copied(make: Make, engine: str, folder: Path) -> Iterator[str]:
    """The address of the register's copy; its files are in `folder`. Both are gone afterwards."""
    original, url = _original(make, engine)
    shutil.copytree(original, folder, dirs_exist_ok=True)
    try:
        yield copy_of(url, folder / "register.db")
    finally:
        forget(folder)


def _original(make: Make, engine: str) -> tuple[Path, str]:
    name = (make.__qualname__, engine)
    if name not in _MADE:
        _FOLDERS.append(tempfile.TemporaryDirectory(prefix="dingbian-original-"))
        folder = Path(_FOLDERS[-1].name)
        url = database_for(engine, folder / "register.db")
        make(folder, url)
        _MADE[name] = folder, url
    return _MADE[name]
