"""Rules of the house that a type checker cannot see (house.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from activities.cases import CaseActivities
from activities.log import LogActivities
from activities.monitoring import MonitoringActivities
from activities.reconciliation import ReconciliationActivities
from activities.registry import build_activities
from workflows import registry

ROOT = Path(__file__).parents[2]
ROOMS = (
    "models", "rules", "workflows", "activities", "ledger", "docket", "records", "doc_templates", "api", "console",
    "runtime", "sample_data",
)  # fmt: skip
FIXED = (
    "pyproject.toml", "workflows", "activities", "doc_templates", "models", "worker.py", "tests", "README.md",
)  # fmt: skip
LONGEST_FILE = 600
LONGEST_FUNCTION = 60
UNDETERMINED = {"uuid", "random", "secrets", "time"}
NOW = {"now", "utcnow", "today"}


def files(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def trees(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in files(*rooms):
        yield path.relative_to(ROOT), tree_of(path)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FIXED)
def test_the_fixed_rooms_stand_where_they_must(name: str) -> None:
    assert (ROOT / name).exists()


def test_every_activity_that_a_workflow_executes_is_registered() -> None:
    used = set()
    for _path, tree in trees("workflows"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "").endswith("Activities"):
                used.add(node.attr)
    built = {getattr(method, "__name__", "") for method in build_activities(None)}  # type: ignore[arg-type]
    assert used
    assert used <= built
    classes = (CaseActivities, MonitoringActivities, LogActivities, ReconciliationActivities)
    assert all(any(hasattr(each, name) for each in classes) for name in used)


def test_workflow_code_knows_no_clock_and_no_chance_of_its_own() -> None:
    """The shared machinery is passed through the sandbox, so what the sandbox would stop is stopped here."""
    found = []
    for path, tree in trees("workflows"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                found += [f"{path}:{node.lineno} {name}" for name in names & UNDETERMINED]
            if isinstance(node, ast.Attribute) and node.attr in NOW and getattr(node.value, "id", "") != "workflow":
                found.append(f"{path}:{node.lineno} {node.attr}")
    assert found == []


def test_no_room_imports_inside_a_function() -> None:
    found = [
        f"{path}:{inner.lineno}"
        for path, tree in trees(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_no_file_and_no_function_has_grown_too_large_to_read() -> None:
    long = [str(path) for path in files(*ROOMS) if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE]
    long += [
        f"{path}:{node.name}"
        for path, tree in trees(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
        and "migrations" not in path.parts  # a migration is a list of tables
    ]
    assert long == []


def test_only_db_py_and_the_migrations_speak_sqlite() -> None:
    allowed = {Path("ledger/db.py")}
    found = [
        str(path)
        for path, tree in trees(*ROOMS)
        if path not in allowed and "migrations" not in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(word in node.value for word in ("PRAGMA ", "BEGIN IMMEDIATE", "INSERT OR ", "json_extract("))
    ]
    assert found == []


def test_ledger_docket_and_records_never_commit_or_open_a_transaction() -> None:
    """The activity opens the one session and hands it down (ledger.md rule 12)."""
    allowed = {Path("ledger/db.py"), Path("docket/relay.py")}
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees("ledger", "docket", "records")
        if path not in allowed and not {"migrations", "intake", "spreadsheets"} & set(path.parts)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback", "begin")
    ]
    assert found == []


def test_the_run_of_every_procedure_fits_a_screen() -> None:
    for workflow in registry.WORKFLOWS:
        path = ROOT / (workflow.__module__.replace(".", "/") + ".py")
        tree = tree_of(path)
        [run] = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == "run"]
        assert (run.end_lineno or 0) - run.lineno <= LONGEST_FUNCTION
