"""An office whose papers may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disposals import LATER, with_old_papers
from tests.support.engines import ENGINES
from tests.support.office import Office
from tests.support.originals import copied


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A copy of the register of an office with three ten-year papers, its store beside it."""
    with copied(with_old_papers, request.param, tmp_path) as address:
        yield address


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    """In 2037, with three ten-year papers of 2026, their cases long ended."""
    made = Office(tmp_path, url=url, now=LATER)
    yield made
    made.database.close()
