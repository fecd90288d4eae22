"""`dingbian certificate`: a unit's certificate of a day as a file, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from docx import Document

import cli
from ledger import chain, postings
from models.enums import Resource
from models.register import Holder, Unit
from runtime.assembly import assembled
from runtime.settings import load_settings
from tests.ledger.test_certificate import appointed, cause
from tests.support.ledger import OTHER, UNIT, done, person

Run = Callable[..., tuple[int, str, str]]
BEGINS = date(2026, 1, 5)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Status, standard output and standard error of a command on a register with one unit of two rows."""
    for name in [name for name in os.environ if name.startswith("DINGBIAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(tmp_path / "data"))
    with assembled(load_settings(), migrate=True) as parts, parts.database.write() as s:
        for code, name in ((UNIT, "示范市数据局"), (OTHER, "示范市图书馆")):
            s.add(Holder(id=code, name=name))
            s.flush()
            s.add(Unit(code=code, name=name, kind="organ", holder=code, certificate_no="示编证第1号"))
            s.flush()
        done(postings.authorise(s, UNIT, Resource.ADMINISTRATIVE, 3, cause(BEGINS, "quota")))
        appointed(s, person(1), date(2026, 2, 2), Resource.ADMINISTRATIVE)

    def called(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dingbian", "certificate", *arguments])
        status = cli.run_command()
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


def test_it_writes_the_extract_of_today_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "new" / "extract.docx"
    status, said, _ = run(UNIT, "--out", str(target))
    assert status == 0
    assert "示范市数据局" in said
    assert "第 2 行" in said
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "张三1" in " ".join(cell.text for t in Document(str(target)).tables for r in t.rows for cell in r.cells)


def test_json_is_the_facts_and_nothing_else(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "extract.docx"
    status, said, _ = run(UNIT, "--as-of", "2026-01-31", "--out", str(target), "--json")
    facts = json.loads(said)
    assert status == 0
    assert (facts["target"], facts["as_of"], facts["chain_seq"], facts["persons"]) == (
        str(target),
        "2026-01-31",
        1,
        [],
    )
    with assembled(load_settings()) as parts, parts.database.read() as s:
        assert facts["chain_head"] == chain.journal(s, UNIT)[0].hash


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((UNIT, "--as-of", "2199-01-01"), "还没有到"),
        ((UNIT, "--as-of", "2025-12-31"), "2026-01-05 建账"),
        ((OTHER,), "尚未建账"),
        (("11999999MB0000009X",), "登记中没有单位"),
    ],
)
def test_what_cannot_be_told_is_refused_and_leaves_no_file(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    target = tmp_path / "extract.docx"
    status, said, complaint = run(*arguments, "--out", str(target))
    assert (status, said) == (2, "")
    assert reason in complaint
    assert not target.exists()


def test_a_file_that_exists_is_not_replaced(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "kept.docx"
    target.write_bytes(b"signed by hand")
    status, _, complaint = run(UNIT, "--out", str(target))
    assert status == 2
    assert "不覆盖" in complaint
    assert target.read_bytes() == b"signed by hand"


def test_a_file_that_cannot_be_written_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    status, _, complaint = run(UNIT, "--out", str(tmp_path / "file" / "extract.docx"))
    assert status == 2
    assert "写不出" in complaint


def test_a_call_without_out_is_a_wrong_call(run: Run) -> None:
    assert run(UNIT)[0] == 2
