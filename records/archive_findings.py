"""What the checks of an archive package found, and a package's files as they are given to the checks."""

from __future__ import annotations

import logging
import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.packages import CheckName, PackageFault
from models.shape import UNSAFE_TEXT

logger = logging.getLogger(__name__)

MAX_FILE = 64 * 1024 * 1024
MAX_TABLE = 256 * 1024 * 1024
"""Bytes of a file that is read whole: one document or docket; the page, the table of numbers, the proofs of a year."""
MAX_LINE = 1024 * 1024
_MAX_WHERE = 200
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class Findings:
    """Faults as they are found, and how much each check looked at. With `older`, what a package of an earlier version
    does not have is a note and not a fault."""

    older: bool = False
    faults: list[PackageFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    examined: Counter[CheckName] = field(default_factory=Counter)

    def fault(self, check: CheckName, where: str, what: str) -> None:
        self.faults.append(PackageFault(check=check, where=shown(where), what=shown(what)))

    def note(self, what: str) -> None:
        if what not in self.notes:
            self.notes.append(what)

    def of_age(self, check: CheckName, where: str, what: str) -> None:
        """What an earlier version accounts for as well as a forger: a fault, unless the caller says that it is one."""
        if self.older:
            self.note(f"{shown(where)}：{shown(what)}")
        else:
            self.fault(check, where, f"{what}；确为旧版所制的加 --older · if it is of an earlier version")

    def look(self, check: CheckName, count: int = 1) -> None:
        self.examined[check] += count

    @contextmanager
    def part(self, where: str) -> Iterator[None]:
        """One part of the checks: what nobody thought of ends this part, not the others, and is a fault."""
        try:
            yield
        except Exception as error:
            logger.exception("package: %s could not be checked", shown(where))
            self.fault("usability", where, f"无法核对 · cannot be checked ({type(error).__name__})")


def shown(text: str) -> str:
    """A name from a package as it can be printed and sent: without control characters, and not without end."""
    plain = UNSAFE_TEXT.sub("�", text.replace("\n", " "))
    return plain if len(plain) <= _MAX_WHERE else plain[:_MAX_WHERE] + "…"


@dataclass(slots=True)
class Files:
    """The regular files below a folder, by name; nothing else can be read through it, whatever a package names.

    `sizes`: name with / → bytes. `odd`: links, pipes, devices, names that cannot be written down.
    """

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    @classmethod
    def below(cls, root: Path) -> Files:
        """Looked at, not opened; links are not followed."""
        found = cls(root)
        todo = [""]
        while todo:
            folder = todo.pop()
            try:
                entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
            except OSError:
                found.odd.append(folder)
                continue
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                kind = entry.stat(follow_symlinks=False)
                known = stat.S_ISREG(kind.st_mode) or stat.S_ISDIR(kind.st_mode)
                if not known or "\n" in name or UNSAFE_TEXT.search(name):
                    found.odd.append(name)
                elif stat.S_ISDIR(kind.st_mode):
                    todo.append(name)
                else:
                    found.sizes[name] = kind.st_size
        return found

    def under(self, folder: str) -> Files:
        """The files below a folder of these, by their names there."""
        start = f"{folder}/"
        sizes = {name.removeprefix(start): size for name, size in self.sizes.items() if name.startswith(start)}
        return Files(self.root / folder, sizes, [n.removeprefix(start) for n in self.odd if n.startswith(start)])

    def read(self, name: str, most: int = MAX_FILE) -> bytes | None:
        """None when there is no such file, or more than `most` bytes of it."""
        if self.sizes.get(name, most + 1) > most:
            return None
        pieces, left = [], most + 1
        for piece in self.pieces(name):
            pieces.append(piece[:left])
            left -= len(pieces[-1])
            if left <= 0:
                return None
        return b"".join(pieces)

    def pieces(self, name: str, size: int = MAX_LINE) -> Iterator[bytes]:
        """Raises OSError; a file that became something else since it was looked at is not waited for."""
        with os.fdopen(os.open(self.root / name, _OPEN), "rb") as source:
            while piece := source.read(size):
                yield piece

    def lines(self, name: str) -> Iterator[tuple[int, bytes | None]]:
        """(number, line) of a file of lines; None for a line that is too long, with which reading ends. Raises
        OSError."""
        if name not in self.sizes:
            raise FileNotFoundError(name)
        with os.fdopen(os.open(self.root / name, _OPEN), "rb") as source:
            number = 0
            while line := source.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    yield number, None
                    return
                yield number, line
