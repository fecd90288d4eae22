"""A test that cannot fail proves nothing: take the guard of a promise away, and its own test must fail (P1, P2, P8,
P11, P16). Each guard is removed in a copy of the product, and the test runs there in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.test_architecture import ROOMS
from tests.mutations.guards import GUARDS, Change

ROOT = Path(__file__).resolve().parents[2]
COPIED = (*ROOMS, "tests", "pyproject.toml", "rules.toml", "cli.py", "worker.py")
SECONDS = 120
PASSED, FAILED = 0, 1
"""Exit statuses of pytest; another one is a fault of collecting or of pytest itself."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product and its tests."""
    made = tmp_path_factory.mktemp("mutants") / "product"
    made.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, made / name, ignore=shutil.ignore_patterns("histories", "*.png", "*.tmp"))
        else:
            shutil.copy2(source, made / name)
    return made


@contextmanager
def without(product: Path, changes: tuple[Change, ...]) -> Iterator[None]:
    """The copy without a guard, and then with it again."""
    before = {change.file: (product / change.file).read_text("utf-8") for change in changes}
    try:
        for change in changes:
            path = product / change.file
            text = path.read_text("utf-8")
            assert text.count(change.old) == 1, f"{change.file} no longer says: {change.old}"
            path.write_text(text.replace(change.old, change.new), "utf-8")
            for kept in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                kept.unlink()
        yield
    finally:
        for file, text in before.items():
            (product / file).write_text(text, "utf-8")


def run(product: Path, *tests: str) -> tuple[int, dict[str, str], str]:
    """Exit status, outcome of each test by name (`passed`, `failed`, `broken`), and what pytest said."""
    report = product / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-B", "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DINGBIAN_"))}
    environment = clean | {"PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1", "TEST_ENGINE": "sqlite"}
    done = subprocess.run(
        command, cwd=product, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        kind = "broken" if case.find("error") is not None else "passed"
        outcomes[name_of(str(case.get("name")))] = "failed" if case.find("failure") is not None else kind
    return done.returncode, outcomes, done.stdout[-3_000:]


def name_of(test: str) -> str:
    return test.rpartition("::")[2].partition("[")[0]


def test_in_the_copy_with_its_guards_every_one_of_these_tests_passes(product: Path) -> None:
    tests = {guard.test for guard in GUARDS.values()}
    status, outcomes, said = run(product, *sorted(tests))
    assert status == PASSED, said
    assert outcomes == {name_of(test): "passed" for test in tests}


@pytest.mark.parametrize("guard", GUARDS)
def test_without_its_guard_the_promise_is_seen_to_break(product: Path, guard: str) -> None:
    wanted = GUARDS[guard]
    with without(product, wanted.without):
        status, outcomes, said = run(product, wanted.test)
    assert outcomes == {name_of(wanted.test): "failed"}, said
    assert status == FAILED, said


def test_every_promise_that_wants_a_mutation_has_one() -> None:
    assert {guard.promise for guard in GUARDS.values()} == {"P1", "P2", "P8", "P11", "P16"}
