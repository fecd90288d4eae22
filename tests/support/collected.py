"""A plugin for pytest: on which engines each test is collected (`python -m pytest --collect-only -p
tests.support.collected`), as JSON in the file that `COLLECTED` names."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest


def engine_of(item: pytest.Item) -> str:
    """P on PostgreSQL, by parameter or by marker; S otherwise: on SQLite, or on no database at all."""
    chosen = getattr(item, "callspec", None)
    named = chosen is not None and "postgresql" in map(str, chosen.params.values())
    return "P" if named or item.get_closest_marker("postgresql") is not None else "S"


def pytest_collection_finish(session: pytest.Session) -> None:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for item in session.items:
        file, _, name = item.nodeid.partition("::")
        test = name.partition("[")[0].partition("::")[0]
        found[f"{file.removeprefix('tests/')}::{test}"].add(engine_of(item))
    told = {test: sorted(engines) for test, engines in found.items()}
    Path(os.environ["COLLECTED"]).write_text(json.dumps(told), encoding="utf-8")
