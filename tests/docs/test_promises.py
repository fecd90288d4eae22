"""The page of promises is printed from the data, and every test that it names exists."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
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


COLLECTED_ONCE = pytest.mark.xdist_group("promises")
"""Collecting takes long, and every process would do it for itself."""


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """On which engines `make test` runs each test that a promise names."""
    told = tmp_path_factory.mktemp("collected") / "engines.json"
    files = sorted({f"tests/{test.partition('::')[0]}" for each in PROMISES for test in each.tests})
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TEST_ENGINE"))}
    command = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "tests.support.collected"]
    done = subprocess.run(
        [sys.executable, *command, *files],
        cwd=promises.ROOT,
        env=clean | {"COLLECTED": str(told)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    found: dict[str, list[str]] = json.loads(told.read_text(encoding="utf-8"))
    return found


@COLLECTED_ONCE
@pytest.mark.parametrize("promise", PROMISES, ids=[each.name for each in PROMISES])
def test_the_engines_of_a_promise_are_those_on_which_its_tests_are_collected(
    promise: Promise, engines: dict[str, list[str]]
) -> None:
    found = {engine for test in promise.tests for engine in engines[test]}
    assert promise.engines.split() == [engine for engine in "SP" if engine in found]


def test_only_promises_with_a_seeded_drill_say_so() -> None:
    drilled = {each.name for each in PROMISES if any(test.startswith("chaos/test_drill.py") for test in each.tests)}
    assert drilled == {each.name for each in PROMISES if "D" in each.tier}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_promise_names_the_test_that_fails_without_its_guard(guard: str) -> None:
    found = GUARDS[guard]
    named = next(each.tests for each in PROMISES if each.name == found.promise)
    assert found.test.removeprefix("tests/").partition("[")[0] in named


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
