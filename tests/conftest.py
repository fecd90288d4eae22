"""Fixtures that every room's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import ABSENT, chromium
from tests.support.engines import ENGINES, fresh_database


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine, gone after the test."""
    with fresh_database(request.param, tmp_path) as address:
        yield address


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[Any]) -> None:
    """pytest-xdist 3.8 writes a test's group where pytest 9.2 no longer reads it, so that groups are silently not kept
    together (pytest-xdist issue 1386). Does nothing with versions that agree."""
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A run without the browser tests must not look like a whole one."""
    if chromium() is None:
        terminalreporter.write_line(ABSENT, yellow=True)
