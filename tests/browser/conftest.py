"""One whole system and one Chromium for all browser tests; see docs/how-to/browser-tests.md."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from runtime.settings import Settings
from tests.support.browser import City, launched, running_system
from tests.support.chromium import ABSENT, chromium, required

RULES = """[rectification]
suspend_at = "discovery"
"""
"""An afternoon has no due day: a unit is warned and its gate closes when the problems are opened."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one group: they share one system, and a machine with two cores has room for one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    if chromium() is None:
        (pytest.fail if required() else pytest.skip)(ABSENT)
    with running_system(tmp_path_factory.mktemp("browser"), RULES) as settings:
        yield settings


# Of the package, not of the session: while playwright runs, no other test of this process can run an event loop.
@pytest.fixture(scope="package")
def whole_city(system: Settings) -> Iterator[City]:
    program = chromium()
    assert program is not None
    with sync_playwright() as playwright:
        browser = launched(playwright, program)
        yield City(system, browser)
        browser.close()


_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture
def city(whole_city: City, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """The city at the beginning of a test; at its end no window may have seen a fault. Of a test that failed, every
    window's picture is kept, and where is said."""
    yield whole_city
    failed = request.node.stash.get(_failed, False)
    if failed:
        whole_city.picture_windows(tmp_path)
    faults = whole_city.close_windows()
    assert not faults, "\n".join(faults)
