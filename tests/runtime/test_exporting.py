"""What is exported is what was imported, masked and harmless; all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import update
from sqlmodel import Session, select

from ledger.db import Database
from ledger.intake import import_file
from ledger.spreadsheets.writer import MOST_ROWS
from models.register import Occupancy, Unit
from models.rulebook import Rulebook
from models.sealing import Keyring, SealingKey
from runtime import exporting
from runtime.exporting import HEADINGS, export_register
from runtime.faults import StartFault
from sample_data.big import persons_of, region, write_workbook

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PERSONS = 1_200  # more than a page


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("register")
    key = SealingKey("test", "sm4-gcm", b"0123456789abcdef")
    opened = Database(f"sqlite:///{folder}/register.db", Keyring({"test": key}, "test", b"i" * 32))
    opened.migrate()
    assert import_file(opened, Rulebook(), write_workbook(folder / "book.xlsx", PERSONS), at=AT).imported
    yield opened
    opened.close()


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet] for sheet in book}


def plain(value: object) -> str:
    return "" if value is None else str(value.date() if isinstance(value, datetime) else value)


def test_every_row_of_the_workbook_comes_out_again(imported: Database, tmp_path: Path) -> None:
    counts = export_register(imported, tmp_path / "out.xlsx")
    found = sheets(tmp_path / "out.xlsx")
    assert {name: rows[0] for name, rows in found.items()} == HEADINGS
    assert {name: len(rows) - 1 for name, rows in found.items()} == counts
    source = region(PERSONS)
    names = {unit.code: unit.name for unit in source.units}
    assert {(row[0], row[1], row[7]) for row in found["机构"][1:]} == {
        (unit.code, unit.name, unit.certificate_no) for unit in source.units
    }
    assert {(row[0], row[1], row[2]) for row in found["编制职数"][1:]} == {
        (names[account.unit], account.resource.label, account.authorised) for account in source.accounts
    }
    wanted = {
        (
            names[entry.unit], entry.person.name, entry.person.sex.label, resource.label,
            plain(entry.person.internal_body), plain(entry.person.position), plain(entry.entered_on),
            plain(entry.basis_no), entry.person.identity_no[:6],
        )
        for entry in persons_of(source)
        for resource in (entry.headcount, entry.post)
        if resource is not None
    }  # fmt: skip
    rows = found["人员"][1:]
    assert {(*(plain(row[i]) for i in (0, 1, 2, 4, 5, 6, 7, 9)), row[3][:6]) for row in rows} == wanted
    assert not [row for row in rows if row[3][6:14].isdigit()]  # the birth date in the number is hidden
    assert sum(row[8] for row in found["流水"][1:]) == len(rows) == len(wanted)


def test_a_folder_of_csv_holds_the_same_as_the_workbook(imported: Database, tmp_path: Path) -> None:
    export_register(imported, tmp_path / "out.xlsx")
    export_register(imported, tmp_path / "out")
    for name, rows in sheets(tmp_path / "out.xlsx").items():
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert list(csv.reader(file)) == [[plain(value) for value in row] for row in rows]
        assert (tmp_path / "out" / f"{name}.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out.xlsx").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "＝"])
def test_text_that_reads_as_a_formula_is_escaped(imported: Database, tmp_path: Path, lead: str) -> None:
    with imported.write() as session:
        code = session.exec(select(Unit.code)).first()
        session.execute(update(Unit).where(Unit.code == code).values(short_name=f"{lead}1+1"))
    export_register(imported, tmp_path / "out.xlsx")
    shown = [row[2] for row in sheets(tmp_path / "out.xlsx")["机构"] if row[0] == code]
    assert shown == [f"'{lead}1+1"]


@pytest.mark.parametrize("target", ["out.xlsx", "out"])
def test_an_export_that_fails_leaves_nothing(
    imported: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    def broken(_session: Session) -> Iterator[list[Any]]:
        yield ["a"] * 10
        raise OSError("disk full")

    monkeypatch.setitem(exporting._ROWS, "人员", broken)
    with pytest.raises(OSError, match="disk full"):
        export_register(imported, tmp_path / target)
    assert list(tmp_path.iterdir()) == []


def test_an_export_replaces_nothing(imported: Database, tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_text("mine", encoding="utf-8")
    with pytest.raises(StartFault, match="不覆盖"):
        export_register(imported, tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_text(encoding="utf-8") == "mine"


def test_more_rows_than_a_workbook_holds_are_told_before_anything_is_written(
    imported: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_totals", lambda _session: dict.fromkeys(HEADINGS, MOST_ROWS))
    with pytest.raises(StartFault, match="CSV"):
        export_register(imported, tmp_path / "out.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_progress_goes_up_to_the_number_of_rows(imported: Database, tmp_path: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    export_register(imported, tmp_path / "out", lambda what, done, of: told.setdefault(what, []).append((done, of)))
    with imported.read() as session:
        seats = len(session.exec(select(Occupancy.person_ref)).all())
    assert told["导出 · exporting 人员"] == [(1_000, seats), (seats, seats)]


def test_days_are_days_in_the_workbook(imported: Database, tmp_path: Path) -> None:
    export_register(imported, tmp_path / "out.xlsx")
    entered = sheets(tmp_path / "out.xlsx")["人员"][1][7]
    assert isinstance(entered, datetime)
    assert entered.date() > date(1950, 1, 1)
