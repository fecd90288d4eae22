"""An import that is broken off, by Ctrl-C or by force, leaves a register in which nothing stands, and no child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.db import Database
from ledger.intake import import_file
from ledger.intake.columns import PERSONS
from ledger.intake.marked import MARKING
from ledger.intake.register import WRITING
from models.rulebook import Rulebook
from sample_data.big import write_workbook
from tests.support.engines import register_of

from .book import AT, sound, write
from .test_import import assert_nothing_stands
from .test_reader import gone, wait_until

PROGRAM = """
import os, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from ledger.db import Database
from ledger.intake import import_file
from ledger.spreadsheets import reader
from models.rulebook import Rulebook
from models.sealing import Keyring, SealingKey

signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background has its children ignore it
folder, book, phase, least = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
children = []
begin = reader.ChildTables.begin
reader.ChildTables.begin = lambda tables: (children.append(tables._process.pid), begin(tables))[1]
key = SealingKey("test", "sm4-gcm", b"0123456789abcdef")
database = Database(sys.argv[5], Keyring({"test": key}, "test", b"i" * 32))

def hold(told, done, total):
    if told.startswith(phase) and done >= least:
        print(children[0], flush=True)
        time.sleep(600)

import_file(database, Rulebook(), book, at=datetime(2026, 11, 20, 2, tzinfo=UTC), progress=hold)
"""


def broken_off(folder: Path, book: Path, phase: str, least: int, by: signal.Signals) -> None:
    """Runs the import in a process of its own and ends it where `phase` has done at least so many rows."""
    arguments = [
        sys.executable,
        "-c",
        PROGRAM,
        str(folder),
        str(book),
        phase,
        str(least),
        register_of(folder / "register.db"),
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert not gone(child)
        os.kill(process.pid, by)
        assert process.wait(60) != 0
    wait_until(lambda: gone(child))


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_import_broken_off_while_it_writes_leaves_nothing(
    database: Database, tmp_path: Path, by: signal.Signals
) -> None:
    book = write_workbook(tmp_path / "big.xlsx", 5_000)
    broken_off(tmp_path, book, WRITING, 2_000, by)
    assert_nothing_stands(database)
    assert import_file(database, Rulebook(), book, at=AT).persons == 5_000


def test_marking_broken_off_leaves_no_copy_behind(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[PERSONS] = [rows[PERSONS][0] | {"sex": "无"}] * 3_000
    folder = tmp_path / "here"
    folder.mkdir()
    book = write(folder / "faulty.xlsx", rows)
    broken_off(tmp_path, book, f"{MARKING} {PERSONS}", 1_000, signal.SIGINT)
    assert list(folder.iterdir()) == [book]
    assert_nothing_stands(database)
