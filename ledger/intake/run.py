"""`dingbian import`: guard, check, then one transaction that opens everything or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from ledger.db import Database, keyring_of
from ledger.spreadsheets.guard import Unsafe
from models.intake import ImportFault, ImportReport
from models.ledger import Cause
from models.register import Occupancy, Person, Unit
from models.rulebook import Rulebook
from models.shape import UNSAFE_TEXT

from .check import Checked, check
from .columns import PERSONS, UNITS
from .marked import marked_path, write_marked
from .register import Progress, silent, write_opening
from .source import Source, open_source

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_BATCH = 500
STEP = "opening"
OPENING = "打开 · opening"


def import_file(
    database: Database,
    rulebook: Rulebook,
    path: Path,
    *,
    accept_over_quota: bool = False,
    at: datetime,
    progress: Progress | None = None,
) -> ImportReport:
    """Imports a workbook or a folder of CSV files (docs/reference/import.md).

    `at` is the aware moment of the import; its day in Asia/Shanghai is the opening's effective date. A file that
    may not be read at all comes back as a report with one fault; faults in rows come back with a marked copy.
    """
    report = progress or silent
    report(OPENING, 0, 0)
    try:
        with open_source(path) as source:
            on = at.astimezone(_SHANGHAI).date()
            checked = check(source, rulebook, on, accept_over_quota=accept_over_quota, progress=report)
            imported = _enter(database, checked, _cause(path, at), report)
            return _report(source, checked, imported, path, report)
    except Unsafe as unsafe:
        return ImportReport(faults=[ImportFault(sheet="", row=0, column="", reason=UNSAFE_TEXT.sub("□", str(unsafe)))])


def _cause(path: Path, at: datetime) -> Cause:
    """The file's digest names the opening, so that its rows can be traced to what was imported."""
    hasher = hashlib.sha256()
    for part in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    return Cause(
        case_id=f"import-{hasher.hexdigest()[:24]}",
        step=STEP,
        round=1,
        effective_on=at.astimezone(_SHANGHAI).date(),
        recorded_at=at,
    )


def _enter(database: Database, checked: Checked, cause: Cause, progress: Progress) -> bool:
    """The register is asked inside the writing transaction, so that nothing can come between answer and entry."""
    if checked.faults:
        with database.read() as session:
            against_register(session, checked)
        return False
    with database.write() as session:
        against_register(session, checked)
        if checked.faults:
            return False
        write_opening(session, checked.opening, cause, progress)
    return True


def _report(source: Source, checked: Checked, imported: bool, path: Path, progress: Progress) -> ImportReport:
    opening = checked.opening
    copy = None if imported else write_marked(source, checked.faults, marked_path(path), progress)
    return ImportReport(
        units=len(opening.units),
        bodies=len(opening.bodies),
        accounts=len(opening.accounts),
        persons=opening.person_count,
        faults=checked.faults,
        imported=imported,
        faults_file=str(copy) if copy is not None else None,
    )


def against_register(session: Session, checked: Checked) -> None:
    """Adds the faults that only the register knows: units, certificates and persons already there, parents unknown."""
    for code in _present(session, col(Unit.code), checked.unit_rows):
        reason = "该机构已在册，不得重复导入 · already in the register"
        checked.fault(UNITS, checked.unit_rows[code], "code", reason)
    for number in _present(session, col(Unit.certificate_no), checked.certificates):
        reason = "该管理证号已在册 · certificate number already in the register"
        checked.fault(UNITS, checked.certificates[number], "certificate_no", reason)
    known = set(_present(session, col(Unit.code), checked.parents_elsewhere))
    for parent, rows in checked.parents_elsewhere.items():
        if parent not in known:
            for row in rows:
                reason = "主管部门不在本工作簿，也不在册 · parent neither in this workbook nor in the register"
                checked.fault(UNITS, row, "parent", reason)
    _posted_elsewhere(session, checked)


def _present(session: Session, column: Any, values: Iterable[str]) -> list[str]:
    """Those of `values` that stand in `column`, in batches that every database takes."""
    wanted = list(values)
    found: list[str] = []
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        found.extend(session.execute(sql_select(column).where(column.in_(batch))).scalars())
    return found


def _posted_elsewhere(session: Session, checked: Checked) -> None:
    standing = set(
        session.exec(
            select(Person.identity_index)
            .join(Occupancy, col(Occupancy.person_ref) == col(Person.ref))
            .where(col(Occupancy.left_on).is_(None), col(Occupancy.side) == "headcount")
        ).all()
    )
    if not standing:
        return
    keyring = keyring_of(session)
    for identity, row in checked.identity_rows.items():
        if keyring.blind_index(identity) in standing:
            checked.fault(PERSONS, row, "identity_no", "该人员已在编 · already posted")
