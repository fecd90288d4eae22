"""Fixtures that every room's tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import db
from tests.support.chromium import ABSENT, chromium
from tests.support.compiled import sharing
from tests.support.engines import CHOSEN, ENGINES, Furnish, forget, fresh_database
from tests.support.ledger import migrated
from tests.support.office import furnished
from tests.support.postgres import ABSENT as ABSENT_POSTGRES
from tests.support.postgres import absent, begin_run, end_run
from tests.support.unjudged import UNJUDGED

db.POSTGRES_SETTINGS["idle_in_transaction_session_timeout"] = "30s"
"""An office ends a transaction that pauses for five seconds. In a run several processes share a few processors, and a
test that is not given any for so long has no fault."""

db.create_engine = sharing(db.create_engine)

_OWNED = pytest.StashKey[bool]()
_FURNISHED_BY: dict[str, Furnish] = {"office": furnished, "counter": furnished, "database": migrated}


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each engine, gone after the test: empty, unless the test asks for what lives in it as well."""
    wanted = next((made for name, made in _FURNISHED_BY.items() if name in request.fixturenames), None)
    with fresh_database(request.param, tmp_path, wanted) as address:
        yield address


@pytest.fixture(autouse=True)
def _nothing_unjudged() -> Iterator[None]:
    """Where commands are handled at once, a broken activity fails the test whose answer did not show it."""
    UNJUDGED.clear()
    yield
    assert UNJUDGED == []


if CHOSEN == "postgresql":

    @pytest.fixture(autouse=True)
    def _registers_of_this_test(tmp_path: Path) -> Iterator[None]:
        """Registers that a test made for its folder go with it."""
        yield
        forget(tmp_path)


def pytest_configure(config: pytest.Config) -> None:
    """The server for PostgreSQL is one for the whole run, and the process that began the run ends it."""
    if os.environ.get("ENGINE_TESTS") == "required" and absent():
        raise pytest.UsageError(ABSENT_POSTGRES)
    config.stash[_OWNED] = begin_run()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more than there are processors: the tests of whole processes and of browsers wait more than they work."""
    return 2 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(_OWNED, False):
        end_run()


ON_ONE_ENGINE = (
    *("change/", "console/", "orders/", "rectification/", "removing/", "staffing/", "warning/", "e2e/test_a_year.py"),
    *("records/test_case_file.py", "records/test_parked.py", "records/test_printed.py"),
)
"""Rooms and modules about rules, pages and papers, not about SQL: on PostgreSQL in `make test-postgres`
(docs/decisions/0048). What a promise stands on is marked `both` and runs on both all the same."""


def _twice(item: Any) -> bool:
    """Whether this is the second run, on PostgreSQL, of a test that SQLite tells enough of."""
    chosen = getattr(item, "callspec", None)
    place = item.path.relative_to(item.config.rootpath / "tests").as_posix()
    second = chosen is not None and "postgresql" in chosen.params.values()
    if item.get_closest_marker("both") is not None:
        return False  # a promise names it
    return CHOSEN == "both" and second and place.startswith(ON_ONE_ENGINE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """On PostgreSQL what concerns it, so that a run stays within CI's time.

    pytest-xdist 3.8 writes a test's group where pytest 9.2 no longer reads it, so that groups are silently not kept
    together (pytest-xdist issue 1386). Nothing is done about it with versions that agree."""
    left = [item for item in items if _twice(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not _twice(item)]
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Modules and tests stay until the end: to look for garbage among half a million objects of theirs, every time some
    hundreds were made, took a sixteenth of what the tests took."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A run without the browser tests, or on one engine, must not look like a whole one."""
    if chromium() is None:
        terminalreporter.write_line(ABSENT, yellow=True)
    if absent():
        terminalreporter.write_line(ABSENT_POSTGRES, yellow=True)
