"""`dingbian export`: units, balances, roster and journal as one workbook or a folder of CSV files.

Identity numbers are masked as on every screen. Cells that a spreadsheet would take for a formula are escaped.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session, col, func, select

from ledger.balances import balances
from ledger.chain import journal
from ledger.db import Database, unhurried
from ledger.intake.register import Progress, silent
from ledger.occupancy import roster
from ledger.spreadsheets.escaping import escape_cell
from ledger.spreadsheets.writer import MOST_ROWS, BookWriter
from models.enums import UnitKind
from models.register import Account, Journal, Occupancy, Unit

from .faults import StartFault

EXPORTING = "导出 · exporting"
_TAKEN = "{} 已存在，不覆盖 · already exists and is not replaced"
_PAGE = 1000
Row = list[Any]

HEADINGS: dict[str, Row] = {
    "机构": ["统一社会信用代码", "机构名称", "简称", "类型", "层级", "性质", "主管部门", "管理证号", "撤销日期"],
    "编制职数": ["机构", "编制（职数）", "核定", "实有", "在途", "预留", "空余", "备注"],
    "人员": [
        "机构",
        "姓名",
        "性别",
        "身份证件号码（隐）",
        "编制（职数）",
        "内设机构",
        "职务",
        "入编日期",
        "出编日期",
        "批准文号",
    ],
    "流水": [
        "链",
        "序号",
        "记账时间",
        "生效日期",
        "类别",
        "机构",
        "编制（职数）",
        "核定±",
        "实有±",
        "在途±",
        "预留±",
        "事项",
        "环节",
        "用编编号",
        "批准文号",
        "杂凑值",
    ],
}


class _Sink(Protocol):
    def sheet(self, name: str) -> AbstractContextManager[Callable[[Row], None]]: ...


def export_register(database: Database, target: Path, progress: Progress = silent) -> dict[str, int]:
    """Writes `target` (a `.xlsx` file, else a folder of CSV files), readable by its owner alone.

    Returns rows per sheet. One read transaction, so all sheets show the same moment. Row by row: memory does not grow
    with the register. Nothing is left behind when it fails. Raises StartFault when the target is there already (an
    export never replaces what it did not write), and when the register holds more rows than a workbook can.
    """
    if target.exists():
        raise StartFault(_TAKEN.format(target))
    counts = dict.fromkeys(HEADINGS, 0)
    with _open(target) as sink, database.read() as session:
        unhurried(session)
        totals = _totals(session)
        if target.suffix.lower() == ".xlsx" and max(totals.values()) >= MOST_ROWS:
            raise StartFault(
                f"超过工作簿的{MOST_ROWS}行，请导出为 CSV 目录 · more rows than a workbook holds; export CSV"
            )
        for sheet, headings in HEADINGS.items():
            with sink.sheet(sheet) as write:
                write(headings)
                for row in _ROWS[sheet](session):
                    write([_cell(value) for value in row])
                    counts[sheet] += 1
                    if counts[sheet] % _PAGE == 0:
                        progress(f"{EXPORTING} {sheet}", counts[sheet], max(totals[sheet], counts[sheet]))
            progress(f"{EXPORTING} {sheet}", counts[sheet], counts[sheet])
    return counts


def _totals(session: Session) -> dict[str, int]:
    tables = {"机构": Unit, "编制职数": Account, "人员": Occupancy, "流水": Journal}
    return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()}


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")  # a workbook keeps no time zone
    if value is None or isinstance(value, (int, date)):
        return value
    return escape_cell(str(value))


def _units(session: Session) -> list[Unit]:
    return list(session.exec(select(Unit).order_by(col(Unit.code))))


def _unit_rows(session: Session) -> Iterator[Row]:
    for unit in _units(session):
        kind = UnitKind(unit.kind).label
        yield [
            unit.code,
            unit.name,
            unit.short_name,
            kind,
            unit.rank,
            unit.nature,
            unit.parent,
            unit.certificate_no,
            unit.abolished_on,
        ]


def _balance_rows(session: Session) -> Iterator[Row]:
    for unit in _units(session):
        for row in balances(session, unit.code):
            yield [
                unit.name,
                row.resource.label,
                row.authorised,
                row.occupied,
                row.reserved,
                row.set_aside,
                row.vacancy,
                row.note,
            ]


def _roster_rows(session: Session) -> Iterator[Row]:
    for unit in _units(session):
        after: int | None = 0
        while after is not None:
            rows, after = roster(session, unit.code, after=after, limit=_PAGE)
            for row in rows:
                yield [
                    unit.name,
                    row.name,
                    row.sex.label,
                    row.identity_masked,
                    row.resource.label,
                    row.internal_body,
                    row.position,
                    row.entered_on,
                    row.left_on,
                    row.basis_no,
                ]


def _journal_rows(session: Session) -> Iterator[Row]:
    """Each chain once: units under one quota share theirs."""
    names = {unit.code: unit.name for unit in _units(session)}
    first_of_holder: dict[str, str] = {}
    for unit in _units(session):
        first_of_holder.setdefault(unit.holder, unit.code)
    for code in first_of_holder.values():
        after = 0
        while rows := journal(session, code, after, _PAGE):
            for row in rows:
                yield [
                    row.holder,
                    row.seq,
                    row.recorded_at,
                    row.effective_on,
                    row.kind.label,
                    names.get(row.unit, row.unit),
                    row.resource.label,
                    row.d_authorised,
                    row.d_occupied,
                    row.d_reserved,
                    row.d_set_aside,
                    row.case_id,
                    row.step,
                    row.slot,
                    row.basis_no,
                    row.hash,
                ]
            after = rows[-1].seq


_ROWS = {"机构": _unit_rows, "编制职数": _balance_rows, "人员": _roster_rows, "流水": _journal_rows}


@contextmanager
def _open(target: Path) -> Iterator[_Sink]:
    """Owner-only from the first byte, because the roster holds names; all of it or nothing."""
    if target.suffix.lower() == ".xlsx":
        with _workbook(target) as book:
            yield book
        return
    target.mkdir(parents=True, mode=0o700)
    try:
        yield _Folder(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


@contextmanager
def _workbook(target: Path) -> Iterator[_Book]:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(_private(target), "wb") as out, BookWriter(out) as book:
            yield _Book(book)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


class _Book:
    def __init__(self, book: BookWriter) -> None:
        self._book = book

    @contextmanager
    def sheet(self, name: str) -> Iterator[Callable[[Row], None]]:
        with self._book.sheet(name) as sheet:
            yield sheet.append


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def sheet(self, name: str) -> Iterator[Callable[[Row], None]]:
        # The mark at the start is what makes spreadsheet programs read UTF-8.
        with os.fdopen(_private(self._folder / f"{name}.csv"), "w", encoding="utf-8-sig", newline="") as file:
            yield csv.writer(file).writerow
