"""Nobody imports those who compose: cli and worker are ends, not parts."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("models", "rules", "workflows", "activities", "ledger", "docket", "records", "doc_templates", "api", "runtime")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_no_room_imports_the_command_line_or_the_worker_but_the_command_that_runs_it() -> None:
    command = ROOT / "runtime" / "commands" / "worker.py"
    for room in (*ROOMS, "sample_data"):
        for path in (ROOT / room).rglob("*.py"):
            assert not imported(path) & ({"cli"} if path == command else {"cli", "worker"}), path
    assert "cli" not in imported(ROOT / "worker.py")


def test_the_make_help_lists_every_target_with_its_text() -> None:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    declared = next(line for line in lines if line.startswith(".PHONY:")).split()[1:]
    described = {line.split(":", 1)[0] for line in lines if ": " in line and " ## " in line}
    assert set(declared) == described
    for wanted in ("up", "test", "demo", "lint", "types", "bench", "fonts", "lock", "help"):
        assert wanted in declared
