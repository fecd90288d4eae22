"""The table of faults and invariants is covered: every cell names tests that exist, or says why nothing shows it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from .matrix import MATRIX, Invariant, Mark, Row, named, table

ROOT = Path(__file__).resolve().parents[2]
FAULTS = 17
"""Rows of reliability.md §3; a fault that is added there is added here."""


@cache
def defined(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    names |= {
        t.id for each in tree.body if isinstance(each, ast.Assign) for t in each.targets if isinstance(t, ast.Name)
    }
    return frozenset(name for name in names if name.startswith(("test_", "Test")))


@pytest.mark.parametrize("test", sorted(named()))
def test_every_test_of_the_table_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in defined(file)


@pytest.mark.parametrize("row", MATRIX, ids=[row.fault for row in MATRIX])
def test_every_cell_names_tests_or_says_why_there_is_none(row: Row) -> None:
    assert row.cells, "a fault that touches nothing is none"
    for invariant, cell in row.cells.items():
        assert bool(cell.tests) != bool(cell.why), invariant
        assert (cell.mark is Mark.OPEN) == bool(cell.why), invariant
        assert len(set(cell.tests)) == len(cell.tests), invariant


def test_no_fault_and_no_invariant_is_left_out() -> None:
    assert len({row.fault for row in MATRIX}) == len(MATRIX) == FAULTS
    for invariant in Invariant:
        assert any(invariant in row.cells for row in MATRIX), invariant
    marks = {cell.mark for row in MATRIX for cell in row.cells.values()}
    assert marks == set(Mark)


def test_what_may_come_later_is_only_the_end_and_an_incompatible_upgrade() -> None:
    """Safety is never put off: liveness is (○), and a worker whose code does not fit waits for its rollback."""
    later = {
        (row.fault, invariant) for row in MATRIX for invariant, cell in row.cells.items() if cell.mark is Mark.LATER
    }
    safety = {(fault, invariant) for fault, invariant in later if invariant is not Invariant.FINISH}
    assert {invariant for _, invariant in safety} <= {Invariant.WEDGE}
    assert len(safety) == 1


def test_the_table_is_rectangular() -> None:
    assert {len(row) for row in table()} == {len(Invariant) + 1}
