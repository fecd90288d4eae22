"""`dingbian export --year/--case`: an archive package; `dingbian verify PATH`: a package, a register, or one document,
checked where it lies.

The API may make no document: for `GET /cases/{id}/package` it is handed a `Packer`, as it is handed a rehearsal.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from activities import case_file
from activities.deps import Deps
from activities.paper import department_names
from ledger import log
from ledger.db import unhurried
from models.packages import PackageReport
from records.archive import Keeper, PackageRefused, Wanted, wanted_cases, wanted_records, write_package
from records.preview import provider
from records.render import Renderer
from records.renditions import RenditionRefused
from records.store import StoreFault

from .assembly import Parts
from .faults import StartFault
from .renditions import PdfMaker, Shelf

Report = Callable[[str, int, int], None]
_BY_COMMAND = "archive"


def write_archive(parts: Parts, target: Path, wanted: Wanted, report: Report) -> PackageReport:
    """The package in the new folder `target`, readable by its owner alone. Raises StartFault with what to do, and
    PreviewUnavailable before anything is written when PDF are wanted and cannot be made."""
    if wanted.pdf:
        provider()
    deps = Deps(
        database=parts.database,
        store=parts.store,
        renderer=Renderer(hash_name=parts.settings.hash, keep=parts.store),
        rulebook=parts.rulebook,
        calendar=parts.calendar,
        public_url=parts.settings.public_url,
    )
    try:
        return packed(deps, target, wanted, datetime.now(UTC), report)
    except (PackageRefused, RenditionRefused, StoreFault) as refused:
        raise StartFault(str(refused)) from None


def packed(deps: Deps, target: Path, wanted: Wanted, at: datetime, report: Report) -> PackageReport:
    """The package with every case file in it: what ended without one, or before there were any, gets it first. Raises
    PackageRefused and StoreFault."""
    with deps.database.read() as s:
        cases = [] if target.exists() else wanted_cases(s, wanted)  # an existing target is refused below
    for done, case_id in enumerate(cases, start=1):
        case_file.settle(deps, case_id, at)  # what cannot be settled is named where the package is refused
        report("卷内文件目录 · case files", done, len(cases))
    if wanted.pdf:
        with deps.database.read() as s:
            filed = [] if target.exists() else wanted_records(s, wanted)
        PdfMaker(Shelf(deps.database, deps.store, lambda: at)).make_all(filed, _BY_COMMAND, report)
    office = deps.rulebook.office
    bodies = {department.value: name for department, name in department_names(office).items()}
    software = f"定编 dingbian {version('dingbian')}"
    keeper = Keeper(office=office.name, fonds=office.name, software=software, bodies=bodies)
    with deps.database.write() as s:
        log.append(s, at)
    with deps.database.read() as s:
        unhurried(s)
        return write_package(s, deps.store, target, wanted, keeper, at, deps.calendar, report)


@dataclass(frozen=True, slots=True)
class Packer:
    """`pack(case_no)`: the package of one case as a zip file, open at its beginning; it is gone when it is closed.

    Raises PackageRefused and StoreFault.
    """

    deps: Deps
    clock: Callable[[], datetime]

    def __call__(self, case_no: str) -> IO[bytes]:
        with tempfile.TemporaryDirectory(prefix="dingbian-package-") as folder:
            target = Path(folder) / "package"
            packed(self.deps, target, Wanted(case_no=case_no), self.clock(), _silent)
            out = tempfile.TemporaryFile(prefix="dingbian-package-")  # noqa: SIM115 - handed to the caller
            try:
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                    for path in sorted(each for each in target.rglob("*") if each.is_file()):
                        archive.write(path, f"{case_no}/{path.relative_to(target).as_posix()}")
            except BaseException:
                out.close()
                raise
        out.seek(0)
        return out


def _silent(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""
