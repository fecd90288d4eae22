"""The page of promises is printed from the data, and every test that it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests import promises
from tests.chaos.matrix import named
from tests.docs import pages
from tests.mutations.guards import GUARDS
from tests.promises import PROMISES, Promise

TESTS = promises.ROOT / "tests"


@cache
def names_in(path: Path) -> frozenset[str]:
    """Tests of a file: functions, and machines that hypothesis made into a test case."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    made = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets
            if isinstance(target, ast.Name)}  # fmt: skip
    return frozenset(name for name in functions | made if name.lower().startswith("test"))


def missing(test: str) -> bool:
    file, _, name = test.partition("::")
    path = TESTS / file
    return not path.is_file() or name not in names_in(path)


def test_there_are_twenty_seven_promises_in_order() -> None:
    assert [each.number for each in PROMISES] == list(range(1, 28))


@pytest.mark.parametrize("promise", PROMISES, ids=[each.name for each in PROMISES])
def test_every_promise_has_tests_and_each_of_them_exists(promise: Promise) -> None:
    assert promise.tests
    assert [test for test in promises.tests_of(promise) if missing(test)] == []


def test_every_guard_that_is_taken_away_belongs_to_a_promise_and_a_test_that_exists() -> None:
    assert {guard.promise for guard in GUARDS.values()} <= {each.name for each in PROMISES}
    assert [
        guard.test for guard in GUARDS.values() if missing(guard.test.removeprefix("tests/").partition("[")[0])
    ] == []


def test_every_test_of_the_table_of_faults_exists() -> None:
    found = named()
    assert found
    assert [test for test in found if missing(test.removeprefix("tests/"))] == []


def test_the_page_is_what_the_data_print() -> None:
    assert promises.PAGE.read_text("utf-8") == promises.page(), "python -m tests.promises"


def test_both_readmes_lead_to_the_page() -> None:
    for readme in pages.READMES:
        assert promises.PAGE in {link.path for link in pages.links(readme) if not link.outside}, readme.name
