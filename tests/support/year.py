"""`python -m tests.support.year OUT`: one whole year of a small city's establishment office, written and printed.

Every document is made by the real activities from the real templates, at its own moment of a working day. OUT gets the
register (a data folder that any command opens), the archive package of the year and the printed folder of documents.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path

from records.archive import Wanted
from rules.deadlines import SHANGHAI
from runtime.assembly import Parts, assembled
from runtime.packaging import write_archive
from runtime.settings import Settings, load_settings
from tests.support import year_changes, year_staffing, year_supervision
from tests.support.year_city import YEAR, City
from tests.support.year_print import print_folder

UNTIL = datetime(YEAR + 1, 1, 16, 18, tzinfo=SHANGHAI)
"""Some days of the next year: cases that cross the year's end go on."""

NIGHTS = [date(YEAR, month, 3) for month in range(1, 13)] + [date(YEAR + 1, 1, 5)]

Progress = Callable[[str, int, int], None]


@contextmanager
def played(folder: Path, url: str | None = None) -> Iterator[tuple[City, Parts]]:
    """The year, lived to its end, in a new data folder; the register is open until the block ends."""
    with assembled(settings_of(folder, url), migrate=True) as parts:
        yield play(parts), parts


def settings_of(folder: Path, url: str | None = None) -> Settings:
    return load_settings(data_dir=folder, **({"database_url": url} if url else {}))


def play(parts: Parts) -> City:
    y = City(parts)
    for story in chain(year_staffing.stories(y), year_changes.stories(y), year_supervision.stories(y)):
        y.begin(story)
    y.begin(y.nights(NIGHTS))
    y.begin(y.logged(date(YEAR, 1, 2), UNTIL.date()))
    y.run(UNTIL)
    return y


def package(parts: Parts, target: Path, progress: Progress) -> None:
    """The archive package of the year; raises StartFault when it cannot be made."""
    report = write_archive(parts, target, Wanted(year=YEAR), progress)
    if not report.intact:
        raise SystemExit("档案包核验不通过 · the package does not verify: " + "；".join(f.what for f in report.faults))


def _say(what: str, done: int, of: int) -> None:
    end = "\n" if done >= of else ""
    sys.stderr.write(f"\r{what} {done}/{of}{end}")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("用法 · usage: python -m tests.support.year OUT\n")
        return 2
    out = Path(arguments[0]).resolve()
    if out.exists():
        sys.stderr.write(f"{out} 已存在，不覆盖 · already exists and is not replaced\n")
        return 2
    out.mkdir(parents=True)
    sys.stderr.write(f"办理{YEAR}年度事项…… · living through the year\n")
    with played(out / "register") as (y, parts):
        sys.stdout.write(f"{y.acts} 次办理 · acts\n")
        package(parts, out / "package", _say)
    printed = print_folder(out / "package", out / "printed", _say)
    sys.stdout.write(
        f"登记 · register  {out / 'register'}\n档案包 · package   {out / 'package'}\n"
        f"打印 · printed   {printed}\n核验 · verify:  dingbian verify {out / 'package'}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
